//! Identifies files that are neither image archives nor layers, by their first bytes: "it is a ZIP file" helps more
//! than "invalid tar header".

/// Number of bytes that [`identify`] needs: up to the end of the last signature, that of ISO 9660.
pub(crate) const SAMPLE_LEN: usize = 0x8006;

/// A format other than tar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KnownFormat {
    /// Name in a sentence, such as `a ZIP file`.
    pub name: &'static str,
    /// True if it may be a container's file system.
    pub is_file_system: bool,
}

const fn format(name: &'static str) -> KnownFormat {
    KnownFormat { name, is_file_system: false }
}

const fn file_system(name: &'static str) -> KnownFormat {
    KnownFormat { name, is_file_system: true }
}

/// Offset, signature and format. File systems reserve their first kilobyte for a boot loader, so it may be empty.
const SIGNATURES: &[(usize, &[u8], KnownFormat)] = &[
    (0, b"PK\x03\x04", format("a ZIP file")),
    (0, b"PK\x05\x06", format("a ZIP file")),
    (0, b"PK\x07\x08", format("a ZIP file")),
    (0, b"\x7fELF", format("an ELF program")),
    (0, b"MZ", format("a Windows program")),
    (0, b"\0asm", format("a WebAssembly module")),
    (0, b"GGUF", format("a GGUF model")),
    (0, b"%PDF-", format("a PDF document")),
    (0, b"!<arch>\n", format("an ar archive or Debian package")),
    (0, b"\xed\xab\xee\xdb", format("an RPM package")),
    (0, b"070701", format("a cpio archive")),
    (0, b"7z\xbc\xaf", format("a 7-Zip file")),
    (0, b"Rar!", format("a RAR file")),
    (0, b"\x04\x22\x4d\x18", format("lz4 data, which dive does not unpack; unpack it first (`lz4 -d`)")),
    (0, b"\x02\x21\x4c\x18", format("lz4 data, which dive does not unpack; unpack it first (`lz4 -d`)")),
    (0, b"\x5d\0\0", format("lzma data, which dive does not unpack; unpack it first (`xz -d`)")),
    (0, b"LZIP", format("lzip data, which dive does not unpack; unpack it first (`lzip -d`)")),
    (0, b"\x89LZO\0", format("lzop data, which dive does not unpack; unpack it first (`lzop -d`)")),
    (0, b"\x1f\x9d", format("compress data, which dive does not unpack; unpack it first (`uncompress`)")),
    (0, b"\x1f\x8b", format("gzip data inside another compressed file; decompress the outer one first")),
    (0, b"\x28\xb5\x2f\xfd", format("zstd data inside another compressed file; decompress the outer one first")),
    (0, b"age-encryption.org/", format("a file encrypted with age")),
    (0, b"Salted__", format("a file encrypted with openssl")),
    (0, b"-----BEGIN PGP", format("a file encrypted or signed with PGP")),
    (32, b"SIF_MAGIC", file_system("a Singularity image (SIF)")),
    (0, b"QFI\xfb", file_system("a QCOW disk image")),
    (0, b"vhdxfile", file_system("a VHDX disk image")),
    (0, b"KDMV", file_system("a VMDK disk image")),
    (0, b"conectix", file_system("a VHD disk image")),
    (0, b"LSMT\0\x01\x02", file_system("an overlaybd block device")),
    (0, b"ZFile\0\x01", file_system("an overlaybd block device")),
    (3, b"NTFS    ", file_system("an NTFS file system")),
    (3, b"EXFAT   ", file_system("an exFAT file system")),
    (54, b"FAT1", file_system("a FAT file system")),
    (82, b"FAT32", file_system("a FAT file system")),
    (0, b"LUKS\xba\xbe", file_system("an encrypted disk (LUKS)")),
    (0, b"XFSB", file_system("an XFS file system")),
    (0, b"\x45\x3d\xcd\x28", file_system("a cramfs file system")),
    (0, b"-rom1fs-", file_system("a romfs file system")),
    (0, b"hsqs", file_system("a squashfs file system")),
    (0, b"sqsh", file_system("a squashfs file system")),
    (0x400, b"\xe2\xe1\xf5\xe0", file_system("an EROFS file system")),
    (0x400, b"\x10\x20\xf5\xf2", file_system("an F2FS file system")),
    (0x438, b"\x53\xef", file_system("an ext4 file system")),
    (0x200, b"EFI PART", file_system("a disk with partitions")),
    (0x8001, b"CD001", file_system("an ISO 9660 file system")),
    (510, b"\x55\xaa", file_system("a disk with a boot sector")),
];

