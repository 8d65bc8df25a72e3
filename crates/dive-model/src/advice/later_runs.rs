//! What later instructions need of a layer: a remedy that deletes it there would break the build.

use super::kind::AdviceKind;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;
use crate::layer::LayerIndex;
use crate::shell::plain_word;
use crate::tree::NodeId;

/// Whether a later RUN needs files.
pub(super) enum LaterUse<'a> {
    /// None does: there is none, or the files are of a cache.
    Excluded,
    /// One may.
    Possible,
    /// These name the files or their directory.
    Named(Vec<&'a Place<'a>>),
}

/// Kinds of files that other programs than their own read.
const READ_BY_OTHERS: [AdviceKind; 3] = [AdviceKind::ArchiveKept, AdviceKind::TemporaryFiles, AdviceKind::VcsFolder];

impl Remedies<'_> {
    /// The steps with commands above a layer, and below `end` if there is one. The steps of other builders may have some.
    pub(super) fn runs_between(&self, layer: LayerIndex, end: Option<LayerIndex>) -> impl Iterator<Item = &Place<'_>> {
        let is_between = move |place: &&Place<'_>| place.layer > layer && end.is_none_or(|end| place.layer < end);
        self.places.iter().filter(is_between).filter(|place| place.may_run())
    }

    /// Where a remedy puts the one RUN that it makes of the steps from `first` to `last`: a COPY between them has to come before it.
    pub(super) fn behind_copies(&self, first: &Place<'_>, last: Option<&Place<'_>>) -> String {
        let end = last.map_or(first.layer, |last| last.layer);
        let is_between = |place: &&Place<'_>| first.layer < place.layer && place.layer < end;
        let copies = self.places.iter().filter(is_between).filter(|place| place.instruction.copies());
        let copies: Vec<&Place<'_>> = copies.collect();
        match copies.len() {
            0 => String::new(),
            1 => format!(" after the COPY of {}", names_of(&copies)),
            _ => format!(" after each COPY of {}", names_of(&copies)),
        }
    }

    /// Whether a RUN above `place` needs the files at any of `nodes`.
    pub(super) fn later_use_of(&self, kind: AdviceKind, place: &Place<'_>, nodes: &[NodeId]) -> LaterUse<'_> {
        let mut later = self.runs_between(place.layer, None).peekable();
        if !READ_BY_OTHERS.contains(&kind) {
            // `pnpm fetch` fills a cache that `pnpm install --offline` needs.
            let offline: Vec<&Place<'_>> = later.filter(|place| place.is_offline).collect();
            return if offline.is_empty() { LaterUse::Excluded } else { LaterUse::Named(offline) };
        }
        if later.peek().is_none() {
            return LaterUse::Excluded;
        }
        let words: Vec<String> = nodes.iter().flat_map(|node| self.words_for(*node)).collect();
        let naming: Vec<&Place<'_>> = later.filter(|run| self.has_any(run, &words)).collect();
        if naming.is_empty() { LaterUse::Possible } else { LaterUse::Named(naming) }
    }

    /// What a RUN that needs a node has in its text: the name, or the directory.
    fn words_for(&self, node: NodeId) -> impl Iterator<Item = String> {
        let directory = self.tree.parent(node).filter(|parent| *parent != NodeId::ROOT);
        let directory = directory.and_then(|parent| plain_word(&self.tree.path(parent)));
        std::iter::once(String::from_utf8_lossy(self.tree.name(node)).into_owned()).chain(directory)
    }

    /// True if the text of a RUN has any of these words. False when no search is left: hundreds of findings may ask for the same
    /// megabytes of scripts.
    pub(super) fn has_any(&self, run: &Place<'_>, words: &[String]) -> bool {
        let text = run.instruction.text;
        words.iter().any(|word| {
            let cost = text.len().saturating_add(word.len()).saturating_add(100);
            let left = self.searched.get().checked_sub(cost);
            self.searched.set(left.unwrap_or(0));
            left.is_some() && text.contains(word.as_str())
        })
    }
}

impl Place<'_> {
    /// True for a RUN, and for a step of unknown contents.
    pub(super) fn may_run(&self) -> bool {
        matches!(self.instruction.keyword, Keyword::Run | Keyword::Unknown)
    }

    /// True for a RUN that deletes files or removes packages, and does nothing else.
    pub(super) fn only_deletes(&self) -> bool {
        self.instruction.keyword == Keyword::Run && self.commands().iter().all(deletes)
    }

    /// A command of the RUN that removes packages, to write it elsewhere: `apk del .build-deps`.
    pub(super) fn removal(&self) -> Option<ShellCommand> {
        self.commands().into_iter().find(removes_packages)
    }
}

/// True for a command that removes packages of a distribution.
fn removes_packages(command: &ShellCommand) -> bool {
    let verbs: &[&str] = match command.name() {
        "apk" => &["del"],
        "apt-get" | "apt" => &["purge", "remove", "autoremove"],
        "dnf" | "yum" | "microdnf" | "zypper" => &["remove", "erase", "autoremove", "rm"],
        _ => return false,
    };
    command.arguments().iter().any(|word| verbs.contains(&word.as_str()))
}

/// True for a command that deletes, and for one without an effect on files.
fn deletes(command: &ShellCommand) -> bool {
    let has = |word: &str| command.arguments().iter().any(|argument| argument == word);
    match command.name() {
        "rm" | "rmdir" | "unlink" | "set" | "cd" | "true" | "echo" | ":" => true,
        "find" => has("-delete") || has("rm"),
        "apt-get" | "apt" | "dnf" | "yum" | "microdnf" | "zypper" | "npm" | "yarn" | "pip" | "pip3" | "conda"
            if has("clean") || has("purge") =>
        {
            true
        }
        _ => removes_packages(command),
    }
}
