//! Redirects of a registry, which keep its documents and blobs in other places. dive follows them itself: reqwest takes the login
//! out of a request to another host, but sends it with the next redirect within that host.

use std::error::Error;
use std::fmt;

use reqwest::header::LOCATION;
use reqwest::redirect::Attempt;
use reqwest::{Response, StatusCode, Url};

use super::client::{Transport, is_same_host};
use super::error::RegistryError;

/// Registries redirect once or twice, to where blobs are stored.
const REDIRECTS: usize = 5;

/// A redirect that is not followed.
#[derive(Debug)]
pub(super) enum RedirectError {
    TooMany,
    WithoutTls,
    OtherScheme,
    OtherHost,
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "it redirects more than {REDIRECTS} times"),
            Self::WithoutTls => f.write_str("it redirects to an address without TLS, which dive does not follow"),
            Self::OtherScheme => f.write_str("it redirects to an address without HTTP, which dive does not follow"),
            Self::OtherHost => {
                f.write_str("it redirects the token request to another host, which dive does not follow")
            }
        }
    }
}

impl Error for RedirectError {}

/// The addresses of one request.
#[derive(Debug)]
pub(super) struct Redirects {
    transport: Transport,
    url: Url,
    count: usize,
    has_left_host: bool,
}

impl Redirects {
    /// A request to the registry at `url`.
    pub(super) const fn new(transport: Transport, url: Url) -> Self {
        Self { transport, url, count: 0, has_left_host: false }
    }

    /// The current address.
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// True before the first redirect.
    pub(super) const fn is_first(&self) -> bool {
        self.count == 0
    }

    /// True if no other host had a part in the current address, so that the request may have the login.
    pub(super) const fn may_have_login(&self) -> bool {
        !self.has_left_host
    }

    /// Names the current host in an error, unless it is the registry.
    pub(super) fn name_host(&self, error: RegistryError) -> RegistryError {
        let led = |why: String| {
            let port = self.url.port().map_or_else(String::new, |port| format!(":{port}"));
            format!("it redirects to {}{port}: {why}", self.url.host_str().unwrap_or_default())
        };
        match error {
            RegistryError::Unreachable { host, why } if self.has_left_host => {
                RegistryError::Unreachable { host, why: led(why) }
            }
            RegistryError::Untrusted { host, why } if self.has_left_host => {
                RegistryError::Untrusted { host, why: led(why) }
            }
            error => error,
        }
    }

    /// Follows a response to the current address. False if it is not a redirect.
    pub(super) fn follow(&mut self, response: &Response) -> Result<bool, RedirectError> {
        let Some(mut next) = target(response) else { return Ok(false) };
        // They would be sent as a login.
        let _ = (next.set_username(""), next.set_password(None));
        self.count += 1;
        if self.count > REDIRECTS {
            return Err(RedirectError::TooMany);
        }
        if !matches!(next.scheme(), "http" | "https") {
            return Err(RedirectError::OtherScheme);
        }
        if self.transport == Transport::Https && next.scheme() != "https" {
            return Err(RedirectError::WithoutTls);
        }
        self.has_left_host |= !is_same_host(&self.url, &next);
        self.url = next;
        Ok(true)
    }
}

/// The address to which a response redirects.
fn target(response: &Response) -> Option<Url> {
    let is_redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    response.url().join(str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// Follows a redirect of a token request, which carries credentials.
pub(super) fn stay(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        attempt.error(RedirectError::TooMany)
    } else if attempt.previous().first().is_some_and(|first| !is_same_host(first, attempt.url())) {
        attempt.error(RedirectError::OtherHost)
    } else {
        attempt.follow()
    }
}
