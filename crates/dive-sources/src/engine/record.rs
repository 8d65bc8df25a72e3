//! The cached record of an exported image: its documents, and the stored sizes of its layers.
//!
//! With a record and the cached layer entries, an image opens without another export. The engine's description of the image is
//! compared with the record each time; a record that differs is ignored.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::api::ImageInspect;
use crate::ContainerEngine;
use dive_model::blob::Blob;
use dive_model::cache::{Cache, RecordKind};
use dive_model::json::{self, Decode, JsonKey, List, Object};
use dive_model::store::Archive;
use dive_model::store::member_path::normalise;

pub(super) const MANIFEST: &str = "manifest.json";

/// Increment when the format of a record changes.
const VERSION: u32 = 3;

/// Limit of a cached document, in bytes.
const DOCUMENT_LIMIT: u64 = 8 << 20;

const INDEX: &str = "index.json";

/// Limits of the documents below an index: their number, and their length together in bytes.
const DOCUMENTS: usize = 256;
const INDEX_LIMIT: u64 = 16 << 20;

/// The start of the predicate types that dive reads of an attestation.
const PROVENANCE: &str = "https://slsa.dev/provenance/";

/// Limit of the number of links. An image has at most one per layer.
const LINKS: usize = 10_000;

/// The record of an exported image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    /// `manifest.json` with one image, unchanged.
    manifest: Vec<u8>,
    /// The configuration, unchanged.
    config: Vec<u8>,
    /// The stored sizes of the layers in bytes, in manifest order.
    lengths: Vec<u64>,
    /// Symbolic links in the archive as (name, target). Engines use them for repeated layers.
    pub(super) links: Vec<(String, String)>,
    /// The OCI index, if present, its manifests, which have the layers' media types, and statements of provenance.
    pub(super) index: Vec<(String, Vec<u8>)>,
}

/// The one entry of `manifest.json`.
#[derive(Debug, Default)]
struct ManifestEntry {
    config: String,
    layers: List<String>,
}

impl Object for ManifestEntry {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Config") => &mut self.config,
            _ if key.is("Layers") => &mut self.layers,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct RecordedConfig {
    rootfs: RecordedRootFs,
}

impl Object for RecordedConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("rootfs").then_some(&mut self.rootfs)
    }
}

#[derive(Debug, Default)]
struct RecordedRootFs {
    diff_ids: List<String>,
}

impl Object for RecordedRootFs {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("diff_ids").then_some(&mut self.diff_ids)
    }
}

impl Record {
    /// Creates the record of `archive`. `None` if the archive does not match the engine's description, or if a document is
    /// over the limits: without it, the next run would say less than this one.
    pub(super) fn of(archive: &Archive, inspected: &ImageInspect) -> Option<Self> {
        let read = |path: &str| archive.open(path).ok()?.read_document(DOCUMENT_LIMIT).ok();
        let manifest = read(MANIFEST)?;
        let entry = ManifestEntry::of(&manifest)?;
        let lengths = entry.layers.0.iter().map(|layer| Some(archive.open(layer).ok()?.len()));
        let links = archive.links().map(|(name, target)| (name.to_owned(), target.to_owned()));
        let record = Self {
            version: VERSION,
            config: read(&entry.config)?,
            lengths: lengths.collect::<Option<_>>()?,
            manifest,
            links: links.take(LINKS + 1).collect(),
            index: index(archive)?,
        };
        (record.links.len() <= LINKS && record.matches(inspected)).then_some(record)
    }

    /// Writes the record to `cache`.
    pub(super) fn keep(&self, cache: &Cache, key: &str) {
        cache.write(RecordKind::Image, key, |out| {
            let bytes = postcard::to_stdvec(self).map_err(std::io::Error::other)?;
            out.write_all(&bytes)
        });
    }

