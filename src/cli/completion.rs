//! Completion scripts from clap, with a workaround for its fish script.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// What clap's script for fish asks first: which command the line has. It parses the line, which fails while the last option has
/// no value yet, and then nothing is offered, the option's values least of all.
const FISH_PARSES: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    or return\n";

/// The same, and once more without that option.
const FISH_PARSES_AGAIN: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    \
                                 or argparse -s (__fish_dive_global_optspecs) -- $cmd[1..-2] 2>/dev/null\n    or return\n";

/// The script that completes `dive` in a shell.
#[must_use]
pub fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dive", &mut script);
    let script = String::from_utf8_lossy(&script);
    script.replace(FISH_PARSES, FISH_PARSES_AGAIN)
}
