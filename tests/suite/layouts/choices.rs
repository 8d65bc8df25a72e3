//! The image chosen from an index: contradictory options, missing platforms, missing and damaged manifests.

use serde_json::{Value, json};

use super::indexes::{blob, chosen, digest, error, named, notices, on};
use crate::build::{Layer, Layout, TAR, described};
use crate::user::User;

/// The platform of this machine.
fn host() -> String {
    dive_model::image::Platform::host().to_string()
}
const FOREIGN: &str = "linux/s390x";

/// The descriptor with additional members.
fn with(mut descriptor: Value, more: &Value) -> Value {
    descriptor.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    descriptor
}

/// An `index.json` with these entries, and one with a nested index of them.
fn flat_and_nested(mut layout: Layout, entries: &[Value]) -> [Layout; 2] {
    let mut nested = layout.clone();
    for entry in entries {
        layout.lists(entry.clone(), &json!({}));
    }
    let index = nested.index(entries);
    nested.lists(index, &named("m"));
    [layout, nested]
}

#[test]
fn image_for_another_platform_is_an_error() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image(FOREIGN, "b"));
    let entries = [with(a.clone(), &on("linux/amd64")), with(b.clone(), &on(FOREIGN))];
    for layout in flat_and_nested(layout, &entries) {
        for image in [digest(&a), digest(&a)[7..19].to_owned(), digest(&a).to_uppercase()] {
            assert_eq!(chosen(&layout, &["--image", &image, "--platform", "linux/amd64"]), "a", "{image}");
            let text = error(&layout, &["--image", &image, "--platform", FOREIGN]);
            let message = format!(
                "image.tar: image {image} is for linux/amd64, not for {FOREIGN}. Leave out --platform, or choose"
            );
            assert!(text.contains(&message), "{text}");
        }
        assert_eq!(chosen(&layout, &["--image", "0", "--platform", FOREIGN]), "b", "platform of image 0");
        let text = error(&layout, &["--image", "0", "--platform", "linux/386"]);
        let message =
            format!("image 0 is for linux/amd64, {FOREIGN}, not for linux/386. Choose one of them with --platform");
        assert!(text.contains(&message), "{text}");
    }
}

/// A docker-archive whose `manifest.json` lists an image for one platform and whose index lists more.
#[test]
fn image_number_is_the_same_for_every_platform() {
    let mut layout = Layout::default();
    let images: Vec<_> = [("linux/amd64", "a"), ("linux/amd64", "b"), (FOREIGN, "c"), ("linux/arm64", "d")]
        .map(|(platform, file)| layout.image(platform, file))
        .into();
    layout.lists(images[0].clone(), &named("a:1"));
    layout.lists(images[2].clone(), &named("c:1"));
    let of_b = [with(images[1].clone(), &on("linux/amd64")), with(images[3].clone(), &on("linux/arm64"))];
    let of_b = layout.index(&of_b);
    layout.lists(of_b, &named("b:1"));
    let files = layout.files();
    let listed = |image: &Value, tag: &str| {
        let manifest = files.iter().find(|(name, _)| *name == blob(image)).expect("the manifest");
        let manifest: Value = serde_json::from_slice(&manifest.1).unwrap();
        json!({ "Config": blob(&manifest["config"]), "RepoTags": [tag], "Layers": [blob(&manifest["layers"][0])] })
    };
    let manifest = json!([listed(&images[0], "a:1"), listed(&images[1], "b:1")]).to_string();
    let archive = files.iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content.clone()));
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.file("manifest.json", manifest).tar()).unwrap();
    let tree = |options: &[&str]| user.runs(&[&["tree", "--format", "tsv", "image.tar"], options].concat());
    tree(&["--image", "1"]).ends_with(0).prints(&["b\tf"]);
    tree(&["--image", "1", "--platform", "linux/arm64"]).ends_with(0).prints(&["d\tf"]);
    for image in ["1", "b:1"] {
        let ran = tree(&["--image", image, "--platform", FOREIGN]);
        assert!(ran.code == 2 && ran.error().contains(&format!("not for {FOREIGN}")), "{image}: {}", ran.error());
    }
    tree(&["--platform", FOREIGN]).ends_with(0).prints(&["c\tf"]);
}

