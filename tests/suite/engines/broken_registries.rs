//! Registries that limit, drop or corrupt responses. A failure means that a pull fails at the first hiccup, never ends,
//! or accepts wrong bytes.

use std::time::Duration;

use super::http::Response;
use super::proxy::{Fault, Proxy};
use super::tokens::{Needs, TOKEN, Tokens};
use super::{assert_fails, assert_same, content, document, servers, with_log};
use crate::place::Corpus;
use crate::user::{Ran, User};

/// The base layer of `opaque:gzip` and its size.
pub(super) const BASE: &str = "sha256:deb49001b3fe01ec74974c01b7abb5fe020762d98f656745771e54100755685f";
pub(super) const BASE_LEN: u64 = 1_068_540;

/// The digest of its manifest.
const MANIFEST: &str = "f20195f9a7a4f42ee1a13f491514f8171c8bd7fa24b0fb2aca1cfab4bc5140dc";

/// The request for the base layer.
fn base() -> String {
    format!("GET /v2/opaque/blobs/{BASE}")
}

/// A proxy before the registry, if the registry has the corpus images.
pub(super) fn proxy() -> Option<Proxy> {
    Corpus::here()?;
    servers::registry().map(|host| Proxy::before_host(&host))
}

fn pulls(user: &User, proxy: &Proxy, tag: &str) -> Ran {
    let image = format!("registry://{}/opaque:{tag}", proxy.address());
    user.runs(&["--json", "document.json", "--insecure-registry", proxy.address(), &image])
}

/// Checks that the image was read completely.
#[track_caller]
fn assert_is_whole(user: &User, ran: Ran) {
    ran.ends_with(0);
    let corpus = Corpus::here().unwrap();
    let expected = content(document(&User::new(), &[&corpus.path("opaque/oci-dir")]));
    let found = std::fs::read_to_string(user.file("document.json")).unwrap();
    assert_same("after all", &expected, &content(serde_json::from_str(&found).unwrap()));
}

