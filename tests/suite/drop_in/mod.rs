//! dive's text, for the software that reads it. If one of these fails, a pipeline that parses dive's output breaks when
//! somebody replaces dive.

mod blocks;
mod document;
mod parsers;
mod words;

/// Where dive's own block begins in what CI mode prints.
#[track_caller]
fn block_of(printed: &str) -> &str {
    let at = printed.find("  Using ").unwrap_or_else(|| panic!("no block in:\n{printed}"));
    &printed[at..]
}

/// Our own part: all that precedes dive's block.
#[track_caller]
fn our_part_of(printed: &str) -> &str {
    printed.strip_suffix(block_of(printed)).expect("the block is the end")
}
