//! Counts the matches of a search, for `match 3 of 40`. A worker counts them after the match is on the screen, so a large
//! file never delays a search.

use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::search::{CHUNK, SearchedContent};

/// The number of a match, from 1, and the number of all matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchNumber {
    /// Number of the match.
    pub number: u64,
    /// Number of all matches.
    pub of: u64,
}

/// The matches of one pattern, counted by chunks of the content. Clones share what is counted: a search that is cancelled by
/// the next one counts nothing in vain.
#[derive(Debug, Clone, Default)]
pub(super) struct MatchCounts(Arc<Mutex<CountedChunks>>);

#[derive(Debug, Default)]
struct CountedChunks {
    /// The start of each counted chunk.
    starts: Vec<CountedBefore>,
    /// The start of the next chunk.
    next: CountedBefore,
}

/// What is known at the start of a chunk.
#[derive(Debug, Clone, Copy, Default)]
struct CountedBefore {
    /// Matches that begin before the chunk.
    matches: u64,
    /// End of the last of them, which may be inside the chunk.
    end: u64,
}

impl MatchCounts {
    /// The number of the match that begins at `at`. Counts what is not counted yet. `None` if cancelled.
    pub(super) fn number(&self, at: u64, content: &SearchedContent<'_>) -> io::Result<Option<MatchNumber>> {
        // Of two workers, one is cancelled and soon releases the lock.
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let start = counted.starts.len() as u64 * CHUNK;
            if start >= content.end {
                break;
            }
            let mut next = counted.next;
            content.each_match(start..content.end.min(start + CHUNK), next.end, &mut |found| {
                next = CountedBefore { matches: next.matches + 1, end: found.end };
                ControlFlow::Continue(())
            })?;
            if content.is_cancelled() {
                return Ok(None);
            }
            let before = std::mem::replace(&mut counted.next, next);
            counted.starts.push(before);
        }
        let chunk = at / CHUNK;
        let Some(before) = usize::try_from(chunk).ok().and_then(|chunk| counted.starts.get(chunk)) else {
            return Ok(None);
        };
        let mut number = before.matches;
        let start = chunk * CHUNK;
        content.each_match(start..content.end.min(start + CHUNK), before.end, &mut |found| {
            if found.start > at {
                return ControlFlow::Break(());
            }
            number += 1;
            ControlFlow::Continue(())
        })?;
        if content.is_cancelled() {
            return Ok(None);
        }
        // A search that began inside a match may have found one that overlaps the counted ones.
        Ok(Some(MatchNumber { number: number.max(1), of: counted.next.matches.max(1) }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::tui::state::viewer::Form;
    use crate::tui::state::viewer::content::Content;
    use crate::tui::state::viewer::search::SearchPattern;
    use crate::tui::state::viewer::tests::Memory;

    /// The numbers of the matches at `at`, by one counter.
    fn numbers(text: &[u8], pattern: &str, at: &[u64]) -> Vec<(u64, u64)> {
        let (pattern, content) =
            (SearchPattern::new(pattern, Form::Text).unwrap(), Content::new(Memory(text.to_vec())));
        let running = AtomicBool::new(false);
        let searched = SearchedContent::new(&pattern, &content, text.len() as u64, &running);
        let counts = MatchCounts::default();
        let number = |at: &u64| counts.number(*at, &searched).unwrap().unwrap();
        at.iter().map(number).map(|MatchNumber { number, of }| (number, of)).collect()
    }

    #[test]
    fn matches_are_numbered_from_the_start() {
        assert_eq!(numbers(b"one two one", "one|two", &[8, 0, 4]), [(3, 3), (1, 3), (2, 3)]);
        assert_eq!(numbers(b"aaaa", "aa", &[1]), [(1, 2)], "a match that overlaps a counted one");
    }

    /// A word across two chunks is one match, although its end is a match of its own.
    #[test]
    fn a_match_across_two_chunks_counts_once() {
        let mut text = vec![b' '; 2 * CHUNK as usize];
        for at in [5, CHUNK - 3, 2 * CHUNK - 6] {
            text[at as usize..at as usize + 6].copy_from_slice(b"needle");
        }
        assert_eq!(numbers(&text, "[a-z]+", &[2 * CHUNK - 6, CHUNK - 3, 5]), [(3, 3), (2, 3), (1, 3)]);
    }

    /// Otherwise the count of a large file never ends while a user goes from match to match.
    #[test]
    fn a_cancelled_count_is_continued() {
        /// Content that cancels the work when its second chunk is read.
        struct Cancelling(Vec<u8>, Arc<AtomicBool>);

        impl dive_model::tarfile::ReadAt for Cancelling {
            fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
                if at > 0 {
                    self.1.store(true, Ordering::Relaxed);
                }
                self.0[..].read_at(buf, at)
            }

            fn len(&self) -> u64 {
                self.0.len() as u64
            }
        }

        let text = [b"x\nx\n", &vec![b'.'; 2 * CHUNK as usize][..]].concat();
        let (pattern, cancel) = (SearchPattern::new("x", Form::Text).unwrap(), Arc::new(AtomicBool::new(false)));
        let content = Content::new(Cancelling(text.clone(), Arc::clone(&cancel)));
        let searched = SearchedContent::new(&pattern, &content, text.len() as u64, &cancel);
        let counts = MatchCounts::default();
        assert_eq!(counts.number(0, &searched).unwrap(), None);
        assert_eq!(
            counts.0.lock().unwrap().starts.len(),
            1,
            "the first chunk is kept, the second was not counted in full"
        );
        let (content, running) = (Content::new(Memory(text.clone())), AtomicBool::new(false));
        let searched = SearchedContent::new(&pattern, &content, text.len() as u64, &running);
        assert_eq!(counts.number(2, &searched).unwrap(), Some(MatchNumber { number: 2, of: 2 }));
    }
}
