//! What the program finds around it: folders and environment variables, as plain values. Nothing else in this module
//! asks the process, so that a test says in one value what the world looks like.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

/// Folders and variables that decide what the program does.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where relative paths start, and the first place a configuration is looked for.
    pub working_dir: PathBuf,
    /// The user's home, where there is one.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// The folders of `$XDG_CONFIG_DIRS`, first one first.
    pub xdg_config_dirs: Vec<PathBuf>,
    /// `$CI`: see [`Self::ci_variable`].
    pub ci: Option<OsString>,
    /// `$NO_COLOR`.
    pub no_color: Option<OsString>,
    /// `$TERM`.
    pub term: Option<OsString>,
    /// `$COLORFGBG`, in which some terminals tell their colours.
    pub colorfgbg: Option<OsString>,
    /// The variables that can set a key: those whose names begin with `DIVE_`.
    pub variables: BTreeMap<String, OsString>,
}

/// The meaning of `$CI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiVariable<'a> {
    /// Not set, or empty.
    Unset,
    /// `true`, `1` or `yes`: CI mode is on.
    On,
    /// `false`, `0`, `no` or `off`: CI mode is off.
    Off,
    /// Any other value, such as the name of a CI service. It sets nothing.
    Other(&'a OsStr),
}

impl Surroundings {
    /// What `$CI` says about CI mode, in any case.
    #[must_use]
    pub fn ci_variable(&self) -> CiVariable<'_> {
        let Some(value) = self.ci.as_deref().filter(|value| !value.is_empty()) else { return CiVariable::Unset };
        let is_one_of = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        if is_one_of(&["true", "1", "yes"]) {
            CiVariable::On
        } else if is_one_of(&["false", "0", "no", "off"]) {
            CiVariable::Off
        } else {
            CiVariable::Other(value)
        }
    }

    /// Those of this process.
    ///
    /// # Errors
    ///
    /// When the working directory is gone or cannot be asked for.
    pub fn of_process() -> io::Result<Self> {
        Ok(Self::new(std::env::current_dir()?, dirs::home_dir(), std::env::vars_os()))
    }

    /// Those of a process with these variables.
    pub fn new(
        working_dir: PathBuf,
        home: Option<PathBuf>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut xdg_config_home = home.as_ref().map(|home| home.join(".config"));
        let mut xdg_config_dirs = vec![PathBuf::from("/etc/xdg")];
        let (mut ci, mut no_color, mut term, mut colorfgbg) = (None, None, None, None);
        let mut settings = BTreeMap::new();
        for (name, value) in variables {
            match name.to_str() {
                // The XDG base directory specification: empty counts as unset, a relative path is to be ignored.
                Some("XDG_CONFIG_HOME") if PathBuf::from(&value).is_absolute() => xdg_config_home = Some(value.into()),
                Some("XDG_CONFIG_DIRS") if !value.is_empty() => {
                    xdg_config_dirs = std::env::split_paths(&value).filter(|folder| folder.is_absolute()).collect();
                }
                Some("CI") => ci = Some(value),
                Some("NO_COLOR") => no_color = Some(value),
                Some("TERM") => term = Some(value),
                Some("COLORFGBG") => colorfgbg = Some(value),
                Some(name) if name.starts_with("DIVE_") => {
                    settings.insert(name.to_owned(), value);
                }
                _ => {}
            }
        }
        Self { working_dir, home, xdg_config_home, xdg_config_dirs, ci, no_color, term, colorfgbg, variables: settings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Surroundings::new("/work".into(), Some("/home/ann".into()), variables)
    }

    #[test]
    fn xdg_folders_have_the_defaults_of_their_specification() {
        for variables in [&[][..], &[("XDG_CONFIG_HOME", ""), ("XDG_CONFIG_DIRS", "")]] {
            let found = around(variables);
            assert_eq!(found.xdg_config_home, Some("/home/ann/.config".into()));
            assert_eq!(found.xdg_config_dirs, [PathBuf::from("/etc/xdg")]);
        }
    }

    #[test]
    fn xdg_folders_are_taken_from_the_environment_unless_relative() {
        let found = around(&[("XDG_CONFIG_HOME", "/conf"), ("XDG_CONFIG_DIRS", "/one:two:/three")]);
        assert_eq!(found.xdg_config_home, Some("/conf".into()));
        assert_eq!(found.xdg_config_dirs, [PathBuf::from("/one"), PathBuf::from("/three")]);
        assert_eq!(around(&[("XDG_CONFIG_HOME", "conf")]).xdg_config_home, Some("/home/ann/.config".into()));
    }

    #[test]
    fn only_variables_of_dive_are_kept() {
        let found = around(&[("DIVE_LOG_ENABLED", "1"), ("PATH", "/bin"), ("DIVER", "x")]);
        assert_eq!(found.variables.keys().collect::<Vec<_>>(), ["DIVE_LOG_ENABLED"]);
    }
}
