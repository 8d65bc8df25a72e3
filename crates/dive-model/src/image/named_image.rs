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
    /// Creates a name from annotations or labels; `None` if both are empty.
    pub(super) fn of(name: Option<&str>, digest: Option<&str>) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let digest = text(digest);
        let name = text(name).or_else(|| digest.clone())?;
        Some(Self { name: familiar(&name).to_owned(), digest })
    }
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
}
