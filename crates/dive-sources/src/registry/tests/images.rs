//! Opening images from a registry: platforms, layers on other hosts, lost layers, attestations.

use std::collections::HashMap;
use std::time::Duration;

use super::server::{MANIFEST, Reply, Request, Server, blob_path, open_within};
use crate::registry::RegistryImage;
use crate::registry::deadlines::Deadlines;
use dive_model::digest::Digest;
use dive_model::image::{self, Image, Selection};
use dive_model::remark::OnDamage;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry with an index of these platforms. The layer descriptor of each manifest gets the fields of `more`.
fn of_platforms(platforms: &[&str], more: &serde_json::Value) -> Server {
    of_platforms_after(Vec::new(), platforms, more)
}

/// The same, with `manifests` first in the index.
fn of_platforms_after(mut manifests: Vec<serde_json::Value>, platforms: &[&str], more: &serde_json::Value) -> Server {
    let mut parts: HashMap<String, Vec<u8>> = HashMap::new();
    for architecture in platforms {
        let layer = format!("the layer for {architecture}").into_bytes();
        let config = serde_json::json!({
            "os": "linux", "architecture": architecture,
            "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&layer).to_string()] },
        });
        let config = config.to_string().into_bytes();
        let mut of_layer = serde_json::json!({ "digest": Digest::sha256(&layer).to_string(), "size": layer.len() });
        of_layer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let manifest = serde_json::json!({
            "mediaType": MANIFEST,
            "config": { "digest": Digest::sha256(&config).to_string(), "size": config.len() }, "layers": [of_layer],
        });
        let manifest = manifest.to_string().into_bytes();
        manifests.push(serde_json::json!({
            "mediaType": MANIFEST, "digest": Digest::sha256(&manifest).to_string(), "size": manifest.len(),
            "platform": { "os": "linux", "architecture": architecture },
        }));
        parts.insert(blob_path(&config), config);
        parts.insert(format!("/v2/app/manifests/{}", Digest::sha256(&manifest)), manifest);
    }
    let index = serde_json::json!({ "mediaType": INDEX, "manifests": manifests }).to_string();
    parts.insert("/v2/app/manifests/1".to_owned(), index.into_bytes());
    Server::start(move |request: &Request| {
        parts.get(&request.path).map_or(Reply::status("404 Not Found"), |body| Reply::ok(body.clone()))
    })
}

fn opened(store: &RegistryImage, platform: Option<&str>) -> Result<Image, String> {
    let selection = Selection { image: None, platform: platform.map(|platform| platform.parse().unwrap()) };
    image::open(store, &selection, OnDamage::Fail).map_err(|error| error.to_string())
}

/// Docker Hub counts manifest requests against the pull limit, and an index may list twenty.
#[test]
fn only_the_manifest_of_the_chosen_platform_is_fetched() {
    let server = of_platforms(&["amd64", "arm64", "s390x"], &serde_json::json!({}));
    let image = opened(&server.open().unwrap(), Some("linux/arm64")).unwrap();
    assert_eq!(image.platform.unwrap().to_string(), "linux/arm64");
    assert_eq!(image.tags, [format!("{}/app:1", server.host)]);
    let manifests = server.seen().into_iter().filter(|request| request.path.contains("/manifests/"));
    assert_eq!(manifests.count(), 2);
    let error = opened(&server.open().unwrap(), Some("linux/386")).unwrap_err();
    assert!(error.contains("linux/amd64, linux/arm64, linux/s390x"), "{error}");
}

/// A lost manifest of another platform does not matter; one that may be the chosen platform is reported.
#[test]
fn a_lost_manifest_is_an_error_only_for_the_chosen_platform() {
    let lost = Digest::sha256(b"lost").to_string();
    let of_lost = serde_json::json!({ "mediaType": MANIFEST, "digest": lost, "size": 4 });
    let server = of_platforms_after(vec![of_lost], &["amd64", "arm64"], &serde_json::json!({}));
    let image = opened(&server.open().unwrap(), Some("linux/arm64")).unwrap();
    assert_eq!(image.platform.unwrap().to_string(), "linux/arm64");
    let error = opened(&server.open().unwrap(), Some("linux/386")).unwrap_err();
    assert!(error.contains("404 Not Found") && error.contains(&lost), "{error}");
}

#[test]
fn a_layer_on_another_host_is_reported_with_its_url() {
    let server = of_platforms(&["amd64"], &serde_json::json!({ "urls": ["https://elsewhere.example/layer"] }));
    let error = opened(&server.open().unwrap(), Some("linux/amd64")).unwrap_err();
    assert!(error.contains("https://elsewhere.example/layer"), "{error}");
}

#[test]
fn a_digest_of_an_unsupported_algorithm_is_refused() {
    let sha384 = format!("sha384:{}", "a".repeat(96));
    let server = of_platforms(&["amd64"], &serde_json::json!({ "digest": sha384 }));
    let error = opened(&server.open().unwrap(), Some("linux/amd64")).unwrap_err();
    assert!(error.contains(&sha384) && error.contains("cannot be verified"), "{error}");
}

/// A layer that the registry has lost is damage: with `--ignore-errors`, the other layers are shown.
#[test]
fn a_lost_layer_is_a_remark_with_ignore_errors() {
    let server = of_platforms(&["amd64"], &serde_json::json!({}));
    let image = opened(&server.open().unwrap(), Some("linux/amd64")).unwrap();
    let [blobs] = &image.layers[..] else { panic!("{:?}", image.layers) };
    let blob = blobs.blob.as_ref().unwrap();
    let scan = dive_model::layer::scan::scan(&**blob, OnDamage::Remark, &|| false).unwrap();
    assert!(scan.damaged && scan.remarks.kept[0].contains("404 Not Found"), "{:?}", scan.remarks);
    assert!(dive_model::layer::scan::scan(&**blob, OnDamage::Fail, &|| false).is_err());
}

