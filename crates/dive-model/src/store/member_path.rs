//! Names inside a source, written in one way: `./l0//layer.tar` and `/l0/layer.tar` are `l0/layer.tar`. Archives,
//! layouts, links and manifests all come through here, so that no name from a file ever leads out of its source.

/// A name that climbs out of the source with `..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escapes;

/// The one way to write `name`, which is relative to `folder` (itself written that way) unless it starts with `/`.
/// Empty for the root.
///
/// # Errors
/// If it leads out of the root.
pub fn normalise(folder: &str, name: &str) -> Result<String, Escapes> {
    let start = if name.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(Escapes)?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The folder that holds `name`; empty for the root.
#[must_use]
pub fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_spelling() {
        for name in ["l0/layer.tar", "./l0/layer.tar", "/l0/layer.tar", "l0//./layer.tar", "x/../l0/layer.tar"] {
            assert_eq!(normalise("", name).as_deref(), Ok("l0/layer.tar"), "{name}");
        }
        assert_eq!(normalise("", "./").as_deref(), Ok(""));
        assert_eq!(normalise("l1", "../l0/layer.tar").as_deref(), Ok("l0/layer.tar"));
        assert_eq!(normalise("l1", "/l0/layer.tar").as_deref(), Ok("l0/layer.tar"));
    }

    #[test]
    fn no_name_climbs_out() {
        for name in ["..", "../x", "a/../../x", "/../etc/passwd"] {
            assert_eq!(normalise("", name), Err(Escapes), "{name}");
        }
        assert_eq!(normalise("l1", "../../x"), Err(Escapes));
    }
}
