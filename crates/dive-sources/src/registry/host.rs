//! One host that holds the repository, the registry itself or a mirror of it: how it is spoken to is found out with the
//! first question, and every question goes with what the host wants to know of the user.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderName, RANGE};
use reqwest::{Method, Response, StatusCode, Url};
use tokio::time::timeout;

use super::answer;
use super::auth::{Auth, Pass};
use super::client::{self, Clients, Known, Use, Way, is_same_host};
use super::error::RegistryError;
use super::name;
use super::patience::Failure;
use crate::environment::Environment;

/// How long a host may take to say the first thing. Later answers may take longer: it is known to be one that answers.
const GREETING: Duration = Duration::from_secs(20);

/// A host that is asked for one repository.
#[derive(Debug)]
pub(super) struct Host {
    /// What it is called in names and messages.
    pub(super) registry: String,
    address: String,
    repository: String,
    ways: &'static [Way],
    /// The way that led to an answer.
    way: OnceLock<Way>,
    auth: Auth,
    clients: Arc<Clients>,
    /// Why it is not asked any more.
    pub(super) given_up: OnceLock<RegistryError>,
}

/// What a host is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// Below the repository: `manifests/latest`.
    pub(super) path: &'a str,
    /// The same in words: `the manifest of library/alpine:3`.
    pub(super) what: &'a str,
    pub(super) accept: Option<&'static str>,
    /// Only some of its bytes, as the header says it.
    pub(super) range: Option<&'a str>,
    pub(super) method: &'static Method,
    /// What to do if it is not there.
    pub(super) hint: &'static str,
}

impl Host {
    /// The host of `registry`, which `insecure` may say need not show who it is.
    pub(super) fn new(
        registry: &str,
        repository: &str,
        insecure: &[String],
        environment: &Environment,
        clients: &Arc<Clients>,
        token_deadline: Duration,
    ) -> Self {
        let registry = name::normal(registry);
        let waived = insecure.iter().any(|host| name::normal(host) == registry);
        Self {
            address: name::address(&registry).to_owned(),
            repository: repository.to_owned(),
            ways: if waived { &[Way::UncheckedHttps, Way::Http] } else { &[Way::Https] },
            way: OnceLock::new(),
            auth: Auth::new(&registry, repository, environment.clone(), token_deadline),
            clients: Arc::clone(clients),
            given_up: OnceLock::new(),
            registry,
        }
    }

    /// The answer to a question, if it is a success.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let response = self.answered(question).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let (host, what) = (self.registry.clone(), question.what.to_owned());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.is_own(&response) => {
                Err(self.auth.refused(response, question.what).await.into())
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                let answer = self.auth.secrets().told(response).await;
                Err(RegistryError::Missing { host, what, answer, hint: question.hint }.into())
            }
            _ => {
                let secrets = self.auth.secrets();
                Err(answer::failure(&self.registry, question.what, response, &secrets).await)
            }
        }
    }

    /// Whatever it answers, once it knows who asks.
    async fn answered(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let pass = self.auth.pass();
        let response = self.send(question, &pass).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !self.is_own(&response) {
            return Ok(response);
        }
        let way = self.way.get().copied().unwrap_or(Way::Https);
        let pass = self.auth.renew(&pass, response, question.what, &self.clients, way).await?;
        self.send(question, &pass).await
    }

    async fn send(&self, question: &Question<'_>, pass: &Pass) -> Result<Response, Failure> {
        if let Some(way) = self.way.get() {
            return self.through(*way, question, pass).await.map_err(|none| none.failure);
        }
        let mut said = Vec::new();
        for way in self.ways {
            match self.through(*way, question, pass).await {
                Ok(response) => {
                    // So answers, too, who speaks TLS and broke it off this once.
                    if *way != Way::Http || response.status() != StatusCode::BAD_REQUEST {
                        // Another thread may have found out first.
                        let _ = self.way.set(*way);
                    }
                    return Ok(response);
                }
                Err(NoAnswer { failure, next }) => {
                    said.push((*way, failure));
                    if next == Next::Nothing {
                        break;
                    }
                }
            }
        }
        if said.len() > 1 {
            let why: Vec<String> = said.iter().map(|(way, failure)| told(*way, &failure.error)).collect();
            return Err(RegistryError::Unreachable { host: self.registry.clone(), why: why.join("; ") }.into());
        }
        let unasked = || RegistryError::Unreachable { host: self.registry.clone(), why: "not asked".to_owned() };
        Err(said.pop().map_or_else(|| unasked().into(), |(_, failure)| failure))
    }

    async fn through(&self, way: Way, question: &Question<'_>, pass: &Pass) -> Result<Response, NoAnswer> {
        let client = self.clients.client(&[&self.address, &self.registry], way, Use::Registry)?;
        let url = self.url(way, question.path)?;
        let mut request = pass.apply(client.request(question.method.clone(), url));
        let headers: [(HeaderName, Option<&str>); 2] = [(ACCEPT, question.accept), (RANGE, question.range)];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let known = if self.way.get().is_some() { Known::Yes } else { Known::No };
        let answer = match known {
            Known::Yes => request.send().await,
            Known::No => timeout(GREETING, request.send()).await.map_err(|_| {
                let why = format!("it accepted the connection and sent nothing for {} seconds", GREETING.as_secs());
                RegistryError::Unreachable { host: self.registry.clone(), why }
            })?,
        };
        answer.map_err(|error| NoAnswer {
            next: if client::may_have_no_tls(&error) { Next::WithoutTls } else { Next::Nothing },
            failure: client::failure(&self.registry, question.what, known, error),
        })
    }

    fn url(&self, way: Way, path: &str) -> Result<Url, RegistryError> {
        let url = format!("{}://{}/v2/{}/{path}", way.scheme(), self.address, self.repository);
        Url::parse(&url)
            .map_err(|error| RegistryError::Name { why: format!("{} is not a host: {error}", self.address) })
    }

    /// Whether it was this host that answered, and not one that it sends on to.
    fn is_own(&self, response: &Response) -> bool {
        self.ways.iter().filter_map(|way| self.url(*way, "").ok()).any(|url| is_same_host(&url, response.url()))
    }

    /// What went wrong in looking for credentials.
    pub(super) fn problems(&self) -> Vec<String> {
        self.auth.problems()
    }

    /// How long credential helpers, which may ask the user, have run.
    pub(super) fn helper_time(&self) -> Duration {
        self.auth.helper_time()
    }
}

/// Why one way led to no answer, and whether the next may.
struct NoAnswer {
    failure: Failure,
    next: Next,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    WithoutTls,
    Nothing,
}

impl From<RegistryError> for NoAnswer {
    fn from(error: RegistryError) -> Self {
        Self { failure: error.into(), next: Next::Nothing }
    }
}

/// An error without the host's name, which is said around it.
fn told(way: Way, error: &RegistryError) -> String {
    let why = match error {
        RegistryError::Unreachable { why, .. } | RegistryError::Broken { why, .. } => why.clone(),
        error => error.to_string(),
    };
    match way {
        Way::Https | Way::UncheckedHttps => format!("with TLS: {why}"),
        Way::Http => format!("without TLS: {why}"),
    }
}
