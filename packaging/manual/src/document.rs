//! Reads the documents in `docs/` for manual pages: rows of tables, and Markdown text as roff. `code` becomes bold, a link its
//! words, and a link that only refers to another document is left out.

use roff::{Inline, bold, roman};

/// The rows with `N` cells of the tables in a section. Their cells in bold type are names: `code`.
pub(crate) fn rows<'a, const N: usize>(
    document: &'a str,
    section: &str,
) -> impl Iterator<Item = [&'a str; N]> + use<'a, N> {
    let heading = format!("\n## {section}\n");
    let part = document.split_once(&heading).map_or("", |(_, rest)| rest.split("\n## ").next().unwrap_or_default());
    part.lines().filter(|line| line.starts_with("| `")).filter_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        <[&str; N]>::try_from(cells).ok()
    })
}

/// A sentence of a cell: with a capital, and one full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = without_links(text);
    let mut letters = text.trim_end_matches('.').chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

/// Converts text to roff.
pub(crate) fn inline(text: &str) -> Vec<Inline> {
    let words = without_links(text);
    let pieces = words.split('`').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 1 { bold(piece) } else { roman(piece) }).collect()
}

/// `[words](target)` as `words`, and nothing of a reference at the end: `, see [below](#the-log)`, `: [limits](usage.md)`.
fn without_links(text: &str) -> String {
    let Some((before, words, after)) = first_link(text) else { return text.to_owned() };
    let introduction = [", see ", ": "].iter().find_map(|start| before.strip_suffix(start));
    match introduction {
        Some(before) if after.is_empty() || after == "." => format!("{before}{after}"),
        _ => format!("{before}{words}{}", without_links(after)),
    }
}

/// The text before the first link, its words, and the text after it.
fn first_link(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('[')?;
    let (words, rest) = rest.split_once("](")?;
    let (_, after) = rest.split_once(')')?;
    Some((before, words, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_words_or_left_out() {
        for (text, plain) in [
            ("write a log, see [below](#the-log)", "write a log"),
            ("the memory, such as `2GiB`: [limits](usage.md#limits)", "the memory, such as `2GiB`"),
            ("a [pattern](#paths): its files", "a pattern: its files"),
            ("with [`base:`](#base) or `--base`", "with `base:` or `--base`"),
            ("as [a](b) and [c](d) do [e", "as a and c do [e"),
        ] {
            assert_eq!(without_links(text), plain);
        }
    }

    #[test]
    fn a_sentence_has_one_full_stop() {
        assert_eq!(sentence("close the overlay, or quit."), "Close the overlay, or quit.");
        assert_eq!(sentence("write a log, see [below](#the-log)"), "Write a log.");
    }
}
