//! The file filter: size terms (`>10MB`, `<=5KiB`) and a regular expression on the full path.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast;
use regex_syntax::hir::{self, Class, Hir, HirKind};

use super::glob;
use crate::tui::state::expression::{self, MAX_COMPILED};
use dive_model::units::{Bytes, BytesError};

/// A parsed filter. An empty one accepts all files.
///
/// Words are separated by white space. Words that begin with `<` or `>` are size terms, all of which must hold; write
/// `[<]` to begin an expression so. The other words form one regular expression, or a glob, which matches bytes of the path
/// with its leading slash and ignores case unless it has an upper-case letter.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    sizes: Vec<SizeTerm>,
    pattern: Option<PathPattern>,
}

/// A filter that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Invalid regular expression.
    #[error("character {character}: {problem}")]
    Expression {
        /// Position in the whole text, from 1.
        character: usize,
        /// Message of the regular expression parser.
        problem: String,
    },
    /// The compiled expression exceeds the memory limit.
    #[error("the expression is too large; use fewer repetitions")]
    TooLarge,
    /// Invalid size.
    #[error(transparent)]
    Size(#[from] BytesError),
}

/// A condition on the size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SizeTerm {
    bound: SizeBound,
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SizeBound {
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[derive(Debug, Clone)]
pub(super) struct PathPattern {
    syntax: PathSyntax,
    pub(super) regex: Regex,
    pub(super) reach: Reach,
}

/// The language of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathSyntax {
    Glob,
    /// A regular expression of ordinary characters.
    Text,
    Expression,
}

/// The part of a path that a match can span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// A single name. A path matches if one of its names does, so each name is searched only once.
    Name,
    /// Several names, or a position in the path.
    Path,
}

impl Filter {
    /// The empty filter, which accepts all files.
    #[must_use]
    pub const fn none() -> Self {
        Self { text: String::new(), sizes: Vec::new(), pattern: None }
    }

    /// Parses the text that the user typed.
    ///
    /// # Errors
    /// A one-line message with the problem and its position.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut sizes = Vec::new();
        // For each word: its offset in the expression and in the user's text.
        let mut expression = String::new();
        let mut origins = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            if [">", "<", ">=", "<="].contains(&word) {
                // Accept `> 10MB` as `>10MB`.
                let size = words.next().unwrap_or_default();
                sizes.push(SizeTerm::parse(&format!("{word}{size}"))?);
            } else if word.starts_with(['<', '>']) {
                sizes.push(SizeTerm::parse(word)?);
            } else {
                if !expression.is_empty() {
                    expression.push(' ');
                }
                // `word` is a slice of `text`, so the difference of their addresses is its offset.
                origins.push((expression.len(), word.as_ptr().addr() - text.as_ptr().addr()));
                expression.push_str(word);
            }
        }
        let place = |offset: usize| {
            let after = origins.partition_point(|(start, _)| *start <= offset);
            let (start, origin) = after.checked_sub(1).map_or((0, 0), |run| origins[run]);
            text.get(..origin + offset - start).map_or(0, |before| before.chars().count()) + 1
        };
        let pattern = match glob::expression(&expression) {
            _ if expression.is_empty() => None,
            // The positions of a glob's errors would be those in its expression.
            Some(glob) => Some(PathPattern::parse(PathSyntax::Glob, &glob, |_| 1)?),
            None => Some(PathPattern::parse(PathSyntax::Expression, &expression, place)?),
        };
        Ok(Self { text: text.to_owned(), sizes, pattern })
    }

    /// The text that the user typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How the pattern was read, for a filter without a match. `None` without a pattern.
    #[must_use]
    pub fn syntax_note(&self) -> Option<&'static str> {
        Some(match self.pattern.as_ref()?.syntax {
            PathSyntax::Glob => "Read as a glob of whole names: *ssl* finds names that contain ssl.",
            PathSyntax::Text | PathSyntax::Expression => {
                "Read as a regular expression on the path: ^/etc/, \\.so$. Globs: *.so, lib*.so, /etc/*."
            }
        })
    }

    /// True if the filter accepts all files.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sizes.is_empty() && self.pattern.is_none()
    }

    pub(super) const fn pattern(&self) -> Option<&PathPattern> {
        self.pattern.as_ref()
    }

    /// True if the filter has a condition on the size.
    #[must_use]
    pub const fn has_sizes(&self) -> bool {
        !self.sizes.is_empty()
    }

    /// True if the filter accepts a path of this size. For lists; a tree is filtered by
    /// [`FileTreePane::set_filter`](super::FileTreePane::set_filter).
    #[must_use]
    pub fn accepts(&self, path: &[u8], bytes: u64) -> bool {
        self.accepts_size(bytes) && self.pattern.as_ref().is_none_or(|pattern| pattern.regex.is_match(path))
    }

    /// True if the filter accepts files of this size.
    #[must_use]
    pub fn accepts_size(&self, bytes: u64) -> bool {
        self.sizes.iter().all(|term| term.accepts(bytes))
    }
}

