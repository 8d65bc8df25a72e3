//! Names with wildcards as automata with a bit per character. Several wildcards share a block of bits, so that a name costs one
//! step a byte for each block, whatever its wildcards are.

use std::collections::BTreeMap;
use std::rc::Rc;

use globset::{Candidate, Glob, GlobSet};
use hashbrown::HashMap;

/// Different wildcards in blocks. Those of a block have the same [`Common`].
pub(super) struct WildcardBlocks {
    /// Sorted by what the wildcards have in common.
    blocks: Vec<(Common, WildcardBlock)>,
    /// The block of each wildcard, by its number; `None` for `*`, which matches every name.
    block_of: Vec<Option<u32>>,
}

/// Wildcards that are matched together.
enum WildcardBlock {
    /// Several, of up to 64 characters together.
    Short(Automaton<1>),
    /// One of up to 256 characters.
    Long(Automaton<4>),
}

/// What all names that match a wildcard have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Common {
    /// Their last byte: `*.log`.
    Last(u8),
    /// Their first byte: `log*`.
    First(u8),
    /// Nothing: `*log*`.
    Nothing,
}

impl Common {
    fn of(glob: &Glob) -> Self {
        // The other bytes may be part of a wildcard.
        let literal = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~');
        let text = glob.glob().as_bytes();
        match (text.last().filter(|byte| literal(byte)), text.first().filter(|byte| literal(byte))) {
            (Some(last), _) => Self::Last(*last),
            (None, Some(first)) => Self::First(*first),
            (None, None) => Self::Nothing,
        }
    }

    /// What the wildcards that match a name may have in common.
    pub(super) fn of_name(name: &[u8]) -> impl Iterator<Item = Self> {
        let (first, last) = (name.first().copied().map(Self::First), name.last().copied().map(Self::Last));
        first.into_iter().chain(last).chain([Self::Nothing])
    }
}

impl WildcardBlocks {
    /// Packs wildcards, whose numbers are their places in `globs`.
    pub(super) fn of(globs: &[&Glob]) -> Self {
        let mut reader = WildcardReader::default();
        let mut by_common: BTreeMap<Common, Vec<(u32, Vec<Element>)>> = BTreeMap::new();
        for (number, glob) in (0..).zip(globs) {
            by_common.entry(Common::of(glob)).or_default().push((number, reader.elements(glob.glob())));
        }
        let mut packed = Self { blocks: Vec::new(), block_of: vec![None; globs.len()] };
        for (common, wildcards) in by_common {
            let mut short = Automaton::default();
            let mut in_short = Vec::new();
            for (number, elements) in wildcards {
                let bits = elements.iter().filter(|element| !matches!(element, Element::Star)).count();
                if bits == 0 {
                    continue;
                }
                if bits > 64 {
                    let mut long = Automaton::default();
                    long.add(number, &elements);
                    packed.push(common, WildcardBlock::Long(long), &[number]);
                    continue;
                }
                if short.used + bits > 64 {
                    packed.push(common, WildcardBlock::Short(std::mem::take(&mut short)), &in_short);
                    in_short.clear();
                }
                short.add(number, &elements);
                in_short.push(number);
            }
            if !in_short.is_empty() {
                packed.push(common, WildcardBlock::Short(short), &in_short);
            }
        }
        packed
    }

    fn push(&mut self, common: Common, block: WildcardBlock, numbers: &[u32]) {
        let at = self.blocks.len() as u32;
        self.blocks.push((common, block));
        for number in numbers {
            if let Some(block) = self.block_of.get_mut(*number as usize) {
                *block = Some(at);
            }
        }
    }

    /// The block of a wildcard; `None` for `*`.
    pub(super) fn block_of(&self, number: u32) -> Option<u32> {
        self.block_of.get(number as usize).copied().flatten()
    }

    /// What the wildcards of a block have in common.
    pub(super) fn common(&self, block: u32) -> Option<Common> {
        self.blocks.get(block as usize).map(|(common, _)| *common)
    }

    /// Adds the numbers of the wildcards of a block that match `name`.
    pub(super) fn find(&self, block: u32, name: &[u8], found: &mut Vec<u32>) {
        match self.blocks.get(block as usize) {
            Some((_, WildcardBlock::Short(automaton))) => automaton.find(name, found),
            Some((_, WildcardBlock::Long(automaton))) => automaton.find(name, found),
            None => {}
        }
    }
}

/// The bytes that a class such as `[a-z]` matches.
type ByteSet = Rc<[bool; 256]>;

