//! Results go to standard output, notices to standard error, and a JSON file is written atomically.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tracing::{info, warn};

use super::commands::WithoutCommands;
use super::visible::{Notation, Visible};
use super::{below_folder, followed};
use crate::cli::OpeningArgs;
use crate::config::{Config, ConfigScope, is_below_folder};
use dive_model::dir::Dir;
use dive_model::remark::Shown;
use dive_model::unfinished::{self, FilePurpose, Readers, Unfinished};
use dive_sources::Environment;

/// Writes a result to standard output. On a terminal, characters that are invisible or reorder a line are escaped; a pipe
/// gets them unchanged. Commands of CI services are always escaped.
///
/// A closed pipe (`| head`) is not an error, and does not change a verdict.
pub(super) fn print(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    print_as(Notation::Bytes, render)
}

fn print_as(notation: Notation, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let stdout = io::stdout();
    let audience = if stdout.is_terminal() { Audience::Terminal } else { Audience::Program };
    print_to(stdout.lock(), notation, audience, render).context("standard output cannot be written")
}

/// Writes a report to standard error, because standard output has another result.
pub(super) fn print_error(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    print_to(io::stderr().lock(), Notation::Bytes, Audience::Terminal, render)
        .context("standard error cannot be written")
}

/// The reader of an output. Standard error counts as a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Terminal,
    /// A program, or a log.
    Program,
}

fn print_to(
    stream: impl Write,
    notation: Notation,
    audience: Audience,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // The buffer gives it large pieces.
    let mut out = BufWriter::with_capacity(64 * 1024, WithoutCommands::new(stream, notation));
    let escapes = (audience == Audience::Terminal).then_some(notation);
    match render_escaped(&mut out, escapes, render).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => {
            // Discard the buffer: dropping it would write to the closed pipe again.
            let _ = out.into_parts();
            Ok(())
        }
    }
}

fn render_escaped(
    out: &mut dyn Write,
    escapes: Option<Notation>,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let Some(notation) = escapes else { return render(out) };
    let mut out = Visible::new(out, notation);
    render(&mut out)?;
    out.flush()
}

/// The destination of the JSON document.
#[derive(Debug)]
pub(super) enum JsonTarget {
    Stdout,
    /// A file; links are followed.
    File(PathBuf),
    /// A file below a folder; no link is followed.
    Below {
        folder: PathBuf,
        path: PathBuf,
        scope: ConfigScope,
    },
}

impl JsonTarget {
    /// The file of `--json` or `json-path`. The path of the flag is opened as it is. A setting also applies in other
    /// people's folders, so its relative path follows no link.
    pub(super) fn wanted(flag: Option<PathBuf>, config: &Config, environment: &Environment) -> Option<Self> {
        let path = match (flag, &config.json_path.value) {
            (Some(path), _) => path,
            (None, Some(path)) if path.as_os_str() != "-" && is_below_folder(path) => {
                let scope = config.discovery.scope_of(&config.json_path.origin);
                return Some(Self::Below { folder: environment.working_dir.clone(), path: path.clone(), scope });
            }
            (None, Some(path)) => path.clone(),
            (None, None) => return None,
        };
        Some(Self::named(path))
    }

    /// The destination that a flag names: a file, or `-` for standard output.
    pub(super) fn named(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdout } else { Self::File(path) }
    }

    /// The file; `None` for standard output.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path.clone()),
            Self::Below { folder, path, .. } => Some(folder.join(path)),
        }
    }

    /// True if the user requests the document, and not a `.dive.yaml` in the working directory.
    pub(super) const fn is_requested_by_user(&self) -> bool {
        !matches!(self, Self::Below { scope: ConfigScope::WorkingDirectory, .. })
    }

    /// Writes the document. A file is written to a temporary name and renamed; an existing device or pipe is written directly.
    pub(super) fn write(&self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        match self {
            Self::Stdout => print_as(Notation::Json, render),
            Self::File(path) => {
                write_file(path, render).with_context(|| format!("{} cannot be written", path.display()))
            }
            Self::Below { folder, path, scope } => below_folder::replace(folder, path, *scope, render)
                .with_context(|| format!("{} cannot be written", path.display())),
        }
    }

    /// Opens the destination of several documents.
    pub(super) fn open(&self) -> anyhow::Result<OpenTarget> {
        let opened = match self {
            Self::Stdout => Ok(OpenTarget::Direct(OutputStream::Stdout)),
            Self::File(path) => open_file(path),
            Self::Below { folder, path, scope } => {
                let entered = below_folder::enter_to_replace(folder, path, *scope);
                entered.and_then(|(dir, name)| OpenTarget::unfinished(&dir, name)).map_err(Into::into)
            }
        };
        opened.with_context(|| self.failure())
    }

    /// The start of an error about the destination.
    pub(super) fn failure(&self) -> String {
        match self {
            Self::Stdout => "standard output cannot be written".to_owned(),
            Self::File(path) | Self::Below { path, .. } => format!("{} cannot be written", path.display()),
        }
    }
}

/// An open destination of documents.
#[derive(Debug)]
pub(super) enum OpenTarget {
    /// What is written to directly.
    Direct(OutputStream),
    /// A file with a temporary name.
    Unfinished {
        file: Unfinished,
        /// The name that it gets.
        name: OsString,
    },
}

/// A destination without a temporary name.
#[derive(Debug)]
pub(super) enum OutputStream {
    Stdout,
    /// A device or a pipe.
    Device(File),
}

impl OutputStream {
    /// Writes a document.
    pub(super) fn write(&mut self, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let file = match self {
            Self::Stdout => return print_as(Notation::Json, render),
            Self::Device(file) => file,
        };
        let escapes = file.is_terminal().then_some(Notation::Json);
        let mut out = BufWriter::new(WithoutCommands::new(file, Notation::Json));
        render_escaped(&mut out, escapes, render)?;
        Ok(out.flush()?)
    }
}

