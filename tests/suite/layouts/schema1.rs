//! Docker schema 1 manifests, in a layout: what they mean is the same wherever they are. A registry that serves one is in
//! `engines`.

use serde_json::{Value, json};

use crate::build::{Layer, Layout, TAR, described};
use crate::user::{Ran, User};

/// A step of the build, in the words of a layer of Docker 1.9.
fn step(id: &str, command: &str) -> Value {
    json!({ "id": id, "created": "2015-01-01T00:00:00Z", "container_config": { "Cmd": ["/bin/sh", "-c", command] } })
}

/// A layout with a schema 1 manifest of these steps, base first; each layer has one file, which is called as it says.
fn manifest(steps: &[(&str, Value)]) -> Layout {
    let mut layout = Layout::default();
    let (mut layers, mut history) = (Vec::new(), Vec::new());
    for (file, step) in steps.iter().rev() {
        let layer = layout.blob("", Layer::default().file(*file, *file).tar());
        layers.push(json!({ "blobSum": layer["digest"] }));
        history.push(json!({ "v1Compatibility": step.to_string() }));
    }
    lists(
        layout,
        &json!({ "schemaVersion": 1, "name": "app", "tag": "1", "architecture": "arm64", "fsLayers": layers, "history": history }),
    )
}

fn lists(mut layout: Layout, manifest: &Value) -> Layout {
    let mut entry = layout.document(manifest);
    entry["mediaType"] = "application/vnd.docker.distribution.manifest.v1+prettyjws".into();
    layout.lists(entry, &json!({ "annotations": { "org.opencontainers.image.ref.name": "app:1" } }));
    layout
}

fn listed(layout: &Layout) -> Ran {
    layout.user().runs(&["tree", "--format", "tsv", "image.tar"])
}

fn paths(layout: &Layout) -> String {
    let ran = listed(layout).ends_with(0);
    ran.stdout.lines().filter_map(|line| line.split('\t').next()).collect::<Vec<_>>().join(" ")
}

/// The image and its history, whose steps without a layer name one that is thrown away.
#[test]
fn layers_and_history_are_listed_from_the_top_down() {
    let mut nothing = step("b", "#(nop) USER me");
    nothing["throwaway"] = true.into();
    let mut top = step("c", "make c");
    top["os"] = "linux".into();
    top["architecture"] = "s390x".into();
    let layout = manifest(&[("a", step("a", "make a")), ("thrown-away", nothing), ("c", top)]);
    assert_eq!(paths(&layout), "a c");
    let user = layout.user();
    user.runs(&["image.tar"]).ends_with(0).prints(&["Image: app:1 (linux/s390x), 2 layers", "make a", "make c"]);
    let document: Value = serde_json::from_str(&user.runs(&["--json", "-", "image.tar"]).ends_with(0).stdout).unwrap();
    let commands: Vec<_> = document["layer"].as_array().unwrap().iter().map(|layer| &layer["command"]).collect();
    assert_eq!(commands, ["make a", "make c"]);
    let error = user.runs(&["image.tar", "--platform", "linux/amd64"]);
    assert!(error.error().contains("linux/amd64") && error.error().contains("linux/s390x"), "{}", error.error());
}

/// Docker before 1.10 did that, and engines pass the upper one over.
#[test]
fn a_layer_that_was_pushed_twice_in_a_row_is_one() {
    let layout = manifest(&[("a", step("a", "a")), ("twin", step("a", "a")), ("b", step("b", "b"))]);
    assert_eq!(paths(&layout), "a b");
    let unnamed = manifest(&[("a", json!({})), ("b", json!({}))]);
    assert_eq!(paths(&unnamed), "a b", "without ids, no two layers are known to be one");
}

#[test]
fn it_is_read_as_go_reads_it() {
    let mut layout = Layout::default();
    let layer = layout.blob("", Layer::default().file("a", "a").tar());
    let step = r#"{"ID": "a", "Container_Config": {"cmd": ["make \ud800"]}, "throwAway": null, "comment": null}"#;
    let manifest = json!({ "FSLayers": [{ "BlobSum": layer["digest"] }], "History": [{ "V1Compatibility": step }] });
    let user = lists(layout, &manifest).user();
    user.runs(&["image.tar"]).ends_with(0).prints(&["make \u{fffd}"]);
}

/// A manifest with a configuration is none of schema 1, whatever else it lists.
#[test]
fn a_manifest_with_a_configuration_is_read_by_it() {
    let mut layout = Layout::default();
    let config = layout.blob("", described("linux/amd64", &["sha256:0"]).to_string());
    let layer = layout.blob(TAR, Layer::default().file("a", "a").tar());
    let layout = lists(layout, &json!({ "config": config, "layers": [layer], "fsLayers": [] }));
    assert_eq!(paths(&layout), "a");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let layer = json!({ "blobSum": format!("sha256:{}", "0".repeat(64)) });
    let step = json!({ "v1Compatibility": "{}" });
    for (layers, history, says) in [
        (json!([layer, layer]), json!([step]), "another number of layers (fsLayers) than of build steps (history)"),
        (json!([]), json!([]), "lists no layers"),
        (json!([layer]), json!([{ "v1Compatibility": "{" }]), "history[0].v1Compatibility is not a valid document"),
        (json!([layer]), json!([step]), "is missing"),
        (json!([{ "blobSum": "../../etc/passwd" }]), json!([step]), "\"../../etc/passwd\""),
    ] {
        let ran = listed(&lists(Layout::default(), &json!({ "fsLayers": layers, "history": history })));
        assert!(ran.code == 2 && ran.error().contains(says), "{}", ran.error());
    }
}

/// `skopeo copy docker://HOST/app:1 dir:DIR` keeps the manifest as it is.
#[test]
fn a_directory_of_skopeo_with_one_opens() {
    let user = User::new();
    let layer = Layer::default().file("a", "a").tar();
    let descriptor = Layout::default().blob("", layer.clone());
    let digest = descriptor["digest"].as_str().unwrap();
    let manifest = json!({
        "schemaVersion": 1, "fsLayers": [{ "blobSum": digest }],
        "history": [{ "v1Compatibility": step("a", "make a").to_string() }],
    });
    std::fs::create_dir(user.file("image")).unwrap();
    std::fs::write(user.file("image/version"), "Directory Transport Version: 1.1\n").unwrap();
    std::fs::write(user.file("image/manifest.json"), manifest.to_string()).unwrap();
    std::fs::write(user.file(&format!("image/{}", digest.trim_start_matches("sha256:"))), layer).unwrap();
    user.runs(&["tree", "--format", "tsv", "image"]).ends_with(0).prints(&["a\tf"]);
}
