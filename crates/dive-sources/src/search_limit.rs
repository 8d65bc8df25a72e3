//! The limits of a search among the images of an engine: it is a convenience, and an engine may have thousands.

use std::time::{Duration, Instant};

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

    /// True if one more image may be compared, which is counted.
    pub(crate) fn allows_another(&mut self) -> bool {
        let is_allowed = self.images > 0 && !self.time_left().is_zero();
        self.images = self.images.saturating_sub(1);
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_after_the_limit_of_images_or_of_time() {
        let mut limit = SearchLimit::start();
        assert_eq!((0..=MAX_IMAGES).filter(|_| limit.allows_another()).count(), MAX_IMAGES);
        let mut late = SearchLimit { deadline: Instant::now(), images: 1 };
        assert!(!late.allows_another());
    }
}
