//! Finds the base of an image among other images, such as those of an engine, by their diff ids.

use std::error::Error;

use super::base::{Base, BaseSource, Boundary};
use super::description::Image;
use super::named_image::NamedImage;
use super::repository::engine_repository;

/// Images that may be the base of another one.
pub trait BaseCandidates {
    /// Diff ids of the image with this name, base first; `None` if there is no such image. If it has several platforms, the
    /// one that shares the most layers with `wanted` counts.
    ///
    /// # Errors
    /// If the images cannot be read.
    fn diff_ids(&self, image: &NamedImage, wanted: &[&str]) -> Result<Option<Vec<String>>, BaseSearchError>;

    /// Looks for the image whose diff ids are the longest proper prefix of `diff_ids`. `own` are the tags of the image that
    /// has these: another version of it is not its base.
    ///
    /// # Errors
    /// As [`BaseCandidates::diff_ids`].
    fn longest_prefix(&self, diff_ids: &[&str], own: &[String]) -> Result<PrefixSearch, BaseSearchError>;
}

/// The images that may be the base cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{brief}")]
pub struct BaseSearchError {
    brief: String,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl BaseSearchError {
    /// The error of a failed search. `brief` says what failed, in one sentence without advice.
    pub fn new(brief: String, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { brief, cause: cause.into() }
    }
}

/// The result of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefixSearch {
    /// The found image.
    pub found: Option<PrefixImage>,
    /// Number of compared images.
    pub compared: usize,
    /// Number of images that were not compared, because the limits of the search were reached.
    pub left: usize,
}

/// An image whose layers are the lowest ones of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixImage {
    /// Name of the image.
    pub name: String,
    /// Number of its layers.
    pub layers: usize,
}

/// The result of [`Image::base_in`].
#[derive(Debug, Default)]
pub struct BaseSearch {
    /// The base; `None` if the candidates add nothing to [`Image::base`].
    pub base: Option<Base>,
    /// The search among all candidates; `None` if only named images were compared.
    pub search: Option<PrefixSearch>,
}

impl PrefixSearch {
    /// Compares an image with `wanted`. Of equal prefixes, the first name in byte order wins, so that the result does not
    /// depend on the order of the images.
    pub fn compare(&mut self, name: &str, diff_ids: &[String], wanted: &[&str]) {
        self.compared += 1;
        let is_prefix = is_proper_prefix(diff_ids, wanted);
        let is_better = |best: &PrefixImage| {
            diff_ids.len() > best.layers || (diff_ids.len() == best.layers && name < best.name.as_str())
        };
        if is_prefix && self.found.as_ref().is_none_or(is_better) {
            self.found = Some(PrefixImage { name: name.to_owned(), layers: diff_ids.len() });
        }
    }
}

/// Which images to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseScope {
    /// Those that the image names as its base.
    Named,
    /// All.
    All,
}

/// Maximum number of named images to look up. A build may read any number.
const MAX_NAMED: usize = 8;

impl Image {
    /// Looks for the base of the image in `candidates`.
    ///
    /// A name from provenance or annotations is trusted more than a found image, and only looked up. A label may be that of
    /// the base's own base, so a longer prefix replaces it.
    ///
    /// # Errors
    /// As [`BaseCandidates::diff_ids`].
    pub fn base_in(&self, candidates: &dyn BaseCandidates, scope: BaseScope) -> Result<BaseSearch, BaseSearchError> {
        let nothing = || Ok(BaseSearch::default());
        let Some(diff_ids) = self.layers.iter().map(|layer| layer.diff_id.as_deref()).collect::<Option<Vec<_>>>()
        else {
            return nothing();
        };
        let stated = self.base.as_ref();
        let by = stated.and_then(|base| base.boundary).map(|boundary| boundary.by);
        // From scratch, or compared already.
        if by == Some(BaseSource::DiffIds) || stated.is_some_and(|base| base.layers() == Some(0)) {
            return nothing();
        }
        // A local image of that name with fewer layers is an older version, whatever else it shares.
        let least = stated.filter(|_| by == Some(BaseSource::Provenance)).and_then(Base::layers);
        let named = self.longest_named(&diff_ids, candidates)?.filter(|base| base.layers() >= least);
        let source = stated.and_then(|base| base.image.as_ref()).map(|(_, by)| *by);
        let is_searched = matches!(source, None | Some(BaseSource::Labels)) && by != Some(BaseSource::Provenance);
        if scope == BaseScope::Named || !is_searched {
            return Ok(BaseSearch { base: named, search: None });
        }
        let is_enough = |base: &Base| base.image.as_ref().is_some_and(|(_, by)| *by != BaseSource::Labels);
        if named.as_ref().is_some_and(is_enough) {
            return Ok(BaseSearch { base: named, search: None });
        }
        let search = candidates.longest_prefix(&diff_ids, &self.tags)?;
        let known = named.as_ref().and_then(Base::layers).unwrap_or_default();
        let base = match (search.found.clone(), named) {
            // The label names one of the images that the search found.
            (Some(PrefixImage { layers, .. }), Some(Base { image: Some((image, _)), .. })) if layers == known => {
                Some(matched(image, BaseSource::Engine, layers))
            }
            (Some(PrefixImage { name, layers }), _) if layers > known => {
                Some(matched(NamedImage { name, digest: None }, BaseSource::Engine, layers))
            }
            (_, named) => named,
        };
        Ok(BaseSearch { base, search: Some(search) })
    }

