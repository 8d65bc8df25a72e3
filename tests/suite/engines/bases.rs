//! The base image of an image in an engine. A failure means that dive knows less of a cached image, takes another image for
//! the base, or asks the engine for more than it needs.

use std::process::{Command, Stdio};

use dive_model::digest::Digest;
use serde_json::{Value, json};

use super::fake::FakeEngine;
use super::servers;
use crate::build::Layer;
use crate::place::Corpus;
use crate::user::User;

/// The statement of the builder is a part of the export, and the second run exports nothing.
#[test]
fn cached_image_has_the_same_provenance() {
    let Some(corpus) = Corpus::here() else { return };
    let archive = std::fs::read(corpus.path("provenance/max-docker28cs.tar")).unwrap();
    let engine = FakeEngine::of(vec![("prov-app:max", archive)]);
    let user = User::new().sets("DOCKER_HOST", engine.address());
    for arguments in [&["docker://prov-app:max"][..], &["--json", "-", "docker://prov-app:max"]] {
        let first = user.runs(arguments).ends_with(0);
        assert!(first.stdout.contains("prov-base:1") && first.stdout.contains("Dockerfile"), "{}", first.stdout);
        let second = user.runs(arguments).ends_with(0);
        assert_eq!((&second.stdout, &second.stderr), (&first.stdout, &first.stderr));
    }
    assert_eq!(engine.asked(super::EXPORT).len(), 1);
}

/// A `docker save` of an image with a layer for each of `files`, and these labels.
pub(crate) fn archive(files: &[&str], labels: &Value) -> Vec<u8> {
    let layers: Vec<Vec<u8>> = files.iter().map(|file| Layer::default().file(file, file).tar()).collect();
    let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::sha256(layer).to_string()).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Labels": labels },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let names: Vec<String> = (0..layers.len()).map(|at| format!("{at:064x}/layer.tar")).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": null, "Layers": names }]);
    let documents =
        Layer::default().file("config.json", config.to_string()).file("manifest.json", manifest.to_string());
    names.iter().zip(&layers).fold(documents, |archive, (name, layer)| archive.file(name, layer)).tar()
}

/// An engine with an image of three layers, the images that it may be built on, and others.
fn engine(labels: &Value) -> FakeEngine {
    let image = |files: &[&str]| archive(files, &json!(null));
    FakeEngine::of(vec![
        ("app:1", archive(&["os", "python", "app"], labels)),
        ("app:0", image(&["os", "python"])),
        ("copy:1", image(&["os", "python", "app"])),
        ("later:1", image(&["os", "python", "app", "more"])),
        ("python:3", image(&["os", "python"])),
        ("debian:13", image(&["os"])),
        ("other:1", image(&["other", "python"])),
        ("<none>:<none>", image(&["os", "python"])),
    ])
}

/// `NAME (SOURCE), LAYERS (SOURCE)` in the summary of a run, and its standard error.
fn base(user: &User, arguments: &[&str]) -> (String, String) {
    let ran = user.runs(&[&["--summary", "-"], arguments].concat()).ends_with(0);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |key: &str| summary["base"][key].to_string().replace('"', "");
    let [name, by, layers, from] = ["name", "nameSource", "layers", "layersSource"].map(text);
    (format!("{name} ({by}), {layers} ({from})"), ran.stderr)
}

const UNKNOWN: &str = "null (null), null (null)";

