//! When an engine pulls. If one of these fails, a pipeline judges an image that nobody pushed there, or a user is told that
//! there is none where a pull would have helped.

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
fn nothing_is_pulled_that_nobody_asked_for() {
    for (proxy, image) in places() {
        for arguments in [&["--pull", "never", &image][..], &["--ci", &image]] {
            assert_fails(&User::of_engines().runs(arguments), &["sample:1", "--pull"]);
        }
        let by_variable = User::of_engines().sets("CI", "true").runs(&[&image]);
        assert_fails(&by_variable, &["sample:1", "--pull"]);
        assert_eq!(proxy.asked("").len(), 0, "{image}: {:?}", proxy.asked(""));
        // In a pipeline, too, it can be asked for.
        let ci = ["--ci", "--pull", "missing", "--highestUserWastedPercent", "0.9", &image];
        User::of_engines().waits(super::LIMIT).runs(&ci).ends_with(0);
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

/// A word that is none of the three.
#[test]
fn an_unknown_policy_is_refused_before_anything_is_asked() {
    let ran = User::new().runs(&["--pull", "sometimes", "docker://x"]).ends_with(2);
    assert!(["missing", "always", "never"].iter().all(|word| ran.stderr.contains(word)), "{}", ran.stderr);
}
