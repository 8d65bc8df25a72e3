//! The environment of a process as one value: variables, working directory and home. The program reads it once, and tests
//! build their own. Only `temp_dir` is read elsewhere.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// Variables and folders of a process. The values of variables are never printed, because they may be secret.
///
/// `std::env::vars_os().collect()` has the variables of the process, which is all that sources need.
#[derive(Clone, Default)]
pub struct Environment {
    /// The base of relative paths; empty if the program needs none.
    pub working_dir: PathBuf,
    /// The user's home; `None` if unknown.
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

    /// The value of a variable; `None` if unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The value of a variable as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// All variables in the order of their names, including empty ones.
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

    /// A log of opened images must not contain a token from the environment.
    #[test]
    fn debug_output_of_the_environment_shows_no_values() {
        let environment: Environment = [("DOCKER_HOST", "tcp://user:secret@host")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"["DOCKER_HOST"]"#);
    }
}
