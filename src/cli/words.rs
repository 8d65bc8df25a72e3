//! Rewrites arguments before clap and errors after it, where clap's grammar is too strict: everything after `build` belongs
//! to the builder, a verb without an argument is an image, `-v` alone is the version.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Parser};

use super::Cli;
use dive_model::remark::Shown;
use dive_model::shell::shell_word;
use dive_sources::without_login;

/// Commands that are never an image. All others were image names in the Go tool dive.
const NEVER_AN_IMAGE: [&str; 5] = ["build", "completion", "config", "help", "version"];

/// The arguments as clap's `command` expects them.
pub(super) fn normalise(command: &Command, mut arguments: Vec<OsString>) -> Vec<OsString> {
    // dive's version flag, which is `--verbose` beside an image.
    if arguments.len() == 2 && arguments[1] == "-v" {
        return vec![arguments.swap_remove(0), "--version".into()];
    }
    let Some(at) = positional(command, &arguments, 1) else { return arguments };
    if arguments[at] == "build" {
        let asks_for_help = arguments.len() == at + 2 && ["-h", "--help"].iter().any(|flag| arguments[at + 1] == *flag);
        if !asks_for_help {
            arguments.insert(at + 1, "--".into());
        }
    } else if is_verb_of(command, &arguments[at]) && only_options_follow(command, &arguments, at) {
        let image = arguments.remove(at);
        arguments.extend(["--".into(), image]);
    }
    arguments
}

/// True for a command with an image argument, whose name was an image in the Go tool dive: `tree`.
#[must_use]
pub fn is_verb(word: &OsStr) -> bool {
    is_verb_of(&Cli::command(), word)
}

fn is_verb_of(command: &Command, word: &OsStr) -> bool {
    let takes_image = |verb: &Command| verb.get_positionals().any(Arg::is_required_set);
    let mut verbs = command.get_subcommands().filter(|verb| !NEVER_AN_IMAGE.contains(&verb.get_name()));
    verbs.any(|verb| word == verb.get_name() && takes_image(verb))
}

/// True if only options of `dive IMAGE` follow the word at `at`. A verb with one of its own options, or with `--help`, is a
/// command.
fn only_options_follow(command: &Command, arguments: &[OsString], at: usize) -> bool {
    let verb = arguments.get(at).and_then(|verb| command.find_subcommand(verb));
    // An option of both is the verb's: `dive init --baseline IMAGE`.
    let is_verbs =
        |argument: &str| verb.and_then(|verb| option(verb, argument)).is_some_and(|option| !option.is_global_set());
    let mut at = at + 1;
    while let Some(argument) = arguments.get(at) {
        let text = argument.to_str();
        let is_of_image = text.is_some_and(|text| option(command, text).is_some() && !is_verbs(text));
        if !is_option(argument) || !is_of_image {
            return false;
        }
        at += if takes_next(command, argument) { 2 } else { 1 };
    }
    true
}

/// The option of an argument (`--ci=false`, `-jout.json`), or the first of several letters (`-qj`).
pub(super) fn option<'a>(command: &'a Command, argument: &str) -> Option<&'a Arg> {
    let mut options = command.get_arguments();
    if let Some(long) = argument.strip_prefix("--") {
        let name = long.split('=').next().unwrap_or_default();
        return options.find(|option| has_long(option, name));
    }
    let letter = argument.strip_prefix('-')?.chars().next()?;
    options.find(|option| option.get_short() == Some(letter))
}

fn has_long(option: &Arg, name: &str) -> bool {
    option.get_long() == Some(name) || option.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
}

/// The index of the first argument, from `at` on, that is neither an option nor its value.
fn positional(command: &Command, arguments: &[OsString], mut at: usize) -> Option<usize> {
    while let Some(argument) = arguments.get(at) {
        if argument == "--" {
            return None;
        }
        if !is_option(argument) {
            return Some(at);
        }
        at += if takes_next(command, argument) { 2 } else { 1 };
    }
    None
}

/// False for `-`, which is standard input.
fn is_option(argument: &OsStr) -> bool {
    argument.len() > 1 && argument.as_encoded_bytes().starts_with(b"-")
}

