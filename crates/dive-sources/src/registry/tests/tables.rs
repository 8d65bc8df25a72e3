//! Tables of contents of real layers, from a server that counts requests.

use dive_model::store::{FileStore, Links, Store};
use std::path::PathBuf;
use std::time::Duration;

use super::server::{MANIFEST, Reply, Request, Server, open_within};
use crate::registry::deadlines::Deadlines;
use dive_model::blob::Blob;
use dive_model::layer::toc::TocFormat;
use dive_model::remark::OnDamage;
use dive_model::tarfile::{MemberKind, PathKind, Streaming, Walker};

/// How the server responds to range requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Given,
    NotKnown,
    Damaged,
    Late,
}

/// An archive of the corpus; `None` without the corpus.
fn archive(name: &str) -> Option<FileStore> {
    let path = PathBuf::from(std::env::var_os("DIVE_CORPUS")?).join("opaque").join(name);
    FileStore::open(&path, Links::Inside, OnDamage::Fail, &mut |_| ()).ok()
}

/// A registry with the image of a corpus archive, its manifest, and the layers' bytes.
fn served(name: &str, parts: Parts) -> Option<(Server, serde_json::Value, Vec<Vec<u8>>)> {
    let source = archive(name)?;
    let bytes = |digest: &str| {
        let blob = source.blob(&format!("blobs/{}", digest.replace(':', "/"))).unwrap();
        blob.read_document(64 << 20).unwrap()
    };
    let index = source.blob("index.json").unwrap().read_document(1 << 20).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&index).unwrap();
    let document = bytes(index["manifests"][0]["digest"].as_str().unwrap());
    let manifest: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let digests: Vec<String> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["digest"].as_str().unwrap().to_owned())
        .collect();
    let layers: Vec<Vec<u8>> = digests.iter().map(|digest| bytes(digest)).collect();
    let held: Vec<(String, Vec<u8>)> = digests.into_iter().zip(layers.clone()).collect();
    let server = Server::start(move |request: &Request| {
        if request.path.ends_with("/manifests/1") {
            return Reply::ok(document.clone()).with("Content-Type", MANIFEST);
        }
        let Some((_, body)) = held.iter().find(|(digest, _)| request.path.ends_with(digest)) else {
            return Reply::status("404 Not Found");
        };
        let range = request.header("range").strip_prefix("bytes=").and_then(|range| range.split_once('-'));
        let Some((first, last)) = range.filter(|_| parts != Parts::NotKnown) else { return Reply::ok(body.clone()) };
        let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
        let mut part = body[first..=last].to_vec();
        if parts == Parts::Damaged {
            let middle = part.len() / 2;
            part[middle..].fill(0);
        }
        let stall = if parts == Parts::Late { Duration::from_secs(20) } else { Duration::ZERO };
        Reply { status: "206 Partial Content", stall, ..Reply::ok(part) }
            .with("Content-Range", format!("bytes {first}-{last}/{}", body.len()))
    });
    Some((server, manifest, layers))
}

fn member(manifest: &serde_json::Value, layer: usize) -> String {
    format!("blobs/{}", manifest["layers"][layer]["digest"].as_str().unwrap().replace(':', "/"))
}

/// One line for each entry in the tar of a layer.
fn lines_of_tar(layer: &[u8]) -> Vec<String> {
    let blob = Blob::in_memory(layer, "layer");
    let (_, decoder) = dive_model::compression::Decoder::sniffing(blob.reader()).unwrap();
    let mut walker = Walker::new(Streaming::new(decoder));
    let mut lines = Vec::new();
    while let Some(member) = walker.next().unwrap() {
        let MemberKind::Path(kind) = member.kind else { panic!("{:?}", member.kind) };
        let size = if kind == PathKind::File { member.size } else { 0 };
        let [path, link] = [member.path, member.link].map(String::from_utf8_lossy);
        lines.push(format!("{kind:?} {path} {size} {:o} {}:{} {link}", member.mode & 0o7777, member.uid, member.gid));
    }
    lines
}

/// A user must see the same entries from a layer's table as from its tar.
#[test]
fn a_layer_is_listed_from_its_table_without_fetching_the_rest() {
    for (name, format) in [("oci-estargz.tar", TocFormat::Estargz), ("oci-zstdchunked.tar", TocFormat::ZstdChunked)] {
        let Some((server, manifest, layers)) = served(name, Parts::Given) else { return };
        let image = server.open().unwrap();
        for (at, layer) in layers.iter().enumerate() {
            let toc = image.tables_of_contents(&[&member(&manifest, at)]).unwrap().remove(0);
            assert_eq!((toc.format, toc.own.is_some()), (format, format == TocFormat::Estargz));
            let lines: Vec<String> = toc
                .entries
                .iter()
                .chain(&toc.own)
                .map(|entry| {
                    let (kind, mode) = (entry.kind, entry.mode & 0o7777);
                    format!(
                        "{kind:?} {} {} {mode:o} {}:{} {}",
                        entry.name, entry.size, entry.uid, entry.gid, entry.link
                    )
                })
                .collect();
            assert_eq!(lines, lines_of_tar(layer), "{name}, layer {at}");
        }
        let requests = server.seen().into_iter().filter(|request| request.path.contains("/blobs/"));
        assert!(requests.into_iter().all(|request| !request.header("range").is_empty()), "{name}");
    }
}

#[test]
fn without_valid_ranges_no_table_is_used() {
    for name in ["oci-estargz.tar", "oci-zstdchunked.tar"] {
        for parts in [Parts::NotKnown, Parts::Damaged] {
            let Some((server, manifest, layers)) = served(name, parts) else { return };
            let image = server.open().unwrap();
            assert_eq!(image.tables_of_contents(&[&member(&manifest, 0)]), None);
            let blob = image.blob(&member(&manifest, 0)).unwrap();
            assert!(blob.read_document(64 << 20).unwrap() == layers[0]);
            assert_eq!(image.tables_of_contents(&[&member(&manifest, 0)]), None);
        }
    }
}

/// An image may have thousands of layers, and a registry may take a minute for the table of each.
#[test]
fn late_tables_are_not_used() {
    let Some((server, manifest, layers)) = served("oci-estargz.tar", Parts::Late) else { return };
    let deadlines = Deadlines { documents: Duration::from_millis(50), ..Deadlines::default() };
    let image = open_within(&format!("{}/app:1", server.host), &server.access(), deadlines).unwrap();
    assert!(image.tables_of_contents(&[&member(&manifest, 0)]).is_none());
    let blob = image.blob(&member(&manifest, 0)).unwrap();
    assert!(blob.read_document(64 << 20).unwrap() == layers[0]);
}

#[test]
fn a_layer_without_a_table_gets_no_range_request() {
    let Some((server, manifest, _)) = served("oci-gzip.tar", Parts::Given) else { return };
    assert_eq!(server.open().unwrap().tables_of_contents(&[&member(&manifest, 0)]), None);
    assert!(server.seen().iter().all(|request| request.header("range").is_empty()));
}
