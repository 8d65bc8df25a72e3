//! Normalises names inside a store: `./l0//layer.tar` and `/l0/layer.tar` become `l0/layer.tar`. Names in archives,
//! layouts, links and manifests are all normalised here, so that none leads out of the store.

/// A name leads out of the store by `..`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escapes;

/// The normalised form of `name`, which is relative to `folder` (also normalised) unless it starts with `/`. Empty for
/// the root.
///
/// # Errors
/// The name leads out of the root.
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

/// The folder of `name`; empty for the root.
#[must_use]
pub fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_normalise_alike() {
        for name in ["l0/layer.tar", "./l0/layer.tar", "/l0/layer.tar", "l0//./layer.tar", "x/../l0/layer.tar"] {
            assert_eq!(normalise("", name).as_deref(), Ok("l0/layer.tar"), "{name}");
        }
        assert_eq!(normalise("", "./").as_deref(), Ok(""));
        assert_eq!(normalise("l1", "../l0/layer.tar").as_deref(), Ok("l0/layer.tar"));
        assert_eq!(normalise("l1", "/l0/layer.tar").as_deref(), Ok("l0/layer.tar"));
    }

    #[test]
    fn names_outside_the_store_are_refused() {
        for name in ["..", "../x", "a/../../x", "/../etc/passwd"] {
            assert_eq!(normalise("", name), Err(Escapes), "{name}");
        }
        assert_eq!(normalise("l1", "../../x"), Err(Escapes));
    }
}
