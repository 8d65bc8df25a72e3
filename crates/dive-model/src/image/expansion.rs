//! Compares texts of a Dockerfile with those of the history, in which builders have replaced the variables.

/// True if `text` may be `pattern` with variables replaced.
pub(super) fn is_expansion(pattern: &str, text: &str) -> bool {
    matches_literals(literals(pattern).into_iter(), text)
}

fn matches_literals<'a>(mut literals: impl DoubleEndedIterator<Item = &'a str>, text: &str) -> bool {
    let Some(first) = literals.next() else { return false };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = literals.next_back() else { return rest.is_empty() };
    for literal in literals {
        let Some(at) = rest.find(literal) else { return false };
        rest = &rest[at + literal.len()..];
    }
    rest.ends_with(last)
}

/// A pattern, split once to be compared with many texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PatternLiterals(Vec<String>);

impl PatternLiterals {
    pub(crate) fn of(pattern: &str) -> Self {
        Self(literals(pattern).into_iter().map(ToOwned::to_owned).collect())
    }

    /// Like [`is_expansion`].
    pub(crate) fn matches(&self, text: &str) -> bool {
        matches_literals(self.0.iter().map(String::as_str), text)
    }
}

/// Text between the variables of `pattern`.
fn literals(pattern: &str) -> Vec<&str> {
    let mut literals = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let length = match after.strip_prefix('{') {
            Some(braced) => braced.find('}').map_or(after.len(), |end| end + 2),
            None => after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(after.len()),
        };
        literals.push(&rest[..at]);
        rest = &after[length..];
    }
    literals.push(rest);
    literals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_match_any_text() {
        assert!(is_expansion("$A/b", "x/y/b") && is_expansion("a ${B:-c} d", "a z d") && is_expansion("${A}", ""));
        assert!(!is_expansion("$A/b", "x/c") && !is_expansion("a", "b") && !is_expansion("a$B", "b"));
        assert!(is_expansion("${unclosed", "anything"));
    }
}
