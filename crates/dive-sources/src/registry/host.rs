//! One host of a repository: the registry or a mirror. The first request finds the transport; each request carries the
//! authorization that the host asks for.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderName, RANGE};
use reqwest::{Method, Response, StatusCode, Url};

use super::auth::{Auth, Authorization};
use super::client::{self, Clients, Contact, Transport, Use, is_same_host};
use super::endpoints::ImagePlace;
use super::error::RegistryError;
use super::name;
use super::redirects::Redirects;
use super::response;
use super::retry::Failure;
use crate::certificates::CertificateCheck;
use crate::environment::Environment;
use crate::runtime::timeout;

/// Timeout of the first response. Later responses may take longer, because the host is known to work.
const GREETING: Duration = Duration::from_secs(20);

/// A host, as the source of one repository.
#[derive(Debug)]
pub(super) struct Host {
    /// Its name in references and messages.
    pub(super) registry: String,
    address: String,
    repository: String,
    transports: &'static [Transport],
    /// The transport of the first response.
    transport: OnceLock<Transport>,
    auth: Auth,
    clients: Arc<Clients>,
    /// Set when the host is no longer used.
    pub(super) given_up: OnceLock<RegistryError>,
}

/// A request to a host.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegistryRequest<'a> {
    /// Below the repository: `manifests/latest`.
    pub(super) path: &'a str,
    /// The resource in words: `the manifest of library/alpine:3`.
    pub(super) what: &'a str,
    pub(super) accept: Option<&'static str>,
    /// The value of the `Range` header.
    pub(super) range: Option<&'a str>,
    pub(super) method: &'static Method,
    /// Advice if the resource is missing.
    pub(super) hint: &'static str,
}

impl Host {
    /// The host of `endpoint`. If its check is waived, plain HTTP is allowed too.
    pub(super) fn new(
        endpoint: ImagePlace,
        environment: &Environment,
        clients: &Arc<Clients>,
        token_deadline: Duration,
    ) -> Self {
        let ImagePlace { registry, repository, check, token } = endpoint;
        Self {
            address: name::address(&registry).to_owned(),
            transports: match check {
                CertificateCheck::Disabled => &[Transport::UncheckedHttps, Transport::Http],
                CertificateCheck::Required => &[Transport::Https],
            },
            transport: OnceLock::new(),
            auth: Auth::new(&registry, &repository, environment.clone(), token, token_deadline),
            clients: Arc::clone(clients),
            given_up: OnceLock::new(),
            repository,
            registry,
        }
    }

    /// Sends a request and returns a successful response.
    pub(super) async fn request(&self, request: &RegistryRequest<'_>) -> Result<Response, Failure> {
        let response = self.authorized(request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let (host, what) = (self.registry.clone(), request.what.to_owned());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.is_from_this_host(&response) => {
                Err(self.auth.refusal_error(response, request.what).await.into())
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let answer = self.auth.secrets().describe(response).await;
                Err(RegistryError::Missing { host, what, answer, hint: request.hint }.into())
            }
            _ => {
                let secrets = self.auth.secrets();
                Err(response::failure(&self.registry, request.what, response, &secrets).await)
            }
        }
    }

    /// Sends a request, a second time with new authorization if the host responds 401. If it denies the token in the environment,
    /// the user's login is tried.
    async fn authorized(&self, request: &RegistryRequest<'_>) -> Result<Response, Failure> {
        let authorization = self.auth.authorization();
        let response = self.send(request, &authorization).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_from_this_host(&response) {
            return Ok(response);
        }
        let transport = self.transport.get().copied().unwrap_or(Transport::Https);
        let authorization = self.auth.renew(&authorization, response, request.what, &self.clients, transport).await?;
        let response = self.send(request, &authorization).await?;
        let is_denied = response.status() == StatusCode::UNAUTHORIZED && self.is_from_this_host(&response);
        if !is_denied || !self.auth.is_given(&authorization) {
            return Ok(response);
        }
        let authorization = self.auth.renew(&authorization, response, request.what, &self.clients, transport).await?;
        self.send(request, &authorization).await
    }