impl SizeTerm {
    fn parse(word: &str) -> Result<Self, BytesError> {
        let (bound, size) =
            [(">=", SizeBound::AtLeast), ("<=", SizeBound::AtMost), (">", SizeBound::Above), ("<", SizeBound::Below)]
                .into_iter()
                .find_map(|(sign, bound)| Some((bound, word.strip_prefix(sign)?)))
                // Both the operator and the size are required.
                .filter(|(_, size)| !size.is_empty())
                .ok_or_else(|| BytesError::Malformed(word.to_owned()))?;
        let bytes: Bytes = size.parse()?;
        Ok(Self { bound, bytes: bytes.0 })
    }

    const fn accepts(self, bytes: u64) -> bool {
        match self.bound {
            SizeBound::Above => bytes > self.bytes,
            SizeBound::AtLeast => bytes >= self.bytes,
            SizeBound::Below => bytes < self.bytes,
            SizeBound::AtMost => bytes <= self.bytes,
        }
    }
}

impl PathPattern {
    pub(super) fn is_glob(&self) -> bool {
        self.syntax == PathSyntax::Glob
    }

    /// Compiles the expression. `place` maps a byte offset in it to a character position in the user's text.
    fn parse(syntax: PathSyntax, expression: &str, place: impl Fn(usize) -> usize) -> Result<Self, FilterError> {
        let wrong = |span: &ast::Span, problem: String| {
            let letter = expression.get(span.start.offset..).and_then(|rest| rest.chars().next());
            let problem = match letter.filter(|letter| regex_syntax::is_meta_character(*letter)) {
                Some(letter) if syntax == PathSyntax::Expression && letter != '-' => {
                    format!("{problem}; write \\{letter} for the character")
                }
                _ => problem,
            };
            FilterError::Expression { character: place(span.start.offset), problem }
        };
        let ast = ast::parse::Parser::new()
            .parse(expression)
            .map_err(|error| wrong(error.span(), error.kind().to_string()))?;
        let ignore_case = !expression::names_upper_case(&ast);
        let hir = hir::translate::TranslatorBuilder::new()
            .utf8(false)
            .case_insensitive(ignore_case)
            .build()
            .translate(expression, &ast)
            .map_err(|error| wrong(error.span(), error.kind().to_string()))?;
        let syntax = if syntax == PathSyntax::Expression && is_text(&ast) { PathSyntax::Text } else { syntax };
        let reach = if stays_in_a_name(&hir) { Reach::Name } else { Reach::Path };
        let regex = RegexBuilder::new(expression)
            .case_insensitive(ignore_case)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .build()
            .map_err(|_| FilterError::TooLarge)?;
        Ok(Self { syntax, regex, reach })
    }

    /// True if the pattern is the same as another one.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.syntax, self.regex.as_str()) == (other.syntax, other.regex.as_str())
    }

    /// True if every path that this pattern matches is known to match `other`, too: it is the same one, or a text with more
    /// characters. Smart case keeps this true, since an upper-case letter of `other` is also in this pattern.
    pub(super) fn narrows(&self, other: &Self) -> bool {
        let are_texts = [self, other].iter().all(|pattern| pattern.syntax == PathSyntax::Text);
        self.is(other) || are_texts && self.regex.as_str().contains(other.regex.as_str())
    }
}

/// True if an expression matches only itself.
fn is_text(ast: &ast::Ast) -> bool {
    match ast {
        ast::Ast::Literal(literal) => literal.kind == ast::LiteralKind::Verbatim,
        ast::Ast::Concat(concat) => concat.asts.iter().all(is_text),
        _ => false,
    }
}

