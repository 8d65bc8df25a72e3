//! Errors of registries. Each names the host, the request and what to do. No error contains a token, a password, or the query
//! of a URL, where redirects carry signatures.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use dive_model::digest::Digest;
use dive_model::unfinished::temporary_remedy;

/// An image or a blob that a registry cannot provide.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The image name is invalid.
    #[error("invalid image name: {why}")]
    Name {
        /// The reason.
        why: String,
    },
    /// The machine's `registries.conf` blocks the image.
    #[error("{image} is blocked by {}; remove `blocked` there to open it", file.display())]
    Blocked {
        /// `HOST/REPOSITORY`.
        image: String,
        /// The file.
        file: PathBuf,
    },
    /// The machine's `registries.conf` blocks more registries than dive keeps.
    #[error("{image} may be blocked by {}, which blocks more registries than dive reads; remove some there", file.display())]
    TooManyBlocked {
        /// `HOST/REPOSITORY`.
        image: String,
        /// The file.
        file: PathBuf,
    },
    /// The host does not respond.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// The reason, and what to do.
        why: String,
    },
    /// The host's certificate is not trusted.
    #[error("{host} is not trusted: {why}")]
    Untrusted {
        /// The host.
        host: String,
        /// The problem with its certificate, and what to do.
        why: String,
    },
    /// A configured authority or client certificate is unusable.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The registry denies access.
    #[error("{host} denies access to {what} ({answer}): {credentials}")]
    Denied {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The status and the message of the registry.
        answer: String,
        /// The credentials that were used, or where they were searched, and what to do.
        credentials: String,
    },
    /// The authentication scheme is not supported.
    #[error("{host} requires a login that dive does not support: {why}")]
    Challenge {
        /// The host.
        host: String,
        /// The challenge of the registry.
        why: String,
    },
    /// The resource does not exist.
    #[error("{host} does not have {what} ({answer}); {hint}")]
    Missing {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The status and the message of the registry.
        answer: String,
        /// What to do.
        hint: &'static str,
    },
    /// Unexpected HTTP status.
    #[error("{}", unexpected_status(host, what, answer, *tries))]
    Status {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The status and the message of the registry.
        answer: String,
        /// The number of attempts.
        tries: u32,
    },
    /// The registry is rate limiting, for longer than dive waits.
    #[error(
        "{host} is rate limiting requests for {what} ({answer}): retry after {} s (dive waits at most {} s), or log in \
         for a higher limit",
        wait.as_secs(),
        limit.as_secs()
    )]
    Later {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The status and the message of the registry.
        answer: String,
        /// The requested delay.
        wait: Duration,
        /// The longest accepted delay.
        limit: Duration,
    },
    /// The registry is rate limiting, and was asked for another image of this run.
    #[error("skipped: {host} limits the rate of requests; dive asks it again in {} s", wait.as_secs().saturating_add(1))]
    Busy {
        /// The host.
        host: String,
        /// The rest of the requested delay.
        wait: Duration,
    },
    /// The connection was lost during the response.
    #[error("{host}: the connection was lost after {received} bytes of {what}: {why}{}", after(*tries))]
    Broken {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// Bytes received.
        received: u64,
        /// The operating system's error.
        why: String,
        /// The number of attempts.
        tries: u32,
    },
    /// The response is slower than the limits allow.
    #[error("{host}: {what} is too slow: {why}")]
    Slow {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The received bytes or attempts, and the limit.
        why: String,
    },
    /// The index of the image leads to too many documents.
    #[error(
        "{host}: the image leads to more than {limit} documents (dive's limit); name one of its manifests by digest"
    )]
    TooManyDocuments {
        /// The host.
        host: String,
        /// The number of documents that dive asks for.
        limit: usize,
    },
    /// The digest of the response is wrong.
    #[error("{host}: {what} is damaged: its bytes have the digest {actual}, not {expected}; push the image again")]
    Digest {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The expected digest.
        expected: String,
        /// The digest of the response.
        actual: String,
    },
    /// The size of the response is wrong.
    #[error("{host}: {what} is damaged: it has {actual}, but the manifest says {expected}; push the image again")]
    Length {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// Bytes in the manifest.
        expected: u64,
        /// Bytes in the response.
        actual: Actual,
    },
    /// The digest's algorithm is not supported.
    #[error("the digest {digest:?} cannot be verified: dive supports sha256 and sha512")]
    UnknownDigest {
        /// The digest.
        digest: String,
    },
    /// The document is longer than its limit.
    #[error("{host}: {what} is longer than {limit} bytes (the limit for a document)")]
    TooLong {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The media type of the manifest is unknown.
    #[error(
        "{host}: {what} has the type {media_type:?}, which is not that of an image manifest or index; it may be an \
         artifact, or the host may not be a registry"
    )]
    UnknownManifest {
        /// The host.
        host: String,
        /// The requested resource.
        what: String,
        /// Its media type, from the registry.
        media_type: String,
    },
    /// The temporary file cannot be written.
    #[error(
        "{what} cannot be written to a temporary file in {} after {written} bytes: {cause}; {}",
        folder.display(),
        temporary_remedy(cause.kind)
    )]
    Disk {
        /// The requested resource.
        what: String,
        /// The folder of the temporary file.
        folder: PathBuf,
        /// Bytes written so far.
        written: u64,
        /// The operating system's error.
        cause: SystemError,
    },
    /// The layer's table of contents is invalid or cannot be fetched.
    #[error("dive does not use its table of contents: {why}")]
    Toc {
        /// The reason.
        why: String,
    },
    /// The network threads cannot be started.
    #[error("the network cannot be used: {why}")]
    Runtime {
        /// The operating system's error.
        why: String,
    },
    /// Neither the mirrors nor the registry can provide it.
    #[error("no mirror or registry has it: {}", each.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoHost {
        /// The error of each host.
        each: Vec<RegistryError>,
    },
}

