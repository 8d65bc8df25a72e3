//! Compares two texts line by line (Myers, "An O(ND) Difference Algorithm"), and prints the result as a unified diff.

use std::collections::HashMap;
use std::ops::Range;

/// Changed lines up to which the smallest difference is searched. Beyond, the whole middle of the texts counts as changed.
/// Time and memory grow with its square.
const MAX_CHANGES: usize = 1000;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// What happened to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEdit {
    Kept,
    Removed,
    Added,
}

/// The unified diff of two texts. Empty if they are equal.
pub(super) fn unified(before: &[u8], after: &[u8]) -> Vec<u8> {
    let (old, new) = (lines(before), lines(after));
    let edits = edits(&old, &new);
    let mut out = Vec::new();
    // The next line of each text.
    let (mut old_at, mut new_at) = (0, 0);
    let mut at = 0;
    for hunk in hunks(&edits) {
        // Between two hunks, all lines are kept.
        old_at += hunk.start - at;
        new_at += hunk.start - at;
        at = hunk.end;
        let count = |other| edits[hunk.clone()].iter().filter(|edit| **edit != other).count();
        let (removed, added) = (count(LineEdit::Added), count(LineEdit::Removed));
        // An empty range is named by the line before it.
        let first = |at: usize, count: usize| if count == 0 { at } else { at + 1 };
        let head = format!("@@ -{},{removed} +{},{added} @@\n", first(old_at, removed), first(new_at, added));
        out.extend_from_slice(head.as_bytes());
        for edit in &edits[hunk] {
            let (sign, line) = match edit {
                LineEdit::Kept => (b' ', new[new_at]),
                LineEdit::Removed => (b'-', old[old_at]),
                LineEdit::Added => (b'+', new[new_at]),
            };
            old_at += usize::from(*edit != LineEdit::Added);
            new_at += usize::from(*edit != LineEdit::Removed);
            out.push(sign);
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// The lines of a text, with their line ends.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The changed ranges of `edits` with their context. Ranges that would touch are joined.
fn hunks(edits: &[LineEdit]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    for (at, _) in edits.iter().enumerate().filter(|(_, edit)| **edit != LineEdit::Kept) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + 1 + CONTEXT).min(edits.len()));
        match hunks.last_mut().filter(|last| start <= last.end) {
            Some(last) => last.end = end,
            None => hunks.push(start..end),
        }
    }
    hunks
}

/// The edits that make `old` to `new`.
fn edits(old: &[&[u8]], new: &[&[u8]]) -> Vec<LineEdit> {
    let same = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[same..], &new[same..]);
    let same_end = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[..old.len() - same_end], &new[..new.len() - same_end]);
    // Numbers are faster to compare than lines.
    let mut numbers = HashMap::new();
    let mut number = |line| {
        let next = numbers.len();
        *numbers.entry(line).or_insert(next)
    };
    let old: Vec<usize> = old.iter().map(|line| number(*line)).collect();
    let new: Vec<usize> = new.iter().map(|line| number(*line)).collect();
    let mut middle = shortest(&old, &new).unwrap_or_else(|| {
        let removed = std::iter::repeat_n(LineEdit::Removed, old.len());
        removed.chain(std::iter::repeat_n(LineEdit::Added, new.len())).collect()
    });
    // As everywhere, the old lines of a change stand above the new ones.
    for change in middle.chunk_by_mut(|one, next| *one != LineEdit::Kept && *next != LineEdit::Kept) {
        change.sort_by_key(|edit| *edit == LineEdit::Added);
    }
    let kept = |count| std::iter::repeat_n(LineEdit::Kept, count);
    kept(same).chain(middle).chain(kept(same_end)).collect()
}

/// The furthest points on the diagonals, as positions in the old text. Diagonal `k` has the points whose position in the
/// old text is `k` more than that in the new one.
#[derive(Clone)]
struct Frontier {
    points: Vec<Option<usize>>,
    /// Index of diagonal 0.
    zero: usize,
}

impl Frontier {
    fn point(&self, diagonal: isize) -> Option<usize> {
        let at = self.zero.checked_add_signed(diagonal)?;
        self.points.get(at).copied().flatten()
    }

    /// The next point on a diagonal: one line is added after the point above, or removed after the point below, whichever
    /// leads further. `None` if both leave the texts.
    fn step(&self, diagonal: isize, old: usize, new: usize) -> Option<(usize, LineEdit)> {
        let below_end = |at: &usize| at.checked_add_signed(-diagonal).is_some_and(|new_at| new_at <= new);
        let added = self.point(diagonal + 1).filter(below_end);
        let removed = self.point(diagonal - 1).map(|at| at + 1).filter(|at| *at <= old && below_end(at));
        match (added, removed) {
            (Some(added), removed) if removed.is_none_or(|removed| removed < added) => Some((added, LineEdit::Added)),
            (_, removed) => removed.map(|removed| (removed, LineEdit::Removed)),
        }
    }
}

