//! Whether a RUN names files, or a directory above them. Its script is read without its working directory, so a relative path
//! names every file whose path ends like it.

use super::kind::AdviceKind;
use super::later_runs::{READ_BY_OTHERS, deletes};
use super::place::Place;
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::{Keyword, PatternLiterals};
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Files that a RUN may name.
pub(super) struct WantedFiles {
    /// Absolute paths of files or directories.
    paths: Vec<String>,
    /// What a script has that names any of them.
    hints: Vec<String>,
    /// The layer that brings them.
    layer: LayerIndex,
    kind: AdviceKind,
}

/// Where a path in a script is, seen from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RelativePosition {
    Same,
    Below,
    Above,
}

/// Programs that need none of the directories that they name, though perhaps a file in them.
const NOT_READING_DIRECTORIES: [&str; 14] = [
    "chown", "chmod", "chgrp", "ls", "du", "touch", "useradd", "adduser", "usermod", "groupadd", "addgroup", "export",
    "test", "[",
];

/// Programs whose last word is where they write to.
const WITH_DESTINATION: [&str; 5] = ["cp", "mv", "install", "ln", "rsync"];

/// Programs that write the files that they name.
const FETCHING: [&str; 5] = ["curl", "wget", "aria2c", "hf", "huggingface-cli"];

/// Variables with a directory for new files.
const TEMPORARY: [&str; 3] = ["TMPDIR=", "TMP=", "TEMP="];

/// Parsing a script takes as long as searching this many of its size.
const COST_OF_PARSING: usize = 64;

impl Remedies<'_> {
    /// The files at `nodes`, to look for in scripts.
    pub(super) fn wanted(&self, kind: AdviceKind, layer: LayerIndex, nodes: &[NodeId]) -> WantedFiles {
        let paths = nodes.iter().filter_map(|node| String::from_utf8(self.tree.path(*node)).ok());
        let paths: Vec<String> = paths.filter(|path| path.len() > 1).collect();
        let mut hints: Vec<String> = Vec::new();
        for path in &paths {
            let first = path.split('/').nth(1).unwrap_or_default();
            let name = path.rsplit('/').next().unwrap_or_default();
            hints.extend([format!("/{first}"), name.to_owned()]);
        }
        if reads_names(kind) {
            hints.extend(["*", "cd "].map(ToOwned::to_owned));
        }
        hints.sort_unstable();
        hints.dedup();
        WantedFiles { paths, hints, layer, kind }
    }

    /// True if a step needs one of these files, by the paths in its text.
    pub(super) fn names(&self, run: &Place<'_>, files: &WantedFiles) -> bool {
        if !self.has_any(run, &files.hints) {
            return false;
        }
        let commands = self.parsed(run);
        commands.iter().any(|command| files.paths.iter().any(|path| self.command_names(command, path, files)))
    }

    /// The commands of a step; none if no search is left. The step of another builder is one command.
    pub(super) fn parsed(&self, run: &Place<'_>) -> Vec<ShellCommand> {
        if !self.spend(run.instruction.text.len().saturating_mul(COST_OF_PARSING)) {
            return Vec::new();
        }
        if run.instruction.keyword == Keyword::Run {
            return run.commands();
        }
        vec![ShellCommand { words: run.instruction.text.split_whitespace().map(ToOwned::to_owned).collect() }]
    }

    fn command_names(&self, command: &ShellCommand, path: &str, files: &WantedFiles) -> bool {
        let (program, reads_names) = (command.name(), reads_names(files.kind));
        let enters = ["cd", "pushd"].contains(&program);
        if ["mkdir", "export"].contains(&program) || (deletes(command) && !enters) || (enters && !reads_names) {
            return false;
        }
        let fetches = FETCHING.contains(&program);
        let clones = program == "git" && command.arguments().first().is_some_and(|verb| verb == "clone");
        let has_destination = clones || WITH_DESTINATION.contains(&program);
        let destination = command.words.len().checked_sub(1).filter(|_| has_destination);
        let mut before = "";
        command.words.iter().enumerate().any(|(at, word)| {
            let previous = std::mem::replace(&mut before, word);
            let is_written = word.contains('>') || previous.ends_with('>');
            if is_written || TEMPORARY.iter().any(|name| word.starts_with(name)) || (fetches && !word.starts_with('@'))
            {
                return false;
            }
            let is_destination = Some(at) == destination
                || matches!((program, previous), ("tar" | "bsdtar", "-C" | "--directory") | ("unzip", "-d"));
            paths_in(word).any(|named| match position(named, path, reads_names) {
                Some(RelativePosition::Same) => !(is_destination && clones),
                // What the layer does not have, the RUN makes itself.
                Some(RelativePosition::Below) => named.contains(['*', '?', '$', '[']) || self.is_in(named, files.layer),
                Some(RelativePosition::Above) => {
                    let is_near = reads_names || named.matches('/').count() > 1;
                    is_near && !is_destination && !NOT_READING_DIRECTORIES.contains(&program)
                }
                None => enters && is_directory_above(named, path),
            })
        })
    }

    /// True if a layer, or one below it, stores a path. True for a relative one.
    fn is_in(&self, path: &str, layer: LayerIndex) -> bool {
        let Some(absolute) = path.strip_prefix('/') else { return true };
        let node = self.tree.find(absolute.trim_end_matches('/').as_bytes());
        node.is_some_and(|node| self.tree.spans(node).any(|id| self.tree.span(id).from() <= layer))
    }
}

