//! Images in nested indexes, and artifacts beside them.

use serde_json::json;

use super::beside::image;
use crate::build::{Layer, Layout, described};
use crate::user::User;

pub(super) fn on(platform: &str) -> serde_json::Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    json!({ "platform": { "os": os, "architecture": architecture } })
}

pub(super) fn named(name: &str) -> serde_json::Value {
    json!({ "annotations": { "org.opencontainers.image.ref.name": name } })
}

/// The paths of the chosen image.
pub(super) fn chosen(layout: &Layout, options: &[&str]) -> String {
    let ran = layout.user().runs(&[&["tree", "--format", "tsv", "image.tar"], options].concat()).ends_with(0);
    ran.stdout.lines().filter_map(|line| line.split('\t').next()).collect::<Vec<_>>().join(" ")
}

pub(super) fn digest(descriptor: &serde_json::Value) -> String {
    descriptor["digest"].as_str().unwrap().to_owned()
}

/// The error of a run.
pub(super) fn error(layout: &Layout, options: &[&str]) -> String {
    let ran = layout.user().runs(&[&["image.tar"], options].concat());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    ran.error().to_owned()
}

/// Notices and warnings of a run.
pub(super) fn notices(layout: &Layout, options: &[&str]) -> String {
    layout.user().runs(&[&["image.tar"], options].concat()).ends_with(0).stderr
}

/// From `crane pull --format=oci --platform linux/amd64 A B DIR`.
#[test]
fn two_entries_of_one_platform_are_two_images() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/amd64", "b"));
    layout.lists(a.clone(), &on("linux/amd64")).lists(b.clone(), &on("linux/amd64"));
    let notice =
        format!("image.tar contains 2 images; this is image.tar. Choose another with --image: 1: {}", digest(&b));
    layout.user().runs(&["image.tar"]).ends_with(0).says(&[&notice]);
    let platform = ["--platform", "linux/amd64"];
    assert_eq!(chosen(&layout, &platform), "a");
    assert_eq!(chosen(&layout, &["--image", "1"]), "b");
    assert_eq!(chosen(&layout, &["--image", &digest(&b)]), "b");
    assert_eq!(chosen(&layout, &["--image", &digest(&b)[..19]]), "b", "digest prefix");
    assert_eq!(chosen(&layout, &["--image", &digest(&a)]), "a");
}

/// In a nested index, too, each further manifest of a platform is a separate image.
#[test]
fn second_manifest_of_a_platform_in_nested_index_opens() {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for (platform, file) in [("linux/amd64", "a"), ("linux/arm64", "b"), ("linux/amd64", "c")] {
        let mut image = layout.image(platform, file);
        image["platform"] = on(platform)["platform"].clone();
        entries.push(image);
    }
    let index = layout.index(&entries);
    layout.lists(index.clone(), &named("m"));
    assert_eq!(chosen(&layout, &["--platform", "linux/amd64"]), "a");
    assert_eq!(chosen(&layout, &["--platform", "linux/arm64"]), "b");
    assert_eq!(chosen(&layout, &["--image", "1"]), "c");
    assert_eq!(chosen(&layout, &["--image", &digest(&index), "--platform", "linux/arm64"]), "b");
    let notice = format!("1: m ({})", digest(&entries[2]));
    layout.user().runs(&["image.tar", "--platform", "linux/amd64"]).ends_with(0).says(&[&notice]);
}

/// A layout that was pushed to twice has the same name for two images.
#[test]
fn repeated_name_is_two_images() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/amd64", "b"));
    layout.lists(a, &named("v1")).lists(b.clone(), &named("v1"));
    layout
        .user()
        .runs(&["image.tar"])
        .ends_with(0)
        .says(&[&format!("this is v1. Choose another with --image: 1: v1 ({})", digest(&b))]);
    assert_eq!(chosen(&layout, &["--image", "v1"]), "a");
    assert_eq!(chosen(&layout, &["--image", &digest(&b)]), "b");
}

/// Manifests with the same name are one image if their configurations have different platforms.
#[test]
fn one_name_for_two_platforms_is_one_image() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/s390x", "b"));
    layout.lists(a, &named("v1")).lists(b, &named("v1"));
    assert_eq!(chosen(&layout, &["--platform", "linux/s390x"]), "b");
    let ran = layout.user().runs(&["image.tar", "--platform", "linux/amd64"]).ends_with(0);
    assert_eq!(ran.stderr, "");
}

