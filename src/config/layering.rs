//! Lays what files and variables say over what held before. There is one table of keys for each kind of file; a file's
//! spelling, a variable's name and the place of the value all come from a key's path there, by the rules below.

use std::collections::BTreeMap;

use super::document::{Document, Yaml};
use super::origin::Origin;
use super::problem::{ConfigError, Warning};
use super::surroundings::Surroundings;
use super::value::{Field, shortened};

/// So many unknown keys of a file are named. Finding the line of one costs a reading of the file, so a large file of
/// nothing else must not have them all found.
const UNKNOWN_KEYS_NAMED: usize = 20;

/// One key of a `T`: a row of its table.
#[derive(Clone)]
pub(super) struct Key<T> {
    /// From the outermost key inwards, with dots: `filetree.pane-width`.
    pub(super) path: &'static str,
    /// Its value.
    pub(super) field: fn(&T) -> &dyn Field,
    /// Its value, to be set.
    pub(super) field_mut: fn(&mut T) -> &mut dyn Field,
}

/// A row of a table: the path, and the field that holds the value.
macro_rules! key {
    ($path:expr, $($field:ident).+) => {
        $crate::config::layering::Key {
            path: $path,
            field: |target| &target.$($field).+,
            field_mut: |target| &mut target.$($field).+,
        }
    };
}
pub(super) use key;

impl<T> Key<T> {
    /// The variable that sets the key: `DIVE_`, and the path in capitals with `_` for dots and dashes.
    pub(super) fn variable(&self) -> String {
        format!("DIVE_{}", self.path.to_ascii_uppercase().replace(['.', '-'], "_"))
    }
}

/// A path with its spelling taken off, to compare it: `rules.lowestEfficiency` and `rules.lowest-efficiency` are the
/// same key, and case does not matter, as it never did to dive.
fn bare(path: &str) -> String {
    path.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Lays `document` over `target`, and returns what in it has no effect.
pub(super) fn lay_document<T>(
    target: &mut T,
    keys: &[Key<T>],
    document: &Document,
) -> Result<Vec<Warning>, ConfigError> {
    let mut walk = Walk { target, keys, document, seen: BTreeMap::new(), warnings: Vec::new(), unnamed: 0 };
    walk.section(&mut Vec::new(), &document.root)?;
    if walk.unnamed > 0 {
        walk.warnings.push(Warning::MoreUnknownKeys { path: document.path().to_owned(), count: walk.unnamed });
    }
    Ok(walk.warnings)
}

/// Goes through a document's sections.
struct Walk<'a, T> {
    target: &'a mut T,
    keys: &'a [Key<T>],
    document: &'a Document,
    /// The keys that were there, bare, with the spelling they had.
    seen: BTreeMap<String, String>,
    warnings: Vec<Warning>,
    /// The unknown keys that are too many to be named.
    unnamed: usize,
}

impl<'a, T> Walk<'a, T> {
    /// Goes through what stands below `above`.
    fn section(&mut self, above: &mut Vec<&'a str>, node: &'a Yaml) -> Result<(), ConfigError> {
        let entries = match node {
            Yaml::Empty => return Ok(()),
            Yaml::Map(entries) => entries,
            Yaml::Scalar(text) => return Err(self.no_section(above, &format!("`{}` stands", shortened(text)))),
            Yaml::List(_) => return Err(self.no_section(above, "a list stands")),
        };
        for (key, node) in entries {
            above.push(key);
            self.entry(above, node)?;
            above.pop();
        }
        Ok(())
    }

    /// Takes the value at `path`, or goes through the section there.
    fn entry(&mut self, path: &mut Vec<&'a str>, node: &'a Yaml) -> Result<(), ConfigError> {
        // A dot inside a key must not pass for a level.
        let name = if path.iter().any(|key| key.contains('.')) { String::new() } else { bare(&path.join(".")) };
        let key = path.last().copied().unwrap_or_default();
        let below = format!("{name}.");
        let found = self.keys.iter().find(|each| bare(each.path) == name);
        if found.is_none() && (name.is_empty() || !self.keys.iter().any(|each| bare(each.path).starts_with(&below))) {
            self.warn_of_unknown(path);
            return Ok(());
        }
        if let Some(first) = self.seen.insert(name, key.to_owned()) {
            return Err(ConfigError::SetTwice { origin: self.document.origin_of(path), key: key.to_owned(), first });
        }
        let Some(found) = found else { return self.section(path, node) };
        let origin = self.document.origin_of(path);
        let set = (found.field_mut)(self.target).set(node, origin.clone());
        set.map_err(|reason| ConfigError::BadValue { origin, key: key.to_owned(), reason })
    }

    fn warn_of_unknown(&mut self, path: &[&str]) {
        if self.warnings.len() == UNKNOWN_KEYS_NAMED {
            self.unnamed += 1;
            return;
        }
        let (origin, known) = (self.document.origin_of(path), self.known_beside(path));
        self.warnings.push(Warning::UnknownKey { origin, key: path.join("."), known });
    }

