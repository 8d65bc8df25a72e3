//! Authorization of requests to a registry: none until it responds 401, then credentials or a token. The first request that
//! meets an expired token renews it; the others wait and use the new one.

use std::fmt;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

use super::challenge::Challenge;
use super::client::{self, Clients, Contact, Transport, Use};
use super::endpoints::TokenUse;
use super::response::{self, Secrets, ShortBody};

use super::error::RegistryError;
use super::retry::Failure;
use crate::credentials::{Credential, Credentials};
use crate::environment::Environment;
use crate::runtime::timeout;

/// The variable with a token, which a user or a CI service may set.
pub(in super::super) const TOKEN_VARIABLE: &str = "REGISTRY_TOKEN";

/// The authorization for one repository of one registry.
#[derive(Debug)]
pub(super) struct Auth {
    registry: String,
    repository: String,
    environment: Environment,
    /// The token in the environment, if the host gets it.
    given: Option<Arc<str>>,
    token_deadline: Duration,
    /// Locked during a renewal. Requests with the old token continue, because it may still be valid for them.
    renewal: tokio::sync::Mutex<()>,
    state: std::sync::Mutex<AuthState>,
}

#[derive(Debug, Default)]
struct AuthState {
    /// The number of renewals.
    generation: u32,
    proof: Option<Proof>,
    /// Whether the token in the environment was sent.
    has_sent_given: bool,
    /// Searched at the first 401.
    credentials: Option<Arc<Credentials>>,
    /// Run time of credential helpers, and the start of a running one.
    helpers: Duration,
    helper_since: Option<Instant>,
}

/// The `Authorization` header of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Authorization {
    generation: u32,
    proof: Option<Proof>,
}

#[derive(Clone)]
enum Proof {
    Basic(Arc<Credentials>),
    Bearer(Arc<str>),
}

/// Names the scheme without the secret.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic(_) => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

impl Authorization {
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.proof {
            None => request,
            Some(Proof::Basic(credentials)) => with_user(request, credentials),
            Some(Proof::Bearer(token)) => request.bearer_auth(token),
        }
    }
}

fn with_user(request: RequestBuilder, credentials: &Credentials) -> RequestBuilder {
    match &credentials.found {
        Some(Credential::User { name, password }) => request.basic_auth(name, Some(password)),
        Some(Credential::Identity(_)) | None => request,
    }
}

/// The response of a token server. Servers use either field, or both.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Limit of a token response, in bytes; tokens have a few thousand.
const TOKEN_LIMIT: u64 = 1 << 20;

