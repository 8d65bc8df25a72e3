//! Tables of contents of eStargz and zstd:chunked layers.
//!
//! The table is at the end of a layer and lists its entries, so that some kilobytes suffice to know them. This module
//! finds the table, checks its digest and parses it; `layer::listed` interprets the entries. Formats:
//! <https://github.com/containerd/stargz-snapshotter> (`docs/estargz.md`), <https://github.com/containers/storage>
//! (`docs/containers-storage-zstd-chunked.md`).

mod table;

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::compression::{Compression, Decoder};
use crate::digest::Digest;
#[cfg(any(test, feature = "testing"))]
pub(super) use table::parse as parse_table;
pub use table::{ENTRIES, TocError};

use crate::tarfile::{MemberKind, PathKind, Positional, Walker};

/// The table of contents of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toc {
    /// Format of the layer.
    pub format: TocFormat,
    /// Entries, in the order of the layer.
    pub entries: Vec<TocEntry>,
    /// The table itself, if it is a file of the layer: in eStargz, the last one.
    pub own: Option<TocEntry>,
}

/// A layer format with a table of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TocFormat {
    /// Gzip with one member per file.
    Estargz,
    /// Zstd with one frame per chunk of a file.
    ZstdChunked,
}

/// One entry of a table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TocEntry {
    /// Path as in the layer's tar.
    pub name: String,
    /// Type of the entry; never a sparse file.
    pub kind: PathKind,
    /// Size of a file, in bytes.
    pub size: u64,
    /// Mode as in a tar header, with or without the file type bits.
    pub mode: u32,
    /// Owner.
    pub uid: i64,
    /// Group.
    pub gid: i64,
    /// Link target; empty if there is none.
    pub link: String,
    /// Major and minor device number.
    pub device: (u32, u32),
    /// Extended attributes (name, value), sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Digest of a file's content: `algorithm:hex`.
    pub digest: Option<String>,
    /// Chunks of a file's content, in order.
    pub chunks: Vec<TocChunk>,
}

/// A chunk of a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TocChunk {
    /// Offset in the blob of the gzip member or zstd frame with the chunk; `None` for zeros that are not stored.
    pub stored_at: Option<u64>,
    /// Offset in the unpacked member or frame.
    pub inner: u64,
    /// Offset in the file.
    pub at: u64,
    /// Length in the file, in bytes.
    pub len: u64,
}

/// A manifest's reference to the table of contents of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TocReference {
    /// Digest of the uncompressed table.
    Estargz(Digest),
    /// Position and digest of the compressed table.
    ZstdChunked {
        /// Digest of the compressed table.
        digest: Digest,
        /// Offset in the layer, in bytes.
        at: u64,
        /// Compressed length, in bytes.
        packed: u64,
        /// Uncompressed length, in bytes.
        unpacked: u64,
    },
}

impl Toc {
    /// Number of entries, chunks and attributes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let of_entry = |entry: &TocEntry| entry.chunks.len().saturating_add(entry.xattrs.len()).saturating_add(1);
        self.entries.iter().map(of_entry).fold(0, usize::saturating_add)
    }
}

impl TocReference {
    /// Expected digest.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        match self {
            Self::Estargz(digest) | Self::ZstdChunked { digest, .. } => digest,
        }
    }

    /// Reference from the value of the annotation `containerd.io/snapshot/stargz/toc.digest`; `None` if invalid.
    #[must_use]
    pub fn stargz(digest: &str) -> Option<Self> {
        Some(Self::Estargz(digest.parse().ok()?))
    }

    /// Reference to the table of a zstd:chunked layer; `None` if invalid. `position` is `OFFSET:LENGTH:UNPACKED
    /// LENGTH:TYPE`, and the only TYPE is 1.
    #[must_use]
    pub fn chunked(position: &str, digest: &str) -> Option<Self> {
        let parts: Option<Vec<u64>> = position.split(':').map(|part| part.parse().ok()).collect();
        match parts?[..] {
            [at, packed, unpacked, 1] => Some(Self::ZstdChunked { digest: digest.parse().ok()?, at, packed, unpacked }),
            _ => None,
        }
    }
}

