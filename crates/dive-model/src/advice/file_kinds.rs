//! Kinds of files that paths alone do not show: by their content, by another file, or by the instruction that names them.

use hashbrown::{HashMap, HashSet};

use super::below::Below;
use super::claims::ClaimScope;
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::start_command::MentionedNames;
use super::twins::{SuperfluousFile, TwinSearch};
use crate::layer::content::ContentFact;
use crate::tree::{NodeId, SpanId, SpanKind, Tree};

/// The kinds of visible files.
#[derive(Debug, Default)]
pub(super) struct FileKinds {
    /// Kinds of a content, whatever its names.
    contents: HashMap<SpanId, (KindSet, Option<NodeId>)>,
    /// Kinds of a name: another name of the inode may be needed.
    names: HashMap<NodeId, (KindSet, Option<NodeId>)>,
}

impl FileKinds {
    /// The kinds of all visible files but copies, which depend on these: see [`Self::add_content`].
    pub(super) fn of(tree: &Tree, scope: &ClaimScope, mentioned: &MentionedNames<'_>) -> Self {
        let mut found = Self::default();
        let mut search = TwinSearch::default();
        let mut facts: Vec<(SpanId, NodeId, ContentFact)> = Vec::new();
        for name in tree.all_spans() {
            let span = tree.span(name);
            if span.end().is_some() || !matches!(span.kind, SpanKind::File | SpanKind::HardLink | SpanKind::Symlink) {
                continue;
            }
            let (node, inode) = (span.node(), tree.inode(name));
            search.note(tree, node, tree.span(inode).kind);
            if scope.kept_archives.contains(&node) {
                found.add_name(node, AdviceKind::ArchiveKept, None);
            }
            facts.extend(tree.content_fact(inode).map(|fact| (inode, node, fact)));
        }
        for SuperfluousFile { kind, node, twin } in search.twins(tree, mentioned) {
            found.add_name(node, kind, Some(twin));
        }
        if !facts.is_empty() {
            found.add_facts(tree, &facts);
        }
        found
    }

    /// Adds the kinds of contents. What a package installed is as its distribution wants it.
    fn add_facts(&mut self, tree: &Tree, facts: &[(SpanId, NodeId, ContentFact)]) {
        let (packages, toolchains) = (Below::packages(tree), Below::toolchains(tree));
        let packaged: HashSet<SpanId> = facts
            .iter()
            .filter(|(_, node, _)| packages.contains(*node) || toolchains.contains(*node))
            .map(|(inode, ..)| *inode)
            .collect();
        for (inode, node, fact) in facts {
            let is_named = |ending: &[u8]| tree.name(*node).ends_with(ending);
            match fact {
                ContentFact::ArArchive if is_named(b".a") && !toolchains.contains(*node) => {
                    self.add_name(*node, AdviceKind::StaticLibrariesAndHeaders, None);
                }
                ContentFact::Symbols(_) if is_named(b".debug") => {
                    self.add_name(*node, AdviceKind::DebugSymbols, None);
                }
                ContentFact::CoreDump if !packaged.contains(inode) => {
                    self.add_content(*inode, AdviceKind::CoreDump, None);
                }
                ContentFact::Symbols(_) if !packaged.contains(inode) => {
                    self.add_content(*inode, AdviceKind::UnstrippedBinary, None);
                }
                ContentFact::ArArchive | ContentFact::CoreDump | ContentFact::Symbols(_) => {}
            }
        }
    }

    /// Adds a kind of a content, and the file that makes it superfluous.
    pub(super) fn add_content(&mut self, inode: SpanId, kind: AdviceKind, twin: Option<NodeId>) {
        let (kinds, known) = self.contents.entry(inode).or_default();
        (*kinds, *known) = (kinds.with(kind), known.or(twin));
    }

    fn add_name(&mut self, node: NodeId, kind: AdviceKind, twin: Option<NodeId>) {
        let (kinds, known) = self.names.entry(node).or_default();
        (*kinds, *known) = (kinds.with(kind), known.or(twin));
    }

    /// The kinds of one name of an inode.
    pub(super) fn kinds(&self, inode: SpanId, node: NodeId) -> KindSet {
        let kinds = |known: Option<&(KindSet, _)>| known.map_or_else(KindSet::default, |(kinds, _)| *kinds);
        kinds(self.contents.get(&inode)).or(kinds(self.names.get(&node)))
    }

    /// The file that makes another one superfluous.
    pub(super) fn twin(&self, inode: SpanId, node: NodeId) -> Option<NodeId> {
        let of_name = self.names.get(&node).and_then(|(_, twin)| *twin);
        of_name.or_else(|| self.contents.get(&inode).and_then(|(_, twin)| *twin))
    }
}
