//! Cost of a key press on the screen, up to the drawn cells, with half a million files.
//!
//! ```text
//! cargo bench -p dive-benches --bench screen                              everything, in a minute
//! cargo bench -p dive-benches --bench screen -- cursor                    benchmarks with this in their name
//! DIVE_BENCH_IMAGE=FILE cargo bench -p dive-benches --bench screen        also a saved image of your own
//! DIVE_BENCH_ENTRIES=5000000 cargo bench -p dive-benches --bench screen   an image of another size
//! ```
//!
//! The budgets in CPU time, on current hardware: 0.5 ms for a cursor key, 12 ms (a frame at 60 Hz has 16) for selecting
//! another layer, and for a letter of a filter. CPU times are printed first, on systems that report them, then wall-clock times. Each measurement runs
//! `update` and `settle` and draws, as the loop in `tui::run` does, into an in-memory terminal of 140 columns and 40
//! rows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark that cannot run stops")]

#[path = "../gauges/cpu.rs"]
mod cpu;
#[path = "../images/mod.rs"]
#[allow(dead_code, reason = "each benchmark makes the images that it measures")]
mod images;
mod screen;

use std::path::Path;
use std::time::{Duration, Instant};

use criterion::Criterion;
use dive::config::{Action, Key, KeyPress};

use cpu::cpu_time;
use images::{Codec, Shape};
use screen::{SIZE, Screen};

/// Half a million rows: a system, an application, one directory of 100,000 files, 11,000 overwritten files and 10,000
/// whiteouts.
/// With [`ENTRIES`], in proportion.
const MADE: Shape = Shape { entries: 570_000, layers: 6, whiteouts: 10_000, crowd: 100_000, depth: 0 };

/// The number of entries of the generated image.
const ENTRIES: &str = "DIVE_BENCH_ENTRIES";

fn made() -> Shape {
    let entries = std::env::var(ENTRIES).ok().filter(|text| !text.is_empty());
    let Some(entries) = entries.map(|text| text.parse::<u64>().expect(ENTRIES)) else { return MADE };
    let scaled = |number: u64| number * entries / MADE.entries;
    Shape { entries, whiteouts: scaled(MADE.whiteouts), crowd: scaled(MADE.crowd), ..MADE }
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let made = made().archive(Codec::Zstd);
    bench(&mut criterion, "made", &mut Screen::of(made.path()));
    drop(made);
    if let Some(path) = std::env::var_os("DIVE_BENCH_IMAGE").filter(|path| !path.is_empty()) {
        bench(&mut criterion, "yours", &mut Screen::of(Path::new(&path)));
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, name: &str, screen: &mut Screen) {
    let rows = screen.rows();
    let layers = screen.state.layer_rows() as u64;
    eprintln!("\n{name}: {layers} layers, {rows} rows in the file tree");
    let pages = (rows / u64::from(SIZE.1)).max(1);

    let (cursor, frame) = (Duration::from_micros(500), Duration::from_millis(12));
    budget("cursor down", screen, cursor, CURSOR_KEYS, |screen, at| screen.go(Action::Down, at, rows));
    budget("page down", screen, cursor, CURSOR_KEYS, |screen, at| screen.go(Action::PageDown, at, pages));
    screen.press(Action::ToggleView);
    budget("another layer", screen, frame, layers as usize, |screen, at| screen.go(Action::Down, at, layers));
    screen.press(Action::LastRow);
    screen.press(Action::ToggleView);
    // Types three letters and removes them.
    screen.press(Action::FilterFiles);
    let letters = ["c", "o", "n"].map(|letter| letter.parse().unwrap());
    budget("filter letter", screen, frame, LETTERS, |screen, at| {
        let backspace = KeyPress::from(Key::Backspace);
        screen.type_key(letters.get(at as usize % 6).copied().unwrap_or(backspace));
    });
    screen.press(Action::CloseFilterFiles);

    let mut group = criterion.benchmark_group(name);
    let mut time = |what: &str, screen: &mut Screen, prepare: fn(&mut Screen), act: &dyn Fn(&mut Screen, u64)| {
        group.bench_function(what, |bencher| {
            bencher.iter_custom(|times| {
                let each = |at| {
                    prepare(screen);
                    let start = Instant::now();
                    act(screen, at);
                    start.elapsed()
                };
                (0..times).map(each).sum()
            });
        });
    };
    let nothing = |_: &mut Screen| ();
    time("cursor down", screen, nothing, &|screen, at| screen.go(Action::Down, at, rows));
    time("page down", screen, nothing, &|screen, at| screen.go(Action::PageDown, at, pages));
    // The first directory; in the generated image it has 100,000 files.
    screen.press(Action::FirstRow);
    for (what, action) in [
        ("collapse, expand", Action::ToggleCollapseDir),
        ("collapse all, expand all", Action::ToggleCollapseAllDir),
        ("sort by size, by name", Action::ToggleSortOrder),
        ("hide unmodified, show", Action::ToggleUnmodifiedFiles),
    ] {
        time(what, screen, nothing, &|screen, _| screen.press(action));
    }
    let unfiltered = |screen: &mut Screen| screen.press(Action::CloseFilterFiles);
    for text in ["config", r"share/.*\.json$"] {
        time(&format!("filter {text}"), screen, unfiltered, &|screen, _| screen.filter(text));
    }
    unfiltered(screen);
    let uncovered = |screen: &mut Screen| {
        if !screen.state.overlays.is_empty() {
            screen.press(Action::CloseView);
        }
    };
    time("waste view", screen, uncovered, &|screen, _| screen.press(Action::WasteView));
    uncovered(screen);
    screen.press(Action::ToggleView);
    time("another layer", screen, nothing, &|screen, at| screen.go(Action::Down, at, layers));
    group.finish();
}

/// Keys that are repeated while they are measured.
const CURSOR_KEYS: usize = 50;
const LETTERS: usize = 6;

/// Repeats a round of keys for a second, and prints the CPU time of a key and the wall-clock time of the slowest one. Each
/// key counts with the least time of all rounds, since other load on the machine only adds to it.
fn budget(what: &str, screen: &mut Screen, budget: Duration, keys: usize, act: impl Fn(&mut Screen, u64)) {
    let mut least = vec![(Duration::MAX, Duration::MAX); keys];
    let (start, mut rounds) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(1) || rounds < 3 {
        for (at, (cpu, wall)) in (rounds * keys as u64..).zip(&mut least) {
            let (pressed, before) = (Instant::now(), cpu_time());
            act(screen, at);
            *wall = pressed.elapsed().min(*wall);
            if let (Some(before), Some(after)) = (before, cpu_time()) {
                *cpu = after.saturating_sub(before).min(*cpu);
            }
        }
        rounds += 1;
    }
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let slowest = ms(least.iter().map(|(_, wall)| *wall).max().unwrap_or_default());
    let cpu: Option<Vec<f64>> = least.iter().map(|(cpu, _)| (*cpu != Duration::MAX).then(|| ms(*cpu))).collect();
    if let Some(cpu) = cpu {
        let each = cpu.iter().sum::<f64>() / keys as f64;
        let share = 100.0 * each / ms(budget);
        let most = cpu.iter().copied().fold(0.0, f64::max);
        eprintln!(
            "{what:14} {each:7.3} ms of CPU, {share:3.0} % of the budget of {budget:?}; at most {most:.1} ms of CPU, \
             {slowest:.1} ms of wall time"
        );
    }
}
