//! Reads files back out of layers. A failure means that the viewer or the extraction shows wrong contents.

use std::collections::HashMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use dive::config::Action;
use dive::tui::state::viewer::{Phase, Viewer, fetch};
use dive_model::Opener;
use dive_model::compression::Compression;
use dive_model::image::ImageLayer;
use dive_model::layer::content::open_body_while;
use dive_model::remark::OnDamage;
use dive_model::tree::{SpanId, SpanKind, Tree};

use crate::build::{Format, Packing, image as built, layer};
use crate::library;
use crate::place::{Corpus, fixture, sample};
use dive_model::Opened;

/// The content of a version.
fn content(opened: &Opened, version: SpanId) -> io::Result<Vec<u8>> {
    let body = opened.tree.body(opened.tree.inode(version));
    let blob = opened.image.layers[body.layer.get()].blob.as_ref().expect("the layer is there");
    let mut bytes = Vec::new();
    let opened = open_body_while(blob, body, &mut |_| ControlFlow::Continue(()))?;
    opened.expect("nobody calls it off").read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every file of every layer as unpacked by the `tar` crate, by layer and path, in the order of entries.
fn unpacked(opened: &Opened) -> HashMap<(usize, Vec<u8>), Vec<Vec<u8>>> {
    let mut files: HashMap<_, Vec<Vec<u8>>> = HashMap::new();
    for (at, layer) in opened.image.layers.iter().enumerate() {
        let packed = layer.blob.as_ref().unwrap().reader();
        let tar: Box<dyn Read> = match opened.compressions[at].unwrap() {
            Compression::None => Box::new(packed),
            Compression::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(packed).unwrap()),
            Compression::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
            Compression::Xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(packed)),
        };
        let mut archive = tar::Archive::new(tar);
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if entry.header().entry_type().is_file() {
                let mut path = Vec::new();
                dive_model::layer::path::normalise(&entry.path_bytes(), &mut path);
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                files.entry((at, path)).or_default().push(bytes);
            }
        }
    }
    files
}

/// Compares every version of every path, including deleted and overwritten ones, with the `tar` crate.
fn assert_all_versions(what: &str, opened: &Opened) -> usize {
    let tree = &opened.tree;
    let mut truth = unpacked(opened);
    let mut count = 0;
    for version in tree.all_spans().filter(|version| tree.span(*version).kind == SpanKind::File) {
        let span = tree.span(version);
        let path = tree.path(span.node());
        let entries = truth.get_mut(&(span.from().get(), path[1..].to_vec())).unwrap();
        let shown = String::from_utf8_lossy(&path).into_owned();
        // A path twice in one layer has a version for each entry, in their order.
        assert!(content(opened, version).unwrap() == entries.remove(0), "{what}: {shown} of layer {}", span.from());
        count += 1;
    }
    count
}

#[test]
fn every_version_of_the_sample_reads_back() {
    assert_eq!(assert_all_versions("sample.tar", &library::open(&sample())), 29);
}

#[test]
fn every_version_reads_back_from_every_compression() {
    let case = |packing| {
        built()
            .layer(|l| l.file("a", "first").file("twice", "one").file("twice", "two").packed(packing))
            .layer(|l| l.file("a", "second, longer").hardlink("b", "a").file("gone", "x").packed(packing))
            .layer(|l| l.whiteout("gone").file("big", vec![7; 300_000]).packed(packing))
    };
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let file = case(packing).save(Format::OciArchive);
        let opened = library::open(file.path().to_str().unwrap());
        assert_eq!(assert_all_versions(&format!("{packing:?}"), &opened), 6);
        let tree = &opened.tree;
        let link = tree.visible(tree.find(b"b").unwrap(), layer(1)).unwrap();
        assert_eq!(content(&opened, link).unwrap(), b"second, longer", "content of the hard link");
    }
}

#[test]
fn every_version_of_real_images_reads_back() {
    let Some(corpus) = Corpus::here() else { return };
    for name in [
        "opaque/docker26.tar",
        "opaque/oci-gzip.tar",
        "opaque/oci-zstdchunked.tar",
        "opaque/oci-estargz.tar",
        "variants/opaque-buildx-mixed-compression-docker.tar",
        "variants/dup-layers-docker20.tar",
        "broken/layer-gzip-multimember.tar",
        "broken/layer-zstd-multiframe-skippable.tar",
        "broken/duplicate-entries.tar",
        "broken/pax-size-override.tar",
        "broken/hardlink-cases.tar",
    ] {
        let count = assert_all_versions(name, &library::open(&corpus.path(name)));
        assert!(count > 0, "{name}");
    }
}