impl OpenTarget {
    /// A new file in `dir`, which gets its name later.
    fn unfinished(dir: &Dir, name: &OsStr) -> io::Result<Self> {
        Ok(Self::Unfinished { file: create_unfinished(dir)?, name: name.to_owned() })
    }
}

fn write_file(path: &Path, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    match open_file(path)? {
        OpenTarget::Direct(mut stream) => stream.write(render),
        OpenTarget::Unfinished { mut file, name } => {
            render_to(&mut file, render)?;
            file.replace(name.as_encoded_bytes())?;
            Ok(())
        }
    }
}

fn open_file(path: &Path) -> anyhow::Result<OpenTarget> {
    // A file in its place would get the document alone, and nobody the report.
    if is_standard_output(path) {
        return Ok(OpenTarget::Direct(OutputStream::Stdout));
    }
    // Replace the target of a link, not the link.
    let path = &followed::resolve(path)?;
    let folder = path.parent().unwrap_or(path);
    match path.symlink_metadata() {
        Ok(known) if !known.is_file() && !known.is_dir() => {
            followed::refuse_foreign_link(folder, path, &known)?;
            let device = std::fs::OpenOptions::new().write(true).open(path)?;
            return Ok(OpenTarget::Direct(OutputStream::Device(device)));
        }
        Ok(known) if known.is_dir() => bail!("it is a directory"),
        _ => {}
    }
    let Some(name) = path.file_name() else { bail!("it is a directory") };
    let dir = Dir::open(folder).with_context(|| format!("the directory {} cannot be opened", folder.display()))?;
    Ok(OpenTarget::unfinished(&dir, name)?)
}

/// True for the file or pipe that standard output is, by any name, such as `/dev/stdout`.
#[cfg(unix)]
fn is_standard_output(path: &Path) -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    let output = io::stdout().as_fd().try_clone_to_owned().and_then(|output| File::from(output).metadata());
    let (Ok(file), Ok(output)) = (path.metadata(), output) else { return false };
    (file.dev(), file.ino()) == (output.dev(), output.ino())
}

/// Returns false: standard output has no path.
#[cfg(not(unix))]
const fn is_standard_output(_: &Path) -> bool {
    false
}

/// Writes a file in `dir` to a temporary name, and renames it.
pub(super) fn write_atomically(
    dir: &Dir,
    name: &OsStr,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write_unfinished(dir, render)?.replace(name.as_encoded_bytes()).map(drop)
}

/// Writes a file in `dir` to a temporary name, and gives it its name, which must be free.
pub(super) fn write_new(
    dir: &Dir,
    name: &str,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write_unfinished(dir, render)?.take_free(name.as_bytes()).map(drop)
}

/// Creates a file in `dir` with a temporary name.
fn create_unfinished(dir: &Dir) -> io::Result<Unfinished> {
    unfinished::sweep(dir, FilePurpose::Document);
    Unfinished::create(dir, FilePurpose::Document, Readers::Umask)
}

/// Writes a file in `dir` to a temporary name.
fn write_unfinished(dir: &Dir, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Unfinished> {
    let mut file = create_unfinished(dir)?;
    render_to(&mut file, render)?;
    Ok(file)
}

/// Writes to a file with a temporary name.
pub(super) fn render_to(
    file: &mut Unfinished,
    render: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(file.file());
    render(&mut out)?;
    out.flush()
}

/// How many notices and warnings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notices {
    /// None.
    Quiet,
    /// The first ten warnings.
    Brief,
    /// All.
    Whole,
}

/// Warnings shown without `--verbose`.
const FIRST: usize = 10;

impl Notices {
    pub(super) const fn of(opening: &OpeningArgs) -> Self {
        match (opening.quiet, opening.verbose) {
            (true, _) => Self::Quiet,
            (_, 1..) => Self::Whole,
            _ => Self::Brief,
        }
    }

    pub(super) fn note(self, text: &str) {
        info!("{text}");
        if self != Self::Quiet {
            say(&format!("dive: {text}"));
        }
    }

    /// Prints the first warnings, or all, and returns their length in bytes.
    pub(super) fn warn_all<T: Display>(self, warnings: impl IntoIterator<Item = T>) -> usize {
        // The log has all warnings, including those that are not printed.
        let mut warnings = warnings.into_iter().inspect(|warning| warn!("{warning}"));
        let shown = match self {
            Self::Quiet => 0,
            Self::Brief => FIRST,
            Self::Whole => usize::MAX,
        };
        let mut printed = 0_usize;
        for warning in warnings.by_ref().take(shown) {
            let line = format!("dive: warning: {warning}");
            printed = printed.saturating_add(line.len());
            say(&line);
        }
        let left = warnings.count();
        if left > 0 && self != Self::Quiet {
            say(&format!("dive: more warnings: {left}; --verbose shows them all"));
        }
        printed
    }
}

/// Prints a line to standard error. Names in it are untrusted, so everything is escaped for a terminal.
pub fn say(line: &str) {
    // Standard error is closed, so there is nowhere to report the error.
    let line = format!("{}\n", OneLine(line));
    let _ = WithoutCommands::new(io::stderr(), Notation::Bytes).write_all(line.as_bytes());
}

/// Escapes a text for one line of a terminal or a log.
pub(super) struct OneLine<'a>(pub(super) &'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may have megabytes.
        const LONGEST: usize = 4000;
        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{}…", Shown(&self.0[..end])),
            None => Shown(self.0).fmt(f),
        }
    }
}