/// True for files that a RUN may read by their name, without a directory. That of a cache may be that of a program: `.cache/pip`.
fn reads_names(kind: AdviceKind) -> bool {
    READ_BY_OTHERS.contains(&kind) || kind == AdviceKind::ModelWeightsTwice
}

/// The paths in a word: `if=/tmp/a`, `-I/opt/x`, `a:/b`. An address is none.
pub(super) fn paths_in(word: &str) -> impl Iterator<Item = &str> {
    let is_between = |letter: char| letter.is_whitespace() || "=,:;\"'`<&|()".contains(letter);
    word.split(char::is_whitespace).flat_map(move |piece| {
        let local =
            piece.split_once("://").map_or(Some(piece), |(scheme, path)| scheme.ends_with("file").then_some(path));
        local.into_iter().flat_map(move |piece| piece.split(is_between)).map(|piece| {
            let is_option = piece.starts_with(['-', '@']);
            piece.find('/').filter(|_| is_option).and_then(|at| piece.get(at..)).unwrap_or(piece)
        })
    })
}

/// Where a path in a script is, seen from the absolute `path`. `reads_names` is true if a name without a directory counts.
fn position(named: &str, path: &str, reads_names: bool) -> Option<RelativePosition> {
    let named = named.trim_end_matches('/');
    let named = named.strip_prefix("./").unwrap_or(named);
    let is_relative = !named.starts_with('/') && !named.starts_with('$');
    if !named.contains(char::is_alphanumeric) || (is_relative && !reads_names && !named.contains('/')) {
        return None;
    }
    if named.starts_with('$') {
        let (_, rest) = named.split_once('/')?;
        return position(rest, path, false).filter(|position| *position == RelativePosition::Same);
    }
    let (mut named_parts, mut parts): (Vec<&str>, Vec<&str>) = (named.split('/').collect(), path.split('/').collect());
    if is_relative {
        // It is at the end of the path, or starts with the last name.
        let own = parts.len().checked_sub(named_parts.len()).and_then(|start| parts.get(start..));
        return match own {
            Some(own) if are_alike(&named_parts, own) => Some(RelativePosition::Same),
            _ => (named_parts.len() > 1 && are_alike(named_parts.get(..1)?, parts.last_chunk::<1>()?))
                .then_some(RelativePosition::Below),
        };
    }
    let found = match named_parts.len().cmp(&parts.len()) {
        std::cmp::Ordering::Equal => RelativePosition::Same,
        std::cmp::Ordering::Less => RelativePosition::Above,
        std::cmp::Ordering::Greater => RelativePosition::Below,
    };
    let common = named_parts.len().min(parts.len());
    named_parts.truncate(common);
    parts.truncate(common);
    are_alike(&named_parts, &parts).then_some(found)
}

