//! Reads `manifest.json` in archives of `docker save`, `podman save` and `skopeo copy docker-archive:`.

use std::collections::HashMap;

use super::config::ImageConfig;
use super::document::{self, DocumentKind};
use super::error::ImageError;
use super::index;
use super::manifest::{Descriptor, digest_of_path};
use super::plan::{BlobReference, ConfigDocument, ImagePlan, PlannedConfig};
use super::platform::{Platform, of_platform};
use super::selection::{
    ImageName, ImageSelector, Selection, find_all, hint_for, listed, note_shared_tags, with_tag_of,
};
use crate::json::{Decode, JsonError, JsonKey, JsonProblem, JsonReader, JsonType, List, Map, Object};
use crate::remark::Remark;
use crate::store::{Store, is_layer_name};

pub(super) const MANIFEST: &str = "manifest.json";

/// Maximum number of configurations to read for the platforms of other images.
const PLATFORM_COUNT: usize = 100;

/// An image in a docker-archive's `manifest.json`.
#[derive(Debug, Default)]
struct DockerImage {
    config: String,
    tags: List<String>,
    layers: List<String>,
    /// Descriptors of layers by digest, in Docker 25 and later.
    sources: Option<Map<Descriptor>>,
    bundled: ImgpkgImage,
}

impl DockerImage {
    /// True if the entry is `null` or empty.
    fn is_empty(&self) -> bool {
        self.config.is_empty() && self.layers.0.is_empty() && self.tags.0.is_empty()
    }

    /// The platform in its configuration. `None` if that is unreadable or gives no known one.
    fn platform(&self, store: &dyn Store) -> Option<Platform> {
        let blob = store.blob(&self.config).ok()?;
        let read = document::read(store, &blob, DocumentKind::DockerConfig, &mut Vec::new());
        ImageConfig::platform(&read.ok()?).filter(Platform::is_known)
    }
}

impl Object for DockerImage {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("Config") => &mut self.config,
            _ if key.is("RepoTags") => &mut self.tags,
            _ if key.is("Layers") => &mut self.layers,
            _ if key.is("LayerSources") => &mut self.sources,
            _ if key.is("Image") || key.is("ImageIndex") => &mut self.bundled,
            _ => return None,
        })
    }
}

/// True for an image of imgpkg, which contains its documents.
#[derive(Debug, Default)]
struct ImgpkgImage(bool);

/// Other applications have keys of that name with other values.
impl Decode for ImgpkgImage {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.next_type()? != JsonType::Object {
            return json.skip();
        }
        json.object(&mut |key, json| {
            self.0 |= key.is("Refs");
            json.skip()
        })
    }
}

/// The list in a docker-archive's `manifest.json`.
#[derive(Debug, Default)]
struct DockerImages {
    images: List<DockerImage>,
    /// True if the document is a single entry instead of a list, as some builders write it.
    is_bare_entry: bool,
}

impl Decode for DockerImages {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.next_type()? != JsonType::Object {
            return self.images.decode(json);
        }
        let refused = json.error(JsonProblem::WrongType { expected: "a list", found: JsonType::Object });
        let mut image = DockerImage::default();
        let is_entry = |image: &DockerImage| {
            let layers = &image.layers.0;
            !image.config.is_empty() && !layers.is_empty() && layers.iter().all(|layer| is_layer_name(layer))
        };
        if image.decode(json).is_err() || !is_entry(&image) {
            return Err(refused);
        }
        *self = Self { images: List(vec![image]), is_bare_entry: true };
        Ok(())
    }
}

/// The content of `manifest.json`.
pub(super) struct DockerArchive {
    images: Vec<DockerImage>,
    /// Names of `images`.
    pub(super) names: Vec<ImageName>,
}

impl DockerArchive {
    pub(super) fn read(store: &dyn Store, remarks: &mut Vec<Remark>) -> Result<Self, ImageError> {
        let DockerImages { images: List(images), is_bare_entry } =
            document::read(store, &store.blob(MANIFEST)?, DocumentKind::DockerManifest, remarks)?;
        let mut remark = |text: String| remarks.push(Remark::new(format!("{}: {MANIFEST}", store.name()), text));
        if is_bare_entry {
            remark("is a single entry instead of a list; dive reads it as a list of one".to_owned());
        }
        if !images.is_empty() && images.iter().all(|image| image.is_empty() && image.bundled.0) {
            return Err(ImageError::Manifest {
                archive: store.name().to_owned(),
                document: MANIFEST.to_owned(),
                problem: "is that of an imgpkg bundle, which dive does not read; copy the bundle to a registry (`imgpkg copy \
                    --tar FILE --to-repo NAME`)",
            });
        }
        // Go reads `null` as an empty entry. Other entries keep their position in the document, which skopeo also
        // counts.
        let empty: Vec<usize> = (0..images.len()).filter(|at| images[*at].is_empty()).collect();
        let listed = images.into_iter().enumerate().filter(|(_, image)| !image.is_empty());
        let mut images: Vec<(usize, DockerImage)> = listed.collect();
        if let Some(first) = empty.first().filter(|_| !images.is_empty()) {
            remark(match empty.len() - 1 {
                0 => format!("entry {first} is empty; dive skips it"),
                more => format!("entry {first} and {more} more are empty; dive skips them"),
            });
        }
        for (_, image) in &mut images {
            for path in std::iter::once(&mut image.config).chain(&mut image.layers.0) {
                slash(store, path);
            }
        }
        let names = images.iter_mut().map(|(index, image)| ImageName {
            index: *index,
            // Go reads `null` as an empty tag.
            tags: std::mem::take(&mut image.tags.0).into_iter().filter(|tag| !tag.is_empty()).collect(),
            id: digest_of_path(&image.config),
            shares_tags: false,
            platforms: Vec::new(),
        });
        let mut names: Vec<ImageName> = names.collect();
        note_shared_tags(&mut names);
        Ok(Self { images: images.into_iter().map(|(_, image)| image).collect(), names })
    }

