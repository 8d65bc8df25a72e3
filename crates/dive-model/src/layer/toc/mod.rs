//! Tables of contents: layers in the formats eStargz and zstd:chunked have one at their end, so that what they hold is known
//! from some kilobytes of them. Only where it stands, whether it is the one that the manifest means, and what is written in
//! it is decided here; what its entries are to an image is not. Formats: <https://github.com/containerd/stargz-snapshotter>
//! (`docs/estargz.md`), <https://github.com/containers/storage> (`docs/containers-storage-zstd-chunked.md`).

mod table;

use std::io::Read;

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::compression::{Compression, Decoder};
use crate::digest::Digest;
pub use table::{ENTRIES, Odd};

use crate::tarfile::{MemberKind, PathKind, Positional, Walker};

/// What a layer holds, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toc {
    /// How it came by it.
    pub format: TocFormat,
    /// In the order of the layer.
    pub entries: Vec<TocEntry>,
    /// The table itself, if it is a file of the layer: in eStargz, the last one of all.
    pub own: Option<TocEntry>,
}

/// A format of layers that have a table of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TocFormat {
    /// A gzip with a member for each file.
    Estargz,
    /// A zstd with a frame for each piece of a file.
    ZstdChunked,
}

/// One entry of a table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TocEntry {
    /// The path as the layer's tar has it.
    pub name: String,
    /// What it puts there; never a sparse file.
    pub kind: PathKind,
    /// Of a file, its length in bytes.
    pub size: u64,
    /// As in a tar's header, with or without the bits of its type.
    pub mode: u32,
    /// Owner.
    pub uid: i64,
    /// Group.
    pub gid: i64,
    /// What a link leads to; empty without one.
    pub link: String,
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes in the order of their names: name, value.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// The digest of a file's content, as `algorithm:hex`.
    pub digest: Option<String>,
    /// Where its content is, from its first byte on.
    pub chunks: Vec<TocChunk>,
}

/// A run of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TocChunk {
    /// Where in the blob the gzip member or zstd frame begins that holds it; none for a run of zeros that is not stored.
    pub stored_at: Option<u64>,
    /// Where it begins in what that unpacks to.
    pub inner: u64,
    /// Where it begins in the file.
    pub at: u64,
    /// How long it is in the file.
    pub len: u64,
}

/// What the manifest says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table {
    /// The digest is that of the unpacked table.
    Estargz(Digest),
    /// The digest is that of the packed one.
    ZstdChunked {
        /// Of the packed table.
        digest: Digest,
        /// Where it begins in the layer, in bytes.
        at: u64,
        /// How long it is there.
        packed: u64,
        /// How long it is unpacked.
        unpacked: u64,
    },
}

impl Toc {
    /// How much it takes, in entries, their pieces and their attributes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.entries.iter().map(|entry| 1 + entry.chunks.len() + entry.xattrs.len()).sum()
    }
}

impl Table {
    /// The digest that the manifest gives.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        match self {
            Self::Estargz(digest) | Self::ZstdChunked { digest, .. } => digest,
        }
    }

    /// The table of an eStargz layer, by the annotation `containerd.io/snapshot/stargz/toc.digest`.
    #[must_use]
    pub fn stargz(digest: &str) -> Option<Self> {
        Some(Self::Estargz(digest.parse().ok()?))
    }

    /// The table of a zstd:chunked layer: `position` is `OFFSET:LENGTH:UNPACKED LENGTH:TYPE`, of which type 1 is the only one.
    #[must_use]
    pub fn chunked(position: &str, digest: &str) -> Option<Self> {
        let parts: Option<Vec<u64>> = position.split(':').map(|part| part.parse().ok()).collect();
        match parts?[..] {
            [at, packed, unpacked, 1] => Some(Self::ZstdChunked { digest: digest.parse().ok()?, at, packed, unpacked }),
            _ => None,
        }
    }
}

/// The largest table that is taken, in bytes. The largest images have some 100,000 files, at 300 bytes each.
const PACKED_LIMIT: u64 = 64 << 20;
const UNPACKED_LIMIT: u64 = 128 << 20;

/// What ends an eStargz layer: an empty gzip member that says where the table begins.
const FOOTER: usize = 51;

/// So much of the end is asked for at once: small tables are in it.
const END: u64 = 32 << 10;

/// The file that holds the table of an eStargz layer.
const NAME: &[u8] = b"stargz.index.json";

/// A run of a blob's bytes: where it begins, and how long it is.
pub type Part = (u64, u64);

/// What a caller fetches, and what it makes of the bytes.
impl Table {
    /// The part of a blob of `size` bytes to fetch first.
    ///
    /// # Errors
    /// If the manifest places the table outside of the blob, or gives it a length that no table has.
    pub fn first_part(&self, size: u64) -> Result<Part, Odd> {
        match self {
            Self::Estargz(_) => {
                let start = size.saturating_sub(END);
                Ok((start, size - start))
            }
            Self::ZstdChunked { at, packed, unpacked, .. } => {
                let inside = at.checked_add(*packed).is_some_and(|end| end <= size);
                if !inside || *packed > PACKED_LIMIT || *unpacked > UNPACKED_LIMIT {
                    return Err(Odd::new("it is longer than any, or outside of the layer"));
                }
                Ok((*at, *packed))
            }
        }
    }

