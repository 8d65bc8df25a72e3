//! Completion scripts from clap, with a workaround for its fish script.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// The start of clap's fish script, which parses the line to find the command. Parsing fails while the last option has no value,
/// and then nothing is completed.
const FISH_PARSES: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    or return\n";

/// The same, with a second attempt without the last option.
const FISH_PARSES_AGAIN: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    \
                                 or argparse -s (__fish_dive_global_optspecs) -- $cmd[1..-2] 2>/dev/null\n    or return\n";

/// The completion script for a shell.
#[must_use]
pub fn completion_script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dive", &mut script);
    let script = String::from_utf8_lossy(&script);
    script.replace(FISH_PARSES, FISH_PARSES_AGAIN)
}
