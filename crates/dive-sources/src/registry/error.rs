//! What can go wrong with a registry: each says which host, what was asked of it, and what to do. No error holds a token, a
//! password, or an address with its query, in which redirects carry signatures.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use dive_model::digest::Digest;

/// Why an image, or a blob of it, cannot be had from a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A name that no image in a registry has.
    #[error("invalid image name: {why}")]
    Name {
        /// What is wrong with it.
        why: String,
    },
    /// No answer at all.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The host.
        host: String,
        /// What was tried, and what to do.
        why: String,
    },
    /// No answer to be trusted.
    #[error("{host} is not trusted: {why}")]
    Untrusted {
        /// The host.
        host: String,
        /// What is wrong with its certificate, and what to do.
        why: String,
    },
    /// An authority or a client's certificate that cannot be used.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The registry wants to know who asks, or does not like the answer.
    #[error("{host} denies access to {what} ({answer}): {credentials}")]
    Denied {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The status, with what the registry says.
        answer: String,
        /// Which credentials were used, or where they were looked for, and what to do.
        credentials: String,
    },
    /// A way of telling who one is that is not known here.
    #[error("{host} requires a login that dive does not support: {why}")]
    Challenge {
        /// The host.
        host: String,
        /// What it asks for.
        why: String,
    },
    /// Not there.
    #[error("{host} does not have {what} ({answer}); {hint}")]
    Missing {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The status, with what the registry says.
        answer: String,
        /// What to do.
        hint: &'static str,
    },
    /// An answer that is none.
    #[error("{host}: unexpected response to the request for {what}: {answer}{}", after(*tries))]
    Status {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The status, with what the registry says.
        answer: String,
        /// How often it was asked.
        tries: u32,
    },
    /// To be asked later.
    #[error(
        "{host} is rate limiting requests for {what} ({answer}): retry after {} s (dive waits at most {} s), or log in \
         for a higher limit",
        wait.as_secs(),
        limit.as_secs()
    )]
    Later {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The status, with what the registry says.
        answer: String,
        /// How long it wants to be left alone.
        wait: Duration,
        /// How long is waited at most.
        limit: Duration,
    },
    /// A connection that broke off.
    #[error("{host}: the connection was lost after {received} bytes of {what}: {why}{}", after(*tries))]
    Broken {
        /// The host.
        host: String,
        /// What was on its way.
        what: String,
        /// Bytes that came.
        received: u64,
        /// What the system says.
        why: String,
        /// How often it was asked.
        tries: u32,
    },
    /// Slower than any server that means to answer.
    #[error("{host}: {what} is too slow: {why}")]
    Slow {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What came, and the limit.
        why: String,
    },
    /// Other bytes than were asked for.
    #[error("{host}: {what} is damaged: its bytes have the digest {actual}, not {expected}; push the image again")]
    Digest {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The digest it is known by.
        expected: String,
        /// That of the bytes.
        actual: String,
    },
    /// More bytes or less.
    #[error("{host}: {what} is damaged: it has {actual}, and the manifest says {expected}; push the image again")]
    Length {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes by the registry.
        actual: Actual,
    },
    /// A digest that cannot be compared.
    #[error("the digest {digest:?} cannot be verified: dive supports sha256 and sha512")]
    UnknownDigest {
        /// The digest.
        digest: String,
    },
    /// A document that is longer than any.
    #[error("{host}: {what} is longer than {limit} bytes, the limit for such a document")]
    TooLong {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A manifest of no known type.
    #[error(
        "{host}: {what} has the type {media_type:?}, which is not that of an image manifest or index; it may be an \
         artifact, or the host may not be a registry"
    )]
    UnknownManifest {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// Its type, as the registry gives it.
        media_type: String,
    },
    /// The disk takes no more.
    #[error(
        "{what} cannot be written to a temporary file in {} after {written} bytes: {cause}; set TMPDIR to a folder with \
         enough space",
        folder.display()
    )]
    Disk {
        /// What was on its way.
        what: String,
        /// Where to.
        folder: PathBuf,
        /// Bytes written so far.
        written: u64,
        /// What the system says.
        cause: SystemError,
    },
    /// A layer's table of contents that is none, or not to be had.
    #[error("its table of contents is not used: {why}")]
    Toc {
        /// What is odd about it.
        why: String,
    },
    /// There can be no waiting.
    #[error("the network cannot be used: {why}")]
    Runtime {
        /// What the system says.
        why: String,
    },
    /// Neither the mirrors nor the registry.
    #[error("no host has it: {}", each.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NoHost {
        /// What each says.
        each: Vec<RegistryError>,
    },
}

/// How many bytes there were, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actual {
    /// So many.
    Bytes(u64),
    /// More than there should be: the rest was not waited for.
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

/// What the system says, as often as it is asked: a blob that could not be written says so at every read.
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

fn after(tries: u32) -> String {
    if tries > 1 { format!(" ({tries} attempts)") } else { String::new() }
}

impl RegistryError {
    /// Whether asking again in a minute could give another answer.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            // One host that has it is enough.
            Self::NoHost { each } => each.iter().any(Self::may_pass),
            Self::Unreachable { .. }
            | Self::Status { .. }
            | Self::Later { .. }
            | Self::Broken { .. }
            | Self::Slow { .. }
            | Self::Disk { .. } => true,
            _ => false,
        }
    }

    /// That of bytes that came and are not those that were asked for.
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
    fn what_passes_at_one_of_several_hosts_may_pass() {
        let [host, what, answer] = ["a", "b", "c"].map(str::to_owned);
        let missing =
            RegistryError::Missing { host: host.clone(), what: what.clone(), answer: answer.clone(), hint: "" };
        let busy = RegistryError::Status { host, what, answer, tries: 1 };
        let of = |errors: &[&RegistryError]| RegistryError::NoHost { each: errors.iter().copied().cloned().collect() };
        assert!(of(&[&missing, &busy]).may_pass() && of(&[&busy, &missing]).may_pass());
        assert!(!of(&[&missing, &missing]).may_pass());
    }
}
