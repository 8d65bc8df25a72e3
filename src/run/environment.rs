//! The variables and folders of this process, read once; only `temp_dir` is asked for elsewhere.

use std::path::PathBuf;

use anyhow::Context;

use dive_sources::Environment;

/// The environment without a working directory: there may be none, and not every command needs one.
pub(super) fn of_process() -> Environment {
    Environment::new(PathBuf::new(), dirs::home_dir(), std::env::vars_os())
}

/// The same with the working directory.
pub(super) fn in_working_dir(mut environment: Environment) -> anyhow::Result<Environment> {
    environment.working_dir = std::env::current_dir().context("cannot determine the working directory")?;
    Ok(environment)
}

/// The folder of the cache, if there is a place for one.
pub(super) fn cache_folder(environment: &Environment) -> Option<PathBuf> {
    // The XDG base directory specification: a relative path is to be ignored.
    let asked = environment.path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    asked.or_else(dirs::cache_dir).map(|folder| folder.join("dive"))
}
