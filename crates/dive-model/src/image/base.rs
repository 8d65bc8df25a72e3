//! The base image of an image, and the number of layers from it.
//!
//! Several sources state a name, a number of layers, or both. Each result has its source, because they are not equally
//! reliable. Equal diff ids are the strongest: two configurations list the same layers. They are not a proof, because
//! a configuration may list diff ids that its layers do not have; verification finds that.

use super::description::Image;
use super::history::HistoryStep;
use super::named_image::NamedImage;
use super::provenance::Provenance;
use crate::layer::LayerIndex;
use crate::remark::Shown;

/// Source of a result, most reliable first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseSource {
    /// The lowest diff ids of the image equal those of the base image.
    DiffIds,
    /// Provenance of the builder.
    Provenance,
    /// Annotations of the manifest.
    Annotations,
    /// A search of the engine's images.
    Engine,
    /// Labels. Images inherit them, so they may describe the base of the base image.
    Labels,
    /// A guess: base images end with `CMD` or `ENTRYPOINT`, and further layers follow.
    History,
}

impl BaseSource {
    /// Name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiffIds => "diffIds",
            Self::Provenance => "provenance",
            Self::Annotations => "annotations",
            Self::Engine => "engine",
            Self::Labels => "labels",
            Self::History => "history",
        }
    }

    /// Text for people, such as `stated by provenance`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::DiffIds => "matched by diff ids",
            Self::Provenance => "stated by provenance",
            Self::Annotations => "stated by annotations",
            Self::Engine => "found in the engine",
            Self::Labels => "stated by labels",
            Self::History => "guessed from the history",
        }
    }
}

/// The base image of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name and the source; `None` if unknown, or if there is no base (`FROM scratch`).
    pub image: Option<(NamedImage, BaseSource)>,
    /// Its layers; `None` if unknown.
    pub boundary: Option<Boundary>,
}

/// The boundary between the layers of the base and those of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// Number of layers from the base.
    pub layers: usize,
    /// Source of the number.
    pub by: BaseSource,
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImagePart {
    /// The layers of the base image.
    Base,
    /// The image's own layers.
    Ours,
}

impl ImagePart {
    /// Name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Ours => "ours",
        }
    }
}

impl Base {
    /// The part that the layer belongs to; `None` if the number of base layers is unknown.
    #[must_use]
    pub fn part_of(&self, layer: LayerIndex) -> Option<ImagePart> {
        let end = self.layers()?;
        Some(if layer.get() < end { ImagePart::Base } else { ImagePart::Ours })
    }

    /// True if the layers were compared with those of the base image, by diff ids.
    #[must_use]
    pub fn has_equal_diff_ids(&self) -> bool {
        self.boundary.is_some_and(|boundary| boundary.by == BaseSource::DiffIds)
    }

    /// Number of layers from the base; `None` if unknown.
    #[must_use]
    pub fn layers(&self) -> Option<usize> {
        self.boundary.map(|boundary| boundary.layers)
    }

    /// Name of the base image, if known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.image.as_ref().map(|(image, _)| image.name.as_str())
    }

    /// The base image according to the image itself.
    pub(super) fn from_statements(statements: &Statements<'_>) -> Option<Self> {
        let Statements { provenance, annotated, labelled, history, layers } = statements;
        if let Some(stated) = provenance.and_then(|it| it.base.as_ref()) {
            let image = stated.image.clone().map(|image| (image, BaseSource::Provenance));
            return Some(Self {
                image,
                boundary: Some(Boundary { layers: stated.layers, by: BaseSource::Provenance }),
            });
        }
        // If a build read several images, it is unknown which of them is the base.
        let only = match provenance.map(|it| &it.images[..]) {
            Some([only]) => Some((only.clone(), BaseSource::Provenance)),
            _ => None,
        };
        let named = |image: Option<&NamedImage>, by| image.map(|image| (image.clone(), by));
        let annotated = || named(*annotated, BaseSource::Annotations);
        let labelled = || named(*labelled, BaseSource::Labels);
        let image = only.or_else(annotated).or_else(labelled);
        let boundary = layers_below_last_command(history, *layers);
        let boundary = boundary.map(|layers| Boundary { layers, by: BaseSource::History });
        (image.is_some() || boundary.is_some()).then_some(Self { image, boundary })
    }
}

/// Statements of the image about its base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statements<'a> {
    pub(super) provenance: Option<&'a Provenance>,
    pub(super) annotated: Option<&'a NamedImage>,
    pub(super) labelled: Option<&'a NamedImage>,
    pub(super) history: &'a [HistoryStep],
    /// Number of layers of the image.
    pub(super) layers: usize,
}

/// Number of layers below the last `CMD` or `ENTRYPOINT` that is followed by a layer. Steps after the last layer do not
/// count, because an image ends with its own command.
fn layers_below_last_command(history: &[HistoryStep], layers: usize) -> Option<usize> {
    let last_layer = history.iter().rposition(|step| step.layer.is_some())?;
    let ends_an_image = |step: &HistoryStep| {
        let command = step.created_by.strip_prefix("/bin/sh -c #(nop)").unwrap_or(&step.created_by).trim_start();
        step.layer.is_none() && ["CMD ", "ENTRYPOINT ", "CMD[", "ENTRYPOINT["].iter().any(|it| command.starts_with(it))
    };
    let end = history[..last_layer].iter().rposition(ends_an_image)?;
    let below = history[..end].iter().rev().find_map(|step| step.layer)? as usize + 1;
    (below < layers).then_some(below)
}

