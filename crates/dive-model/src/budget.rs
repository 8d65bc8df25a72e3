//! Limits the memory and unpacked bytes of opening one image.
//!
//! All layers and all threads share one account. They charge it before they allocate or unpack.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::units::Bytes;

const MIB: u64 = 1 << 20;

/// Default memory limit, in bytes.
pub const MEMORY: u64 = 1024 * MIB;

/// Default memory limit of an image with less than [`SMALL`] stored bytes.
pub const MEMORY_OF_SMALL: u64 = 512 * MIB;

/// Stored bytes below which an image is small.
pub const SMALL: u64 = 1_000_000;

/// Unpacked bytes allowed for any image.
pub const UNPACKED: u64 = 1024 * MIB;

/// Maximum ratio of unpacked to stored bytes. The maximum of Deflate is 1032, so gzip layers never reach it.
pub const RATIO: u64 = 1100;

/// Bytes of gzip that unpack in the time that a compressed byte takes, at most: in members of 20 bytes that unpack to nothing.
const COMPRESSED_WORK: u64 = 24;

/// Bytes of gzip that unpack in the time that an entry takes to scan, or to merge, at most.
const ENTRY_WORK: u64 = 256;

/// Bytes of gzip that unpack in the time that a byte of a document takes, at most: two for JSON, and six for a statement of a builder, whose
/// Dockerfiles are decoded and parsed.
const DOCUMENT_WORK: u64 = 8;

/// Step in which leases grow, in bytes: entries must not contend for the shared account.
const STEP: u64 = MIB;

/// Memory up to which a decoder needs no reservation, in bytes.
const SMALL_DECODER: u64 = MIB;

/// Limits set by the user. The defaults (`None`) depend on the size of the image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory, `--max-memory`.
    pub memory: Option<Bytes>,
    /// Unpacked bytes, `--max-unpacked`.
    pub unpacked: Option<Bytes>,
}

impl Limits {
    /// Maximum unpacked bytes of an image of `stored` bytes, in a compression of this [`weight`](Budget::unpack).
    #[must_use]
    pub fn unpacked_bytes(self, stored: u64, weight: u64) -> u64 {
        let by_default = || stored.saturating_mul(RATIO).max(UNPACKED).checked_div(weight).unwrap_or_default();
        self.unpacked.map_or_else(by_default, |Bytes(bytes)| bytes)
    }
}

/// An image exceeded a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// The memory limit.
    #[error("the image takes more than {} of memory; raise this limit with --max-memory SIZE", LimitText(*limit))]
    Memory {
        /// In bytes.
        limit: u64,
    },
    /// The memory limit, by the size of a listing.
    #[error(
        "the names and link targets of the image take more than {} when all are listed; raise this limit \
         with --max-memory SIZE",
        LimitText(*limit)
    )]
    Text {
        /// In bytes.
        limit: u64,
    },
    /// The limit of unpacked bytes.
    #[error(
        "it unpacks to more than {} (the limit for an image of {stored} bytes); raise it with --max-unpacked SIZE",
        LimitText(*limit)
    )]
    Unpacked {
        /// In bytes.
        limit: u64,
        /// Stored bytes of the image.
        stored: u64,
    },
    /// The limit of unpacked bytes, by the time that the compressed ones take.
    #[error(
        "its compressed data takes longer to unpack than {} of zeros (the limit for an image of {stored} bytes); raise it \
         with --max-unpacked SIZE",
        LimitText(*limit)
    )]
    Decoded {
        /// In bytes.
        limit: u64,
        /// Stored bytes of the image.
        stored: u64,
    },
}

/// Formats a limit in MiB if that is exact, otherwise like [`Bytes`].
struct LimitText(u64);

impl fmt::Display for LimitText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(MIB) { write!(f, "{} MiB", self.0 / MIB) } else { Bytes(self.0).fmt(f) }
    }
}

/// The budget of one image. Clones share the account.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    stored: u64,
    /// Memory limit, in bytes. A quarter is for decoders, the rest for leases.
    memory: u64,
    leased: AtomicU64,
    decoders: Mutex<u64>,
    decoder_ended: Condvar,
    unpacked: u64,
    /// True if the limit is the default, which counts slow compressions more.
    is_weighted: bool,
    unpacked_so_far: AtomicU64,
    /// Entries that were scanned and merged.
    entries: AtomicU64,
}

/// What reading documents takes, as [`Budget::work`] counts.
#[must_use]
pub const fn work_of_documents(bytes: u64) -> u64 {
    bytes.saturating_mul(DOCUMENT_WORK)
}

