//! The destinations of reports, documents and notices.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::invocation::Invocation;
use super::line_documents::LineDocuments;
use super::output::{self, JsonTarget, Notices};
use super::overwriting::{self, ReadFile};
use crate::cli::CiArgs;
use crate::config::{Config, RulesFile, forbids_colour};
use crate::report::{Colour, Look, Rows, ci as ci_report, json};
use dive_model::Opened;
use dive_model::advice::Advice;
use dive_model::image::Dockerfile;
use dive_sources::Environment;

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
    pub(super) json: Option<JsonTarget>,
    pub(super) summary: Option<JsonTarget>,
    /// The open files of a run over several images.
    pub(super) lines: Option<Arc<LineDocuments>>,
    pub(super) environment: &'a Environment,
    pub(super) notices: Notices,
    /// Bytes of reports and of the documents of several images.
    written: Cell<u64>,
}

/// Counts what is written.
struct CountingWriter<'a> {
    out: &'a mut dyn Write,
    written: &'a Cell<u64>,
}

impl Write for CountingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written.set(self.written.get().saturating_add(written as u64));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
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
        Ok(Self { notices: *notices, ..Self::quiet(json, summary, environment) })
    }

    /// These destinations, without notices.
    pub(super) fn quiet(json: Option<JsonTarget>, summary: Option<JsonTarget>, environment: &'a Environment) -> Self {
        Self { json, summary, lines: None, environment, notices: Notices::Quiet, written: Cell::default() }
    }

    /// Writes the documents of several images to the same files.
    pub(super) fn open_lines(&mut self) -> anyhow::Result<Arc<LineDocuments>> {
        let lines = Arc::new(LineDocuments::create(self.json.as_ref(), self.summary.as_ref())?);
        self.lines = Some(Arc::clone(&lines));
        Ok(lines)
    }

    /// Prints a report to standard output, or to standard error if the document goes to standard output.
    pub(super) fn print(&self, render: impl FnOnce(Look, &mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let render = |look, out: &mut dyn Write| render(look, &mut self.counting(out));
        match (&self.json, &self.summary) {
            (Some(JsonTarget::Stdout), _) | (_, Some(JsonTarget::Stdout)) => {
                output::print_error(|out| render(look(self.environment, &io::stderr()), out))
            }
            _ => output::print(|out| render(look(self.environment, &io::stdout()), out)),
        }
    }

    /// Bytes of reports and documents that were written so far.
    pub(super) const fn written_bytes(&self) -> u64 {
        self.written.get()
    }

    /// Counts bytes that were printed beside the reports.
    pub(super) fn count(&self, printed: usize) {
        self.written.set(self.written.get().saturating_add(printed as u64));
    }

    fn counting<'b>(&'b self, out: &'b mut dyn Write) -> CountingWriter<'b> {
        CountingWriter { out, written: &self.written }
    }

    /// True if a document is written. Outside CI mode, it replaces the report.
    pub(super) const fn has_document(&self) -> bool {
        self.json.is_some() || self.summary.is_some()
    }

    /// True if the user requests a document, not just a configuration of the working directory.
    pub(super) fn has_requested_document(&self) -> bool {
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
            lines.add_json(|out| json::render_line(opened, advice, judged, &mut self.counting(out)))?;
            return lines.add_summary(|out| json::summary::render(opened, advice, judged, &mut self.counting(out)));
        }
        self.write_json(opened, advice, judged)?;
        if let Some(target) = &self.summary {
            target.write(|out| json::summary::render(opened, advice, judged, out))?;
        }
        Ok(())
    }

    /// Writes the JSON document, if it is requested.
    pub(super) fn write_json(
        &self,
        opened: &Opened,
        advice: &Advice,
        judged: Option<json::Judged<'_>>,
    ) -> anyhow::Result<()> {
        let Some(target) = &self.json else { return Ok(()) };
        target.write(|out| json::render_judged(opened, advice, judged, out))
    }

    /// Writes dive's line with the path of the document, if any.
    pub(super) fn exporting(&self, colour: Colour, out: &mut dyn Write) -> io::Result<()> {
        match &self.json {
            Some(JsonTarget::File(file) | JsonTarget::Below { path: file, .. }) => {
                ci_report::exporting(file, colour, out)
            }
            Some(JsonTarget::Stdout) | None => Ok(()),
        }
    }
}

/// The style of a report on `stream`.
pub(super) fn look(environment: &Environment, stream: &impl IsTerminal) -> Look {
    let terminal = stream.is_terminal();
    let colour = if terminal && !forbids_colour(environment) { Colour::Ansi } else { Colour::None };
    let width = terminal_size::terminal_size().filter(|_| terminal);
    Look { colour, width: width.map(|(width, _)| width.0.into()) }
}