/// In any order of entries.
#[test]
fn two_names_for_two_platforms_are_one_image() {
    for order in ["a1 a2 b2 b1", "a1 b1 a2 b2", "a1 b2 a2 b1", "a1 a2 b1 b2", "a2 b1 b2 a1"] {
        let mut layout = Layout::default();
        let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/arm64", "b"));
        for entry in order.split(' ') {
            let image = if entry.starts_with('a') { &a } else { &b };
            layout.lists(image.clone(), &named(&entry.replace(['a', 'b'], "v")));
        }
        for name in ["0", "v1", "v2"] {
            assert_eq!(chosen(&layout, &["--image", name, "--platform", "linux/arm64"]), "b", "{order} {name}");
        }
        assert!(!notices(&layout, &["--platform", "linux/amd64"]).contains("contains 2 images"), "{order}");
    }
}

/// A separate image of the same platform keeps its own names only.
#[test]
fn separate_image_keeps_only_its_own_names() {
    for order in ["a1 a2 b2", "a2 a1 b2", "a2 b2 a1"] {
        let mut layout = Layout::default();
        let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/amd64", "b"));
        for entry in order.split(' ') {
            let image = if entry.starts_with('a') { &a } else { &b };
            layout.lists(image.clone(), &named(&entry.replace(['a', 'b'], "v")));
        }
        let text = notices(&layout, &["--platform", "linux/amd64"]);
        assert!(text.contains(&format!("Choose another with --image: 1: v2 ({})", digest(&b))), "{order}: {text}");
    }
}

/// An image id is found by reading manifests, at most a thousand.
#[test]
fn image_id_search_stops_at_1000_manifests() {
    let mut layout = Layout::default();
    let config = layout.blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &[]).to_string());
    for at in 0..1_100 {
        let manifest = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": [], "at": at }));
        layout.lists(manifest, &on(&format!("linux/a{at}")));
    }
    let absent = format!("sha256:{}", "0a".repeat(32));
    let text = error(&layout, &["--image", &absent]);
    assert!(text.contains("index.json leads to more than 1,000 manifests"), "{text}");
}

/// containerd does not use an image for a later variant.
#[test]
fn image_for_a_later_variant_opens_with_a_notice() {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for variant in ["v4", "v3"] {
        let mut image = layout.image("linux/amd64", variant);
        image["platform"] = json!({ "os": "linux", "architecture": "amd64", "variant": variant });
        entries.push(image);
    }
    let index = layout.index(&entries);
    layout.lists(index, &named("m"));
    assert_eq!(chosen(&layout, &["--platform", "linux/amd64"]), "v3", "the lower variant");
    let message = "the index lists no image for linux/amd64; dive shows the one for linux/amd64/v3, which may not run on linux/amd64";
    let text = notices(&layout, &["--platform", "linux/amd64"]);
    assert!(text.contains(message), "{text}");
    assert!(!notices(&layout, &["--platform", "linux/amd64/v3"]).contains("the index lists no image"));
}

#[test]
fn platform_is_searched_in_all_images_unless_one_is_named() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/s390x", "b"));
    layout.lists(a, &named("a")).lists(b, &named("b"));
    assert_eq!(chosen(&layout, &["--platform", "linux/s390x"]), "b");
    let text = error(&layout, &["--platform", "linux/s390x", "--image", "a"]);
    assert!(text.contains("image a is for linux/amd64, not for linux/s390x. Leave out --platform"), "{text}");
    let text = error(&layout, &["--platform", "linux/386"]);
    assert!(text.contains("no image for linux/386; available: linux/amd64, linux/s390x. Choose one with"), "{text}");
}

