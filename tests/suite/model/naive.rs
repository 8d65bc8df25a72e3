//! The rules of applying layers as slow, simple code: every state is a full map from paths to names, and every query
//! scans all of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use dive_model::analysis::exact::Cause;
use dive_model::tree::{Change, ChangeCounts};

use super::random::{Attributes, RandomEntry, RandomImage, RandomLayer, What};

/// All states of an image.
#[derive(Debug, Default)]
pub(super) struct Model {
    inodes: Vec<Inode>,
    /// All names of all states, in the order of layers and entries.
    names: Vec<Name>,
    states: Vec<State>,
    /// Number of warnings: whiteouts of missing paths and odd hard links.
    pub(super) remarks: usize,
    /// Layer and path of hard links to themselves.
    pub(super) to_itself: Vec<(usize, String)>,
}

/// A wasted file, in report order: largest first, then by path and layer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lost {
    pub(super) size_bytes: Reverse<u64>,
    pub(super) path: Vec<u8>,
    pub(super) layer: usize,
    pub(super) hidden_by: usize,
    pub(super) cause: Cause,
}

/// An index into [`Model::names`] for each path; the root's path is empty.
type State = BTreeMap<String, usize>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inode {
    layer: usize,
    kind: Kind,
    attributes: Attributes,
    content: Vec<u8>,
    link: String,
    device: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    File,
    Directory,
    ImplicitDirectory,
    Symlink,
    Device,
    Fifo,
    DanglingLink,
}

#[derive(Debug)]
struct Name {
    path: String,
    /// The layer that added it.
    layer: usize,
    inode: usize,
    /// Whether the entry also created the inode.
    is_first: bool,
    end: Option<(usize, End)>,
}

#[derive(Debug, Clone, Copy)]
enum End {
    By(Cause),
    /// Replaced by another entry of the same path, whose kind may be known only later.
    Covered {
        by: usize,
    },
}

/// A line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) mode: u16,
    pub(super) owner: (u32, u32),
    pub(super) link: String,
    pub(super) device: u32,
    pub(super) has_xattr: bool,
}

impl Model {
    pub(super) fn of(image: &RandomImage) -> Self {
        let mut model = Self::default();
        let mut state = State::new();
        let root = model.inode(0, Kind::ImplicitDirectory);
        let root = model.name(0, "", root);
        state.insert(String::new(), root);
        for (number, layer) in image.0.iter().enumerate() {
            model.apply(&mut state, number, layer);
            model.states.push(state.clone());
        }
        model
    }

    fn apply(&mut self, state: &mut State, number: usize, layer: &RandomLayer) {
        let below = state.clone();
        for RandomEntry { path, what, .. } in &layer.entries {
            match what {
                What::Whiteout => {
                    self.end(state, number, End::By(Cause::DeletedWithDirectory), |key| is_below(key, path));
                    self.end(state, number, End::By(Cause::Deleted), |key| key == path);
                }
                What::Opaque => {
                    self.end(state, number, End::By(Cause::HiddenByOpaque), |key| is_below(key, path));
                }
                _ => {}
            }
        }
        let mut late = Vec::new();
        for entry in &layer.entries {
            let is_of_nothing = matches!(entry.what, What::Whiteout) && !below.contains_key(&entry.path);
            self.remarks += usize::from(is_of_nothing && !self.is_behind(state, number, entry));
            self.put(state, number, entry, &mut late);
        }
        for (name, target) in late {
            self.remarks += 1;
            if let Some(inode) = self.linkable(state, &self.target(state, number, &target)) {
                self.names[name].inode = inode;
                self.names[name].is_first = false;
            }
        }
        for opaque in layer.entries.iter().filter(|entry| matches!(entry.what, What::Opaque)) {
            let slashes = opaque.path.match_indices('/').map(|(slash, _)| slash);
            let mut ways = slashes.chain([opaque.path.len()]).map(|end| &opaque.path[..end]);
            let Some(obstacle) = ways.find(|path| self.is_own_obstacle(state, number, path)) else { continue };
            for name in self.names.iter_mut().filter(|name| is_below(&name.path, obstacle)) {
                if matches!(name.end, Some((layer, End::By(Cause::HiddenByOpaque))) if layer == number) {
                    name.end = Some((number, End::By(Cause::Replaced)));
                }
            }
        }
    }

