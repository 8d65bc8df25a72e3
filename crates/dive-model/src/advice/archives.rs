//! Archives that an image keeps although they were unpacked or installed. A program may read an archive, so its name proves
//! nothing: either a RUN names it, or a directory of its name is beside it.

use std::collections::{HashMap, HashSet};

use super::below::Below;
use super::remedy::instruction_of;
use crate::image::{Image, is_expansion};
use crate::tree::{NodeId, Tree};

/// Endings of archives that unpack into a directory of their name, and of packages.
const ARCHIVES: [&str; 14] = [
    ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".tar", ".zip", ".deb", ".rpm", ".whl",
    ".run", ".apk",
];

/// Directories that archives are unpacked in. A program may read those in the last one.
const PLACES: [&[u8]; 6] = [b"tmp", b"var/tmp", b"root", b"usr/src", b"usr/local/src", b"opt"];

/// Programs that fetch files.
const FETCHING: [&str; 3] = ["curl", "wget", "aria2c"];

/// Programs that unpack, install or run archives.
const UNPACKING: [&str; 16] = [
    "tar", "bsdtar", "unzip", "7z", "7za", "dpkg", "apt", "apt-get", "rpm", "dnf", "yum", "apk", "pip", "pip3", "sh",
    "bash",
];

/// The visible archives that were unpacked or installed.
pub(super) fn kept(image: &Image, tree: &Tree) -> HashSet<NodeId> {
    let is_archive = |node: &NodeId| ARCHIVES.iter().any(|ending| tree.name(*node).ends_with(ending.as_bytes()));
    let mut archives = in_places(tree);
    archives.retain(is_archive);
    if archives.is_empty() {
        return HashSet::new();
    }
    let named = NamedArchives::of(image, tree);
    let [temporary @ .., optional] = PLACES;
    let (temporary, optional) = (Below::of(tree, &temporary, &[]), Below::of(tree, &[optional], &[]));
    let mut directories: HashMap<NodeId, HashSet<&[u8]>> = HashMap::new();
    let mut has_directory = |node: NodeId, name: &[u8]| {
        let Some(parent) = tree.parent(node) else { return false };
        let of_parent = directories.entry(parent).or_insert_with(|| {
            let visible = |child: &NodeId| {
                let newest = tree.spans(*child).next().map(|id| tree.span(id));
                newest.is_some_and(|span| span.end().is_none() && span.kind.is_directory())
            };
            tree.children(parent).filter(visible).map(|child| tree.name(child)).collect()
        });
        of_parent.contains(name)
    };
    let is_kept = |node: &NodeId| {
        let name = tree.name(*node);
        let is_temporary = temporary.contains(*node) || tree.parent(*node) == Some(NodeId::ROOT);
        if !is_temporary && !optional.contains(*node) {
            return false;
        }
        let stem = ARCHIVES.iter().find_map(|ending| name.strip_suffix(ending.as_bytes()));
        (is_temporary && named.fetched.contains(name))
            || named.unpacked.contains(name)
            || stem.is_some_and(|stem| has_directory(*node, stem))
    };
    archives.into_iter().filter(is_kept).collect()
}

/// The visible files in the root directory and below [`PLACES`], which are few.
fn in_places(tree: &Tree) -> Vec<NodeId> {
    let is_file = |node: &NodeId| {
        let mut spans = tree.spans(*node).map(|id| tree.span(id));
        spans.any(|span| span.end().is_none() && span.kind.is_file() && span.size > 0)
    };
    let mut files: Vec<NodeId> = tree.children(NodeId::ROOT).filter(is_file).collect();
    let mut pending: Vec<NodeId> = PLACES.iter().filter_map(|place| tree.find(place)).collect();
    while let Some(node) = pending.pop() {
        for child in tree.children(node) {
            if is_file(&child) {
                files.push(child);
            }
            pending.push(child);
        }
    }
    files
}

/// The last components of the words of commands.
#[derive(Default)]
struct ArchiveNames {
    names: HashSet<Vec<u8>>,
    /// Names with variables or `*`.
    patterns: Vec<String>,
}

impl ArchiveNames {
    fn add(&mut self, word: &str) {
        let word = word.split(['?', '#']).next().unwrap_or(word);
        let name = word.rsplit('/').next().unwrap_or(word);
        if !ARCHIVES.iter().any(|ending| name.ends_with(ending)) {
            return;
        }
        if name.contains(['$', '*']) {
            self.patterns.push(name.replace('*', "${X}"));
        } else {
            self.names.insert(name.as_bytes().to_vec());
        }
    }

    fn contains(&self, name: &[u8]) -> bool {
        let matches = |name: &str| self.patterns.iter().any(|pattern| is_expansion(pattern, name));
        self.names.contains(name) || std::str::from_utf8(name).is_ok_and(matches)
    }
}

/// Files that RUNs name.
struct NamedArchives {
    fetched: ArchiveNames,
    unpacked: ArchiveNames,
}

/// Maximum number of different patterns. Each is compared with each archive.
const MAX_PATTERNS: usize = 1_000;

impl NamedArchives {
    fn of(image: &Image, tree: &Tree) -> Self {
        let (mut fetched, mut unpacked) = (ArchiveNames::default(), ArchiveNames::default());
        for command in tree.layers().flat_map(|layer| instruction_of(image, layer).commands()) {
            let names = match command.name() {
                name if FETCHING.contains(&name) => &mut fetched,
                name if UNPACKING.contains(&name) => &mut unpacked,
                _ => continue,
            };
            command.arguments().iter().for_each(|word| names.add(word));
        }
        for names in [&mut fetched, &mut unpacked] {
            names.patterns.sort();
            names.patterns.dedup();
            names.patterns.truncate(MAX_PATTERNS);
        }
        Self { fetched, unpacked }
    }
}
