//! A second implementation of dive's numbers that follows dive's algorithm: a tree of paths per layer, and for every
//! whiteout all lower layers stacked again.

use std::collections::BTreeMap;

use super::random::{RandomEntry, RandomImage, RandomLayer, What};

#[derive(Debug, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) layer_sizes: Vec<u64>,
    pub(super) efficiency: f64,
    pub(super) wasted_bytes: u64,
    pub(super) user_wasted_percent: f64,
    /// Path, count and bytes, in report order.
    pub(super) inefficient_files: Vec<(String, u64, u64)>,
}

/// Information from a header; default for implicit directories.
#[derive(Debug, Clone, Copy, Default)]
struct Info {
    size: u64,
    is_directory: bool,
}

/// A tree as a set of paths such as `a/b`; whiteouts keep their name in the tar.
type Paths = BTreeMap<String, Info>;

const WHITEOUT: &str = ".wh.";

pub(super) fn numbers(image: &RandomImage) -> Numbers {
    let trees: Vec<Paths> = image.0.iter().map(layer_tree).collect();
    let mut sizes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut met_twice: Vec<String> = Vec::new();
    for (number, tree) in trees.iter().enumerate() {
        for path in children_first(tree).into_iter().filter(|path| !has_children(tree, path)) {
            let removed = removed_path(&path);
            let size =
                removed.as_ref().map_or(tree[&path].size, |removed| size_in(&stacked(&trees[..number]), removed));
            let path = removed.unwrap_or(path);
            let known = sizes.entry(path.clone()).or_default();
            known.push(size);
            if known.len() == 2 {
                met_twice.push(path);
            }
        }
    }
    let sum: u64 = sizes.values().flatten().sum();
    let minima: u64 = sizes.values().filter_map(|sizes| sizes.iter().min()).sum();
    let mut inefficient_files: Vec<_> = met_twice
        .into_iter()
        .map(|path| (format!("/{path}"), sizes[&path].len() as u64, sizes[&path].iter().sum::<u64>()))
        .collect();
    // dive sorts stably in ascending order and reads the list backwards.
    inefficient_files.sort_by_key(|file| file.2);
    inefficient_files.reverse();
    let layer_sizes: Vec<u64> = image.0.iter().map(|layer| layer.entries.iter().map(header_size).sum()).collect();
    let wasted_bytes = inefficient_files.iter().map(|file| file.2).sum();
    let user_bytes: u64 = layer_sizes[1..].iter().sum();
    let ratio =
        |part: u64, whole: u64, of_nothing: f64| if whole == 0 { of_nothing } else { part as f64 / whole as f64 };
    Numbers {
        layer_sizes,
        efficiency: ratio(minima, sum, 1.0),
        wasted_bytes,
        user_wasted_percent: ratio(wasted_bytes, user_bytes, 0.0),
        inefficient_files,
    }
}

fn header_size(entry: &RandomEntry) -> u64 {
    if let What::File(content, _) = &entry.what { content.len() as u64 } else { 0 }
}

fn layer_tree(layer: &RandomLayer) -> Paths {
    let mut tree = Paths::new();
    for entry in layer.entries.iter().filter(|entry| !entry.path.is_empty()) {
        let info = Info { size: header_size(entry), is_directory: matches!(entry.what, What::Directory(_)) };
        match &entry.what {
            What::Whiteout => {
                let (directory, name) = split(&entry.path);
                add(&mut tree, &format!("{directory}{WHITEOUT}{name}"), info);
            }
            // The marker is dropped but its parent directories stay.
            What::Opaque => add_parents(&mut tree, &format!("{}/", entry.path)),
            _ => add(&mut tree, &entry.path, info),
        }
    }
    tree
}

/// The directory with its slash, and the file name.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}

fn removed_path(path: &str) -> Option<String> {
    let (directory, name) = split(path);
    name.strip_prefix(WHITEOUT).map(|name| format!("{directory}{name}"))
}

fn add_parents(tree: &mut Paths, path: &str) {
    for (slash, _) in path.match_indices('/') {
        tree.entry(path[..slash].to_owned()).or_default();
    }
}

fn add(tree: &mut Paths, path: &str, info: Info) {
    add_parents(tree, path);
    tree.insert(path.to_owned(), info);
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn has_children(tree: &Paths, path: &str) -> bool {
    tree.keys().any(|other| other != path && is_at_or_below(other, path))
}

/// Bytes that a whiteout of `path` removes from `tree`.
fn size_in(tree: &Paths, path: &str) -> u64 {
    match tree.get(path) {
        Some(Info { is_directory: true, .. }) => {
            tree.iter().filter(|(other, _)| is_at_or_below(other, path)).map(|(_, info)| info.size).sum()
        }
        _ => 0,
    }
}

/// dive's file system after some layers. It visits a layer's names in order, children before parents, and adds or
/// removes each.
fn stacked(trees: &[Paths]) -> Paths {
    let mut stack = Paths::new();
    for tree in trees {
        for path in children_first(tree) {
            match removed_path(&path) {
                Some(removed) => stack.retain(|other, _| !is_at_or_below(other, &removed)),
                None => add(&mut stack, &path, tree[&path]),
            }
        }
    }
    stack
}

/// Siblings in byte order, each after its descendants.
fn children_first(tree: &Paths) -> Vec<String> {
    let mut paths: Vec<String> = tree.keys().cloned().collect();
    // A component sorts before any longer name with the same prefix, and a path after its descendants.
    let key = |path: &String| {
        let mut key: Vec<Option<Vec<u8>>> = path.split('/').map(|name| Some(name.as_bytes().to_vec())).collect();
        key.push(None);
        key
    };
    paths.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        let differs = a.iter().zip(&b).find(|(a, b)| a != b);
        match differs {
            Some((None, _)) => std::cmp::Ordering::Greater,
            Some((_, None)) => std::cmp::Ordering::Less,
            Some((a, b)) => a.cmp(b),
            None => std::cmp::Ordering::Equal,
        }
    });
    paths
}
