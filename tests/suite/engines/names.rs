//! What an image may be called, and which engine is asked. If one of these fails, a user has an image and cannot name it, or
//! sees that of another engine.

use serde_json::Value;

use super::http;
use super::{assert_fails, document, servers};
use crate::place::Corpus;
use crate::user::User;

/// Of `opaque:buildkit`, in every engine: the digest of its configuration.
const ID: &str = "54ebc3b0600878fa21ae5a4ec8229157c17a4cfa566d4434e4bf85fe3278043e";

/// The digest of a layer that only `opaque:buildkit` has.
fn is_opaque(document: &Value) -> bool {
    document["layer"].as_array().unwrap().len() == 7 && document["image"]["inefficientBytes"] == 10
}

#[test]
fn docker_knows_an_image_by_name_tag_and_id() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    let user = User::of_engines();
    let long = format!("sha256:{ID}");
    for name in ["opaque:buildkit", &ID[..12], &ID[..5], ID, &long, "docker.io/library/opaque:buildkit"] {
        assert!(is_opaque(&document(&user, &[&format!("docker://{name}")])), "{name}");
        assert!(is_opaque(&document(&user, &[name])), "{name} without a scheme");
    }
    // The tag is `latest` where none is given.
    let latest = document(&user, &["docker://multi-a"]);
    assert_eq!(latest["layer"].as_array().unwrap().len(), 3);
    let other = document(&user, &["docker://registry.example.com:5000/team/multi-a:v1.2.3"]);
    assert_eq!(other["layer"], latest["layer"]);
    let tags = latest["image"]["tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag == "multi-a:latest"), "{tags:?}");
}

#[test]
fn podman_knows_an_image_by_name_tag_and_id() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::podman()) else { return };
    let user = User::of_engines();
    let long = format!("sha256:{ID}");
    for name in ["opaque:buildkit", "localhost/opaque:buildkit", &ID[..12], ID, &long] {
        assert!(is_opaque(&document(&user, &[&format!("podman://{name}")])), "{name}");
    }
    let latest = document(&user, &["podman://multi-a"]);
    assert_eq!(latest["layer"].as_array().unwrap().len(), 3);
}

/// That of `opaque:gzip`'s manifest.
const DIGEST: &str = "sha256:f20195f9a7a4f42ee1a13f491514f8171c8bd7fa24b0fb2aca1cfab4bc5140dc";

/// `NAME@sha256:...` is how a deployment says exactly which image it means.
#[test]
fn an_image_is_known_by_its_digest() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("{host}/opaque@{DIGEST}");
    assert!(is_opaque(&document(&User::new(), &["--insecure-registry", &host, &format!("registry://{image}")])));
    let tagged = format!("registry://{host}/opaque:gzip@{DIGEST}");
    assert!(is_opaque(&document(&User::new(), &["--insecure-registry", &host, &tagged])));
    let wrong = format!("registry://{host}/opaque@{}", DIGEST.replace("f2", "00"));
    assert_fails(&User::new().runs(&["--insecure-registry", &host, &wrong]), &["opaque", &host]);
    if servers::docker().is_some() {
        // An image has a digest in Docker once it was pulled.
        let user = User::of_engines();
        assert!(is_opaque(&document(&user, &["--pull", "missing", &format!("docker://{image}")])));
        assert!(is_opaque(&document(&user, &["--pull", "never", &format!("docker://{image}")])));
    }
}

