//! One layer's tar, plain or compressed, as a list of entries. Bodies of plain layers are passed over; those of
//! compressed ones come by anyway and are hashed, since only then can contents be compared without a second pass.

use std::io::{self, Read};
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::content::ContentHash;
use super::entry::{Chunk, Entry, EntryKind, Extra, MarkerKind, Names, Place, type_bits};
pub use super::error::{MAX_ENTRIES, MAX_PATH, ScanError};
use super::format::{name_compressed_offset, name_format, without_members};
use super::owner::Owner;
use super::path::{self, Escape, NameKind};
use super::remarks::Remarks;
use crate::budget::{Budget, Lease, OverBudget};
use crate::compression::{Compression, Decoder, SNIFF_LEN, sniff};
use crate::remark::{OnDamage, Quoted};
use crate::tarfile::{
    Cursor, Input, Member, MemberKind, PathKind, Positional, ReadAt, Streaming, TarError, TarErrorKind, Walker,
};

/// What one layer's tar says. A copy is not charged to the image's budget.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct Scan {
    /// The entries in the order of the tar.
    pub chunks: Vec<Chunk>,
    /// How many entries that are.
    pub entry_count: usize,
    /// How many bytes of text they have.
    pub text_len: usize,
    /// What few entries have.
    pub extras: Vec<Extra>,
    /// The sum of the sizes in all headers, in bytes, whatever their type: dive's size of the layer.
    pub size_bytes: u64,
    /// How the layer is compressed.
    pub compression: Option<Compression>,
    /// The length of the layer's tar, unpacked, in bytes; none of a layer that was not read.
    pub unpacked_bytes: Option<u64>,
    /// Whether something of it is missing; only with [`OnDamage::Remark`].
    pub damaged: bool,
    /// What is odd about it.
    pub remarks: Remarks,
    /// Bytes of its paths and link targets, each as a listing would write it.
    #[serde(skip)]
    pub named: u64,
    /// For what it takes in memory.
    #[serde(skip)]
    pub(crate) lease: Lease,
}

impl Scan {
    /// What it takes in memory, in bytes.
    pub(super) const fn memory(&self) -> usize {
        self.text_len + self.entry_count * size_of::<Entry>() + self.extras.len() * size_of::<Extra>()
    }

    /// Charges what it takes, where it comes from elsewhere than its layer.
    pub(super) fn charge(&mut self, budget: &Budget) -> Result<(), OverBudget> {
        self.lease = budget.lease();
        self.lease.grow_to(self.memory() as u64)
    }
}

/// As [`scan_within`], without limits.
///
/// # Errors
/// As [`scan_within`].
pub fn scan<R: ReadAt>(bytes: R, on_damage: OnDamage, stop: &dyn Fn() -> bool) -> Result<Scan, ScanError> {
    scan_within(bytes, on_damage, &Budget::unlimited(), stop)
}

/// Reads a layer that lies in `bytes`, charging `budget`. `stop` is asked now and then; when it says so, the scan ends early
/// with what it has, which the caller throws away.
///
/// # Errors
/// What [`ScanError`] names, unless `on_damage` says to go on: then it becomes a remark, and what stands behind it in
/// the layer is missing.
pub fn scan_within<R: ReadAt>(
    bytes: R,
    on_damage: OnDamage,
    budget: &Budget,
    stop: &dyn Fn() -> bool,
) -> Result<Scan, ScanError> {
    match sniff_at(&bytes) {
        Ok(Compression::None) => {}
        Ok(_) => return scan_through(bytes, on_damage, budget, stop, &mut |_| ()),
        Err(error) => return lost(error, on_damage),
    }
    let mut scanner = Scanner::new(on_damage, Compression::None, budget);
    scanner.scan.unpacked_bytes = Some(bytes.len());
    let mut walker = Walker::new(Positional::new(&bytes));
    let mut outcome = scanner.walk(&mut walker, BodyUse::PassOver, stop);
    // No header also reads as an empty tar: data that is not a tar must not pass for an empty layer.
    if outcome.as_ref().is_ok_and(|members| *members == 0) && !stop() {
        outcome = without_members(&bytes, Compression::None);
    }
    scanner.settle(outcome.map(drop).map_err(|error| name_format(error, &bytes, Compression::None)))?;
    Ok(scanner.scan)
}

