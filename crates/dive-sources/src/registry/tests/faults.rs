//! Blobs that are late, partial, repeated, wrong or missing.

use super::server::{Fixture, MANIFEST, Reply, Request, Server};
use crate::access::Access;
use crate::busy_hosts::BusyHosts;
use crate::registry::RegistryImage;
use dive_model::digest::Digest;
use dive_model::image::{self, Selection};
use dive_model::remark::OnDamage;
use dive_model::store::Store;

fn bytes_of(image: &RegistryImage, member: &str) -> Result<Vec<u8>, String> {
    let blob = image.blob(member).map_err(|error| error.to_string())?;
    blob.read_document(64 << 20).map_err(|error| error.to_string())
}

fn fetch(image: &RegistryImage, members: &[String]) -> Result<u64, String> {
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let mut read = 0;
    image.fetch(&members, &mut |progress| read = progress.read).map_err(|error| error.to_string())?;
    Ok(read)
}

/// Reads both layers through a server that fails on the first, and counts the requests for the first.
fn both(fault: impl Fn(&Fixture, &Request) -> Reply + Send + Sync + 'static) -> (Result<u64, String>, usize) {
    let (fixture, server) = Fixture::with_fault(0, fault);
    let image = server.open().unwrap();
    let members = [fixture.member(0), fixture.member(1)];
    let fetched = fetch(&image, &members);
    if fetched.is_ok() {
        for (layer, member) in members.iter().enumerate() {
            assert!(bytes_of(&image, member).unwrap() == fixture.layers[layer], "layer {layer}");
        }
    }
    (fetched, server.count(&fixture.path(0)))
}

#[test]
fn a_healthy_registry_gets_one_request_per_blob() {
    let (fetched, requests) = both(Fixture::answer);
    assert_eq!((fetched, requests), (Ok(600_000), 1));
}

#[test]
fn a_layer_is_fetched_once_when_it_is_first_read() {
    let (fixture, server) = Fixture::with_fault(0, Fixture::answer);
    let image = server.open().unwrap();
    assert_eq!(server.count(&fixture.path(0)), 0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(bytes_of(&image, &fixture.member(0)).unwrap() == fixture.layers[0]));
        }
    });
    let [one, other] = [(); 2].map(|()| image.blob(&fixture.member(0)).unwrap());
    assert_eq!(one.location(), other.location());
    assert_eq!(server.count(&fixture.path(0)), 1);
    assert!(image.contains(&fixture.member(1)) && !image.contains("blobs/sha256/none"));
}

#[test]
fn a_busy_registry_is_retried() {
    for status in ["429 Too Many Requests", "503 Service Unavailable", "500 Internal Server Error"] {
        let answer = move |fixture: &Fixture, request: &Request| match request.before {
            0 => Reply::status(status).with("Retry-After", "0"),
            1 => Reply::status(status),
            _ => fixture.answer(request),
        };
        assert_eq!(both(answer), (Ok(600_000), 3), "{status}");
    }
}

#[test]
fn a_registry_that_stays_busy_is_an_error_with_the_number_of_attempts() {
    let (fetched, requests) = both(|_, _| Reply::status("429 Too Many Requests"));
    let error = fetched.unwrap_err();
    assert!(error.contains("429 Too Many Requests (5 attempts)"), "{error}");
    assert_eq!(requests, 5);
}

#[test]
fn an_odd_delay_of_a_busy_registry_is_no_delay() {
    for delay in ["-1", "0", "1e9", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let (fetched, requests) = both(move |_, _| Reply::status("429 Too Many Requests").with("Retry-After", delay));
        let error = fetched.unwrap_err();
        assert!(error.contains(" is rate limiting requests for the blob sha256:"), "{delay}: {error}");
        assert!(error.contains(": 429 Too Many Requests (5 attempts); try again later, or log in"), "{delay}: {error}");
        assert_eq!(requests, 5, "{delay}");
    }
}

/// Docker Hub sends a delay of hours to a user who has reached the pull limit.
#[test]
fn dive_does_not_wait_for_hours() {
    let body = r#"{"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}"#;
    let (fetched, requests) = both(move |_, _| {
        Reply { body: body.into(), ..Reply::status("429 Too Many Requests") }.with("Retry-After", "21600")
    });
    let error = fetched.unwrap_err();
    assert!(
        error.contains("after 21600 s") && error.contains("pull rate limit") && error.contains("at most 60 s"),
        "{error}"
    );
    assert_eq!(requests, 1);
}

