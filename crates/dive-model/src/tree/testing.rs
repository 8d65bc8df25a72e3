//! Small trees for tests.

use super::{Builder, Tree};

#[allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "only tests call it, with paths that they write down"
)]
impl Tree {
    /// One layer with empty files at `paths`, for tests that need nodes to speak of. What stands above others is a
    /// directory.
    #[must_use]
    pub fn of_files(paths: &[&str]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for path in paths {
            let above = paths.iter().any(|other| other.starts_with(&format!("{path}/")));
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(if above { tar::EntryType::Directory } else { tar::EntryType::Regular });
            header.set_size(0);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, std::io::empty()).unwrap();
        }
        let bytes = tar.into_inner().unwrap();
        let scan = crate::layer::scan::scan(&bytes[..], crate::remark::OnDamage::Fail, &|| false).unwrap();
        let mut builder = Builder::new();
        builder.apply(scan).unwrap();
        builder.finish(&crate::layer::content::PlainLayers::default()).unwrap()
    }
}
