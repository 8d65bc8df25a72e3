//! What to write instead of a COPY or ADD that brings files, whatever their kind.

use super::archives::{OF_PACKAGES, OF_TAR};
use super::finding::{AdviceGroup, Finding};
use super::kind::AdviceKind;
use super::later_runs::LaterUse;
use super::mounts::MAX_WALKED;
use super::named_files::{NamedFiles, enumerated, some_below};
use super::place::{CopySource, Place, names_of};
use super::remedy::{REPOSITORIES, Remedies, is_single_file};
use crate::image::Keyword;
use crate::layer::content::ContentFact;
use crate::tree::NodeId;

impl Place<'_> {
    /// True for an ADD of an archive of tar: `.dockerignore` does not reach inside. The classic builder records a hash of it, and of
    /// any other file.
    pub(super) fn unpacks(&self) -> bool {
        let words = || self.instruction.text.split_whitespace();
        let is_archive = |word: &str| OF_TAR.iter().any(|ending| word.ends_with(ending));
        let is_address = |word: &str| word.contains("://");
        self.instruction.keyword == Keyword::Add
            && (words().any(|word| is_archive(word) && !is_address(word))
                || words().next().is_some_and(|word| word.starts_with("file:")) && words().last() == Some("/"))
    }
}

impl Remedies<'_> {
    /// The remedy for files of a COPY or ADD. `.dockerignore` is for what no program needs; of the others, the way that they are made
    /// is what to change.
    pub(super) fn of_copied(&self, finding: &Finding, place: &Place<'_>, vcs: Option<NodeId>) -> String {
        let source = place.source;
        let (files, instead) = (self.visible_files(finding).name, finding.kind.row().instead);
        if place.unpacks() && finding.kind != AdviceKind::ArchiveKept {
            return format!("leave {files} out of the archive that the ADD unpacks");
        }
        match (finding.kind, source) {
            (AdviceKind::UnstrippedBinary, _) => {
                let has_symbols =
                    |node: NodeId| self.visible_fact(node).is_some_and(|fact| matches!(fact, ContentFact::Symbols(_)));
                let nodes = finding.groups.iter().map(|group| group.place);
                let has_directories = finding.groups.iter().any(|group| group.files > 1);
                match self.files_named(nodes, finding.files, has_symbols) {
                    Some(files) => format!("strip {files} before the copy"),
                    None if has_directories => {
                        format!("strip the programs below {} before the copy", self.largest(finding))
                    }
                    None => format!("strip {files} before the copy"),
                }
            }
            (AdviceKind::ArchiveKept, _) => self.of_copied_archive(finding, place),
            (AdviceKind::DataInImage | AdviceKind::DebugSymbols | AdviceKind::SourceMaps, _) => {
                format!("{instead} ({files})")
            }
            (
                AdviceKind::StaticLibrariesAndHeaders
                | AdviceKind::DocsAndLocales
                | AdviceKind::TestFolders
                | AdviceKind::PythonBytecode,
                _,
            ) => {
                let node = finding.groups.first().map_or(NodeId::ROOT, |group| group.place);
                let is_library = |node: NodeId| self.visible_fact(node) == Some(ContentFact::ArArchive);
                let files = match finding.kind {
                    // The directory may have other libraries, which programs load.
                    AdviceKind::StaticLibrariesAndHeaders
                        if !self.is_removable(finding, node)
                            && self.tree.children(node).take(MAX_WALKED).any(is_library) =>
                    {
                        format!("the `*.a` files in {}", self.path(node))
                    }
                    _ => files,
                };
                format!("copy only what the program needs, without {files}")
            }
            (AdviceKind::VcsFolder, CopySource::Context) if vcs.is_some() => {
                // Without `**/`, the pattern is only for the root of the context.
                let mut names: Vec<&[u8]> =
                    self.places_of(finding, &REPOSITORIES).iter().map(|node| self.tree.name(*node)).collect();
                names.sort_unstable();
                names.dedup();
                let patterns: Vec<String> = names.iter().map(|name| format!("`**/{}`", name.escape_ascii())).collect();
                let patterns = enumerated(&patterns);
                let unless = match self.later_use_of(finding.kind, place, &self.places_of(finding, &REPOSITORIES)) {
                    LaterUse::Named(_) => return self.left_out(finding, place),
                    LaterUse::Possible => ", unless a later RUN needs it",
                    LaterUse::Excluded => "",
                };
                format!("add {patterns} to .dockerignore{unless}")
            }
            (AdviceKind::EditorAndOsFiles, CopySource::Context) => match self.editor_patterns(finding) {
                Some(patterns) => format!("add {patterns} to .dockerignore"),
                None => instead.to_owned(),
            },
            _ => self.left_out(finding, place),
        }
    }

    /// The patterns of `.dockerignore` for files of editors and desktops; `None` if a group is a directory with files of other names.
    fn editor_patterns(&self, finding: &Finding) -> Option<String> {
        let pattern = |group: &AdviceGroup| {
            let node = self.named_above(group.place, &[".idea", ".vscode"]).unwrap_or(group.place);
            match self.tree.name(node) {
                name @ (b".idea" | b".vscode" | b".DS_Store" | b"Thumbs.db") => {
                    Some(format!("`**/{}`", name.escape_ascii()))
                }
                name => name.ends_with(b".swp").then(|| "`**/.*.swp`".to_owned()),
            }
        };
        let mut patterns: Vec<String> = finding.groups.iter().map(pattern).collect::<Option<_>>()?;
        patterns.sort_unstable();
        patterns.dedup();
        Some(enumerated(&patterns))
    }

    /// What is known of the content of a file of the finished file system.
    fn visible_fact(&self, node: NodeId) -> Option<ContentFact> {
        let visible = self.tree.visible(node, self.tree.last_layer()?)?;
        self.tree.content_fact(self.tree.inode(visible))
    }

    fn left_out(&self, finding: &Finding, place: &Place<'_>) -> String {
        let groups = self.places_of(finding, &REPOSITORIES);
        let named = |node: &NodeId| {
            let path = self.path(*node);
            if self.is_removable(finding, *node) { path } else { some_below(&path) }
        };
        let NamedFiles { name: files, them } = NamedFiles::of(&groups, named);
        let of_use = self.later_use_of(finding.kind, place, &groups);
        if let LaterUse::Named(runs) = &of_use {
            let (runs, mount) = (names_of(runs), place.bind_mount());
            let NamedFiles { name: files, them } = NamedFiles::of(&groups, |node| self.to_mount(finding, *node, place));
            if place.fetches() {
                return format!("fetch {files} in {runs}, and delete {them} there");
            }
            // No RUN changes them: the finished file system has what the copy brought.
            return format!("mount {files} in {runs} ({mount}) instead of copying {them}");
        }
        let excluded = match place.source {
            CopySource::Context => format!("exclude {files} from the copy, for example in .dockerignore"),
            CopySource::Stage => {
                format!("exclude {files} from the copy, or delete {them} in the stage of its `--from`")
            }
            CopySource::Either => {
                format!(
                    "exclude {files} from the copy: list {them} in .dockerignore, or delete {them} in the source stage"
                )
            }
        };
        match of_use {
            LaterUse::Possible => {
                format!("{excluded}; a RUN that only reads {them} can mount {them} ({})", place.bind_mount())
            }
            LaterUse::Excluded | LaterUse::Named(_) => excluded,
        }
    }

    /// An archive that a later RUN unpacks or installs: the RUN needs it, and the image does not.
    fn of_copied_archive(&self, finding: &Finding, place: &Place<'_>) -> String {
        let places = || finding.groups.iter().map(|group| group.place);
        let first = places().next().unwrap_or(NodeId::ROOT);
        // Several archives have a directory in common, which one mount has.
        let parent = self.tree.parent(first).unwrap_or(NodeId::ROOT);
        let are_beside = places().count() > 1 && places().all(|node| self.tree.parent(node) == Some(parent));
        let node = if are_beside { parent } else { first };
        let archive = self.to_mount(finding, node, place);
        let has_ending =
            |endings: &[&str]| endings.iter().any(|ending| self.tree.name(node).ends_with(ending.as_bytes()));
        let uses = match () {
            () if !is_single_file(finding, node) => "uses",
            () if has_ending(&OF_PACKAGES) => "installs",
            () => "unpacks",
        };
        if place.fetches() {
            return format!("fetch {archive} in the RUN that {uses} it, and delete it there");
        }
        let mount = format!("mount {archive} in the RUN that {uses} it ({}) instead of copying it", place.bind_mount());
        let is_copy = place.instruction.keyword == Keyword::Copy && place.source == CopySource::Context;
        if is_copy && has_ending(&OF_TAR) { format!("{mount}, or write ADD, which unpacks it") } else { mount }
    }
}
