//! `dive IMAGE`: shows the screen, or writes a report, a document or a verdict.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::access::{Mode, Subject};
use super::baseline::{self, BaselineFile, BaselineUse};
use super::invocation::Invocation;
use super::line_documents::LineDocuments;
use super::opening::{Opening, ReadImage, open_headless};
use super::outcome::Outcome;
use super::output::{self, JsonTarget, Notices};
use super::overwriting::{self, ReadFile};
use crate::ci::{self, Baseline, CountedAdvice, Rules};
use crate::cli::{CiArgs, OpeningArgs};
use crate::config::{
    BadLimit, CiVariable, Config, ConfigError, Date, ImageRules, Mistakes, Origin, RulesFile, Setting, forbids_colour,
};
use crate::report::ci::Ruling;
use crate::report::{Colour, Look, Rows, ci as ci_report, json, text};
use dive_model::Opened;
use dive_model::advice::{Advice, KindSet};
use dive_model::image::{Dockerfile, Image, ImageLayer};
use dive_model::layer::LayerIndex;
use dive_model::tree::SpanKind;
use dive_sources::{Environment, ImageOrigin};

/// The output options of the command line.
#[derive(Debug)]
pub(super) struct ReportArgs {
    /// The file for the JSON document.
    pub(super) json: Option<PathBuf>,
    /// The file for the summary.
    pub(super) summary: Option<PathBuf>,
    /// The base image.
    pub(super) base: Option<OsString>,
    /// The Dockerfile of the image.
    pub(super) dockerfile: Option<DockerfileArgument>,
    /// The rows of the waste table.
    pub(super) rows: Rows,
}

/// A Dockerfile to match to the history.
#[derive(Debug)]
pub(super) enum DockerfileArgument {
    /// Named by the user. One that does not match is an error.
    Named(PathBuf),
    /// The one that `dive build` has built from, as it was before the build.
    Built(Arc<Dockerfile>),
}

/// The destinations of reports, documents and notices.
pub(super) struct ReportOutput<'a> {
    json: Option<JsonTarget>,
    summary: Option<JsonTarget>,
    /// The open files of a run over several images.
    lines: Option<Arc<LineDocuments>>,
    environment: &'a Environment,
    notices: Notices,
}

impl<'a> ReportOutput<'a> {
    /// The destinations of the command line and the configuration.
    pub(super) fn new(report: &ReportArgs, invocation: &'a Invocation) -> anyhow::Result<Self> {
        let Invocation { config, environment, notices, .. } = invocation;
        let json = JsonTarget::wanted(report.json.clone(), config, environment);
        let summary = report.summary.clone().map(JsonTarget::named);
        if let (Some(JsonTarget::Stdout), Some(JsonTarget::Stdout)) = (&json, &summary) {
            anyhow::bail!("--json and --summary cannot both go to standard output; write one of them to a file");
        }
        Ok(Self { json, summary, lines: None, environment, notices: *notices })
    }

    /// Writes the documents of several images to the same files.
    pub(super) fn open_lines(&mut self) -> anyhow::Result<Arc<LineDocuments>> {
        let lines = Arc::new(LineDocuments::create(self.json.as_ref(), self.summary.as_ref())?);
        self.lines = Some(Arc::clone(&lines));
        Ok(lines)
    }

