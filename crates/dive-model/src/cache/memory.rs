//! Records in memory, for one run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::RecordKind;

/// Limit of all records, in bytes. The entries of a large image take some megabytes.
pub(super) const LIMIT: usize = 64 << 20;

/// Compressed records.
#[derive(Debug, Default)]
pub(super) struct MemoryRecords(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    records: HashMap<(RecordKind, String), MemoryRecord>,
    bytes: usize,
    /// Counts reads and writes.
    clock: u64,
}

#[derive(Debug)]
struct MemoryRecord {
    bytes: Arc<[u8]>,
    /// The clock at its last use.
    used: u64,
}

impl MemoryRecords {
    pub(super) fn contains(&self, kind: RecordKind, key: &str) -> bool {
        self.state().records.contains_key(&(kind, key.to_owned()))
    }

    pub(super) fn read(&self, kind: RecordKind, key: &str) -> Option<Arc<[u8]>> {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        let record = state.records.get_mut(&(kind, key.to_owned()))?;
        record.used = now;
        Some(Arc::clone(&record.bytes))
    }

    pub(super) fn remove(&self, kind: RecordKind, key: &str) {
        let mut state = self.state();
        if let Some(record) = state.records.remove(&(kind, key.to_owned())) {
            state.bytes -= record.bytes.len();
        }
    }

    /// Adds a record, and removes the least recently used ones until the rest fits.
    pub(super) fn write(&self, kind: RecordKind, key: &str, bytes: Arc<[u8]>) {
        self.remove(kind, key);
        if bytes.len() > LIMIT {
            return;
        }
        let mut state = self.state();
        while state.bytes + bytes.len() > LIMIT {
            let oldest = state.records.iter().min_by_key(|(_, record)| record.used).map(|(key, _)| key.clone());
            let Some(removed) = oldest.and_then(|key| state.records.remove(&key)) else { break };
            state.bytes -= removed.bytes.len();
        }
        state.clock += 1;
        let used = state.clock;
        state.bytes += bytes.len();
        // Another thread may have added it meanwhile.
        if let Some(replaced) = state.records.insert((kind, key.to_owned()), MemoryRecord { bytes, used }) {
            state.bytes -= replaced.bytes.len();
        }
    }

    /// Ignores poisoning: no critical section can panic halfway.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_records_make_room() {
        let records = MemoryRecords::default();
        let third: Arc<[u8]> = vec![0; LIMIT / 3].into();
        for key in ["a", "b", "c"] {
            records.write(RecordKind::Layer, key, Arc::clone(&third));
        }
        assert!(records.read(RecordKind::Layer, "a").is_some());
        records.write(RecordKind::Layer, "d", Arc::clone(&third));
        let left: Vec<_> =
            ["a", "b", "c", "d"].into_iter().filter(|key| records.contains(RecordKind::Layer, key)).collect();
        assert_eq!(left, ["a", "c", "d"]);
        records.write(RecordKind::Layer, "large", vec![0; LIMIT + 1].into());
        assert!(!records.contains(RecordKind::Layer, "large") && records.contains(RecordKind::Layer, "a"));
        for key in ["a", "c", "d"] {
            records.write(RecordKind::Layer, key, Arc::clone(&third));
            records.remove(RecordKind::Layer, key);
        }
        assert_eq!(records.state().bytes, 0);
    }
}
