//! Kills the program during extraction: no file with its final name is incomplete, and the next extraction to that
//! folder removes temporary files. `whole::kills` does the same for everything else that is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Session, USUAL};
use crate::build::{Format, Layer, image};
use crate::user::User;
use crate::whole::kills::{Moments, kills_of_each_kind, spin_until};

/// Content or target of each file or link, by path.
type Held = BTreeMap<String, Vec<u8>>;

const FILES: usize = 60;

/// Content that identifies its file and shows truncation.
fn content(number: usize, age: &str) -> Vec<u8> {
    let mut content =
        format!("{age} {number} ").repeat(if number.is_multiple_of(10) { 40_000 } else { 40 }).into_bytes();
    content.extend_from_slice(b"end");
    content
}

fn layer(mut layer: Layer) -> Layer {
    for number in 0..FILES {
        let name = |kind: &str| format!("all/dir-{}/{kind}-{number}", number % 3);
        layer = layer.file(name("file"), content(number, "new")).symlink(name("link"), format!("target-{number}"));
        layer = layer.hardlink(&name("hard"), &name("file"));
    }
    layer
}

fn held(folder: &Path) -> Held {
    let mut held = Held::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_symlink() {
                // A file being written may disappear.
                let target = path.read_link().map(|target| target.into_os_string().into_encoded_bytes());
                held.extend(target.ok().map(|target| (name, target)));
            } else if path.is_dir() {
                ahead.push(path);
            } else {
                held.extend(std::fs::read(path).ok().map(|text| (name, text)));
            }
        }
    }
    held
}

/// Opens the image and extracts all of it to `out`.
fn begin(user: User, archive: &str, replaces: bool) -> Session {
    let mut dive = Session::dive(user, USUAL, &[archive]);
    dive.waits_until("the image", |screen| screen.has("Filetree") && screen.footer().contains(" Help "));
    dive.press("tab g x");
    dive.waits_for("Extract to directory: ");
    dive.press("ctrl+u").types("out").press("enter");
    if replaces {
        dive.waits_for("Overwrite existing files, or skip them?");
        dive.press("o");
    }
    dive
}

#[test]
fn killed_extraction_leaves_no_partial_file() {
    let archive = image().layer(layer).save(Format::DockerArchive);
    let archive = archive.path().to_str().unwrap();
    let user = User::new();
    let out = user.file("out");
    let work = user.file("");
    let dive = begin(user, archive, false);
    dive.waits_for("Done. Written in");
    let user = dive.leaves();
    let whole = held(&out);
    assert_eq!(whole.len(), FILES * 3, "{:?}", whole.keys());

    let (mut moments, mut left) = (Moments::new(), 0);
    let seed = moments.seed();
    let mut user = user;
    for kill in 0..kills_of_each_kind() {
        std::fs::remove_dir_all(&out).unwrap();
        std::fs::create_dir(&out).unwrap();
        let replaces = kill % 2 == 1;
        let mut before = Held::new();
        if replaces {
            for name in whole.keys() {
                let place = out.join(name);
                std::fs::create_dir_all(place.parent().unwrap()).unwrap();
                std::fs::write(place, "mine").unwrap();
                before.insert(name.clone(), b"mine".to_vec());
            }
        }
        let dive = begin(user, archive, replaces);
        // After a random number of files and a short delay.
        let count = usize::try_from(moments.below(FILES as u64)).unwrap();
        let changed = |held: &Held| held.iter().filter(|(name, text)| before.get(*name) != Some(text)).count();
        spin_until(Instant::now() + Duration::from_secs(1), &mut || changed(&held(&out)) > count);
        let moment = Instant::now() + Duration::from_nanos(moments.below(3_000_000));
        spin_until(moment, &mut || false);
        kill_process(Pid::from_raw(i32::try_from(dive.pid()).unwrap()).unwrap(), Signal::KILL).unwrap();
        dive.waits_for_end();
        let mut torn = held(&out);
        let temporary: Vec<_> = torn.keys().filter(|name| name.contains("/.dive-")).cloned().collect();
        for name in &temporary {
            torn.remove(name);
        }
        left += u64::from(!temporary.is_empty());
        for (name, text) in &torn {
            let is_whole = whole.get(name) == Some(text) || before.get(name) == Some(text);
            assert!(is_whole, "{name} is torn at kill {kill}, seed {seed}");
        }
        user = dive.leaves();
        let dive = begin(user, archive, !torn.is_empty());
        dive.waits_for("Done. Written in");
        user = dive.leaves();
        assert!(held(&out) == whole, "left after kill {kill}, seed {seed}: {:?}", held(&out).keys());
    }
    assert_eq!(std::fs::read_dir(&work).unwrap().count(), 1, "files beside the folder");
    moments.tell(left);
}
