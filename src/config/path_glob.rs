//! Patterns for paths, with the rules of gitignore: `node_modules` matches at any depth, `/srv` and `a/b` from the root,
//! `logs/` directories only, `**` any number of directories; a directory stands for everything below it. `!` excepts paths from
//! the patterns before it.

use std::fmt;

use globset::{Glob, GlobBuilder};

use super::value::shortened;

/// Limit of the parts of a pattern. Paths in images are not that deep.
const MOST_PARTS: usize = 64;

/// Limit of a name with wildcards, in bytes: no file system has longer names, and an expression of it stays small.
const LONGEST_NAME: usize = 255;

/// Limits of the patterns of a list together: each path of the image may be compared with all of them.
const MOST_LIST_PARTS: usize = 3000;
const MOST_WILDCARD_BYTES: usize = 4096;

/// What the patterns of a list cost to match.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GlobCost {
    /// Parts between slashes.
    parts: usize,
    /// The length of the names with wildcards, in bytes.
    wildcard_bytes: usize,
}

impl GlobCost {
    /// Adds a pattern of a list of `name`.
    ///
    /// # Errors
    /// The limit that the pattern exceeds, with what to write instead.
    pub(super) fn add(&mut self, glob: &PathGlob, name: &str) -> Result<(), String> {
        self.parts = self.parts.saturating_add(glob.parts.len());
        for part in &glob.parts {
            if let GlobPart::Glob(glob) = part {
                self.wildcard_bytes = self.wildcard_bytes.saturating_add(glob.glob().len());
            }
        }
        let shown = shortened(&glob.text);
        if self.wildcard_bytes > MOST_WILDCARD_BYTES {
            return Err(format!(
                "`{shown}`: the names with wildcards up to here have more than {MOST_WILDCARD_BYTES} bytes (the limit for all \
                 {name} together); remove some, or write names without wildcards"
            ));
        }
        if self.parts > MOST_LIST_PARTS {
            return Err(format!(
                "`{shown}`: the patterns up to here have more than {MOST_LIST_PARTS} parts between slashes (the limit for all \
                 {name} together); remove or shorten some"
            ));
        }
        Ok(())
    }
}

/// A pattern for paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathGlob {
    /// The pattern as written.
    text: String,
    /// What a match means.
    pub sense: GlobSense,
    /// What it matches.
    pub matches: MatchedKinds,
    /// Its parts from the root, between slashes. Never empty.
    pub parts: Vec<GlobPart>,
}

/// What a match of a pattern means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlobSense {
    /// The path is meant.
    Includes,
    /// The path is not meant, although a pattern before this one matches it.
    Excepts,
}

/// The types of files that a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchedKinds {
    /// All.
    All,
    /// Directories only.
    Directories,
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GlobPart {
    /// `**`: any number of directories, or everything below at the end of a pattern.
    AnyDepth,
    /// A name.
    Name(String),
    /// A name with wildcards.
    Glob(Glob),
}

impl PathGlob {
    /// Parses a pattern.
    ///
    /// # Errors
    /// The reason, which quotes the pattern and says what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (sense, rest) = match text.strip_prefix('!') {
            Some(rest) => (GlobSense::Excepts, rest),
            None => (GlobSense::Includes, text),
        };
        let matches = if rest.ends_with('/') { MatchedKinds::Directories } else { MatchedKinds::All };
        let is_anchored = rest.trim_end_matches('/').contains('/');
        let mut parts = Vec::new();
        for part in rest.split('/').filter(|part| !matches!(*part, "" | ".")) {
            match (part, parts.last()) {
                ("**", Some(GlobPart::AnyDepth)) => {}
                ("**", _) => parts.push(GlobPart::AnyDepth),
                ("..", _) => {
                    return Err(format!("`{}` leads out of the image: write it without `..`", shortened(text)));
                }
                _ => parts.push(name(part).map_err(|why| format!("`{}` is not a pattern: {why}", shortened(text)))?),
            }
        }
        if parts.is_empty() {
            return Err(format!("`{}` matches no path: write a pattern, such as `**/.git`", shortened(text)));
        }
        if parts.len() > MOST_PARTS {
            return Err(format!("`{}` has more than {MOST_PARTS} parts: write a shorter pattern", shortened(text)));
        }
        if !is_anchored && parts.first() != Some(&GlobPart::AnyDepth) {
            parts.insert(0, GlobPart::AnyDepth);
        }
        Ok(Self { text: text.to_owned(), sense, matches, parts })
    }

    /// Why a pattern that matches nothing may be a mistake, with what to write instead.
    #[must_use]
    pub fn doubt(&self) -> Option<&'static str> {
        let has_braces = self.text.split_once('{').is_some_and(|(_, rest)| {
            rest.split_once('}').is_some_and(|(words, _)| words.contains(',') && !words.contains('/'))
        });
        if self.text.ends_with(char::is_whitespace) {
            Some("it ends with a blank; remove it")
        } else if self.text.starts_with(char::is_whitespace) {
            Some("it begins with a blank; remove it")
        } else if has_braces {
            Some("braces have no meaning in it; write a rule for each name")
        } else {
            None
        }
    }
}

