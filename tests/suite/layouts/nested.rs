//! Nested indexes: images of unknown platforms, attestations, further indexes.

use serde_json::{Value, json};

use super::indexes::{chosen, digest, error, named, notices, on};
use crate::build::{Layout, described};

/// The descriptor as an entry for a platform.
fn for_platform(mut descriptor: Value, platform: &str) -> Value {
    descriptor["platform"] = on(platform)["platform"].clone();
    descriptor
}

fn attestation(layout: &mut Layout) -> Value {
    let statement = ("application/vnd.in-toto+json", b"{}".to_vec());
    for_platform(layout.manifest(&described("unknown/unknown", &["sha256:0"]), &[statement]), "unknown/unknown")
}

/// A descriptor of a missing manifest.
fn absent(digit: &str) -> Value {
    let digest = format!("sha256:{}", digit.repeat(64));
    json!({ "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 9 })
}

/// A layout with the entries in `index.json` itself, and one with the entries in a nested index.
fn both(fill: impl Fn(&mut Layout) -> Vec<Value>) -> [Layout; 2] {
    let (mut flat, mut nested) = (Layout::default(), Layout::default());
    let entries = fill(&mut flat);
    flat.lists_as_is(&entries);
    let entries = fill(&mut nested);
    let index = nested.index(&entries);
    nested.lists(index, &named("m"));
    [flat, nested]
}

/// Some builders list an image under `unknown/unknown`; its configuration has the platform.
#[test]
fn image_listed_as_unknown_is_chosen_by_its_configuration() {
    for order in [[0, 1], [1, 0]] {
        for layout in both(|layout| {
            let unknown = for_platform(layout.image("linux/amd64", "u"), "unknown/unknown");
            let known = for_platform(layout.image("linux/arm64", "k"), "linux/arm64");
            let entries = [unknown, known];
            order.map(|at| entries[at].clone()).to_vec()
        }) {
            assert_eq!(chosen(&layout, &["--platform", "linux/amd64"]), "u", "{order:?}");
            assert_eq!(chosen(&layout, &["--platform", "linux/arm64"]), "k", "{order:?}");
            assert!(!notices(&layout, &["--platform", "linux/amd64"]).contains("lists no image"), "{order:?}");
            #[cfg(target_arch = "x86_64")]
            {
                assert_eq!(chosen(&layout, &[]), "u", "{order:?}");
                assert_eq!(notices(&layout, &[]), "", "{order:?}");
            }
        }
    }
    for layout in both(|layout| {
        let unknown = for_platform(layout.image("linux/amd64", "u"), "unknown/unknown");
        vec![unknown, for_platform(layout.image("linux/amd64", "k"), "linux/amd64")]
    }) {
        assert_eq!(chosen(&layout, &["--platform", "linux/amd64"]), "k", "what the index says comes first");
        assert_eq!(chosen(&layout, &["--image", "1"]), "u");
    }
}

#[test]
fn missing_manifest_counts_as_attestation_only_beside_an_image() {
    for layout in both(|_| vec![for_platform(absent("a"), "unknown/unknown")]) {
        let text = error(&layout, &[]);
        assert!(text.contains("the manifest blobs/sha256/aaaa") && text.contains("is missing"), "{text}");
        assert!(!text.contains("attestation"), "{text}");
    }
    for layout in both(|layout| {
        let image = for_platform(layout.image("linux/amd64", "a"), "linux/amd64");
        vec![image, for_platform(absent("a"), "unknown/unknown")]
    }) {
        assert_eq!(notices(&layout, &["--platform", "linux/amd64"]), "", "every build has attestations");
        let text = error(&layout, &["--image", "sha256:aaaaaaaaaaaa"]);
        assert!(text.contains("the manifest blobs/sha256/aaaa") && text.contains("is missing"), "{text}");
        let text = error(&layout, &["--platform", "linux/s390x"]);
        assert!(text.contains("no image for linux/s390x; available: linux/amd64."), "{text}");
    }
}

#[test]
fn digest_of_an_attestation_is_reported_as_one() {
    for layout in both(|layout| {
        let image = for_platform(layout.image("linux/amd64", "a"), "linux/amd64");
        vec![image, attestation(layout)]
    }) {
        let statement = digest(&attestation(&mut Layout::default()));
        for wanted in [&statement[..], &statement[7..19]] {
            let text = error(&layout, &["--image", wanted]);
            let message = format!("an attestation ({statement}) is not an image: it has no file system to show");
            assert!(text.contains(&message), "{text}");
        }
    }
}

#[test]
fn digest_of_a_nested_index_opens_it_at_any_depth() {
    let mut layout = Layout::default();
    let base = [("linux/amd64", "a"), ("linux/arm64", "b")]
        .map(|(platform, file)| for_platform(layout.image(platform, file), platform));
    let debug = [("linux/amd64", "c"), ("linux/s390x", "d")]
        .map(|(platform, file)| for_platform(layout.image(platform, file), platform));
    let statements = [attestation(&mut layout)];
    let (base, debug, statements) = (layout.index(&base), layout.index(&debug), layout.index(&statements));
    let both = layout.index(&[base.clone(), debug.clone()]);
    let top = layout.index(&[both.clone(), statements.clone()]);
    layout.lists(top.clone(), &named("m"));
    for (index, platform, file) in [
        (&base, "linux/amd64", "a"),
        (&base, "linux/arm64", "b"),
        (&debug, "linux/amd64", "c"),
        (&debug, "linux/s390x", "d"),
        (&both, "linux/arm64", "b"),
        (&both, "linux/s390x", "d"),
        (&top, "linux/arm64", "b"),
    ] {
        for wanted in [&digest(index)[..], &digest(index)[7..19]] {
            assert_eq!(chosen(&layout, &["--image", wanted, "--platform", platform]), file, "{platform}");
        }
    }
    let text = error(&layout, &["--image", &digest(&base), "--platform", "linux/s390x"]);
    assert!(text.contains("is for linux/amd64, linux/arm64, not for linux/s390x"), "{text}");
    let text = error(&layout, &["--image", &digest(&statements)]);
    assert!(text.contains(": the index with that digest lists no image; available: "), "{text}");
}

/// Two indexes may list one manifest.
#[test]
fn manifest_in_two_indexes_is_found_in_both() {
    let mut layout = Layout::default();
    let shared = for_platform(layout.image("linux/amd64", "a"), "linux/amd64");
    let own = for_platform(layout.image("linux/arm64", "b"), "linux/arm64");
    let first = layout.index(std::slice::from_ref(&shared));
    let second = layout.index(&[own, shared]);
    let top = layout.index(&[first.clone(), second.clone()]);
    layout.lists(top, &named("m"));
    for (index, platform, file) in
        [(&first, "linux/amd64", "a"), (&second, "linux/amd64", "a"), (&second, "linux/arm64", "b")]
    {
        assert_eq!(chosen(&layout, &["--image", &digest(index), "--platform", platform]), file);
    }
}

/// The specification lets an index list any document, and readers ignore the types that they do not know.
#[test]
fn documents_other_than_manifests_are_artifacts() {
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    for (media_type, bytes, kind) in [
        ("application/xml", "<metainfo/>", "application/xml"),
        ("application/vnd.example.notes+json", r#"{"notes": []}"#, "application/vnd.example.notes+json"),
        (manifest, r#"{"artifactType": "application/vnd.example", "layers": []}"#, "application/vnd.example"),
    ] {
        let mut layout = Layout::default();
        let other = layout.blob(media_type, bytes);
        let image = layout.image("linux/amd64", "a");
        layout.lists(other.clone(), &named("other")).lists(image, &named("a"));
        assert_eq!(chosen(&layout, &["--image", "0"]), "a", "{media_type}");
        let message = format!("also contains an OCI artifact of type \"{kind}\" (other)");
        assert!(notices(&layout, &[]).contains(&message), "{}", notices(&layout, &[]));
        let text = error(&layout, &["--image", &digest(&other)]);
        assert!(text.contains("is not an image"), "{text}");
    }
}
