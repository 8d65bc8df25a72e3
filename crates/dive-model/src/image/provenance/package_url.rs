//! Parses image names in provenance: package URLs (`pkg:docker/alpine@3.20?platform=linux%2Famd64`) and identifiers of
//! `BuildKit` sources (`docker-image://docker.io/library/alpine:3.20@sha256:...`).

use crate::image::named_image::NamedImage;

/// Parses a package URL; `None` if it is not for an image.
pub(super) fn of_package_url(url: &str, digest: Option<String>) -> Option<NamedImage> {
    let rest = url.strip_prefix("pkg:docker/").or_else(|| url.strip_prefix("pkg:oci/"))?;
    let (path, _qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    // Without a tag, the version is the digest, which is a separate field.
    let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
    let (name, version) = (decoded(name), decoded(version));
    let tag = if version.is_empty() || version.contains(':') { String::new() } else { format!(":{version}") };
    if name.is_empty() { None } else { NamedImage::stated(&format!("{name}{tag}"), digest) }
}

/// Parses the source of a build step; `None` if it is not an image.
pub(super) fn of_identifier(identifier: &str) -> Option<NamedImage> {
    let reference = identifier.strip_prefix("docker-image://").or_else(|| identifier.strip_prefix("oci-layout://"))?;
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest.to_owned())),
        None => (reference, None),
    };
    NamedImage::stated(name, digest)
}

/// Decodes percent escapes. Invalid UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digit: &u8| char::from(*digit).to_digit(16);
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                let value = hex(high).unwrap_or_default() * 16 + hex(low).unwrap_or_default();
                bytes.push(value as u8);
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_of_images_are_parsed() {
        let name = |url: &str| of_package_url(url, None).map(|image| image.name);
        for (url, expected) in [
            ("pkg:docker/prov-base@1?platform=linux%2Famd64", Some("prov-base:1")),
            ("pkg:docker/ghcr.io/foo/bar@v1.0", Some("ghcr.io/foo/bar:v1.0")),
            ("pkg:docker/reg.example%3A5000/team/b@1%2B2", Some("reg.example:5000/team/b:1+2")),
            ("pkg:docker/alpine@sha256:00?platform=x", Some("alpine")),
            ("pkg:docker/alpine", Some("alpine")),
            ("pkg:docker/a%zz%", None),
            ("pkg:docker/@1", None),
            ("https://github.com/moby/buildkit.git#refs/tags/v0.28.1", None),
        ] {
            assert_eq!(name(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn sources_that_are_images_are_parsed() {
        let image = of_identifier("docker-image://docker.io/library/prov-base:1@sha256:79").unwrap();
        assert_eq!((image.name.as_str(), image.digest.as_deref()), ("prov-base:1", Some("sha256:79")));
        assert_eq!(of_identifier("docker-image://quay.io/a/b:2").unwrap().name, "quay.io/a/b:2");
        assert!(of_identifier("local://context").is_none());
    }
}