/// Who names a [`GivenBase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseGiver {
    /// The user, who may name the image itself.
    User,
    /// A rules file, which may come from a stranger. A base with all layers would leave nothing to check.
    RulesFile,
}

/// A base image given by the user or a rules file, with its layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBase {
    /// Who names it.
    pub giver: BaseGiver,
    /// Its name.
    pub image: NamedImage,
    /// Digests of its uncompressed layers, base first; `None` if missing in its configuration.
    pub diff_ids: Vec<Option<String>>,
}

impl GivenBase {
    /// Takes the layers of `image`, which the user calls `name`.
    #[must_use]
    pub fn of(name: impl Into<String>, image: &Image) -> Self {
        let diff_ids = image.layers.iter().map(|layer| layer.diff_id.clone()).collect();
        Self { giver: BaseGiver::User, image: NamedImage { name: name.into(), digest: None }, diff_ids }
    }

    /// The same base, named by `giver`.
    #[must_use]
    pub fn given_by(self, giver: BaseGiver) -> Self {
        Self { giver, ..self }
    }

    /// Compares the layers of `image` with this base.
    ///
    /// # Errors
    /// The layers are not the lowest layers of the image, or cannot be compared.
    pub fn below(&self, image: &Image) -> Result<Base, WrongBase> {
        let base = || self.image.name.clone();
        let (of_base, of_image) = (self.diff_ids.len(), image.layers.len());
        if of_base == 0 {
            return Err(WrongBase::Empty { base: base() });
        }
        for (layer, expected) in self.diff_ids.iter().enumerate() {
            let Some(found) = image.layers.get(layer) else {
                return Err(WrongBase::Longer { base: base(), of_base, of_image });
            };
            match (expected, &found.diff_id) {
                (Some(expected), Some(found)) if expected == found => {}
                (Some(expected), Some(found)) => {
                    let (expected, found) = (expected.clone(), found.clone());
                    return Err(WrongBase::Departs { base: base(), layer, expected, found });
                }
                (None, _) | (_, None) => return Err(WrongBase::Unknown { base: base(), layer }),
            }
        }
        if of_base == of_image && self.giver == BaseGiver::RulesFile {
            return Err(WrongBase::Whole { base: base() });
        }
        let image = Some((self.image.clone(), BaseSource::DiffIds));
        Ok(Base { image, boundary: Some(Boundary { layers: of_base, by: BaseSource::DiffIds }) })
    }
}

/// The given image is not the base.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongBase {
    /// The base has no layers, so every image would begin with it.
    #[error("{} has no layers, so it is not the base of the image; name an image with layers", Shown(base))]
    Empty {
        /// Name of the given image.
        base: String,
    },
    /// A layer differs.
    #[error(
        "{} is not the base of the image: its layer {layer} is {}, but the image's is {}; name the version that the image \
         was built on",
        Shown(base),
        Shown(expected),
        Shown(found)
    )]
    Departs {
        /// Name of the given image.
        base: String,
        /// Index of the first different layer.
        layer: usize,
        /// Digest of the uncompressed layer in the given image.
        expected: String,
        /// Digest of the uncompressed layer in the image.
        found: String,
    },
    /// The given image has more layers.
    #[error(
        "{} is not the base of the image: it has {of_base} layers, but the image has only {of_image}; name the version that \
         the image was built on",
        Shown(base)
    )]
    Longer {
        /// Name of the given image.
        base: String,
        /// Number of its layers.
        of_base: usize,
        /// Number of layers of the image.
        of_image: usize,
    },
    /// A rules file gives an image with all layers.
    #[error(
        "{} has all layers of the image, so rules for its own layers would check nothing; name the image that it was built on",
        Shown(base)
    )]
    Whole {
        /// Name of the given image.
        base: String,
    },
    /// A `diff_id` is missing.
    #[error("{} cannot be compared with the image: a configuration gives no diff id for layer {layer}", Shown(base))]
    Unknown {
        /// Name of the given image.
        base: String,
        /// Index of the layer.
        layer: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guesses from a history of commands, each with the layer it created.
    fn guess(steps: &[(&str, Option<u32>)]) -> Option<usize> {
        let steps: Vec<_> = steps
            .iter()
            .map(|(command, layer)| HistoryStep {
                created: None,
                created_by: (*command).to_owned(),
                comment: String::new(),
                layer: *layer,
            })
            .collect();
        layers_below_last_command(&steps, steps.iter().filter(|step| step.layer.is_some()).count())
    }

    #[test]
    fn the_history_of_a_base_ends_with_its_command() {
        let base = [("ADD rootfs /", Some(0)), ("CMD [\"bash\"]", None)];
        let own = [("COPY app /", Some(1)), ("ENTRYPOINT [\"/app\"]", None), ("CMD [\"x\"]", None)];
        assert_eq!(guess(&[&base[..], &own].concat()), Some(1));
        let classic = [("/bin/sh -c #(nop) ADD file:1 in / ", Some(0)), ("/bin/sh -c #(nop)  CMD [\"sh\"]", None)];
        assert_eq!(guess(&[&classic[..], &own].concat()), Some(1));
        assert_eq!(guess(&base), None, "its own command");
        assert_eq!(guess(&own), None);
        assert_eq!(guess(&[("CMD [\"sh\"]", None), ("COPY a /", Some(0))]), None, "no layer is below");
        assert_eq!(guess(&[]), None);
        // The base of the base has a command, too; the last one counts.
        let middle = [("RUN x", Some(1)), ("ENTRYPOINT [\"y\"]", None), ("COPY app /", Some(2))];
        assert_eq!(guess(&[&base[..], &middle].concat()), Some(2));
    }
}
