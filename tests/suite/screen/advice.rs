//! The advice tab of the waste view. A failure means that a key waits for it, or that it leads to the wrong path.

use std::sync::Arc;

use dive::tui::event::WorkerEvent;
use dive_model::image::{Base, BaseSource, Boundary};

use super::{Screen, Size};
use crate::build::{Format, image};

const SMALL: Size = (80, 24);
const USUAL: Size = (120, 40);

/// Caches and a deleted file above a distribution.
fn advised() -> tempfile::NamedTempFile {
    image()
        .layer(|l| l.file("var/lib/dpkg/status", "1").file("var/cache/apt/archives/a.deb", "x".repeat(5_000)))
        .layer(|l| l.file("var/lib/apt/lists/a", "x".repeat(80_000)).created_by("RUN apt-get update"))
        .layer(|l| {
            let l = l.file("root/.cache/pip/a", "x".repeat(2_000)).file("root/.cache/uv/b", "x".repeat(1_000));
            l.file("app/a.o", "x".repeat(7_000)).created_by("RUN make")
        })
        .layer(|l| l.whiteout("app/a.o").created_by("RUN rm /app/a.o"))
        .save(Format::DockerArchive)
}

#[test]
fn advice_is_the_second_tab_of_waste() {
    let archive = advised();
    let path = archive.path().to_str().unwrap();
    for size in [(60, 16), SMALL, USUAL] {
        let mut screen = Screen::showing(path, size, &[]);
        screen.presses("w").shows(&["tab Advice"]);
        // Keys do not wait for the worker that looks for advice.
        screen.presses("tab down enter v x H y s slash").shows(&["Advice", "Looking for advice…"]);
        screen.runs_jobs().lacks(&["Looking for advice…"]);
        screen.shows(&[
            "90 kB of 95 kB",
            "apt-lists",
            "deleted-later",
            "python-cache",
            "apt-archives",
            "base",
            "2 > 3",
        ]);
        if size != (60, 16) {
            // Rows of one kind differ in their path.
            screen.shows(&["  Path", "/var/lib/apt/lists", "/app/a.o"]);
        }
        screen.shows(&["Remedy: layer 1: add `&& rm -rf /var/lib/apt/lists/*`", "tab Waste", "enter Go to file"]);
        screen.presses("down").shows(&["Remedy: layer 2: delete /app/a.o here"]);
        // A finding in several directories opens to them.
        screen.presses("down").shows(&["enter Open", "▸ python-cache"]);
        screen.presses("enter").shows(&["▾ python-cache", "/root/.cache/pip", "/root/.cache/uv"]);
        screen.presses("down down enter").lacks(&["Remedy:"]);
        assert_eq!(screen.selected(), "/root/.cache/uv/b");
        assert_eq!(screen.state.layer().unwrap().get(), 2);
        // The tab is as it was left, and nobody looks again.
        screen.presses("w tab").shows(&["▾ python-cache"]).lacks(&["Looking"]);
        assert!(screen.next_job().is_none());
        screen.presses("tab").shows(&["Waste ·"]);
        screen.presses("tab w").lacks(&["Waste ·", "Remedy:"]);
    }
}

#[test]
fn advice_is_filtered_by_kind_directory_and_size() {
    let archive = advised();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("w tab").runs_jobs().presses("slash").types("python").presses("enter");
    screen.shows(&["Advice could save 90 kB of 95 kB; 1 finding of 3.0 kB match", "python-cache"]);
    screen.lacks(&["apt-lists", "deleted-later"]);
    // A kind keeps all of its directories, a path only those that match.
    screen.presses("enter").shows(&["/root/.cache/pip", "/root/.cache/uv"]);
    screen.presses("esc").shows(&["apt-lists", "deleted-later"]);
    screen.presses("slash").types("cache/uv").presses("enter").shows(&["python-cache", "/root/.cache/uv"]);
    screen.lacks(&["▸ python-cache", "▾ python-cache", "  2.0 kB"]);
    screen.presses("enter");
    assert_eq!(screen.selected(), "/root/.cache/uv/b");
    // The filter stays with the tab.
    screen.presses("w tab").shows(&["python-cache"]).lacks(&["apt-lists"]);
    screen.presses("esc slash").types(">6kB").presses("enter").shows(&["2 findings of 87 kB match", "apt-lists"]);
    screen.lacks(&["python-cache", "apt-archives"]);
    screen
        .presses("slash ctrl+u")
        .types("nowhere")
        .presses("enter")
        .shows(&["No finding matches the filter", "regular"]);
    screen.presses("enter s y down esc esc").lacks(&["Advice ·"]);
}

#[test]
fn advice_is_sorted_by_each_column() {
    let archive = advised();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    let kinds = |screen: &Screen| {
        let drawn = screen.drawn();
        let kinds = ["apt-lists", "deleted-later", "python-cache", "apt-archives"];
        let mut found: Vec<_> = kinds.into_iter().filter_map(|kind| Some((drawn.find(kind)?, kind))).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, kind)| kind).collect::<Vec<_>>().join(" ")
    };
    screen.presses("w tab").runs_jobs().presses("down").shows(&["sorted by size", "Size ▼"]);
    assert_eq!(kinds(&screen), "apt-lists deleted-later python-cache apt-archives");
    for (order, head, expected) in [
        ("kind", "Advice ▲", "apt-archives apt-lists deleted-later python-cache"),
        ("layer", "Layers ▲", "apt-archives apt-lists python-cache deleted-later"),
        ("path", "Path ▲", "deleted-later python-cache apt-archives apt-lists"),
        ("size", "Size ▼", "apt-lists deleted-later python-cache apt-archives"),
    ] {
        screen.presses("s").shows(&[&format!("sorted by {order}"), head, "Remedy: layer 2: delete /app/a.o here"]);
        assert_eq!(kinds(&screen), expected, "by {order}");
    }
}

#[test]
fn advice_about_the_configuration_leads_to_its_layer() {
    let archive = image()
        .layer(|l| l.file("var/lib/dpkg/status", "1"))
        .layer(|l| l.file("a", "1").created_by("RUN /bin/sh -c apt install -y curl # buildkit"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("w tab").runs_jobs().shows(&["runs-as-root", "apt-not-apt-get", "info: "]);
    let mut messages = String::new();
    for _ in 0..3 {
        screen.presses("enter");
        messages.extend(screen.state.message.take());
        if screen.state.overlays.is_empty() {
            assert_eq!(screen.state.layer().unwrap().get(), 1);
            screen.presses("w tab");
        }
        screen.presses("down");
    }
    assert!(messages.contains("about the configuration of the image"), "{messages}");
}

#[test]
fn an_image_without_advice_says_so() {
    let archive = image().layer(|l| l.file("app/a", "1")).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("w tab").runs_jobs().shows(&["No advice: "]);
    screen.presses("enter down y tab").shows(&["Waste ·"]);
}

/// The engine may name the base while the tab is open: what was ours is the base's then.
#[test]
fn advice_follows_a_base_that_is_found_later() {
    let archive = advised();
    let path = archive.path().to_str().unwrap();
    let mut screen = Screen::showing(path, USUAL, &[]);
    screen.presses("w tab").runs_jobs().shows(&["90 kB of 95 kB"]);
    let opened = Arc::clone(&screen.state.explorer().unwrap().opened);
    let base = Base { image: None, boundary: Some(Boundary { layers: 2, by: BaseSource::DiffIds }) };
    screen.receives(WorkerEvent::base_found(&opened, base));
    screen.runs_jobs().shows(&["10 kB of 95 kB", "; 85 kB more in the base"]);
}
