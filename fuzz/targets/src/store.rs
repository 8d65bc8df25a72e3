//! Stores from an input: documents by name, and a whole archive.

use std::collections::HashMap;
use std::io::Write;

use dive_model::Opener;
use dive_model::blob::Blob;
use dive_model::remark::{OnDamage, Remark};
use dive_model::store::{FileStore, Links, Store, StoreError};

/// Documents and layers by name.
#[derive(Debug)]
pub(crate) struct Members(HashMap<&'static str, Blob>);

/// Separates the members of an input. It cannot occur in JSON.
pub(crate) const SEPARATOR: u8 = 0x1e;

impl Members {
    /// Takes the pieces of an input as members with these names. Skips empty pieces.
    pub(crate) fn of<'a>(names: &[&'static str], pieces: impl Iterator<Item = &'a [u8]>) -> Self {
        let members = names.iter().zip(pieces).filter(|(_, piece)| !piece.is_empty());
        Self(members.map(|(name, piece)| (*name, Blob::in_memory(piece, *name))).collect())
    }
}

impl Store for Members {
    fn name(&self) -> &'static str {
        "input"
    }

    fn remarks(&self) -> &[Remark] {
        &[]
    }

    fn blob(&self, member: &str) -> Result<Blob, StoreError> {
        let missing = || StoreError::Missing { archive: "input".to_owned(), member: member.to_owned() };
        self.0.get(member).cloned().ok_or_else(missing)
    }

    fn contains(&self, member: &str) -> bool {
        self.0.contains_key(member)
    }

    fn member_names(&self) -> Vec<&str> {
        self.0.keys().copied().collect()
    }

    fn stored_bytes(&self) -> Option<u64> {
        Some(self.0.values().map(Blob::len).sum())
    }
}

/// Opens the input as a file: an archive of any format, or anything else.
pub(crate) fn archive(input: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(input).unwrap();
    for on_damage in [OnDamage::Fail, OnDamage::Remark] {
        let store = FileStore::open(file.path(), Links::Inside, on_damage, &mut |_| ());
        match store {
            Ok(store) => {
                let opened = Opener::new().on_damage(on_damage).open_store(&store);
                opened.err().iter().for_each(|error| assert!(!error.to_string().is_empty()));
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