    /// Prints a report to standard output, or to standard error if the document goes to standard output.
    pub(super) fn print(&self, render: impl FnOnce(Look, &mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match (&self.json, &self.summary) {
            (Some(JsonTarget::Stdout), _) | (_, Some(JsonTarget::Stdout)) => {
                output::print_error(|out| render(look(self.environment, &io::stderr()), out))
            }
            _ => output::print(|out| render(look(self.environment, &io::stdout()), out)),
        }
    }

    /// True if a document is written. Outside CI mode, it replaces the report.
    pub(super) const fn has_document(&self) -> bool {
        self.json.is_some() || self.summary.is_some()
    }

    /// True if the user requests a document, not just a configuration of the working directory.
    fn has_requested_document(&self) -> bool {
        self.summary.is_some() || self.json.as_ref().is_some_and(JsonTarget::is_requested_by_user)
    }

    /// Says that default limits are not checked beside a document.
    pub(super) fn note_unchecked(&self) {
        self.notices.note(
            if self.summary.is_some() {
                "no rule was checked: with --summary, dive checks only rules that you set; set one in .dive-ci or by a flag, \
                 or leave out --summary"
            } else {
                "no rule was checked: with --json, dive checks only rules that you set; set one in .dive-ci or by a flag, or \
                 leave out --json"
            },
        );
    }

    /// Refuses documents in the place of the rules file, of `read`, or of each other.
    pub(super) fn refuse_overwriting(
        &self,
        ci: &CiArgs,
        config: &Config,
        mut read: Vec<ReadFile>,
    ) -> anyhow::Result<()> {
        let rules_file =
            ci.ci_config.as_deref().or(config.ci_config.value.as_deref()).unwrap_or(Path::new(RulesFile::NAME));
        read.push(ReadFile { what: "the rules file", path: self.environment.working_dir.join(rules_file) });
        let [json, summary] = [&self.json, &self.summary].map(|target| target.as_ref().and_then(JsonTarget::file));
        for document in [&json, &summary].into_iter().flatten() {
            overwriting::refuse_read_files(document, &read)?;
        }
        match (json, summary) {
            (Some(json), Some(summary)) => overwriting::refuse_one_file(&json, &summary),
            _ => Ok(()),
        }
    }

    /// Writes the requested documents.
    pub(super) fn write_documents(
        &self,
        opened: &Opened,
        advice: &Advice,
        judged: Option<json::Judged<'_>>,
    ) -> anyhow::Result<()> {
        if let Some(lines) = &self.lines {
            lines.add_json(|out| json::render_line(opened, advice, judged, out))?;
            return lines.add_summary(|out| json::summary::render(opened, advice, judged, out));
        }
        self.write_json(opened, advice, judged)?;
        if let Some(target) = &self.summary {
            target.write(|out| json::summary::render(opened, advice, judged, out))?;
        }
        Ok(())
    }

    /// Writes the JSON document, if it is requested.
    fn write_json(&self, opened: &Opened, advice: &Advice, judged: Option<json::Judged<'_>>) -> anyhow::Result<()> {
        let Some(target) = &self.json else { return Ok(()) };
        target.write(|out| json::render_judged(opened, advice, judged, out))
    }

    /// Writes dive's line with the path of the document, if any.
    fn exporting(&self, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
        match &self.json {
            Some(JsonTarget::File(file) | JsonTarget::Below { path: file, .. }) => {
                ci_report::exporting(file, colour, out)
            }
            Some(JsonTarget::Stdout) | None => Ok(()),
        }
    }
}

/// The rules of CI mode.
#[derive(Debug)]
pub(super) struct Gate {
    rules: Rules,
    /// The rules of images that an entry of the rules file matches, first match first.
    for_images: Vec<(ImageRules, Rules)>,
    rules_file: Option<PathBuf>,
    /// The base image in the rules file.
    pub(super) base: Option<Setting<String>>,
    /// The summary of an earlier image.
    baseline: Option<GateBaseline>,
}

/// The summary of an earlier image, and the setting that names it.
#[derive(Debug)]
struct GateBaseline {
    origin: Origin,
    file: BaselineFile,
    /// Whether this run writes its summary there.
    renewal: BaselineRenewal,
}

/// Whether a run writes its summary over its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BaselineRenewal {
    /// `--summary` names the baseline.
    Requested,
    /// It does not.
    None,
}

impl Gate {
    /// Reads the rules from flags, rules file and configuration. Invalid limits are also printed in dive's format before
    /// the error.
    pub(super) fn load(ci: &CiArgs, config: &Config, output: &ReportOutput<'_>) -> anyhow::Result<Self> {
        let named = match &ci.ci_config {
            Some(path) => Setting::by_flag(Some(path.clone()), "--ci-config"),
            None => config.ci_config.clone(),
        };
        Self::of_file(&named, ci, config, output)
    }

