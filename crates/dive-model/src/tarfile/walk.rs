//! Walks a tar from header to header.
//!
//! Follows Go's `archive/tar` (reader.go), which every engine unpacks with: which types have a body, which extension
//! overrides which field, where an archive ends.

use super::error::{TarError, TarErrorKind};
use super::header::{Header, MoreMap, OldSparse, parse_header};
use super::input::Input;
use super::pax::{self, MapLocation, Overrides, SparseFile};
use super::sparse::{self, OLD_GNU_MORE, SparseMap};
use super::{BLOCK, MAX_EXTENSION};
use serde::{Deserialize, Serialize};

/// Kind of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// An entry for a path.
    Path(PathKind),
    /// A type that no engine unpacks, with the type flag of the header.
    Other(u8),
}

impl MemberKind {
    /// True if a body of the given size follows the header. Other members may have any size.
    const fn has_body(self) -> bool {
        matches!(self, Self::Path(PathKind::File | PathKind::SparseFile) | Self::Other(_))
    }
}

/// Type of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathKind {
    /// A regular or contiguous file.
    File,
    /// A sparse file, whose body does not contain the holes.
    SparseFile,
    /// Another name of an inode.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
}

/// One member of a tar, valid until the walker's next step.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Name as written, after extensions: bytes without NUL, not normalised.
    pub path: &'a [u8],
    /// Link target as written. Docker writes some in headers that are not links.
    pub link: &'a [u8],
    /// Kind.
    pub kind: MemberKind,
    /// Type flag, if Docker and Podman reject it although its meaning is clear.
    pub refused_type: Option<char>,
    /// Size in the header, in bytes. Types other than files may have any number.
    pub size: u64,
    /// Length of the body, without padding, in bytes.
    pub data_len: u64,
    /// Offset of the header in the tar, after its extension headers, in bytes.
    pub header_offset: u64,
    /// Offset of the body in the tar, in bytes.
    pub body_offset: u64,
    /// Permission bits with setuid, setgid and sticky; without other bits of the field.
    pub mode: u16,
    /// Owner as in the header.
    pub uid: i64,
    /// Group as in the header.
    pub gid: i64,
    /// Major and minor device number; 0 for other types.
    pub device: (u32, u32),
    /// Extended attributes (name, value), sorted by name.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

/// Bytes of a name to show in an error.
const SHOWN_LEN: usize = 200;

/// Iterates over the members of a tar.
#[derive(Debug)]
pub struct Walker<I> {
    input: I,
    /// Offset of the input in the tar, in bytes.
    offset: u64,
    /// Remaining bytes of the current body, and of its padding.
    body_left: u64,
    padding_left: u64,
    /// Current member, for errors in its body.
    header_offset: u64,
    data_len: u64,
    path: Vec<u8>,
    link: Vec<u8>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Offset of the first extension header of the next member.
    extension: Option<u64>,
    /// Offset of the first extension header without a member.
    orphan: Option<u64>,
    /// Cost of all PAX records so far, in bytes that could be skipped in the same time.
    pub(crate) extension_cost: u64,
    ended: bool,
}

/// The extension headers of a member.
#[derive(Default)]
struct Extensions {
    pax: Overrides,
    long_path: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    /// Error in a value of `pax`. Go parses the values of only the last set of records.
    wrong_value: Option<TarError>,
}

impl Extensions {
    /// Sets the name in a GNU extension header of type `typeflag`.
    fn add_name(&mut self, typeflag: u8, mut bytes: Vec<u8>) {
        bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
        let name = (!bytes.is_empty()).then_some(bytes);
        if typeflag == b'L' {
            self.long_path = name;
        } else {
            self.long_link = name;
        }
    }
}

/// The kind of a header with this type flag and path.
fn kind_of(typeflag: u8, path: &[u8]) -> MemberKind {
    MemberKind::Path(match typeflag {
        // Before POSIX, directories had no type flag.
        0 if path.ends_with(b"/") => PathKind::Directory,
        0 | b'0' | b'7' => PathKind::File,
        b'1' => PathKind::HardLink,
        b'2' => PathKind::Symlink,
        b'3' => PathKind::CharDevice,
        b'4' => PathKind::BlockDevice,
        b'5' => PathKind::Directory,
        b'6' => PathKind::Fifo,
        b'S' => PathKind::SparseFile,
        other => return MemberKind::Other(other),
    })
}