/// Another version of the image has the same lower layers, and is not what it was built on.
#[test]
fn base_is_the_longest_prefix_among_other_images() {
    let engine = engine(&json!(null));
    let user = User::new().sets("DOCKER_HOST", engine.address());
    assert_eq!(base(&user, &["docker://app:1"]), (UNKNOWN.to_owned(), String::new()));
    assert_eq!(engine.asked("/images/json").len(), 0, "a search that nobody asked for");
    let found = "python:3 (engine), 2 (diffIds)";
    assert_eq!(base(&user, &["--base", "auto", "docker://app:1"]), (found.to_owned(), String::new()));
    assert_eq!(engine.asked("/images/json").len(), 1);
    let ran = user.runs(&["--base", "auto", "docker://app:1"]).ends_with(0);
    ran.prints(&["Base: python:3 (found in the engine), layers 0 to 1 (matched by diff ids)\n"]);
    let exports = engine.asked(super::EXPORT);
    assert!(exports.iter().all(|path| *path == exports[0]), "another image was exported: {exports:?}");
    // A file has no tags here, so it may be built on any image of the configured engine. A rules file may ask for that.
    std::fs::write(user.file("app.tar"), archive(&["os", "python", "app"], &json!(null))).unwrap();
    assert_eq!(base(&user, &["--base", "auto", "app.tar"]).0, "app:0 (engine), 2 (diffIds)");
    let user = user.writes(".dive-ci", "base: auto\nrules:\n  lowestEfficiency: 0.1\n");
    assert_eq!(base(&user, &["--ci", "docker://app:1"]).0, found);
}

