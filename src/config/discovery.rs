//! Finds and reads configurations: the user's own, which is the first readable one of those that dive's documentation lists, and
//! the one of the working directory, which goes over it and is not trusted.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::document::Document;
use super::origin::{Origin, Whose};
use super::problem::{ConfigError, Warning};
use super::surroundings::Surroundings;

/// The places that were looked at, each once, those that go over others first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Files, and patterns of files (`~/.config/dive/*.yaml`).
    pub places: Vec<Looked>,
}

/// A place that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The file or the pattern.
    pub path: PathBuf,
    /// What came of it.
    pub sight: Sight,
}

/// What came of looking at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// The file was read.
    Read(Whose),
    /// Nothing is there.
    Absent,
    /// Not read, for this reason.
    Skipped(String),
}

impl Found {
    /// A file that was named.
    #[must_use]
    pub fn named(path: PathBuf) -> Self {
        Self { places: vec![Looked { path, sight: Sight::Read(Whose::User) }] }
    }

    /// The files that were read, those that go over others first.
    pub fn read(&self) -> impl Iterator<Item = (&Path, Whose)> {
        self.places.iter().filter_map(|looked| match looked.sight {
            Sight::Read(whose) => Some((looked.path.as_path(), whose)),
            Sight::Absent | Sight::Skipped(_) => None,
        })
    }

    /// Whose word a value is.
    #[must_use]
    pub fn whose(&self, origin: &Origin) -> Whose {
        let Origin::File { path, .. } = origin else { return Whose::User };
        self.read().find(|(read, _)| read == path).map_or(Whose::User, |(_, whose)| whose)
    }

    /// One warning for each reason why places were skipped.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<(&str, Vec<PathBuf>)> = Vec::new();
        for looked in &self.places {
            let Sight::Skipped(cause) = &looked.sight else { continue };
            match warnings.iter_mut().find(|(known, _)| known == cause) {
                Some((_, paths)) => paths.push(looked.path.clone()),
                None => warnings.push((cause, vec![looked.path.clone()])),
            }
        }
        warnings.into_iter().map(|(cause, paths)| Warning::Skipped { paths, cause: cause.to_owned() }).collect()
    }
}

/// A place to look at.
enum Place {
    /// These files, the first that exists.
    Files([PathBuf; 2]),
    /// The first file of this folder, by the bytes of its name, that ends in `.yaml` or `.yml`.
    Folder(PathBuf),
}

/// A file that was read.
pub(super) type Read = (Document, Whose);

/// Looks for configurations and reads them: what goes over others last.
///
/// # Errors
/// When a file that can be read is no configuration.
pub(super) fn read(around: &Surroundings) -> Result<(Found, Vec<Read>), ConfigError> {
    let mut search = Search { found: Found::default(), read: Vec::new() };
    search.working_directory(around)?;
    for place in own_places(around) {
        if search.look(place, Whose::User)? {
            break;
        }
    }
    let Search { found, mut read } = search;
    read.reverse();
    Ok((found, read))
}

struct Search {
    found: Found,
    read: Vec<Read>,
}

impl Search {
    fn working_directory(&mut self, around: &Surroundings) -> Result<(), ConfigError> {
        let files = named(&around.working_dir);
        let whose = if is_own(&files, around) { Whose::User } else { Whose::WorkingDirectory };
        self.look(Place::Files(files), whose).map(|_| ())
    }

