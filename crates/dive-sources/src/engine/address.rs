//! Finds the addresses of an engine by the rules of its own client: the user's settings first, then the default places.
//!
//! Nothing is connected here. An invalid address is kept with the reason, for the error message.

use std::fmt;
use std::path::{Path, PathBuf};

use super::context;
use super::tls::{Authorities, PeerVerification, Tls};
use crate::ContainerEngine;
use crate::environment::Environment;

/// A possible address of the engine.
#[derive(Debug)]
pub(super) struct Candidate {
    /// Where the address comes from: `DOCKER_HOST`.
    pub(super) reason: String,
    /// The address, or why it is invalid.
    pub(super) address: Result<Address, String>,
}

impl Candidate {
    pub(super) fn new(reason: impl Into<String>, address: Result<Address, String>) -> Self {
        Self { reason: reason.into(), address }
    }
}

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A Windows named pipe, such as `\\.\pipe\docker_engine`.
    Pipe(String),
    /// A TCP host that speaks HTTP, with or without TLS.
    Tcp(Tcp),
    /// A host reached through ssh, whose own client forwards the connection.
    Ssh(Ssh),
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tcp {
    /// A host name or an IP address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The prefix of request paths; empty, or starting with `/`.
    pub(super) base: String,
    pub(super) tls: Option<Tls>,
}

/// The arguments of `ssh`. None of them can be read as an option, or as more than one word by a shell.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Ssh {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    /// The engine's socket on that host; `None` for the default one.
    pub(super) socket: Option<String>,
}

/// Omits the text before the host, which may be secret.
impl fmt::Debug for Ssh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssh({})", self.host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Pipe(path) => write!(f, "npipe://{}", path.replace('\\', "/")),
            Self::Tcp(Tcp { host, port, .. }) if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Tcp(Tcp { host, port, .. }) => write!(f, "tcp://{host}:{port}"),
            Self::Ssh(Ssh { host, port: Some(port), .. }) => write!(f, "ssh://{host}:{port}"),
            Self::Ssh(Ssh { host, .. }) => write!(f, "ssh://{host}"),
        }
    }
}

/// The addresses to try for `engine`, in order.
pub(super) fn candidates(engine: ContainerEngine, environment: &Environment) -> Vec<Candidate> {
    match engine {
        ContainerEngine::Docker => docker(environment),
        ContainerEngine::Podman => podman(environment),
    }
}

fn docker(environment: &Environment) -> Vec<Candidate> {
    let config = environment.docker_folder();
    if let Some(host) = host(environment, "DOCKER_HOST") {
        let tls = tls_of(environment, config.as_deref());
        let address = tls.and_then(|tls| parse(&host, tls));
        return vec![Candidate::new("DOCKER_HOST", address)];
    }
    let mut candidates = Vec::new();
    match context::chosen(environment, config.as_deref()) {
        // Docker's client tries nothing else either.
        Ok(Some(context)) => return vec![context],
        Ok(None) => {}
        Err(damaged) => candidates.push(damaged),
    }
    let home = environment.home_folder();
    let at_home = |path: &str| home.as_deref().map(|home| home.join(path));
    let runtime = environment.path("XDG_RUNTIME_DIR").map(|folder| folder.join("docker.sock"));
    if cfg!(windows) {
        for pipe in [r"\\.\pipe\docker_engine", r"\\.\pipe\dockerDesktopLinuxEngine"] {
            candidates.push(Candidate::new("default pipe", Ok(Address::Pipe(pipe.to_owned()))));
        }
        return candidates;
    }
    candidates.extend(sockets([
        ("default socket", Some(PathBuf::from("/var/run/docker.sock"))),
        ("rootless docker", runtime),
        ("Docker Desktop", at_home(".docker/run/docker.sock")),
        ("Docker Desktop", at_home(".docker/desktop/docker.sock")),
    ]));
    candidates
}

/// The socket of Podman's virtual machine, in the home.
const MACHINE_SOCKET: &str = ".local/share/containers/podman/machine/podman.sock";

