//! The log: its file, its level and the format of its lines. Without a log nothing subscribes to `tracing`, and an event costs the
//! comparison of one number.

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

/// Whose events are logged.
const OUR_CRATES: [&str; 3] = ["dive", "dive_model", "dive_sources"];

/// Why there is no log though somebody asked for one.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: cannot write the log {path}: {problem}; set log.path to a writable file, or log.enabled to false")]
pub(super) struct LogError {
    /// Who asked for the file, or for a log.
    origin: Origin,
    /// As it was given.
    path: String,
    problem: Problem,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the file exists and is not a log of dive")]
    NoLog,
    #[error("this process has a log already")]
    Taken,
}

/// What could not be written of the log, the first time: a process has one log.
static LOST: OnceLock<String> = OnceLock::new();

/// Opens the log if there is to be one. From then on the whole process writes to it, panics included.
///
/// # Errors
/// When the file cannot be opened, or is something else than a log.
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

/// Why the log is not whole, if it is not.
pub(super) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

fn begin(working_dir: &Path, path: &Path, level: LogLevel) -> Result<(), Problem> {
    let file = open(working_dir, path)?;
    let lines = tracing_subscriber::fmt::layer()
        .event_format(LineFormat)
        .with_writer(LogFile(file))
        // They would go to standard error, and on to the screen.
        .log_internal_errors(false);
    // Other crates know secrets, such as what opens a registry, and may tell all they know.
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

/// Opens a log for appending. An existing file must be a log: any other may be a file that a shell or another program runs. A
/// relative path follows no link out of the working directory, which may be somebody else's repository.
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

/// The start of every line. It makes the line a comment to a shell and to most other programs that could be tricked into running a
/// log, whatever names it contains.
const MARK: &str = "# ";

/// Then a time, UTC, as in RFC 3339. Fractions of a second follow.
const TIME: &[u8] = b"0000-00-00T00:00:00";

/// Whether a file begins like a log. Logs of older versions have no mark.
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

/// The file. Each line is one write at its end, so that several processes can share a log.
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
            // Only the first is told.
            let _ = LOST.set(error.to_string());
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Mark, time, level, message, on one line whatever the message holds: names in it come from images.
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

/// The words of an event. It has nothing else.
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
    fn only_a_log_begins_like_a_log() {
        assert!(is_log(b"# 2026-11-22T02:33:35"));
        assert!(is_log(b"2026-11-22T02:33:35.1"));
        for other in ["", "# ", "2026-11-22", "# ~/.bashrc, by ann", "2026-11-22 02:33:35", "## 2026-11-22T02:33:35"] {
            assert!(!is_log(other.as_bytes()), "{other}");
        }
    }
}
