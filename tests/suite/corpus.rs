//! Real images saved by real engines in every format. A failure means that dive shows other files than a container has.

use dive_model::layer::scan::scan;
use dive_model::layer::{Chunk, Entry, EntryKind, MarkerKind, PathKind};
use dive_model::remark::OnDamage;
use serde_json::Value;

use crate::library;
use crate::place::{Corpus, fixture};
use crate::truth;
use dive_model::Opened;

/// Archives and layouts, with the file system that an engine made of their first image.
const IMAGES: [(&str, &str); 27] = [
    ("opaque/docker20.tar", "opaque/truth.tsv"),
    ("opaque/docker20.tar.gz", "opaque/truth.tsv"),
    ("opaque/docker26.tar", "opaque/truth.tsv"),
    ("opaque/docker26-containerd.tar", "opaque/truth.tsv"),
    ("opaque/podman-docker.tar", "opaque/truth.tsv"),
    ("opaque/skopeo-docker.tar", "opaque/truth.tsv"),
    ("opaque/oci-dir", "opaque/truth.tsv"),
    ("opaque/oci-estargz.tar", "opaque/truth.tsv"),
    ("opaque/oci-gzip.tar", "opaque/truth.tsv"),
    ("opaque/oci-uncompressed.tar", "opaque/truth.tsv"),
    ("opaque/oci-zstd.tar", "opaque/truth.tsv"),
    ("opaque/oci-zstdchunked.tar", "opaque/truth.tsv"),
    ("many-layers/docker26.tar", "many-layers/truth.tsv"),
    ("many-layers/oci-estargz.tar", "many-layers/truth.tsv"),
    ("many-layers/oci-zstd.tar", "many-layers/truth.tsv"),
    ("multi/docker20.tar", "multi/truth-a.tsv"),
    ("multi/docker20-by-id.tar", "multi/truth-b.tsv"),
    ("multi/docker26.tar", "multi/truth-a.tsv"),
    ("multi/oci-multi.tar", "multi/truth-a.tsv"),
    ("multi/podman-docker.tar", "multi/truth-a.tsv"),
    ("variants/dup-layers-docker20.tar", "variants/dup-layers.truth.tsv"),
    ("variants/dup-layers-skopeo.tar", "variants/dup-layers.truth.tsv"),
    ("variants/opaque-buildah-oci.tar", "variants/opaque-buildah.truth.tsv"),
    ("variants/opaque-buildx-mixed-compression-docker.tar", "opaque/truth.tsv"),
    ("variants/opaque-buildx-oci-estargz.tar", "opaque/truth.tsv"),
    ("variants/opaque-classic-docker20.tar", "variants/opaque-classic.truth.tsv"),
    ("variants/opaque-classic-vfs-docker20.tar", "variants/opaque-classic.truth.tsv"),
];

/// Files that an eStargz conversion adds; the engines' listings predate it.
const ESTARGZ: [&str; 3] = [".no.prefetch.landmark\t", ".prefetch.landmark\t", "stargz.index.json\t"];

#[track_caller]
fn assert_is(what: &str, opened: &Opened, truth: &str) {
    let listing = library::listing(opened);
    let paths: Vec<_> = listing.lines().filter_map(|line| line.split('\t').next()).collect();
    // Escaped names sort differently.
    assert!(listing.contains('\\') || paths.is_sorted(), "{what}: paths are not in byte order");
    let mut ours = truth::rows(&listing);
    if what.contains("estargz") && !what.contains("buildx") {
        let count = ours.len();
        ours.retain(|row| !ESTARGZ.iter().any(|added| row.starts_with(added)));
        assert!(ours.len() < count, "{what}: no eStargz files in its layers");
    }
    truth::assert_same(what, &truth::read(truth), &ours);
}

#[test]
fn every_image_shows_the_files_of_its_container() {
    let Some(corpus) = Corpus::here() else { return };
    for (image, truth) in IMAGES {
        assert_is(image, &library::open(&corpus.path(image)), &corpus.path(truth));
    }
}

#[test]
fn image_of_half_a_million_files_is_complete() {
    let Some(corpus) = Corpus::here() else { return };
    assert_is(library::MANY_FILES, library::many_files(&corpus), &corpus.path("many-files/truth.tsv.xz"));
}

