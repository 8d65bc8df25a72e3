//! The baseline: the summary of an earlier image, to compare an image with.

use serde::Deserialize;

use crate::config::Origin;
use dive_model::image::{BaseSource, Image, engine_repository};
use dive_model::remark::Shown;
use dive_model::units::Total;

/// The schema version of summaries. Increment it when a key is removed or changes its meaning, not for new keys.
pub(crate) const SUMMARY_VERSION: u32 = 1;

/// The summary of an earlier image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Baseline {
    /// The file, as named.
    pub name: String,
    /// What names it.
    pub origin: Origin,
    document: BaselineDocument,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaselineDocument {
    image: BaselineImage,
    sizes: BaselineSizes,
    base: Option<BaselineBase>,
    layers: Vec<BaselineLayer>,
    /// Not in summaries of older versions.
    #[serde(default)]
    places: Vec<BaselinePlace>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaselineVersion {
    schema_version: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct BaselineImage {
    tags: Vec<String>,
    platform: Option<String>,
    complete: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaselineSizes {
    unpacked_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BaselineBase {
    layers: Option<usize>,
    layers_source: Option<String>,
}

/// A layer of the earlier image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaselineLayer {
    digest: Option<String>,
    diff_id: Option<String>,
    /// Of its entries without times; not in summaries of older versions.
    #[serde(default)]
    pub(super) entries_digest: Option<String>,
    /// Its unpacked size.
    pub(super) unpacked_bytes: u64,
    /// The command that made it; a long one ends with an ellipsis.
    pub(super) instruction: String,
}

/// A directory of the earlier image.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BaselinePlace {
    /// Its path.
    pub(super) path: String,
    /// Its visible bytes.
    pub(super) size_bytes: u64,
}

/// A baseline that an image cannot be compared with. No message quotes the file: a rules file from a stranger may name it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BaselineError {
    /// The file is something else.
    #[error("{0}: not a summary of an image; write one with `dive --summary {0} IMAGE`")]
    NotASummary(String),
    /// The summary has another schema.
    #[error("{0}: a summary of another schema version; write it again with `dive --summary {0} IMAGE`")]
    Schema(String),
    /// The platforms differ.
    #[error(
        "{name}: a summary of an image for another platform, not {}; use a baseline for this platform",
        Shown(platform)
    )]
    Platform {
        /// The file.
        name: String,
        /// The platform of the image.
        platform: String,
    },
    /// The platform of one of the two is unknown.
    #[error(
        "{0}: the platform of the image or of the summary is unknown, so they cannot be compared; use a baseline of this image"
    )]
    UnknownPlatform(String),
    /// The summary is of a part of an image.
    #[error(
        "{0}: the summary of a damaged image, of which a part is missing; write it of the whole image with \
         `dive --summary {0} IMAGE`"
    )]
    Incomplete(String),
    /// The layers have another size than the image.
    #[error(
        "{0}: the sizes of its layers do not add up to that of the image; write it again with `dive --summary {0} IMAGE`"
    )]
    Sums(String),
    /// The names differ.
    #[error("{name}: a summary of another image, not of {}; use a baseline of this image", Shown(image))]
    Image {
        /// The file.
        name: String,
        /// The name of the image.
        image: String,
    },
}

impl Baseline {
    /// Reads a summary. Messages call it `name`.
    ///
    /// # Errors
    /// The file is not a summary, has another schema, contradicts itself, or describes an incomplete image.
    pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Self, BaselineError> {
        let not_a_summary = || BaselineError::NotASummary(name.to_owned());
        let version: BaselineVersion = serde_json::from_slice(bytes).map_err(|_| not_a_summary())?;
        if version.schema_version != u64::from(SUMMARY_VERSION) {
            return Err(BaselineError::Schema(name.to_owned()));
        }
        let document: BaselineDocument = serde_json::from_slice(bytes).map_err(|_| not_a_summary())?;
        if !document.image.complete {
            return Err(BaselineError::Incomplete(name.to_owned()));
        }
        let sum = document.layers.iter().map(|layer| layer.unpacked_bytes).sum::<Total>().get();
        if sum != document.sizes.unpacked_bytes {
            return Err(BaselineError::Sums(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), origin: Origin::Default, document })
    }

