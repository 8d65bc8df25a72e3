//! dive's numbers, computed as dive 0.13.1 does, so that existing `.dive-ci` files keep their verdicts.

/// dive's numbers of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Classic {
    /// Size of each layer in bytes: the sum of its tar headers' sizes, base layer first.
    pub layer_sizes: Vec<u64>,
    /// Sum of the minima over the sum of the sums, 0 to 1; 1 when nothing has a size.
    pub efficiency: f64,
    /// Bytes in paths that two or more layers hold: the sum over [`Classic::inefficient_files`].
    pub wasted_bytes: u64,
    /// [`Classic::wasted_bytes`] over the bytes of all layers but the first, 0 when those are none. May exceed 1.
    pub user_wasted_percent: f64,
    /// The paths that two or more layers hold: largest first, equal sizes by path.
    pub inefficient_files: Vec<InefficientFile>,
}

/// A path that more than one layer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InefficientFile {
    /// The path, with a leading slash; bytes, since tar names have no encoding.
    pub path: Vec<u8>,
    /// In how many layers it is a leaf (a whiteout counts under the path it removes).
    pub count: u64,
    /// Its sizes over all those layers, in bytes.
    pub size_bytes: u64,
}

impl Classic {
    /// Bytes of all layers: what dive calls the image's size.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.layer_sizes.iter().sum()
    }

    /// Bytes of all layers but the first, which `user_wasted_percent` is measured against.
    #[must_use]
    pub fn user_size_bytes(&self) -> u64 {
        self.layer_sizes.iter().skip(1).sum()
    }
}
