//! The instruction of a step of the history, without what builders add to it.
//!
//! `BuildKit` records `RUN |1 ARG=x /bin/sh -c make # buildkit`, classic builders and Buildah `/bin/sh -c make` and
//! `/bin/sh -c #(nop) CMD ["x"]`. Of `RUN ["/bin/bash", "-c", "make"]`, they record the words, but Buildah the text as written,
//! behind a shell.

use std::borrow::Cow;

use crate::json::{self, JsonText, List};

/// Bytes of an instruction that are read. Only a hostile configuration has longer ones.
const MAX_INSTRUCTION: usize = 64 << 10;

/// The kind of an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyword {
    /// RUN.
    Run,
    /// COPY.
    Copy,
    /// ADD.
    Add,
    /// Another one of a Dockerfile.
    Other(&'static str),
    /// Not an instruction of a Dockerfile, such as the text of another builder.
    Unknown,
}

/// An instruction in the history of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildInstruction<'a> {
    /// The kind.
    pub keyword: Keyword,
    /// Text after the keyword; for RUN, the script without its shell; all of an unknown one.
    pub text: &'a str,
}

/// Keywords of Dockerfiles other than RUN, COPY and ADD.
const OTHERS: [&str; 13] = [
    "WORKDIR",
    "USER",
    "ENV",
    "LABEL",
    "CMD",
    "ENTRYPOINT",
    "VOLUME",
    "EXPOSE",
    "ARG",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "SHELL",
    "MAINTAINER",
];

impl<'a> BuildInstruction<'a> {
    /// Parses the text of `BuildKit`, Docker's classic builder, Buildah or kaniko.
    #[must_use]
    pub fn of(created_by: &'a str) -> Self {
        let text = created_by.trim();
        let text = text.get(..text.floor_char_boundary(MAX_INSTRUCTION)).unwrap_or(text);
        let text = text.strip_suffix("# buildkit").unwrap_or(text).trim_end();
        // The summary of a baseline has no shell before it.
        let nop = text.strip_prefix("/bin/sh -c ").unwrap_or(text).strip_prefix("#(nop)").map(str::trim_start);
        let written = nop.unwrap_or(text);
        let after = |keyword: &str| {
            let rest = written.strip_prefix(keyword)?;
            rest.starts_with([' ', '\t', '[']).then(|| rest.trim())
        };
        let other = || OTHERS.into_iter().find_map(|keyword| Some((Keyword::Other(keyword), after(keyword)?)));
        let (keyword, text) = if let Some(text) = after("RUN") {
            (Keyword::Run, script(text))
        } else if let Some(text) = after("COPY") {
            (Keyword::Copy, text)
        } else if let Some(text) = after("ADD") {
            (Keyword::Add, text)
        } else if let Some((keyword, text)) = other() {
            (keyword, text)
        } else if nop.is_none() && (text.starts_with(['/', '|']) || behind_shell(text).is_some()) {
            // Classic builders record only the command, with build arguments before the shell.
            (Keyword::Run, script(text))
        } else {
            (Keyword::Unknown, written)
        };
        Self { keyword, text }
    }

    /// True for COPY and ADD.
    #[must_use]
    pub const fn copies(self) -> bool {
        matches!(self.keyword, Keyword::Copy | Keyword::Add)
    }

    /// The instruction as in a Dockerfile.
    #[must_use]
    pub fn written(self) -> Cow<'a, str> {
        match self.keyword.name() {
            Some(name) => format!("{name} {}", self.text).into(),
            None => self.text.into(),
        }
    }
}

