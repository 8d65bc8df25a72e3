//! The registry settings that the machine's engines have. A failure means that users must repeat them for dive, or that a
//! stranger's file can redirect an image.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};

use super::http::Response;
use super::proxy::Proxy;
use super::{assert_fails, assert_same, content, document, servers};
use crate::place::sample;
use crate::user::User;

/// A registry that nobody has.
const UPSTREAM: &str = "upstream.invalid";

/// `registries.conf` with the test registry as a mirror of [`UPSTREAM`], where the images have a path.
fn mirrored(host: &str) -> String {
    format!(
        "[[registry]]\nlocation = \"{UPSTREAM}\"\n[[registry.mirror]]\nlocation = \"{host}/mirror/hub\"\ninsecure = true\n"
    )
}

#[track_caller]
fn assert_is_sample(user: &User, arguments: &[&str]) {
    let expected = content(document(&User::new(), &[&sample()]));
    assert_same(arguments.last().unwrap(), &expected, &content(document(user, arguments)));
}

#[test]
fn a_mirror_of_registries_conf_may_have_a_path() {
    let Some(host) = servers::registry() else { return };
    let user = User::new().keeps(".config/containers/registries.conf", &mirrored(&host));
    assert_is_sample(&user, &[&format!("registry://{UPSTREAM}/team/sample:1")]);
    // Drop-ins count as well as the file itself.
    let user = User::new().keeps(".config/containers/registries.conf.d/50-mirror.conf", &mirrored(&host));
    assert_is_sample(&user, &[&format!("registry://{UPSTREAM}/team/sample:1")]);
}

