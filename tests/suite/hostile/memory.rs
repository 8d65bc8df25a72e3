//! Images that demand memory: names, entries, repeated layers, decoder windows. A failure means that 200 kB of image
//! take gigabytes.

use super::{Hostile, runs_within};
use crate::build::Layer;
use crate::user::{Ran, User};

const RAISED: &str = "with --max-memory SIZE";

/// Asserts an error with layer, entry and limit.
fn is_refused(ran: &Ran, layer: &str, entry: &str) {
    let error = ran.error();
    assert!(error.contains(&format!("layer {layer} (")) && error.contains(entry), "{error}");
    assert!(error.contains("512 MiB") && error.contains(RAISED), "{error}");
}

/// A zstd layer of symlinks with targets of 16 KiB.
fn links(count: usize) -> Vec<u8> {
    let target = "t".repeat(16 << 10);
    (0..count).fold(Layer::default(), |layer, at| layer.symlink(format!("l{at}"), &target)).zstd().blob()
}

#[test]
fn layer_of_long_link_targets_is_refused() {
    let image = Hostile::listing(&[("a.tar", links(32_000))], ["a.tar"]);
    is_refused(&image.runs(&["tree"]), "0", "entry \"l2");
}

/// 16 MB, listed a hundred times.
#[test]
fn repeated_layer_counts_each_time_toward_the_limit() {
    let image = Hostile::listing(&[("a.tar", links(1000))], std::iter::repeat_n("a.tar", 100));
    image.in_each_mode(|ran| is_refused(ran, "23", "entry \"l"));
}

/// With a lower limit, since a debug build takes a minute otherwise.
#[test]
fn files_of_a_repeated_layer_count_toward_the_limit() {
    let files = (0..20_000).fold(Layer::default(), |layer, at| layer.file(format!("f{at}"), "")).zstd().blob();
    let image = Hostile::listing(&[("a.tar", files)], std::iter::repeat_n("a.tar", 300));
    let ran = image.runs(&["tree", "--max-memory", "32MiB"]);
    let error = ran.error();
    assert!(error.contains("entry \"f") && error.contains("32 MiB") && error.contains(RAISED), "{error}");
}

/// The names are short but their directory's path is long: little memory, gigabytes of listing.
#[test]
fn listing_size_is_limited() {
    // A document writes each control character as six.
    for folder in ["d/".repeat(4000), "\u{1}\u{1}\u{1}/".repeat(1000)] {
        let layer = (0..1000).fold(Layer::default(), |layer, at| layer.dir(&format!("{folder}{at}"))).zstd().blob();
        let image = Hostile::listing(&[("a.tar", layer)], std::iter::repeat_n("a.tar", 80));
        image.in_each_mode(|ran| {
            let error = ran.error();
            assert!(error.contains("when all are listed") && error.contains(RAISED), "{error}");
        });
    }
}

/// As `zstd --long=27` writes them. A window of 128 MiB per thread would take gigabytes.
#[test]
fn large_zstd_windows_do_not_add_up() {
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
fn max_memory_is_raised_by_flag_not_by_the_folder() {
    let image = Hostile::listing(&[("a.tar", links(1000))], ["a.tar"; 30]);
    let path = image.path();
    let tree = ["tree", path.to_str().unwrap()];
    let user = User::new();
    assert!(user.runs(&tree).error().contains(RAISED));
    user.runs(&[&tree[..], &["--max-memory", "1GB"]].concat()).ends_with(0);
    let user = User::new().writes(".dive.yaml", "max-memory: 1GB\n");
    let ran = user.runs(&tree).says(&["max-memory has no effect: `1GB` is weaker than the default"]);
    assert!(ran.stderr.contains(RAISED), "{}", ran.stderr);
    User::new().keeps(".config/dive/dive.yaml", "max-memory: 1GB\n").runs(&tree).ends_with(0);
}
