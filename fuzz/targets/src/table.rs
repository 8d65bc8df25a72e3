//! Tables of contents: eStargz and zstd:chunked layers, and the JSON of both.

use std::fmt::Write;

use dive_model::budget::{Budget, Limits};
use dive_model::layer::is_complete;
use dive_model::layer::testing::{parse_table, scan_table};
use dive_model::layer::toc::{Toc, TocFormat, TocReference};
use dive_model::remark::OnDamage;
use sha2::{Digest, Sha256};

use crate::tar;

/// The first byte decides how the rest is read: as the JSON of a table, or as a layer with a table in either format.
pub(crate) fn run(input: &[u8]) {
    let Some((choice, bytes)) = input.split_first() else { return };
    let size = bytes.len() as u64;
    let toc = match choice % 3 {
        0 => {
            let format = if choice / 3 % 2 == 0 { TocFormat::Estargz } else { TocFormat::ZstdChunked };
            parse_table(bytes, 1 << 40).ok().map(|entries| Toc { format, entries, own: None })
        }
        1 => TocReference::stargz(&digest(b"")).and_then(|table| layer(&table, bytes)),
        _ => TocReference::chunked(&format!("0:{size}:{}:1", 1 << 20), &digest(bytes))
            .and_then(|table| layer(&table, bytes)),
    };
    let Some(toc) = toc else { return };
    let _ = (toc.weight(), is_complete(&toc));
    let scanned = scan_table(&toc, OnDamage::Remark, &Budget::new(Limits::default(), size));
    scanned.into_iter().for_each(tar::merge);
}

/// Reads the table of a layer as from a registry: first the end of the layer, then the missing part.
fn layer(table: &TocReference, bytes: &[u8]) -> Option<Toc> {
    let size = bytes.len() as u64;
    let (start, len) = table.first_part(size).ok()?;
    let part = |start: u64, len: u64| &bytes[start as usize..(start + len) as usize];
    let first = part(start, len);
    let missing = table.missing_part(first, size).ok()?;
    let missing = missing.map_or(&b""[..], |(start, len)| part(start, len));
    table.read(&[missing, first].concat(), size).map_err(|odd| assert!(!odd.0.is_empty())).ok()
}

fn digest(bytes: &[u8]) -> String {
    let mut digest = String::from("sha256:");
    Sha256::digest(bytes).iter().for_each(|byte| write!(digest, "{byte:02x}").unwrap());
    digest
}
