//! Registries that limit the rate of requests. A run over several images asks such a registry again only when its delay is over, so
//! that each image does not wait, or use up attempts, of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The hosts that ask for a delay, and its end. The default remembers none, which is enough for one image.
#[derive(Debug, Clone, Default)]
pub struct BusyHosts(Option<Arc<Mutex<HashMap<String, Instant>>>>);

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
        let (Some(hosts), Some(end)) = (&self.0, Instant::now().checked_add(delay.min(LONGEST))) else { return };
        hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), end);
    }

    /// What is left of the delay that `host` asks for.
    #[cfg_attr(not(feature = "registry"), allow(dead_code, reason = "only registries limit rates"))]
    pub(crate) fn delay(&self, host: &str) -> Option<Duration> {
        let hosts = self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let left = hosts.get(host)?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
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
}
