//! A name with wildcards as an automaton with a bit per character: a name costs one step a byte, whatever both are, and a
//! wildcard has a fixed size.

use std::rc::Rc;

use globset::{Candidate, Glob, GlobSet};
use hashbrown::HashMap;

/// A name with wildcards.
pub(super) enum Wildcard {
    /// Up to 64 characters.
    Short(Automaton<1>),
    /// Up to 256.
    Long(Automaton<4>),
}

/// The bytes that a class such as `[a-z]` matches.
type ByteSet = Rc<[bool; 256]>;

/// Reads wildcards. A class of several is read once.
#[derive(Default)]
pub(super) struct WildcardReader {
    classes: HashMap<String, ByteSet>,
}

/// What a character of a wildcard matches.
enum Element {
    /// A byte.
    Byte(u8),
    /// Any byte.
    Any,
    /// One of several.
    Class(ByteSet),
    /// Any number of bytes.
    Star,
}

impl WildcardReader {
    pub(super) fn read(&mut self, glob: &Glob) -> Wildcard {
        let elements = self.elements(glob.glob());
        if elements.len() <= 64 {
            Wildcard::Short(Automaton::of(&elements))
        } else {
            Wildcard::Long(Automaton::of(&elements))
        }
    }

    fn elements(&mut self, text: &str) -> Vec<Element> {
        let mut elements = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let (letter, after) = rest.split_at(letter.len_utf8());
            rest = after;
            match letter {
                "*" => elements.push(Element::Star),
                "?" => elements.push(Element::Any),
                "[" => {
                    let (class, after) = self.class(after);
                    elements.push(Element::Class(class));
                    rest = after;
                }
                "\\" => {
                    let length = after.chars().next().map_or(0, char::len_utf8);
                    let (escaped, after) = after.split_at(length);
                    elements.extend(escaped.bytes().map(Element::Byte));
                    rest = after;
                }
                _ => elements.extend(letter.bytes().map(Element::Byte)),
            }
        }
        elements
    }

    /// The class that starts before `text`, and what follows it. It ends where its start is a valid glob.
    fn class<'a>(&mut self, text: &'a str) -> (ByteSet, &'a str) {
        for (at, _) in text.match_indices(']') {
            let (class, after) = text.split_at(at + 1);
            if let Some(bytes) = self.classes.get(class) {
                return (Rc::clone(bytes), after);
            }
            if let Ok(glob) = Glob::new(&format!("[{class}")) {
                // An expression that is not valid matches nothing.
                let set = GlobSet::new([glob]).unwrap_or_else(|_| GlobSet::empty());
                let bytes =
                    Rc::new(std::array::from_fn(|byte| set.is_match_candidate(&Candidate::from_bytes(&[byte as u8]))));
                self.classes.insert(class.to_owned(), Rc::clone(&bytes));
                return (bytes, after);
            }
        }
        // Not reached: the glob was valid as a whole.
        (Rc::new([false; 256]), "")
    }
}

impl Wildcard {
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Short(automaton) => automaton.matches(name),
            Self::Long(automaton) => automaton.matches(name),
        }
    }
}

/// The characters but `*`, each a bit: it is set while the name so far matches up to that character.
pub(super) struct Automaton<const WORDS: usize> {
    /// The characters that match a byte.
    matching: Box<[[u64; WORDS]; 256]>,
    /// The characters before a `*`, which stay set.
    staying: [u64; WORDS],
    /// The last character.
    last: Option<usize>,
    start: WildcardStart,
}

/// Where a name may begin to match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WildcardStart {
    /// At its first byte.
    First,
    /// Anywhere: the wildcard starts with `*`.
    Anywhere,
}

