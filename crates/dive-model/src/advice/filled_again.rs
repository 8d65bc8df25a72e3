//! Caches that a later RUN fills again: what only the first RUN deletes, the later one downloads into its own layer.

use super::finding::Finding;
use super::kind::AdviceKind;
use super::package_managers::{PackageAction, programs_of_cache};
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::shell_commands::ShellCommand;
use crate::image::Keyword;

/// RUNs whose scripts are read for one finding: hundreds of findings may ask for thousands of them.
const MAX_RUNS: usize = 20;

/// What a RUN has in its text if it leaves no cache. None for caches whose remedy names later RUNs itself.
const fn sparing(kind: AdviceKind) -> &'static [&'static str] {
    match kind {
        AdviceKind::RpmCache => &["clean all", "/var/cache"],
        AdviceKind::ZypperCache => &["zypper clean", "zypper cc", "/var/cache"],
        AdviceKind::PacmanCache => &["/var/cache/pacman"],
        AdviceKind::PythonCache => &["no-cache", "NO_CACHE", "cache purge"],
        AdviceKind::NodeCache => &["cache clean"],
        _ => &[],
    }
}

impl Remedies<'_> {
    /// The end of a sentence that keeps a cache out of the layer of one RUN.
    pub(super) fn filled_again(&self, finding: &Finding, place: &Place<'_>) -> String {
        let sparing = sparing(finding.kind);
        if sparing.is_empty() || place.instruction.keyword != Keyword::Run {
            return String::new();
        }
        let programs = programs_of_cache(finding.kind);
        let starting = self.runs_between(place.layer, None).filter(|run| self.has_any(run, &programs)).take(MAX_RUNS);
        let fills = |run: &&Place<'_>| {
            let is_spared = sparing.iter().any(|words| run.instruction.text.contains(words));
            let commands = if is_spared { Vec::new() } else { run.commands() };
            commands.iter().any(|command| downloads(command, finding.kind)) && !commands.iter().any(deletes_cache)
        };
        let later: Vec<&Place<'_>> = starting.filter(fills).collect();
        if later.is_empty() {
            return String::new();
        }
        format!("; do the same in {}, which would fill the cache again", names_of(&later))
    }
}

/// True for `rm -rf /root/.cache`.
fn deletes_cache(command: &ShellCommand) -> bool {
    let is_of_cache = |word: &String| word.split('/').any(|name| [".cache", ".npm"].contains(&name));
    command.is(&["rm"]) && command.arguments().iter().any(is_of_cache)
}

fn downloads(command: &ShellCommand, kind: AdviceKind) -> bool {
    command.package_command().is_some_and(|command| {
        command.manager.cache() == Some(kind)
            && !matches!(command.action, PackageAction::Removes | PackageAction::Cleans)
    })
}
