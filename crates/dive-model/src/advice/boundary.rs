//! The boundary between the layers of the base and the image's own ones.

use crate::image::{Base, Image, ImagePart};
use crate::layer::LayerIndex;
use crate::tree::Tree;

/// The first of the image's own layers, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnBoundary {
    /// The base is known, or guessed from the history.
    Base(usize),
    /// The base is unknown, but layer 0 installs a distribution: it has a database of packages.
    Distribution,
    /// All layers count as the image's own.
    None,
}

impl OwnBoundary {
    /// The boundary that the image states, or that its layers let guess.
    #[must_use]
    pub fn of(image: &Image, tree: &Tree) -> Self {
        match image.base.as_ref().and_then(Base::layers) {
            Some(layers) => Self::Base(layers),
            None if has_distribution(tree, LayerIndex::BASE) => Self::Distribution,
            None => Self::None,
        }
    }

    /// Number of layers that are not the image's own.
    #[must_use]
    pub const fn layers(self) -> usize {
        match self {
            Self::Base(layers) => layers,
            Self::Distribution => 1,
            Self::None => 0,
        }
    }

    pub(super) fn part_of(self, layer: LayerIndex) -> ImagePart {
        if layer.get() < self.layers() { ImagePart::Base } else { ImagePart::Ours }
    }
}

/// Databases of packages that come with a distribution.
const DISTRIBUTIONS: [&[u8]; 11] = [
    b"var/lib/dpkg/status",
    b"var/lib/dpkg/status.d",
    b"lib/apk/db/installed",
    b"usr/lib/apk/db/installed",
    b"var/lib/rpm/rpmdb.sqlite",
    b"var/lib/rpm/Packages",
    b"var/lib/rpm/Packages.db",
    b"usr/lib/sysimage/rpm/rpmdb.sqlite",
    b"usr/lib/sysimage/rpm/Packages.db",
    b"usr/share/rpm/rpmdb.sqlite",
    b"var/lib/pacman/local",
];

/// True if `layer` shows a database of packages.
pub(super) fn has_distribution(tree: &Tree, layer: LayerIndex) -> bool {
    DISTRIBUTIONS.iter().any(|path| {
        let node = tree.find(path);
        node.is_some_and(|node| tree.visible(node, layer).is_some())
    })
}
