//! Images that unpack to gigabytes. A failure means that a few kB of image take minutes or fill the disk.

use std::io::Write;

use serde_json::json;

use super::Hostile;
use crate::build::{Layer, Packing};
use crate::user::{Ran, User};

const MIB: usize = 1 << 20;

const RAISED: &str = "raise it with --max-unpacked SIZE";

fn is_refused(ran: &Ran, limit: &str) {
    let error = ran.error();
    assert!(error.contains(limit) && error.contains(RAISED), "{error}");
}

fn header(name: &str, kind: tar::EntryType, size: usize) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    Packing::Gzip.pack(bytes)
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    Packing::Zstd.pack(bytes)
}

/// A tar with one file of zeros, compressed in pieces.
fn zeros(encode: fn(&[u8]) -> Vec<u8>, mebibytes: usize) -> Vec<u8> {
    let head = encode(&header("zeros", tar::EntryType::Regular, mebibytes * MIB));
    [head, encode(&vec![0; 16 * MIB]).repeat(mebibytes / 16), encode(&[0; 1024])].concat()
}

/// bzip2 is slow: its limit of 128 MiB costs as much as 1 GiB of zstd.
#[test]
fn layer_that_unpacks_to_gigabytes_is_refused() {
    let slow = Hostile::listing(&[("a.tar", zeros(bzip2, 160))], ["a.tar"]);
    slow.in_each_mode(|ran| {
        is_refused(ran, "128 MiB");
        assert!(ran.error().contains("layer 0 (a.tar): entry \"zeros\" at offset 0"), "{}", ran.error());
    });
    let fast = Hostile::listing(&[("a.tar", zeros(zstd, 1040))], ["a.tar"]);
    is_refused(&fast.runs(&["tree"]), "1024 MiB");
    fast.runs(&["tree", "--max-unpacked", "2GB"]).ends_with(0).prints(&[" 1.1 GB zeros"]);
    // `--ignore-errors` does not lift the limit.
    is_refused(&fast.runs(&["tree", "--ignore-errors"]), "1024 MiB");
}

/// Members that unpack to nothing take time, but no place in an archive that is compressed as a whole.
#[test]
fn layer_of_empty_members_is_refused() {
    for (name, member, end) in [
        ("gzip", gzip(b""), gzip(&[0; 1024])),
        ("skippable zstd", b"\x50\x2a\x4d\x18\0\0\0\0".to_vec(), zstd(&[0; 1024])),
        ("xz", xz(b""), xz(&[0; 1024])),
    ] {
        let layer = [member.repeat(48 * MIB / member.len()), end].concat();
        let plain = Hostile::listing(&[("a.tar", layer)], ["a.tar"]);
        let refused = Hostile::of(&zstd(&std::fs::read(plain.path()).unwrap())).runs(&["tree"]);
        is_refused(&refused, "1024 MiB");
        assert!(refused.error().contains("takes longer to unpack"), "{name}: {}", refused.error());
    }
    // A few belong to real layers.
    let layer =
        [gzip(b"").repeat(1000), gzip(&[header("a", tar::EntryType::Regular, 0), vec![0; 1024]].concat())].concat();
    Hostile::listing(&[("a.tar", layer)], ["a.tar"]).runs(&["tree"]).ends_with(0).prints(&[" a"]);
}

/// Each layer alone is within the limit.
#[test]
fn layers_share_the_unpacked_limit() {
    let layers: Vec<_> = (0..5).map(|at| (format!("{at}.tar"), zeros(bzip2, 32))).collect();
    let layers: Vec<_> = layers.iter().map(|(name, blob)| (name.as_str(), blob.clone())).collect();
    let image = Hostile::listing(&layers, layers.iter().map(|(name, _)| *name));
    is_refused(&image.runs(&["tree"]), "128 MiB");
}

#[test]
fn archive_that_unpacks_to_gigabytes_is_refused() {
    let image = Hostile::of(&zeros(zstd, 1040));
    is_refused(&image.runs(&["tree"]), "1024 MiB");
    let archive = std::fs::read(image.path()).unwrap();
    is_refused(&User::new().pipes(archive).runs(&["tree", "-"]), "1024 MiB");
}

