//! `dive init`: writes a rules file that the image keeps, and its summary as the baseline.

use anyhow::{Context, bail};

use super::access::{Mode, Subject};
use super::invocation::Invocation;
use super::opening::{Opening, ReadImage, open_headless};
use super::output::{self, write_new};
use crate::cli::{InitArgs, InitBaseline};
use crate::config::RulesFile;
use crate::report::json;
use crate::report::starter::Starter;
use dive_model::Opened;
use dive_model::advice::KindSet;
use dive_model::dir::Dir;

/// The summary of the image.
const BASELINE: &str = "dive-baseline.json";

/// Writes the files, which must not exist.
pub(super) fn run(arguments: &InitArgs, invocation: &Invocation) -> anyhow::Result<()> {
    if arguments.surplus.is_some() {
        bail!("dive init takes one image; --baseline takes no file, and writes {BASELINE}");
    }
    invocation.begin("writes rules for", &arguments.image);
    let folder = &invocation.environment.working_dir;
    let files: &[&str] = match arguments.baseline() {
        InitBaseline::Written => &[BASELINE, RulesFile::NAME],
        InitBaseline::Left => &[RulesFile::NAME],
    };
    // Before the image, which may take a minute.
    for name in files {
        if folder.join(name).symlink_metadata().is_ok() {
            bail!("{name} already exists; remove it to run `dive init` again");
        }
    }
    let mut opening = Opening::new(Subject::Named(&arguments.image), invocation, Mode::Plain)?;
    opening.keep_hashes();
    let ReadImage { image, loaded, .. } = open_headless(&opening, invocation.notices)?;
    let opened = Opened::new(image, loaded);
    if !opened.damaged_layers.is_empty() {
        bail!("{}: part of the image cannot be read; `dive init` needs a complete image", opened.image.name);
    }
    let dir = Dir::open(folder).context("the working directory cannot be opened")?;
    let baseline = files.contains(&BASELINE).then_some(BASELINE);
    let starter = Starter::of(&opened, baseline);
    if !starter.reads_back() {
        bail!(
            "{}: a text of the image would change the rules in {}; report this image",
            opened.image.name,
            RulesFile::NAME
        );
    }
    for name in files {
        let written = match *name {
            BASELINE => {
                write_new(&dir, name, |out| json::summary::render(&opened, &opened.advice(KindSet::on()), None, out))
            }
            _ => write_new(&dir, name, |out| out.write_all(starter.text.as_bytes())),
        };
        written.with_context(|| format!("{name} cannot be written"))?;
    }
    output::print(|out| {
        files.iter().rev().try_for_each(|name| writeln!(out, "wrote {name}"))?;
        writeln!(out, "check an image with: dive --ci IMAGE")
    })
}
