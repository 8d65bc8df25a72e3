//! Names that differ in each build, as temporary files have them. A command with such a name would delete nothing in the next build,
//! so it has a pattern instead.

use super::later_runs::deletes;
use super::named_paths::{is_at_or_above, paths_in};
use super::place::Place;
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::tree::NodeId;

/// What stands before and behind the random part of a name.
const RANDOM: [(&str, &str); 15] = [
    ("tmp.", ""),
    ("Rtmp", ""),
    ("pip-", ""),
    ("go-build", ""),
    ("npm-", ""),
    ("cargo-install", ""),
    ("rustc", ""),
    ("hs_err_pid", ".log"),
    ("java_pid", ".hprof"),
    ("core.", ""),
    ("apt-key-gpghome.", ""),
    ("apt-dpkg-install-", ""),
    ("systemd-private-", ""),
    ("v8-compile-cache-", ""),
    ("yarn--", ""),
];

/// Characters of a random part.
const MAX_RANDOM: usize = 100;

/// A pattern for a name with a random part; `None` for other names.
fn random_pattern(name: &str) -> Option<String> {
    let is_random = |part: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        (1..=MAX_RANDOM).contains(&part.len()) && part.chars().all(is_letter)
    };
    let of_table = RANDOM.into_iter().find(|(start, end)| {
        let part = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        part.is_some_and(is_random)
    });
    // The names that Python gives.
    let of_python = || name.strip_prefix("tmp").is_some_and(|part| part.len() == 8 && is_random(part));
    of_table.map(|(start, end)| format!("{start}*{end}")).or_else(|| of_python().then(|| "tmp????????".to_owned()))
}

impl Remedies<'_> {
    /// A word of a command for a path that the instruction does not name and that has a random name in it.
    pub(super) fn pattern_of(&self, node: NodeId, place: &Place<'_>) -> Option<String> {
        let path = self.word(node).filter(|path| !path.starts_with('\''))?;
        let pattern = |name: &str| random_pattern(name).filter(|_| !place.instruction.text.contains(name));
        if !path.split('/').any(|name| pattern(name).is_some()) {
            return None;
        }
        let names = path.split('/').map(|name| pattern(name).unwrap_or_else(|| name.to_owned()));
        Some(names.collect::<Vec<_>>().join("/"))
    }

    /// The path for a sentence: the pattern of a later RUN that deletes it, or a pattern for its random name.
    pub(super) fn spelled(&self, node: NodeId, place: &Place<'_>, hides: &Place<'_>) -> String {
        let path = self.path(node);
        let pattern = self.pattern_of(node, place).map(|pattern| self.deleted_by(hides, &path).unwrap_or(pattern));
        pattern.map_or(path, |pattern| format!("`{pattern}`"))
    }

    /// The word with a wildcard that a RUN deletes a path by.
    fn deleted_by(&self, hides: &Place<'_>, path: &str) -> Option<String> {
        let commands = self.parsed(hides);
        let words = commands.iter().filter(|command| deletes(command)).flat_map(ShellCommand::arguments);
        let is_plain = |word: &&str| {
            let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-*?".contains(letter);
            word.len() <= MAX_RANDOM && word.starts_with('/') && word.contains('*') && word.chars().all(is_plain)
        };
        words
            .flat_map(|word| paths_in(word))
            .filter(is_plain)
            .find(|word| is_at_or_above(word, path))
            .map(ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_parts_of_names_become_wildcards() {
        for (name, pattern) in [
            ("tmp.AbCdEf1234", Some("tmp.*")),
            ("RtmpAbC123", Some("Rtmp*")),
            ("pip-req-build-x1", Some("pip-*")),
            ("tmpab12_xyz", Some("tmp????????")),
            ("hs_err_pid12.log", Some("hs_err_pid*.log")),
            ("core.17", Some("core.*")),
            ("tmpfiles", None),
            ("core", None),
            ("core.js.map", None),
            ("a.tgz", None),
        ] {
            assert_eq!(random_pattern(name).as_deref(), pattern, "{name}");
        }
    }
}