#[test]
fn windows_images_differ_by_version_and_features() {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for (version, features, file) in
        [("10.0.17763.1", &[][..], "2019"), ("10.0.20348.2340", &[], "2022"), ("10.0.20348.2340", &["win32k"], "gui")]
    {
        let mut image = layout.image("windows/amd64", file);
        image["platform"] =
            json!({ "os": "windows", "architecture": "amd64", "os.version": version, "os.features": features });
        entries.push(image);
    }
    let index = layout.index(&entries);
    layout.lists(index, &named("w"));
    for (platform, file) in [
        ("windows/amd64", "2019"),
        ("windows/amd64:10.0.17763", "2019"),
        ("windows/amd64:10.0.20348.2340", "2022"),
        ("windows/amd64:10.0.20348", "2022"),
        ("windows/amd64:10.0.20348+win32k", "gui"),
        ("windows/amd64:+win32k", "gui"),
    ] {
        assert_eq!(chosen(&layout, &["--platform", platform]), file, "{platform}");
    }
    let user = layout.user();
    let all = "windows/amd64:10.0.17763.1, windows/amd64:10.0.20348.2340, windows/amd64:10.0.20348.2340+win32k";
    let ran = user.runs(&["image.tar"]);
    assert!(ran.error().contains(&format!("available: {all}. Choose one with --platform")), "{}", ran.error());
    assert!(user.runs(&["image.tar", "--platform", "windows/amd64:10.0.14393"]).error().contains(all));
    user.runs(&["image.tar", "--platform", "windows/amd64:10.0.20348"])
        .ends_with(0)
        .says(&["dive shows windows/amd64:10.0.20348.2340; --platform chooses another version: windows/amd64:10.0.20348.2340+win32k"]);
}

