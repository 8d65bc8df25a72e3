//! The servers started by `tests/servers.sh`, from its variables. A test whose server is missing is skipped with a
//! note; with `DIVE_TEST_ENGINES=1` it fails.

use std::path::PathBuf;

use super::http::base64;
use crate::skipped;
use crate::user::User;

/// `unix://SOCKET` of Docker.
pub(crate) fn docker() -> Option<String> {
    server("docker", "DIVE_TEST_DOCKER_HOST")
}

/// `unix://SOCKET` of Podman's service.
pub(crate) fn podman() -> Option<String> {
    server("podman", "DIVE_TEST_PODMAN_HOST")
}

/// The socket of containerd.
pub(crate) fn containerd() -> Option<String> {
    server("containerd", "DIVE_TEST_CONTAINERD")
}

/// `HOST:PORT` of the registry without TLS and password.
pub(crate) fn registry() -> Option<String> {
    server("registry", "DIVE_TEST_REGISTRY")
}

/// A registry with a private authority and a password.
pub(crate) struct Guarded {
    /// `localhost:PORT`.
    pub(crate) host: String,
    pub(crate) user: String,
    pub(crate) password: String,
    /// Path of the authority's certificate.
    pub(crate) authority: String,
}

impl Guarded {
    /// Docker's configuration after a login to this registry.
    pub(crate) fn docker_config(&self) -> String {
        docker_login(&self.host, &self.user, &self.password)
    }

    /// `registry://HOST:PORT/NAME`.
    pub(crate) fn image(&self, name: &str) -> String {
        format!("registry://{}/{name}", self.host)
    }
}

/// Docker's configuration after `docker login HOST`.
pub(crate) fn docker_login(host: &str, user: &str, password: &str) -> String {
    format!(r#"{{"auths":{{"{host}":{{"auth":"{}"}}}}}}"#, base64(&format!("{user}:{password}")))
}

pub(crate) fn guarded_registry() -> Option<Guarded> {
    let host = server("registry-tls", "DIVE_TEST_REGISTRY_TLS")?;
    let (user, password) = (variable("DIVE_TEST_REGISTRY_USER")?, variable("DIVE_TEST_REGISTRY_PASSWORD")?);
    Some(Guarded { host, user, password, authority: certificate("ca.crt") })
}

/// `localhost:PORT` of the registry that requires a client certificate.
pub(crate) fn mutual_registry() -> Option<String> {
    server("registry-mutual", "DIVE_TEST_REGISTRY_MUTUAL")
}

/// Path of a certificate or key of `ca`, `server` or `client`.
pub(crate) fn certificate(name: &str) -> String {
    let folder = variable("DIVE_TEST_CERTIFICATES").expect("certificates beside the registry that uses them");
    format!("{folder}/{name}")
}

/// An OpenSSH configuration for `ssh 127.0.0.1`.
pub(crate) fn ssh_config() -> Option<String> {
    server("ssh", "DIVE_TEST_SSH_CONFIG")
}

/// Podman's configuration files, for a client or another service on the same store.
pub(crate) fn podman_settings() -> Vec<(&'static str, String)> {
    let folder = variable("DIVE_TEST_PODMAN_CONFIG").expect("a configuration beside Podman");
    [
        ("CONTAINERS_STORAGE_CONF", "storage.conf"),
        ("CONTAINERS_CONF", "containers.conf"),
        ("CONTAINERS_REGISTRIES_CONF", "registries.conf"),
    ]
    .map(|(name, file)| (name, format!("{folder}/{file}")))
    .into()
}

/// The address of a newer engine, from `DIVE_TEST_<name>`. Not every machine can have them, so a missing one is never a failure.
pub(crate) fn newer(name: &str) -> Option<String> {
    let address = variable(&format!("DIVE_TEST_{name}"));
    if address.is_none() {
        let why = "see tests/newer-engines.sh, and tests/servers.sh with DIVE_TEST_NEWER";
        skipped::note(&name.to_ascii_lowercase().replace('_', "-"), why);
    }
    address
}

/// A file of the newer engines' root.
pub(crate) fn newer_file(path: &str) -> PathBuf {
    PathBuf::from(variable("DIVE_TEST_NEWER").expect("the root of the newer engines")).join(path)
}

/// Records a process that `tests/servers.sh` must end.
pub(crate) fn note_process(name: &str, id: u32) {
    let folder = PathBuf::from(variable("DIVE_TEST_PIDS").expect("a folder for process numbers beside the servers"));
    std::fs::write(folder.join(name), id.to_string()).unwrap();
}

/// Whether the tests run as root, who can mount and switch users; if not, the test is skipped.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root() || {
        absent("root", "only root can set this up");
        false
    }
}

/// Notes a skip, or fails if all servers are required.
pub(crate) fn absent(what: &str, why: &str) {
    assert!(!servers_are_required(), "{what} is missing despite DIVE_TEST_ENGINES=1: {why}");
    skipped::note(what, why);
}

fn servers_are_required() -> bool {
    std::env::var_os("DIVE_TEST_ENGINES").is_some_and(|value| value == "1")
}

fn server(name: &str, place: &str) -> Option<String> {
    let value = variable(place);
    if value.is_none() {
        let reasons = variable("DIVE_TEST_ABSENT").unwrap_or_default();
        let reason = reasons.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let reason =
            reason.map_or_else(|| format!("{place} is not set; run `tests/servers.sh cargo test`"), str::to_owned);
        absent(name, &reason);
    }
    value
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl User {
    /// A user with the engines of `tests/servers.sh`, as available.
    pub(crate) fn of_engines() -> Self {
        let names = [
            ("DIVE_TEST_DOCKER_HOST", "DOCKER_HOST"),
            ("DIVE_TEST_PODMAN_HOST", "CONTAINER_HOST"),
            ("DIVE_TEST_CONTAINERD", "CONTAINERD_ADDRESS"),
        ];
        names.into_iter().fold(Self::new(), |user, (test, engine)| match variable(test) {
            Some(place) => user.sets(engine, &place),
            None => user,
        })
    }
}
