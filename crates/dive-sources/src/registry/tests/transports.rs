//! Transports of insecure hosts, and hosts that do not respond.

use dive_model::store::Store;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::server::{Fixture, Reply, Server, open, open_within};
use crate::access::{Access, Mirror, RegistryOptions};
use crate::machine::MachineSettings;
use crate::registry::deadlines::Deadlines;
use crate::registry::name::Name;
use crate::registry::repository::{Repository, Settings};
use crate::registry::trust::TrustFiles;
use crate::runtime::block_on;

/// The first byte of a TLS handshake.
const TLS: u8 = 0x16;

/// Sends two requests to a host that answers a TLS handshake with `to_tls`, hangs up, and rejects everything else as a bad
/// request. Returns the first byte of each connection.
fn greetings(to_tls: &'static [u8]) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut greeting = [0; 4096];
            let Ok(1..) = stream.read(&mut greeting) else { continue };
            log.lock().unwrap().push(greeting[0]);
            let bad = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(if greeting[0] == TLS { to_tls } else { bad });
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let registries = RegistryOptions { insecure: vec![host.clone()], ..RegistryOptions::default() };
    let access = Access { registries, ..Access::default() };
    let settings = Settings {
        trust: TrustFiles::default(),
        machine: MachineSettings::default(),
        pause: Duration::from_millis(1),
        deadlines: Deadlines::default(),
    };
    let repository = Repository::new(Name::parse(&format!("{host}/app:1")).unwrap(), &access, settings).unwrap();
    for _ in 0..2 {
        block_on(repository.requested_manifest()).unwrap().unwrap_err();
    }
    seen.lock().unwrap().clone()
}

/// A TLS server responds 400 to plain HTTP, and one lost connection may be an accident.
#[test]
fn a_bad_request_does_not_prove_plain_http() {
    assert_eq!(greetings(b""), [TLS, b'G', TLS, b'G']);
}

/// A failed handshake still comes from a TLS server.
#[test]
fn a_tls_server_gets_no_plain_http() {
    assert_eq!(greetings(&[0x15, 3, 3, 0, 2, 2, 40]), [TLS, TLS]);
}

/// The error of a host that waits for the end of a line, and what it received.
fn waiting_for_a_line(connect: Duration, registries: impl Fn(&str) -> RegistryOptions) -> (String, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&lines);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let mut stream = BufReader::new(stream);
                let (mut first, mut line) = ([0], String::new());
                if stream.read_exact(&mut first).is_err() || first == [TLS] {
                    // Until the client hangs up.
                    let _ = stream.read_to_end(&mut Vec::new());
                    return;
                }
                let _ = stream.read_line(&mut line);
                log.lock().unwrap().push(line.trim().to_owned());
                let _ = stream.get_mut().write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            });
        }
    });
    let access = Access { registries: registries(&host), ..Access::default() };
    let deadlines = Deadlines { connect, ..Deadlines::default() };
    let error = open_within(&format!("{host}/app:1"), &access, deadlines).unwrap_err().to_string();
    (error, lines.lock().unwrap().clone())
}

#[test]
fn a_host_that_is_silent_during_the_handshake_may_have_no_tls() {
    let (error, lines) = waiting_for_a_line(Duration::from_millis(200), |_| RegistryOptions::default());
    assert!(
        error.contains(" cannot be reached: no connection with TLS within 10 seconds; check the host, "),
        "{error}"
    );
    assert!(error.contains("; to connect without TLS, add --insecure-registry 127.0.0.1:"), "{error}");
    assert!(lines.is_empty(), "{lines:?}");
    let insecure = |host: &str| RegistryOptions { insecure: vec![host.to_owned()], ..RegistryOptions::default() };
    let (error, lines) = waiting_for_a_line(Duration::from_millis(200), insecure);
    assert!(error.contains("does not have the manifest of app:1 (404 Not Found)"), "{error}");
    assert_eq!(lines, ["ET /v2/app/manifests/1 HTTP/1.1"]);
}

/// A user who has added the flag needs other advice.
#[test]
fn the_flag_for_plain_http_is_not_advised_twice() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = closed.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in closed.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    let error = |insecure: Vec<String>| {
        let registries = RegistryOptions { insecure, ..RegistryOptions::default() };
        open(&format!("{host}/app:1"), &Access { registries, ..Access::default() }).unwrap_err().to_string()
    };
    let closes = "it closes the connection during the TLS handshake";
    assert!(error(Vec::new()).contains(&format!("{closes}; to connect without TLS, add --insecure-registry {host}")));
    let insecure = error(vec![host.clone()]);
    assert!(insecure.contains(&format!("with TLS: {closes}; without TLS: ")), "{insecure}");
}

/// The user would look for the fault at the registry, which responds.
#[test]
fn a_host_behind_a_redirect_is_named_if_it_cannot_be_reached() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let location = format!("http://{closed}/signed?signature=secret");
    let server = Server::start(move |_| Reply::status("307 Temporary Redirect").with("Location", location.clone()));
    let error = server.open().unwrap_err().to_string();
    let expected = format!("{} cannot be reached: it redirects to {closed}: Connection refused", server.host);
    assert!(error.contains(&expected) && !error.contains("secret"), "{error}");
    assert_eq!(server.seen().len(), 5);
}

#[test]
fn a_silent_mirror_is_skipped() {
    let fixture = Fixture::new();
    let server = Server::start(move |request| fixture.answer(request));
    let mirror = Server::start(|_| Reply::status("503 Service Unavailable").with("Retry-After", "20"));
    let mut access = server.access();
    access.registries.insecure.push(mirror.host.clone());
    access.registries.mirrors.push(Mirror { of: server.host.clone(), place: mirror.host.parse().unwrap() });
    let begun = Instant::now();
    server.open_with(&access).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(mirror.seen().len(), 1);
}

/// Requests must not wait for the slow error body of another.
#[test]
fn a_slow_refusal_does_not_block_other_requests() {
    let (fixture, server) = Fixture::with_fault(0, |_, _| Reply {
        body: vec![b' '; 10],
        stall: Duration::from_secs(5),
        ..Reply::status("404 Not Found")
    });
    let image = server.open().unwrap();
    let [first, other] = [0, 1].map(|layer| image.blob(&fixture.member(layer)).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(first.read_document(64 << 20).is_err()));
        while server.count(&fixture.path(0)) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        assert!(other.read_document(64 << 20).unwrap() == fixture.layers[1]);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    });
}
