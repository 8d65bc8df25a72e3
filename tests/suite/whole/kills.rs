//! Kills the program (SIGKILL) at random moments of writing and runs it again: no partial file, nothing left over.
//!
//! `DIVE_TEST_KILLS` sets the total number of kills (300 before a release), `DIVE_TEST_SEED` repeats a failed run.
//! `terminal::killed` tests extraction.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[cfg(feature = "registry")]
use super::files_below;
use super::names;
#[cfg(feature = "registry")]
use super::registry::Registry;
use crate::build::{Format, Layer, image};
use crate::user::{DIVE, User};

/// A seeded random number generator.
pub(crate) struct Moments {
    seed: u64,
    state: u64,
}

impl Moments {
    pub(crate) fn new() -> Self {
        let given = std::env::var("DIVE_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) ^ now.as_secs()
        });
        Self { seed, state: seed }
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Prints how many kills interrupted a write.
    pub(crate) fn tell(&self, left: u64) {
        let _ = writeln!(std::io::stderr(), "seed {}: {left} kills left a temporary file", self.seed);
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }
}

/// Number of kills for each of the four kinds of writing.
pub(crate) fn kills_of_each_kind() -> u64 {
    let in_all = std::env::var("DIVE_TEST_KILLS").ok().and_then(|count| count.parse().ok());
    in_all.unwrap_or(40_u64).div_ceil(4)
}

/// Busy-waits until the moment or the condition.
pub(crate) fn spin_until(moment: Instant, is_now: &mut dyn FnMut() -> bool) {
    while Instant::now() < moment && !is_now() {
        std::hint::spin_loop();
    }
}

/// A run of dive to be killed.
struct Run<'a> {
    user: &'a User,
    arguments: Vec<String>,
    input: Option<&'a Path>,
    temporary: Option<&'a Path>,
}

impl Run<'_> {
    fn start(&self) -> std::process::Child {
        let mut command = Command::new(DIVE);
        command.env_clear().envs(self.user.environment()).current_dir(self.user.file("")).args(&self.arguments);
        if let Some(folder) = self.temporary {
            command.env("TMPDIR", folder);
        }
        let input = self.input.map_or_else(Stdio::null, |input| std::fs::File::open(input).unwrap().into());
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Runs it to its successful end and returns the duration.
    fn ends(&self) -> Duration {
        let start = Instant::now();
        let status = self.start().wait().unwrap();
        assert!(status.success(), "{:?}: {status}", self.arguments);
        start.elapsed()
    }

    /// Kills it at a random moment of its usual duration, or, half of the time, shortly after `has_begun`.
    fn is_killed(&self, usual: Duration, moments: &mut Moments, has_begun: &mut dyn FnMut() -> bool) {
        let nanos = |limit: Duration| u64::try_from(limit.as_nanos()).unwrap();
        let mut child = self.start();
        let start = Instant::now();
        if moments.below(2) == 0 {
            spin_until(start + usual * 2, has_begun);
            let moment = Instant::now() + Duration::from_nanos(moments.below(nanos(usual) / 20));
            spin_until(moment, &mut || false);
        } else {
            let moment = start + Duration::from_nanos(moments.below(nanos(usual)));
            spin_until(moment, &mut || false);
        }
        // It may already have ended.
        let _ = child.kill();
        child.wait().unwrap();
    }
}

fn has_unfinished(folder: &Path) -> bool {
    names(folder).iter().any(|name| name.starts_with(".dive-") || name.starts_with(".new-"))
}

