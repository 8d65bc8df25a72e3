//! Archives that list thousands of names, or long ones. A failure means that a few kB of names take minutes of CPU time, or gigabytes.

use serde_json::json;

use super::Hostile;
use crate::build::Layer;

/// The first image has 9,000 tags, and 300 others have 2,000 each.
#[test]
fn thousands_of_tags_are_compared_quickly() {
    let tags = |of: &str, count: usize| (0..count).map(|tag| format!("{of}:{tag}")).collect::<Vec<_>>();
    let image =
        |config: usize, tags: Vec<String>| json!({ "Config": config.to_string(), "RepoTags": tags, "Layers": ["a"] });
    let others = (1..=300).map(|config| image(config, tags("other", 2_000)));
    let manifest: Vec<_> = std::iter::once(image(0, tags("first", 9_000))).chain(others).collect();
    let archive =
        (0..=300).fold(Layer::default().file("a", Layer::default().file("f", "x").tar()), |archive, config| {
            let diff_ids = [format!("sha256:{config:064x}")];
            archive.file(config.to_string(), json!({ "rootfs": { "diff_ids": diff_ids } }).to_string())
        });
    let archive = archive.file("manifest.json", json!(manifest).to_string()).tar();
    Hostile::of(&zstd::encode_all(&archive[..], 1).unwrap())
        .in_each_mode(|ran| assert!(ran.code < 2, "{}", ran.stderr));
}

/// 50 images, each with diff ids and digests of 7 MB, which a run over all of them must not keep.
#[test]
fn long_digests_of_several_images_take_little_memory() {
    let count = 50;
    let config = |at: usize| {
        let labels = json!({
            "org.opencontainers.image.base.name": "base:1",
            "org.opencontainers.image.base.digest": format!("sha256:{at}{}", "a".repeat(1_000_000)),
        });
        let diff_ids = [format!("sha256:{at}{}", "a".repeat(6_000_000))];
        json!({ "config": { "Labels": labels }, "rootfs": { "diff_ids": diff_ids } }).to_string()
    };
    let image =
        |at: usize| json!({ "Config": format!("{at}.json"), "RepoTags": [format!("image:{at}")], "Layers": ["a"] });
    let manifest = json!((0..count).map(image).collect::<Vec<_>>());
    let archive = Layer::default().file("a", Layer::default().file("f", "x").tar());
    let archive = (0..count).fold(archive, |archive, at| archive.file(format!("{at}.json"), config(at)));
    let archive = archive.file("manifest.json", manifest.to_string()).tar();
    let ran = Hostile::of(&zstd::encode_all(&archive[..], 1).unwrap()).runs(&["--ci", "--all-images"]);
    assert!(ran.code < 2 && ran.stdout.contains("Images:"), "{}", ran.stderr);
}
