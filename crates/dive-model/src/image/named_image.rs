//! An image name from a document: provenance, annotations or labels, or from the user.

/// Name of an image, with the digest if known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    /// Its name.
    pub name: String,
    /// Digest of its manifest or index.
    pub digest: Option<String>,
}

impl NamedImage {
    /// Creates a name from annotations or labels; `None` if both are empty or not a reference.
    pub(super) fn of(name: Option<&str>, digest: Option<&str>) -> Option<Self> {
        let name = name.filter(|name| !name.is_empty()).or(digest)?;
        Self::stated(name, digest.map(str::to_owned))
    }

    /// Takes a name that the image states; `None` if it is not a reference. The text is printed beside "stated" and
    /// "matched", so it must not pass for either.
    pub(super) fn stated(name: &str, digest: Option<String>) -> Option<Self> {
        let name = is_reference(name).then(|| familiar(name).to_owned())?;
        Some(Self { name, digest: digest.filter(|digest| is_reference(digest)) })
    }
}

/// Maximum length of a reference, in bytes. The distribution specification allows 255 for a repository and 128 for a tag.
const MAX_REFERENCE: usize = 1024;

/// True if `text` has only the characters of an image reference or a digest.
fn is_reference(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@+[]".contains(&byte);
    !text.is_empty() && text.len() <= MAX_REFERENCE && text.bytes().all(is_allowed)
}

/// Shortens a name as Docker does: without `docker.io/` and `library/`.
pub(super) fn familiar(name: &str) -> &str {
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_name_an_image_by_name_or_digest() {
        assert_eq!(NamedImage::of(None, Some("")), None);
        assert_eq!(NamedImage::of(Some("docker.io/library/alpine:3.20"), None).unwrap().name, "alpine:3.20");
        assert_eq!(NamedImage::of(Some(""), Some("sha256:00")).unwrap().name, "sha256:00");
    }

    #[test]
    fn a_stated_name_cannot_claim_another_source() {
        let long = "a".repeat(MAX_REFERENCE + 1);
        for name in ["debian:13 (matched by diff ids)", "debian\n", "\u{1b}[2Jdebian", "d\u{e9}bian", &long] {
            assert_eq!(NamedImage::of(Some(name), None), None, "{name}");
        }
        assert_eq!(NamedImage::of(Some("debian:13"), Some("(matched)")).unwrap().digest, None);
        assert_eq!(NamedImage::of(Some("[::1]:5000/a/b:1"), None).unwrap().name, "[::1]:5000/a/b:1");
    }
}
