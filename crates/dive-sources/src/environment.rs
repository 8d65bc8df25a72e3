//! The environment of a process as one value: variables, working directory and home. The program reads it once, and tests
//! build their own. Only `temp_dir` is read elsewhere.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// The variables that may name the user's home, in the order of the engines' own clients: Windows sets `USERPROFILE` alone, and
/// `HOME` there is that of a Unix shell.
const HOME_VARIABLES: [&str; 2] = if cfg!(windows) { ["USERPROFILE", "HOME"] } else { ["HOME", "USERPROFILE"] };

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

    /// The user's home; `None` if unknown.
    #[must_use]
    pub fn home_folder(&self) -> Option<PathBuf> {
        self.home.clone().or_else(|| HOME_VARIABLES.iter().find_map(|name| self.path(name)))
    }

    /// The folder of the user's settings: `$XDG_CONFIG_HOME`, or `~/.config`. A relative path does not count, as the XDG base
    /// directory specification says: it would be in the working directory, whose files may be somebody else's.
    #[must_use]
    pub fn config_folder(&self) -> Option<PathBuf> {
        let named = self.path("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
        named.or_else(|| Some(self.home_folder()?.join(".config")))
    }

    /// The configuration folder of docker's client.
    #[cfg(any(feature = "engine", feature = "registry"))]
    pub(crate) fn docker_folder(&self) -> Option<PathBuf> {
        self.path("DOCKER_CONFIG").or_else(|| Some(self.home_folder()?.join(".docker")))
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

    /// A service has no home, and Windows has no `HOME`.
    #[test]
    fn home_and_settings_are_found_with_any_variable() {
        let of = |variables: &[(&str, &str)]| {
            let environment: Environment = variables.iter().copied().collect();
            (environment.home_folder(), environment.config_folder())
        };
        let at = |home: &str, config: &str| (Some(home.into()), Some(config.into()));
        assert_eq!(of(&[]), (None, None));
        for variable in ["HOME", "USERPROFILE"] {
            assert_eq!(of(&[(variable, "/home/ann")]), at("/home/ann", "/home/ann/.config"));
        }
        assert_eq!(of(&[("HOME", "/ann"), ("XDG_CONFIG_HOME", "/conf")]), at("/ann", "/conf"));
        assert_eq!(of(&[("HOME", "/ann"), ("XDG_CONFIG_HOME", "conf")]), at("/ann", "/ann/.config"));
        let known = Environment::new(PathBuf::new(), Some("/known".into()), [("HOME".into(), "/other".into())]);
        assert_eq!(known.home_folder(), Some("/known".into()));
    }

    /// A log of opened images must not contain a token from the environment.
    #[test]
    fn debug_output_of_the_environment_shows_no_values() {
        let environment: Environment = [("DOCKER_HOST", "tcp://user:secret@host")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"["DOCKER_HOST"]"#);
    }
}