    /// The named image with the most layers of this one. Another version of the image is not its base.
    fn longest_named(
        &self,
        diff_ids: &[&str],
        candidates: &dyn BaseCandidates,
    ) -> Result<Option<Base>, BaseSearchError> {
        let stated = self.base.as_ref().and_then(|base| base.image.clone());
        // Of the images that a build read, one may be the base.
        let read = self.provenance.iter().flat_map(|provenance| &provenance.images);
        let read = read.map(|image| (image.clone(), BaseSource::Provenance));
        let names: Vec<_> =
            if stated.is_some() { stated.into_iter().collect() } else { read.take(MAX_NAMED).collect() };
        let own: Vec<_> = self.tags.iter().filter_map(|tag| engine_repository(tag)).collect();
        let is_own = |name: &str| engine_repository(name).is_some_and(|repository| own.contains(&repository));
        let mut longest: Option<Base> = None;
        for (image, by) in names.into_iter().filter(|(image, _)| !is_own(&image.name)) {
            let Some(of_base) = candidates.diff_ids(&image, diff_ids)? else { continue };
            let is_longer = longest.as_ref().and_then(Base::layers).is_none_or(|layers| of_base.len() > layers);
            if is_proper_prefix(&of_base, diff_ids) && is_longer {
                longest = Some(matched(image, by, of_base.len()));
            }
        }
        Ok(longest)
    }
}

/// True if `prefix` is a part of `diff_ids`, from the lowest layer on. An image with all layers is not taken for the base: an
/// image that names itself would have no layer of its own, and rules for those would check nothing.
fn is_proper_prefix(prefix: &[String], diff_ids: &[&str]) -> bool {
    (1..diff_ids.len()).contains(&prefix.len()) && prefix.iter().zip(diff_ids).all(|(a, b)| a == b)
}

fn matched(image: NamedImage, by: BaseSource, layers: usize) -> Base {
    Base { image: Some((image, by)), boundary: Some(Boundary { layers, by: BaseSource::DiffIds }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_proper_prefix_wins() {
        let wanted = ["a", "b", "c"];
        let found = |images: &[(&str, &[&str])]| {
            let mut search = PrefixSearch::default();
            for (name, diff_ids) in images {
                let diff_ids: Vec<String> = diff_ids.iter().map(ToString::to_string).collect();
                search.compare(name, &diff_ids, &wanted);
            }
            assert_eq!(search.compared, images.len());
            search.found.map(|PrefixImage { name, layers }| format!("{name} {layers}"))
        };
        assert_eq!(found(&[("one", &["a"]), ("two", &["a", "b"]), ("other", &["a", "x"])]).as_deref(), Some("two 2"));
        assert_eq!(found(&[("two", &["a", "b"]), ("one", &["a"])]).as_deref(), Some("two 2"));
        assert_eq!(found(&[("m", &["a"]), ("b", &["a"]), ("z", &["a"])]).as_deref(), Some("b 1"));
        let no_base: [(&str, &[&str]); 4] =
            [("itself", &["a", "b", "c"]), ("longer", &["a", "b", "c", "d"]), ("empty", &[]), ("other", &["b"])];
        assert_eq!(found(&no_base), None);
    }
}