    fn put(&mut self, state: &mut State, number: usize, entry: &RandomEntry, late: &mut Vec<(usize, String)>) {
        if matches!(entry.what, What::Whiteout | What::Opaque) && self.is_behind(state, number, entry) {
            self.remarks += 1;
            self.apply_below_replacement(state, number, entry);
            return;
        }
        let mut directories = entry.path.match_indices('/').map(|(slash, _)| &entry.path[..slash]);
        self.remarks += usize::from(directories.any(|path| self.is_own_obstacle(state, number, path)));
        let path = &self.unpacked_to(state, number, &entry.path).unwrap_or_else(|| entry.path.clone());
        for (slash, _) in path.match_indices('/') {
            self.make_directory(state, number, &path[..slash]);
        }
        let (inode, is_first) = match &entry.what {
            What::Whiteout => return,
            What::Opaque => return self.make_directory(state, number, path),
            What::HardLink(target) if self.target(state, number, target) == *path => {
                self.remarks += 1;
                self.to_itself.push((number, entry.path.clone()));
                return;
            }
            What::HardLink(target) => match self.linkable(state, &self.target(state, number, target)) {
                Some(inode) => (inode, false),
                None => (self.inode(number, Kind::DanglingLink), true),
            },
            What::File(content, attributes) => {
                let id = self.inode(number, Kind::File);
                (self.inodes[id].content, self.inodes[id].attributes) = (content.clone(), *attributes);
                (id, true)
            }
            What::Directory(attributes) => {
                let id = self.inode(number, Kind::Directory);
                self.inodes[id].attributes = *attributes;
                (id, true)
            }
            What::Symlink(target) => {
                let id = self.inode(number, Kind::Symlink);
                self.inodes[id].link.clone_from(target);
                (id, true)
            }
            What::Device(minor) => {
                let id = self.inode(number, Kind::Device);
                self.inodes[id].device = *minor;
                (id, true)
            }
            What::Fifo => (self.inode(number, Kind::Fifo), true),
        };
        let name = self.name(number, path, inode);
        self.names[name].is_first = is_first;
        if let What::HardLink(target) = &entry.what
            && is_first
        {
            late.push((name, target.clone()));
        }
        let keeps_children = self.is_directory(state, path) && self.inodes[inode].kind == Kind::Directory;
        if !keeps_children {
            self.end(state, number, End::By(Cause::Replaced), |key| is_below(key, path));
        }
        self.end(state, number, End::Covered { by: name }, |key| key == path);
        state.insert(path.clone(), name);
    }

    /// Whether a marker is below a non-directory of its own layer.
    fn is_behind(&self, state: &State, number: usize, marker: &RandomEntry) -> bool {
        let directory = directory_of(marker);
        let ends = directory.match_indices('/').map(|(slash, _)| slash).chain([directory.len()]);
        ends.into_iter().any(|end| self.is_own_obstacle(state, number, &directory[..end]))
    }

    fn is_own_obstacle(&self, state: &State, number: usize, path: &str) -> bool {
        state.get(path).is_some_and(|name| self.names[*name].layer == number) && !self.is_directory(state, path)
    }

    fn apply_below_replacement(&mut self, state: &mut State, number: usize, marker: &RandomEntry) {
        let Some(inside) = self.unpacked_to(state, number, &format!("{}/x", directory_of(marker))) else { return };
        let directory = inside.trim_end_matches('x').trim_end_matches('/').to_owned();
        if !self.is_directory(state, &directory) {
            return;
        }
        let inside = |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        let (removed, own, below) = if matches!(marker.what, What::Whiteout) {
            let name = marker.path.rsplit('/').next().unwrap();
            (vec![inside(name)], Cause::Deleted, Cause::DeletedWithDirectory)
        } else {
            let names = state.keys().filter(|path| is_below(path, &directory));
            let names = names.map(|path| path[directory.len()..].trim_start_matches('/'));
            let children = names.map(|name| inside(name.split('/').next().unwrap()));
            (children.collect(), Cause::HiddenByOpaque, Cause::HiddenByOpaque)
        };
        for path in removed {
            let mut whole = state.iter().filter(|(key, _)| **key == path || is_below(key, &path));
            if whole.all(|(_, name)| self.names[*name].layer < number) {
                self.end(state, number, End::By(below), |key| is_below(key, &path));
                self.end(state, number, End::By(own), |key| key == path);
            }
        }
    }

