//! Extracts real images and compares names, types, permissions, sizes, contents and links with the engine's mount. A
//! failure means that extracted files differ from those of a container.

use std::collections::HashMap;
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use dive_model::extract::Options;

use super::case_of;
use crate::library;
use crate::place::{Corpus, fixture};

/// A line of a listing: the path, and the attributes that extraction writes.
type Row = (String, String);

/// Path, type, size, permissions without special bits, link target.
fn truth(line: &str) -> Row {
    let cells: Vec<&str> = line.split('\t').collect();
    let whole = u32::from_str_radix(cells[3], 8).unwrap();
    // Without the sticky bit, directories must not be writable by others.
    let mode = if whole & 0o1000 == 0 { whole & 0o777 } else { whole & 0o755 };
    let rest = match cells[1] {
        "d" => format!("d {:o}", mode | 0o700),
        "l" => format!("l -> {}", cells[5]),
        kind => format!("{kind} {} {mode:o}", cells[2]),
    };
    (cells[0].to_owned(), rest)
}

fn on_disk(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            let rest = if metadata.is_symlink() {
                format!("l -> {}", escaped(path.read_link().unwrap().as_os_str().as_bytes()))
            } else if metadata.is_dir() {
                ahead.push(path.clone());
                format!("d {mode:o}")
            } else {
                format!("f {} {mode:o}", metadata.len())
            };
            rows.push((escaped(path.strip_prefix(folder).unwrap().as_os_str().as_bytes()), rest));
        }
    }
    rows.sort();
    rows
}

/// Names as in the corpus listings, with other bytes escaped.
fn escaped(name: &[u8]) -> String {
    name.utf8_chunks().fold(String::new(), |mut text, chunk| {
        for letter in chunk.valid().chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '\t' => text.push_str("\\t"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                letter if letter.is_ascii_control() => write!(text, "\\x{:02x}", letter as u32).unwrap(),
                letter => text.push(letter),
            }
        }
        chunk.invalid().iter().for_each(|byte| write!(text, "\\x{byte:02x}").unwrap());
        text
    })
}

#[track_caller]
fn assert_extracts(image: &str, listing: &str) {
    let case = case_of(library::open(image));
    let report = case.extract(Options::default());
    assert_eq!(report.skipped.count(), 0, "{image}: {:?}", report.skipped.kept.first());
    let text = std::fs::read_to_string(listing).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut expected: Vec<Row> = lines.iter().map(|line| truth(line)).collect();
    expected.sort();
    let found = on_disk(&case.out());
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "{image}");
    }
    assert_eq!(found.len(), expected.len(), "{image}");
    assert_contents(image, &case.out(), &lines);
}

/// Compares SHA-256 sums and hard links, if the listing has them.
fn assert_contents(image: &str, out: &Path, lines: &[&str]) {
    let mut groups: HashMap<&str, u64> = HashMap::new();
    let mut sums: HashMap<u64, (PathBuf, &str)> = HashMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [path, "f", _, _, _, _, _, _, _, sum, _, group] = cells[..] else { continue };
        // Names with escapes are skipped.
        if path.contains('\\') || sum.is_empty() {
            continue;
        }
        let path = out.join(path);
        let inode = path.metadata().unwrap().ino();
        if !group.is_empty() {
            assert_eq!(*groups.entry(group).or_insert(inode), inode, "{image}: {} is not hard-linked", path.display());
        }
        sums.insert(inode, (path, sum));
    }
    let files: Vec<&(PathBuf, &str)> = sums.values().collect();
    for some in files.chunks(500) {
        let Ok(output) = Command::new("sha256sum").args(some.iter().map(|(path, _)| path)).output() else { return };
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!(printed.lines().count(), some.len());
        for (line, (path, sum)) in printed.lines().zip(some) {
            assert!(line.starts_with(sum), "{image}: {} has the wrong content", path.display());
        }
    }
}

#[test]
fn sample_extracts_like_its_container() {
    assert_extracts(&fixture("sample.tar"), &fixture("sample.truth.tsv"));
}

#[test]
fn real_images_extract_like_their_containers() {
    let Some(corpus) = Corpus::here() else { return };
    let images = [
        ("opaque/docker20.tar", "opaque/truth.tsv"),
        ("opaque/docker20.tar.gz", "opaque/truth.tsv"),
        ("opaque/docker26-containerd.tar", "opaque/truth.tsv"),
        ("opaque/oci-zstd.tar", "opaque/truth.tsv"),
        ("opaque/oci-dir", "opaque/truth.tsv"),
        ("variants/opaque-buildx-mixed-compression-docker.tar", "opaque/truth.tsv"),
        ("variants/dup-layers-docker20.tar", "variants/dup-layers.truth.tsv"),
        ("variants/opaque-buildah-oci.tar", "variants/opaque-buildah.truth.tsv"),
        ("variants/opaque-classic-vfs-docker20.tar", "variants/opaque-classic.truth.tsv"),
        ("many-layers/docker26.tar", "many-layers/truth.tsv"),
    ];
    for (image, truth) in images {
        assert_extracts(&corpus.path(image), &corpus.path(truth));
    }
}
