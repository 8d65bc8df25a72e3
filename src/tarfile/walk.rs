//! The walk from header to header. What a header means follows Go's `archive/tar` (reader.go), which every engine's
//! unpacking goes through: which types have a body, what overrides what, where an archive ends.

use super::error::{TarError, TarErrorKind};
use super::header::{Header, SparseMap, parse_header};
use super::input::Input;
use super::pax::Overrides;
use super::{BLOCK, MAX_EXTENSION};
use serde::{Deserialize, Serialize};

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// It puts something at its path.
    Path(PathKind),
    /// A type no engine unpacks; the byte is the header's type flag.
    Other(u8),
}

/// What a member puts at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PathKind {
    /// A regular file (also of the contiguous kind).
    File,
    /// A regular file with holes; its body holds only what is not hole.
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

/// One member of a tar, borrowed from the walker until it moves on.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its name as written, with long names resolved: bytes without NUL, not normalised.
    pub path: &'a [u8],
    /// Where it links to, as written. Docker leaves one in headers that are no links.
    pub link: &'a [u8],
    /// What it is.
    pub kind: MemberKind,
    /// The size that the header gives, in bytes. Only files have that many: other types may carry any number here.
    pub size: u64,
    /// Bytes of the body that follows the header, without padding.
    pub data_len: u64,
    /// Where the header stands (that of the member itself, behind its extension headers), in bytes from the start.
    pub header_offset: u64,
    /// Where the body stands, in bytes from the start.
    pub body_offset: u64,
    /// Permission bits with setuid, setgid and sticky; other bits of the field are dropped.
    pub mode: u16,
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Major and minor number of a device, else 0.
    pub device: (u32, u32),
    /// Extended attributes in the order of their names: name, value.
    pub xattrs: &'a [(Vec<u8>, Vec<u8>)],
}

/// How much of a name an error shows, in bytes.
const SHOWN: usize = 200;

/// Goes from member to member of a tar.
#[derive(Debug)]
pub struct Walker<I> {
    input: I,
    /// Where the input stands, in bytes from the start.
    offset: u64,
    /// Bytes of the current body that are still ahead, and of its padding.
    body_left: u64,
    padding_left: u64,
    /// The current member, for the messages of its body.
    header_offset: u64,
    data_len: u64,
    path: Vec<u8>,
    link: Vec<u8>,
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Offset of an extension header that waits for its member.
    extension: Option<u64>,
    ended: bool,
}

