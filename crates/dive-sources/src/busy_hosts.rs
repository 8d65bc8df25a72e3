//! Registries in trouble. A run over several images asks one that limits the rate of requests again only when its delay is over, and
//! one that failed after all attempts only once for each image, so that waits are not multiplied.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The hosts that ask for a delay, and those that fail. The default remembers none, which is enough for one image.
#[derive(Debug, Clone, Default)]
pub struct BusyHosts(Option<Arc<Mutex<Troubles>>>);

#[derive(Debug, Default)]
struct Troubles {
    /// The hosts that ask for a delay, and its end.
    delays: HashMap<String, Instant>,
    /// The hosts whose last request failed after all attempts.
    failing: HashSet<String>,
}

/// The longest delay that is remembered: a registry may ask for years.
const LONGEST: Duration = Duration::from_hours(24);

impl BusyHosts {
    /// Remembers the hosts for all images that are opened with a clone of it.
    #[must_use]
    pub fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    /// Remembers that `host` asks for a delay.
    #[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries limit rates"))]
    pub(crate) fn add(&self, host: &str, delay: Duration) {
        let (Some(mut troubles), Some(end)) = (self.troubles(), Instant::now().checked_add(delay.min(LONGEST))) else {
            return;
        };
        troubles.delays.insert(host.to_owned(), end);
    }

    /// What is left of the delay that `host` asks for.
    #[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries limit rates"))]
    pub(crate) fn delay(&self, host: &str) -> Option<Duration> {
        let left = self.troubles()?.delays.get(host)?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Remembers whether the last request to `host` failed after all attempts.
    #[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries are asked again"))]
    pub(crate) fn set_failing(&self, host: &str, is_failing: bool) {
        let Some(mut troubles) = self.troubles() else { return };
        if is_failing {
            troubles.failing.insert(host.to_owned());
        } else {
            troubles.failing.remove(host);
        }
    }

    /// True if the last request to `host` failed after all attempts.
    #[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries are asked again"))]
    pub(crate) fn is_failing(&self, host: &str) -> bool {
        self.troubles().is_some_and(|troubles| troubles.failing.contains(host))
    }

    fn troubles(&self) -> Option<MutexGuard<'_, Troubles>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_remembered_until_it_is_over() {
        let (alone, shared) = (BusyHosts::default(), BusyHosts::shared());
        for hosts in [&alone, &shared] {
            hosts.add("a", Duration::from_hours(1));
            hosts.add("b", Duration::ZERO);
            hosts.add("c", Duration::MAX);
        }
        assert_eq!(alone.delay("a"), None);
        assert!(shared.clone().delay("a").is_some_and(|left| left <= Duration::from_hours(1)));
        assert_eq!((shared.delay("b"), shared.delay("d")), (None, None));
        assert!(shared.delay("c").is_some_and(|left| left <= LONGEST));
    }

    #[test]
    fn a_failing_host_is_remembered_until_it_answers() {
        let (alone, shared) = (BusyHosts::default(), BusyHosts::shared());
        for hosts in [&alone, &shared] {
            hosts.set_failing("a", true);
        }
        assert_eq!(
            (alone.is_failing("a"), shared.clone().is_failing("a"), shared.is_failing("b")),
            (false, true, false)
        );
        shared.set_failing("a", false);
        assert!(!shared.is_failing("a"));
    }
}
