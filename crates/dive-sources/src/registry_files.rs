//! The registry settings of the machine's engines, for display.

use super::credentials;
use super::environment::Environment;
use super::machine::MachineSettings;
use super::registry::{TOKEN_VARIABLE, certificate_folders};
use super::settings_source::{SettingsPlace, SettingsSource};

/// The settings files, files with logins, and folders with certificates that exist on this machine, and the variable with a
/// token if it is set.
#[must_use]
pub fn registry_files(environment: &Environment) -> Vec<SettingsSource> {
    let mut sources = MachineSettings::read(environment).into_sources();
    let of = |place, settings| SettingsSource { place, settings, problems: Vec::new() };
    let logins = credentials::files(environment).into_iter().filter(|file| file.is_file());
    sources.extend(logins.map(|file| of(SettingsPlace::Path(file), vec!["logins".to_owned()])));
    for folder in certificate_folders(environment) {
        let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
        let mut hosts: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        hosts.sort();
        let settings: Vec<_> = hosts.into_iter().map(|host| format!("certificates for {host}")).collect();
        if !settings.is_empty() {
            sources.push(of(SettingsPlace::Path(folder), settings));
        }
    }
    if environment.get(TOKEN_VARIABLE).is_some() {
        let setting = "a token for the registry that an image names".to_owned();
        sources.push(of(SettingsPlace::Variable(TOKEN_VARIABLE), vec![setting]));
    }
    sources
}
