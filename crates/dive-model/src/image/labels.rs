//! The labels that say where an image comes from (OCI image-spec, annotations.md).

use oci_spec::image::{ANNOTATION_CREATED, ANNOTATION_LICENSES, ANNOTATION_REVISION, ANNOTATION_SOURCE};

/// Labels of an image; `None` if missing or not a string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OciLabels {
    /// Address of the source code.
    pub source: Option<String>,
    /// Revision of the source code.
    pub revision: Option<String>,
    /// Licenses, as an SPDX expression.
    pub licenses: Option<String>,
    /// Time of the build (RFC 3339).
    pub created: Option<String>,
}

impl OciLabels {
    /// The label with this key.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            ANNOTATION_SOURCE => &mut self.source,
            ANNOTATION_REVISION => &mut self.revision,
            ANNOTATION_LICENSES => &mut self.licenses,
            ANNOTATION_CREATED => &mut self.created,
            _ => return None,
        })
    }

    /// True if the image has a label of [`Self::problems`], and its value is not empty.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        let value = match key {
            ANNOTATION_SOURCE => &self.source,
            ANNOTATION_REVISION => &self.revision,
            ANNOTATION_LICENSES => &self.licenses,
            ANNOTATION_CREATED => &self.created,
            _ => return false,
        };
        value.as_deref().is_some_and(|text| !text.trim().is_empty())
    }

    /// Keys of missing labels, and of those whose value has not the form that the specification asks for.
    #[must_use]
    pub fn problems(&self) -> Vec<&'static str> {
        let is_text = |text: &str| !text.trim().is_empty();
        let is_address =
            |text: &str| text.split_once("://").is_some_and(|(before, rest)| is_text(before) && is_text(rest));
        let is_right = |label: &Option<String>, is_right: &dyn Fn(&str) -> bool| label.as_deref().is_some_and(is_right);
        let labels = [
            (ANNOTATION_SOURCE, is_right(&self.source, &is_address)),
            (ANNOTATION_REVISION, is_right(&self.revision, &is_text)),
            (ANNOTATION_LICENSES, is_right(&self.licenses, &is_text)),
            (ANNOTATION_CREATED, is_right(&self.created, &is_time)),
        ];
        labels.into_iter().filter(|(_, is_right)| !is_right).map(|(key, _)| key).collect()
    }
}

/// True for a time of RFC 3339: `2026-11-30T21:40:00Z`, with a fraction and an offset.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else { return false };
    let zone = rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches('0'));
    matches!(zone, "Z" | "+00:00" | "-00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_malformed_labels_are_problems() {
        let text = |text: &str| Some(text.to_owned());
        let right = OciLabels {
            source: text("https://example.com/x"),
            revision: text("4f2a"),
            licenses: text("MIT"),
            created: text("2026-11-30T21:40:00.12+01:00"),
        };
        assert_eq!(right.problems(), [""; 0]);
        assert_eq!(OciLabels { source: text("example.com"), ..right.clone() }.problems(), [ANNOTATION_SOURCE]);
        for created in ["2026-11-30", "2026-11-30 21:40:00", "", "now"] {
            assert_eq!(OciLabels { created: text(created), ..right.clone() }.problems(), [ANNOTATION_CREATED]);
        }
        assert_eq!(OciLabels::default().problems().len(), 4);
    }
}
