//! Compresses and unpacks records, within the memory of an image.

use std::fs::File;
use std::io::{self, Read, Write};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::budget::{Budget, Reservation};

/// First bytes of a record in a file. A checksum of the key and payload follows, so that a record copied to another key is
/// invalid, too.
pub(super) const MAGIC: [u8; 8] = *b"dive rec";
pub(super) const HEADER_LEN: usize = MAGIC.len() + 8;

/// The payload starts with the length of the unpacked record.
const LENGTH_LEN: usize = 8;

/// Maximum size of a record on disk and unpacked, in bytes: several times that of the largest known image. Larger
/// records are not cached.
const PACKED_LIMIT: u64 = 128 << 20;
const UNPACKED_LIMIT: u64 = 512 << 20;

/// An unpacked record, which takes memory of an image's budget until it is dropped.
#[derive(Debug)]
pub struct CachedRecord {
    bytes: Vec<u8>,
    _reserved: Reservation,
}

impl CachedRecord {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its bytes, which no budget knows any longer.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

pub(super) fn checksum(key: &str, payload: &[u8]) -> [u8; 8] {
    xxh3_64_with_seed(payload, xxh3_64(key.as_bytes())).to_le_bytes()
}

fn damaged(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text.into())
}

fn too_large(limit: u64) -> String {
    format!("it is larger than {} MiB (the limit for a record)", limit >> 20)
}

/// Compresses a record of at most `size` bytes, about, in memory, to about a tenth of its size. Its checksum precedes it in the file,
/// so its end must be known.
pub(super) fn packed(
    budget: &Budget,
    size: u64,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<(Vec<u8>, Reservation)> {
    // Bytes that cannot be compressed grow by less than 1 %.
    let size = size.saturating_add(size / 64).saturating_add(1024);
    let limit = size.min(PACKED_LIMIT).min(budget.record_memory());
    let reserved = budget.reserve_record(limit).map_err(io::Error::other)?;
    let payload = RecordPayload { bytes: vec![0; LENGTH_LEN], limit: usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut record = CountedRecord { encoder: zstd::stream::write::Encoder::new(payload, 1)?, len: 0 };
    write(&mut record)?;
    let mut bytes = record.encoder.finish()?.bytes;
    bytes[..LENGTH_LEN].copy_from_slice(&record.len.to_le_bytes());
    Ok((bytes, reserved))
}

/// Counts the bytes of a record before they are compressed.
struct CountedRecord<W> {
    encoder: W,
    len: u64,
}

impl<W: Write> Write for CountedRecord<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.encoder.write(bytes)?;
        self.len = self.len.saturating_add(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}

/// A payload that stops growing at its limit.
struct RecordPayload {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for RecordPayload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.bytes.len().saturating_add(bytes.len());
        if len > self.limit {
            return Err(io::Error::other(too_large(self.limit as u64)));
        }
        if len > self.bytes.capacity() {
            // Twice as much as needed would exceed the memory that is reserved.
            let capacity = len.saturating_mul(2).min(self.limit);
            self.bytes.reserve_exact(capacity.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks and unpacks a record. `None` if `budget` has not enough memory for it.
pub(super) fn unpack(mut file: &File, key: &str, budget: &Budget) -> io::Result<Option<CachedRecord>> {
    let (mut header, mut length) = ([0; HEADER_LEN], [0; LENGTH_LEN]);
    file.read_exact(&mut header)?;
    file.read_exact(&mut length)?;
    let stored = file.metadata()?.len().saturating_sub(HEADER_LEN as u64);
    if stored > PACKED_LIMIT {
        return Err(damaged(too_large(PACKED_LIMIT)));
    }
    // At once: two threads that each wait with a part of what they need would wait forever.
    let needed = stored.saturating_add(unpacked_len(length)?);
    let Ok(reserved) = budget.reserve_record(needed) else { return Ok(None) };
    let mut payload = Vec::with_capacity(usize::try_from(stored).unwrap_or_default());
    payload.extend(length);
    file.take(stored.saturating_sub(LENGTH_LEN as u64)).read_to_end(&mut payload)?;
    let (magic, sum) = header.split_at(MAGIC.len());
    if magic != MAGIC || sum != checksum(key, &payload) {
        return Err(damaged("its checksum is wrong"));
    }
    decoded(&payload, reserved).map(Some)
}

/// Unpacks a payload. `None` if `budget` has not enough memory for it.
pub(super) fn unpacked(payload: &[u8], budget: &Budget) -> io::Result<Option<CachedRecord>> {
    let length = payload.first_chunk().ok_or_else(|| damaged("it is truncated"))?;
    let Ok(reserved) = budget.reserve_record(unpacked_len(*length)?) else { return Ok(None) };
    decoded(payload, reserved).map(Some)
}

fn unpacked_len(length: [u8; LENGTH_LEN]) -> io::Result<u64> {
    let length = u64::from_le_bytes(length);
    if length > UNPACKED_LIMIT {
        return Err(damaged(format!("unpacked, {}", too_large(UNPACKED_LIMIT))));
    }
    Ok(length)
}

fn decoded(payload: &[u8], reserved: Reservation) -> io::Result<CachedRecord> {
    let (length, packed) = payload.split_first_chunk().ok_or_else(|| damaged("it is truncated"))?;
    let length = unpacked_len(*length)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
    // One byte more would show that the length is wrong, but would also grow the list.
    decoder.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(damaged("its length is wrong"));
    }
    Ok(CachedRecord { bytes, _reserved: reserved })
}
