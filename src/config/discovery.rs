//! Where a configuration is looked for. The order is that of dive's documentation, with the working directory before it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::problem::ConfigError;
use super::surroundings::Surroundings;

/// What the search came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The file to read.
    pub file: Option<PathBuf>,
    /// The places that were looked at, in order: files, and patterns of files (`~/.config/dive/*.yaml`).
    pub searched: Vec<PathBuf>,
}

/// A place to look at.
enum Place {
    /// These files, the first that exists.
    Files([PathBuf; 2]),
    /// The first file of this folder, by the bytes of its name, that ends in `.yaml` or `.yml`.
    Folder(PathBuf),
}

/// Looks for a configuration.
pub(super) fn find(around: &Surroundings) -> Result<Found, ConfigError> {
    let mut found = Found::default();
    for place in places(around) {
        let file = match place {
            Place::Files(files) => {
                found.searched.extend(files.iter().cloned());
                files.into_iter().find(|file| file.is_file())
            }
            Place::Folder(folder) => {
                let pattern = folder.join("*.yaml");
                // An unset $XDG_CONFIG_HOME is ~/.config, which comes again later.
                if found.searched.contains(&pattern) {
                    continue;
                }
                found.searched.extend([pattern, folder.join("*.yml")]);
                first_in(&folder)?
            }
        };
        if file.is_some() {
            return Ok(Found { file, ..found });
        }
    }
    Ok(found)
}

fn places(around: &Surroundings) -> Vec<Place> {
    let named = |folder: &Path| Place::Files([folder.join(".dive.yaml"), folder.join(".dive.yml")]);
    let mut places = vec![named(&around.working_dir)];
    let folders = around.xdg_config_home.iter().chain(&around.xdg_config_dirs);
    places.extend(folders.map(|folder| Place::Folder(folder.join("dive"))));
    if let Some(home) = &around.home {
        places.push(Place::Folder(home.join(".config/dive")));
        places.push(named(home));
    }
    places
}

/// The first configuration in `folder`, which need not exist.
fn first_in(folder: &Path) -> Result<Option<PathBuf>, ConfigError> {
    let unreadable = |cause| ConfigError::Unreadable { path: folder.to_owned(), cause };
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        // A folder or a pipe of such a name is not a configuration; reading a pipe would wait for ever.
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") && path.is_file() {
            files.push(path);
        }
    }
    Ok(files.into_iter().min_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A world with these files in it: `work/` is the working directory, `home/` the home.
    fn world(files: &[&str]) -> (tempfile::TempDir, Surroundings) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let around = Surroundings {
            working_dir: root.path().join("work"),
            home: Some(root.path().join("home")),
            xdg_config_home: Some(root.path().join("xdg")),
            xdg_config_dirs: vec![root.path().join("etc1"), root.path().join("etc2")],
            ..Surroundings::default()
        };
        (root, around)
    }

    fn found(files: &[&str]) -> Option<String> {
        let (root, around) = world(files);
        let file = find(&around).unwrap().file?;
        Some(file.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned())
    }

    #[test]
    fn each_place_comes_before_those_after_it() {
        let order = [
            "work/.dive.yaml",
            "work/.dive.yml",
            "xdg/dive/a.yaml",
            "xdg/dive/b.yml",
            "etc1/dive/z.yml",
            "etc2/dive/a.yaml",
            "home/.config/dive/dive.yaml",
            "home/.dive.yaml",
            "home/.dive.yml",
        ];
        for first in 0..order.len() {
            assert_eq!(found(&order[first..]).as_deref(), Some(order[first]));
        }
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_folder_is_read_in_byte_order() {
        assert_eq!(
            found(&["xdg/dive/b.yaml", "xdg/dive/a.yml", "xdg/dive/Z.yaml"]).as_deref(),
            Some("xdg/dive/Z.yaml")
        );
    }

    #[test]
    fn what_is_not_a_yaml_file_is_passed_over() {
        let decoys = ["xdg/dive/readme.txt", "xdg/dive/folder.yaml/x", "etc1/dive", "work/.dive.yaml/x"];
        assert_eq!(found(&decoys), None);
    }

    #[test]
    fn the_places_searched_are_told_once_each() {
        let (root, mut around) = world(&[]);
        around.xdg_config_home = Some(root.path().join("home/.config"));
        let searched = find(&around).unwrap().searched;
        assert_eq!(searched.len(), 2 + 2 + 2 + 2 + 2);
        assert_eq!(searched[2], root.path().join("home/.config/dive/*.yaml"));
    }
}
