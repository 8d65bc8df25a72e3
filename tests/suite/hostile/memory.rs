//! Images that ask for memory: names, entries, layers that are listed again and again, windows of decoders. If one of these
//! fails, 200 kB take gigabytes.

use super::{Hostile, runs_within};
use crate::build::Layer;
use crate::user::{Ran, User};

const RAISED: &str = "--max-memory SIZE raises it";

/// An image is refused with the layer, an entry and the way out, in whatever way it is looked at.
fn is_refused(ran: &Ran, layer: &str, entry: &str) {
    let error = ran.error();
    assert!(error.contains(&format!("layer {layer} (")) && error.contains(entry), "{error}");
    assert!(error.contains("512 MiB") && error.contains(RAISED), "{error}");
}

/// A zstd layer of symbolic links with targets of 16 KiB.
fn links(count: usize) -> Vec<u8> {
    let target = "t".repeat(16 << 10);
    (0..count).fold(Layer::default(), |layer, at| layer.symlink(format!("l{at}"), &target)).zstd().blob()
}

#[test]
fn a_layer_of_long_link_targets_is_refused() {
    let image = Hostile::listing(&[("a.tar", links(32_000))], ["a.tar"]);
    is_refused(&image.runs(&["tree"]), "0", "entry \"l2");
}

/// 16 MB once, and 1.6 GB in all.
#[test]
fn a_layer_that_is_listed_a_hundred_times_is_charged_each_time() {
    let image = Hostile::listing(&[("a.tar", links(1000))], std::iter::repeat_n("a.tar", 100));
    image.in_each_mode(|ran| is_refused(ran, "23", "entry \"l"));
}

/// As above, with a lower limit: what is refused takes a debug build a minute otherwise.
#[test]
fn files_that_are_listed_hundreds_of_times_are_refused() {
    let files = (0..20_000).fold(Layer::default(), |layer, at| layer.file(format!("f{at}"), "")).zstd().blob();
    let image = Hostile::listing(&[("a.tar", files)], std::iter::repeat_n("a.tar", 300));
    let ran = image.runs(&["tree", "--max-memory", "32MiB"]);
    let error = ran.error();
    assert!(error.contains("entry \"f") && error.contains("32 MiB") && error.contains(RAISED), "{error}");
}

/// The same few names in a directory whose path is long: they take little memory and gigabytes of a listing.
#[test]
fn what_a_listing_would_write_is_bounded_too() {
    let folder = "d/".repeat(4000);
    let layer = (0..1000).fold(Layer::default(), |layer, at| layer.dir(&format!("{folder}{at}"))).zstd().blob();
    let image = Hostile::listing(&[("a.tar", layer)], std::iter::repeat_n("a.tar", 80));
    image.in_each_mode(|ran| {
        let error = ran.error();
        assert!(error.contains("when all are listed") && error.contains(RAISED), "{error}");
    });
}

/// Each layer has a window of 128 MiB, as `zstd --long=27` makes it: as many of them as there are threads would be gigabytes.
#[test]
fn decoders_of_large_windows_run_one_after_the_other() {
    let tar = Layer::default().file("f", vec![0; 1 << 20]).tar();
    let windowed = |at: usize| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        std::io::Write::write_all(&mut encoder, &tar).unwrap();
        (format!("{at}.tar"), encoder.finish().unwrap())
    };
    let layers: Vec<_> = (0..16).map(windowed).collect();
    let layers: Vec<_> = layers.iter().map(|(name, blob)| (name.as_str(), blob.clone())).collect();
    let image = Hostile::listing(&layers, layers.iter().map(|(name, _)| *name));
    let user = User::new().sets("RAYON_NUM_THREADS", "16");
    runs_within(&user, &["tree"], &image.path()).ends_with(0).prints(&[" f\n"]);
}

#[test]
fn the_limit_is_raised_by_its_flag_and_lowered_by_a_file() {
    let image = Hostile::listing(&[("a.tar", links(1000))], ["a.tar"; 30]);
    let path = image.path();
    let tree = ["tree", path.to_str().unwrap()];
    let user = User::new();
    assert!(user.runs(&tree).error().contains(RAISED));
    user.runs(&[&tree[..], &["--max-memory", "1GB"]].concat()).ends_with(0);
    let user = User::new().writes(".dive.yaml", "max-memory: 1GB\n");
    let ran = user.runs(&tree).says(&["max-memory: ignored: `1GB` is weaker than the default"]);
    assert!(ran.stderr.contains(RAISED), "{}", ran.stderr);
    User::new().keeps(".config/dive/dive.yaml", "max-memory: 1GB\n").runs(&tree).ends_with(0);
}