/// As [`scan_within`], but reads every byte, so that all contents have their hashes, and lets `unpacked` hear them as they stand in
/// the unpacked layer.
///
/// # Errors
/// As [`scan_within`].
pub fn scan_through<R: ReadAt>(
    bytes: R,
    on_damage: OnDamage,
    budget: &Budget,
    stop: &dyn Fn() -> bool,
    unpacked: &mut dyn FnMut(&[u8]),
) -> Result<Scan, ScanError> {
    let compression = match sniff_at(&bytes) {
        Ok(compression) => compression,
        Err(error) => return lost(error, on_damage),
    };
    let mut scanner = Scanner::new(on_damage, compression, budget);
    let decoder = Decoder::within(budget, compression, Cursor::new(&bytes));
    let mut decoder = decoder.map_err(|error| ScanError::Io(error).with_budget_told())?;
    let mut unpacked_bytes = 0;
    let mut hear = |piece: &[u8]| {
        let count = piece.len() as u64;
        unpacked_bytes += count;
        unpacked(piece);
        if compression == Compression::None { Ok(()) } else { budget.unpack(count, compression.weight()) }
    };
    let mut walker = Walker::new(Streaming::new(Overheard { input: &mut decoder, hear: &mut hear }));
    let mut outcome = scanner.walk(&mut walker, BodyUse::Hash, stop);
    if outcome.is_ok() && !stop() {
        // A tar ends before its stream does. The checksum is at the end of the stream, and `unpacked` needs every byte.
        let drained = walker.drain().map_err(ScanError::from);
        outcome = outcome.and_then(|members| drained.map(|()| members));
    }
    if outcome.as_ref().is_ok_and(|members| *members == 0) && !stop() {
        outcome = without_members(&bytes, compression);
    }
    scanner.scan.unpacked_bytes = Some(unpacked_bytes);
    // An error is first named by its format, then given the offset in the compressed bytes, and only then becomes a remark.
    let consumed = decoder.consumed();
    let outcome = outcome.map(drop).map_err(ScanError::with_budget_told);
    let outcome = outcome.map_err(|error| name_format(error, &bytes, compression));
    scanner.settle(outcome.map_err(|error| name_compressed_offset(error, compression, consumed)))?;
    if let Some(at) = decoder.ignored_tail() {
        scanner
            .scan
            .remarks
            .add(|| format!("bytes that are not {compression} follow the layer at offset {at}: ignored"));
    }
    Ok(scanner.scan)
}

/// A layer whose bytes are not to be had: one in a registry is only asked for when it is read.
fn lost(error: io::Error, on_damage: OnDamage) -> Result<Scan, ScanError> {
    let mut scanner = Scanner::new(on_damage, Compression::None, &Budget::unlimited());
    scanner.settle(Err(error.into()))?;
    Ok(Scan { compression: None, ..scanner.scan })
}

/// How a layer is compressed, by its first bytes.
pub(super) fn sniff_at<R: ReadAt>(bytes: &R) -> io::Result<Compression> {
    let mut first = Vec::with_capacity(SNIFF_LEN);
    Cursor::new(bytes).take(SNIFF_LEN as u64).read_to_end(&mut first)?;
    Ok(sniff(&first))
}

/// An input whose bytes somebody else hears, too, and may refuse.
struct Overheard<'a, R> {
    input: R,
    hear: &'a mut dyn FnMut(&[u8]) -> Result<(), OverBudget>,
}

impl<R: Read> Read for Overheard<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buf)?;
        (self.hear)(&buf[..count]).map_err(io::Error::other)?;
        Ok(count)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyUse {
    PassOver,
    Hash,
}

/// What became of a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It is the last entry.
    Kept,
    /// It is none: the last entry is the one of a member before it.
    LeftOut,
}

/// Makes a [`Scan`] of members.
pub(super) struct Scanner {
    scan: Scan,
    on_damage: OnDamage,
    /// What became of the member whose body is being read.
    open_entry: Taken,
    /// Kept between files: starting one from nothing costs more than a small file's hash.
    hash: Xxh3,
    budget: Budget,
    /// Where paths are put together that do not stand in their header as they are.
    path: Vec<u8>,
}

