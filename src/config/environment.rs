//! What the variables of the environment mean that are not settings of dive's own: `CI`, `NO_COLOR`, and where users keep their
//! configuration.

use std::ffi::OsStr;
use std::path::PathBuf;

use dive_sources::Environment;

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

impl<'a> CiVariable<'a> {
    /// What `$CI` says about CI mode, in any case.
    #[must_use]
    pub fn of(environment: &'a Environment) -> Self {
        let Some(value) = environment.get("CI") else { return Self::Unset };
        let is_one_of = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        if is_one_of(&["true", "1", "yes"]) {
            Self::On
        } else if is_one_of(&["false", "0", "no", "off"]) {
            Self::Off
        } else {
            Self::Other(value)
        }
    }
}

/// True if the user wants no program to use colours: <https://no-color.org>.
#[must_use]
pub fn forbids_colour(environment: &Environment) -> bool {
    environment.get("NO_COLOR").is_some()
}

/// The folders of the XDG base directory specification that hold configurations, the user's own first.
pub(super) fn config_folders(environment: &Environment) -> Vec<PathBuf> {
    // Empty counts as unset, and a relative path is to be ignored.
    let own = environment.path("XDG_CONFIG_HOME").filter(|folder| folder.is_absolute());
    let own = own.or_else(|| Some(environment.home.as_ref()?.join(".config")));
    let shared = match environment.get("XDG_CONFIG_DIRS") {
        Some(folders) => std::env::split_paths(folders).filter(|folder| folder.is_absolute()).collect(),
        None => vec![PathBuf::from("/etc/xdg")],
    };
    own.into_iter().chain(shared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        config_folders(&Environment::new("/work".into(), Some("/home/ann".into()), variables))
    }

    #[test]
    fn xdg_folders_have_the_defaults_of_their_specification() {
        for variables in [&[][..], &[("XDG_CONFIG_HOME", ""), ("XDG_CONFIG_DIRS", "")]] {
            assert_eq!(found(variables), ["/home/ann/.config", "/etc/xdg"].map(PathBuf::from));
        }
    }

    #[test]
    fn xdg_folders_are_taken_from_the_environment_unless_relative() {
        let both = [("XDG_CONFIG_HOME", "/conf"), ("XDG_CONFIG_DIRS", "/one:two:/three")];
        assert_eq!(found(&both), ["/conf", "/one", "/three"].map(PathBuf::from));
        assert_eq!(found(&[("XDG_CONFIG_HOME", "conf")])[0], PathBuf::from("/home/ann/.config"));
    }
}