    /// The error of a section that is none.
    fn no_section(&self, path: &[&str], what: &str) -> ConfigError {
        let mut known_at = path.to_vec();
        known_at.push("");
        let message = format!("{what} where keys belong: {}", self.known_beside(&known_at));
        let origin = self.document.origin_of(path);
        match path.last() {
            Some(key) => ConfigError::BadValue { origin, key: (*key).to_owned(), reason: message },
            None => ConfigError::Syntax { origin, message },
        }
    }

    /// The names that may stand where the last of `path` stands, with commas.
    fn known_beside(&self, path: &[&str]) -> String {
        let depth = path.len().saturating_sub(1);
        let above = bare(&path[..depth].join("."));
        let mut names: Vec<&str> = Vec::new();
        for key in self.keys {
            let mut levels = key.path.split('.');
            let section: Vec<&str> = levels.by_ref().take(depth).collect();
            if let Some(name) = levels.next()
                && bare(&section.join(".")) == above
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

/// Lays the variables over `target`, and returns what in them has no effect. An empty variable is as good as none.
pub(super) fn lay_variables<T>(
    target: &mut T,
    keys: &[Key<T>],
    around: &Surroundings,
) -> Result<Vec<Warning>, ConfigError> {
    let mut left = around.variables.clone();
    for key in keys {
        let name = key.variable();
        let Some(value) = left.remove(&name).filter(|value| !value.is_empty()) else { continue };
        let origin = Origin::Variable(name);
        let Some(text) = value.to_str() else { return Err(ConfigError::NotText { origin }) };
        let set = (key.field_mut)(target).set(&Yaml::Scalar(text.to_owned()), origin.clone());
        set.map_err(|reason| ConfigError::BadValue { origin, key: key.path.to_owned(), reason })?;
    }
    // Only names that begin like a section: DIVE_VERSION, say, is somebody else's.
    let warnings = left.into_keys().filter_map(|name| {
        let section = keys.iter().filter_map(|key| key.path.split_once('.')).find_map(|(section, _)| {
            let start = format!("DIVE_{}_", section.to_ascii_uppercase());
            name.starts_with(&start).then_some(start)
        })?;
        let known: Vec<String> = keys.iter().map(Key::variable).filter(|each| each.starts_with(&section)).collect();
        Some(Warning::UnknownVariable { name, known: known.join(", ") })
    });
    Ok(warnings.collect())
}

impl Document {
    /// Whether the file says something, but nothing under `key`.
    pub(super) fn is_without(&self, key: &str) -> bool {
        match &self.root {
            Yaml::Map(entries) => !entries.is_empty() && !entries.iter().any(|(each, _)| bare(each) == key),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::Setting;
    use crate::config::value::{Value, quoted, scalar};

    /// A configuration of two keys.
    struct Pane {
        wide: Setting<bool>,
        title: Setting<String>,
    }

    impl Value for String {
        fn read(node: &Yaml) -> Result<Option<Self>, String> {
            scalar(node, |text| Ok(text.to_owned()))
        }

        fn yaml(&self) -> String {
            quoted(self)
        }
    }

    const KEYS: [Key<Pane>; 2] = [key!("pane.is-wide", wide), key!("title", title)];

    fn pane() -> Pane {
        Pane { wide: Setting::by_default(false), title: Setting::by_default("none".to_owned()) }
    }

    fn lay(text: &str) -> Result<(Pane, Vec<Warning>), ConfigError> {
        let (mut pane, document) = (pane(), Document::parse("p.yaml".into(), text.to_owned())?);
        let warnings = lay_document(&mut pane, &KEYS, &document)?;
        Ok((pane, warnings))
    }

    #[test]
    fn a_value_behind_an_alias_is_laid_with_the_line_of_its_key() {
        let (pane, warnings) = lay("title: &answer yes\npane:\n  isWide: *answer\n").unwrap();
        assert_eq!((pane.title.value.as_str(), pane.wide.value), ("yes", true));
        assert_eq!(pane.wide.origin.to_string(), "p.yaml:3");
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_key_with_nothing_behind_it_leaves_what_held() {
        let (pane, warnings) = lay("title:\npane:\n").unwrap();
        assert_eq!(pane.title.origin, Origin::Default);
        assert_eq!(warnings, []);
    }

    #[test]
    fn a_file_of_unknown_keys_is_not_searched_for_each_of_them() {
        let text = (0..5_000).map(|n| format!("key{n}: x\n")).collect::<Vec<_>>().concat();
        let (_, warnings) = lay(&text).unwrap();
        assert_eq!(warnings.len(), UNKNOWN_KEYS_NAMED + 1);
        assert_eq!(
            warnings[UNKNOWN_KEYS_NAMED].to_string(),
            "p.yaml: 4980 more unknown keys have no effect: is it the right file?"
        );
    }

    #[test]
    fn a_variable_is_named_after_the_path_of_its_key() {
        assert_eq!(KEYS.each_ref().map(Key::variable), ["DIVE_PANE_IS_WIDE", "DIVE_TITLE"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_text_is_refused_by_name() {
        use std::os::unix::ffi::OsStringExt;
        let mut around = Surroundings::default();
        around.variables.insert("DIVE_TITLE".to_owned(), std::ffi::OsString::from_vec(vec![0xff]));
        let error = lay_variables(&mut pane(), &KEYS, &around).unwrap_err();
        assert_eq!(error.to_string(), "DIVE_TITLE: not UTF-8 text: write it in UTF-8");
    }
}
