//! The documents of images: `manifest.json` and indexes, the documents that they name, and the choice of an image.

use dive_model::Opener;
use dive_model::image::{self, ImageSelector, Platform, Selection};
use dive_model::remark::OnDamage;

use crate::store::{Members, SEPARATOR};

/// Members of a docker-archive, in the order of the pieces of an input.
pub(crate) const DOCKER_ARCHIVE: [&str; 7] =
    ["manifest.json", "c.json", "a/layer.tar", "b/layer.tar", "repositories", "a/json", "b/json"];

/// Members of a layout. The digests are fixed, so that an index in the input can name them.
pub(crate) const LAYOUT: [&str; 8] = [
    "index.json",
    "blobs/sha256/1111111111111111111111111111111111111111111111111111111111111111",
    "blobs/sha256/2222222222222222222222222222222222222222222222222222222222222222",
    "blobs/sha256/3333333333333333333333333333333333333333333333333333333333333333",
    "blobs/sha256/4444444444444444444444444444444444444444444444444444444444444444",
    "blobs/sha256/5555555555555555555555555555555555555555555555555555555555555555",
    "oci-layout",
    "manifest.json",
];

pub(crate) fn docker_archive(input: &[u8]) {
    open(&DOCKER_ARCHIVE, input);
}

pub(crate) fn index(input: &[u8]) {
    open(&LAYOUT, input);
}

/// The first piece has the requested image and platform, the others are members.
fn open(names: &[&'static str], input: &[u8]) {
    let mut pieces = input.split(|byte| *byte == SEPARATOR);
    let asked = String::from_utf8_lossy(pieces.next().unwrap_or_default()).into_owned();
    let (image, platform) = asked.split_once(' ').unwrap_or((&asked, ""));
    let selection = Selection {
        image: image.parse::<ImageSelector>().ok().filter(|_| !image.is_empty()),
        platform: platform.parse::<Platform>().ok(),
    };
    let store = Members::of(names, pieces);
    let strict = image::open(&store, &selection, OnDamage::Fail);
    let lenient = image::open(&store, &selection, OnDamage::Remark);
    match (&strict, &lenient) {
        (Ok(strict), Ok(lenient)) => assert_eq!(strict.layers.len(), lenient.layers.len()),
        (Ok(_), Err(error)) => panic!("only the lenient way failed: {error}"),
        (Err(error), _) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(image) = &lenient {
        let _ = (image.layer_blobs(), &image.remarks);
        let opened = Opener::new().selection(selection).on_damage(OnDamage::Remark).open_store(&store);
        opened.err().iter().for_each(|error| assert!(!error.to_string().is_empty()));
    }
}
