//! The command `dive`: parse, run, exit code.

fn main() {}
