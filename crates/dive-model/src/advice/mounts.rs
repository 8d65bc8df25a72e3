//! How to give a RUN the files that a COPY or ADD stores for it alone: mount them, fetch them, or pass them as secrets.

use super::finding::Finding;
use super::place::{CopySource, Place};
use super::remedy::{Remedies, is_single_file};
use crate::image::Keyword;
use crate::tree::NodeId;

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

impl Place<'_> {
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

impl Remedies<'_> {
    /// What to mount of a node: a directory that also has files of lower layers cannot be mounted, since the mount hides them.
    pub(super) fn to_mount(&self, finding: &Finding, node: NodeId, place: &Place<'_>) -> String {
        let path = self.path(node);
        let is_older = self.tree.spans(node).any(|id| self.tree.span(id).from() < place.layer);
        let is_shared = is_older || ["/", "/tmp", "/var/tmp", "/root", "/opt", "/usr/src"].contains(&path.as_str());
        if is_shared && !is_single_file(finding, node) { format!("each file below {path}") } else { path }
    }

    /// True if a file of a finding may be a key or a password, by its name.
    pub(super) fn has_secrets(&self, finding: &Finding) -> bool {
        finding.groups.iter().any(|group| {
            FILES_OF_SECRETS.contains(&self.tree.name(group.place))
                || self.tree.ancestors(group.place).any(|node| DIRECTORIES_OF_SECRETS.contains(&self.tree.name(node)))
        })
    }
}