/// From `docker save A B` of images for different platforms, without an index.
#[test]
fn platform_selects_an_image_of_a_docker_archive() {
    let image =
        |tag: &str, config: &str| json!({ "Config": config, "RepoTags": [tag], "Layers": [format!("{config}.tar")] });
    let mut archive = Layer::default();
    for (config, platform) in [("a", "linux/amd64"), ("b", FOREIGN)] {
        archive = archive.file(config, described(platform, &["sha256:0"]).to_string());
        archive = archive.file(format!("{config}.tar"), Layer::default().file(config, config).tar());
    }
    let manifest = json!([image("a:1", "a"), image("b:1", "b")]).to_string();
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive.file("manifest.json", manifest).tar()).unwrap();
    let run = |options: &[&str]| user.runs(&[&["tree", "--format", "tsv", "image.tar"], options].concat());
    run(&["--platform", FOREIGN]).ends_with(0).prints(&["b\tf"]);
    run(&["--platform", "linux/amd64"]).ends_with(0).prints(&["a\tf"]);
    run(&["--image", "b:1", "--platform", FOREIGN]).ends_with(0).prints(&["b\tf"]);
    for (options, message) in [
        (["--image", "0"], "image 0 is for linux/amd64, not for linux/386. Leave out --platform"),
        (["--image", "b:1"], "image b:1 is for linux/s390x, not for linux/386. Leave out --platform"),
    ] {
        let ran = run(&[&options[..], &["--platform", "linux/386"]].concat());
        assert!(ran.code == 2 && ran.error().contains(message), "{}", ran.error());
    }
    run(&["--platform", "linux/amd64/v3"])
        .ends_with(0)
        .says(&["dive shows the image for linux/amd64, which also runs on linux/amd64/v3"]);
    let ran = run(&["--platform", "linux/386"]);
    assert!(ran.error().contains("no image for linux/386; available: linux/amd64, linux/s390x."), "{}", ran.error());
}

#[test]
fn empty_image_name_is_quoted() {
    let mut layout = Layout::default();
    let a = layout.image("linux/amd64", "a");
    layout.lists(a, &named("a"));
    let text = error(&layout, &["--image="]);
    assert!(text.contains(r#"no image ""; available: 0: a."#), "{text}");
}

#[test]
fn short_digest_error_asks_for_12_digits() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image("linux/amd64", "b"));
    layout.lists(a.clone(), &named("a")).lists(b.clone(), &named("b"));
    for image in [&digest(&b)[..18], &digest(&b)[7..18], "sha256:abc", "SHA256:ABC"] {
        let text = error(&layout, &["--image", image]);
        let message = format!("no image {image}: write at least 12 digits of a digest; available: 0: a; 1: b.");
        assert!(text.contains(&message), "{text}");
    }
    assert!(error(&layout, &["--image", "abc:1"]).contains("no image abc:1; available"));
    for image in [
        digest(&b).to_uppercase(),
        digest(&b)[7..19].to_uppercase(),
        format!("sha256:{}", &digest(&b)[7..19].to_uppercase()),
    ] {
        assert_eq!(chosen(&layout, &["--image", &image]), "b", "{image}");
    }
}

