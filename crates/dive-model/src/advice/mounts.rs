//! How to give a RUN the files that a COPY or ADD stores for it alone: mount them, fetch them, or pass them as secrets.

use super::finding::Finding;
use super::named_files::enumerated;
use super::place::{CopySource, Place};
use super::remedy::{Remedies, is_single_file};
use crate::image::Keyword;
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Programs that change the files they name.
const CHANGING: [&str; 13] = [
    "chmod", "chown", "chgrp", "touch", "truncate", "mv", "patch", "dos2unix", "strip", "gunzip", "unxz", "bunzip2",
    "tee",
];

/// Names of directories with keys and passwords.
const DIRECTORIES_OF_SECRETS: [&[u8]; 4] = [b".ssh", b".gnupg", b".aws", b".kube"];

/// Names of files with keys and passwords.
const FILES_OF_SECRETS: [&[u8]; 10] = [
    b"id_rsa",
    b"id_dsa",
    b"id_ecdsa",
    b"id_ed25519",
    b".netrc",
    b".npmrc",
    b".pypirc",
    b".git-credentials",
    b".env",
    b".yarnrc.yml",
];

/// Maximum number of names that are looked at below a directory.
const MAX_VISITED: usize = 20_000;

/// Programs that change owner and mode.
pub(super) const CHANGING_ATTRIBUTES: [&str; 3] = ["chown", "chmod", "chgrp"];

impl Place<'_> {
    /// True if the RUN changes owner or mode of some files.
    pub(super) fn changes_attributes(&self) -> bool {
        self.commands().iter().any(|command| command.is(&CHANGING_ATTRIBUTES))
    }

    /// True if a command of the RUN changes a file of this name, as `sed -i` does.
    pub(super) fn changes(&self, name: &str) -> bool {
        let is_named = |word: &str| word.rsplit('/').next() == Some(name);
        self.commands().iter().any(|command| {
            let has = |is: &dyn Fn(&str) -> bool| command.arguments().iter().any(|word| is(word));
            let is_change = match command.name() {
                "sed" | "perl" => has(&|word| word.starts_with("-i") || word.starts_with("--in-place")),
                program => CHANGING.contains(&program),
            };
            // `> file`, `>>file`
            let is_written = |[to, file]: [&str; 2]| to.starts_with('>') && is_named(file);
            let mut pairs = command.words.windows(2).filter_map(|pair| match pair {
                [to, file] if [">", ">>"].contains(&to.as_str()) => Some([to.as_str(), file]),
                [_, word] => Some([word.as_str(), word.trim_start_matches('>')]),
                _ => None,
            });
            (is_change && has(&is_named)) || pairs.any(is_written)
        })
    }

    /// The option that mounts a file of this COPY in a RUN.
    pub(super) const fn bind_mount(&self) -> &'static str {
        match self.source {
            CopySource::Context => "`RUN --mount=type=bind`",
            CopySource::Stage => "`RUN --mount=type=bind,from=STAGE`",
            CopySource::Either => "`RUN --mount=type=bind`, with `from=STAGE` for files of a stage",
        }
    }

    /// True for an ADD of an address: there is no local file to mount.
    pub(super) fn fetches(&self) -> bool {
        self.instruction.keyword == Keyword::Add && self.instruction.text.contains("://")
    }
}

/// Maximum number of files that a sentence names.
const MAX_NAMED: usize = 4;

/// Maximum number of names that are looked at to name files.
pub(super) const MAX_WALKED: usize = 5_000;

impl Remedies<'_> {
    /// The names of the files at and below `nodes` that fit, for a sentence: `/a, /b and /c`. `None` if they are other than `count`
    /// files, or too many to name.
    pub(super) fn files_named(
        &self,
        nodes: impl IntoIterator<Item = NodeId>,
        count: u64,
        fits: impl Fn(NodeId) -> bool,
    ) -> Option<String> {
        let (mut pending, mut visited): (Vec<NodeId>, usize) = (nodes.into_iter().take(MAX_NAMED).collect(), 0);
        let mut found = Vec::new();
        while let Some(node) = pending.pop() {
            visited = visited.saturating_add(1);
            found.extend(fits(node).then(|| self.path(node)));
            if visited > MAX_WALKED || found.len() > MAX_NAMED {
                return None;
            }
            pending.extend(self.tree.children(node).take(MAX_WALKED));
        }
        found.sort_unstable();
        found.dedup();
        (found.len() as u64 == count).then(|| enumerated(&found))
    }

    /// What to write for the files of a COPY in a directory that has others, too: a mount would hide those.
    pub(super) fn copied_files(&self, node: NodeId, files: u64, copy: &Place<'_>) -> Option<String> {
        let is_older = self.tree.spans(node).any(|id| self.tree.span(id).from() < copy.layer);
        if files < 2 || !is_older {
            return None;
        }
        let is_copied = |node: NodeId| {
            let mut spans = self.tree.spans(node).map(|id| self.tree.span(id));
            spans.any(|span| span.from() == copy.layer && span.kind.is_file())
        };
        let named = self.files_named([node], files, is_copied);
        Some(named.unwrap_or_else(|| format!("each file that it copies to {}", self.path(node))))
    }

    /// What to mount of a node: a directory that also has files of other layers cannot be mounted, since the mount hides them
    /// and is read-only.
    pub(super) fn to_mount(&self, finding: &Finding, node: NodeId, place: &Place<'_>) -> String {
        let path = self.path(node);
        let is_older = self.tree.spans(node).any(|id| self.tree.span(id).from() < place.layer);
        let is_shared = is_older
            || self.is_written_later(node, place)
            || ["/", "/tmp", "/var/tmp", "/root", "/opt", "/usr/src"].contains(&path.as_str());
        if is_shared && !is_single_file(finding, node) { format!("each file below {path}") } else { path }
    }

    /// True if a RUN above a COPY stores files at or below a node: a mount there is read-only.
    pub(super) fn is_written_later(&self, node: NodeId, copy: &Place<'_>) -> bool {
        let is_run = |layer: LayerIndex| self.places.get(layer.get()).is_some_and(Place::may_run);
        let is_written = |node: NodeId| {
            let mut spans = self.tree.spans(node).map(|id| self.tree.span(id));
            spans.any(|span| span.from() > copy.layer && !span.kind.is_directory() && is_run(span.from()))
        };
        let (mut pending, mut visited) = (vec![node], 0_usize);
        while let Some(node) = pending.pop() {
            visited = visited.saturating_add(1);
            if visited > MAX_VISITED || is_written(node) {
                return true;
            }
            pending.extend(self.tree.children(node));
        }
        false
    }

    /// True if a file of a finding may be a key or a password, by its name.
    pub(super) fn has_secrets(&self, finding: &Finding) -> bool {
        finding.groups.iter().any(|group| {
            FILES_OF_SECRETS.contains(&self.tree.name(group.place))
                || self.tree.ancestors(group.place).any(|node| DIRECTORIES_OF_SECRETS.contains(&self.tree.name(node)))
        })
    }
}