    /// The part before `first` that is still missing, if any.
    ///
    /// # Errors
    /// If the bytes do not say where the table is, or give it a length that no table has.
    pub fn missing_part(&self, first: &[u8], size: u64) -> Result<Option<Part>, Odd> {
        let Self::Estargz(_) = self else { return Ok(None) };
        let at = table_at(first).filter(|at| *at < size).ok_or_else(|| Odd::new("there is none at its end"))?;
        if size - at > PACKED_LIMIT {
            return Err(Odd::new("it is longer than any"));
        }
        let start = size.saturating_sub(first.len() as u64);
        Ok((at < start).then(|| (at, start - at)))
    }

    /// Reads the table from the parts, joined, of a blob of `size` bytes, and compares it with the digest that the manifest gives.
    ///
    /// # Errors
    /// If the digest differs, or the table is not as its format wants it.
    pub fn read(&self, bytes: &[u8], size: u64) -> Result<Toc, Odd> {
        match self {
            Self::Estargz(expected) => {
                let start = size.saturating_sub(bytes.len() as u64);
                let at = table_at(bytes).filter(|at| *at < size).ok_or_else(|| Odd::new("there is none at its end"))?;
                let skipped = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
                estargz(&bytes[skipped..], at, size, expected)
            }
            Self::ZstdChunked { digest: expected, unpacked, .. } => {
                if let Some(actual) = expected.mismatch(bytes) {
                    return Err(Odd(format!("it has the digest {actual}, not {expected}")));
                }
                let json = unpack(Compression::Zstd, bytes, *unpacked)?;
                Ok(Toc { format: TocFormat::ZstdChunked, entries: table::parse(&json, size)?, own: None })
            }
        }
    }
}

/// Where the table begins, by the footer at the end of `bytes`.
fn table_at(bytes: &[u8]) -> Option<u64> {
    let footer = bytes.get(bytes.len().checked_sub(FOOTER)?..)?;
    // RFC 1952: deflate with an extra field of 26 bytes, in it one subfield SG of 22.
    let is_gzip = footer.starts_with(&[0x1f, 0x8b, 8, 4]) && footer.get(10..16)? == [26, 0, b'S', b'G', 22, 0];
    if !is_gzip || footer.get(32..38)? != b"STARGZ" {
        return None;
    }
    let digits = footer.get(16..32).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The table in `bytes`, which stand at `at` in a blob of `size` bytes.
fn estargz(bytes: &[u8], at: u64, size: u64, expected: &Digest) -> Result<Toc, Odd> {
    let packed = bytes.get(..bytes.len().saturating_sub(FOOTER)).unwrap_or_default();
    let tar = Blob::in_memory(unpack(Compression::Gzip, packed, UNPACKED_LIMIT)?, "the table of contents");
    let mut walker = Walker::new(Positional::new(&tar));
    let member = walker.next().map_err(|error| Odd(error.to_string()))?;
    let member = member.filter(|member| member.path == NAME && member.kind == MemberKind::Path(PathKind::File));
    let member = member.ok_or_else(|| Odd::new("it is not in the file that should hold it"))?;
    let chunk = TocChunk { stored_at: Some(at), inner: member.body_offset, at: 0, len: member.data_len };
    let own = TocEntry {
        name: String::from_utf8_lossy(NAME).into_owned(),
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
    let json = json.read_document(UNPACKED_LIMIT).map_err(|error| Odd(error.to_string()))?;
    if let Some(actual) = expected.mismatch(&json) {
        return Err(Odd(format!("it has the digest {actual}, not {expected}")));
    }
    if walker.next().map_err(|error| Odd(error.to_string()))?.is_some() {
        return Err(Odd::new("there are files after it"));
    }
    Ok(Toc { format: TocFormat::Estargz, entries: table::parse(&json, size)?, own: Some(own) })
}

fn unpack(compression: Compression, bytes: &[u8], limit: u64) -> Result<Vec<u8>, Odd> {
    let unreadable = |error: std::io::Error| Odd(format!("it cannot be unpacked: {error}"));
    let mut unpacked = Vec::new();
    let decoder = Decoder::new(compression, bytes).map_err(unreadable)?;
    decoder.take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(unreadable)?;
    if unpacked.len() as u64 > limit {
        return Err(Odd::new("it is longer than it may be"));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_four_numbers_of_which_the_last_is_the_format() {
        let digest = Digest::sha256(b"x");
        let known = Table::chunked("1051363:3679:35072:1", &digest.to_string());
        let expected = Table::ZstdChunked { digest: digest.clone(), at: 1_051_363, packed: 3_679, unpacked: 35_072 };
        assert_eq!(known, Some(expected));
        for wrong in ["", "1:2:3", "1:2:3:2", "1:2:3:1:1", "-1:2:3:1", "1:2:x:1"] {
            assert_eq!(Table::chunked(wrong, &digest.to_string()), None, "{wrong}");
        }
        assert_eq!(Table::chunked("1:2:3:1", "md5:x"), None);
    }

    #[test]
    fn a_footer_says_where_the_table_begins() {
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