/// `docker images` prints the configuration's digest.
#[test]
fn image_opens_by_configuration_digest() {
    let mut layout = Layout::default();
    let (a, b) = (layout.image("linux/amd64", "a"), layout.image(FOREIGN, "b"));
    let files = layout.files();
    let (_, manifest) = files.iter().find(|(name, _)| *name == blob(&b)).unwrap();
    let id = digest(&serde_json::from_slice::<Value>(manifest).unwrap()["config"]);
    let entries = [with(a, &on("linux/amd64")), with(b, &on(FOREIGN))];
    for layout in flat_and_nested(layout, &entries) {
        assert_eq!(chosen(&layout, &["--image", &id]), "b");
        assert_eq!(chosen(&layout, &["--image", &id[7..19].to_uppercase()]), "b");
        let text = error(&layout, &["--image", &id, "--platform", "linux/amd64"]);
        assert!(
            text.contains(&format!("image {id} is for {FOREIGN}, not for linux/amd64. Leave out --platform")),
            "{text}"
        );
    }
}

#[test]
fn image_with_two_names_shows_the_requested_one() {
    let mut layout = Layout::default();
    let image = layout.image("linux/amd64", "a");
    layout.lists(image.clone(), &named("one:1")).lists(image.clone(), &named("two:latest"));
    for (asked, name) in [("one:1", "one:1"), ("two:latest", "two:latest"), ("two", "two:latest"), ("0", "one:1")] {
        let ran = layout.user().runs(&["image.tar", "--image", asked]).ends_with(0);
        assert!(ran.stdout.starts_with(&format!("Image: {name} ")), "{asked}: {}", ran.stdout);
        ran.prints(&["Tags: one:1, two:latest"]);
    }
}

/// `platform` is optional in an index; the configuration has it.
#[test]
fn entry_without_platform_uses_its_configuration() {
    for more in [json!({}), json!({ "platform": null }), json!({ "platform": { "os": "linux" } })] {
        let mut layout = Layout::default();
        let (foreign, own) = (layout.image(FOREIGN, "f"), layout.image(&host(), "h"));
        let entries = [with(foreign, &on(FOREIGN)), with(own, &more)];
        for layout in flat_and_nested(layout, &entries) {
            assert_eq!(chosen(&layout, &[]), "h");
            assert_eq!(notices(&layout, &[]), "");
            assert_eq!(chosen(&layout, &["--platform", FOREIGN]), "f");
        }
    }
}

#[test]
fn unreadable_configuration_hides_no_other_image() {
    for config in [None, Some("{"), Some("[]")] {
        let mut layout = Layout::default();
        let own = layout.image(&host(), "h");
        let layer = layout.blob(crate::build::TAR, Layer::default().file("x", "x").tar());
        let mut descriptor = layout.blob("application/vnd.oci.image.config.v1+json", config.unwrap_or("x"));
        if config.is_none() {
            descriptor["digest"] = json!(format!("sha256:{}", "9".repeat(64)));
        }
        let broken = layout.document(&json!({ "schemaVersion": 2, "config": descriptor, "layers": [layer] }));
        let entries = [broken.clone(), with(own, &on(&host()))];
        for layout in flat_and_nested(layout, &entries) {
            assert_eq!(chosen(&layout, &[]), "h", "{config:?}");
            assert_eq!(chosen(&layout, &["--platform", &host()]), "h", "{config:?}");
            assert!(error(&layout, &["--image", &digest(&broken)]).contains("blobs/sha256/"), "{config:?}");
        }
    }
}

/// An entry listed as `unknown` may be an image. An image with the platform in the index takes precedence.
#[test]
fn image_of_unknown_platform_hides_no_other() {
    // The configuration may have the platform.
    for configured in ["unknown/unknown", &host(), FOREIGN] {
        for known in [host(), FOREIGN.to_owned()] {
            let mut layout = Layout::default();
            let (unknown, real) = (layout.image(configured, "u"), layout.image(&known, "k"));
            let entries = [with(unknown.clone(), &on("unknown/unknown")), with(real, &on(&known))];
            for layout in flat_and_nested(layout, &entries) {
                let case = format!("{configured} before {known}");
                let is_better = known == FOREIGN && configured == host();
                assert_eq!(chosen(&layout, &[]), if is_better { "u" } else { "k" }, "{case}");
                assert_eq!(chosen(&layout, &["--platform", &known]), "k", "{case}");
                assert_eq!(chosen(&layout, &["--image", &digest(&unknown)]), "u", "{case}");
                let text = notices(&layout, &[]);
                let is_apart = configured == "unknown/unknown" || configured == known;
                assert_eq!(text.contains(&digest(&unknown)), is_apart, "{case}: {text}");
                assert_eq!(text.contains("contains 2 images"), is_apart, "{case}: {text}");
                let has_none = known == FOREIGN && !is_better;
                assert_eq!(text.contains(&format!("the index lists no image for {}", host())), has_none, "{text}");
            }
        }
    }
}