impl Scanner {
    pub(super) fn new(on_damage: OnDamage, compression: Compression, budget: &Budget) -> Self {
        let scan = Scan { compression: Some(compression), lease: budget.lease(), ..Scan::default() };
        let (hash, budget) = (Xxh3::new(), budget.clone());
        Self { scan, on_damage, open_entry: Taken::LeftOut, hash, budget, path: Vec::new() }
    }

    fn walk<I: Input>(
        &mut self,
        walker: &mut Walker<I>,
        bodies: BodyUse,
        stop: &dyn Fn() -> bool,
    ) -> Result<u64, ScanError> {
        let mut members = 0;
        let mut charged = 0;
        loop {
            // Charged before the next header, since the member borrows from the walker.
            let extensions = walker.extension_cost;
            if extensions > charged {
                self.budget.unpack(extensions - charged, 1).map_err(|problem| ScanError::OverBudget {
                    entry: None,
                    offset: walker.offset(),
                    problem,
                })?;
                charged = extensions;
            }
            let Some(member) = walker.next()? else { break };
            members += 1;
            if members > MAX_ENTRIES {
                return Err(ScanError::TooManyEntries);
            }
            let (kind, data_len) = (member.kind, member.data_len);
            // Before the body: if that is cut, `settle` needs to know whether the last entry is this member's.
            self.open_entry = self.entry_or_remark(&member)?;
            if kind == MemberKind::Path(PathKind::File)
                && data_len > 0
                && bodies == BodyUse::Hash
                && self.open_entry == Taken::Kept
            {
                let hash = self.hash_body(walker, data_len)?;
                if let Some(entry) = self.last_entry() {
                    entry.hash = Some(hash);
                }
            }
            if members.is_multiple_of(1024) && stop() {
                return Ok(members);
            }
        }
        if let Some(at) = walker.leftover_extension() {
            self.scan.remarks.add(|| format!("an extension header at offset {at} has no entry behind it: ignored"));
        }
        Ok(members)
    }

    /// Takes a member whose body is not at hand, but its hash.
    pub(super) fn take(&mut self, member: &Member<'_>, hash: Option<ContentHash>) -> Result<(), ScanError> {
        if self.scan.entry_count as u64 >= MAX_ENTRIES {
            return Err(ScanError::TooManyEntries);
        }
        let taken = self.entry_or_remark(member)?;
        let has_body = taken == Taken::Kept && member.kind == MemberKind::Path(PathKind::File) && member.data_len > 0;
        if let Some(entry) = self.last_entry().filter(|_| has_body) {
            entry.hash = hash;
        }
        Ok(())
    }

    /// What came of it all.
    pub(super) fn into_scan(self) -> Scan {
        self.scan
    }

    /// An entry that cannot be taken is an error, or a remark if that is wanted.
    fn entry_or_remark(&mut self, member: &Member<'_>) -> Result<Taken, ScanError> {
        match self.entry(member) {
            Err(error) if error.spares_the_rest() && self.on_damage == OnDamage::Remark => {
                self.scan.damaged = true;
                self.scan.remarks.add(|| format!("{error}: left out"));
                Ok(Taken::LeftOut)
            }
            answer => answer,
        }
    }

    fn last_entry(&mut self) -> Option<&mut Entry> {
        self.scan.chunks.last_mut().and_then(Chunk::last_mut)
    }

    fn hash_body<I: Input>(&mut self, walker: &mut Walker<I>, len: u64) -> Result<ContentHash, ScanError> {
        let mut whole = None;
        let state = &mut self.hash;
        state.reset();
        walker.body(&mut |piece| {
            if piece.len() as u64 == len {
                whole = Some(xxh3_64(piece));
            } else {
                state.update(piece);
            }
        })?;
        Ok(ContentHash::of(whole.unwrap_or_else(|| self.hash.digest())))
    }

