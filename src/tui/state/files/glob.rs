//! Globs in the filter: `*.js`, `lib*.so`, `/etc/*.conf`, `**/node_modules`.
//!
//! A pattern is a glob if a `*` is plainly meant as in a shell: at the start, after a slash, or after a letter, a digit, `-`
//! or `_`. In an expression that would repeat one letter, which nobody looks for in paths. `.*`, a class, a group and all other
//! signs of an expression make it one. A `?` makes a glob only at the start: `colou?r` is an expression.

/// The regular expression for a glob. `None` if the text is not plainly a glob.
pub(super) fn expression(text: &str) -> Option<String> {
    // A `$` at the end says what a glob means anyway.
    let text = text.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(text);
    // No expression begins with a repetition.
    let starts_as_glob = text.starts_with(['*', '?']);
    let is_shell_star = |(at, _): (usize, &str)| {
        text[..at].ends_with(|before: char| before.is_alphanumeric() || "/-_".contains(before))
    };
    let is_glob = starts_as_glob || text.match_indices('*').any(is_shell_star);
    // In a glob, these are rare; in an expression they are not.
    let is_expression = text.contains(['\\', '(', ')', '|', '^'])
        || !starts_as_glob && (text.contains(['+', '$']) || text.contains(".*"));
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
            ("lib*.so", "/usr/lib/libc-2.so"),
            ("lib*.so*", "/usr/lib/libc.so.6"),
            ("m1*.js", "/srv/m12.js"),
            ("?.conf", "/etc/a.conf"),
            ("*.js$", "/srv/app.js"),
            ("*.tar.*", "/a.tar.gz"),
            ("*$py.class", "/a$py.class"),
            ("node_*", "/node_modules"),
            ("a*b?", "/axbc"),
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
            ("lib*.so", "/usr/lib/libc.so.6"),
            ("?.conf", "/etc/ab.conf"),
        ] {
            assert!(!finds(glob, path), "{glob} {path}");
        }
    }

    #[test]
    fn an_expression_is_not_taken_for_a_glob() {
        for text in [
            "js",
            "lib.*so",
            r"lib.*\.so",
            "/usr/.*",
            "colou?r",
            "[0-9]*.log",
            r"\w*",
            "x{2}*",
            r"\.js$",
            "a+b*",
            "(a|b)*",
            "^/*",
            "csv|/*",
            "lib*.so.*",
        ] {
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
