//! Layers that are not tars: recognised by media type and content, never shown as an empty layer.

use crate::build::{Format, Layer, Layout, TAR, described, image};

const WASM: &str = "application/vnd.wasm.content.layer.v1+wasm";
const SQUASHFS: &str = "application/vnd.stacker.image.layer.squashfs+zstd+verity";

fn tar(file: &str) -> Vec<u8> {
    Layer::default().file(file, file).tar()
}

/// Start of an EROFS file system: an empty kilobyte, then the superblock.
fn erofs() -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    bytes[0x400..0x404].copy_from_slice(b"\xe2\xe1\xf5\xe0");
    bytes
}

fn squashfs() -> Vec<u8> {
    [&b"hsqs"[..], &[7; 600]].concat()
}

/// A layout with one image of these layers and these diff ids.
fn layout(layers: &[(&str, Vec<u8>)], diff_ids: &[&str]) -> Layout {
    let mut layout = Layout::default();
    let manifest = layout.manifest(&described("linux/amd64", diff_ids), layers);
    layout.lists(manifest, &serde_json::json!({}));
    layout
}

/// As containerd, and Docker with its store, treat them: not part of the file system.
#[test]
fn layers_that_are_not_tars_are_described() {
    let wasm = (WASM, b"\0asm\x01\0\0\0".to_vec());
    for layers in [[wasm.clone(), (TAR, tar("a")), (TAR, tar("b"))], [(TAR, tar("a")), wasm.clone(), (TAR, tar("b"))]] {
        let other = layers.iter().position(|(media_type, _)| *media_type == WASM).unwrap();
        let user = layout(&layers, &["sha256:aa", "sha256:bb"]).user();
        let ran = user.runs(&["image.tar", "--json", "-"]).ends_with(0);
        assert_eq!(ran.stderr, "");
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let layers = document["layer"].as_array().unwrap();
        let text = |at: usize, key: &str| layers[at][key].as_str().unwrap_or("-").to_owned();
        assert_eq!(text(other, "command"), format!("not a file system layer ({WASM}, 8 B)"));
        assert_eq!(text(other, "diffId"), "-");
        let tars: Vec<usize> = (0..3).filter(|at| *at != other).collect();
        assert_eq!((text(tars[0], "command"), text(tars[0], "diffId")), ("step 0".to_owned(), "sha256:aa".to_owned()));
        assert_eq!((text(tars[1], "command"), text(tars[1], "diffId")), ("step 1".to_owned(), "sha256:bb".to_owned()));
        user.runs(&["--ci", "image.tar"]).ends_with(0).prints(&["Result:PASS"]);
    }
}

/// Some tools list a diff id for every layer.
#[test]
fn diff_ids_stay_with_their_layers() {
    let layers = [(WASM, b"\0asm".to_vec()), (TAR, tar("a"))];
    let ran = layout(&layers, &["sha256:aa", "sha256:bb"]).user().runs(&["image.tar", "--json", "-"]).ends_with(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["layer"][1]["diffId"], "sha256:bb");
    assert_eq!(document["layer"][1]["command"], "step 1");
}

#[test]
fn image_without_tar_layers_names_their_formats() {
    for (media_type, bytes, name) in [
        (SQUASHFS, squashfs(), "layer 0 is a squashfs file system (application/vnd.stacker"),
        ("application/vnd.sylabs.image.layer.v1.squashfs", squashfs(), "a squashfs file system"),
        ("application/vnd.erofs.layer.v1", erofs(), "an EROFS file system"),
        ("application/vnd.oci.image.layer.nydus.blob.v1", vec![7; 600], "a nydus blob"),
        ("application/vnd.example.unknown", erofs(), "an EROFS file system"),
        ("application/vnd.example.unknown", vec![7; 600], "data in an unknown format"),
        (
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            vec![7; 600],
            "an encrypted layer; decrypt the image first",
        ),
    ] {
        let user = layout(&[(media_type, bytes)], &["sha256:aa"]).user();
        for options in [&["image.tar"][..], &["--ci", "image.tar"], &["-i", "image.tar"], &["--ci", "-i", "image.tar"]]
        {
            let ran = user.runs(options);
            assert!(ran.error().contains("the image has no layer that dive can read"), "{}", ran.error());
            assert!(ran.error().contains(name) && ran.error().contains(media_type), "{}", ran.error());
        }
    }
    for (media_type, name) in [
        (WASM, WASM),
        ("application/vnd.docker.ai.gguf.v3", "gguf"),
        ("application/vnd.in-toto+json", "an attestation"),
        ("application/vnd.dev.cosign.simplesigning.v1+json", "cosign"),
    ] {
        let ran = layout(&[(media_type, b"{}".to_vec())], &["sha256:aa"]).user().runs(&["image.tar"]);
        assert!(ran.error().contains("contains no image, only an") && ran.error().contains(name), "{}", ran.error());
    }
}