/// Forty images of a registry that is rate limiting must not make forty times all attempts.
#[test]
fn images_of_one_run_share_the_delay_of_a_registry() {
    let server = Server::start(|_| Reply::status("429 Too Many Requests").with("Retry-After", "21600"));
    let access = Access { busy_hosts: BusyHosts::shared(), ..server.access() };
    let errors = [(); 3].map(|()| server.open_with(&access).unwrap_err().to_string());
    assert!(errors[0].contains("retry after 21600 s"), "{}", errors[0]);
    for error in &errors[1..] {
        assert!(error.contains("limits the rate of requests; dive asks it again in 21"), "{error}");
    }
    assert_eq!(server.seen().len(), 1);
    // One image alone asks again.
    server.open().unwrap_err();
    assert_eq!(server.seen().len(), 2);
}

/// Forty images of a registry that fails must not make forty times all attempts.
#[test]
fn images_of_one_run_share_the_attempts_at_a_failing_registry() {
    let server = Server::start(|request| match request.before {
        7.. => Reply::status("404 Not Found"),
        _ => Reply::status("503 Service Unavailable"),
    });
    let access = Access { busy_hosts: BusyHosts::shared(), ..server.access() };
    let requests = [(); 5].map(|()| {
        let before = server.seen().len();
        server.open_with(&access).unwrap_err();
        server.seen().len() - before
    });
    // After an answer of the registry, all attempts are made again.
    assert_eq!(requests[..3], [5, 1, 1]);
    assert!(!access.busy_hosts.is_failing(&server.host), "{requests:?}");
}

#[test]
fn a_lost_connection_is_resumed() {
    let (fetched, requests) = both(|fixture, request| match request.from() {
        None => fixture.answer(request).cut(100_001),
        Some(100_001) => fixture.answer(request).cut(500),
        from => {
            assert_eq!(from, Some(100_501));
            fixture.answer(request)
        }
    });
    assert_eq!((fetched, requests), (Ok(600_000), 3));
}

#[test]
fn a_server_without_ranges_sends_the_blob_again() {
    let (fetched, requests) = both(|fixture, request| {
        let whole = Reply::ok(fixture.layers[0].clone());
        if request.before == 0 { whole.cut(1_000) } else { whole }
    });
    assert_eq!((fetched, requests), (Ok(600_000), 2));
}

#[test]
fn parts_of_another_blob_are_discarded() {
    let (fetched, requests) = both(|fixture, request| match request.before {
        0 => fixture.answer(request).cut(1_000),
        1 => {
            let mut reply = fixture.answer(request);
            reply.body.fill(0);
            reply
        }
        _ => Reply::ok(fixture.layers[0].clone()),
    });
    assert_eq!((fetched, requests), (Ok(600_000), 3));
}

#[test]
fn a_wrong_digest_is_an_error_with_both_digests() {
    let (fetched, requests) = both(|fixture, _| Reply::ok(vec![0; fixture.layers[0].len()]));
    let error = fetched.unwrap_err();
    let fixture = Fixture::new();
    let [expected, actual] = [&fixture.layers[0], &vec![0; 300_000]].map(|bytes| Digest::sha256(bytes).to_string());
    assert!(error.contains(&expected) && error.contains(&actual), "{error}");
    assert_eq!(requests, 1);
}

#[test]
fn a_short_blob_is_an_error_with_both_sizes() {
    let (fetched, requests) = both(|fixture, _| Reply::ok(&fixture.layers[0][..299_999]));
    let error = fetched.unwrap_err();
    assert!(error.contains("299999 bytes") && error.contains("says 300000"), "{error}");
    assert_eq!(requests, 1);
}

#[test]
fn a_connection_that_always_breaks_is_an_error_with_the_bytes_received() {
    let (fetched, requests) = both(|fixture, request| fixture.answer(request).cut(10));
    let error = fetched.unwrap_err();
    assert!(error.contains("after 50 bytes") && error.contains("5 attempts"), "{error}");
    assert_eq!(requests, 5);
}