fn podman(environment: &Environment) -> Vec<Candidate> {
    if let Some(host) = host(environment, "CONTAINER_HOST") {
        return vec![Candidate::new("CONTAINER_HOST", parse(&host, None))];
    }
    if cfg!(windows) {
        let pipe = Address::Pipe(r"\\.\pipe\podman-machine-default".to_owned());
        return vec![Candidate::new("podman machine", Ok(pipe))];
    }
    let below = |name: &str, path: &str| environment.path(name).map(|folder| folder.join(path));
    let mut places = vec![
        ("rootless podman", below("XDG_RUNTIME_DIR", "podman/podman.sock")),
        ("default socket", Some(PathBuf::from("/run/podman/podman.sock"))),
    ];
    if cfg!(target_os = "macos") {
        places.extend([
            ("podman machine", below("TMPDIR", "podman/podman-machine-default-api.sock")),
            ("podman machine", environment.home_folder().map(|home| home.join(MACHINE_SOCKET))),
        ]);
    }
    sockets(places).collect()
}

/// The address in a variable; `None` if it is blank.
fn host(environment: &Environment, variable: &str) -> Option<String> {
    let value = environment.get(variable)?.to_string_lossy().into_owned();
    (!value.trim().is_empty()).then_some(value)
}

fn sockets<'a>(places: impl IntoIterator<Item = (&'a str, Option<PathBuf>)>) -> impl Iterator<Item = Candidate> {
    let named = places.into_iter().filter_map(|(reason, path)| Some((reason, path?)));
    named.map(|(reason, path)| Candidate::new(reason, Ok(Address::Unix(path))))
}

/// TLS settings from the environment: `DOCKER_TLS` enables TLS, `DOCKER_TLS_VERIFY` also enables verification.
fn tls_of(environment: &Environment, config: Option<&Path>) -> Result<Option<Tls>, String> {
    let is_set = |name: &str| environment.get(name).is_some();
    let verification = match (is_set("DOCKER_TLS_VERIFY"), is_set("DOCKER_TLS")) {
        (true, _) => PeerVerification::Full,
        (false, true) => PeerVerification::Skip,
        (false, false) => return Ok(None),
    };
    // Without a home, as in a service, TLS must fail instead of falling back to plain TCP.
    let folder = environment.path("DOCKER_CERT_PATH").or_else(|| config.map(Path::to_owned)).ok_or(
        "requires TLS (DOCKER_TLS or DOCKER_TLS_VERIFY), but dive knows no directory of certificates; set DOCKER_CERT_PATH",
    )?;
    Ok(Some(Tls { folder, authorities: Authorities::File, verification }))
}

/// Parses an address in the clients' format: `unix:///PATH`, `npipe:////./pipe/NAME`, `tcp://HOST[:PORT]`,
/// `ssh://[USER@]HOST[:PORT]`. Without a scheme it is `tcp://`, as in docker. No error repeats the text, which may contain a
/// password.
pub(super) fn parse(text: &str, tls: Option<Tls>) -> Result<Address, String> {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once("://") else {
        if text.starts_with(['/', '.', '~']) {
            return Err("is a path; write a socket as unix:///PATH".to_owned());
        }
        return tcp(text, tls);
    };
    match scheme.to_ascii_lowercase().as_str() {
        "unix" if rest.is_empty() => Err("has no socket path; write unix:///PATH".to_owned()),
        "unix" => Ok(Address::Unix(rest.into())),
        "npipe" => Ok(Address::Pipe(rest.replace('/', "\\"))),
        "tcp" | "http" => tcp(rest, tls),
        "https" => {
            let tls = tls.unwrap_or(Tls {
                folder: PathBuf::new(),
                authorities: Authorities::System,
                verification: PeerVerification::Full,
            });
            tcp(rest, Some(tls))
        }
        "ssh" => ssh(rest).map(Address::Ssh),
        _ => Err("has an unknown scheme; use unix://, npipe://, tcp://, http://, https:// or ssh://".into()),
    }
}

