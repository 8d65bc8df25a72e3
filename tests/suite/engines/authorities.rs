//! Certificates of registries. A failure means that dive trusts an impostor, or refuses the user's own registry.

use super::proxy::{Fault, Proxy, tunnel};
use super::{assert_fails, document, servers};
use crate::place::Corpus;
use crate::user::User;

/// A user who is logged in and trusts only public authorities.
fn user(guarded: &servers::Guarded) -> User {
    User::new().keeps(".docker/config.json", &guarded.docker_config())
}

#[test]
fn unknown_authority_error_names_ca_file() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let ran = user(&guarded).runs(&[&guarded.image("sample:1")]);
    assert_fails(&ran, &[&guarded.host, "certificate", "--ca-file"]);
    super::assert_keeps_secrets(&User::new(), &ran, &[&guarded.password]);
}

#[test]
fn ca_file_is_trusted() {
    let Some(guarded) = servers::guarded_registry() else { return };
    document(&user(&guarded), &["--ca-file", &guarded.authority, &guarded.image("sample:1")]);
    let no_file = user(&guarded).runs(&["--ca-file", "nowhere.pem", &guarded.image("sample:1")]);
    assert_fails(&no_file, &["nowhere.pem"]);
    let no_certificate = user(&guarded).writes("ca.pem", "no certificate");
    assert_fails(&no_certificate.runs(&["--ca-file", "ca.pem", &guarded.image("sample:1")]), &["ca.pem"]);
}

/// The authority is trusted but the certificate names another host.
#[test]
fn certificate_for_another_host_is_refused() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let host = tunnel(&guarded.host);
    let user =
        User::new().keeps(".docker/config.json", &servers::docker_login(&host, &guarded.user, &guarded.password));
    let ran = user.runs(&["--ca-file", &guarded.authority, &format!("registry://{host}/sample:1")]);
    assert_fails(&ran, &[&host, "certificate", "name"]);
}

#[test]
fn insecure_registry_needs_no_valid_certificate() {
    let Some(guarded) = servers::guarded_registry() else { return };
    document(&user(&guarded), &["--insecure-registry", &guarded.host, &guarded.image("sample:1")]);
}

/// dive sends nothing without TLS to a host that is not marked insecure, even on this machine.
#[test]
fn host_without_tls_needs_insecure_registry() {
    let Some(host) = servers::registry() else { return };
    let ran = User::new().waits(super::LONG).runs(&[&format!("registry://{host}/sample:1")]);
    assert_fails(&ran, &[&host, "--insecure-registry"]);
}

#[test]
fn client_certificate_is_sent() {
    let Some(host) = servers::mutual_registry() else { return };
    if !servers::is_root() {
        return;
    }
    let image = format!("registry://{host}/sample:1");
    let without = User::new().runs(&["--ca-file", &servers::certificate("ca.crt"), &image]);
    assert_fails(&without, &[&host, "certs.d"]);

    // /etc/docker is replaced only within dive's mount namespace.
    let folder = format!("certs.d/{host}");
    let user = User::new();
    let place = user.home(&folder);
    std::fs::create_dir_all(&place).unwrap();
    for (from, to) in [("ca.crt", "ca.crt"), ("client.crt", "client.cert"), ("client.key", "client.key")] {
        std::fs::copy(servers::certificate(from), place.join(to)).unwrap();
    }
    let script = format!(
        "mkdir -p /etc/docker && mount --bind '{}' /etc/docker && exec '{}' --json - '{image}'",
        user.home("").display(),
        crate::user::DIVE
    );
    let ran = user.runs_program("unshare", &["--mount", "sh", "-c", &script]).ends_with(0);
    assert!(ran.stdout.contains("\"layer\""), "{}", ran.stdout);
    std::fs::remove_file(place.join("client.key")).unwrap();
    let ran = user.runs_program("unshare", &["--mount", "sh", "-c", &script]);
    assert_fails(&ran, &["client.cert", ".key"]);
}

/// A mirror is tried first; images it lacks come from the registry.
#[test]
fn mirror_is_tried_before_its_registry() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let (mirror, own) = (Proxy::before_host(&host), Proxy::before_host(&host));
    let image = format!("registry://{}/opaque:gzip", own.address());
    let rule = format!("{}={}", own.address(), mirror.address());
    let arguments = [
        "--insecure-registry",
        own.address(),
        "--insecure-registry",
        mirror.address(),
        "--registry-mirror",
        &rule,
        "--no-cache",
        &image,
    ];
    let by_mirror = document(&User::new(), &arguments);
    assert!(!mirror.requests("GET /v2/opaque/blobs/").is_empty());
    assert!(own.requests("/v2/opaque/").is_empty(), "{:?}", own.requests("/v2/opaque/"));
    let gone = super::http::Response::new("404 Not Found", &[], "");
    mirror.always("/manifests/", Fault::Response(gone));
    let by_registry = document(&User::new(), &arguments);
    assert!(!own.requests("/v2/opaque/manifests/").is_empty());
    super::assert_same("mirror and registry", &by_mirror, &by_registry);
}

/// Short names of Docker Hub imply its registry, folder and tag.
#[test]
fn docker_hub_short_name_is_expanded() {
    let Some(host) = servers::registry() else { return };
    let mirror = Proxy::before_host(&host);
    let rule = format!("docker.io={}", mirror.address());
    let arguments = |name: &'static str| {
        ["--insecure-registry", mirror.address(), "--registry-mirror", &rule, name].map(str::to_owned)
    };
    // Tests have no network, so the mirror's requests are checked.
    mirror.always("/manifests/", Fault::Response(super::http::Response::new("403 Forbidden", &[], "")));
    for (name, request) in [
        ("registry://alpine", "/v2/library/alpine/manifests/latest"),
        ("registry://team/app:1", "/v2/team/app/manifests/1"),
    ] {
        let environment =
            User::new().sets("HTTPS_PROXY", "http://127.0.0.1:1").sets("https_proxy", "http://127.0.0.1:1");
        environment.waits(super::LIMIT).runs(&arguments(name).each_ref().map(String::as_str)).ends_with(2);
        assert!(!mirror.requests(request).is_empty(), "{name}: {:?}", mirror.requests(""));
    }
}
