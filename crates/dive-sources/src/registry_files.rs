//! The registry settings of the machine's engines, for display.

use std::path::PathBuf;

use super::credentials;
use super::environment::Environment;
use super::machine::MachineSettings;
use super::registry::{TOKEN_VARIABLE, certificate_folders};
use super::settings_file::SettingsFile;

/// The settings files, the files with logins and the folders with
/// certificates, as far as they exist.
#[must_use]
pub fn registry_files(environment: &Environment) -> Vec<SettingsFile> {
    let mut files = MachineSettings::read(environment).into_files();
    let of = |path: PathBuf, setting: String| SettingsFile { path, settings: vec![setting], problems: Vec::new() };
    let logins = credentials::files(environment).into_iter().filter(|file| file.is_file());
    files.extend(logins.map(|file| of(file, "logins".to_owned())));
    for folder in certificate_folders(environment) {
        let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok);
        let mut hosts: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        hosts.sort();
        let settings: Vec<_> = hosts.into_iter().map(|host| format!("certificates for {host}")).collect();
        if !settings.is_empty() {
            files.push(SettingsFile { path: folder, settings, problems: Vec::new() });
        }
    }
    if environment.get(TOKEN_VARIABLE).is_some() {
        files.push(of(TOKEN_VARIABLE.into(), "a token for the registry that an image names".to_owned()));
    }
    files
}
