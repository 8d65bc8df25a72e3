//! Sends requests to an engine, each over its own connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Builder;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio_rustls::TlsConnector;

use super::address::{Address, Tcp};
use super::api::{ApiError, ApiVersion, EngineVersion, Login, PullStep};
use super::error::AttemptFailure;
use super::failure;
use super::stream::Connection;
use crate::ContainerEngine;
use crate::environment::Environment;
use crate::quote::MAX_QUOTE;
use crate::runtime::timeout;

/// Limit of a response, in bytes. The parsed document takes about ten times as much memory.
const RESPONSE_LIMIT: u64 = 16 << 20;

/// Limit of the list of a container's changes, in bytes: half a million paths.
const LONG_RESPONSE_LIMIT: u64 = 64 << 20;

/// Limit of the response to a pull, in bytes: it has one line per step.
const PULL_LIMIT: u64 = 256 << 20;

/// Timeout for the start of a pull: the engine queries the registry first.
const PULL_START: Duration = Duration::from_mins(5);

/// Timeout for the version request.
const GREETING: Duration = Duration::from_secs(20);
/// The same over SSH, which logs in first.
const GREETING_BY_SSH: Duration = Duration::from_mins(1);

/// A connected engine.
#[derive(Debug, Clone)]
pub(super) struct Client {
    version: ApiVersion,
    /// The operating system and architecture of the engine's machine.
    platform: Option<(String, String)>,
    transport: Arc<EngineTransport>,
}

/// The address and TLS settings for requests to an engine.
#[derive(Debug)]
struct EngineTransport {
    engine: ContainerEngine,
    address: Address,
    tls: Option<Connector>,
    environment: Environment,
}

#[derive(Clone)]
struct Connector(TlsConnector);

/// Omits the private key.
impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Client {
    /// Connects to the engine at `address` and negotiates the API version.
    pub(super) async fn connect(
        engine: ContainerEngine,
        address: &Address,
        environment: &Environment,
    ) -> Result<Self, AttemptFailure> {
        let tls = match address {
            Address::Tcp(Tcp { tls: Some(tls), .. }) => Some(Connector(tls.connector()?)),
            _ => None,
        };
        let transport = EngineTransport { engine, address: address.clone(), tls, environment: environment.clone() };
        let greeting = if matches!(address, Address::Ssh(_)) { GREETING_BY_SSH } else { GREETING };
        let (version, platform) = timeout(greeting, transport.version())
            .await
            .map_err(|_| format!("no response within {} seconds", greeting.as_secs()))?
            .map_err(|error| failure::of_connection(&error, address))?;
        Ok(Self { version, platform, transport: Arc::new(transport) })
    }

    /// The engine's address.
    pub(super) fn address(&self) -> &Address {
        &self.transport.address
    }

    /// The negotiated API version.
    pub(super) fn version(&self) -> ApiVersion {
        self.version
    }

    /// The operating system and architecture of the engine's machine; `None` if the engine does not say.
    pub(super) fn platform(&self) -> Option<(&str, &str)> {
        self.platform.as_ref().map(|(os, architecture)| (os.as_str(), architecture.as_str()))
    }

    /// Requests the JSON document at `path`, which begins with `/`.
    pub(super) async fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.transport.document(Request::get(self.versioned(path)), RESPONSE_LIMIT).await
    }

    /// `Ok` if Podman's own API has something at `path`.
    pub(super) async fn has(&self, path: &str) -> Result<(), ApiError> {
        self.transport.send(Request::get(of_libpod(path)), RESPONSE_LIMIT).await.map(drop)
    }

    /// Requests the JSON document at `path` of Podman's own API.
    pub(super) async fn libpod_document<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.transport.document(Request::get(of_libpod(path)), RESPONSE_LIMIT).await
    }

    /// Like [`Self::document`], for a document with an item for each file.
    pub(super) async fn long_document<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        self.transport.document(Request::get(self.versioned(path)), LONG_RESPONSE_LIMIT).await
    }

    /// Sends a `GET` request for `path`, which begins with `/`. The response body has no size limit.
    pub(super) async fn get(&self, path: &str) -> Result<Response<Incoming>, ApiError> {
        self.transport.send(Request::get(self.versioned(path)), u64::MAX).await
    }

    /// Starts a pull of `repository`. `tag` may be a digest.
    pub(super) async fn pull(
        &self,
        repository: &str,
        tag: &str,
        platform: Option<&str>,
        login: Option<&Login>,
    ) -> Result<PullSteps, ApiError> {
        let mut path = format!("/images/create?fromImage={}&tag={}", percent_encoded(repository), percent_encoded(tag));
        if let Some(platform) = platform {
            path.push_str("&platform=");
            path.push_str(&percent_encoded(platform));
        }
        let mut request = Request::post(self.versioned(&path)).header(CONTENT_TYPE, "application/json");
        if let Some(login) = login {
            request = request.header("X-Registry-Auth", header(login)?);
        }
        let response = timeout(PULL_START, self.transport.send(request, PULL_LIMIT)).await;
        Ok(PullSteps::of(response.unwrap_or(Err(ApiError::Timeout(PULL_START)))?.into_body()))
    }

    fn versioned(&self, path: &str) -> String {
        format!("/v{}{path}", self.version)
    }
}

/// A path of Podman's own API, which has its own versions.
fn of_libpod(path: &str) -> String {
    format!("/v4.0.0{path}")
}

