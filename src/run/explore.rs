//! `dive IMAGE`: shows the screen, or writes a report, a document or a verdict.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::access::{Mode, Subject};
use super::gate::{Gate, RunSize, misconfigured};
use super::invocation::Invocation;
use super::opening::{Opening, ReadImage, open_headless};
use super::outcome::Outcome;
use super::output::JsonTarget;
use super::overwriting::ReadFile;
use super::report_output::{DockerfileArgument, ReportArgs, ReportOutput};
use crate::ci::{self, CountedAdvice};
use crate::cli::{CiArgs, OpeningArgs};
use crate::config::{CiVariable, Config, ConfigError, Date, Origin, Setting};
use crate::report::ci::Ruling;
use crate::report::{Rows, ci as ci_report, json, text};
use dive_model::Opened;
use dive_model::advice::KindSet;
use dive_model::image::{Image, ImageLayer};
use dive_model::layer::LayerIndex;
use dive_model::tree::{Loaded, SpanKind};
use dive_sources::{Environment, ImageOrigin};

/// Reads the configuration of a command that may check rules. In CI mode, invalid limits are also printed in dive's format
/// before the error.
pub(super) fn invocation(
    opening: OpeningArgs,
    environment: Environment,
    ci: &CiArgs,
    report: &ReportArgs,
) -> anyhow::Result<Invocation> {
    let known = environment.clone();
    let mut invocation = Invocation::new(opening, environment).inspect_err(|error| {
        if let Some(ConfigError::Mistakes(mistakes)) = error.downcast_ref()
            && ci.ci.unwrap_or(mistakes.ci)
        {
            let target = |path: &Option<PathBuf>| path.clone().map(JsonTarget::named);
            let (json, summary) = (target(&report.json), target(&report.summary));
            let output = ReportOutput::quiet(json, summary, &known);
            // The mistakes follow anyway.
            let _ = output.print(|look, out| misconfigured(mistakes, look, out));
        }
    })?;
    if let Some(on) = ci.ci {
        invocation.config.ci = Setting::by_flag(on, "--ci");
    }
    if let Some(rules_file) = &ci.ci_config {
        invocation.config.accept_rules_of(rules_file, &invocation.environment.working_dir);
    }
    Ok(invocation)
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
    prepare(&mut opening, gate.as_ref(), &report, config)?;
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
    let opened = opened(image, loaded, mode, config)?;
    Ok(report_on(gate.as_ref(), &name, &opened, &origin, rows, &output)?.unwrap_or(Outcome::Passed))
}

/// Sets what the options and the rules need of an image: its base, and hashes and facts of its contents.
pub(super) fn prepare(
    opening: &mut Opening,
    gate: Option<&Gate>,
    report: &ReportArgs,
    config: &Config,
) -> anyhow::Result<()> {
    let engine = config.container_engine.value;
    match (&report.base, gate.and_then(|gate| gate.base.as_ref())) {
        (Some(flag), _) => opening.set_base(flag, engine)?,
        (None, Some(named)) => opening.set_base_of_rules(named, engine)?,
        (None, None) => {}
    }
    if report.summary.is_some() || gate.is_some_and(|gate| gate.baseline.is_some()) {
        opening.keep_hashes();
    }
    if gate.is_some_and(Gate::counts_advice) {
        opening.inspect_contents();
    }
    Ok(())
}

/// The image and its numbers. In CI mode, an error if too little of it can be read for a verdict.
pub(super) fn opened(image: Arc<Image>, loaded: Loaded, mode: Mode, config: &Config) -> anyhow::Result<Opened> {
    if mode == Mode::Ci && !config.ignore_errors.value {
        refuse_unread_layers(&image)?;
    }
    let opened = Opened::new(image, loaded);
    if mode == Mode::Ci {
        refuse_without_layers(&opened)?;
    }
    Ok(opened)
}

/// An error if too little of an image was read for a verdict.
#[cfg(feature = "tui")]
pub(super) fn check_verdict_is_possible(opened: &Opened, config: &Config) -> anyhow::Result<()> {
    if !config.ignore_errors.value {
        refuse_unread_layers(&opened.image)?;
    }
    refuse_without_layers(opened)
}

/// Reports on an image: with a gate as in CI mode, else by documents or the plain report. `None` if no rule was checked.
pub(super) fn report_on(
    gate: Option<&Gate>,
    name: &str,
    opened: &Opened,
    origin: &ImageOrigin,
    rows: Rows,
    output: &ReportOutput<'_>,
) -> anyhow::Result<Option<Outcome>> {
    match gate {
        Some(gate) => return judge(gate, name, opened, origin, rows, output),
        None if output.has_document() => output.write_documents(opened, &opened.advice(KindSet::on()), None)?,
        None => output.print(|look, out| text::render(opened, look, rows, out))?,
    }
    Ok(None)
}

/// Writes the documents, prints the report of CI mode and returns the verdict; `None` if no rule was checked. Several images have
/// one note about that, at the end.
fn judge(
    gate: &Gate,
    name: &str,
    opened: &Opened,
    origin: &ImageOrigin,
    rows: Rows,
    output: &ReportOutput<'_>,
) -> anyhow::Result<Option<Outcome>> {
    let (rules, rules_file) = (gate.rules_of(name), gate.rules_file.as_deref());
    let run = if output.lines.is_some() { RunSize::SeveralImages } else { RunSize::OneImage };
    let baseline = gate.baseline.as_ref().map(|baseline| baseline.of_image(&opened.image, run)).transpose()?.flatten();
    let today = Date::of(SystemTime::now());
    let counted = CountedAdvice::of(opened, rules, today);
    let advice = &counted.advice;
    // dive checks no rule if it writes a document, so default limits alone must not fail such a job.
    if output.has_requested_document() && !gate.is_set_for(name) {
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
    if gate.renews_baseline() && !verdict.passed() {
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
pub(super) fn shows_screen(environment: &Environment) -> bool {
    // Only Windows has terminals without a name.
    let can_show = || environment.get("TERM").map_or(cfg!(windows), |term| term != "dumb");
    cfg!(feature = "tui") && io::stdout().is_terminal() && can_show()
}

/// Refuses a verdict if a layer is unreadable: part of the file system would be missing.
fn refuse_unread_layers(image: &Image) -> anyhow::Result<()> {
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
fn refuse_without_layers(opened: &Opened) -> anyhow::Result<()> {
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
