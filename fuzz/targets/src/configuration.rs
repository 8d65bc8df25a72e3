//! `.dive.yaml`, `.dive-ci`, and the syntax of key bindings.

use std::path::Path;

use dive::config::testing::{parse_config, parse_rules};
use dive::config::{Binding, ConfigScope, KeyPress, is_below_folder, render};
use dive_sources::Environment;

pub(crate) fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let environment = Environment::new("/folder".into(), None, []);
    let config = parse_config(text, ConfigScope::User, &environment);
    if let Ok(config) = &config {
        parse_config(&render(config), ConfigScope::User, &environment).expect("what is printed is read again");
        config.warnings.iter().for_each(|warning| assert!(!warning.to_string().is_empty()));
    }
    config.err().iter().for_each(|error| assert!(!error.to_string().is_empty()));
    if let Ok(config) = parse_config(text, ConfigScope::WorkingDirectory, &environment) {
        assert_untrusted(&config);
    }
}

/// Checks that a cloned folder sets nothing that only the user may set.
fn assert_untrusted(config: &dive::config::Config) {
    let default = dive::config::Config::default();
    let below = |path: &Path| is_below_folder(path);
    assert_eq!(config.container_engine.value, default.container_engine.value, "an engine is a program");
    assert_eq!(config.max_memory.value, default.max_memory.value);
    assert_eq!(config.max_unpacked.value, default.max_unpacked.value);
    assert!(!config.ignore_errors.value, "a gate over a damaged image");
    assert!(config.json_path.value.as_deref().is_none_or(below), "{:?}", config.json_path.value);
    assert!(config.log.path.value == default.log.path.value || below(&config.log.path.value), "{:?}", config.log);
}

pub(crate) fn rules(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match parse_rules(text) {
        Ok(rules) => rules.warnings.iter().for_each(|warning| assert!(!warning.to_string().is_empty())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A binding is printed in a form that parses to the same binding.
pub(crate) fn keys(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(binding) = text.parse::<Binding>() {
        assert_eq!(binding.to_string().parse::<Binding>().as_ref(), Ok(&binding), "{binding}");
    }
    if let Ok(key) = text.parse::<KeyPress>() {
        assert_eq!(key.to_string().parse::<KeyPress>().as_ref(), Ok(&key), "{key}");
    }
}
