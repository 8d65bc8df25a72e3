//! What the bytes of a file say of it, for advice: a memory dump, an archive of object files, a program with symbols.
//!
//! Only the first bytes of a file are read, and for ELF the table of its sections, wherever that is. A stripped program has no
//! symbol table, and what `strip` removes are the sections that are not loaded. Offsets and sizes come from the file: they are
//! checked, and a file whose sections cannot all be in it is left alone.

use std::io;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Smaller files are not inspected, in bytes.
pub const MIN_INSPECTED: u64 = 64 << 10;

/// Programs with fewer bytes of symbols are not worth a change, in bytes.
const MIN_SYMBOLS: u64 = 256 << 10;

/// Maximum number of sections. Programs have about 40; only object files have thousands.
const MAX_SECTIONS: u64 = 1024;

/// Bytes of the longest header.
const HEADER_LEN: usize = 64;

/// Whether to inspect the contents of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentPolicy {
    /// Look at names only.
    #[default]
    Skip,
    /// Look for [`ContentFact`]s and for copies.
    Inspect,
}

/// What the bytes of a file say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentFact {
    /// A memory dump of a process (ELF, `ET_CORE`).
    CoreDump,
    /// An archive as `ar` writes it, such as a static library.
    ArArchive,
    /// A program or a library with symbols. `strip` removes this many bytes.
    Symbols(u64),
}

/// The first bytes of a file, decided or not.
enum Head {
    Decided(Option<ContentFact>),
    Sections(SectionTable),
}

/// The table of sections of an ELF file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SectionTable {
    bytes: Range<u64>,
    layout: ElfLayout,
    /// Number of the section with the names of the others.
    names: u64,
    file_len: u64,
}

/// Class and byte order of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ElfLayout {
    is_64_bit: bool,
    is_big_endian: bool,
}