/// The format of data that starts with `first`; `None` if unknown. Pass [`SAMPLE_LEN`] bytes if available.
#[must_use]
pub(crate) fn identify(first: &[u8]) -> Option<KnownFormat> {
    let is_at = |(at, signature, _): &&(usize, &[u8], KnownFormat)| {
        first.get(*at..).is_some_and(|rest| rest.starts_with(signature))
    };
    if let Some((_, _, format)) = SIGNATURES.iter().find(is_at) {
        return Some(*format);
    }
    text(first).map(format)
}

/// Name, for a sentence, of data that starts with `first`.
#[must_use]
pub(crate) fn describe(first: &[u8]) -> &'static str {
    if first.is_empty() {
        return "empty";
    }
    identify(first).map_or("data in an unknown format", |format| format.name)
}

/// True for gzip or zstd data piped through PowerShell, which reads each byte as a character of a code page. ASCII is
/// the same in all of them. Another byte becomes a non-ASCII character or a question mark, in code pages of two bytes
/// perhaps together with the next one.
fn is_compressed_utf16(first: &[u8]) -> bool {
    let is_changed = |unit: u16| unit >= 0x80 || unit == u16::from(b'?');
    let of_order = |unit: fn([u8; 2]) -> u16| {
        let mut units = first.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let mut next = || units.next().unwrap_or(u16::MAX);
        match (next(), next(), next()) {
            // Method and flags of a gzip header, or the flags alone.
            (0x1f, magic, 8) => is_changed(magic) && next() < 0x20,
            (0x1f, magic, flags) => is_changed(magic) && flags < 0x20,
            (0x28, magic, 0x2f) => is_changed(magic) && is_changed(next()),
            _ => false,
        }
    };
    of_order(u16::from_le_bytes) || of_order(u16::from_be_bytes)
}

/// True for gzip or zstd data, or a tar with a byte order mark, that a shell converted to UTF-8.
fn is_converted_to_utf8(first: &[u8]) -> bool {
    // U+FFFD stands for an invalid byte; from Latin-1, the byte is the character.
    const STARTS: [&[u8]; 4] = [b"\x1f\xef\xbf\xbd\x08", b"\x1f\xc2\x8b\x08", b"\x28\xef\xbf\xbd/", b"\x28\xc2\xb5/"];
    let is_tar = || first.strip_prefix(b"\xef\xbb\xbf").and_then(|tar| tar.get(257..262)) == Some(b"ustar");
    STARTS.iter().any(|start| first.starts_with(start)) || is_tar()
}

fn text(first: &[u8]) -> Option<&'static str> {
    if is_converted_to_utf8(first) {
        return Some("data converted to UTF-8, as by PowerShell's `>`; save the image with `docker save -o FILE NAME`");
    }
    if is_utf16(first) || is_compressed_utf16(first) {
        return Some("UTF-16 text, as PowerShell's `>` writes it; save the image with `docker save -o FILE NAME`");
    }
    let sample = &first[..first.len().min(512)];
    let text = match std::str::from_utf8(sample) {
        Ok(text) => text,
        // The end of the sample may cut a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&sample[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    if text.is_empty() || text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) {
        return None;
    }
    Some(match text.trim_start().as_bytes() {
        [b'{' | b'[', ..] => "a JSON document",
        [b'<', ..] => "an HTML or XML document, perhaps a saved error page",
        _ => "text",
    })
}

/// True for UTF-16 text, or a tar piped through PowerShell, which turns each byte into a UTF-16 unit.
fn is_utf16(first: &[u8]) -> bool {
    if let [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] = first {
        return !rest.starts_with(&[0, 0]);
    }
    let of_order = |unit: fn([u8; 2]) -> u16| {
        let units = || first.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let is_tar = units().skip(257).take(5).eq("ustar".encode_utf16());
        is_tar || is_text_of(units().take(256))
    };
    of_order(u16::from_le_bytes) || of_order(u16::from_be_bytes)
}

