//! Whether nothing uses files between the RUN that makes them and the one that deletes them: then the first one can delete them. Most
//! programs may read any file, so only a few are known not to.

use super::finding::Finding;
use super::kind::AdviceKind;
use super::later_runs::deletes;
use super::named_paths::is_about;
use super::place::Place;
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;
use crate::tree::NodeId;

/// Programs that read no file but those that they name.
const READING_NOTHING: [&str; 16] = [
    "cd", "chown", "chmod", "chgrp", "mkdir", "touch", "useradd", "adduser", "usermod", "groupadd", "addgroup",
    "printf", "export", "umask", "test", "[",
];

/// Directories that no program reads, licences among them.
const DOCUMENTATION: [&[u8]; 4] = [b"/usr/share/doc/", b"/usr/share/man/", b"/usr/share/info/", b"/usr/share/lintian/"];

/// Maximum number of paths that are looked for in scripts.
const MAX_PATHS: usize = 100;

impl Remedies<'_> {
    /// True if the step that hides files does nothing but delete, and none before it runs a command: nothing needs the files.
    pub(super) fn is_deleted_next(&self, holds: &Place<'_>, hides: &Place<'_>) -> bool {
        hides.only_deletes() && self.runs_between(holds.layer, Some(hides.layer)).next().is_none()
    }

    /// True if no step up to the one that deletes files can use them, by its script. Programs read no documentation, and any of them may
    /// be in a package.
    pub(super) fn is_unused(&self, finding: &Finding, holds: &Place<'_>, hides: &Place<'_>) -> bool {
        if self.is_deleted_next(holds, hides) {
            return true;
        }
        let is_documentation = finding.groups.iter().all(|group| {
            let path = self.tree.path(group.place);
            DOCUMENTATION.iter().any(|start| path.starts_with(start))
        });
        if finding.groups.len() > MAX_PATHS || (self.is_of_packages(finding) && !is_documentation) {
            return false;
        }
        let nodes: Vec<NodeId> = finding.groups.iter().map(|group| group.place).collect();
        let wanted = self.wanted(AdviceKind::TemporaryFiles, holds.layer, &nodes);
        let paths: Vec<String> =
            nodes.iter().filter_map(|node| String::from_utf8(self.tree.path(*node)).ok()).collect();
        let is_named = |command: &ShellCommand| command.words.iter().any(|word| may_name(word, &paths));
        let reads_nothing = |command: &ShellCommand| {
            let is_removal = deletes(command) && !command.is(&["cd"]);
            let starts_others = command.is(&["find"]) && are_harmless(command);
            is_removal || ((starts_others || command.is(&READING_NOTHING)) && !is_named(command))
        };
        let cannot_use = |step: &Place<'_>| {
            let (commands, text) = (self.parsed(step), step.instruction.text);
            if step.instruction.keyword != Keyword::Run || commands.is_empty() {
                return false;
            }
            // A substitution runs another command.
            let is_known = !text.contains('`') && !text.contains("$(") && commands.iter().all(reads_nothing);
            is_known || (is_documentation && !self.names(step, &wanted))
        };
        let mut steps = self.runs_between(holds.layer, Some(hides.layer)).chain([hides]);
        // Without a search left, nothing is known.
        steps.all(cannot_use) && self.searched.get() > 0
    }
}

/// True if a word may name one of these paths: by its name, a wildcard or a variable. A directory above it is another path.
fn may_name(word: &str, paths: &[String]) -> bool {
    let has_name = |path: &String| path.rsplit('/').next().is_some_and(|name| word.contains(name));
    let may_be = |path: &String| has_name(path) || (word.contains(['*', '?', '[', '{']) && is_about(word, path));
    word.contains('$') || paths.iter().any(may_be)
}

/// True if a `find` starts no other programs than those that read nothing.
fn are_harmless(find: &ShellCommand) -> bool {
    find.words.windows(2).all(|pair| match pair {
        [action, program] if action.starts_with("-exec") || action.starts_with("-ok") => {
            READING_NOTHING.contains(&program.as_str())
        }
        _ => true,
    })
}
