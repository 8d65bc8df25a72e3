//! Replaces variables in a text as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}` and its relatives, and `$$` for a `$`.
//!
//! Source: the Compose specification, "Interpolation".

use std::collections::BTreeSet;

/// Limit of nested defaults: `${A:-${B:-c}}` has two levels.
const DEEPEST: usize = 20;

/// Limit of a text whose variables are replaced, in bytes. An image name has fewer than 1,000.
const LONGEST: usize = 64 << 10;

/// A text that cannot be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InterpolationError {
    /// A `$` begins nothing known.
    #[error("`{0}` is not a variable; write `${{NAME}}` for one, and `$$` for a dollar sign")]
    Syntax(String),
    /// The text requires a variable, with a message.
    #[error("the variable {name} is not set{}", reason(message))]
    Required {
        /// The variable.
        name: String,
        /// The text after `:?`; may be empty.
        message: String,
    },
    /// The text would be too long.
    #[error("its variables expand to more than {} KiB (dive's limit)", LONGEST >> 10)]
    TooLong,
    /// The defaults are nested too deeply.
    #[error("its variables are nested more than {DEEPEST} levels deep (dive's limit)")]
    TooDeep,
}

fn reason(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// A text without variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpolated {
    /// The text.
    pub(super) text: String,
    /// The variables that are not set and have no default. Compose replaces them by nothing.
    pub(super) unset: BTreeSet<String>,
}

/// Replaces the variables in `text` by what `value_of` returns. A variable can be set and empty.
pub(super) fn interpolate(
    text: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Interpolated, InterpolationError> {
    let mut interpolated = Interpolated { text: String::new(), unset: BTreeSet::new() };
    expand(text, value_of, 0, &mut interpolated)?;
    Ok(interpolated)
}

fn expand(
    text: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
    depth: usize,
    into: &mut Interpolated,
) -> Result<(), InterpolationError> {
    if depth > DEEPEST {
        return Err(InterpolationError::TooDeep);
    }
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        push(into, before)?;
        if let Some(after) = after.strip_prefix('$') {
            push(into, "$")?;
            rest = after;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = closing_brace(braced).ok_or_else(|| InterpolationError::Syntax(format!("${after}")))?;
            let (expression, after) = braced.split_at(end);
            expand_braced(expression, value_of, depth, into)?;
            rest = after.strip_prefix('}').unwrap_or(after);
        } else {
            let (name, after) = split_name(after);
            if name.is_empty() {
                return Err(InterpolationError::Syntax(format!("${}", after.chars().take(1).collect::<String>())));
            }
            replace(name, value_of(name), into)?;
            rest = after;
        }
    }
    push(into, rest)
}

/// Expands what stands between `${` and `}`.
fn expand_braced(
    expression: &str,
    value_of: &dyn Fn(&str) -> Option<String>,
    depth: usize,
    into: &mut Interpolated,
) -> Result<(), InterpolationError> {
    let syntax = || InterpolationError::Syntax(format!("${{{expression}}}"));
    let (name, operation) = split_name(expression);
    if name.is_empty() {
        return Err(syntax());
    }
    let value = value_of(name);
    // With a colon, an empty variable counts as unset.
    let (operation, value_if_set) = match operation.strip_prefix(':') {
        Some(operation) => (operation, value.filter(|value| !value.is_empty())),
        None => (operation, value),
    };
    let mut characters = operation.chars();
    let operator = characters.next();
    let operand = characters.as_str();
    match (operator, value_if_set) {
        (None, value) if expression == name => replace(name, value, into),
        (Some('-' | '?'), Some(value)) => push(into, &value),
        (Some('-'), None) | (Some('+'), Some(_)) => expand(operand, value_of, depth + 1, into),
        (Some('+'), None) => Ok(()),
        (Some('?'), None) => Err(InterpolationError::Required { name: name.to_owned(), message: operand.to_owned() }),
        _ => Err(syntax()),
    }
}

fn replace(name: &str, value: Option<String>, into: &mut Interpolated) -> Result<(), InterpolationError> {
    let Some(value) = value else {
        into.unset.insert(name.to_owned());
        return Ok(());
    };
    push(into, &value)
}

