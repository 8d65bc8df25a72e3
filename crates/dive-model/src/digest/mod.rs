//! Digests: the names of blobs, and hashing to verify blobs. Supports SHA-256 and SHA-512; digests of other algorithms
//! do not parse.

mod hex;

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use crate::remark::Quoted;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha512};

pub use hex::hex;

/// A digest of a supported algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Algorithm {
    Sha256,
    Sha512,
}

/// A text that is not a digest of a supported algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 or SHA-512 digest")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hex) = text.split_once(':').ok_or(DigestError)?;
        let (algorithm, digits) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(DigestError),
        };
        let hex = hex.to_ascii_lowercase();
        if hex.len() != digits || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(DigestError);
        }
        Ok(Self { algorithm, hex })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl Digest {
    /// The SHA-256 of `bytes`. Registries name a document requested by its tag so.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::Sha256(Sha256::new());
        hasher.update(bytes);
        hasher.finish()
    }

    /// Path of the blob in an OCI layout.
    #[must_use]
    pub fn member(&self) -> String {
        format!("blobs/{}/{}", self.algorithm.name(), self.hex)
    }

    /// A hasher of the same algorithm.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// The digest of all bytes of `reader`, with the same algorithm.
    ///
    /// # Errors
    /// The error of `reader`.
    pub fn of_reader(&self, mut reader: impl Read) -> io::Result<Self> {
        let mut hasher = self.hasher();
        let mut piece = vec![0; 64 << 10];
        loop {
            match reader.read(&mut piece) {
                Ok(0) => return Ok(hasher.finish()),
                Ok(count) => hasher.update(&piece[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of `bytes` if it differs from this one.
    #[must_use]
    pub fn mismatch(&self, bytes: &[u8]) -> Option<Self> {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        Some(hasher.finish()).filter(|actual| actual != self)
    }
}

/// A blob that does not match its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The blob has another digest.
    Other {
        /// Expected digest.
        claimed: Digest,
        /// Actual digest.
        found: Digest,
    },
    /// The blob cannot be read or unpacked in full.
    Unreadable {
        /// Expected digest.
        claimed: Digest,
    },
    /// The expected digest is invalid or of an unsupported algorithm.
    Unknown {
        /// The expected digest as written.
        claimed: String,
    },
    /// The image gives no digest.
    Unnamed,
}

impl Mismatch {
    /// Compares the expected digest with the actual ones; `None` if they match.
    #[must_use]
    pub fn between(claimed: &Digest, found: Option<&[Digest]>) -> Option<Self> {
        let same = found.into_iter().flatten().find(|found| found.algorithm == claimed.algorithm);
        match same {
            Some(found) if found == claimed => None,
            Some(found) => Some(Self::Other { claimed: claimed.clone(), found: found.clone() }),
            None => Some(Self::Unreadable { claimed: claimed.clone() }),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { claimed, found } => write!(f, "should have the digest {claimed}, but has {found}"),
            Self::Unreadable { claimed } => write!(f, "should have the digest {claimed}, but cannot be read in full"),
            Self::Unknown { claimed } => {
                write!(f, "cannot be checked: {} is not a SHA-256 or SHA-512 digest", Quoted(claimed))
            }
            Self::Unnamed => f.write_str("cannot be checked: the image gives no digest for it"),
        }
    }
}

/// Computes a digest.
#[derive(Debug, Clone)]
pub enum Hasher {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512(Sha512),
}

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all added bytes.
    #[must_use]
    pub fn finish(self) -> Digest {
        match self {
            Self::Sha256(hasher) => Digest { algorithm: Algorithm::Sha256, hex: hex(&hasher.finalize()) },
            Self::Sha512(hasher) => Digest { algorithm: Algorithm::Sha512, hex: hex(&hasher.finalize()) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_and_unsupported_digests_do_not_parse() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest: Digest = empty.parse().unwrap();
        assert_eq!(digest, Digest::sha256(b""));
        assert_eq!(digest.mismatch(b""), None);
        assert_eq!(digest.mismatch(b"x"), Some(Digest::sha256(b"x")));
        assert_eq!(digest.to_string(), empty);
        for wrong in ["", "sha256", "sha256:", "sha256:../../etc/passwd", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
            assert_eq!(wrong.parse::<Digest>(), Err(DigestError), "{wrong}");
        }
    }

    #[test]
    fn sha512_is_verified() {
        let digest: Digest = format!(
            "sha512:{}{}",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        )
        .parse()
        .unwrap();
        assert_eq!(digest.mismatch(b"abc"), None);
        assert!(digest.mismatch(b"abd").unwrap().to_string().starts_with("sha512:"));
    }
}
