//! What opening one image may cost this machine, whatever the image says of itself: one account of memory and one of unpacked
//! bytes for all of its layers and for all threads that read them. Both are charged before they grow.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::units::Bytes;

const MIB: u64 = 1 << 20;

/// The memory of an image, without a limit from the user.
pub const MEMORY: u64 = 1024 * MIB;

/// The memory of an image that takes less than [`SMALL`] bytes as it is stored.
pub const MEMORY_OF_SMALL: u64 = 512 * MIB;

/// Bytes below which an image is small.
pub const SMALL: u64 = 1_000_000;

/// What any image may unpack to, however small it is.
pub const UNPACKED: u64 = 1024 * MIB;

/// How many times its stored bytes an image may unpack to. Deflate reaches 1032 at most, so no gzip layer comes near.
pub const RATIO: u64 = 1100;

/// Leases grow by so many bytes: the account is shared, and an entry must not touch it.
const STEP: u64 = MIB;

/// A decoder that takes no more than this needs no reservation.
const SMALL_DECODER: u64 = MIB;

/// Limits from the user; `None` for the defaults, which depend on the size of the image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Memory: `--max-memory`.
    pub memory: Option<Bytes>,
    /// Unpacked bytes: `--max-unpacked`.
    pub unpacked: Option<Bytes>,
}

impl Limits {
    /// What an image of `stored` bytes may unpack to, in a compression of this [`weight`](Budget::unpack).
    #[must_use]
    pub fn unpacked_bytes(self, stored: u64, weight: u64) -> u64 {
        self.unpacked.map_or_else(|| stored.saturating_mul(RATIO).max(UNPACKED) / weight, |Bytes(bytes)| bytes)
    }
}

/// An image that asks for more than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverBudget {
    /// Memory.
    #[error("the image takes more than {} of memory, the limit; --max-memory SIZE raises it", Limit(*limit))]
    Memory {
        /// In bytes.
        limit: u64,
    },
    /// Text that a listing would write.
    #[error(
        "the names and link targets of the image take more than {} when all are listed, the limit; --max-memory SIZE \
         raises it",
        Limit(*limit)
    )]
    Text {
        /// In bytes.
        limit: u64,
    },
    /// Unpacked bytes.
    #[error(
        "it unpacks to more than {}, the limit for an image of {stored} bytes; --max-unpacked SIZE raises it",
        Limit(*limit)
    )]
    Unpacked {
        /// In bytes.
        limit: u64,
        /// The stored bytes of the image.
        stored: u64,
    },
}

/// A limit in the unit in which it is a whole number.
struct Limit(u64);

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(MIB) { write!(f, "{} MiB", self.0 / MIB) } else { Bytes(self.0).fmt(f) }
    }
}

/// The account of one image. A clone is another handle on the same account.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    stored: u64,
    /// The limit that messages name. A quarter of it is for decoders, the rest for what is kept.
    memory: u64,
    kept: AtomicU64,
    decoders: Mutex<u64>,
    decoder_ended: Condvar,
    unpacked: u64,
    /// Whether the limit is the default, in which slow compressions count more.
    is_weighted: bool,
    unpacked_so_far: AtomicU64,
}

impl Budget {
    /// The account of an image that takes `stored` bytes.
    #[must_use]
    pub fn new(limits: Limits, stored: u64) -> Self {
        // Nothing is known of an image of 0 bytes: an engine told of it.
        let memory = if (1..SMALL).contains(&stored) { MEMORY_OF_SMALL } else { MEMORY };
        Self(Arc::new(Account {
            stored,
            memory: limits.memory.map_or(memory, |Bytes(bytes)| bytes),
            kept: AtomicU64::new(0),
            decoders: Mutex::new(0),
            decoder_ended: Condvar::new(),
            unpacked: limits.unpacked_bytes(stored, 1),
            is_weighted: limits.unpacked.is_none(),
            unpacked_so_far: AtomicU64::new(0),
        }))
    }

    /// An account without limits, for bytes that are trusted.
    #[must_use]
    pub fn unlimited() -> Self {
        let all = Some(Bytes(u64::MAX));
        Self::new(Limits { memory: all, unpacked: all }, 0)
    }

