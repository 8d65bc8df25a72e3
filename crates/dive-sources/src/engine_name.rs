//! What an image is called when an engine is asked for it. The name becomes part of a path: it is let through only if it
//! cannot lead to another one.

use crate::docker_hub::DOCKER_HUB_KEY;

/// A name, an id, or a name with a digest, as engines take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name<'a>(&'a str);

/// Engines allow a name 255 bytes, a tag 128 and a digest 71 (or 135).
const LONGEST: usize = 600;

/// What a name is that names no image. What the user typed stands beside it.
pub(crate) const EXPECTED: &str =
    "an image is called NAME[:TAG], NAME@sha256:DIGEST, or by its id, in letters, digits and . _ - / : @";

impl<'a> Name<'a> {
    /// `text` as a name; none if it is not.
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"._-/:@+".contains(&letter);
        let is_path = |part: &str| matches!(part, "" | "." | "..");
        // A leading `-` would be an option to a program.
        let fits = text.len() <= LONGEST && text.bytes().all(is_plain) && !text.split('/').any(is_path);
        (fits && !text.starts_with('-')).then_some(Self(text))
    }

    pub(crate) const fn as_str(self) -> &'a str {
        self.0
    }

    /// What the image is called without tag and digest, and the one of the two that says which: the digest, if both are there.
    pub(crate) fn repository_and_version(self) -> (&'a str, Option<&'a str>) {
        let (name, digest) = match self.0.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (self.0, None),
        };
        // What follows a `:` before the last `/` is a port.
        match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, digest.or(Some(tag))),
            _ => (name, digest),
        }
    }

    /// Whether it can only be the id of an image, which no registry knows.
    pub(crate) fn is_id(self) -> bool {
        let digits = self.0.strip_prefix("sha256:").unwrap_or(self.0);
        let is_whole = self.0.starts_with("sha256:") || digits.len() == 64;
        is_whole && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    }

    /// Whether a container can have this name or id: theirs have neither tag nor digest nor folder.
    pub(crate) fn may_be_a_container(self) -> bool {
        !self.0.contains(['/', ':', '@', '+'])
    }

    /// The host of the registry that it comes from, as docker's configuration calls it.
    pub(crate) fn registry(self) -> &'a str {
        match self.0.split_once('/') {
            Some(("docker.io" | "index.docker.io", _)) | None => DOCKER_HUB_KEY,
            Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
            Some(_) => DOCKER_HUB_KEY,
        }
    }

    /// The name with everything that engines add where it is left out.
    pub(crate) fn in_full(self) -> String {
        let (repository, version) = self.repository_and_version();
        let version = match version {
            Some(digest) if digest.contains(':') => format!("@{digest}"),
            tag => format!(":{}", tag.unwrap_or("latest")),
        };
        let has_host = self.registry() != DOCKER_HUB_KEY;
        let path = repository.strip_prefix("index.docker.io/").or_else(|| repository.strip_prefix("docker.io/"));
        match (has_host, path.unwrap_or(repository)) {
            (true, path) => format!("{path}{version}"),
            (false, path) if path.contains('/') => format!("docker.io/{path}{version}"),
            (false, path) => format!("docker.io/library/{path}{version}"),
        }
    }
}

/// `tags` with the one first that was asked for.
pub(crate) fn asked_first(asked: Name<'_>, mut tags: Vec<String>) -> Vec<String> {
    // Podman calls what was made here `localhost/NAME`.
    let in_full = |tag: &str| Name::new(tag.strip_prefix("localhost/").unwrap_or(tag)).map(Name::in_full);
    let wanted = in_full(asked.as_str());
    tags.retain(|tag| tag != "<none>:<none>");
    tags.sort_by_key(|tag| in_full(tag) != wanted);
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name<'_> {
        Name::new(text).unwrap()
    }

    /// `../containers/x` would have an engine asked for something else than an image.
    #[test]
    fn no_name_reaches_another_path() {
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
            assert_eq!(Name::new(text), None, "{text}");
        }
        assert_eq!(Name::new(&"a".repeat(9000)), None);
        for text in ["alpine", "a/b/c:1", "h:5000/a@sha256:00", "sha256:00", "54ebc3b06008", "x.y_z-1:t.1-2_3"] {
            assert_eq!(name(text).as_str(), text);
        }
    }

    #[test]
    fn a_name_is_asked_of_its_registry() {
        let hub = "https://index.docker.io/v1/";
        for (text, repository, version, registry, in_full) in [
            ("alpine", "alpine", None, hub, "docker.io/library/alpine:latest"),
            ("me/app:1", "me/app", Some("1"), hub, "docker.io/me/app:1"),
            ("docker.io/me/app", "docker.io/me/app", None, hub, "docker.io/me/app:latest"),
            ("localhost/app", "localhost/app", None, "localhost", "localhost/app:latest"),
            ("h:5000/app", "h:5000/app", None, "h:5000", "h:5000/app:latest"),
            ("quay.io/a/b:1@sha256:00", "quay.io/a/b", Some("sha256:00"), "quay.io", "quay.io/a/b@sha256:00"),
        ] {
            let name = name(text);
            assert_eq!(name.repository_and_version(), (repository, version), "{text}");
            assert_eq!((name.registry(), name.in_full().as_str()), (registry, in_full), "{text}");
        }
    }

    #[test]
    fn ids_are_told_from_names() {
        assert!(name("sha256:00").is_id() && name(&"a0".repeat(32)).is_id());
        assert!(!name("54ebc3b06008").is_id(), "a short id may be a name");
        assert!(!name("alpine").is_id() && !name("a@sha256:00").is_id());
    }

    #[test]
    fn containers_have_names_without_tags() {
        assert!(name("quizzical_newton").may_be_a_container() && name("54ebc3b06008").may_be_a_container());
        for text in ["alpine:3", "team/app", "a@sha256:00", "sha256:00"] {
            assert!(!name(text).may_be_a_container(), "{text}");
        }
    }

    #[test]
    fn the_tag_that_was_asked_for_is_the_images_name() {
        let tags = || ["a:1", "a:latest", "h:5/a:1", "<none>:<none>"].map(str::to_owned).to_vec();
        assert_eq!(asked_first(name("a"), tags()), ["a:latest", "a:1", "h:5/a:1"]);
        assert_eq!(asked_first(name("h:5/a:1"), tags()), ["h:5/a:1", "a:1", "a:latest"]);
        assert_eq!(asked_first(name("sha256:00"), tags()), ["a:1", "a:latest", "h:5/a:1"]);
        let podman = vec!["localhost/b:1".to_owned(), "localhost/a:1".to_owned()];
        assert_eq!(asked_first(name("a:1"), podman), ["localhost/a:1", "localhost/b:1"]);
    }
}
