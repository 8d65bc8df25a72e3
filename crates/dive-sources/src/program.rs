//! Runs programs for their output: `podman image save`, `ctr images export`.
//!
//! Standard input is empty, so a program cannot wait for it. Standard error is always drained, so a program cannot block on
//! it. A program is killed when its output is no longer wanted.

use std::future::poll_fn;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::environment::Environment;
use super::meter::Meter;
use super::quote::one_line;
use super::runtime::{block_on, timeout, until_cancelled};
use dive_model::blob::TransferStep;
use dive_model::blob::Watch;
use dive_model::budget::Limits;
use dive_model::remark::OnDamage;
use dive_model::store::{Spooled, StoreError, spool};

/// Limit of the standard error that is kept, in bytes.
const MESSAGE_LIMIT: u64 = 4096;

/// Limit of [`Program::output`], in bytes.
const ANSWER_LIMIT: u64 = 16 << 20;

/// How long output may pause after the program has ended: a grandchild may keep the pipe open.
const OUTPUT_PAUSE: Duration = Duration::from_secs(2);

/// A program in `PATH`, and the environment it runs in.
#[derive(Debug, Clone)]
pub(super) struct Program {
    name: &'static str,
    environment: Environment,
}

/// A program without output, or with only a part of it.
#[derive(Debug)]
pub(super) enum ProgramError {
    /// The program is not in `PATH`.
    Absent,
    /// The operating system cannot start the program or read its output.
    Io(io::Error),
    /// The program exited with an error.
    Exited {
        status: ExitStatus,
        /// Bytes read from its standard output.
        received: u64,
        /// Its standard error, on one line.
        message: String,
    },
    /// The program was killed because its output was no longer wanted.
    Cancelled,
}

impl From<io::Error> for ProgramError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An export that failed.
#[derive(Debug)]
pub(super) enum ExportError {
    /// The program failed.
    Program(ProgramError),
    /// The archive is invalid, or the disk it is copied to failed.
    Archive(StoreError),
}

impl Program {
    pub(super) const fn new(name: &'static str, environment: Environment) -> Self {
        Self { name, environment }
    }

    /// True if `PATH` has a file with this name.
    pub(super) fn is_installed(&self) -> bool {
        let file = format!("{}{}", self.name, std::env::consts::EXE_SUFFIX);
        let is_there = |folder: &Path| folder.join(&file).is_file();
        self.environment.get("PATH").is_some_and(|path| std::env::split_paths(path).any(|folder| is_there(&folder)))
    }

    /// Returns the standard output of `NAME ARGUMENTS` if it succeeds. `go_on` is called several times a second; the program is
    /// killed if it breaks.
    pub(super) fn output(
        &self,
        arguments: &[&str],
        limit: Option<Duration>,
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Vec<u8>, ProgramError> {
        let mut running = self.start(arguments)?;
        let mut answer = Vec::new();
        let read = async {
            let mut chunk = vec![0; 64 << 10];
            loop {
                match running.read(&mut chunk).await? {
                    0 => return running.child.wait().await,
                    count => answer.extend_from_slice(&chunk[..count]),
                }
                // The program would block on the full pipe for ever.
                if answer.len() as u64 >= ANSWER_LIMIT {
                    return Err(io::Error::new(
                        io::ErrorKind::FileTooLarge,
                        format!("its output is longer than {} MiB (dive's limit)", ANSWER_LIMIT >> 20),
                    ));
                }
            }
        };
        let limited = async {
            match limit {
                None => read.await,
                Some(limit) => timeout(limit, read).await.unwrap_or_else(|_| {
                    let text = format!("no response within {} seconds", limit.as_secs());
                    Err(io::Error::new(io::ErrorKind::TimedOut, text))
                }),
            }
        };
        let status = block_on(until_cancelled(limited, go_on))?.ok_or(ProgramError::Cancelled)??;
        running.check_exit(status, answer.len() as u64)?;
        Ok(answer)
    }

    /// Copies the archive that `NAME ARGUMENTS` writes to standard output into a temporary file. `archive` is its name in
    /// messages, `size` its approximate length in bytes, if known.
    pub(super) fn export(
        &self,
        limits: Limits,
        arguments: &[&str],
        archive: &str,
        size: Option<u64>,
        on_damage: OnDamage,
        progress: Watch<'_>,
    ) -> Result<Spooled, ExportError> {
        let mut meter = Meter::new(progress, size);
        let program = ExportError::Program;
        if meter.report().is_break() {
            return Err(program(ProgramError::Cancelled));
        }
        let running = self.start(arguments).map_err(program)?;
        let mut output = Output { running, meter, failure: None };
        let spooled = spool(limits, &mut output, TransferStep::Export, size, archive, on_damage, &mut |_| ());
        if let Some(failure) = output.failure.take() {
            return Err(program(failure));
        }
        // The output is not an archive, or the disk is full: do not wait for the rest.
        let spooled = spooled.map_err(ExportError::Archive)?;
        output.finish().map_err(program)?;
        Ok(spooled)
    }

    fn start(&self, arguments: &[&str]) -> Result<Running, ProgramError> {
        let mut command = Command::new(self.name);
        command.args(arguments).env_clear().envs(self.environment.iter()).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = block_on(async {
            let mut child = command.spawn()?;
            let errors = child.stderr.take().map(|errors| tokio::spawn(message(errors)));
            let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?;
            Ok(Running { child, output, errors })
        });
        started?.map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => ProgramError::Absent,
            _ => ProgramError::Io(error),
        })
    }
}