    /// A lease of memory, still empty.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { budget: Some(self.clone()), held: 0 }
    }

    /// Charges bytes that were unpacked, each of which took as much time as `weight` bytes of gzip. The weight counts only
    /// where the user set no limit.
    ///
    /// # Errors
    /// If the image unpacks to more than it may.
    pub fn unpack(&self, bytes: u64, weight: u64) -> Result<(), OverBudget> {
        let weight = if self.0.is_weighted { weight } else { 1 };
        self.charge_unpacked(bytes.saturating_mul(weight), weight)
    }

    fn charge_unpacked(&self, cost: u64, weight: u64) -> Result<(), OverBudget> {
        let account = &self.0;
        let before = account.unpacked_so_far.fetch_add(cost, Ordering::Relaxed);
        if before.saturating_add(cost) <= account.unpacked {
            return Ok(());
        }
        // Further charges must fail as well, and not overflow.
        account.unpacked_so_far.store(account.unpacked, Ordering::Relaxed);
        Err(OverBudget::Unpacked { limit: account.unpacked / weight, stored: account.stored })
    }

    /// Checks the bytes that a listing of all names and link targets would write.
    ///
    /// # Errors
    /// If they are more than the image may have memory.
    pub fn list(&self, text: u64) -> Result<(), OverBudget> {
        if text <= self.0.memory { Ok(()) } else { Err(OverBudget::Text { limit: self.0.memory }) }
    }

    /// Reserves `bytes` of memory for a decoder, once as many others have ended as it takes. One decoder may always run.
    ///
    /// A thread must hold no reservation while it asks for one: two could wait for each other.
    ///
    /// # Errors
    /// If it is more than any decoder of the image may take.
    pub fn reserve_decoder(&self, bytes: u64) -> Result<Reservation, OverBudget> {
        if bytes <= SMALL_DECODER {
            return Ok(Reservation { budget: self.clone(), bytes: 0 });
        }
        let account = &self.0;
        if bytes > account.memory / 2 {
            return Err(OverBudget::Memory { limit: account.memory });
        }
        let mut held = account.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        while *held > 0 && held.saturating_add(bytes) > account.memory / 4 {
            held = account.decoder_ended.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held += bytes;
        Ok(Reservation { budget: self.clone(), bytes })
    }
}

/// Memory that is charged to a [`Budget`] until the lease is dropped.
#[derive(Default)]
pub struct Lease {
    budget: Option<Budget>,
    held: u64,
}

/// What is leased says nothing of what it is leased for.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

/// A clone charges nothing: it starts empty, and grows for the copy it belongs to.
impl Clone for Lease {
    fn clone(&self) -> Self {
        Self { budget: self.budget.clone(), held: 0 }
    }
}

impl Lease {
    /// What may be used without asking again, in bytes.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Charges what is missing for `bytes` in all, and some more, so that this is rarely called.
    ///
    /// # Errors
    /// If the image takes more memory than it may.
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), OverBudget> {
        let Some(Budget(account)) = &self.budget else {
            self.held = u64::MAX;
            return Ok(());
        };
        let more = bytes.saturating_sub(self.held).next_multiple_of(STEP);
        let limit = account.memory - account.memory / 4;
        let fits = |kept: u64| kept.checked_add(more).filter(|kept| *kept <= limit);
        match account.kept.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.held += more;
                Ok(())
            }
            Err(_) => Err(OverBudget::Memory { limit: account.memory }),
        }
    }

    /// Gives back what is not used any longer.
    pub fn shrink_by(&mut self, bytes: u64) {
        if let Some(Budget(account)) = &self.budget {
            let less = bytes.min(self.held);
            self.held -= less;
            account.kept.fetch_sub(less, Ordering::Relaxed);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(Budget(account)) = &self.budget {
            account.kept.fetch_sub(self.held, Ordering::Relaxed);
        }
    }
}

/// Memory of a decoder, until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: u64,
}

impl Reservation {
    /// Its size in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let Budget(account) = &self.budget;
            *account.decoders.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
            account.decoder_ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_of_one_image_share_its_memory_until_they_are_dropped() {
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
    fn what_an_image_unpacks_to_is_bounded_by_what_it_stores() {
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
    fn decoders_wait_for_each_other_and_one_can_always_run() {
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
