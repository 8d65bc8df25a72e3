//! Documents that have the name of an engine's: a web application has a `manifest.json` or an `index.json` as well, and its
//! root file system is no image. What is in them tells.

use super::oci_layout::MARKERS;
use crate::json::{self, Decode, Key, List, Map, Object};

/// What a document is that has a name of [`MARKERS`]. What is greater is more likely an image's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DocumentContent {
    /// Another application's.
    Other,
    /// A list of images that is empty.
    Empty,
    /// No valid document, but with words of one.
    Damaged,
    /// What an engine writes.
    Engines,
}

/// What `bytes` are, in a document called `name`.
pub(super) fn content(name: &str, bytes: &[u8]) -> DocumentContent {
    let [layout, index, manifest, repositories] = MARKERS;
    match name {
        _ if name == manifest => of_manifest(bytes),
        _ if name == index => of_oci(bytes),
        _ if name == layout => when(read::<Layout>(bytes).is_some_and(|it| !it.version.is_empty())),
        _ if name == repositories => when(read::<Map<Map<String>>>(bytes).is_some_and(|it| names_layers(&it))),
        _ => DocumentContent::Other,
    }
}

const fn when(is_engines: bool) -> DocumentContent {
    if is_engines { DocumentContent::Engines } else { DocumentContent::Other }
}

fn read<T: Decode + Default>(bytes: &[u8]) -> Option<T> {
    json::read(bytes).ok().map(|document| document.value)
}

/// The list of Docker's archives, or what skopeo's `dir:` has under its name.
fn of_manifest(bytes: &[u8]) -> DocumentContent {
    match read::<List<DockerImage>>(bytes) {
        Some(List(images)) if images.is_empty() => DocumentContent::Empty,
        Some(List(images)) => when(images.iter().any(|image| !image.config.is_empty() && image.layers.is_some())),
        None => of_oci(bytes),
    }
}

fn of_oci(bytes: &[u8]) -> DocumentContent {
    let has_digest = |list: &List<Named>| !list.0.is_empty() && list.0.iter().all(|named| !named.digest.is_empty());
    match read::<OciDocument>(bytes) {
        Some(document) => {
            let lists = [&document.manifests, &document.layers, &document.fs_layers];
            when(
                lists.into_iter().flatten().any(has_digest)
                    || (document.schema_version.is_some() && document.manifests.is_some()),
            )
        }
        None if has_words(bytes) => DocumentContent::Damaged,
        None => DocumentContent::Other,
    }
}

/// Whether the words of engines are in a document that cannot be read to its end.
fn has_words(bytes: &[u8]) -> bool {
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
    // Other applications have the other words too, in documents that are whole.
    let is_cut = || read::<()>(bytes).is_none();
    (holds("\"digest\"") && holds("\"sha256:"))
        || (bytes.trim_ascii_start().starts_with(b"[") && holds("\"Config\"") && is_cut())
        || (holds("\"schemaVersion\"") && holds("\"mediaType\"") && is_cut())
}

/// Whether images of Docker 1.9 and older are named, by the ids of their layers.
fn names_layers(Map(repositories): &Map<Map<String>>) -> bool {
    let mut ids = repositories.values().flat_map(|Map(tags)| tags.values()).peekable();
    ids.peek().is_some() && ids.all(|id| is_hex(id))
}

/// Whether a name is a digest or an id.
pub(super) fn is_hex(name: &str) -> bool {
    name.len() == 64 && is_all_hex(name)
}

pub(super) fn is_all_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[derive(Debug, Default)]
struct Layout {
    version: String,
}

impl Object for Layout {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        key.is("imageLayoutVersion").then_some(&mut self.version)
    }
}

#[derive(Debug, Default)]
struct DockerImage {
    config: String,
    layers: Option<List<String>>,
}

impl Object for DockerImage {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Config") => &mut self.config,
            _ if key.is("Layers") => &mut self.layers,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct OciDocument {
    schema_version: Option<()>,
    manifests: Option<List<Named>>,
    layers: Option<List<Named>>,
    fs_layers: Option<List<Named>>,
}

impl Object for OciDocument {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("schemaVersion") => &mut self.schema_version,
            _ if key.is("manifests") => &mut self.manifests,
            _ if key.is("layers") => &mut self.layers,
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ => return None,
        })
    }
}

/// A blob.
#[derive(Debug, Default)]
struct Named {
    digest: String,
}

impl Object for Named {
    fn field(&mut self, key: &Key<'_>) -> Option<&mut dyn Decode> {
        (key.is("digest") || key.is("blobSum")).then_some(&mut self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_told_by_what_engines_write() {
        let id = "0a".repeat(32);
        for (name, text) in [
            ("manifest.json", r#"[{"Config": "c.json", "RepoTags": null, "Layers": ["l"]}]"#),
            ("manifest.json", r#"[{"config": "c.json", "layers": []}]"#),
            ("manifest.json", r#"{"schemaVersion": 2, "layers": [{"digest": "sha256:0"}]}"#),
            ("manifest.json", r#"{"fsLayers": [{"blobSum": "sha256:0"}]}"#),
            ("index.json", r#"{"manifests": [{"digest": "sha256:0"}]}"#),
            ("index.json", r#"{"schemaVersion": 2, "manifests": []}"#),
            ("oci-layout", r#"{"imageLayoutVersion": "1.0.0"}"#),
            ("repositories", &format!(r#"{{"app": {{"1": "{id}"}}}}"#)),
        ] {
            assert_eq!(content(name, text.as_bytes()), DocumentContent::Engines, "{name} {text}");
        }
        assert_eq!(content("manifest.json", b"[]"), DocumentContent::Empty);
        for text in [r#"[{"Config": "c.js"#, r#"{"layers": [{"digest": "sha256:0"}"#] {
            assert_eq!(content("manifest.json", text.as_bytes()), DocumentContent::Damaged, "{text}");
        }
        for (name, text) in [
            ("manifest.json", r#"{"name": "app", "icons": []}"#),
            ("manifest.json", r#"{"layers": [{"name": "roads"}]}"#),
            ("manifest.json", r#"{"layers": ["a"], "config": "c"}"#),
            ("index.json", r#"{"manifests": "none"}"#),
            ("oci-layout", "{}"),
            ("repositories", r#"{"app": {"1": "latest"}}"#),
            ("repositories", "{}"),
            ("manifest.json", ""),
        ] {
            assert_eq!(content(name, text.as_bytes()), DocumentContent::Other, "{name} {text}");
        }
    }
}
