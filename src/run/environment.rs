//! Reads the environment of the process, once. Only `temp_dir` is read elsewhere.

use std::path::PathBuf;

use anyhow::Context;

use dive_sources::Environment;

/// The environment without a working directory, which may not exist and which not every command needs.
pub(super) fn of_process() -> Environment {
    Environment::new(PathBuf::new(), dirs::home_dir(), std::env::vars_os())
}

/// Adds the working directory.
pub(super) fn in_working_dir(mut environment: Environment) -> anyhow::Result<Environment> {
    environment.working_dir = std::env::current_dir().context("cannot determine the working directory")?;
    Ok(environment)
}

/// The cache folder; `None` without a home.
pub(super) fn cache_folder(environment: &Environment) -> Option<PathBuf> {
    // The XDG base directory specification: relative paths are ignored.
    let configured = environment.path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    configured.or_else(dirs::cache_dir).map(|folder| folder.join("dive"))
}
