//! Worker threads: each runs one job and reports through the channel of the event loop.

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

use super::event::{ScreenEvent, WorkerEvent};
use super::state::viewer::{CompareRequest, FetchRequest, SearchRequest, compare, fetch, search};
use super::state::{OverlayId, completion};
use super::thread::spawn;
use dive_model::Opened;
use dive_model::advice::{Advice, AdviceScope, FindingState, KindSet, OwnBoundary};
use dive_model::extract::{self, ExtractError, LayerBlobs, Options, Plan, Report};

/// A job for a worker thread.
#[derive(Debug)]
pub enum Job {
    /// Fetches the content of a file for a viewer.
    Fetch(FetchRequest),
    /// Compares two versions of a file for a viewer.
    Compare(CompareRequest),
    /// Searches the content of a file.
    Search(SearchRequest),
    /// Looks for advice.
    Advise {
        /// The image.
        opened: Arc<Opened>,
        /// The boundary of its own layers, if the base is known.
        own: Option<OwnBoundary>,
    },
    /// Checks which existing files are in the way of an extraction.
    CheckConflicts {
        /// Dialog that receives the reports.
        overlay_id: OverlayId,
        /// Files to write.
        plan: Arc<Plan>,
        /// Destination folder.
        folder: PathBuf,
    },
    /// Completes the folder of an extraction.
    CompleteFolder {
        /// Dialog that receives the result.
        overlay_id: OverlayId,
        /// The typed text, which the result belongs to.
        typed: String,
        /// The folder that its last name is in.
        parent: PathBuf,
    },
    /// Writes files to a folder.
    Extract {
        /// Dialog that receives the reports.
        overlay_id: OverlayId,
        /// Files to write.
        plan: Arc<Plan>,
        /// Layers that hold their content.
        layers: LayerBlobs,
        /// Destination folder.
        folder: PathBuf,
        /// Conflict handling and file modes.
        options: Options,
    },
}

/// Identifies a job. At most one job per id runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobId {
    /// Fetch or comparison for a viewer.
    Fetch(OverlayId),
    /// Search in a viewer.
    Search(OverlayId),
    /// Extraction of a dialog, with its conflict check.
    Extract(OverlayId),
    /// Search for advice.
    Advise,
}

impl Job {
    fn id(&self) -> JobId {
        match self {
            Self::Fetch(request) => JobId::Fetch(request.overlay_id),
            Self::Compare(request) => JobId::Fetch(request.overlay_id),
            Self::Search(request) => JobId::Search(request.overlay_id),
            Self::Advise { .. } => JobId::Advise,
            Self::CompleteFolder { overlay_id, .. }
            | Self::CheckConflicts { overlay_id, .. }
            | Self::Extract { overlay_id, .. } => JobId::Extract(*overlay_id),
        }
    }

    /// Runs the job on the current thread until it is done or `cancel` is set.
    pub fn run(self, cancel: &AtomicBool, send: &dyn Fn(WorkerEvent)) {
        match self {
            Self::Fetch(request) => fetch(&request, cancel, &mut |fetched| send(WorkerEvent::Fetch(fetched))),
            Self::Compare(request) => compare(&request, cancel, &mut |fetched| send(WorkerEvent::Fetch(fetched))),
            Self::Search(request) => search(&request, cancel, &mut |searched| send(WorkerEvent::Search(searched))),
            Self::Advise { opened, own } => {
                let scope = AdviceScope { kinds: KindSet::on(), own, state_of: &mut |_| FindingState::Open };
                let Opened { image, tree, analysis, unpacked_bytes, .. } = &*opened;
                let advice = Advice::of(image, tree, &analysis.exact, unpacked_bytes, scope);
                send(WorkerEvent::Advised { image: Arc::clone(&opened.image), advice: Arc::new(advice) });
            }
            Self::CheckConflicts { overlay_id, plan, folder } => {
                let conflicts = extract::conflicts(&plan, &folder).map_err(|error| error.to_string());
                send(WorkerEvent::ConflictsChecked(overlay_id, conflicts));
            }
            Self::CompleteFolder { overlay_id, typed, parent } => {
                let (before, start) = completion::split(&typed);
                if let Some(name) = completion::complete(&parent, start) {
                    let completed = format!("{before}{name}");
                    send(WorkerEvent::FolderCompleted { overlay_id, typed, completed });
                }
            }
            Self::Extract { overlay_id, plan, layers, folder, options } => {
                let reported = Cell::new((0, None));
                let progress = |progress: extract::Progress| {
                    let step = (percent_steps(progress), progress.fetching);
                    if reported.replace(step) != step {
                        send(WorkerEvent::ExtractionProgress(overlay_id, progress));
                    }
                };
                info!("extraction of {} items to {} begins", plan.len(), folder.display());
                let report = extract::run(&plan, &layers, &folder, options, cancel, &progress);
                log_report(&report);
                send(WorkerEvent::ExtractionEnded(overlay_id, report.map_err(|error| error.to_string())));
            }
        }
    }
}

