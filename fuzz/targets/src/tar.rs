//! The tar of a layer: all scans agree, no damage is silent, and the entries can be merged.

use dive_model::analysis::Analysis;
use dive_model::budget::{Budget, Limits};
use dive_model::compression::{Compression, sniff};
use dive_model::layer::content::{ContentPolicy, PlainLayers};
use dive_model::layer::scan::{scan_through, scan_within};
use dive_model::layer::{Scan, ScanError};
use dive_model::remark::OnDamage;
use dive_model::tree::Builder;

pub(crate) fn run(input: &[u8]) {
    let budget = || Budget::new(Limits::default(), input.len() as u64);
    let passed_over = |on_damage| scan_within(input, on_damage, ContentPolicy::Inspect, &budget(), &|| false);
    let read = |on_damage| scan_through(input, on_damage, ContentPolicy::Inspect, &budget(), &|| false, &mut |_| ());
    let strict = passed_over(OnDamage::Fail);
    let lenient = passed_over(OnDamage::Remark);
    compare(&strict, &lenient);
    let strict_read = read(OnDamage::Fail);
    let lenient_read = read(OnDamage::Remark);
    compare(&strict_read, &lenient_read);
    if sniff(&input[..input.len().min(512)]) == Compression::None {
        assert_eq!(strict.is_ok(), strict_read.is_ok(), "{:?} and {:?}", strict.err(), strict_read.err());
        if let (Ok(one), Ok(other)) = (&lenient, &lenient_read) {
            assert_eq!((one.entry_count, one.size_bytes), (other.entry_count, other.size_bytes));
            assert_eq!(one.remarks.kept, other.remarks.kept);
        }
    }
    lenient.into_iter().for_each(merge);
}

/// Compares a strict scan with a lenient one, which must report the damage that ends the strict one.
fn compare(strict: &Result<Scan, ScanError>, lenient: &Result<Scan, ScanError>) {
    match (strict, lenient) {
        (Ok(strict), Ok(lenient)) => {
            assert_eq!(strict.entry_count, lenient.entry_count);
            assert_eq!(strict.remarks.kept, lenient.remarks.kept);
        }
        (Err(error), Ok(lenient)) => {
            assert!(!error.to_string().is_empty());
            assert!(lenient.damaged && !lenient.remarks.kept.is_empty(), "a silent loss: {error}");
        }
        (Ok(_), Err(error)) => panic!("only the lenient scan failed: {error}"),
        (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
    }
}

/// Merges the entries: a crafted layer must not break the steps after the scan either.
pub(crate) fn merge(scan: Scan) {
    let mut builder = Builder::new();
    if builder.apply(scan).is_ok()
        && let Ok(tree) = builder.finish(&PlainLayers::default())
    {
        let _ = (Analysis::of(&tree), tree.change_counts());
    }
}
