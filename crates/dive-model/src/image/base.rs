//! What an image was built on, and which of its layers are not its own. Several sources tell, some a name, some how many layers,
//! some both. An answer carries its sources, because they are not worth the same: only layers that were compared prove anything,
//! and what an image says of itself does not.

use super::description::Image;
use super::history::HistoryStep;
use super::named_image::NamedImage;
use super::provenance::Provenance;
use crate::remark::Shown;

/// Where an answer comes from, the most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseSource {
    /// The layers of the base image were compared with those of the image: it is proven.
    DiffIds,
    /// The builder's provenance states it.
    Provenance,
    /// The annotations of the manifest state it.
    Annotations,
    /// Labels state it. Images inherit them, so they may be about the base image's own base.
    Labels,
    /// Guessed: base images end with a `CMD` or `ENTRYPOINT`, and layers follow it.
    History,
}

impl BaseSource {
    /// What documents call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiffIds => "diffIds",
            Self::Provenance => "provenance",
            Self::Annotations => "annotations",
            Self::Labels => "labels",
            Self::History => "history",
        }
    }

    /// What people read: `stated by provenance`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::DiffIds => "proven by its layers",
            Self::Provenance => "stated by provenance",
            Self::Annotations => "stated by annotations",
            Self::Labels => "stated by labels",
            Self::History => "guessed from the history",
        }
    }
}

/// What is known of the image that an image was built on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its name, and who says so. `None` where nobody names it, or there is none (`FROM scratch`).
    pub image: Option<(NamedImage, BaseSource)>,
    /// Which layers are its; `None` where nobody says.
    pub boundary: Option<Boundary>,
}

/// Which layers of an image are those of its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// How many, from the first on.
    pub layers: usize,
    /// Who says so.
    pub by: BaseSource,
}

impl Base {
    /// Whether the layers of the base image were compared with those of the image.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.boundary.is_some_and(|boundary| boundary.by == BaseSource::DiffIds)
    }

    /// How many layers are the base's; `None` where nobody says.
    #[must_use]
    pub fn layers(&self) -> Option<usize> {
        self.boundary.map(|boundary| boundary.layers)
    }

    /// The name of the image, if it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.image.as_ref().map(|(image, _)| image.name.as_str())
    }

    /// What the image says of its base.
    pub(super) fn stated(statements: &Statements<'_>) -> Option<Self> {
        let Statements { provenance, annotated, labelled, history, layers } = statements;
        if let Some(stated) = provenance.and_then(|it| it.base.as_ref()) {
            let image = stated.image.clone().map(|image| (image, BaseSource::Provenance));
            return Some(Self {
                image,
                boundary: Some(Boundary { layers: stated.layers, by: BaseSource::Provenance }),
            });
        }
        // Of several images that a build read, nobody says which one the base was.
        let only = match provenance.map(|it| &it.images[..]) {
            Some([only]) => Some((only.clone(), BaseSource::Provenance)),
            _ => None,
        };
        let named = |image: Option<&NamedImage>, by| image.map(|image| (image.clone(), by));
        let annotated = || named(*annotated, BaseSource::Annotations);
        let labelled = || named(*labelled, BaseSource::Labels);
        let image = only.or_else(annotated).or_else(labelled);
        let boundary = layers_before_the_last_command(history, *layers);
        let boundary = boundary.map(|layers| Boundary { layers, by: BaseSource::History });
        (image.is_some() || boundary.is_some()).then_some(Self { image, boundary })
    }
}

/// What an image says of its base.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statements<'a> {
    pub(super) provenance: Option<&'a Provenance>,
    pub(super) annotated: Option<&'a NamedImage>,
    pub(super) labelled: Option<&'a NamedImage>,
    pub(super) history: &'a [HistoryStep],
    /// How many layers it has.
    pub(super) layers: usize,
}

/// The layers below the last `CMD` or `ENTRYPOINT` that a layer follows. An image ends with its own, so steps after the last
/// layer do not count.
fn layers_before_the_last_command(history: &[HistoryStep], layers: usize) -> Option<usize> {
    let last_layer = history.iter().rposition(|step| step.layer.is_some())?;
    let ends_an_image = |step: &HistoryStep| {
        let command = step.created_by.strip_prefix("/bin/sh -c #(nop)").unwrap_or(&step.created_by).trim_start();
        step.layer.is_none() && ["CMD ", "ENTRYPOINT ", "CMD[", "ENTRYPOINT["].iter().any(|it| command.starts_with(it))
    };
    let end = history[..last_layer].iter().rposition(ends_an_image)?;
    let below = history[..end].iter().rev().find_map(|step| step.layer)? as usize + 1;
    (below < layers).then_some(below)
}

