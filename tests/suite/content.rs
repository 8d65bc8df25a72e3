//! Files read back out of layers. If one of these fails, a user looks at bytes that are not the file's, or extracts them.

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

/// The bytes of a version.
fn content(opened: &Opened, version: SpanId) -> io::Result<Vec<u8>> {
    let body = opened.tree.body(opened.tree.inode(version));
    let blob = opened.image.layers[body.layer.get()].blob.as_ref().expect("the layer is there");
    let mut bytes = Vec::new();
    let opened = open_body_while(blob, body, &mut |_| ControlFlow::Continue(()))?;
    opened.expect("nobody calls it off").read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Every file of every layer, as the `tar` crate unpacks it: by layer and path, one for each entry in their order.
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

/// Compares every version of every path, deleted and overwritten ones too, with what the `tar` crate unpacks.
fn assert_all_versions(what: &str, opened: &Opened) -> usize {
    let tree = &opened.tree;
    let mut truth = unpacked(opened);
    let mut count = 0;
    for version in tree.all_spans().filter(|version| tree.span(*version).kind == SpanKind::File) {
        let span = tree.span(version);
        let path = tree.path(span.node());
        let entries = truth.get_mut(&(span.from().get(), path[1..].to_vec())).unwrap();
        let shown = String::from_utf8_lossy(&path).into_owned();
        // The same path twice in one layer has a version for each entry, in their order.
        assert!(content(opened, version).unwrap() == entries.remove(0), "{what}: {shown} of layer {}", span.from());
        count += 1;
    }
    count
}

#[test]
fn every_version_in_the_sample_reads_back() {
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
        assert_eq!(content(&opened, link).unwrap(), b"second, longer", "a hard link has its inode's bytes");
    }
}

#[test]
fn every_version_in_real_images_reads_back() {
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

/// What a viewer of a version shows when all is there: its rows and how it ended.
fn looked(tree: &Tree, layers: &[ImageLayer], path: &str, at: usize) -> (Vec<String>, Phase) {
    let node = tree.find(path.as_bytes()).unwrap_or_else(|| panic!("no {path}"));
    let version = tree.visible(node, layer(at)).unwrap_or_else(|| panic!("{path} is not in layer {at}"));
    looked_at(tree, layers, version, at)
}

fn looked_at(tree: &Tree, layers: &[ImageLayer], version: SpanId, at: usize) -> (Vec<String>, Phase) {
    let (mut viewer, request) = Viewer::open(7, tree, layers, version, layer(at));
    viewer.resize(20, 60);
    if let Some(request) = request {
        let mut told = Vec::new();
        fetch(&request, &AtomicBool::new(false), &mut |fetched| told.push(fetched));
        for fetched in told {
            viewer.fetched(fetched);
        }
    }
    let rows = viewer.rows().iter().map(|row| row.text.clone());
    (rows.collect(), viewer.status().phase)
}

#[test]
fn a_path_without_bytes_says_what_it_is() {
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
    let look = |path| looked(&opened.tree, &opened.image.layers, path, 0);
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
    assert_eq!(words("to-dir"), ["A symbolic link to dir, which is /dir", "A directory with 2 entries"]);
    assert_eq!(words("nowhere"), ["A symbolic link to no/such: it leads to /no, which is not", "there"]);
    let caf = "A symbolic link to caf\\xe9: it leads to /caf\\xe9, which is not there";
    assert_eq!(words("latin1").join(" "), caf, "one name, one way to write it");
    assert_eq!(words("empty-link").join(" "), "A symbolic link without a target");
    assert_eq!(words("loop"), ["A symbolic link to loop: it leads back to itself"]);
    for path in ["dir/f", "hard", "to-file", "to-link"] {
        assert_eq!(look(path), (vec!["hello".to_owned(), "world".to_owned()], Phase::Complete), "{path}");
    }
    let (rows, phase) = look("sparse");
    assert!(matches!(&phase, Phase::Failed(why) if why.contains("is a sparse file")), "{phase:?}");
    assert!(rows.concat().contains("sparse file"), "{rows:?}");
}

/// Names come from anybody: one that turns the line makes another name of the one that is shown.
#[test]
fn what_is_said_of_a_path_is_fit_to_print() {
    let file = built().layer(|l| l.symlink("evil", "\u{202e}txt\u{1b}[2J")).save(Format::DockerArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let tree = &opened.tree;
    let evil = tree.visible(tree.find(b"evil").unwrap(), layer(0)).unwrap();
    let (viewer, _) = Viewer::open(1, tree, &opened.image.layers, evil, layer(0));
    let name = "\\u{202e}txt\\x1b[2J";
    assert_eq!(viewer.words(), [format!("A symbolic link to {name}: it leads to /{name}, which is not there")]);
}

#[test]
fn versions_that_are_gone_can_be_looked_at() {
    let file = built()
        .layer(|l| l.file("f", "first").symlink("link", "f").gzip())
        .layer(|l| l.file("f", "second").whiteout("link").zstd())
        .layer(|l| l.whiteout("f"))
        .save(Format::OciArchive);
    let opened = library::open(file.path().to_str().unwrap());
    let (tree, layers) = (&opened.tree, &opened.image.layers);
    let shown = |path: &str| -> Vec<String> {
        let versions: Vec<_> = tree.history(tree.find(path.as_bytes()).unwrap());
        let versions = versions.into_iter().filter(|event| !event.deed.removes());
        versions.flat_map(|event| looked_at(tree, layers, event.version.unwrap(), 2).0).collect()
    };
    assert_eq!(shown("f"), ["first", "second"]);
    assert_eq!(shown("link"), ["first"], "as of the layer that had it");
}

/// A layer that breaks off in the middle of a file: what comes before is shown, and where it ends is told.
#[test]
fn a_damaged_layer_shows_what_there_is() {
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
    assert_eq!(looked(&opened.tree, &opened.image.layers, "before", 0).0, ["sound"]);
    let (rows, phase) = looked(&opened.tree, &opened.image.layers, "noise", 0);
    let Phase::Failed(why) = phase else { panic!("{phase:?}") };
    assert!(why.starts_with("layer 0 (") && why.contains("the file at offset 1536 cannot be read: "), "{why}");
    assert!(why.contains("gzip data, near compressed offset"), "{why}");
    assert_eq!(rows.len(), 20, "what could be unpacked is shown");
}

#[test]
fn a_file_whose_header_announces_more_than_follows_shows_what_follows() {
    let path = fixture("broken/huge-declared-size.tar");
    let opened = Opener::new().on_damage(OnDamage::Remark).open(path).unwrap();
    assert_eq!(looked(&opened.tree, &opened.image.layers, "huge", 1).0, ["only these bytes"]);
}

/// A fixture's own words, found and gone to as a user would.
#[test]
fn a_program_of_two_megabytes_is_looked_into() {
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

/// A viewer that closes must not leave a thread at work on gigabytes.
#[test]
fn fetching_stops_when_it_is_called_off() {
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
        assert!(count <= 2, "{count} messages from a fetch that nobody wants");
    }
}
