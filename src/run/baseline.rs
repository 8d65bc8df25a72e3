//! Reads the baseline that a flag or a rules file names.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};

use super::below_folder;
use crate::ci::{Baseline, BaselineError, Rules};
use crate::config::{Origin, Setting};

/// Limit of a baseline in bytes. A summary of 127 layers has at most 64 kB, and each further layer some hundred bytes. The limit is for
/// a file with a thousand of them.
const LARGEST: u64 = 64 << 20;

/// The baseline of a run.
#[derive(Debug)]
pub(super) enum BaselineFile {
    /// It was read: the summary of one image, or one on each line.
    Read(Vec<Baseline>),
    /// It does not exist, and no rule needs it: either none is on, or this run writes it.
    Missing,
}

/// How a run uses its baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaselineUse {
    /// A rule needs it, or a flag names it.
    Required,
    /// It is shown if it exists.
    Optional,
}

/// The path of the file that a setting names.
pub(super) fn path(named: &Setting<PathBuf>, working_dir: &Path) -> PathBuf {
    working_dir.join(&named.value)
}

/// Reads the baseline. A rules file may come from a stranger's pull request: it can name only a regular file below the working
/// directory, and messages quote nothing of it.
pub(super) fn read(named: &Setting<PathBuf>, working_dir: &Path, usage: BaselineUse) -> anyhow::Result<BaselineFile> {
    let Setting { value: path, origin } = named;
    let shown = path.display().to_string();
    let place = || format!("{shown} ({origin})");
    let file = if let Origin::Flag(_) = origin {
        File::open(working_dir.join(path))
    } else {
        below_folder::check(working_dir, path, "--baseline")
            .map_err(|why| anyhow!("{origin}: baseline: {shown} {why}"))?;
        below_folder::open(working_dir, path)
    };
    let mut bytes = Vec::new();
    match file.and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > LARGEST => Err(problem(BaselineError::NotASummary(shown), origin)),
        Ok(_) => match Baseline::parse_all(&shown, &bytes) {
            Ok(mut all) => {
                for baseline in &mut all {
                    baseline.origin = origin.clone();
                }
                Ok(BaselineFile::Read(all))
            }
            Err(error) => Err(problem(error, origin)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => match usage {
            BaselineUse::Optional => Ok(BaselineFile::Missing),
            BaselineUse::Required => {
                bail!("the baseline {} does not exist; write it with `dive --summary {shown} IMAGE`", place())
            }
        },
        Err(error) => {
            bail!(
                "the baseline {} cannot be read: {error}; name a file that `dive --summary FILE IMAGE` wrote",
                place()
            )
        }
    }
}

/// A problem of a baseline, with the line that names it.
pub(super) fn problem(error: BaselineError, origin: &Origin) -> anyhow::Error {
    match origin {
        Origin::File { .. } => anyhow!("{origin}: baseline: {error}"),
        _ => error.into(),
    }
}

/// Refuses rules that need a baseline if nothing names one.
pub(super) fn refuse_growth_without(rules: &Rules) -> anyhow::Result<()> {
    match rules.that_needs_baseline() {
        Some(rule) => bail!(
            "{rule} ({}) needs a baseline; write one with `dive --summary FILE IMAGE` and pass it with --baseline or \
             `baseline:`",
            rules.origin(rule)
        ),
        None => Ok(()),
    }
}
