//! What opening a source may use besides the reference: how damage is taken, whether an engine may pull, what is to be
//! believed of registries, the environment, and what was kept from earlier runs.

use std::path::PathBuf;
use std::str::FromStr;

use super::environment::Environment;
use dive_model::budget::Limits;
use dive_model::cache::Cache;
use dive_model::remark::OnDamage;
use dive_model::store::Links;

/// What opening a source may use. [`OnDamage`] alone makes one that has nothing else: enough for files.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// What is done about damage.
    pub on_damage: OnDamage,
    /// Whether an engine pulls what it has not got.
    pub pull: PullPolicy,
    /// How Podman is reached.
    pub podman: PodmanRoute,
    /// The platform to ask an engine or a registry for, as `OS/ARCH[/VARIANT]`, if one was named.
    pub platform: Option<String>,
    /// What is to be believed of registries.
    pub registries: RegistryOptions,
    /// Variables that say where engines and credentials are.
    pub environment: Environment,
    /// Where links of a layout directory may lead.
    pub links: Links,
    /// What was kept from earlier runs; none if it is not to be used.
    pub cache: Option<Cache>,
    /// What an archive may unpack to.
    pub limits: Limits,
}

impl From<OnDamage> for Access {
    fn from(on_damage: OnDamage) -> Self {
        Self { on_damage, ..Self::default() }
    }
}

/// When an engine pulls an image: the value of `--pull`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// If the engine has none of that name.
    Missing,
    /// Before each look.
    Always,
    /// Not at all.
    #[default]
    Never,
}

/// How Podman is reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PodmanRoute {
    /// Through its service; through its command where no service answers and the user named none.
    #[default]
    ServiceFirst,
    /// Through its command, for what the command has just built.
    Command,
}

/// A word that is no [`PullPolicy`].
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

/// What is to be believed of registries beyond the defaults: nothing, unless the user says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryOptions {
    /// Hosts (`HOST[:PORT]`) that may be spoken to without TLS, or with a certificate that nobody vouches for.
    pub insecure: Vec<String>,
    /// Hosts that are asked instead of another, first to last, before that one itself.
    pub mirrors: Vec<Mirror>,
    /// A PEM file of authorities that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// A host that holds what another one has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The registry that is named in references: `docker.io`.
    pub of: String,
    /// The host (`HOST[:PORT]`) that is asked first.
    pub host: String,
}

/// A text that is no [`Mirror`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a mirror; write REGISTRY=HOST[:PORT], such as docker.io=mirror.example:5000, without a scheme, a path, a user name \
     or a password"
)]
pub struct MirrorError;

/// A text that is no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a host; write HOST[:PORT], such as registry.example:5000, without a scheme, a path, a user name or a password"
)]
pub struct HostError;

/// A host as the user names it: `HOST[:PORT]` and nothing else. The error does not repeat it: a password may stand in it.
///
/// # Errors
///
/// If there is anything else in it.
pub fn host(text: &str) -> Result<String, HostError> {
    // An address of IPv6 stands in brackets, since there are colons in it.
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
        let valid = |text| host(text).map_err(|HostError| MirrorError);
        Ok(Self { of: valid(of)?, host: valid(mirror)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_names_two_hosts() {
        let mirror: Mirror = "docker.io=127.0.0.1:5000".parse().unwrap();
        assert_eq!((mirror.of.as_str(), mirror.host.as_str()), ("docker.io", "127.0.0.1:5000"));
        let wrong = ["", "=", "docker.io=", "=x", "docker.io", "docker.io=https://x", "docker.io=me:secret@x", "a=x?y"];
        for wrong in wrong {
            let error = wrong.parse::<Mirror>().unwrap_err();
            assert!(!error.to_string().contains("secret"), "{wrong}");
        }
    }

    #[test]
    fn a_host_is_a_name_and_a_port() {
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
