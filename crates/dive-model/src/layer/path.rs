//! Converts names in tars to paths. Paths are bytes, and never leave the root.

/// Result of [`normalise`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// The name stays below the root.
    None,
    /// The name has more `..` than parent directories. The path stops at the root.
    StoppedAtRoot,
}

/// Appends the normalised path of `name` to `out`: drops `/`, `./` and `.`, and resolves `..`, but not above the end of
/// `out` at the call. Does not follow symbolic links.
pub fn normalise(name: &[u8], out: &mut Vec<u8>) -> Escape {
    let root = out.len();
    let mut escape = Escape::None;
    for component in name.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                if out.len() == root {
                    escape = Escape::StoppedAtRoot;
                }
                let slash = out[root..].iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                out.truncate(root + slash);
            }
            _ => {
                if out.len() > root {
                    out.push(b'/');
                }
                out.extend_from_slice(component);
            }
        }
    }
    escape
}

/// The path of `name`, if stripping a leading `./` and a trailing `/` suffices, as for nearly all names. Use
/// [`normalise`] for the others.
#[must_use]
pub fn without_copy(name: &[u8]) -> Option<&[u8]> {
    let path = name.strip_prefix(b"./").unwrap_or(name);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    // No early exit: the compiler vectorises this loop.
    let odd = path.windows(2).fold(false, |odd, pair| odd | ((pair[0] == b'/') & matches!(pair[1], b'/' | b'.')));
    let ends_well = !matches!(path.first(), None | Some(b'/' | b'.')) && path.last() != Some(&b'/');
    (ends_well && !odd).then_some(path)
}

/// Splits a path into directory and last component, both empty for the root.
#[must_use]
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// Components of a path, outermost first; none for the root.
pub fn components(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
}

/// Meaning of the last component of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind<'a> {
    /// An ordinary name.
    Plain,
    /// `.wh.NAME`.
    Whiteout(&'a [u8]),
    /// `.wh..wh..opq`.
    Opaque,
    /// Any other `.wh..wh.*`.
    Bookkeeping,
    /// `.wh.`, `.wh..` and `.wh...`: they would remove names that no directory can contain.
    Meaningless,
}

/// What precedes the name in a whiteout's name (OCI image-spec, layer.md, "Whiteouts").
pub const WHITEOUT_PREFIX: &str = ".wh.";

/// Classifies the last component of a name (OCI image-spec, layer.md, "Whiteouts"; the doubled prefix comes from AUFS).
#[must_use]
pub fn kind(name: &[u8]) -> NameKind<'_> {
    let prefix = WHITEOUT_PREFIX.as_bytes();
    let Some(rest) = name.strip_prefix(prefix) else { return NameKind::Plain };
    match (rest, rest.strip_prefix(prefix)) {
        (_, Some(b".opq")) => NameKind::Opaque,
        (_, Some(_)) => NameKind::Bookkeeping,
        (b"" | b"." | b"..", _) => NameKind::Meaningless,
        _ => NameKind::Whiteout(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_paths_inside_the_root() {
        let cases: [(&str, &str, Escape); 12] = [
            ("a/b", "a/b", Escape::None),
            ("./a//b/./", "a/b", Escape::None),
            ("/a", "a", Escape::None),
            ("", "", Escape::None),
            (".", "", Escape::None),
            ("./", "", Escape::None),
            ("a/../b", "b", Escape::None),
            ("a/b/../c", "a/c", Escape::None),
            ("a/..", "", Escape::None),
            ("..", "", Escape::StoppedAtRoot),
            ("../../etc/passwd", "etc/passwd", Escape::StoppedAtRoot),
            ("d/../../../escape", "escape", Escape::StoppedAtRoot),
        ];
        for (name, path, escape) in cases {
            let mut out = b"before".to_vec();
            assert_eq!(normalise(name.as_bytes(), &mut out), escape, "{name}");
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{path}"), "{name}");
            assert!(without_copy(name.as_bytes()).is_none_or(|short| short == path.as_bytes()), "{name}");
        }
    }

    #[test]
    fn names_that_need_normalising_are_not_taken_without_a_copy() {
        for (name, path) in [("a", "a"), ("a/b/", "a/b"), ("./a/b", "a/b"), ("a.b/c.", "a.b/c.")] {
            assert_eq!(without_copy(name.as_bytes()), Some(path.as_bytes()), "{name}");
        }
        for name in
            ["", "/", ".", "./", "/a", "a//b", "a/b//", ".//a", "././a", "a/..", "../a", "a/./b", "a/../b", ".a"]
        {
            assert_eq!(without_copy(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn only_the_last_component_makes_a_marker() {
        assert_eq!(kind(b"x.wh.y"), NameKind::Plain);
        assert_eq!(kind(b".WH.top"), NameKind::Plain);
        assert_eq!(kind(b".wh.top"), NameKind::Whiteout(b"top"));
        assert_eq!(kind(b".wh..hidden"), NameKind::Whiteout(b".hidden"));
        assert_eq!(kind(b".wh..wh..opq"), NameKind::Opaque);
        assert_eq!(kind(b".wh..wh..opq2"), NameKind::Bookkeeping);
        assert_eq!(kind(b".wh..wh.plnk"), NameKind::Bookkeeping);
        assert_eq!(kind(b".wh..."), NameKind::Meaningless);
    }
}
