//! What to write instead of what apt leaves behind. A later RUN may install from the lists of an earlier `apt-get update`.

use super::finding::Finding;
use super::package_managers::{ListUse, PackageManager};
use super::place::{Place, names_of};
use super::remedy::Remedies;
use crate::layer::LayerIndex;
use crate::tree::NodeId;

/// Where apt keeps the packages that it downloads.
const ARCHIVES: &str = "/var/cache/apt/archives";

/// The setting of official images that deletes packages after an installation.
const CLEANER: &[u8] = b"etc/apt/apt.conf.d/docker-clean";

impl Remedies<'_> {
    /// What to write instead of lists and indexes of apt. Each command deletes only its own.
    pub(super) fn of_apt(&self, finding: &Finding, place: &Place<'_>) -> String {
        let (lists, indexes) = (self.is_at(finding, b"var/lib/apt/lists"), self.is_at(finding, b"var/cache/apt"));
        let mut commands = Vec::new();
        commands.extend(indexes.then_some("apt-get clean"));
        commands.extend(lists.then_some("rm -rf /var/lib/apt/lists/*"));
        let command = commands.join(" && ");
        // An installation from the lists also fills an index again.
        let needing = self.runs_on_lists_of(place, PackageManager::Apt);
        if !needing.is_empty() {
            let command = if lists { command } else { format!("{command} && rm -rf /var/lib/apt/lists/*") };
            let last = needing.last().map_or(place.layer, |run| run.layer);
            return self.joined(place, &needing, &command) + &self.downloads_again(last);
        }
        // A mount would hide the lists of an earlier RUN.
        if place.use_of_lists() == Some(ListUse::Installs) {
            return place.adds(&command);
        }
        let mount = |path: &str| format!("--mount=type=cache,sharing=locked,target={path}");
        let (packages, lists) = (mount("/var/cache/apt"), mount("/var/lib/apt/lists"));
        let again = self.downloads_again(place.layer);
        format!("{}, or mount caches: `RUN {packages}` and `{lists}`{again}", place.adds(&command))
    }

    /// A RUN behind a layer that updates the lists would download what an earlier one deletes.
    fn downloads_again(&self, layer: LayerIndex) -> String {
        let mut users: Vec<&Place<'_>> = Vec::new();
        let mut updating: Vec<&Place<'_>> = Vec::new();
        for later in self.runs_between(layer, None) {
            match later.use_of_lists() {
                Some(ListUse::Updates) => updating.push(later),
                Some(ListUse::Installs) => users.push(later),
                None => {}
            }
        }
        match (&updating[..], &users[..]) {
            ([], _) => String::new(),
            (updating, []) => format!("; do the same in {}, which would download them again", names_of(updating)),
            (updating, users) => {
                let (updating, users) = (names_of(updating), names_of(users));
                format!("; {updating} would download them again for {users}: merge these RUNs, and do the same there")
            }
        }
    }

    /// What to write instead of downloaded packages.
    pub(super) fn of_apt_archives(&self, finding: &Finding, place: &Place<'_>) -> String {
        let nodes: Vec<NodeId> = finding.groups.first().map(|group| group.place).into_iter().collect();
        let words = [ARCHIVES.to_owned()];
        let needing: Vec<&Place<'_>> =
            self.runs_between(place.layer, None).filter(|run| self.has_any(run, &words)).collect();
        if !needing.is_empty() {
            return self.joined(place, &needing, "apt-get clean");
        }
        if self.is_needed_later(finding, place, &nodes) {
            return "add `apt-get clean` to the last RUN that installs them".to_owned();
        }
        let clean = place.adds("apt-get clean");
        match self.tree.find(CLEANER) {
            Some(_) => format!("{clean}, or keep the base's /etc/apt/apt.conf.d/docker-clean"),
            None => clean,
        }
    }

    /// True if a group of the finding is at or below a directory, or is a directory above it.
    pub(super) fn is_at(&self, finding: &Finding, path: &[u8]) -> bool {
        let directory = self.tree.find(path);
        let above = |node: NodeId| self.tree.ancestors(node);
        let mut places = finding.groups.iter().map(|group| group.place);
        places.any(|place| {
            above(place).any(|node| Some(node) == directory)
                || directory.is_some_and(|directory| above(directory).any(|node| node == place))
        })
    }
}