/// What the extension headers before a member say of it.
#[derive(Default)]
struct Extensions {
    pax: Overrides,
    long_path: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl<I: Input> Walker<I> {
    /// A walk that starts at the first header of `input`.
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
            ended: false,
        }
    }

    /// Where an extension header stands that no member follows, known at the end of the walk.
    #[must_use]
    pub const fn leftover_extension(&self) -> Option<u64> {
        if self.ended { self.extension } else { None }
    }

    /// The next member, or none at the end of the archive. Passes over what is left of the current body.
    ///
    /// # Errors
    /// A header that is damaged or cut off, a body that is cut off, an extension over the limit, a failed read.
    #[allow(clippy::should_implement_trait)] // A member borrows from the walker, which `Iterator` cannot say.
    pub fn next(&mut self) -> Result<Option<Member<'_>>, TarError> {
        let mut extensions = Extensions::default();
        loop {
            self.finish_body()?;
            let Some(header) = self.read_header()? else {
                self.ended = true;
                return Ok(None);
            };
            match header.typeflag {
                // A global header's records apply to nothing in Go's reader, and engines pass over it.
                b'g' => self.start_body(header.size),
                b'x' | b'L' | b'K' => {
                    self.extension.get_or_insert(self.header_offset);
                    self.start_body(header.size);
                    self.read_extension(header.typeflag, &mut extensions)?;
                }
                _ => {
                    self.extension = None;
                    return self.member(&header, extensions).map(Some);
                }
            }
        }
    }

    /// Hands what is left of the current body to `sink`, piece by piece.
    ///
    /// # Errors
    /// A body that is cut off, or a failed read.
    pub fn body(&mut self, sink: &mut dyn FnMut(&[u8])) -> Result<(), TarError> {
        while self.body_left > 0 {
            let want = self.body_left.min(BLOCK) as usize;
            let piece = match self.input.peek(want) {
                Ok(piece) => piece,
                Err(error) => return Err(self.error(TarErrorKind::Io(error))),
            };
            if piece.is_empty() {
                return Err(self.cut_body(self.data_len - self.body_left));
            }
            let count = (piece.len() as u64).min(self.body_left);
            sink(&piece[..count as usize]);
            self.skip(count)?;
            self.body_left -= count;
        }
        Ok(())
    }

    /// Reads on to the end of the input, past the archive's end: only then has a decompressor checked its checksum.
    ///
    /// # Errors
    /// A failed read.
    pub fn drain(&mut self) -> Result<(), TarError> {
        while self.skip(u64::from(u32::MAX))? > 0 {}
        Ok(())
    }

    fn member(&mut self, header: &Header, extensions: Extensions) -> Result<Member<'_>, TarError> {
        let Extensions { pax, long_path, long_link } = extensions;
        // A GNU long name beats a PAX one, and both beat the header's.
        if let Some(path) = long_path.or(pax.path) {
            self.path = path;
        }
        if let Some(link) = long_link.or(pax.link) {
            self.link = link;
        }
        self.xattrs = pax.xattrs;
        let stored = pax.size.unwrap_or(header.size);
        let kind = match header.typeflag {
            0 if self.path.ends_with(b"/") => MemberKind::Path(PathKind::Directory),
            0 | b'0' | b'7' if pax.sparse_size.is_some() => MemberKind::Path(PathKind::SparseFile),
            0 | b'0' | b'7' => MemberKind::Path(PathKind::File),
            b'1' => MemberKind::Path(PathKind::HardLink),
            b'2' => MemberKind::Path(PathKind::Symlink),
            b'3' => MemberKind::Path(PathKind::CharDevice),
            b'4' => MemberKind::Path(PathKind::BlockDevice),
            b'5' => MemberKind::Path(PathKind::Directory),
            b'6' => MemberKind::Path(PathKind::Fifo),
            b'S' => MemberKind::Path(PathKind::SparseFile),
            other => MemberKind::Other(other),
        };
        let data_len = match kind {
            MemberKind::Path(PathKind::File | PathKind::SparseFile) | MemberKind::Other(_) => stored,
            MemberKind::Path(_) => 0,
        };
        if let Some((_, SparseMap::GoesOn)) = header.sparse {
            self.skip_sparse_map()?;
        }
        self.start_body(data_len);
        let size = match (kind, header.sparse) {
            (MemberKind::Path(PathKind::SparseFile), Some((size, _))) => size,
            (MemberKind::Path(PathKind::SparseFile), None) => pax.sparse_size.unwrap_or(stored),
            _ => stored,
        };
        Ok(Member {
            path: &self.path,
            link: &self.link,
            kind,
            size,
            data_len,
            header_offset: self.header_offset,
            body_offset: self.offset,
            mode: header.mode,
            uid: pax.uid.unwrap_or(header.uid),
            gid: pax.gid.unwrap_or(header.gid),
            device: header.device,
            xattrs: &self.xattrs,
        })
    }

    /// Reads the block at the offset as a header, its names into `self`. None at the end of the archive: no more
    /// bytes, or two blocks of zeros, or one that nothing follows.
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
        if next.iter().take(BLOCK as usize).all(|byte| *byte == 0) {
            return Ok(None);
        }
        Err(self.error(TarErrorKind::Header("a single block of zeros where a header should be")))
    }

    /// Reads a long name or a set of PAX records.
    fn read_extension(&mut self, typeflag: u8, extensions: &mut Extensions) -> Result<(), TarError> {
        let size = self.body_left;
        if size > MAX_EXTENSION {
            return Err(self.error(TarErrorKind::ExtensionTooLong { size }));
        }
        let mut bytes = Vec::new();
        self.body(&mut |piece| bytes.extend_from_slice(piece))?;
        if typeflag == b'x' {
            extensions.pax = Overrides::parse(&bytes).map_err(|kind| self.error(kind))?;
            return Ok(());
        }
        bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
        let name = (!bytes.is_empty()).then_some(bytes);
        if typeflag == b'L' {
            extensions.long_path = name;
        } else {
            extensions.long_link = name;
        }
        Ok(())
    }

    /// Passes over the blocks with the rest of an old GNU sparse file's map, which stand before its data.
    fn skip_sparse_map(&mut self) -> Result<(), TarError> {
        const GOES_ON: usize = 504;
        loop {
            let block = match self.input.peek(BLOCK as usize) {
                Ok(bytes) => bytes,
                Err(error) => return Err(self.error(TarErrorKind::Io(error))),
            };
            let (found, goes_on) = (block.len() as u64, block.get(GOES_ON).copied());
            if found < BLOCK {
                return Err(self.error(TarErrorKind::CutHeader { found }));
            }
            self.skip(BLOCK)?;
            if goes_on == Some(0) {
                return Ok(());
            }
        }
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
        // The last body may stand without padding: some writers end there.
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
            let shown = &self.path[..self.path.len().min(SHOWN)];
            let more = if self.path.len() > SHOWN { "…" } else { "" };
            String::from_utf8_lossy(shown).into_owned() + more
        });
        TarError { offset: self.header_offset, entry, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tarfile::{Positional, Streaming};

    /// A header block of type `typeflag`, with a right checksum, changed by `edit` before the sum is taken.
    fn block(name: &str, typeflag: u8, size: u64, edit: impl FnOnce(&mut tar::Header)) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name).unwrap();
        header.set_size(size);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::new(typeflag));
        edit(&mut header);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    fn padded(body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(512), 0);
        body
    }

    /// Path, kind, size and body length of each member, by both kinds of input, which must agree.
    fn walk(bytes: &[u8]) -> Result<Vec<(String, MemberKind, u64, u64)>, String> {
        fn list(input: impl Input) -> Result<Vec<(String, MemberKind, u64, u64)>, String> {
            let mut walker = Walker::new(input);
            let mut members = Vec::new();
            while let Some(member) = walker.next().map_err(|error| error.to_string())? {
                let path = String::from_utf8_lossy(member.path).into_owned();
                members.push((path, member.kind, member.size, member.data_len));
            }
            Ok(members)
        }
        let jumped = list(Positional::new(bytes));
        assert_eq!(jumped, list(Streaming::new(bytes)));
        jumped
    }

    #[test]
    fn links_and_directories_have_no_body_whatever_they_claim() {
        let bytes =
            [block("d/", b'5', 4096, |_| {}), block("l", b'2', 7, |_| {}), block("f", b'0', 3, |_| {})].concat();
        let members = walk(&[bytes, padded(b"abc")].concat()).unwrap();
        assert_eq!(members[0], ("d/".into(), MemberKind::Path(PathKind::Directory), 4096, 0));
        assert_eq!(members[1], ("l".into(), MemberKind::Path(PathKind::Symlink), 7, 0));
        assert_eq!(members[2], ("f".into(), MemberKind::Path(PathKind::File), 3, 3));
    }

    #[test]
    fn the_last_body_may_stand_without_padding_but_not_be_cut() {
        let header = block("f", b'0', 3, |_| {});
        assert_eq!(walk(&[&header[..], b"abc"].concat()).unwrap().len(), 1);
        let error = walk(&[&header[..], b"ab"].concat()).unwrap_err();
        assert_eq!(error, "entry \"f\" at offset 0 is cut off: the header announces 3 bytes, 2 follow");
    }

    #[test]
    fn the_first_block_tells_a_tar_from_something_else() {
        assert_eq!(walk(&[7; 600]).unwrap_err(), TarErrorKind::NotATar.to_string());
        assert_eq!(walk(b"").unwrap(), []);
        let good = block("f", b'0', 0, |_| {});
        let error = walk(&[good.clone(), vec![7; 512]].concat()).unwrap_err();
        assert!(error.contains("at offset 512 has a damaged header"), "{error}");
        let error = walk(&[good, vec![7; 100]].concat()).unwrap_err();
        assert!(error.contains("100 of 512 bytes"), "{error}");
    }

    #[test]
    fn a_long_name_over_the_limit_is_refused_before_it_is_read() {
        let bytes = block("././@LongLink", b'L', 512 << 20, |_| {});
        let error = walk(&bytes).unwrap_err();
        assert!(error.contains("536870912 bytes; the limit is 1048576 bytes"), "{error}");
    }

    #[test]
    fn names_come_from_the_last_and_strongest_word() {
        let records = [&b"11 path=px\n"[..], b"12 size=600\n"].concat();
        let bytes = [
            block("x", b'x', records.len() as u64, |_| {}),
            padded(&records),
            block("f", b'0', 0, |_| {}),
            vec![0; 1024],
            block("long", b'L', 3, |_| {}),
            padded(b"ln\0"),
            block("f", b'0', 0, |_| {}),
        ];
        let members = walk(&bytes.concat()).unwrap();
        assert_eq!(
            members,
            [
                ("px".into(), MemberKind::Path(PathKind::File), 600, 600),
                ("ln".into(), MemberKind::Path(PathKind::File), 0, 0)
            ]
        );
    }

    #[test]
    fn what_a_sparse_file_holds_is_told_from_what_it_measures() {
        let real = |header: &mut tar::Header| {
            let gnu = header.as_gnu_mut().unwrap();
            gnu.set_real_size(1 << 20);
            gnu.set_is_extended(true);
        };
        let mut header = tar::Header::new_gnu();
        header.set_path("s").unwrap();
        header.set_size(512);
        header.set_entry_type(tar::EntryType::new(b'S'));
        real(&mut header);
        header.set_cksum();
        let bytes = [&header.as_bytes()[..], &[0; 512], &[1; 512], &block("f", b'0', 0, |_| {})].concat();
        let members = walk(&bytes).unwrap();
        assert_eq!(members[0], ("s".into(), MemberKind::Path(PathKind::SparseFile), 1 << 20, 512));
        assert_eq!(members[1].0, "f");
    }
}