/// True if the value of an option is the next argument.
pub(super) fn takes_next(command: &Command, option: &OsStr) -> bool {
    let Some(argument) = option.to_str() else { return false };
    let mut options = command.get_arguments().filter(|option| option.get_action().takes_values());
    if let Some(long) = argument.strip_prefix("--") {
        return options.any(|option| !option.is_require_equals_set() && has_long(option, long));
    }
    // Of combined letters (`-qj`), the first with a value takes the rest.
    let mut letters = argument.chars().skip(1);
    let options: Vec<_> = options.filter_map(Arg::get_short).collect();
    let wants = letters.find(|letter| options.contains(letter));
    wants.is_some() && letters.next().is_none()
}

/// Replaces clap's error for an option after a mistyped command.
pub(super) fn explain(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let context = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return error,
    };
    let Some(ContextValue::String(extra)) = error.get(context) else { return error };
    let mut command = Cli::command();
    let first = positional(&command, arguments, 1).and_then(|at| arguments[at].to_str());
    let Some(first) = first.filter(|first| command.find_subcommand(first).is_none()) else { return error };
    let Some(meant) = nearest(&command, first) else { return error };
    if extra.starts_with('-') && !has_option(&command, meant, extra) {
        return error;
    }
    let message = did_you_mean(first, meant, OsStr::new(extra));
    command.error(ErrorKind::UnknownArgument, message)
}

/// The message for a mistyped command, whose arguments would be read as images: `dive tre x`.
#[must_use]
pub fn mistyped_command(images: &[OsString]) -> Option<String> {
    let [first, second, ..] = images else { return None };
    let first = first.to_str()?;
    nearest(&Cli::command(), first).map(|meant| did_you_mean(first, meant, second))
}

fn did_you_mean(word: &str, meant: &str, argument: &OsStr) -> String {
    // Only text can have a password, and a file name may be other bytes.
    let argument = match argument.to_str() {
        Some(text) => shell_word(without_login(text).as_bytes()),
        None => shell_word(argument.as_encoded_bytes()),
    };
    format!("no command {word:?}; did you mean `dive {meant} {argument}`?")
}

/// Prints an error of clap, or the help, and exits. clap quotes arguments raw. A script may pass names from an image, and a newline in
/// one would forge a line, so such arguments are parsed again without passwords and with control characters escaped.
pub(super) fn exit_with(error: &clap::Error, arguments: &[OsString]) -> ! {
    if !error.use_stderr() {
        print_help(error);
    }
    let shown: Vec<OsString> = arguments.iter().map(|argument| shown(argument).into()).collect();
    if shown == arguments {
        error.exit();
    }
    let again = Cli::try_parse_from(&shown).err().map(|error| explain(error, &shown));
    // What is escaped could be right.
    let message = again.as_ref().map_or_else(|| "error: an argument is invalid".to_owned(), ToString::to_string);
    // Standard error is closed, so there is nowhere to report the error.
    let _ = writeln!(io::stderr(), "{}", message.trim_end());
    std::process::exit(error.exit_code())
}

/// An argument without a password, and with what a terminal obeys or hides escaped, and the start of a command that the runner of a CI
/// service would obey (`##[`).
fn shown(argument: &OsStr) -> String {
    Shown(&without_login(&argument.to_string_lossy())).to_string().replace("##", "#\\u{23}")
}

/// Prints the help or version, and exits. A closed pipe (`| head`) is not an error.
fn print_help(help: &clap::Error) -> ! {
    let code = match help.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // Standard error is closed, so there is nowhere to report the error.
            let _ = writeln!(io::stderr(), "dive: error: standard output cannot be written: {error}");
            2
        }
        _ => help.exit_code(),
    };
    std::process::exit(code)
}

/// True if the command has the option `argument`. A builder may have any option.
fn has_option(command: &Command, name: &str, argument: &str) -> bool {
    name == "build" || command.find_subcommand(name).is_some_and(|found| option(found, argument).is_some())
}

