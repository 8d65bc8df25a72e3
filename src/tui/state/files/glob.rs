//! Globs in the filter: `*.js`, `/etc/*.conf`, `**/node_modules`. A pattern is a glob where `*` cannot be meant as in a
//! regular expression: at its start and after a slash.

/// The regular expression for a glob. `None` if the text is not plainly a glob.
pub(super) fn expression(text: &str) -> Option<String> {
    let is_glob = text.starts_with('*') || text.contains("/*");
    // In a glob, these are rare; in an expression they are not.
    let is_expression = text.contains(['\\', '(', ')', '|', '+', '^', '$']) || text.contains(".*");
    if !is_glob || is_expression || text.contains(char::is_whitespace) {
        return None;
    }
    let mut out = String::from(if text.starts_with('/') { "^" } else { "/" });
    let mut rest = text;
    let mut braces = 0_usize;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        rest = after;
        match letter {
            '*' if after.starts_with("*/") => {
                // `**/x` is also `x` itself.
                out.push_str("(?:.*/)?");
                rest = &after[2..];
            }
            '*' if after.starts_with('*') => {
                out.push_str(".*");
                rest = after.trim_start_matches('*');
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            '{' if after.contains('}') => {
                out.push_str("(?:");
                braces += 1;
            }
            '}' if braces > 0 => {
                out.push(')');
                braces -= 1;
            }
            ',' if braces > 0 => out.push('|'),
            '[' if after.get(1..).is_some_and(|class| class.contains(']')) => {
                let end = after[1..].find(']').map_or(after.len(), |at| at + 1);
                let class = after[..end].replace('\\', "").replace('[', "\\[").replace("&&", "&").replace("~~", "~");
                let (not, class) = class.strip_prefix('!').map_or(("", class.as_str()), |class| ("^/", class));
                out.extend(["[", not, class, "]"]);
                rest = after.get(end + 1..).unwrap_or("");
            }
            _ => out.push_str(&regex_syntax::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push_str(&")".repeat(braces));
    out.push('$');
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(glob: &str, path: &str) -> bool {
        regex::Regex::new(&expression(glob).unwrap()).unwrap().is_match(path)
    }

    #[test]
    fn a_glob_matches_whole_names() {
        for (glob, path) in [
            ("*.js", "/srv/app.js"),
            ("*.js", "/app.js"),
            ("/etc/*.conf", "/etc/resolv.conf"),
            ("**/node_modules", "/srv/a/node_modules"),
            ("**/node_modules", "/node_modules"),
            ("usr/**/lib?.so", "/usr/a/b/libc.so"),
            ("*.{jpg,png}", "/a.png"),
            ("/var/*/[!a]x", "/var/log/bx"),
            ("*[0-9]", "/core.1"),
            ("*.[ch]", "/a.h"),
        ] {
            assert!(finds(glob, path), "{glob} {path}");
        }
        for (glob, path) in [
            ("*.js", "/srv/app.json"),
            ("*.js", "/srv/app.js/x"),
            ("/etc/*.conf", "/etc/a/resolv.conf"),
            ("/etc/*.conf", "/srv/etc/a.conf"),
            ("/var/*/[!a]x", "/var/log/ax"),
            ("**/node_modules", "/x_node_modules"),
        ] {
            assert!(!finds(glob, path), "{glob} {path}");
        }
    }

    #[test]
    fn an_expression_is_not_taken_for_a_glob() {
        for text in ["js", "lib.*so", "/usr/.*", "a*b", r"\.js$", "(a|b)*", "^/*", "csv|/*"] {
            assert_eq!(expression(text), None, "{text}");
        }
    }

    #[test]
    fn any_glob_makes_a_valid_expression() {
        for text in
            ["*", "**", "*[", "*[]", "*[]]", "*{", "*}", "*{a", "*{a,{b,c}}", "/*[!", "*[a-", "*[!]", "*[&&]", "*é?"]
        {
            let expression = expression(text).unwrap();
            assert!(regex::Regex::new(&expression).is_ok(), "{text}: {expression}");
        }
    }
}
