//! What an image is opened from: a place that hands out bytes by name. Archives, layout directories and streams on their way
//! into a temporary file are here; a package that reaches engines or registries implements [`Store`] for them.

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
pub use spool::{Spooled, leave_room, spool};

use crate::blob::{Blob, Identity, TransferProgress};
use crate::layer::toc::Toc;
use crate::remark::Remark;

/// A place that an image's documents and layers come from. It knows names and bytes; what they mean is `image`'s business.
pub trait Store: Debug + Send + Sync {
    /// What messages call it: a path or name as the user gave it, or `standard input`.
    fn name(&self) -> &str;

    /// What was odd while it was opened.
    fn remarks(&self) -> &[Remark];

    /// The bytes called `member`. Links are followed, but never out of the store.
    ///
    /// # Errors
    /// If nothing has that name, or it is not a plain file, or it leads outside.
    fn blob(&self, member: &str) -> Result<Blob, StoreError>;

    /// Whether something is called `member`.
    fn contains(&self, member: &str) -> bool;

    /// What the file is called that `member` is kept in, for messages: a directory of skopeo has names of its own.
    fn file_name<'a>(&self, member: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(member)
    }

    /// Whether the files have the names of skopeo's `dir:`.
    fn is_skopeo_dir(&self) -> bool {
        false
    }

    /// The symbolic links of an archive in its order, each with the name it leads to.
    fn links(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    /// The names of an archive's members, in no order.
    fn member_names(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether it is a directory of this machine.
    fn is_directory(&self) -> bool {
        false
    }

    /// The tar of a root file system, if that and no image was found.
    fn root_file_system(&self) -> Option<Blob> {
        None
    }

    /// How the archive ends. One without an end mark may have been cut between two members.
    fn ending(&self) -> Ending {
        Ending::Marked
    }

    /// Bytes that the image takes as it is stored, if the store knows: of an archive that is compressed as a whole, before it is
    /// unpacked. They bound what opening the image may cost.
    fn stored_bytes(&self) -> Option<u64> {
        None
    }

    /// What identifies the bytes of a layer across runs, if the store knows. Files of this machine have no identity: to
    /// compare them with a digest costs more than to read them.
    fn identity(&self, digest: Option<&str>, diff_id: Option<&str>) -> Option<Identity> {
        let _ = (digest, diff_id);
        None
    }

    /// True if every blob is compared with its digest when it is fetched.
    fn is_verified(&self) -> bool {
        false
    }

    /// Hears the bytes of a document that was read. [`VerifiedStore`](crate::image::VerifiedStore) compares them.
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

    /// Fetches blobs side by side. Without it, each is fetched when it is first read.
    ///
    /// # Errors
    /// If one of them cannot be fetched.
    fn fetch(&self, members: &[&str], progress: &mut dyn FnMut(TransferProgress)) -> Result<(), StoreError> {
        let _ = (members, progress);
        Ok(())
    }

    /// The tables of contents of layers, without the layers. `None` unless all of them have one that can be read: then the
    /// layers are read instead. A layer's publisher wrote its table, which is compared with the digest in the manifest and
    /// not with the layer.
    fn tables_of_contents(&self, members: &[&str]) -> Option<Vec<Toc>> {
        let _ = members;
        None
    }
}
