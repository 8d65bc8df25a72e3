#![no_main]
libfuzzer_sys::fuzz_target!(|input: &[u8]| dive_fuzz_targets::run("compose", input));
