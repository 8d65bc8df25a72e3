//! Finds the build step that created each layer. For each step, `BuildKit` lists the layers of the resulting file
//! system. They are compared with the image while parsing, so a long list needs no memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::{Decode, JsonError, JsonKey, JsonReader, Object};

/// Digests of empty layers, which `BuildKit` omits from images: a tar of 1024 zeros in gzip, by `BuildKit` and by
/// Docker.
const EMPTY_LAYERS: [&str; 2] = [
    "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1",
    "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4",
];

/// Steps whose layers are the lowest layers of the image.
#[derive(Debug, Default)]
pub(super) struct LayerChains {
    /// Digests of the image's layers, base first.
    pub(super) of_image: Arc<[String]>,
    /// The first step for each number of layers.
    steps: BTreeMap<usize, u32>,
    /// True if any step lists its layers.
    pub(super) are_listed: bool,
}

impl LayerChains {
    pub(super) fn new(of_image: Arc<[String]>) -> Self {
        Self { of_image, ..Self::default() }
    }

    /// True if the result of a step has exactly the layers of the image.
    pub(super) fn cover_image(&self) -> bool {
        self.of_image.is_empty() || self.steps.contains_key(&self.of_image.len())
    }

    /// For each step, the range of layers that it added, and its number.
    pub(super) fn runs(&self) -> impl Iterator<Item = (std::ops::Range<usize>, u32)> {
        let befores = [0].into_iter().chain(self.steps.keys().copied());
        befores.zip(&self.steps).map(|(before, (after, step))| (before..*after, *step))
    }
}

impl Decode for LayerChains {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            return Ok(());
        }
        let Self { of_image, steps, are_listed } = self;
        json.object(&mut |key, json| {
            // `step5:0` is the first output of step 5.
            let step = key.as_str().split(':').next().and_then(step_number);
            // A list may contain the same layers in several compressions.
            json.list(&mut |json| {
                *are_listed = true;
                let mut chain = Chain { of_image, length: 0, departs: false };
                chain.decode(json)?;
                if let (Some(step), false) = (step, chain.departs || chain.length == 0) {
                    // Later steps with the same layers added none.
                    steps.entry(chain.length).and_modify(|first| *first = step.min(*first)).or_insert(step);
                }
                Ok(())
            })
        })
    }
}

/// The number in `step5`.
pub(super) fn step_number(step: &str) -> Option<u32> {
    step.strip_prefix("step")?.parse().ok()
}

/// Compares a list of layers with those of the image.
struct Chain<'a> {
    of_image: &'a [String],
    length: usize,
    departs: bool,
}

impl Decode for Chain<'_> {
    fn decode(&mut self, json: &mut JsonReader<'_>) -> Result<(), JsonError> {
        if json.null()? {
            return Ok(());
        }
        json.list(&mut |json| {
            let mut layer = ChainLayer::default();
            layer.decode(json)?;
            if self.of_image.get(self.length) == Some(&layer.digest) {
                self.length += 1;
            } else if !EMPTY_LAYERS.contains(&layer.digest.as_str()) {
                self.departs = true;
            }
            Ok(())
        })
    }
}

#[derive(Debug, Default)]
struct ChainLayer {
    digest: String,
}

impl Object for ChainLayer {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("digest").then_some(&mut self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(image: &[&str], json: &str) -> String {
        let chains = LayerChains::new(image.iter().map(ToString::to_string).collect());
        let chains = crate::json::read_into(json.as_bytes(), chains).unwrap().value;
        let runs: Vec<String> =
            chains.runs().map(|(layers, step)| format!("{}-{} step{step}", layers.start, layers.end)).collect();
        format!("{} top={}", runs.join(", "), chains.cover_image())
    }

    #[test]
    fn a_layer_belongs_to_the_first_step_that_lists_it() {
        let json = r#"{"step9:0": [[{"digest": "a"}, {"digest": "b"}]], "step2:0": [[{"digest": "a"}]],
            "step3:0": [[{"digest": "x"}], [{"digest": "a"}, {"digest": "b"}]], "step4:0": null, "step5:0": [null]}"#;
        assert_eq!(runs(&["a", "b"], &json.replace("null", "[]")), "0-1 step2, 1-2 step3 top=true");
    }

    #[test]
    fn layers_of_other_images_are_ignored() {
        let json = r#"{"step1:0": [[{"digest": "a"}, {"digest": "x"}]], "later:0": [[{"digest": "a"}]]}"#;
        assert_eq!(runs(&["a", "b"], json), " top=false");
    }

    #[test]
    fn empty_layers_are_not_in_the_image() {
        let empty = EMPTY_LAYERS[0];
        let json = format!(r#"{{"step1:0": [[{{"digest": "a"}}, {{"digest": "{empty}"}}, {{"digest": "b"}}]]}}"#);
        assert_eq!(runs(&["a", "b"], &json), "0-2 step1 top=true");
        assert_eq!(runs(&["a", empty, "b"], &json), "0-3 step1 top=true");
    }
}
