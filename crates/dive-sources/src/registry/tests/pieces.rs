//! Blobs that come in pieces which are no pieces of them: taken up again, but not for ever.

use super::server::{Fixture, Reply, Request, Server, blob_path};
use dive_model::digest::Digest;
use dive_model::store::Store;

/// More than what counts as progress, several times over.
const SIZE: usize = 5 << 20;

/// More than any blob may be asked for; the server of a test that fails ends it there.
const TOO_OFTEN: usize = 150;

/// A layer of zeros that is called `digest`, through a server that errs on it: what was said of it, and how often it
/// was asked for.
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
    let asked = server.seen().iter().filter(|request| request.path == path && request.method == "GET").count();
    (blob.map(|bytes| bytes.len()), asked)
}

/// The rest of the zeros, as far as a connection lasts.
fn rest(request: &Request) -> Reply {
    let (zeros, from) = (vec![0; SIZE], request.from());
    let reply = from.map_or_else(|| Reply::ok(zeros.clone()), |from| Reply::part(&zeros, from));
    reply.cut((SIZE - from.unwrap_or_default()).min(SIZE / 2))
}

/// Each connection brings a lot, and none of it is what was asked for.
#[test]
fn wrong_bytes_in_pieces_are_not_fetched_for_ever() {
    let (got, asked) = large(&Digest::sha256(b"other"), Some(SIZE), rest);
    let error = got.unwrap_err();
    assert!(error.contains("is damaged"), "{error}");
    assert_eq!(asked, 4);
}

/// A server that knows no ranges, behind a connection that never lasts.
#[test]
fn what_always_begins_anew_is_not_fetched_for_ever() {
    let digest = Digest::sha256(&vec![0; SIZE]);
    let all = |request: &Request| {
        Reply::ok(vec![0; SIZE]).cut(if request.before.is_multiple_of(2) { 2 << 20 } else { 4 << 20 })
    };
    let (got, asked) = large(&digest, Some(SIZE), all);
    let error = got.unwrap_err();
    assert!(error.contains("the connection was lost") && error.contains("100 attempts"), "{error}");
    assert_eq!(asked, 100);
}

/// The length is in no header of an answer that says where it breaks off, and not in the manifest.
#[test]
fn after_the_end_of_a_blob_of_unknown_length_there_is_nothing() {
    let all = |request: &Request| match request.from() {
        None => Reply::ok(vec![0; SIZE]).with("Content-Length", (SIZE + 1).to_string()),
        Some(_) => Reply::status("416 Range Not Satisfiable"),
    };
    let (got, asked) = large(&Digest::sha256(&vec![0; SIZE]), None, all);
    assert_eq!((got, asked), (Ok(SIZE), 2));
    let (got, _) = large(&Digest::sha256(b"other"), None, all);
    let error = got.unwrap_err();
    assert!(error.contains("have the digest") && !error.contains("manifest says 0"), "{error}");
}

#[test]
fn a_part_that_was_not_asked_for_is_not_the_beginning() {
    let (fixture, server) = Fixture::with_fault(0, |fixture, request| match request.before {
        0 => fixture.answer(request).cut(1_000),
        1 => Reply::part(&fixture.layers[0], 500),
        _ => fixture.answer(request),
    });
    let image = server.open().unwrap();
    assert!(image.blob(&fixture.member(0)).unwrap().read_document(64 << 20).unwrap() == fixture.layers[0]);
    assert_eq!(server.count(&blob_path(&fixture.layers[0])), 3);
}
