//! Programs in directories for temporary files that symbolic links outside lead to: `/usr/local/bin/tool -> /tmp/tool/bin/tool`.
//! They are not temporary, nor is anything in `/tmp/tool`: a program reads files next to its own.

use hashbrown::{HashMap, HashSet};

use super::linked_caches::{MAX_STEPS, MAX_TARGET};
use super::patterns::TEMPORARY;
use crate::tree::{LinkWalker, NodeId, SpanId, SpanKind, Tree};

/// Maximum number of passes over the links. Each follows those that the one before made interesting.
const MAX_PASSES: usize = 8;

/// The nodes that are needed in directories for temporary files; `None` if there are too many links to tell.
pub(super) fn needed(tree: &Tree) -> Option<Vec<NodeId>> {
    let directories = TEMPORARY.map(|path| tree.find(path.as_bytes()));
    let entries = entries_of(tree, &directories);
    let Some(last) = tree.last_layer().filter(|_| !entries.is_empty()) else { return Some(Vec::new()) };
    let is_link = |id: &SpanId| {
        let inode = tree.inode(*id);
        let is_symlink = tree.span(*id).end().is_none() && tree.span(inode).kind == SpanKind::Symlink;
        is_symlink && tree.link(inode).len() <= MAX_TARGET
    };
    let mut links: Vec<SpanId> = tree.all_spans().filter(is_link).collect();
    let mut walker = LinkWalker::new(tree, last, MAX_STEPS);
    // Every way into the directories has one of these names: theirs, and those of links to them.
    let mut names: HashSet<&[u8]> = HashSet::from([&b"tmp"[..]]);
    let mut needed: HashSet<NodeId> = HashSet::new();
    for _ in 0..MAX_PASSES {
        let before = (names.len(), needed.len());
        links.retain(|link| {
            let node = tree.span(*link).node();
            let may_lead_inside = match entries.get(&node) {
                // A link inside is followed once something needs it.
                Some(entry) => needed.contains(entry),
                None => tree.link(tree.inode(*link)).split(|byte| *byte == b'/').any(|name| names.contains(name)),
            };
            if !may_lead_inside {
                return true;
            }
            if let Some((target, _)) = walker.resolve(node) {
                // A link to the whole directory is another name for it.
                if directories.contains(&Some(target)) {
                    names.insert(tree.name(node));
                }
                needed.extend(walker.passed().iter().filter_map(|passed| entries.get(passed)));
            }
            false
        });
        if walker.is_exhausted() {
            return None;
        }
        if (names.len(), needed.len()) == before {
            return Some(entries.iter().filter(|(_, entry)| needed.contains(*entry)).map(|(node, _)| *node).collect());
        }
    }
    None
}

/// For each node below these directories, the one above it that is directly in them.
fn entries_of(tree: &Tree, directories: &[Option<NodeId>]) -> HashMap<NodeId, NodeId> {
    let directly = directories.iter().flatten().flat_map(|directory| tree.children(*directory));
    let mut pending: Vec<(NodeId, NodeId)> = directly.map(|node| (node, node)).collect();
    let mut entries = HashMap::new();
    while let Some((node, entry)) = pending.pop() {
        entries.insert(node, entry);
        pending.extend(tree.children(node).map(|child| (child, entry)));
    }
    entries
}
