//! Here-documents of RUN, which the parser of Dockerfiles knows only at the start of the command. They are taken out before it reads
//! the file, by the rules of `BuildKit`: a word `<<NAME`, `<<-NAME` or `<<"NAME"` outside of quotation marks begins one, and the lines
//! up to `NAME` follow the instruction.

use std::collections::HashMap;
use std::ops::Range;

/// A Dockerfile without the here-documents of its RUNs.
#[derive(Debug)]
pub(super) struct HereDocuments {
    /// The file. Bytes keep their places: those of here-documents are spaces, and `<<` is `__`.
    pub(super) text: String,
    /// By the place of the keyword.
    runs: HashMap<usize, RunDocuments>,
}

/// The here-documents of a RUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunDocuments {
    /// The lines of all, with the lines that end them.
    pub(super) all: Range<usize>,
    /// The lines of the first.
    pub(super) first: Range<usize>,
    /// The name of the first.
    pub(super) name: String,
}

impl HereDocuments {
    /// Takes out the here-documents of RUNs in a Dockerfile.
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        let mut runs = HashMap::new();
        let mut lines = SourceLines { text, at: 0 };
        let escape = escape_letter(text);
        while let Some(line) = lines.next() {
            let written = text[line.clone()].trim_start();
            if written.is_empty() || written.starts_with('#') {
                continue;
            }
            let keyword = line.end - written.len();
            let words = instruction_words(text, line, &mut lines, escape);
            let has = |name: &str| words.first().is_some_and(|word| text[word.clone()].eq_ignore_ascii_case(name));
            if !["RUN", "COPY", "ADD"].into_iter().any(has) {
                continue;
            }
            let marks: Vec<_> =
                words.iter().filter_map(|word| Some((word.start, Mark::of(&text[word.clone()])?))).collect();
            let start = lines.at;
            let bodies: Option<Vec<_>> = marks.iter().map(|(_, mark)| lines.body(mark)).collect();
            // One without an end makes the file invalid. To search on would read the rest of the file for each of a hundred thousand.
            let Some(bodies) = bodies else { break };
            if !has("RUN") {
                continue;
            }
            let (Some(first), Some((_, mark))) = (bodies.into_iter().next(), marks.first()) else { continue };
            for (at, mark) in &marks {
                bytes[at + mark.digits..at + mark.digits + 2].fill(b'_');
            }
            for byte in bytes[start..lines.at].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
            runs.insert(keyword, RunDocuments { all: start..lines.at, first, name: mark.name.clone() });
        }
        Self { text: String::from_utf8_lossy(&bytes).into_owned(), runs }
    }

    /// The here-documents of the RUN with its keyword at this byte.
    pub(super) fn of_run(&self, keyword: usize) -> Option<&RunDocuments> {
        self.runs.get(&keyword)
    }
}

impl RunDocuments {
    /// What `BuildKit` records for a RUN of `text` with these documents. The shell runs one that is the whole command, or one that names
    /// its own program is run as a file; all others are the shell's.
    pub(super) fn recorded(&self, command: &str, text: &str) -> String {
        let first = text.get(self.first.clone()).unwrap_or_default();
        let is_whole = command.split_whitespace().nth(1).is_none();
        match (is_whole, first.starts_with("#!")) {
            (true, true) => format!("/dev/pipes/{}", self.name),
            (true, false) => first.to_owned(),
            (false, _) => format!("{command}\n{}", text.get(self.all.clone()).unwrap_or_default()),
        }
    }
}

/// The start of a here-document: `<<-"EOF"`.
#[derive(Debug)]
struct Mark {
    name: String,
    /// The number of digits before `<<`: `0<<EOF`.
    digits: usize,
    /// True if the last line may be indented by tabs.
    is_indented: bool,
}

impl Mark {
    fn of(word: &str) -> Option<Self> {
        let after = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let name = after.strip_prefix("<<")?;
        let is_indented = name.starts_with('-');
        let name = name.strip_prefix('-').unwrap_or(name);
        let name: String = name.chars().filter(|letter| !matches!(letter, '"' | '\'' | '\\')).collect();
        (!name.is_empty() && !name.contains('<')).then(|| Self { name, digits: word.len() - after.len(), is_indented })
    }
}

/// The lines of a text, without the characters that end them.
struct SourceLines<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for SourceLines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        let length = rest.find('\n').unwrap_or(rest.len());
        let start = self.at;
        self.at = (start + length + 1).min(self.text.len());
        Some(start..start + rest[..length].trim_end_matches('\r').len())
    }
}

impl SourceLines<'_> {
    /// The lines before the one that ends a here-document, which is skipped as well. `None` if there is none.
    fn body(&mut self, mark: &Mark) -> Option<Range<usize>> {
        let start = self.at;
        while let Some(line) = self.next() {
            let text = &self.text[line.clone()];
            let text = if mark.is_indented { text.trim_start_matches('\t') } else { text };
            if text == mark.name {
                return Some(start..line.start);
            }
        }
        self.at = start;
        None
    }
}