    /// Reads the first readable file of a place; false if it has none.
    fn look(&mut self, place: Place, whose: Whose) -> Result<bool, ConfigError> {
        match place {
            Place::Files(files) => {
                for file in files {
                    if self.file(&file, whose)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Place::Folder(folder) => {
                let pattern = folder.join("*.yaml");
                // An unset $XDG_CONFIG_HOME is ~/.config, which comes again later.
                if self.is_known(&pattern) {
                    return Ok(false);
                }
                match yaml_files(&folder) {
                    Ok(files) => {
                        for file in &files {
                            if self.file(file, whose)? {
                                return Ok(true);
                            }
                        }
                        if files.is_empty() {
                            self.saw(pattern, Sight::Absent);
                            self.saw(folder.join("*.yml"), Sight::Absent);
                        }
                    }
                    Err(cause) => self.saw(pattern, Sight::Skipped(cause.to_string())),
                }
                Ok(false)
            }
        }
    }

    /// Reads a file if it exists; true if it was read, now or before.
    fn file(&mut self, path: &Path, whose: Whose) -> Result<bool, ConfigError> {
        if self.is_known(path) {
            return Ok(self.found.read().any(|(read, _)| read == path));
        }
        let document = match std::fs::metadata(path) {
            Ok(_) if whose == Whose::WorkingDirectory && leads_out(path) => {
                self.saw(path.to_owned(), Sight::Skipped("a link that leads out of the working directory".to_owned()));
                return Ok(false);
            }
            // A folder or a pipe of such a name is not a configuration; reading a pipe would wait for ever.
            Ok(metadata) if metadata.is_file() => Document::read(path, path),
            Ok(_) => {
                self.saw(path.to_owned(), Sight::Absent);
                return Ok(false);
            }
            Err(cause) => Err(ConfigError::Unreadable { path: path.to_owned(), cause }),
        };
        match document {
            Ok(document) => {
                self.saw(path.to_owned(), Sight::Read(whose));
                self.read.push((document, whose));
                Ok(true)
            }
            Err(ConfigError::Unreadable { cause, .. }) => {
                let sight = if is_absent(&cause) { Sight::Absent } else { Sight::Skipped(cause.to_string()) };
                self.saw(path.to_owned(), sight);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn saw(&mut self, path: PathBuf, sight: Sight) {
        self.found.places.push(Looked { path, sight });
    }

    fn is_known(&self, path: &Path) -> bool {
        self.found.places.iter().any(|looked| looked.path == path)
    }
}

fn named(folder: &Path) -> [PathBuf; 2] {
    [folder.join(".dive.yaml"), folder.join(".dive.yml")]
}

fn own_places(around: &Surroundings) -> Vec<Place> {
    let folders = around.xdg_config_home.iter().chain(&around.xdg_config_dirs);
    let mut places: Vec<_> = folders.map(|folder| Place::Folder(folder.join("dive"))).collect();
    if let Some(home) = &around.home {
        places.push(Place::Folder(home.join(".config/dive")));
        places.push(Place::Files(named(home)));
    }
    places
}

/// Whether the files of the working directory are those of the home, by whatever path it was entered.
fn is_own(files: &[PathBuf; 2], around: &Surroundings) -> bool {
    let Some(home) = &around.home else { return false };
    let real = |paths: &[PathBuf]| paths.iter().find_map(|path| path.canonicalize().ok());
    real(files).is_some_and(|file| real(&named(home)) == Some(file))
}

/// Whether a file is a link to one outside its directory. Whoever made the link need not be allowed to read that file.
pub(super) fn leads_out(path: &Path) -> bool {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(path.canonicalize().ok()).is_some_and(|(folder, file)| !file.starts_with(folder))
}

/// The configurations in `folder`, in byte order. It need not exist.
fn yaml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") && !path.is_dir() {
            files.push(path);
        }
    }
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(files)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The file that a well-known text names by mistake, if the user has it.
pub(super) fn misnamed(around: &Surroundings) -> Option<Warning> {
    let home = around.home.as_ref()?;
    let path = home.join(".diver.yaml");
    path.is_file().then(|| Warning::MisnamedFile { path, right: home.join(".dive.yaml") })
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

    /// The files that are read, what goes over others first.
    fn found(files: &[&str]) -> Vec<String> {
        let (root, around) = world(files);
        let (found, read) = read(&around).unwrap();
        assert!(read.iter().rev().map(|(document, whose)| (document.path(), *whose)).eq(found.read()));
        let short = |file: &Path| file.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
        found.read().map(|(file, _)| short(file)).collect()
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
        // The working directory's goes over the first of the user's own.
        assert_eq!(found(&order), [order[0], order[2]]);
        assert_eq!(found(&order[1..]), [order[1], order[2]]);
        for first in 2..order.len() {
            assert_eq!(found(&order[first..]), [order[first]]);
        }
        assert_eq!(found(&[]), [""; 0]);
    }

    #[test]
    fn a_folder_is_read_in_byte_order() {
        assert_eq!(found(&["xdg/dive/b.yaml", "xdg/dive/a.yml", "xdg/dive/Z.yaml"]), ["xdg/dive/Z.yaml"]);
    }

    #[test]
    fn what_is_not_a_yaml_file_is_passed_over() {
        let decoys = ["xdg/dive/readme.txt", "xdg/dive/folder.yaml/x", "etc1/dive", "work/.dive.yaml/x"];
        assert_eq!(found(&decoys), [""; 0]);
    }

    #[test]
    fn the_places_searched_are_told_once_each() {
        let (root, mut around) = world(&[]);
        around.xdg_config_home = Some(root.path().join("home/.config"));
        let places = read(&around).unwrap().0.places;
        assert_eq!(places.len(), 2 + 2 + 2 + 2 + 2);
        assert_eq!(places[2].path, root.path().join("home/.config/dive/*.yaml"));
        assert!(places.iter().all(|looked| looked.sight == Sight::Absent));
    }

    /// In the home, the working directory's file is the user's own.
    #[test]
    fn the_file_of_the_home_is_the_users_own_in_the_home_too() {
        let (root, mut around) = world(&["home/.dive.yaml", "work/x"]);
        for path in ["home", "work/../home"] {
            around.working_dir = root.path().join(path);
            let whose: Vec<_> = read(&around).unwrap().0.read().map(|(_, whose)| whose).collect();
            assert!(!whose.is_empty() && whose.iter().all(|whose| *whose == Whose::User), "{path}: {whose:?}");
        }
        let (_root, around) = world(&["work/.dive.yaml"]);
        let (found, _) = read(&around).unwrap();
        let origin = Origin::File { path: around.working_dir.join(".dive.yaml"), line: Some(1) };
        assert_eq!(found.whose(&origin), Whose::WorkingDirectory);
        assert_eq!(found.whose(&Origin::Default), Whose::User);
    }
}
