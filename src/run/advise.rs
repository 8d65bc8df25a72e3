//! `dive advise`: says what to write instead in the Dockerfile.

use std::io;

use super::access::{Mode, Subject};
use super::invocation::Invocation;
use super::opening::{Opening, ReadImage, open_headless};
use super::output;
use super::report_output::look;
use crate::cli::{AdviceFormat, AdviseArgs};
use crate::report::{advice, json};
use dive_model::Opened;
use dive_model::advice::KindSet;

/// Prints the findings.
pub(super) fn run(arguments: &AdviseArgs, invocation: &Invocation) -> anyhow::Result<()> {
    invocation.begin("advises on", &arguments.image);
    let engine = invocation.config.container_engine.value;
    let mut opening = Opening::new(Subject::Named(&arguments.image), invocation, Mode::Plain)?;
    opening.inspect_contents();
    if let Some(base) = &arguments.base {
        opening.set_base(base, engine)?;
    }
    if let Some(path) = &arguments.dockerfile {
        opening.match_dockerfile(path, &invocation.environment.working_dir)?;
    }
    let ReadImage { image, loaded, .. } = open_headless(&opening, invocation.notices)?;
    let opened = Opened::new(image, loaded);
    let kinds = if arguments.kinds.is_empty() { KindSet::on() } else { arguments.kinds.iter().copied().collect() };
    let found = opened.advice(kinds);
    output::print(|out| match arguments.format {
        AdviceFormat::Text => {
            let scope = if arguments.all { advice::Listed::All } else { advice::Listed::Ours };
            advice::render(&opened, &found, look(&invocation.environment, &io::stdout()), scope, out)
        }
        AdviceFormat::Json => json::advice::render(&opened, &found, out),
        AdviceFormat::Tsv => advice::table(&opened, &found, out),
    })
}