/// Maximum size of a table, in bytes. The largest images have some 100,000 files, at 300 bytes each.
const PACKED_LIMIT: u64 = 64 << 20;
const UNPACKED_LIMIT: u64 = 128 << 20;

/// Length of the footer of an eStargz layer, in bytes: an empty gzip member with the table's offset.
const FOOTER_LEN: usize = 51;

/// Bytes to request from the end of an eStargz layer: enough for small tables.
const TAIL_LEN: u64 = 32 << 10;

/// Name of the table's file in an eStargz layer.
const TOC_NAME: &[u8] = b"stargz.index.json";

/// A range of bytes in a blob: offset and length.
pub type ByteRange = (u64, u64);

/// Callers fetch [`Self::first_part`], then [`Self::missing_part`] if there is one, and parse both with [`Self::read`].
impl TocReference {
    /// The range of a blob of `size` bytes to fetch first.
    ///
    /// # Errors
    /// The table is outside of the blob, or too long.
    pub fn first_part(&self, size: u64) -> Result<ByteRange, TocError> {
        match self {
            Self::Estargz(_) => {
                let start = size.saturating_sub(TAIL_LEN);
                Ok((start, size.saturating_sub(start)))
            }
            Self::ZstdChunked { at, packed, unpacked, .. } => {
                let inside = at.checked_add(*packed).is_some_and(|end| end <= size);
                if !inside || *packed > PACKED_LIMIT || *unpacked > UNPACKED_LIMIT {
                    return Err(TocError(format!(
                        "it is larger than {} MiB, unpacks to more than {} MiB, or is outside of the layer",
                        PACKED_LIMIT >> 20,
                        UNPACKED_LIMIT >> 20
                    )));
                }
                Ok((*at, *packed))
            }
        }
    }

    /// The range before `first` that also belongs to the table, if any.
    ///
    /// # Errors
    /// The footer is missing, or the table is too long.
    pub fn missing_part(&self, first: &[u8], size: u64) -> Result<Option<ByteRange>, TocError> {
        let Self::Estargz(_) = self else { return Ok(None) };
        let at = table_at(first)
            .filter(|at| *at < size)
            .ok_or_else(|| TocError::new("the footer of the layer gives no offset for it"))?;
        if size.saturating_sub(at) > PACKED_LIMIT {
            return Err(TocError(format!("it is larger than {} MiB (dive's limit)", PACKED_LIMIT >> 20)));
        }
        let start = size.saturating_sub(first.len() as u64);
        Ok((at < start).then(|| (at, start.saturating_sub(at))))
    }

    /// Parses the table from the joined ranges of a blob of `size` bytes, and checks its digest.
    ///
    /// # Errors
    /// The digest does not match, or the table is malformed.
    pub fn read(&self, bytes: &[u8], size: u64) -> Result<Toc, TocError> {
        match self {
            Self::Estargz(expected) => {
                let start = size.saturating_sub(bytes.len() as u64);
                let at = table_at(bytes)
                    .filter(|at| *at < size)
                    .ok_or_else(|| TocError::new("the footer of the layer gives no offset for it"))?;
                let skipped = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
                estargz(&bytes[skipped..], at, size, expected)
            }
            Self::ZstdChunked { digest: expected, unpacked, .. } => {
                if let Some(actual) = expected.mismatch(bytes) {
                    return Err(TocError(format!("it has the digest {actual}, not {expected}")));
                }
                let json = unpack(Compression::Zstd, bytes, *unpacked)?;
                Ok(Toc { format: TocFormat::ZstdChunked, entries: table::parse(&json, size)?, own: None })
            }
        }
    }
}

