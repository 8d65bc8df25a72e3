//! Cache records of layers: forged bytes are refused, or give entries that a layer could have.

use dive_model::layer::testing::{parse_record, write_record};

use crate::tar;

pub(crate) fn run(input: &[u8]) {
    let Some(scan) = parse_record(input) else { return };
    let again = write_record(&scan).unwrap();
    let same = parse_record(&again).expect("what was read once is read again");
    assert_eq!(format!("{scan:?}"), format!("{same:?}"));
    tar::merge(scan);
}