    /// As [`Self::load`], with this rules file.
    pub(super) fn of_file(
        named: &Setting<Option<PathBuf>>,
        ci: &CiArgs,
        config: &Config,
        output: &ReportOutput<'_>,
    ) -> anyhow::Result<Self> {
        let file = match RulesFile::load(output.environment, named) {
            Err(ConfigError::Mistakes(mistakes)) => {
                output.print(|look, out| misconfigured(&mistakes, look, out))?;
                return Err(ConfigError::Mistakes(mistakes).into());
            }
            file => file?,
        };
        output.notices.warn_all(&file.warnings);
        let rules = Rules::merge(ci.rules.limits(), &file, config);
        let own = |entry: &ImageRules| (entry.clone(), Rules::of_section(entry, ci.rules.limits(), &file, config));
        let for_images: Vec<_> = file.images.iter().map(own).collect();
        let by_flag = ci.baseline.clone().map(|path| Setting::by_flag(path, "--baseline"));
        let named = by_flag.or(file.baseline);
        if named.is_none() {
            [&rules]
                .into_iter()
                .chain(for_images.iter().map(|(_, rules)| rules))
                .try_for_each(baseline::refuse_growth_without)?;
        }
        let baseline = named.map(|named| GateBaseline::read(&named, &rules, output)).transpose()?;
        Ok(Self { rules, for_images, rules_file: file.path, base: file.base, baseline })
    }

    /// The rules of the image with this name.
    fn rules_of(&self, name: &str) -> &Rules {
        self.for_images.iter().find(|(entry, _)| entry.match_name(name)).map_or(&self.rules, |(_, rules)| rules)
    }

    /// True if a rule counts the bytes of advice. Its number needs the kinds that only the contents of files show.
    pub(super) fn counts_advice(&self) -> bool {
        self.rules.count_advice() || self.for_images.iter().any(|(_, rules)| rules.count_advice())
    }

    /// Takes the rules over all images out of those of each.
    pub(super) fn split_over_all(&mut self) -> Rules {
        for (_, rules) in &mut self.for_images {
            rules.split_over_all();
        }
        self.rules.split_over_all()
    }
}

/// Writes dive's lines about invalid limits, if there are any.
fn misconfigured(mistakes: &Mistakes, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let limits: Vec<&BadLimit> = mistakes.limits().collect();
    if limits.is_empty() { Ok(()) } else { ci_report::misconfigured(&limits, look.colour, out) }
}

/// Reads the configuration of a command that may check rules. In CI mode, invalid limits are also printed in dive's format
/// before the error.
pub(super) fn invocation(
    opening: OpeningArgs,
    environment: Environment,
    ci: &CiArgs,
    report: &ReportArgs,
) -> anyhow::Result<Invocation> {
    let known = environment.clone();
    Invocation::new(opening, environment).inspect_err(|error| {
        if let Some(ConfigError::Mistakes(mistakes)) = error.downcast_ref()
            && ci.ci.unwrap_or(mistakes.ci)
        {
            let target = |path: &Option<PathBuf>| path.clone().map(JsonTarget::named);
            let (json, summary) = (target(&report.json), target(&report.summary));
            let output = ReportOutput { json, summary, lines: None, environment: &known, notices: Notices::Quiet };
            // The mistakes follow anyway.
            let _ = output.print(|look, out| misconfigured(mistakes, look, out));
        }
    })
}

