//! Parses image names as docker does: a registry, a repository, and a tag or a digest. Also maps a registry to its address,
//! which differs for Docker Hub.

use oci_spec::distribution::Reference;

use super::error::RegistryError;
use crate::access::host;
use crate::docker_hub::DOCKER_HUB;
use dive_model::digest::Digest;

/// The address of Docker Hub.
const DOCKER_HUB_ADDRESS: &str = "registry-1.docker.io";

/// The only host without a dot or a port.
const LOCALHOST: &str = "localhost";

/// A complete image name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// `docker.io`, `quay.io`, `127.0.0.1:5000`.
    pub(super) registry: String,
    /// `library/alpine`.
    pub(super) repository: String,
    pub(super) version: Version,
}

/// A tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Version {
    Tag(String),
    /// A digest overrides a tag beside it.
    Digest(Digest),
}

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = |why: String| RegistryError::Name { why };
        // The parser rejects IPv6 addresses, so a placeholder host replaces them.
        if let Some((address, rest)) = text.split_once('/').filter(|(host, _)| host.starts_with('[')) {
            let registry = host(address)
                .map_err(|_| wrong(format!("{address:?} is not an IPv6 address; write [ADDRESS] or [ADDRESS]:PORT")))?;
            let name = Self::parse(&format!("localhost/{rest}"))?;
            return Ok(Self { registry: canonical(&registry), ..name });
        }
        // For docker, a name with capitals is a host. The parser reads it as a part of the repository.
        if let Some((host, rest)) = text.split_once('/').filter(|(host, _)| is_host_by_capitals(host)) {
            let name = Self::parse(&format!("localhost/{rest}"))?;
            return Ok(Self { registry: canonical(host), ..name });
        }
        let reference: Reference = text.parse().map_err(|error| wrong(why_wrong(text, &error)))?;
        let version = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Version::Digest(
                digest
                    .parse()
                    .map_err(|_| wrong(format!("{digest} cannot be verified; dive supports sha256 and sha512")))?,
            ),
            (None, tag) => Version::Tag(tag.unwrap_or("latest").to_owned()),
        };
        let registry = canonical(reference.registry());
        Ok(Self { registry, repository: reference.repository().to_owned(), version })
    }

    /// The tag or the digest, for a request path.
    pub(super) fn version(&self) -> String {
        match &self.version {
            Version::Tag(tag) => tag.clone(),
            Version::Digest(digest) => digest.to_string(),
        }
    }

    /// The full name if it has a tag; `None` if it has a digest.
    pub(super) fn tagged(&self) -> Option<String> {
        match &self.version {
            Version::Tag(tag) => Some(format!("{}/{}:{tag}", self.registry, self.repository)),
            Version::Digest(_) => None,
        }
    }
}

/// The canonical spelling of a registry: in lower case, except for a host by its capitals ([`is_host_by_capitals`]).
pub(super) fn canonical(registry: &str) -> String {
    let lower = registry.to_ascii_lowercase();
    match lower.as_str() {
        "index.docker.io" | DOCKER_HUB_ADDRESS => DOCKER_HUB.to_owned(),
        _ if lower != LOCALHOST && is_host_by_capitals(registry) => registry.to_owned(),
        _ => lower,
    }
}

/// True if `host` is a host name, and not the first part of a repository, only because of its capitals: `Intranet/app` is an
/// image in the registry `Intranet`, but `intranet/app` is one of Docker Hub.
fn is_host_by_capitals(host: &str) -> bool {
    let is_of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    host.bytes().any(|byte| byte.is_ascii_uppercase()) && host.bytes().all(is_of_a_host)
}

/// The `HOST[:PORT]` of a registry.
pub(super) fn address(registry: &str) -> &str {
    if registry == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { registry }
}