/// A base image that the user names, with its layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenBase {
    /// Its name.
    pub image: NamedImage,
    /// The digests of its uncompressed layers, the lowest first; `None` where its configuration names none.
    pub diff_ids: Vec<Option<String>>,
}

impl GivenBase {
    /// The layers of `image`, which the user calls `name`.
    #[must_use]
    pub fn of(name: impl Into<String>, image: &Image) -> Self {
        let diff_ids = image.layers.iter().map(|layer| layer.diff_id.clone()).collect();
        Self { image: NamedImage { name: name.into(), digest: None }, diff_ids }
    }

    /// The image on this base.
    ///
    /// # Errors
    /// If its layers are not the lowest layers of the image.
    pub fn below(&self, image: &Image) -> Result<Base, WrongBase> {
        let base = || self.image.name.clone();
        let (of_base, of_image) = (self.diff_ids.len(), image.layers.len());
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
        let image = Some((self.image.clone(), BaseSource::DiffIds));
        Ok(Base { image, boundary: Some(Boundary { layers: of_base, by: BaseSource::DiffIds }) })
    }
}

/// An image that was named as a base and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongBase {
    /// A layer is another one.
    #[error(
        "{} is not the base of the image: layer {layer} is {} in it and {} in the image; name the version of it that the \
         image was built on",
        Shown(base),
        Shown(expected),
        Shown(found)
    )]
    Departs {
        /// The image that was named.
        base: String,
        /// The first layer that differs.
        layer: usize,
        /// The digest of the uncompressed layer in that image.
        expected: String,
        /// The same of the image.
        found: String,
    },
    /// It has more layers than the image.
    #[error("{} is not the base of the image: it has {of_base} layers, and the image has {of_image}", Shown(base))]
    Longer {
        /// The image that was named.
        base: String,
        /// Its layers.
        of_base: usize,
        /// Those of the image.
        of_image: usize,
    },
    /// Nothing can be compared.
    #[error("{} cannot be compared with the image: a configuration names no diff id for layer {layer}", Shown(base))]
    Unknown {
        /// The image that was named.
        base: String,
        /// The layer.
        layer: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history of steps, one a line: those with a number made that layer.
    fn guessed(steps: &[(&str, Option<u32>)]) -> Option<usize> {
        let steps: Vec<_> = steps
            .iter()
            .map(|(command, layer)| HistoryStep {
                created: None,
                created_by: (*command).to_owned(),
                comment: String::new(),
                layer: *layer,
            })
            .collect();
        layers_before_the_last_command(&steps, steps.iter().filter(|step| step.layer.is_some()).count())
    }

    #[test]
    fn the_history_of_a_base_ends_with_its_command() {
        let base = [("ADD rootfs /", Some(0)), ("CMD [\"bash\"]", None)];
        let own = [("COPY app /", Some(1)), ("ENTRYPOINT [\"/app\"]", None), ("CMD [\"x\"]", None)];
        assert_eq!(guessed(&[&base[..], &own].concat()), Some(1));
        let classic = [("/bin/sh -c #(nop) ADD file:1 in / ", Some(0)), ("/bin/sh -c #(nop)  CMD [\"sh\"]", None)];
        assert_eq!(guessed(&[&classic[..], &own].concat()), Some(1));
        assert_eq!(guessed(&base), None, "its own command");
        assert_eq!(guessed(&own), None);
        assert_eq!(guessed(&[("CMD [\"sh\"]", None), ("COPY a /", Some(0))]), None, "no layer is below");
        assert_eq!(guessed(&[]), None);
        // The base's base has one, too: the last counts.
        let middle = [("RUN x", Some(1)), ("ENTRYPOINT [\"y\"]", None), ("COPY app /", Some(2))];
        assert_eq!(guessed(&[&base[..], &middle].concat()), Some(2));
    }
}