/// True if no match can contain a slash or depend on its position in the path.
fn stays_in_a_name(hir: &Hir) -> bool {
    struct Slash(bool);
    impl hir::Visitor for Slash {
        type Output = bool;
        type Err = ();
        fn finish(self) -> Result<bool, ()> {
            Ok(!self.0)
        }
        fn visit_pre(&mut self, hir: &Hir) -> Result<(), ()> {
            self.0 |= match hir.kind() {
                HirKind::Literal(literal) => literal.0.contains(&b'/'),
                HirKind::Class(Class::Unicode(class)) => {
                    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'/'))
                }
                HirKind::Class(Class::Bytes(class)) => {
                    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'/'))
                }
                HirKind::Look(_) => true,
                _ => false,
            };
            Ok(())
        }
    }
    hir::visit(hir, Slash(false)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Filter {
        Filter::parse(text).unwrap()
    }

    fn finds(text: &str, path: &str) -> bool {
        parsed(text).pattern().is_none_or(|pattern| pattern.regex.is_match(path.as_bytes()))
    }

    #[test]
    fn a_filter_ignores_case_unless_it_has_an_upper_case_letter() {
        for text in ["readme", r"readme\S*", r"\Areadme|/readme\W", "[a-r]eadme", r"\p{Greek}|readme"] {
            assert!(finds(text, "/README.md"), "{text}");
        }
        for text in ["README", "Readme", "[R]eadme", r"\x{52}eadme"] {
            assert!(!finds(text, "/readme.md"), "{text}");
        }
        assert!(finds("ÄPFEL", "/ÄPFEL") && finds("äpfel", "/ÄPFEL") && !finds("ÄPFEL", "/äpfel"));
    }

    #[test]
    fn a_filter_takes_several_sizes_in_any_place() {
        let filter = parsed("  >1k lib <=5KiB so$ ");
        assert_eq!(filter.pattern().unwrap().regex.as_str(), "lib so$");
        let sizes = [1000, 1001, 5120, 5121];
        assert_eq!(sizes.map(|bytes| filter.accepts_size(bytes)), [false, true, true, false]);
        assert!(parsed(">=1k").accepts_size(1000) && !parsed("<1k").accepts_size(1000));
        assert!(parsed("> 1k x").accepts_size(1001) && !parsed("> 1k x").accepts_size(1000));
        assert!(parsed(" \t").is_empty() && !parsed("<1").is_empty() && !parsed("x").is_empty());
    }

    #[test]
    fn a_glob_is_taken_where_it_is_plainly_meant() {
        assert!(finds("*.js", "/srv/App.js") && !finds("*.js", "/srv/app.json"));
        assert!(finds("/etc/*.conf >1k", "/etc/resolv.conf") && !finds("*.JS", "/app.js"), "smart case");
        assert_eq!(
            Filter::parse("* .js").map(|_| ()).unwrap_err().to_string(),
            r"character 1: repetition operator missing expression; write \* for the character"
        );
    }

    #[test]
    fn a_text_with_more_characters_narrows_the_text_before() {
        let narrows =
            |text: &str, before: &str| parsed(text).pattern().unwrap().narrows(parsed(before).pattern().unwrap());
        for (text, before) in [("lib-c", "lib-"), ("liB", "li"), ("etc/a", "etc"), (">1k li", "l"), ("a.c$", "a.c$")] {
            assert!(narrows(text, before), "{text} after {before}");
        }
        let others = [
            ("li", "lib"),
            ("lib", "Li"),
            ("lib*", "lib"),
            ("li.", "li"),
            ("a|b", "a|"),
            ("*.js", "*.j"),
            // The expression of the glob, which does not mean what is in a matching directory.
            (r"/[^/]*\.js$", "*.js"),
        ];
        for (text, before) in others {
            assert!(!narrows(text, before), "{text} after {before}");
        }
    }

    #[test]
    fn a_filter_error_is_one_line_with_its_position() {
        let cases = [
            ("usr/(lib", r"character 5: unclosed group; write \( for the character"),
            ("  >1k  a *b**+ [z-a]", "character 17: invalid character class range, the start must be <= the end"),
            ("ü >1k [", r"character 7: unclosed character class; write \[ for the character"),
            (
                "a >1k\u{3000}b(?=c)",
                r"character 8: look-around, including look-ahead and look-behind, is not supported; write \( for the character",
            ),
            (r"\p{Nope}", r"character 1: Unicode property not found; write \\ for the character"),
            (r"\w{99}{99}", "the expression is too large; use fewer repetitions"),
            (">10XB", "`10XB` is not a size: write a number and a unit, such as 20MB, 1.5 GB or 20MiB"),
            ("<", "`<` is not a size: write a number and a unit, such as 20MB, 1.5 GB or 20MiB"),
        ];
        for (text, message) in cases {
            assert_eq!(Filter::parse(text).map(|_| ()).unwrap_err().to_string(), message, "{text}");
        }
        let deep = "(".repeat(10_000) + "a" + &")".repeat(10_000);
        assert!(Filter::parse(&deep).unwrap_err().to_string().contains("nested"));
    }

    #[test]
    fn an_expression_that_may_match_a_slash_is_applied_to_whole_paths() {
        for text in ["passwd", r"lib\d+", "[a-c]x", "a|b", "(?:so){2}"] {
            assert_eq!(parsed(text).pattern().unwrap().reach, Reach::Name, "{text}");
        }
        for text in ["etc/passwd", "a.b", "^a", "a$", r"\ba", "[^a]", r"\S", "[+-0]", r"(?-u:\xFF)|/"] {
            assert_eq!(parsed(text).pattern().unwrap().reach, Reach::Path, "{text}");
        }
    }
}
