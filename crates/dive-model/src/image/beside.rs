//! Numbers the images of an archive whose `manifest.json` and `index.json` list different ones.

use super::index;
use super::selection::{ImageName, ImageSelector, find, with_tag_of};
use crate::store::Store;

/// The images of an archive with both `manifest.json` and `index.json`. Images that only the index lists are numbered
/// after those of `manifest.json`.
#[derive(Debug, Default)]
pub(super) struct CombinedImages {
    names: Vec<ImageName>,
    /// Number of `names` in `manifest.json`.
    listed: usize,
    /// Positions of the other images in the index.
    places: Vec<usize>,
}

impl CombinedImages {
    pub(super) fn of(store: &dyn Store, listed: &[ImageName]) -> Self {
        let mut names = listed.to_vec();
        let mut places = Vec::new();
        for name in index::images_beside(store, listed) {
            places.push(name.index);
            let index = names.last().map_or(0, |last| last.index + 1);
            names.push(ImageName { index, ..name });
        }
        Self { names, listed: listed.len(), places }
    }

    /// All images.
    pub(super) fn into_names(self) -> Vec<ImageName> {
        self.names
    }

    /// Images that only the index lists.
    pub(super) fn only_in_index(&self) -> &[ImageName] {
        self.names.get(self.listed..).unwrap_or_default()
    }

    /// Position in the index of the image with the number in `selector`, if only the index lists it.
    pub(super) fn place_in_index(&self, selector: Option<&ImageSelector>) -> Option<usize> {
        let selector = selector.filter(|selector| matches!(selector, ImageSelector::Index(_)));
        let at = find(&self.names, Some(selector?))?;
        self.places.get(at.checked_sub(self.listed)?).copied()
    }

    /// All images except `shown`, an image of the index; `None` if only the index counts.
    pub(super) fn others(&self, shown: &ImageName) -> Option<Vec<ImageName>> {
        let beside = self.places.iter().position(|place| *place == shown.index).map(|at| self.listed + at);
        let shares_tag = with_tag_of(&self.names, &shown.tags);
        let is_shown = |at: usize, name: &ImageName| match beside {
            Some(shown) => at == shown,
            None => name.id.is_some() && name.id == shown.id || shares_tag[at],
        };
        let others = self.names.iter().enumerate().filter(|(at, name)| !is_shown(*at, name));
        (self.listed > 0).then(|| others.map(|(_, name)| name.clone()).collect())
    }
}