/// A part of the file system is unreadable, so there is no verdict.
#[test]
fn unreadable_layer_gets_no_verdict() {
    for (media_type, bytes, name) in [
        (SQUASHFS, squashfs(), "a squashfs file system"),
        ("application/vnd.erofs.layer.v1", erofs(), "an EROFS file system"),
        ("application/vnd.oci.image.layer.v1.tar+encrypted", vec![7; 600], "an encrypted layer"),
        ("application/vnd.example.unknown", erofs(), "an EROFS file system"),
    ] {
        let user = layout(&[(TAR, tar("a")), (media_type, bytes)], &["sha256:aa", "sha256:bb"]).user();
        user.runs(&["image.tar"])
            .ends_with(0)
            .says(&["layer 1: it is", name, "dive does not show its files"])
            .prints(&["not a file system layer (", "Incomplete: 1 of 2 layers"]);
        let ran = user.runs(&["--ci", "image.tar"]);
        let verdict = format!("no verdict: dive cannot read layer 1: it is {name}");
        assert!(ran.error().contains(&verdict), "{}", ran.error());
        user.runs(&["--ci", "-i", "image.tar"]).ends_with(0);
    }
}

/// Scripts see `complete: false`.
#[test]
fn json_marks_incomplete_layers() {
    let complete = |layers: &[(&str, Vec<u8>)], options: &[&str]| {
        let user = layout(layers, &["sha256:aa", "sha256:bb"]).user();
        let ran = user.runs(&[options, &["image.tar", "--json", "-"]].concat()).ends_with(0);
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let of_layers: Vec<_> = (0..2).map(|layer| document["layer"][layer]["complete"].clone()).collect();
        (of_layers[0] == true, of_layers[1] == true, document["image"]["complete"] == true)
    };
    let with = |media_type, bytes| [(TAR, tar("a")), (media_type, bytes)];
    assert_eq!(complete(&with(TAR, tar("b")), &[]), (true, true, true));
    assert_eq!(complete(&with(WASM, b"\0asm".to_vec()), &[]), (true, true, true));
    assert_eq!(complete(&with(SQUASHFS, squashfs()), &[]), (true, false, false));
    assert_eq!(complete(&with(TAR, erofs()), &["-i"]), (true, false, false));
}

/// `--ignore-errors` needs at least one readable layer.
#[test]
fn image_without_readable_layers_gets_no_verdict() {
    for bytes in [erofs(), squashfs()] {
        let manifest = serde_json::json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["0/layer.tar"] }]);
        let archive = Layer::default()
            .file("c.json", described("linux/amd64", &["sha256:aa"]).to_string())
            .file("0/layer.tar", &bytes)
            .file("manifest.json", manifest.to_string());
        let user = crate::user::User::new();
        std::fs::write(user.file("docker.tar"), archive.tar()).unwrap();
        std::fs::write(user.file("image.tar"), layout(&[(TAR, bytes)], &["sha256:aa"]).archive()).unwrap();
        for archive in ["docker.tar", "image.tar"] {
            let ran = user.runs(&["--ci", "-i", archive]);
            assert!(ran.error().contains("no verdict: dive cannot read any layer"), "{}", ran.error());
            user.runs(&["-i", archive]).ends_with(0);
            let ran = user.runs(&["--ci", archive]);
            assert!(ran.error().contains("; --ignore-errors shows the other layers"), "{}", ran.error());
        }
    }
}

/// The media type is missing or wrong, and the first kilobyte is zero, like the end of a tar.
#[test]
fn erofs_is_not_taken_for_an_empty_layer() {
    let user = layout(&[(TAR, erofs())], &["sha256:aa"]).user();
    for options in [&["image.tar"][..], &["--ci", "image.tar"]] {
        let ran = user.runs(options);
        assert!(
            ran.error().contains("layer 0") && ran.error().contains("it is an EROFS file system"),
            "{}",
            ran.error()
        );
    }
    let gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    let packed = zstd::encode_all(&erofs()[..], 1).unwrap();
    let ran = layout(&[(gzip, packed)], &["sha256:aa"]).user().runs(&["--ci", "image.tar"]);
    assert!(ran.error().contains("it is an EROFS file system"), "{}", ran.error());
    // An empty layer is valid.
    let empty = image().layer(|l| l).layer(Layer::gzip).save(Format::OciArchive);
    let ran = crate::user::User::new().runs(&["--ci", empty.path().to_str().unwrap()]).ends_with(0);
    assert_eq!(ran.stderr, "");
}