impl GateBaseline {
    /// Reads the baseline. A pipeline that writes its summary there can start without one, and rules files may name one for the
    /// rules that a branch turns on.
    fn read(named: &Setting<PathBuf>, rules: &Rules, output: &ReportOutput<'_>) -> anyhow::Result<Self> {
        let (folder, shown) = (&output.environment.working_dir, named.value.display());
        let path = baseline::path(named, folder);
        let is_target = |target: &Option<JsonTarget>| {
            target.as_ref().and_then(JsonTarget::file).is_some_and(|file| overwriting::is_one_file(&file, &path))
        };
        if is_target(&output.json) {
            anyhow::bail!("{shown}: --json would replace the baseline ({}); choose another file", named.origin);
        }
        let renewal = if is_target(&output.summary) { BaselineRenewal::Requested } else { BaselineRenewal::None };
        let is_needed = rules.that_needs_baseline().is_some() || matches!(named.origin, Origin::Flag(_));
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

    const fn summary(&self) -> Option<&Baseline> {
        match &self.file {
            BaselineFile::Read(baseline) => Some(baseline),
            BaselineFile::Missing => None,
        }
    }
}

/// Explores an image on the screen or reports on it.
pub(super) fn explore(
    subject: Subject<'_>,
    invocation: &Invocation,
    ci: &CiArgs,
    report: ReportArgs,
) -> anyhow::Result<Outcome> {
    let Invocation { config, environment, notices, .. } = invocation;
    let notices = *notices;
    let output = ReportOutput::new(&report, invocation)?;
    let ci_mode = ci.ci.unwrap_or(config.ci.value);
    // Before the image, so that a mistake in the rules is reported at once.
    let gate = if ci_mode { Some(Gate::load(ci, config, &output)?) } else { None };
    let mode = if ci_mode { Mode::Ci } else { Mode::Plain };
    let mut opening = Opening::new(subject, invocation, mode)?;
    match (&report.base, gate.as_ref().and_then(|gate| gate.base.as_ref())) {
        (Some(flag), _) => opening.set_base(flag, config.container_engine.value)?,
        (None, Some(named)) => opening.set_base_of_rules(named, config.container_engine.value)?,
        (None, None) => {}
    }
    if output.summary.is_some() || gate.as_ref().is_some_and(|gate| gate.baseline.is_some()) {
        opening.keep_hashes();
    }
    if gate.as_ref().is_some_and(Gate::counts_advice) {
        opening.inspect_contents();
    }
    let mut read = opening.files();
    if let Some(DockerfileArgument::Named(path)) = &report.dockerfile {
        read.push(ReadFile { what: "the Dockerfile", path: environment.working_dir.join(path) });
    }
    output.refuse_overwriting(ci, config, read)?;
    match report.dockerfile {
        Some(DockerfileArgument::Named(path)) => opening.match_dockerfile(&path, &environment.working_dir)?,
        Some(DockerfileArgument::Built(file)) => opening.built_from(file),
        None => {}
    }
    let (rows, name) = (report.rows, subject.argument().to_string_lossy());
    let opens_screen = !ci_mode && !output.has_document() && shows_screen(environment);
    if !ci_mode {
        let is_set = ci.ci.is_some() || config.ci.origin != Origin::Default;
        match CiVariable::of(environment) {
            // If the CI service sets another value of CI, the job would pass without a verdict.
            CiVariable::Other(value) if !is_set && !opens_screen => notices.note(&format!(
                "CI={} does not turn on CI mode; to check the rules, add --ci or set CI=true",
                value.display()
            )),
            _ if ci.sets_rules() => notices.note("dive checks rules only in CI mode; add --ci"),
            _ => {}
        }
    }
    #[cfg(feature = "tui")]
    if opens_screen {
        return super::screen::show(opening, config, environment).map(|()| Outcome::Passed);
    }
    let ReadImage { image, loaded, origin, .. } = open_headless(&opening, notices)?;
    if ci_mode && !config.ignore_errors.value {
        refuse_unread_layers(&image)?;
    }
    let opened = Opened::new(image, loaded);
    if ci_mode {
        refuse_without_layers(&opened)?;
    }
    if let Some(gate) = gate {
        return Ok(judge(&gate, &name, &opened, &origin, rows, &output)?.unwrap_or(Outcome::Passed));
    }
    if output.has_document() {
        output.write_documents(&opened, &opened.advice(KindSet::on()), None)?;
    } else {
        output.print(|look, out| text::render(&opened, look, rows, out))?;
    }
    Ok(Outcome::Passed)
}

/// Writes the documents, prints the report of CI mode and returns the verdict; `None` if no rule was checked. Several images have
/// one note about that, at the end.
pub(super) fn judge(
    gate: &Gate,
    name: &str,
    opened: &Opened,
    origin: &ImageOrigin,
    rows: Rows,
    output: &ReportOutput<'_>,
) -> anyhow::Result<Option<Outcome>> {
    let (rules, rules_file) = (gate.rules_of(name), gate.rules_file.as_deref());
    let baseline = gate.baseline.as_ref().and_then(GateBaseline::summary);
    if let (Some(summary), Some(GateBaseline { origin, .. })) = (baseline, &gate.baseline) {
        summary.check(&opened.image).map_err(|error| baseline::problem(error, origin))?;
    }
    let today = Date::of(SystemTime::now());
    let counted = CountedAdvice::of(opened, rules, today);
    let advice = &counted.advice;
    // dive checks no rule if it writes a document, so default limits alone must not fail such a job.
    if output.has_requested_document() && !rules.are_set() {
        output.write_documents(opened, advice, None)?;
        output.print(|look, out| {
            ci_report::preamble(rules_file, origin, look.colour, out)?;
            output.exporting(look.colour, out)
        })?;
        if output.lines.is_none() {
            output.note_unchecked();
        }
        return Ok(None);
    }
    let verdict = ci::evaluate(opened, rules, &counted, baseline, today);
    let judged = Some(json::Judged { rules, verdict: &verdict });
    let renews = gate.baseline.as_ref().is_some_and(|baseline| baseline.renewal == BaselineRenewal::Requested);
    if renews && !verdict.passed() {
        // The next run would compare with the image that has just failed, and pass.
        output.write_json(opened, advice, judged)?;
        output.notices.note(
            "--summary did not replace the baseline, because a rule failed; to accept the image as the new baseline, run the \
             command with --ci=false",
        );
    } else {
        output.write_documents(opened, advice, judged)?;
    }
    let ruling = Ruling { rules_file, origin, rules, verdict: &verdict, advice };
    output.print(|look, out| {
        ci_report::overview(opened, ruling, look, rows, out)?;
        output.exporting(look.colour, out)?;
        ci_report::block(opened, ruling, look, out)
    })?;
    Ok(Some(if verdict.passed() { Outcome::Passed } else { Outcome::RuleFailed }))
}

/// True if this build has the screen, and standard output is a terminal that can show it.
fn shows_screen(environment: &Environment) -> bool {
    // Only Windows has terminals without a name.
    let can_show = || environment.get("TERM").map_or(cfg!(windows), |term| term != "dumb");
    cfg!(feature = "tui") && io::stdout().is_terminal() && can_show()
}

/// The style of a report on `stream`.
pub(super) fn look(environment: &Environment, stream: &impl IsTerminal) -> Look {
    let terminal = stream.is_terminal();
    let colour = if terminal && !forbids_colour(environment) { Colour::Ansi } else { Colour::None };
    let width = terminal_size::terminal_size().filter(|_| terminal);
    Look { colour, width: width.map(|(width, _)| width.0.into()) }
}

/// Refuses a verdict if a layer is unreadable: part of the file system would be missing.
pub(super) fn refuse_unread_layers(image: &Image) -> anyhow::Result<()> {
    let unread = image.layers.iter().enumerate().find_map(|(number, layer)| {
        let loss = layer.blob.as_ref().err().filter(|loss| loss.is_damage())?;
        Some((number, loss.other_content()?))
    });
    if let Some((number, content)) = unread {
        anyhow::bail!(
            "{}: no verdict: dive cannot read layer {number}: it is {}; --ignore-errors checks the rules without it",
            image.name,
            content.name
        );
    }
    Ok(())
}

/// Refuses a verdict if no layer is readable, even with `--ignore-errors`.
pub(super) fn refuse_without_layers(opened: &Opened) -> anyhow::Result<()> {
    let Opened { image, tree, damaged_layers, .. } = opened;
    let is_unread = |(index, layer): (LayerIndex, &ImageLayer)| {
        let mut spans = tree.layer_spans(index);
        let has_entries = spans.any(|span| tree.span(span).kind != SpanKind::ImplicitDirectory)
            || tree.layer_whiteouts(index).next().is_some();
        layer.blob.is_err() || (damaged_layers.contains(&index) && !has_entries)
    };
    if !damaged_layers.is_empty() && tree.layers().zip(&image.layers).all(is_unread) {
        anyhow::bail!("{}: no verdict: dive cannot read any layer", image.name);
    }
    Ok(())
}
