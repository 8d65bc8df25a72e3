//! A Compose file. Its texts are interpolated where they are used.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::error::ComposeError;
use super::interpolation::interpolate;
use super::project::Project;
use crate::config::{ConfigError, Document, Origin, Tags, TextFile, Yaml, read_text};
use dive_sources::Environment;

/// The key above the services.
const SERVICES: &str = "services";

/// A key in a Compose file.
#[derive(Clone)]
pub struct ComposeKey {
    document: Arc<Document>,
    /// The key, after those above it.
    keys: Vec<String>,
}

impl ComposeKey {
    /// The file and line of the key, or of the innermost key above it that the file itself contains. The line is found by reading the file again.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        let above = (1..=keys.len()).rev().filter_map(|length| keys.get(..length));
        let mut known = above.map(|keys| self.document.origin_of(keys));
        let in_file = || Origin::File { path: self.document.path().to_owned(), line: None };
        known.find(|origin| matches!(origin, Origin::File { line: Some(_), .. })).unwrap_or_else(in_file)
    }

    /// An error about the value of the key.
    pub(super) fn problem(&self, reason: impl Into<String>) -> ComposeError {
        ComposeError::Value { origin: self.origin(), key: self.keys.join("."), reason: reason.into() }
    }
}

impl fmt::Debug for ComposeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin(), self.keys.join("."))
    }
}

/// A text of a file, without variables.
#[derive(Debug, Clone)]
pub(super) struct ComposeText {
    /// The value.
    pub(super) value: String,
    /// Its key.
    pub(super) place: ComposeKey,
    /// Variables without a value, which Compose replaces by nothing.
    pub(super) unset: Vec<String>,
}

/// A file of a project.
pub(super) struct ComposeFile {
    document: Arc<Document>,
    /// The root, without the services.
    root: Vec<(String, Yaml)>,
    /// The services, in the order of the file.
    pub(super) services: Vec<(String, Yaml)>,
    /// Their places by name.
    places: HashMap<String, usize>,
    /// The key above the services; `None` in Compose's first format, where they are at the top.
    services_key: Option<&'static str>,
}

impl ComposeFile {
    /// Reads the file that `named_by` names.
    pub(super) fn read(
        path: &Path,
        named_by: impl FnOnce() -> Origin,
        environment: &Environment,
    ) -> Result<Self, ComposeError> {
        let text =
            read_text(&environment.working_dir.join(path), path, TextFile::Compose).map_err(|error| match error {
                ConfigError::Unreadable { path, cause } if cause.kind() == std::io::ErrorKind::NotFound => {
                    ConfigError::Missing { path, named_by: named_by() }
                }
                error => error,
            })?;
        Self::parse(path, text)
    }

    /// Parses the text of the file `path`.
    pub(super) fn parse(path: &Path, text: String) -> Result<Self, ComposeError> {
        let mut document = Document::parse_with(path.to_owned(), text, Tags::Kept)?;
        // From here on, the document only finds lines, in its text.
        let root = std::mem::replace(&mut document.root, Yaml::Empty);
        let document = Arc::new(document);
        let mut root = match root {
            Yaml::Map(root) => root,
            Yaml::Empty => Vec::new(),
            Yaml::Scalar(_) | Yaml::List(_) => {
                let origin = Origin::File { path: path.to_owned(), line: None };
                let message = "this is not a Compose file: expected a mapping with `services`".to_owned();
                return Err(ConfigError::Syntax { origin, message }.into());
            }
        };
        if is_first_format(&root) {
            let (services, root) = root.into_iter().partition(|(_, node)| is_service(node));
            return Ok(Self { document, root, services: Vec::new(), places: HashMap::new(), services_key: None }
                .with_services(services));
        }
        let services = root.iter().position(|(key, _)| key == SERVICES).map(|at| root.swap_remove(at).1);
        let file = Self { document, root, services: Vec::new(), places: HashMap::new(), services_key: Some(SERVICES) };
        match services {
            Some(Yaml::Map(services)) => Ok(file.with_services(services)),
            Some(Yaml::Empty) | None => Ok(file),
            Some(Yaml::Scalar(_) | Yaml::List(_)) => {
                Err(file.place(&[SERVICES]).problem("expected a mapping of services"))
            }
        }
    }

    /// Sets the services.
    fn with_services(self, services: Vec<(String, Yaml)>) -> Self {
        let mut places = HashMap::with_capacity(services.len());
        for (place, (name, _)) in services.iter().enumerate() {
            places.entry(name.clone()).or_insert(place);
        }
        Self { services, places, ..self }
    }

    /// The service of this name.
    pub(super) fn service(&self, name: &str) -> Option<&Yaml> {
        self.places.get(name).and_then(|place| self.services.get(*place)).map(|(_, node)| node)
    }

    /// The value of a key beside the services.
    pub(super) fn setting(&self, key: &str) -> Option<&Yaml> {
        value(&self.root, key).filter(|_| self.services_key.is_some())
    }