fn tcp(rest: &str, tls: Option<Tls>) -> Result<Address, String> {
    let (authority, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("has a user name, which only ssh:// addresses may have; remove it".to_owned());
    }
    let (host, port) = host_and_port(authority)?;
    let base = base.trim_end_matches('/');
    if !base.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"/-._~".contains(&letter)) {
        return Err("has an invalid path; use letters, digits and / - . _ ~".to_owned());
    }
    let port = port.unwrap_or(if tls.is_some() { 2376 } else { 2375 });
    Ok(Address::Tcp(Tcp { host, port, base: base.to_owned(), tls }))
}

fn ssh(rest: &str) -> Result<Ssh, String> {
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if user.is_some_and(|user| user.contains(':')) {
        return Err("has a password; use a key or an agent for ssh".to_owned());
    }
    if user.is_some_and(|user| !is_word(user, b"._-+\\@")) {
        return Err("has an invalid user name; use letters, digits and . _ - + \\ @".to_owned());
    }
    let (host, port) = host_and_port(host)?;
    let socket = Some(path).filter(|path| !matches!(*path, "" | "/"));
    // The path passes through a shell on the remote host.
    if socket.is_some_and(|path| !is_word(path, b"/._-@")) {
        return Err("has an invalid socket path; use letters, digits and / . _ - @".to_owned());
    }
    Ok(Ssh { user: user.map(str::to_owned), host, port, socket: socket.map(str::to_owned) })
}

/// True if `text` has only letters, digits and `others`, and cannot be read as an option.
fn is_word(text: &str, others: &[u8]) -> bool {
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || others.contains(&letter);
    !text.is_empty() && !text.starts_with('-') && text.bytes().all(fits)
}

