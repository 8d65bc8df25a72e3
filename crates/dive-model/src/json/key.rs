//! Keys of objects. Go matches them to fields exactly or by simple Unicode case folding.

/// A key of an object.
#[derive(Debug, Clone, Copy)]
pub struct JsonKey<'a>(pub(super) &'a str);

impl JsonKey<'_> {
    /// True if Go would match this key to the field `name`, which must be ASCII.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let mut wanted = name.bytes();
        let is_same =
            self.0.chars().all(|found| wanted.next().is_some_and(|wanted| fold(found) == fold(wanted.into())));
        is_same && wanted.next().is_none()
    }

    /// The key as written, as in Go maps such as annotations.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        self.0
    }
}

/// The representative of all characters equal under simple folding. Outside ASCII, only two characters fold to ASCII.
const fn fold(letter: char) -> char {
    match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::JsonKey;

    #[test]
    fn keys_match_like_in_go() {
        for (key, name) in [
            ("rootfS", "rootfs"),
            ("repoTags", "RepoTags"),
            ("digeſt", "digest"),
            ("RepoTag\u{17f}", "RepoTags"),
            ("\u{212a}ey", "key"),
            ("OS.Version", "os.version"),
            ("", ""),
        ] {
            assert!(JsonKey(key).is(name), "{key}");
        }
        for (key, name) in [
            ("rootf", "rootfs"),
            ("rootfss", "rootfs"),
            ("root-fs", "root_fs"),
            ("confıg", "config"),
            ("CONFİG", "config"),
            ("ßize", "size"),
            ("os\u{301}", "os"),
            ("\u{20}", "@"),
            ("{", "["),
        ] {
            assert!(!JsonKey(key).is(name), "{key}");
        }
    }
}