    /// The path at which an engine unpacks `path` of a layer, after resolving symlinks of the same layer. `None` if
    /// unresolvable.
    fn unpacked_to(&self, state: &State, number: usize, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        for _ in 0..=255 {
            let mut directories = path.match_indices('/').map(|(slash, _)| &path[..slash]);
            let Some(link) = directories.find(|path| self.is_own_obstacle(state, number, path)) else {
                return Some(path);
            };
            let inode = self.at(state, link).filter(|inode| inode.kind == Kind::Symlink)?;
            // Random symlinks have dots only at the start of their target, and the path above the symlink is real.
            let (above, _) = link.rsplit_once('/').unwrap_or(("", link));
            let mut real: Vec<&str> = above.split('/').collect();
            for name in inode.link.split('/') {
                match name {
                    ".." => drop(real.pop()),
                    "" => real.clear(),
                    name => real.push(name),
                }
            }
            real.push(&path[link.len() + 1..]);
            path = real.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join("/");
        }
        None
    }

    /// The target of a hard link, directly or through symlinks.
    fn target(&self, state: &State, number: usize, target: &str) -> String {
        let literal = || target.to_owned();
        match self.linkable(state, target) {
            Some(_) => literal(),
            None => self.unpacked_to(state, number, target).unwrap_or_else(literal),
        }
    }

    fn make_directory(&mut self, state: &mut State, number: usize, path: &str) {
        for (slash, _) in path.match_indices('/') {
            self.make_directory(state, number, &path[..slash]);
        }
        if !self.is_directory(state, path) {
            self.end(state, number, End::By(Cause::Replaced), |key| key == path);
            let inode = self.inode(number, Kind::ImplicitDirectory);
            let name = self.name(number, path, inode);
            state.insert(path.to_owned(), name);
        }
    }

    /// Ends all names that match `which`.
    fn end(&mut self, state: &mut State, number: usize, end: End, which: impl Fn(&str) -> bool) {
        state.retain(|path, name| {
            let ends = which(path);
            if ends {
                self.names[*name].end = Some((number, end));
            }
            !ends
        });
    }

    fn inode(&mut self, layer: usize, kind: Kind) -> usize {
        let mode = match kind {
            Kind::Symlink => 0o777,
            Kind::ImplicitDirectory => 0o755,
            _ => 0o644,
        };
        let attributes = Attributes { mode, uid: 0, gid: 0, has_xattr: false };
        self.inodes.push(Inode { layer, kind, attributes, content: Vec::new(), link: String::new(), device: 0 });
        self.inodes.len() - 1
    }

    fn name(&mut self, layer: usize, path: &str, inode: usize) -> usize {
        self.names.push(Name { path: path.to_owned(), layer, inode, is_first: true, end: None });
        self.names.len() - 1
    }

