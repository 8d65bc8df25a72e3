//! Kinds that the command of containers takes out: they start the program that reads these files.

use hashbrown::HashSet;

use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::package_managers::{ListUse, PackageManager};
use super::shell_commands::{ShellCommand, started};
use crate::image::{ContainerPlaces, Image};

/// The names of files that the start command and the variables of an image mention: containers may read them.
#[derive(Debug, Default)]
pub(super) struct MentionedNames<'a>(HashSet<&'a [u8]>);

impl<'a> MentionedNames<'a> {
    pub(super) fn of(start_command: &'a [String], places: &'a ContainerPlaces) -> Self {
        let is_between = |letter: char| letter.is_whitespace() || "/=:;,&|'\"()".contains(letter);
        let words = start_command.iter().chain(&places.environment);
        Self(words.flat_map(|word| word.split(is_between)).map(str::as_bytes).collect())
    }

    pub(super) fn contain(&self, name: &[u8]) -> bool {
        self.0.contains(name)
    }
}

/// The kinds that containers of the image read. If the command is too long to read, every kind that it could need: no finding is
/// better than a false one.
pub(super) fn needed_kinds(image: &Image) -> KindSet {
    let commands = started(&image.start_command);
    let is_unread = commands.is_none();
    let commands = commands.unwrap_or_default();
    let starts = |names: &[&str]| is_unread || commands.iter().any(|command| command.is(names));
    let uses_lists =
        |wanted: ListUse| commands.iter().any(|command| ListUse::of(command, PackageManager::Apt) == Some(wanted));
    let needs_lists = || uses_lists(ListUse::Installs) && !uses_lists(ListUse::Updates);
    let mentions = |part: &str| image.start_command.iter().any(|word| mentions(word, part));
    let runs_sdk = |command: &ShellCommand| {
        let verbs = ["run", "watch", "test", "build"];
        command.is(&["dotnet"]) && command.arguments().first().is_some_and(|verb| verbs.contains(&verb.as_str()))
    };
    let needed = [
        (AdviceKind::GoCache, starts(&["go"])),
        (AdviceKind::RustCache, starts(&["cargo"]) || mentions("/target/")),
        // A class path may lead into the cache.
        (
            AdviceKind::JvmCache,
            starts(&["mvn", "mvnw", "gradle", "gradlew", "sbt", "cs", "coursier", "scala", "scala-cli", "mill"])
                || [".m2/", ".gradle/", ".ivy2/", ".cache/coursier/"].into_iter().any(mentions),
        ),
        (AdviceKind::DotnetCache, is_unread || commands.iter().any(runs_sdk) || mentions(".nuget/")),
        (AdviceKind::NodeCache, starts(&["npx", "pnpx"]) || mentions("node_modules/.cache") || mentions(".next/cache")),
        (AdviceKind::BuildCache, starts(&["bazel", "bazelisk"]) || mentions(".cache/bazel")),
        (AdviceKind::PythonCache, starts(&["uvx"]) || mentions(".cache/uv")),
        (AdviceKind::AptLists, is_unread || needs_lists()),
        (AdviceKind::TemporaryFiles, mentions("/tmp/") || mentions("/var/tmp/") || is_in_tmp(&image.places)),
    ];
    needed.into_iter().filter(|(_, is_needed)| *is_needed).map(|(kind, _)| kind).collect()
}

/// True if a word has this part of a path. An absolute one starts the path: `/srv/tmp/a` does not have `/tmp/`.
fn mentions(word: &str, part: &str) -> bool {
    let is_name = |letter: char| letter.is_alphanumeric() || "._-/".contains(letter);
    word.match_indices(part).any(|(at, _)| {
        let before = word.get(..at).and_then(|before| before.chars().next_back());
        !part.starts_with('/') || !before.is_some_and(is_name)
    })
}

/// True if containers start in a directory for temporary files, or a variable names a file there. `TMPDIR=/tmp` names none.
fn is_in_tmp(places: &ContainerPlaces) -> bool {
    let is_tmp = |path: &str| ["/tmp", "/var/tmp"].contains(&path.trim_end_matches('/'));
    let is_below = |path: &str| path.starts_with("/tmp/") || path.starts_with("/var/tmp/");
    let values = places.environment.iter().filter_map(|variable| variable.split_once('=')).map(|(_, value)| value);
    let mut paths = values.flat_map(|value| value.split(':'));
    let directory = &*places.working_directory;
    is_tmp(directory) || is_below(directory) || paths.any(|path| is_below(path) && !is_tmp(path))
}
