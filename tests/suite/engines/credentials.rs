//! Credentials for registries. A failure means that a logged-in user is refused, or that a password leaks.

use std::os::unix::fs::PermissionsExt;

use super::http::base64;
use super::servers::{self, Guarded, docker_login};
use super::tokens::{Needs, TOKEN, Tokens};
use super::{assert_fails, assert_keeps_secrets, document, with_log};
use crate::place::Corpus;
use crate::user::{Ran, User};

fn asks(user: &User, guarded: &Guarded) -> Ran {
    user.runs(&["--json", "document.json", "--ca-file", &guarded.authority, &guarded.image("sample:1")])
}

#[test]
fn docker_login_is_used() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let user = with_log(User::new()).keeps(".docker/config.json", &guarded.docker_config());
    let ran = asks(&user, &guarded).ends_with(0);
    assert_keeps_secrets(&user, &ran, &[&guarded.password, &format!("{}:{}", guarded.user, guarded.password)]);
    assert!(user.sees().contains(&"dive.log".to_owned()), "no log: {:?}", user.sees());

    let elsewhere = User::new().keeps("elsewhere/config.json", &guarded.docker_config());
    let folder = elsewhere.home("elsewhere");
    asks(&elsewhere.sets("DOCKER_CONFIG", folder.to_str().unwrap()), &guarded).ends_with(0);
}

#[test]
fn podman_login_is_used() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let user = User::new().keeps("run/containers/auth.json", &guarded.docker_config());
    let folder = user.home("run");
    asks(&user.sets("XDG_RUNTIME_DIR", folder.to_str().unwrap()), &guarded).ends_with(0);
    let user = User::new().keeps("auth.json", &guarded.docker_config());
    let file = user.home("auth.json");
    asks(&user.sets("REGISTRY_AUTH_FILE", file.to_str().unwrap()), &guarded).ends_with(0);
}

