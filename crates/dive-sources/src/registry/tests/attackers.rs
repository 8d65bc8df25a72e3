//! Attackers between the user and a registry: wrong certificates, and redirects to plain HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::server::{Fixture, Reply, Request, Server, logged_in};
use crate::access::{Access, RegistryOptions};
use crate::machine::MachineSettings;
use crate::registry::RegistryImage;
use crate::registry::deadlines::Deadlines;
use crate::registry::repository::Settings;
use crate::registry::trust::TrustFiles;
use dive_model::store::Store;

const AUTHORITY: &str = include_str!("tls/ca.pem");
const KEY: &str = include_str!("tls/server.key.pem");
const GOOD: &str = include_str!("tls/good.pem");
const EXPIRED: &str = include_str!("tls/expired.pem");
const OTHER_NAME: &str = include_str!("tls/other_name.pem");
const UNKNOWN: &str = include_str!("tls/unknown.pem");

/// A TLS server that answers everything with `head`, and counts the requests.
struct TlsServer {
    host: String,
    requests: Arc<AtomicUsize>,
}

impl TlsServer {
    fn start(certificate: &str, head: String) -> Self {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not trust the certificate hangs up.
                let _ = answer(StreamOwned::new(connection, stream), &head, &counted);
            }
        });
        Self { host, requests }
    }
}

fn answer(stream: StreamOwned<ServerConnection, TcpStream>, head: &str, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let mut stream = stream.into_inner();
    stream.write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// The error of a user with a login who trusts the tests' authority.
fn refused(host: &str) -> String {
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), AUTHORITY).unwrap();
    let (_folder, environment) = logged_in(host, r#"{"auth": "YW5uOnNlY3JldA=="}"#);
    let access = Access { environment, registries: RegistryOptions::default(), ..Access::default() };
    let trust = TrustFiles { folders: Vec::new(), ca_file: Some(authority.path().to_owned()) };
    let settings = Settings {
        trust,
        machine: MachineSettings::default(),
        pause: std::time::Duration::from_millis(1),
        deadlines: Deadlines::default(),
    };
    RegistryImage::open_with(&format!("{host}/app:1"), &access, settings).unwrap_err().to_string()
}

#[test]
fn a_wrong_certificate_is_refused_before_anything_is_sent() {
    for (certificate, why) in [
        (EXPIRED, "its certificate has expired"),
        (OTHER_NAME, "its certificate is for other.example, not for this host name"),
        (UNKNOWN, "signed by an unknown authority"),
    ] {
        let server = TlsServer::start(certificate, "HTTP/1.1 404 Not Found\r\n".to_owned());
        let error = refused(&server.host);
        assert!(error.contains("is not trusted") && error.contains(why), "{error}");
        assert_eq!(server.requests.load(Ordering::SeqCst), 0, "{why}");
    }
    // The same server with a valid certificate receives a request.
    let server = TlsServer::start(GOOD, "HTTP/1.1 404 Not Found\r\n".to_owned());
    let error = refused(&server.host);
    assert!(error.contains("does not have the manifest"), "{error}");
    assert_eq!(server.requests.load(Ordering::SeqCst), 1);
}

#[test]
fn a_redirect_does_not_downgrade_to_plain_http() {
    let plain = Server::start(|_| Reply::ok("{}"));
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{}/v2/app/manifests/1\r\n", plain.host);
    let error = refused(&TlsServer::start(GOOD, head).host);
    assert!(error.contains("it redirects to an address without TLS"), "{error}");
    assert!(plain.seen().is_empty());
}

/// The host of a redirect needs a certificate of its own, by an authority that the registry's user trusts.
#[test]
fn a_redirect_leads_to_no_host_with_a_wrong_certificate() {
    for (certificate, why) in [(OTHER_NAME, "for other.example"), (UNKNOWN, "signed by an unknown authority")] {
        let store = TlsServer::start(certificate, "HTTP/1.1 404 Not Found\r\n".to_owned());
        let place = format!("https://{}/v2/app/manifests/1", store.host);
        let head = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {place}\r\n");
        let error = refused(&TlsServer::start(GOOD, head).host);
        assert!(error.contains("is not trusted") && error.contains(why), "{error}");
        assert_eq!(store.requests.load(Ordering::SeqCst), 0, "{why}");
    }
}