    /// Reads the record from `cache`. `None` if it does not match the engine's description.
    pub(super) fn find(cache: &Cache, key: &str, inspected: &ImageInspect) -> Option<Self> {
        let bytes = cache.read(RecordKind::Image, key)?;
        let record: Option<Self> = postcard::from_bytes(&bytes).ok();
        let Some(record) = record.filter(|record| record.version == VERSION && record.matches(inspected)) else {
            cache.remove(RecordKind::Image, key);
            return None;
        };
        let are_known = diff_ids(inspected)?.iter().all(|diff_id| cache.contains(RecordKind::Layer, diff_id));
        are_known.then_some(record)
    }

    /// True if the record has the layers in the engine's description.
    fn matches(&self, inspected: &ImageInspect) -> bool {
        let (Some(wanted), Some(entry)) = (diff_ids(inspected), ManifestEntry::of(&self.manifest)) else {
            return false;
        };
        self.diff_ids().is_some_and(|diff_ids| diff_ids == wanted)
            && entry.layers.0.len() == wanted.len()
            && self.lengths.len() == wanted.len()
    }

    /// `manifest.json` with these tags.
    pub(super) fn manifest(&self, tags: &[String]) -> Option<Vec<u8>> {
        with_tags(&self.manifest, tags)
    }

    /// The configuration and its path in the archive.
    pub(super) fn config(&self) -> Option<(String, Vec<u8>)> {
        let path = ManifestEntry::of(&self.manifest)?.config;
        Some((normalise("", &path).ok()?, self.config.clone()))
    }

    /// The `diff_ids` in the configuration.
    fn diff_ids(&self) -> Option<Vec<String>> {
        Some(json::read::<RecordedConfig>(&self.config).ok()?.value.rootfs.diff_ids.0)
    }

    /// The layers in order.
    pub(super) fn layers(&self) -> Option<Vec<KnownLayer>> {
        let names = ManifestEntry::of(&self.manifest)?.layers.0;
        let layers = names.iter().zip(&self.lengths).zip(self.diff_ids()?);
        let known = |((name, len), diff_id): ((&String, &u64), String)| {
            Some(KnownLayer { path: normalise("", name).ok()?, len: *len, diff_id })
        };
        layers.map(known).collect()
    }
}

/// The archive's OCI index, its manifests and statements of provenance, by path. `None` if they exceed the limits.
fn index(archive: &Archive) -> Option<Vec<(String, Vec<u8>)>> {
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    let mut room = INDEX_LIMIT;
    let mut ahead = vec![INDEX.to_owned()];
    while let Some(path) = ahead.pop() {
        // An export of one platform has no manifests of the others.
        if documents.iter().any(|(known, _)| *known == path) || !archive.contains(&path) {
            continue;
        }
        let bytes = archive.open(&path).ok()?.read_document(room.min(DOCUMENT_LIMIT)).ok()?;
        room -= bytes.len() as u64;
        if documents.len() == DOCUMENTS {
            return None;
        }
        let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let list = |key: &str| document[key].as_array().map_or(&[][..], Vec::as_slice);
        let is_provenance = |layer: &&Value| {
            let predicate = layer["annotations"]["in-toto.io/predicate-type"].as_str();
            predicate.is_some_and(|predicate| predicate.starts_with(PROVENANCE))
        };
        let below = list("manifests").iter().chain(list("layers").iter().filter(is_provenance));
        let digests = below.filter_map(|descriptor| descriptor["digest"].as_str()?.split_once(':'));
        ahead.extend(digests.map(|(algorithm, hex)| format!("blobs/{algorithm}/{hex}")));
        documents.push((path, bytes));
    }
    Some(documents)
}

/// A layer in a record.
#[derive(Debug)]
pub(super) struct KnownLayer {
    /// Its path in the archive.
    pub(super) path: String,
    /// Its stored size in bytes.
    pub(super) len: u64,
    pub(super) diff_id: String,
}

