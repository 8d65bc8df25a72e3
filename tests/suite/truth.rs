//! File systems as engines made them (`*.truth.tsv`), in a form that can be compared with listings.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// Compared columns: path, type, size, mode, owner, link target.
const COLUMNS: usize = 6;

/// The rows of a listing in byte order, without comments, further columns, and sizes of directories and symlinks.
pub(crate) fn rows(listing: &str) -> Vec<String> {
    let mut rows: Vec<_> = listing.lines().filter(|line| !line.starts_with('#')).map(row).collect();
    rows.sort_unstable();
    rows
}

fn row(line: &str) -> String {
    let mut row = String::with_capacity(line.len());
    let mut sizeless = false;
    for (column, cell) in line.split('\t').take(COLUMNS).enumerate() {
        sizeless |= column == 1 && matches!(cell, "d" | "l");
        if column > 0 {
            row.push('\t');
        }
        row.push_str(if column == 2 && sizeless { "0" } else { cell });
    }
    row
}

/// The rows of a file, which may be compressed with xz.
pub(crate) fn read(path: &str) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    if Path::new(path).extension().is_some_and(|extension| extension == "xz") {
        let mut text = String::new();
        liblzma::read::XzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        return rows(&text);
    }
    rows(&String::from_utf8(bytes).unwrap())
}

/// Fails with the first differences.
pub(crate) fn assert_same(what: &str, truth: &[String], ours: &[String]) {
    if truth == ours {
        return;
    }
    let (truth, ours): (BTreeSet<_>, BTreeSet<_>) = (truth.iter().collect(), ours.iter().collect());
    let missing: Vec<_> = truth.difference(&ours).take(5).collect();
    let extra: Vec<_> = ours.difference(&truth).take(5).collect();
    panic!("{what}: not the engine's file system\n  missing: {missing:#?}\n  extra: {extra:#?}");
}
