//! Whether the lines of a layer have an option, such as `--from=`. Thousands of layers may each come from all lines of a file of
//! megabytes, so each file is read once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::image::{Dockerfile, DockerfileLines};

/// The lines of Dockerfiles that have an option.
#[derive(Debug)]
pub(super) struct OptionLines {
    option: &'static str,
    /// By file, the numbers of the lines, in order.
    numbers: HashMap<*const Dockerfile, Vec<u32>>,
}

impl OptionLines {
    pub(super) fn with(option: &'static str) -> Self {
        Self { option, numbers: HashMap::new() }
    }

    /// True if one of these lines has the option.
    pub(super) fn are_among(&mut self, lines: &DockerfileLines) -> bool {
        let option = self.option;
        let numbers = self.numbers.entry(Arc::as_ptr(&lines.file)).or_insert_with(|| {
            let all = (1_u32..).zip(lines.file.text.lines());
            all.filter(|(_, line)| line.contains(option)).map(|(number, _)| number).collect()
        });
        lines.ranges.iter().any(|range| {
            let next = numbers.partition_point(|number| *number < range.first);
            numbers.get(next).is_some_and(|number| *number <= range.last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Certainty, LineRange};

    #[test]
    fn options_are_found_in_the_lines_of_a_layer_alone() {
        let text = "FROM a\nCOPY --from=a x \\\n  y\nCOPY b c\nCOPY --from=a d e\n".to_owned();
        let file = Arc::new(Dockerfile::new("Dockerfile".to_owned(), text));
        let mut options = OptionLines::with("--from=");
        let mut are_among = |ranges: &[(u32, u32)]| {
            let ranges = ranges.iter().map(|(first, last)| LineRange { first: *first, last: *last }).collect();
            options.are_among(&DockerfileLines { file: Arc::clone(&file), ranges, certainty: Certainty::Exact })
        };
        for (ranges, found) in [
            (&[(2, 3)][..], true),
            (&[(3, 4)], false),
            (&[(1, 1), (4, 5)], true),
            (&[(1, 1)], false),
            (&[(6, 9)], false),
        ] {
            assert_eq!(are_among(ranges), found, "{ranges:?}");
        }
    }
}