/// The words of an instruction that begins with `first`, and its continued lines. Words in quotation marks are one.
fn instruction_words(text: &str, first: Range<usize>, lines: &mut SourceLines<'_>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut quote = None;
    let mut line = first;
    loop {
        let written = text[line.clone()].trim_end();
        let is_continued = written.ends_with(escape);
        let end = line.start + written.len() - usize::from(is_continued);
        let mut word = None;
        let mut is_escaped = false;
        for (at, letter) in text[line.start..end].char_indices().map(|(at, letter)| (line.start + at, letter)) {
            if quote.is_none() && !is_escaped && letter.is_whitespace() {
                words.extend(word.take().map(|start| start..at));
                continue;
            }
            let _: &mut usize = word.get_or_insert(at);
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' if quote != Some('\'') => is_escaped = true,
                '"' | '\'' if quote.is_none() => quote = Some(letter),
                _ if quote == Some(letter) => quote = None,
                _ => {}
            }
        }
        words.extend(word.map(|start| start..end));
        if !is_continued {
            return words;
        }
        // Comments and blank lines may stand between continued lines.
        let is_text = |line: &Range<usize>| {
            let text = text[line.clone()].trim_start();
            !text.is_empty() && !text.starts_with('#')
        };
        match lines.find(is_text) {
            Some(next) => line = next,
            None => return words,
        }
    }
}

/// The letter that continues a line, a backslash unless a directive sets another. Directives are the first lines, up to any other one.
fn escape_letter(text: &str) -> char {
    let mut directives = text.lines().map_while(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
        let name = name.trim();
        name.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| (name, value.trim()))
    });
    let escape = directives.find(|(name, _)| name.eq_ignore_ascii_case("escape"));
    if escape.is_some_and(|(_, value)| value == "`") { '`' } else { '\\' }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without here-documents, and what was taken out of each RUN.
    fn taken(text: &str) -> (String, Vec<String>) {
        let documents = HereDocuments::of(text);
        assert_eq!(documents.text.len(), text.len(), "{text:?}");
        let mut runs: Vec<_> = documents.runs.iter().collect();
        runs.sort_by_key(|(at, _)| **at);
        let runs = runs.iter().map(|(at, run)| {
            assert!(text[**at..].to_uppercase().starts_with("RUN"), "{text:?}");
            format!("{} {:?} {:?}", run.name, &text[run.first.clone()], &text[run.all.clone()])
        });
        let runs = runs.collect();
        let lines: Vec<_> = documents.text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        (lines.join("|"), runs)
    }

    #[test]
    fn here_documents_are_found_as_by_buildkit() {
        for (text, left, runs) in [
            (
                "RUN cat <<EOF > /x\nkey = 1\nEOF\nUSER a",
                "RUN cat __EOF > /x|USER a",
                &["EOF \"key = 1\\n\" \"key = 1\\nEOF\\n\""][..],
            ),
            (
                "run  --mount=type=bind <<-'A' bash\n\tRUN x\n\tA\n",
                "run  --mount=type=bind __-'A' bash",
                &["A \"\\tRUN x\\n\" \"\\tRUN x\\n\\tA\\n\""],
            ),
            (
                "RUN a <<X && \\\n  # don't\n\n b 3<<\"Y\"\n1\nX\n2\nY",
                "RUN a __X && \\|  # don't| b 3__\"Y\"",
                &["X \"1\\n\" \"1\\nX\\n2\\nY\""],
            ),
            ("RUN a <<X\r\n\u{e9}\r\nX\r\n", "RUN a __X", &["X \"é\\r\\n\" \"é\\r\\nX\\r\\n\""]),
            ("# escape=`\nRUN a `\n <<X\n\\\nX\n", "# escape=`|RUN a `| __X", &["X \"\\\\\\n\" \"\\\\\\nX\\n\""]),
            (
                "# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n <<X\n1\nX\n",
                "# syntax=docker/dockerfile:1|# escape=`|RUN a `| __X",
                &["X \"1\\n\" \"1\\nX\\n\""],
            ),
            // Directives end at the first other line.
            (
                "# build = all\n# a note\n# escape=`\nRUN a \\\n <<X\n1\nX\n",
                "# build = all|# a note|# escape=`|RUN a \\| __X",
                &["X \"1\\n\" \"1\\nX\\n\""],
            ),
            // No here-documents.
            ("RUN echo \"a <<X\" $((1<<2)) <<<X a<<X << X\nX", "RUN echo \"a <<X\" $((1<<2)) <<<X a<<X << X|X", &[]),
            ("RUN a <<X\nb\n", "RUN a <<X|b", &[]),
            // Nothing behind one without an end is looked at: each search reads the rest of the file.
            ("RUN a <<X\nRUN b <<Y\nc\nY\n", "RUN a <<X|RUN b <<Y|c|Y", &[]),
            // The parser reads that of a COPY, in which no RUN begins.
            ("COPY <<X /x\nRUN <<Y\nX\nUSER a\n", "COPY <<X /x|RUN <<Y|X|USER a", &[]),
        ] {
            assert_eq!(taken(text), (left.to_owned(), runs.iter().map(|run| (*run).to_owned()).collect()), "{text:?}");
        }
    }
}