#[test]
fn the_engine_is_chosen_by_scheme_flag_and_configuration() {
    let (Some(_), Some(_), Some(podman)) = (Corpus::here(), servers::docker(), servers::podman()) else { return };
    let only_podman = User::new().sets("DOCKER_HOST", "unix:///nowhere/docker.sock").sets("CONTAINER_HOST", &podman);
    for arguments in [
        &["podman://opaque:buildkit"][..],
        &["--source", "podman", "opaque:buildkit"],
        // The scheme of an image goes over the flag.
        &["--source", "docker", "podman://opaque:buildkit"],
    ] {
        assert!(is_opaque(&document(&only_podman, arguments)), "{arguments:?}");
    }
    assert_fails(&only_podman.runs(&["opaque:buildkit"]), &["/nowhere/docker.sock"]);
    let configured = only_podman.writes(".dive.yaml", "container-engine: podman\n");
    assert!(is_opaque(&document(&configured, &["opaque:buildkit"])));
    assert_fails(&configured.runs(&["docker://opaque:buildkit"]), &["/nowhere/docker.sock"]);
    let by_variable = User::of_engines().sets("DIVE_CONTAINER_ENGINE", "podman");
    let tags = document(&by_variable, &["opaque:buildkit"])["image"]["tags"].clone();
    assert!(tags.to_string().contains("localhost/opaque:buildkit"), "{tags}");
}

#[test]
fn containerd_knows_an_image_by_its_name() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::containerd()) else { return };
    let user = User::of_engines();
    assert!(is_opaque(&document(&user, &["containerd://docker.io/library/opaque:buildkit"])));
    assert!(is_opaque(&document(&user, &["--source", "containerd", "docker.io/library/opaque:buildkit"])));
    let missing = user.runs(&["containerd://docker.io/library/nothing:1"]);
    assert_fails(&missing, &["docker.io/library/nothing:1"]);
}

/// What an engine has not got: say where it was looked for, and what would help.
#[test]
fn an_image_that_is_not_there_is_named_with_what_to_do() {
    for (server, scheme) in [(servers::docker(), "docker"), (servers::podman(), "podman")] {
        if server.is_none() {
            continue;
        }
        let image = format!("{scheme}://nobody/has-this:1");
        for arguments in [&["--pull", "never", &image][..], &["--ci", "--pull", "never", &image]] {
            let ran = User::of_engines().runs(arguments);
            assert_fails(&ran, &["nobody/has-this:1", scheme, "--pull"]);
        }
        let id = format!("{scheme}://{}", "0123456789ab".repeat(5));
        assert_fails(&User::of_engines().runs(&["--pull", "never", &id]), &["0123456789ab", scheme]);
    }
    if let Some(host) = servers::registry() {
        let ask = |name: &str| User::new().runs(&["--insecure-registry", &host, &format!("registry://{host}/{name}")]);
        assert_fails(&ask("sample:2"), &["sample:2", &host]);
        assert_fails(&ask("nobody/has-this:1"), &["nobody/has-this", &host]);
    }
}

/// Two images whose ids begin with the same letters: which is meant cannot be told.
#[test]
fn a_short_id_of_nothing_is_no_image() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    let other: String = ID.chars().take(11).chain(['x']).collect();
    assert_fails(&User::of_engines().runs(&["--pull", "never", &format!("docker://{other}")]), &[&other]);
}

/// Names are put into the engine's paths: what is in them must not lead to another request.
#[test]
fn a_name_does_not_lead_elsewhere_in_the_engine() {
    let Some(docker) = servers::docker() else { return };
    let proxy = super::proxy::Proxy::before_socket(&docker);
    for name in ["../containers/json?x=", "a b", "a/../../version", "%2e%2e/info", "x?y#z", "\u{e9}", "a\nb"] {
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        let ran = user.runs(&["--pull", "never", &format!("docker://{name}")]).ends_with(2);
        assert!(!ran.stderr.is_empty());
    }
    for asked in proxy.asked("") {
        let path = asked.what.split_once(' ').unwrap().1;
        let path = path.strip_prefix("/v1.").map_or(path, |path| path.trim_start_matches(|c: char| c.is_ascii_digit()));
        let is_expected =
            ["/images/", "/containers/", "/version", "/_ping", "/info"].iter().any(|start| path.starts_with(start));
        assert!(is_expected && !path.contains("/../"), "{}", asked.what);
    }
    // The engine is still one.
    let socket = docker.strip_prefix("unix://").unwrap();
    let stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    assert_eq!(http::get(stream, "/_ping", &[]).unwrap().1, b"OK");
}