/// Logs the result of an extraction.
fn log_report(report: &Result<Report, ExtractError>) {
    let report = match report {
        Ok(report) => report,
        Err(error) => return warn!("extraction ended: {error}"),
    };
    report.skipped.kept.iter().for_each(|skipped| warn!("not extracted: {skipped}"));
    if report.skipped.more > 0 {
        warn!("not extracted: {} more", report.skipped.more);
    }
    let Report { files, directories, symlinks, hard_links, bytes, end, .. } = report;
    let left_out = report.skipped.count();
    info!(
        "extraction ended ({end:?}): {files} files, {directories} directories, {symlinks} symbolic links, {hard_links} hard \
         links, {bytes} bytes; {left_out} not extracted"
    );
}

/// Progress in percent of bytes plus percent of entries: a change is worth a frame.
fn percent_steps(progress: extract::Progress) -> u64 {
    let share = |done: u64, of: u64| if of == 0 { 0 } else { u128::from(done) * 100 / u128::from(of) };
    u64::try_from(share(progress.read, progress.to_read) + share(progress.items, progress.of_items)).unwrap_or(0)
}

/// Time that running jobs get to end when the program quits.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// The running jobs.
#[derive(Debug)]
pub(super) struct Workers {
    events: Sender<ScreenEvent>,
    cancels: HashMap<JobId, Arc<AtomicBool>>,
    /// Threads that may still run.
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(super) fn new(events: Sender<ScreenEvent>) -> Self {
        Self { events, cancels: HashMap::new(), threads: Vec::new() }
    }

    /// Starts a job on its own thread. Cancels a running job with the same id.
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
                // The loop has ended if this fails.
                let _ = events.send(ScreenEvent::Worker(work));
            });
            debug!("{id:?} ended after {:.1?}", start.elapsed());
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Cancels all jobs and waits for them: a job killed while it writes leaves a partial file. The wait is limited,
    /// since a disk that does not respond must not keep the user from quitting.
    pub(super) fn stop(&mut self) {
        self.cancels.drain().for_each(|(_, cancel)| cancel.store(true, Ordering::Relaxed));
        let deadline = Instant::now() + STOP_TIMEOUT;
        while self.threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks a job to stop.
    pub(super) fn cancel(&mut self, job: JobId) {
        if let Some(cancel) = self.cancels.remove(&job) {
            debug!("{job:?} is cancelled");
            cancel.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn check(overlay_id: OverlayId) -> Job {
        Job::CheckConflicts { overlay_id, plan: Arc::default(), folder: PathBuf::from("/nowhere") }
    }

    /// Otherwise an outdated search reads on through a whole file and reports too late.
    #[test]
    fn a_new_job_cancels_only_the_job_with_the_same_id() {
        let (events, _heard) = mpsc::channel();
        let mut workers = Workers::new(events);
        for overlay_id in [1, 2] {
            workers.start(check(overlay_id)).unwrap();
        }
        let flag = |workers: &Workers, overlay_id| Arc::clone(&workers.cancels[&JobId::Extract(overlay_id)]);
        let (first, other) = (flag(&workers, 1), flag(&workers, 2));
        workers.start(check(1)).unwrap();
        assert!(first.load(Ordering::Relaxed));
        assert!(!other.load(Ordering::Relaxed));
        assert!(!flag(&workers, 1).load(Ordering::Relaxed));
        workers.cancel(JobId::Extract(2));
        assert!(other.load(Ordering::Relaxed));
    }
}
