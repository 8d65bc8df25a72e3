//! Requests to one engine: bollard makes them and reads the answers, and what carries them is here, one connection for each.
//! What bollard has no words for, such as the export of one platform, is asked over the same way.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::address::{Address, Tcp};
use super::failure;
use super::stream::Connection;
use crate::ContainerEngine;
use crate::environment::Environment;
use crate::quote::LONGEST;

/// Bytes that an answer may have. In memory it takes ten times as much.
const ANSWER_LIMIT: u64 = 16 << 20;

/// Bytes that the answer to a pull may have, which is looked at line by line: there is one for every step of it.
const PULL_LIMIT: u64 = 256 << 20;

/// How long an engine may take to begin its answer to what is no export, in seconds. A pull begins with asking a registry.
const ANSWER_SECONDS: u64 = 300;

/// How long it may take to say which version it is.
const GREETING: Duration = Duration::from_secs(20);
/// Through ssh, which has a way to go before.
const GREETING_BY_SSH: Duration = Duration::from_mins(1);

/// An engine that answers.
#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) docker: Docker,
    transport: Arc<Transport>,
}

/// What carries requests to an engine.
#[derive(Debug)]
struct Transport {
    engine: ContainerEngine,
    address: Address,
    tls: Option<Connector>,
    environment: Environment,
}

#[derive(Clone)]
struct Connector(TlsConnector);

/// What is in it is a key.
impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl Client {
    /// Connects to the engine at `address` and agrees with it on a version. An error is why that did not work.
    pub(super) async fn connect(
        engine: ContainerEngine,
        address: &Address,
        environment: &Environment,
    ) -> Result<Self, String> {
        let tls = match address {
            Address::Tcp(Tcp { tls: Some(tls), .. }) => Some(Connector(tls.connector()?)),
            _ => None,
        };
        let transport = Arc::new(Transport { engine, address: address.clone(), tls, environment: environment.clone() });
        let carrier = Arc::clone(&transport);
        let carry = move |request: BollardRequest| {
            let transport = Arc::clone(&carrier);
            let is_pull = request.uri().path().ends_with("/images/create");
            async move { transport.send(request, if is_pull { PULL_LIMIT } else { ANSWER_LIMIT }).await }
        };
        let unreachable = |error: Error| failure::explain(&error, address);
        let docker =
            Docker::connect_with_custom_transport(carry, Some("http://localhost"), ANSWER_SECONDS, API_DEFAULT_VERSION)
                .map_err(unreachable)?;
        let greeting = if matches!(address, Address::Ssh(_)) { GREETING_BY_SSH } else { GREETING };
        let docker = timeout(greeting, docker.negotiate_version())
            .await
            .map_err(|_| format!("no answer in {} seconds", greeting.as_secs()))?
            .map_err(unreachable)?;
        Ok(Self { docker, transport })
    }

    /// Where the engine is.
    pub(super) fn address(&self) -> &Address {
        &self.transport.address
    }

    /// Whether engine and client both know this version of the API.
    pub(super) fn knows(&self, major: usize, minor: usize) -> bool {
        let version = self.docker.client_version();
        (version.major_version, version.minor_version) >= (major, minor)
    }

    /// The JSON document at `path`, which begins with `/`.
    pub(super) async fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let body = self.request(path, ANSWER_LIMIT).await?.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }

    /// The answer to a `GET` of `path`, which begins with `/` and is not looked into here. Its body has no limit.
    pub(super) async fn get(&self, path: &str) -> Result<Response<Incoming>, Error> {
        self.request(path, u64::MAX).await
    }

    async fn request(&self, path: &str, limit: u64) -> Result<Response<Incoming>, Error> {
        let version = self.docker.client_version();
        let request = Request::get(format!("/v{version}{path}")).body(Full::<Bytes>::default())?;
        let mut response = self.transport.send(request, limit).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let mut message = Vec::new();
        while let Some(frame) = response.body_mut().frame().await {
            message.extend_from_slice(frame?.data_ref().map_or(&[], |data| data));
            if message.len() > LONGEST {
                break;
            }
        }
        let message = failure::message_of(&message);
        Err(Error::DockerResponseServerError { status_code: response.status().as_u16(), message })
    }
}

impl Transport {
    /// Sends `request` over a connection of its own, which ends with the answer. No more than `limit` bytes are read.
    async fn send<B>(&self, mut request: Request<B>, limit: u64) -> Result<Response<Incoming>, Error>
    where
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let tls = self.tls.as_ref().map(|tls| &tls.0);
        let connection = Connection::open(self.engine, &self.address, tls, &self.environment, limit).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(connection)).await?;
        let connection = tokio::spawn(connection);
        let (base, host) = match &self.address {
            Address::Tcp(tcp) => (tcp.base.as_str(), tcp.host.as_str()),
            _ => ("", "localhost"),
        };
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{base}{path}").parse::<Uri>()?;
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&host).map_err(hyper::http::Error::from)?);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Some(credentials) = headers.get_mut("X-Registry-Auth") {
            *credentials = for_urls(credentials);
        }
        match sender.send_request(request).await {
            // The connection knows why.
            Err(error) if error.is_canceled() => match connection.await {
                Ok(Err(cause)) => Err(cause.into()),
                _ => Err(error.into()),
            },
            answer => Ok(answer?),
        }
    }
}

/// Credentials in the alphabet that engines read. bollard writes them in the other one, and engines take what they cannot read
/// for none.
fn for_urls(base64: &HeaderValue) -> HeaderValue {
    let letters = base64.as_bytes().iter().map(|letter| match letter {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    let mut value = HeaderValue::from_bytes(&letters.collect::<Vec<u8>>()).unwrap_or_else(|_| base64.clone());
    value.set_sensitive(true);
    value
}
