//! The commands of a RUN. A small reading of shell, for advice and not for execution: it knows quotes, separators and comments,
//! but neither variables nor substitutions.

use crate::image::{BuildInstruction, Keyword, exec_form};
use crate::shell::shell_word;

impl BuildInstruction<'_> {
    /// The commands of a RUN; none for other instructions.
    pub(super) fn commands(self) -> Vec<ShellCommand> {
        match exec_form(self.text) {
            _ if self.keyword != Keyword::Run => Vec::new(),
            Some(words) => started(&words).unwrap_or_default(),
            None => commands_with_inner(self.text),
        }
    }
}

/// A command of a script: its words without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShellCommand {
    pub(super) words: Vec<String>,
}

/// Bytes of a script that is read. Each command takes a hundred times its text, and only a hostile script is longer.
const MAX_SCRIPT: usize = 64 << 10;

/// The programs that words in exec form start, also through a shell: `["sh", "-c", "exec go run ."]`. `None` for a script that is too
/// long to read.
pub(super) fn started(command: &[String]) -> Option<Vec<ShellCommand>> {
    match script_of(command) {
        Some(script) => (script.len() <= MAX_SCRIPT).then(|| commands_with_inner(script)),
        None => Some(vec![ShellCommand { words: command.to_vec() }]),
    }
}

/// The script of `["/bin/bash", "-eo", "pipefail", "-c", "make"]`.
pub(super) fn script_of(command: &[String]) -> Option<&str> {
    let (_, options) = command.split_first().filter(|(shell, _)| shell.ends_with("sh"))?;
    let is_last = |option: &String| {
        option.strip_prefix('-').is_some_and(|letters| !letters.starts_with('-') && letters.contains('c'))
    };
    let has_options = options.first()?.starts_with(['-', '+']);
    let at = options.iter().position(is_last).filter(|_| has_options)?;
    options.get(at.saturating_add(1)).map(String::as_str)
}

/// True if `&& command` can follow a script: not behind a comment, an open quote or an operator, and not in a list of lines (a
/// here-document).
pub(super) fn is_continuable(script: &str) -> bool {
    let script = script.trim_end();
    let (mut quote, mut is_escaped, mut before) = (None, false, ' ');
    for letter in script.chars() {
        match (quote, letter) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '\n') => return false,
            (None, '#') if before.is_whitespace() || ";&|(".contains(before) => return false,
            _ => {}
        }
        before = letter;
    }
    let is_operator = script.ends_with([';', '&', '|', '\\', '(', '{']);
    let is_open = quote.is_some() || is_escaped || is_operator || script.contains("<<") || script.is_empty();
    !is_open && script_end(script).is_none()
}

/// How a script ends its shell, so that nothing after it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScriptEnd {
    /// `exit 0`
    Exit,
    /// `exec program`
    Exec,
}

/// The last command of a script, if it ends the shell. `make || exit 1` does so only if it fails.
pub(super) fn script_end(script: &str) -> Option<ScriptEnd> {
    let script = script.trim_end();
    let may_end = (script.contains("exit") || script.contains("exec")) && !script.ends_with(')');
    if !may_end || script.len() > MAX_SCRIPT {
        return None;
    }
    let operator = script.rfind([';', '&', '|', '\n']);
    if operator.and_then(|at| script.get(..=at)).is_some_and(|before| before.ends_with("||")) {
        return None;
    }
    let commands = commands(script);
    let words = &commands.last()?.words;
    match words.first()?.as_str() {
        "exit" => Some(ScriptEnd::Exit),
        // `exec > log` runs nothing.
        "exec" if words.get(1).is_some_and(|word| !word.contains(['<', '>'])) => Some(ScriptEnd::Exec),
        _ => None,
    }
}

/// Length of a command that advice repeats, in bytes.
const MAX_REPEATED: usize = 200;

/// Words before the name of a command.
const PREFIXES: [&str; 13] =
    ["sudo", "env", "exec", "command", "time", "nice", "nohup", "xargs", "if", "then", "do", "else", "!"];

impl ShellCommand {
    /// The words from the name of the program on, without variables and words like `sudo` before it.
    pub(super) fn program(&self) -> &[String] {
        let mut follows_xargs = false;
        let is_before = |word: &&String| {
            if follows_xargs && word.starts_with('-') {
                return true;
            }
            follows_xargs = *word == "xargs";
            let is_variable = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            });
            is_variable || PREFIXES.contains(&word.as_str()) || ["(", "{"].contains(&word.as_str())
        };
        let start = self.words.iter().take_while(is_before).count();
        self.words.get(start..).unwrap_or_default()
    }

    /// The commands of the script that it gives a shell, with the same words before each; otherwise itself.
    fn inner(self) -> Vec<Self> {
        let program = self.program();
        let Some(script) = script_of(program) else { return vec![self] };
        let before = self.words.get(..self.words.len().saturating_sub(program.len())).unwrap_or_default();
        let with_before = |inner: Self| Self { words: [before, &inner.words].concat() };
        commands(script).into_iter().map(with_before).collect()
    }

    /// The name of the program, without its directory.
    pub(super) fn name(&self) -> &str {
        self.program().first().map_or("", |word| word.rsplit('/').next().unwrap_or(word))
    }

    /// The words after the name.
    pub(super) fn arguments(&self) -> &[String] {
        self.program().get(1..).unwrap_or_default()
    }

    /// The words from the name of the program on, to write them elsewhere. `None` for a long command, and for one with a variable,
    /// a substitution or a redirection, which means something else there.
    pub(super) fn plain(&self) -> Option<String> {
        let words = self.program();
        let is_plain = |word: &String| shell_word(word.as_bytes()) == *word;
        let length = words.iter().map(|word| word.len().saturating_add(1)).fold(0, usize::saturating_add);
        (length <= MAX_REPEATED && words.iter().all(is_plain)).then(|| words.join(" "))
    }

    /// True if a word after the name is this one.
    pub(super) fn has(&self, word: &str) -> bool {
        self.arguments().iter().any(|argument| argument == word)
    }

    /// True if the program has one of these names.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name())
    }
}

