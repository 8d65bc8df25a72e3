//! Fetches the table of contents of a layer without the rest of the layer.

use super::error::RegistryError;
use super::repository::Repository;
use dive_model::digest::Digest;
use dive_model::layer::toc::{ByteRange, Toc, TocError, TocReference};

/// The table of contents of a blob of `size` bytes, verified against the manifest.
pub(super) async fn fetch(
    repository: &Repository,
    digest: &Digest,
    size: u64,
    table: &TocReference,
) -> Result<Toc, RegistryError> {
    let toc_error = |TocError(why)| RegistryError::Toc { why };
    let part = async |(at, len): ByteRange| {
        let part = repository.part(digest, at, len).await?;
        part.ok_or_else(|| toc_error(TocError::new("the registry does not serve ranges of blobs")))
    };
    let mut bytes = part(table.first_part(size).map_err(toc_error)?).await?;
    if let Some(missing) = table.missing_part(&bytes, size).map_err(toc_error)? {
        let mut all = part(missing).await?;
        all.append(&mut bytes);
        bytes = all;
    }
    table.read(&bytes, size).map_err(toc_error)
}
