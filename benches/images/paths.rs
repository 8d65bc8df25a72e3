//! Path names of generated images: words of a small pool with numbers, so that names share prefixes as real ones do.

use std::sync::LazyLock;

const STEMS: [&str; 16] = [
    "config",
    "index",
    "libcrypto",
    "README",
    "messages",
    "util",
    "package",
    "test_io",
    "zoneinfo",
    "schema",
    "main",
    "parser",
    "locale",
    "handler",
    "types",
    "LICENSE",
];
const ENDINGS: [&str; 8] = [".json", ".js", ".so.3", ".md", ".mo", ".py", "", ".d.ts"];

/// `usr/share/PACKAGE/FOLDER/FILE`: 50 files a folder, 10 folders a package.
pub(super) fn system(at: u64) -> String {
    format!("usr/share/{}-{}/{}-{}/{}", word(at / 500), at / 500, word(at / 50 + 3), at / 50 % 10, file_name(at))
}

/// As [`system`], 6 files a folder, 5 folders a package.
pub(super) fn application(at: u64) -> String {
    format!("srv/node_modules/{}-{}/{}{}/{}", word(at / 30), at / 30, word(at / 6), at / 6 % 5, file_name(at))
}

/// A file of the large flat directory.
pub(super) fn object(at: u64) -> String {
    format!("data/objects/{:016x}", mixed(at))
}

/// A two-letter name.
pub(super) fn level(at: u64) -> String {
    [at / 26, at].iter().map(|letter| char::from(b'a' + (letter % 26) as u8)).collect()
}

/// The parent path.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(at: u64) -> String {
    format!("{}_{}{}", word(at), at % 500, ENDINGS[(mixed(at) >> 50) as usize % ENDINGS.len()])
}

fn word(at: u64) -> &'static str {
    STEMS[(mixed(at) >> 40) as usize % STEMS.len()]
}

/// The content of a file: up to 500 bytes, cut from a text that compresses like prose.
pub(super) fn body(seed: u64) -> &'static [u8] {
    const LONGEST: usize = 500;
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let words: Vec<_> = (0..8000).map(|at| format!("{} {}", word(at), mixed(at) >> 56)).collect();
        words.join(" ")
    });
    let start = (mixed(seed) >> 20) as usize % (TEXT.len() - LONGEST);
    &TEXT.as_bytes()[start..=start + (mixed(seed) >> 44) as usize % LONGEST]
}

/// A reproducible pseudo-random number.
const fn mixed(at: u64) -> u64 {
    (at + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
