//! Signed Docker schema 1 manifests, whose digest is that of their payload.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::server::{Reply, Request, Server, blob_path, open};
use dive_model::digest::Digest;
use dive_model::image::{self, Selection};
use dive_model::remark::OnDamage;

const SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const LAYER: &[u8] = b"a layer";

/// A manifest of one layer, without and with a signature.
fn manifest(more: &str) -> (Vec<u8>, Vec<u8>) {
    let start = format!(
        r#"{{"schemaVersion": 1, "fsLayers": [{{"blobSum": "{}"}}], "history": [{{"v1Compatibility": "{{}}"}}]"#,
        Digest::sha256(LAYER)
    );
    let tail = "\n}";
    let format = serde_json::json!({ "formatLength": start.len(), "formatTail": URL_SAFE_NO_PAD.encode(tail) });
    let signature = serde_json::json!({ "protected": URL_SAFE_NO_PAD.encode(format.to_string()) });
    let signed = format!("{start},\n\"signatures\": [{signature}]{more}{tail}");
    (format!("{start}{tail}").into_bytes(), signed.into_bytes())
}

/// A registry with that manifest, under its tag and under any digest.
fn served(signed: Vec<u8>, digest_header: Option<Digest>) -> Server {
    Server::start(move |request: &Request| {
        if request.path == blob_path(LAYER) {
            return Reply::ok(LAYER);
        }
        let reply = Reply::ok(signed.clone()).with("Content-Type", SIGNED);
        match &digest_header {
            Some(digest) => reply.with("Docker-Content-Digest", digest.to_string()),
            None => reply,
        }
    })
}

#[test]
fn a_signed_manifest_opens_by_the_digest_of_its_payload() {
    let (payload, signed) = manifest("");
    let digest = Digest::sha256(&payload);
    for header in [None, Some(digest.clone())] {
        let server = served(signed.clone(), header);
        for name in ["app:1".to_owned(), format!("app@{digest}")] {
            let store = open(&format!("{}/{name}", server.host), &server.access()).unwrap();
            let image = image::open(&store, &Selection::default(), OnDamage::Fail).unwrap();
            let [layer] = &image.layers[..] else { panic!("{:?}", image.layers) };
            assert_eq!(layer.digest, Some(Digest::sha256(LAYER).to_string()));
            assert_eq!((layer.size, image.id), (Some(LAYER.len() as u64), None));
        }
    }
}

/// The digest only covers the payload, so nothing outside of it may change the image.
#[test]
fn fields_outside_the_payload_are_not_used() {
    let (payload, signed) = manifest(r#", "fsLayers": [], "history": []"#);
    let server = served(signed, None);
    let name = format!("{}/app@{}", server.host, Digest::sha256(&payload));
    let image = image::open(&open(&name, &server.access()).unwrap(), &Selection::default(), OnDamage::Fail).unwrap();
    assert_eq!(image.layers.len(), 1);
}

#[test]
fn a_changed_payload_is_refused() {
    let (_, signed) = manifest("");
    let server = served(signed, None);
    let error = open(&format!("{}/app@{}", server.host, Digest::sha256(b"")), &server.access()).unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");
}