/// Reads wildcards. A class of several is read once.
#[derive(Default)]
struct WildcardReader {
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

/// The characters of wildcards but `*`, each a bit: it is set while the name so far matches up to that character.
struct Automaton<const WORDS: usize> {
    /// The characters that match a byte.
    matching: Box<[[u64; WORDS]; 256]>,
    /// The characters before a `*`, which stay set.
    staying: [u64; WORDS],
    /// The first characters of the wildcards.
    first: [u64; WORDS],
    /// Those of wildcards that start with `*`, which may match anywhere.
    anywhere: [u64; WORDS],
    /// The number of each wildcard with its last character.
    last: Vec<(usize, u32)>,
    /// The number of characters.
    used: usize,
}

impl<const WORDS: usize> Default for Automaton<WORDS> {
    fn default() -> Self {
        let none = [0; WORDS];
        let matching = Box::new([none; 256]);
        Self { matching, staying: none, first: none, anywhere: none, last: Vec::new(), used: 0 }
    }
}

impl<const WORDS: usize> Automaton<WORDS> {
    /// Adds a wildcard that has other characters than `*`, if there is room.
    fn add(&mut self, number: u32, elements: &[Element]) {
        let first = self.used;
        for element in elements {
            let matches = |byte: usize| match element {
                Element::Byte(only) => usize::from(*only) == byte,
                Element::Any => true,
                Element::Class(class) => class.get(byte).copied().unwrap_or(false),
                Element::Star => false,
            };
            match element {
                Element::Star if self.used == first => set(&mut self.anywhere, first),
                Element::Star => set(&mut self.staying, self.used - 1),
                Element::Byte(_) | Element::Any | Element::Class(_) => {
                    let bits = self.matching.iter_mut().enumerate().filter(|(byte, _)| matches(*byte));
                    bits.for_each(|(_, bits)| set(bits, self.used));
                    self.used += 1;
                }
            }
        }
        set(&mut self.first, first);
        self.last.push((self.used.saturating_sub(1), number));
    }

    /// Adds the numbers of the wildcards that match `name`.
    fn find(&self, name: &[u8], found: &mut Vec<u32>) {
        let mut state = [0_u64; WORDS];
        let mut entering = &self.first;
        for byte in name {
            let matching = &self.matching[usize::from(*byte)];
            let (mut carried, mut any) = (0, 0);
            for at in 0..WORDS {
                let word = state[at];
                // The last character of a wildcard does not lead to the first of the next.
                let reached = ((word << 1 | carried) & !self.first[at]) | entering[at];
                carried = word >> 63;
                state[at] = (reached & matching[at]) | (word & self.staying[at]);
                any |= state[at] | self.anywhere[at];
            }
            if any == 0 {
                return;
            }
            entering = &self.anywhere;
        }
        let is_set = |at: usize| state.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1);
        found.extend(self.last.iter().filter(|(at, _)| is_set(*at)).map(|(_, number)| *number));
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
        assert_eq!(matching(&[&glob], name), if is_match { vec![0] } else { Vec::new() }, "{text:?} {name:?}");
    }

    /// The wildcards that match a name, by their numbers.
    fn matching(globs: &[&Glob], name: &[u8]) -> Vec<u32> {
        let blocks = WildcardBlocks::of(globs);
        let (mut found, commons): (Vec<u32>, Vec<Common>) = (Vec::new(), Common::of_name(name).collect());
        for block in 0..blocks.blocks.len() as u32 {
            if blocks.common(block).is_some_and(|common| commons.contains(&common)) {
                blocks.find(block, name, &mut found);
            }
        }
        found.extend((0..globs.len() as u32).filter(|number| blocks.block_of(*number).is_none()));
        found.sort_unstable();
        found
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
        let wildcard = glob(&text).unwrap();
        let matches = |name: &str| !matching(&[&wildcard], name.as_bytes()).is_empty();
        let name = "a".repeat(60_000);
        assert!(!matches(&name));
        assert!(matches(&format!("{name}b")) && matches(&format!("{name}b{name}")));
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

        #[test]
        fn wildcards_of_a_block_match_each_for_itself(texts in prop::collection::vec("[ab*?]{1,30}", 1..9), name in "[ab]{1,12}") {
            let globs: Vec<Glob> = texts.iter().filter_map(|text| glob(text)).collect();
            let globs: Vec<&Glob> = globs.iter().collect();
            let alone = |number: &u32| !matching(&globs[*number as usize..=*number as usize], name.as_bytes()).is_empty();
            let expected: Vec<u32> = (0..globs.len() as u32).filter(alone).collect();
            prop_assert_eq!(matching(&globs, name.as_bytes()), expected);
        }
    }
}
