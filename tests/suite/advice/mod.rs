//! Advice: each kind finds what it is for, with its bytes, and nothing in its traps. A failure means that dive tells people to
//! delete what their program needs, or counts bytes that a change does not save.

mod again;
mod ci;
mod contents;
mod copied;
mod copies;
mod few;
mod halves;
#[cfg(unix)]
mod hostile_names;
mod instructions;
mod joins;
mod kinds;
mod later_runs;
mod needs;
mod owners;
mod package_managers;
mod pairs;
mod partition;
mod remedies;
mod report;
mod sentences;
mod waste;
mod weights;

use dive_model::advice::{Advice, AdviceKind, CountedBytes, KindSet};
use dive_model::image::ImagePart;

use crate::build::{DrawnImage, Image, assert_drawn};

/// The findings of an image: kind, bytes, files, layers and largest group.
fn drawn(opened: &DrawnImage, advice: &Advice) -> String {
    let row = |finding: &dive_model::advice::Finding| {
        let path = finding.groups.first().map_or_else(Vec::new, |group| opened.tree().path(group.place));
        let path = String::from_utf8_lossy(&path);
        let hidden_by = finding.hidden_by.map_or_else(String::new, |layer| format!(" hidden by {layer}"));
        let part = if finding.part == ImagePart::Base { " of the base" } else { "" };
        let (kind, bytes, files) = (finding.kind, finding.size_bytes, finding.files);
        let layer = finding.layer.map_or_else(String::new, |layer| layer.to_string());
        format!("{kind} {bytes} B {files} files layer {layer}{hidden_by}{part} {path}\n")
    };
    advice.findings.iter().map(row).collect()
}

/// Asserts the findings of an image.
#[track_caller]
fn finds(image: &Image, expected: &str) {
    let opened = image.open();
    assert_drawn(&drawn(&opened, &opened.opened().advice(KindSet::on())), expected);
}

/// Asserts what the findings of an image say to write instead.
#[track_caller]
fn says(image: &Image, expected: &[&str]) {
    let opened = image.open();
    let advice = opened.opened().advice(KindSet::on());
    assert_eq!(advice.findings.iter().map(|finding| finding.remedy.as_str()).collect::<Vec<_>>(), expected);
}

/// What the findings of a kind say to write instead.
fn remedies(image: &Image, kind: AdviceKind) -> Vec<String> {
    let found = image.open().opened().advice([kind].into_iter().collect()).findings;
    let counts_bytes = kind.row().counts != CountedBytes::Nothing;
    assert!(counts_bytes || found.iter().all(|finding| finding.size_bytes == 0));
    found.into_iter().map(|finding| finding.remedy).collect()
}
