//! A heap that counts: how often something asks it for memory, how much it holds at most and how much it keeps. All
//! threads count. A benchmark that has this module has this heap, and pays some nanoseconds a call for it.

use std::alloc::System;

use peakmem_alloc::{PeakMemAlloc, PeakMemAllocTrait};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// The one knows the peak, the other counts calls.
#[global_allocator]
static HEAP: PeakMemAlloc<&StatsAlloc<System>> = PeakMemAlloc::new(&INSTRUMENTED_SYSTEM);

/// What something took of the heap, beyond what was taken before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeapUse {
    /// Calls that asked for memory, or for more of it.
    pub(crate) allocations: u64,
    /// The most bytes that were held at any time.
    pub(crate) peak_bytes: u64,
    /// The bytes that are still held: those of what came out of it.
    pub(crate) kept_bytes: u64,
}

/// Does something, and tells what it took of the heap.
pub(crate) fn watch<T>(work: impl FnOnce() -> T) -> (T, HeapUse) {
    let before = INSTRUMENTED_SYSTEM.stats();
    HEAP.reset_peak_memory();
    let made = work();
    let used = INSTRUMENTED_SYSTEM.stats() - before;
    let heap_use = HeapUse {
        allocations: (used.allocations + used.reallocations) as u64,
        peak_bytes: HEAP.get_peak_memory() as u64,
        kept_bytes: used.bytes_allocated.saturating_sub(used.bytes_deallocated) as u64,
    };
    (made, heap_use)
}
