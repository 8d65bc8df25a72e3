//! Copies a stream, such as a pipe or a decoder's output, to a temporary file.
//!
//! Layers are read in parallel and out of order, which a stream does not allow. The file has no name, so it disappears
//! when the program ends in any way.

use std::fs::File;
use std::io::{self, Read, Write};

use super::error::StoreError;
use crate::blob::{TransferProgress, TransferStep};
use crate::budget::{Limits, OverBudget};
use crate::compression::{Compression, Decoder, SNIFF_LEN};
use crate::magic;
use crate::remark::{OnDamage, Remark};
use crate::tarfile;
use crate::unfinished::unnamed;

/// A stream copied to a file.
#[derive(Debug)]
pub struct Spooled {
    /// The temporary file.
    pub file: File,
    /// Length of the file, in bytes.
    pub len: u64,
    /// Length of the input, in bytes: less if compressed.
    pub stored: u64,
    /// Remarks from copying.
    pub remarks: Vec<Remark>,
}

/// Large enough to hide the cost of system calls.
const CHUNK: usize = 256 << 10;

/// Bytes to write between two checks of the free space.
const SPACE_CHECK_INTERVAL: u64 = 64 << 20;

/// Checks that a temporary file of `written` bytes leaves a tenth of the space that was free before.
///
/// # Errors
/// Too little space is left, or the file system cannot be queried.
#[cfg(unix)]
pub fn check_free_space(file: &File, written: u64) -> io::Result<()> {
    let found = rustix::fs::fstatvfs(file)?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= required_space(written) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::StorageFull, "dive leaves a tenth of the free space to other programs"))
}

/// Does nothing: the free space is unknown on this system.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn check_free_space(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Space that must remain beside a file of `written` bytes: a tenth of both together.
#[cfg(unix)]
const fn required_space(written: u64) -> u64 {
    written / 9
}

/// Decompresses `input` to a temporary file. Messages call it `archive`. `step` is the step that `progress` reports.
///
/// # Errors
/// The input cannot be read or decompressed, is not a tar, or exceeds `limits`; or the temporary file cannot be
/// written, or would fill the disk.
pub fn spool(
    limits: Limits,
    mut input: impl Read,
    step: TransferStep,
    total: Option<u64>,
    archive: &str,
    on_damage: OnDamage,
    progress: &mut dyn FnMut(TransferProgress),
) -> Result<Spooled, StoreError> {
    let unreadable = |cause| StoreError::Unreadable { what: archive.to_owned(), cause };
    let (compression, mut decoder) = Decoder::sniffing(&mut input as &mut dyn Read).map_err(unreadable)?;
    let mut written = 0;
    let disk = |written, cause| StoreError::Spool {
        archive: archive.to_owned(),
        folder: std::env::temp_dir(),
        written,
        cause,
    };
    let mut file = unnamed(&std::env::temp_dir()).map_err(|cause| disk(0, cause))?;
    let mut remarks = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match decoder.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(cause) => {
                let error = match compression {
                    Compression::None => unreadable(cause),
                    _ => StoreError::Decompress {
                        archive: archive.to_owned(),
                        compression,
                        offset: decoder.consumed(),
                        cause,
                    },
                };
                if on_damage == OnDamage::Fail || written == 0 {
                    return Err(error);
                }
                remarks.push(Remark::tolerated(archive, &error, "dive shows the part before it"));
                break;
            }
        };
        if written == 0 {
            refuse_other_formats(&chunk[..read], archive)?;
        }
        let after = written + read as u64;
        if compression != Compression::None {
            // The length of a stream is unknown: use the bytes so far.
            let stored = total.unwrap_or_else(|| decoder.consumed());
            let limit = limits.unpacked_bytes(stored, compression.weight());
            if after > limit {
                let problem = OverBudget::Unpacked { limit, stored };
                return Err(StoreError::OverBudget { archive: archive.to_owned(), problem });
            }
        }
        if written / SPACE_CHECK_INTERVAL != after / SPACE_CHECK_INTERVAL {
            check_free_space(&file, written).map_err(|cause| disk(written, cause))?;
        }
        file.write_all(&chunk[..read]).map_err(|cause| disk(written, cause))?;
        written = after;
        progress(TransferProgress { step, read: decoder.consumed(), total });
    }
    if let Some(offset) = decoder.ignored_tail() {
        remarks.push(Remark::new(
            archive,
            format!("dive ignores the bytes from offset {offset} on: they are not a gzip member"),
        ));
    }
    Ok(Spooled { file, len: written, stored: decoder.consumed(), remarks })
}

/// Rejects other formats before they fill the disk. If the first piece is too short, the check happens after copying.
fn refuse_other_formats(first: &[u8], archive: &str) -> Result<(), StoreError> {
    let Some(block) = first.get(..SNIFF_LEN) else { return Ok(()) };
    if tarfile::is_header(block) {
        return Ok(());
    }
    Err(StoreError::NotAnArchive { archive: archive.to_owned(), found: magic::describe(first) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Blob;
    use std::sync::Arc;

    fn bytes_of(spooled: Spooled) -> Vec<u8> {
        Blob::new(Arc::new(spooled.file), 0, spooled.len, "spooled").read_document(1 << 20).unwrap()
    }

    #[test]
    fn a_compressed_stream_is_copied_uncompressed() {
        let gzip = zstd::encode_all(&b"tar bytes"[..], 1).unwrap();
        let mut last = None;
        let total = Some(gzip.len() as u64);
        let spooled = spool(
            Limits::default(),
            &gzip[..],
            TransferStep::Unpack,
            total,
            "standard input",
            OnDamage::Fail,
            &mut |progress| {
                last = Some(progress);
            },
        )
        .unwrap();
        assert_eq!(bytes_of(spooled), b"tar bytes");
        assert_eq!(last.unwrap().total, total);
        assert!(last.unwrap().read > 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_tenth_of_the_free_space_is_kept() {
        let file = tempfile::tempfile().unwrap();
        check_free_space(&file, 0).unwrap();
        assert_eq!(check_free_space(&file, u64::MAX).unwrap_err().kind(), io::ErrorKind::StorageFull);
        // Of 1,000 bytes, 900 may be written.
        assert_eq!(required_space(900), 100);
    }

    #[test]
    fn a_cut_stream_is_an_error_or_keeps_the_bytes_before_the_cut() {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        let mut header = tar::Header::new_ustar();
        header.set_cksum();
        encoder.write_all(header.as_bytes()).unwrap();
        encoder.write_all(&vec![7; 600_000]).unwrap();
        let whole = encoder.finish().unwrap();
        let cut = &whole[..400_000];
        let error = spool(Limits::default(), cut, TransferStep::Unpack, None, "a.tar.gz", OnDamage::Fail, &mut |_| ())
            .unwrap_err();
        assert!(error.to_string().starts_with("a.tar.gz: gzip data near byte 400000 cannot be unpacked"), "{error}");
        let spooled =
            spool(Limits::default(), cut, TransferStep::Unpack, None, "a.tar.gz", OnDamage::Remark, &mut |_| ())
                .unwrap();
        assert_eq!(spooled.remarks.len(), 1);
        assert!(spooled.len > 300_000);
    }
}
