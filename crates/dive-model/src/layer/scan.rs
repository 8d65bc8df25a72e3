//! Scans one layer, plain or compressed, into a list of entries.
//!
//! Bodies of plain layers are skipped. Bodies of compressed layers are decoded anyway, so they are hashed in the same
//! pass; otherwise comparing contents would need a second one.

use std::io::{self, Read};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::content::{ContentFact, ContentHash, ContentPolicy};
use super::entry::{Chunk, Entry, EntryKind, EntryNames, Extra, MarkerKind, NameOffsets, type_bits};
pub use super::error::{MAX_ENTRIES, MAX_PATH, ScanError};
use super::format::{name_compressed_offset, name_format, without_members};
use super::owner::Owner;
use super::path::{self, Escape, NameKind};
use super::remarks::{Remarks, engine_refusal};
use super::scan_body::BodyScanner;
use crate::budget::{Budget, Lease, OverBudget};
use crate::compression::{Compression, Decoder, SNIFF_LEN, sniff};
use crate::remark::{OnDamage, Quoted};
use crate::tarfile::{
    Input, Member, MemberKind, PathKind, Positional, ReadAt, SequentialReader, Streaming, TarError, TarErrorKind,
    Walker,
};
use crate::units::Total;

/// The entries of one layer. A clone is not charged to the image's budget.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Scan {
    /// Entries, in the order of the tar.
    pub chunks: Vec<Chunk>,
    /// Number of entries.
    pub entry_count: usize,
    /// Bytes of text in `chunks`.
    pub text_len: usize,
    /// Rare attributes; [`Entry::extra`] refers to them.
    pub extras: Vec<Extra>,
    /// What the contents of files say of them, by the offset of the body, in order.
    pub facts: Vec<(u64, ContentFact)>,
    /// Sum of the sizes in all headers, in bytes, for entries of any type: dive's size of the layer.
    pub size_bytes: u64,
    /// Compression of the layer; `None` if it was not read.
    pub compression: Option<Compression>,
    /// Length of the uncompressed tar, in bytes; `None` if the layer was not read.
    pub unpacked_bytes: Option<u64>,
    /// True if entries or bytes are missing; only with [`OnDamage::Remark`].
    pub damaged: bool,
    /// Oddities that did not stop the scan.
    pub remarks: Remarks,
    /// Bytes of all paths and link targets as a listing prints them.
    #[serde(skip)]
    pub listing_bytes: u64,
    /// Charges [`Scan::memory`] to the budget.
    #[serde(skip)]
    pub(crate) lease: Lease,
}

impl Scan {
    /// Memory of the entries, in bytes.
    pub(super) const fn memory(&self) -> usize {
        let extras = self.extras.len().saturating_mul(size_of::<Extra>());
        let lists = extras.saturating_add(self.facts.len().saturating_mul(size_of::<(u64, ContentFact)>()));
        self.entry_count.saturating_mul(size_of::<Entry>()).saturating_add(self.text_len).saturating_add(lists)
    }
}

/// Calls [`scan_within`] without a budget.
///
/// # Errors
/// As [`scan_within`].
pub fn scan<R: ReadAt>(bytes: R, on_damage: OnDamage, stop: &dyn Fn() -> bool) -> Result<Scan, ScanError> {
    scan_within(bytes, on_damage, ContentPolicy::Skip, &Budget::unlimited(), stop)
}

