//! Parsers of cache records and tables of contents, without a cache or a layer, for fuzz targets.

use std::io;

use super::listed;
use super::record;
use super::scan::{Scan, ScanError};
use super::toc::{self, Toc, TocEntry, TocError};
use crate::budget::Budget;
use crate::remark::OnDamage;

/// Parses a record of the cache; `None` if no layer could have these entries.
#[must_use]
pub fn parse_record(record: &[u8]) -> Option<Scan> {
    record::parse(record, &Budget::unlimited()).ok()?
}

/// Serializes the entries of a layer as a record.
///
/// # Errors
/// The entries cannot be serialized.
pub fn write_record(scan: &Scan) -> io::Result<Vec<u8>> {
    let mut record = Vec::new();
    record::write(scan, &mut record)?;
    Ok(record)
}

/// Parses the JSON of a table of contents, for a layer of `size` bytes.
///
/// # Errors
/// The table is malformed.
pub fn parse_table(json: &[u8], size: u64) -> Result<Vec<TocEntry>, TocError> {
    toc::parse_table(json, size)
}

/// Lists a layer by its table of contents.
///
/// # Errors
/// As [`scan`](super::scan::scan).
pub fn scan_table(toc: &Toc, on_damage: OnDamage, budget: &Budget) -> Result<Scan, ScanError> {
    listed::scan(toc, on_damage, budget)
}
