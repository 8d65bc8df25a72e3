//! The options for opening a source: damage, pulls, registries, environment, cache and limits.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::busy_hosts::BusyHosts;
use super::environment::Environment;
use dive_model::budget::Limits;
use dive_model::cache::Cache;
use dive_model::remark::OnDamage;
use dive_model::store::Links;

/// The options for opening a source. An [`OnDamage`] converts into one with the defaults, which is enough for files.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether damage is an error.
    pub on_damage: OnDamage,
    /// When an engine pulls the image.
    pub pull: PullPolicy,
    /// How to reach Podman.
    pub podman: PodmanRoute,
    /// The requested platform, as `OS/ARCH[/VARIANT]`; `None` for the default.
    pub platform: Option<String>,
    /// The tag to show first of an image that is opened by its id in an engine.
    pub shown_tag: Option<String>,
    /// Options for registries.
    pub registries: RegistryOptions,
    /// Registries to ask again only later; by default, none is remembered.
    pub busy_hosts: BusyHosts,
    /// Variables that locate engines and credentials.
    pub environment: Environment,
    /// Where symbolic links in a layout directory may lead.
    pub links: Links,
    /// The cache; `None` to disable it.
    pub cache: Option<Cache>,
    /// Limits of the unpacked size.
    pub limits: Limits,
}

impl From<OnDamage> for Access {
    fn from(on_damage: OnDamage) -> Self {
        Self { on_damage, ..Self::default() }
    }
}

/// When an engine pulls an image; a value of `--pull`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// If the engine does not have the image.
    Missing,
    /// Before every lookup.
    Always,
    /// Not at all.
    #[default]
    Never,
}

/// How to reach Podman.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PodmanRoute {
    /// Through its service, or through its command if no service responds and the user names none.
    #[default]
    ServiceFirst,
    /// Through its command, for images that the command has just built.
    Command,
}

/// The value is not a [`PullPolicy`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a pull policy; use missing, always or never")]
pub struct UnknownPullPolicy(String);

impl FromStr for PullPolicy {
    type Err = UnknownPullPolicy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "missing" => Ok(Self::Missing),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(UnknownPullPolicy(text.to_owned())),
        }
    }
}

/// Exceptions to the default trust in registries, and their mirrors.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryOptions {
    /// Hosts (`HOST[:PORT]`) that may use plain HTTP or an unverified certificate.
    pub insecure: Vec<String>,
    /// Mirrors, in the order in which they are tried before their registry.
    pub mirrors: Vec<Mirror>,
    /// A PEM file of certificate authorities to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the settings of the machine's engines count too.
    pub machine: MachineFiles,
}

/// Whether dive reads the registry settings of the machine's engines, such as `daemon.json` and `registries.conf`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MachineFiles {
    /// Not at all.
    #[default]
    Ignored,
    /// When an image in a registry is opened.
    Read,
}

/// A mirror of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The registry in references: `docker.io`.
    pub of: String,
    /// The place of its repositories.
    pub place: MirrorHost,
}

/// A host, and the path of the repositories on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorHost {
    /// `HOST[:PORT]`.
    pub host: String,
    /// The path before each repository, without slashes at its ends; empty if there is none.
    pub path: String,
}

/// The value is not a [`Mirror`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a mirror; write REGISTRY=HOST[:PORT][/PATH], such as docker.io=mirror.example:5000, without a scheme, a user name \
     or a password"
)]
pub struct MirrorError;

/// The value is not a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a host; write HOST[:PORT], such as registry.example:5000, without a scheme, a path, a user name or a password"
)]
pub struct HostError;

/// Parses a host, `HOST[:PORT]`. The error does not repeat the text, which may contain a password.
///
/// # Errors
///
/// If the text contains anything else.
pub fn host(text: &str) -> Result<String, HostError> {
    // The colons of an IPv6 address are in brackets.
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => (address, port),
        Some(_) => return Err(HostError),
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_named =
        text.starts_with('[') || name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let has_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    if !name.is_empty() && is_named && has_port { Ok(text.to_owned()) } else { Err(HostError) }
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (of, mirror) = text.split_once('=').ok_or(MirrorError)?;
        Ok(Self { of: host(of).map_err(|HostError| MirrorError)?, place: mirror.parse()? })
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.of, self.place)
    }
}

impl MirrorHost {
    /// The name of `repository` on the host.
    #[must_use]
    pub fn repository(&self, repository: &str) -> String {
        if self.path.is_empty() { repository.to_owned() } else { format!("{}/{repository}", self.path) }
    }
}

impl FromStr for MirrorHost {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, path) = text.split_once('/').unwrap_or((text, ""));
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        // `.` and `..` would lead to another path.
        let is_part = |part: &str| !part.trim_matches('.').is_empty() && part.bytes().all(is_letter);
        let fits = !text.ends_with('/') && (path.is_empty() || path.split('/').all(is_part));
        let host = host(name).map_err(|HostError| MirrorError)?;
        if fits { Ok(Self { host, path: path.to_owned() }) } else { Err(MirrorError) }
    }
}

impl fmt::Display for MirrorHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_a_registry_and_a_host() {
        let mirror: Mirror = "docker.io=127.0.0.1:5000".parse().unwrap();
        assert_eq!((mirror.of.as_str(), mirror.place.host.as_str()), ("docker.io", "127.0.0.1:5000"));
        assert_eq!(mirror.place.repository("library/alpine"), "library/alpine");
        // Harbor, Artifactory and ECR.
        let mirror: Mirror = "docker.io=[::1]:443/hub/proxy_1".parse().unwrap();
        assert_eq!(mirror.place.repository("library/alpine"), "hub/proxy_1/library/alpine");
        assert_eq!(mirror.to_string(), "docker.io=[::1]:443/hub/proxy_1");
        let wrong = ["", "=", "docker.io=", "=x", "docker.io", "docker.io=https://x", "docker.io=me:secret@x", "a=x?y"];
        let paths = ["a=x/", "a=x//y", "a=x/../y", "a=x/./y", "a=x/y?z", "a=x/Y", "a=x/y z", "a=/y", "a/b=x"];
        for wrong in wrong.into_iter().chain(paths) {
            let error = wrong.parse::<Mirror>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{wrong}");
        }
    }

    #[test]
    fn a_host_with_a_scheme_path_or_password_is_refused() {
        for right in ["localhost", "127.0.0.1:5000", "[::1]:5000", "[::1]", "my_host.example:443", "docker.io"] {
            assert_eq!(host(right).as_deref(), Ok(right));
        }
        for wrong in [
            "",
            ":5000",
            "x:",
            "x:y",
            "x:70000",
            "x:+1",
            "https://x",
            "x/y",
            "me:secret@x",
            "me@x:5000",
            "x y",
            "x#y",
            "x\\y",
            "::1",
            "[x]",
            "[::1]x",
            "[::1",
            "x%2f",
            "x:1:2",
        ] {
            let error = host(wrong).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{wrong}");
        }
    }
}
