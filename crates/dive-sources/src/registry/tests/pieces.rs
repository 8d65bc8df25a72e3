//! Resumed downloads whose parts do not fit together end after a limited number of requests.

use super::server::{Fixture, Reply, Request, Server, blob_path};
use dive_model::digest::Digest;
use dive_model::store::Store;

/// Several times the bytes that count as progress.
const SIZE: usize = 5 << 20;

/// More requests than any blob may take. The server stops here if a test fails.
const TOO_OFTEN: usize = 150;

/// Fetches a layer of zeros under the name `digest`, through a server that fails on it. Returns the error and the number of
/// requests.
fn large(digest: &Digest, size: Option<usize>, fault: fn(&Request) -> Reply) -> (Result<usize, String>, usize) {
    let layer = serde_json::json!({ "digest": digest.to_string(), "size": size });
    let manifest = serde_json::json!({ "mediaType": super::server::MANIFEST, "layers": [layer] }).to_string();
    let path = format!("/v2/app/blobs/{digest}");
    let of_layer = path.clone();
    let server = Server::start(move |request| match request.path == of_layer {
        true if request.method == "HEAD" => Reply::ok(""),
        true if request.before >= TOO_OFTEN => Reply::status("404 Not Found"),
        true => fault(request),
        false => Reply::ok(manifest.clone()),
    });
    let image = server.open().unwrap();
    let blob = image.blob(&digest.member()).map_err(|error| error.to_string());
    let blob = blob.and_then(|blob| blob.read_document(64 << 20).map_err(|error| error.to_string()));
    let requests = server.seen().iter().filter(|request| request.path == path && request.method == "GET").count();
    (blob.map(|bytes| bytes.len()), requests)
}

/// The remaining zeros, cut at the length of one connection.
fn rest(request: &Request) -> Reply {
    let (zeros, from) = (vec![0; SIZE], request.from());
    let reply = from.map_or_else(|| Reply::ok(zeros.clone()), |from| Reply::part(&zeros, from));
    reply.cut((SIZE - from.unwrap_or_default()).min(SIZE / 2))
}

/// Each connection transfers many bytes with the wrong contents.
#[test]
fn wrong_bytes_are_not_fetched_for_ever() {
    let (got, requests) = large(&Digest::sha256(b"other"), Some(SIZE), rest);
    let error = got.unwrap_err();
    assert!(error.contains("is damaged"), "{error}");
    assert_eq!(requests, 4);
}

/// A server without range support, over a connection that always breaks.
#[test]
fn a_download_that_always_restarts_ends() {
    let digest = Digest::sha256(&vec![0; SIZE]);
    let all = |request: &Request| {
        Reply::ok(vec![0; SIZE]).cut(if request.before.is_multiple_of(2) { 2 << 20 } else { 4 << 20 })
    };
    let (got, requests) = large(&digest, Some(SIZE), all);
    let error = got.unwrap_err();
    assert!(error.contains("the connection was lost") && error.contains("100 attempts"), "{error}");
    assert_eq!(requests, 100);
}

/// A cut response has no `Content-Length`, and the manifest has no size.
#[test]
fn a_complete_blob_of_unknown_size_is_accepted() {
    let all = |request: &Request| match request.from() {
        None => Reply::ok(vec![0; SIZE]).with("Content-Length", (SIZE + 1).to_string()),
        Some(_) => Reply::status("416 Range Not Satisfiable"),
    };
    let (got, requests) = large(&Digest::sha256(&vec![0; SIZE]), None, all);
    assert_eq!((got, requests), (Ok(SIZE), 2));
    let (got, _) = large(&Digest::sha256(b"other"), None, all);
    let error = got.unwrap_err();
    assert!(error.contains("have the digest") && !error.contains("manifest says 0"), "{error}");
}

#[test]
fn a_part_at_the_wrong_offset_is_not_used() {
    let (fixture, server) = Fixture::with_fault(0, |fixture, request| match request.before {
        0 => fixture.answer(request).cut(1_000),
        1 => Reply::part(&fixture.layers[0], 500),
        _ => fixture.answer(request),
    });
    let image = server.open().unwrap();
    assert!(image.blob(&fixture.member(0)).unwrap().read_document(64 << 20).unwrap() == fixture.layers[0]);
    assert_eq!(server.count(&blob_path(&fixture.layers[0])), 3);
}
