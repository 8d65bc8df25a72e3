//! An engine on another host, through ssh: over there its own client speaks for it (`docker system dial-stdio`), which is
//! what docker's client does with `ssh://` as well. So nothing but ssh is needed here, and its configuration holds.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::address::Ssh;
use crate::ContainerEngine;
use crate::environment::Environment;
use crate::quote::one_line;

/// What is kept of ssh's own words, in bytes.
const WORDS: u64 = 4096;

/// How long they are waited for when ssh has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The output of ssh, its input, and what it says when it ends early.
pub(super) struct SshStream {
    /// Ends with this.
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: Option<JoinHandle<String>>,
    phase: SshPhase,
}

enum SshPhase {
    /// Nothing has come.
    Silent,
    Answering,
    /// It has ended without an answer; what it says of that is on its way.
    Ending(Pin<Box<dyn Future<Output = String> + Send>>),
}

/// Starts ssh; whether it gets there shows when it is read from.
pub(super) fn connect(engine: ContainerEngine, target: &Ssh, environment: &Environment) -> io::Result<SshStream> {
    let mut command = Command::new("ssh");
    // A question on the terminal would be drawn over, and wait for nobody.
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
    // Read as it comes: a pipe that nobody empties would stop ssh.
    let errors = child.stderr.take().map(|errors| tokio::spawn(words(errors)));
    Ok(SshStream { _child: child, input, output, errors, phase: SshPhase::Silent })
}

/// The first words of ssh, when it has said all.
async fn words(mut errors: ChildStderr) -> String {
    let mut said = Vec::new();
    let _ = (&mut errors).take(WORDS).read_to_end(&mut said).await;
    let _ = tokio::io::copy(&mut errors, &mut tokio::io::sink()).await;
    one_line(&String::from_utf8_lossy(&said))
}

async fn last_words(errors: Option<JoinHandle<String>>) -> String {
    let Some(errors) = errors else { return String::new() };
    timeout(LAST_WORDS, errors).await.ok().and_then(Result::ok).unwrap_or_default()
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
            this.phase = SshPhase::Ending(Box::pin(last_words(this.errors.take())));
        }
        let SshPhase::Ending(words) = &mut this.phase else { return Poll::Ready(Ok(())) };
        let said = ready!(words.as_mut().poll(context));
        this.phase = SshPhase::Answering;
        let said = if said.is_empty() { "nothing".to_owned() } else { said };
        let text = format!(
            "ssh failed without a response and said: {said}; ssh must connect without a prompt, so test it by hand"
        );
        Poll::Ready(Err(io::Error::other(text)))
    }
}

impl AsyncWrite for SshStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.input).poll_write(context, buf)) {
            // Why it ended is told where it is read from.
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
