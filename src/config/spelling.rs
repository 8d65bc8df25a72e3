//! The spellings of a key in variables and in files, which are read leniently as in dive.

/// The variable of the key at `path`: `DIVE_` and the path in upper case, with `_` for dots and dashes.
pub(super) fn variable(path: &str) -> String {
    format!("DIVE_{}", path.to_ascii_uppercase().replace(['.', '-'], "_"))
}

/// The canonical spelling of a path, for comparisons: `rules.lowestEfficiency` and `rules.lowest-efficiency` are the same key, in
/// any case, as in dive.
pub(super) fn bare(path: &str) -> String {
    let letters = path.chars().filter(|c| !matches!(c, '-' | '_'));
    if path.is_ascii() {
        // At each start, every key is compared with those of the table.
        return letters.map(|c| c.to_ascii_lowercase()).collect();
    }
    letters.flat_map(char::to_lowercase).collect()
}

/// True for keys that begin with `x-`, which are free for other uses, such as anchors.
pub(super) fn is_free(key: &str) -> bool {
    key.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("x-"))
}
