//! Whom to believe that a registry is what it says. If one of these fails, a user pulls from whoever stands in between, or
//! cannot pull from their own registry.

use super::proxy::{Fault, Proxy, tunnel};
use super::{assert_fails, document, servers};
use crate::place::Corpus;
use crate::user::User;

/// Somebody with a login, who trusts whom everyone trusts.
fn user(guarded: &servers::Guarded) -> User {
    User::new().keeps(".docker/config.json", &guarded.docker_config())
}

#[test]
fn an_unknown_authority_is_named_with_what_to_do() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let ran = user(&guarded).runs(&[&guarded.image("sample:1")]);
    assert_fails(&ran, &[&guarded.host, "certificate", "--ca-file"]);
    super::assert_keeps_secrets(&User::new(), &ran, &[&guarded.password]);
}

#[test]
fn an_authority_in_a_file_is_trusted() {
    let Some(guarded) = servers::guarded_registry() else { return };
    document(&user(&guarded), &["--ca-file", &guarded.authority, &guarded.image("sample:1")]);
    let no_file = user(&guarded).runs(&["--ca-file", "nowhere.pem", &guarded.image("sample:1")]);
    assert_fails(&no_file, &["nowhere.pem"]);
    let no_certificate = user(&guarded).writes("ca.pem", "no certificate");
    assert_fails(&no_certificate.runs(&["--ca-file", "ca.pem", &guarded.image("sample:1")]), &["ca.pem"]);
}

/// The authority is trusted, and the certificate is for another host.
#[test]
fn a_certificate_for_another_name_is_refused() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let host = tunnel(&guarded.host);
    let user =
        User::new().keeps(".docker/config.json", &servers::docker_login(&host, &guarded.user, &guarded.password));
    let ran = user.runs(&["--ca-file", &guarded.authority, &format!("registry://{host}/sample:1")]);
    assert_fails(&ran, &[&host, "certificate", "name"]);
}

#[test]
fn a_host_called_insecure_is_believed_whatever_it_shows() {
    let Some(guarded) = servers::guarded_registry() else { return };
    document(&user(&guarded), &["--insecure-registry", &guarded.host, &guarded.image("sample:1")]);
}

/// Without TLS nothing is asked of a host that nobody called insecure, also where it is this machine.
#[test]
fn a_host_without_tls_is_refused_unless_called_insecure() {
    let Some(host) = servers::registry() else { return };
    let ran = User::new().waits(super::LONG).runs(&[&format!("registry://{host}/sample:1")]);
    assert_fails(&ran, &[&host, "--insecure-registry"]);
}

#[test]
fn a_client_certificate_lets_in() {
    let Some(host) = servers::mutual_registry() else { return };
    if !servers::is_root() {
        return;
    }
    let image = format!("registry://{host}/sample:1");
    let without = User::new().runs(&["--ca-file", &servers::certificate("ca.crt"), &image]);
    assert_fails(&without, &[&host, "certs.d"]);

    // /etc/docker of this machine is left alone: dive sees another one there.
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

/// A mirror has what another registry has, and is asked instead of it; what it has not got comes from the registry.
#[test]
fn a_mirror_is_asked_first_and_its_registry_after_it() {
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
    assert!(!mirror.asked("GET /v2/opaque/blobs/").is_empty());
    assert!(own.asked("/v2/opaque/").is_empty(), "{:?}", own.asked("/v2/opaque/"));
    let gone = super::http::Answer::new("404 Not Found", &[], "");
    mirror.always("/manifests/", Fault::Answer(gone));
    let by_registry = document(&User::new(), &arguments);
    assert!(!own.asked("/v2/opaque/manifests/").is_empty());
    super::assert_same("mirror and registry", &by_mirror, &by_registry);
}

/// Docker Hub's short names stand for a registry, a folder and a tag.
#[test]
fn a_name_of_docker_hub_is_completed() {
    let Some(host) = servers::registry() else { return };
    let mirror = Proxy::before_host(&host);
    let rule = format!("docker.io={}", mirror.address());
    let arguments = |name: &'static str| {
        ["--insecure-registry", mirror.address(), "--registry-mirror", &rule, name].map(str::to_owned)
    };
    // There is no network to the hub itself in a test: what the mirror is asked is what counts.
    mirror.always("/manifests/", Fault::Answer(super::http::Answer::new("403 Forbidden", &[], "")));
    for (name, asked) in [
        ("registry://alpine", "/v2/library/alpine/manifests/latest"),
        ("registry://team/app:1", "/v2/team/app/manifests/1"),
    ] {
        let environment =
            User::new().sets("HTTPS_PROXY", "http://127.0.0.1:1").sets("https_proxy", "http://127.0.0.1:1");
        environment.waits(super::LIMIT).runs(&arguments(name).each_ref().map(String::as_str)).ends_with(2);
        assert!(!mirror.asked(asked).is_empty(), "{name}: {:?}", mirror.asked(""));
    }
}
