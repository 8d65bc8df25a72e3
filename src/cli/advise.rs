//! The arguments of `dive advise`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use dive_model::advice::AdviceKind;

/// Options of `dive advise`.
#[derive(Debug, Args)]
#[command(after_long_help = AFTER_ADVISE_HELP)]
pub struct AdviseArgs {
    /// Image to read, named as in `dive IMAGE`
    #[arg(id = "ADVISE_IMAGE", value_name = "IMAGE")]
    pub image: OsString,

    /// Format of the findings
    #[arg(long, value_enum, default_value_t = AdviceFormat::Text)]
    pub format: AdviceFormat,

    /// Report only findings of this kind, also of one that is off; can be repeated
    #[arg(long = "kind", value_name = "ID", value_parser = advice_kinds(), hide_possible_values = true)]
    pub kinds: Vec<AdviceKind>,

    /// Also list the findings in layers of the base image
    #[arg(long)]
    pub all: bool,

    /// Compare the image with the image that it was built on, as `dive --base` does
    #[arg(long, value_name = "BASE")]
    pub base: Option<OsString>,

    /// Find the lines of FILE that made each layer
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<PathBuf>,
}

const AFTER_ADVISE_HELP: &str = "\
Advice never changes the exit code. docs/advice.md explains every kind of finding.";

/// The ids of `--kind`: what completion offers and errors list.
fn advice_kinds() -> impl TypedValueParser<Value = AdviceKind> {
    let values = AdviceKind::ALL.iter().map(|kind| PossibleValue::new(kind.id()).help(kind.row().what));
    PossibleValuesParser::new(values).try_map(|value| value.parse::<AdviceKind>())
}

/// Formats of `dive advise`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AdviceFormat {
    /// For people
    Text,
    /// One document
    Json,
    /// Kind, level, part, bytes, stored bytes, files, layer, hiding layer, lines, largest path, what to write instead and the certainty
    /// of the lines, separated by tabs; control bytes are escaped
    Tsv,
}
