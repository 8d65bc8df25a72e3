//! Servers that send little or nothing. The deadlines are short, so that no test waits for a minute.

use std::time::{Duration, Instant};

use super::server::{Fixture, Reply, Request, Server, open_within};
use crate::registry::RegistryImage;
use crate::registry::deadlines::{Deadlines, Rate, within};
use crate::runtime::block_on;
use dive_model::digest::Digest;
use dive_model::store::Store;

/// Longer than any test takes: a client that waits for it has failed.
const FOR_EVER: Duration = Duration::from_secs(20);

fn deadlines() -> Deadlines {
    let rate = Rate { bytes: 1000, window: Duration::from_millis(400) };
    let document = Duration::from_secs(2);
    Deadlines { connect: FOR_EVER, document, documents: FOR_EVER, token: Duration::from_millis(300), rate }
}

fn opened(server: &Server) -> Result<RegistryImage, String> {
    let opened = open_within(&format!("{}/app:1", server.host), &server.access(), deadlines());
    opened.map_err(|error| error.to_string())
}

#[track_caller]
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    assert!(start.elapsed() < FOR_EVER / 2, "{:?}", start.elapsed());
    done
}

#[test]
fn a_silent_server_does_not_hang_the_manifest_request() {
    for (stall, drip) in [(FOR_EVER, Duration::ZERO), (Duration::ZERO, Duration::from_millis(300))] {
        let fixture = Fixture::new();
        let server = Server::start(move |request| Reply { stall, drip, ..fixture.answer(request) });
        let error = soon(|| opened(&server)).unwrap_err();
        assert!(error.contains("manifest of app:1 is too slow") && error.contains("all attempts included"), "{error}");
    }
}

/// Many attempts that each end in time can still take too long together.
#[test]
fn attempts_and_delays_share_one_deadline() {
    let busy = Server::start(|_| Reply::status("429 Too Many Requests").with("Retry-After", "3"));
    let error = soon(|| opened(&busy)).unwrap_err();
    assert!(error.contains("retry after 3 s"), "{error}");
    assert_eq!(busy.seen().len(), 1);
    let busy = Server::start(|_| Reply::status("429 Too Many Requests").with("Retry-After", "1"));
    soon(|| opened(&busy)).unwrap_err();
    assert!(busy.seen().len() < 4, "{}", busy.seen().len());
}

#[test]
fn a_dripping_blob_is_an_error_with_the_bytes_received() {
    let (fixture, server) =
        Fixture::with_fault(0, |fixture, request| Reply { drip: Duration::from_millis(20), ..fixture.answer(request) });
    let image = opened(&server).unwrap();
    let read = |layer: usize| {
        let blob = image.blob(&fixture.member(layer)).map_err(|error| error.to_string())?;
        blob.read_document(64 << 20).map_err(|error| error.to_string())
    };
    let error = soon(|| read(0)).unwrap_err();
    assert!(error.contains("is too slow: less than 1.0 kB arrived within"), "{error}");
    assert_eq!(server.count(&fixture.path(0)), 1);
    assert_eq!(read(1).unwrap(), fixture.layers[1]);
}

/// Reconnecting must not reset the rate.
#[test]
fn a_slow_blob_in_many_connections_is_too_slow() {
    let (fixture, server) = Fixture::with_fault(0, |fixture, request| {
        Reply { stall: Duration::from_millis(250), ..fixture.answer(request) }.cut(10)
    });
    let image = opened(&server).unwrap();
    let blob = image.blob(&fixture.member(0)).unwrap();
    let error = soon(|| blob.read_document(64 << 20)).unwrap_err().to_string();
    assert!(error.contains("is too slow") && error.contains("after 10 bytes in total"), "{error}");
    assert_eq!(server.count(&fixture.path(0)), 2);
}

#[test]
fn a_stalled_token_server_is_an_error() {
    let server = Server::start(|request: &Request| {
        if request.path.starts_with("/token") {
            return Reply { stall: FOR_EVER, ..Reply::ok("{}") };
        }
        let realm = format!(r#"Bearer realm="http://{}/token""#, request.header("host"));
        Reply::status("401 Unauthorized").with("WWW-Authenticate", realm)
    });
    let error = soon(|| opened(&server)).unwrap_err();
    // Its own deadline is shorter than that of the manifest.
    assert!(error.contains("its token server did not respond within"), "{error}");
}

#[test]
fn a_cut_document_is_an_error_with_the_bytes_received() {
    let fixture = Fixture::new();
    let server = Server::start(move |request| fixture.answer(request).cut(10));
    let error = soon(|| opened(&server)).unwrap_err();
    assert!(error.contains("after 10 bytes of the manifest"), "{error}");
}

/// The configuration is needed twice: to choose the image, and to read it.
#[test]
fn a_slow_configuration_is_requested_once() {
    let config = Digest::sha256(br#"{"os": "linux", "architecture": "amd64"}"#);
    let path = format!("/v2/app/blobs/{config}");
    let (fixture, slow) = (Fixture::new(), path.clone());
    let server = Server::start(move |request| {
        let stall = if request.path == slow { FOR_EVER } else { Duration::ZERO };
        Reply { stall, ..fixture.answer(request) }
    });
    let image = opened(&server).unwrap();
    let read = || image.blob(&config.member()).map(drop).unwrap_err().to_string();
    let first = soon(read);
    let requests = server.count(&path);
    assert!(first.contains("is too slow"), "{first}");
    assert_eq!((read(), server.count(&path)), (first, requests));
}

/// A credential helper may prompt the user, who may need time to find the password.
#[test]
fn the_time_of_a_credential_prompt_does_not_count() {
    let start = Instant::now();
    let work = async { tokio::time::sleep(Duration::from_millis(200)).await };
    let waited = async { within(Duration::from_millis(50), || start.elapsed(), work).await };
    assert!(block_on(waited).unwrap().is_some());
    let work = async { tokio::time::sleep(FOR_EVER).await };
    let waited = async { within(Duration::from_millis(50), || Duration::ZERO, work).await };
    assert!(block_on(waited).unwrap().is_none());
}