/// From `oras copy --recursive`, hauler or `cosign save`: artifacts may precede their image.
#[test]
fn artifacts_are_named_and_hide_no_image() {
    let mut layout = Layout::default();
    let empty = layout.blob("application/vnd.oci.empty.v1+json", "{}");
    let sbom = layout.blob("application/spdx+json", "{}");
    let sbom = layout.document(&json!({ "config": empty, "layers": [sbom], "artifactType": "application/spdx+json" }));
    let old = layout.document(&json!({
        "mediaType": "application/vnd.oci.artifact.manifest.v1+json", "artifactType": "application/vnd.example", "blobs": [],
    }));
    let chart = layout.blob("application/vnd.cncf.helm.config.v1+json", r#"{"name": "chart"}"#);
    let chart = layout.document(&json!({ "config": chart, "layers": [] }));
    let signature = layout.manifest(
        &described("linux/amd64", &["sha256:0"]),
        &[("application/vnd.dev.cosign.simplesigning.v1+json", b"{}".to_vec())],
    );
    let statement = ("application/vnd.in-toto+json", b"{}".to_vec());
    let attestation = layout.manifest(&described("unknown/unknown", &["sha256:0"]), &[statement]);
    let image = layout.image("linux/amd64", "a");
    layout.lists(sbom.clone(), &json!({})).lists(old, &json!({})).lists(chart, &json!({}));
    layout
        .lists(signature, &named("v1.sig"))
        .lists(attestation.clone(), &on("unknown/unknown"))
        .lists(image, &named("v1"));
    assert_eq!(chosen(&layout, &[]), "a");
    assert_eq!(chosen(&layout, &["--image", "0"]), "a", "artifacts are not numbered");
    let user = layout.user();
    user.runs(&["image.tar"]).ends_with(0).says(&[
        "image.tar also contains ",
        &format!("an OCI artifact of type \"application/spdx+json\" ({})", digest(&sbom)),
        "an OCI artifact of type \"application/vnd.example\"",
        "an OCI artifact of type \"application/vnd.cncf.helm.config.v1+json\"",
        "an OCI artifact of type \"application/vnd.dev.cosign.simplesigning.v1+json\" (v1.sig)",
        &format!("an attestation ({})", digest(&attestation)),
    ]);
    let text = error(&layout, &["--image", "v1.sig"]);
    let message = "simplesigning.v1+json\" (v1.sig) is not an image: it has no file system to show; available: 0: v1.";
    assert!(text.contains(message), "{text}");
}

/// An SBOM as an artifact.
fn sbom(layout: &mut Layout) -> serde_json::Value {
    let empty = layout.blob("application/vnd.oci.empty.v1+json", "{}");
    let sbom = layout.blob("application/spdx+json", "{}");
    layout.document(&json!({ "config": empty, "layers": [sbom], "artifactType": "application/spdx+json" }))
}

fn attestation(layout: &mut Layout) -> serde_json::Value {
    let statement = ("application/vnd.in-toto+json", b"{}".to_vec());
    layout.manifest(&described("unknown/unknown", &["sha256:0"]), &[statement])
}

#[test]
fn index_without_images_names_its_artifacts() {
    let mut alone = Layout::default();
    let of_build = attestation(&mut alone);
    alone.lists(of_build, &on("unknown/unknown"));
    assert!(error(&alone, &[]).contains("contains no image, only an attestation (sha256:"), "{}", error(&alone, &[]));

    let mut layout = Layout::default();
    let (sbom, of_build) = (sbom(&mut layout), attestation(&mut layout));
    let mut nested = layout.clone();
    layout.lists(sbom.clone(), &named("sbom:1")).lists(of_build.clone(), &on("unknown/unknown"));
    let index = nested.index(&[sbom, of_build.clone()]);
    nested.lists(index, &named("sbom:1"));
    for layout in [layout, nested] {
        for options in [&[][..], &["--image", "sbom:1"], &["--image", "0"]] {
            let text = error(&layout, options);
            let message =
                "contains no image, only an OCI artifact of type \"application/spdx+json\" (sbom:1); an attestation (";
            assert!(text.contains(message), "{options:?}: {text}");
        }
    }
}

/// Attestations from `docker buildx build --sbom` are common and not reported; other artifacts are.
#[test]
fn artifact_in_an_image_index_is_a_notice() {
    let mut layout = Layout::default();
    let image = layout.image("linux/amd64", "a");
    let (sbom, of_build) = (sbom(&mut layout), attestation(&mut layout));
    let index = layout.index(&[sbom.clone(), of_build, image]);
    layout.lists(index, &named("m:1"));
    let message = format!("also contains an OCI artifact of type \"application/spdx+json\" ({})\n", digest(&sbom));
    let text = notices(&layout, &["--platform", "linux/amd64"]);
    assert!(text.contains(&message), "{text}");
    assert!(error(&layout, &["--image", &digest(&sbom)]).contains("is not an image: it has no file system to show"));
    assert_eq!(chosen(&layout, &["--image", "m:1", "--platform", "linux/amd64"]), "a");
}

/// An index may list an artifact for a platform.
#[test]
fn artifact_with_a_platform_hides_no_image() {
    for platforms in [["linux/amd64", "linux/amd64"], ["linux/amd64", "linux/s390x"], ["linux/s390x", "linux/amd64"]] {
        let mut layout = Layout::default();
        let (mut sbom, mut image) = (sbom(&mut layout), layout.image(platforms[1], "a"));
        sbom["platform"] = on(platforms[0])["platform"].clone();
        image["platform"] = on(platforms[1])["platform"].clone();
        let mut nested = layout.clone();
        layout.lists(sbom.clone(), &json!({})).lists(image.clone(), &json!({}));
        let index = nested.index(&[sbom.clone(), image]);
        nested.lists(index, &named("m"));
        for layout in [layout, nested] {
            assert_eq!(chosen(&layout, &["--platform", platforms[1]]), "a", "{platforms:?}");
            assert_eq!(chosen(&layout, &["--image", "0", "--platform", platforms[1]]), "a", "{platforms:?}");
            let text = error(&layout, &["--image", &digest(&sbom)]);
            assert!(text.contains("(sha256:") && text.contains("is not an image"), "{text}");
        }
    }
}

/// containerd's order: the latest variant that the processor supports.
#[test]
fn latest_supported_variant_is_chosen() {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for variant in ["v5", "v6", "v7", "v8"] {
        let mut image = layout.image("linux/arm", variant);
        image["platform"] = json!({ "os": "linux", "architecture": "arm", "variant": variant });
        entries.push(image);
    }
    let index = layout.index(&entries);
    let mut older = layout.clone();
    layout.lists(index, &named("m"));
    for (platform, file) in [
        ("arm", "v7"),
        ("linux/arm/v8", "v8"),
        ("linux/arm/v7", "v7"),
        ("arm/v6", "v6"),
        ("armel", "v6"),
        ("arm/v5", "v5"),
    ] {
        assert_eq!(chosen(&layout, &["--platform", platform]), file, "{platform}");
    }
    let mut usual = older.clone();
    let mut plain = usual.image("linux/arm", "plain");
    plain["platform"] = on("linux/arm")["platform"].clone();
    let both = usual.index(&[&entries[1..3], &[plain]].concat());
    usual.lists(both, &named("m"));
    assert_eq!(chosen(&usual, &["--platform", "arm"]), "v7", "the default variant v7");
    let index = older.index(&entries[..2]);
    older.lists(index, &named("m"));
    assert_eq!(chosen(&older, &["--platform", "arm/v7"]), "v6");
    let message = "the index lists no image for linux/arm/v7; dive shows the one for linux/arm/v6, which also runs on linux/arm/v7";
    assert!(notices(&older, &["--platform", "arm/v7"]).contains(message));
    assert_eq!(chosen(&older, &["--platform", "arm"]), "v6");
    assert_eq!(notices(&older, &["--platform", "arm"]), "");
    assert!(
        error(&older, &["--platform", "arm64"])
            .contains("no image for linux/arm64; available: linux/arm/v5, linux/arm/v6.")
    );
}

/// Some builders write `unknown` as the platform.
#[test]
fn image_of_unknown_platform_opens_alone_or_by_name() {
    let mut alone = Layout::default();
    let image = alone.image("unknown/unknown", "a");
    alone.lists(image, &on("unknown/unknown"));
    assert_eq!(chosen(&alone, &[]), "a");

    let mut layout = Layout::default();
    let (unknown, known) = (layout.image("unknown/unknown", "u"), layout.image("linux/s390x", "k"));
    let nested: Vec<_> = [(&unknown, "unknown/unknown"), (&known, "linux/s390x")]
        .into_iter()
        .map(|(image, platform)| {
            let mut entry = image.clone();
            entry["platform"] = on(platform)["platform"].clone();
            entry
        })
        .collect();
    let index = layout.index(&nested);
    layout.lists(index, &named("m"));
    assert_eq!(chosen(&layout, &["--image", &digest(&unknown)]), "u");
    assert_eq!(chosen(&layout, &["--image", "1"]), "u");
    assert_eq!(chosen(&layout, &["--platform", "linux/s390x"]), "k");
    let ran = layout.user().runs(&["image.tar", "--platform", "linux/386"]);
    assert!(ran.error().contains("available: linux/s390x. Choose one with --platform"), "{}", ran.error());
}

/// Every `BuildKit` build has attestations.
#[test]
fn attestations_in_an_image_index_are_silent() {
    let mut layout = Layout::default();
    let mut image = layout.image("linux/amd64", "a");
    image["platform"] = on("linux/amd64")["platform"].clone();
    let statement = ("application/vnd.in-toto+json", b"{}".to_vec());
    let mut attestation = layout.manifest(&described("unknown/unknown", &["sha256:0"]), &[statement]);
    attestation["platform"] = on("unknown/unknown")["platform"].clone();
    attestation["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    let index = layout.index(&[attestation.clone(), image]);
    layout.lists(index, &named("m"));
    let ran = layout.user().runs(&["image.tar", "--platform", "linux/amd64"]).ends_with(0);
    assert_eq!(ran.stderr, "");
}

/// `docker save` with the containerd store: Docker loads what `manifest.json` lists, but the index lists more.
#[test]
fn image_only_in_the_index_opens_by_name() {
    let mut layout = Layout::default();
    let (a, b) = (image(&mut layout, "linux/amd64", "a"), image(&mut layout, "linux/amd64", "b"));
    let statement = layout.blob("application/vnd.in-toto+json", "{}");
    let statement = layout.document(&json!({ "schemaVersion": 2, "config": statement, "layers": [statement] }));
    layout.lists(a.clone(), &named("a:1")).lists(b, &named("b:1")).lists(statement, &named("statement:1"));
    let files = layout.files();
    let of_a = files.iter().find(|(name, _)| *name == blob(&a)).expect("the manifest of a");
    let of_a: serde_json::Value = serde_json::from_slice(&of_a.1).unwrap();
    let manifest =
        json!([{ "Config": blob(&of_a["config"]), "RepoTags": ["a:1"], "Layers": [blob(&of_a["layers"][0])] }]);
    let archive = files.into_iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content));
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.file("manifest.json", manifest.to_string()).tar()).unwrap();
    let run = |image: &str| user.runs(&["tree", "--format", "tsv", "image.tar", "--image", image]);
    run("a:1").ends_with(0).prints(&["a\tf"]);
    run("b:1").ends_with(0).prints(&["b\tf"]);
    for (image, message) in [
        ("c:1", "no image c:1; available: 0: a:1; 1: b:1."),
        ("2", "no image 2; available: 0: a:1; 1: b:1."),
        ("statement:1", "(statement:1)"),
    ] {
        let ran = run(image);
        assert!(ran.code == 2 && ran.error().contains(message), "{}", ran.error());
    }
}

/// The path of a blob in a layout.
pub(super) fn blob(descriptor: &serde_json::Value) -> String {
    format!("blobs/{}", digest(descriptor).replace(':', "/"))
}
