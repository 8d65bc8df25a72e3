//! Configuration and rules files as text, without a file, for fuzz targets.

use std::path::PathBuf;

use dive_sources::Environment;

use super::discovery::Discovery;
use super::document::Document;
use super::file::Config;
use super::origin::ConfigScope;
use super::problem::ConfigError;
use super::rules_file::RulesFile;

/// Parses `text` as the configuration of a user or of a working directory.
///
/// # Errors
/// As [`Config::load`].
pub fn parse_config(text: &str, scope: ConfigScope, environment: &Environment) -> Result<Config, ConfigError> {
    let path = PathBuf::from(".dive.yaml");
    let documents = [(Document::parse(path.clone(), text.to_owned())?, scope)];
    Config::layered(&documents, environment, Discovery::named(path))
}

/// Parses `text` as a rules file.
///
/// # Errors
/// As [`RulesFile::load`].
pub fn parse_rules(text: &str) -> Result<RulesFile, ConfigError> {
    RulesFile::parse(text)
}