/// With `--ignore-errors`, the other layers are shown; reading the lost one repeats the error without a new request.
#[test]
fn a_lost_blob_does_not_hide_the_others() {
    let (fixture, server) = Fixture::with_fault(0, |_, _| Reply::status("404 Not Found"));
    let mut access = server.access();
    access.on_damage = OnDamage::Remark;
    let image = server.open_with(&access).unwrap();
    fetch(&image, &[fixture.member(0), fixture.member(1)]).unwrap();
    assert!(bytes_of(&image, &fixture.member(1)).unwrap() == fixture.layers[1]);
    for _ in 0..3 {
        let error = bytes_of(&image, &fixture.member(0)).unwrap_err();
        let digest = Digest::sha256(&fixture.layers[0]).to_string();
        assert!(error.contains(&digest) && error.contains("404"), "{error}");
    }
    assert_eq!(server.count(&fixture.path(0)), 1);
}

#[test]
fn a_missing_tag_error_says_what_to_check() {
    let server = Server::start(|_| Reply::status("404 Not Found"));
    let error = server.open().unwrap_err().to_string();
    assert!(
        error.contains("not have the manifest of app:1 (404 Not Found)") && error.contains("check the name"),
        "{error}"
    );
}

#[test]
fn a_manifest_is_limited_and_verified() {
    let long = Server::start(|_| Reply::ok(vec![b' '; 9 << 20]));
    assert!(long.open().unwrap_err().to_string().contains("longer than 8388608 bytes"));
    let wrong = Digest::sha256(b"").to_string();
    let other = Server::start(move |_| Reply::ok("{}").with("Docker-Content-Digest", wrong.clone()));
    assert!(other.open().unwrap_err().to_string().contains("is damaged"));
    let odd = Server::start(|_| Reply::ok("{}").with("Content-Type", "application/vnd.example+json"));
    assert!(odd.open().unwrap_err().to_string().contains("application/vnd.example+json"));
}

/// No user has a file `blobs/sha256/...`.
#[test]
fn a_damaged_document_of_a_registry_is_named() {
    let manifest = Fixture::new().manifest;
    for (body, says) in [
        (&b"\x1f\x8b\x08"[..], "is compressed with gzip; push the image again"),
        (b"", "is empty; push the image again"),
        (
            &manifest[..20],
            "is not a valid document: the document ends too early at line 1 column 21; push the image again",
        ),
    ] {
        let body = body.to_vec();
        let server = Server::start(move |_| Reply::ok(body.clone()).with("Content-Type", MANIFEST));
        let error = image::open(&server.open().unwrap(), &Selection::default(), OnDamage::Fail).unwrap_err();
        assert_eq!(error.to_string(), format!("{}/app:1: the manifest of app:1 {says}", server.host));
    }
    let config = Digest::sha256(b"{");
    let listed = serde_json::json!({ "mediaType": MANIFEST, "config": { "digest": config.to_string(), "size": 1 } });
    let server = Server::start(move |request| {
        Reply::ok(if request.path.contains("blobs") { "{".to_owned() } else { listed.to_string() })
    });
    let error = image::open(&server.open().unwrap(), &Selection::default(), OnDamage::Fail).unwrap_err();
    let named = format!("{}/app:1: the configuration {config} is not a valid document: ", server.host);
    assert!(error.to_string().starts_with(&named), "{error}");
}

#[test]
fn the_layout_lists_the_manifest_and_the_blobs() {
    let fixture = Fixture::new();
    let server = Server::start(move |request| fixture.answer(request).with("Content-Type", MANIFEST));
    let image = server.open().unwrap();
    let index: serde_json::Value = serde_json::from_slice(&bytes_of(&image, "index.json").unwrap()).unwrap();
    let entry = &index["manifests"][0];
    assert_eq!(entry["mediaType"], MANIFEST);
    assert_eq!(entry["annotations"]["io.containerd.image.name"], format!("{}/app:1", server.host));
    let fixture = Fixture::new();
    assert_eq!(entry["digest"], Digest::sha256(&fixture.manifest).to_string());
    assert_eq!(bytes_of(&image, &Digest::sha256(&fixture.manifest).member()).unwrap(), fixture.manifest);
}
