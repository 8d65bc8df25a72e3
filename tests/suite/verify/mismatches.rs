//! Each kind of digest with content that does not match.

use super::{Archive, Shape, digest, flipped, long_text};
use crate::build::{Layer, Packing};

fn layer(packing: Packing) -> Layer {
    Layer::default().file("etc/app.conf", "port 80\n").file("large", long_text(60_000)).packed(packing)
}

#[test]
fn intact_images_pass_silently() {
    for shape in [Shape::Docker, Shape::Oci] {
        let layers = [Packing::Plain, Packing::Gzip, Packing::Zstd].map(layer).to_vec();
        let user = Archive::of(layers).user(shape);
        let ran = user.runs(&["tree", "--verify", "image.tar"]).ends_with(0).prints(&["app.conf"]);
        assert_eq!(ran.stderr, "", "{shape:?}");
    }
}

/// A byte of a file's content: only `--verify` detects it.
#[test]
fn flipped_byte_error_names_layer_and_digests() {
    let sound = layer(Packing::Plain);
    let blob = sound.blob();
    let damaged = flipped(&blob, 3000);
    for shape in [Shape::Docker, Shape::Oci] {
        let archive = Archive::of(vec![Layer::default().file("a", "a"), sound.clone()]);
        let user = archive.exchanges(&blob, damaged.clone()).user(shape);
        user.runs(&["tree", "image.tar"]).ends_with(0);
        let ran = user.runs(&["tree", "--verify", "image.tar"]);
        let error = ran.error();
        assert!(error.starts_with("image.tar: layer 1 ("), "{error}");
        let message = format!("should have the digest {}, but has {}", digest(&blob), digest(&damaged));
        assert!(error.contains(&message), "{error}");
        assert_eq!(ran.stdout, "", "{shape:?}");
    }
}

/// A gzip header contains a time, so the stored bytes differ while the content is the same.
#[test]
fn compressed_layer_is_verified_stored_and_unpacked() {
    let sound = layer(Packing::Gzip);
    let blob = sound.blob();
    let mut other_time = blob.clone();
    other_time[4] ^= 1;
    let user = Archive::of(vec![sound.clone()]).exchanges(&blob, other_time.clone()).user(Shape::Oci);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains(&format!(
        "should have the digest {}, but has {}",
        digest(&blob),
        digest(&other_time)
    )));
    assert!(!ran.error().contains(&digest(&sound.tar())), "a mismatch of the unpacked bytes: {}", ran.error());

    for packing in [Packing::Gzip, Packing::Zstd] {
        let (sound, other) = (layer(packing), Layer::default().file("other", long_text(70_000)).packed(packing));
        let user = Archive::of(vec![sound.clone()]).exchanges(&sound.blob(), other.blob()).user(Shape::Docker);
        user.runs(&["tree", "image.tar"]).ends_with(0);
        let ran = user.runs(&["tree", "--verify", "image.tar"]);
        let message = format!(
            "layer 0 ({:064x}/layer.tar) should have the digest {}, but has {}",
            0,
            digest(&sound.tar()),
            digest(&other.tar())
        );
        assert!(ran.error().contains(&message), "{packing:?}: {}", ran.error());
    }
}

#[test]
fn configuration_and_manifest_are_verified() {
    for shape in [Shape::Docker, Shape::Oci] {
        let archive = Archive::of(vec![layer(Packing::Plain)]);
        let config = archive.config();
        let other = String::from_utf8(config.clone()).unwrap().replace("amd64", "arm64").into_bytes();
        let user = archive.exchanges(&config, other.clone()).user(shape);
        let ran = user.runs(&["tree", "--verify", "image.tar"]);
        let message = format!("should have the digest {}, but has {}", digest(&config), digest(&other));
        assert!(ran.error().contains(&message), "{shape:?}: {}", ran.error());
    }
    let archive = Archive::of(vec![layer(Packing::Plain)]);
    let manifest = archive.manifest();
    let other = [&manifest[..], b"\n"].concat();
    let user = archive.exchanges(&manifest, other.clone()).user(Shape::Oci);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains(&format!("should have the digest {}, but has {}", digest(&manifest), digest(&other))));
}

/// The error is about the digest, not about invalid JSON or a decompression error.
#[test]
fn unreadable_content_is_reported_as_mismatch() {
    let archive = Archive::of(vec![layer(Packing::Plain)]);
    let config = archive.config();
    let user = archive.exchanges(&config, flipped(&config, 0)).user(Shape::Oci);
    assert!(
        user.runs(&["tree", "--verify", "image.tar"])
            .error()
            .contains(&format!("should have the digest {}", digest(&config)))
    );

    let sound = layer(Packing::Gzip);
    let cut = sound.blob()[..sound.blob().len() / 2].to_vec();
    for options in [&["tree", "--verify"][..], &["tree", "--verify", "--ignore-errors"]] {
        let user = Archive::of(vec![sound.clone()]).exchanges(&sound.blob(), cut.clone()).user(Shape::Oci);
        let ran = user.runs(&[options, &["image.tar"]].concat());
        assert!(ran.error().contains(&format!(
            "should have the digest {}, but has {}",
            digest(&sound.blob()),
            digest(&cut)
        )));
        assert!(
            ran.error()
                .contains(&format!("should have the digest {}, but cannot be read in full", digest(&sound.tar())))
        );
    }
}

#[test]
fn error_lists_every_mismatch() {
    let layers: Vec<_> = (0..14).map(|at| Layer::default().file(format!("{at}"), "x")).collect();
    let wrong = digest(b"another");
    let archive = (1..14).fold(Archive::of(layers), |archive, at| archive.claims(at, &wrong));
    let ran = archive.user(Shape::Docker).runs(&["tree", "--verify", "image.tar"]);
    let error = ran.error();
    assert!(!error.contains("layer 0 (") && error.contains("layer 1 (") && error.contains("layer 10 ("), "{error}");
    assert!(error.contains("; and 3 more; save, copy or pull the image again"), "{error}");
}

/// One blob, listed with two different diff ids.
#[test]
fn repeated_blob_is_verified_per_layer() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let archive = Archive::of(vec![layer(packing), layer(packing)]).claims(1, &digest(b"another"));
        let ran = archive.user(Shape::Oci).runs(&["tree", "--verify", "image.tar"]);
        assert!(ran.error().contains("layer 1 (") && !ran.error().contains("layer 0 ("), "{}", ran.error());
    }
}

#[test]
fn unsupported_digest_algorithm_fails_verification() {
    let archive = Archive::of(vec![layer(Packing::Plain)]).claims(0, "md5:d41d8cd98f00b204e9800998ecf8427e");
    let ran = archive.user(Shape::Docker).runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains("is not a SHA-256 or SHA-512 digest"), "{}", ran.error());
    let long = "sha512:".to_owned() + &"0".repeat(128);
    let ran = Archive::of(vec![layer(Packing::Zstd)]).claims(0, &long).user(Shape::Docker).runs(&[
        "tree",
        "--verify",
        "image.tar",
    ]);
    assert!(ran.error().contains("but has sha512:"), "{}", ran.error());
}

/// A root file system has no digests.
#[test]
fn layer_without_digest_fails_verification() {
    let user = crate::user::User::new();
    let tar = ["bin", "etc", "lib", "usr", "var"].iter().fold(Layer::default(), |layer, name| layer.dir(name));
    std::fs::write(user.file("image.tar"), tar.file("etc/passwd", "root").tar()).unwrap();
    user.runs(&["tree", "image.tar"]).ends_with(0);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains("cannot be checked: the image gives no digest for it"), "{}", ran.error());
}