#[test]
fn killed_json_leaves_the_old_or_the_new_document() {
    let user = User::new();
    let layer = |layer: Layer| (0..3000).fold(layer, |layer, at| layer.file(format!("dir/file-{at}"), "x"));
    let archive = image().layer(layer).save(Format::DockerArchive);
    let arguments = ["--json", "out.json", archive.path().to_str().unwrap()].map(str::to_owned).to_vec();
    let run = Run { user: &user, arguments, input: None, temporary: None };
    let usual = run.ends();
    let whole = std::fs::read(user.file("out.json")).unwrap();
    let mut moments = Moments::new();
    let (mut left, seed) = (0, moments.seed());
    for kill in 0..kills_of_each_kind() {
        let old = if kill.is_multiple_of(2) { Some(&b"old"[..]) } else { None };
        match old {
            Some(old) => std::fs::write(user.file("out.json"), old).unwrap(),
            None => std::fs::remove_file(user.file("out.json")).unwrap(),
        }
        run.is_killed(usual, &mut moments, &mut || has_unfinished(&user.file("")));
        left += u64::from(has_unfinished(&user.file("")));
        let found = std::fs::read(user.file("out.json")).ok();
        assert!(found.as_deref() == old || found.as_ref() == Some(&whole), "torn at kill {kill}, seed {seed}");
        run.ends();
        assert_eq!(user.sees(), ["out.json"], "left after kill {kill}, seed {seed}");
        assert!(std::fs::read(user.file("out.json")).unwrap() == whole, "kill {kill}, seed {seed}");
    }
    moments.tell(left);
}

#[cfg(feature = "registry")]
#[test]
fn killed_run_leaves_no_partial_cache_record() {
    let user = User::new();
    let layer = |number: usize| {
        (0..400).fold(Layer::default(), |layer, at| layer.file(format!("dir-{number}/file-{at}"), "x")).tar()
    };
    let registry = Registry::serve(&(0..8).map(layer).collect::<Vec<_>>());
    let image = format!("registry://{}/case:1", registry.address());
    let arguments = |more: &[&str]| {
        let all = [more, &["--json", "out.json", "--insecure-registry", registry.address(), &image]].concat();
        all.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = Run { user: &user, arguments: arguments(&[]), input: None, temporary: None };
    let uncached = Run { arguments: arguments(&["--no-cache"]), ..run };
    uncached.ends();
    let expected = std::fs::read(user.file("out.json")).unwrap();
    let run = Run { arguments: arguments(&[]), ..uncached };
    let usual = run.ends();
    let cache = user.home(".cache/dive");
    let records = files_below(&cache);
    assert_eq!(records.len(), 8, "{records:?}");
    let mut moments = Moments::new();
    let (mut left, seed) = (0, moments.seed());
    let begun = || files_below(&cache).iter().any(|name| name.contains(".new-"));
    for kill in 0..kills_of_each_kind() {
        std::fs::remove_dir_all(&cache).unwrap();
        run.is_killed(usual, &mut moments, &mut || begun());
        left += u64::from(begun());
        run.ends();
        assert!(std::fs::read(user.file("out.json")).unwrap() == expected, "kill {kill}, seed {seed}");
        // The next run caches the missing records and removes temporary files.
        assert_eq!(files_below(&cache), records, "left after kill {kill}, seed {seed}");
        assert_eq!(user.sees(), ["out.json"], "left after kill {kill}, seed {seed}");
    }
    moments.tell(left);
}

#[test]
fn killed_run_leaves_no_temporary_archive() {
    let user = User::new();
    let layer = |layer: Layer| (0..40).fold(layer, |layer, at| layer.file(format!("{at}"), vec![at; 100_000]));
    let archive = image().layer(layer).save(Format::DockerArchive);
    let temporary = tempfile::tempdir().unwrap();
    let run = Run {
        user: &user,
        arguments: ["tree", "-"].map(str::to_owned).to_vec(),
        input: Some(archive.path()),
        temporary: Some(temporary.path()),
    };
    let usual = run.ends();
    let mut moments = Moments::new();
    let seed = moments.seed();
    for kill in 0..kills_of_each_kind() {
        run.is_killed(usual, &mut moments, &mut || !names(temporary.path()).is_empty());
        run.ends();
        assert_eq!(names(temporary.path()), [""; 0], "left after kill {kill}, seed {seed}");
    }
}
