//! Layers with a table of contents (eStargz, zstd:chunked) are listed without a pull. A failure means that dive
//! downloads layers needlessly or lists wrong files.

use super::broken_registries::proxy;
use super::http::Response;
use super::proxy::{Fault, Proxy};
use super::{assert_same, content, document};
use crate::place::Corpus;
use crate::truth;
use crate::user::User;

const KINDS: [&str; 2] = ["estargz", "zstdchunked"];

/// Blob requests. They include the configuration, which is short.
const BLOBS: &str = "GET /v2/opaque/blobs/";

fn arguments(proxy: &Proxy, kind: &str) -> [String; 3] {
    let image = format!("registry://{}/opaque:{kind}", proxy.address());
    ["--insecure-registry".to_owned(), proxy.address().to_owned(), image]
}

fn lists(user: &User, proxy: &Proxy, kind: &str) -> String {
    let arguments = arguments(proxy, kind);
    let arguments: Vec<_> =
        ["tree", "--format", "tsv"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    user.runs(&arguments).ends_with(0).stdout
}

/// The document without values that need the whole layer.
fn listed(mut document: serde_json::Value) -> serde_json::Value {
    for layer in document["layer"].as_array_mut().unwrap() {
        layer.as_object_mut().unwrap().remove("unpackedBytes");
    }
    document
}

/// Listing and document of the corpus archive of that kind.
fn whole(kind: &str) -> (String, serde_json::Value) {
    let archive = Corpus::here().unwrap().path(&format!("opaque/oci-{kind}.tar"));
    let listing = User::new().runs(&["tree", "--format", "tsv", &archive]).ends_with(0).stdout;
    (listing, content(document(&User::new(), &[&archive])))
}

#[test]
fn table_of_contents_saves_the_pull() {
    for kind in KINDS {
        let Some(proxy) = proxy() else { return };
        let (listing, expected) = whole(kind);
        truth::assert_same(kind, &truth::rows(&listing), &truth::rows(&lists(&User::new(), &proxy, kind)));
        let requests = proxy.requests(BLOBS);
        let ranges = requests.iter().filter(|request| request.range.is_some()).count();
        assert!(ranges >= 7, "{kind}: {requests:#?}");
        for request in requests.iter().filter(|request| request.range.is_none()) {
            assert!(request.bytes < 10_000, "{kind}: a whole layer was pulled: {request:?}");
        }
        let bytes: u64 = requests.iter().map(|request| request.bytes).sum();
        assert!(bytes < 300_000, "{kind}: {bytes} of 1.1 MB were pulled");
        // Documents agree as well, also from the cache.
        let arguments = arguments(&proxy, kind);
        let arguments = arguments.each_ref().map(String::as_str);
        let user = User::new();
        let expected = listed(expected);
        assert_same(kind, &expected, &listed(content(document(&user, &arguments))));
        assert_same(kind, &expected, &listed(content(document(&user, &arguments))));
    }
}

/// The publisher writes the table of contents and could omit what breaks a rule.
#[test]
fn ci_mode_reads_the_layers_themselves() {
    for kind in KINDS {
        let Some(proxy) = proxy() else { return };
        let (_, expected) = whole(kind);
        let arguments = arguments(&proxy, kind);
        let rules = ["--ci", "--lowestEfficiency", "disabled", "--highestUserWastedPercent", "disabled"];
        let all: Vec<_> = rules.into_iter().chain(arguments.iter().map(String::as_str)).collect();
        assert_same(kind, &expected, &content(document(&User::new(), &all)));
        assert!(proxy.requests(BLOBS).iter().all(|request| request.range.is_none()), "{kind}");
    }
}

#[test]
fn registry_without_ranges_sends_whole_layers() {
    for kind in KINDS {
        if proxy().is_none() {
            return;
        }
        let (_, expected) = whole(kind);
        for refusal in ["416 Range Not Satisfiable", "501 Not Implemented", "200 and everything"] {
            let Some(proxy) = proxy() else { return };
            match refusal.strip_prefix("200") {
                Some(_) => proxy.always(BLOBS, Fault::WithoutRange),
                None => proxy.always_for_ranges(BLOBS, Fault::Response(Response::new(refusal, &[], ""))),
            }
            let arguments = arguments(&proxy, kind);
            let user = User::new().waits(super::LONG);
            let found = document(&user, &arguments.each_ref().map(String::as_str));
            assert_same(&format!("{kind}: {refusal}"), &expected, &content(found));
        }
    }
}

/// The layer is pulled instead, or the image refused; nothing wrong is cached.
#[test]
fn damaged_table_of_contents_is_not_used() {
    for kind in KINDS {
        let (Some(bad), Some(good)) = (proxy(), proxy()) else { return };
        let (listing, _) = whole(kind);
        bad.always_for_ranges(BLOBS, Fault::Flip(60));
        let user = User::new().waits(super::LONG);
        let arguments = arguments(&bad, kind);
        let tree: Vec<_> =
            ["tree", "--format", "tsv"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
        let ran = user.runs(&tree);
        if ran.code == 0 {
            truth::assert_same(kind, &truth::rows(&listing), &truth::rows(&ran.stdout));
        } else {
            super::assert_fails(&ran, &[bad.address()]);
        }
        truth::assert_same(kind, &truth::rows(&listing), &truth::rows(&lists(&user, &good, kind)));
    }
}
