//! The rules of a run over several images: those of each image, from the run's rules file or its own, and those for the whole run.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
#[cfg(feature = "tui")]
use std::time::SystemTime;

use anyhow::bail;

use super::requested::RequestedImage;
use crate::ci::{self, Rule, RuleOutcome, Rules, RunFigures};
#[cfg(feature = "tui")]
use crate::ci::{CountedAdvice, Status};
use crate::cli::CiArgs;
#[cfg(feature = "tui")]
use crate::config::Date;
use crate::config::{Config, Origin, Setting};
#[cfg(feature = "tui")]
use crate::run::explore::check_verdict_is_possible;
use crate::run::gate::Gate;
#[cfg(feature = "tui")]
use crate::run::gate::RunSize;
use crate::run::report_output::ReportOutput;
#[cfg(feature = "tui")]
use crate::tui::state::images::RuleCheck;
#[cfg(feature = "tui")]
use dive_model::Opened;

/// The rules of a run.
#[derive(Debug, Default)]
pub(super) struct RunRules {
    /// The rules, by rules file; `None` for that of the working directory. Empty if no rule is checked.
    gates: HashMap<Option<PathBuf>, Gate>,
    /// The rules for the whole run.
    over_all: Option<Rules>,
}

/// Reads a rules file.
type ReadGate<'a> = dyn Fn(&Setting<Option<PathBuf>>) -> anyhow::Result<Gate> + 'a;

impl RunRules {
    /// Reads all rules files of a run in CI mode.
    pub(super) fn load(
        images: &[RequestedImage],
        ci: &CiArgs,
        config: &Config,
        output: &ReportOutput<'_>,
    ) -> anyhow::Result<Self> {
        Self::read(images, ci, config, &|named| Gate::of_file(named, ci, config, output))
    }

    /// As [`Self::load`], for the screen: prints no report on invalid limits.
    #[cfg(feature = "tui")]
    pub(super) fn for_screen(
        images: &[RequestedImage],
        ci: &CiArgs,
        config: &Config,
        output: &ReportOutput<'_>,
    ) -> anyhow::Result<Self> {
        Self::read(images, ci, config, &|named| Gate::for_screen(named, ci, config, output))
    }

    fn read(images: &[RequestedImage], ci: &CiArgs, config: &Config, read: &ReadGate<'_>) -> anyhow::Result<Self> {
        let mut gate = read(&Gate::file(ci, config))?;
        let over_all = Some(gate.split_over_all());
        let mut gates = HashMap::from([(None, gate)]);
        for file in images.iter().filter_map(|image| image.rules_file.as_ref()) {
            if let Entry::Vacant(gate) = gates.entry(Some(file.clone())) {
                let mut read = read(&Setting::by_flag(Some(file.clone()), "--from"))?;
                refuse_over_all(&read.split_over_all(), file)?;
                gate.insert(read);
            }
        }
        Ok(Self { gates, over_all })
    }

    /// The rules of an image; `None` if no rule is checked.
    pub(super) fn gate(&self, image: &RequestedImage) -> Option<&Gate> {
        self.gates.get(&image.rules_file)
    }

    /// The bases that the rules files name.
    pub(super) fn bases(&self) -> impl Iterator<Item = &str> {
        self.gates.values().filter_map(|gate| Some(gate.base.as_ref()?.value.as_str()))
    }

    /// True if this run writes its summary over a baseline.
    pub(super) fn renew_baseline(&self) -> bool {
        self.gates.values().any(Gate::renews_baseline)
    }

    /// Checks the rules for the whole run that are on.
    pub(super) fn check_over_all(&self, figures: RunFigures<'_>) -> Vec<RuleOutcome> {
        self.over_all.as_ref().map(|rules| ci::evaluate_over_all(rules, figures)).unwrap_or_default()
    }

    /// Takes the rules for the whole run, which the list checks as its rows arrive. `None` if no rule is checked.
    #[cfg(feature = "tui")]
    pub(super) fn take_over_all(&mut self) -> Option<Rules> {
        self.over_all.take()
    }

    /// Warnings about the rules files.
    #[cfg(feature = "tui")]
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.gates.values().flat_map(|gate| gate.warnings.iter().cloned()).collect();
        warnings.sort();
        warnings
    }

    /// Checks an image of the list, as in CI mode. `no_verdict` says why its rules cannot be checked.
    #[cfg(feature = "tui")]
    pub(super) fn check(
        &self,
        image: &RequestedImage,
        name: &str,
        opened: &Opened,
        config: &Config,
        no_verdict: Option<String>,
    ) -> RuleCheck {
        let Some(gate) = self.gate(image) else { return RuleCheck::default() };
        if let Some(reason) = no_verdict {
            return RuleCheck::unchecked(reason);
        }
        if let Err(error) = check_verdict_is_possible(opened, config) {
            // The row has the name.
            let (reason, name) = (format!("{error:#}"), format!("{}: ", opened.image.name));
            return RuleCheck::unchecked(reason.strip_prefix(&name).map_or(reason.clone(), str::to_owned));
        }
        let baseline = gate.baseline.as_ref().map(|baseline| baseline.of_image(&opened.image, RunSize::SeveralImages));
        let baseline = match baseline.transpose() {
            Ok(baseline) => baseline.flatten(),
            Err(error) => return RuleCheck::unchecked(format!("{error:#}")),
        };
        let (rules, today) = (gate.rules_of(name), Date::of(SystemTime::now()));
        let verdict = ci::evaluate(opened, rules, &CountedAdvice::of(opened, rules, today), baseline, today);
        let broken = verdict.reported().filter(|outcome| outcome.is_broken()).map(RuleOutcome::line);
        let expired = verdict.exceptions.expired().map(|(ignore, until)| {
            format!(
                "{}: ignore: the exception for {} ended on {until} ({})",
                Status::Fail.word(),
                ignore.what,
                ignore.origin
            )
        });
        let lines = broken.chain(expired).collect();
        if verdict.passed() { RuleCheck::kept(lines) } else { RuleCheck::broken(lines) }
    }
}

/// Refuses a rule for the whole run in the rules file of one.
fn refuse_over_all(rules: &Rules, file: &Path) -> anyhow::Result<()> {
    let own = |rule: &Rule| matches!(rules.origin(*rule), Origin::File { path, .. } if path == file);
    match rules.over_all().filter(own) {
        Some(rule) => bail!(
            "{}: {rule} is about all images, and this file is for one; set it in the rules file of the run",
            rules.origin(rule)
        ),
        None => Ok(()),
    }
}
