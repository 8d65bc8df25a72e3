//! Docker's containerd image store, which this machine's Docker may not have: a stand-in for the engine gives the responses that
//! Docker 28 gives. A failure means that dive shows the image of another platform, or does not find what it has built.

use std::os::unix::fs::PermissionsExt;

use dive_model::digest::Digest;
use serde_json::{Value, json};

use super::http::{Request, Response};
use super::proxy::Proxy;
use super::{assert_fails, document};
use crate::build::Layer;
use crate::user::User;

/// A server where nobody listens: the stand-in responds to everything.
const NO_SERVER: &str = "127.0.0.1:9";

fn digest(bytes: &[u8]) -> String {
    Digest::sha256(bytes).to_string()
}

/// The layer of every image here.
fn layer() -> Vec<u8> {
    Layer::default().file("app/run", "the same on every processor").tar()
}

/// An export of the image for this architecture. All images have the same layer.
fn export(architecture: &str) -> String {
    let layer = layer();
    let config = json!({
        "os": "linux", "architecture": architecture, "config": {}, "history": [{"created_by": "COPY run"}],
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    });
    let manifest = json!([{"Config": "config.json", "RepoTags": null, "Layers": ["layer.tar"]}]);
    let archive = Layer::default().file("layer.tar", layer).file("config.json", config.to_string());
    let archive = archive.file("manifest.json", manifest.to_string()).tar();
    String::from_utf8(archive).expect("a tar of text")
}

fn json_response(body: &Value) -> Response {
    Response::new("200 OK", &[("Content-Type", "application/json")], &body.to_string())
}

fn not_found(message: &str) -> Response {
    Response::new("404 Not Found", &[("Content-Type", "application/json")], &json!({"message": message}).to_string())
}

/// The id of the index that all tags point to.
const ID: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An engine for amd64 with an index of these architectures. `ID` and `mp:1` name it.
fn engine(architectures: &'static [&'static str]) -> Proxy {
    Proxy::with_responder(NO_SERVER, move |request| Some(respond(request, architectures)))
}

fn respond(request: &Request, architectures: &[&str]) -> Response {
    let path = request.head.word(1);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // The platform is JSON in the query.
    let wanted = ["amd64", "arm64", "s390x"].into_iter().find(|name| query.contains(name));
    let description = |architecture: &str| {
        json!({
            // The manifest's digest, which `docker save` does not know.
            "Id": if wanted.is_some() { digest(architecture.as_bytes()) } else { ID.to_owned() }, "RepoTags": ["first:1", "mp:1"], "Descriptor": {"digest": ID}, "Size": 100,
            "Os": "linux", "Architecture": architecture,
            "RootFS": {"Type": "layers", "Layers": [digest(&layer())]},
        })
    };
    let own = architectures.iter().find(|architecture| **architecture == "amd64").or(architectures.first());
    let chosen = match wanted {
        Some(wanted) => architectures.iter().find(|architecture| **architecture == wanted),
        None => own,
    };
    let manifest = |architecture: &&str| {
        let platform = json!({"os": "linux", "architecture": architecture});
        json!({"Kind": "image", "Available": true, "ImageData": {"Platform": platform}})
    };
    match path.trim_start_matches("/v1.50") {
        "/version" => {
            json_response(&json!({"ApiVersion": "1.50", "Version": "28.2.2", "Os": "linux", "Arch": "amd64"}))
        }
        path if path == format!("/images/{ID}/json") || path == "/images/mp:1/json" => match chosen {
            Some(_) if query.contains("manifests") => {
                let mut described = description("amd64");
                described["Manifests"] = architectures.iter().map(manifest).collect();
                json_response(&described)
            }
            Some(architecture) => json_response(&description(architecture)),
            None => not_found("image with reference mp:1 was found but does not provide the specified platform"),
        },
        path if path == format!("/images/{ID}/get") => match (wanted, chosen) {
            (None, Some(architecture)) if *architecture != "amd64" => {
                not_found("NotFound: content digest sha256:00: not found")
            }
            (_, Some(architecture)) => {
                Response::new("200 OK", &[("Content-Type", "application/x-tar")], &export(architecture))
            }
            (_, None) => not_found("NotFound: content digest sha256:00: not found"),
        },
        // `docker pull` of a chart, or of an index of which only the manifest is there.
        "/images/chart:1/json" => json_response(&json!({
            "Id": ID, "RepoTags": ["chart:1"], "Descriptor": {"digest": ID}, "Os": "", "Architecture": "", "RootFS": {},
        })),
        "/containers/quizzical/json" => json_response(&json!({"Config": {"Image": "mp:1"}})),
        _ => not_found("No such image"),
    }
}

