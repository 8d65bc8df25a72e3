//! Lines of the extraction dialog: the question for a folder, conflicts, progress, result.

use ratatui::text::Line;

use super::progress::{gauge, transfer_lines};
use crate::tui::state::extraction::{Extent, ExtractionDialog, ExtractionStage};
use crate::tui::text::{cut, name, printable, wrap};
use dive_model::extract::{End, PathList, Progress, Report, SpecialBits};
use dive_model::units::{Bytes, count_of, counted};

pub(in crate::tui) fn lines(extraction: &ExtractionDialog, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    let mut text: Vec<String> = Vec::new();
    let paths = count_of(extraction.plan.len() as u64, "path");
    let extent = match extraction.extent {
        Extent::Whole => "",
        Extent::Filtered => ", only paths that match the filter",
    };
    text.push(format!("{paths}, {}, {}{extent}", Bytes(extraction.plan.bytes()), extraction.version));
    text.push(match extraction.special_bits {
        SpecialBits::Strip => "Setuid, setgid and sticky bits are removed.".to_owned(),
        SpecialBits::Keep => "Setuid, setgid and sticky bits are kept.".to_owned(),
    });
    text.push("Devices, pipes, owners and times are not written.".to_owned());
    text.push(String::new());
    let folder = printable(&extraction.folder.to_string_lossy());
    match &extraction.stage {
        ExtractionStage::Asking => {
            text.push(format!("Writes to {folder} (created if missing)."));
        }
        ExtractionStage::Checking => text.push(format!("Checking {folder} …")),
        ExtractionStage::Conflict(conflicts) => {
            listed(&mut text, &conflicts.existing, &format!("already in {folder}:"), width);
            listed(&mut text, &conflicts.obstacles, "blocked by an entry of another type, which dive keeps:", width);
            text.push("Overwrite existing files, or skip them? Nothing is written before you choose.".to_owned());
        }
        ExtractionStage::Writing(Progress { fetching: Some(progress), .. }) => {
            text.push("Waiting for the next layer.".to_owned());
            text.extend(transfer_lines(*progress, width.min(50)).into_iter().map(|(_, line)| line));
        }
        ExtractionStage::Writing(progress) => {
            text.push(format!("Writing to {folder} …"));
            let (done, of) = if progress.to_read > 0 {
                (progress.read, progress.to_read)
            } else {
                (progress.items, progress.of_items)
            };
            text.push(gauge(done, of, width.min(50)));
            text.push(format!("{} of {} paths", progress.items, progress.of_items));
        }
        ExtractionStage::Done(Ok(report)) => done(&mut text, report, &folder),
        ExtractionStage::Done(Err(error)) => text.push(printable(error)),
    }
    text.iter().flat_map(|line| wrap(line, width)).map(Line::raw).collect()
}

/// Paths shown of a list.
const SHOWN: usize = 8;

fn listed(text: &mut Vec<String>, list: &PathList, what: &str, width: usize) {
    if list.count == 0 {
        return;
    }
    text.push(format!("{} {what}", counted(list.count, "path is", "paths are")));
    let shown = list.first.iter().take(SHOWN);
    text.extend(shown.map(|path| format!("  {}", cut(&name(path, width), width.saturating_sub(2)))));
    if list.count > SHOWN as u64 {
        text.push(format!("  … and {} more", list.count - SHOWN as u64));
    }
    text.push(String::new());
}

fn done(text: &mut Vec<String>, report: &Report, folder: &str) {
    if report.has_failed() && report.directories + report.symlinks == 0 {
        text.push(format!("Nothing was written to {folder}."));
        return left_out(text, report);
    }
    let end = match report.end {
        End::Complete if report.has_failed() => "Failed: no file could be written. Created",
        End::Complete => "Done. Written",
        End::Cancelled => "Cancelled. Complete files were written",
    };
    text.push(format!("{end} in {folder}:"));
    text.push(format!("  {}, {}", count_of(report.files + report.hard_links, "file"), Bytes(report.bytes)));
    text.push(format!(
        "  {}, {}",
        counted(report.directories, "directory", "directories"),
        counted(report.symlinks, "symbolic link", "symbolic links")
    ));
    if report.stripped > 0 {
        text.push(format!("  {} lost setuid, setgid or sticky bits", report.stripped));
    }
    if report.modes_not_set > 0 {
        text.push(format!("  {} without their permissions, which the file system refused", report.modes_not_set));
    }
    left_out(text, report);
}

fn left_out(text: &mut Vec<String>, report: &Report) {
    if report.skipped.count() > 0 {
        text.push(String::new());
        text.push(format!("{} not extracted:", report.skipped.count()));
        text.extend(report.skipped.kept.iter().map(|skipped| format!("  {}", printable(&skipped.to_string()))));
        if report.skipped.more > 0 {
            text.push(format!("  … and {} more", report.skipped.more));
        }
    }
}
