//! Compares the tree of a random image with the slow, simple model of the integration tests. The input seeds the random
//! numbers.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{against, random};

pub(crate) fn run(input: &[u8]) {
    // Do not use the bytes as the numbers (`RngAlgorithm::PassThrough`): after their end it returns zeros, and a strategy that
    // rejects zero would never end.
    let seed: Vec<u8> = (0..4).flat_map(|part| xxh3_64_with_seed(input, part).to_le_bytes()).collect();
    let numbers = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), numbers);
    let Ok(image) = random::images().new_tree(&mut runner) else { return };
    let image = image.current();
    if let Err(error) = against::check(&image) {
        panic!("{error}\n{image:#?}");
    }
}
