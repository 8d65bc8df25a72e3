//! The file of `--from`: an image a line. A rules file for the image may follow its name and a tab.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::config::{Link, link_of};

/// Limit of a list, in bytes.
const LARGEST: u64 = 4 << 20;

/// A line of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListLine {
    /// Its number, from 1.
    pub(super) number: usize,
    /// The image, named as on the command line.
    pub(super) image: String,
    /// The rules file of this image.
    pub(super) rules_file: Option<PathBuf>,
}

/// The name of a list in messages.
pub(super) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" { "standard input".to_owned() } else { path.display().to_string() }
}

/// Reads the list in `path`; `-` is standard input.
pub(super) fn read(path: &Path, working_dir: &Path) -> anyhow::Result<Vec<ListLine>> {
    let shown = shown(path);
    // A pull request may link a list to a secret, whose lines would be printed as names. `-` is no file.
    let link = if path.as_os_str() == "-" { Link::None } else { link_of(path, working_dir) };
    match link {
        Link::None => {}
        Link::Within => bail!("--from: {shown} is a symbolic link; name its target"),
        Link::Out | Link::OnTheWay | Link::Elsewhere => {
            bail!("--from: {shown}: a symbolic link on its path leads out of the directory; name the target")
        }
    }
    let input: Box<dyn Read> = if path.as_os_str() != "-" {
        Box::new(File::open(working_dir.join(path)).with_context(|| format!("--from: {shown} cannot be read"))?)
    } else if io::stdin().is_terminal() {
        bail!(
            "standard input is a terminal; pipe a list into it: `docker images --format '{{{{.ID}}}}' | dive --from -`"
        )
    } else {
        Box::new(io::stdin().lock())
    };
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("--from: {shown} cannot be read"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{shown} is larger than {LARGEST} bytes (the limit for a list of images); check the path");
    }
    let lines = parse(&bytes).map_err(|(number, problem)| anyhow::anyhow!("{shown}:{number}: {problem}"))?;
    if lines.is_empty() {
        bail!("{shown} lists no image; write a name on each line");
    }
    Ok(lines)
}

/// Parses a list. An error has the number of its line.
fn parse(bytes: &[u8]) -> Result<Vec<ListLine>, (usize, &'static str)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = str::from_utf8(line).map_err(|_| (number, "the line is not UTF-8; check that this is a list"))?;
        if line.contains('\0') {
            return Err((number, "the line contains a NUL character; check that this is a list, and save it as UTF-8"));
        }
        let line = without_comment(line).trim_end();
        let (image, rules_file) = match line.split_once('\t') {
            Some((image, rules_file)) => (image.trim(), rules_file.trim()),
            None => (line.trim(), ""),
        };
        match (image.is_empty(), rules_file.is_empty()) {
            (true, true) => continue,
            (true, false) => return Err((number, "no image before the tab; write the name, a tab, the rules file")),
            (false, _) => {}
        }
        if image.starts_with('-') && image != "-" {
            return Err((
                number,
                "a list names images, not options; for a file whose name starts with `-`, write ./-NAME",
            ));
        }
        if rules_file.is_empty() && image.rsplit_once(' ').is_some_and(|(_, last)| is_rules_file(last)) {
            return Err((number, "no tab before the rules file; write the name, a tab, the rules file"));
        }
        if rules_file.contains('\t') {
            return Err((number, "more than one tab; write the name, a tab, the rules file"));
        }
        let rules_file = (!rules_file.is_empty()).then(|| PathBuf::from(rules_file));
        lines.push(ListLine { number, image: image.to_owned(), rules_file });
    }
    Ok(lines)
}

/// True for what is more likely a rules file than the end of an image's name.
fn is_rules_file(word: &str) -> bool {
    [".dive-ci", ".yaml", ".yml"].iter().any(|end| word.ends_with(end))
}

/// The line before a `#` that begins it or follows a blank. A `#` inside a word is a part of it.
fn without_comment(line: &str) -> &str {
    let is_comment = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
    line.match_indices('#').find(|(at, _)| is_comment(*at)).map_or(line, |(at, _)| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(usize, String, Option<String>)> {
        let rules = |line: &ListLine| line.rules_file.as_ref().map(|path| path.display().to_string());
        let lines = parse(text.as_bytes()).unwrap();
        lines.iter().map(|line| (line.number, line.image.clone(), rules(line))).collect()
    }

    #[test]
    fn a_list_has_names_comments_and_rules_files() {
        let text = "\u{feff}# the team's images\r\n\nnginx:1.27  # the proxy\r\n  my image.tar\napi\tapi.dive-ci # strict\na#b\n\t\n";
        let rules = Some("api.dive-ci".to_owned());
        let expected = [
            (3, "nginx:1.27".to_owned(), None),
            (4, "my image.tar".to_owned(), None),
            (5, "api".to_owned(), rules),
            (6, "a#b".to_owned(), None),
        ];
        assert_eq!(parsed(text), expected);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, number) in [("a\n\trules\n", 2), ("a\tb\tc\n", 1)] {
            assert_eq!(parse(text.as_bytes()).unwrap_err().0, number, "{text}");
        }
        assert_eq!(parse(b"a\n\xff\n").unwrap_err().0, 2);
        assert_eq!(parsed(""), []);
    }
}
