//! Stores: collections of blobs by name, from which images are opened. Archives, layout directories and streams are
//! here; `dive-sources` implements [`Store`] for engines and registries.

mod archive;
mod archive_shape;
mod engine_document;
mod error;
mod file;
mod file_stamp;
pub mod member_path;
pub mod oci_layout;
mod skopeo_dir;
mod spool;

use std::borrow::Cow;
use std::fmt::Debug;

pub use archive::{Archive, Ending};
pub(crate) use archive_shape::is_blob_name;
pub(crate) use engine_document::is_layer_name;
pub use error::{LinkProblem, StoreError};
pub use file::{FileFormat, FileStore};
pub use oci_layout::Links;
pub use spool::{Spooled, check_free_space, spool};

use crate::blob::{Blob, Identity, TransferProgress};
use crate::layer::toc::Toc;
use crate::remark::Remark;

/// A collection of blobs by name: documents and layers of an image. [`crate::image`] interprets them.
pub trait Store: Debug + Send + Sync {
    /// Name in messages: a path or name as given, or `standard input`.
    fn name(&self) -> &str;

    /// Remarks from opening the store.
    fn remarks(&self) -> &[Remark];

    /// The blob of `member`. Follows links, but not out of the store.
    ///
    /// # Errors
    /// The member is missing, is not a regular file, or is outside the store.
    fn blob(&self, member: &str) -> Result<Blob, StoreError>;

    /// True if the store has this member.
    fn contains(&self, member: &str) -> bool;

    /// Name of the file of `member`, for messages. skopeo's `dir:` has other names.
    fn file_name<'a>(&self, member: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(member)
    }

    /// True for skopeo's `dir:`.
    fn is_skopeo_dir(&self) -> bool {
        false
    }

    /// Symbolic links of an archive with their target, in the order of the archive.
    fn links(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    /// Names of an archive's members, in no particular order.
    fn member_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// True for a local directory.
    fn is_directory(&self) -> bool {
        false
    }

    /// The tar of a root file system, if the file is one instead of an image.
    fn root_file_system(&self) -> Option<Blob> {
        None
    }

    /// How the archive ends. Without an end mark, it may have been cut off between two members.
    fn ending(&self) -> Ending {
        Ending::Marked
    }

    /// Stored size of the image in bytes, if known: that of a compressed archive before unpacking. The limits for
    /// opening the image depend on it.
    fn stored_bytes(&self) -> Option<u64> {
        None
    }

    /// Identity of a layer across runs, if known. Local files have none: verifying their digest costs more than reading
    /// them.
    fn identity(&self, digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        let _ = (digest, diff_id);
        None
    }

    /// True if every blob is compared with its digest when it is fetched.
    fn is_verified(&self) -> bool {
        false
    }

    /// Receives the bytes of each document that is read. [`WatchedStore`](crate::image::WatchedStore) counts them,
    /// and compares them with the digest.
    fn read_document(&self, blob: &Blob, bytes: &[u8]) {
        let _ = (blob, bytes);
    }

    /// Fails if the length or modification time of the image file has changed since it was opened.
    ///
    /// # Errors
    /// [`StoreError::Changed`].
    fn check_unchanged(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Fetches blobs in parallel. Otherwise, each is fetched on first read.
    ///
    /// # Errors
    /// A blob cannot be fetched.
    fn fetch(&self, members: &[&str], progress: &mut dyn FnMut(TransferProgress)) -> Result<(), StoreError> {
        let _ = (members, progress);
        Ok(())
    }

    /// Tables of contents of layers, without fetching the layers; `None` unless all have a readable one. Tables are
    /// written by the publisher, and compared with the digest in the manifest, but not with the layer.
    fn tables_of_contents(&self, members: &[&str]) -> Option<Vec<Toc>> {
        let _ = members;
        None
    }
}
