//! Stores the entries of a layer in the cache, and validates them on load.
//!
//! The cache folder belongs to the user, but trees are built and files are written from these records, so a damaged or
//! forged record must not be trusted.

use std::io::{self, Write};

use tracing::debug;

use super::entry::{Chunk, Entry};
use super::path;
use super::scan::Scan;
use crate::blob::Identity;
use crate::budget::{Budget, OverBudget};
use crate::cache::{Cache, RecordKind};

/// Loads the entries of a layer; `None` if missing or invalid. An invalid record is deleted.
///
/// # Errors
/// The entries take more memory than `budget` has.
pub(super) fn load(cache: &Cache, identity: &Identity, budget: &Budget) -> Result<Option<Scan>, OverBudget> {
    let key = identity.digest();
    let Some(record) = cache.read_within(RecordKind::Layer, key, budget) else { return Ok(None) };
    let scan = parse(record.bytes(), budget)?;
    if scan.is_none() {
        // The checksum is right but the content is not: another version of dive wrote it.
        cache.remove(RecordKind::Layer, key);
    }
    debug!("layer {key}: {}", if scan.is_some() { "cached" } else { "not cached" });
    Ok(scan)
}

/// Parses a record; `None` if no layer could have these entries.
///
/// # Errors
/// The entries take more memory than `budget` has.
pub(super) fn parse(record: &[u8], budget: &Budget) -> Result<Option<Scan>, OverBudget> {
    let Some((memory, entries)) = record.split_first_chunk() else { return Ok(None) };
    // Charged before anything is allocated. No record of this length can have more.
    let memory = u64::from_le_bytes(*memory);
    if memory > (entries.len() as u64).saturating_mul(size_of::<Entry>() as u64) {
        return Ok(None);
    }
    let mut lease = budget.lease();
    lease.grow_to(memory)?;
    let scan = postcard::from_bytes::<Scan>(entries).ok();
    let scan = scan.filter(|scan| is_valid(scan) && scan.memory() as u64 == memory);
    Ok(scan.map(|scan| Scan { listing_bytes: listing_bytes(&scan), lease, ..scan }))
}

/// Keeps the entries of a layer for the next run.
pub(super) fn store(cache: &Cache, identity: &Identity, scan: &Scan, budget: &Budget) {
    // Some numbers are longer in a record than in memory.
    let size = (scan.memory() as u64).saturating_mul(2);
    cache.write_within(RecordKind::Layer, identity.digest(), (budget, size), |out| write(scan, out));
}

/// Writes a record: the memory that its entries take, and the entries.
pub(super) fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&(scan.memory() as u64).to_le_bytes())?;
    postcard::to_io(scan, out).map(drop).map_err(io::Error::other)
}

/// True if the entries satisfy the invariants that the tree and the extraction rely on.
fn is_valid(scan: &Scan) -> bool {
    let extras = scan.extras.len();
    let entry_count = scan.chunks.iter().map(|chunk| chunk.entries().len()).sum::<usize>();
    // The image's budget is charged for this many entries and bytes.
    let text_len = scan.chunks.iter().map(Chunk::text_len).sum::<usize>();
    (entry_count, text_len) == (scan.entry_count, scan.text_len)
        && !scan.damaged
        && scan.facts.len() <= entry_count
        && scan.facts.is_sorted_by_key(|(at, _)| *at)
        && scan.chunks.iter().all(|chunk| {
            chunk.is_valid()
                && chunk.entries().iter().all(|entry| {
                    let names = chunk.names(entry);
                    entry.extra.is_none_or(|extra| extra.get() as usize <= extras)
                        && is_normal(names.directory)
                        && is_normal(names.name)
                        && !names.name.contains(&b'/')
                })
        })
}

/// Recomputes [`Scan::listing_bytes`].
fn listing_bytes(scan: &Scan) -> u64 {
    let of_chunk =
        |chunk: &Chunk| chunk.entries().iter().map(|entry| chunk.names(entry).text_len()).sum::<usize>() as u64;
    scan.chunks.iter().map(of_chunk).sum()
}

/// True if normalising does not change the path.
fn is_normal(path: &[u8]) -> bool {
    if path.is_empty() || path::without_copy(path).is_some_and(|same| same.len() == path.len()) {
        return true;
    }
    let mut normal = Vec::with_capacity(path.len());
    path::normalise(path, &mut normal);
    normal == path
}