impl Budget {
    /// A budget for an image of `stored` bytes.
    #[must_use]
    pub fn new(limits: Limits, stored: u64) -> Self {
        // An image of an engine has 0 stored bytes: its size is unknown.
        let memory = if (1..SMALL).contains(&stored) { MEMORY_OF_SMALL } else { MEMORY };
        Self(Arc::new(Account {
            stored,
            memory: limits.memory.map_or(memory, |Bytes(bytes)| bytes),
            leased: AtomicU64::new(0),
            decoders: Mutex::new(0),
            decoder_ended: Condvar::new(),
            unpacked: limits.unpacked_bytes(stored, 1),
            is_weighted: limits.unpacked.is_none(),
            unpacked_so_far: AtomicU64::new(0),
            entries: AtomicU64::new(0),
        }))
    }

    /// A budget without limits, for trusted data.
    #[must_use]
    pub fn unlimited() -> Self {
        let all = Some(Bytes(u64::MAX));
        Self::new(Limits { memory: all, unpacked: all }, 0)
    }

    /// An empty lease.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { budget: Some(self.clone()), bytes: 0 }
    }

    /// Charges unpacked bytes, each of which takes as much time as `weight` bytes of gzip. The weight counts only for
    /// default limits.
    ///
    /// # Errors
    /// The image exceeds the limit of unpacked bytes.
    pub fn unpack(&self, bytes: u64, weight: u64) -> Result<(), OverBudget> {
        let weight = if self.0.is_weighted { weight } else { 1 };
        if self.charge_unpacked(bytes.saturating_mul(weight)) {
            return Ok(());
        }
        let limit = self.0.unpacked.checked_div(weight).unwrap_or_default();
        Err(OverBudget::Unpacked { limit, stored: self.0.stored })
    }

    /// Charges compressed bytes before they are decoded: data of empty members takes time, but unpacks to nothing. A limit of the user
    /// counts only what is unpacked.
    ///
    /// # Errors
    /// The image exceeds the limit of unpacked bytes.
    pub fn decode(&self, bytes: u64, weight: u64) -> Result<(), OverBudget> {
        let cost = bytes.saturating_mul(COMPRESSED_WORK).saturating_mul(weight);
        if !self.0.is_weighted || self.charge_unpacked(cost) {
            return Ok(());
        }
        Err(OverBudget::Decoded { limit: self.0.unpacked, stored: self.0.stored })
    }

    /// Returns false if the limit is exceeded.
    fn charge_unpacked(&self, cost: u64) -> bool {
        let account = &self.0;
        let before = account.unpacked_so_far.fetch_add(cost, Ordering::Relaxed);
        let fits = before.saturating_add(cost) <= account.unpacked;
        if !fits {
            // Further charges must fail, too, without overflow.
            account.unpacked_so_far.store(account.unpacked, Ordering::Relaxed);
        }
        fits
    }

    /// Counts entries that were scanned, or merged into the tree. They have no limit of their own: [`Self::work`] has them.
    pub fn count_entries(&self, entries: u64) {
        self.0.entries.fetch_add(entries, Ordering::Relaxed);
    }

    /// What reading the layers took so far, even if it failed: in bytes that gzip unpacks in the same time.
    #[must_use]
    pub fn work(&self) -> u64 {
        let entries = self.0.entries.load(Ordering::Relaxed).saturating_mul(ENTRY_WORK);
        self.0.unpacked_so_far.load(Ordering::Relaxed).saturating_add(entries)
    }

    /// Checks the size of a listing with all names and link targets, in bytes.
    ///
    /// # Errors
    /// The listing exceeds the memory limit.
    pub fn list(&self, text: u64) -> Result<(), OverBudget> {
        if text <= self.0.memory { Ok(()) } else { Err(OverBudget::Text { limit: self.0.memory }) }
    }

    /// Reserves `bytes` of memory for a decoder. Blocks until enough other decoders have ended; one decoder can always
    /// run.
    ///
    /// A thread must not hold a reservation while it requests one: two threads could deadlock.
    ///
    /// # Errors
    /// The decoder needs more than half of the memory limit.
    pub fn reserve_decoder(&self, bytes: u64) -> Result<Reservation, OverBudget> {
        if bytes <= SMALL_DECODER {
            return Ok(Reservation { budget: self.clone(), bytes: 0 });
        }
        let account = &self.0;
        if bytes > account.memory / 2 {
            return Err(OverBudget::Memory { limit: account.memory });
        }
        let mut reserved = account.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        while *reserved > 0 && reserved.saturating_add(bytes) > account.memory / 4 {
            reserved = account.decoder_ended.wait(reserved).unwrap_or_else(PoisonError::into_inner);
        }
        *reserved = reserved.saturating_add(bytes);
        Ok(Reservation { budget: self.clone(), bytes })
    }

    /// Most bytes of a cache record that is packed or unpacked: what decoders share.
    #[must_use]
    pub fn record_memory(&self) -> u64 {
        self.0.memory / 4
    }

    /// Reserves `bytes` of memory for a cache record, as [`Self::reserve_decoder`] does.
    ///
    /// # Errors
    /// The record needs more than [`Self::record_memory`].
    pub fn reserve_record(&self, bytes: u64) -> Result<Reservation, OverBudget> {
        if bytes > self.record_memory() {
            return Err(OverBudget::Memory { limit: self.0.memory });
        }
        self.reserve_decoder(bytes)
    }
}