#[test]
fn named_image_of_unknown_platform_hides_no_other() {
    let mut layout = Layout::default();
    let (unknown, real) = (layout.image(&host(), "u"), layout.image(&host(), "k"));
    layout.lists(unknown, &with(on("unknown/unknown"), &named("u:1"))).lists(real, &named("k:1"));
    assert_eq!(chosen(&layout, &[]), "k");
    assert_eq!(chosen(&layout, &["--image", "u:1"]), "u");
    assert!(
        notices(&layout, &[]).contains("this is k:1. Choose another with --image: 0: u:1"),
        "{}",
        notices(&layout, &[])
    );
}

/// A descriptor of a missing blob.
fn missing() -> Value {
    let digest = format!("sha256:{}", "7".repeat(64));
    json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 3 })
}

#[test]
fn missing_manifest_hides_no_other_image() {
    for more in [json!({}), on(&host()), on("unknown/unknown")] {
        let mut layout = Layout::default();
        let real = layout.image(&host(), "k");
        let entries = [with(missing(), &more), with(real.clone(), &on(&host()))];
        for layout in flat_and_nested(layout, &entries) {
            for options in [&[][..], &["--platform", &host()], &["--image", &digest(&real)]] {
                assert_eq!(chosen(&layout, options), "k", "{more} {options:?}");
            }
            if more != on("unknown/unknown") {
                let text = notices(&layout, &[]);
                assert!(text.contains("the manifest blobs/sha256/7777"), "{more}: {text}");
                let text = error(&layout, &["--image", &digest(&missing())]);
                assert!(text.contains("the manifest blobs/sha256/7777"), "{more}: {text}");
            }
        }
    }
}

#[test]
fn missing_named_image_is_an_error_and_others_open() {
    let mut layout = Layout::default();
    let real = layout.image(&host(), "k");
    layout.lists(missing(), &named("gone:1")).lists(real, &named("k:1"));
    assert_eq!(chosen(&layout, &[]), "k");
    assert_eq!(chosen(&layout, &["--image", "k:1"]), "k");
    assert_eq!(chosen(&layout, &["--image", "1"]), "k");
    let text = notices(&layout, &[]);
    assert!(text.contains("image 0 (gone:1)") && text.contains("is missing"), "{text}");
    for image in ["gone:1", "docker.io/library/gone:1", "0"] {
        let text = error(&layout, &["--image", image]);
        assert!(text.contains("the manifest blobs/sha256/7777") && text.contains("is missing"), "{text}");
    }
}

/// Platforms that were never pulled are no damage.
#[test]
fn missing_platform_opens_another_with_a_warning() {
    let mut layout = Layout::default();
    let foreign = layout.image(FOREIGN, "f");
    let entries = [with(missing(), &on(&host())), with(foreign, &on(FOREIGN))];
    for layout in flat_and_nested(layout, &entries) {
        assert_eq!(chosen(&layout, &[]), "f");
        let text = notices(&layout, &[]);
        assert!(
            text.contains(&format!("the manifest for {} is missing; dive shows the image for {FOREIGN}", host())),
            "{text}"
        );
        assert_eq!(notices(&layout, &["--platform", FOREIGN]), "");
        assert!(error(&layout, &["--platform", &host()]).contains("the manifest blobs/sha256/7777"));
    }
}

