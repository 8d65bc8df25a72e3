//! The tree against the slow and obvious model of the integration tests. The bytes of an input are the random numbers by which the
//! strategy there makes an image.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::{against, random};

/// Numbers that an image takes, and many more. Where they end, proptest reads zeros, over which it draws some numbers for ever.
const ENOUGH: usize = 64 << 10;

/// The input, and numbers that follow from it.
fn endless(input: &[u8]) -> Vec<u8> {
    let mut state = xxh3_64(input);
    let mut numbers = input.to_vec();
    while numbers.len() < ENOUGH {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        numbers.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    numbers
}

pub(crate) fn run(input: &[u8]) {
    let numbers = TestRng::from_seed(RngAlgorithm::PassThrough, &endless(input));
    let mut runner = TestRunner::new_with_rng(Config::default(), numbers);
    let Ok(image) = random::images().new_tree(&mut runner) else { return };
    let image = image.current();
    if let Err(error) = against::check(&image) {
        panic!("{error}\n{image:#?}");
    }
}