/// The shortest edits, or `None` beyond [`MAX_CHANGES`].
fn shortest(old: &[usize], new: &[usize]) -> Option<Vec<LineEdit>> {
    let most = MAX_CHANGES.min(old.len() + new.len());
    let mut frontier = Frontier { points: vec![None; 2 * most + 3], zero: most + 1 };
    // Diagonal 0 begins at the start of both texts, as if after an addition.
    frontier.points[frontier.zero + 1] = Some(0);
    // The frontier before each number of changes, reduced to the diagonals that it can have.
    let mut steps: Vec<Frontier> = Vec::new();
    for changes in 0..=most {
        let reach = changes + 1;
        let reached = frontier.points[frontier.zero - reach..=frontier.zero + reach].to_vec();
        steps.push(Frontier { points: reached, zero: reach });
        for diagonal in (-changes.cast_signed()..=changes.cast_signed()).step_by(2) {
            let point = frontier.step(diagonal, old.len(), new.len()).map(|(mut at, _)| {
                let new_at = |at: usize| at.checked_add_signed(-diagonal);
                while let (Some(old_line), Some(new_line)) = (old.get(at), new_at(at).and_then(|at| new.get(at)))
                    && old_line == new_line
                {
                    at += 1;
                }
                at
            });
            frontier.points[frontier.zero.checked_add_signed(diagonal)?] = point;
            if point == Some(old.len()) && old.len().checked_add_signed(-diagonal) == Some(new.len()) {
                return Some(walk_back(&steps, old.len(), new.len()));
            }
        }
    }
    None
}

/// The edits on the way to the end of both texts.
fn walk_back(steps: &[Frontier], old: usize, new: usize) -> Vec<LineEdit> {
    let mut edits = Vec::new();
    let (mut old_at, mut new_at) = (old, new);
    for (changes, before) in steps.iter().enumerate().rev() {
        let diagonal = old_at.cast_signed() - new_at.cast_signed();
        let Some((from, edit)) = before.step(diagonal, old, new) else { break };
        let kept = old_at - from;
        edits.extend(std::iter::repeat_n(LineEdit::Kept, kept));
        (old_at, new_at) = (from, new_at - kept);
        if changes > 0 {
            edits.push(edit);
            match edit {
                LineEdit::Removed => old_at -= 1,
                _ => new_at -= 1,
            }
        }
    }
    edits.reverse();
    edits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(before: &str, after: &str) -> String {
        String::from_utf8(unified(before.as_bytes(), after.as_bytes())).unwrap()
    }

    #[test]
    fn changes_have_three_lines_around_them() {
        let before: String = (1..=30).flat_map(|at| [at.to_string(), "\n".to_owned()]).collect();
        let after = before.replace("\n10\n", "\nten\n").replace("\n25\n", "\n25\nnew\n");
        assert_eq!(
            drawn(&before, &after),
            "@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n@@ -23,6 +23,7 @@\n 23\n 24\n 25\n+new\n 26\n 27\n 28\n"
        );
    }

    #[test]
    fn a_text_without_a_line_end_says_so() {
        assert_eq!(drawn("a\nb", "a\nb\n"), "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
        assert_eq!(drawn("", "a\n"), "@@ -0,0 +1,1 @@\n+a\n");
        assert_eq!(drawn("a\n", ""), "@@ -1,1 +0,0 @@\n-a\n");
        assert_eq!(drawn("", ""), "");
        assert_eq!(drawn("a\n", "a\n"), "");
    }

    /// Applies a diff without context limits: the edits must lead from one text to the other.
    #[test]
    fn the_edits_make_one_text_to_the_other() {
        let mut seed = 7_u32;
        let mut random = |limit: u32| {
            seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
            (seed >> 16) % limit
        };
        for _ in 0..500 {
            let mut text = |alphabet: u32| -> Vec<u8> {
                (0..random(12)).flat_map(|_| [b'a' + random(alphabet) as u8, b'\n']).collect()
            };
            let (before, after) = (text(3), text(3));
            let (old, new) = (lines(&before), lines(&after));
            let edits = edits(&old, &new);
            let (mut old, mut new) = (old.into_iter(), new.into_iter());
            let mut made = Vec::new();
            for edit in edits {
                match edit {
                    LineEdit::Kept => {
                        made.push(old.next().unwrap());
                        assert_eq!(made.last(), new.next().as_ref());
                    }
                    LineEdit::Removed => drop(old.next().unwrap()),
                    LineEdit::Added => made.push(new.next().unwrap()),
                }
            }
            assert_eq!((made.concat(), old.next(), new.next()), (after.clone(), None, None));
        }
    }

    #[test]
    fn beyond_1000_changed_lines_all_of_them_count_as_changed() {
        let text = |name: &str, lines: usize| -> String {
            let line = |at: usize| format!("{name}{at}\n");
            (1..lines).map(line).chain(["common\n".to_owned(), line(0)]).collect()
        };
        let keeps_common = |lines| drawn(&text("old", lines), &text("new", lines)).contains("\n common\n");
        assert_eq!((keeps_common(MAX_CHANGES / 2), keeps_common(MAX_CHANGES / 2 + 1)), (true, false));
        // Any comparison of these would take minutes.
        let text = |name: &str| -> String {
            (0..50_000).flat_map(|at| [name.to_owned(), at.to_string(), "\n".to_owned()]).collect()
        };
        let diff = drawn(&text("old"), &text("new"));
        assert_eq!((diff.matches("\n-").count(), diff.matches("\n+").count()), (50_000, 50_000));
    }
}
