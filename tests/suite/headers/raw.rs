//! Headers built field by field, including forms that no current tool writes.

use std::io::Write;

/// A header and its body.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    block: [u8; 512],
    body: Vec<u8>,
    checksum: Option<[u8; 8]>,
}

/// Offsets of header fields.
pub(super) mod at {
    pub(crate) const MODE: usize = 100;
    pub(crate) const UID: usize = 108;
    pub(crate) const GID: usize = 116;
    pub(crate) const SIZE: usize = 124;
    pub(crate) const MTIME: usize = 136;
    pub(crate) const CHECKSUM: usize = 148;
    pub(crate) const TYPE: usize = 156;
    pub(crate) const LINK: usize = 157;
    pub(crate) const MAGIC: usize = 257;
    pub(crate) const MAJOR: usize = 329;
    pub(crate) const MINOR: usize = 337;
    pub(crate) const PREFIX: usize = 345;
    pub(crate) const GNU_MAP: usize = 386;
    pub(crate) const GNU_MORE: usize = 482;
    pub(crate) const GNU_REAL_SIZE: usize = 483;
    pub(crate) const STAR_ATIME: usize = 476;
    pub(crate) const STAR_CTIME: usize = 488;
    pub(crate) const STAR_TRAILER: usize = 508;
}

pub(super) const USTAR: &[u8; 8] = b"ustar\x0000";
pub(super) const GNU: &[u8; 8] = b"ustar  \0";

impl Raw {
    /// A POSIX header of an empty entry of root.
    pub(super) fn new(typeflag: u8, name: impl AsRef<[u8]>) -> Self {
        let mode = if typeflag == b'5' { b"0000755\0" } else { b"0000644\0" };
        Self { block: [0; 512], body: Vec::new(), checksum: None }
            .set(0, name)
            .set(at::MODE, mode)
            .set(at::UID, b"0000000\0")
            .set(at::GID, b"0000000\0")
            .set(at::SIZE, b"00000000000\0")
            .set(at::MTIME, b"00000000000\0")
            .set(at::TYPE, [typeflag])
            .set(at::MAGIC, USTAR)
            .set(at::MAJOR, b"0000000\0")
            .set(at::MINOR, b"0000000\0")
    }

    /// Writes bytes at offset `at` of the header.
    pub(super) fn set(mut self, at: usize, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.block[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Sets the body and the size field.
    pub(super) fn body(self, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        self.set(at::SIZE, format!("{:011o}\0", body.len())).unmeasured(body)
    }

    /// Sets the body but not the size field.
    pub(super) fn unmeasured(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// Sets the link target field.
    pub(super) fn link(self, target: &str) -> Self {
        self.set(at::LINK, target)
    }

    /// Replaces the checksum field; `write` gets the block.
    pub(super) fn checksum(mut self, write: impl FnOnce(&[u8; 512]) -> Vec<u8>) -> Self {
        let field = write(&self.block);
        self.checksum = Some(field.try_into().expect("eight bytes"));
        self
    }

    /// Header and body, padded.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut block = self.block;
        let field = self.checksum.unwrap_or_else(|| {
            let text = format!("{:06o}\0 ", unsigned_sum(&block));
            text.into_bytes().try_into().expect("eight bytes")
        });
        block[at::CHECKSUM..at::TYPE].copy_from_slice(&field);
        let mut bytes = [&block[..], &self.body].concat();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// The checksum of a header whose checksum field is empty.
pub(super) fn unsigned_sum(block: &[u8; 512]) -> i64 {
    block.iter().map(|byte| i64::from(*byte)).sum::<i64>() + 8 * i64::from(b' ')
}

/// The same with signed bytes.
pub(super) fn signed_sum(block: &[u8; 512]) -> i64 {
    block.iter().map(|byte| i64::from(byte.cast_signed())).sum::<i64>() + 8 * i64::from(b' ')
}

/// A regular file.
pub(super) fn file(name: &str) -> Raw {
    Raw::new(b'0', name)
}

/// A regular file in a GNU header.
pub(super) fn gnu_file(name: &str) -> Raw {
    file(name).set(at::MAGIC, GNU)
}

/// A PAX extended header.
pub(super) fn pax(records: &[(&str, &str)]) -> Raw {
    pax_bytes(&joined(records))
}

/// A PAX extended header with raw records.
pub(super) fn pax_bytes(records: &[u8]) -> Raw {
    Raw::new(b'x', "PaxHeaders/x").body(records)
}

/// A PAX global header.
pub(super) fn global(records: &[(&str, &str)]) -> Raw {
    Raw::new(b'g', "pax_global_header").body(joined(records))
}

/// A GNU long name (`L`) or long link target (`K`).
pub(super) fn long(typeflag: u8, name: &str) -> Raw {
    Raw::new(typeflag, "././@LongLink").set(at::MAGIC, GNU).body(format!("{name}\0"))
}

fn joined(records: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let len = (1..=20).find(|digits| (rest + digits).to_string().len() == *digits).expect("a length") + rest;
        writeln!(bytes, "{len} {key}={value}").expect("memory");
    }
    bytes
}

/// A number in base-256, in a field of `N` bytes.
pub(super) fn base_256<const N: usize>(value: i64) -> [u8; N] {
    let fill = if value < 0 { 0xff } else { 0 };
    let mut field = [fill; N];
    let bytes = value.to_be_bytes();
    let kept = N.min(8);
    field[N - kept..].copy_from_slice(&bytes[8 - kept..]);
    field[0] |= 0x80;
    field
}

/// A layer of these entries, with its end blocks.
pub(super) fn tar(entries: &[Raw]) -> Vec<u8> {
    let mut bytes = unended(entries);
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// A layer of these entries, without end blocks.
pub(super) fn unended(entries: &[Raw]) -> Vec<u8> {
    entries.iter().flat_map(Raw::bytes).collect()
}
