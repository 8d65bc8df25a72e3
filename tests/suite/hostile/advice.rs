//! Small images with a million pairs of layers, or that are expensive to advise on. A failure means that a few kB of image take
//! gigabytes, fill a terminal with findings, or take minutes of CPU time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{CPU, Hostile};
use crate::build::{self, Layer, Layout};
use crate::user::{DIVE, Ran, User};

/// CPU limit of each run in seconds, for these images rather than for any small image.
const SHORT: u64 = CPU / 4;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const SLSA: &str = "https://slsa.dev/provenance/v0.2";

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

/// Each of 10,000 links into a directory for temporary files leads through 20,000 names, and each makes the next one interesting.
#[test]
fn links_into_temporary_directories_are_followed_quickly() {
    let add = |layer: Layer, at: usize| layer.file(format!("tmp/f{at}"), "x");
    let files = (0..20_000).fold(Layer::default(), add);
    let link = |layer: Layer, at: usize| {
        let layer = layer.symlink(format!("l{at}"), format!("tmp/f{at}")).symlink(format!("tmp/d{at}/l"), "../../l0");
        layer
            .symlink(format!("c{at}"), format!("c{}/tmp", at + 1))
            .symlink(format!("tmp/e{at}"), format!("e{}", at + 1))
    };
    let blob = (0..10_000).fold(files.symlink("t", "tmp"), link).zstd().blob();
    Hostile::listing(&[("a", blob)], ["a"]).is_advised_on_within(SHORT);
}

