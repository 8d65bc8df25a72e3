//! A signal in the middle of a run: the documents of the images that are finished are kept.

use std::sync::Arc;

use crate::run::line_documents::LineDocuments;

/// Finishes the documents on SIGINT and SIGTERM, then ends the process by the signal.
#[cfg(unix)]
pub(super) fn finish_on_signal(documents: &Arc<LineDocuments>) {
    use signal_hook::consts::{SIGINT, SIGTERM};

    use crate::run::output::say;

    let documents = Arc::clone(documents);
    let mut signals = match signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => return tracing::warn!("signals cannot be handled: {error}"),
    };
    let wait = move || {
        for signal in signals.forever() {
            let outcome = match documents.finish() {
                Ok(0) => String::new(),
                Ok(1) => "; the document of 1 image is written".to_owned(),
                Ok(count) => format!("; the documents of {count} images are written"),
                Err(error) => format!("; {error:#}"),
            };
            say(&format!("dive: interrupted{outcome}"));
            // The parent process sees the signal as the cause of death.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("signals".to_owned()).spawn(wait) {
        tracing::warn!("no thread can wait for signals: {error}");
    }
}

/// Without signals, the documents are lost with the process.
#[cfg(not(unix))]
pub(super) fn finish_on_signal(_: &Arc<LineDocuments>) {}