    /// The keys of a service.
    pub(super) fn service_keys<'a>(&self, name: &'a str) -> Vec<&'a str> {
        self.services_key.into_iter().chain([name]).collect()
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.document.path()
    }

    /// A key of the file.
    pub(super) fn place(&self, keys: &[&str]) -> ComposeKey {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        ComposeKey { document: Arc::clone(&self.document), keys }
    }

    /// The text at `keys`, whose node is `node`; `None` for an empty one.
    pub(super) fn text(
        &self,
        keys: &[&str],
        node: &Yaml,
        project: &Project<'_>,
    ) -> Result<Option<ComposeText>, ComposeError> {
        let place = self.place(keys);
        let text = match node {
            Yaml::Empty => return Ok(None),
            Yaml::Scalar(text) => text,
            Yaml::List(_) => return Err(place.problem("expected a text, found a list")),
            Yaml::Map(_) => return Err(place.problem("expected a text, found a mapping")),
        };
        let read = interpolate(text, &|name| project.variable(name));
        let read = read.map_err(|error| place.problem(error.to_string()))?;
        project.count_text(&read.text).map_err(|reason| place.problem(reason))?;
        Ok(Some(ComposeText { value: read.text, place, unset: read.unset.into_iter().collect() }))
    }

    /// The texts at `keys`: a list, or a single text.
    pub(super) fn texts(
        &self,
        keys: &[&str],
        node: &Yaml,
        project: &Project<'_>,
    ) -> Result<Vec<ComposeText>, ComposeError> {
        let Yaml::List(items) = node else {
            return Ok(self.text(keys, node, project)?.into_iter().collect());
        };
        let mut texts = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let number = number.to_string();
            texts.extend(self.text(&[keys, &[&number]].concat(), item, project)?);
        }
        Ok(texts)
    }
}

/// True for a file of Compose's first format, whose top-level keys are the services.
fn is_first_format(root: &[(String, Yaml)]) -> bool {
    let is_later = [SERVICES, "version", "include"].iter().any(|key| value(root, key).is_some());
    !is_later && root.iter().any(|(key, node)| !key.starts_with("x-") && is_service(node))
}

/// True for a mapping that says which image a service runs.
fn is_service(node: &Yaml) -> bool {
    let says = |(key, _): &(String, Yaml)| matches!(key.as_str(), "image" | "build" | "extends");
    matches!(node, Yaml::Map(entries) if entries.iter().any(says))
}

/// The tag of a value, such as `!reset`, and the value behind it.
pub(super) fn tagged(node: &Yaml) -> Option<(&str, &Yaml)> {
    let Yaml::Map(entries) = node else { return None };
    let [(tag, node)] = &entries[..] else { return None };
    tag.starts_with('!').then_some((tag, node))
}

/// The value of a key in a mapping.
pub(super) fn value<'a>(map: &'a [(String, Yaml)], key: &str) -> Option<&'a Yaml> {
    map.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_keys_fill_in_what_a_mapping_lacks() {
        let text = "x-a: &a { image: a, platform: p }\nx-b: &b { image: b, build: . }\n\
                    services:\n  web:\n    <<: [*a, *b]\n    platform: q\n  db:\n    <<: *b\n";
        let file = ComposeFile::parse(Path::new("c.yaml"), text.to_owned()).unwrap();
        let of = |service: &str, key: &str| match value(&file.services, service) {
            Some(Yaml::Map(entries)) => value(entries, key).cloned(),
            _ => None,
        };
        let text = |text: &str| Some(Yaml::Scalar(text.to_owned()));
        assert_eq!(of("web", "image"), text("a"));
        assert_eq!(of("web", "platform"), text("q"));
        assert_eq!(of("web", "build"), text("."));
        assert_eq!(of("db", "image"), text("b"));
        assert_eq!(of("db", "<<"), None);
        assert_eq!(file.place(&["services", "web", "platform"]).origin().to_string(), "c.yaml:6");
        assert_eq!(file.place(&["services", "web", "image"]).origin().to_string(), "c.yaml:1");
    }

    #[test]
    fn tags_are_kept() {
        let text = "services:\n  web:\n    image: !reset null\n    profiles: !override [a]\n    ports: !reset []\n";
        let file = ComposeFile::parse(Path::new("c.yaml"), text.to_owned()).unwrap();
        let tagged = |tag: &str, value| Yaml::Map(vec![(tag.to_owned(), value)]);
        let entries = vec![
            ("image".to_owned(), tagged("!reset", Yaml::Empty)),
            ("profiles".to_owned(), tagged("!override", Yaml::List(vec![Yaml::Scalar("a".to_owned())]))),
            ("ports".to_owned(), tagged("!reset", Yaml::List(Vec::new()))),
        ];
        assert_eq!(file.services, [("web".to_owned(), Yaml::Map(entries))]);
    }
}