/// A running program; killed when dropped.
struct Running {
    child: Child,
    output: ChildStdout,
    errors: Option<JoinHandle<String>>,
}

impl Running {
    /// Reads standard output. After the program has ended, a pause of [`OUTPUT_PAUSE`] counts as the end of the output.
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (child, output) = (&mut self.child, &mut self.output);
        {
            let (mut read, mut ended) = (pin!(output.read(buf)), pin!(child.wait()));
            let first = poll_fn(|context| match read.as_mut().poll(context) {
                Poll::Ready(read) => Poll::Ready(Some(read)),
                Poll::Pending => ended.as_mut().poll(context).map(|_| None),
            });
            if let Some(read) = first.await {
                return read;
            }
        }
        timeout(OUTPUT_PAUSE, self.output.read(buf)).await.unwrap_or(Ok(0))
    }

    /// `Ok` if the program succeeded, its error message otherwise.
    fn check_exit(&mut self, status: ExitStatus, received: u64) -> Result<(), ProgramError> {
        if status.success() {
            return Ok(());
        }
        let errors = self.errors.take();
        let message = block_on(async { timeout(OUTPUT_PAUSE, errors?).await.ok()?.ok() })?;
        let message = message.filter(|message| !message.is_empty());
        Err(ProgramError::Exited {
            status,
            received,
            message: message.unwrap_or_else(|| "no error message".to_owned()),
        })
    }
}

/// The output of a running program.
struct Output<'a> {
    running: Running,
    meter: Meter<'a>,
    failure: Option<ProgramError>,
}

impl Output<'_> {
    /// Waits for the program to end.
    fn finish(mut self) -> Result<(), ProgramError> {
        let (child, meter) = (&mut self.running.child, &mut self.meter);
        let exit = block_on(until_cancelled(child.wait(), &mut || meter.report()))?;
        let status = exit.ok_or(ProgramError::Cancelled)??;
        self.running.check_exit(status, self.meter.received())
    }

    fn fail(&mut self, failure: ProgramError) -> io::Error {
        self.failure = Some(failure);
        io::Error::other("its output ended early")
    }
}

impl Read for Output<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (running, meter) = (&mut self.running, &mut self.meter);
        let limit = meter.limit();
        let read = async {
            let stalled =
                || io::Error::new(io::ErrorKind::TimedOut, format!("no data for {} minutes", limit.as_secs() / 60));
            timeout(limit, running.read(buf)).await.unwrap_or_else(|_| Err(stalled()))
        };
        match block_on(until_cancelled(read, &mut || meter.report())).map(Option::transpose) {
            Ok(Ok(Some(read))) if self.meter.add(read).is_continue() => Ok(read),
            Ok(Ok(_)) => Err(self.fail(ProgramError::Cancelled)),
            Ok(Err(error)) | Err(error) => Err(self.fail(ProgramError::Io(error))),
        }
    }
}

/// The start of standard error. The rest is drained, or the program would block.
async fn message(mut errors: ChildStderr) -> String {
    let mut text = Vec::new();
    let _ = (&mut errors).take(MESSAGE_LIMIT).read_to_end(&mut text).await;
    let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    one_line(&errors_of(&String::from_utf8_lossy(&text)))
}

