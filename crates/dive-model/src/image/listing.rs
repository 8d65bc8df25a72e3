//! Lists the images of a store.

use super::beside::CombinedImages;
use super::docker_archive::{self, DockerArchive};
use super::error::ImageError;
use super::index;
use super::legacy;
use super::plan::why_no_manifest;
use super::selection::ImageName;
use crate::store::Store;

/// The names of all images in `store`, also of those that cannot be read. Empty if its documents list none.
///
/// # Errors
/// The document that lists the images is missing or damaged.
pub fn names(store: &dyn Store) -> Result<Vec<ImageName>, ImageError> {
    if store.root_file_system().is_some() {
        return Ok(vec![ImageName { index: 0, tags: [].into(), id: None, shares_tags: false, platforms: Vec::new() }]);
    }
    let has_index = store.contains(index::INDEX);
    if store.contains(docker_archive::MANIFEST) {
        let listed = DockerArchive::read(store, &mut Vec::new())?.names;
        if !has_index {
            return Ok(listed);
        }
        if !listed.is_empty() {
            return Ok(CombinedImages::of(store, &listed).into_names());
        }
    }
    if has_index {
        return index::names(store);
    }
    if store.contains(legacy::REPOSITORIES) || legacy::has_only_layers(store) {
        return legacy::all_names(store, &mut Vec::new());
    }
    Err(ImageError::NoManifest { archive: store.name().to_owned(), hint: why_no_manifest(store) })
}
