//! Stands in for the screen in a build without the feature `tui`: a terminal gets the report.

use super::opening::Opening;
use crate::config::Config;
use anyhow::bail;
use dive_sources::Environment;

/// False: there is no screen.
pub(super) const fn fits(_: &Environment) -> bool {
    false
}

/// Fails: there is no screen.
pub(super) fn show(_: Opening, _: &Config, _: &Environment) -> anyhow::Result<()> {
    bail!("this dive was built without the screen: install it with the feature `tui`")
}
