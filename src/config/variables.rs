//! Applies the variables `DIVE_*` to a configuration. They belong to the user, so they may set every key.

use std::collections::BTreeMap;

use super::layering::Faults;
use super::origin::{Origin, ValuePlace};
use super::problem::{ConfigError, Warning};
use super::table::{KeyRow, Named, Table, bare, variable};
use super::yaml::Yaml;
use dive_sources::Environment;

/// Applies the variables to `target` and returns the warnings. Empty variables count as unset.
pub(super) fn lay<T>(target: &mut T, table: &Table<T>, environment: &Environment) -> Result<Vec<Warning>, ConfigError> {
    let of_dive = environment.iter().filter_map(|(name, value)| Some((name.to_str()?, value)));
    let mut left: BTreeMap<_, _> = of_dive.filter(|(name, _)| name.starts_with("DIVE_")).collect();
    let mut faults = Faults::default();
    for row in &table.keys {
        // The main name last: it overrides the aliases.
        let mut paths: Vec<_> = row.paths().collect();
        paths.reverse();
        for path in paths {
            let name = variable(path);
            let Some(value) = left.remove(&*name).filter(|value| !value.is_empty()) else { continue };
            let origin = Origin::Variable(name);
            let Some(text) = value.to_str() else { return Err(ConfigError::NotText { origin }) };
            if row.named(&bare(path)) == Some(Named::Formerly) {
                let old = Warning::OldName { origin: origin.clone(), key: path.to_owned(), now: row.path };
                faults.warnings.push(old);
            }
            let node = Yaml::Scalar(text.to_owned());
            let found = (row.field_mut)(target).set(&node, &ValuePlace::whole(origin));
            faults.add((row, row.path), &node, found, (row.field)(target));
        }
    }
    let mut warnings = faults.finish()?;
    for inert in table.inert {
        let name = variable(inert.path);
        if left.remove(&*name).is_some_and(|value| !value.is_empty()) {
            warnings.push(Warning::Inert { origin: Origin::Variable(name), key: inert.path, why: inert.why });
        }
    }
    // Only names that start like a section: `DIVE_VERSION` may belong to another program.
    warnings.extend(left.into_keys().filter_map(|name| {
        let section = table.keys.iter().filter_map(|key| key.path.split_once('.')).find_map(|(section, _)| {
            let start = format!("DIVE_{}_", section.to_ascii_uppercase());
            name.starts_with(&start).then_some(start)
        })?;
        let known: Vec<String> =
            table.keys.iter().map(KeyRow::variable).filter(|each| each.starts_with(&section)).collect();
        Some(Warning::UnknownVariable { name: name.to_owned(), known: known.join(", ") })
    }));
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::{Config, table};

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Environment::new("/work".into(), None, variables)
    }

    #[test]
    fn a_variable_is_named_after_the_path_of_its_key() {
        let names: Vec<_> = table().keys.iter().map(KeyRow::variable).collect();
        for name in ["DIVE_PULL", "DIVE_CI_CONFIG", "DIVE_FILETREE_PANE_WIDTH", "DIVE_RULES_LOWEST_EFFICIENCY"] {
            assert!(names.iter().any(|each| each == name), "{name}");
        }
    }

    #[test]
    fn variables_accept_all_names_of_a_key() {
        let mut config = Config::default();
        let environment = environment(&[
            ("DIVE_LOG_FILE", "x.log"),
            ("DIVE_KEYBINDING_TOGGLE_UNCHANGED_FILES", "f5"),
            ("DIVE_DEV_PROFILE", "cpu"),
        ]);
        let warnings = lay(&mut config, &table(), &environment).unwrap();
        assert_eq!(config.log.path.value.to_str(), Some("x.log"));
        assert_eq!(config.keybinding.toggle_unmodified_files.value.to_string(), "f5");
        let messages: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "DIVE_KEYBINDING_TOGGLE_UNCHANGED_FILES: keybinding.toggle-unchanged-files is the old name of \
                 keybinding.toggle-unmodified-files; dive accepts both",
                "DIVE_DEV_PROFILE: dev.profile has no effect: this program has no profiler"
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_utf8_is_refused_by_name() {
        use std::os::unix::ffi::OsStringExt;
        let mut environment = Environment::default();
        environment.set("DIVE_THEME", std::ffi::OsString::from_vec(vec![0xff]));
        let error = lay(&mut Config::default(), &table(), &environment).unwrap_err();
        assert_eq!(error.to_string(), "DIVE_THEME is not UTF-8 text; save it as UTF-8");
    }
}