/// Scans the layer in `bytes` and charges `budget`.
///
/// `stop` is polled regularly. If it returns true, the scan ends early, and the caller must discard the result.
///
/// # Errors
/// A [`ScanError`]. With [`OnDamage::Remark`], damage is a remark instead, and the entries after it are missing.
pub fn scan_within<R: ReadAt>(
    bytes: R,
    on_damage: OnDamage,
    contents: ContentPolicy,
    budget: &Budget,
    stop: &dyn Fn() -> bool,
) -> Result<Scan, ScanError> {
    match sniff_at(&bytes) {
        Ok(Compression::None) => {}
        Ok(_) => return scan_through(bytes, on_damage, contents, budget, stop, &mut |_| ()),
        Err(error) => return unreadable_layer(error, on_damage),
    }
    let mut scanner = Scanner::new(on_damage, Compression::None, contents, budget);
    scanner.scan.unpacked_bytes = Some(bytes.len());
    let mut walker = Walker::new(Positional::new(&bytes));
    let mut outcome = scanner.walk(&mut walker, BodyUse::Skip, stop);
    // A walk reads the zeros at the start of a file system image as an empty tar: check that nothing follows.
    if outcome.as_ref().is_ok_and(|members| *members == 0) && !stop() {
        outcome = without_members(&bytes, Compression::None);
    }
    scanner.tolerate_damage(outcome.map(drop).map_err(|error| name_format(error, &bytes, Compression::None)))?;
    Ok(scanner.scan)
}

/// Like [`scan_within`], but hashes all contents, and passes the uncompressed bytes to `unpacked`.
///
/// # Errors
/// As [`scan_within`].
pub fn scan_through<R: ReadAt>(
    bytes: R,
    on_damage: OnDamage,
    contents: ContentPolicy,
    budget: &Budget,
    stop: &dyn Fn() -> bool,
    unpacked: &mut dyn FnMut(&[u8]),
) -> Result<Scan, ScanError> {
    let compression = match sniff_at(&bytes) {
        Ok(compression) => compression,
        Err(error) => return unreadable_layer(error, on_damage),
    };
    let mut scanner = Scanner::new(on_damage, compression, contents, budget);
    let mut charge = |piece: &[u8]| match compression {
        Compression::None => Ok(()),
        compressed => budget.decode(piece.len() as u64, compressed.weight()),
    };
    let mut packed = TappedReader { input: SequentialReader::new(&bytes), tap: &mut charge };
    let decoder = Decoder::within(budget, compression, &mut packed as &mut dyn Read);
    let mut decoder = decoder.map_err(|error| ScanError::Io(error).unwrap_over_budget())?;
    let mut unpacked_bytes = Total::default();
    let mut tap = |piece: &[u8]| {
        let count = piece.len() as u64;
        unpacked_bytes += count;
        unpacked(piece);
        if compression == Compression::None { Ok(()) } else { budget.unpack(count, compression.weight()) }
    };
    let mut walker = Walker::new(Streaming::new(TappedReader { input: &mut decoder, tap: &mut tap }));
    let mut outcome = scanner.walk(&mut walker, BodyUse::Hash, stop);
    if outcome.is_ok() && !stop() {
        // The tar ends before its stream does. The stream's checksum is at its end, and `unpacked` needs every byte.
        let drained = walker.drain().map_err(ScanError::from);
        outcome = outcome.and_then(|members| drained.map(|()| members));
    }
    if outcome.as_ref().is_ok_and(|members| *members == 0) && !stop() {
        outcome = without_members(&bytes, compression);
    }
    scanner.scan.unpacked_bytes = Some(unpacked_bytes.get());
    // This order matters: the format is detected from the original error, the compressed offset is added to the
    // message, and only the final error becomes a remark.
    let consumed = decoder.consumed();
    let outcome = outcome.map(drop).map_err(ScanError::unwrap_over_budget);
    let outcome = outcome.map_err(|error| name_format(error, &bytes, compression));
    scanner.tolerate_damage(outcome.map_err(|error| name_compressed_offset(error, compression, consumed)))?;
    if let Some(at) = decoder.ignored_tail() {
        scanner
            .scan
            .remarks
            .add(|| format!("dive ignores the bytes from offset {at} on: they are not {compression} data"));
    }
    Ok(scanner.scan)
}

/// The result for a layer whose first bytes cannot be read. Layers of a registry are not fetched before this point.
fn unreadable_layer(error: io::Error, on_damage: OnDamage) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::new(on_damage, Compression::None, ContentPolicy::Skip, &Budget::unlimited());
    scanner.tolerate_damage(Err(error.into()))?;
    Ok(Scan { compression: None, ..scanner.scan })
}

