//! HTTP clients for one host: transport, timeouts, and the meaning of network errors. The address is removed from
//! errors, because a redirect may have put a signature into it.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::error::RegistryError;
use super::name;
use super::reach::{self, CheckedNames, RegistryReach, TooNear};
use super::redirects::{self, RedirectError};
use super::retry::Failure;
use super::trust::TrustFiles;
use crate::certificates::CertificateCheck;

/// Timeout of a connection, with TLS. Tests use another.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Timeout of a single read. A blob as a whole has no timeout here.
const STALL: Duration = Duration::from_mins(1);

/// The transport to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Transport {
    Https,
    /// TLS without certificate verification.
    UncheckedHttps,
    Http,
}

impl Transport {
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Self::Https | Self::UncheckedHttps => "https",
            Self::Http => "http",
        }
    }

    const fn certificate_check(self) -> CertificateCheck {
        match self {
            Self::Https => CertificateCheck::Required,
            Self::UncheckedHttps | Self::Http => CertificateCheck::Disabled,
        }
    }
}

/// The purpose of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Use {
    /// Documents and blobs. [`super::redirects`] follows redirects, also to another host.
    Registry,
    /// Token requests. They carry credentials, so redirects stay on the host.
    Token,
}

/// One HTTP client per host, registry, transport and use, with its connection pool.
#[derive(Debug)]
pub(super) struct Clients {
    trust: TrustFiles,
    /// The timeout of a connection.
    connect: Duration,
    made: Mutex<HashMap<(String, String, Transport, Use), Client>>,
    /// By registry.
    reaches: Mutex<HashMap<String, Arc<RegistryReach>>>,
}

impl Clients {
    pub(super) fn new(trust: TrustFiles, connect: Duration) -> Self {
        Self { trust, connect, made: Mutex::default(), reaches: Mutex::default() }
    }

    /// The reach of a registry.
    fn reach(&self, registry: &str) -> Arc<RegistryReach> {
        let address = name::address(registry);
        let mut reaches = self.reaches.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(reaches.entry(address.to_owned()).or_insert_with(|| Arc::new(RegistryReach::new(address))))
    }

    /// Refuses an address that a registry names and may not lead to.
    pub(super) fn check_lead(&self, registry: &str, url: &Url) -> Result<(), RegistryError> {
        self.reach(registry).lead_to(url).map_err(|error| unreachable(&error))
    }

    /// The client for the host `address` of a registry.
    pub(super) fn client(
        &self,
        address: &str,
        registry: &str,
        transport: Transport,
        usage: Use,
    ) -> Result<Client, RegistryError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.to_owned(), registry.to_owned(), transport, usage);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        // As in docker, the certificates of the registry also apply to its token server.
        let tls = self.trust.config(&[address, registry], transport.certificate_check())?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("dive-rs/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect)
            .read_timeout(STALL)
            .referer(false)
            .dns_resolver(CheckedNames(self.reach(registry)))
            .redirect(match usage {
                Use::Registry => Policy::none(),
                Use::Token => Policy::custom(redirects::stay),
            });
        if reach::is_this_machine(address) {
            // A proxy would connect to its own machine.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| RegistryError::Runtime { why: root(&error.without_url()) })?;
        made.insert(key, client.clone());
        Ok(client)
    }
}

/// True if both addresses have one origin, which may see the same secrets.
pub(super) fn is_same_host(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

fn unreachable(error: &TooNear) -> RegistryError {
    RegistryError::Unreachable { host: error.registry.clone(), why: error.to_string() }
}

pub(super) fn wrong_redirect(host: &str, why: &RedirectError) -> RegistryError {
    RegistryError::Unreachable { host: host.to_owned(), why: why.to_string() }
}

/// Maps a network error of the request for `what` to a failure.
pub(super) fn failure(host: &str, what: &str, contact: Contact, error: reqwest::Error) -> Failure {
    let error = error.without_url();
    if let Some(why) = find::<RedirectError>(&error) {
        return wrong_redirect(host, why).into();
    }
    if let Some(near) = find::<TooNear>(&error) {
        return unreachable(near).into();
    }
    if let Some(tls) = find::<rustls::Error>(&error) {
        if let Some(why) = why_untrusted(host, tls) {
            return RegistryError::Untrusted { host: host.to_owned(), why }.into();
        }
        if matches!(tls, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) {
            let why = format!("it does not speak TLS{}", contact.remedy(host));
            return RegistryError::Unreachable { host: host.to_owned(), why }.into();
        }
    }
    let why = match (error.is_timeout(), error.is_connect()) {
        (true, true) => {
            let remedy = contact.remedy(host);
            // It may have no TLS, and wait for the end of a line.
            let with_tls = if remedy.is_empty() { "" } else { " with TLS" };
            format!("no connection{with_tls} within {} seconds; {CHECK_HOST}{remedy}", CONNECT.as_secs())
        }
        (true, false) => format!("no data for {} seconds", STALL.as_secs()),
        _ => match root(&error) {
            eof if eof == "tls handshake eof" => {
                format!("it closes the connection during the TLS handshake{}", contact.remedy(host))
            }
            why => with_advice(&error, why),
        },
    };
    if error.is_connect() {
        let error = RegistryError::Unreachable { host: host.to_owned(), why };
        return match contact {
            Contact::Established => Failure::soon(error),
            Contact::First(_) => error.into(),
        };
    }
    Failure::soon(RegistryError::Broken { host: host.to_owned(), what: what.to_owned(), received: 0, why, tries: 1 })
}

/// Advice if a host does not accept connections.
const CHECK_HOST: &str = "check the host, the port and the firewall, and behind a proxy, set HTTPS_PROXY";

/// `why`, the innermost cause of `error`, with what to check.
fn with_advice(error: &reqwest::Error, why: String) -> String {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    // The resolver's own error has another text on each system.
    if causes(error).any(|cause| cause.to_string().starts_with("dns error")) {
        let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
        return format!(
            "its name cannot be resolved ({why}); check the name, the network and the DNS, and behind a proxy, set HTTPS_PROXY"
        );
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(NetworkDown | NetworkUnreachable | HostUnreachable) => {
            format!("{why}; check the network connection and the routes of this machine")
        }
        Some(ConnectionRefused) => format!("{why}; {CHECK_HOST}"),
        _ => why,
    }
}

/// True if the host may not speak TLS: it refused or closed the connection, or sent nothing or something other than TLS. Other errors
/// do not allow plain HTTP.
pub(super) fn may_have_no_tls(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    let other_words =
        |error: &rustls::Error| matches!(error, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType));
    let hung_up = |error: &io::Error| {
        let kinds = [BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof];
        kinds.contains(&error.kind())
    };
    let has_no_tls = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref().is_some_and(other_words) || cause.downcast_ref().is_some_and(hung_up)
    };
    error.is_connect() && (error.is_timeout() || causes(error).any(has_no_tls))
}

