//! The places of the settings files, in the order in which they are read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// Maximum number of drop-ins of one folder.
pub(super) const MAX_DROP_INS: usize = 200;

const SYSTEM: &str = "/etc/containers";

/// The files of Docker's engine: the system's, those of an engine without root, and Docker Desktop's.
pub(super) fn daemon(environment: &Environment) -> Vec<PathBuf> {
    let own = environment.config_folder().map(|folder| folder.join("docker/daemon.json"));
    let desktop = environment.home_folder().map(|home| home.join(".docker/daemon.json"));
    [Some(PathBuf::from("/etc/docker/daemon.json")), own, desktop].into_iter().flatten().collect()
}

/// The files of Podman, Skopeo and Buildah.
#[derive(Debug, Default)]
pub(super) struct RegistriesFiles {
    pub(super) files: Vec<PathBuf>,
    /// The folders with more drop-ins than dive reads.
    pub(super) cut: Vec<PathBuf>,
}

/// `registries.conf` and its drop-ins. The user's file replaces the system's; the drop-ins of both count.
pub(super) fn registries(environment: &Environment) -> RegistriesFiles {
    let own = environment.config_folder().map(|folder| folder.join("containers"));
    let own_file = own.as_ref().map(|folder| folder.join("registries.conf"));
    let named = environment.path("CONTAINERS_REGISTRIES_CONF").or_else(|| environment.path("REGISTRIES_CONFIG_PATH"));
    let system = Path::new(SYSTEM).join("registries.conf");
    let main = named.or_else(|| own_file.filter(|file| file.exists())).unwrap_or(system);
    let folders = [Some(PathBuf::from(SYSTEM)), own].into_iter().flatten();
    let mut found = RegistriesFiles { files: vec![main], cut: Vec::new() };
    for folder in folders.map(|folder| folder.join("registries.conf.d")) {
        let files = drop_ins(&folder);
        if files.len() > MAX_DROP_INS {
            found.cut.push(folder);
        }
        found.files.extend(files.into_iter().take(MAX_DROP_INS));
    }
    found
}

/// The `*.conf` of a folder, by name.
fn drop_ins(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<_> = entries.filter(|path| path.extension() == Some(OsStr::new("conf"))).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_file_replaces_the_systems_and_drop_ins_follow() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/containers");
        std::fs::create_dir_all(folder.join("registries.conf.d")).unwrap();
        let of = |variables: &[(&str, &Path)]| {
            let environment: Environment = variables.iter().copied().collect();
            let files = registries(&environment).files;
            let own = files.into_iter().filter(|file| !file.starts_with(Path::new(SYSTEM).join("registries.conf.d")));
            own.collect::<Vec<_>>()
        };
        let at_home = [("HOME", home.path())];
        assert_eq!(of(&at_home), [Path::new(SYSTEM).join("registries.conf")]);
        for name in
            ["registries.conf", "registries.conf.d/b.conf", "registries.conf.d/a.conf", "registries.conf.d/c.txt"]
        {
            std::fs::write(folder.join(name), "").unwrap();
        }
        let drop_ins = ["registries.conf.d/a.conf", "registries.conf.d/b.conf"].map(|name| folder.join(name));
        assert_eq!(of(&at_home), [&[folder.join("registries.conf")], &drop_ins[..]].concat());
        let named = [at_home[0], ("CONTAINERS_REGISTRIES_CONF", Path::new("/named.conf"))];
        assert_eq!(of(&named), [&["/named.conf".into()], &drop_ins[..]].concat());
    }
}