#[test]
fn second_image_of_an_archive_opens() {
    let Some(corpus) = Corpus::here() else { return };
    for image in ["docker20.tar", "docker26.tar", "oci-multi.tar", "podman-docker.tar"] {
        let path = corpus.path(&format!("multi/{image}"));
        let second = library::open_image(&path, 1);
        assert_is(image, &second, &corpus.path("multi/truth-b.tsv"));
        assert_eq!(second.image.other_images.len(), 1, "{image}");
        assert_eq!(second.image.other_images[0].index, 0, "{image}");
    }
    let platforms = library::open(&corpus.path("variants/multiarch-oci.tar")).image.other_platforms.clone();
    assert_eq!(platforms.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linux/arm64"]);
    assert_eq!(library::open(&corpus.path("multi/docker20-by-id.tar")).image.tags, [""; 0]);
}

#[test]
fn missing_platform_error_names_the_available_ones() {
    let images = Corpus::here()
        .map(|corpus| (corpus.path("variants/multiarch-oci.tar"), corpus.path("variants/multiarch-amd64.truth.tsv")));
    let fixture = (fixture("odd/multiarch-oci.tar"), fixture("odd/multiarch-oci.amd64.truth.tsv"));
    for (image, truth) in images.into_iter().chain([fixture]) {
        assert_is(&image, &library::open_platform(&image, "linux/amd64").unwrap(), &truth);
        let arm = library::open_platform(&image, "linux/arm64").unwrap();
        assert_eq!(arm.image.platform.as_ref().unwrap().to_string(), "linux/arm64");
        assert!(library::listing(&arm).contains("dir/arm64\t"), "{}", library::listing(&arm));
        let Err(error) = library::open_platform(&image, "plan9/mips") else { panic!("{image}: plan9/mips was found") };
        assert!(error.contains("plan9/mips") && error.contains("linux/amd64, linux/arm64"), "{error}");
    }
}

#[test]
fn saved_image_without_layers_is_empty() {
    let Some(corpus) = Corpus::here() else { return };
    let opened = library::open(&corpus.path("variants/zero-layers-docker26-containerd.tar"));
    assert_eq!(opened.image.layers.len(), 0);
    assert_eq!(opened.tree.layer_count(), 0);
    assert_eq!(library::listing(&opened), "");
}

/// A new image in the corpus needs an entry in a test.
#[test]
fn every_corpus_image_has_a_test() {
    let Some(corpus) = Corpus::here() else { return };
    let elsewhere =
        ["many-files/oci-zstd.tar", "variants/multiarch-oci.tar", "variants/zero-layers-docker26-containerd.tar"];
    for folder in ["opaque", "many-layers", "many-files", "multi", "variants"] {
        for name in corpus.names(folder) {
            let path = format!("{folder}/{name}");
            let is_image = name.contains(".tar") || name == "oci-dir";
            let is_known = IMAGES.iter().any(|(image, _)| *image == path) || elsewhere.contains(&path.as_str());
            assert!(!is_image || is_known, "{path} is in no test");
        }
    }
}

/// Valid but odd images that are part of the repository.
#[test]
fn odd_images_show_the_files_of_their_container() {
    let names =
        std::fs::read_dir(fixture("odd")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut listed = 0;
    for name in names {
        // The multi-platform image has its own test.
        let Some(name) = name.strip_suffix(".truth.tsv").filter(|name| !name.starts_with("multiarch")) else {
            continue;
        };
        let image = fixture(&format!("odd/{name}.tar"));
        assert_is(name, &library::open(&image), &fixture(&format!("odd/{name}.truth.tsv")));
        listed += 1;
    }
    assert!(listed >= 7, "only {listed} listings");
}

/// Docker 26 loads it, but no listing was recorded; these are the packed entries.
#[test]
fn zstd_layer_with_skippable_frames_is_complete() {
    let listing = library::listing(&library::open(&fixture("odd/layer-zstd-multiframe-skippable.tar")));
    let files: Vec<_> = listing.lines().filter_map(|line| line.split_once('\t')).map(|(path, _)| path).collect();
    assert_eq!(files, ["d", "d/a", "d/b", "d/sub", "d/sub/c", "etc", "etc/passwd", "link-to-d", "top", "z"]);
}

/// One image in four forms. Its platform is not this machine's, but it is the only one, so it is shown.
#[test]
fn dives_test_images_show_their_file() {
    let Some(corpus) = Corpus::here() else { return };
    for form in ["gzip", "uncompressed", "zstd", "estargz"] {
        let listing = library::listing(&library::open(&corpus.path(&format!("dive/test-oci-{form}-image.tar"))));
        let file = listing.lines().find(|line| line.starts_with("README.md\t"));
        assert_eq!(file, Some("README.md\tf\t11189\t644\t0:0\t"), "{form}");
    }
}

#[test]
fn sample_shows_the_files_of_its_container() {
    assert_is("sample.tar", &library::open(&fixture("sample.tar")), &fixture("sample.truth.tsv"));
}

#[test]
fn layer_entries_match_for_every_compression() {
    let Some(corpus) = Corpus::here() else { return };
    for image in ["docker20.tar", "docker26-containerd.tar", "oci-zstd.tar", "oci-zstdchunked.tar"] {
        let opened = library::open(&corpus.path(&format!("opaque/{image}")));
        assert_eq!(opened.image.layers.len(), 7, "{image}");
        for (index, layer) in opened.image.layers.iter().enumerate() {
            let truth = corpus.text(&format!("opaque/layers/{index:03}.tsv"));
            let truth: Vec<_> = truth.lines().skip(1).map(entry_columns).collect();
            let scanned = scan(&**layer.blob.as_ref().unwrap(), OnDamage::Fail, &|| false).unwrap();
            let ours: Vec<_> = scanned
                .chunks
                .iter()
                .flat_map(|chunk| chunk.entries().iter().map(|entry| entry_row(chunk, entry)))
                .collect();
            assert_eq!(ours, truth, "{image}: layer {index}");
        }
    }
}

/// Path, type, size, permissions, owner and link target of an entry. Some builders put the file type into the mode.
fn entry_columns(line: &str) -> String {
    let cells: Vec<_> = line.split('\t').collect();
    let mode = u32::from_str_radix(cells[3], 8).unwrap() & 0o7777;
    format!("{} {} {} {mode:o} {} {}", cells[0], cells[1], cells[2], cells[4], cells[5])
}

fn entry_row(chunk: &Chunk, entry: &Entry) -> String {
    let names = chunk.names(entry);
    let path = String::from_utf8(names.path()).unwrap();
    let (folder, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    let (path, letter) = match entry.kind {
        EntryKind::Marker(MarkerKind::Whiteout) => (format!("{folder}{slash}.wh.{name}"), 'f'),
        EntryKind::Marker(MarkerKind::Opaque) => (format!("{path}/.wh..wh..opq"), 'f'),
        EntryKind::Path(PathKind::File) => (path, 'f'),
        EntryKind::Path(PathKind::HardLink) => (path, 'h'),
        EntryKind::Path(PathKind::Symlink) => (path, 'l'),
        EntryKind::Path(PathKind::Directory) => (path, 'd'),
        other => panic!("{path}: no layer of this image has a {other:?}"),
    };
    let link = String::from_utf8_lossy(names.link);
    format!("{path} {letter} {} {:o} {}:{} {link}", entry.size, entry.mode & 0o7777, entry.uid, entry.gid)
}

#[test]
fn layer_totals_match_the_engine() {
    let Some(corpus) = Corpus::here() else { return };
    let images = [
        ("opaque/layers/summary.json", "opaque/docker26.tar"),
        ("many-layers/summary.json", "many-layers/docker26.tar"),
    ];
    for (summary, image) in images {
        let summary: Value = serde_json::from_str(&corpus.text(summary)).unwrap();
        let opened = library::open(&corpus.path(image));
        let tree = &opened.tree;
        let layers = summary["layers"].as_array().unwrap();
        assert_eq!(tree.layer_count(), layers.len(), "{image}");
        assert_eq!(opened.image.history.len() as u64, summary["history"].as_u64().unwrap(), "{image}");
        for ((index, layer), expected) in tree.layers().zip(&opened.image.layers).zip(layers) {
            let scanned = scan(&**layer.blob.as_ref().unwrap(), OnDamage::Fail, &|| false).unwrap();
            let count = |kind| tree.layer_markers(index).iter().filter(|marker| marker.kind == kind).count();
            let ours = [
                scanned.entry_count as u64,
                tree.layer_size_bytes(index),
                count(MarkerKind::Whiteout) as u64,
                count(MarkerKind::Opaque) as u64,
            ];
            let theirs = ["entries", "file_bytes", "whiteouts", "opaque"].map(|key| expected[key].as_u64().unwrap());
            assert_eq!(ours, theirs, "{image}: layer {index}: entries, bytes, whiteouts, opaque markers");
            assert_eq!(layer.diff_id.as_deref(), expected["diff_id"].as_str(), "{image}: layer {index}");
            assert_eq!(layer.created_by, expected["created_by"].as_str().unwrap(), "{image}: layer {index}");
        }
    }
}

/// Docker's manifest has no media types; they come from the index beside it, if there is one.
#[test]
fn media_types_come_from_manifest_or_index() {
    let Some(corpus) = Corpus::here() else { return };
    for (archive, media_type) in [
        ("opaque/docker20.tar", None),
        ("opaque/docker26.tar", Some("application/vnd.oci.image.layer.v1.tar")),
        ("opaque/docker26-containerd.tar", Some("application/vnd.docker.image.rootfs.diff.tar.gzip")),
        ("opaque/oci-gzip.tar", Some("application/vnd.oci.image.layer.v1.tar+gzip")),
    ] {
        let opened = library::open(&corpus.path(archive));
        for layer in &opened.image.layers {
            assert_eq!(layer.media_type.as_deref(), media_type, "{archive}");
        }
        let unpacked: Vec<_> = opened.unpacked_bytes.iter().map(|bytes| bytes.unwrap()).collect();
        let sizes: Vec<_> = opened.tree.layers().map(|layer| opened.tree.layer_size_bytes(layer)).collect();
        assert!(
            unpacked.iter().zip(&sizes).all(|(unpacked, size)| unpacked > size && unpacked % 512 == 0),
            "{archive}"
        );
    }
}