/// A name between slashes, with or without wildcards.
fn name(part: &str) -> Result<GlobPart, String> {
    if !part.contains(['*', '?', '[', '\\']) {
        return Ok(GlobPart::Name(part.to_owned()));
    }
    if part.len() > LONGEST_NAME {
        return Err(format!("a name with wildcards has at most {LONGEST_NAME} bytes; write a shorter one"));
    }
    // A name has no slash, so a wildcard need not stop at one, and the faster ways to match apply.
    let glob = GlobBuilder::new(&without_braces(part)).literal_separator(false).backslash_escape(true).build();
    glob.map(GlobPart::Glob)
        .map_err(|error| format!("{}; to match the character itself, write `\\` before it", error.kind()))
}

/// Escapes braces, which have a meaning in globs but none in gitignore.
fn without_braces(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    let (mut is_escaped, mut class_length) = (false, None);
    for letter in part.chars() {
        if let Some(length) = class_length {
            // `]` at the start of a class is a member of it.
            class_length = if letter == ']' && length > 0 { None } else { Some(length + usize::from(letter != '!')) };
        } else if letter == '[' && !is_escaped {
            class_length = Some(0);
        } else if matches!(letter, '{' | '}') && !is_escaped {
            out.push('\\');
        }
        is_escaped = letter == '\\' && !is_escaped && class_length.is_none();
        out.push(letter);
    }
    out
}

/// As written.
impl fmt::Display for PathGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a pattern, `**` and names, with slashes between.
    fn parts(text: &str) -> String {
        let pattern = PathGlob::parse(text).unwrap();
        let part = |part: &GlobPart| match part {
            GlobPart::AnyDepth => "**".to_owned(),
            GlobPart::Name(name) => name.clone(),
            GlobPart::Glob(glob) => format!("<{}>", glob.glob()),
        };
        pattern.parts.iter().map(part).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn a_pattern_without_a_slash_matches_at_any_depth() {
        for (text, expected) in [
            (".git", "**/.git"),
            (".git/", "**/.git"),
            ("/.git", ".git"),
            ("a/b", "a/b"),
            ("./a//b/", "a/b"),
            ("**/a", "**/a"),
            ("a/**/**/b", "a/**/b"),
            ("a/**", "a/**"),
            ("*.log", "**/<*.log>"),
            ("!/srv/*", "srv/<*>"),
            ("a{b,c}*", "**/<a\\{b,c\\}*>"),
            ("[{]x", "**/<[{]x>"),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
        let pattern = PathGlob::parse("!logs/").unwrap();
        assert_eq!((pattern.sense, pattern.matches), (GlobSense::Excepts, MatchedKinds::Directories));
    }

    #[test]
    fn a_pattern_of_another_syntax_is_doubted() {
        for (text, start) in [
            ("*.{map,log}", Some("braces")),
            (".git ", Some("it ends with a blank")),
            (" .git", Some("it begins with a blank")),
            ("{a}", None),
            (".git", None),
        ] {
            let doubt = PathGlob::parse(text).unwrap().doubt();
            assert_eq!(doubt.is_some(), start.is_some(), "{text}");
            assert!(doubt.unwrap_or_default().starts_with(start.unwrap_or_default()), "{text}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_match_is_refused() {
        for (text, reason) in [
            ("", "`` matches no path: write a pattern, such as `**/.git`"),
            ("/", "`/` matches no path: write a pattern, such as `**/.git`"),
            ("!", "`!` matches no path: write a pattern, such as `**/.git`"),
            ("a/../b", "`a/../b` leads out of the image: write it without `..`"),
        ] {
            assert_eq!(PathGlob::parse(text).unwrap_err(), reason);
        }
        let unclosed = PathGlob::parse("a[b").unwrap_err();
        assert!(
            unclosed.starts_with("`a[b` is not a pattern: ") && unclosed.contains("write `\\` before it"),
            "{unclosed}"
        );
        assert!(PathGlob::parse(&"a/".repeat(65)).unwrap_err().contains("more than 64 parts"));
    }
}