impl<I: Input> Walker<I> {
    /// A walker at the first header of `input`.
    pub fn new(input: I) -> Self {
        Self {
            input,
            offset: 0,
            body_left: 0,
            padding_left: 0,
            header_offset: 0,
            data_len: 0,
            path: Vec::new(),
            link: Vec::new(),
            xattrs: Vec::new(),
            extension: None,
            orphan: None,
            extension_cost: 0,
            ended: false,
        }
    }

    /// Offset of the first extension header without a member, known at the end of the walk.
    #[must_use]
    pub const fn leftover_extension(&self) -> Option<u64> {
        if self.ended { self.orphan } else { None }
    }

    /// Offset of the input in the tar, in bytes.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The next member, or `None` at the end of the archive. Skips the rest of the current body.
    ///
    /// # Errors
    /// A header is damaged or cut off, a body is cut off, an extension is too long, or a read failed.
    #[allow(clippy::should_implement_trait)] // A member borrows from the walker, which `Iterator` cannot say.
    pub fn next(&mut self) -> Result<Option<Member<'_>>, TarError> {
        let mut extensions = Extensions::default();
        loop {
            self.finish_body()?;
            let Some(header) = self.read_header()? else {
                self.ended = true;
                self.drop_extension();
                return Ok(None);
            };
            match header.typeflag {
                // Go returns a global header as a member: it uses up earlier extensions, and its records have no
                // effect.
                b'g' => {
                    self.start_body(header.size);
                    let records = self.read_extension()?;
                    self.extension_cost += pax::check_global(&records).map_err(|kind| self.error(kind))?;
                    extensions = Extensions::default();
                    self.drop_extension();
                }
                b'x' | b'L' | b'K' => {
                    self.extension.get_or_insert(self.header_offset);
                    self.start_body(header.size);
                    let bytes = self.read_extension()?;
                    if header.typeflag == b'x' {
                        extensions.wrong_value = None;
                        extensions.pax = match Overrides::parse(&bytes) {
                            Ok(pax) => pax,
                            Err(kind) => {
                                let cost = pax::check_global(&bytes).map_err(|kind| self.error(kind))?;
                                extensions.wrong_value = Some(self.error(kind));
                                Overrides { cost, ..Overrides::default() }
                            }
                        };
                        self.extension_cost += extensions.pax.cost;
                    } else {
                        extensions.add_name(header.typeflag, bytes);
                    }
                }
                _ => {
                    self.extension = None;
                    return self.member(&header, extensions).map(Some);
                }
            }
        }
    }

    /// Passes the rest of the current body to `sink`, piece by piece.
    ///
    /// # Errors
    /// The body is cut off, or a read failed.
    pub fn body(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), TarError> {
        while self.body_left > 0 {
            self.piece_of_body(u64::MAX, sink)?;
        }
        Ok(())
    }

    /// Passes the next piece of the current body to `sink`, at most `limit` bytes.
    fn piece_of_body(&mut self, limit: u64, sink: &mut dyn FnMut(&[u8])) -> Result<(), TarError> {
        let want = self.body_left.min(BLOCK) as usize;
        let piece = match self.input.peek(want) {
            Ok(piece) => piece,
            Err(error) => return Err(self.error(TarErrorKind::Io(error))),
        };
        if piece.is_empty() {
            return Err(self.cut_body(self.data_len - self.body_left));
        }
        let count = (piece.len() as u64).min(self.body_left).min(limit);
        sink(&piece[..count as usize]);
        self.skip(count)?;
        self.body_left -= count;
        Ok(())
    }

    /// Records that the current extension headers have no member.
    fn drop_extension(&mut self) {
        self.orphan = self.orphan.or(self.extension.take());
    }

    /// Reads to the end of the input, beyond the end of the archive: a decoder checks its checksum only there.
    ///
    /// # Errors
    /// A read failed.
    pub fn drain(&mut self) -> Result<(), TarError> {
        while self.skip(u64::from(u32::MAX))? > 0 {}
        Ok(())
    }

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Member<'_>, TarError> {
        let Extensions { pax, long_path, long_link, wrong_value } = extensions;
        if let Some(error) = wrong_value {
            return Err(error);
        }
        // A GNU long name overrides a PAX path, and both override the header.
        if let Some(path) = long_path.or(pax.path) {
            self.path = path;
        }
        if let Some(link) = long_link.or(pax.link) {
            self.link = link;
        }
        self.xattrs = pax.xattrs;
        let mut kind = kind_of(header.typeflag, &self.path);
        let has_body = kind.has_body();
        let stored = match pax.size {
            None => header.size,
            Some(size) if size < 0 && has_body => {
                return Err(self.error(TarErrorKind::Header("a PAX record with a negative size")));
            }
            Some(size) => size.max(0).cast_unsigned(),
        };
        let mut size = stored;
        let data_len = if has_body { stored } else { 0 };
        // The rest of an old GNU map precedes the body; the map of a PAX sparse file may be inside.
        let body_offset = match (&header.sparse, pax.sparse) {
            (Some(OldSparse { map, more }), _) => {
                size = map.size();
                self.old_sparse(*map, *more, data_len)?;
                self.offset
            }
            (None, Some(_)) if !has_body => {
                return Err(self.error(TarErrorKind::Header("a sparse file that is not a regular file")));
            }
            (None, Some(file)) => {
                kind = MemberKind::Path(PathKind::SparseFile);
                let body_offset = self.offset;
                size = self.pax_sparse(*file, data_len)?;
                body_offset
            }
            (None, None) => {
                self.start_body(data_len);
                self.offset
            }
        };
        Ok(Member {
            path: &self.path,
            link: &self.link,
            kind,
            refused_type: matches!(header.typeflag, b'7' | b'S').then_some(header.typeflag.into()),
            size,
            data_len,
            header_offset: self.header_offset,
            body_offset,
            mode: header.mode,
            uid: pax.uid.unwrap_or(header.uid),
            gid: pax.gid.unwrap_or(header.gid),
            device: header.device,
            xattrs: &self.xattrs,
        })
    }

    /// Reads the rest of an old GNU map, and starts the body after it.
    fn old_sparse(&mut self, mut map: SparseMap, mut more: MoreMap, data_len: u64) -> Result<(), TarError> {
        while more == MoreMap::Follows {
            let block = match self.input.peek(BLOCK as usize) {
                Ok(bytes) => bytes,
                Err(error) => return Err(self.error(TarErrorKind::Io(error))),
            };
            let Some(block) = block.first_chunk() else {
                let found = block.len() as u64;
                return Err(self.error(TarErrorKind::CutHeader { found }));
            };
            more = map.add_old_gnu(block, OLD_GNU_MORE).map_err(|kind| self.error(kind))?;
            self.skip(BLOCK)?;
        }
        self.start_body(data_len);
        Ok(())
    }

    /// Starts the body of a PAX sparse file, and reads a map in it. Returns the size with holes.
    fn pax_sparse(&mut self, file: SparseFile, data_len: u64) -> Result<u64, TarError> {
        if let Some(name) = file.name {
            self.path = name;
        }
        self.start_body(data_len);
        let size = file.size.unwrap_or_else(|| data_len.cast_signed());
        let mut map = SparseMap::new(size).map_err(|kind| self.error(kind))?;
        match file.map {
            MapLocation::Body => self.map_in_body(&mut map)?,
            records @ MapLocation::Records { .. } => records.add_to(&mut map).map_err(|kind| self.error(kind))?,
        }
        map.check_stored(self.body_left).map_err(|kind| self.error(kind))?;
        Ok(map.size())
    }

    /// Reads the map at the start of a body, in whole blocks: lines of decimal numbers, first the count of regions.
    fn map_in_body(&mut self, map: &mut SparseMap) -> Result<(), TarError> {
        let mut text = Vec::new();
        let mut lines = 0;
        let mut wanted = 1;
        let mut is_counted = false;
        while lines < wanted {
            if text.len() as u64 >= MAX_EXTENSION {
                return Err(self.error(TarErrorKind::Header("the map of the sparse file is too long")));
            }
            if self.body_left < BLOCK {
                return Err(self.error(sparse::invalid_map()));
            }
            self.piece_of_body(BLOCK, &mut |block| {
                lines += block.split(|byte| *byte == b'\n').count() as u64 - 1;
                text.extend_from_slice(block);
            })?;
            if lines > 0 && !is_counted {
                is_counted = true;
                let count = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let count = sparse::region_count(count).map_err(|kind| self.error(kind))?;
                // A count that overflows is over the limit anyway.
                wanted = count.saturating_mul(2).saturating_add(1);
            }
        }
        let regions = text.split(|byte| *byte == b'\n').take(wanted as usize).skip(1);
        map.add_decimal(regions).map_err(|kind| self.error(kind))
    }

    /// Reads a header, and its names into `self`. `None` after no more bytes, two blocks of zeros, or one at the very
    /// end.
    fn read_header(&mut self) -> Result<Option<Header>, TarError> {
        self.header_offset = self.offset;
        self.path.clear();
        let block = match self.input.peek(2 * BLOCK as usize) {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.error(TarErrorKind::Io(error))),
        };
        if block.is_empty() {
            return Ok(None);
        }
        let Some(block) = block.first_chunk::<{ BLOCK as usize }>() else {
            let found = block.len() as u64;
            let kind = if self.offset == 0 { TarErrorKind::NotATar } else { TarErrorKind::CutHeader { found } };
            return Err(self.error(kind));
        };
        if block.iter().all(|byte| *byte == 0) {
            return self.end_of_archive();
        }
        match parse_header(block, &mut self.path, &mut self.link) {
            Ok(header) => {
                self.skip(BLOCK)?;
                Ok(Some(header))
            }
            Err(TarErrorKind::Checksum) if self.offset == 0 => Err(self.error(TarErrorKind::NotATar)),
            Err(kind) => Err(self.error(kind)),
        }
    }

    fn end_of_archive(&mut self) -> Result<Option<Header>, TarError> {
        self.skip(BLOCK)?;
        let next = match self.input.peek(BLOCK as usize) {
            Ok(bytes) => bytes,
            Err(error) => return Err(self.error(TarErrorKind::Io(error))),
        };
        let found = next.len() as u64;
        if found > 0 && found < BLOCK {
            return Err(self.error(TarErrorKind::CutHeader { found }));
        }
        if next.iter().take(BLOCK as usize).all(|byte| *byte == 0) {
            return Ok(None);
        }
        Err(self.error(TarErrorKind::Header("a single block of zeros where a header should be")))
    }

    fn read_extension(&mut self) -> Result<Vec<u8>, TarError> {
        let size = self.body_left;
        if size > MAX_EXTENSION {
            return Err(self.error(TarErrorKind::ExtensionTooLong { size }));
        }
        let mut bytes = Vec::new();
        self.body(&mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    const fn start_body(&mut self, len: u64) {
        self.data_len = len;
        self.body_left = len;
        self.padding_left = len.wrapping_neg() % BLOCK;
    }

    fn finish_body(&mut self) -> Result<(), TarError> {
        if self.body_left > 0 {
            let found = self.skip(self.body_left)?;
            if found < self.body_left {
                return Err(self.cut_body(self.data_len - self.body_left + found));
            }
            self.body_left = 0;
        }
        // Some writers omit the padding of the last body.
        self.skip(self.padding_left)?;
        self.padding_left = 0;
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<u64, TarError> {
        match self.input.skip(count) {
            Ok(count) => {
                self.offset += count;
                Ok(count)
            }
            Err(error) => Err(self.error(TarErrorKind::Io(error))),
        }
    }

    fn cut_body(&self, found: u64) -> TarError {
        self.error(TarErrorKind::CutBody { expected: self.data_len, found })
    }

    fn error(&self, kind: TarErrorKind) -> TarError {
        let entry = (!self.path.is_empty()).then(|| {
            let shown = &self.path[..self.path.len().min(SHOWN_LEN)];
            let more = if self.path.len() > SHOWN_LEN { "…" } else { "" };
            String::from_utf8_lossy(shown).into_owned() + more
        });
        TarError { offset: self.header_offset, entry, kind }
    }
}

#[cfg(test)]
mod tests;
