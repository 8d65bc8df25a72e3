//! Damaged layers: random bytes, and valid layers with bytes changed, cut or repeated.

use dive_model::analysis::Analysis;
use dive_model::layer::content::PlainLayers;
use dive_model::layer::scan::scan;
use dive_model::remark::OnDamage;
use dive_model::tree::Builder;
use proptest::prelude::*;
use proptest::sample::Index;

use super::random::layers;

/// A change to a layer's bytes.
#[derive(Debug, Clone)]
enum Damage {
    /// Replaces one byte.
    Byte(Index, u8),
    /// Replaces one byte of a tar header and corrects its checksum, as a hostile builder can.
    Header { block: Index, at: usize, byte: u8 },
    /// Replaces a size field.
    Size(Index, u64),
    /// Removes the rest.
    Cut(Index),
    /// Appends a piece of the layer itself.
    Repeat(Index, Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Byte(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Header { block, at, byte } => with_header(bytes, *block, |header| header[*at] = *byte),
            Self::Size(block, size) => with_header(bytes, *block, |header| {
                header[124..136].fill(0);
                header[124] = 0x80;
                header[128..136].copy_from_slice(&size.to_be_bytes());
            }),
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(from, to) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                bytes.extend_from_within(from.min(to)..from.max(to));
            }
        }
    }
}

fn with_header(bytes: &mut [u8], block: Index, change: impl FnOnce(&mut [u8])) {
    let count = bytes.len() / 512;
    if count == 0 {
        return;
    }
    let block = block.index(count) * 512;
    let header = &mut bytes[block..block + 512];
    change(header);
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn damages() -> impl Strategy<Value = Damage> {
    // Header fields for name, numbers, type and link.
    let field = prop_oneof![0usize..10, 100usize..148, Just(156usize), 157usize..167, 257usize..265, 329usize..345];
    let size = prop_oneof![any::<u64>(), Just(u64::MAX), Just(u64::MAX / 2), Just(1 << 62), 0u64..2048];
    prop_oneof![
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        4 => (any::<Index>(), field, prop_oneof![any::<u8>(), Just(0), b'0'..b'8', Just(b'x'), Just(b'L'), Just(b'S')])
            .prop_map(|(block, at, byte)| Damage::Header { block, at, byte }),
        2 => (any::<Index>(), size).prop_map(|(block, size)| Damage::Size(block, size)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

proptest! {
    #![proptest_config(super::config(1500))]

    #[test]
    fn random_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        survives(&bytes)?;
    }

    #[test]
    fn damaged_layer_is_reported_without_panic(
        layer in layers(),
        damages in prop::collection::vec(damages(), 1..4),
    ) {
        let mut bytes = layer.build().blob();
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        survives(&bytes)?;
    }
}

fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let strict = scan(bytes, OnDamage::Fail, &|| false);
    let lenient = scan(bytes, OnDamage::Remark, &|| false);
    match (strict, lenient) {
        (Ok(strict), Ok(lenient)) => {
            prop_assert_eq!(strict.entry_count, lenient.entry_count);
            prop_assert_eq!(&strict.remarks.kept, &lenient.remarks.kept);
            analyse(lenient);
        }
        (Err(error), Ok(lenient)) => {
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(!lenient.remarks.kept.is_empty(), "no warning for: {}", error);
            analyse(lenient);
        }
        (strict, Err(_)) => prop_assert!(strict.is_err(), "only the lenient scan failed"),
    }
    Ok(())
}

/// A crafted layer must not break the steps after the scan either.
fn analyse(scan: dive_model::layer::Scan) {
    let mut builder = Builder::new();
    builder.apply(scan).unwrap();
    let tree = builder.finish(&PlainLayers::default()).unwrap();
    let _ = (Analysis::of(&tree), tree.change_counts());
}
