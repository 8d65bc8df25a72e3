//! The environment of a process as one value: its variables, its working directory and its user's home. A program reads it
//! once, and a test says in one value what the world is; only `temp_dir` is asked for elsewhere.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// Variables and folders that decide what a program finds. Variables may be secret: their values are never shown.
///
/// `std::env::vars_os().collect()` makes one with the variables of the process, which is all that sources need.
#[derive(Clone, Default)]
pub struct Environment {
    /// Where relative paths start. Empty if the program needs none.
    pub working_dir: PathBuf,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// An environment with these folders and variables.
    pub fn new(
        working_dir: PathBuf,
        home: Option<PathBuf>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        Self { working_dir, home, variables: variables.into_iter().collect() }
    }

    /// The value of the variable `name`; `None` if it is not set, or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value of `name` as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The value of `name` as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// All variables, in the order of their names, empty ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// Sets a variable.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Removes a variable.
    pub fn remove(&mut self, name: &str) {
        self.variables.remove(OsStr::new(name));
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, ..Self::default() }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.variables.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token in the environment must not get into a log that prints what it opens.
    #[test]
    fn the_environment_shows_names_and_no_values() {
        let environment: Environment = [("DOCKER_HOST", "tcp://user:secret@host")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"["DOCKER_HOST"]"#);
    }
}
