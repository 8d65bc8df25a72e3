//! The instruction that made a layer, from the text in the history, and the commands of a RUN. A small reading of shell, for
//! advice and not for execution: it knows quotes, separators and comments, but neither variables nor substitutions.

use crate::shell::shell_word;

/// Bytes of an instruction that are read. Only a hostile configuration has longer ones.
const MAX_INSTRUCTION: usize = 64 << 10;

/// The kind of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Run,
    Copy,
    Add,
    /// Another one, or an unknown builder's text.
    Other,
}

/// An instruction in the history of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BuildInstruction<'a> {
    pub(super) keyword: Keyword,
    /// Text after the keyword; for RUN, the script without its shell.
    pub(super) text: &'a str,
}

impl<'a> BuildInstruction<'a> {
    /// Parses the text of `BuildKit`, Docker's classic builder, Buildah or kaniko.
    pub(super) fn of(created_by: &'a str) -> Self {
        let text = created_by.trim();
        let text = text.get(..text.floor_char_boundary(MAX_INSTRUCTION)).unwrap_or(text);
        let text = text.strip_suffix("# buildkit").unwrap_or(text).trim_end();
        let nop = text.strip_prefix("/bin/sh -c #(nop)").map(str::trim_start);
        let written = nop.unwrap_or(text);
        let after = |keyword: &str| written.strip_prefix(keyword).filter(|rest| rest.starts_with([' ', '\t', '[']));
        if let Some(text) = after("RUN") {
            Self { keyword: Keyword::Run, text: script(text.trim()) }
        } else if let Some(text) = after("COPY") {
            Self { keyword: Keyword::Copy, text: text.trim() }
        } else if let Some(text) = after("ADD") {
            Self { keyword: Keyword::Add, text: text.trim() }
        } else if nop.is_none() && text.starts_with(['/', '|']) {
            // Classic builders record only the command, with build arguments before the shell.
            Self { keyword: Keyword::Run, text: script(text) }
        } else {
            Self { keyword: Keyword::Other, text: written }
        }
    }

    /// True for COPY and ADD.
    pub(super) const fn copies(self) -> bool {
        matches!(self.keyword, Keyword::Copy | Keyword::Add)
    }

    /// The commands of a RUN; none for other instructions.
    pub(super) fn commands(self) -> Vec<ShellCommand> {
        if self.keyword == Keyword::Run { commands(self.text) } else { Vec::new() }
    }
}

/// The script after `/bin/sh -c`, with or without build arguments and options before.
fn script(text: &str) -> &str {
    let Some((shell, script)) = text.split_once(" -c ") else { return text };
    let names_shell = shell.split_whitespace().any(|word| word.ends_with("sh"));
    if names_shell { script.trim_start() } else { text }
}

/// A command of a script: its words without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShellCommand {
    pub(super) words: Vec<String>,
}

/// The programs that containers of an image start, also through a shell: `["sh", "-c", "exec go run ."]`.
pub(super) fn started(command: &[String]) -> Vec<ShellCommand> {
    match command {
        [shell, option, script, ..] if shell.ends_with("sh") && option == "-c" => commands(script),
        words => vec![ShellCommand { words: words.to_vec() }],
    }
}

/// Length of a command that advice repeats, in bytes.
const MAX_PLAIN: usize = 200;

/// Words before the name of a command.
const PREFIXES: [&str; 12] =
    ["sudo", "env", "exec", "command", "time", "nice", "nohup", "if", "then", "do", "else", "!"];

impl ShellCommand {
    /// The words from the name of the program on, without variables and words like `sudo` before it.
    pub(super) fn program(&self) -> &[String] {
        let is_before = |word: &String| {
            let is_variable = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            });
            is_variable || PREFIXES.contains(&word.as_str()) || ["(", "{"].contains(&word.as_str())
        };
        let start = self.words.iter().take_while(|word| is_before(word)).count();
        self.words.get(start..).unwrap_or_default()
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
        (length <= MAX_PLAIN && words.iter().all(is_plain)).then(|| words.join(" "))
    }

    /// True if the program has one of these names.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name())
    }
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
    fn instructions_of_all_builders_are_read() {
        for (created_by, keyword, text) in [
            ("RUN /bin/sh -c apk add curl # buildkit", Keyword::Run, "apk add curl"),
            ("RUN |1 V=1 /bin/sh -c apk add curl # buildkit", Keyword::Run, "apk add curl"),
            ("RUN /bin/bash -o pipefail -c a | b # buildkit", Keyword::Run, "a | b"),
            ("/bin/sh -c apk add curl", Keyword::Run, "apk add curl"),
            ("|1 V=1 /bin/sh -c apk add curl", Keyword::Run, "apk add curl"),
            ("RUN python -c print(1)", Keyword::Run, "python -c print(1)"),
            ("COPY . /app # buildkit", Keyword::Copy, ". /app"),
            ("/bin/sh -c #(nop) COPY dir:1 in /app ", Keyword::Copy, "dir:1 in /app"),
            ("/bin/sh -c #(nop) ADD file:1 in / ", Keyword::Add, "file:1 in /"),
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", Keyword::Other, "CMD [\"sh\"]"),
            ("bazel build ...", Keyword::Other, "bazel build ..."),
            ("", Keyword::Other, ""),
        ] {
            assert_eq!(BuildInstruction::of(created_by), BuildInstruction { keyword, text }, "{created_by}");
        }
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
    fn words_before_a_program_are_skipped() {
        let first = |script: &str| commands(script)[0].name().to_owned();
        assert_eq!(first("DEBIAN_FRONTEND=noninteractive sudo /usr/bin/apt-get install x"), "apt-get");
        assert_eq!(first("if apt-get update; then :; fi"), "apt-get");
        assert_eq!(first("=x"), "=x");
    }
}