fn host_and_port(authority: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => {
            (host, Some(port.strip_prefix(':').ok_or("has text after `]` that is not a port; write [HOST]:PORT")?))
        }
        None => match authority.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err("has an IPv6 address without brackets; write [::1]".to_owned());
            }
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() {
        return Err("has no host; write HOST[:PORT]".to_owned());
    }
    if !is_word(host, b".-_:%") {
        return Err("has an invalid host name; use letters, digits and . - _ : %".to_owned());
    }
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose();
    Ok((host.to_owned(), port.map_err(|_| "has an invalid port; write a number up to 65535")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_for(engine: ContainerEngine, variables: &[(&str, &str)]) -> Vec<String> {
        let environment = variables.iter().copied().collect();
        let shown = |candidate: &Candidate| match &candidate.address {
            Ok(address) => format!("{} {address}", candidate.reason),
            Err(error) => format!("{} {error}", candidate.reason),
        };
        candidates(engine, &environment).iter().map(shown).collect()
    }

    #[test]
    fn an_engine_that_the_user_names_is_the_only_one_tried() {
        let docker = looked_for(ContainerEngine::Docker, &[("DOCKER_HOST", "unix:///x.sock"), ("HOME", "/home/me")]);
        assert_eq!(docker, ["DOCKER_HOST unix:///x.sock"]);
        let podman = looked_for(ContainerEngine::Podman, &[("CONTAINER_HOST", "ssh://me@far:2222/run/p.sock")]);
        assert_eq!(podman, ["CONTAINER_HOST ssh://far:2222"]);
        for engine in ContainerEngine::ALL {
            let hosts = [("DOCKER_HOST", " 127.0.0.1:2375 "), ("CONTAINER_HOST", " 127.0.0.1:2375 ")];
            assert!(looked_for(engine, &hosts)[0].ends_with("_HOST tcp://127.0.0.1:2375"));
            let blank = looked_for(engine, &[("DOCKER_HOST", " "), ("CONTAINER_HOST", " ")]);
            assert!(blank.iter().all(|candidate| !candidate.contains("_HOST")), "{blank:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_default_sockets_are_tried_in_order() {
        let variables = [("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/7"), ("DOCKER_HOST", "")];
        let docker = looked_for(ContainerEngine::Docker, &variables);
        let expected = [
            "default socket unix:///var/run/docker.sock",
            "rootless docker unix:///run/user/7/docker.sock",
            "Docker Desktop unix:///home/me/.docker/run/docker.sock",
            "Docker Desktop unix:///home/me/.docker/desktop/docker.sock",
        ];
        assert_eq!(docker, expected);
        let podman = looked_for(ContainerEngine::Podman, &variables);
        let expected =
            ["rootless podman unix:///run/user/7/podman/podman.sock", "default socket unix:///run/podman/podman.sock"];
        assert_eq!(podman, expected);
    }

    #[test]
    fn addresses_parse_as_in_the_clients() {
        let shown = |text: &str| parse(text, None).map(|address| format!("{address} {address:?}"));
        for (text, expected) in [
            ("tcp://h", "tcp://h:2375 "),
            ("tcp://h:1/", "tcp://h:1 "),
            ("http://h:1/engine/", "tcp://h:1 Tcp(Tcp { host: \"h\", port: 1, base: \"/engine\""),
            ("https://h", "tcp://h:2376 "),
            ("tcp://[::1]:5", "tcp://[::1]:5 "),
            ("npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine "),
            ("ssh://h", "ssh://h "),
            ("127.0.0.1:2375", "tcp://127.0.0.1:2375 "),
            ("engine", "tcp://engine:2375 "),
            ("[::1]:5", "tcp://[::1]:5 "),
            (" TCP://h:1\n", "tcp://h:1 "),
        ] {
            assert!(shown(text).unwrap().starts_with(expected), "{text}: {:?}", shown(text));
        }
    }

    /// `ssh` reads a leading `-` as an option, and a remote shell reads the rest.
    #[test]
    fn an_address_cannot_inject_an_option_or_a_command() {
        for text in [
            "ssh://-oProxyCommand=x",
            "ssh://-l@h",
            "ssh://h/run/$(x)",
            "ssh://h/a b",
            "ssh://a b@h",
            "tcp://h:1/a?b",
            "tcp://a b",
            "tcp://::1:5",
            "tcp://:5",
            "tcp://h:99999",
            "ftp://h",
            "/var/run/docker.sock",
            "h h:1",
            "unix://",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn no_error_shows_the_password_of_an_address() {
        for text in ["ssh://me:hunter2@h", "tcp://me:hunter2@h", "me:hunter2@h", "x://hunter2"] {
            let error = parse(text, None).unwrap_err();
            assert!(!error.contains("hunter2") && !error.contains("me:"), "{error}");
        }
        let me = parse("ssh://hunter2@h", None).unwrap();
        assert!(!format!("{me} {me:?}").contains("hunter2"));
    }

    #[test]
    fn tls_without_a_known_home_is_an_error() {
        let shown = looked_for(ContainerEngine::Docker, &[("DOCKER_TLS_VERIFY", "1"), ("DOCKER_HOST", "tcp://h")]);
        assert!(shown[0].contains("DOCKER_TLS_VERIFY") && shown[0].contains("set DOCKER_CERT_PATH"), "{shown:?}");
    }

    #[test]
    fn tls_settings_have_dockers_meaning() {
        let tls = |variables: &[(&str, &str)]| {
            let environment = variables.iter().copied().chain([("DOCKER_HOST", "tcp://h")]).collect();
            match candidates(ContainerEngine::Docker, &environment).remove(0).address.unwrap() {
                Address::Tcp(tcp) => tcp.tls.map(|tls| (tls.folder, tls.verification)),
                other => panic!("{other}"),
            }
        };
        assert_eq!(tls(&[("DOCKER_CERT_PATH", "/c")]), None);
        let full = tls(&[("DOCKER_CERT_PATH", "/c"), ("DOCKER_TLS_VERIFY", "1")]).unwrap();
        assert_eq!(full, ("/c".into(), PeerVerification::Full));
        let skip = tls(&[("DOCKER_CONFIG", "/config"), ("DOCKER_TLS", "1")]).unwrap();
        assert_eq!(skip, ("/config".into(), PeerVerification::Skip));
    }
}