impl<const WORDS: usize> Automaton<WORDS> {
    fn of(elements: &[Element]) -> Self {
        let mut matching = Box::new([[0; WORDS]; 256]);
        let (mut staying, mut last, mut start) = ([0; WORDS], None, WildcardStart::First);
        for element in elements {
            let matches = |byte: usize| match element {
                Element::Byte(only) => usize::from(*only) == byte,
                Element::Any => true,
                Element::Class(class) => class.get(byte).copied().unwrap_or(false),
                Element::Star => false,
            };
            match (element, last) {
                (Element::Star, None) => start = WildcardStart::Anywhere,
                (Element::Star, Some(last)) => set(&mut staying, last),
                _ => {
                    let at = last.map_or(0, |last| last + 1);
                    let bits = matching.iter_mut().enumerate().filter(|(byte, _)| matches(*byte));
                    bits.for_each(|(_, bits)| set(bits, at));
                    last = Some(at);
                }
            }
        }
        Self { matching, staying, last, start }
    }

    fn matches(&self, name: &[u8]) -> bool {
        // Only `*` matches every name.
        let Some(last) = self.last else { return true };
        if WORDS == 1 {
            return self.matches_in_a_word(name, last);
        }
        let (mut state, mut entering) = ([0_u64; WORDS], 1);
        for byte in name {
            let matching = &self.matching[usize::from(*byte)];
            let (mut carried, mut any) = (entering, 0);
            for ((word, matching), staying) in state.iter_mut().zip(matching).zip(&self.staying) {
                let next = (((*word << 1) | carried) & matching) | (*word & staying);
                carried = *word >> 63;
                any |= next;
                *word = next;
            }
            if self.start == WildcardStart::First {
                entering = 0;
                if any == 0 {
                    return false;
                }
            }
        }
        state.get(last / 64).is_some_and(|word| word >> (last % 64) & 1 == 1)
    }

    /// As [`Self::matches`] with a single word, which most wildcards have.
    fn matches_in_a_word(&self, name: &[u8], last: usize) -> bool {
        let staying = self.staying[0];
        let (mut state, mut entering) = (0_u64, 1);
        let always = u64::from(self.start == WildcardStart::Anywhere);
        for byte in name {
            state = (((state << 1) | entering) & self.matching[*byte as usize][0]) | (state & staying);
            entering = always;
            if state | entering == 0 {
                return false;
            }
        }
        state >> last & 1 == 1
    }
}

fn set<const WORDS: usize>(bits: &mut [u64; WORDS], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::*;

    /// As `config` builds them.
    fn glob(text: &str) -> Option<Glob> {
        GlobBuilder::new(text).literal_separator(false).backslash_escape(true).build().ok()
    }

    fn is_as_globset(text: &str, name: &[u8]) {
        let Some(glob) = glob(text) else { return };
        let Ok(set) = GlobSet::new([&glob]) else { return };
        let is_match = set.is_match_candidate(&Candidate::from_bytes(name));
        assert_eq!(WildcardReader::default().read(&glob).matches(name), is_match, "{text:?} {name:?}");
    }

    #[test]
    fn classes_and_escapes_match_as_in_globset() {
        for text in
            ["[]]", "[!]a]b", "[[:digit:]x]", "[^a-c-]", "[a\\]*", "\\[a]", "\\é?", "[é]*", "a[b][b]", "**a", "a,b*"]
        {
            for name in
                ["]", "[", "a", "b", "-", "7", "x", "\\", "\\z", "[a]", "éa", "é", "abb", "xa", "a,bc", "ab", "xb"]
            {
                is_as_globset(text, name.as_bytes());
            }
        }
    }

    /// A long name costs one step a byte.
    #[test]
    fn long_wildcards_match_long_names() {
        let text = format!("*{}b*", "a".repeat(250));
        let wildcard = WildcardReader::default().read(&glob(&text).unwrap());
        let name = "a".repeat(60_000);
        assert!(!wildcard.matches(name.as_bytes()));
        assert!(
            wildcard.matches(format!("{name}b").as_bytes()) && wildcard.matches(format!("{name}b{name}").as_bytes())
        );
    }

    proptest! {
        #[test]
        fn wildcards_match_as_in_globset(text in "[ab*?\\[\\]!\\\\-]{1,9}", name in "[ab!-]{0,9}") {
            is_as_globset(&text, name.as_bytes());
        }

        #[test]
        fn wildcards_over_several_words_match_as_in_globset(text in "[ab*?]{60,140}", name in "[ab]{60,140}") {
            is_as_globset(&text, name.as_bytes());
        }
    }
}