fn user_of(engine: &Proxy) -> User {
    User::new().sets("DOCKER_HOST", &format!("tcp://{}", engine.address()))
}

fn platform(document: &Value) -> &str {
    document["image"]["platform"].as_str().unwrap()
}

/// The images of an index share an id, and may have equal layers.
#[test]
fn the_cache_does_not_mix_platforms() {
    let engine = engine(&["amd64", "arm64"]);
    let user = user_of(&engine);
    for _ in 0..2 {
        assert_eq!(platform(&document(&user, &["--platform", "linux/arm64", "mp:1"])), "linux/arm64");
        assert_eq!(platform(&document(&user, &["mp:1"])), "linux/amd64");
    }
    assert_eq!(engine.requests("/get").len(), 2, "each platform is exported once: {:?}", engine.requests("/get"));
}

/// As after `docker pull --platform linux/arm64` on an amd64 machine: the export must name the platform.
#[test]
fn an_image_of_another_platform_alone_opens() {
    let engine = engine(&["arm64"]);
    let ran = user_of(&engine).runs(&["--json", "-", "mp:1"]).ends_with(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(platform(&document), "linux/arm64");
    if std::env::consts::ARCH == "x86_64" {
        assert!(ran.stderr.contains("shows the image for linux/arm64"), "{}", ran.stderr);
    }
}

/// The same from a file of `docker save`.
#[test]
fn an_archive_of_another_platform_is_announced() {
    let user = User::new().writes("other.tar", &export("s390x"));
    let ran = user.runs(&["other.tar"]).ends_with(0);
    assert!(ran.stderr.contains("shows the image for linux/s390x"), "{}", ran.stderr);
    let ran = user.runs(&["--platform", "linux/s390x", "other.tar"]).ends_with(0);
    assert!(!ran.stderr.contains("shows the image"), "{}", ran.stderr);
}

#[test]
fn a_missing_platform_is_pulled_or_named() {
    let engine = engine(&["amd64", "arm64"]);
    let user = user_of(&engine);
    let ran = user.runs(&["--pull", "never", "--platform", "linux/s390x", "mp:1"]);
    assert_fails(&ran, &["only for linux/amd64, linux/arm64", "docker pull --platform linux/s390x mp:1"]);
    user.runs(&["--pull", "missing", "--platform", "linux/s390x", "mp:1"]).ends_with(2);
    let pulls = engine.requests("POST /v1.50/images/create");
    let [pull] = &pulls[..] else { panic!("{pulls:?}") };
    assert!(pull.what.contains("platform=linux%2Fs390x"), "{pull:?}");
    engine.clear_records();
    user.runs(&["--pull", "missing", "--platform", "linux/arm64", "mp:1"]).ends_with(0);
    assert_eq!(engine.requests("/images/create").len(), 0, "it is there");
}

#[test]
fn an_artifact_is_not_an_unreadable_image() {
    let ran = user_of(&engine(&["amd64"])).runs(&["chart:1"]);
    assert_fails(&ran, &["docker holds no layers of \"chart:1\"", "`dive registry://chart:1`"]);
    assert!(!ran.stderr.contains("missing field"), "{}", ran.stderr);
}

#[test]
fn a_missing_id_is_not_to_be_pulled() {
    let id = ID.replace('0', "f");
    for policy in ["never", "missing"] {
        let ran = user_of(&engine(&["amd64"])).runs(&["--pull", policy, &id]);
        assert_fails(&ran, &["docker"]);
        assert!(!ran.stderr.contains("docker pull"), "{}", ran.stderr);
    }
}

#[test]
fn a_container_is_named_before_anything_is_pulled() {
    let engine = engine(&["amd64"]);
    for policy in ["missing", "always", "never"] {
        let ran = user_of(&engine).runs(&["--pull", policy, "quizzical"]);
        assert_fails(&ran, &["\"quizzical\" is a container", "mp:1"]);
    }
    assert_eq!(engine.requests("/images/create").len(), 0);
}

/// A user whose `docker build` writes this id and these metadata.
fn with_builder(user: User, id: &str, metadata: &str) -> User {
    let script = format!(
        r#"#!/bin/sh
[ "$*" != "build --help" ] || {{ echo '      --metadata-file string   Write build result metadata to a file'; exit; }}
printf '%s\n' "$*" >arguments
while [ $# -gt 0 ]; do
    case $1 in
        --iidfile) shift; printf '%s' '{id}' >"$1" ;;
        --metadata-file) shift; printf '%s' '{metadata}' >"$1" ;;
    esac
    shift
done
"#
    );
    let user = user.keeps("bin/docker", &script);
    std::fs::set_permissions(user.home("bin/docker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", user.home("bin").display(), std::env::var("PATH").unwrap());
    user.sets("PATH", &path)
}

/// Without attestations, `BuildKit` writes the digest of the configuration, which this store does not know.
#[test]
fn a_build_is_found_by_its_metadata() {
    let engine = engine(&["amd64"]);
    let config = format!("sha256:{}", "c".repeat(64));
    let metadata = json!({"containerimage.config.digest": config, "containerimage.digest": ID}).to_string();
    let user = with_builder(user_of(&engine), &config, &metadata);
    let built = document(&user, &["build", "-t", "mp:1", "."]);
    // `first:1` is another tag of the same image.
    assert_eq!((built["image"]["name"].as_str(), built["image"]["tags"][0].as_str()), (Some("mp:1"), Some("mp:1")));
    let arguments = std::fs::read_to_string(user.file("arguments")).unwrap();
    assert!(arguments.contains("--metadata-file") && arguments.contains("--iidfile"), "{arguments}");
    // The user's own file is read, and stays.
    let built = document(&user, &["build", "--metadata-file", "own.json", "-t", "mp:1", "."]);
    assert_eq!(built["image"]["name"], "mp:1");
    assert_eq!(std::fs::read_to_string(user.file("own.json")).unwrap(), metadata);
    assert_eq!(std::fs::read_to_string(user.file("arguments")).unwrap().matches("--metadata-file").count(), 1);
}

/// A tag may be of an earlier build.
#[test]
fn a_build_elsewhere_does_not_open_an_older_image_of_that_name() {
    let engine = engine(&["amd64"]);
    let other = format!("sha256:{}", "c".repeat(64));
    let metadata = json!({"containerimage.digest": other}).to_string();
    let user = with_builder(user_of(&engine), &other, &metadata);
    assert_fails(&user.runs(&["build", "-t", "mp:1", "."]), &["docker does not have the image", "--load"]);
}

#[test]
fn options_that_make_no_image_are_named() {
    let engine = engine(&["amd64"]);
    let user = with_builder(user_of(&engine), "", "{}");
    for (arguments, says) in [
        (&["--check", "."][..], "`docker build --check` only checks the build"),
        (&["--call", "outline", "."], "`docker build --call=outline` only checks the build"),
        (&["-o", "out", "."], "`docker build -o out` does not put an image into docker"),
    ] {
        assert_fails(&user.runs(&[&["build"], arguments].concat()), &[says]);
    }
    assert_fails(&user.runs(&["build", "."]), &["docker does not have the image"]);
}