#[test]
fn damaged_platform_manifest_hides_no_other() {
    for known in [host(), FOREIGN.to_owned()] {
        let mut layout = Layout::default();
        let real = layout.image(&known, "k");
        let broken = layout.blob("application/vnd.oci.image.manifest.v1+json", "{");
        let entries = [with(broken.clone(), &on(&host())), with(real, &on(&known))];
        for layout in flat_and_nested(layout, &entries) {
            assert_eq!(chosen(&layout, &[]), "k");
            if known == FOREIGN {
                let message = format!("the manifest for {} is damaged; dive shows the image for {FOREIGN}", host());
                assert!(notices(&layout, &[]).contains(&message), "{}", notices(&layout, &[]));
            }
            assert!(error(&layout, &["--image", &digest(&broken)]).contains("is not a valid document"));
        }
    }
}

#[test]
fn missing_platform_error_lists_the_available_ones() {
    let mut layout = Layout::default();
    let (b, c) = (layout.image(FOREIGN, "b"), layout.image("linux/mips", "c"));
    let entries = [with(missing(), &on(&host())), with(b, &on(FOREIGN)), with(c, &on("linux/mips"))];
    for layout in flat_and_nested(layout, &entries) {
        let text = error(&layout, &[]);
        let message = format!("is missing; available: {FOREIGN}, linux/mips. Choose one with --platform");
        assert!(
            text.contains(&format!("the manifest for {}, blobs/sha256/777", host())) && text.contains(&message),
            "{text}"
        );
        assert_eq!(chosen(&layout, &["--platform", "mips"]), "c");
    }
}

/// Each image is listed with the digest that selects it.
#[test]
fn images_are_listed_with_their_own_digests() {
    let mut layout = Layout::default();
    let (unknown, known) = (layout.image("linux/amd64", "u"), layout.image("linux/amd64", "k"));
    layout.lists(unknown.clone(), &on("unknown/unknown")).lists(known.clone(), &on("linux/amd64"));
    let text = error(&layout, &["--image", "9"]);
    assert!(text.contains(&format!("available: 0: {}; 1: {}.", digest(&known), digest(&unknown))), "{text}");
}

/// Go parses `null` as an empty entry.
#[test]
fn empty_index_entry_hides_no_image() {
    for nothing in [Value::Null, json!({}), json!({ "digest": "" }), json!({ "digest": null, "size": 0 })] {
        let mut layout = Layout::default();
        let real = layout.image(&host(), "k");
        let entries = [nothing.clone(), real.clone(), nothing.clone()];
        let mut nested = layout.clone();
        layout.lists_as_is(&entries);
        let index = nested.index(&entries);
        nested.lists(index, &named("m"));
        for layout in [layout, nested] {
            for options in [&[][..], &["--image", "0"], &["--image", &digest(&real)], &["--platform", &host()]] {
                assert_eq!(chosen(&layout, options), "k", "{nothing} {options:?}");
            }
            let text = notices(&layout, &[]);
            assert!(text.contains("entry 0 of its manifests and 1 more name no digest"), "{nothing}: {text}");
        }
    }
    let mut layout = Layout::default();
    layout.lists_as_is(&[Value::Null]);
    assert!(error(&layout, &[]).contains("index.json"), "{}", error(&layout, &[]));
}