impl Chunk {
    /// True if all names of all entries are inside the text.
    fn is_valid(&self) -> bool {
        self.entries().len() <= Self::CAPACITY && self.entries().iter().all(|entry| self.holds_names_of(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Limits;
    use crate::layer::content::ContentPolicy;
    use crate::layer::scan::scan_through;
    use crate::remark::OnDamage;
    use crate::units::Bytes;

    /// A layer with entries of most kinds.
    fn scanned() -> Scan {
        let mut builder = tar::Builder::new(Vec::new());
        let kinds = [
            (tar::EntryType::Directory, "usr/bin/", ""),
            (tar::EntryType::Regular, "usr/bin/tool", ""),
            (tar::EntryType::Link, "usr/bin/other", "usr/bin/tool"),
            (tar::EntryType::Symlink, "bin", "usr/bin"),
            (tar::EntryType::Char, "dev/null", ""),
            (tar::EntryType::Regular, ".hidden/.wh.gone", ""),
            (tar::EntryType::Regular, "etc/.wh..wh..opq", ""),
        ];
        for (kind, name, link) in kinds {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(0o644);
            let body: &[u8] = if name.ends_with("tool") { b"bytes" } else { b"" };
            header.set_size(body.len() as u64);
            if !link.is_empty() {
                header.set_link_name(link).unwrap();
            }
            builder.append_data(&mut header, name, body).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let blob = crate::blob::Blob::in_memory(bytes, "layer");
        let policy = ContentPolicy::Inspect;
        scan_through(blob, OnDamage::Fail, policy, &Budget::unlimited(), &|| false, &mut |_| ()).unwrap()
    }

    fn cache() -> (tempfile::TempDir, Cache, Identity) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        (folder, cache, Identity::Unpacked("sha256:00".to_owned()))
    }

    fn loaded(cache: &Cache, identity: &Identity) -> Option<Scan> {
        load(cache, identity, &Budget::unlimited()).unwrap()
    }

    fn record(scan: &Scan) -> Vec<u8> {
        let mut record = Vec::new();
        write(scan, &mut record).unwrap();
        record
    }

    #[test]
    fn a_cached_layer_loads_unchanged() {
        let (_folder, cache, identity) = cache();
        assert!(loaded(&cache, &identity).is_none());
        let scan = scanned();
        assert_eq!(scan.entry_count, 7);
        store(&cache, &identity, &scan, &Budget::unlimited());
        assert_eq!(format!("{:?}", loaded(&cache, &identity).unwrap()), format!("{scan:?}"));
    }

    /// Without the limit, layers that are cached would take more memory than those that are read.
    #[test]
    fn a_cached_layer_is_charged_before_it_is_parsed() {
        let (_folder, cache, identity) = cache();
        store(&cache, &identity, &scanned(), &Budget::unlimited());
        let budget = Budget::new(Limits { memory: Some(Bytes(100_000)), ..Limits::default() }, 0);
        assert_eq!(load(&cache, &identity, &budget).unwrap_err(), OverBudget::Memory { limit: 100_000 });
        assert!(loaded(&cache, &identity).is_some(), "it is kept");
        let mut record = record(&scanned());
        record[0] ^= 1;
        assert!(parse(&record, &Budget::unlimited()).unwrap().is_none(), "the charge must be right");
        // The entries are never parsed.
        record.pop();
        parse(&record, &budget).unwrap_err();
    }

    /// The budget is charged by the totals, but the memory depends on the lists.
    #[test]
    fn a_record_with_wrong_totals_is_rejected() {
        let scan = scanned();
        let parse = |scan: &Scan| super::parse(&record(scan), &Budget::unlimited()).unwrap();
        assert!(parse(&scan).is_some());
        for text_len in [0, scan.text_len + 1, usize::MAX] {
            assert!(parse(&Scan { text_len, ..scan.clone() }).is_none(), "{text_len}");
        }
        assert!(parse(&Scan { entry_count: usize::MAX, ..scan }).is_none());
    }

    /// A forged record must not extract files outside of the target folder, nor panic.
    #[test]
    fn a_forged_record_is_rejected_and_deleted() {
        let (_folder, cache, identity) = cache();
        let whole = record(&scanned());
        let keep = |bytes: &[u8]| cache.write(RecordKind::Layer, identity.digest(), |out| out.write_all(bytes));
        for at in 0..whole.len() {
            keep(&whole[..at]);
            assert!(loaded(&cache, &identity).is_none(), "cut at {at}");
            for bit in [1, 0x80] {
                let mut flipped = whole.clone();
                flipped[at] ^= bit;
                keep(&flipped);
                if let Some(scan) = loaded(&cache, &identity) {
                    let _ = crate::tree::Builder::new().apply(scan);
                }
            }
        }
        let place = whole.windows(7).position(|window| window == b"usr/bin").unwrap();
        for name in [b"../../x", b"/usr/bi", b"usr/./b", b"usr//bi"] {
            let mut wrong = whole.clone();
            wrong[place..place + 7].copy_from_slice(name);
            keep(&wrong);
            assert!(loaded(&cache, &identity).is_none(), "{name:?}");
        }
        assert!(!cache.contains(RecordKind::Layer, identity.digest()), "it would be read again and again");
    }
}