/// 30,000 links with targets of 1,600 names lead into a directory for temporary files.
#[test]
fn long_links_into_temporary_directories_are_followed_quickly() {
    let path = "d/../".repeat(800);
    let link = |layer: Layer, at: usize| layer.symlink(format!("l{at}"), format!("{path}tmp/f"));
    let blob = (0..30_000).fold(Layer::default().dir("d").file("tmp/f", "x"), link).zstd().blob();
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

/// Containers start a script of 3.5 million commands, each of which would take a hundred bytes.
#[test]
fn long_start_command_takes_little_memory() {
    let config =
        json!({ "config": { "Cmd": ["sh", "-c", "a;".repeat(3_500_000)] }, "rootfs": { "diff_ids": ["sha256:0"] } });
    let manifest = json!([{ "Config": "config.json", "RepoTags": ["hostile:1"], "Layers": ["a"] }]);
    let layer = Layer::default().file("root/.cache/go-build/x", "x").file("etc/passwd", "x").tar();
    let archive = Layer::default().file("a", layer).file("config.json", config.to_string());
    let image = Hostile::of(&archive.file("manifest.json", manifest.to_string()).tar());
    for mode in MODES {
        let ran = image.runs_within(100 << 10, SHORT, mode);
        assert!(ran.code < 2, "{mode:?}: {}", ran.stderr);
    }
    let found = image.runs(&["advise", "--all", "--format", "tsv"]).stdout;
    assert!(!found.contains("go-cache"), "the script may start go: {found}");
}

/// All 1,500 layers come from all lines of a Dockerfile of 5.5 MB.
#[test]
fn layers_that_share_a_long_dockerfile_are_advised_on_quickly() {
    let count = 1_500;
    let layer = Layer::default().file("f", "x").tar();
    let mut layout = Layout::default();
    let diff_ids: Vec<String> = (0..count).map(|layer| format!("sha256:{layer:064x}")).collect();
    let mut config = build::described("linux/amd64", &diff_ids.iter().map(String::as_str).collect::<Vec<_>>());
    config["history"] = json!(vec![json!({ "created_by": "ADD https://example.org/x / # buildkit" }); count]);
    let (config, layer) = (layout.blob(CONFIG, config.to_string()), layout.blob(build::TAR, layer));
    let mut image = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": vec![&layer; count] }));
    let text = format!("FROM base\n{}", "\n".repeat(5_500_000));
    let (first, last) = (json!({ "line": 1 }), json!({ "line": 5_500_001 }));
    let statement = json!({
        "predicateType": SLSA,
        "subject": [{ "digest": { "sha256": image["digest"].as_str().unwrap().trim_start_matches("sha256:") } }],
        "predicate": {
            "buildConfig": { "llbDefinition": [{
                "id": "step0", "op": { "Op": { "source": { "identifier": "docker-image://docker.io/library/base:1" } } },
            }] },
            "metadata": { "https://mobyproject.org/buildkit@v1#metadata": {
                "source": {
                    "infos": [{ "filename": "Dockerfile", "data": STANDARD.encode(text) }],
                    "locations": { "step0": { "locations": [{ "ranges": [{ "start": first, "end": last }] }] } },
                },
                "layers": { "step0:0": [vec![&layer; count]] },
            } },
        },
    });
    let mut statement = layout.blob("application/vnd.in-toto+json", statement.to_string());
    statement["annotations"] = json!({ "in-toto.io/predicate-type": SLSA });
    let config = layout.blob(CONFIG, "{}");
    let mut attestation = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": [statement] }));
    attestation["annotations"] =
        json!({ "vnd.docker.reference.digest": image["digest"], "vnd.docker.reference.type": "attestation-manifest" });
    attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    image["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    layout.lists_as_is(&[image, attestation]);
    let image = Hostile::of(&zstd::encode_all(&layout.archive()[..], 1).unwrap());
    image.is_advised_on_within(SHORT);
    let rows = image.runs(&["advise", "--all", "--format", "tsv"]).stdout;
    assert!(rows.contains("Dockerfile:1-5500001"), "the lines are known: {}", rows.lines().next().unwrap_or_default());
}

/// 20,000 libraries of CUDA among Python packages, all of different names and 14 kB of path.
#[test]
fn libraries_in_deep_directories_take_little_memory() {
    let directories = "d/".repeat(7_000);
    let add = |layer: Layer, at: usize| layer.file(format!("site-packages/{directories}libcudnn{at}.so"), "x");
    let blob = (0..20_000).fold(Layer::default().file("usr/lib/libcudnn7.so", "y"), add).zstd().blob();
    let ran = Hostile::listing(&[("a", blob)], ["a"]).runs_within(160 << 10, CPU, &["--ci"]);
    assert!(ran.code < 2, "{}", ran.stderr);
}

/// One directory has 100,000 files of a model in each of two formats.
#[test]
fn thousands_of_weights_in_two_formats_are_compared_quickly() {
    let add = |layer: Layer, at: usize| {
        layer.file(format!("m/model{at}.safetensors"), "x").file(format!("m/pytorch_model{at}.bin"), "x")
    };
    let blob = (0..100_000).fold(Layer::default(), add).zstd().blob();
    Hostile::listing(&[("a", blob)], ["a"]).is_advised_on_within(SHORT);
}

/// 5,000 models in two formats, the names of which all start like the longer ones.
#[test]
fn weights_with_nested_names_are_compared_quickly() {
    let add = |layer: Layer, at: usize| {
        let start = "a.".repeat(at + 1);
        layer.file(format!("m/{start}safetensors"), "x").file(format!("m/{start}pt"), "x")
    };
    let blob = (0..5_000).fold(Layer::default(), add).zstd().blob();
    Hostile::listing(&[("a", blob)], ["a"]).is_advised_on_within(SHORT);
}

/// 500 layers have files in a deep directory for temporary files, and 9,400 RUNs after them may need each.
#[test]
fn later_instructions_are_searched_quickly() {
    let directories = "d/".repeat(7_000);
    let blob = |at: usize| Layer::default().file(format!("tmp/{directories}f{at}"), "x").zstd().blob();
    let layers: Vec<_> = (0..500).map(|at| (at.to_string(), blob(at))).collect();
    let none = ("none".to_owned(), Layer::default().zstd().blob());
    let layers: Vec<_> = layers.iter().chain([&none]).map(|(name, blob)| (name.as_str(), blob.clone())).collect();
    let listed = layers.iter().map(|(name, _)| *name).chain(std::iter::repeat_n("none", 9_400));
    let command = format!("RUN /bin/sh -c {} # buildkit", "make x; ".repeat(80));
    Hostile::built_by(&command, &layers, listed).is_advised_on_within(SHORT);
}

/// 120 RUNs of 32,000 commands each. All commands together would take a hundred times their text.
#[test]
fn long_scripts_take_little_memory() {
    let command = format!("RUN /bin/sh -c {} # buildkit", "a;".repeat(32_000));
    let blob = Layer::default().file("tmp/f", "x").file("var/lib/apt/lists/f", "x").zstd().blob();
    let image = Hostile::built_by(&command, &[("a", blob)], std::iter::repeat_n("a", 120));
    for mode in MODES {
        let ran = image.runs_within(160 << 10, CPU, mode);
        assert!(ran.code < 2, "{mode:?}: {}", ran.stderr);
    }
}