/// Detects the compression of a layer by its first bytes.
pub(crate) fn sniff_at<R: ReadAt>(bytes: &R) -> io::Result<Compression> {
    let mut first = Vec::with_capacity(SNIFF_LEN);
    SequentialReader::new(bytes).take(SNIFF_LEN as u64).read_to_end(&mut first)?;
    Ok(sniff(&first))
}

/// A reader that passes all bytes to a callback, which may refuse them.
struct TappedReader<'a, R> {
    input: R,
    tap: &'a mut dyn FnMut(&[u8]) -> Result<(), OverBudget>,
}

impl<R: Read> Read for TappedReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buf)?;
        (self.tap)(&buf[..count]).map_err(io::Error::other)?;
        Ok(count)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyUse {
    Skip,
    Hash,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MemberOutcome {
    /// The member became the last entry.
    Kept,
    /// The member was left out; the last entry belongs to an earlier member.
    LeftOut,
}

pub(super) struct Scanner {
    scan: Scan,
    on_damage: OnDamage,
    /// Outcome of the current member.
    open_entry: MemberOutcome,
    body: BodyScanner,
    budget: Budget,
    /// Buffer for paths that need normalising.
    path: Vec<u8>,
}

impl Scanner {
    pub(super) fn new(on_damage: OnDamage, compression: Compression, contents: ContentPolicy, budget: &Budget) -> Self {
        let scan = Scan { compression: Some(compression), lease: budget.lease(), ..Scan::default() };
        let (body, budget) = (BodyScanner::new(contents), budget.clone());
        Self { scan, on_damage, open_entry: MemberOutcome::LeftOut, body, budget, path: Vec::new() }
    }

    fn walk<I: Input>(
        &mut self,
        walker: &mut Walker<I>,
        bodies: BodyUse,
        stop: &dyn Fn() -> bool,
    ) -> Result<u64, ScanError> {
        let mut members = 0_u64;
        let mut charged = 0;
        loop {
            // Charge before reading the next header: the member borrows from the walker.
            let extensions = walker.extension_cost.get();
            if extensions > charged {
                self.budget.unpack(extensions.saturating_sub(charged), 1).map_err(|problem| ScanError::OverBudget {
                    entry: None,
                    offset: walker.offset(),
                    problem,
                })?;
                charged = extensions;
            }
            let Some(member) = walker.next()? else { break };
            members = members.saturating_add(1);
            if members > MAX_ENTRIES {
                return Err(ScanError::TooManyEntries);
            }
            let (kind, data_len, at) = (member.kind, member.data_len, member.body_offset);
            // Set this before reading the body: if that is cut off, `tolerate_damage` must know whether the last entry is the member's.
            self.open_entry = self.entry_or_remark(&member)?;
            if kind == MemberKind::Path(PathKind::File)
                && data_len > 0
                && bodies == BodyUse::Hash
                && self.open_entry == MemberOutcome::Kept
            {
                let (hash, fact) = self.body.read(walker, data_len)?;
                self.scan.facts.extend(fact.map(|fact| (at, fact)));
                if let Some(entry) = self.last_entry() {
                    entry.hash = Some(hash);
                }
            }
            if members.is_multiple_of(1024) && stop() {
                return Ok(members);
            }
        }
        if let Some(at) = walker.leftover_extension() {
            self.scan.remarks.add(|| format!("dive ignores the extension header at offset {at}: no entry follows it"));
        }
        Ok(members)
    }

    /// Adds a member without a body, with the hash of its content if known.
    pub(super) fn take(&mut self, member: &Member<'_>, hash: Option<ContentHash>) -> Result<(), ScanError> {
        if self.scan.entry_count as u64 >= MAX_ENTRIES {
            return Err(ScanError::TooManyEntries);
        }
        let taken = self.entry_or_remark(member)?;
        let has_body =
            taken == MemberOutcome::Kept && member.kind == MemberKind::Path(PathKind::File) && member.data_len > 0;
        if let Some(entry) = self.last_entry().filter(|_| has_body) {
            entry.hash = hash;
        }
        Ok(())
    }

    pub(super) fn into_scan(self) -> Scan {
        self.scan
    }

    /// Adds an entry. Turns an error that affects only this entry into a remark, if damage is tolerated.
    fn entry_or_remark(&mut self, member: &Member<'_>) -> Result<MemberOutcome, ScanError> {
        match self.entry(member) {
            Err(error) if error.is_recoverable() && self.on_damage == OnDamage::Remark => {
                self.scan.damaged = true;
                self.scan.remarks.add(|| format!("{error}; dive skips the entry"));
                Ok(MemberOutcome::LeftOut)
            }
            answer => answer,
        }
    }

    fn last_entry(&mut self) -> Option<&mut Entry> {
        self.scan.chunks.last_mut().and_then(Chunk::last_mut)
    }

    fn entry(&mut self, member: &Member<'_>) -> Result<MemberOutcome, ScanError> {
        let kind = match member.kind {
            MemberKind::Path(kind) => kind,
            MemberKind::Other(typeflag) => {
                return Err(ScanError::UnknownType {
                    name: start_of(member.path),
                    typeflag: char::from(typeflag),
                    offset: member.header_offset,
                });
            }
        };
        if let Some(what) = engine_refusal(member) {
            let (name, offset) = (Quoted(start_of(member.path)), member.header_offset);
            self.scan.remarks.add(|| format!("entry {name} at offset {offset}: Docker and Podman refuse {what}"));
        }
        if let Some(path) = path::without_copy(member.path) {
            return self.entry_at(path, Escape::None, kind, member);
        }
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        let escape = path::normalise(member.path, &mut path);
        let outcome = self.entry_at(&path, escape, kind, member);
        self.path = path;
        outcome
    }

    fn entry_at(
        &mut self,
        path: &[u8],
        escape: Escape,
        path_kind: PathKind,
        member: &Member<'_>,
    ) -> Result<MemberOutcome, ScanError> {
        let scan = &mut self.scan;
        for (what, name, len) in [("name", member.path, path.len()), ("link target", member.link, member.link.len())] {
            if len > MAX_PATH {
                return Err(ScanError::TooLong { start: start_of(name), what, len, offset: member.header_offset });
            }
        }
        if escape == Escape::StoppedAtRoot {
            let (name, path, at) = (Quoted(start_of(member.path)), Quoted(start_of(path)), member.header_offset);
            scan.remarks.add(|| format!("entry {name} at offset {at} leads out of the root; dive reads it as {path}"));
        }
        if path.is_empty() {
            // dive does not count the root's size; the header of a regular root entry has none.
            if path_kind != PathKind::Directory {
                let (name, at) = (Quoted(start_of(member.path)), member.header_offset);
                scan.remarks
                    .add(|| format!("entry {name} at offset {at} is the root but not a directory; dive ignores it"));
                return Ok(MemberOutcome::LeftOut);
            }
        } else {
            scan.size_bytes = scan.size_bytes.saturating_add(member.size);
        }

        let (directory, name) = path::split(path);
        let (kind, name) = match path::kind(name) {
            NameKind::Plain => (EntryKind::Path(path_kind), name),
            NameKind::Whiteout(removed) => (EntryKind::Marker(MarkerKind::Whiteout), removed),
            NameKind::Opaque => (EntryKind::Marker(MarkerKind::Opaque), &b""[..]),
            NameKind::Bookkeeping => (EntryKind::Marker(MarkerKind::Bookkeeping), &b""[..]),
            NameKind::Meaningless => {
                let (name, offset) = (Quoted(start_of(member.path)), member.header_offset);
                scan.remarks
                    .add(|| format!("entry {name} at offset {offset} is not a valid whiteout; dive ignores it"));
                return Ok(MemberOutcome::LeftOut);
            }
        };
        let extra = Extra {
            device: member.device,
            xattrs: hash_xattrs(member.xattrs),
            stored: if path_kind == PathKind::SparseFile { member.data_len } else { 0 },
        };
        let extra = if extra == Extra::default() {
            None
        } else {
            scan.extras.push(extra);
            NonZeroU32::new(scan.extras.len() as u32)
        };
        let (uid, gid) = (self.id(member.uid, "owner", member), self.id(member.gid, "group", member));
        let entry = Entry {
            kind,
            mode: type_bits(path_kind) | member.mode,
            uid,
            gid,
            size: member.size,
            body: member.body_offset,
            hash: None,
            extra,
            names_at: NameOffsets::default(),
        };
        let names = EntryNames { directory, name, link: member.link };
        self.scan.listing_bytes = self.scan.listing_bytes.saturating_add(names.text_len() as u64);
        self.keep(entry, names);
        let needed = self.scan.memory() as u64;
        if needed > self.scan.lease.bytes() {
            self.grow(needed).map_err(|problem| over_budget(problem, member))?;
        }
        Ok(MemberOutcome::Kept)
    }

    fn keep(&mut self, entry: Entry, names: EntryNames<'_>) {
        let scan = &mut self.scan;
        scan.entry_count = scan.entry_count.saturating_add(1);
        if scan.chunks.last().is_none_or(Chunk::is_full) {
            // Rarely, since all threads share the budget.
            self.budget.count_entries(scan.chunks.last().map_or(0, |chunk| chunk.entries().len() as u64));
            scan.chunks.push(Chunk::default());
        }
        let text = scan.chunks.last_mut().map_or(0, |chunk| chunk.push(entry, names));
        scan.text_len = scan.text_len.saturating_add(text);
    }

    /// Charges `needed` bytes, and checks the length of the listing so far.
    #[cold]
    fn grow(&mut self, needed: u64) -> Result<(), OverBudget> {
        self.budget.list(self.scan.listing_bytes)?;
        self.scan.lease.grow_to(needed)
    }

    fn id(&mut self, id: i64, what: &str, member: &Member<'_>) -> u32 {
        match Owner::of(id) {
            Owner::Kept(shown) => shown,
            Owner::Changed(shown) => {
                let (name, offset) = (Quoted(start_of(member.path)), member.header_offset);
                self.scan.remarks.add(|| {
                    format!(
                        "entry {name} at offset {offset}: engines unpack the {what} {id} as {shown}, and dive shows \
                        {shown}"
                    )
                });
                shown
            }
        }
    }

    /// Reduces the size of a cut file to the bytes that are present.
    fn cut_last_entry(&mut self, expected: u64, found: u64) {
        if self.open_entry == MemberOutcome::LeftOut {
            return;
        }
        if let Some(entry) = self.last_entry().filter(|entry| entry.size == expected) {
            entry.size = found;
            self.scan.size_bytes = self.scan.size_bytes.saturating_sub(expected.saturating_sub(found));
        }
    }

    /// Turns damage into a remark, if damage is tolerated.
    fn tolerate_damage(&mut self, walked: Result<(), ScanError>) -> Result<(), ScanError> {
        match walked {
            Err(error) if self.on_damage == OnDamage::Remark && error.is_damage() => {
                self.scan.damaged = true;
                if let ScanError::Tar(TarError { kind: TarErrorKind::CutBody { expected, found }, .. }) = &error {
                    self.cut_last_entry(*expected, *found);
                }
                // Pushed directly: the limit on remarks must not drop this one.
                self.scan.remarks.kept.push(format!("{error}; the rest of this layer is missing"));
                Ok(())
            }
            other => other,
        }
    }
}

fn over_budget(problem: OverBudget, member: &Member<'_>) -> ScanError {
    ScanError::OverBudget { entry: Some(start_of(member.path)), offset: member.header_offset, problem }
}

/// The first 200 bytes of a name, lossily decoded, for messages.
fn start_of(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned()
}

fn hash_xattrs(xattrs: &[(Vec<u8>, Vec<u8>)]) -> u64 {
    if xattrs.is_empty() {
        return 0;
    }
    let mut state = Xxh3::new();
    for text in xattrs.iter().flat_map(|(name, value)| [name, value]) {
        state.update(&(text.len() as u64).to_le_bytes());
        state.update(text);
    }
    state.digest().max(1)
}
