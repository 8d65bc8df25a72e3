//! An image as documents name it: provenance, annotations, labels, a user.

/// The name of an image, and its digest if the document gives one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedImage {
    /// Its name.
    pub name: String,
    /// The digest of its manifest or index.
    pub digest: Option<String>,
}

impl NamedImage {
    /// An image as annotations or labels name it; `None` if they do not.
    pub(super) fn of(name: Option<&str>, digest: Option<&str>) -> Option<Self> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let digest = text(digest);
        let name = text(name).or_else(|| digest.clone())?;
        Some(Self { name: familiar(&name).to_owned(), digest })
    }
}

/// The name as people write it: Docker Hub is left out.
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