#[test]
fn a_mirror_of_the_docker_daemon_is_used_for_docker_hub() {
    let Some(host) = servers::registry() else { return };
    let daemon = format!(r#"{{"registry-mirrors": ["http://{host}/mirror/hub/"]}}"#);
    let user = User::new().keeps(".config/docker/daemon.json", &daemon);
    assert_is_sample(&user, &["registry://team/sample:1"]);
    let daemon = format!(r#"{{"insecure-registries": ["{host}"]}}"#);
    let user = User::new().keeps(".docker/daemon.json", &daemon);
    assert_is_sample(&user, &[&format!("registry://{host}/sample:1")]);
    let user = User::new().keeps(".docker/daemon.json", r#"{"insecure-registries": ["127.0.0.0/8"]}"#);
    assert_is_sample(&user, &[&format!("registry://{host}/sample:1")]);
}

#[test]
fn a_mirror_of_the_command_line_may_have_a_path() {
    let Some(host) = servers::registry() else { return };
    let mirror = format!("{UPSTREAM}={host}/mirror/hub");
    let image = format!("registry://{UPSTREAM}/team/sample:1");
    assert_is_sample(&User::new(), &["--registry-mirror", &mirror, "--insecure-registry", &host, &image]);
    let own = format!("registries:\n  mirrors: [{mirror}]\n  insecure: [\"{host}\"]\n");
    assert_is_sample(&User::new().keeps(".dive.yaml", &own), &[&image]);
    // Somebody else's file.
    let user = User::new().writes(".dive.yaml", &own);
    let ran = user.runs(&[&image]).ends_with(2);
    assert!(ran.stderr.contains("registries.mirrors has no effect"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{UPSTREAM} cannot be reached")), "{}", ran.stderr);
}

#[test]
fn short_names_and_blocked_registries_are_those_of_podman() {
    let Some(host) = servers::registry() else { return };
    let conf = format!(
        "[aliases]\n\"dive-test-short\" = \"{host}/sample\"\n[[registry]]\nlocation = \"{host}\"\ninsecure = true\n\
         [[registry]]\nprefix = \"{host}/opaque\"\nblocked = true\n"
    );
    let user = User::new().keeps(".config/containers/registries.conf", &conf);
    assert_is_sample(&user, &["registry://dive-test-short:1"]);
    let file = user.home(".config/containers/registries.conf");
    assert_fails(&user.runs(&[&format!("registry://{host}/opaque:gzip")]), &["is blocked by", file.to_str().unwrap()]);
}

/// A mistake in a file of the machine must not keep images from opening.
#[test]
fn a_damaged_settings_file_is_a_warning() {
    let Some(host) = servers::registry() else { return };
    let user = User::new()
        .keeps(".config/containers/registries.conf", "# mirrors\n[[registry]\n")
        .keeps(".docker/daemon.json", "{");
    let image = format!("registry://{host}/sample:1");
    let ran = user.runs(&["--insecure-registry", &host, &image]).ends_with(0);
    let conf = format!("warning: {}:2: ", user.home(".config/containers/registries.conf").display());
    let daemon = format!("warning: {}:1: ", user.home(".docker/daemon.json").display());
    ran.says(&[&conf, "not even what it blocks", &daemon]);
}

/// What the file says may be what the image needs.
#[test]
fn an_image_that_does_not_open_names_the_damaged_settings_file() {
    let user = User::new().keeps(".config/containers/registries.conf", &(mirrored("mirror.example") + "[[registry]\n"));
    let ran = user.runs(&[&format!("registry://{UPSTREAM}/team/sample:1")]);
    let file = format!("this may be why: {}:6: ", user.home(".config/containers/registries.conf").display());
    assert_fails(&ran, &[&format!("{UPSTREAM} cannot be reached: its name cannot be resolved"), "HTTPS_PROXY", &file]);
}

#[test]
fn certificates_and_logins_of_podman_are_found() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let authority = std::fs::read_to_string(&guarded.authority).unwrap();
    let user = User::new()
        .keeps(&format!(".config/containers/certs.d/{}/ca.crt", guarded.host), &authority)
        .keeps(".config/containers/auth.json", &guarded.docker_config());
    assert_is_sample(&user, &[&guarded.image("sample:1")]);
}

/// A registry that wants this token, before the real one.
fn with_token(host: &str) -> Proxy {
    Proxy::with_responder(host, |request| {
        if request.head.get("authorization") == Some("Bearer dive-test-given-0718") {
            return None;
        }
        let challenge = "Bearer realm=\"http://127.0.0.1:9/token\",service=\"test\"";
        Some(Response::new("401 Unauthorized", &[("WWW-Authenticate", challenge)], "{}"))
    })
}

#[test]
fn a_token_in_the_environment_is_sent_to_the_named_registry_alone() {
    let Some(host) = servers::registry() else { return };
    let proxy = with_token(&host);
    let image = format!("registry://{}/sample:1", proxy.address());
    let user = super::with_log(User::new()).sets("REGISTRY_TOKEN", "dive-test-given-0718");
    let ran = user.runs(&["--insecure-registry", proxy.address(), &image]).ends_with(0);
    super::assert_keeps_secrets(&user, &ran, &["dive-test-given-0718"]);
    // A mirror could keep the token.
    let mirror = format!("{UPSTREAM}={}", proxy.address());
    proxy.clear_records();
    let image = format!("registry://{UPSTREAM}/sample:1");
    user.runs(&["--insecure-registry", proxy.address(), "--registry-mirror", &mirror, &image]).ends_with(2);
    let asked = proxy.requests("");
    assert!(!asked.is_empty() && asked.iter().all(|asked| !asked.authorized), "{asked:?}");
}

/// A token for something else must not hide the user's login.
#[test]
fn a_denied_token_falls_back_to_the_login() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let user = User::new().keeps(".docker/config.json", &guarded.docker_config());
    let user = user.sets("REGISTRY_TOKEN", "dive-test-other-0718");
    assert_is_sample(&user, &["--ca-file", &guarded.authority, &guarded.image("sample:1")]);
    let user = User::new().sets("REGISTRY_TOKEN", "dive-test-other-0718");
    let ran = user.runs(&["--ca-file", &guarded.authority, &guarded.image("sample:1")]);
    assert_fails(&ran, &["the token in REGISTRY_TOKEN is wrong", "docker login"]);
    super::assert_keeps_secrets(&user, &ran, &["dive-test-other-0718"]);
}

#[test]
fn config_lists_the_settings_of_the_machine() {
    let user = User::new()
        .keeps(".config/containers/registries.conf", &mirrored("mirror.example"))
        .keeps(".config/docker/daemon.json", r#"{"insecure-registries": ["10.0.0.0/8"]}"#)
        .keeps(".docker/config.json", "{}")
        .sets("DIVE_REGISTRIES_INSECURE", "a.example:5000")
        .sets("REGISTRY_TOKEN", "dive-test-given-0718");
    let ran = user.runs(&["config"]).ends_with(0);
    let place = |file: &str| user.home(file).display().to_string();
    ran.prints(&[
        &format!("#   {}: {UPSTREAM} from mirror.example/mirror/hub", place(".config/containers/registries.conf")),
        &format!("#   {}: 10.0.0.0/8 is insecure", place(".config/docker/daemon.json")),
        &format!("#   {}: logins", place(".docker/config.json")),
        "insecure: [\"a.example:5000\"]",
        "DIVE_REGISTRIES_INSECURE",
    ]);
}

/// Forwards a port of `[::1]` to a server on 127.0.0.1. `None` on a machine without IPv6.
fn ipv6_port(server: &str) -> Option<String> {
    let listener = TcpListener::bind("[::1]:0").ok()?;
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(&server) else { continue };
            let ends = [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
            for (mut from, mut to) in ends {
                std::thread::spawn(move || {
                    let _ = io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
            }
        }
    });
    Some(address)
}

#[test]
fn a_registry_may_have_an_ipv6_address() {
    let Some(host) = servers::registry() else { return };
    let Some(address) = ipv6_port(&host) else { return crate::skipped::note("IPv6", "[::1] cannot be bound") };
    let image = format!("registry://{address}/sample:1");
    assert_is_sample(&User::new(), &["--insecure-registry", &address, &image]);
    let conf = mirrored(&address);
    let user = User::new().keeps(".config/containers/registries.conf", &conf);
    assert_is_sample(&user, &[&format!("registry://{UPSTREAM}/team/sample:1")]);
    // An engine gets the name as it is.
    if let Some(docker) = servers::docker() {
        let user = User::new().sets("DOCKER_HOST", &docker);
        assert_fails(&user.runs(&["--pull", "never", &format!("docker://{address}/sample:1")]), &["docker", &address]);
    }
}
