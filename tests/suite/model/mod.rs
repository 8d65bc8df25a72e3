//! Random images compared with a slow, simple model that is written from the rules rather than from `src/tree`; and
//! damaged layers, which must end in entries, warnings or an error, never in a panic.

mod against;
mod classic;
mod damage;
mod naive;
pub(crate) mod random;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use naive::Model;
use random::{RandomEntry, What, images};

/// Former failures run first, on every machine.
fn config(cases: u32) -> ProptestConfig {
    let file = FileFailurePersistence::Direct("tests/suite/model/regressions.txt");
    ProptestConfig { cases, failure_persistence: Some(Box::new(file)), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn random_images_match_the_model(random in images()) {
        against::check(&random)?;
    }

    #[test]
    fn classic_numbers_match_dives_algorithm(mut random in images()) {
        // dive counts a hard link to itself as a path. No tool writes one, and the tree ignores it.
        loop {
            let to_itself = Model::of(&random).to_itself;
            if to_itself.is_empty() {
                break;
            }
            for (layer, path) in to_itself {
                let is_one = |entry: &RandomEntry| entry.path == path && matches!(entry.what, What::HardLink(_));
                random.0[layer].entries.retain(|entry| !is_one(entry));
            }
        }
        let opened = random.build().open();
        let ours = opened.classic();
        let files = ours.inefficient_files.iter().map(|file| {
            (String::from_utf8(opened.tree().path(file.node)).unwrap(), file.count, file.size_bytes)
        });
        let ours = classic::Numbers {
            inefficient_files: files.collect(),
            layer_sizes: ours.layer_sizes,
            efficiency: ours.efficiency,
            wasted_bytes: ours.wasted_bytes,
            user_wasted_percent: ours.user_wasted_percent,
        };
        prop_assert_eq!(ours, classic::numbers(&random));
    }
}
