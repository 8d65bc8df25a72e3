//! Gives the same layers to the engines of this machine. Accepted layers are loaded together and read from the overlay
//! driver's folder, since some hundred containers would take minutes.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::{Case, IMPLICIT, OnlyOurs, Refused, Shown, Warned, all, archive, drawn, hex};
use crate::engines::servers;
use crate::skipped;

/// An engine with Docker's API.
struct Engine {
    name: &'static str,
    host: String,
}

impl Engine {
    fn runs(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host]).args(arguments).output().expect("the client of Docker")
    }

    /// Runs a command that must succeed and returns its output.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.runs(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether the engine stores layers as directories.
    fn has_overlay(&self) -> bool {
        self.says(&["info", "--format", "{{.Driver}}"]).contains("overlay")
    }

    /// The file system of each layer in the form of [`super::rows`], or the engine's error.
    fn unpacks(&self, cases: &[&Case]) -> Vec<Result<String, String>> {
        // Loads run concurrently, so tags must be unique.
        let tags: Vec<String> =
            cases.iter().map(|case| format!("headers-{}:latest", &hex(&case.layer)[..12])).collect();
        let file = tempfile::NamedTempFile::with_suffix(".tar").unwrap();
        let images = tags.iter().zip(cases).map(|(tag, case)| (tag.as_str(), &case.layer[..]));
        fs::write(file.path(), archive(images)).unwrap();
        let loaded = self.runs(&["load", "--input", file.path().to_str().unwrap()]);
        // Old Podman clients exit with 0 when a load fails.
        if !loaded.status.success() || !String::from_utf8_lossy(&loaded.stdout).contains("Loaded image") {
            let error = || Err(String::from_utf8_lossy(&[&loaded.stdout[..], &loaded.stderr].concat()).into_owned());
            // One refused image aborts the load, so the batch is split to find it.
            return match cases.split_at(cases.len() / 2) {
                ([], _) => vec![error()],
                (some, others) => [self.unpacks(some), self.unpacks(others)].concat(),
            };
        }
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let inspected = self.says(&[&["image", "inspect"], &tags[..]].concat());
        let inspected: Vec<Value> = serde_json::from_str(&inspected).unwrap();
        assert_eq!(inspected.len(), cases.len(), "{inspected:?}");
        // The images are not removed: that would take as long as loading them, and the engine ends with the tests.
        let listed = inspected.iter().map(|image| {
            let layer = image["GraphDriver"]["Data"]["UpperDir"].as_str().expect("the directory of the layer");
            let mut rows = Vec::new();
            list(Path::new(layer), "", &mut rows);
            rows.sort();
            Ok(rows.join("\n"))
        });
        listed.collect()
    }
}

/// Lists `folder`, whose path in the layer is `path`.
fn list(folder: &Path, path: &str, rows: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if path.is_empty() { name } else { format!("{path}/{name}") };
        let metadata = entry.metadata().unwrap();
        let kind = metadata.file_type();
        let letter = match () {
            () if kind.is_dir() => 'd',
            () if kind.is_symlink() => 'l',
            // overlayfs stores a whiteout as this device.
            () if kind.is_char_device() && metadata.rdev() == 0 => continue,
            () if kind.is_char_device() => 'c',
            () if kind.is_fifo() => 'p',
            () => 'f',
        };
        let size = if letter == 'f' { metadata.len() } else { 0 };
        let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
        let mut row = format!("{path} {letter} {size} {mode:o} {uid}:{gid}");
        if letter == 'l' {
            write!(row, " -> {}", fs::read_link(entry.path()).unwrap().display()).unwrap();
        }
        if !row.ends_with(IMPLICIT) {
            rows.push(row);
        }
        if letter == 'd' {
            list(&entry.path(), &path, rows);
        }
    }
}

/// If set, each engine gets every case. Otherwise the engines share the cases, since both use the same Go package.
const EVERY_CASE: &str = "DIVE_TEST_EVERY_CASE";

/// A refused layer aborts its load, so each needs its own.
const LOADS_AT_ONCE: usize = 4;

/// The cases with another result than recorded, one per line.
fn wrong(engine: &Engine, cases: &[Case]) -> String {
    let is_shown = |case: &&Case| matches!(case.truth, Shown(_) | Warned(..));
    let (shown, refused): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(is_shown);
    let unpacked: Vec<_> = std::thread::scope(|scope| {
        let size = refused.len().div_ceil(LOADS_AT_ONCE).max(1);
        let refusals = refused
            .chunks(size)
            .map(|some| scope.spawn(|| some.iter().flat_map(|case| engine.unpacks(&[*case])).collect::<Vec<_>>()));
        let refusals: Vec<_> = refusals.collect();
        let shown = engine.unpacks(&shown);
        shown.into_iter().chain(refusals.into_iter().flat_map(|some| some.join().unwrap())).collect()
    });
    let mut wrong = String::new();
    for (case, unpacked) in shown.into_iter().chain(refused).zip(unpacked) {
        let is_right = match (&case.truth, &unpacked) {
            (Shown(truth) | Warned(truth, _), Ok(shown)) => *shown == drawn(truth),
            (Refused(_) | OnlyOurs(..), Err(_)) => true,
            _ => false,
        };
        if !is_right {
            writeln!(wrong, "{}, {}: {unpacked:?}", engine.name, case.name).unwrap();
        }
    }
    wrong
}

#[test]
fn engines_unpack_the_recorded_results() {
    let engines = [("docker", servers::docker()), ("podman", servers::podman())];
    let engines = engines.into_iter().filter_map(|(name, host)| Some(Engine { name, host: host? }));
    let engines: Vec<Engine> = engines.filter(is_readable).collect();
    let mut shares: Vec<(&Engine, Vec<Case>)> = engines.iter().map(|engine| (engine, Vec::new())).collect();
    for (at, case) in all().into_iter().enumerate() {
        if std::env::var_os(EVERY_CASE).is_some() {
            for (_, share) in &mut shares {
                share.push(case.clone());
            }
        } else if let Some((_, share)) = shares.get_mut(at % engines.len().max(1)) {
            share.push(case);
        }
    }
    let wrong: String = std::thread::scope(|scope| {
        let asked: Vec<_> = shares.iter().map(|(engine, share)| scope.spawn(move || wrong(engine, share))).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn is_readable(engine: &Engine) -> bool {
    let is_readable = engine.has_overlay();
    if !is_readable {
        skipped::note("overlay", &format!("{} keeps layers with another driver", engine.name));
    }
    is_readable
}