impl Keyword {
    /// The word in a Dockerfile; `None` if unknown.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Run => Some("RUN"),
            Self::Copy => Some("COPY"),
            Self::Add => Some("ADD"),
            Self::Other(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

/// The script after `/bin/sh -c`, with or without build arguments and options before. A script that starts another shell is not
/// its wrapper.
pub(super) fn script(text: &str) -> &str {
    let behind = if text.starts_with('|') {
        let words = text.match_indices(' ').filter_map(|(at, _)| text.get(at.saturating_add(1)..));
        words.take(MAX_ARGUMENTS).find_map(behind_shell)
    } else {
        behind_shell(text)
    };
    behind.unwrap_or(text)
}

/// Maximum number of words of build arguments before a shell.
const MAX_ARGUMENTS: usize = 1_000;

/// Shells that may be named without a directory.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ash", "zsh"];

/// The script behind `/bin/bash -o pipefail -c`; `None` if the text does not start so.
fn behind_shell(text: &str) -> Option<&str> {
    let (shell, mut rest) = text.split_once(' ')?;
    let is_path = shell.starts_with('/');
    if is_path && shell.ends_with("/env") {
        return behind_shell(rest);
    }
    let is_shell = if is_path { shell.ends_with("sh") } else { SHELLS.contains(&shell) };
    if !is_shell {
        return None;
    }
    let script = loop {
        let (option, after) = rest.trim_start().split_once(char::is_whitespace)?;
        let letters = option.strip_prefix(['-', '+'])?;
        match letters {
            _ if letters.starts_with('-') => rest = after,
            _ if letters.contains('c') => break after.trim_start(),
            _ if letters.ends_with(['o', 'O']) => (_, rest) = after.trim_start().split_once(char::is_whitespace)?,
            _ => rest = after,
        }
    };
    // A command that someone wrote, not the words of one: its shell removes the quotes.
    (is_path || !script.starts_with(['\'', '"'])).then_some(script)
}

/// The words of `["/bin/bash", "-c", "make"]`.
pub(crate) fn exec_form(text: &str) -> Option<Vec<String>> {
    if !text.starts_with('[') || !text.ends_with(']') {
        return None;
    }
    let words = json::read::<List<JsonText>>(text.as_bytes()).ok().filter(|read| !read.trailing_bytes)?;
    words.value.0.into_iter().map(|word| word.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_of_all_builders_are_read() {
        for (created_by, keyword, text) in [
            ("RUN /bin/sh -c apk add curl # buildkit", Keyword::Run, "apk add curl"),
            ("RUN |1 V=1 /bin/sh -c apk add curl # buildkit", Keyword::Run, "apk add curl"),
            ("RUN |1 V=a b /bin/sh -c apk add curl # buildkit", Keyword::Run, "apk add curl"),
            ("RUN /bin/bash -o pipefail -c a | b # buildkit", Keyword::Run, "a | b"),
            ("RUN /bin/bash -exc a | b # buildkit", Keyword::Run, "a | b"),
            ("RUN /bin/bash --login +x -euo pipefail -c a # buildkit", Keyword::Run, "a"),
            ("RUN /usr/bin/env bash -c a -c b # buildkit", Keyword::Run, "a -c b"),
            ("RUN bash -c a # buildkit", Keyword::Run, "a"),
            ("RUN |1 V=a b bash -c a # buildkit", Keyword::Run, "a"),
            ("RUN sh -c 'a b'", Keyword::Run, "sh -c 'a b'"),
            ("RUN /bin/sh -c sh -c a", Keyword::Run, "sh -c a"),
            ("RUN /bin/sh setup.sh -c a", Keyword::Run, "/bin/sh setup.sh -c a"),
            ("bash -ec a", Keyword::Run, "a"),
            ("/bin/bash -c a", Keyword::Run, "a"),
            ("/bin/sh -c [\"/bin/bash\", \"-c\", \"a\"]", Keyword::Run, "[\"/bin/bash\", \"-c\", \"a\"]"),
            ("/bin/sh -c apk add curl", Keyword::Run, "apk add curl"),
            ("|1 V=1 /bin/sh -c apk add curl", Keyword::Run, "apk add curl"),
            ("RUN python -c print(1)", Keyword::Run, "python -c print(1)"),
            ("RUN echo \"/bin/sh -c x\"", Keyword::Run, "echo \"/bin/sh -c x\""),
            ("COPY . /app # buildkit", Keyword::Copy, ". /app"),
            ("/bin/sh -c #(nop) COPY dir:1 in /app ", Keyword::Copy, "dir:1 in /app"),
            ("/bin/sh -c #(nop) ADD file:1 in / ", Keyword::Add, "file:1 in /"),
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", Keyword::Other("CMD"), "[\"sh\"]"),
            ("CMD[\"sh\"]", Keyword::Other("CMD"), "[\"sh\"]"),
            ("#(nop) WORKDIR /app", Keyword::Other("WORKDIR"), "/app"),
            ("bazel build ...", Keyword::Unknown, "bazel build ..."),
            ("", Keyword::Unknown, ""),
        ] {
            assert_eq!(BuildInstruction::of(created_by), BuildInstruction { keyword, text }, "{created_by}");
        }
    }

    #[test]
    fn the_exec_form_is_read_and_a_test_of_a_shell_is_not() {
        let words = |text: &str| exec_form(text).map(|words| words.join("|"));
        assert_eq!(words(r#"["/bin/bash", "-c", "echo \"a\""]"#).as_deref(), Some(r#"/bin/bash|-c|echo "a""#));
        for script in [r#"[ "$A" ] && [ "$B" ]"#, "[ -f x ]", "[[ a ]]", r#"["a", null]"#, "["] {
            assert_eq!(words(script), None, "{script}");
        }
    }

    #[test]
    fn instructions_are_written_as_in_a_dockerfile() {
        for (created_by, written) in [
            ("|1 V=1 /bin/sh -c make", "RUN make"),
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]"),
            ("COPY . /app # buildkit", "COPY . /app"),
            ("debian.sh --arch amd64", "debian.sh --arch amd64"),
        ] {
            assert_eq!(BuildInstruction::of(created_by).written(), written);
        }
    }
}