    /// Reads the platforms of images that no tag of their own distinguishes. The configurations of all images would take
    /// too long in an archive of hundreds.
    fn find_platforms(&mut self, store: &dyn Store) {
        let named = self.names.iter_mut().zip(&self.images);
        for (name, image) in named.filter(|(name, _)| name.shares_tags || name.tags.is_empty()).take(PLATFORM_COUNT) {
            name.platforms = image.platform(store).into_iter().collect();
        }
    }

    /// Position of the image that `selection` chooses, by platform among images with one tag. `beside` are images that
    /// another document lists.
    fn choose(&self, store: &dyn Store, selection: &Selection, beside: &[ImageName]) -> Result<usize, ImageError> {
        let Self { images, names } = self;
        let candidates: Vec<usize> = match (&selection.image, &selection.platform) {
            (Some(named), _) => find_all(names, named),
            (None, Some(_)) => (0..names.len()).collect(),
            (None, None) => {
                let shares_tag = with_tag_of(names, names.first().map_or(&[][..], |name| &name.tags));
                std::iter::once(0).chain((1..names.len()).filter(|at| shares_tag[*at])).collect()
            }
        };
        let platform = |at: usize| images.get(at)?.platform(store);
        match (&candidates[..], &selection.platform) {
            ([], _) => {
                let wanted = selection.image.clone().unwrap_or(ImageSelector::Index(0));
                let hint = hint_for(&wanted, names.iter().filter_map(|name| name.id.as_deref()));
                let available = listed(&[names, beside].concat());
                Err(ImageError::UnknownImage { archive: store.name().to_owned(), wanted, hint, available })
            }
            ([only], _) if selection.image.is_some() => Ok(*only),
            ([only], None) => Ok(*only),
            (_, Some(wanted)) => of_platform(&candidates, platform, &|found| found.fit(wanted)).map_err(|found| {
                ImageError::no_platform(store.name(), selection.image.as_ref(), wanted, found.join(", "))
            }),
            ([first, ..], None) => {
                let host = Platform::host();
                Ok(of_platform(&candidates, platform, &|found| found.fit_host(&host)).unwrap_or(*first))
            }
        }
    }
}

/// Docker on Windows writes paths with backslashes, but members with slashes.
fn slash(store: &dyn Store, path: &mut String) {
    if path.contains('\\') && !store.contains(path) {
        let slashed = path.replace('\\', "/");
        if store.contains(&slashed) {
            *path = slashed;
        }
    }
}

/// The plan of the image in `archive` that `selection` chooses. `beside` are images that another document lists.
pub(super) fn plan(
    store: &dyn Store,
    mut archive: DockerArchive,
    selection: &Selection,
    beside: &[ImageName],
) -> Result<ImagePlan, ImageError> {
    if archive.images.is_empty() {
        return Err(ImageError::NoImage { archive: store.name().to_owned(), document: MANIFEST.to_owned() });
    }
    let chosen = archive.choose(store, selection, beside)?;
    if archive.images.len() > 1 {
        archive.find_platforms(store);
    }
    let DockerArchive { mut images, mut names } = archive;
    let image = images.swap_remove(chosen);
    let name = names.remove(chosen);
    if image.config.is_empty() {
        return Err(ImageError::Manifest {
            archive: store.name().to_owned(),
            document: MANIFEST.to_owned(),
            problem: "names no configuration for the image; save the image again",
        });
    }
    // Archives of the containerd image store give media types of layers only in the index.
    let sources = image.sources.map(|sources| {
        sources.0.into_iter().filter_map(|(digest, layer)| Some((digest, layer.media_type()?.to_owned()))).collect()
    });
    let media_types: HashMap<String, String> = sources.unwrap_or_else(|| index::media_types(store));
    let wanted = |path: String| {
        let digest = digest_of_path(&path);
        let media_type = digest.as_ref().and_then(|digest| media_types.get(digest).cloned());
        BlobReference::at(path, digest).with_media_type(media_type)
    };
    let layers = image.layers.0.into_iter().map(wanted).collect();
    let attestations = name.id.as_ref().filter(|_| store.contains(index::INDEX));
    let attestations = attestations.map_or_else(Vec::new, |config| index::attestations(store, config));
    Ok(ImagePlan {
        config: PlannedConfig::Document(ConfigDocument {
            reference: BlobReference::at(image.config, name.id.clone()),
            kind: DocumentKind::DockerConfig,
            manifest: MANIFEST.to_owned(),
            artifact_type: None,
        }),
        name,
        others: [&names, beside].concat(),
        other_platforms: Vec::new(),
        other_entries: Vec::new(),
        platform: None,
        layers,
        attestations,
        base: None,
    })
}
