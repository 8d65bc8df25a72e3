//! Quotes the output of other programs and servers in messages.

use dive_model::remark::Shown;

/// Limit of a quote, in bytes.
pub(crate) const MAX_QUOTE: usize = 1000;

/// `text` on one line, cut to [`MAX_QUOTE`] bytes, with its control characters escaped.
pub(crate) fn one_line(text: &str) -> String {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= MAX_QUOTE).last().unwrap_or(0);
    let text = if text.len() <= MAX_QUOTE { text } else { &text[..end] };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Shown(&lines.join(" / ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_output_stays_on_one_line() {
        assert_eq!(one_line("no\n\n  such\u{1b}[31m thing\r\n"), "no / such\\x1b[31m thing");
        assert!(one_line(&"\u{20ac}".repeat(9000)).len() <= MAX_QUOTE);
        assert_eq!(one_line(""), "");
    }
}
