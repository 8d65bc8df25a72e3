//! What later instructions need of a layer: a remedy that deletes it there would break the build.

use super::kind::AdviceKind;
use super::place::Place;
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

    /// Whether a RUN above `place` needs the files at any of `nodes`.
    pub(super) fn later_use_of(&self, kind: AdviceKind, place: &Place<'_>, nodes: &[NodeId]) -> LaterUse<'_> {
        let later: Vec<&Place<'_>> = self.runs_between(place.layer, None).collect();
        if !READ_BY_OTHERS.contains(&kind) {
            // `pnpm fetch` fills a cache that `pnpm install --offline` needs.
            let offline: Vec<&Place<'_>> =
                later.into_iter().filter(|place| place.instruction.text.contains("--offline")).collect();
            return if offline.is_empty() { LaterUse::Excluded } else { LaterUse::Named(offline) };
        }
        if later.is_empty() {
            return LaterUse::Excluded;
        }
        let is_named = |later: &&Place<'_>| nodes.iter().any(|node| self.names(later, *node));
        let naming: Vec<&Place<'_>> = later.into_iter().filter(is_named).collect();
        if naming.is_empty() { LaterUse::Possible } else { LaterUse::Named(naming) }
    }

    /// True if the text of a RUN has the name of a node, or its directory.
    fn names(&self, run: &Place<'_>, node: NodeId) -> bool {
        let text = run.instruction.text;
        let directory = self.tree.parent(node).filter(|parent| *parent != NodeId::ROOT);
        let directory = directory.and_then(|parent| plain_word(&self.tree.path(parent)));
        text.contains(&*String::from_utf8_lossy(self.tree.name(node)))
            || directory.is_some_and(|directory| text.contains(&directory))
    }
}

impl Place<'_> {
    /// True for a RUN, and for a step of unknown contents.
    fn may_run(&self) -> bool {
        matches!(self.instruction.keyword, Keyword::Run | Keyword::Unknown)
    }

    /// True for a RUN that deletes files or removes packages, and does nothing else.
    pub(super) fn only_deletes(&self) -> bool {
        self.instruction.keyword == Keyword::Run && self.commands.iter().all(deletes)
    }

    /// A command of the RUN that removes packages, to write it elsewhere: `apk del .build-deps`.
    pub(super) fn removal(&self) -> Option<&ShellCommand> {
        self.commands.iter().find(|command| removes_packages(command))
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
