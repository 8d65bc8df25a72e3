//! Archives that an image keeps although they were unpacked or installed. A program may read an archive, so its name proves
//! nothing: either a RUN names it or its directory, or a directory of its name is beside it.

use std::collections::{HashMap, HashSet};

use super::below::Below;
use super::place::instruction_of;
use super::shell_commands::ShellCommand;
use super::start_command::MentionedNames;
use super::wheels::WheelPlaces;
use crate::image::{Image, PatternLiterals};
use crate::tree::{NodeId, SpanKind, Tree};

/// Endings of archives of tar.
pub(super) const OF_TAR: [&str; 9] =
    [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar.zst", ".tzst"];

/// Endings of other archives that unpack into a directory of their name.
const OTHERS: [&str; 2] = [".zip", ".run"];

/// Endings of packages.
pub(super) const OF_PACKAGES: [&str; 4] = [".deb", ".rpm", ".whl", ".apk"];

/// The name of an archive without its ending; `None` for other files.
pub(super) fn stem(name: &[u8]) -> Option<&[u8]> {
    OF_TAR.iter().chain(&OTHERS).chain(&OF_PACKAGES).find_map(|ending| name.strip_suffix(ending.as_bytes()))
}

/// Directories that archives are unpacked in. A program may read those in the last one.
const PLACES: [&[u8]; 6] = [b"tmp", b"var/tmp", b"root", b"usr/src", b"usr/local/src", b"opt"];

/// Programs that fetch files.
const FETCHERS: [&str; 3] = ["curl", "wget", "aria2c"];

/// Archives that programs of the image read: `docker-php-ext-install` of the official image.
const NEEDED: [&[u8]; 1] = [b"usr/src/php.tar.xz"];

/// Programs that unpack or run archives. Package managers install them.
const UNPACKING: [&str; 5] = ["unzip", "7z", "7za", "sh", "bash"];

/// The visible archives that were unpacked or installed.
pub(super) fn kept(image: &Image, tree: &Tree) -> HashSet<NodeId> {
    let mentioned = MentionedNames::of(&image.start_command, &image.places);
    let wheels = WheelPlaces::of(image, tree, &mentioned);
    let mut archives = in_places(tree, &wheels);
    archives.retain(|node| tree.name(*node).len() <= MAX_NAME && stem(tree.name(*node)).is_some());
    if archives.is_empty() {
        return HashSet::new();
    }
    let linked = names_in_links(tree);
    let named = NamedArchives::of(image, tree);
    let needed: Vec<NodeId> = NEEDED.iter().filter_map(|path| tree.find(path)).collect();
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
        if named.created.contains(name) || needed.contains(node) {
            return false;
        }
        // A container may read it.
        if mentioned.contain(name) || linked.contains(name) {
            return false;
        }
        if wheels.contain(tree, *node) {
            return true;
        }
        let is_temporary = temporary.contains(*node) || tree.parent(*node) == Some(NodeId::ROOT);
        if !is_temporary && !optional.contains(*node) {
            return false;
        }
        (is_temporary && named.fetched.contains(name))
            || named.unpacked.contains(name)
            || stem(name).is_some_and(|stem| has_directory(*node, stem))
    };
    archives.into_iter().filter(is_kept).collect()
}

/// The last components of the targets of visible symbolic links, of those that end like an archive.
fn names_in_links(tree: &Tree) -> HashSet<&[u8]> {
    let visible = tree.all_spans().filter(|id| {
        let span = tree.span(*id);
        span.end().is_none() && span.kind == SpanKind::Symlink
    });
    let names = visible.filter_map(|id| tree.link(id).rsplit(|byte| *byte == b'/').next());
    names.filter(|name| stem(name).is_some()).collect()
}

