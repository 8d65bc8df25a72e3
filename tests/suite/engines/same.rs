//! The same image from every source. A failure means that the result depends on the source.

use std::process::Command;

use serde_json::Value;

use super::proxy::Proxy;
use super::tokens::Tokens;
use super::{assert_same, content, document, servers};
use crate::place::{Corpus, sample};
use crate::truth;
use crate::user::User;

/// Checks that `user` sees the corpus image there, as document and as listing.
fn assert_is_opaque(corpus: &Corpus, user: &User, arguments: &[&str]) {
    let place = arguments.last().unwrap();
    let expected = content(document(&User::new(), &[&corpus.path("opaque/docker20.tar")]));
    assert_same(place, &expected, &content(document(user, arguments)));
    let listing = user.runs(&[&["tree", "--format", "tsv"], arguments].concat()).ends_with(0).stdout;
    truth::assert_same(place, &truth::read(&corpus.path("opaque/truth.tsv")), &truth::rows(&listing));
}

#[test]
fn docker_image_matches_the_archive() {
    let (Some(corpus), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    assert_is_opaque(&corpus, &User::of_engines(), &["docker://opaque:buildkit"]);
}

#[test]
fn podman_image_matches_the_archive() {
    let (Some(corpus), Some(_)) = (Corpus::here(), servers::podman()) else { return };
    assert_is_opaque(&corpus, &User::of_engines(), &["podman://opaque:buildkit"]);
}

#[test]
fn containerd_image_matches_the_archive() {
    let (Some(corpus), Some(_)) = (Corpus::here(), servers::containerd()) else { return };
    assert_is_opaque(&corpus, &User::of_engines(), &["containerd://docker.io/library/opaque:buildkit"]);
}

/// The sample is enough to test every engine without the corpus.
#[test]
fn every_engine_shows_the_sample() {
    let expected = content(document(&User::new(), &[&sample()]));
    for (server, image) in [
        (servers::docker(), "docker://dive-sample:1.0"),
        (servers::podman(), "podman://dive-sample:1.0"),
        (servers::containerd(), "containerd://docker.io/library/dive-sample:1.0"),
    ] {
        if server.is_some() {
            assert_same(image, &expected, &content(document(&User::of_engines(), &[image])));
        }
    }
}

/// For every compression.
#[test]
fn registry_image_matches_the_archive() {
    let (Some(corpus), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    // `partial` tests layers with a table of contents.
    for tag in ["gzip", "zstd", "uncompressed"] {
        let image = format!("registry://{host}/opaque:{tag}");
        assert_is_opaque(&corpus, &User::new(), &["--insecure-registry", &host, &image]);
    }
}

/// Including digests, media types and stored sizes of the pushed layout.
#[test]
fn registry_layers_have_digests_types_and_sizes() {
    let (Some(corpus), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("registry://{host}/opaque:gzip");
    let mut pulled = document(&User::new(), &["--insecure-registry", &host, &image]);
    let mut layout = document(&User::new(), &[&corpus.path("opaque/oci-dir")]);
    for document in [&mut pulled, &mut layout] {
        document["image"]["name"].take();
        document["image"]["tags"].take();
    }
    assert_same(&image, &layout, &pulled);
    let types: Vec<_> = pulled["layer"].as_array().unwrap().iter().map(|layer| &layer["mediaType"]).collect();
    assert!(types.iter().all(|kind| **kind == "application/vnd.oci.image.layer.v1.tar+gzip"), "{types:?}");
    let stored: u64 =
        pulled["layer"].as_array().unwrap().iter().map(|layer| layer["storedBytes"].as_u64().unwrap()).sum();
    assert!(stored > 1_000_000, "{stored} bytes stored");
}

/// The document without what a Docker schema 1 manifest lacks: diff ids, media types and storage details.
fn without_diff_ids(document: Value) -> Value {
    let mut document = content(document);
    for layer in document["layer"].as_array_mut().unwrap() {
        for key in ["digestId", "diffId"] {
            layer[key].take();
        }
    }
    document
}

/// The digest of a signed manifest is that of its payload.
fn digest_of(host: &str, image: &str) -> String {
    let url = format!("docker://{host}/{image}");
    let ran = Command::new("skopeo").args(["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &url]).output();
    let ran = ran.expect("skopeo");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

#[test]
fn docker_schema_1_image_matches_the_archive() {
    let Some(host) = servers::registry() else { return };
    let insecure = ["--insecure-registry", host.as_str()];
    let expected = without_diff_ids(document(&User::new(), &[&sample()]));
    let digest = digest_of(&host, "sample:schema1");
    for name in ["sample:schema1", &format!("sample@{digest}")] {
        let image = format!("registry://{host}/{name}");
        let shown = without_diff_ids(document(&User::new(), &[&insecure[..], &[&image]].concat()));
        assert_same(&image, &expected, &shown);
    }
    let Some(corpus) = Corpus::here() else { return };
    let [schema1, schema2] = ["schema1", "gzip"].map(|tag| format!("registry://{host}/opaque:{tag}"));
    let [mut shown, mut expected] =
        [&schema1, &schema2].map(|image| without_diff_ids(document(&User::new(), &[&insecure[..], &[image]].concat())));
    // skopeo replaces the last history entry with the configuration, and BuildKit's configuration does not repeat the
    // command.
    for document in [&mut shown, &mut expected] {
        document["layer"].as_array_mut().unwrap().last_mut().unwrap()["command"].take();
    }
    assert_same(&schema1, &expected, &shown);
    let listing = User::new().runs(&[&["tree", "--format", "tsv"], &insecure[..], &[&schema1]].concat()).ends_with(0);
    truth::assert_same(&schema1, &truth::read(&corpus.path("opaque/truth.tsv")), &truth::rows(&listing.stdout));
}

#[test]
fn registry_with_tls_and_password_matches_the_archive() {
    let (Some(corpus), Some(guarded)) = (Corpus::here(), servers::guarded_registry()) else { return };
    let user = User::new().keeps(".docker/config.json", &guarded.docker_config());
    let image = format!("registry://{}/opaque:gzip", guarded.host);
    assert_is_opaque(&corpus, &user, &["--ca-file", &guarded.authority, &image]);
}

#[test]
fn registry_with_tokens_matches_the_archive() {
    let (Some(corpus), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let tokens = Tokens::before(&host);
    let image = format!("registry://{}/opaque:gzip", tokens.host());
    assert_is_opaque(&corpus, &User::new(), &["--insecure-registry", tokens.host(), &image]);
}

/// Shared blobs must not be downloaded twice.
#[test]
fn no_blob_is_pulled_twice() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let proxy = Proxy::before_host(&host);
    let image = format!("registry://{}/opaque:gzip", proxy.address());
    let pulled = document(&User::new(), &["--insecure-registry", proxy.address(), "--no-cache", &image]);
    let requests = proxy.requests("GET /v2/opaque/blobs/");
    let mut paths: Vec<_> = requests.iter().map(|request| request.what.as_str()).collect();
    paths.sort_unstable();
    let count = paths.len();
    paths.dedup();
    assert_eq!(paths.len(), count, "a blob was pulled twice: {requests:#?}");
    let layers = pulled["layer"].as_array().unwrap();
    assert_eq!(count, layers.len() + 1, "the layers and the configuration: {requests:#?}");
}

/// A multi-platform image; an unknown platform is an error that names the available ones.
#[test]
fn registry_image_of_requested_platform_is_shown() {
    let (Some(corpus), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("registry://{host}/multiarch:2");
    let arguments = ["--insecure-registry", host.as_str(), image.as_str()];
    let ask = |platform: &str| {
        User::new().runs(&[&["tree", "--format", "tsv", "--platform", platform], &arguments[..]].concat())
    };
    let amd64 = ask("linux/amd64").ends_with(0).stdout;
    truth::assert_same(&image, &truth::read(&corpus.path("variants/multiarch-amd64.truth.tsv")), &truth::rows(&amd64));
    ask("linux/arm64").ends_with(0).prints(&["dir/arm64\t"]);
    let wrong = ask("plan9/mips");
    super::assert_fails(&wrong, &["plan9/mips", "linux/amd64", "linux/arm64"]);
}

/// The verdict must not depend on the source.
#[test]
fn verdict_is_the_same_for_every_source() {
    let rules = ["--ci", "--highestWastedBytes", "1B"];
    let expected = User::new().runs(&[&rules[..], &[&sample()]].concat()).ends_with(1);
    let verdict = |text: &str| {
        let from = text.find("PASS").into_iter().chain(text.find("FAIL")).min().unwrap_or_else(|| panic!("{text}"));
        text[from..].to_owned()
    };
    if servers::docker().is_some() {
        let ran = User::of_engines().runs(&[&rules[..], &["docker://dive-sample:1.0"]].concat()).ends_with(1);
        assert_eq!(verdict(&ran.stdout), verdict(&expected.stdout));
    }
    if let Some(host) = servers::registry() {
        let image = format!("registry://{host}/sample:1");
        let ran = User::new().runs(&[&rules[..], &["--insecure-registry", &host, &image]].concat()).ends_with(1);
        assert_eq!(verdict(&ran.stdout), verdict(&expected.stdout));
    }
}

/// Scripts use `digestId`, which must be the digest of the layer's content for every source.
#[test]
fn digest_id_is_the_same_for_every_source() {
    let (Some(corpus), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    let digests = |document: &Value, key: &str| {
        document["layer"].as_array().unwrap().iter().map(|layer| layer[key].clone()).collect::<Vec<_>>()
    };
    let archive = document(&User::new(), &[&corpus.path("opaque/docker20.tar")]);
    let engine = document(&User::of_engines(), &["docker://opaque:buildkit"]);
    for key in ["digestId", "diffId"] {
        assert_eq!(digests(&engine, key), digests(&archive, key), "{key}");
    }
    assert!(digests(&engine, "diffId").iter().all(|digest| digest.as_str().unwrap().starts_with("sha256:")));
}