/// The cache key. It includes the engine, because Docker and Podman export the same id differently.
pub(super) fn key(engine: ContainerEngine, id: &str) -> String {
    format!("{}-{id}", engine.command())
}

/// The blob of layer `number`, by its path in the archive's manifest.
pub(super) fn layer(archive: &Archive, number: usize) -> Option<Blob> {
    let manifest = archive.open(MANIFEST).ok()?.read_document(DOCUMENT_LIMIT).ok()?;
    archive.open(ManifestEntry::of(&manifest)?.layers.0.get(number)?).ok()
}

impl ManifestEntry {
    fn of(manifest: &[u8]) -> Option<Self> {
        let List(images) = json::read(manifest).ok()?.value;
        let [entry] = images.try_into().ok()?;
        Some(entry)
    }
}

/// The `diff_ids` in the engine's description.
fn diff_ids(inspected: &ImageInspect) -> Option<&[String]> {
    let layers = inspected.root_fs.as_ref()?.layers.as_deref()?;
    (!layers.is_empty()).then_some(layers)
}

/// `manifest` with the tags of its one image replaced, otherwise unchanged.
pub(super) fn with_tags(manifest: &[u8], tags: &[String]) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(manifest).ok()?;
    let [Value::Object(image)] = document.as_array_mut()?.as_mut_slice() else { return None };
    image.insert("RepoTags".to_owned(), tags.into());
    serde_json::to_vec(&document).ok()
}

