//! Layers that carry a table of contents (eStargz, zstd:chunked): they are listed without being pulled. If one of these
//! fails, a user waits for a layer that need not have come, or sees other files than those that would have come with it.

use super::broken_registries::proxy;
use super::http::Answer;
use super::proxy::{Fault, Proxy};
use super::{assert_same, content, document};
use crate::place::Corpus;
use crate::truth;
use crate::user::User;

const KINDS: [&str; 2] = ["estargz", "zstdchunked"];

/// The blobs of layers, which the configuration's is not: its media type is that of a document, and it is short.
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

/// A document without what only a layer that was read can tell.
fn listed(mut document: serde_json::Value) -> serde_json::Value {
    for layer in document["layer"].as_array_mut().unwrap() {
        layer.as_object_mut().unwrap().remove("unpackedBytes");
    }
    document
}

/// What the corpus' archive of that kind lists: all of it was pulled.
fn whole(kind: &str) -> (String, serde_json::Value) {
    let archive = Corpus::here().unwrap().path(&format!("opaque/oci-{kind}.tar"));
    let listing = User::new().runs(&["tree", "--format", "tsv", &archive]).ends_with(0).stdout;
    (listing, content(document(&User::new(), &[&archive])))
}

#[test]
fn a_layer_with_a_table_of_contents_is_listed_without_being_pulled() {
    for kind in KINDS {
        let Some(proxy) = proxy() else { return };
        let (listing, expected) = whole(kind);
        truth::assert_same(kind, &truth::rows(&listing), &truth::rows(&lists(&User::new(), &proxy, kind)));
        let asked = proxy.asked(BLOBS);
        let ranges = asked.iter().filter(|asked| asked.range.is_some()).count();
        assert!(ranges >= 7, "{kind}: {asked:#?}");
        for asked in asked.iter().filter(|asked| asked.range.is_none()) {
            assert!(asked.bytes < 10_000, "{kind}: more than the configuration came whole: {asked:?}");
        }
        let bytes: u64 = asked.iter().map(|asked| asked.bytes).sum();
        assert!(bytes < 300_000, "{kind}: {bytes} bytes of the 1.1 MB came");
        // All that is said of it, too, and once more from what was kept.
        let arguments = arguments(&proxy, kind);
        let arguments = arguments.each_ref().map(String::as_str);
        let user = User::new();
        let expected = listed(expected);
        assert_same(kind, &expected, &listed(content(document(&user, &arguments))));
        assert_same(kind, &expected, &listed(content(document(&user, &arguments))));
    }
}

/// Whoever publishes an image writes its tables, and could leave out what would break a rule.
#[test]
fn a_verdict_is_given_on_the_layers_themselves() {
    for kind in KINDS {
        let Some(proxy) = proxy() else { return };
        let (_, expected) = whole(kind);
        let arguments = arguments(&proxy, kind);
        let rules = ["--ci", "--lowestEfficiency", "disabled", "--highestUserWastedPercent", "disabled"];
        let all: Vec<_> = rules.into_iter().chain(arguments.iter().map(String::as_str)).collect();
        assert_same(kind, &expected, &content(document(&User::new(), &all)));
        assert!(proxy.asked(BLOBS).iter().all(|asked| asked.range.is_none()), "{kind}");
    }
}

#[test]
fn a_registry_without_ranges_sends_the_layer() {
    for kind in KINDS {
        if proxy().is_none() {
            return;
        }
        let (_, expected) = whole(kind);
        for refusal in ["416 Range Not Satisfiable", "501 Not Implemented", "200 and everything"] {
            let Some(proxy) = proxy() else { return };
            match refusal.strip_prefix("200") {
                Some(_) => proxy.always(BLOBS, Fault::WithoutRange),
                None => proxy.always_for_ranges(BLOBS, Fault::Answer(Answer::new(refusal, &[], ""))),
            }
            let arguments = arguments(&proxy, kind);
            let user = User::new().waits(super::LONG);
            let found = document(&user, &arguments.each_ref().map(String::as_str));
            assert_same(&format!("{kind}: {refusal}"), &expected, &content(found));
        }
    }
}

/// The table comes damaged: it is not believed. The layer is pulled, or the image is refused, and nothing wrong is kept.
#[test]
fn a_damaged_table_of_contents_is_not_believed() {
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
