//! Compares the tree with the slow and obvious model of the integration tests. The input seeds the random numbers from which the
//! strategy there makes an image.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{against, random};

pub(crate) fn run(input: &[u8]) {
    // Not the bytes themselves as numbers (`RngAlgorithm::PassThrough`): after their end that reads zeros, and a strategy that
    // rejects zero never ends.
    let seed: Vec<u8> = (0..4).flat_map(|part| xxh3_64_with_seed(input, part).to_le_bytes()).collect();
    let numbers = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), numbers);
    let Ok(image) = random::images().new_tree(&mut runner) else { return };
    let image = image.current();
    if let Err(error) = against::check(&image) {
        panic!("{error}\n{image:#?}");
    }
}
