//! Completion scripts from clap, with workarounds for three of its scripts.

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// The completion script for a shell.
#[must_use]
pub fn completion_script(shell: Shell) -> String {
    let mut command = Cli::command();
    command.build();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut completed(&command), "dive", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => script.replace(BASH_PREVIOUS, BASH_PREVIOUS_OR_OPTION),
        Shell::Fish => script.replace(FISH_PARSES, FISH_PARSES_AGAIN),
        Shell::Zsh => with_images(&script),
        _ => script,
    }
}

/// What is completed of a built command: clap's scripts also offer hidden options.
///
/// Without the images of `dive IMAGE`, since clap's zsh script takes the command for one of them: see [`with_images`]. The other
/// scripts do not use positional arguments without a list of values.
fn completed(command: &Command) -> Command {
    let has_commands = command.has_subcommands();
    let is_left_out = |argument: &Arg| argument.is_hide_set() || has_commands && argument.is_positional();
    let arguments = command.get_arguments().filter(|argument| !is_left_out(argument));
    Command::new(command.get_name().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"))
        // A built command has these already.
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        // A built command has its own copies of global options.
        .args(arguments.map(|argument| argument.clone().global(false)))
        .subcommands(command.get_subcommands().map(completed))
}

/// The line of clap's bash script with the word before the cursor.
const BASH_PREVIOUS: &str = "    prev=\"$3\"\n";

/// The same for `--source=podman`, which bash splits at `=`.
const BASH_PREVIOUS_OR_OPTION: &str = "    prev=\"$3\"\n    \
                                       if [[ \"$prev\" == \"=\" && COMP_CWORD -ge 2 ]]; then prev=\"${COMP_WORDS[COMP_CWORD - 2]}\"; fi\n";

/// The start of clap's fish script, which parses the line to find the command. Parsing fails while the last option has no value,
/// and then nothing is completed.
const FISH_PARSES: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    or return\n";

/// The same, with a second attempt without the last option.
const FISH_PARSES_AGAIN: &str = "    argparse -s (__fish_dive_global_optspecs) -- $cmd 2>/dev/null\n    \
                                 or argparse -s (__fish_dive_global_optspecs) -- $cmd[1..-2] 2>/dev/null\n    or return\n";

/// The zsh script with images: the first word is a command or an image, and after an image come options and more images.
fn with_images(script: &str) -> String {
    const OPTIONS: &str = "_arguments \"${_arguments_options[@]}\" : \\\n";
    const COMMANDS: &str = "\":: :_dive_commands\" \\\n";
    const COMMANDS_OR_IMAGES: &str = "\":: :{_dive_commands; _files}\" \\\n";
    const END_OF_COMMANDS: &str = "        esac\n    ;;\nesac\n}\n";
    // The options of `dive` itself are the first of the script, and its commands follow them.
    let own_options = script.split_once(OPTIONS).and_then(|(_, rest)| rest.split_once(COMMANDS)).unwrap_or_default().0;
    let after_image = format!("(*)\n{OPTIONS}{own_options}'*:IMAGE:_files' \\\n&& ret=0\n;;\n{END_OF_COMMANDS}");
    // Only the outermost choice of commands ends a function, so this is found once.
    script.replace(COMMANDS, COMMANDS_OR_IMAGES).replace(END_OF_COMMANDS, &after_image)
}
