//! The threads that read layers.

use std::error::Error;
use std::sync::OnceLock;

use super::OpenError;

/// Starts rayon's threads, unless the program has done so. On first use, a failure would panic.
pub(super) fn start() -> Result<(), OpenError> {
    // Keep the first result: a second attempt after a failure returns success, although there are no threads.
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| match rayon::ThreadPoolBuilder::new().build_global() {
        Ok(()) => Ok(()),
        // Only an error of the system has a source. The other error is that the program already started its threads.
        Err(error) => error.source().map_or(Ok(()), |cause| Err(cause.to_string())),
    });
    started.clone().map_err(|cause| OpenError::Threads { cause })
}