/// True if a word names an absolute path, a directory above it, or a path below it.
pub(super) fn is_about(word: &str, path: &str) -> bool {
    position(word, path, true).is_some()
}

/// True if a word, which may have wildcards, names an absolute path or a directory above it.
pub(super) fn is_at_or_above(word: &str, path: &str) -> bool {
    matches!(position(word, path, false), Some(RelativePosition::Same | RelativePosition::Above))
}

/// True if each name is the other, or may be, where the first one has a wildcard or a variable.
fn are_alike(named: &[&str], names: &[&str]) -> bool {
    let is_alike = |(named, name): (&&str, &&str)| {
        let Some(at) = named.find(['*', '?', '[', '{', '$']) else { return named == name };
        // What a list in brackets matches is not read.
        let end = named.find(['[', '{']).filter(|at| !named[..*at].ends_with('$'));
        let pattern = end.map_or_else(|| (*named).to_owned(), |end| format!("{}*", &named[..end]));
        name.starts_with(&named[..at]) && PatternLiterals::of(&pattern.replace(['*', '?'], "${X}")).matches(name)
    };
    named.len() == names.len() && named.iter().zip(names).all(is_alike)
}

/// True for the name of a directory on the way to `path`, as in `cd src`.
fn is_directory_above(named: &str, path: &str) -> bool {
    let last = named.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    !named.starts_with('/') && !last.is_empty() && path.split('/').any(|name| name == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_script_names_a_file_or_a_directory_around_it() {
        use RelativePosition::{Above, Below, Same};
        for (word, file, found) in [
            ("/tmp/a.tgz", "/tmp/a.tgz", Some(Same)),
            ("if=/tmp/a.tgz", "/tmp/a.tgz", Some(Same)),
            ("file:///tmp/a.tgz", "/tmp/a.tgz", Some(Same)),
            ("-I/tmp/x", "/tmp/x", Some(Same)),
            ("a.tgz", "/tmp/a.tgz", Some(Same)),
            ("./x/a.tgz", "/tmp/x/a.tgz", Some(Same)),
            ("$DIR/a.tgz", "/tmp/a.tgz", None),
            ("$DIR/x/a.tgz", "/tmp/x/a.tgz", Some(Same)),
            ("${DIR}/x/a.tgz", "/tmp/x/a.tgz", Some(Same)),
            ("/tmp/*.tgz", "/tmp/a.tgz", Some(Same)),
            ("/tmp/a-${V}.tgz", "/tmp/a-1.tgz", Some(Same)),
            ("/tmp/[ab].tgz", "/tmp/a.tgz", Some(Same)),
            ("*.tgz", "/tmp/a.tgz", Some(Same)),
            ("/tmp/", "/tmp/x/a", Some(Above)),
            ("/tmp/x*", "/tmp/xy/a", Some(Above)),
            (".git/HEAD", "/app/.git", Some(Below)),
            ("/tmp/b.deb", "/tmp", Some(Below)),
            ("/tmp/*.deb", "/tmp/a.tgz", None),
            ("/tmp/b.deb", "/tmp/a.tgz", None),
            ("/", "/tmp/a", None),
            ("*", "/tmp/a", None),
            ("b.git", "/app/.git", None),
            ("https://y.example/.git", "/app/.git", None),
            ("git+https://y.example/u/.git", "/app/.git", None),
            ("ssh://git@y.example/u/.git", "/app/.git", None),
            ("/tmp2", "/tmp", None),
        ] {
            let positions: Vec<_> = paths_in(word).filter_map(|named| position(named, file, true)).collect();
            assert_eq!(positions.first().copied(), found, "{word} {file}");
        }
        // A cache may have the name of a program.
        assert_eq!(position("pip", "/root/.cache/pip", false), None);
        assert_eq!(position(".cache/pip", "/root/.cache/pip", false), Some(Same));
        assert_eq!(position("$HOME/.cache/pip", "/root/.cache/pip", false), Some(Same));
    }
}
