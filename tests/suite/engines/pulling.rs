//! Pull policies. A failure means that a pipeline finds no image, or that dive pulls against the user's will.

use super::http::Response;
use super::proxy::{Fault, Proxy};
use super::{assert_fails, assert_same, content, document, servers};
use crate::place::sample;
use crate::user::User;

/// For each engine, a registry with a new name, so that the engine has no image of it yet.
fn places() -> Vec<(Proxy, String)> {
    let Some(registry) = servers::registry() else { return Vec::new() };
    let engines = [(servers::docker(), "docker"), (servers::podman(), "podman")];
    let engines = engines.into_iter().filter(|(server, _)| server.is_some());
    engines
        .map(|(_, engine)| {
            let proxy = Proxy::before_host(&registry);
            let image = format!("{engine}://{}/sample:1", proxy.address());
            (proxy, image)
        })
        .collect()
}

#[test]
fn pull_missing_pulls_once_and_pull_always_each_time() {
    let expected = content(document(&User::new(), &[&sample()]));
    for (proxy, image) in places() {
        let user = User::of_engines().waits(super::LIMIT);
        assert_same(&image, &expected, &content(document(&user, &["--pull", "missing", &image])));
        assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
        proxy.clear_records();
        assert_same(&image, &expected, &content(document(&user, &["--pull", "missing", &image])));
        assert_eq!(proxy.requests("").len(), 0, "requests for a present image");
        document(&user, &["--pull", "always", &image]);
        assert!(!proxy.requests("/v2/sample/manifests/").is_empty(), "no request with --pull always");
    }
}

#[test]
fn pull_never_in_config_forbids_pulling() {
    for (proxy, image) in places() {
        for arguments in [&["--pull", "never", &image][..], &["--ci", "--pull", "never", &image]] {
            assert_fails(&User::of_engines().runs(arguments), &["sample:1", "--pull"]);
        }
        // A project may forbid pulls; the flag overrides that.
        let user = User::of_engines().writes(".dive.yaml", "pull: never\n").waits(super::LIMIT);
        for arguments in [&["--ci", &image][..], &[&image]] {
            assert_fails(&user.runs(arguments), &["sample:1", "--pull"]);
        }
        assert_eq!(proxy.requests("").len(), 0, "{image}: {:?}", proxy.requests(""));
        document(&user, &["--pull", "missing", &image]);
    }
}

/// dive pulls in a pipeline, where a new machine has no images.
#[test]
fn ci_mode_pulls_missing_images_and_says_so_once() {
    for ci in [&["--ci"][..], &[]] {
        for (proxy, image) in places() {
            let user = User::of_engines().sets("CI", "true").waits(super::LIMIT);
            let (engine, name) = image.split_once("://").unwrap();
            let rules = ["--highestUserWastedPercent", "0.9"];
            let ran = user.runs(&[ci, &rules, &[&image]].concat()).ends_with(0);
            let notice = format!("dive: {engine} has no image {name:?}; pulling it\n");
            assert_eq!(ran.stderr.matches(&notice).count(), 1, "{}", ran.stderr);
            assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
            let again = user.runs(&[ci, &rules, &[&image]].concat()).ends_with(0);
            assert!(!again.stderr.contains("pulling"), "the present image was pulled again: {}", again.stderr);
        }
    }
}

/// `-q` prints only results and errors, and standard output must stay a valid document.
#[test]
fn quiet_pull_prints_nothing() {
    for (_proxy, image) in places() {
        let ran = User::of_engines().waits(super::LIMIT).runs(&["-q", "--json", "-", &image]).ends_with(0);
        assert_eq!(ran.stderr, "");
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
    }
}

/// The registry's message reaches the user through the engine.
#[test]
fn failed_pull_shows_the_registrys_message() {
    for (proxy, image) in places() {
        let body = r#"{"errors":[{"code":"DENIED","message":"the subscription has ended"}]}"#;
        let denied = Response::new("403 Forbidden", &[("Content-Type", "application/json")], body);
        proxy.always("/manifests/", Fault::Response(denied));
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--pull", "missing", &image]);
        assert_fails(&ran, &["sample:1"]);
        let error = ran.stderr.to_lowercase();
        assert!(
            ["denied", "forbidden", "subscription", "403"].iter().any(|word| error.contains(word)),
            "{}",
            ran.stderr
        );
    }
    for (proxy, image) in places() {
        // The registry does not have the image.
        let image = image.replace("sample:1", "nobody-has-this:7");
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--pull", "missing", &image]);
        assert_fails(&ran, &["nobody-has-this:7"]);
        drop(proxy);
    }
}

/// A pipeline whose login is missing or expired.
#[test]
fn missing_login_error_names_the_login_command() {
    for (proxy, image) in places() {
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        let headers = [("Content-Type", "application/json"), ("WWW-Authenticate", "Basic realm=\"test\"")];
        proxy.always("/v2/", Fault::Response(Response::new("401 Unauthorized", &headers, body)));
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--ci", &image]);
        let (engine, _) = image.split_once("://").unwrap();
        assert_fails(&ran, &["sample:1", &format!("log in to its registry: `{engine} login {}`", proxy.address())]);
    }
}

/// No network, or a registry that is down. Podman retries for some seconds.
#[test]
fn unreachable_registry_is_reported_once() {
    if servers::docker().is_none() {
        return;
    }
    let ran = User::of_engines().waits(super::LIMIT).runs(&["--ci", "docker://127.0.0.1:1/team/app:1"]);
    assert_fails(&ran, &["connection refused", "check the network"]);
    let error = ran.error();
    assert_eq!(error.matches("team/app").count(), 1, "{error}");
    assert!(error.len() < 300, "{error}");
}

#[test]
fn unknown_pull_policy_is_refused() {
    let ran = User::new().runs(&["--pull", "sometimes", "docker://x"]).ends_with(2);
    assert!(["missing", "always", "never"].iter().all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
}
