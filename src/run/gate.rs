//! What CI mode checks: the rules of a file, flags and the configuration, and the baseline.

use std::io::{self, Write};
use std::path::PathBuf;

use super::baseline::{self, BaselineFile, BaselineUse};
use super::output::JsonTarget;
use super::overwriting;
use super::report_output::ReportOutput;
use crate::ci::{Baseline, Rules};
use crate::cli::CiArgs;
use crate::config::{BadLimit, Config, ConfigError, ImageNames, ImageRules, Mistakes, Origin, RulesFile, Setting};
use crate::report::{Look, ci as ci_report};
use dive_model::image::Image;

/// The rules of CI mode.
#[derive(Debug)]
pub(super) struct Gate {
    rules: Rules,
    /// The rules of images that an entry of the rules file matches, first match first.
    for_images: Vec<(ImageNames, Rules)>,
    pub(super) rules_file: Option<PathBuf>,
    /// The base image in the rules file.
    pub(super) base: Option<Setting<String>>,
    /// The summary of an earlier image.
    pub(super) baseline: Option<GateBaseline>,
    /// Warnings about the rules file, which were printed.
    #[cfg_attr(not(feature = "tui"), allow(dead_code, reason = "only the screen lists them again"))]
    pub(super) warnings: Vec<String>,
    /// The user set a rule for the whole run.
    sets_over_all: bool,
}

/// The summary of an earlier image, and the setting that names it.
#[derive(Debug)]
pub(super) struct GateBaseline {
    origin: Origin,
    file: BaselineFile,
    /// Whether this run writes its summary there.
    pub(super) renewal: BaselineRenewal,
}

/// How many images a run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunSize {
    /// One.
    OneImage,
    /// More, or a list.
    SeveralImages,
}

/// Whether a run writes its summary over its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaselineRenewal {
    /// `--summary` names the baseline.
    Requested,
    /// It does not.
    None,
}

impl Gate {
    /// Reads the rules from flags, rules file and configuration. Invalid limits are also printed in dive's format before
    /// the error.
    pub(super) fn load(ci: &CiArgs, config: &Config, output: &ReportOutput<'_>) -> anyhow::Result<Self> {
        Self::of_file(&Self::file(ci, config), ci, config, output)
    }

    /// The rules file of the run.
    pub(super) fn file(ci: &CiArgs, config: &Config) -> Setting<Option<PathBuf>> {
        match &ci.ci_config {
            Some(path) => Setting::by_flag(Some(path.clone()), "--ci-config"),
            None => config.ci_config.clone(),
        }
    }

    /// As [`Self::load`], with this rules file.
    pub(super) fn of_file(
        named: &Setting<Option<PathBuf>>,
        ci: &CiArgs,
        config: &Config,
        output: &ReportOutput<'_>,
    ) -> anyhow::Result<Self> {
        let file = match RulesFile::load(output.environment, named, &config.discovery) {
            Err(ConfigError::Mistakes(mistakes)) => {
                output.print(|look, out| misconfigured(&mistakes, look, out))?;
                return Err(ConfigError::Mistakes(mistakes).into());
            }
            file => file?,
        };
        Self::of_rules(file, ci, config, output)
    }

    /// As [`Self::of_file`], for the screen: prints no report on invalid limits.
    #[cfg(feature = "tui")]
    pub(super) fn for_screen(
        named: &Setting<Option<PathBuf>>,
        ci: &CiArgs,
        config: &Config,
        output: &ReportOutput<'_>,
    ) -> anyhow::Result<Self> {
        Self::of_rules(RulesFile::load(output.environment, named, &config.discovery)?, ci, config, output)
    }

    fn of_rules(file: RulesFile, ci: &CiArgs, config: &Config, output: &ReportOutput<'_>) -> anyhow::Result<Self> {
        output.notices.warn_all(&file.warnings);
        let warnings = file.warnings.iter().map(ToString::to_string).collect();
        let rules = Rules::merge(ci.rules.limits(), &file, config);
        let own = |entry: &ImageRules| (entry.names(), Rules::of_section(entry, ci.rules.limits(), &file, config));
        let for_images: Vec<_> = file.images.iter().map(own).collect();
        let by_flag = ci.baseline.clone().map(|path| Setting::by_flag(path, "--baseline"));
        let named = by_flag.or(file.baseline);
        let all: Vec<&Rules> = [&rules].into_iter().chain(for_images.iter().map(|(_, rules)| rules)).collect();
        if named.is_none() {
            all.iter().copied().try_for_each(baseline::refuse_growth_without)?;
        }
        // A rule for some images needs it, too.
        let has_growth_rule = all.iter().any(|rules| rules.that_needs_baseline().is_some());
        let baseline = named.map(|named| GateBaseline::read(&named, has_growth_rule, output)).transpose()?;
        Ok(Self { rules, for_images, rules_file: file.path, base: file.base, baseline, warnings, sets_over_all: false })
    }