/// The size of a response, if known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actual {
    /// The exact size.
    Bytes(u64),
    /// More than expected; the rest was not read.
    More,
}

impl fmt::Display for Actual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::More => f.write_str("more bytes"),
        }
    }
}

/// A copyable I/O error: every read of a blob that could not be written repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemError {
    kind: io::ErrorKind,
    code: Option<i32>,
    text: String,
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self { kind: error.kind(), code: error.raw_os_error(), text: error.to_string() }
    }
}

impl From<SystemError> for io::Error {
    fn from(error: SystemError) -> Self {
        match error.code {
            Some(code) => Self::from_raw_os_error(code),
            None => Self::new(error.kind, error.text),
        }
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unexpected_status(host: &str, what: &str, answer: &str, tries: u32) -> String {
    let tries = after(tries);
    if is_rate_limit(answer) {
        return format!(
            "{host} is rate limiting requests for {what}: {answer}{tries}; try again later, or log in for a higher limit"
        );
    }
    format!("{host}: unexpected response to the request for {what}: {answer}{tries}")
}

/// True for the status of a rate limit.
fn is_rate_limit(answer: &str) -> bool {
    answer.starts_with("429")
}

fn after(tries: u32) -> String {
    if tries > 1 { format!(" ({tries} attempts)") } else { String::new() }
}

impl RegistryError {
    /// True if a retry in a minute could succeed.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            // One host that responds is enough.
            Self::NoHost { each } => each.iter().any(Self::is_temporary),
            Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Later { .. }
            | Self::Busy { .. }
            | Self::Broken { .. }
            | Self::Slow { .. }
            | Self::Disk { .. } => true,
            _ => false,
        }
    }

    /// True if the host, and not the request, is likely to be the reason: the next request will probably fail, too.
    pub(super) fn is_failure_of_host(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Slow { .. } => true,
            Self::Status { answer, .. } => answer.starts_with('5'),
            _ => false,
        }
    }

    /// The delay that the host asks for, or needs after all attempts; `None` if it does not limit the rate of requests.
    pub(super) fn rate_limit(&self) -> Option<Duration> {
        /// Registries count requests by the minute.
        const MINUTE: Duration = Duration::from_mins(1);
        match self {
            Self::Later { wait, .. } => Some(*wait),
            Self::Status { answer, .. } if is_rate_limit(answer) => Some(MINUTE),
            _ => None,
        }
    }

    /// The error of a response with a wrong digest.
    pub(super) fn digest(host: &str, what: &str, expected: &Digest, actual: &Digest) -> Self {
        Self::Digest {
            host: host.to_owned(),
            what: what.to_owned(),
            expected: expected.to_string(),
            actual: actual.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_temporary_if_one_host_may_recover() {
        let [host, what, answer] = ["a", "b", "c"].map(str::to_owned);
        let missing =
            RegistryError::Missing { host: host.clone(), what: what.clone(), answer: answer.clone(), hint: "" };
        let busy = RegistryError::Status { host, what, answer, tries: 1 };
        let of = |errors: &[&RegistryError]| RegistryError::NoHost { each: errors.iter().copied().cloned().collect() };
        assert!(of(&[&missing, &busy]).is_temporary() && of(&[&busy, &missing]).is_temporary());
        assert!(!of(&[&missing, &missing]).is_temporary());
    }
}
