//! When an engine pulls. If one of these fails, a pipeline that worked with dive finds no image, or something is pulled though the
//! user forbade it.

use super::http::Answer;
use super::proxy::{Fault, Proxy};
use super::{assert_fails, assert_same, content, document, servers};
use crate::place::sample;
use crate::user::User;

/// A registry with a name of its own, so that no engine has pulled from it yet, for each engine.
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
fn what_is_missing_is_pulled_when_asked_for() {
    let expected = content(document(&User::new(), &[&sample()]));
    for (proxy, image) in places() {
        let user = User::of_engines().waits(super::LIMIT);
        assert_same(&image, &expected, &content(document(&user, &["--pull", "missing", &image])));
        assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
        proxy.forget();
        assert_same(&image, &expected, &content(document(&user, &["--pull", "missing", &image])));
        assert_eq!(proxy.asked("").len(), 0, "it is there now");
        document(&user, &["--pull", "always", &image]);
        assert!(!proxy.asked("/v2/sample/manifests/").is_empty(), "always is always");
    }
}

#[test]
fn nothing_is_pulled_where_that_is_forbidden() {
    for (proxy, image) in places() {
        for arguments in [&["--pull", "never", &image][..], &["--ci", "--pull", "never", &image]] {
            assert_fails(&User::of_engines().runs(arguments), &["sample:1", "--pull"]);
        }
        // A project may forbid it for everybody who works there; the flag goes over that.
        let user = User::of_engines().writes(".dive.yaml", "pull: never\n").waits(super::LIMIT);
        for arguments in [&["--ci", &image][..], &[&image]] {
            assert_fails(&user.runs(arguments), &["sample:1", "--pull"]);
        }
        assert_eq!(proxy.asked("").len(), 0, "{image}: {:?}", proxy.asked(""));
        document(&user, &["--pull", "missing", &image]);
    }
}

/// dive pulls in a pipeline, whose machine is new each time and has no images.
#[test]
fn a_pipeline_pulls_what_is_missing_and_says_so_once() {
    for ci in [&["--ci"][..], &[]] {
        for (proxy, image) in places() {
            let user = User::of_engines().sets("CI", "true").waits(super::LIMIT);
            let (engine, name) = image.split_once("://").unwrap();
            let rules = ["--highestUserWastedPercent", "0.9"];
            let ran = user.runs(&[ci, &rules, &[&image]].concat()).ends_with(0);
            let notice = format!("dive: {engine} has no image {name:?}; pulling it\n");
            assert_eq!(ran.stderr.matches(&notice).count(), 1, "{}", ran.stderr);
            assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
            let again = user.runs(&[ci, &rules, &[&image]].concat()).ends_with(0);
            assert!(!again.stderr.contains("pulling"), "it is there now: {}", again.stderr);
        }
    }
}

/// `-q` is for results and errors; a document on standard output stays one.
#[test]
fn a_quiet_run_pulls_without_a_word() {
    for (_proxy, image) in places() {
        let ran = User::of_engines().waits(super::LIMIT).runs(&["-q", "--json", "-", &image]).ends_with(0);
        assert_eq!(ran.stderr, "");
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
    }
}

/// What the registry says reaches the user through the engine.
#[test]
fn a_pull_that_fails_says_why() {
    for (proxy, image) in places() {
        let body = r#"{"errors":[{"code":"DENIED","message":"the subscription has ended"}]}"#;
        let denied = Answer::new("403 Forbidden", &[("Content-Type", "application/json")], body);
        proxy.always("/manifests/", Fault::Answer(denied));
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--pull", "missing", &image]);
        assert_fails(&ran, &["sample:1"]);
        let says = ran.stderr.to_lowercase();
        assert!(
            ["denied", "forbidden", "subscription", "403"].iter().any(|word| says.contains(word)),
            "{}",
            ran.stderr
        );
    }
    for (proxy, image) in places() {
        // It is not in the registry either.
        let image = image.replace("sample:1", "nobody-has-this:7");
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--pull", "missing", &image]);
        assert_fails(&ran, &["nobody-has-this:7"]);
        drop(proxy);
    }
}

/// A pipeline whose login is missing or has expired.
#[test]
fn a_registry_that_wants_a_login_is_named_with_the_command() {
    for (proxy, image) in places() {
        let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
        let headers = [("Content-Type", "application/json"), ("WWW-Authenticate", "Basic realm=\"test\"")];
        proxy.always("/v2/", Fault::Answer(Answer::new("401 Unauthorized", &headers, body)));
        let ran = User::of_engines().waits(super::LIMIT).runs(&["--ci", &image]);
        let (engine, _) = image.split_once("://").unwrap();
        assert_fails(&ran, &["sample:1", &format!("log in to its registry: `{engine} login {}`", proxy.address())]);
    }
}

/// A machine without a network, or a registry that is down. Podman tries for some seconds before it says the same.
#[test]
fn a_registry_that_cannot_be_reached_is_said_once() {
    if servers::docker().is_none() {
        return;
    }
    let ran = User::of_engines().waits(super::LIMIT).runs(&["--ci", "docker://127.0.0.1:1/team/app:1"]);
    assert_fails(&ran, &["connection refused", "check the network"]);
    let error = ran.error();
    assert_eq!(error.matches("team/app").count(), 1, "{error}");
    assert!(error.len() < 300, "{error}");
}

/// A word that is none of the three.
#[test]
fn an_unknown_policy_is_refused_before_anything_is_asked() {
    let ran = User::new().runs(&["--pull", "sometimes", "docker://x"]).ends_with(2);
    assert!(["missing", "always", "never"].iter().all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
}