impl Auth {
    pub(super) fn new(
        registry: &str,
        repository: &str,
        environment: Environment,
        token: TokenUse,
        token_deadline: Duration,
    ) -> Self {
        let given = match token {
            TokenUse::Sent => environment.text(TOKEN_VARIABLE).map(str::trim),
            TokenUse::Withheld => None,
        };
        Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            given: given.filter(|given| fits_a_header(given)).map(Arc::from),
            environment,
            token_deadline,
            renewal: tokio::sync::Mutex::default(),
            state: std::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, AuthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The authorization for the next request.
    pub(super) fn authorization(&self) -> Authorization {
        let state = self.state();
        Authorization { generation: state.generation, proof: state.proof.clone() }
    }

    /// Renews the authorization after `refusal`, a 401 response to `used`.
    pub(super) async fn renew(
        &self,
        used: &Authorization,
        refusal: Response,
        what: &str,
        clients: &Clients,
        transport: Transport,
    ) -> Result<Authorization, Failure> {
        let renewal = self.renewal.lock().await;
        let current = self.authorization();
        if current.generation != used.generation {
            return Ok(current);
        }
        if let Some(given) = &self.given {
            let mut state = self.state();
            if !std::mem::replace(&mut state.has_sent_given, true) {
                state.generation += 1;
                state.proof = Some(Proof::Bearer(Arc::clone(given)));
                return Ok(Authorization { generation: state.generation, proof: state.proof.clone() });
            }
        }
        let credentials = self.credentials().await;
        let headers = refusal.headers().get_all(reqwest::header::WWW_AUTHENTICATE).iter();
        let challenge = Challenge::choose(headers.filter_map(|header| header.to_str().ok()))
            .map_err(|why| RegistryError::Challenge { host: self.registry.clone(), why })?;
        let proof = match challenge {
            Challenge::Basic => {
                let usable = matches!(credentials.found, Some(Credential::User { .. }));
                if !usable || matches!(used.proof, Some(Proof::Basic(_))) {
                    drop(renewal);
                    return Err(self.denied(refusal, what, &credentials, used.proof.as_ref()).await.into());
                }
                Proof::Basic(credentials)
            }
            Challenge::Bearer { realm, service, scope } => {
                let scope = scope.unwrap_or_else(|| format!("repository:{}:pull", self.repository));
                let request = TokenRequest { realm, service, scope, what };
                let token = timeout(self.token_deadline, self.token(&request, &credentials, clients, transport)).await;
                let slow = || {
                    let why = format!("its token server did not respond within {} s", self.token_deadline.as_secs());
                    let (host, what) = (self.registry.clone(), format!("the token for {what}"));
                    Failure::soon(RegistryError::Slow { host, what, why })
                };
                Proof::Bearer(token.unwrap_or_else(|_| Err(slow()))?)
            }
        };
        let mut state = self.state();
        state.generation += 1;
        state.proof = Some(proof);
        Ok(Authorization { generation: state.generation, proof: state.proof.clone() })
    }

    /// True if `used` is the token in the environment.
    pub(super) fn is_given(&self, used: &Authorization) -> bool {
        matches!((&self.given, &used.proof), (Some(given), Some(Proof::Bearer(token))) if given == token)
    }

    /// The user's credentials, found at the first call. Called only with the renewal lock held.
    async fn credentials(&self) -> Arc<Credentials> {
        let known = self.state().credentials.clone();
        if let Some(credentials) = known {
            return credentials;
        }
        let (environment, registry) = (self.environment.clone(), self.registry.clone());
        let repository = self.repository.clone();
        let look_up = move || Credentials::look_up(&environment, &registry, &repository);
        self.state().helper_since = Some(Instant::now());
        // A credential helper may prompt the user, so it runs on a blocking thread.
        let found = Arc::new(tokio::task::spawn_blocking(look_up).await.unwrap_or_default());
        let mut state = self.state();
        let ran = state.helper_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        state.helpers += ran;
        state.credentials = Some(Arc::clone(&found));
        found
    }

    /// The total run time of credential helpers, including a running one.
    pub(super) fn helper_time(&self) -> Duration {
        let state = self.state();
        state.helpers + state.helper_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Problems of the search for credentials, if it took place.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = self.state().credentials.as_ref().map(|found| found.problems.clone()).unwrap_or_default();
        if self.environment.text(TOKEN_VARIABLE).is_some_and(|given| !fits_a_header(given.trim())) {
            problems.push(format!("{TOKEN_VARIABLE} is ignored: a token has neither spaces nor control characters"));
        }
        problems
    }

    /// The error of a final refusal.
    pub(super) async fn refusal_error(&self, refusal: Response, what: &str) -> RegistryError {
        // The lock ends before the response body is read, which may be slow.
        let (credentials, proof) = {
            let state = self.state();
            (state.credentials.clone(), state.proof.clone())
        };
        if let Some(credentials) = credentials {
            return self.denied(refusal, what, &credentials, proof.as_ref()).await;
        }
        RegistryError::Denied {
            host: self.registry.clone(),
            what: what.to_owned(),
            answer: self.with_given(Secrets::default()).describe(refusal).await,
            credentials: match (&self.given, proof) {
                (Some(given), Some(Proof::Bearer(token))) if *given == token => {
                    format!("the token in {TOKEN_VARIABLE} lacks permission; check the name, or unset {TOKEN_VARIABLE}")
                }
                _ => "it does not accept a login; check the name".to_owned(),
            },
        }
    }

    async fn denied(
        &self,
        refusal: Response,
        what: &str,
        credentials: &Credentials,
        proof: Option<&Proof>,
    ) -> RegistryError {
        RegistryError::Denied {
            host: self.registry.clone(),
            what: what.to_owned(),
            answer: self.with_given(secrets(Some(credentials), proof)).describe(refusal).await,
            credentials: match &self.given {
                None => credentials.advice(&self.registry),
                Some(_) => format!("the token in {TOKEN_VARIABLE} is wrong; {}", credentials.advice(&self.registry)),
            },
        }
    }

    /// `secrets` and the token in the environment.
    fn with_given(&self, secrets: Secrets) -> Secrets {
        secrets.and(self.given.as_deref())
    }

    /// The secrets that a quoted response must not contain.
    pub(super) fn secrets(&self) -> Secrets {
        let state = self.state();
        self.with_given(secrets(state.credentials.as_deref(), state.proof.as_ref()))
    }

    async fn token(
        &self,
        request: &TokenRequest<'_>,
        credentials: &Credentials,
        clients: &Clients,
        transport: Transport,
    ) -> Result<Arc<str>, Failure> {
        let invalid = |why: &str| RegistryError::Challenge { host: self.registry.clone(), why: why.to_owned() };
        let mut url = Url::parse(&request.realm).map_err(|_| invalid("the address of its token server is invalid"))?;
        let host =
            url.host_str().map(str::to_owned).ok_or_else(|| invalid("the address of its token server has no host"))?;
        // A user name and a password in the realm come from the registry, not from the user.
        let _ = (url.set_username(""), url.set_password(None));
        let transport = match (url.scheme(), transport) {
            ("https", Transport::Https) => Transport::Https,
            ("https", Transport::UncheckedHttps | Transport::Http) => Transport::UncheckedHttps,
            ("http", Transport::UncheckedHttps | Transport::Http) => Transport::Http,
            _ => return Err(invalid("its token server has no TLS, and dive sends no credentials without TLS").into()),
        };
        let address = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        clients.check_lead(&self.registry, &url)?;
        let client = clients.client(&address, &self.registry, transport, Use::Token)?;
        let builder = if let Some(Credential::Identity(token)) = &credentials.found {
            let mut form = url.clone();
            form.set_query(None);
            form.query_pairs_mut()
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", request.service.as_deref().unwrap_or_default())
                .append_pair("client_id", "dive-rs")
                .append_pair("scope", &request.scope)
                .append_pair("refresh_token", token);
            let body = form.query().unwrap_or_default().to_owned();
            client.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(body)
        } else {
            if let Some(service) = &request.service {
                url.query_pairs_mut().append_pair("service", service);
            }
            url.query_pairs_mut().append_pair("scope", &request.scope);
            with_user(client.get(url), credentials)
        };
        let what = "a token";
        let response =
            builder.send().await.map_err(|error| client::failure(&address, what, Contact::Established, error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
                let mut error = self.denied(response, request.what, credentials, None).await;
                if let RegistryError::Denied { answer, .. } = &mut error {
                    *answer = format!("its token server {address} responded {answer}");
                }
                return Err(error.into());
            }
            _ => {
                let secrets = self.with_given(secrets(Some(credentials), None));
                return Err(response::failure(&address, what, response, &secrets).await);
            }
        }
        let text = ShortBody { host: &address, what, limit: TOKEN_LIMIT }.read(response).await?;
        let no_token = || invalid(&format!("its token server {address} returned no token"));
        let token: Token = serde_json::from_slice(&text).map_err(|_| no_token())?;
        let token = token.token.filter(|token| !token.is_empty()).or(token.access_token).unwrap_or_default();
        if fits_a_header(&token) { Ok(token.into()) } else { Err(no_token().into()) }
    }
}

/// True if a token can be the value of a header.
fn fits_a_header(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The secrets in these credentials and this proof, also as requests encode them.
fn secrets(credentials: Option<&Credentials>, proof: Option<&Proof>) -> Secrets {
    let token = match proof {
        Some(Proof::Bearer(token)) => Some(token.to_string()),
        Some(Proof::Basic(_)) | None => None,
    };
    let secrets = match credentials.and_then(|credentials| credentials.found.as_ref()) {
        Some(Credential::User { name, password }) => {
            let login = format!("{name}:{password}");
            vec![password.clone(), STANDARD_NO_PAD.encode(&login), URL_SAFE_NO_PAD.encode(&login)]
        }
        Some(Credential::Identity(token)) => vec![token.clone(), in_a_form(token)],
        None => Vec::new(),
    };
    token.into_iter().chain(secrets).collect()
}

/// A value in the encoding of forms.
fn in_a_form(value: &str) -> String {
    let form = Url::parse_with_params("http://form", [("", value)]).ok();
    form.and_then(|form| form.query().map(|query| query.trim_start_matches('=').to_owned())).unwrap_or_default()
}

/// The scope of a token.
struct TokenRequest<'a> {
    realm: String,
    service: Option<String>,
    scope: String,
    what: &'a str,
}
