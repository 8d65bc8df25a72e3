//! A search among the images of an engine, and its limits: it is a convenience, and an engine may have thousands.

use std::time::{Duration, Instant};

use dive_model::image::{PrefixSearch, engine_repository};

/// Maximum number of images to compare.
const MAX_IMAGES: usize = 500;

/// Maximum duration.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The rest of the limits.
#[derive(Debug)]
pub(crate) struct SearchLimit {
    deadline: Instant,
    images: usize,
}

impl SearchLimit {
    pub(crate) fn start() -> Self {
        Self { deadline: Instant::now() + MAX_TIME, images: MAX_IMAGES }
    }

    /// Time until the search ends.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Compares `images`, given by name, with the diff ids in `wanted` until the limit is reached. Those of the repositories of
    /// `own` are skipped. `diff_ids` returns `None` for an image that cannot be read, or that was removed meanwhile.
    pub(crate) fn search<'a, T>(
        mut self,
        images: impl Iterator<Item = (&'a str, T)>,
        wanted: &[&str],
        own: &[String],
        diff_ids: impl Fn(&T, &Self) -> Option<Vec<String>>,
    ) -> PrefixSearch {
        let own: Vec<String> = own.iter().filter_map(|tag| engine_repository(tag)).collect();
        let others: Vec<_> = images.filter(|(name, _)| is_other(name, &own)).collect();
        let mut search = PrefixSearch::default();
        for (at, (name, image)) in others.iter().enumerate() {
            if !self.allows_another() {
                search.left = others.len() - at;
                break;
            }
            if let Some(layers) = diff_ids(image, &self) {
                search.compare(name, &layers, wanted);
            }
        }
        search
    }

    /// True if one more image may be compared, which is counted.
    fn allows_another(&mut self) -> bool {
        let is_allowed = self.images > 0 && !self.time_left().is_zero();
        self.images = self.images.saturating_sub(1);
        is_allowed
    }
}

/// True for the name of an image outside the repositories `own`. Kubernetes also names images by their id, which
/// is not the name of a base.
fn is_other(name: &str, own: &[String]) -> bool {
    !name.starts_with("sha256:") && engine_repository(name).is_some_and(|repository| !own.contains(&repository))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dive_model::image::PrefixImage;

    #[test]
    fn own_images_ids_and_invalid_names_are_not_compared() {
        let names = ["app:1", "docker.io/library/app:2", "localhost/app", "sha256:00", "--all", "", "os:1", "python:3"];
        let images = names.iter().map(|name| (*name, if *name == "python:3" { 2 } else { 1 }));
        let layers = |count: &usize, _: &SearchLimit| Some(vec!["a".to_owned(); *count]);
        let search = SearchLimit::start().search(images, &["a", "a", "b"], &["app:3".to_owned()], layers);
        let found = Some(PrefixImage { name: "python:3".to_owned(), layers: 2 });
        assert_eq!(search, PrefixSearch { found, compared: 2, left: 0 });
    }

    #[test]
    fn images_beyond_the_limit_are_counted() {
        let names: Vec<String> = (0..MAX_IMAGES + 3).map(|at| format!("image-{at}")).collect();
        let images = names.iter().map(|name| (name.as_str(), ()));
        let search = SearchLimit::start().search(images, &["a", "b"], &[], |(), _| Some(vec!["x".to_owned()]));
        assert_eq!(search, PrefixSearch { found: None, compared: MAX_IMAGES, left: 3 });
    }

    #[test]
    fn a_search_ends_after_the_limit_of_images_or_of_time() {
        let mut limit = SearchLimit::start();
        assert_eq!((0..=MAX_IMAGES).filter(|_| limit.allows_another()).count(), MAX_IMAGES);
        let mut late = SearchLimit { deadline: Instant::now(), images: 1 };
        assert!(!late.allows_another());
    }
}
