//! Image names and the choice of the engine. A failure means that a user cannot name an image, or sees that of another
//! engine.

use serde_json::Value;

use super::http;
use super::{assert_fails, document, servers};
use crate::place::Corpus;
use crate::user::User;

/// The configuration digest of `opaque:buildkit` in every engine.
const ID: &str = "54ebc3b0600878fa21ae5a4ec8229157c17a4cfa566d4434e4bf85fe3278043e";

/// Recognises `opaque:buildkit`.
fn is_opaque(document: &Value) -> bool {
    document["layer"].as_array().unwrap().len() == 7 && document["image"]["inefficientBytes"] == 10
}

#[test]
fn docker_opens_by_name_tag_and_id() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    let user = User::of_engines();
    let long = format!("sha256:{ID}");
    for name in ["opaque:buildkit", &ID[..12], &ID[..5], ID, &long, "docker.io/library/opaque:buildkit"] {
        assert!(is_opaque(&document(&user, &[&format!("docker://{name}")])), "{name}");
        assert!(is_opaque(&document(&user, &[name])), "{name} without a scheme");
    }
    // The default tag is `latest`.
    let latest = document(&user, &["docker://multi-a"]);
    assert_eq!(latest["layer"].as_array().unwrap().len(), 3);
    let other = document(&user, &["docker://registry.example.com:5000/team/multi-a:v1.2.3"]);
    assert_eq!(other["layer"], latest["layer"]);
    let tags = latest["image"]["tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag == "multi-a:latest"), "{tags:?}");
}

#[test]
fn podman_opens_by_name_tag_and_id() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::podman()) else { return };
    let user = User::of_engines();
    let long = format!("sha256:{ID}");
    for name in ["opaque:buildkit", "localhost/opaque:buildkit", &ID[..12], ID, &long] {
        assert!(is_opaque(&document(&user, &[&format!("podman://{name}")])), "{name}");
    }
    let latest = document(&user, &["podman://multi-a"]);
    assert_eq!(latest["layer"].as_array().unwrap().len(), 3);
}

/// The manifest digest of `opaque:gzip`.
const DIGEST: &str = "sha256:f20195f9a7a4f42ee1a13f491514f8171c8bd7fa24b0fb2aca1cfab4bc5140dc";

/// Deployments name images as `NAME@sha256:...`.
#[test]
fn image_opens_by_digest() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("{host}/opaque@{DIGEST}");
    assert!(is_opaque(&document(&User::new(), &["--insecure-registry", &host, &format!("registry://{image}")])));
    let tagged = format!("registry://{host}/opaque:gzip@{DIGEST}");
    assert!(is_opaque(&document(&User::new(), &["--insecure-registry", &host, &tagged])));
    let wrong = format!("registry://{host}/opaque@{}", DIGEST.replace("f2", "00"));
    assert_fails(&User::new().runs(&["--insecure-registry", &host, &wrong]), &["opaque", &host]);
    if servers::docker().is_some() {
        // Docker knows an image's digest only after a pull.
        let user = User::of_engines();
        assert!(is_opaque(&document(&user, &["--pull", "missing", &format!("docker://{image}")])));
        assert!(is_opaque(&document(&user, &["--pull", "never", &format!("docker://{image}")])));
    }
}

#[test]
fn engine_precedence_is_scheme_flag_configuration() {
    let (Some(_), Some(_), Some(podman)) = (Corpus::here(), servers::docker(), servers::podman()) else { return };
    let only_podman = User::new().sets("DOCKER_HOST", "unix:///nowhere/docker.sock").sets("CONTAINER_HOST", &podman);
    for arguments in [
        &["podman://opaque:buildkit"][..],
        &["--source", "podman", "opaque:buildkit"],
        // The scheme overrides the flag.
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
fn containerd_opens_by_name() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::containerd()) else { return };
    let user = User::of_engines();
    assert!(is_opaque(&document(&user, &["containerd://docker.io/library/opaque:buildkit"])));
    assert!(is_opaque(&document(&user, &["--source", "containerd", "docker.io/library/opaque:buildkit"])));
    let missing = user.runs(&["containerd://docker.io/library/nothing:1"]);
    assert_fails(&missing, &["docker.io/library/nothing:1"]);
}

/// The error says where the image was looked for and what to do.
#[test]
fn missing_image_error_says_what_to_do() {
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

/// Another prefix than that of any image.
#[test]
fn unknown_short_id_is_an_error() {
    let (Some(_), Some(_)) = (Corpus::here(), servers::docker()) else { return };
    let other: String = ID.chars().take(11).chain(['x']).collect();
    assert_fails(&User::of_engines().runs(&["--pull", "never", &format!("docker://{other}")]), &[&other]);
}

/// Names become part of request paths and must not lead to other requests.
#[test]
fn image_name_cannot_reach_other_engine_endpoints() {
    let Some(docker) = servers::docker() else { return };
    let proxy = super::proxy::Proxy::before_socket(&docker);
    for name in ["../containers/json?x=", "a b", "a/../../version", "%2e%2e/info", "x?y#z", "\u{e9}", "a\nb"] {
        let user = User::new().sets("DOCKER_HOST", proxy.address());
        let ran = user.runs(&["--pull", "never", &format!("docker://{name}")]).ends_with(2);
        assert!(!ran.stderr.is_empty());
    }
    for request in proxy.requests("") {
        let path = request.what.split_once(' ').unwrap().1;
        let path = path.strip_prefix("/v1.").map_or(path, |path| path.trim_start_matches(|c: char| c.is_ascii_digit()));
        let is_expected =
            ["/images/", "/containers/", "/version", "/_ping", "/info"].iter().any(|start| path.starts_with(start));
        assert!(is_expected && !path.contains("/../"), "{}", request.what);
    }
    // The engine still works.
    let socket = docker.strip_prefix("unix://").unwrap();
    let stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    assert_eq!(http::get(stream, "/_ping", &[]).unwrap().1, b"OK");
}