/// More attributes than Linux lists.
#[test]
fn entry_with_too_many_xattrs_is_refused() {
    let layer = attributes(20_000, 1);
    let image = Hostile::listing(&[("a.tar", layer)], ["a.tar"]);
    image.in_each_mode(|ran| {
        let error = ran.error();
        assert!(error.contains("layer 0 (a.tar)") && error.contains("10000 extended attributes"), "{error}");
    });
}

/// The maximum number of attributes, in each of some entries: 9 MB that take as long as 70 MB of ordinary ones.
#[test]
fn xattrs_count_toward_the_unpacked_limit() {
    let image = Hostile::listing(&[("a.tar", attributes(9000, 40))], ["a.tar"]);
    is_refused(&image.runs(&["tree", "--max-unpacked", "32MiB"]), "32 MiB");
    image.runs(&["tree", "--max-unpacked", "96MiB"]).ends_with(0);
}

/// A zstd layer of `entries` entries with `count` attributes each.
fn attributes(count: usize, entries: usize) -> Vec<u8> {
    let record = |at: usize| format!("26 SCHILY.xattr.u{at:06}=v\n");
    let records: String = (0..count).map(record).collect();
    assert!(records.len() == 26 * count, "the length of a record");
    let mut entry = header("pax", tar::EntryType::XHeader, records.len());
    entry.extend_from_slice(records.as_bytes());
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry.extend(header("file", tar::EntryType::Regular, 0));
    let entry = zstd(&entry);
    [entry.repeat(entries), zstd(&Layer::default().tar())].concat()
}

/// Each image has a layer of its own, and all together unpack to ten times what one may.
#[test]
fn images_of_a_file_share_the_bytes_to_unpack() {
    let blob = |at: usize| Layer::default().file(format!("f{at}"), vec![0; 600_000]).zstd().blob();
    let image = |at: usize| {
        let layer = format!("layer{at}");
        json!({ "Config": "config.json", "RepoTags": [format!("image:{at}")], "Layers": [layer] })
    };
    let manifest = json!((0..10).map(image).collect::<Vec<_>>()).to_string();
    let config = json!({ "rootfs": { "diff_ids": [format!("sha256:{:064x}", 0)] } }).to_string();
    let archive = (0..10).fold(Layer::default(), |archive, at| archive.file(format!("layer{at}"), blob(at)));
    let image = Hostile::of(&archive.file("config.json", config).file("manifest.json", manifest).tar());
    for options in [&["--all-images"][..], &["--all-images", "--verify"]] {
        let ran = image.runs(&[options, &["--max-unpacked", "1MB"]].concat()).ends_with(2);
        assert!(ran.stderr.contains("more than the limit of 4.0 MB for a file of this size"), "{}", ran.stderr);
        assert!(ran.stdout.contains("image:6") && !ran.stdout.contains("image:8"), "{}", ran.stdout);
    }
    image.runs(&["--all-images", "--max-unpacked", "2MB"]).ends_with(0);
}

/// An archive of images with this configuration, all of one layer.
fn of_one_layer(images: usize, config: &str, layer: Vec<u8>) -> Hostile {
    let image =
        |at: usize| json!({ "Config": "config.json", "RepoTags": [format!("image:{at}")], "Layers": ["layer"] });
    let manifest = json!((0..images).map(image).collect::<Vec<_>>()).to_string();
    let archive = Layer::default().file("layer", layer).file("config.json", config).file("manifest.json", manifest);
    Hostile::of(&archive.tar())
}

/// Reading takes its time, whether or not it succeeds, and whether it is of entries or of documents.
#[test]
fn images_of_a_file_share_the_time_to_read() {
    let diff_ids = json!({ "diff_ids": [format!("sha256:{:064x}", 0)] });
    let mut damaged = header("file", tar::EntryType::Regular, 0).repeat(20_000);
    damaged.extend([b'x'; 512]);
    let entries = of_one_layer(9, &json!({ "rootfs": diff_ids }).to_string(), damaged);
    let label = "x".repeat(3_000_000);
    let labelled = json!({ "rootfs": diff_ids, "config": { "Labels": { "a": label } } }).to_string();
    let documents = of_one_layer(9, &labelled, Layer::default().file("a", "a").tar());
    for image in [entries, documents] {
        let ran = image.runs(&["--all-images", "--max-unpacked", "1MB"]).ends_with(2);
        assert!(ran.stderr.contains("the first 1 of its 9 images take as long as unpacking"), "{}", ran.stderr);
    }
}
