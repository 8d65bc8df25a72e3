//! Caches that a later RUN fills again: what only the first RUN deletes, the later one downloads into its own layer.

use super::finding::Finding;
use super::indexes::of_pacman;
use super::kind::AdviceKind;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;

/// RUNs whose scripts are read for one finding: hundreds of findings may ask for thousands of them.
const MAX_RUNS: usize = 20;

/// The programs that fill a cache, and what a RUN has in its text if it leaves none.
const fn programs(kind: AdviceKind) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match kind {
        AdviceKind::RpmCache => (&["dnf", "dnf5", "yum", "microdnf"], &["clean all", "/var/cache"]),
        AdviceKind::ZypperCache => (&["zypper"], &["zypper clean", "zypper cc", "/var/cache"]),
        AdviceKind::PacmanCache => (&["pacman"], &["/var/cache/pacman"]),
        AdviceKind::PythonCache => (&["pip", "pip3", "uv", "poetry", "pipenv", "pdm"], &["no-cache", "rm -rf"]),
        AdviceKind::NodeCache => (&["npm", "yarn", "pnpm", "bun"], &["cache clean", "rm -rf"]),
        _ => return None,
    })
}

/// Verbs of these programs that download.
const VERBS: [&str; 18] = [
    "install",
    "update",
    "upgrade",
    "makecache",
    "refresh",
    "ref",
    "in",
    "up",
    "dup",
    "add",
    "ci",
    "i",
    "sync",
    "fetch",
    "download",
    "reinstall",
    "groupinstall",
    "builddep",
];

impl Remedies<'_> {
    /// The end of a sentence that keeps a cache out of the layer of one RUN.
    pub(super) fn filled_again(&self, finding: &Finding, place: &Place<'_>) -> String {
        let programs = programs(finding.kind).filter(|_| place.instruction.keyword == Keyword::Run);
        let Some((programs, sparing)) = programs else { return String::new() };
        let words: Vec<String> = programs.iter().map(|name| (*name).to_owned()).collect();
        let starting = self.runs_between(place.layer, None).filter(|run| self.has_any(run, &words)).take(MAX_RUNS);
        let fills = |run: &&Place<'_>| {
            let is_spared = sparing.iter().any(|words| run.instruction.text.contains(words));
            !is_spared && run.commands().iter().any(|command| command.is(programs) && downloads(command))
        };
        let later: Vec<&Place<'_>> = starting.filter(fills).collect();
        if later.is_empty() {
            return String::new();
        }
        format!("; do the same in {}, which would fill the cache again", names_of(&later))
    }
}

fn downloads(command: &ShellCommand) -> bool {
    let words = command.arguments();
    match command.name() {
        "pacman" => of_pacman(command).is_some(),
        "yarn" if words.is_empty() => true,
        _ => words.iter().any(|word| VERBS.contains(&word.as_str())),
    }
}
