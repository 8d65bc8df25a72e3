//! Formats a layer's build instruction. Image histories record it as one line with the shell invocation, and long
//! command chains are unreadable that way.

use dive_model::image::BuildInstruction;

/// Formats an instruction on several lines, one per command of a chain.
#[cfg(feature = "tui")]
pub(crate) fn lines(created_by: &str) -> Vec<String> {
    let text = BuildInstruction::of(created_by).written();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        chain(line, &mut lines);
    }
    lines
}

/// Formats an instruction on one line. Lines of a here document are separated by `;`.
pub(crate) fn line(created_by: &str) -> String {
    let mut out = String::new();
    for line in BuildInstruction::of(created_by).written().lines() {
        let mut commands = Vec::new();
        chain(line, &mut commands);
        for (at, command) in commands.iter().enumerate() {
            let separator = if out.is_empty() {
                ""
            } else if at > 0 || continues(&out) {
                " "
            } else {
                "; "
            };
            out.push_str(separator);
            out.push_str(command.trim_start());
        }
    }
    out
}

/// True if the command goes on after a line that ends like this.
fn continues(line: &str) -> bool {
    let last = line.rsplit(' ').next().unwrap_or_default();
    line.ends_with(['\\', ';', '&', '|', '{', '(']) || matches!(last, "then" | "do" | "else")
}

/// Splits a line at `&&`, `||` and `;` outside of quotes, and collapses the blanks of continued lines.
fn chain(line: &str, lines: &mut Vec<String>) {
    let mut quote = None;
    let mut out = String::new();
    let mut letters = line.trim_end().chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\\') => {
                out.push(letter);
                out.extend(letters.next());
                continue;
            }
            (None, '\'' | '"') => quote = Some(letter),
            (None, ' ' | '\t') => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
                continue;
            }
            (None, '&' | '|') if letters.peek() == Some(&letter) && out.ends_with(' ') => {
                letters.next();
                push(&mut out, lines);
                out.push(letter);
                out.push(letter);
                continue;
            }
            // Not the `;;` of a case, and not at the end of the line.
            (None, ';') if letters.peek() == Some(&' ') && !out.ends_with(';') => {
                out.push(letter);
                push(&mut out, lines);
                continue;
            }
            _ => {}
        }
        out.push(letter);
    }
    push(&mut out, lines);
}

/// Ends a line. Drops an empty one, and indents all but the first.
fn push(out: &mut String, lines: &mut Vec<String>) {
    let line = out.trim();
    if !line.is_empty() {
        lines.push(if lines.is_empty() { line.to_owned() } else { format!("  {line}") });
    }
    out.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "tui")]
    #[test]
    fn a_command_chain_has_one_command_per_line() {
        let run = "/bin/sh -c apt-get update     && apt-get install -y \"a && b\" \t|| true; rm -rf '/x; y'";
        assert_eq!(
            lines(run),
            ["RUN apt-get update", "  && apt-get install -y \"a && b\"", "  || true;", "  rm -rf '/x; y'"]
        );
    }

    #[test]
    fn the_wrapper_of_a_builder_is_removed_from_an_instruction() {
        for (created_by, shown) in [
            ("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]"),
            ("/bin/sh -c #(nop) ADD file:4b03b5f in / ", "ADD file:4b03b5f in /"),
            ("#(nop) WORKDIR /app", "WORKDIR /app"),
            ("RUN /bin/sh -c make # buildkit", "RUN make"),
            ("RUN |1 VERSION=1 /bin/sh -c make # buildkit", "RUN make"),
            ("|1 VERSION=1 /bin/sh -c make", "RUN make"),
            ("COPY . /app # buildkit", "COPY . /app"),
            ("RUN echo \"/bin/sh -c x\"", "RUN echo \"/bin/sh -c x\""),
            ("bazel build ...", "bazel build ..."),
            ("", ""),
        ] {
            assert_eq!(line(created_by), shown);
        }
    }

    #[test]
    fn here_documents_keep_their_lines() {
        for (run, shown) in [
            ("RUN <<EOF\nset -e\nrm -rf /x\nEOF", "RUN <<EOF; set -e; rm -rf /x; EOF"),
            ("RUN a &&\n  b; c\n\nif d; then\n  e\nfi", "RUN a && b; c; if d; then e; fi"),
        ] {
            assert_eq!(line(run), shown);
        }
        #[cfg(feature = "tui")]
        assert_eq!(lines("RUN <<EOF\nset -e\nrm -rf /x\nEOF"), ["RUN <<EOF", "  set -e", "  rm -rf /x", "  EOF"]);
    }
}
