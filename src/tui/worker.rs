//! What takes time: threads that do one job each and say how it goes through the loop's channel.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::event::{Event, Work};
use super::state::Ticket;
use super::state::viewer::{FetchRequest, SearchRequest, fetch, search};
use super::thread::spawn;
use dive_model::extract::{self, ExtractError, Layers, Options, Plan, Report};

/// What is to be done.
#[derive(Debug)]
pub enum Job {
    /// Getting a file's bytes.
    Fetch(FetchRequest),
    /// Searching them.
    Search(SearchRequest),
    /// Looking what stands in the way of an extraction.
    Look {
        /// Whose.
        ticket: Ticket,
        /// What is to be written.
        plan: Arc<Plan>,
        /// Where to.
        folder: PathBuf,
    },
    /// Writing files.
    Extract {
        /// Whose.
        ticket: Ticket,
        /// What is to be written.
        plan: Arc<Plan>,
        /// Where the bytes are.
        layers: Layers,
        /// Where to.
        folder: PathBuf,
        /// How.
        options: Options,
    },
}

/// Tells one job from another. Of each there is one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobId {
    /// Getting a file's bytes, for the viewer of that ticket.
    Fetch(u64),
    /// Searching them.
    Search(u64),
    /// The extraction of that ticket, looking included.
    Extract(u64),
}

impl Job {
    fn id(&self) -> JobId {
        match self {
            Self::Fetch(request) => JobId::Fetch(request.ticket),
            Self::Search(request) => JobId::Search(request.ticket),
            Self::Look { ticket, .. } | Self::Extract { ticket, .. } => JobId::Extract(*ticket),
        }
    }

    /// Does the job on this thread, until it is done or `cancel` is set.
    pub fn run(self, cancel: &AtomicBool, say: &dyn Fn(Work)) {
        match self {
            Self::Fetch(request) => fetch(&request, cancel, &mut |fetched| say(Work::Fetched(fetched))),
            Self::Search(request) => search(&request, cancel, &mut |searched| say(Work::Searched(searched))),
            Self::Look { ticket, plan, folder } => {
                let conflicts = extract::conflicts(&plan, &folder).map_err(|error| error.to_string());
                say(Work::Looked(ticket, conflicts));
            }
            Self::Extract { ticket, plan, layers, folder, options } => {
                let told = Cell::new((0, None));
                let progress = |progress: extract::Progress| {
                    let step = (steps(progress), progress.fetching);
                    if told.replace(step) != step {
                        say(Work::Extracting(ticket, progress));
                    }
                };
                info!("extraction of {} items to {} begins", plan.len(), folder.display());
                let report = extract::run(&plan, &layers, &folder, options, cancel, &progress);
                tell(&report);
                say(Work::Extracted(ticket, report.map_err(|error| error.to_string())));
            }
        }
    }
}

/// Tells the log what came of an extraction.
fn tell(report: &Result<Report, ExtractError>) {
    let report = match report {
        Ok(report) => report,
        Err(error) => return warn!("extraction ended: {error}"),
    };
    report.skipped.kept.iter().for_each(|skipped| warn!("left out: {skipped}"));
    if report.skipped.more > 0 {
        warn!("left out: {} more", report.skipped.more);
    }
    let Report { files, directories, symlinks, hard_links, bytes, end, .. } = report;
    let left_out = report.skipped.count();
    info!(
        "extraction ended ({end:?}): {files} files, {directories} directories, {symlinks} symbolic links, {hard_links} hard \
         links, {bytes} bytes; {left_out} left out"
    );
}

/// Progress in steps that are worth a frame.
fn steps(progress: extract::Progress) -> u64 {
    let share = |done: u64, of: u64| if of == 0 { 0 } else { u128::from(done) * 100 / u128::from(of) };
    u64::try_from(share(progress.read, progress.to_read) + share(progress.items, progress.of_items)).unwrap_or(0)
}

/// How long jobs have to end when the program does.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// The jobs that are being done.
#[derive(Debug)]
pub(super) struct Workers {
    events: Sender<Event>,
    cancels: HashMap<JobId, Arc<AtomicBool>>,
    /// Threads that may still be at work.
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self { events, cancels: HashMap::new(), threads: Vec::new() }
    }

    /// Starts a job on a thread of its own; another of the same kind is called off.
    pub(super) fn start(&mut self, job: Job) -> io::Result<()> {
        let id = job.id();
        self.cancel(id);
        let cancel = Arc::new(AtomicBool::new(false));
        self.cancels.insert(id, Arc::clone(&cancel));
        let events = self.events.clone();
        debug!("{id:?} begins");
        self.threads.retain(|thread| !thread.is_finished());
        let thread = spawn("job", self.events.clone(), move || {
            let start = Instant::now();
            job.run(&cancel, &|work| {
                // Nobody listens any more when the user has left.
                let _ = events.send(Event::Work(work));
            });
            debug!("{id:?} ended after {:.1?}", start.elapsed());
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Calls all jobs off and waits for them, since what dies while it writes leaves half a file behind. Not for long: a
    /// disk that does not answer must not hold up who wants to leave.
    pub(super) fn stop(&mut self) {
        self.cancels.drain().for_each(|(_, cancel)| cancel.store(true, Ordering::Relaxed));
        let deadline = Instant::now() + LAST_WAIT;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks a job to end early.
    pub(super) fn cancel(&mut self, job: JobId) {
        if let Some(cancel) = self.cancels.remove(&job) {
            debug!("{job:?} is not wanted any more");
            cancel.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn look(ticket: Ticket) -> Job {
        Job::Look { ticket, plan: Arc::default(), folder: PathBuf::from("/nowhere") }
    }

    /// A search that nobody waits for any more would go on through a whole file, and answer too late.
    #[test]
    fn a_job_calls_off_the_one_before_of_its_kind_and_no_other() {
        let (events, _heard) = mpsc::channel();
        let mut workers = Workers::new(events);
        for ticket in [1, 2] {
            workers.start(look(ticket)).unwrap();
        }
        let flag = |workers: &Workers, ticket| Arc::clone(&workers.cancels[&JobId::Extract(ticket)]);
        let (first, other) = (flag(&workers, 1), flag(&workers, 2));
        workers.start(look(1)).unwrap();
        assert!(first.load(Ordering::Relaxed));
        assert!(!other.load(Ordering::Relaxed));
        assert!(!flag(&workers, 1).load(Ordering::Relaxed));
        workers.cancel(JobId::Extract(2));
        assert!(other.load(Ordering::Relaxed));
    }
}
