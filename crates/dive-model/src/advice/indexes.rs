//! What to write instead of the caches of apk and pacman. A later RUN may install from the indexes that an earlier one downloaded.

use super::apt::ListUse;
use super::finding::Finding;
use super::later_runs::LaterUse;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;

impl Remedies<'_> {
    /// For the cache of apk, which `--no-cache` leaves empty.
    pub(super) fn of_apk(&self, finding: &Finding, place: &Place<'_>) -> String {
        if let LaterUse::Named(runs) = self.later_use_of(finding.kind, place, &self.places_of(finding, &[])) {
            let directory = if self.is_at(finding, b"etc/apk/cache") { "/etc/apk/cache" } else { "/var/cache/apk" };
            return self.joined(place, &runs, &format!("rm -rf {directory}/*"));
        }
        let later = self.runs_on_indexes_of(place, "apk", of_apk);
        let has = |verb: &str| place.commands().iter().any(|command| command.is(&["apk"]) && command.has(verb));
        let only_updates = has("update") && !has("add");
        match (only_updates, &later[..]) {
            (true, []) => "leave out `apk update`".to_owned(),
            (true, later) => format!("leave out `apk update`, and write `apk add --no-cache` in {}", names_of(later)),
            (false, []) => "write `apk add --no-cache`, without `apk update`".to_owned(),
            (false, later) => {
                format!("write `apk add --no-cache` here and in {}, without `apk update`", names_of(later))
            }
        }
    }

    /// For packages and indexes of pacman.
    pub(super) fn of_pacman(&self, finding: &Finding, place: &Place<'_>) -> String {
        let command = "rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*";
        let later = self.runs_on_indexes_of(place, "pacman", of_pacman);
        if later.is_empty() || !self.is_at(finding, b"var/lib/pacman/sync") {
            return self.adds_or_joins(finding, place, command);
        }
        self.joined(place, &later, command)
    }

    /// The later RUNs that install from the indexes of this one: those before the next update.
    fn runs_on_indexes_of(
        &self,
        place: &Place<'_>,
        program: &str,
        use_of: fn(&ShellCommand) -> Option<ListUse>,
    ) -> Vec<&Place<'_>> {
        let (mut needing, words) = (Vec::new(), [program.to_owned()]);
        for later in self.runs_between(place.layer, None).filter(|run| self.has_any(run, &words)) {
            match self.parsed(later).iter().find_map(use_of) {
                Some(ListUse::Installs) => needing.push(later),
                Some(ListUse::Updates) => break,
                None => {}
            }
        }
        needing
    }
}

/// What a command does with the indexes of apk. With `--no-cache`, it downloads its own.
fn of_apk(command: &ShellCommand) -> Option<ListUse> {
    let updates = ["update", "-U", "--update", "--update-cache"];
    match () {
        () if !command.is(&["apk"]) || command.has("--no-cache") => None,
        () if updates.iter().any(|word| command.has(word)) => Some(ListUse::Updates),
        () if ["add", "upgrade", "fix", "fetch", "search"].iter().any(|verb| command.has(verb)) => {
            Some(ListUse::Installs)
        }
        () => None,
    }
}

/// What a command does with the indexes of pacman: `-Sy` downloads them, and `-Sc` deletes packages.
pub(super) fn of_pacman(command: &ShellCommand) -> Option<ListUse> {
    if !command.is(&["pacman", "yay", "paru"]) {
        return None;
    }
    let words = || command.arguments().iter().filter(|word| word.starts_with('-'));
    let has = |letter: char, name: &str| {
        words().any(|word| word == name || (!word.starts_with("--") && word.contains(letter)))
    };
    match () {
        () if !has('S', "--sync") || has('c', "--clean") => None,
        () if has('y', "--refresh") => Some(ListUse::Updates),
        () => Some(ListUse::Installs),
    }
}
