//! Docker schema 1 manifests in a layout. `engines` tests a registry that serves one.

use serde_json::{Value, json};

use crate::build::{Layer, Layout, TAR, described};
use crate::user::{Ran, User};

/// A build step as Docker 1.9 describes it.
fn step(id: &str, command: &str) -> Value {
    json!({ "id": id, "created": "2015-01-01T00:00:00Z", "container_config": { "Cmd": ["/bin/sh", "-c", command] } })
}

/// A layout with a schema 1 manifest of these steps, base first. Each layer has one file with the given name.
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

/// Steps without a layer have a throwaway one.
#[test]
fn schema_1_layers_and_history_are_read() {
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

/// Docker before 1.10 pushed such images; engines skip the upper layer.
#[test]
fn schema_1_repeated_layer_counts_once() {
    let layout = manifest(&[("a", step("a", "a")), ("twin", step("a", "a")), ("b", step("b", "b"))]);
    assert_eq!(paths(&layout), "a b");
    let unnamed = manifest(&[("a", json!({})), ("b", json!({}))]);
    assert_eq!(paths(&unnamed), "a b", "layers without ids");
}

#[test]
fn schema_1_is_parsed_like_go() {
    let mut layout = Layout::default();
    let layer = layout.blob("", Layer::default().file("a", "a").tar());
    let step = r#"{"ID": "a", "Container_Config": {"cmd": ["make \ud800"]}, "throwAway": null, "comment": null}"#;
    let manifest = json!({ "FSLayers": [{ "BlobSum": layer["digest"] }], "History": [{ "V1Compatibility": step }] });
    let user = lists(layout, &manifest).user();
    user.runs(&["image.tar"]).ends_with(0).prints(&["make \u{fffd}"]);
}

/// A manifest with a configuration is not schema 1, even if it has `fsLayers`.
#[test]
fn manifest_with_configuration_is_not_schema_1() {
    let mut layout = Layout::default();
    let config = layout.blob("", described("linux/amd64", &["sha256:0"]).to_string());
    let layer = layout.blob(TAR, Layer::default().file("a", "a").tar());
    let layout = lists(layout, &json!({ "config": config, "layers": [layer], "fsLayers": [] }));
    assert_eq!(paths(&layout), "a");
}

#[test]
fn inconsistent_schema_1_manifest_is_refused() {
    let layer = json!({ "blobSum": format!("sha256:{}", "0".repeat(64)) });
    let step = json!({ "v1Compatibility": "{}" });
    for (layers, history, message) in [
        (json!([layer, layer]), json!([step]), "different numbers of layers (fsLayers) and build steps (history)"),
        (json!([]), json!([]), "lists no layers"),
        (json!([layer]), json!([{ "v1Compatibility": "{" }]), "history[0].v1Compatibility is not a valid document"),
        (json!([layer]), json!([step]), "is missing"),
        (json!([{ "blobSum": "../../etc/passwd" }]), json!([step]), "\"../../etc/passwd\""),
    ] {
        let ran = listed(&lists(Layout::default(), &json!({ "fsLayers": layers, "history": history })));
        assert!(ran.code == 2 && ran.error().contains(message), "{}", ran.error());
    }
}

/// `skopeo copy docker://HOST/app:1 dir:DIR` keeps the manifest unchanged.
#[test]
fn skopeo_directory_with_schema_1_opens() {
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