/// A container of such an image may have files that dive did not count.
#[test]
fn file_system_of_an_unknown_media_type_gets_no_verdict() {
    let at = |at: usize, signature: &[u8]| {
        let mut bytes = vec![0; 70_000];
        bytes[at..at + signature.len()].copy_from_slice(signature);
        bytes
    };
    for (bytes, name) in [
        (at(0, b"QFI\xfb"), "a QCOW disk image"),
        (at(0, b"XFSB"), "an XFS file system"),
        (at(0x400, b"\x10\x20\xf5\xf2"), "an F2FS file system"),
        (at(0x200, b"EFI PART"), "a disk with partitions"),
        // The signature of btrfs is beyond the bytes that dive reads.
        (at(0x10040, b"_BHRfS_M"), "data in an unknown format"),
        (at(0x2000, b"no signature"), "data in an unknown format"),
    ] {
        let layers = [(TAR, tar("a")), ("application/vnd.example.blob", bytes)];
        let user = layout(&layers, &["sha256:aa"]).user();
        let ran = user.runs(&["--ci", "image.tar"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stdout);
        assert!(
            ran.error().contains(&format!("no verdict: dive cannot read layer 1: it is {name}")),
            "{}",
            ran.error()
        );
        user.runs(&["tree", "image.tar"]).ends_with(0).prints(&["a\n"]).says(&["dive does not show its files"]);
    }
}

/// Podman reads it, too.
#[test]
fn tar_with_unknown_media_type_is_read() {
    let user = layout(&[("application/vnd.example.blob", tar("a"))], &["sha256:aa"]).user();
    user.runs(&["tree", "image.tar"]).ends_with(0).prints(&["a\n"]).says(&["; dive reads it by its content"]);
}

/// Command and diff id of each layer in the JSON document.
fn commands_and_diff_ids(ran: &crate::user::Ran) -> Vec<(String, String)> {
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |layer: &serde_json::Value, key: &str| layer[key].as_str().unwrap_or("-").to_owned();
    document["layer"].as_array().unwrap().iter().map(|layer| (text(layer, "command"), text(layer, "diffId"))).collect()
}

fn pair(command: &str, diff_id: &str) -> (String, String) {
    (command.to_owned(), diff_id.to_owned())
}

/// As in containerd: a layer of an unknown type is not part of the file system if the configuration omits it.
#[test]
fn undescribed_tar_with_unknown_media_type_is_not_a_layer() {
    for media_type in [
        "application/vnd.acme.extra.v1.tar",
        "application/octet-stream",
        "application/x-gzip",
        "application/vnd.docker.plugin.v1+tar",
        "application/vnd.cncf.model.weight.v1.tar",
    ] {
        for at in 0..3 {
            let mut layers = vec![(TAR, tar("a")), (TAR, tar("b"))];
            layers.insert(at, (media_type, tar("extra")));
            let user = layout(&layers, &["sha256:aa", "sha256:bb"]).user();
            let mut expected = vec![pair("step 0", "sha256:aa"), pair("step 1", "sha256:bb")];
            let size = dive_model::units::Bytes(tar("extra").len() as u64);
            expected.insert(at, (format!("not a file system layer ({media_type}, {size})"), "-".to_owned()));
            for options in [&["image.tar", "--json", "-"][..], &["-i", "image.tar", "--json", "-"]] {
                let ran = user.runs(options).ends_with(0);
                assert_eq!(
                    (commands_and_diff_ids(&ran), ran.stderr.as_str()),
                    (expected.clone(), ""),
                    "{media_type} at {at}"
                );
            }
            user.runs(&["--ci", "image.tar"]).ends_with(0).prints(&["Result:PASS"]);
        }
    }
}

/// Engines refuse such an image; dive explains the mismatch by the content.
#[test]
fn wrong_media_type_does_not_shift_diff_ids() {
    for (bytes, name) in [(b"\0asm\x01\0\0\0".to_vec(), "a WebAssembly module"), (erofs(), "an EROFS file system")] {
        let layers = [(TAR, tar("a")), (TAR, bytes), (TAR, tar("b"))];
        let user = layout(&layers, &["sha256:aa", "sha256:bb"]).user();
        let ran = user.runs(&["image.tar"]);
        let expected = format!(
            "lists 3 layers, but the configuration lists 2; layer 1 is {name}; --ignore-errors shows the layers of the manifest"
        );
        assert!(ran.error().contains(&expected), "{}", ran.error());
        let layers = commands_and_diff_ids(&user.runs(&["-i", "image.tar", "--json", "-"]).ends_with(0));
        assert_eq!((&layers[0], &layers[2]), (&pair("step 0", "sha256:aa"), &pair("step 1", "sha256:bb")));
        let start = format!("not a file system layer ({name}, ");
        assert!(layers[1].0.starts_with(&start) && layers[1].1 == "-", "{layers:?}");
    }
    let ran = layout(&[(TAR, tar("a"))], &["sha256:aa", "sha256:bb"]).user().runs(&["image.tar"]);
    assert!(ran.error().contains("lists 1 layer, but the configuration lists 2; --ignore-errors"), "{}", ran.error());
}

/// Missing bytes do not matter if they are not a layer.
#[test]
fn missing_data_outside_the_file_system_is_no_error() {
    let mut layout = Layout::default();
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &["sha256:aa"]).to_string());
    let layer = layout.blob(TAR, tar("a"));
    let lost = serde_json::json!({ "mediaType": WASM, "digest": format!("sha256:{}", "7".repeat(64)), "size": 5 });
    let manifest = layout.document(&serde_json::json!({ "config": config, "layers": [layer, lost] }));
    layout.lists(manifest, &serde_json::json!({}));
    let ran = layout
        .user()
        .runs(&["image.tar"])
        .ends_with(0)
        .prints(&["not a file system layer (application/vnd.wasm", "5 B)"]);
    assert_eq!(ran.stderr, "");
}
