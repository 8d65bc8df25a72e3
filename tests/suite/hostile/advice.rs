//! Small images with a million pairs of layers, or that are expensive to advise on. A failure means that a few kB of image take
//! gigabytes, fill a terminal with findings, or take minutes of CPU time.

use serde_json::Value;

use super::{CPU, Hostile};
use crate::build::Layer;
use crate::user::{DIVE, Ran, User};

/// CPU limit of each run in seconds, for these images rather than for any small image.
const SHORT: u64 = CPU / 4;

/// Commands that look at waste, at advice, and at both.
const MODES: [&[&str]; 3] = [&[], &["advise", "--all", "--format", "tsv"], &["--ci"]];

impl Hostile {
    /// Runs dive with these limits: private memory in KiB, CPU time in seconds.
    fn runs_within(&self, memory: u64, cpu: u64, arguments: &[&str]) -> Ran {
        let script = format!("ulimit -d {memory} && ulimit -t {cpu} && exec \"$0\" \"$@\"");
        let path = self.path();
        let arguments = [&["-c", &script, DIVE][..], arguments, &[path.to_str().unwrap()]].concat();
        User::new().runs_program("sh", &arguments)
    }

    /// Asserts that dive looks at waste and advice within this CPU time.
    fn is_advised_on_within(&self, cpu: u64) {
        for mode in MODES {
            let ran = self.runs_within(512 << 10, cpu, mode);
            assert!(ran.code < 2, "{mode:?}: {}", ran.stderr);
        }
    }
}

/// Layer I of `count` adds a file in each directory but its own, and deletes its own: `listed` layers of them hide the files of each
/// from `count - 1` others.
fn pairs(count: usize, listed: usize) -> Hostile {
    let blob = |own: usize| {
        let others = (0..count).filter(|other| *other != own);
        let add = |tar: Layer, at: usize| tar.sparse_file(&format!("d{at}/f{own}"), "x", (1 + own * 7 + at) as u64);
        others.fold(Layer::default().whiteout(&format!("d{own}")), add).zstd().blob()
    };
    let layers: Vec<_> = (0..count).map(|own| (own.to_string(), blob(own))).collect();
    let layers: Vec<_> = layers.iter().map(|(name, blob)| (name.as_str(), blob.clone())).collect();
    Hostile::listing(&layers, (0..listed).map(|at| layers[at % count].0))
}

/// 280,000 pairs. Each had its own list of directories.
#[test]
fn pairs_of_layers_take_memory_in_proportion_to_their_files() {
    let image = pairs(30, 9_990);
    for mode in MODES {
        let ran = image.runs_within(160 << 10, CPU, mode);
        assert!(ran.code < 2, "{mode:?}: {}", ran.stderr);
    }
}

/// 10,000 pairs, each with its instruction, files and remedy.
#[test]
fn only_the_largest_findings_are_listed() {
    let image = pairs(30, 360);
    let advised = |format: &str| image.runs(&["advise", "--all", "--format", format]).ends_with(0).stdout;
    let (text, tsv) = (advised("text"), advised("tsv"));
    assert!(tsv.lines().count() < 600, "{} findings", tsv.lines().count());
    assert!(text.len() < 300_000 && text.contains("smaller findings"), "{} bytes", text.len());
    let document: Value = serde_json::from_str(&advised("json")).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let sum = |key: &str| findings.iter().map(|finding| finding[key].as_u64().unwrap()).sum::<u64>();
    let part = |key: &str| document["base"][key].as_u64().unwrap() + document["ours"][key].as_u64().unwrap();
    assert_eq!(sum("sizeBytes"), part("wasteBytes") + part("adviceBytes"), "no byte is lost or counts twice");
    assert!(sum("summed") > 9_000);
    let single = findings.iter().filter(|finding| finding["summed"] == 0);
    let summed = findings.iter().filter(|finding| finding["summed"] != 0);
    let average = |finding: &Value| finding["sizeBytes"].as_u64().unwrap() / finding["summed"].as_u64().unwrap();
    let smallest = single.map(|finding| finding["sizeBytes"].as_u64().unwrap()).min().unwrap();
    assert!(summed.map(average).max().unwrap() <= smallest, "the smallest ones are summed");
}

