//! The name of an image in requests to an engine. It becomes part of a URL path, so a name that could lead to another path
//! is rejected.

use crate::docker_hub::DOCKER_HUB_KEY;
use dive_model::image::repository;

/// A name, an id, or a name with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineImageName<'a>(&'a str);

/// Engines limit a name to 255 bytes, a tag to 128 and a digest to 71 (or 135).
const MAX_NAME: usize = 600;

/// Completes the error of an invalid name.
pub(crate) const EXPECTED: &str =
    "an image is called NAME[:TAG], NAME@sha256:DIGEST, or by its id, in letters, digits and . _ - / : @ [ ]";

impl<'a> EngineImageName<'a> {
    /// `None` if `text` is not a valid name.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        // Brackets enclose an IPv6 address.
        let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"._-/:@+[]".contains(&letter);
        let is_path = |part: &str| matches!(part, "" | "." | "..");
        // A program would read a leading `-` as an option.
        let fits = text.len() <= MAX_NAME && text.bytes().all(is_plain) && !text.split('/').any(is_path);
        (fits && !text.starts_with('-')).then_some(Self(text))
    }

    pub(crate) const fn as_str(self) -> &'a str {
        self.0
    }

    /// The repository, and the digest or else the tag.
    pub(crate) fn repository_and_version(self) -> (&'a str, Option<&'a str>) {
        let (name, digest) = match self.0.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (self.0, None),
        };
        // A `:` before the last `/` precedes a port.
        match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, digest.or(Some(tag))),
            _ => (name, digest),
        }
    }

    /// True if the name can only be an image id, which no registry knows.
    pub(crate) fn is_id(self) -> bool {
        let digits = self.0.strip_prefix("sha256:").unwrap_or(self.0);
        let is_whole = self.0.starts_with("sha256:") || digits.len() == 64;
        is_whole && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    }

    /// True if a container can have this name or id: it has no tag, digest or `/`.
    pub(crate) fn may_be_a_container(self) -> bool {
        !self.0.contains(['/', ':', '@', '+', '[', ']'])
    }

    /// The registry's host, as docker's configuration file names it.
    pub(crate) fn registry(self) -> &'a str {
        match self.0.split_once('/') {
            Some(("docker.io" | "index.docker.io", _)) | None => DOCKER_HUB_KEY,
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            Some(_) => DOCKER_HUB_KEY,
        }
    }

    /// The full name, with the registry, the namespace and the tag that engines add.
    pub(crate) fn in_full(self) -> String {
        let version = match self.repository_and_version().1 {
            Some(digest) if digest.contains(':') => format!("@{digest}"),
            tag => format!(":{}", tag.unwrap_or("latest")),
        };
        self.repository_in_full() + &version
    }

    /// The full name of the repository, without a tag or a digest.
    pub(crate) fn repository_in_full(self) -> String {
        // Both accept the same names.
        repository(self.0).unwrap_or_else(|| self.0.to_owned())
    }
}

/// `tags` with the requested one first.
pub(crate) fn requested_first(requested: EngineImageName<'_>, mut tags: Vec<String>) -> Vec<String> {
    // Podman names local builds `localhost/NAME`.
    let in_full =
        |tag: &str| EngineImageName::new(tag.strip_prefix("localhost/").unwrap_or(tag)).map(EngineImageName::in_full);
    let wanted = in_full(requested.as_str());
    tags.retain(|tag| tag != "<none>:<none>");
    tags.sort_by_key(|tag| in_full(tag) != wanted);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> EngineImageName<'_> {
        EngineImageName::new(text).unwrap()
    }

    /// `../containers/x` would request something other than an image.
    #[test]
    fn an_image_name_cannot_reach_another_path() {
        for text in [
            "",
            "..",
            "../containers/x",
            "a/../b",
            "a//b",
            "/a",
            "a/",
            "a b",
            "a?b",
            "a#b",
            "a%2e",
            "a\n",
            "\u{e9}",
            "-a",
        ] {
            assert_eq!(EngineImageName::new(text), None, "{text}");
        }
        assert_eq!(EngineImageName::new(&"a".repeat(9000)), None);
        for text in ["alpine", "a/b/c:1", "h:5000/a@sha256:00", "sha256:00", "54ebc3b06008", "x.y_z-1:t.1-2_3"] {
            assert_eq!(name(text).as_str(), text);
        }
    }

    #[test]
    fn a_name_is_looked_up_in_its_registry() {
        let hub = "https://index.docker.io/v1/";
        for (text, repository, version, registry, in_full) in [
            ("alpine", "alpine", None, hub, "docker.io/library/alpine:latest"),
            ("me/app:1", "me/app", Some("1"), hub, "docker.io/me/app:1"),
            ("docker.io/me/app", "docker.io/me/app", None, hub, "docker.io/me/app:latest"),
            ("localhost/app", "localhost/app", None, "localhost", "localhost/app:latest"),
            ("h:5000/app", "h:5000/app", None, "h:5000", "h:5000/app:latest"),
            ("[::1]:5000/app", "[::1]:5000/app", None, "[::1]:5000", "[::1]:5000/app:latest"),
            ("[fd00::1]/a/b:1", "[fd00::1]/a/b", Some("1"), "[fd00::1]", "[fd00::1]/a/b:1"),
            ("quay.io/a/b:1@sha256:00", "quay.io/a/b", Some("sha256:00"), "quay.io", "quay.io/a/b@sha256:00"),
        ] {
            let name = name(text);
            assert_eq!(name.repository_and_version(), (repository, version), "{text}");
            assert_eq!((name.registry(), name.in_full().as_str()), (registry, in_full), "{text}");
        }
    }

    #[test]
    fn an_image_id_is_not_pulled_as_a_name() {
        assert!(name("sha256:00").is_id() && name(&"a0".repeat(32)).is_id());
        assert!(!name("54ebc3b06008").is_id(), "a short id may be a name");
        assert!(!name("alpine").is_id() && !name("a@sha256:00").is_id());
    }

    #[test]
    fn a_name_with_a_tag_is_not_looked_up_as_a_container() {
        assert!(name("quizzical_newton").may_be_a_container() && name("54ebc3b06008").may_be_a_container());
        for text in ["alpine:3", "team/app", "a@sha256:00", "sha256:00"] {
            assert!(!name(text).may_be_a_container(), "{text}");
        }
    }

    #[test]
    fn the_requested_tag_is_shown_as_the_image_name() {
        let tags = || ["a:1", "a:latest", "h:5/a:1", "<none>:<none>"].map(str::to_owned).to_vec();
        assert_eq!(requested_first(name("a"), tags()), ["a:latest", "a:1", "h:5/a:1"]);
        assert_eq!(requested_first(name("h:5/a:1"), tags()), ["h:5/a:1", "a:1", "a:latest"]);
        assert_eq!(requested_first(name("sha256:00"), tags()), ["a:1", "a:latest", "h:5/a:1"]);
        let podman = vec!["localhost/b:1".to_owned(), "localhost/a:1".to_owned()];
        assert_eq!(requested_first(name("a:1"), podman), ["localhost/a:1", "localhost/b:1"]);
    }
}