#[test]
fn search_without_a_result_says_so() {
    let engine = engine(&json!(null));
    let user = User::new().sets("DOCKER_HOST", engine.address());
    let (found, said) = base(&user, &["--base", "auto", "docker://other:1"]);
    assert_eq!(found, UNKNOWN);
    assert!(said.contains("its base is not among the 6 other images of the engine"), "{said}");
    std::fs::write(user.file("app.tar"), archive(&["os", "app"], &json!(null))).unwrap();
    let user = user.sets("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let (found, said) = base(&user, &["--base", "auto", "app.tar"]);
    assert_eq!(found, UNKNOWN);
    assert!(
        said.contains("dive cannot search the engine for its base: docker cannot list its images: it does not respond"),
        "{said}"
    );
}

/// A machine of a build service may have thousands of images.
#[test]
fn search_compares_at_most_500_images() {
    let mut images = vec![("app:1".to_owned(), archive(&["os", "app"], &json!(null)))];
    images.extend((0..500).map(|at| (format!("other-{at}:1"), archive(&["other"], &json!(null)))));
    images.push(("os:1".to_owned(), archive(&["os"], &json!(null))));
    let engine = FakeEngine::of(images.iter().map(|(tag, archive)| (tag.as_str(), archive.clone())).collect());
    let user = User::new().sets("DOCKER_HOST", engine.address()).waits(super::LIMIT);
    let (found, said) = base(&user, &["--base", "auto", "docker://app:1"]);
    assert_eq!(found, UNKNOWN);
    let compared = said.split(" of the 501 images").next().and_then(|text| text.rsplit(' ').next());
    let compared: usize = compared.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{said}"));
    assert!(compared <= 500 && engine.asked("/json").len() <= 505, "{compared}");
}

/// A label is that of the base's own base if the base has it, too.
#[test]
fn named_base_is_compared_if_the_engine_has_it() {
    let named = |name: &str| json!({ "org.opencontainers.image.base.name": name });
    for (label, by_default, by_search) in [
        ("docker.io/library/debian:13", "debian:13 (labels), 1 (diffIds)", "python:3 (engine), 2 (diffIds)"),
        ("python:3", "python:3 (labels), 2 (diffIds)", "python:3 (engine), 2 (diffIds)"),
        ("localhost/app:0", "localhost/app:0 (labels), null (null)", "python:3 (engine), 2 (diffIds)"),
        ("other:1", "other:1 (labels), null (null)", "python:3 (engine), 2 (diffIds)"),
        ("app:1", "app:1 (labels), null (null)", "python:3 (engine), 2 (diffIds)"),
        ("copy:1", "copy:1 (labels), null (null)", "python:3 (engine), 2 (diffIds)"),
        ("missing:1", "missing:1 (labels), null (null)", "python:3 (engine), 2 (diffIds)"),
    ] {
        let engine = engine(&named(label));
        let user = User::new().sets("DOCKER_HOST", engine.address());
        assert_eq!(base(&user, &["docker://app:1"]), (by_default.to_owned(), String::new()), "{label}");
        assert_eq!(engine.asked("/images/json").len(), 0);
        assert_eq!(base(&user, &["--base", "auto", "docker://app:1"]).0, by_search, "{label}");
        // An image elsewhere is not looked up in an engine, unless the user asks for it.
        std::fs::write(user.file("app.tar"), archive(&["os", "python", "app"], &named(label))).unwrap();
        let asked = engine.asked("").len();
        assert!(base(&user, &["app.tar"]).0.ends_with("(labels), null (null)"));
        assert_eq!(engine.asked("").len(), asked, "{label}");
    }
}

/// A label could name an earlier image that already has the waste.
#[test]
fn label_does_not_choose_the_own_layers_of_a_verdict() {
    let engine = engine(&json!({ "org.opencontainers.image.base.name": "python:3" }));
    let rules = "rules:\n  lowestEfficiency: 0\n  highestUserWastedPercent: off\n  highestLayerCount: { value: 1, for: ours }\n";
    let user = User::new().sets("DOCKER_HOST", engine.address()).writes(".dive-ci", rules);
    user.runs(&["--ci", "docker://app:1"]).ends_with(1);
    user.runs(&["--ci", "--base", "auto", "docker://app:1"]).ends_with(0);
}

/// Provenance may name the base, and the engine may have it.
#[test]
fn base_of_provenance_is_compared_if_the_engine_has_it() {
    let Some(corpus) = Corpus::here() else { return };
    let read = |name: &str| std::fs::read(corpus.path(&format!("provenance/{name}-docker28cs.tar"))).unwrap();
    for (images, expected) in [
        (vec![("prov-app:max", read("max"))], "prov-base:1 (provenance), 2 (provenance)"),
        (vec![("prov-app:max", read("max")), ("prov-base:1", read("base"))], "prov-base:1 (provenance), 2 (diffIds)"),
        (
            vec![("prov-app:max", read("max")), ("prov-base:1", archive(&["os"], &json!(null)))],
            "prov-base:1 (provenance), 2 (provenance)",
        ),
    ] {
        let engine = FakeEngine::of(images);
        let user = User::new().sets("DOCKER_HOST", engine.address());
        assert_eq!(base(&user, &["docker://prov-app:max"]).0, expected);
    }
}

/// With real images: the sample, and an image built on it.
#[test]
fn base_is_found_in_every_engine() {
    let dockerfile = "FROM dive-sample:1.0\nCOPY first.txt /app/\n";
    for (user, engine, behind) in super::building::engines() {
        let user = user.writes("Dockerfile", dockerfile);
        let image = "dive-test-child:1";
        user.runs(&[&["--source", engine, "--json", "ignored", "build", "-t", image], behind, &["."]].concat());
        let (found, said) = base(&user, &["--base", "auto", &format!("{engine}://{image}")]);
        assert!(found.contains("sample:1") && found.ends_with("(engine), 7 (diffIds)"), "{engine}: {found}\n{said}");
        let (Some(docker), Some(containerd), "docker") = (servers::docker(), servers::containerd(), engine) else {
            continue;
        };
        let mut saving = Command::new("docker");
        let mut saving = saving.args(["--host", &docker, "save", image]).stdout(Stdio::piped()).spawn().unwrap();
        let mut import = Command::new("ctr");
        import
            .args(["--address", &containerd, "images", "import", "--no-unpack", "-"])
            .stdin(saving.stdout.take().unwrap());
        assert!(import.status().unwrap().success() && saving.wait().unwrap().success());
        let (found, said) = base(&user, &["--base", "auto", &format!("containerd://docker.io/library/{image}")]);
        assert!(found.contains("sample:1") && found.ends_with("(engine), 7 (diffIds)"), "containerd: {found}\n{said}");
    }
}
