//! Digests: the names that images give their blobs, and the hashing that checks bytes against them. SHA-256 and SHA-512 are
//! known; a digest of another algorithm cannot be checked and does not parse.

mod hex;

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use crate::remark::Quoted;
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha512};

pub use hex::hex;

/// A digest that can be compared with bytes.
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

/// A text that is not a digest, or has an unknown algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of SHA-256 or SHA-512")]
pub struct NotChecked;

impl FromStr for Digest {
    type Err = NotChecked;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hex) = text.split_once(':').ok_or(NotChecked)?;
        let (algorithm, digits) = match algorithm {
            "sha256" => (Algorithm::Sha256, 64),
            "sha512" => (Algorithm::Sha512, 128),
            _ => return Err(NotChecked),
        };
        let hex = hex.to_ascii_lowercase();
        if hex.len() != digits || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotChecked);
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
    /// The SHA-256 of `bytes`, which is what a registry calls a document that was asked for by its tag.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::Sha256(Sha256::new());
        hasher.update(bytes);
        hasher.finish()
    }

    /// What its blob is called in a layout.
    #[must_use]
    pub fn member(&self) -> String {
        format!("blobs/{}/{}", self.algorithm.name(), self.hex)
    }

    /// Hashes bytes the way this digest was made.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        match self.algorithm {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }

    /// The digest, made the same way, of all that `reader` has.
    ///
    /// # Errors
    /// What `reader` answers.
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

    /// What `bytes` should be called, if that is another name than this one.
    #[must_use]
    pub fn mismatch(&self, bytes: &[u8]) -> Option<Self> {
        let mut hasher = self.hasher();
        hasher.update(bytes);
        Some(hasher.finish()).filter(|actual| actual != self)
    }
}

/// Bytes that are not those that a digest means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// They have another digest.
    Other {
        /// The digest they should have.
        claimed: Digest,
        /// The one they have.
        found: Digest,
    },
    /// They cannot all be read or unpacked.
    Unreadable {
        /// The digest they should have.
        claimed: Digest,
    },
    /// The digest is of an unknown algorithm, or none.
    Unknown {
        /// As it is written.
        claimed: String,
    },
    /// Nothing says which digest they should have.
    Unnamed,
}

impl Mismatch {
    /// None if `claimed` is among the digests that were found.
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
            Self::Other { claimed, found } => write!(f, "should be {claimed} and is {found}"),
            Self::Unreadable { claimed } => write!(f, "should be {claimed} and cannot be read whole"),
            Self::Unknown { claimed } => {
                write!(f, "should be {}, which is no digest of SHA-256 or SHA-512", Quoted(claimed))
            }
            Self::Unnamed => f.write_str("has no digest to compare it with"),
        }
    }
}

/// Bytes on their way to a digest.
#[derive(Debug, Clone)]
pub enum Hasher {
    /// Of SHA-256.
    Sha256(Sha256),
    /// Of SHA-512.
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

    /// The digest of all bytes added.
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
    fn what_is_not_known_is_not_taken() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest: Digest = empty.parse().unwrap();
        assert_eq!(digest, Digest::sha256(b""));
        assert_eq!(digest.mismatch(b""), None);
        assert_eq!(digest.mismatch(b"x"), Some(Digest::sha256(b"x")));
        assert_eq!(digest.to_string(), empty);
        for wrong in ["", "sha256", "sha256:", "sha256:../../etc/passwd", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotChecked), "{wrong}");
        }
    }

    #[test]
    fn sha512_is_checked_too() {
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
