//! A statement of a builder beside an image: nobody vouches for it, so it must neither keep the image from opening nor say
//! what cannot be.

use dive_model::image::{self, DockerfileLines, Provenance, Selection};
use dive_model::remark::OnDamage;

use crate::store::Members;

/// Digits of the digests in [`MEMBERS`]: the manifest, the configuration, the attestation, the statement, and the layers.
pub(crate) const MANIFEST: char = '1';
const CONFIG: char = '2';
const ATTESTATION: char = '3';
const STATEMENT: char = '9';
pub(crate) const LAYERS: [char; 5] = ['4', '5', '6', '7', '8'];

const MEMBERS: [&str; 10] = [
    "index.json",
    "blobs/sha256/1111111111111111111111111111111111111111111111111111111111111111",
    "blobs/sha256/2222222222222222222222222222222222222222222222222222222222222222",
    "blobs/sha256/3333333333333333333333333333333333333333333333333333333333333333",
    "blobs/sha256/9999999999999999999999999999999999999999999999999999999999999999",
    "blobs/sha256/4444444444444444444444444444444444444444444444444444444444444444",
    "blobs/sha256/5555555555555555555555555555555555555555555555555555555555555555",
    "blobs/sha256/6666666666666666666666666666666666666666666666666666666666666666",
    "blobs/sha256/7777777777777777777777777777777777777777777777777777777777777777",
    "blobs/sha256/8888888888888888888888888888888888888888888888888888888888888888",
];

/// The hexadecimal digits of a digest.
pub(crate) fn hex(digit: char) -> String {
    digit.to_string().repeat(64)
}

fn descriptor(media_type: &str, digit: char, more: &str) -> String {
    format!(r#"{{"mediaType": "application/{media_type}", "digest": "sha256:{}", "size": 1{more}}}"#, hex(digit))
}

pub(crate) fn run(input: &[u8]) {
    let of_image = format!(
        r#", "platform": {{"os": "unknown", "architecture": "unknown"}}, "annotations": {{
        "vnd.docker.reference.digest": "sha256:{}", "vnd.docker.reference.type": "attestation-manifest"}}"#,
        hex(MANIFEST)
    );
    let [manifest, attestation] = [(MANIFEST, ""), (ATTESTATION, of_image.as_str())]
        .map(|(digit, more)| descriptor("vnd.oci.image.manifest.v1+json", digit, more));
    let index = format!(r#"{{"schemaVersion": 2, "manifests": [{manifest}, {attestation}]}}"#);
    let config = descriptor("vnd.oci.image.config.v1+json", CONFIG, "");
    let layers = LAYERS.map(|digit| descriptor("vnd.oci.image.layer.v1.tar", digit, "")).join(", ");
    let predicate = r#", "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}"#;
    let statement = descriptor("vnd.in-toto+json", STATEMENT, predicate);
    let manifest = format!(r#"{{"schemaVersion": 2, "config": {config}, "layers": [{layers}]}}"#);
    let attestation = format!(r#"{{"schemaVersion": 2, "config": {config}, "layers": [{statement}]}}"#);
    let diff_ids = LAYERS.map(|digit| format!("\"sha256:{}\"", hex(digit))).join(", ");
    let config = format!(
        r#"{{"os": "linux", "architecture": "amd64", "rootfs": {{"type": "layers", "diff_ids": [{diff_ids}]}}}}"#
    );
    let tar = [0; 1024];
    let documents = [index.as_bytes(), manifest.as_bytes(), config.as_bytes(), attestation.as_bytes(), input];
    let store = Members::of(&MEMBERS, documents.into_iter().chain([&tar[..]; LAYERS.len()]));
    let image =
        image::open(&store, &Selection::default(), OnDamage::Fail).expect("an image opens without its provenance");
    assert_eq!(image.layers.len(), LAYERS.len());
    image.layers.iter().filter_map(|layer| layer.lines.as_ref()).for_each(assert_in_file);
    if let Some(base) = &image.base {
        assert!(base.layers().is_none_or(|layers| layers <= LAYERS.len()), "{base:?}");
        assert!(base.name().is_none_or(|name| !name.contains(['(', ' ', '\n', '\u{1b}'])), "{base:?}");
        assert!(!base.has_equal_diff_ids(), "nothing was compared");
    }
    if let Some(Provenance { unproven: Some(why), base, images, files, lines, .. }) = &image.provenance {
        assert!(!why.is_empty() && base.is_none() && images.is_empty() && files.is_empty());
        assert!(lines.iter().all(Option::is_none), "{lines:?}");
        assert!(!image.remarks.is_empty());
    }
}

fn assert_in_file(lines: &DockerfileLines) {
    let last = lines.file.text.lines().count() as u32;
    assert!(!lines.ranges.is_empty());
    for range in &lines.ranges {
        assert!(1 <= range.first && range.first <= range.last && range.last <= last, "{lines}");
    }
    assert!(lines.lines().count() > 0, "{lines}");
}