/// The visible files in the root directory, below [`PLACES`], and where pip found packages. They are few.
fn in_places(tree: &Tree, wheels: &WheelPlaces) -> Vec<NodeId> {
    let is_file = |node: &NodeId| {
        let mut spans = tree.spans(*node).map(|id| tree.span(id));
        spans.any(|span| span.end().is_none() && span.kind.is_file() && span.size > 0)
    };
    let directories = std::iter::once(NodeId::ROOT).chain(wheels.directories().collect::<HashSet<_>>());
    let mut files: Vec<NodeId> = directories.flat_map(|node| tree.children(node)).filter(is_file).collect();
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
    patterns: HashSet<PatternLiterals>,
}

/// Maximum number of different patterns. Each is compared with each archive.
const MAX_PATTERNS: usize = 64;

/// Length of a name in a file system. Longer ones could make each comparison slow.
const MAX_NAME: usize = 255;

impl ArchiveNames {
    fn add(&mut self, word: &str) {
        let word = word.split(['?', '#']).next().unwrap_or(word);
        let name = word.rsplit('/').next().unwrap_or(word);
        if name.len() > MAX_NAME || stem(name.as_bytes()).is_none() {
            return;
        }
        if name.contains(['$', '*']) {
            if self.patterns.len() < MAX_PATTERNS {
                self.patterns.insert(PatternLiterals::of(&name.replace('*', "${X}")));
            }
        } else {
            self.names.insert(name.as_bytes().to_vec());
        }
    }

    fn contains(&self, name: &[u8]) -> bool {
        let matches = |name: &str| self.patterns.iter().any(|pattern| pattern.matches(name));
        self.names.contains(name) || std::str::from_utf8(name).is_ok_and(matches)
    }
}

/// Files that RUNs name.
#[derive(Default)]
struct NamedArchives {
    fetched: ArchiveNames,
    unpacked: ArchiveNames,
    /// Archives that a RUN makes are its result.
    created: ArchiveNames,
}

/// What a command does with the archives that it names.
enum ArchiveUse {
    Fetches,
    Unpacks,
    Creates,
}

impl ArchiveUse {
    fn of(command: &ShellCommand) -> Option<Self> {
        let first = command.arguments().first().map_or("", String::as_str);
        match command.name() {
            name if FETCHERS.contains(&name) => Some(Self::Fetches),
            "tar" | "bsdtar" if is_tar_mode(command, 'x', &["--extract", "--get"]) => Some(Self::Unpacks),
            "tar" | "bsdtar" if is_tar_mode(command, 'c', &["--create"]) => Some(Self::Creates),
            "tar" | "bsdtar" => None,
            "7z" | "7za" if ["a", "u"].contains(&first) => Some(Self::Creates),
            "zip" => Some(Self::Creates),
            name if UNPACKING.contains(&name) || command.package_manager().is_some() => Some(Self::Unpacks),
            _ => None,
        }
    }
}

/// True for the mode of tar in `xzf`, `-xzf`, `-C / -xf` or a long option. Letters after `f` are a name.
fn is_tar_mode(command: &ShellCommand, mode: char, options: &[&str]) -> bool {
    let has_mode = |letters: &str| letters.chars().take_while(|letter| *letter != 'f').any(|letter| letter == mode);
    command.arguments().iter().enumerate().any(|(at, word)| match word.strip_prefix('-') {
        Some(_) if word.starts_with("--") => options.contains(&word.as_str()),
        Some(letters) => has_mode(letters),
        None => at == 0 && has_mode(word),
    })
}

impl NamedArchives {
    fn of(image: &Image, tree: &Tree) -> Self {
        let mut named = Self::default();
        for command in tree.layers().flat_map(|layer| instruction_of(image, layer).commands()) {
            let names = match ArchiveUse::of(&command) {
                Some(ArchiveUse::Fetches) => &mut named.fetched,
                Some(ArchiveUse::Unpacks) => &mut named.unpacked,
                Some(ArchiveUse::Creates) => &mut named.created,
                None => continue,
            };
            command.arguments().iter().for_each(|word| names.add(word));
        }
        named
    }
}
