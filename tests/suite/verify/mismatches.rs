//! Each kind of digest, with bytes that do not match it.

use super::{Archive, Shape, digest, flipped, long_text};
use crate::build::{Layer, Packing};

fn layer(packing: Packing) -> Layer {
    Layer::default().file("etc/app.conf", "port 80\n").file("large", long_text(60_000)).packed(packing)
}

#[test]
fn sound_images_pass_and_say_nothing() {
    for shape in [Shape::Docker, Shape::Oci] {
        let layers = [Packing::Plain, Packing::Gzip, Packing::Zstd].map(layer).to_vec();
        let user = Archive::of(layers).user(shape);
        let ran = user.runs(&["tree", "--verify", "image.tar"]).ends_with(0).prints(&["app.conf"]);
        assert_eq!(ran.stderr, "", "{shape:?}");
    }
}

/// A byte of a file's content: without `--verify`, nothing notices.
#[test]
fn a_flipped_byte_of_a_plain_layer_is_told_with_layer_and_digests() {
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
        let said = format!("should be {} and is {}", digest(&blob), digest(&damaged));
        assert!(error.contains(&said), "{error}");
        assert_eq!(ran.stdout, "", "{shape:?}");
    }
}

/// The last bytes of a gzip member are a checksum and a length; the first name a time. The content is the same.
#[test]
fn a_packed_layer_is_compared_as_it_is_stored_and_as_it_is_unpacked() {
    let sound = layer(Packing::Gzip);
    let blob = sound.blob();
    let mut other_time = blob.clone();
    other_time[4] ^= 1;
    let user = Archive::of(vec![sound.clone()]).exchanges(&blob, other_time.clone()).user(Shape::Oci);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains(&format!("should be {} and is {}", digest(&blob), digest(&other_time))));
    assert!(!ran.error().contains(&digest(&sound.tar())), "the unpacked bytes are right: {}", ran.error());

    for packing in [Packing::Gzip, Packing::Zstd] {
        let (sound, other) = (layer(packing), Layer::default().file("other", long_text(70_000)).packed(packing));
        let user = Archive::of(vec![sound.clone()]).exchanges(&sound.blob(), other.blob()).user(Shape::Docker);
        user.runs(&["tree", "image.tar"]).ends_with(0);
        let ran = user.runs(&["tree", "--verify", "image.tar"]);
        let said = format!(
            "layer 0 ({:064x}/layer.tar) should be {} and is {}",
            0,
            digest(&sound.tar()),
            digest(&other.tar())
        );
        assert!(ran.error().contains(&said), "{packing:?}: {}", ran.error());
    }
}

#[test]
fn documents_are_compared_too() {
    for shape in [Shape::Docker, Shape::Oci] {
        let archive = Archive::of(vec![layer(Packing::Plain)]);
        let config = archive.config();
        let other = String::from_utf8(config.clone()).unwrap().replace("amd64", "arm64").into_bytes();
        let user = archive.exchanges(&config, other.clone()).user(shape);
        let ran = user.runs(&["tree", "--verify", "image.tar"]);
        let said = format!("should be {} and is {}", digest(&config), digest(&other));
        assert!(ran.error().contains(&said), "{shape:?}: {}", ran.error());
    }
    let archive = Archive::of(vec![layer(Packing::Plain)]);
    let manifest = archive.manifest();
    let other = [&manifest[..], b"\n"].concat();
    let user = archive.exchanges(&manifest, other.clone()).user(Shape::Oci);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains(&format!("should be {} and is {}", digest(&manifest), digest(&other))));
}

/// A document that is no JSON any more, and a layer that cannot be unpacked: the digest is why.
#[test]
fn damage_that_ends_the_reading_is_told_as_a_mismatch() {
    let archive = Archive::of(vec![layer(Packing::Plain)]);
    let config = archive.config();
    let user = archive.exchanges(&config, flipped(&config, 0)).user(Shape::Oci);
    assert!(user.runs(&["tree", "--verify", "image.tar"]).error().contains(&format!("should be {}", digest(&config))));

    let sound = layer(Packing::Gzip);
    let cut = sound.blob()[..sound.blob().len() / 2].to_vec();
    for options in [&["tree", "--verify"][..], &["tree", "--verify", "--ignore-errors"]] {
        let user = Archive::of(vec![sound.clone()]).exchanges(&sound.blob(), cut.clone()).user(Shape::Oci);
        let ran = user.runs(&[options, &["image.tar"]].concat());
        assert!(ran.error().contains(&format!("should be {} and is {}", digest(&sound.blob()), digest(&cut))));
        assert!(ran.error().contains(&format!("should be {} and cannot be read whole", digest(&sound.tar()))));
    }
}

#[test]
fn every_mismatch_is_told_in_one_sentence() {
    let layers: Vec<_> = (0..14).map(|at| Layer::default().file(format!("{at}"), "x")).collect();
    let wrong = digest(b"another");
    let archive = (1..14).fold(Archive::of(layers), |archive, at| archive.claims(at, &wrong));
    let ran = archive.user(Shape::Docker).runs(&["tree", "--verify", "image.tar"]);
    let error = ran.error();
    assert!(!error.contains("layer 0 (") && error.contains("layer 1 (") && error.contains("layer 10 ("), "{error}");
    assert!(error.contains("; and 3 more; copy or save the image again"), "{error}");
}

/// One blob, listed twice with two diff ids: one of them is wrong.
#[test]
fn layers_of_one_blob_are_compared_each_with_its_own_digest() {
    for packing in [Packing::Plain, Packing::Gzip] {
        let archive = Archive::of(vec![layer(packing), layer(packing)]).claims(1, &digest(b"another"));
        let ran = archive.user(Shape::Oci).runs(&["tree", "--verify", "image.tar"]);
        assert!(ran.error().contains("layer 1 (") && !ran.error().contains("layer 0 ("), "{}", ran.error());
    }
}

#[test]
fn digests_of_other_algorithms_are_no_pass() {
    let archive = Archive::of(vec![layer(Packing::Plain)]).claims(0, "md5:d41d8cd98f00b204e9800998ecf8427e");
    let ran = archive.user(Shape::Docker).runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains("which is no digest of SHA-256 or SHA-512"), "{}", ran.error());
    let long = "sha512:".to_owned() + &"0".repeat(128);
    let ran = Archive::of(vec![layer(Packing::Zstd)]).claims(0, &long).user(Shape::Docker).runs(&[
        "tree",
        "--verify",
        "image.tar",
    ]);
    assert!(ran.error().contains("and is sha512:"), "{}", ran.error());
}

/// Nothing says what the layer of a root file system should be.
#[test]
fn what_has_no_digest_is_no_pass() {
    let user = crate::user::User::new();
    let tar = ["bin", "etc", "lib", "usr", "var"].iter().fold(Layer::default(), |layer, name| layer.dir(name));
    std::fs::write(user.file("image.tar"), tar.file("etc/passwd", "root").tar()).unwrap();
    user.runs(&["tree", "image.tar"]).ends_with(0);
    let ran = user.runs(&["tree", "--verify", "image.tar"]);
    assert!(ran.error().contains("has no digest to compare it with"), "{}", ran.error());
}