/// The rows of a viewer and its final phase, once all content has arrived.
fn viewed(tree: &Tree, layers: &[ImageLayer], path: &str, at: usize) -> (Vec<String>, Phase) {
    let node = tree.find(path.as_bytes()).unwrap_or_else(|| panic!("no {path}"));
    let version = tree.visible(node, layer(at)).unwrap_or_else(|| panic!("{path} is not in layer {at}"));
    viewed_version(tree, layers, version, at)
}

fn viewed_version(tree: &Tree, layers: &[ImageLayer], version: SpanId, at: usize) -> (Vec<String>, Phase) {
    let (mut viewer, request) = Viewer::open(7, tree, layers, version, layer(at));
    viewer.resize(20, 60);
    if let Some(request) = request {
        let mut reports = Vec::new();
        fetch(&request, &AtomicBool::new(false), &mut |fetched| reports.push(fetched));
        for fetched in reports {
            viewer.fetched(fetched);
        }
    }
    let rows = viewer.rows().iter().map(|row| row.text.clone());
    (rows.collect(), viewer.status().phase)
}

#[test]
fn viewer_describes_paths_without_content() {
    let file = built()
        .layer(|l| {
            l.dir("dir/sub")
                .file("dir/f", "hello\nworld\n")
                .file("empty", "")
                .symlink("to-file", "dir/f")
                .symlink("to-link", "to-file")
                .symlink("to-dir", "dir")
                .symlink("nowhere", "no/such")
                .symlink("loop", "loop")
                .symlink("latin1", b"caf\xe9")
                .symlink("empty-link", "")
                .hardlink("hard", "dir/f")
                .char_device("null", 1, 3)
                .fifo("pipe")
                .sparse_file("sparse", "data", 1 << 20)
        })
        .save(Format::DockerArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let look = |path| viewed(&opened.tree, &opened.image.layers, path, 0);
    let words = |path| {
        let (rows, phase) = look(path);
        assert_eq!(phase, Phase::NoContent, "{path}");
        rows
    };
    assert_eq!(words("dir"), ["A directory with 2 entries"]);
    assert_eq!(words("dir/sub"), ["An empty directory"]);
    assert_eq!(words("empty"), ["The file is empty"]);
    assert_eq!(words("null"), ["A character device, 1:3"]);
    assert_eq!(words("pipe"), ["A named pipe"]);
    assert_eq!(words("to-dir"), ["A symbolic link to dir, which resolves to /dir", "A directory with 2 entries"]);
    assert_eq!(words("nowhere"), ["A symbolic link to no/such: it leads to /no, which does not", "exist"]);
    let caf = "A symbolic link to caf\\xe9: it leads to /caf\\xe9, which does not exist";
    assert_eq!(words("latin1").join(" "), caf, "escaped name");
    assert_eq!(words("empty-link").join(" "), "A symbolic link without a target");
    assert_eq!(words("loop"), ["A symbolic link to loop: it leads back to itself"]);
    for path in ["dir/f", "hard", "to-file", "to-link"] {
        assert_eq!(look(path), (vec!["hello".to_owned(), "world".to_owned()], Phase::Complete), "{path}");
    }
    let (rows, phase) = look("sparse");
    assert!(matches!(&phase, Phase::Failed(why) if why.contains("is a sparse file")), "{phase:?}");
    assert!(rows.concat().contains("sparse file"), "{rows:?}");
}

/// A name from an image must not reverse the text around it on the screen.
#[test]
fn viewer_escapes_control_characters() {
    let file = built().layer(|l| l.symlink("evil", "\u{202e}txt\u{1b}[2J")).save(Format::DockerArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let tree = &opened.tree;
    let evil = tree.visible(tree.find(b"evil").unwrap(), layer(0)).unwrap();
    let (viewer, _) = Viewer::open(1, tree, &opened.image.layers, evil, layer(0));
    let name = "\\u{202e}txt\\x1b[2J";
    assert_eq!(viewer.notes(), [format!("A symbolic link to {name}: it leads to /{name}, which does not exist")]);
}

#[test]
fn viewer_shows_deleted_and_overwritten_versions() {
    let file = built()
        .layer(|l| l.file("f", "first").symlink("link", "f").gzip())
        .layer(|l| l.file("f", "second").whiteout("link").zstd())
        .layer(|l| l.whiteout("f"))
        .save(Format::OciArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let (tree, layers) = (&opened.tree, &opened.image.layers);
    let shown = |path: &str| -> Vec<String> {
        let versions: Vec<_> = tree.history(tree.find(path.as_bytes()).unwrap());
        let versions = versions.into_iter().filter(|event| !event.action.removes());
        versions.flat_map(|event| viewed_version(tree, layers, event.version.unwrap(), 2).0).collect()
    };
    assert_eq!(shown("f"), ["first", "second"]);
    assert_eq!(shown("link"), ["first"], "target in the layer of the link");
}

/// A layer damaged in the middle of a file: shows the content before the damage and reports its position.
#[test]
fn viewer_shows_content_before_the_damage() {
    let noise: Vec<u8> =
        (0..100_000u64).flat_map(|at| xxhash_rust::xxh3::xxh3_64(&at.to_le_bytes()).to_le_bytes()).collect();
    let built = built().layer(|l| l.file("before", "sound").file("noise", &noise).file("after", "lost").gzip());
    let mut archive = built.archive(Format::DockerArchive);
    let middle = archive.len() / 2;
    archive[middle..middle + 100_000].fill(0xff);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), archive).unwrap();

    let opened = Opener::new().on_damage(OnDamage::Remark).open(file.path()).unwrap();
    assert!(opened.tree.find(b"after").is_none());
    assert_eq!(viewed(&opened.tree, &opened.image.layers, "before", 0).0, ["sound"]);
    let (rows, phase) = viewed(&opened.tree, &opened.image.layers, "noise", 0);
    let Phase::Failed(why) = phase else { panic!("{phase:?}") };
    assert!(why.starts_with("layer 0 (") && why.contains("the file at offset 1536 cannot be read: "), "{why}");
    assert!(why.contains("gzip data, near compressed offset"), "{why}");
    assert_eq!(rows.len(), 20, "rows before the damage");
}

#[test]
fn viewer_shows_a_truncated_file() {
    let path = fixture("broken/huge-declared-size.tar");
    let opened = Opener::new().on_damage(OnDamage::Remark).open(path).unwrap();
    assert_eq!(viewed(&opened.tree, &opened.image.layers, "huge", 1).0, ["only these bytes"]);
}

/// Opens a real binary as a user would.
#[test]
fn viewer_shows_a_large_binary() {
    let opened = library::open(&sample());
    let (tree, layers) = (&opened.tree, &opened.image.layers);
    let busybox = tree.visible(tree.find(b"bin/busybox").unwrap(), layer(6)).unwrap();
    let (mut viewer, request) = Viewer::open(1, tree, layers, busybox, layer(6));
    viewer.resize(10, 100);
    fetch(&request.unwrap(), &AtomicBool::new(false), &mut |fetched| drop(viewer.fetched(fetched)));
    assert!(viewer.rows()[0].text.starts_with("7f 45 4c 46 "), "{:?}", viewer.rows()[0]);
    assert!(viewer.rows()[0].text.contains("|.ELF"), "{:?}", viewer.rows()[0]);
    viewer.act(Action::LastRow);
    assert_eq!(viewer.status().percent, 100);
    assert_eq!(viewer.status().size, 1_982_256);
    assert_eq!(viewer.title(), "/bin/busybox");
}

/// Closing a viewer must stop its thread, even in a file of gigabytes.
#[test]
fn closed_viewer_stops_reading() {
    let file = built()
        .layer(|l| l.file("pad", vec![1; 3_000_000]).file("f", vec![b'x'; 3_000_000]).gzip())
        .save(Format::OciArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let (tree, layers) = (&opened.tree, &opened.image.layers);
    for path in [&b"pad"[..], b"f"] {
        let version = tree.visible(tree.find(path).unwrap(), layer(0)).unwrap();
        let (_, request) = Viewer::open(1, tree, layers, version, layer(0));
        let mut count = 0;
        fetch(&request.unwrap(), &AtomicBool::new(true), &mut |_| count += 1);
        assert!(count <= 2, "{count} messages after cancellation");
    }
}
