//! A counting allocator: number of allocations, peak and retained bytes, over all threads. It costs each allocation a
//! few nanoseconds, in the benchmarks that include this module.

use std::alloc::System;

use peakmem_alloc::{PeakMemAlloc, PeakMemAllocTrait};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// `PeakMemAlloc` tracks the peak, `StatsAlloc` the number of calls.
#[global_allocator]
static HEAP: PeakMemAlloc<&StatsAlloc<System>> = PeakMemAlloc::new(&INSTRUMENTED_SYSTEM);

/// Heap use of one operation, relative to the heap before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeapUse {
    /// Allocations and reallocations.
    pub(crate) allocations: u64,
    /// Peak bytes.
    pub(crate) peak_bytes: u64,
    /// Bytes still allocated afterwards: those of the result.
    pub(crate) kept_bytes: u64,
}

/// Runs `work` and measures its heap use.
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
