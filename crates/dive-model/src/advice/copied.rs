//! What to write instead of a COPY or ADD that brings files, whatever their kind.

use super::archives::OF_TAR;
use super::finding::Finding;
use super::kind::AdviceKind;
use super::place::instruction_of;
use super::remedy::Remedies;
use crate::image::{Image, Keyword};
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Where a COPY or ADD takes its files from. The history of `BuildKit` does not record `--from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopySource {
    /// The build context, as far as the instruction tells.
    Context,
    /// Another stage or image.
    Stage,
    /// An absolute path: of a stage, or of the context.
    Either,
}

impl CopySource {
    pub(super) fn of(image: &Image, layer: LayerIndex) -> Self {
        let instruction = instruction_of(image, layer);
        let lines = image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref());
        let has_from = |text: &str| text.contains("--from=");
        if has_from(instruction.text) || lines.is_some_and(|lines| lines.lines().any(|(_, line)| has_from(line))) {
            return Self::Stage;
        }
        let source = instruction.text.split_whitespace().find(|word| !word.starts_with("--"));
        let is_absolute = source.is_some_and(|source| source.trim_start_matches(['[', '"']).starts_with('/'));
        if lines.is_none() && is_absolute { Self::Either } else { Self::Context }
    }
}

impl Remedies<'_> {
    /// The remedy for files of a COPY or ADD. `.dockerignore` is for what no program needs; of the others, the way that they are made
    /// is what to change.
    pub(super) fn of_copied(&self, finding: &Finding, source: CopySource, vcs: Option<NodeId>) -> String {
        let (largest, instead) = (self.largest(finding), finding.kind.row().instead);
        match (finding.kind, source) {
            (AdviceKind::UnstrippedBinary, _) => format!("strip {largest} before the copy"),
            (AdviceKind::ArchiveKept, _) => self.of_copied_archive(finding),
            (AdviceKind::DataInImage | AdviceKind::DebugSymbols | AdviceKind::SourceMaps, _) => {
                format!("{instead} ({largest})")
            }
            (
                AdviceKind::StaticLibrariesAndHeaders
                | AdviceKind::DocsAndLocales
                | AdviceKind::TestFolders
                | AdviceKind::PythonBytecode,
                _,
            ) => format!("copy only what the program needs, without {largest}"),
            (AdviceKind::VcsFolder, CopySource::Context) if vcs.is_some() => {
                // Without `**/`, the pattern is only for the root of the context.
                let name = vcs.map_or(&b""[..], |vcs| self.tree.name(vcs)).escape_ascii();
                format!("name `**/{name}` in .dockerignore")
            }
            (AdviceKind::EditorAndOsFiles, CopySource::Context) => instead.to_owned(),
            _ => self.left_out(finding, source, vcs),
        }
    }

    fn left_out(&self, finding: &Finding, source: CopySource, vcs: Option<NodeId>) -> String {
        let group = vcs.or_else(|| finding.groups.first().map(|group| group.place));
        let (files, them) = match group.filter(|node| self.is_removable(finding, *node)) {
            Some(node) => (self.path(node), "it"),
            None => (format!("these files below {}", self.largest(finding)), "them"),
        };
        match source {
            CopySource::Context => format!("leave {files} out of the copy, for example in .dockerignore"),
            CopySource::Stage => {
                format!("leave {files} out of the copy, or delete {them} in the stage of its `--from`")
            }
            CopySource::Either => {
                format!(
                    "leave {files} out of the copy: name {them} in .dockerignore, or delete {them} in the stage with {them}"
                )
            }
        }
    }

    /// An archive that a later RUN unpacks: the RUN needs it, and the image does not.
    fn of_copied_archive(&self, finding: &Finding) -> String {
        let mount = format!(
            "mount {} in the RUN that unpacks it (`RUN --mount=type=bind`) instead of copying it",
            self.largest(finding)
        );
        let is_copy = finding.layer.is_some_and(|layer| self.keyword(layer) == Some(Keyword::Copy));
        let place = finding.groups.first().map_or(NodeId::ROOT, |group| group.place);
        if is_copy && OF_TAR.iter().any(|ending| self.tree.name(place).ends_with(ending.as_bytes())) {
            format!("{mount}, or write ADD, which unpacks it")
        } else {
            mount
        }
    }
}
