//! What to write instead of what apt leaves behind. A later RUN may install from the lists of an earlier `apt-get update`.

use super::finding::Finding;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use crate::tree::NodeId;

/// The directories of apt's lists, and of its packages and indexes.
const DIRECTORIES: [&str; 2] = ["/var/cache/apt", "/var/lib/apt/lists"];

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
        let needing: Vec<&Place<'_>> = if lists { self.runs_on_lists_of(place) } else { Vec::new() };
        if needing.is_empty() {
            let [packages, lists] = DIRECTORIES.map(|path| format!("--mount=type=cache,sharing=locked,target={path}"));
            return format!("{}, or mount caches: `RUN {packages}` and `{lists}`", place.adds(&command));
        }
        let behind = self.behind_copies(place, needing.last().copied());
        let (runs, command) = (names_of(&needing), place.as_its_user(&command));
        format!("join it with {runs}{behind} in one RUN that ends with `{command}`")
    }

    /// What to write instead of downloaded packages.
    pub(super) fn of_apt_archives(&self, finding: &Finding, place: &Place<'_>) -> String {
        let nodes: Vec<NodeId> = finding.groups.first().map(|group| group.place).into_iter().collect();
        let words = [ARCHIVES.to_owned()];
        let needing: Vec<&Place<'_>> =
            self.runs_between(place.layer, None).filter(|run| self.has_any(run, &words)).collect();
        if !needing.is_empty() {
            let behind = self.behind_copies(place, needing.last().copied());
            return format!("join it with {}{behind} in one RUN that ends with `apt-get clean`", names_of(&needing));
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
    fn is_at(&self, finding: &Finding, path: &[u8]) -> bool {
        let directory = self.tree.find(path);
        let above = |node: NodeId| self.tree.ancestors(node);
        let mut places = finding.groups.iter().map(|group| group.place);
        places.any(|place| {
            above(place).any(|node| Some(node) == directory)
                || directory.is_some_and(|directory| above(directory).any(|node| node == place))
        })
    }

    /// The later RUNs that install from the lists of this one: those before the next `apt-get update`.
    fn runs_on_lists_of(&self, place: &Place<'_>) -> Vec<&Place<'_>> {
        let mut needing = Vec::new();
        for later in self.runs_between(place.layer, None) {
            match *later.list_use.get_or_init(|| ListUse::of(later)) {
                Some(ListUse::Installs) => needing.push(later),
                Some(ListUse::Updates) => break,
                None => {}
            }
        }
        needing
    }
}

/// What a RUN does first with the lists of apt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListUse {
    Updates,
    Installs,
}

impl ListUse {
    fn of(run: &Place<'_>) -> Option<Self> {
        let of_command = |words: &[String]| {
            let has = |verbs: &[&str]| words.iter().any(|word| verbs.contains(&word.as_str()));
            match () {
                () if has(&["update"]) => Some(Self::Updates),
                () if has(&VERBS) => Some(Self::Installs),
                () => None,
            }
        };
        let is_apt = ["apt-get", "apt", "aptitude", "apt-cache", "apt-file"];
        let commands = run.commands();
        let mut first = commands.iter().filter(|command| command.is(&is_apt));
        first.find_map(|command| of_command(command.arguments())).or_else(|| {
            // Another program starts it: `sh -c 'apt-get install x'`, `xargs apt-get install`.
            let words: Vec<String> = run.instruction.text.split_whitespace().map(ToOwned::to_owned).collect();
            let is_named = words.iter().any(|word| is_apt.iter().any(|name| word.ends_with(name)));
            is_named.then(|| of_command(&words)).flatten()
        })
    }
}

/// Verbs of apt that read its lists.
const VERBS: [&str; 12] = [
    "install",
    "upgrade",
    "dist-upgrade",
    "full-upgrade",
    "safe-upgrade",
    "build-dep",
    "source",
    "download",
    "satisfy",
    "search",
    "show",
    "policy",
];
