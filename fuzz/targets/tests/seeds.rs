//! Runs every target on its seeds, as the fuzzer does first. Each finding of a run becomes a seed, or a test of its module.

use std::path::PathBuf;

use dive_fuzz_targets::{TARGETS, seeds};

#[test]
fn no_target_fails_over_its_own_seeds() {
    for target in &TARGETS {
        let own = seeds::own(target.name);
        assert!(!own.is_empty(), "{}", target.name);
        for seed in &own {
            (target.run)(seed);
        }
        // The first mutations of a fuzzer: flipped bits and truncation.
        for seed in own {
            for at in (0..seed.len()).step_by(seed.len().div_ceil(16).max(1)) {
                let mut changed = seed.clone();
                changed[at] ^= 0x80;
                (target.run)(&changed);
                (target.run)(&seed[..at]);
            }
        }
    }
}

#[test]
fn no_target_fails_over_the_corpus() {
    let Some(corpus) = std::env::var_os("DIVE_CORPUS").filter(|corpus| !corpus.is_empty()).map(PathBuf::from) else {
        let is_required = std::env::var_os("DIVE_TEST_PROMISES").is_some();
        assert!(!is_required, "DIVE_CORPUS names no corpus despite DIVE_TEST_PROMISES");
        eprintln!("skipped: DIVE_CORPUS names no corpus");
        return;
    };
    let mut count = 0;
    for target in &TARGETS {
        for seed in seeds::of_corpus(target.name, &corpus) {
            (target.run)(&seed);
            count += 1;
        }
    }
    assert!(count > 500, "only {count} seeds in {}", corpus.display());
}

/// The fuzzer needs a file for each target.
#[test]
fn every_target_is_a_program_of_the_fuzzer() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    for target in &TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{}\"\npath = \"fuzz_targets/{0}.rs\"", target.name)),
            "{}",
            target.name
        );
        let code = std::fs::read_to_string(folder.join(format!("fuzz_targets/{}.rs", target.name))).unwrap();
        assert!(code.contains(&format!("dive_fuzz_targets::run(\"{}\", input)", target.name)), "{}", target.name);
    }
}