fn status(status: &str, headers: &[(&str, &str)]) -> Fault {
    Fault::Response(Response::new(status, headers, r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}"#))
}

#[test]
fn retry_after_is_respected() {
    let Some(proxy) = proxy() else { return };
    proxy.times(1, "/manifests/", status("429 Too Many Requests", &[("Retry-After", "1")]));
    proxy.times(2, &base(), status("429 Too Many Requests", &[("Retry-After", "1")]));
    let user = User::new();
    let start = std::time::Instant::now();
    assert_is_whole(&user, pulls(&user, &proxy, "gzip"));
    assert!(start.elapsed() >= Duration::from_secs(3), "three waits of one second");
    let requests: Vec<_> = proxy.requests(&base()).iter().map(|request| request.status).collect();
    assert_eq!(requests, [429, 429, 200]);
}

#[test]
fn long_retry_after_is_an_error() {
    let Some(proxy) = proxy() else { return };
    proxy.always("/v2/", status("429 Too Many Requests", &[("Retry-After", "3600")]));
    let ran = pulls(&User::new(), &proxy, "gzip");
    assert_fails(&ran, &[proxy.address(), "429"]);
}

#[test]
fn temporary_registry_error_is_retried() {
    let Some(proxy) = proxy() else { return };
    proxy.times(1, "/manifests/", status("503 Service Unavailable", &[]));
    proxy.times(1, &base(), status("502 Bad Gateway", &[]));
    let user = User::new();
    assert_is_whole(&user, pulls(&user, &proxy, "gzip"));
}

#[test]
fn retries_are_limited() {
    let Some(proxy) = proxy() else { return };
    proxy.always(&base(), status("503 Service Unavailable", &[]));
    let ran = pulls(&User::new().waits(super::LONG), &proxy, "gzip");
    assert_fails(&ran, &[proxy.address(), "503"]);
    let count = proxy.requests(&base()).len();
    assert!((2..=10).contains(&count), "{count} requests");
}

/// Bytes already received are not requested again.
#[test]
fn interrupted_pull_resumes() {
    let Some(proxy) = proxy() else { return };
    proxy.times(1, &base(), Fault::Cut(400_000));
    proxy.times(1, &base(), Fault::Cut(200_000));
    let user = User::new();
    assert_is_whole(&user, pulls(&user, &proxy, "gzip"));
    let requests = proxy.requests(&base());
    let ranges: Vec<_> = requests.iter().map(|request| request.range.clone()).collect();
    assert_eq!(ranges[1..], [Some("bytes=400000-".to_owned()), Some("bytes=600000-".to_owned())], "{requests:#?}");
    assert_eq!(requests.iter().map(|request| request.bytes).sum::<u64>(), BASE_LEN, "{requests:#?}");
}

/// Some registries ignore range requests.
#[test]
fn registry_without_ranges_restarts_the_blob() {
    let Some(proxy) = proxy() else { return };
    proxy.times(1, &base(), Fault::Cut(400_000));
    proxy.always(&base(), Fault::WithoutRange);
    let user = User::new();
    assert_is_whole(&user, pulls(&user, &proxy, "gzip"));
}

/// The second half is of another blob, as when a registry is restored from a backup in between.
#[test]
fn resumed_blob_with_wrong_digest_is_refused() {
    let Some(proxy) = proxy() else { return };
    proxy.times(1, &base(), Fault::Cut(400_000));
    proxy.always(&base(), Fault::Flip(10));
    let ran = pulls(&User::new(), &proxy, "gzip");
    assert_fails(&ran, &[proxy.address(), BASE, "digest"]);
}

#[test]
fn blob_with_wrong_digest_is_refused() {
    let Some(proxy) = proxy() else { return };
    for at in [0, 500_000, BASE_LEN - 1] {
        proxy.times(1, &base(), Fault::Flip(at));
        let user = User::new();
        let ran = pulls(&user, &proxy, "gzip");
        assert_fails(&ran, &[proxy.address(), BASE, "digest"]);
        assert!(!user.sees().contains(&"document.json".to_owned()), "a document was written");
    }
}

#[test]
fn configuration_with_wrong_digest_is_refused() {
    let Some(proxy) = proxy() else { return };
    let manifest =
        std::fs::read_to_string(Corpus::here().unwrap().path(&format!("opaque/oci-dir/blobs/sha256/{MANIFEST}")));
    let manifest: serde_json::Value = serde_json::from_str(&manifest.unwrap()).unwrap();
    let digest = manifest["config"]["digest"].as_str().unwrap();
    // Still valid JSON but not the digest's content.
    proxy.always(digest, Fault::Replace("\"linux\"", "\"plan9\"".to_owned()));
    assert_fails(&pulls(&User::new(), &proxy, "gzip"), &[proxy.address(), digest]);
}

#[test]
fn manifest_with_wrong_digest_is_refused() {
    let Some(proxy) = proxy() else { return };
    let digest = format!("sha256:{MANIFEST}");
    proxy.always("/manifests/", Fault::Replace("\"schemaVersion\":2", "\"schemaVersion\": 2".to_owned()));
    let image = format!("registry://{}/opaque@{digest}", proxy.address());
    let ran = User::new().runs(&["--insecure-registry", proxy.address(), &image]);
    assert_fails(&ran, &[proxy.address(), &digest]);
}

#[test]
fn truncated_blob_is_refused() {
    let Some(proxy) = proxy() else { return };
    for len in [0, 1, 500_000] {
        proxy.times(1, &base(), Fault::Shorten(len));
        let ran = pulls(&User::new().waits(super::LONG), &proxy, "gzip");
        // Either refused or requested again: the result is the whole image or an error.
        if ran.code != 0 {
            assert_fails(&ran, &[proxy.address(), BASE]);
        }
    }
    proxy.always(&base(), Fault::Shorten(500_000));
    let ran = pulls(&User::new().waits(super::LONG), &proxy, "gzip");
    assert_fails(&ran, &[proxy.address(), BASE, "500000"]);
}

#[test]
fn missing_blob_is_named() {
    let Some(proxy) = proxy() else { return };
    proxy.always(&base(), status("404 Not Found", &[]));
    assert_fails(&pulls(&User::new(), &proxy, "gzip"), &[proxy.address(), BASE, "404"]);
    assert_eq!(proxy.requests(&base()).len(), 1, "requests for a missing blob");
}

#[test]
fn unknown_manifest_type_is_named() {
    let Some(proxy) = proxy() else { return };
    let strange = "application/vnd.dive.strange.v1+json";
    proxy.always("/manifests/", Fault::Replace("application/vnd.oci.image.manifest.v1+json", strange.to_owned()));
    assert_fails(&pulls(&User::new(), &proxy, "gzip"), &[proxy.address(), strange]);
}

#[test]
fn invalid_manifest_is_an_error() {
    for body in ["", "<html>Log in to the network</html>", "{}", "[[[[", "null", r#"{"schemaVersion":1,"fsLayers":[]}"#]
    {
        let kind = [("Content-Type", "application/vnd.oci.image.manifest.v1+json")];
        let Some(proxy) = self::proxy() else { return };
        proxy.always("/manifests/", Fault::Response(Response::new("200 OK", &kind, body)));
        pulls(&User::new().waits(super::LONG), &proxy, "gzip").error();
    }
}

const LOGIN: &str = "diver:redirect-secret-0820";

/// Registries redirect blob requests to other hosts. Credentials for the registry must not go there.
#[test]
fn credentials_are_not_sent_to_redirect_targets() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let (name, password) = LOGIN.split_once(':').unwrap();
    let tokens = Tokens::with(&host, Needs::Password(LOGIN), usize::MAX);
    let elsewhere = Proxy::before_host(&host);
    let place = format!("http://{}/v2/opaque/blobs/{BASE}?X-Signature=signed-0821", elsewhere.address());
    let answer = Response::new("307 Temporary Redirect", &[("Location", &place)], "");
    tokens.proxy().always(&base(), Fault::Response(answer));
    let user =
        with_log(User::new()).keeps(".docker/config.json", &servers::docker_login(tokens.host(), name, password));
    let image = format!("registry://{}/opaque:gzip", tokens.host());
    let arguments = |allowed| {
        ["--json", "document.json", "--insecure-registry", tokens.host(), "--insecure-registry", allowed, &image]
            .map(str::to_owned)
    };
    let ran = user.runs(&arguments(elsewhere.address()).each_ref().map(String::as_str));
    super::assert_keeps_secrets(&user, &ran, &[password, TOKEN, "signed-0821"]);
    assert_is_whole(&user, ran);
    let requests = elsewhere.requests(BASE);
    assert!(!requests.is_empty() && requests.iter().all(|request| !request.authorized), "{requests:#?}");
    // A signed address is secret even if it does not work.
    elsewhere.always(BASE, status("403 Forbidden", &[]));
    let user =
        with_log(User::new()).keeps(".docker/config.json", &servers::docker_login(tokens.host(), name, password));
    let ran = user.runs(&arguments(elsewhere.address()).each_ref().map(String::as_str));
    assert_fails(&ran, &["403"]);
    super::assert_keeps_secrets(&user, &ran, &[password, TOKEN, "signed-0821"]);
}

/// A redirect to itself.
#[test]
fn redirect_loop_is_an_error() {
    let Some(proxy) = proxy() else { return };
    let place = format!("http://{}/v2/opaque/blobs/{BASE}", proxy.address());
    proxy.always(&base(), Fault::Response(Response::new("307 Temporary Redirect", &[("Location", &place)], "")));
    let ran = pulls(&User::new().waits(super::LONG), &proxy, "gzip");
    assert_fails(&ran, &[proxy.address()]);
    assert!(proxy.requests(&base()).len() < 100);
}

/// A registry elsewhere, here behind a proxy, could use dive to reach services of this machine.
#[test]
fn registry_elsewhere_does_not_lead_to_this_machine() {
    let private = Proxy::before_host("unused:0");
    let port = private.address().rsplit(':').next().unwrap().to_owned();
    for (host, target) in [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("127.1", "127.0.0.1")] {
        let location = format!("http://{host}:{port}/app");
        let challenge = format!("Bearer realm=\"{location}\",service=\"x\"");
        for answer in [
            Response::new("307 Temporary Redirect", &[("Location", &location)], ""),
            Response::new("401 Unauthorized", &[("WWW-Authenticate", &challenge)], ""),
        ] {
            let proxy = Proxy::with_responder("unused:0", move |request| {
                // Behind the tunnel, nothing speaks TLS.
                let is_tunnel = request.head.word(0) == "CONNECT";
                Some(if is_tunnel { Response::new("200 OK", &[], "plain") } else { answer.clone() })
            });
            let place = format!("http://{}", proxy.address());
            let user = User::new().sets("HTTP_PROXY", &place).sets("HTTPS_PROXY", &place).sets("NO_PROXY", "localhost");
            let ran = user.runs(&["--insecure-registry", "reg.example", "registry://reg.example/app:1"]);
            let part = format!(
                "it leads to {target}, an address of this machine, which dive follows only from a \
                 registry on this machine"
            );
            let error = ran.error();
            assert!(error.contains("reg.example cannot be reached: ") && error.contains(&part), "{error}");
        }
    }
    assert!(private.requests("").is_empty());
}
