//! One connection to an engine, through a socket, a named pipe, TCP, TLS or ssh. The caller sets a limit on the bytes that it
//! reads.

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::{Address, Tcp};
use super::ssh;
use crate::ContainerEngine;
use crate::environment::Environment;
use crate::runtime::timeout;

/// Timeout of the TCP connection, and again of the TLS handshake.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A two-way byte stream.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection, and the number of bytes that may still be read.
pub(super) struct Connection {
    stream: Box<dyn Duplex>,
    limit: u64,
    left: u64,
}

impl Connection {
    /// Connects to `address` for at most `limit` bytes of input.
    pub(super) async fn open(
        engine: ContainerEngine,
        address: &Address,
        tls: Option<&TlsConnector>,
        environment: &Environment,
        limit: u64,
    ) -> io::Result<Self> {
        let stream: Box<dyn Duplex> = match address {
            Address::Unix(path) => unix(path).await?,
            Address::Pipe(path) => pipe(path).await?,
            Address::Ssh(target) => Box::new(ssh::connect(engine, target, environment)?),
            Address::Tcp(tcp) => {
                let stream = within_deadline(TcpStream::connect((tcp.host.as_str(), tcp.port))).await?;
                stream.set_nodelay(true)?;
                match tls {
                    None => Box::new(stream),
                    Some(tls) => Box::new(within_deadline(tls.connect(server_name(tcp)?, stream)).await?),
                }
            }
        };
        Ok(Self { stream, limit, left: limit })
    }
}

async fn within_deadline<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| {
        let text = format!("no response within {} seconds", CONNECT_TIMEOUT.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, text))
    })
}

fn server_name(tcp: &Tcp) -> io::Result<ServerName<'static>> {
    ServerName::try_from(tcp.host.clone()).map_err(io::Error::other)
}

#[cfg(unix)]
async fn unix(path: &std::path::Path) -> io::Result<Box<dyn Duplex>> {
    Ok(Box::new(within_deadline(tokio::net::UnixStream::connect(path)).await?))
}

#[cfg(not(unix))]
fn unix(_path: &std::path::Path) -> impl Future<Output = io::Result<Box<dyn Duplex>>> {
    ready(Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no Unix sockets; use npipe:// or tcp://")))
}

#[cfg(windows)]
async fn pipe(path: &str) -> io::Result<Box<dyn Duplex>> {
    /// Windows error: all instances of the pipe are busy. One frees up soon.
    const PIPE_BUSY: i32 = 231;
    within_deadline(async {
        loop {
            match tokio::net::windows::named_pipe::ClientOptions::new().open(path) {
                Err(error) if error.raw_os_error() == Some(PIPE_BUSY) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                answer => return answer.map(|pipe| Box::new(pipe) as Box<dyn Duplex>),
            }
        }
    })
    .await
}

#[cfg(not(windows))]
fn pipe(_path: &str) -> impl Future<Output = io::Result<Box<dyn Duplex>>> {
    ready(Err(io::Error::new(io::ErrorKind::Unsupported, "npipe:// is for Windows; use unix:// or tcp://")))
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
        let read = (buf.filled().len() - before) as u64;
        let Some(left) = self.left.checked_sub(read) else {
            let text = format!("the response is longer than {} bytes", self.limit);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        };
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
