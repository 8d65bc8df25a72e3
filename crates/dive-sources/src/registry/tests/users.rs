//! Registries that require credentials, and which server gets them.

use super::server::{Fixture, Reply, Request, Server, logged_in, open};
use crate::access::{Access, Mirror};
use dive_model::digest::Digest;
use dive_model::store::Store;

/// `ann:secret` in base64.
const ANN: &str = "YW5uOnNlY3JldA==";

fn realm(request: &Request) -> String {
    format!(r#"Bearer realm="http://{}/token",service="test",scope="repository:app:pull""#, request.header("host"))
}

fn refusal(request: &Request) -> Reply {
    Reply::status("401 Unauthorized").with("WWW-Authenticate", realm(request))
}

/// A registry whose tokens, `token-1` and so on, last for `uses` requests.
fn with_tokens(uses: usize, may: impl Fn(&Request) -> bool + Send + Sync + 'static) -> Server {
    let fixture = Fixture::new();
    let given = std::sync::Mutex::new((0, 0));
    Server::start(move |request| {
        let mut given = given.lock().unwrap();
        if request.path.starts_with("/token") {
            if !may(request) {
                return Reply::status("401 Unauthorized");
            }
            *given = (given.0 + 1, 0);
            return Reply::ok(format!(r#"{{"token": "token-{}"}}"#, given.0));
        }
        given.1 += 1;
        let good = request.header("authorization") == format!("Bearer token-{}", given.0) && given.1 <= uses;
        if good { fixture.answer(request) } else { refusal(request) }
    })
}

fn user(server: &Server, entry: &str) -> (tempfile::TempDir, Access) {
    let (folder, environment) = logged_in(&server.host, entry);
    (folder, Access { environment, ..server.access() })
}

#[test]
fn an_anonymous_token_is_fetched_and_renewed() {
    let server = with_tokens(2, |request| request.header("authorization").is_empty());
    let image = server.open().unwrap();
    let fixture = Fixture::new();
    for layer in 0..2 {
        let blob = image.blob(&fixture.member(layer)).unwrap();
        assert!(blob.read_document(64 << 20).unwrap() == fixture.layers[layer]);
    }
    let tokens: Vec<_> = server.seen().into_iter().filter(|request| request.path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(tokens[0].path, "/token?service=test&scope=repository%3Aapp%3Apull");
}

#[test]
fn the_token_server_accepts_a_password_and_an_identity_token() {
    let server = with_tokens(9, |request| request.header("authorization") == format!("Basic {ANN}"));
    let (_folder, access) = user(&server, &format!(r#"{{"auth": "{ANN}"}}"#));
    assert!(server.open_with(&access).is_ok());
    let server = with_tokens(9, |request| {
        request.method == "POST"
            && request.body.contains("grant_type=refresh_token")
            && request.body.contains("=my%2Bid")
    });
    let (_folder, access) = user(&server, r#"{"auth": "dXNlcjo=", "identitytoken": "my+id"}"#);
    assert!(server.open_with(&access).is_ok());
}

#[test]
fn refused_credentials_are_an_error_that_names_their_file_and_no_secret() {
    let server = with_tokens(9, |_| false);
    let (folder, access) = user(&server, &format!(r#"{{"auth": "{ANN}"}}"#));
    let error = server.open_with(&access).unwrap_err().to_string();
    let file = folder.path().join("config.json").display().to_string();
    assert!(error.contains(&format!("the credentials in {file} are wrong or lack permission")), "{error}");
    assert!(error.contains(&format!("`docker login {}`", server.host)), "{error}");
    assert!(!error.contains("secret") && !error.contains(ANN), "{error}");
    // A user with credentials must not be downgraded to anonymous silently.
    let requests = server.seen().into_iter().filter(|request| request.path.starts_with("/token"));
    assert!(requests.into_iter().all(|request| request.header("authorization") == format!("Basic {ANN}")));
}

#[test]
fn missing_credentials_are_an_error_that_lists_the_searched_files() {
    let server = with_tokens(0, |_| true);
    let error = server.open().unwrap_err().to_string();
    assert!(error.contains("401 Unauthorized") && error.contains("no credentials for it"), "{error}");
    assert!(error.contains(&format!("`docker login {}`", server.host)), "{error}");
}

#[test]
fn a_registry_with_basic_authentication_gets_the_password() {
    let fixture = Fixture::new();
    let server = Server::start(move |request| match request.header("authorization") {
        "" => Reply::status("401 Unauthorized").with("WWW-Authenticate", "Basic realm=\"x\""),
        sent if sent == format!("Basic {ANN}") => fixture.answer(request),
        // Some servers echo the header, or what they took out of it.
        sent => {
            let echo = sent.strip_prefix("Basic Ym9i").map_or(sent, |_| sent.trim_start_matches("Basic "));
            Reply {
                body: format!(r#"{{"errors": [{{"code": "DENIED", "message": "not {echo}"}}]}}"#).into(),
                ..Reply::status("403 Forbidden")
            }
        }
    });
    let (_folder, access) = user(&server, &format!(r#"{{"auth": "{ANN}"}}"#));
    assert!(server.open_with(&access).is_ok());
    for (login, shown) in [("Ym9iOnNlY3JldA==", "Ym9iOnNlY3JldA"), ("YW1lOnNlY3JldA==", "YW1lOnNlY3JldA")] {
        let (_folder, access) = user(&server, &format!(r#"{{"auth": "{login}"}}"#));
        let error = server.open_with(&access).unwrap_err().to_string();
        assert!(error.contains("403 Forbidden") && !error.contains(shown), "{error}");
    }
}

/// The body of a token request has the token as a form does.
#[test]
fn a_token_server_that_echoes_a_form_is_not_quoted() {
    let server = Server::start(|request| {
        if !request.path.starts_with("/token") {
            return refusal(request);
        }
        let token = request.body.rsplit('=').next().unwrap_or_default();
        let body = format!(r#"{{"errors": [{{"code": "X", "message": "bad {token}"}}]}}"#);
        Reply { body: body.into(), ..Reply::status("418 I'm a teapot") }
    });
    let (_folder, access) = user(&server, r#"{"auth": "dXNlcjo=", "identitytoken": "my+id/x"}"#);
    let error = server.open_with(&access).unwrap_err().to_string();
    assert!(error.contains("418") && !error.contains("my"), "{error}");
}

/// A token server may echo the secret, whatever its status.
#[test]
fn a_token_server_that_echoes_a_secret_is_not_quoted() {
    for status in ["404 Not Found", "500 Internal Server Error", "418 I'm a teapot"] {
        // The secret may cross the end of the quoted part.
        for before in ["", &"x".repeat(297)] {
            let body = format!(r#"{{"errors": [{{"code": "X", "message": "{before}secret"}}]}}"#);
            let server = Server::start(move |request| {
                let token = request.path.starts_with("/token");
                if token { Reply { body: body.clone().into(), ..Reply::status(status) } } else { refusal(request) }
            });
            let (_folder, access) = user(&server, &format!(r#"{{"auth": "{ANN}"}}"#));
            let error = server.open_with(&access).unwrap_err().to_string();
            assert!(error.contains(status) && !error.contains("sec"), "{error}");
        }
    }
}

/// Blobs often are on other hosts, in signed URLs: neither host may see the secret of the other.
#[test]
fn a_redirect_to_another_host_gets_no_credentials() {
    let storage = Fixture::new();
    let store = Server::start(move |request| {
        let body = storage.layers.iter().find(|layer| request.path.contains(&Digest::sha256(layer).to_string()));
        if request.path.contains("sha256") && request.before == 0 {
            return Reply::status("403 Forbidden");
        }
        body.map_or(Reply::status("404 Not Found"), |body| Reply::ok(body.clone()))
    });
    let (to, fixture) = (store.host.clone(), Fixture::new());
    let server = Server::start(move |request| match request.header("authorization") {
        "" => Reply::status("401 Unauthorized").with("WWW-Authenticate", "Basic realm=\"x\""),
        _ if request.path == fixture.path(0) => Reply::status("307 Temporary Redirect")
            .with("Location", format!("http://{to}{}?signature=hidden", request.path)),
        _ => fixture.answer(request),
    });
    let (_folder, access) = user(&server, &format!(r#"{{"auth": "{ANN}"}}"#));
    let fixture = Fixture::new();
    let read = |access| {
        let image = server.open_with(access).unwrap();
        image.blob(&fixture.member(0)).unwrap().read_document(64 << 20).map_err(|error| error.to_string())
    };
    let error = read(&access).unwrap_err();
    assert!(error.contains("403") && !error.contains("hidden") && !error.contains("secret"), "{error}");
    assert!(read(&access).unwrap() == fixture.layers[0]);
    assert!(store.seen().iter().all(|request| request.header("authorization").is_empty()));
    assert!(!store.seen().is_empty());
}

#[test]
fn a_mirror_is_tried_first_and_cannot_forge_a_digest() {
    let fixture = Fixture::new();
    let server = Server::start(move |request| fixture.answer(request));
    let liar = Server::start(|request| {
        if request.path.contains("sha256:") { Reply::ok("lies") } else { Reply::status("404 Not Found") }
    });
    let mut access = server.access();
    access.registries.insecure.push(liar.host.clone());
    access.registries.mirrors.push(Mirror { of: server.host.clone(), place: liar.host.parse().unwrap() });
    let fixture = Fixture::new();
    let image = server.open_with(&access).unwrap();
    assert!(image.blob(&fixture.member(0)).unwrap().read_document(64 << 20).unwrap() == fixture.layers[0]);
    assert_eq!(liar.count(&fixture.path(0)), 1);
    let error = open(&format!("{}/other:1", server.host), &access).unwrap_err().to_string();
    assert!(error.contains(&liar.host) && error.contains(&server.host), "{error}");
}

#[test]
fn plain_http_needs_the_permission_of_the_user() {
    let server = Server::start(|_| Reply::ok("{}"));
    let error = open(&format!("{}/app:1", server.host), &Access::default()).unwrap_err().to_string();
    assert!(error.contains("cannot be reached") || error.contains("not trusted"), "{error}");
    assert!(server.seen().is_empty());
}