/// The login as a header value, in URL-safe base64: engines ignore any other alphabet.
fn header(login: &Login) -> Result<HeaderValue, ApiError> {
    let base64 = URL_SAFE.encode(serde_json::to_vec(login)?);
    let mut value = HeaderValue::from_str(&base64).map_err(hyper::http::Error::from)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Encodes a query value.
pub(super) fn percent_encoded(text: &str) -> String {
    let letters = text.bytes().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => char::from(letter).to_string(),
        other => format!("%{other:02X}"),
    });
    letters.collect()
}

/// The steps of a pull that the engine reports.
#[derive(Debug)]
pub(super) struct PullSteps {
    body: Incoming,
    lines: Lines,
}

impl PullSteps {
    fn of(body: Incoming) -> Self {
        Self { body, lines: Lines::default() }
    }

    /// The next step; `None` at the end of the pull.
    pub(super) async fn next(&mut self) -> Result<Option<PullStep>, ApiError> {
        loop {
            if let Some(line) = self.lines.next() {
                return PullStep::parse(&line).map(Some);
            }
            match self.body.frame().await {
                Some(frame) => self.lines.add(frame?.data_ref().map_or(&[], |data| data)),
                None => return self.lines.rest().map(|line| PullStep::parse(&line)).transpose(),
            }
        }
    }
}

/// Splits received bytes into lines and skips blank ones.
#[derive(Debug, Default)]
struct Lines {
    complete: VecDeque<Vec<u8>>,
    incomplete: Vec<u8>,
}

impl Lines {
    fn add(&mut self, piece: &[u8]) {
        let mut parts = piece.split(|byte| *byte == b'\n');
        self.incomplete.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            let line = std::mem::replace(&mut self.incomplete, part.to_vec());
            self.complete.extend(Some(line).filter(|line| !is_blank(line)));
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        self.complete.pop_front()
    }

    /// The last line if it has no line feed.
    fn rest(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.incomplete)).filter(|line| !is_blank(line))
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

impl EngineTransport {
    /// The API version to use and the engine's platform. The request has no version itself, because engines reject unknown
    /// ones.
    async fn version(&self) -> Result<(ApiVersion, Option<(String, String)>), ApiError> {
        let answer = self.document::<EngineVersion>(Request::get("/version"), RESPONSE_LIMIT).await?;
        Ok((answer.common()?, answer.os.zip(answer.arch)))
    }

    async fn document<T: DeserializeOwned>(&self, request: Builder, limit: u64) -> Result<T, ApiError> {
        let body = self.send(request, limit).await?.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }

    /// Sends a request without a body. Any status other than success is an error with the engine's message.
    async fn send(&self, request: Builder, limit: u64) -> Result<Response<Incoming>, ApiError> {
        let mut response = self.carry(request.body(Full::default())?, limit).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let mut message = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            message.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
            if message.len() > MAX_QUOTE {
                break;
            }
        }
        let message = failure::message_of(&message);
        Err(ApiError::Status { status: response.status().as_u16(), message })
    }

    /// Sends `request` over its own connection, which closes after the response. Reads at most `limit` bytes.
    async fn carry(&self, mut request: Request<Full<Bytes>>, limit: u64) -> Result<Response<Incoming>, ApiError> {
        let tls = self.tls.as_ref().map(|tls| &tls.0);
        let connection = Connection::open(self.engine, &self.address, tls, &self.environment, limit).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
        let connection = tokio::spawn(connection);
        let (base, host) = match &self.address {
            Address::Tcp(tcp) => (tcp.base.as_str(), tcp.host.as_str()),
            _ => ("", "localhost"),
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{base}{path}").parse().map_err(hyper::http::Error::from)?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&host).map_err(hyper::http::Error::from)?);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        match sender.send_request(request).await {
            // The connection task has the cause.
            Err(error) if error.is_canceled() => match connection.await {
                Ok(Err(cause)) => Err(cause.into()),
                _ => Err(error.into()),
            },
            answer => Ok(answer?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_split_between_reads_stays_whole() {
        let mut lines = Lines::default();
        let mut read = Vec::new();
        for piece in [&b"{\"a\""[..], b": 1}\r", b"\n{}\n\n", b"", b" \n{\"b\": 2}"] {
            lines.add(piece);
            read.extend(std::iter::from_fn(|| lines.next()));
        }
        read.extend(lines.rest());
        assert_eq!(read, [&b"{\"a\": 1}\r"[..], b"{}", b"{\"b\": 2}"]);
        assert_eq!(lines.rest(), None);
    }

    /// A proxy's debug log would otherwise show the password.
    #[test]
    fn a_login_header_is_url_safe_and_not_logged() {
        let (username, password) = ("?>".repeat(9), "~~~".to_owned());
        let login = Login::Password { username, password, serveraddress: "h:1".to_owned() };
        let value = header(&login).unwrap();
        let text = value.to_str().unwrap();
        assert!(text.contains(['-', '_']) && !text.contains(['+', '/']), "{text}");
        assert_eq!(format!("{value:?}"), "Sensitive");
        assert_eq!(URL_SAFE.decode(text).unwrap(), serde_json::to_vec(&login).unwrap());
    }

    #[test]
    fn a_query_value_cannot_add_parameters() {
        assert_eq!(percent_encoded("a&b=c"), "a%26b%3Dc");
    }
}
