//! Distinguishes a layer that is not a tar from an empty one.
//!
//! File systems reserve their first kilobyte for a boot loader, and a tar ends with a kilobyte of zeros, so both start
//! alike.

use std::io::{self, Read};

use super::error::ScanError;
use crate::compression::{Compression, Decoder};
use crate::magic::{self, SAMPLE_LEN};
use crate::tarfile::{ReadAt, SequentialReader, TarError, TarErrorKind};

/// Maximum number of leading zeros to skip when looking for data.
const MAX_ZEROS: u64 = 16 << 20;

const BLOCK: usize = 512;

/// Returns 0, the member count of a layer without headers, or an error if the layer is not a tar.
pub(super) fn without_members<R: ReadAt>(bytes: R, compression: Compression) -> Result<u64, ScanError> {
    if has_data_after_zeros(bytes, compression)? { Err(ScanError::NotATar { found: "unknown" }) } else { Ok(0) }
}

/// True if the layer starts with a block of zeros and has data after it.
fn has_data_after_zeros<R: ReadAt>(bytes: R, compression: Compression) -> io::Result<bool> {
    let mut stored = SequentialReader::new(bytes);
    let mut reader = Decoder::new(compression, &mut stored as &mut dyn Read)?.take(MAX_ZEROS);
    let mut first = Vec::with_capacity(BLOCK);
    reader.by_ref().take(BLOCK as u64).read_to_end(&mut first)?;
    // The walk has read this block: an extension header without a member.
    if has_data(&first) {
        return Ok(false);
    }
    let mut piece = vec![0; 64 << 10];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(false),
            Ok(read) if has_data(&piece[..read]) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn has_data(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != 0)
}

/// Adds the detected format to a "not a tar" error; returns other errors unchanged.
pub(super) fn name_format<R: ReadAt>(error: ScanError, bytes: R, compression: Compression) -> ScanError {
    let is_no_tar =
        matches!(error, ScanError::NotATar { .. } | ScanError::Tar(TarError { kind: TarErrorKind::NotATar, .. }));
    if !is_no_tar {
        return error;
    }
    let mut first = Vec::new();
    let mut stored = SequentialReader::new(bytes);
    let read = Decoder::new(compression, &mut stored as &mut dyn Read)
        .and_then(|decoder| decoder.take(SAMPLE_LEN as u64).read_to_end(&mut first));
    match read {
        Ok(_) => ScanError::NotATar { found: magic::describe(&first) },
        Err(_) => error,
    }
}

/// Adds the compressed offset to a decompression error.
pub(super) fn name_compressed_offset(error: ScanError, compression: Compression, consumed: u64) -> ScanError {
    match error {
        ScanError::Tar(TarError { offset, entry, kind: TarErrorKind::Io(error) })
            if compression != Compression::None =>
        {
            let text = format!("{error} ({compression} data, near compressed offset {consumed})");
            let kind = TarErrorKind::Io(io::Error::new(error.kind(), text));
            ScanError::Tar(TarError { offset, entry, kind })
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::layer::scan::scan;
    use crate::remark::OnDamage;

    fn erofs() -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        bytes[0x400..0x404].copy_from_slice(b"\xe2\xe1\xf5\xe0");
        bytes
    }

    fn scanned(bytes: &[u8], on_damage: OnDamage) -> Result<(usize, bool), String> {
        let scan = scan(bytes, on_damage, &|| false).map_err(|error| error.to_string())?;
        Ok((scan.entry_count, scan.damaged))
    }

    /// Otherwise an image with unseen files would pass every rule.
    #[test]
    fn a_file_system_image_is_not_an_empty_layer() {
        let error = "this is not a tar: it is an EROFS file system".to_owned();
        for bytes in [erofs(), zstd::encode_all(&erofs()[..], 1).unwrap()] {
            assert_eq!(scanned(&bytes, OnDamage::Fail), Err(error.clone()));
            assert_eq!(scanned(&bytes, OnDamage::Remark), Ok((0, true)));
        }
        let mut late = vec![0; 1 << 20];
        late.push(1);
        assert_eq!(
            scanned(&late, OnDamage::Fail),
            Err("this is not a tar: it is data in an unknown format".to_owned())
        );
    }

    #[test]
    fn a_tar_without_members_is_empty() {
        for len in [0, 1024, 10_240] {
            assert_eq!(scanned(&vec![0; len], OnDamage::Fail), Ok((0, false)), "{len} zeros");
        }
    }
}