/// Shells in shells that are read.
const MAX_DEPTH: usize = 3;

/// The commands of a script, and instead of those that start a shell, the commands of its script: `sudo bash -c 'make > log'` is
/// `sudo make > log`.
fn commands_with_inner(script: &str) -> Vec<ShellCommand> {
    let mut found = commands(script);
    for _ in 0..MAX_DEPTH {
        if !found.iter().any(|command| script_of(command.program()).is_some()) {
            break;
        }
        found = found.into_iter().flat_map(ShellCommand::inner).collect();
    }
    found
}

/// Splits a script into commands: at `;`, `&`, `|` and line ends outside of quotes, and at parentheses.
fn commands(script: &str) -> Vec<ShellCommand> {
    let mut commands = Vec::new();
    let mut words: Vec<String> = Vec::new();
    // `None` between words: `''` is a word, too.
    let mut word: Option<String> = None;
    let mut letters = script.chars().peekable();
    let mut quote: Option<char> = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None | Some('"'), '\\') => match letters.next() {
                // A continued line.
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while letters.next_if(|letter| *letter != '\n').is_some() {},
            (None, ';' | '&' | '|' | '\n' | '(' | ')') => {
                words.extend(word.take());
                end_command(&mut words, &mut commands);
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    end_command(&mut words, &mut commands);
    commands
}

fn end_command(words: &mut Vec<String>, commands: &mut Vec<ShellCommand>) {
    if !words.is_empty() {
        commands.push(ShellCommand { words: std::mem::take(words) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Vec<String> {
        commands(script).iter().map(|command| command.words.join(" ")).collect()
    }

    #[test]
    fn scripts_are_split_into_commands() {
        assert_eq!(words("a b && c 'd; e' || f \"g | h\"; i"), ["a b", "c d; e", "f g | h", "i"]);
        assert_eq!(words("a \\\n  b\nc # d; e\nf"), ["a b", "c", "f"]);
        assert_eq!(words("(cd x && y) > z"), ["cd x", "y", "> z"]);
        assert_eq!(words("echo a#b '' \"\" 'it'\"'\"'s'"), ["echo a#b   it's"]);
        assert_eq!(words(" ;; && "), [""; 0]);
        assert_eq!(words("a 'open"), ["a open"]);
    }

    #[test]
    fn a_command_follows_a_script_but_no_comment_and_no_list_of_lines() {
        for script in [
            "make || exit 1",
            "exec > log; make",
            "exit 0 || make",
            "make",
            "a && b 'c # d'",
            "a#b",
            "if a; then b; fi",
            "a \\\n && b",
            "a || true",
        ] {
            assert!(is_continuable(script), "{script}");
        }
        for script in [
            "make; exit 0",
            "a && exec make x",
            "exit",
            "a # b",
            "a;# b",
            "#a",
            "a\nb\n#",
            "<<EOF (a...)",
            "a;",
            "a &",
            "a |",
            "a 'b",
            "a \\",
            "",
        ] {
            assert!(!is_continuable(script), "{script}");
        }
    }

    #[test]
    fn words_before_a_program_are_skipped() {
        let first = |script: &str| commands(script)[0].name().to_owned();
        assert_eq!(first("DEBIAN_FRONTEND=noninteractive sudo /usr/bin/apt-get install x"), "apt-get");
        assert_eq!(first("if apt-get update; then :; fi"), "apt-get");
        assert_eq!(first("=x"), "=x");
        assert_eq!(first("xargs -r -0 apt-get install -y"), "apt-get");
    }

    #[test]
    fn shells_in_a_script_are_their_commands() {
        let words = |script: &str| -> Vec<String> {
            commands_with_inner(script).iter().map(|command| command.words.join(" ")).collect()
        };
        assert_eq!(words("sudo bash -ec 'a > b && c'; d"), ["sudo a > b", "sudo c", "d"]);
        assert_eq!(words(r#"sh -c "bash -c 'a; b'""#), ["a", "b"]);
        assert_eq!(words("sh script -c x; bash -c"), ["sh script -c x", "bash -c"]);
        assert_eq!(script_end("bash -c 'exit 0'"), None, "the outer shell goes on");
    }
}