    fn at<'a>(&'a self, state: &State, path: &str) -> Option<&'a Inode> {
        state.get(path).map(|name| &self.inodes[self.names[*name].inode])
    }

    fn is_directory(&self, state: &State, path: &str) -> bool {
        self.at(state, path).is_some_and(|inode| inode.kind.is_directory())
    }

    fn linkable(&self, state: &State, target: &str) -> Option<usize> {
        let inode = self.names[*state.get(target)?].inode;
        let kind = self.inodes[inode].kind;
        (!kind.is_directory() && kind != Kind::DanglingLink).then_some(inode)
    }

    /// The file system at a layer, without the root.
    pub(super) fn listing(&self, number: usize) -> Vec<Line> {
        let state = &self.states[number];
        let paths = state.keys().filter(|path| !path.is_empty());
        paths
            .map(|path| {
                let inode = self.at(state, path).unwrap();
                let Attributes { mode, uid, gid, has_xattr } = inode.attributes;
                Line {
                    path: path.clone(),
                    kind: inode.kind,
                    size: inode.content.len() as u64,
                    mode,
                    owner: (uid, gid),
                    link: inode.link.clone(),
                    device: inode.device,
                    has_xattr,
                }
            })
            .collect()
    }

    /// Changes of all paths of both states. A `base` of `None` is the empty state.
    pub(super) fn changes(&self, base: Option<usize>, target: usize) -> BTreeMap<String, Change> {
        let nothing = State::new();
        let before = base.map_or(&nothing, |base| &self.states[base]);
        let after = &self.states[target];
        let own = |path: &String| match (self.at(before, path), self.at(after, path)) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            (Some(old), Some(new)) if are_equal(old, new) => Change::Unmodified,
            (Some(_), Some(_)) => Change::Modified,
        };
        let paths = || before.keys().chain(after.keys());
        let whole = |path: &String| match own(path) {
            Change::Unmodified if paths().any(|other| is_below(other, path) && own(other) != Change::Unmodified) => {
                Change::Modified
            }
            change => change,
        };
        paths().map(|path| (path.clone(), whole(path))).collect()
    }

    /// Changes by the layers above `base` up to `target`. Paths that exist only in a state between them are removed.
    /// Sizes are of existing paths.
    pub(super) fn happened(&self, base: usize, target: usize) -> BTreeMap<String, (Change, Option<u64>)> {
        let mut changes = self.changes(Some(base), target);
        let between = (base..=target).flat_map(|number| self.listing(number)).map(|line| line.path);
        for path in between.collect::<BTreeSet<_>>() {
            if changes.contains_key(&path) {
                continue;
            }
            for (above, change) in &mut changes {
                if *change == Change::Unmodified && is_below(&path, above) {
                    *change = Change::Modified;
                }
            }
            changes.insert(path, Change::Removed);
        }
        let sized = |(path, change): (String, Change)| {
            let size = (change != Change::Removed).then(|| self.size_below(target, &path));
            (path, (change, size))
        };
        changes.into_iter().map(sized).collect()
    }

    /// Changes of each layer to the one below it, without directories.
    pub(super) fn change_counts(&self) -> Vec<ChangeCounts> {
        let nothing = State::new();
        let below = std::iter::once(&nothing).chain(&self.states);
        let count = |(before, after): (&State, &State)| {
            let mut counts = ChangeCounts::default();
            let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for path in paths {
                match (self.at(before, path), self.at(after, path)) {
                    (None, Some(new)) if !new.kind.is_directory() => counts.added += 1,
                    (Some(old), None) if !old.kind.is_directory() => counts.removed += 1,
                    (Some(old), Some(new)) if old.kind.is_directory() && new.kind.is_directory() => {}
                    (Some(old), Some(new)) if !are_equal(old, new) => counts.modified += 1,
                    _ => {}
                }
            }
            counts
        };
        below.zip(&self.states).map(count).collect()
    }

    /// Bytes at and below a path. A file counts under the name that created it, or else under its oldest name.
    pub(super) fn size_below(&self, number: usize, path: &str) -> u64 {
        let state = &self.states[number];
        let counts = |name: usize| {
            let inode = self.names[name].inode;
            let others = state.values().filter(|other| self.names[**other].inode == inode);
            others.min_by_key(|other| (!self.names[**other].is_first, **other)) == Some(&name)
        };
        let inside = state.iter().filter(|(key, name)| (*key == path || is_below(key, path)) && counts(**name));
        inside.map(|(key, _)| self.at(state, key).unwrap().content.len() as u64).sum()
    }

    /// Total bytes of all files, bytes visible in the last state, and the lost files.
    pub(super) fn exact(&self) -> (u64, u64, Vec<Lost>) {
        let (mut total, mut visible, mut files) = (0, 0, Vec::new());
        for (id, inode) in self.inodes.iter().enumerate() {
            let size = inode.content.len() as u64;
            total += size;
            let names = self.names.iter().filter(|name| name.inode == id);
            // The last name to end decides; among names ending in one layer, the creating one, then the first written.
            let ends = |name: &Name| name.end.map_or(usize::MAX, |(layer, _)| layer);
            let last = names.rev().max_by_key(|name| (ends(name), name.is_first));
            match last.and_then(|name| Some((name, name.end?))) {
                None => visible += size,
                Some(_) if size == 0 => {}
                Some((name, (hidden_by, end))) => files.push(Lost {
                    size_bytes: Reverse(size),
                    path: format!("/{}", name.path).into_bytes(),
                    layer: inode.layer,
                    hidden_by,
                    cause: self.cause(inode, end),
                }),
            }
        }
        (total, visible, files)
    }

    fn cause(&self, lost: &Inode, end: End) -> Cause {
        let by = match end {
            End::By(cause) => return cause,
            End::Covered { by } => &self.inodes[self.names[by].inode],
        };
        match by.kind {
            Kind::File if by.content == lost.content => Cause::MetadataOnly,
            Kind::File => Cause::Overwritten,
            _ => Cause::Replaced,
        }
    }
}

impl Kind {
    const fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::ImplicitDirectory)
    }
}

/// The directory that a marker applies to.
fn directory_of(marker: &RandomEntry) -> &str {
    match marker.what {
        What::Opaque => &marker.path,
        _ => marker.path.rfind('/').map_or("", |slash| &marker.path[..slash]),
    }
}

fn is_below(path: &str, directory: &str) -> bool {
    if directory.is_empty() {
        !path.is_empty()
    } else {
        path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn are_equal(old: &Inode, new: &Inode) -> bool {
    let kind = |inode: &Inode| if inode.kind.is_directory() { Kind::Directory } else { inode.kind };
    let rest = |inode: &Inode| (inode.attributes, inode.content.clone(), inode.link.clone(), inode.device);
    kind(old) == kind(new) && rest(old) == rest(new)
}
