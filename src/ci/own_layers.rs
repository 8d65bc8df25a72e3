//! The image's own layers, for rules with `for: ours`.

use std::ops::Range;

use crate::config::LayerChoice;
use dive_model::image::{Base, BaseSource, Image, ImagePart};
use dive_model::layer::LayerIndex;

/// The image's own layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnLayers {
    /// Their range.
    pub range: Range<usize>,
    /// How they are known.
    pub known_by: OwnLayersSource,
}

/// How the image's own layers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnLayersSource {
    /// The diff ids of the layers below equal those of the base image.
    DiffIds,
    /// A guess: all layers but the first.
    AllButFirst,
}

impl OwnLayers {
    /// The layers above a base that is matched by diff ids, else all but the first. What the image states of its base does
    /// not count: it could declare all its waste the base's.
    pub(crate) fn of(image: &Image) -> Self {
        let count = image.layers.len();
        let is_stated = |base: &Base| {
            let by = base.image.as_ref().map(|(_, by)| *by);
            matches!(by, Some(BaseSource::Provenance | BaseSource::Annotations | BaseSource::Labels))
        };
        let matched = image.base.as_ref().filter(|base| base.has_equal_diff_ids() && !is_stated(base));
        let matched = matched.and_then(Base::layers);
        match matched {
            Some(end) => Self { range: end.min(count)..count, known_by: OwnLayersSource::DiffIds },
            None => Self::all_but_first(count),
        }
    }

    /// A guess for an image with `count` layers.
    pub(super) fn all_but_first(count: usize) -> Self {
        Self { range: 1.min(count)..count, known_by: OwnLayersSource::AllButFirst }
    }

    /// The part that the layer belongs to; `None` if that is a guess.
    pub(crate) fn part_of(&self, layer: LayerIndex) -> Option<ImagePart> {
        match self.known_by {
            OwnLayersSource::DiffIds if self.range.contains(&layer.get()) => Some(ImagePart::Ours),
            OwnLayersSource::DiffIds => Some(ImagePart::Base),
            OwnLayersSource::AllButFirst => None,
        }
    }

    /// True if the base is matched by diff ids.
    pub(super) fn are_matched(&self) -> bool {
        self.known_by == OwnLayersSource::DiffIds
    }

    /// The chosen layers of an image with `count` layers.
    pub(super) fn chosen(&self, choice: LayerChoice, count: usize) -> Range<usize> {
        match choice {
            LayerChoice::All => 0..count,
            LayerChoice::Ours => self.range.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::image::{Boundary, NamedImage};

    /// An image could name its own earlier build, and so call all its waste the base's.
    #[test]
    fn a_base_that_only_the_image_names_does_not_count() {
        for (by, known_by) in [
            (BaseSource::DiffIds, OwnLayersSource::DiffIds),
            (BaseSource::Engine, OwnLayersSource::DiffIds),
            (BaseSource::Provenance, OwnLayersSource::AllButFirst),
            (BaseSource::Annotations, OwnLayersSource::AllButFirst),
            (BaseSource::Labels, OwnLayersSource::AllButFirst),
        ] {
            let image = (NamedImage { name: "team/app:1".to_owned(), digest: None }, by);
            let boundary = Some(Boundary { layers: 1, by: BaseSource::DiffIds });
            let image = Image { base: Some(Base { image: Some(image), boundary }), ..Image::default() };
            assert_eq!(OwnLayers::of(&image).known_by, known_by, "{by:?}");
        }
    }

    #[test]
    fn only_diff_ids_tell_whose_a_layer_is() {
        let own = |known_by| OwnLayers { range: 1..3, known_by };
        let parts = |own: OwnLayers| [0, 1, 2].map(|layer| own.part_of(LayerIndex::new(layer).unwrap()));
        assert_eq!(
            parts(own(OwnLayersSource::DiffIds)),
            [Some(ImagePart::Base), Some(ImagePart::Ours), Some(ImagePart::Ours)]
        );
        assert_eq!(parts(own(OwnLayersSource::AllButFirst)), [None; 3]);
    }
}
