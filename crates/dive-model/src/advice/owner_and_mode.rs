//! What to write instead of a `chown` or `chmod` that stores files again: where to set owner and mode.

use super::finding::{AttributeChanges, ChangedFiles, Finding};
use super::named_files::NamedFiles;
use super::named_paths::is_about;
use super::place::{CopySource, Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;
use crate::tree::NodeId;

/// Files of a `touch` that are compared with those of a finding.
const MAX_TOUCHED: usize = 20;

impl Remedies<'_> {
    /// The sentence of files that `holds` brings and `hides` stores again with another owner or mode.
    pub(super) fn of_owner_and_mode(
        &self,
        finding: &Finding,
        files: &NamedFiles,
        holds: &Place<'_>,
        hides: &Place<'_>,
        changes: &AttributeChanges,
    ) -> String {
        let (held, hidden, times) = (&holds.name, &hides.name, self.touched(finding, hides));
        let (has_owners, has_modes) = (changes.owned.count > 0, changes.modes.count > 0);
        if !holds.instruction.copies() {
            if has_owners && self.may_not_chown(holds, hides) {
                let runs = self.runs_between(holds.layer, Some(hides.layer));
                let all: Vec<&Place<'_>> = std::iter::once(holds).chain(runs).chain([hides]).collect();
                let (all, behind) = (names_of(&all), self.behind_copies(holds, Some(hides)));
                return format!(
                    "{all}: merge into one RUN of root{behind}; the user of {held} may not change the owner{times}"
                );
            }
            let what = match (has_owners, has_modes) {
                (true, true) => "owner and mode",
                (true, false) => "the owner",
                (false, _) => "the mode",
            };
            let user = if has_owners { self.missing_user(holds, hides) } else { String::new() };
            return format!("{held}: set {what} here instead of in {hidden}{user}{times}");
        }
        let owner = owner_option(hides, changes);
        let is_number = owner.starts_with(|letter: char| letter.is_ascii_digit());
        let user = if has_owners && !is_number { self.missing_user(holds, hides) } else { String::new() };
        let copy = if holds.instruction.keyword == Keyword::Add { "ADD" } else { "COPY" };
        let mode = changes.mode;
        let here = if changes.has_other_owners && owner.is_empty() {
            format!("set the owners here, in a {copy} for each (`{copy} --chown=`)")
        } else if changes.has_other_owners {
            let named = self.named_of(finding, &changes.owned);
            let NamedFiles { name: path, them } = named.as_ref().unwrap_or(files);
            let their = if *them == "it" { "its" } else { "their" };
            format!("set the owner of {path} in a {copy} of {their} own (`{copy} --chown={owner}`)")
        } else {
            format!("set the owner here (`{copy} --chown={owner}`)")
        };
        // `COPY --chmod=` sets the mode of all files.
        if has_modes && self.stored_in(holds.layer).files > 1 {
            let where_from = match holds.source {
                CopySource::Context => "the build context",
                CopySource::Stage | CopySource::Either => "its source",
            };
            let named = self.named_of(finding, &changes.modes);
            let path = &named.as_ref().unwrap_or(files).name;
            return if has_owners {
                format!(
                    "{held}: {here}, and the mode of {path} in {where_from} (`chmod`), \
                     instead of in {hidden}{user}{times}"
                )
            } else {
                format!("{held}: set the mode of {path} in {where_from} (`chmod`) instead of in {hidden}{times}")
            };
        }
        match (has_owners, has_modes) {
            (true, true) => format!(
                "{held}: set owner and mode here (`{copy} --chown={owner} --chmod={mode:o}`) instead of in {hidden}{user}{times}"
            ),
            (true, false) => {
                format!("{held}: {here} instead of in {hidden}{user}{times}")
            }
            (false, _) => {
                format!("{held}: set the mode here (`{copy} --chmod={mode:o}`) instead of in {hidden}{times}")
            }
        }
    }

    /// The names of some files of a finding; `None` for all of them.
    fn named_of(&self, finding: &Finding, files: &ChangedFiles) -> Option<NamedFiles> {
        let name = |node: &NodeId| self.path(*node);
        (files.count < finding.files).then(|| NamedFiles::first(&files.first, files.count, name))
    }

    /// True if root changes the owner of files that another user makes.
    fn may_not_chown(&self, holds: &Place<'_>, hides: &Place<'_>) -> bool {
        let is_of_root = |place: &Place<'_>| self.is_of_root.get(place.layer.get()).copied().unwrap_or_default();
        !is_of_root(holds) && is_of_root(hides) && !hides.uses_sudo()
    }

    /// A RUN behind `holds` may make the user that is to own its files.
    fn missing_user(&self, holds: &Place<'_>, hides: &Place<'_>) -> String {
        let words = ["useradd", "adduser", "groupadd", "addgroup"].map(ToOwned::to_owned);
        let mut later = self.runs_between(holds.layer, Some(hides.layer)).chain([hides]);
        match later.find(|run| self.has_any(run, &words)) {
            Some(run) => format!("; first create the user of {} before {}", run.name, holds.name),
            None => String::new(),
        }
    }

    /// For a step that changes owner or mode of some files, and the times of these or of others.
    fn touched(&self, finding: &Finding, hides: &Place<'_>) -> String {
        let commands = hides.commands();
        let mut words = commands
            .iter()
            .filter(|command| command.is(&["touch"]))
            .flat_map(ShellCommand::arguments)
            .take(MAX_TOUCHED);
        let is_hidden = |word: &String| {
            let mut groups = finding.groups.iter().map(|group| self.tree.path(group.place));
            groups.any(|path| std::str::from_utf8(&path).is_ok_and(|path| is_about(word, path)))
        };
        if words.any(is_hidden) { format!("; leave `touch` out of {}, too", hides.name) } else { String::new() }
    }
}

/// The option of a COPY: the owner that the script names, unless it names several; otherwise its numbers.
fn owner_option(hides: &Place<'_>, changes: &AttributeChanges) -> String {
    let commands = hides.commands();
    let mut changing = commands.iter().filter(|command| command.is(&["chown", "chgrp"]));
    let only = changing.next().filter(|command| changing.next().is_none() && command.is(&["chown"]));
    let named = only.and_then(|command| command.arguments().iter().find(|word| !word.starts_with('-')));
    let is_plain =
        |word: &&String| word.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.:".contains(letter));
    match (named.filter(is_plain), &changes.owners[..]) {
        (Some(named), _) if !changes.is_changed_again => named.clone(),
        (_, [(user, group)]) => format!("{user}:{group}"),
        _ => String::new(),
    }
}