/// Whether a host has responded before. A host that never did is not retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    /// It has responded before.
    Established,
    /// It has not responded yet, and is asked with this transport.
    First(Transport),
}

impl Contact {
    /// What to do if the host has no TLS. Nothing if the user has allowed that.
    fn remedy(self, host: &str) -> String {
        match self {
            Self::First(Transport::Https) => format!("; to connect without TLS, add --insecure-registry {host}"),
            Self::First(Transport::UncheckedHttps | Transport::Http) | Self::Established => String::new(),
        }
    }
}

fn why_untrusted(host: &str, error: &rustls::Error) -> Option<String> {
    let waive = format!("to skip the check, add --insecure-registry {host}");
    let rustls::Error::InvalidCertificate(certificate) = error else {
        let rustls::Error::AlertReceived(alert) = error else { return None };
        let wants_another = matches!(
            alert,
            AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
        );
        return wants_another.then(|| {
            format!(
                "it requires a client certificate, or rejects this one ({alert:?}); put NAME.cert and NAME.key into \
                 /etc/docker/certs.d/{host}/"
            )
        });
    };
    Some(match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("its certificate has expired, or this machine's clock is wrong; {waive}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("its certificate is not valid yet, or this machine's clock is wrong; {waive}")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().take(10).map(|name| shown_name(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!("its certificate is for {names}, not for this host name; {waive}")
        }
        CertificateError::NotValidForName => format!("its certificate is not for this host name; {waive}"),
        error if *error == CertificateError::UnknownIssuer || is_self_signed(error) => format!(
            "its certificate is signed by an unknown authority; if you trust it, give its file with --ca-file, or put it \
             into /etc/docker/certs.d/{host}/ca.crt; {waive}"
        ),
        other => format!("its certificate is invalid ({other}); {waive}"),
    })
}

/// True for a self-signed certificate. The verifier reports it only in the debug text of its library's error.
pub(super) fn is_self_signed(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity"))
}

/// `DnsName("localhost")` as `localhost`.
fn shown_name(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

/// The first error of type `T` in the chain of causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The chain of causes. `source` skips an error inside an `io::Error`, this does not.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// The message of the innermost cause.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// The clients of every use look names up by the rules of [`super::reach`].
    #[test]
    fn a_client_connects_to_no_nearer_address() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = format!("localhost:{}", listener.local_addr().unwrap().port());
        let clients = Clients::new(TrustFiles { folders: Vec::new(), ca_file: None }, CONNECT);
        // Its owner lets its name lead here meanwhile.
        let moved = Arc::new(RegistryReach::of_network(&registry));
        clients.reaches.lock().unwrap().insert(registry.clone(), moved);
        for usage in [Use::Registry, Use::Token] {
            let client = clients.client(&registry, &registry, Transport::Http, usage).unwrap();
            let send = async { client.get(format!("http://{registry}/v2/")).send().await };
            let sent = crate::runtime::block_on(send);
            let error = sent.unwrap().unwrap_err();
            assert!(find::<TooNear>(&error).is_some(), "{error:?}");
        }
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a connection arrived");
    }

    #[test]
    fn another_port_does_not_get_the_credentials() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(is_same_host(&url("https://a/x"), &url("https://a:443/y")));
        for other in ["https://a:444/x", "http://a/x", "https://b/x"] {
            assert!(!is_same_host(&url("https://a/x"), &url(other)), "{other}");
        }
    }
}