/// The archive's manifest with these tags, which engines omit when they export by id.
pub(super) fn tagged(archive: &Archive, tags: &[String]) -> Option<Vec<u8>> {
    let manifest = archive.open(MANIFEST).ok()?.read_document(DOCUMENT_LIMIT).ok()?;
    with_tags(&manifest, tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::RootFs;
    use dive_model::remark::OnDamage;
    use std::sync::Arc;

    const ID: &str = "sha256:1d";

    fn inspected(layers: &[&str]) -> ImageInspect {
        let layers = Some(layers.iter().map(|layer| (*layer).to_owned()).collect());
        let root_fs = Some(RootFs { layers });
        ImageInspect { id: Some(ID.to_owned()), root_fs, ..ImageInspect::default() }
    }

    /// A manifest of an attestation with two statements.
    const MANIFEST_OF_STATEMENTS: &str = r#"{"manifests": [{"digest": "sha256:m"}], "layers": [
        {"digest": "sha256:provenance", "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}},
        {"digest": "sha256:sbom", "annotations": {"in-toto.io/predicate-type": "https://spdx.dev/Document"}}]}"#;

    /// An archive whose two layers are the same.
    fn archive() -> Archive {
        archive_with("{}")
    }

    /// The same with this statement of provenance.
    fn archive_with(statement: &str) -> Archive {
        let mut builder = tar::Builder::new(tempfile::tempfile().unwrap());
        let mut add = |name: &str, content: &str| {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            builder.append_data(&mut header, name, content.as_bytes()).unwrap();
        };
        add("a.tar", "layer");
        add(INDEX, r#"{"manifests": [{"digest": "sha256:m"}, {"digest": "sha256:gone"}, {"digest": 5}]}"#);
        add("blobs/sha256/m", MANIFEST_OF_STATEMENTS);
        add("blobs/sha256/provenance", statement);
        add("blobs/sha256/sbom", "{}");
        add("c.json", r#"{"rootfs": {"diff_ids": ["sha256:a", "sha256:a"]}}"#);
        add(
            MANIFEST,
            r#"[{"Config": "c.json", "RepoTags": null, "Layers": ["a.tar", "b/layer.tar"], "More": {"x": 1}}]"#,
        );
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "b/layer.tar", "../a.tar").unwrap();
        let file = builder.into_inner().unwrap();
        let len = file.metadata().unwrap().len();
        Archive::index("a", Arc::new(file), len, OnDamage::Fail).unwrap()
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        (folder, cache)
    }

    #[test]
    fn an_image_with_known_layers_opens_without_an_export() {
        let (_folder, cache) = cache();
        let inspected = inspected(&["sha256:a", "sha256:a"]);
        Record::of(&archive(), &inspected).unwrap().keep(&cache, ID);
        assert_eq!(Record::find(&cache, ID, &inspected), None, "nobody knows what is in the layer");
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let record = Record::find(&cache, ID, &inspected).unwrap();
        assert_eq!(record.links, [("b/layer.tar".to_owned(), "a.tar".to_owned())]);
        let layers = record.layers().unwrap();
        let layers: Vec<_> =
            layers.iter().map(|layer| (layer.path.as_str(), layer.len, layer.diff_id.as_str())).collect();
        assert_eq!(layers, [("a.tar", 5, "sha256:a"), ("b/layer.tar", 5, "sha256:a")]);
        assert_eq!(layer(&archive(), 1).unwrap().read_document(9).unwrap(), b"layer");
        assert_eq!(record.config().unwrap().0, "c.json");
        let index: Vec<_> = record.index.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(index, [INDEX, "blobs/sha256/m", "blobs/sha256/provenance"]);
        let manifest: Value = serde_json::from_slice(&record.manifest(&["t:1".to_owned()]).unwrap()).unwrap();
        assert_eq!(manifest[0]["RepoTags"], serde_json::json!(["t:1"]));
        assert_eq!(manifest[0]["More"], serde_json::json!({"x": 1}), "what nobody here knows stays");
    }

    /// A multi-platform image keeps its id when another platform is pulled.
    #[test]
    fn a_record_of_other_layers_is_not_used() {
        let (_folder, cache) = cache();
        assert_eq!(Record::of(&archive(), &inspected(&["sha256:a", "sha256:b"])), None);
        assert_eq!(Record::of(&archive(), &inspected(&["sha256:a"])), None);
        assert_eq!(Record::of(&archive(), &ImageInspect::default()), None);
        let same = inspected(&["sha256:a", "sha256:a"]);
        Record::of(&archive(), &same).unwrap().keep(&cache, ID);
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        assert_eq!(Record::find(&cache, ID, &inspected(&["sha256:a"])), None);
        assert_eq!(Record::find(&cache, ID, &same), None, "what made no sense is gone");
    }

    /// Otherwise the second run would know less of the base and the Dockerfile than the first, without a word.
    #[test]
    fn an_image_with_documents_over_the_limit_is_not_recorded() {
        let inspected = inspected(&["sha256:a", "sha256:a"]);
        let recorded = |len: u64| Record::of(&archive_with(&" ".repeat(len as usize)), &inspected).is_some();
        assert!(recorded(DOCUMENT_LIMIT) && !recorded(DOCUMENT_LIMIT + 1));
    }

    #[test]
    fn a_corrupt_record_is_not_used() {
        let (_folder, cache) = cache();
        let same = inspected(&["sha256:a", "sha256:a"]);
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let record = Record::of(&archive(), &same).unwrap();
        let keep = |record: &Record| record.keep(&cache, ID);
        let newer = Record { version: VERSION + 1, ..record.clone() };
        let short = Record { lengths: Vec::new(), ..record.clone() };
        let unnamed = Record { config: b"{}".to_vec(), ..record.clone() };
        let empty = Record { manifest: b"[]".to_vec(), ..record.clone() };
        for other in [newer, short, unnamed, empty] {
            keep(&other);
            assert_eq!(Record::find(&cache, ID, &same), None, "{other:?}");
        }
        cache.write(RecordKind::Image, ID, |out| out.write_all(b"\xff\xff\xff\xff\xff\xff\xff"));
        assert_eq!(Record::find(&cache, ID, &same), None);
        keep(&record);
        assert_eq!(Record::find(&cache, ID, &same), Some(record));
    }
}
