//! An engine behind TLS: a proxy before the real one, which requires a client certificate. A failure means that remote
//! engines do not work, or that dive trusts an impostor.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::{assert_fails, assert_same, content, document, servers};
use crate::user::User;

const IMAGE: &str = "docker://dive-sample:1.0";

/// Starts a TLS proxy before Docker at a loopback address and returns its port. Its certificate is for `localhost` and
/// 127.0.0.1. It runs until the tests end.
fn tls_proxy(address: &str) -> Option<u16> {
    let socket = servers::docker()?.strip_prefix("unix://").unwrap().to_owned();
    // The certificates belong to the guarded registry.
    servers::guarded_registry()?;
    let certificate = |name: &str| CertificateDer::from_pem_file(servers::certificate(name)).unwrap();
    let mut authorities = RootCertStore::empty();
    authorities.add(certificate("ca.crt")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(&provider)).build();
    let key = PrivateKeyDer::from_pem_file(servers::certificate("server.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.unwrap())
        .with_single_cert(vec![certificate("server.crt")], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((visitor, _)) = listener.accept().await {
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                tokio::spawn(async move {
                    // Without a client certificate the TLS handshake fails.
                    let Ok(mut visitor) = acceptor.accept(visitor).await else { return };
                    let mut docker = UnixStream::connect(socket).await.unwrap();
                    let _ = copy_bidirectional(&mut visitor, &mut docker).await;
                });
            }
        });
    });
    Some(port)
}

/// A user who enables TLS with these files as `ca.pem`, `cert.pem` and `key.pem`.
fn user_with(files: &[(&str, &str)]) -> User {
    let user = User::new().keeps("certs/.keep", "");
    for (name, source) in files {
        std::fs::copy(servers::certificate(source), user.home("certs").join(name)).unwrap();
    }
    let folder = user.home("certs").display().to_string();
    user.sets("DOCKER_TLS_VERIFY", "1").sets("DOCKER_CERT_PATH", &folder)
}

const ALL: [(&str, &str); 3] = [("ca.pem", "ca.crt"), ("cert.pem", "client.crt"), ("key.pem", "client.key")];

#[test]
fn engine_over_tls_opens_with_client_certificate() {
    let Some(port) = tls_proxy("127.0.0.1") else { return };
    let expected = content(document(&User::of_engines(), &[IMAGE]));
    for host in ["localhost", "127.0.0.1"] {
        let user = user_with(&ALL).sets("DOCKER_HOST", &format!("tcp://{host}:{port}"));
        assert_same(host, &expected, &content(document(&user, &[IMAGE])));
    }
}

#[test]
fn engine_over_tls_needs_a_trusted_certificate() {
    let (Some(port), Some(other)) = (tls_proxy("127.0.0.1"), tls_proxy("127.0.0.2")) else { return };
    let here = format!("tcp://127.0.0.1:{port}");
    let fails = |user: User, host: &str, parts: &[&str]| {
        assert_fails(&user.sets("DOCKER_HOST", host).runs(&["--pull", "never", IMAGE]), parts);
    };
    let other_authority = [("ca.pem", "server.crt"), ("cert.pem", "client.crt"), ("key.pem", "client.key")];
    fails(user_with(&other_authority), &here, &["TLS", "authority", "ca.pem"]);
    fails(user_with(&ALL), &format!("tcp://127.0.0.2:{other}"), &["TLS", "another host name"]);
    fails(user_with(&ALL[..1]), &here, &["TLS", "client certificate", "cert.pem", "key.pem"]);
    fails(user_with(&ALL[..2]), &here, &["key.pem"]);
    fails(user_with(&[]), &here, &["ca.pem"]);
    // Without TLS the connection fails.
    fails(User::new(), &here, &["127.0.0.1"]);
}

/// Without certificates, as of a service without a home, the request must not go out unencrypted.
#[test]
fn missing_tls_certificates_send_nothing_unencrypted() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    let user = User::new().sets("DOCKER_TLS_VERIFY", "1").sets("DOCKER_HOST", &host);
    let ran = user.sets("HOME", "").runs(&["--pull", "never", IMAGE]);
    assert_fails(&ran, &["DOCKER_CERT_PATH"]);
    assert!(listener.accept().is_err(), "an unencrypted connection");
}