/// Offset of the table, from the footer at the end of `bytes`.
fn table_at(bytes: &[u8]) -> Option<u64> {
    let footer = bytes.get(bytes.len().checked_sub(FOOTER_LEN)?..)?;
    // RFC 1952: deflate, with an extra field of 26 bytes that has one subfield SG of 22 bytes.
    let is_gzip = footer.starts_with(&[0x1f, 0x8b, 8, 4]) && footer.get(10..16)? == [26, 0, b'S', b'G', 22, 0];
    if !is_gzip || footer.get(32..38)? != b"STARGZ" {
        return None;
    }
    let digits = footer.get(16..32).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Parses the table in `bytes`, from offset `at` of a blob of `size` bytes.
fn estargz(bytes: &[u8], at: u64, size: u64, expected: &Digest) -> Result<Toc, TocError> {
    let packed = bytes.get(..bytes.len().saturating_sub(FOOTER_LEN)).unwrap_or_default();
    let tar = Blob::in_memory(unpack(Compression::Gzip, packed, UNPACKED_LIMIT)?, "the table of contents");
    let mut walker = Walker::new(Positional::new(&tar));
    let member = walker.next().map_err(|error| TocError(error.to_string()))?;
    let member = member.filter(|member| member.path == TOC_NAME && member.kind == MemberKind::Path(PathKind::File));
    let member = member.ok_or_else(|| TocError::new("its tar does not begin with the table"))?;
    let chunk = TocChunk { stored_at: Some(at), inner: member.body_offset, at: 0, len: member.data_len };
    let own = TocEntry {
        name: String::from_utf8_lossy(TOC_NAME).into_owned(),
        kind: PathKind::File,
        size: member.size,
        mode: u32::from(member.mode),
        uid: member.uid,
        gid: member.gid,
        link: String::new(),
        device: (0, 0),
        xattrs: Vec::new(),
        digest: Some(expected.to_string()),
        chunks: vec![chunk],
    };
    let json = tar.slice(member.body_offset, member.data_len);
    let json = json.read_document(UNPACKED_LIMIT).map_err(|error| TocError(error.to_string()))?;
    if let Some(actual) = expected.mismatch(&json) {
        return Err(TocError(format!("it has the digest {actual}, not {expected}")));
    }
    if walker.next().map_err(|error| TocError(error.to_string()))?.is_some() {
        return Err(TocError::new("its tar has files after the table"));
    }
    Ok(Toc { format: TocFormat::Estargz, entries: table::parse(&json, size)?, own: Some(own) })
}

fn unpack(compression: Compression, mut bytes: &[u8], limit: u64) -> Result<Vec<u8>, TocError> {
    let unreadable = |error: std::io::Error| TocError(format!("it cannot be unpacked: {error}"));
    let mut unpacked = Vec::new();
    let decoder = Decoder::new(compression, &mut bytes as &mut dyn Read).map_err(unreadable)?;
    decoder.take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(unreadable)?;
    if unpacked.len() as u64 > limit {
        return Err(TocError(format!("it unpacks to more than {limit} bytes (the limit)")));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_of_an_unknown_format_is_ignored() {
        let digest = Digest::sha256(b"x");
        let known = TocReference::chunked("1051363:3679:35072:1", &digest.to_string());
        let expected =
            TocReference::ZstdChunked { digest: digest.clone(), at: 1_051_363, packed: 3_679, unpacked: 35_072 };
        assert_eq!(known, Some(expected));
        for wrong in ["", "1:2:3", "1:2:3:2", "1:2:3:1:1", "-1:2:3:1", "1:2:x:1"] {
            assert_eq!(TocReference::chunked(wrong, &digest.to_string()), None, "{wrong}");
        }
        assert_eq!(TocReference::chunked("1:2:3:1", "md5:x"), None);
    }

    #[test]
    fn a_damaged_footer_gives_no_table() {
        let footer =
            b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\x00000000000000061fSTARGZ\x01\0\0\xff\xff\0\0\0\0\0\0\0\0";
        assert_eq!(table_at(footer), Some(0x61f));
        assert_eq!(table_at(&footer[1..]), None);
        for at in [0, 3, 10, 12, 14, 20, 33] {
            let mut wrong = footer.to_vec();
            wrong[at] ^= 0x80;
            assert_eq!(table_at(&wrong), None, "{at}");
        }
    }
}