#[test]
fn damaged_manifest_or_digest_hides_no_image() {
    for (bytes, digest) in [
        ("{", None),
        ("", None),
        ("[]", None),
        ("{}", None),
        ("{}", Some("sha256:../../etc/passwd")),
        ("{}", Some("md5:1")),
    ] {
        let mut layout = Layout::default();
        let real = layout.image(&host(), "k");
        let mut broken = layout.blob("application/vnd.oci.image.manifest.v1+json", bytes);
        if let Some(digest) = digest {
            broken["digest"] = json!(digest);
        }
        layout.lists(broken, &named("broken:1")).lists(real, &named("k:1"));
        assert_eq!(chosen(&layout, &[]), "k", "{bytes:?} {digest:?}");
        assert_eq!(chosen(&layout, &["--image", "k:1"]), "k", "{bytes:?} {digest:?}");
        let text = notices(&layout, &[]);
        assert!(text.contains("image 0 (broken:1)"), "{text}");
        let text = error(&layout, &["--image", "broken:1"]);
        let message = match digest {
            Some("md5:1") => "blobs/md5/1 is missing",
            Some(digest) => digest,
            None if bytes == "{}" => "names no configuration",
            None if bytes.is_empty() => "is empty; save the image again",
            None => "is not a valid document",
        };
        assert!(text.contains(message), "{text}");
    }
}

/// A registry mirror in one layout, without platforms, so that every manifest must be read.
#[test]
fn image_is_found_among_a_thousand() {
    let mut layout = Layout::default();
    let mut last = Value::Null;
    for number in 0..1_050 {
        last = layout.image("linux/amd64", &format!("f{number}"));
        layout.lists(last.clone(), &named(&format!("r{number}")));
    }
    for (image, file) in [("r0", "f0"), ("r1049", "f1049"), (&digest(&last), "f1049"), ("1049", "f1049")] {
        assert_eq!(chosen(&layout, &["--image", image]), file);
    }
    let message = "index.json: leads to more than 1000 documents (dive's limit); --image NAME reads another document";
    let text = notices(&layout, &[]);
    assert!(text.contains(message), "{text}");
}

/// Each manifest has another annotation, and all share a configuration of megabytes.
#[test]
fn documents_of_megabytes_are_read_up_to_a_limit() {
    let mut layout = Layout::default();
    let label = json!({ "Labels": { "a": "x".repeat(7_000_000) } });
    let mut config = described("linux/amd64", &["sha256:0"]);
    config["config"] = label;
    let first = layout.manifest(&config, &[(TAR, Layer::default().file("f", "f").tar())]);
    let manifest: Value = serde_json::from_slice(layout.bytes_of(&first)).unwrap();
    for number in 0..25 {
        let mut other = manifest.clone();
        other["annotations"] = json!({ "a": number.to_string() });
        let other = layout.document(&other);
        layout.lists(other, &named(&format!("r{number}")));
    }
    let message =
        "index.json: leads to more than 128 MiB of documents (dive's limit); --image NAME reads another document";
    let text = notices(&layout, &[]);
    assert!(text.contains(message), "{text}");
    for image in ["r0", "r24"] {
        assert_eq!(chosen(&layout, &["--image", image]), "f");
    }
}

/// The index is valid, so the error must not call it damaged.
#[test]
fn index_over_the_limit_is_not_called_damaged() {
    let entry = json!({ "digest": format!("sha256:{}", "a".repeat(64)) });
    let index = json!({ "manifests": vec![entry; 10_001] }).to_string();
    let archive = Layer::default().file("oci-layout", "{}").file("index.json", index).tar();
    let user = User::new();
    std::fs::write(user.file("image.tar"), archive).unwrap();
    let ran = user.runs(&["image.tar"]);
    let message = "index.json exceeds a limit of dive: a list of more than 10000 entries";
    assert!(ran.error().contains(message) && !ran.error().contains("save the image again"), "{}", ran.error());
}

/// As written by PowerShell's `>`.
#[test]
fn utf_16_document_is_named() {
    for mark in [&[0xff, 0xfe][..], &[]] {
        let text: Vec<u8> = "[{}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let user = User::new();
        let archive = Layer::default().file("c.json", "{}").file("manifest.json", [mark, &text].concat());
        std::fs::write(user.file("image.tar"), archive.tar()).unwrap();
        let ran = user.runs(&["image.tar"]);
        assert!(ran.error().contains("manifest.json is UTF-16 text; save it as UTF-8"), "{}", ran.error());
    }
}
