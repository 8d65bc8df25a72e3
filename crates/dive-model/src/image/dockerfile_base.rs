//! The base image that a Dockerfile names.

use parse_dockerfile::Instruction;

use super::dockerfile_lines::Dockerfile;
use super::here_documents::HereDocuments;

impl Dockerfile {
    /// The line and image of the last FROM before `line`; `None` if there is none, it continues an earlier stage, or the file is
    /// invalid.
    #[must_use]
    pub fn base_before(&self, line: u32) -> Option<(u32, String)> {
        let documents = HereDocuments::of(&self.text);
        let parsed = parse_dockerfile::parse(&documents.text).ok()?;
        let (mut number, mut counted) = (1_u32, 0);
        let mut stages: Vec<String> = Vec::new();
        let mut base = None;
        for instruction in &parsed.instructions {
            let Instruction::From(from) = instruction else { continue };
            let start = from.from.span.start;
            let between = self.text.get(counted..start).unwrap_or_default();
            number = number.saturating_add(u32::try_from(between.matches('\n').count()).unwrap_or(u32::MAX));
            counted = start;
            if number >= line {
                break;
            }
            let name = from.image.value.as_ref();
            // A stage may have the name of its own base.
            let is_stage = stages.iter().rev().take(MAX_STAGES).any(|stage| stage.eq_ignore_ascii_case(name));
            base = (!is_stage).then(|| (number, name.to_owned()));
            stages.extend(from.as_.as_ref().map(|(_, name)| name.value.clone().into_owned()));
        }
        base
    }
}

/// Maximum number of stages that a name is looked up in.
const MAX_STAGES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_from_in_a_here_document_is_no_base() {
        let text = "FROM debian:13\nRUN <<EOF cat >x\nFROM scratch\nEOF\nRUN make\n".to_owned();
        let file = Dockerfile::new("Dockerfile".to_owned(), text);
        assert_eq!(file.base_before(5), Some((1, "debian:13".to_owned())));
        assert_eq!(file.base_before(1), None);
    }

    #[test]
    fn the_last_stage_before_a_line_counts() {
        let text = "FROM a AS x\nRUN 1\n\nFROM --platform=linux/arm64 b\nRUN 2\nFROM X\nRUN 3\n".to_owned();
        let file = Dockerfile::new("Dockerfile".to_owned(), text);
        assert_eq!(file.base_before(2), Some((1, "a".to_owned())));
        assert_eq!(file.base_before(5), Some((4, "b".to_owned())));
        assert_eq!(file.base_before(7), None, "an earlier stage");
    }
}
