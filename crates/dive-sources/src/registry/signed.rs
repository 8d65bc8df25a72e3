//! Signed Docker schema 1 manifests. The signatures are inside the document, so its digest is that of the payload: the
//! first `formatLength` bytes of the document, followed by `formatTail`. The signatures themselves are not verified: the
//! keys are in the document, so they prove nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use dive_model::json::{self, Decode, JsonKey, List, Object, Size};

#[derive(Default)]
struct Signed {
    schema_version: Size,
    signatures: List<Signature>,
}

impl Object for Signed {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("schemaVersion") => &mut self.schema_version,
            _ if key.is("signatures") => &mut self.signatures,
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Signature {
    /// A [`PayloadFormat`] as JSON in base64.
    protected: String,
}

impl Object for Signature {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("protected").then_some(&mut self.protected)
    }
}

/// How the payload was turned into the document.
#[derive(Default, PartialEq, Eq)]
struct PayloadFormat {
    length: Size,
    /// Base64.
    tail: String,
}

impl Object for PayloadFormat {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("formatLength") => &mut self.length,
            _ if key.is("formatTail") => &mut self.tail,
            _ => return None,
        })
    }
}

/// The payload of a signed schema 1 manifest. `None` for any other document, and if its signatures disagree.
pub(super) fn payload(document: &[u8]) -> Option<Vec<u8>> {
    let signed = json::read::<Signed>(document).ok()?.value;
    if signed.schema_version.0 != Some(1) {
        return None;
    }
    let mut formats = signed.signatures.0.iter().map(|Signature { protected }| {
        json::read::<PayloadFormat>(&decoded(protected)?).ok().map(|document| document.value)
    });
    let format = formats.next()??;
    if !formats.all(|other| other.as_ref() == Some(&format)) {
        return None;
    }
    let start = document.get(..usize::try_from(format.length.0?).ok()?)?;
    Some([start, &decoded(&format.tail)?].concat())
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYLOAD: &str = "{\n   \"schemaVersion\": 1,\n   \"fsLayers\": []\n}";

    fn signature(length: usize, tail: &str) -> String {
        let format = format!(r#"{{"formatLength":{length},"formatTail":"{}"}}"#, URL_SAFE_NO_PAD.encode(tail));
        format!(r#"{{"signature": "x", "protected": "{}"}}"#, URL_SAFE_NO_PAD.encode(format))
    }

    fn signed(signatures: &[String]) -> Vec<u8> {
        let start = PAYLOAD.strip_suffix("\n}").unwrap();
        format!("{start},\n   \"signatures\": [{}]\n}}", signatures.join(", ")).into_bytes()
    }

    #[test]
    fn the_payload_is_the_document_without_its_signatures() {
        let right = signature(PAYLOAD.len() - 2, "\n}");
        assert_eq!(payload(&signed(std::slice::from_ref(&right))).as_deref(), Some(PAYLOAD.as_bytes()));
        assert_eq!(payload(&signed(&[right.clone(), right])).as_deref(), Some(PAYLOAD.as_bytes()));
    }

    #[test]
    fn an_unsigned_or_inconsistent_manifest_has_no_payload() {
        let right = signature(PAYLOAD.len() - 2, "\n}");
        for document in [
            PAYLOAD.as_bytes().to_vec(),
            signed(&[]),
            signed(&[right.clone(), signature(3, "\n}")]),
            signed(&[signature(usize::MAX, "\n}")]),
            signed(&[right.replace('=', "").replace("protected", "unprotected")]),
            signed(&[r#"{"protected": "!"}"#.to_owned()]),
            String::from_utf8(signed(&[right])).unwrap().replace('1', "2").into_bytes(),
            b"<html>".to_vec(),
        ] {
            assert_eq!(payload(&document), None, "{}", String::from_utf8_lossy(&document));
        }
    }
}
