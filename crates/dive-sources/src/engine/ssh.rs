//! Reaches an engine on another host through ssh, where docker's client forwards the connection (`docker system dial-stdio`).
//! Docker's client does the same for `ssh://`. This machine only needs ssh, whose configuration applies.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::address::Ssh;
use crate::ContainerEngine;
use crate::environment::Environment;
use crate::quote::one_line;
use crate::runtime::timeout;

/// Limit of the standard error that is kept, in bytes.
const ERROR_LIMIT: u64 = 4096;

/// Timeout for the error message after ssh has ended.
const ERROR_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection through the standard input and output of ssh.
pub(super) struct SshStream {
    /// Killed on drop.
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: Option<JoinHandle<String>>,
    phase: SshPhase,
}

enum SshPhase {
    /// No bytes have arrived.
    Silent,
    Answering,
    /// ssh ended before the first byte; its error message is being read.
    Ending(Pin<Box<dyn Future<Output = String> + Send>>),
}

/// Starts ssh. A failure to connect is reported by the first read.
pub(super) fn connect(engine: ContainerEngine, target: &Ssh, environment: &Environment) -> io::Result<SshStream> {
    let mut command = Command::new("ssh");
    // The screen would cover a prompt on the terminal.
    command.args(["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"]);
    if let Some(user) = &target.user {
        command.args(["-l", user]);
    }
    if let Some(port) = target.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", &target.host, engine.command()]);
    if let Some(socket) = &target.socket {
        let option = match engine {
            ContainerEngine::Docker => "--host",
            ContainerEngine::Podman => "--url",
        };
        command.args([option, &format!("unix://{socket}")]);
    }
    command.args(["system", "dial-stdio"]);
    command.env_clear().envs(environment.iter());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), "ssh is not in PATH; install the OpenSSH client"),
        _ => io::Error::new(error.kind(), format!("ssh cannot be started: {error}")),
    })?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("ssh has no input or output"));
    };
    // Drained as it arrives: a full pipe would block ssh.
    let errors = child.stderr.take().map(|errors| tokio::spawn(read_errors(errors)));
    Ok(SshStream { _child: child, input, output, errors, phase: SshPhase::Silent })
}

/// The start of ssh's standard error.
async fn read_errors(mut errors: ChildStderr) -> String {
    let mut message = Vec::new();
    let _ = (&mut errors).take(ERROR_LIMIT).read_to_end(&mut message).await;
    let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    one_line(&String::from_utf8_lossy(&message))
}

async fn error_message(errors: Option<JoinHandle<String>>) -> String {
    let Some(errors) = errors else { return String::new() };
    timeout(ERROR_TIMEOUT, errors).await.ok().and_then(Result::ok).unwrap_or_default()
}

impl AsyncRead for SshStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !matches!(this.phase, SshPhase::Ending(_)) {
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.output).poll_read(context, buf))?;
            if buf.filled().len() > before {
                this.phase = SshPhase::Answering;
            }
            if matches!(this.phase, SshPhase::Answering) || buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            this.phase = SshPhase::Ending(Box::pin(error_message(this.errors.take())));
        }
        let SshPhase::Ending(errors) = &mut this.phase else { return Poll::Ready(Ok(())) };
        let message = ready!(errors.as_mut().poll(context));
        this.phase = SshPhase::Answering;
        let message = if message.is_empty() { "nothing".to_owned() } else { message };
        let text = format!(
            "ssh failed without a response: {message}; run ssh by hand to check that it connects without a prompt"
        );
        Poll::Ready(Err(io::Error::other(text)))
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.input).poll_write(context, buf)) {
            // The read reports why ssh ended.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Poll::Ready(Ok(buf.len())),
            answer => Poll::Ready(answer),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.input).poll_flush(context)) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Poll::Ready(Ok(())),
            answer => Poll::Ready(answer),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(context)
    }
}
