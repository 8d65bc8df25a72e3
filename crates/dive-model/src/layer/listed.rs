//! Lists a layer by its table of contents (eStargz, zstd:chunked), without reading the layer.
//!
//! Each entry of the table becomes the tar member it describes, so that names, whiteouts and limits are handled as in
//! other layers.

use super::content::{ContentHash, ContentPolicy, SeekPoint};
use super::scan::{Scan, ScanError, Scanner};
use super::toc::{Toc, TocEntry, TocFormat};
use crate::budget::Budget;
use crate::compression::Compression;
use crate::remark::OnDamage;
use crate::tarfile::{Member, MemberKind, PathKind};

/// True if `toc` has the offset and digest of every file that has content.
#[must_use]
pub fn is_complete(toc: &Toc) -> bool {
    let digests = toc.entries.iter().filter(|entry| entry.kind == PathKind::File && entry.size > 0);
    digests.into_iter().all(|entry| hash(entry).is_some() && place(entry).is_some())
}

/// Converts the table to a [`Scan`], equal to that of [`super::scan::scan`] except for the hashes.
///
/// # Errors
/// As [`super::scan::scan`].
pub(super) fn scan(toc: &Toc, on_damage: OnDamage, budget: &Budget) -> Result<Scan, ScanError> {
    let compression = match toc.format {
        TocFormat::Estargz => Compression::Gzip,
        TocFormat::ZstdChunked => Compression::Zstd,
    };
    let mut scanner = Scanner::new(on_damage, compression, ContentPolicy::Skip, budget);
    for entry in toc.entries.iter().chain(&toc.own) {
        let place = place(entry).map_or(0, SeekPoint::as_body);
        let member = Member {
            path: entry.name.as_bytes(),
            link: entry.link.as_bytes(),
            kind: MemberKind::Path(entry.kind),
            refused_type: None,
            size: entry.size,
            data_len: entry.size,
            header_offset: place,
            body_offset: place,
            mode: (entry.mode & 0o7777) as u16,
            uid: entry.uid,
            gid: entry.gid,
            device: entry.device,
            xattrs: &entry.xattrs,
        };
        scanner.take(&member, hash(entry))?;
    }
    Ok(scanner.into_scan())
}

/// Offset of a file's content in the layer.
fn place(entry: &TocEntry) -> Option<SeekPoint> {
    let first = entry.chunks.first()?;
    SeekPoint::new(first.stored_at?, first.inner)
}

/// The first 64 bits of the content's digest. It is compared only with hashes of other listed layers, so it need not be
/// XXH3.
fn hash(entry: &TocEntry) -> Option<ContentHash> {
    let (_, hex) = entry.digest.as_deref()?.split_once(':')?;
    let digest = u64::from_str_radix(hex.get(..16)?, 16).ok()?;
    Some(ContentHash::of(digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::toc::TocChunk;

    fn file(name: &str, digest: Option<&str>, stored_at: Option<u64>) -> TocEntry {
        TocEntry {
            name: name.to_owned(),
            kind: PathKind::File,
            size: 5,
            mode: 0o100_644,
            uid: 1,
            gid: 2,
            link: String::new(),
            device: (0, 0),
            xattrs: Vec::new(),
            digest: digest.map(|digit| format!("sha256:{}", digit.repeat(64))),
            chunks: vec![TocChunk { stored_at, inner: 7, at: 0, len: 5 }],
        }
    }

    fn toc(entries: Vec<TocEntry>) -> Toc {
        Toc { format: TocFormat::Estargz, entries, own: None }
    }

    /// Without a digest, a touched file would count as changed; without an offset, its content could not be shown.
    #[test]
    fn a_table_without_digests_or_offsets_is_not_used() {
        assert!(is_complete(&toc(vec![file("a", Some("1"), Some(0))])));
        assert!(!is_complete(&toc(vec![file("a", None, Some(0))])));
        assert!(!is_complete(&toc(vec![file("a", Some("1"), None)])));
        assert!(!is_complete(&toc(vec![file("a", Some("1"), Some(1 << 50))])));
    }

    #[test]
    fn a_listed_layer_normalises_names_and_finds_whiteouts() {
        let names = ["./usr/bin/tool", "../../etc/passwd", "etc/.wh.gone", "etc/.wh..wh..opq"];
        let entries = names.map(|name| file(name, Some("1"), Some(9))).to_vec();
        let scan = scan(&toc(entries), OnDamage::Fail, &Budget::unlimited()).unwrap();
        let chunk = &scan.chunks[0];
        let paths: Vec<_> = chunk.entries().iter().map(|entry| chunk.names(entry).path()).collect();
        assert_eq!(paths, [&b"usr/bin/tool"[..], b"etc/passwd", b"etc/gone", b"etc"]);
        assert_eq!((scan.remarks.kept.len(), scan.compression), (1, Some(Compression::Gzip)));
        let entry = &chunk.entries()[0];
        assert_eq!((entry.mode, entry.uid, entry.gid, entry.size), (0o100_644, 1, 2, 5));
        assert!(entry.hash.is_some());
    }
}
