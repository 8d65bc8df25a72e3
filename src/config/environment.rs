//! Environment variables other than `DIVE_*`: `CI`, `NO_COLOR`, and the XDG configuration folders.

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
    /// The meaning of `$CI` for CI mode, ignoring case.
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

/// True if the user disables colours in all programs: <https://no-color.org>.
#[must_use]
pub fn forbids_colour(environment: &Environment) -> bool {
    environment.get("NO_COLOR").is_some()
}

/// The configuration folders of the XDG base directory specification, the user's own first.
pub(super) fn config_folders(environment: &Environment) -> Vec<PathBuf> {
    // The specification: empty counts as unset, and relative paths are ignored.
    let shared = match environment.get("XDG_CONFIG_DIRS") {
        Some(folders) => std::env::split_paths(folders).filter(|folder| folder.is_absolute()).collect(),
        None => vec![PathBuf::from("/etc/xdg")],
    };
    environment.config_folder().into_iter().chain(shared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        config_folders(&Environment::new("/work".into(), Some("/home/ann".into()), variables))
    }

    #[test]
    fn unset_xdg_variables_mean_their_defaults() {
        for variables in [&[][..], &[("XDG_CONFIG_HOME", ""), ("XDG_CONFIG_DIRS", "")]] {
            assert_eq!(found(variables), ["/home/ann/.config", "/etc/xdg"].map(PathBuf::from));
        }
    }

    #[test]
    fn xdg_folders_come_from_the_environment_unless_relative() {
        let both = [("XDG_CONFIG_HOME", "/conf"), ("XDG_CONFIG_DIRS", "/one:two:/three")];
        assert_eq!(found(&both), ["/conf", "/one", "/three"].map(PathBuf::from));
        assert_eq!(found(&[("XDG_CONFIG_HOME", "conf")])[0], PathBuf::from("/home/ann/.config"));
    }
}