impl ElfLayout {
    /// The number at `at`.
    fn number(self, bytes: &[u8], at: usize, len: usize) -> Option<u64> {
        let bytes = bytes.get(at..at.checked_add(len)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// The number of a field whose place and length depend on the class.
    fn field(self, bytes: &[u8], in_32: (usize, usize), in_64: (usize, usize)) -> Option<u64> {
        let (at, len) = if self.is_64_bit { in_64 } else { in_32 };
        self.number(bytes, at, len)
    }
}

impl Head {
    fn of(head: &[u8], file_len: u64) -> Self {
        if head.starts_with(b"!<arch>\n") {
            return Self::Decided(Some(ContentFact::ArArchive));
        }
        Self::of_elf(head, file_len).unwrap_or(Self::Decided(None))
    }

    fn of_elf(head: &[u8], file_len: u64) -> Option<Self> {
        let (class, order) = match head {
            [0x7f, b'E', b'L', b'F', class @ (1 | 2), order @ (1 | 2), ..] => (*class, *order),
            _ => return None,
        };
        let layout = ElfLayout { is_64_bit: class == 2, is_big_endian: order == 2 };
        match layout.number(head, 16, 2)? {
            // ET_EXEC and ET_DYN. Object files (ET_REL) need their symbols.
            2 | 3 => {}
            4 => return Some(Self::Decided(Some(ContentFact::CoreDump))),
            _ => return None,
        }
        let start = layout.field(head, (32, 4), (40, 8))?;
        let entry_len = layout.field(head, (46, 2), (58, 2))?;
        let count = layout.field(head, (48, 2), (60, 2))?;
        let names = layout.field(head, (50, 2), (62, 2))?;
        let end = start.checked_add(count.checked_mul(entry_len)?)?;
        let is_sound = entry_len == layout.entry_len() as u64
            && (1..=MAX_SECTIONS).contains(&count)
            && start >= HEADER_LEN as u64
            && end <= file_len;
        is_sound.then_some(Self::Sections(SectionTable { bytes: start..end, layout, names, file_len }))
    }
}

impl ElfLayout {
    /// Bytes of an entry in the table of sections.
    const fn entry_len(self) -> usize {
        if self.is_64_bit { 64 } else { 40 }
    }
}

impl SectionTable {
    /// The fact, from the bytes of the table.
    fn fact(&self, table: &[u8]) -> Option<ContentFact> {
        const NULL: u64 = 0;
        const SYMTAB: u64 = 2;
        const NOBITS: u64 = 8;
        const ALLOC: u64 = 2;
        let layout = self.layout;
        let (mut has_symbols, mut bytes) = (false, 0_u64);
        for (number, section) in (0..).zip(table.chunks_exact(layout.entry_len())) {
            let kind = layout.number(section, 4, 4)?;
            let flags = layout.field(section, (8, 4), (8, 8))?;
            if kind == NULL || kind == NOBITS || flags & ALLOC != 0 || number == self.names {
                continue;
            }
            let start = layout.field(section, (16, 4), (24, 8))?;
            let len = layout.field(section, (20, 4), (32, 8))?;
            start.checked_add(len).filter(|end| *end <= self.file_len)?;
            has_symbols |= kind == SYMTAB;
            bytes = bytes.checked_add(len)?;
        }
        // Overlapping sections can claim more than the file has.
        (has_symbols && (MIN_SYMBOLS..self.file_len).contains(&bytes)).then_some(ContentFact::Symbols(bytes))
    }
}

/// Inspects a file whose bytes pass by once.
#[derive(Debug)]
pub(in crate::layer) struct ContentProbe {
    file_len: u64,
    position: u64,
    head: Vec<u8>,
    sections: Option<SectionTable>,
    table: Vec<u8>,
    fact: Option<ContentFact>,
}

impl ContentProbe {
    /// A probe for a file of `len` bytes; `None` if it is too small.
    pub(in crate::layer) fn new(len: u64) -> Option<Self> {
        let probe =
            Self { file_len: len, position: 0, head: Vec::new(), sections: None, table: Vec::new(), fact: None };
        (len >= MIN_INSPECTED).then_some(probe)
    }

    /// Takes the next bytes of the file.
    pub(in crate::layer) fn update(&mut self, piece: &[u8]) {
        let start = self.position;
        self.position = start.saturating_add(piece.len() as u64);
        let missing = HEADER_LEN.saturating_sub(self.head.len());
        if missing > 0 {
            self.head.extend(piece.iter().take(missing));
            if self.head.len() < HEADER_LEN {
                return;
            }
            match Head::of(&self.head, self.file_len) {
                Head::Decided(fact) => self.fact = fact,
                // The table starts behind the header, so none of it has passed.
                Head::Sections(table) => self.sections = Some(table),
            }
        }
        let Some(SectionTable { bytes, .. }) = &self.sections else { return };
        if bytes.start < self.position && start < bytes.end {
            let at = |offset: u64| usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len());
            self.table.extend_from_slice(piece.get(at(bytes.start)..at(bytes.end)).unwrap_or_default());
        }
    }

    /// The fact, after all bytes.
    pub(in crate::layer) fn finish(self) -> Option<ContentFact> {
        self.sections.map_or(self.fact, |sections| sections.fact(&self.table))
    }
}

/// Inspects a file of `len` bytes that lies in a plain layer. `fill` fills a buffer with the bytes at an offset, and returns
/// false if the file ends before.
///
/// # Errors
/// Those of `fill`.
pub(super) fn read_fact(
    len: u64,
    fill: &mut dyn FnMut(&mut [u8], u64) -> io::Result<bool>,
) -> io::Result<Option<ContentFact>> {
    if len < MIN_INSPECTED {
        return Ok(None);
    }
    let mut head = [0; HEADER_LEN];
    if !fill(&mut head, 0)? {
        return Ok(None);
    }
    let sections = match Head::of(&head, len) {
        Head::Decided(fact) => return Ok(fact),
        Head::Sections(sections) => sections,
    };
    // At most MAX_SECTIONS entries.
    let mut table = vec![0; sections.bytes.end.saturating_sub(sections.bytes.start) as usize];
    Ok(if fill(&mut table, sections.bytes.start)? { sections.fact(&table) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file of 64 or 32 bits with a code section and sections of these kinds and lengths behind it.
    fn elf(layout: ElfLayout, kind: u64, sections: &[(u64, u64)]) -> Vec<u8> {
        let put = |bytes: &mut Vec<u8>, at: usize, len: usize, number: u64| {
            let number = number.to_le_bytes();
            let mut field = number[..len].to_vec();
            if layout.is_big_endian {
                field.reverse();
            }
            bytes[at..at + len].copy_from_slice(&field);
        };
        let class = |in_32: usize, in_64: usize| if layout.is_64_bit { in_64 } else { in_32 };
        let mut bytes = vec![0; 100_000];
        bytes[..4].copy_from_slice(b"\x7fELF");
        (bytes[4], bytes[5]) = (class(1, 2) as u8, if layout.is_big_endian { 2 } else { 1 });
        put(&mut bytes, 16, 2, kind);
        let mut table = vec![0; layout.entry_len()];
        for (at, (kind, len)) in [(1, 90_000)].iter().chain(sections).enumerate() {
            let start = if at == 0 { 1000 } else { bytes.len() as u64 };
            let mut entry = vec![0; layout.entry_len()];
            put(&mut entry, 4, 4, *kind);
            put(&mut entry, 8, class(4, 8), if at == 0 { 2 } else { 0 });
            put(&mut entry, class(16, 24), class(4, 8), start);
            put(&mut entry, class(20, 32), class(4, 8), *len);
            table.extend(entry);
            if at > 0 && *kind != 8 {
                bytes.resize(bytes.len() + *len as usize, 7);
            }
        }
        let start = bytes.len() as u64;
        put(&mut bytes, class(32, 40), class(4, 8), start);
        put(&mut bytes, class(46, 58), 2, layout.entry_len() as u64);
        put(&mut bytes, class(48, 60), 2, (table.len() / layout.entry_len()) as u64);
        put(&mut bytes, class(50, 62), 2, sections.len() as u64 + 1);
        bytes.extend(table);
        bytes
    }

    /// The fact by both readers, the one that sees pieces with several sizes of them.
    fn fact(file: &[u8]) -> Option<ContentFact> {
        let of_pieces = |size: usize| {
            let mut probe = ContentProbe::new(file.len() as u64)?;
            file.chunks(size).for_each(|piece| probe.update(piece));
            probe.finish()
        };
        let mut fill = |buf: &mut [u8], at: u64| {
            let found = file.get(at as usize..at as usize + buf.len());
            found.inspect(|found| buf.copy_from_slice(found));
            Ok(found.is_some())
        };
        let in_place = read_fact(file.len() as u64, &mut fill).unwrap();
        for size in [1, 63, 64, 65, 4096, 100_001, file.len()] {
            assert_eq!(of_pieces(size), in_place, "pieces of {size}");
        }
        in_place
    }

    fn layouts() -> impl Iterator<Item = ElfLayout> {
        [(false, false), (false, true), (true, false), (true, true)]
            .into_iter()
            .map(|(is_64_bit, is_big_endian)| ElfLayout { is_64_bit, is_big_endian })
    }

    #[test]
    fn symbols_are_the_sections_that_are_not_loaded() {
        for layout in layouts() {
            for kind in [2, 3] {
                // Symbols, debug information, an empty section in no bytes, and names.
                let file = elf(layout, kind, &[(2, 200_000), (1, 100_000), (8, 9_000_000), (3, 50)]);
                assert_eq!(fact(&file), Some(ContentFact::Symbols(300_000)), "{layout:?}");
            }
            assert_eq!(fact(&elf(layout, 1, &[(2, 300_000), (3, 50)])), None, "an object file");
            assert_eq!(fact(&elf(layout, 3, &[(1, 300_000), (3, 50)])), None, "data, but no symbols");
            assert_eq!(fact(&elf(layout, 3, &[(2, 200_000), (3, 50)])), None, "few symbols");
            assert_eq!(fact(&elf(layout, 4, &[])), Some(ContentFact::CoreDump));
        }
    }

    #[test]
    fn archives_are_recognized_and_small_files_are_not_read() {
        let text = vec![b'x'; 100_000];
        assert_eq!(fact(&[b"!<arch>\n", &text[..]].concat()), Some(ContentFact::ArArchive));
        assert_eq!(fact(&text), None);
        assert_eq!(fact(b"!<arch>\n"), None);
        assert_eq!(fact(b""), None);
    }

    /// A hostile file must not cost memory, nor claim bytes that it has not.
    #[test]
    fn a_table_that_cannot_be_right_is_ignored() {
        let layout = ElfLayout { is_64_bit: true, is_big_endian: false };
        let whole = elf(layout, 3, &[(2, 300_000), (3, 50)]);
        let with = |at: usize, bytes: &[u8]| {
            let mut file = whole.clone();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            fact(&file)
        };
        assert!(fact(&whole).is_some());
        for start in [0, 1, 63, whole.len() as u64 - 10, u64::MAX - 100, u64::MAX] {
            assert_eq!(with(40, &start.to_le_bytes()), None, "table at {start}");
        }
        for count in [0, 1025, u16::MAX] {
            assert_eq!(with(60, &count.to_le_bytes()), None, "{count} sections");
        }
        assert_eq!(with(58, &63_u16.to_le_bytes()), None);
        let table = whole.len() - 4 * 64;
        for len in [u64::MAX, whole.len() as u64, 1 << 40] {
            assert_eq!(with(table + 2 * 64 + 32, &len.to_le_bytes()), None, "a section of {len} bytes");
        }
        for at in 0..whole.len().min(70) {
            for byte in [0, 1, 0x80, 0xff] {
                with(at, &[byte]);
            }
        }
        assert_eq!(fact(&whole[..whole.len() - 1]), None, "a cut file");
    }
}
