//! What to write instead of files that another one makes superfluous, in two formats or from two packages. A program may read either
//! of them, so each sentence has its condition.

use super::finding::{Finding, Twin};
use super::kind::AdviceKind;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::removal::{PATHS, and_others};
use super::twins::WHOLE;
use crate::image::{ImagePart, Keyword};
use crate::shell::named;
use crate::tree::{NodeId, SpanKind};

/// Maximum number of names in a cache of Hugging Face that are compared with a blob.
const MAX_NAMES: usize = 1_000;

impl Remedies<'_> {
    /// For libraries of CUDA that a Python package has, too.
    pub(super) fn of_cuda(&self, finding: &Finding, place: &Place<'_>, twin: Twin) -> String {
        let (path, other) = (self.path(twin.node), self.path(twin.other));
        let instead = match place.instruction.keyword {
            _ if finding.part == ImagePart::Base || finding.doubled_by.is_some() => finding.kind.row().instead,
            Keyword::Run => "leave its package out of the installation, unless another program loads it",
            Keyword::Copy | Keyword::Add => "leave it out of the copy, unless another program loads it",
            _ => finding.kind.row().instead,
        };
        format!("{path} is not needed beside {other}; {instead}")
    }

    /// For several files that others make superfluous.
    pub(super) fn of_twins(&self, finding: &Finding, place: &Place<'_>, twins: &[Twin], first: Twin) -> String {
        let named = twins.get(..twins.len().min(PATHS)).unwrap_or_default();
        let is_linked = finding.kind == AdviceKind::DuplicateContent && !place.instruction.copies();
        let link = |twin: &Twin| {
            let (target, link) = (self.word(twin.other)?, self.word(twin.node)?);
            (!self.has_link_hazard(*twin)).then(|| format!("ln -sf {target} {link}"))
        };
        let links: Vec<String> = if is_linked { named.iter().filter_map(link).collect() } else { Vec::new() };
        if !links.is_empty() && links.len() == named.len() {
            let others = finding.files.saturating_sub(named.len() as u64);
            let others = and_others(usize::try_from(others).unwrap_or(usize::MAX));
            return format!("write `{}`; each two have the same size and hash{others}", links.join(" && "));
        }
        let remedy = self.of_twin(finding, place, first);
        match finding.kind {
            // The other parts of the same model have the same remedy.
            AdviceKind::ModelWeightsTwice if self.is_older_format(first) => {
                let mut patterns: Vec<String> = twins.iter().filter_map(|twin| self.weights_pattern(*twin)).collect();
                patterns.sort_unstable();
                patterns.dedup();
                if patterns.len() > 1 { format!("{remedy}; the same for {}", patterns.join(" and ")) } else { remedy }
            }
            _ => remedy + &and_others(usize::try_from(finding.files.saturating_sub(1)).unwrap_or(usize::MAX)),
        }
    }

    /// The weights of a model in one format, as a pattern.
    fn weights_pattern(&self, twin: Twin) -> Option<String> {
        let name = std::str::from_utf8(self.tree.name(self.weights_name(twin.node))).ok()?;
        let start = ["diffusion_pytorch_model", "pytorch_model"].into_iter().find(|start| name.starts_with(start));
        Some(start.map_or_else(|| named(name.as_bytes()), |start| format!("`{start}*`")))
    }

    /// For weights of a model.
    pub(super) fn of_weights(&self, place: &Place<'_>, twin: Twin) -> String {
        let named = self.weights_name(twin.node);
        let (path, other) = (self.path(named), self.path(twin.other));
        let name = self.tree.name(named);
        if let Some(remedy) = self.of_converted_weights(place, named) {
            return format!("{path} has the weights of {other}; {remedy}, unless a program reads {path}");
        }
        let fetches = || place.tool(&["hf", "huggingface-cli"]).is_some();
        let instead = match name {
            _ if place.instruction.copies() => "copy one format".to_owned(),
            _ if !fetches() => "store one format".to_owned(),
            // One pattern: `--include` would leave out the configuration, and a second option replaces the first in old versions.
            _ if name.starts_with(WHOLE) && self.named_above(named, &["original"]).is_some() => {
                "write `--exclude 'original/*'`".to_owned()
            }
            _ if name.starts_with(WHOLE) => "write `--exclude 'consolidated*.pth'`".to_owned(),
            _ if name.starts_with(b"pytorch_model") => "write `--exclude 'pytorch_model*'`".to_owned(),
            _ => match self.word(named).and_then(|path| path.rsplit('/').next().map(ToOwned::to_owned)) {
                Some(name) if !name.contains('\'') => format!("write `--exclude '{name}'`"),
                _ => "store one format".to_owned(),
            },
        };
        format!("{path} has the weights of {other}; {instead}, unless a program reads {path}")
    }

    /// For weights that a RUN reads, perhaps to convert them.
    fn of_converted_weights(&self, place: &Place<'_>, node: NodeId) -> Option<String> {
        let wanted = self.wanted(AdviceKind::ModelWeightsTwice, place.layer, &[node]);
        let later: Vec<&Place<'_>> =
            self.runs_between(place.layer, None).filter(|run| self.names(run, &wanted)).collect();
        let is_copy = place.instruction.copies();
        let name = std::str::from_utf8(self.tree.name(node)).unwrap_or_default();
        let copies_around =
            |run: &Place<'_>| !run.instruction.text.contains(name) && run.tool(&["cp", "rsync"]).is_some();
        match (self.word(node).filter(|_| !is_copy), &later[..]) {
            // A mount is read-only, and a copy of the whole directory has the mounted file, too.
            (_, later @ [_, ..])
                if is_copy && later.iter().any(|run| run.changes_attributes() || copies_around(run)) =>
            {
                Some("leave it out of the copy".to_owned())
            }
            (_, later @ [_, ..]) if is_copy => {
                Some(format!("mount it in {} ({}) instead of copying it", names_of(later), place.bind_mount()))
            }
            (Some(path), later @ [_, ..]) => Some(self.joined(place, later, &format!("rm -rf {path}"))),
            (Some(path), []) if self.names(place, &wanted) => Some(place.adds(&format!("rm -rf {path}"))),
            _ => None,
        }
    }

    /// True if a file of weights is in an older format than another one: of equal formats, one is a copy.
    pub(super) fn is_older_format(&self, twin: Twin) -> bool {
        let is_newest = |node: NodeId| self.tree.name(node).ends_with(b".safetensors");
        is_newest(twin.other) && !is_newest(self.weights_name(twin.node))
    }

    /// True if the cache of Hugging Face has both as files, where it should have a symbolic link.
    pub(super) fn is_unlinked_cache(&self, twin: Twin) -> bool {
        let is_in = |node, directory: &str| self.named_above(node, &[directory]).is_some();
        let is_pair = |one, other| is_in(one, "blobs") && is_in(other, "snapshots");
        is_pair(twin.node, twin.other) || is_pair(twin.other, twin.node)
    }

    /// The symbolic link in a cache of Hugging Face that names a blob; the node itself if it is none.
    fn weights_name(&self, node: NodeId) -> NodeId {
        let tree = self.tree;
        let named = || {
            let blobs = tree.parent(node).filter(|parent| tree.name(*parent) == b"blobs")?;
            let snapshots = tree.child(tree.parent(blobs)?, b"snapshots")?;
            let last = tree.last_layer()?;
            let names = tree.children(snapshots).flat_map(|snapshot| tree.children(snapshot));
            names.take(MAX_NAMES).find(|name| {
                let visible = tree.visible(*name, last).filter(|id| tree.span(*id).kind == SpanKind::Symlink);
                visible.is_some_and(|id| tree.link(id).rsplit(|byte| *byte == b'/').next() == Some(tree.name(node)))
            })
        };
        named().unwrap_or(node)
    }
}