/// Standard error without Podman's log lines: it logs a warning for each attempt, and each repeats the error.
fn errors_of(text: &str) -> String {
    let is_log = |line: &&str| line.starts_with("time=\"");
    let errors: Vec<_> = text.lines().filter(|line| !is_log(line)).collect();
    let errors = errors.join("\n");
    let errors = errors.strip_prefix("Error: ").unwrap_or(&errors);
    if errors.trim().is_empty() { text.to_owned() } else { errors.to_owned() }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use dive_model::blob::TransferProgress;
    use dive_model::units::Bytes;
    use std::time::Instant;

    fn shell() -> Program {
        Program::new("sh", std::env::vars_os().collect())
    }

    fn always() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn tar() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = tar::Builder::new(file.reopen().unwrap());
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        builder.append_data(&mut header, "name", &b"abc"[..]).unwrap();
        builder.finish().unwrap();
        file
    }

    fn export(script: &str, progress: Watch<'_>) -> Result<Spooled, ExportError> {
        shell().export(Limits::default(), &["-c", script], "the archive", None, OnDamage::Fail, progress)
    }

    fn go_on(_: TransferProgress) -> ControlFlow<()> {
        always()
    }

    #[test]
    fn a_failed_program_reports_its_error_and_not_its_log() {
        assert_eq!(errors_of("time=\"1\" level=warning msg=\"x\"\nError: no such image\n"), "no such image");
        assert_eq!(errors_of("time=\"1\" level=fatal msg=\"x\"\n"), "time=\"1\" level=fatal msg=\"x\"\n");
        assert_eq!(errors_of(""), "");
    }

    /// A program that fails may have written a complete archive of half an image.
    #[test]
    fn an_archive_of_a_failed_export_is_not_used() {
        let archive = tar();
        let cat = format!("cat '{}'", archive.path().display());
        assert_eq!(export(&cat, &mut go_on).unwrap().len, archive.as_file().metadata().unwrap().len());
        let failing = format!("{cat}; echo Error: no room >&2; exit 3");
        let Err(ExportError::Program(ProgramError::Exited { status, received, message })) =
            export(&failing, &mut go_on)
        else {
            panic!("an export that failed was taken for one");
        };
        assert_eq!((status.code(), message.as_str()), (Some(3), "no room"));
        assert_eq!(received, archive.as_file().metadata().unwrap().len());
    }

    /// The error of an export with too many names suggests a flag, so that flag must work.
    #[test]
    fn the_limits_of_the_user_apply_to_exports() {
        let archive = tar();
        let gzip = format!("gzip -c '{}'", archive.path().display());
        let within = |bytes| {
            let limits = Limits { unpacked: Some(Bytes(bytes)), ..Limits::default() };
            shell().export(limits, &["-c", &gzip], "the archive", None, OnDamage::Fail, &mut go_on)
        };
        let len = archive.as_file().metadata().unwrap().len();
        assert!(within(len).is_ok());
        assert!(matches!(within(len - 1), Err(ExportError::Archive(StoreError::OverBudget { .. }))));
    }

    /// Podman may write megabytes of log about a missing image.
    #[test]
    fn a_program_with_a_long_error_log_does_not_hang() {
        let flood =
            "i=0; while [ $i -lt 20000 ]; do echo 'a line of some length, said again' >&2; i=$((i+1)); done; exit 1";
        let failure = shell().output(&["-c", flood], None, &mut always).unwrap_err();
        assert!(matches!(failure, ProgramError::Exited { .. }), "{failure:?}");
    }

    /// A daemonized grandchild may keep the pipe open for ever.
    #[test]
    fn a_grandchild_that_holds_the_pipe_does_not_hang_the_export() {
        let start = Instant::now();
        let answer = shell().output(&["-c", "sleep 60 & echo done"], None, &mut always).unwrap();
        assert_eq!(answer, b"done\n");
        let archive = tar();
        let script = format!("cat '{}'; sleep 60 &", archive.path().display());
        assert_eq!(export(&script, &mut go_on).unwrap().len, archive.as_file().metadata().unwrap().len());
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    }

    #[test]
    fn a_program_that_reads_input_gets_none() {
        let answer = shell().output(&["-c", "read line; echo got $line"], None, &mut always).unwrap();
        assert_eq!(answer, b"got\n");
    }

    /// Quitting while Podman prepares an export must not leave a process behind.
    #[test]
    fn a_cancelled_program_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("echo $$ >'{}'; exec sleep 600", file.display());
        let pid = || std::fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n'));
        let cancelled = export(&script, &mut |_| if pid().is_some() { ControlFlow::Break(()) } else { always() });
        assert!(matches!(cancelled, Err(ExportError::Program(ProgramError::Cancelled))));
        let process = format!("/proc/{}/cmdline", pid().unwrap().trim());
        let deadline = Instant::now() + Duration::from_secs(10);
        // A zombie that is not reaped yet has an empty command line.
        while std::fs::read(&process).is_ok_and(|line| !line.is_empty()) {
            assert!(Instant::now() < deadline, "the program still runs");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_program_that_does_not_respond_is_an_error() {
        let failure = shell().output(&["-c", "exec sleep 600"], Some(Duration::from_millis(1)), &mut always);
        assert!(matches!(failure, Err(ProgramError::Io(error)) if error.kind() == io::ErrorKind::TimedOut));
    }

    #[test]
    fn a_program_that_writes_without_end_is_stopped() {
        let failure = shell().output(&["-c", "exec cat /dev/zero"], None, &mut always);
        assert!(matches!(failure, Err(ProgramError::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge));
    }

    #[test]
    fn a_missing_program_is_reported_as_missing() {
        let absent = Program::new("no-such-program-anywhere", std::env::vars_os().collect());
        assert!(!absent.is_installed() && shell().is_installed());
        assert!(matches!(absent.output(&[], None, &mut always), Err(ProgramError::Absent)));
    }
}
