//! Matches the build history to layers. Entries without a layer are marked; the others are in the order of layers. If
//! counts differ, a remark says so.

use crate::json::{Decode, JsonKey, JsonText, List, Object};
use crate::remark::Remark;

/// A history entry in the configuration.
#[derive(Debug, Default)]
pub(super) struct HistoryEntry {
    pub(super) created: JsonText,
    pub(super) created_by: JsonText,
    pub(super) comment: JsonText,
    pub(super) empty_layer: bool,
}

impl Object for HistoryEntry {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("created") => &mut self.created,
            _ if key.is("created_by") => &mut self.created_by,
            _ if key.is("comment") => &mut self.comment,
            _ if key.is("empty_layer") => &mut self.empty_layer,
            _ => return None,
        })
    }
}

/// A build step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryStep {
    /// Time as in the configuration (RFC 3339).
    pub created: Option<String>,
    /// Command as written; empty if there is none.
    pub created_by: String,
    /// Comment of the builder; empty if there is none.
    pub comment: String,
    /// Index of the layer it made, from 0; `None` for a step that changed only the configuration.
    pub layer: Option<u32>,
}

/// Number of `entries` with a layer.
pub(super) fn layer_count(entries: &List<HistoryEntry>) -> usize {
    entries.0.iter().filter(|entry| !entry.empty_layer).count()
}

/// Converts `entries` to steps, and assigns `layers`, base first, to those with a layer.
pub(super) fn steps(
    entries: List<HistoryEntry>,
    layers: &[u32],
    place: &str,
    remarks: &mut Vec<Remark>,
) -> Vec<HistoryStep> {
    let (has_history, made) = (!entries.0.is_empty(), layer_count(&entries));
    let mut ahead = layers.iter().copied();
    let steps = entries
        .0
        .into_iter()
        .map(|entry| {
            let layer = if entry.empty_layer { None } else { ahead.next() };
            HistoryStep {
                created: entry.created.0,
                created_by: entry.created_by.0.unwrap_or_default(),
                comment: entry.comment.0.unwrap_or_default(),
                layer,
            }
        })
        .collect();
    if has_history && made != layers.len() {
        remarks.push(Remark::new(
            place,
            format!(
                "the history describes {made} layer{}, but the image has {}; dive matches commands from the base up",
                if made == 1 { "" } else { "s" },
                layers.len()
            ),
        ));
    }
    steps
}

/// The command as dive shows it: without the shell prefix of Docker's classic builder.
pub(super) fn command(created_by: &str) -> &str {
    created_by.strip_prefix("/bin/sh -c ").unwrap_or(created_by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(json: &str, layers: u32) -> (Vec<Option<u32>>, usize) {
        let mut remarks = Vec::new();
        let layers: Vec<u32> = (0..layers).collect();
        let steps = steps(crate::json::read(json.as_bytes()).unwrap().value, &layers, "a.tar", &mut remarks);
        (steps.iter().map(|step| step.layer).collect(), remarks.len())
    }

    #[test]
    fn steps_are_matched_to_their_layers() {
        let mixed = r#"[{"created_by": "A"}, {"empty_layer": true}, {"empty_layer": false}]"#;
        assert_eq!(matched(mixed, 2), (vec![Some(0), None, Some(1)], 0));
        assert_eq!(matched("null", 2), (vec![], 0));
    }

    #[test]
    fn a_history_of_another_length_is_matched_from_the_base_with_a_remark() {
        assert_eq!(matched("[{}, {}, {}]", 2), (vec![Some(0), Some(1), None], 1));
        assert_eq!(matched(r#"[{"empty_layer": true}]"#, 2), (vec![None], 1));
    }

    #[test]
    fn the_shell_of_the_classic_builder_is_stripped_from_commands() {
        assert_eq!(command("/bin/sh -c apk add curl"), "apk add curl");
        assert_eq!(command("/bin/sh -c #(nop)  CMD [\"sh\"]"), "#(nop)  CMD [\"sh\"]");
        assert_eq!(command("RUN /bin/sh -c apk add curl # buildkit"), "RUN /bin/sh -c apk add curl # buildkit");
    }
}