/// The password would otherwise be sent unencrypted to a server that the registry names.
#[test]
fn a_token_server_without_tls_gets_no_password() {
    let plain = Server::start(|_| Reply::ok(r#"{"token": "x"}"#));
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"http://{}/token\",service=\"x\"\r\n",
        plain.host
    );
    let error = refused(&TlsServer::start(GOOD, head).host);
    assert!(error.contains("token server has no TLS"), "{error}");
    assert!(plain.seen().is_empty());
}

/// A registry could fetch the secrets of a machine through dive: from its metadata service, which answers like a token server.
#[test]
fn a_registry_cannot_lead_to_a_metadata_service() {
    let metadata = "http://169.254.169.254/latest/api/token";
    let expected = |host: &str| {
        format!(
            "{host} cannot be reached: it leads to 169.254.169.254, a link-local or metadata address, which dive follows only from "
        )
    };
    let (fixture, server) =
        Fixture::with_fault(0, move |_, _| Reply::status("307 Temporary Redirect").with("Location", metadata));
    let image = server.open().unwrap();
    let error = image.blob(&fixture.member(0)).unwrap().read_document(64 << 20).unwrap_err().to_string();
    assert!(error.contains(&expected(&server.host)), "{error}");
    let server = Server::start(move |_| {
        let challenge = format!("Bearer realm=\"{metadata}\",service=\"x\"");
        Reply::status("401 Unauthorized").with("WWW-Authenticate", challenge)
    });
    let (_folder, environment) = logged_in(&server.host, r#"{"auth": "YW5uOnNlY3JldA=="}"#);
    let error = server.open_with(&Access { environment, ..server.access() }).unwrap_err().to_string();
    assert!(error.contains(&expected(&server.host)), "{error}");
    assert!(server.seen().iter().all(|request| request.header("authorization").is_empty()));
}

/// A store could pass a password on to itself: a redirect within one host keeps the headers of its request.
#[test]
fn no_redirect_after_another_host_gets_the_login() {
    const LOGIN: &str = "Basic YW5uOnNlY3JldA==";
    let fixture = Fixture::new();
    let path = fixture.path(0);
    let registry = Arc::new(OnceLock::<String>::new());
    let (elsewhere, back) = (path.clone(), Arc::clone(&registry));
    let store = Server::start(move |request| {
        let location = match request.path.as_str() {
            "/one" => "two".to_owned(),
            "/two" => {
                "HTTP://ann:other@LOCALHOST:".to_owned() + request.header("host").split_once(':').unwrap().1 + "/three"
            }
            _ => format!("http://{}{elsewhere}?back", back.get().unwrap()),
        };
        Reply::status("302 Found").with("location", location)
    });
    let (target, within) = (format!("http://{}/one", store.host), path.clone());
    let server = Server::start(move |request| {
        let is_known = request.header("authorization") == LOGIN;
        if let Some(served) = request.path.strip_suffix("?back") {
            fixture.answer(&Request { path: served.to_owned(), ..request.clone() })
        } else if !is_known {
            Reply::status("401 Unauthorized").with("WWW-Authenticate", "Basic realm=\"x\"")
        } else if request.path == within {
            Reply::status("307 Temporary Redirect").with("Location", "/here")
        } else if request.path == "/here" {
            Reply::status("307 Temporary Redirect").with("Location", target.clone())
        } else {
            fixture.answer(request)
        }
    });
    registry.set(server.host.clone()).unwrap();
    let (_folder, environment) = logged_in(&server.host, r#"{"auth": "YW5uOnNlY3JldA=="}"#);
    let image = server.open_with(&Access { environment, ..server.access() }).unwrap();
    let fixture = Fixture::new();
    let blob = image.blob(&fixture.member(0)).unwrap();
    assert!(blob.read_document(64 << 20).unwrap() == fixture.layers[0]);
    assert_eq!(store.seen().len(), 3);
    for request in store.seen() {
        assert_eq!(request.header("authorization"), "", "{}", request.path);
    }
    // Within the registry, the login is kept. From another host, it is not added.
    let of = |path: &str| server.seen().into_iter().find(|request| request.path == path).unwrap();
    assert_eq!(of("/here").header("authorization"), LOGIN);
    assert_eq!(of(&format!("{path}?back")).header("authorization"), "");
}

#[test]
fn a_redirect_without_http_is_an_error() {
    for location in ["ftp://127.0.0.1/x", "file:///etc/hostname", "data:,{}"] {
        let server = Server::start(move |_| Reply::status("302 Found").with("Location", location));
        let error = server.open().unwrap_err().to_string();
        assert!(error.contains("it redirects to an address without HTTP"), "{location}: {error}");
    }
}
