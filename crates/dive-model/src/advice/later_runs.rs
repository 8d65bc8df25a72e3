//! What later instructions need of a layer: a remedy that deletes it there would break the build.

use super::finding::Finding;
use super::kind::AdviceKind;
use super::package_managers::{PackageAction, programs_of_cache};
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Whether a later RUN needs files.
pub(super) enum LaterUse<'a> {
    /// No later RUN needs them.
    Excluded,
    /// A later RUN may need them.
    Possible,
    /// These name the files or their directory.
    Named(Vec<&'a Place<'a>>),
}

/// Kinds of files that other programs than their own read.
pub(super) const READ_BY_OTHERS: [AdviceKind; 3] =
    [AdviceKind::ArchiveKept, AdviceKind::TemporaryFiles, AdviceKind::VcsFolder];

/// What a script has that reads a repository without naming it.
pub(super) const READING_REPOSITORY: [&str; 6] =
    ["git describe", "git rev-parse", "git rev-list", "git log", "git show", "git submodule"];

impl Remedies<'_> {
    /// The steps with commands above a layer, and below `end` if there is one. The steps of other builders may have some.
    pub(super) fn runs_between(&self, layer: LayerIndex, end: Option<LayerIndex>) -> impl Iterator<Item = &Place<'_>> {
        let is_between = move |place: &&Place<'_>| place.layer > layer && end.is_none_or(|end| place.layer < end);
        self.places.iter().filter(is_between).filter(|place| place.may_run())
    }

    /// Where a remedy puts the one RUN that it makes of the steps from `first` to `last`: a COPY between them has to come before it. The
    /// RUN has one directory, one user and one shell.
    pub(super) fn behind_copies(&self, first: &Place<'_>, last: Option<&Place<'_>>) -> String {
        let end = last.map_or(first.layer, |last| last.layer);
        let is_between = |place: &&Place<'_>| first.layer < place.layer && place.layer < end;
        let copies = self.places.iter().filter(is_between).filter(|place| place.instruction.copies());
        let copies: Vec<&Place<'_>> = copies.collect();
        let behind = match copies.len() {
            0 => String::new(),
            1 => format!(" after the COPY of {}", names_of(&copies)),
            _ => format!(" after each COPY of {}", names_of(&copies)),
        };
        behind + &self.settings.between(first.layer, end)
    }

    /// A RUN that is joined with later ones, since they need its files. What runs between them may need those, too, and make what the
    /// last one needs: it cannot stay apart.
    pub(super) fn joined(&self, place: &Place<'_>, runs: &[&Place<'_>], command: &str) -> String {
        let command = place.as_its_user(command);
        format!("join it with {} in one RUN that ends with `{command}`", self.names_of_joined(place, runs))
    }

    /// The names of all steps with commands up to the last of some later ones, and what is between them.
    pub(super) fn names_of_joined(&self, place: &Place<'_>, runs: &[&Place<'_>]) -> String {
        let Some(last) = runs.last() else { return String::new() };
        let all: Vec<&Place<'_>> = self.runs_between(place.layer, Some(last.layer)).chain([*last]).collect();
        names_of(&all) + &self.behind_copies(place, Some(last))
    }

    /// Whether a RUN above `place` needs the files at any of `nodes`.
    pub(super) fn later_use_of(&self, kind: AdviceKind, place: &Place<'_>, nodes: &[NodeId]) -> LaterUse<'_> {
        let mut later = self.runs_between(place.layer, None).peekable();
        if later.peek().is_none() {
            return LaterUse::Excluded;
        }
        let (wanted, offline) = (self.wanted(kind, place.layer, nodes), offline_use(kind));
        let needs = |run: &&Place<'_>| {
            let is_offline =
                offline.as_ref().is_some_and(|(programs, options)| self.is_offline(run, programs, options));
            let reads_repository = || kind == AdviceKind::VcsFolder && self.has_any(run, &READING_REPOSITORY);
            is_offline || self.names(run, &wanted) || reads_repository()
        };
        let needing: Vec<&Place<'_>> = later.filter(needs).collect();
        match needing.is_empty() {
            true if READ_BY_OTHERS.contains(&kind) => LaterUse::Possible,
            true => LaterUse::Excluded,
            false => LaterUse::Named(needing),
        }
    }

    /// True if a RUN starts one of these programs without a network.
    fn is_offline(&self, run: &Place<'_>, programs: &[&str], options: &[&str]) -> bool {
        if !self.has_any(run, programs) || !self.has_any(run, options) {
            return false;
        }
        // Other programs have short options, too.
        let has_option = |command: &ShellCommand| {
            let is_program = programs.iter().any(|program| command.name().starts_with(program));
            is_program && options.iter().any(|option| command.has(option.trim()))
        };
        options.iter().any(|option| !option.starts_with(' ') && run.instruction.text.contains(option))
            || self.parsed(run).iter().any(has_option)
    }

    /// How to run a command that deletes the files of a finding at the end of the last RUN that needs them.
    pub(super) fn adds_or_joins(&self, finding: &Finding, place: &Place<'_>, command: &str) -> String {
        match self.later_use_of(finding.kind, place, &self.places_of(finding, &[])) {
            LaterUse::Named(runs) => self.joined(place, &runs, command),
            LaterUse::Possible | LaterUse::Excluded => place.adds(command),
        }
    }

    /// True if the text of a RUN has any of these words. False when no search is left: hundreds of findings may ask for the same
    /// megabytes of scripts.
    pub(super) fn has_any(&self, run: &Place<'_>, words: &[impl AsRef<str>]) -> bool {
        let text = run.instruction.text;
        words.iter().map(AsRef::as_ref).any(|word| {
            let cost = text.len().saturating_add(word.len()).saturating_add(100);
            self.spend(cost) && text.contains(word)
        })
    }

    /// False if searches have no bytes left.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        let left = self.searched.get().checked_sub(bytes);
        self.searched.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// The programs of a cache, and how they use it without a network: parts of a script, of which one behind a space is a word of such