/// True if the units are text: at least half of them ASCII, or many letters and few other characters.
fn is_text_of(units: impl Iterator<Item = u16>) -> bool {
    let (mut count, mut ascii, mut others) = (0, 0, 0);
    let mut letters = char::decode_utf16(units).peekable();
    while let Some(letter) = letters.next() {
        match letter {
            Ok(letter) if !letter.is_control() || letter.is_ascii_whitespace() => {
                count += 1;
                ascii += usize::from(letter.is_ascii());
                others += usize::from(!letter.is_ascii() && !letter.is_alphanumeric());
            }
            // The end of the sample may cut a surrogate pair.
            Err(_) if letters.peek().is_none() => {}
            _ => return false,
        }
    }
    // Binary data hardly ever decodes to letters only.
    (count >= 4 && ascii * 2 >= count) || (count >= 16 && ascii >= 1 && others * 8 <= count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_wrong_files_are_named() {
        assert_eq!(describe(b"PK\x03\x04"), "a ZIP file");
        assert_eq!(describe(b" {\"schemaVersion\": 2}"), "a JSON document");
        assert_eq!(describe(b"FROM alpine\n"), "text");
        assert_eq!(describe("FROM alpine # caf\u{e9}".as_bytes().split_last().unwrap().1), "text");
        assert_eq!(describe(&[0, 200, 7]), "data in an unknown format");
        for utf16 in [&b"\xff\xfe{\0"[..], b"{\0\"\0a\0\"\0:\0[\0]\0}\0", b"\0F\0R\0O\0M\0 \0a\0l\0p\0i\0n\0e\0\n"] {
            assert!(describe(utf16).contains("PowerShell"), "{utf16:?}");
        }
        let utf16 = |letters: &str| letters.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for (page, gzip) in [
            ("Latin-1", "\u{1f}\u{8b}\u{8}\0\0\0\0\0\0\u{3}\u{ed}"),
            ("437", "\u{1f}\u{ef}\u{8}\u{8}\u{c7}\u{3b1}\u{df}j\u{2}\u{3}"),
            ("1252", "\u{1f}\u{2039}\u{8}\0\0\0\0\0\u{4}\u{ff}"),
            ("866", "\u{1f}\u{41b}\u{8}\0\0\0\0\0\0\u{3}"),
            ("UTF-8", "\u{1f}\u{fffd}\u{8}\0\0\0\0\0\0\u{3}"),
            ("932", "\u{1f}\u{30fb}\u{8}\0\u{80c}\u{4e00}\0\u{3}"),
            ("936", "\u{1f}?\0\0\0\0\0\0\u{3}"),
        ] {
            assert!(describe(&utf16(gzip)).contains("PowerShell"), "{page}");
            let big_endian: Vec<u8> = gzip.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(describe(&big_endian).contains("PowerShell"), "{page}");
        }
        assert!(describe(&utf16("(\u{b5}/\u{fd}\u{4}\0")).contains("PowerShell"));
        let mut tar = b"\xef\xbb\xbfmanifest.json".to_vec();
        tar.resize(260, 0);
        tar.extend_from_slice(b"ustar\x0000");
        for utf8 in [&b"\x1f\xef\xbf\xbd\x08\0"[..], b"\x1f\xc2\x8b\x08\0", b"\x28\xef\xbf\xbd/\xef\xbf\xbd", &tar] {
            assert!(describe(utf8).contains("converted to UTF-8"), "{utf8:?}");
        }
        assert!(describe(b"\x5d\0\0\x80\0").contains("lzma"));
        for other in [&[0x1f, 0, 8, 0, 8, 0, 0, 0, 0, 0][..], b"\x1f\0\x8b\0\x08\0\xff\0"] {
            assert!(!describe(other).contains("PowerShell"), "{other:?}");
        }
        for other in [&[0; 600][..], b"a\0b\0", b"\x01\0\x02\0\x03\0\x04\0\x05\0", &[7; 600]] {
            assert_eq!(describe(other), "data in an unknown format", "{other:?}");
        }
        assert!(describe(b"\x04\x22\x4d\x18").contains("lz4"));
    }

    #[test]
    fn file_systems_are_found_after_an_empty_first_kilobyte() {
        for (at, signature, name) in [
            (0x400, &b"\xe2\xe1\xf5\xe0"[..], "an EROFS file system"),
            (0x438, b"\x53\xef", "an ext4 file system"),
            (0x8001, b"CD001", "an ISO 9660 file system"),
        ] {
            let mut bytes = vec![0; SAMPLE_LEN];
            bytes[at..at + signature.len()].copy_from_slice(signature);
            assert_eq!(identify(&bytes), Some(file_system(name)));
        }
        assert_eq!(identify(&vec![0; SAMPLE_LEN]), None);
        for (at, signature, name) in [
            (0, &b"QFI\xfb"[..], "a QCOW disk image"),
            (0, b"XFSB", "an XFS file system"),
            (0x400, b"\x10\x20\xf5\xf2", "an F2FS file system"),
            (0x200, b"EFI PART", "a disk with partitions"),
            (0, b"conectix", "a VHD disk image"),
            (0, b"ZFile\0\x01", "an overlaybd block device"),
            (3, b"NTFS    ", "an NTFS file system"),
            (54, b"FAT16", "a FAT file system"),
            (510, b"\x55\xaa", "a disk with a boot sector"),
        ] {
            let mut bytes = vec![0; 4096];
            bytes[at..at + signature.len()].copy_from_slice(signature);
            assert_eq!(identify(&bytes), Some(file_system(name)));
        }
        let mut sif = b"#!/usr/bin/env run-singularity\n\0".to_vec();
        sif.extend_from_slice(b"SIF_MAGIC\0");
        assert!(identify(&sif).unwrap().is_file_system);
    }
}