    /// The rules of the image with this name.
    pub(super) fn rules_of(&self, name: &str) -> &Rules {
        self.for_images.iter().find(|(names, _)| names.contain(name)).map_or(&self.rules, |(_, rules)| rules)
    }

    /// True if a rule counts the bytes of advice. Its number needs the kinds that only the contents of files show.
    pub(super) fn counts_advice(&self) -> bool {
        self.rules.count_advice() || self.for_images.iter().any(|(_, rules)| rules.count_advice())
    }

    /// True if this run writes its summary over the baseline.
    pub(super) fn renews_baseline(&self) -> bool {
        self.baseline.as_ref().is_some_and(|baseline| baseline.renewal == BaselineRenewal::Requested)
    }

    /// True if the user set any rule for the image with this name, or for the whole run.
    pub(super) fn is_set_for(&self, name: &str) -> bool {
        self.sets_over_all || self.rules_of(name).are_set()
    }

    /// Takes the rules for the whole run out of those of each image.
    pub(super) fn split_over_all(&mut self) -> Rules {
        for (_, rules) in &mut self.for_images {
            rules.split_over_all();
        }
        self.sets_over_all = self.rules.over_all().is_some();
        self.rules.split_over_all()
    }
}

impl GateBaseline {
    /// Reads the baseline. A pipeline that writes its summary there can start without one, and rules files may name one for the
    /// rules that a branch turns on.
    fn read(named: &Setting<PathBuf>, has_growth_rule: bool, output: &ReportOutput<'_>) -> anyhow::Result<Self> {
        let (folder, shown) = (&output.environment.working_dir, named.value.display());
        let path = baseline::path(named, folder);
        let is_target = |target: &Option<JsonTarget>| {
            target.as_ref().and_then(JsonTarget::file).is_some_and(|file| overwriting::is_one_file(&file, &path))
        };
        if is_target(&output.json) {
            anyhow::bail!("{shown}: --json would replace the baseline ({}); choose another file", named.origin);
        }
        let renewal = if is_target(&output.summary) { BaselineRenewal::Requested } else { BaselineRenewal::None };
        let is_needed = has_growth_rule || matches!(named.origin, Origin::Flag(_));
        let usage = match renewal {
            BaselineRenewal::None if is_needed => BaselineUse::Required,
            BaselineRenewal::None | BaselineRenewal::Requested => BaselineUse::Optional,
        };
        let file = baseline::read(named, folder, usage)?;
        if let BaselineFile::Missing = file {
            output.notices.note(&match renewal {
                BaselineRenewal::Requested => {
                    format!("no growth is checked: this run writes the baseline {shown} for the next")
                }
                BaselineRenewal::None => {
                    format!("the baseline {shown} ({}) does not exist; no rule needs it", named.origin)
                }
            });
        }
        Ok(Self { origin: named.origin.clone(), file, renewal })
    }

    /// The summary to compare `image` with; `None` if there is none. A file with a summary on each line has those of several
    /// images. Of several images in a run, one may be new.
    pub(super) fn of_image(&self, image: &Image, run: RunSize) -> anyhow::Result<Option<&Baseline>> {
        let all = match &self.file {
            BaselineFile::Missing => return Ok(None),
            BaselineFile::Read(all) => all,
        };
        let checked = match (&all[..], run) {
            ([only], RunSize::OneImage) => only.check(image).map(|()| only),
            (several, _) => Baseline::find(several, image),
        };
        match (checked, run) {
            (Ok(baseline), _) => Ok(Some(baseline)),
            (Err(_), RunSize::SeveralImages) => Ok(None),
            (Err(error), RunSize::OneImage) => Err(baseline::problem(error, &self.origin)),
        }
    }
}

/// Writes dive's lines about invalid limits, if there are any.
pub(super) fn misconfigured(mistakes: &Mistakes, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let limits: Vec<&BadLimit> = mistakes.limits().collect();
    if limits.is_empty() { Ok(()) } else { ci_report::misconfigured(&limits, look.colour, out) }
}
