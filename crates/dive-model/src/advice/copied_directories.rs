//! Directories that a RUN copies within the image: `cp -r /models/a /models/b`. Nothing fetches the second one, and nobody need link
//! its files one by one.

use super::finding::{Finding, Twin};
use super::kind::AdviceKind;
use super::mounts::MAX_WALKED;
use super::place::Place;
use super::remedy::Remedies;
use crate::tree::NodeId;

/// Names of a path in a command, at most.
const MAX_NAMES: usize = 64;

/// A directory and its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CopiedDirectory {
    source: NodeId,
    copy: NodeId,
}

impl Remedies<'_> {
    /// The sentence of files that are all in the copy of a directory.
    pub(super) fn of_copied_directory(&self, finding: &Finding, place: &Place<'_>, twins: &[Twin]) -> Option<String> {
        if !matches!(finding.kind, AdviceKind::ModelWeightsTwice | AdviceKind::DuplicateContent) {
            return None;
        }
        let directory = self.copied_directory(place, twins.first()?.node)?;
        let CopiedDirectory { source, copy } = directory;
        let is_below = |node: NodeId| self.tree.ancestors(node).any(|above| above == copy);
        let is_copied = |twin: &Twin| self.is_copy(twin.node, directory);
        if !finding.groups.iter().all(|group| is_below(group.place)) || !twins.iter().all(is_copied) {
            return None;
        }
        let (of, is) = (self.path(source), self.path(copy));
        let link = match (self.word(source), self.word(copy)) {
            (Some(source), Some(copy)) => format!("write `ln -s {source} {copy}` instead"),
            _ => "store a link instead".to_owned(),
        };
        let unless =
            if twins.iter().any(|twin| self.has_link_hazard(Twin { other: self.at(twin.node, directory), ..*twin })) {
                format!("; the link has the owner and mode of {of}")
            } else {
                String::new()
            };
        Some(format!("{is} is a copy of {of}; {link}, unless a program changes one of them{unless}"))
    }

    /// The directory that a RUN copies to one above a file.
    fn copied_directory(&self, place: &Place<'_>, node: NodeId) -> Option<CopiedDirectory> {
        let commands = self.parsed(place);
        let copies = commands.iter().filter(|command| command.is(&["cp", "rsync"]));
        let mut pairs = copies.flat_map(|command| {
            let words = command.arguments().iter().map(String::as_str).filter(|word| !word.starts_with('-'));
            let words: Vec<&str> = words.collect();
            let (to, from) = words.split_last().map_or(("", &[][..]), |(to, from)| (*to, from));
            from.iter().map(|from| (*from, to)).collect::<Vec<_>>()
        });
        pairs.find_map(|(from, to)| {
            // What `cp -r a b` makes: `b`, or `b/a` if there is a directory `b`.
            let last = from.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let inside = format!("{}/{last}", to.trim_end_matches('/'));
            self.tree.ancestors(node).skip(1).find_map(|copy| {
                let beside = self.anchor(copy, to).or_else(|| self.anchor(copy, &inside))?;
                let source = self.below(beside, from)?;
                let directory = CopiedDirectory { source, copy };
                (self.is_copy(node, directory) && self.is_new(place, directory)).then_some(directory)
            })
        })
    }

    /// The directory that a relative path to a node starts at; the root for its absolute path.
    fn anchor(&self, node: NodeId, path: &str) -> Option<NodeId> {
        let mut names = names_in(path).rev();
        let anchor = names.try_fold(node, |node, name| {
            (self.tree.name(node) == name.as_bytes()).then(|| self.tree.parent(node)).flatten()
        })?;
        (!path.starts_with('/') || anchor == NodeId::ROOT).then_some(anchor)
    }

    /// The node at a path, seen from a directory.
    fn below(&self, directory: NodeId, path: &str) -> Option<NodeId> {
        let start = if path.starts_with('/') { NodeId::ROOT } else { directory };
        names_in(path).try_fold(start, |node, name| self.tree.child(node, name.as_bytes()))
    }

    /// The file at the same place below the source; the file itself if there is none.
    fn at(&self, node: NodeId, CopiedDirectory { source, copy }: CopiedDirectory) -> NodeId {
        let path: Vec<NodeId> = self.tree.ancestors(node).take_while(|above| *above != copy).collect();
        let found = path.iter().rev().try_fold(source, |below, node| self.tree.child(below, self.tree.name(*node)));
        found.unwrap_or(node)
    }

    /// True if the source has a file of the same size at the same place.
    fn is_copy(&self, node: NodeId, directory: CopiedDirectory) -> bool {
        let size = |node: NodeId| {
            let visible = self.tree.visible(node, self.tree.last_layer()?)?;
            let inode = self.tree.span(self.tree.inode(visible));
            inode.kind.is_file().then_some(inode.size)
        };
        let source = self.at(node, directory);
        source != node && size(source).is_some() && size(source) == size(node)
    }

    /// True if the copy is a directory that the RUN makes, with the names of the source alone: a link can replace it.
    fn is_new(&self, place: &Place<'_>, CopiedDirectory { source, copy }: CopiedDirectory) -> bool {
        let mut spans = self.tree.spans(copy).map(|id| self.tree.span(id));
        let mut names = self.tree.children(copy).take(MAX_WALKED);
        source != copy
            && spans.all(|span| span.from() >= place.layer)
            && names.all(|child| self.tree.child(source, self.tree.name(child)).is_some())
    }
}

/// The names of a path.
fn names_in(path: &str) -> std::vec::IntoIter<&str> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty() && *name != ".").take(MAX_NAMES).collect();
    names.into_iter()
}
