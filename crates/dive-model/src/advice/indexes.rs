//! What to write instead of the caches of apk and pacman. A later RUN may install from the indexes that an earlier one downloaded.

use super::finding::Finding;
use super::later_runs::LaterUse;
use super::package_managers::{ListUse, PackageManager};
use super::place::{Place, names_of};
use super::remedy::Remedies;

impl Remedies<'_> {
    /// For the cache of apk, which `--no-cache` leaves empty.
    pub(super) fn of_apk(&self, finding: &Finding, place: &Place<'_>) -> String {
        if let LaterUse::Named(runs) = self.later_use_of(finding.kind, place, &self.places_of(finding, &[])) {
            let directory = if self.is_at(finding, b"etc/apk/cache") { "/etc/apk/cache" } else { "/var/cache/apk" };
            return self.joined(place, &runs, &format!("rm -rf {directory}/*"));
        }
        let later = self.runs_on_lists_of(place, PackageManager::Apk);
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
        let later = self.runs_on_lists_of(place, PackageManager::Pacman);
        if later.is_empty() || !self.is_at(finding, b"var/lib/pacman/sync") {
            return self.adds_or_joins(finding, place, command);
        }
        self.joined(place, &later, command)
    }

    /// The later RUNs that install from the lists of this one: those before the next update.
    pub(super) fn runs_on_lists_of(&self, place: &Place<'_>, manager: PackageManager) -> Vec<&Place<'_>> {
        let mut needing = Vec::new();
        for later in self.runs_between(place.layer, None) {
            let used = match manager {
                PackageManager::Apt => later.use_of_lists(),
                _ if !self.has_any(later, manager.programs()) => None,
                _ => self.parsed(later).iter().find_map(|command| ListUse::of(command, manager)),
            };
            match used {
                Some(ListUse::Installs) => needing.push(later),
                Some(ListUse::Updates) => break,
                None => {}
            }
        }
        needing
    }
}

impl Place<'_> {
    /// What the RUN does first with the lists of apt.
    pub(super) fn use_of_lists(&self) -> Option<ListUse> {
        let find = || self.commands().iter().find_map(|command| ListUse::of(command, PackageManager::Apt));
        *self.list_use.get_or_init(find)
    }
}
