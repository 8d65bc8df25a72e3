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
use dive_model::json::{self, Decode, JsonKey, JsonText, List, Object};
use dive_model::store::Archive;
use dive_model::store::member_path::normalise;

pub(super) const MANIFEST: &str = "manifest.json";

/// Increment when the format of a record changes.
const VERSION: u32 = 3;

/// Limit of a cached document, in bytes.
const DOCUMENT_LIMIT: u64 = 8 << 20;

const INDEX: &str = "index.json";

/// Limits of the documents below an index: their number, and their total length in bytes.
const DOCUMENTS: usize = 256;
const INDEX_LIMIT: u64 = 16 << 20;

/// Prefix of the predicate types that dive reads in an attestation.
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

/// What a record must agree with.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Expected<'a> {
    /// The engine's description of the image.
    Described(&'a ImageInspect),
    /// The key, which has the digest of the manifest.
    ByDigest,
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
    os: JsonText,
    architecture: JsonText,
    rootfs: RecordedRootFs,
}

impl Object for RecordedConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("os") => &mut self.os,
            _ if key.is("architecture") => &mut self.architecture,
            _ if key.is("rootfs") => &mut self.rootfs,
            _ => return None,
        })
    }
}

impl RecordedConfig {
    /// True if the platform is that of the engine's description. Engines fill in what a configuration leaves out.
    fn is_for_platform_of(&self, inspected: &ImageInspect) -> bool {
        let differs = |own: &JsonText, described: &Option<String>| {
            own.as_deref().zip(described.as_deref()).is_some_and(|(own, described)| own != described)
        };
        !differs(&self.os, &inspected.os) && !differs(&self.architecture, &inspected.architecture)
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
    /// Creates the record of `archive`. `None` if the archive does not have one image, or not the expected one, or if a document is
    /// over the limits: without it, the next run would say less than this one.
    pub(super) fn of(archive: &Archive, expected: Expected<'_>) -> Option<Self> {
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
        (record.links.len() <= LINKS && record.matches(expected)).then_some(record)
    }

    /// Writes the record to `cache`.
    pub(super) fn keep(&self, cache: &Cache, key: &str) {
        cache.write(RecordKind::Image, key, |out| {
            let bytes = postcard::to_stdvec(self).map_err(std::io::Error::other)?;
            out.write_all(&bytes)
        });
    }

    /// Reads the record from `cache`. `None` if it is not the expected one.
    pub(super) fn find(cache: &Cache, key: &str, expected: Expected<'_>) -> Option<Self> {
        let bytes = cache.read(RecordKind::Image, key)?;
        let record: Option<Self> = postcard::from_bytes(&bytes).ok();
        let Some(record) = record.filter(|record| record.version == VERSION && record.matches(expected)) else {
            cache.remove(RecordKind::Image, key);
            return None;
        };
        let diff_ids = record.read_config()?.rootfs.diff_ids.0;
        let are_known = diff_ids.iter().all(|diff_id| cache.contains(RecordKind::Layer, diff_id));
        are_known.then_some(record)
    }

    /// True if the record has the platform and the layers of the engine's description.
    fn matches(&self, expected: Expected<'_>) -> bool {
        let (Some(config), Some(entry)) = (self.read_config(), ManifestEntry::of(&self.manifest)) else { return false };
        let count = config.rootfs.diff_ids.0.len();
        let is_expected = match expected {
            Expected::Described(inspected) => {
                config.is_for_platform_of(inspected)
                    && diff_ids(inspected).is_some_and(|wanted| config.rootfs.diff_ids.0 == wanted)
            }
            Expected::ByDigest => count > 0,
        };
        is_expected && entry.layers.0.len() == count && self.lengths.len() == count
    }

    /// `manifest.json`, with these tags if given.
    pub(super) fn manifest(&self, tags: Option<&[String]>) -> Option<Vec<u8>> {
        tags.map_or_else(|| Some(self.manifest.clone()), |tags| with_tags(&self.manifest, tags))
    }

    /// The configuration and its path in the archive.
    pub(super) fn config(&self) -> Option<(String, Vec<u8>)> {
        let path = ManifestEntry::of(&self.manifest)?.config;
        Some((normalise("", &path).ok()?, self.config.clone()))
    }

    fn read_config(&self) -> Option<RecordedConfig> {
        Some(json::read(&self.config).ok()?.value)
    }

    /// The layers in order.
    pub(super) fn layers(&self) -> Option<Vec<KnownLayer>> {
        let names = ManifestEntry::of(&self.manifest)?.layers.0;
        let layers = names.iter().zip(&self.lengths).zip(self.read_config()?.rootfs.diff_ids.0);
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

/// The cache key. It includes the engine, because Docker and Podman export the same id differently, and the platform, because
/// the images of an index share one id.
pub(super) fn key(engine: ContainerEngine, id: &str, inspected: &ImageInspect) -> String {
    let ImageInspect { os, architecture, variant, .. } = inspected;
    let platform = [os, architecture, variant].into_iter().flatten().filter(|part| !part.is_empty());
    platform.fold(format!("{}-{id}", engine.command()), |key, part| key + "+" + part)
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
    use super::Expected::{ByDigest, Described};
    use super::*;
    use crate::engine::api::RootFs;
    use dive_model::remark::OnDamage;
    use std::sync::Arc;

    const ID: &str = "sha256:1d";

    fn inspected(layers: &[&str]) -> ImageInspect {
        let layers = Some(layers.iter().map(|layer| (*layer).to_owned()).collect());
        let root_fs = Some(RootFs { layers, ..RootFs::default() });
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
        add("c.json", r#"{"os": "linux", "architecture": "arm64", "rootfs": {"diff_ids": ["sha256:a", "sha256:a"]}}"#);
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
        Record::of(&archive(), Described(&inspected)).unwrap().keep(&cache, ID);
        assert_eq!(Record::find(&cache, ID, Described(&inspected)), None, "nobody knows what is in the layer");
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let record = Record::find(&cache, ID, Described(&inspected)).unwrap();
        assert_eq!(record.links, [("b/layer.tar".to_owned(), "a.tar".to_owned())]);
        let layers = record.layers().unwrap();
        let layers: Vec<_> =
            layers.iter().map(|layer| (layer.path.as_str(), layer.len, layer.diff_id.as_str())).collect();
        assert_eq!(layers, [("a.tar", 5, "sha256:a"), ("b/layer.tar", 5, "sha256:a")]);
        assert_eq!(layer(&archive(), 1).unwrap().read_document(9).unwrap(), b"layer");
        assert_eq!(record.config().unwrap().0, "c.json");
        let index: Vec<_> = record.index.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(index, [INDEX, "blobs/sha256/m", "blobs/sha256/provenance"]);
        let manifest: Value = serde_json::from_slice(&record.manifest(Some(&["t:1".to_owned()])).unwrap()).unwrap();
        assert_eq!(manifest[0]["RepoTags"], serde_json::json!(["t:1"]));
        assert_eq!(manifest[0]["More"], serde_json::json!({"x": 1}), "what nobody here knows stays");
    }

    /// A multi-platform image keeps its id when another platform is pulled.
    #[test]
    fn a_record_of_other_layers_is_not_used() {
        let (_folder, cache) = cache();
        assert_eq!(Record::of(&archive(), Described(&inspected(&["sha256:a", "sha256:b"]))), None);
        assert_eq!(Record::of(&archive(), Described(&inspected(&["sha256:a"]))), None);
        assert_eq!(Record::of(&archive(), Described(&ImageInspect::default())), None);
        let same = inspected(&["sha256:a", "sha256:a"]);
        Record::of(&archive(), Described(&same)).unwrap().keep(&cache, ID);
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        assert_eq!(Record::find(&cache, ID, Described(&inspected(&["sha256:a"]))), None);
        assert_eq!(Record::find(&cache, ID, Described(&same)), None, "what made no sense is gone");
    }

    /// The images of an index may have the same layers, such as files that run anywhere.
    #[test]
    fn a_record_of_another_platform_is_not_used() {
        let (_folder, cache) = cache();
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let of = |os: &str, architecture: &str| ImageInspect {
            os: Some(os.to_owned()),
            architecture: Some(architecture.to_owned()),
            ..inspected(&["sha256:a", "sha256:a"])
        };
        let (arm64, amd64) = (of("linux", "arm64"), of("linux", "amd64"));
        assert_eq!(Record::of(&archive(), Described(&amd64)), None);
        assert_eq!(Record::of(&archive(), Described(&of("windows", "arm64"))), None);
        Record::of(&archive(), Described(&arm64)).unwrap().keep(&cache, ID);
        assert!(Record::find(&cache, ID, Described(&arm64)).is_some());
        assert_eq!(Record::find(&cache, ID, Described(&amd64)), None);
        let key = |inspected| key(ContainerEngine::Docker, ID, inspected);
        assert_eq!(key(&arm64), "docker-sha256:1d+linux+arm64");
        assert_ne!(key(&arm64), key(&amd64));
        assert_eq!(key(&ImageInspect::default()), "docker-sha256:1d");
    }

    /// containerd's list has digests and no layers.
    #[test]
    fn a_record_by_digest_needs_no_description() {
        let (_folder, cache) = cache();
        Record::of(&archive(), ByDigest).unwrap().keep(&cache, ID);
        assert_eq!(Record::find(&cache, ID, ByDigest), None, "nobody knows what is in the layer");
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let record = Record::find(&cache, ID, ByDigest).unwrap();
        assert_eq!(record.manifest(None).unwrap(), record.manifest);
    }

    /// Otherwise the second run would know less of the base and the Dockerfile than the first, without a warning.
    #[test]
    fn an_image_with_documents_over_the_limit_is_not_recorded() {
        let inspected = inspected(&["sha256:a", "sha256:a"]);
        let recorded = |len: u64| Record::of(&archive_with(&" ".repeat(len as usize)), Described(&inspected)).is_some();
        assert!(recorded(DOCUMENT_LIMIT) && !recorded(DOCUMENT_LIMIT + 1));
    }

    #[test]
    fn a_corrupt_record_is_not_used() {
        let (_folder, cache) = cache();
        let same = inspected(&["sha256:a", "sha256:a"]);
        cache.write(RecordKind::Layer, "sha256:a", |out| out.write_all(b"entries"));
        let record = Record::of(&archive(), Described(&same)).unwrap();
        let keep = |record: &Record| record.keep(&cache, ID);
        let newer = Record { version: VERSION + 1, ..record.clone() };
        let short = Record { lengths: Vec::new(), ..record.clone() };
        let unnamed = Record { config: b"{}".to_vec(), ..record.clone() };
        let empty = Record { manifest: b"[]".to_vec(), ..record.clone() };
        for other in [newer, short, unnamed, empty] {
            keep(&other);
            assert_eq!(Record::find(&cache, ID, Described(&same)), None, "{other:?}");
        }
        cache.write(RecordKind::Image, ID, |out| out.write_all(b"\xff\xff\xff\xff\xff\xff\xff"));
        assert_eq!(Record::find(&cache, ID, Described(&same)), None);
        keep(&record);
        assert_eq!(Record::find(&cache, ID, Described(&same)), Some(record));
    }
}