    fn entry(&mut self, member: &Member<'_>) -> Result<Taken, ScanError> {
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
        if let Some(typeflag) = member.refused_type {
            let (name, offset) = (Quoted(start_of(member.path)), member.header_offset);
            self.scan
                .remarks
                .add(|| format!("entry {name} at offset {offset}: Docker and Podman refuse its type {typeflag:?}"));
        }
        if let Some(path) = path::as_it_stands(member.path) {
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
    ) -> Result<Taken, ScanError> {
        let scan = &mut self.scan;
        for (what, name, len) in [("name", member.path, path.len()), ("link target", member.link, member.link.len())] {
            if len > MAX_PATH {
                return Err(ScanError::TooLong { start: start_of(name), what, len, offset: member.header_offset });
            }
        }
        if escape == Escape::HeldAtRoot {
            let (name, path) = (Quoted(start_of(member.path)), Quoted(start_of(path)));
            scan.remarks
                .add(|| format!("entry {name} at offset {} leaves the root: taken as {path}", member.header_offset));
        }
        if path.is_empty() {
            // dive leaves the root out of a layer's size; the header of a real one has none.
            if path_kind != PathKind::Directory {
                scan.remarks.add(|| {
                    format!(
                        "entry {} at offset {} names the root: ignored",
                        Quoted(start_of(member.path)),
                        member.header_offset
                    )
                });
                return Ok(Taken::LeftOut);
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
                scan.remarks.add(|| format!("entry {name} at offset {offset} is a whiteout of nothing: ignored"));
                return Ok(Taken::LeftOut);
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
            place: Place::default(),
        };
        let names = Names { directory, name, link: member.link };
        self.scan.named += names.text_len() as u64;
        self.keep(entry, names);
        let needed = self.scan.memory() as u64;
        if needed > self.scan.lease.held() {
            self.grow(needed).map_err(|problem| over_budget(problem, member))?;
        }
        Ok(Taken::Kept)
    }

    fn keep(&mut self, entry: Entry, names: Names<'_>) {
        let scan = &mut self.scan;
        scan.entry_count += 1;
        scan.text_len += match scan.chunks.last_mut().filter(|chunk| !chunk.is_full()) {
            Some(chunk) => chunk.push(entry, names),
            None => scan.chunks.push_mut(Chunk::default()).push(entry, names),
        };
    }

    /// Asks for more memory. Whatever its names are, no layer can be listed that has more text than that.
    #[cold]
    fn grow(&mut self, needed: u64) -> Result<(), OverBudget> {
        self.budget.list(self.scan.named)?;
        self.scan.lease.grow_to(needed)
    }

    fn id(&mut self, id: i64, what: &str, member: &Member<'_>) -> u32 {
        match Owner::of(id) {
            Owner::Kept(shown) => shown,
            Owner::Changed(shown) => {
                let (name, offset) = (Quoted(start_of(member.path)), member.header_offset);
                self.scan.remarks.add(|| {
                    format!("entry {name} at offset {offset}: engines unpack the {what} {id} as {shown}: shown so")
                });
                shown
            }
        }
    }

    /// The bytes that a cut file still has are its size: what is not there cannot be counted.
    fn cut_last_entry(&mut self, expected: u64, found: u64) {
        if self.open_entry == Taken::LeftOut {
            return;
        }
        if let Some(entry) = self.last_entry().filter(|entry| entry.size == expected) {
            entry.size = found;
            self.scan.size_bytes = self.scan.size_bytes.saturating_sub(expected - found);
        }
    }

    /// Turns damage into a remark if that is wanted.
    fn settle(&mut self, walked: Result<(), ScanError>) -> Result<(), ScanError> {
        match walked {
            Err(error) if self.on_damage == OnDamage::Remark && error.is_damage() => {
                self.scan.damaged = true;
                if let ScanError::Tar(TarError { kind: TarErrorKind::CutBody { expected, found }, .. }) = &error {
                    self.cut_last_entry(*expected, *found);
                }
                // Damage is what the user asked to be told of: it has its place even among many oddities.
                self.scan.remarks.kept.push(format!("{error}: what follows in this layer is missing"));
                Ok(())
            }
            other => other,
        }
    }
}

fn over_budget(problem: OverBudget, member: &Member<'_>) -> ScanError {
    ScanError::OverBudget { entry: Some(start_of(member.path)), offset: member.header_offset, problem }
}

/// The first bytes of a name, lossily, for a message.
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
