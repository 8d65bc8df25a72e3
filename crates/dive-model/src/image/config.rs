//! The image configuration. The types are our own, because those of oci-spec reject images that engines load: with
//! `history` and `diff_ids` of `null`, and with fields newer than the specification.

use oci_spec::image::{ANNOTATION_BASE_IMAGE_DIGEST, ANNOTATION_BASE_IMAGE_NAME};

use super::container_places::ContainerPlaces;
use super::history::HistoryEntry;
use super::labels::OciLabels;
use super::named_image::NamedImage;
use super::platform::Platform;
use crate::json::{Decode, JsonError, JsonKey, JsonReader, JsonText, JsonType, List, Object};

/// The fields that dive reads.
#[derive(Debug, Default)]
pub(super) struct ImageConfig {
    pub(super) created: JsonText,
    architecture: JsonText,
    os: JsonText,
    variant: JsonText,
    os_version: JsonText,
    os_features: List<String>,
    pub(super) rootfs: Option<ConfigRootFs>,
    pub(super) container: RunConfig,
    pub(super) history: List<HistoryEntry>,
}

impl Object for ImageConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("created") => &mut self.created,
            _ if key.is("architecture") => &mut self.architecture,
            _ if key.is("os") => &mut self.os,
            _ if key.is("variant") => &mut self.variant,
            _ if key.is("os.version") => &mut self.os_version,
            _ if key.is("os.features") => &mut self.os_features,
            _ if key.is("rootfs") => &mut self.rootfs,
            _ if key.is("config") => &mut self.container,
            _ if key.is("history") => &mut self.history,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct ConfigRootFs {
    pub(super) diff_ids: List<String>,
}

impl Object for ConfigRootFs {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("diff_ids").then_some(&mut self.diff_ids)
    }
}

/// Settings of containers from the image.
#[derive(Debug, Default)]
pub(super) struct RunConfig {
    labels: Labels,
    pub(super) user: LenientText,
    entrypoint: ArgumentList,
    command: ArgumentList,
    environment: ArgumentList,
    working_directory: LenientText,
    volumes: VolumePaths,
}

impl RunConfig {
    /// Where the image comes from.
    pub(super) fn labels(&self) -> OciLabels {
        self.labels.oci.clone()
    }

    /// What containers start: entrypoint and command.
    pub(super) fn start_command(&self) -> Vec<String> {
        [&self.entrypoint.0[..], &self.command.0[..]].concat()
    }

    /// Where containers keep their data, and where they start.
    pub(super) fn places(&self) -> ContainerPlaces {
        ContainerPlaces {
            volumes: self.volumes.0.clone(),
            working_directory: self.working_directory.0.clone(),
            environment: self.environment.0.clone(),
        }
    }
}

impl Object for RunConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Labels") => &mut self.labels,
            _ if key.is("User") => &mut self.user,
            _ if key.is("Entrypoint") => &mut self.entrypoint,
            _ if key.is("Cmd") => &mut self.command,
            _ if key.is("Env") => &mut self.environment,
            _ if key.is("WorkingDir") => &mut self.working_directory,
            _ if key.is("Volumes") => &mut self.volumes,
            _ => return None,
        })
    }
}

/// A text. A value that is not a string counts as missing.
#[derive(Debug, Default)]
pub(super) struct LenientText(pub(super) String);

impl Decode for LenientText {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        self.0.clear();
        if json.next_type()? == JsonType::String { self.0.decode(json) } else { json.skip() }
    }
}

/// Maximum number of arguments of a command that dive reads.
const MAX_ARGUMENTS: usize = 1_000;

/// A command. A value that is not a list counts as missing, and so does an argument that is not a string.
#[derive(Debug, Default)]
struct ArgumentList(Vec<String>);

impl Decode for ArgumentList {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        self.0.clear();
        if json.next_type()? != JsonType::List {
            return json.skip();
        }
        json.list(&mut |json| {
            if json.next_type()? != JsonType::String || self.0.len() == MAX_ARGUMENTS {
                return json.skip();
            }
            let mut word = String::new();
            word.decode(json)?;
            self.0.push(word);
            Ok(())
        })
    }
}

