//! The options that name several images.

use std::path::PathBuf;

use clap::Args;

/// Options for several images.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Several images")]
pub struct ManyArgs {
    /// Explore the images that FILE lists, a name a line (- for standard input)
    ///
    /// `#` begins a comment. A rules file for one image follows its name and a tab.
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,

    /// Explore the images of a Compose project (repeatable)
    ///
    /// FILE may be the directory of the project. Later files override earlier ones.
    #[arg(long, value_name = "FILE")]
    pub compose: Vec<PathBuf>,

    /// Also explore the services of a Compose project that this profile enables (repeatable)
    #[arg(long = "profile", value_name = "NAME", requires = "compose", hide_short_help = true)]
    pub profiles: Vec<String>,

    /// Explore every image of an archive or a layout
    #[arg(long)]
    pub all_images: bool,
}

impl ManyArgs {
    /// True if any of these options names images.
    #[must_use]
    pub const fn are_given(&self) -> bool {
        !self.from.is_empty() || !self.compose.is_empty() || self.all_images
    }
}
