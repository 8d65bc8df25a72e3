//! What takes time: threads that do one job each and say how it goes through the loop's channel.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use super::event::Event;
use super::run::spawn;

/// Tells one job from another.
pub type JobId = u64;

/// What is to be done.
#[derive(Debug)]
pub struct Job {
    /// Its number, by which its words and its end are known.
    pub id: JobId,
}

/// The jobs that are being done.
#[derive(Debug)]
pub(super) struct Workers {
    events: Sender<Event>,
    cancelled: HashMap<JobId, Arc<AtomicBool>>,
}

impl Workers {
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self { events, cancelled: HashMap::new() }
    }

    pub(super) fn start(&mut self, job: Box<Job>) -> io::Result<()> {
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancelled.insert(job.id, Arc::clone(&cancel));
        spawn("job", self.events.clone(), move || drop((job, cancel)))
    }

    pub(super) fn cancel(&mut self, job: JobId) {
        if let Some(cancel) = self.cancelled.remove(&job) {
            cancel.store(true, Ordering::Relaxed);
        }
    }
}