fn push(into: &mut Interpolated, text: &str) -> Result<(), InterpolationError> {
    if into.text.len().saturating_add(text.len()) > LONGEST {
        return Err(InterpolationError::TooLong);
    }
    into.text.push_str(text);
    Ok(())
}

/// Splits off the name of a variable at the start of `text`: letters, digits and `_`, not starting with a digit.
pub(super) fn split_name(text: &str) -> (&str, &str) {
    let is_part =
        |(at, byte): (usize, u8)| byte == b'_' || byte.is_ascii_alphabetic() || (at > 0 && byte.is_ascii_digit());
    let length = text.bytes().enumerate().take_while(|part| is_part(*part)).count();
    text.split_at(length)
}

/// The position of the brace that closes the one before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut depth, mut after_dollar) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if after_dollar => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
        after_dollar = byte == b'$';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(name: &str) -> Option<String> {
        match name {
            "TAG" => Some("1.2".to_owned()),
            "EMPTY" => Some(String::new()),
            "HOST" => Some("r.example:5000".to_owned()),
            _ => None,
        }
    }

    fn text_of(text: &str) -> String {
        interpolate(text, &value_of).unwrap().text
    }

    #[test]
    fn each_form_is_replaced_as_compose_does() {
        for (text, expected) in [
            ("nginx", "nginx"),
            ("nginx:$TAG", "nginx:1.2"),
            ("nginx:${TAG}-alpine", "nginx:1.2-alpine"),
            ("${HOST}/app:$TAG", "r.example:5000/app:1.2"),
            ("a$$b", "a$b"),
            ("${NONE:-x}", "x"),
            ("${NONE-x}", "x"),
            ("${EMPTY:-x}", "x"),
            ("${EMPTY-x}", ""),
            ("${TAG:-x}", "1.2"),
            ("${TAG:+x}", "x"),
            ("${EMPTY:+x}", ""),
            ("${EMPTY+x}", "x"),
            ("${NONE+x}", ""),
            ("${TAG:?needed}", "1.2"),
            ("${NONE:-${TAG}}", "1.2"),
            ("${NONE:-${OTHER:-${TAG}-b}}/c", "1.2-b/c"),
            ("${NONE:-a:b}", "a:b"),
            ("${NONE:-}", ""),
        ] {
            assert_eq!(text_of(text), expected, "{text}");
        }
    }

    #[test]
    fn variables_without_a_value_are_named() {
        let interpolated = interpolate("${HOST}/$NONE:${OTHER}", &value_of).unwrap();
        assert_eq!(interpolated.text, "r.example:5000/:");
        assert_eq!(interpolated.unset.into_iter().collect::<Vec<_>>(), ["NONE", "OTHER"]);
        assert!(interpolate("${NONE:-x}$EMPTY", &value_of).unwrap().unset.is_empty());
    }

    #[test]
    fn what_is_no_variable_is_an_error() {
        let error = |text: &str| interpolate(text, &value_of).unwrap_err().to_string();
        for text in ["a$", "a$-b", "${", "${TAG", "${}", "${1}", "${TAG!x}", "${TAG:}", "${TAG:=x}", "${NONE:-${TAG}"] {
            assert!(error(text).contains("is not a variable"), "{text}: {}", error(text));
        }
        assert_eq!(error("${NONE:?set a version}"), "the variable NONE is not set: set a version");
        assert_eq!(error("${EMPTY:?}"), "the variable EMPTY is not set");
        assert_eq!(text_of("${EMPTY?}"), "");
    }

    #[test]
    fn nesting_and_length_have_limits() {
        let nested = format!("{}x{}", "${A:-".repeat(50), "}".repeat(50));
        assert_eq!(interpolate(&nested, &|_| None), Err(InterpolationError::TooDeep));
        let long = "$A".repeat(1000);
        assert_eq!(interpolate(&long, &|_| Some("x".repeat(1000))), Err(InterpolationError::TooLong));
    }
}
