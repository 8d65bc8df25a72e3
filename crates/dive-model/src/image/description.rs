//! Metadata of an image and its layers, as plain values.

use std::collections::HashMap;
use std::ops::Range;

use super::base::Base;
use super::container_places::ContainerPlaces;
use super::dockerfile_lines::DockerfileLines;
use super::error::LayerLoss;
use super::history::HistoryStep;
use super::labels::OciLabels;
use super::other_entry::OtherEntry;
use super::platform::Platform;
use super::provenance::Provenance;
use super::selection::ImageName;
use crate::layer::LayerBlob;
use crate::layer::toc::Toc;
use crate::remark::Remark;
use crate::units::Total;

/// An image with located but unread layers.
#[derive(Debug, Default)]
pub struct Image {
    /// First tag, or the name of the store if there is none.
    pub name: String,
    /// Tags as written.
    pub tags: Vec<String>,
    /// Digest of the configuration, if the archive gives it.
    pub id: Option<String>,
    /// Platform of the image.
    pub platform: Option<Platform>,
    /// Creation time as in the configuration (RFC 3339).
    pub created: Option<String>,
    /// The user of containers, `NAME` or `UID` with an optional `:GROUP`, as in the configuration; empty for root.
    pub user: String,
    /// The command that containers start, from the configuration: the entrypoint, then its arguments.
    pub start_command: Vec<String>,
    /// Where containers keep their data, and where they start.
    pub places: ContainerPlaces,
    /// Labels about the origin of the image.
    pub labels: OciLabels,
    /// Layers, base first.
    pub layers: Vec<ImageLayer>,
    /// All build steps, including those without a layer.
    pub history: Vec<HistoryStep>,
    /// The base image, if known.
    pub base: Option<Base>,
    /// Provenance of the builder.
    pub provenance: Option<Provenance>,
    /// Other images in the store.
    pub other_images: Vec<ImageName>,
    /// Platforms of the other manifests under the same name, values of `--platform`.
    pub other_platforms: Vec<Platform>,
    /// Entries of the store that are not images.
    pub other_entries: Vec<OtherEntry>,
    /// Remarks on the store and image, including damage with [`OnDamage::Remark`](crate::remark::OnDamage::Remark).
    pub remarks: Vec<Remark>,
}

impl Image {
    /// True if the store has other images, or the image for other platforms.
    #[must_use]
    pub fn has_others(&self) -> bool {
        !self.other_images.is_empty() || !self.other_platforms.is_empty()
    }

    /// Stored bytes of all present layers: the bytes to read for all layers.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        self.layers.iter().filter_map(|layer| layer.blob.as_ref().ok()).map(|blob| blob.len()).sum::<Total>().get()
    }
}

/// True for a user of a configuration or of a USER instruction who is root.
pub(crate) fn is_root(user: &str) -> bool {
    let user = user.split(':').next().unwrap_or_default();
    user.is_empty() || user == "root" || user.parse() == Ok(0_i64)
}

impl Image {
    /// True if containers run as root: the user is unset, `root` or 0, also written `-0` or `+0`, which engines parse. A user
    /// of another name with the id 0 in `/etc/passwd` is not recognized.
    #[must_use]
    pub fn runs_as_root(&self) -> bool {
        is_root(&self.user)
    }

    /// Names of all layer blobs; `None` if a layer is missing.
    #[must_use]
    pub fn layer_blobs(&self) -> Option<Vec<&str>> {
        self.layers.iter().map(|layer| layer.blob.as_ref().ok().map(|blob| blob.name())).collect()
    }

    /// Stored bytes of all layers, each blob once.
    #[must_use]
    pub fn distinct_bytes(&self) -> u64 {
        self.distinct_bytes_in(0..self.layers.len())
    }

    /// Stored bytes of the layers in `range`, each blob once.
    #[must_use]
    pub fn distinct_bytes_in(&self, range: Range<usize>) -> u64 {
        let layers = self.layers.get(range).unwrap_or_default();
        let blobs = layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
        let blobs: HashMap<_, u64> = blobs.map(|blob| (blob.location(), blob.len())).collect();
        blobs.into_values().sum::<Total>().get()
    }

    /// Sets the tables of contents of the layers, base first.
    #[must_use]
    pub fn with_tables(mut self, tables: Vec<Toc>) -> Self {
        for (layer, table) in self.layers.iter_mut().zip(tables) {
            if let Ok(blob) = &mut layer.blob {
                *blob = blob.clone().with_toc(table);
            }
        }
        self
    }
}

/// A located but unread layer.
#[derive(Debug)]
pub struct ImageLayer {
    /// The stored bytes; [`LayerLoss::NotATar`] for other content; or the loss, only with
    /// [`OnDamage::Remark`](crate::remark::OnDamage::Remark).
    pub blob: Result<LayerBlob, LayerLoss>,
    /// `id` in dive's JSON: the legacy layer id, the digest or the name of the blob, whichever exists first.
    pub id: String,
    /// Digest of the blob, if the archive gives it. This, [`ImageLayer::diff_id`] and [`Image::id`] are text, because
    /// images may have digests that are invalid or of unknown algorithms, and reports show them as written. Parse one
    /// into a [`Digest`](crate::digest::Digest) to verify bytes.
    pub digest: Option<String>,
    /// Digest of the uncompressed layer, from the configuration: dive's `digestId`.
    pub diff_id: Option<String>,
    /// Media type in the manifest. The bytes may be of another type.
    pub media_type: Option<String>,
    /// Stored size in bytes. For a missing blob, the size in the manifest.
    pub size: Option<u64>,
    /// The command that made the layer, without a leading `/bin/sh -c `, as dive shows it; empty if unknown.
    pub command: String,
    /// The command as in the history.
    pub created_by: String,
    /// Comment of the builder; empty if there is none.
    pub comment: String,
    /// Lines of the Dockerfile that created it, if known.
    pub lines: Option<DockerfileLines>,
}

impl ImageLayer {
    /// Identifies the layer: the digest of its content, or of its blob. dive's `digestId`.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        self.diff_id.as_deref().or(self.digest.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unset_user_root_and_id_0_are_root() {
        for (user, is_root) in [
            ("", true),
            ("root", true),
            ("0", true),
            ("00", true),
            ("0:1000", true),
            (":1000", true),
            ("app", false),
            ("1000:0", false),
            ("rooted", false),
            ("-0", true),
            ("+0", true),
            ("-1", false),
        ] {
            assert_eq!(Image { user: user.to_owned(), ..Image::default() }.runs_as_root(), is_root, "{user}");
        }
    }
}