/// a program. Otherwise, they would download again what a remedy deletes.
fn offline_use(kind: AdviceKind) -> Option<(Vec<&'static str>, &'static [&'static str])> {
    let (others, options): (&[&str], &'static [&str]) = match kind {
        AdviceKind::RpmCache => (&[], &["--cacheonly", " -C"]),
        AdviceKind::ZypperCache => (&[], &["--no-refresh"]),
        AdviceKind::ApkCache => (&[], &["--no-network"]),
        AdviceKind::AptArchives => (&[], &["--no-download"]),
        AdviceKind::PythonCache => (&[], &["--offline", "--no-index", "--no-download", "UV_OFFLINE"]),
        AdviceKind::CondaPackages => (&[], &["--offline", "CONDA_OFFLINE"]),
        AdviceKind::NodeCache => (&[], &["--offline"]),
        AdviceKind::GoCache => (&["go", "make"], &["GOPROXY=off"]),
        AdviceKind::RustCache => (&["cargo", "make"], &["--offline", "CARGO_NET_OFFLINE"]),
        AdviceKind::JvmCache => (&["mvn", "gradle", "sbt"], &["--offline", " -o"]),
        AdviceKind::PhpCache => (&["composer"], &["COMPOSER_DISABLE_NETWORK"]),
        _ => return None,
    };
    Some(([&programs_of_cache(kind), others].concat(), options))
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
        self.commands().into_iter().find(|command| command.package_action() == Some(PackageAction::Removes))
    }
}

/// True for a command that deletes, and for one without an effect on files.
pub(super) fn deletes(command: &ShellCommand) -> bool {
    match command.name() {
        "rm" | "rmdir" | "unlink" | "set" | "cd" | "true" | "echo" | ":" => true,
        "find" => command.has("-delete") || command.has("rm"),
        _ => matches!(command.package_action(), Some(PackageAction::Removes | PackageAction::Cleans)),
    }
}