/// A user with a credential helper.
fn with_helper(config: &str, script: &str) -> User {
    let user = User::new().keeps(".docker/config.json", config).keeps("bin/docker-credential-vault", script);
    let program = user.home("bin/docker-credential-vault");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

#[test]
fn credential_helper_is_used() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let script = format!(
        "#!/bin/sh\nread -r host\n[ \"$1 $host\" = 'get {}' ] || exit 1\nprintf '{{\"ServerURL\":\"%s\",\"Username\":\"{}\",\
         \"Secret\":\"{}\"}}' \"$host\"\n",
        guarded.host, guarded.user, guarded.password
    );
    for config in [
        format!(r#"{{"credHelpers":{{"{}":"vault"}}}}"#, guarded.host),
        r#"{"credsStore":"vault"}"#.to_owned(),
        format!(r#"{{"auths":{{"{}":{{}}}},"credsStore":"vault"}}"#, guarded.host),
    ] {
        let user = with_log(with_helper(&config, &script));
        let ran = asks(&user, &guarded).ends_with(0);
        assert_keeps_secrets(&user, &ran, &[&guarded.password]);
    }
    // A broken helper that prints the secret.
    let broken = format!("#!/bin/sh\necho 'the vault is locked' >&2\necho '{}'\nexit 1\n", guarded.password);
    let user = with_log(with_helper(r#"{"credsStore":"vault"}"#, &broken));
    let ran = asks(&user, &guarded).ends_with(2);
    assert_keeps_secrets(&user, &ran, &[&guarded.password]);
}

#[test]
fn wrong_credentials_error_suggests_login() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let secret = "wrong-secret-0815";
    let user = with_log(User::new()).keeps(".docker/config.json", &docker_login(&guarded.host, &guarded.user, secret));
    let ran = asks(&user, &guarded);
    assert_fails(&ran, &[&guarded.host, "401", "login"]);
    assert_keeps_secrets(&user, &ran, &[secret, &format!("{}:{secret}", guarded.user)]);
}

#[test]
fn missing_credentials_error_suggests_login() {
    let Some(guarded) = servers::guarded_registry() else { return };
    assert_fails(&asks(&User::new(), &guarded), &[&guarded.host, "login"]);
    // Credentials for another host do not apply.
    let other =
        User::new().keeps(".docker/config.json", &docker_login("localhost:1", &guarded.user, &guarded.password));
    assert_fails(&asks(&other, &guarded), &[&guarded.host, "login"]);
}

/// Truncated or hand-edited files.
#[test]
fn damaged_login_file_leaks_no_secret() {
    let Some(guarded) = servers::guarded_registry() else { return };
    let secret = base64(&format!("{}:{}", guarded.user, guarded.password));
    for damaged in [
        format!(r#"{{"auths":{{"{}":{{"auth":"{secret}"}}}}"#, guarded.host),
        format!(r#"{{"auths":{{"{}":{{"auth":"*{secret}"}}}}}}"#, guarded.host),
        String::new(),
    ] {
        let user = with_log(User::new()).keeps(".docker/config.json", &damaged);
        let ran = asks(&user, &guarded).ends_with(2);
        assert_keeps_secrets(&user, &ran, &[&guarded.password, &secret]);
    }
}

const LOGIN: &str = "diver:token-secret-0816";

fn asks_for_token(user: &User, tokens: &Tokens, tag: &str) -> Ran {
    let image = format!("registry://{}/{tag}", tokens.host());
    user.runs(&["--json", "document.json", "--insecure-registry", tokens.host(), &image])
}

#[test]
fn password_is_exchanged_for_a_token() {
    let Some(host) = servers::registry() else { return };
    let tokens = Tokens::with(&host, Needs::Password(LOGIN), usize::MAX);
    let (name, password) = LOGIN.split_once(':').unwrap();
    let user = with_log(User::new()).keeps(".docker/config.json", &docker_login(tokens.host(), name, password));
    let ran = asks_for_token(&user, &tokens, "sample:1").ends_with(0);
    assert_keeps_secrets(&user, &ran, &[password, LOGIN, TOKEN]);
    assert!((1..=2).contains(&tokens.given()), "{} tokens for one pull", tokens.given());

    let user = with_log(User::new()).keeps(".docker/config.json", &docker_login(tokens.host(), name, "wrong-0817"));
    let ran = asks_for_token(&user, &tokens, "sample:1");
    assert_fails(&ran, &[tokens.host(), "login"]);
    assert!(tokens.refused() > 0);
    assert_keeps_secrets(&user, &ran, &["wrong-0817", TOKEN]);
}

#[test]
fn refresh_token_is_exchanged_for_a_token() {
    let Some(host) = servers::registry() else { return };
    let refresh = "refresh-secret-0818";
    let tokens = Tokens::with(&host, Needs::Refresh(refresh), usize::MAX);
    let config = |token: &str| format!(r#"{{"auths":{{"{}":{{"identitytoken":"{token}"}}}}}}"#, tokens.host());
    let user = with_log(User::new()).keeps(".docker/config.json", &config(refresh));
    let ran = asks_for_token(&user, &tokens, "sample:1").ends_with(0);
    assert_keeps_secrets(&user, &ran, &[refresh, TOKEN]);
    let user = with_log(User::new()).keeps(".docker/config.json", &config("expired-secret-0819"));
    let ran = asks_for_token(&user, &tokens, "sample:1");
    assert_fails(&ran, &[tokens.host(), "login"]);
    assert_keeps_secrets(&user, &ran, &["expired-secret-0819"]);
}

/// A pull that outlasts its token, as with large images.
#[test]
fn expired_token_is_renewed_during_a_pull() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let tokens = Tokens::with(&host, Needs::Nothing, 3);
    let image = format!("registry://{}/opaque:gzip", tokens.host());
    let pulled = document(&User::new(), &["--insecure-registry", tokens.host(), &image]);
    assert_eq!(pulled["layer"].as_array().unwrap().len(), 7);
    assert!(tokens.given() >= 2, "9 requests took {} tokens", tokens.given());
    let blobs = tokens.proxy().requests("/blobs/").into_iter().filter(|request| request.status == 200).count();
    assert_eq!(blobs, 8, "blobs requested");
}

/// A token server whose tokens are never accepted.
#[test]
fn rejected_tokens_are_not_requested_forever() {
    let Some(host) = servers::registry() else { return };
    let tokens = Tokens::with(&host, Needs::Nothing, 0);
    let user = with_log(User::new());
    let ran = asks_for_token(&user, &tokens, "sample:1");
    assert_fails(&ran, &[tokens.host(), "401"]);
    assert!(tokens.given() < 10, "{} token requests", tokens.given());
    assert_keeps_secrets(&user, &ran, &[TOKEN]);
}

/// A container with an arbitrary uid and root's HOME: its unreadable files must be ignored.
#[test]
fn unreadable_home_does_not_prevent_pulls() {
    let (Some(registry), Some(docker)) = (servers::registry(), servers::docker()) else { return };
    if !servers::is_root() {
        return;
    }
    let open = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // Other users cannot open the engine's own socket.
    let proxy = super::proxy::Proxy::before_socket(&docker);
    let socket = std::path::Path::new(proxy.address().strip_prefix("unix://").unwrap());
    open(socket, 0o777);
    open(socket.parent().unwrap(), 0o755);
    let user = User::new()
        .keeps(".docker/config.json", r#"{"currentContext":"away"}"#)
        .keeps(".config/docker/certs.d/nothing", "")
        .keeps(".config/containers/auth.json", "{}")
        .sets("DOCKER_HOST", proxy.address());
    let dive = user.file("dive");
    std::fs::copy(crate::user::DIVE, &dive).unwrap();
    std::fs::copy(crate::place::sample(), user.file("sample.tar")).unwrap();
    open(&user.home(".."), 0o755);
    open(&user.home(""), 0o700);
    let image = format!("registry://{registry}/sample:1");
    let missing = format!("registry://{registry}/nobody-has-this:1");
    let runs = |arguments: &[&str]| {
        let somebody = ["--reuid=65534", "--regid=65534", "--clear-groups", dive.to_str().unwrap()];
        let rules = ["--ci", "--highestUserWastedPercent", "0.9", "--insecure-registry", &registry];
        user.runs_program("setpriv", &[&somebody[..], &rules, arguments].concat())
    };
    for image in ["docker://dive-sample:1.0", &image, "sample.tar"] {
        runs(&[image]).ends_with(0);
    }
    // A missing image is reported as missing.
    assert_fails(&runs(&[&missing]), &["nobody-has-this"]);
    open(&user.home(""), 0o755);
}