/// Memory charged to a [`Budget`] until the lease is dropped.
#[derive(Default)]
pub struct Lease {
    budget: Option<Budget>,
    bytes: u64,
}

/// Shows no amount, so that values with a lease have equal debug output.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A clone is empty: it must grow for the copy it belongs to.
impl Clone for Lease {
    fn clone(&self) -> Self {
        Self { budget: self.budget.clone(), bytes: 0 }
    }
}

impl Lease {
    /// Leased memory, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Grows the lease to at least `bytes`, in large steps, so that it grows rarely.
    ///
    /// # Errors
    /// The image exceeds the memory limit.
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), OverBudget> {
        let Some(Budget(account)) = &self.budget else {
            self.bytes = u64::MAX;
            return Ok(());
        };
        let more = bytes.saturating_sub(self.bytes);
        let more = more.checked_next_multiple_of(STEP).unwrap_or(u64::MAX);
        let limit = account.memory.saturating_sub(account.memory / 4);
        let fits = |leased: u64| leased.checked_add(more).filter(|leased| *leased <= limit);
        match account.leased.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.bytes = self.bytes.saturating_add(more);
                Ok(())
            }
            Err(_) => Err(OverBudget::Memory { limit: account.memory }),
        }
    }

    /// Returns `bytes` to the budget.
    pub fn shrink_by(&mut self, bytes: u64) {
        if let Some(Budget(account)) = &self.budget {
            let less = bytes.min(self.bytes);
            self.bytes = self.bytes.saturating_sub(less);
            account.leased.fetch_sub(less, Ordering::Relaxed);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(Budget(account)) = &self.budget {
            account.leased.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Memory of a decoder, reserved until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: u64,
}

impl Reservation {
    /// Size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let Budget(account) = &self.budget;
            let mut reserved = account.decoders.lock().unwrap_or_else(PoisonError::into_inner);
            *reserved = reserved.saturating_sub(self.bytes);
            drop(reserved);
            account.decoder_ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_of_one_image_share_its_memory_limit() {
        let budget = Budget::new(Limits::default(), 1000);
        let (mut one, mut other) = (budget.lease(), budget.lease());
        one.grow_to(300 * MIB).unwrap();
        assert_eq!(other.grow_to(100 * MIB), Err(OverBudget::Memory { limit: MEMORY_OF_SMALL }));
        drop(one);
        other.grow_to(300 * MIB).unwrap();
        other.grow_to(384 * MIB).unwrap();
        assert!(other.grow_to(384 * MIB + 1).is_err());
    }

    #[test]
    fn unpacked_bytes_are_limited_by_stored_bytes() {
        let budget = Budget::new(Limits::default(), 10 * MIB);
        budget.unpack(10 * 1032 * MIB, 1).unwrap();
        let over = budget.unpack(1000 * MIB, 1).unwrap_err();
        assert_eq!(over, OverBudget::Unpacked { limit: 11_000 * MIB, stored: 10 * MIB });
        assert!(budget.unpack(1, 1).is_err());
        let raised = Budget::new(Limits { unpacked: Some(Bytes(5000 * MIB)), ..Limits::default() }, 10);
        raised.unpack(5000 * MIB, 8).unwrap();
        assert!(raised.unpack(1, 8).is_err());
    }

    #[test]
    fn decoders_wait_for_memory_and_one_can_always_run() {
        let budget = Budget::new(Limits::default(), 1000);
        let most = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let reserved = budget.reserve_decoder(100 * MIB).unwrap();
                    most.fetch_max(*budget.0.decoders.lock().unwrap(), Ordering::Relaxed);
                    drop(reserved);
                });
            }
        });
        assert_eq!(most.into_inner(), 100 * MIB);
        assert!(budget.reserve_decoder(200 * MIB).is_ok());
        assert!(budget.reserve_decoder(300 * MIB).is_err());
    }
}