    async fn send(&self, request: &RegistryRequest<'_>, authorization: &Authorization) -> Result<Response, Failure> {
        if let Some(transport) = self.transport.get() {
            return self.through(*transport, request, authorization).await.map_err(|none| none.failure);
        }
        let mut failures = Vec::new();
        for transport in self.transports {
            match self.through(*transport, request, authorization).await {
                Ok(response) => return Ok(response),
                Err(NoResponse { failure, next }) => {
                    failures.push((*transport, failure));
                    if next == NextTransport::None {
                        break;
                    }
                }
            }
        }
        if failures.len() > 1 && self.transport.get().is_none() {
            let mut whys: Vec<String> = failures.iter().map(|(_, failure)| without_host(&failure.error)).collect();
            // A host that is down refuses both.
            whys.dedup();
            let why = if let [why] = &whys[..] {
                why.clone()
            } else {
                let each = failures.iter().zip(&whys).map(|((transport, _), why)| match transport {
                    Transport::Https | Transport::UncheckedHttps => format!("with TLS: {why}"),
                    Transport::Http => format!("without TLS: {why}"),
                });
                each.collect::<Vec<_>>().join("; ")
            };
            return Err(RegistryError::Unreachable { host: self.registry.clone(), why }.into());
        }
        let unasked = || RegistryError::Unreachable {
            host: self.registry.clone(),
            why: "no connection was attempted".to_owned(),
        };
        Err(failures.pop().map_or_else(|| unasked().into(), |(_, failure)| failure))
    }

    async fn through(
        &self,
        transport: Transport,
        request: &RegistryRequest<'_>,
        authorization: &Authorization,
    ) -> Result<Response, NoResponse> {
        let contact = if self.transport.get().is_some() { Contact::Established } else { Contact::First(transport) };
        let answer = self.followed(transport, request, authorization, contact);
        match contact {
            Contact::Established => answer.await,
            Contact::First(_) => timeout(GREETING, answer).await.map_err(|_| {
                let why = format!(
                    "it accepted the connection, but sent no response within {} seconds; check the host and the port",
                    GREETING.as_secs()
                );
                RegistryError::Unreachable { host: self.registry.clone(), why }
            })?,
        }
    }

    /// Sends a request, and follows redirects.
    async fn followed(
        &self,
        transport: Transport,
        request: &RegistryRequest<'_>,
        authorization: &Authorization,
        contact: Contact,
    ) -> Result<Response, NoResponse> {
        let client = self.clients.client(&self.address, &self.registry, transport, Use::Registry)?;
        let mut redirects = Redirects::new(transport, self.url(transport, request.path)?);
        loop {
            let mut builder = client.request(request.method.clone(), redirects.url().clone());
            if redirects.may_have_login() {
                builder = authorization.apply(builder);
            }
            let headers: [(HeaderName, Option<&str>); 2] = [(ACCEPT, request.accept), (RANGE, request.range)];
            for (name, value) in headers {
                if let Some(value) = value {
                    builder = builder.header(name, value);
                }
            }
            let response = builder.send().await.map_err(|error| {
                let may_have_no_tls = redirects.is_first() && client::may_have_no_tls(&error);
                // A redirect is a response.
                let contact = if redirects.is_first() { contact } else { Contact::Established };
                let Failure { error, retry } = client::failure(&self.registry, request.what, contact, error);
                NoResponse {
                    next: if may_have_no_tls { NextTransport::WithoutTls } else { NextTransport::None },
                    failure: Failure { error: redirects.name_host(error), retry },
                }
            })?;
            // A TLS host that dropped one connection also responds 400 to plain HTTP, so that proves nothing.
            if redirects.is_first() && (transport != Transport::Http || response.status() != StatusCode::BAD_REQUEST) {
                // Another thread may have set it first.
                let _ = self.transport.set(transport);
            }
            match redirects.follow(&response) {
                Ok(true) => self.clients.check_lead(&self.registry, redirects.url())?,
                Ok(false) => return Ok(response),
                Err(error) => return Err(client::wrong_redirect(&self.registry, &error).into()),
            }
        }
    }

    fn url(&self, transport: Transport, path: &str) -> Result<Url, RegistryError> {
        let url = format!("{}://{}/v2/{}/{path}", transport.scheme(), self.address, self.repository);
        Url::parse(&url)
            .map_err(|error| RegistryError::Name { why: format!("{} is not a host: {error}", self.address) })
    }

    /// True if the response is from this host, not from the target of a redirect.
    fn is_from_this_host(&self, response: &Response) -> bool {
        self.transports
            .iter()
            .filter_map(|transport| self.url(*transport, "").ok())
            .any(|url| is_same_host(&url, response.url()))
    }

    /// Problems of the search for credentials.
    pub(super) fn problems(&self) -> Vec<String> {
        self.auth.problems()
    }

    /// Run time of the credential helpers, which may wait for the user.
    pub(super) fn helper_time(&self) -> Duration {
        self.auth.helper_time()
    }
}

/// A transport without a response, and whether to try the next.
struct NoResponse {
    failure: Failure,
    next: NextTransport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextTransport {
    WithoutTls,
    None,
}

impl From<RegistryError> for NoResponse {
    fn from(error: RegistryError) -> Self {
        Self { failure: error.into(), next: NextTransport::None }
    }
}

/// The message of an error without the host's name, which the caller adds.
fn without_host(error: &RegistryError) -> String {
    match error {
        RegistryError::Unreachable { why, .. } | RegistryError::Broken { why, .. } => why.clone(),
        error => error.to_string(),
    }
}