/// Each blob is a request, and an SBOM of megabytes would be fetched for nothing.
#[test]
fn only_provenance_is_fetched_of_attestations() {
    let mut parts: HashMap<String, Vec<u8>> = HashMap::new();
    let mut blob = |bytes: &[u8]| {
        parts.insert(blob_path(bytes), bytes.to_vec());
        serde_json::json!({ "digest": Digest::sha256(bytes).to_string(), "size": bytes.len() })
    };
    let rootfs = serde_json::json!({ "type": "layers", "diff_ids": [Digest::sha256(b"layer").to_string()] });
    let config = serde_json::json!({ "os": "linux", "architecture": "amd64", "rootfs": rootfs }).to_string();
    let (config, layer) = (blob(config.as_bytes()), blob(b"layer"));
    let statement = br#"{"predicateType": "https://slsa.dev/provenance/v1", "predicate": {"buildDefinition":
        {"resolvedDependencies": [{"uri": "pkg:docker/debian@13", "digest": {"sha256": "aa"}}]}}}"#;
    let (mut stated, mut sbom) = (blob(statement), blob(b"an SBOM"));
    let predicate = |of: &str| serde_json::json!({ "in-toto.io/predicate-type": of });
    stated["annotations"] = predicate("https://slsa.dev/provenance/v1");
    sbom["annotations"] = predicate("https://spdx.dev/Document");
    let sbom_path = blob_path(b"an SBOM");
    let mut manifest = |layers: serde_json::Value| {
        let bytes = serde_json::json!({ "mediaType": MANIFEST, "config": config, "layers": layers }).to_string();
        let digest = Digest::sha256(bytes.as_bytes()).to_string();
        let descriptor = serde_json::json!({ "mediaType": MANIFEST, "digest": digest, "size": bytes.len() });
        parts.insert(format!("/v2/app/manifests/{digest}"), bytes.into_bytes());
        descriptor
    };
    let (mut image, mut attestation) =
        (manifest(serde_json::json!([layer])), manifest(serde_json::json!([stated, sbom])));
    image["platform"] = serde_json::json!({ "os": "linux", "architecture": "amd64" });
    attestation["platform"] = serde_json::json!({ "os": "unknown", "architecture": "unknown" });
    attestation["annotations"] = serde_json::json!({
        "vnd.docker.reference.digest": image["digest"], "vnd.docker.reference.type": "attestation-manifest",
    });
    let index = serde_json::json!({ "mediaType": INDEX, "manifests": [image, attestation] }).to_string();
    parts.insert("/v2/app/manifests/1".to_owned(), index.into_bytes());
    let server = Server::start(move |request: &Request| {
        parts.get(&request.path).map_or(Reply::status("404 Not Found"), |body| Reply::ok(body.clone()))
    });
    let image = opened(&server.open().unwrap(), Some("linux/amd64")).unwrap();
    assert_eq!(image.base.unwrap().name(), Some("debian:13"));
    assert_eq!(server.count(&sbom_path), 0);
    let paths: Vec<_> = server.seen().into_iter().map(|request| request.path).collect();
    assert_eq!(paths.len(), 5, "index, manifest, configuration, attestation, statement: {paths:?}");
}

/// A hostile index costs a limited number of requests, and no more than minutes if each is slow.
#[test]
fn an_index_of_thousands_of_wrong_documents_costs_few_requests() {
    let entry = |at: usize| serde_json::json!({ "mediaType": INDEX, "digest": format!("sha256:{at:064x}"), "size": 2 });
    let wrong: Vec<_> = (0..3000).map(entry).collect();
    let index = serde_json::json!({ "mediaType": INDEX, "manifests": wrong }).to_string();
    let server = Server::start(move |request: &Request| match request.path.as_str() {
        "/v2/app/manifests/1" => Reply::ok(index.clone()),
        _ => Reply::ok("{}"),
    });
    let error = opened(&server.open().unwrap(), None).unwrap_err();
    assert!(error.contains("the image leads to more than 200 documents (dive's limit)"), "{error}");
    assert_eq!(server.seen().len(), 1 + 200);

    let deadlines = Deadlines { documents: Duration::ZERO, ..Deadlines::default() };
    let before = server.seen().len();
    let store = open_within(&format!("{}/app:1", server.host), &server.access(), deadlines).unwrap();
    opened(&store, None).unwrap_err();
    assert_eq!(server.seen().len(), before + 2);
}

/// The error of the manifest that is wanted says why dive did not ask for it.
#[test]
fn a_manifest_behind_too_many_documents_is_an_error_that_says_so() {
    let entry = |at: usize| serde_json::json!({ "mediaType": INDEX, "digest": format!("sha256:{at:064x}"), "size": 2 });
    let server = of_platforms_after((0..300).map(entry).collect(), &["amd64"], &serde_json::json!({}));
    let error = opened(&server.open().unwrap(), Some("linux/amd64")).unwrap_err();
    assert!(error.contains("the image leads to more than 200 documents (dive's limit); name one"), "{error}");
    assert_eq!(server.seen().len(), 1 + 200);
    // An index of fewer opens.
    let server = of_platforms_after((0..100).map(entry).collect(), &["amd64"], &serde_json::json!({}));
    opened(&server.open().unwrap(), Some("linux/amd64")).unwrap();
}