/// Explains why a name is invalid; the parser does not.
fn why_wrong(text: &str, error: &dyn std::fmt::Display) -> String {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or(name);
    let (last, tag) = last.split_once(':').map_or((last, None), |(last, tag)| (last, Some(tag)));
    let repository = name.strip_suffix(&format!(":{}", tag.unwrap_or_default())).unwrap_or(name);
    if text.contains("://") {
        "it has a second scheme; begin with the host".to_owned()
    } else if text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        "it contains white space".to_owned()
    } else if last.is_empty() {
        "no repository; write HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]".to_owned()
    } else if let Some(digest) = digest.filter(|digest| digest.parse::<Digest>().is_err()) {
        format!("{digest:?} is not a digest; write sha256: and 64 hexadecimal digits")
    } else if tag.is_some_and(|tag| tag.is_empty() || tag.len() > 128 || !tag.bytes().all(is_tag_byte)) {
        format!("{:?} is not a tag; a tag has up to 128 letters, digits, _, . and -", tag.unwrap_or_default())
    } else if let Some(part) = repository.split('/').skip(1).find(|part| part.is_empty()) {
        format!("a part of it is empty: {part:?} between two slashes")
    } else if repository.chars().any(|letter| letter.is_ascii_uppercase()) {
        "a repository name must be in lower case".to_owned()
    } else {
        format!("{error}; write HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]")
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_short_name_means_the_image_that_docker_means() {
        for (text, registry, repository, version) in [
            ("alpine", "docker.io", "library/alpine", "latest"),
            ("docker.io/library/alpine:3", "docker.io", "library/alpine", "3"),
            ("index.docker.io/team/app", "docker.io", "team/app", "latest"),
            ("registry-1.docker.io/team/app", "docker.io", "team/app", "latest"),
            ("team/app:1.2", "docker.io", "team/app", "1.2"),
            ("localhost/app", "localhost", "app", "latest"),
            ("127.0.0.1:5000/team/app:x", "127.0.0.1:5000", "team/app", "x"),
            ("[::1]:5000/team/app:x", "[::1]:5000", "team/app", "x"),
            ("[2001:DB8::1]/app", "[2001:db8::1]", "app", "latest"),
            ("Registry.Example/app", "registry.example", "app", "latest"),
            ("LOCALHOST/app", "localhost", "app", "latest"),
            ("Intranet/team/app:1", "Intranet", "team/app", "1"),
        ] {
            let name = Name::parse(text).unwrap();
            assert_eq!((name.registry.as_str(), name.repository.as_str()), (registry, repository), "{text}");
            assert_eq!(name.version(), version, "{text}");
        }
        assert_eq!(address("docker.io"), "registry-1.docker.io");
        assert_eq!(address("quay.io"), "quay.io");
    }

    #[test]
    fn a_digest_overrides_a_tag() {
        let name = Name::parse(&format!("quay.io/team/app:1@{DIGEST}")).unwrap();
        assert_eq!(name.version(), DIGEST);
        assert_eq!(name.tagged(), None);
        assert_eq!(Name::parse("alpine").unwrap().tagged().unwrap(), "docker.io/library/alpine:latest");
    }

    /// The parser reports `invalid reference format` for all of them.
    #[test]
    fn a_wrong_name_is_explained() {
        for (text, says) in [
            ("https://quay.io/app", "scheme"),
            ("quay.io/my app", "white space"),
            ("quay.io/", "no repository"),
            ("quay.io/app@sha256:abc", "not a digest"),
            ("quay.io/app@md5:d41d8cd98f00b204e9800998ecf8427e", "not a digest"),
            ("quay.io/app:", "not a tag"),
            ("quay.io/app:a+b", "not a tag"),
            ("quay.io//app", "empty"),
            ("quay.io/App", "lower case"),
            ("quay.io/-app", "HOST[:PORT]/REPOSITORY"),
            ("[::1/app", "not an IPv6 address"),
            ("[::1]:x/app", "not an IPv6 address"),
            ("[::1]/App", "lower case"),
            ("Intranet/App", "lower case"),
            ("Intranet/", "no repository"),
        ] {
            let error = Name::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
