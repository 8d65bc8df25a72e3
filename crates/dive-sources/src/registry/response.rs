//! Reads error bodies and short success bodies of registries.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde::Deserialize;

use super::client::{self, Contact};
use super::error::RegistryError;
use super::retry::{Failure, Retry, retry_after};
use crate::runtime::timeout;

/// Limits of an error body: bytes read, and characters shown.
const ERROR_BODY_LIMIT: u64 = 64 << 10;
const SHOWN: usize = 300;

/// The error body of the distribution specification.
#[derive(Deserialize)]
struct ErrorBody {
    errors: Vec<BodyError>,
}

#[derive(Deserialize)]
struct BodyError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Secrets that a host knows and may repeat in an error body. Never shown.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl FromIterator<String> for Secrets {
    fn from_iter<I: IntoIterator<Item = String>>(secrets: I) -> Self {
        Self(secrets.into_iter().filter(|secret| !secret.is_empty()).collect())
    }
}

impl Secrets {
    /// These secrets and another.
    pub(super) fn and(mut self, secret: Option<&str>) -> Self {
        self.0.extend(secret.map(str::to_owned));
        self
    }

    /// The status, with the host's message unless that contains a secret.
    pub(super) async fn describe(&self, response: Response) -> String {
        let status = response.status();
        let details = details(response).await;
        // An echoed `Authorization` header has the secret in base64.
        let has_secret =
            details.to_ascii_lowercase().contains("basic ") || self.0.iter().any(|one| details.contains(one));
        if details.is_empty() || has_secret {
            return status.to_string();
        }
        let shown: String = details.chars().take(SHOWN).collect();
        format!("{status}: {shown}")
    }
}

/// The messages in an error body, or an empty text.
async fn details(response: Response) -> String {
    details_in(&ShortBody { host: "", what: "", limit: ERROR_BODY_LIMIT }.read(response).await.unwrap_or_default())
}

/// The messages in an error body as the distribution specification defines it, or an empty text.
pub(super) fn details_in(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<ErrorBody>(body) else { return String::new() };
    let details: Vec<String> = body
        .errors
        .into_iter()
        .take(3)
        .map(|BodyError { code, message }| if message.is_empty() { code } else { message })
        .filter(|text| !text.is_empty())
        .collect();
    // The text is untrusted and goes to a terminal.
    details.join("; ").chars().filter(|letter| !letter.is_control()).collect()
}

/// The failure of an error status other than 401, 403, 404 and 410.
pub(super) async fn failure(host: &str, what: &str, response: Response, secrets: &Secrets) -> Failure {
    let status = response.status();
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let retry = match (header.and_then(|text| retry_after(text, now)), status) {
        (Some(wait), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => Retry::After(wait),
        (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => Retry::Soon,
        (_, StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED) => Retry::Never,
        (_, status) if status.is_server_error() => Retry::Soon,
        _ => Retry::Never,
    };
    let answer = secrets.describe(response).await;
    Failure { error: RegistryError::Status { host: host.to_owned(), what: what.to_owned(), answer, tries: 1 }, retry }
}

/// A short body, read in full up to a limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShortBody<'a> {
    pub(super) host: &'a str,
    pub(super) what: &'a str,
    pub(super) limit: u64,
}

/// Timeout of the body of a document, a token or an error, all of which are short.
const DEADLINE: Duration = Duration::from_mins(1);

impl ShortBody<'_> {
    /// Reads the body within its limit and the timeout.
    pub(super) async fn read(&self, response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        let read = timeout(DEADLINE, self.all(response, &mut body)).await;
        let received = body.len() as u64;
        match read {
            Ok(Ok(())) => Ok(body),
            Ok(Err(failure)) => Err(failure.after(received)),
            Err(_) => Err(RegistryError::Broken {
                host: self.host.to_owned(),
                what: self.what.to_owned(),
                received,
                why: format!("it took more than {} seconds", DEADLINE.as_secs()),
                tries: 1,
            }
            .into()),
        }
    }

    async fn all(&self, mut response: Response, body: &mut Vec<u8>) -> Result<(), Failure> {
        let too_long = || {
            let (host, what) = (self.host.to_owned(), self.what.to_owned());
            Failure::from(RegistryError::TooLong { host, what, limit: self.limit })
        };
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| client::failure(self.host, self.what, Contact::Established, error))? {
                Some(chunk) if (body.len() + chunk.len()) as u64 > self.limit => return Err(too_long()),
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(()),
            }
        }
    }
}
