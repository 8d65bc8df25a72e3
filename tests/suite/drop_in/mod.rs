//! Compatibility with software that parses dive's output. A failure means that a pipeline breaks when a user replaces
//! dive.

mod blocks;
mod document;
mod parsers;
mod words;

/// The part of the CI output that starts with dive's block.
#[track_caller]
fn block_of(printed: &str) -> &str {
    let at = printed.find("  Using ").unwrap_or_else(|| panic!("no block in:\n{printed}"));
    &printed[at..]
}

/// The part of the CI output before dive's block.
#[track_caller]
fn our_part_of(printed: &str) -> &str {
    printed.strip_suffix(block_of(printed)).expect("the block ends the output")
}
