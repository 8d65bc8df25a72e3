//! Distinguishes documents of container engines from those of other applications with the same name (`manifest.json`,
//! `index.json`), by content.

use super::oci_layout::MARKERS;
use crate::json::{self, Decode, JsonKey, JsonText, List, Map, Object};

/// Classification of a document named in [`MARKERS`], in order of increasing likelihood to be an image's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DocumentContent {
    /// Another application's.
    Other,
    /// An empty list of images.
    Empty,
    /// An invalid document with typical words of an engine's.
    Damaged,
    /// A document of an engine.
    Engine,
}

/// Classifies a document with this name and content.
pub(super) fn content(name: &str, bytes: &[u8]) -> DocumentContent {
    let [layout, index, manifest, repositories] = MARKERS;
    match name {
        _ if name == manifest => of_manifest(bytes),
        _ if name == index => of_oci(bytes),
        _ if name == layout => engine_if(read::<LayoutProbe>(bytes).is_some_and(|it| !it.version.is_empty())),
        _ if name == repositories => engine_if(read::<Map<Map<String>>>(bytes).is_some_and(|it| names_layers(&it))),
        _ => DocumentContent::Other,
    }
}

const fn engine_if(is_engines: bool) -> DocumentContent {
    if is_engines { DocumentContent::Engine } else { DocumentContent::Other }
}

fn read<T: Decode + Default>(bytes: &[u8]) -> Option<T> {
    json::read(bytes).ok().map(|document| document.value)
}

/// Classifies a `manifest.json`: the list in Docker's archives, or the manifest in skopeo's `dir:`.
fn of_manifest(bytes: &[u8]) -> DocumentContent {
    match read::<List<ArchiveEntryProbe>>(bytes) {
        Some(List(images)) if images.is_empty() => DocumentContent::Empty,
        Some(List(images)) => engine_if(images.iter().any(|image| !image.config.is_empty() && image.layers.is_some())),
        None if is_archive_entry(bytes) => DocumentContent::Engine,
        None => of_oci(bytes),
    }
}

/// True if the document is a single entry instead of a list.
pub(super) fn is_archive_entry(bytes: &[u8]) -> bool {
    read::<ArchiveEntryProbe>(bytes).is_some_and(|image| {
        let layers = image.layers.unwrap_or_default().0;
        !image.config.is_empty() && !layers.is_empty() && layers.iter().all(|layer| is_layer_name(layer))
    })
}

/// True if builders use this name for a layer in an archive.
pub(crate) fn is_layer_name(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"].iter().any(|ending| name.ends_with(ending)) || name.starts_with("blobs/")
}

fn of_oci(bytes: &[u8]) -> DocumentContent {
    let has_digest = |list: &List<BlobProbe>| !list.0.is_empty() && list.0.iter().all(|named| !named.digest.is_empty());
    match read::<ManifestProbe>(bytes) {
        Some(document) => {
            let lists = [&document.manifests, &document.layers, &document.fs_layers];
            engine_if(
                lists.into_iter().flatten().any(has_digest)
                    || (document.schema_version.is_some() && document.manifests.is_some()),
            )
        }
        None if has_words(bytes) => DocumentContent::Damaged,
        None => DocumentContent::Other,
    }
}

/// True if an invalid document has typical words of an engine's.
fn has_words(bytes: &[u8]) -> bool {
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
    // Other applications use these words, too, in complete documents.
    let is_cut = || read::<()>(bytes).is_none();
    (holds("\"digest\"") && holds("\"sha256:"))
        || (bytes.trim_ascii_start().starts_with(b"[") && holds("\"Config\"") && is_cut())
        || (holds("\"schemaVersion\"") && holds("\"mediaType\"") && is_cut())
}

/// True if all tags map to layer ids, as in Docker up to 1.9.
fn names_layers(Map(repositories): &Map<Map<String>>) -> bool {
    let mut ids = repositories.values().flat_map(|Map(tags)| tags.values()).peekable();
    ids.peek().is_some() && ids.all(|id| is_hex(id))
}

/// True for 64 hexadecimal digits.
pub(super) fn is_hex(name: &str) -> bool {
    name.len() == 64 && is_all_hex(name)
}

pub(super) fn is_all_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Fields of `oci-layout`.
#[derive(Debug, Default)]
struct LayoutProbe {
    version: String,
}

impl Object for LayoutProbe {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("imageLayoutVersion").then_some(&mut self.version)
    }
}

/// Fields of an entry of an archive's `manifest.json`.
#[derive(Debug, Default)]
struct ArchiveEntryProbe {
    config: String,
    layers: Option<List<String>>,
}

impl Object for ArchiveEntryProbe {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Config") => &mut self.config,
            _ if key.is("Layers") => &mut self.layers,
            _ => return None,
        })
    }
}

/// Fields of a manifest or index.
#[derive(Debug, Default)]
pub(super) struct ManifestProbe {
    pub(super) media_type: JsonText,
    schema_version: Option<()>,
    manifests: Option<List<BlobProbe>>,
    layers: Option<List<BlobProbe>>,
    fs_layers: Option<List<BlobProbe>>,
}

impl ManifestProbe {
    /// True if it has a list of a manifest or index.
    pub(super) const fn has_list(&self) -> bool {
        self.manifests.is_some() || self.layers.is_some() || self.fs_layers.is_some()
    }
}

impl Object for ManifestProbe {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("mediaType") => &mut self.media_type,
            _ if key.is("schemaVersion") => &mut self.schema_version,
            _ if key.is("manifests") => &mut self.manifests,
            _ if key.is("layers") => &mut self.layers,
            _ if key.is("fsLayers") => &mut self.fs_layers,
            _ => return None,
        })
    }
}

/// Fields of a blob's descriptor.
#[derive(Debug, Default)]
struct BlobProbe {
    digest: String,
}

impl Object for BlobProbe {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        (key.is("digest") || key.is("blobSum")).then_some(&mut self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_engines_are_recognised_by_content() {
        let id = "0a".repeat(32);
        for (name, text) in [
            ("manifest.json", r#"[{"Config": "c.json", "RepoTags": null, "Layers": ["l"]}]"#),
            ("manifest.json", r#"[{"config": "c.json", "layers": []}]"#),
            ("manifest.json", r#"{"Config": "c.json", "Layers": ["l/layer.tar"]}"#),
            ("manifest.json", r#"{"schemaVersion": 2, "layers": [{"digest": "sha256:0"}]}"#),
            ("manifest.json", r#"{"fsLayers": [{"blobSum": "sha256:0"}]}"#),
            ("index.json", r#"{"manifests": [{"digest": "sha256:0"}]}"#),
            ("index.json", r#"{"schemaVersion": 2, "manifests": []}"#),
            ("oci-layout", r#"{"imageLayoutVersion": "1.0.0"}"#),
            ("repositories", &format!(r#"{{"app": {{"1": "{id}"}}}}"#)),
        ] {
            assert_eq!(content(name, text.as_bytes()), DocumentContent::Engine, "{name} {text}");
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
