//! The log: its file, level and line format. Without a log there is no `tracing` subscriber, and an event costs one comparison.

use std::fmt::{self, Debug, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::panic;
use std::path::Path;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber, error};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use super::below_folder;
use super::output::OneLine;
use crate::config::{Log, LogLevel, Origin, is_below_folder};

/// The crates whose events are logged.
const OUR_CRATES: [&str; 3] = ["dive", "dive_model", "dive_sources"];

/// A requested log cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: cannot write the log {path}: {problem}; set log.path to a writable file, or log.enabled to false")]
pub(super) struct LogError {
    /// The setting that requests the log.
    origin: Origin,
    /// The path as set.
    path: String,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the file exists and is not a log of dive")]
    NoLog,
    #[error("this process already has a log")]
    Taken,
}

/// The first write error of the log, of which a process has one.
static LOST: OnceLock<String> = OnceLock::new();

/// Opens the log if enabled. Afterwards the whole process writes to it, including panics.
///
/// # Errors
/// If the file cannot be opened, or is not a log.
pub(super) fn start(config: &Log, working_dir: &Path) -> Result<(), LogError> {
    if !config.enabled.value {
        return Ok(());
    }
    let path = &config.path.value;
    begin(working_dir, path, config.level.value).map_err(|problem| {
        let origin = match &config.path.origin {
            Origin::Default => &config.enabled.origin,
            origin => origin,
        };
        LogError { origin: origin.clone(), path: path.display().to_string(), problem }
    })
}

/// The first write error; `None` if the log is complete.
pub(super) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

fn begin(working_dir: &Path, path: &Path, level: LogLevel) -> Result<(), Problem> {
    let file = open(working_dir, path)?;
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LineFormat)
        .with_writer(LogFile(file))
        // They would go to standard error, over the screen.
        .log_internal_errors(false);
    // Other crates may log secrets, such as credentials of a registry.
    let ours = OUR_CRATES.map(|name| (name, filter(level)));
    let ours: Targets = ours.into_iter().collect();
    tracing_subscriber::registry().with(lines).with(ours).try_init().map_err(|_| Problem::Taken)?;
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        error!("{panic}");
        before(panic);
    }));
    Ok(())
}

/// Opens a log for appending. An existing file must be a log, because others may be executed by a shell or another program.
/// A relative path follows no link out of the working directory, which may be a stranger's repository.
fn open(working_dir: &Path, path: &Path) -> Result<File, Problem> {
    let mut file = if is_below_folder(path) {
        below_folder::append(working_dir, path)?
    } else {
        OpenOptions::new().read(true).append(true).create(true).open(working_dir.join(path))?
    };
    if file.metadata()?.is_file() {
        let mut start = Vec::new();
        (&mut file).take((MARK.len() + TIME.len()) as u64).read_to_end(&mut start)?;
        if !start.is_empty() && !is_log(&start) {
            return Err(Problem::NoLog);
        }
    }
    Ok(file)
}

/// The start of every line. It is a comment to shells and most other programs that could be tricked into running a log.
const MARK: &str = "# ";

/// The time in UTC after the mark (RFC 3339), followed by fractions of a second.
const TIME: &[u8] = b"0000-00-00T00:00:00";

/// True if a file begins like a log. Logs of older versions have no mark.
fn is_log(start: &[u8]) -> bool {
    let time = start.strip_prefix(MARK.as_bytes()).unwrap_or(start);
    let fits = |(shape, byte): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { shape == byte };
    time.len() >= TIME.len() && TIME.iter().zip(time).all(fits)
}

const fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// The log file. Each line is one append, so that several processes can share a log.
struct LogFile(File);

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes).inspect_err(|error| {
            // Only the first error is kept.
            let _ = LOST.set(error.to_string());
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Mark, time, level and message on one line. Names in the message come from images.
struct LineFormat;

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message(String::new());
        event.record(&mut message);
        out.write_str(MARK)?;
        SystemTime.format_time(&mut out)?;
        writeln!(out, " {:5} {}", event.metadata().level(), OneLine(&message.0))
    }
}

/// The message of an event, which has no other fields.
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a String does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_a_log_is_recognized() {
        assert!(is_log(b"# 2026-11-22T02:33:35"));
        assert!(is_log(b"2026-11-22T02:33:35.1"));
        for other in ["", "# ", "2026-11-22", "# ~/.bashrc, by ann", "2026-11-22 02:33:35", "## 2026-11-22T02:33:35"] {
            assert!(!is_log(other.as_bytes()), "{other}");
        }
    }
}
