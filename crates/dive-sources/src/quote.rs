//! Quoting other programs and servers in a message.

use dive_model::remark::Shown;

/// The longest quote, in bytes.
pub(crate) const LONGEST: usize = 1000;

/// A text from another program on one line, cut to [`LONGEST`], with its control characters escaped.
pub(crate) fn one_line(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or(0);
    let text = if text.len() <= LONGEST { text } else { &text[..end] };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Shown(&lines.join(" / ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_others_stay_on_one_line() {
        assert_eq!(one_line("no\n\n  such\u{1b}[31m thing\r\n"), "no / such\\x1b[31m thing");
        assert!(one_line(&"\u{20ac}".repeat(9000)).len() <= LONGEST);
        assert_eq!(one_line(""), "");
    }
}