/// The paths of volumes: the keys of an object. Another value counts as missing.
#[derive(Debug, Default)]
struct VolumePaths(Vec<String>);

impl Decode for VolumePaths {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        self.0.clear();
        if json.next_type()? != JsonType::Object {
            return json.skip();
        }
        json.object(&mut |key, json| {
            if self.0.len() < MAX_ARGUMENTS {
                self.0.push(key.as_str().to_owned());
            }
            json.skip()
        })
    }
}

/// The labels that dive reads. A value that is not a string counts as missing.
#[derive(Debug, Default)]
struct Labels {
    base_name: Option<String>,
    base_digest: Option<String>,
    oci: OciLabels,
}

/// Decodes like a map in Go: keys are case-sensitive data, and `null` empties it.
impl Decode for Labels {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.next_type()? != JsonType::Object {
            *self = Self::default();
            return json.skip();
        }
        json.object(&mut |key, json| {
            let label = match key.as_str() {
                ANNOTATION_BASE_IMAGE_NAME => &mut self.base_name,
                ANNOTATION_BASE_IMAGE_DIGEST => &mut self.base_digest,
                key => match self.oci.get_mut(key) {
                    Some(label) => label,
                    None => return json.skip(),
                },
            };
            *label = None;
            if json.next_type()? == JsonType::String { label.decode(json) } else { json.skip() }
        })
    }
}

impl ImageConfig {
    /// Base image in the labels.
    pub(super) fn base(&self) -> Option<NamedImage> {
        let Labels { base_name, base_digest, .. } = &self.container.labels;
        NamedImage::of(base_name.as_deref(), base_digest.as_deref())
    }

    pub(super) fn platform(&self) -> Option<Platform> {
        let (os, architecture) = (self.os.as_deref()?, self.architecture.as_deref()?);
        let platform = Platform::new(os, architecture, self.variant.as_deref());
        Some(platform.with_os(self.os_version.as_deref(), self.os_features.0.iter().cloned()))
    }

    pub(super) fn diff_ids(&self) -> &[String] {
        self.rootfs.as_ref().map_or(&[], |rootfs| &rootfs.diff_ids.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_that_engines_load_are_read() {
        let read = |json: &str| crate::json::read::<ImageConfig>(json.as_bytes()).unwrap().value;
        let config = read(
            r#"{"os": "linux", "architecture": "arm64", "variant": "v8", "created": null, "history": null,
                "rootfs": {"type": "layers", "diff_ids": null}, "future": {"a": [1, 2.5, {"b": null}]}}"#,
        );
        assert_eq!(config.platform().unwrap().to_string(), "linux/arm64");
        assert_eq!(read(r#"{"config": {"User": "app:1"}}"#).container.user.0, "app:1");
        assert_eq!(read(r#"{"config": {"User": 1000}}"#).container.user.0, "");
        let starts = |json: &str| read(json).container.start_command().join(" ");
        assert_eq!(starts(r#"{"config": {"Entrypoint": ["/init"], "Cmd": ["a", 1, "b"]}}"#), "/init a b");
        assert_eq!(starts(r#"{"config": {"Entrypoint": "sh", "Cmd": null}}"#), "");
        let places = |json: &str| read(json).container.places();
        let found = places(r#"{"config": {"Volumes": {"/a": {}, "/b": null}, "WorkingDir": "/w", "Env": ["A=1", 2]}}"#);
        assert_eq!(
            (found.volumes.join(" "), &*found.working_directory, found.environment.len()),
            ("/a /b".to_owned(), "/w", 1)
        );
        assert_eq!(
            places(r#"{"config": {"Volumes": ["/a"], "WorkingDir": 1, "Env": "A=1"}}"#),
            ContainerPlaces::default()
        );
        assert!(config.diff_ids().is_empty() && config.history.0.is_empty());
        let empty = read("{}");
        assert_eq!(empty.platform(), None);
        assert!(empty.rootfs.is_none());
    }
}
