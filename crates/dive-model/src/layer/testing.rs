//! Parsers of untrusted bytes without the cache or layer around them, for fuzz targets.

use super::listed;
use super::record;
use super::scan::{Scan, ScanError};
use super::toc::{self, Toc, TocEntry, TocError};
use crate::budget::Budget;
use crate::remark::OnDamage;

/// The entries in a record of the cache; `None` if no layer could have them.
#[must_use]
pub fn parse_record(record: &[u8]) -> Option<Scan> {
    record::parse(record)
}

/// The record of a layer's entries.
///
/// # Errors
/// If the entries cannot be serialized.
pub fn write_record(scan: &Scan) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(scan)
}

/// The entries of a table of contents, by its JSON, for a layer of `size` bytes.
///
/// # Errors
/// If the table is not as its format wants it.
pub fn parse_table(json: &[u8], size: u64) -> Result<Vec<TocEntry>, TocError> {
    toc::parse_table(json, size)
}

/// The entries of a layer by its table of contents.
///
/// # Errors
/// As [`scan`](super::scan::scan).
pub fn scan_table(toc: &Toc, on_damage: OnDamage, budget: &Budget) -> Result<Scan, ScanError> {
    listed::scan(toc, on_damage, budget)
}