/// A rule counts what the report sums up.
#[test]
fn summed_findings_count_for_a_rule() {
    let image = pairs(30, 360);
    let document: Value = serde_json::from_str(&image.runs(&["advise", "--format", "json"]).stdout).unwrap();
    let bytes = document["ours"]["wasteBytes"].as_u64().unwrap() + document["ours"]["adviceBytes"].as_u64().unwrap();
    let path = image.path();
    let verdict = |limit: u64| {
        let rules = format!(
            "rules:\n  lowestEfficiency: 0\n  highestUserWastedPercent: disabled\n  highestAdviceBytes: {limit}\n"
        );
        User::new().writes(".dive-ci", &rules).runs(&["--ci", path.to_str().unwrap()]).code
    };
    assert_eq!((verdict(bytes - 1), verdict(bytes + 1)), (1, 0));
}

/// Each pair of layers has eleven files 1,500 directories deep, none of which is large enough for a group of its own.
#[test]
fn files_in_deep_directories_are_grouped_quickly() {
    let directories = "d/".repeat(1_500);
    let add = |layer: Layer, at: usize| layer.file(format!("{at}/{directories}f"), "x");
    let blob = (0..11).fold(Layer::default(), add).zstd().blob();
    Hostile::listing(&[("a", blob)], std::iter::repeat_n("a", 1_000)).is_advised_on_within(SHORT);
}

/// Each layer removes the same 40 directories and adds them again.
#[test]
fn directories_removed_by_each_layer_are_grouped_quickly() {
    let directories = "d/".repeat(40);
    let layer =
        Layer::default().whiteout("d").file(format!("{directories}a"), "1").file(format!("{directories}b"), "22");
    let blob = layer.zstd().blob();
    Hostile::listing(&[("a", blob)], std::iter::repeat_n("a", 9_990)).is_advised_on_within(SHORT);
}

/// Each layer stores the same 40 files again, of which the finished file system shows none.
#[test]
fn files_that_each_layer_stores_again_are_advised_on_quickly() {
    let add = |layer: Layer, at: usize| layer.file(format!("f{at}"), "x");
    let stores = (0..40).fold(Layer::default(), add).zstd().blob();
    let deletes = (0..40).fold(Layer::default(), |layer, at| layer.whiteout(&format!("f{at}"))).zstd().blob();
    let listed = std::iter::repeat_n("a", 9_990).chain(["b"]);
    for command in ["COPY . . # buildkit", "RUN make"] {
        let layers = [("a", stores.clone()), ("b", deletes.clone())];
        Hostile::built_by(command, &layers, listed.clone()).is_advised_on_within(SHORT);
    }
}

/// Each of 9,000 COPYs may have brought a whole build context.
#[test]
fn contexts_are_looked_for_quickly() {
    let base = (0..20_000).fold(Layer::default(), |layer, at| layer.file(format!("app/f{at}"), "")).zstd().blob();
    let copied = Layer::default().file("app/Dockerfile", "1").file("app/.env", "2").zstd().blob();
    let listed = std::iter::once("base").chain(std::iter::repeat_n("copied", 9_000));
    let layers = [("base", base), ("copied", copied)];
    Hostile::built_by("COPY . /app # buildkit", &layers, listed).is_advised_on_within(SHORT);
}

/// Each of 10,000 links into a cache leads through a directory of 20,000 names.
#[test]
fn links_into_caches_are_followed_quickly() {
    let add = |layer: Layer, at: usize| layer.file(format!("root/.cache/pip/f{at}"), "x");
    let cache = (0..20_000).fold(Layer::default(), add);
    let link = |layer: Layer, at: usize| layer.symlink(format!("l{at}"), format!("root/.cache/pip/f{at}"));
    let blob = (0..10_000).fold(cache, link).zstd().blob();
    Hostile::listing(&[("a", blob)], ["a"]).is_advised_on_within(SHORT);
}

/// Each of 1,000 links into a cache leads through 39 others with a thousand components.
#[test]
fn long_chains_of_links_into_caches_are_followed_quickly() {
    let path = "d/../".repeat(800);
    let cache = Layer::default().dir("d").file("root/.cache/pip/f", "x").symlink("l0", "root/.cache/pip");
    let chain = |layer: Layer, at: usize| layer.symlink(format!("l{at}"), format!("{path}l{}", at - 1));
    let links = (1..=38).fold(cache, chain);
    let link = |layer: Layer, at: usize| layer.symlink(format!("cache{at}"), format!("{path}cache/../l38"));
    let blob = (0..1_000).fold(links.dir("cache"), link).zstd().blob();
    Hostile::listing(&[("a", blob)], ["a"]).is_advised_on_within(SHORT);
}