/// The command that differs from `word` by one or two letters.
fn nearest<'a>(command: &'a Command, word: &str) -> Option<&'a str> {
    let names = command.get_subcommands().map(Command::get_name);
    let near = names.map(|name| (strsim::damerau_levenshtein(name, word), name));
    let near = near.filter(|(distance, name)| *distance > 0 && *distance * 3 <= name.len());
    near.min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let kept: Vec<_> =
            normalise(&Cli::command(), arguments).iter().map(|word| word.to_string_lossy().into_owned()).collect();
        kept.join(" ")
    }

    /// `dive build --platform linux/arm64 -q .` must pass both options to the builder.
    #[test]
    fn arguments_after_build_go_to_the_builder() {
        assert_eq!(kept("dive build --platform x -q ."), "dive build -- --platform x -q .");
        assert_eq!(kept("dive --ci -j out.json build -- ."), "dive --ci -j out.json build -- -- .");
        assert_eq!(kept("dive --ci=false --source podman build"), "dive --ci=false --source podman build --");
        assert_eq!(kept("dive -qj build build ."), "dive -qj build build -- .");
        assert_eq!(kept("dive --lowest-efficiency 0.5 build -q ."), "dive --lowest-efficiency 0.5 build -- -q .");
        assert_eq!(kept("dive -c./abc build -q ."), "dive -c./abc build -- -q .");
        assert_eq!(kept("dive --source=podman -ijx build -q ."), "dive --source=podman -ijx build -- -q .");
        assert_eq!(kept("dive build --help"), "dive build --help");
        for other in ["dive", "dive build.tar", "dive tree build", "dive -c build x", "dive -- build", "dive - build"] {
            assert_eq!(kept(other), other);
        }
        let line = ["dive", "-q", "build", "--", "-c", "x", "--ci"].map(OsString::from);
        let Some(crate::cli::Command::Build { arguments }) = Cli::parse_from(line).command else { panic!("no build") };
        assert_eq!(arguments, ["-c", "x", "--ci"]);
    }

    /// In the Go tool dive, `tree` was the name of an image.
    #[test]
    fn a_verb_without_its_argument_is_an_image() {
        assert_eq!(kept("dive tree"), "dive -- tree");
        assert_eq!(kept("dive --ci tree --json x"), "dive --ci --json x -- tree");
        assert_eq!(kept("dive --source podman tree -q"), "dive --source podman -q -- tree");
        for command in [
            "dive tree x",
            "dive tree -",
            "dive tree --help",
            "dive tree --changes",
            "dive tree -- x",
            "dive init --baseline x",
            "dive cache",
            "dive config",
        ] {
            assert_eq!(kept(command), command);
        }
        assert!(is_verb(OsStr::new("tree")) && !is_verb(OsStr::new("completion")) && !is_verb(OsStr::new("cache")));
    }

    #[test]
    fn the_version_flag_works_alone() {
        assert_eq!(kept("dive -v"), "dive --version");
        assert_eq!(kept("dive -v x"), "dive -v x");
    }

    #[test]
    fn a_mistyped_command_gets_a_suggestion() {
        let command = Cli::command();
        assert_eq!(nearest(&command, "tre"), Some("tree"));
        assert_eq!(nearest(&command, "biuld"), Some("build"));
        assert_eq!(nearest(&command, "completions"), Some("completion"));
        let explained = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let error = Cli::try_parse_from(&arguments).expect_err("a word too many");
            explain(error, &arguments).to_string()
        };
        for (line, hint) in [
            ("dive buil -t x .", "did you mean `dive build -t`?"),
            ("dive tre --changes x", "did you mean `dive tree --changes`?"),
            ("dive tre --chagnes", "unexpected argument '--chagnes'"),
        ] {
            assert!(explained(line).contains(hint), "{line}: {}", explained(line));
        }
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let hint = mistyped_command(&words("tre x y")).unwrap();
        assert!(hint.contains("did you mean `dive tree x`?"), "{hint}");
        assert_eq!((mistyped_command(&words("tre")), mistyped_command(&words("alpine tre"))), (None, None));
        for image in ["alpine", "trees/app", "redis", "tree", "a"] {
            assert_eq!(nearest(&command, image), None, "{image}");
        }
    }
}