    /// Reads the summary of an image, or those of several images, one on each line.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(crate) fn parse_all(name: &str, bytes: &[u8]) -> Result<Vec<Self>, BaselineError> {
        let lines = || (1..).zip(bytes.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty());
        // A document that was indented has lines that are no documents.
        let is_document = |line: &[u8]| serde_json::from_slice::<BaselineVersion>(line).is_ok();
        if lines().nth(1).is_none() || !lines().all(|(_, line)| is_document(line)) {
            return Self::parse(name, bytes).map(|only| vec![only]);
        }
        let parse = |(number, line): (usize, &[u8])| Self::parse(&format!("{name}:{number}"), line);
        // What is known of a damaged image is nothing to compare with; the others are.
        let parsed = lines().map(parse).filter(|parsed| !matches!(parsed, Err(BaselineError::Incomplete(_))));
        let all: Vec<Self> = parsed.collect::<Result<_, _>>()?;
        if all.is_empty() { Err(BaselineError::Incomplete(name.to_owned())) } else { Ok(all) }
    }

    /// The summary of this image among those of several, by name and platform.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find<'a>(all: &'a [Self], image: &Image) -> Result<&'a Self, BaselineError> {
        let has_name = |baseline: &&Self| !baseline.document.image.tags.is_empty() && !image.tags.is_empty();
        let fitting: Vec<&Self> =
            all.iter().filter(has_name).filter(|baseline| baseline.check(image).is_ok()).collect();
        // A file may have several versions of one image.
        let has_tag = |baseline: &&&Self| baseline.document.image.tags.iter().any(|tag| image.tags.contains(tag));
        let found = fitting.iter().find(has_tag).or(fitting.first());
        found.copied().ok_or_else(|| {
            let name =
                all.first().map_or("", |first| first.name.rsplit_once(':').map_or(&first.name, |(name, _)| name));
            BaselineError::Image { name: name.to_owned(), image: image.name.clone() }
        })
    }

    /// Refuses the baseline of another image or platform. Images without tags have no name to compare, and tags may differ.
    ///
    /// # Errors
    /// Platforms or names differ.
    pub(crate) fn check(&self, image: &Image) -> Result<(), BaselineError> {
        let platform = image.platform.as_ref().map(ToString::to_string);
        match (platform, &self.document.image.platform) {
            (Some(platform), Some(before)) if platform != *before => {
                return Err(BaselineError::Platform { name: self.name.clone(), platform });
            }
            (Some(_), None) | (None, Some(_)) => return Err(BaselineError::UnknownPlatform(self.name.clone())),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let before = &self.document.image.tags;
        let is_known = |tag: &String| before.iter().any(|other| is_of_same_repository(other, tag));
        if !image.tags.is_empty() && !before.is_empty() && !image.tags.iter().any(is_known) {
            return Err(BaselineError::Image { name: self.name.clone(), image: image.name.clone() });
        }
        Ok(())
    }

    /// The unpacked size of the earlier image.
    pub(super) const fn unpacked_bytes(&self) -> u64 {
        self.document.sizes.unpacked_bytes
    }

    /// The number of layers of its base, if it was matched by diff ids.
    pub(super) fn matched_base(&self) -> Option<usize> {
        let is_matched = |base: &&BaselineBase| base.layers_source.as_deref() == Some(BaseSource::DiffIds.name());
        self.document.base.as_ref().filter(is_matched)?.layers
    }

    /// Its layers, base first.
    pub(super) fn layers(&self) -> &[BaselineLayer] {
        &self.document.layers
    }

    /// Its largest directories.
    pub(super) fn places(&self) -> &[BaselinePlace] {
        &self.document.places
    }
}

impl BaselineLayer {
    /// Identifies the layer: the digest of its content, or of its blob.
    pub(super) fn identity(&self) -> Option<&str> {
        self.diff_id.as_deref().or(self.digest.as_deref())
    }

    /// True if `command` may have made it.
    pub(super) fn is_made_by(&self, command: &str) -> bool {
        match self.instruction.strip_suffix('…') {
            Some(start) => command.starts_with(start),
            None => self.instruction == command,
        }
    }
}

/// True if the tags name versions of one image.
fn is_of_same_repository(tag: &str, other: &str) -> bool {
    tag == other || engine_repository(tag).is_some_and(|repository| engine_repository(other) == Some(repository))
}
