//! Reads the variables of a `.env` file as Compose does.
//!
//! Source: the Compose documentation, "Env file syntax".

use std::collections::BTreeMap;

use super::interpolation::{InterpolationError, interpolate, split_name};

/// An unusable line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineError {
    /// The line, from 1.
    pub(super) line: usize,
    /// The reason. It does not quote a value, which may be secret.
    pub(super) reason: String,
}

/// Parses the text of a file. `set` has the variables of the environment, which values may contain. `count` is called with each name and
/// its value, and fails if the project has too many.
pub(super) fn parse(
    text: &str,
    set: &dyn Fn(&str) -> Option<String>,
    count: &dyn Fn(&str, &str) -> Result<(), String>,
) -> Result<BTreeMap<String, String>, LineError> {
    let mut variables = BTreeMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rest = text;
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let fault = |reason: &str| {
            let line = 1 + text[..start].matches('\n').count();
            LineError { line, reason: reason.to_owned() }
        };
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if trimmed.len() < rest.len() {
            rest = trimmed;
            continue;
        }
        if rest.starts_with('#') {
            rest = after_line(rest);
            continue;
        }
        let assignment = rest.strip_prefix("export").filter(|after| after.starts_with([' ', '\t']));
        let assignment = assignment.map_or(rest, |after| after.trim_start_matches([' ', '\t']));
        let (name, after) = split_key(assignment);
        if name.is_empty() {
            return Err(fault("expected NAME=VALUE"));
        }
        let after = after.trim_start_matches([' ', '\t']);
        let Some(value) = after.strip_prefix(['=', ':']) else {
            // A name alone takes its value from the environment.
            let line = after.split('\n').next().unwrap_or_default().trim_end();
            if !line.is_empty() && !line.starts_with('#') {
                return Err(fault("expected NAME=VALUE"));
            }
            if let Some(value) = set(name) {
                count(name, &value).map_err(|reason| fault(&reason))?;
                variables.insert(name.to_owned(), value);
            }
            rest = after_line(after);
            continue;
        };
        let known = |name: &str| set(name).or_else(|| variables.get(name).cloned());
        let (value, after) =
            parse_value(value.trim_start_matches([' ', '\t']), &known).map_err(|error| match error {
                ValueError::Unclosed(quote) => fault(&format!("{name}: the quote {quote} is not closed")),
                ValueError::Trailing => fault(&format!("{name}: text follows the closing quote")),
                ValueError::Interpolation(error) => fault(&format!("{name}: {error}")),
            })?;
        count(name, &value).map_err(|reason| fault(&reason))?;
        variables.insert(name.to_owned(), value);
        rest = after;
    }
    Ok(variables)
}

enum ValueError {
    Unclosed(char),
    Trailing,
    Interpolation(InterpolationError),
}

/// Parses a value at the start of `text`. Returns it with the text after its line.
fn parse_value<'a>(text: &'a str, known: &dyn Fn(&str) -> Option<String>) -> Result<(String, &'a str), ValueError> {
    let expanded =
        |text: &str| interpolate(text, known).map(|interpolated| interpolated.text).map_err(ValueError::Interpolation);
    let Some(quote) = text.chars().next().filter(|first| matches!(first, '\'' | '"')) else {
        let line = text.split('\n').next().unwrap_or_default();
        // A comment begins after a blank.
        let comment = line.find(" #").into_iter().chain(line.find("\t#")).min();
        let end = if line.starts_with('#') { 0 } else { comment.unwrap_or(line.len()) };
        return Ok((expanded(line[..end].trim_end())?, after_line(text)));
    };
    let body = &text[1..];
    let end = closing_quote(body, quote).ok_or(ValueError::Unclosed(quote))?;
    let after = &body[end + 1..];
    let line = after.split('\n').next().unwrap_or_default().trim();
    if !line.is_empty() && !line.starts_with('#') {
        return Err(ValueError::Trailing);
    }
    let value = match quote {
        '\'' => body[..end].replace("\\'", "'"),
        _ => expanded(&unescape(&body[..end]))?,
    };
    Ok((value, after_line(after)))
}

/// Splits off the name before `=`. Compose also allows dots and hyphens.
fn split_key(text: &str) -> (&str, &str) {
    let (start, _) = split_name(text);
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    if start.is_empty() { ("", text) } else { text.split_at(length) }
}

fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let closes = character == quote && !escaped;
        escaped = character == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// Replaces the escapes of a double-quoted value. `\$` becomes `$$`, which is a dollar sign after interpolation.
fn unescape(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            unescaped.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => unescaped.push('\n'),
            Some('r') => unescaped.push('\r'),
            Some('t') => unescaped.push('\t'),
            Some('$') => unescaped.push_str("$$"),
            Some(other @ ('"' | '\\')) => unescaped.push(other),
            Some(other) => unescaped.extend(['\\', other]),
            None => unescaped.push('\\'),
        }
    }
    unescaped
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        (name == "HOST").then(|| "r.example".to_owned())
    }

    fn value(text: &str, name: &str) -> Option<String> {
        parse(text, &set, &|_, _| Ok(())).unwrap().get(name).cloned()
    }

    #[test]
    fn each_form_of_a_line_is_read() {
        let text = "\u{feff}# comment\n\nA=1\r\nexport B = two words # comment\nC='lit $A' # c\nD=\"x $A\\t\\$A\"\nE=${A}-${HOST}\n\
                    F=\nG=a#b\nH: y\nHOST\nI=\"two\nlines\"\nJ=#no\nK.L-M=z";
        for (name, expected) in [
            ("A", "1"),
            ("B", "two words"),
            ("C", "lit $A"),
            ("D", "x 1\t$A"),
            ("E", "1-r.example"),
            ("F", ""),
            ("G", "a#b"),
            ("H", "y"),
            ("HOST", "r.example"),
            ("I", "two\nlines"),
            ("J", ""),
            ("K.L-M", "z"),
        ] {
            assert_eq!(value(text, name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn a_bad_line_is_named_without_its_value() {
        for (text, line, reason) in [
            ("A=1\n=x", 2, "expected NAME=VALUE"),
            ("A=1\n\nsome secret", 3, "expected NAME=VALUE"),
            ("A='secret", 1, "A: the quote ' is not closed"),
            ("B=1\nA=\"secret\" more", 2, "A: text follows the closing quote"),
            ("A=${B:?no}", 1, "A: the variable B is not set: no"),
        ] {
            let error = parse(text, &set, &|_, _| Ok(())).unwrap_err();
            assert_eq!((error.line, &*error.reason), (line, reason), "{text}");
        }
    }
}
