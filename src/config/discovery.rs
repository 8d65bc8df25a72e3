//! Finds and reads configurations: the user's own, which is the first readable file in dive's documented order, and that of
//! the working directory, which overrides it and is untrusted.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::document::Document;
use super::environment::config_folders;
use super::links::{Link, link_of};
use super::origin::{ConfigScope, Origin};
use super::problem::{ConfigError, Warning};
use dive_sources::Environment;

/// The searched places in order of precedence, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Files, and patterns of files (`~/.config/dive/*.yaml`).
    pub places: Vec<SearchedPlace>,
}

/// A place that was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchedPlace {
    /// The file or the pattern.
    pub path: PathBuf,
    /// The result.
    pub result: SearchResult,
}

/// The result of searching a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchResult {
    /// The file was read.
    Read(ConfigScope),
    /// Nothing is there.
    Absent,
    /// Not read, for this reason.
    Skipped(String),
}

impl Discovery {
    /// A file that a flag or a variable names.
    #[must_use]
    pub fn named(path: PathBuf) -> Self {
        Self { places: vec![SearchedPlace { path, result: SearchResult::Read(ConfigScope::User) }] }
    }

    /// The files that were read, in order of precedence.
    pub fn read(&self) -> impl Iterator<Item = (&Path, ConfigScope)> {
        self.places.iter().filter_map(|searched| match searched.result {
            SearchResult::Read(scope) => Some((searched.path.as_path(), scope)),
            SearchResult::Absent | SearchResult::Skipped(_) => None,
        })
    }

    /// True if `file`, relative to `working_dir`, is one of the files that were read.
    pub(super) fn has_read(&self, file: &Path, working_dir: &Path) -> bool {
        self.read().any(|(read, _)| is_same_file(read, file, working_dir))
    }

    /// The scope of the file that a value comes from. Defaults, variables and flags are the user's.
    #[must_use]
    pub fn scope_of(&self, origin: &Origin) -> ConfigScope {
        let Origin::File { path, .. } = origin else { return ConfigScope::User };
        self.read().find(|(read, _)| read == path).map_or(ConfigScope::User, |(_, scope)| scope)
    }

    /// One warning for each reason why places were skipped.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<(&str, Vec<PathBuf>)> = Vec::new();
        for searched in &self.places {
            let SearchResult::Skipped(cause) = &searched.result else { continue };
            match warnings.iter_mut().find(|(known, _)| known == cause) {
                Some((_, paths)) => paths.push(searched.path.clone()),
                None => warnings.push((cause, vec![searched.path.clone()])),
            }
        }
        warnings.into_iter().map(|(cause, paths)| Warning::Skipped { paths, cause: cause.to_owned() }).collect()
    }
}

/// True if two paths, relative to `working_dir`, lead to one existing file.
pub(super) fn is_same_file(one: &Path, other: &Path, working_dir: &Path) -> bool {
    let real = |path: &Path| working_dir.join(path).canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

/// A location to search.
enum SearchLocation {
    /// The first of these files that exists.
    Files([PathBuf; 2]),
    /// The first `.yaml` or `.yml` file of a folder, in byte order.
    Folder(PathBuf),
}

/// A parsed file and its scope.
pub(super) type Read = (Document, ConfigScope);

/// Reads a configuration that a link may lead to. The second path is its name in messages.
pub(super) type Reader = fn(Link, &Path, &Path, ConfigScope) -> Result<Document, ConfigError>;

/// Finds and reads the configurations, lowest precedence first.
///
/// # Errors
/// If a readable file is not a valid configuration.
pub(super) fn read(environment: &Environment, reader: Reader) -> Result<(Discovery, Vec<Read>), ConfigError> {
    let (found, read) = (Discovery::default(), Vec::new());
    let mut search = Search { working_dir: &environment.working_dir, reader, found, read };
    search.search_working_directory(environment)?;
    for place in user_locations(environment) {
        if search.search_location(place)? {
            break;
        }
    }
    let Search { found, mut read, .. } = search;
    read.reverse();
    Ok((found, read))
}

struct Search<'a> {
    working_dir: &'a Path,
    reader: Reader,
    found: Discovery,
    read: Vec<Read>,
}

impl Search<'_> {
    fn search_working_directory(&mut self, environment: &Environment) -> Result<(), ConfigError> {
        for file in config_files_in(&environment.working_dir) {
            let is_users = is_home_config(&file, environment);
            let scope = if is_users { ConfigScope::User } else { ConfigScope::WorkingDirectory };
            if self.read_file(&file, scope)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads the first readable file of a location of the user; false if it has none.
    fn search_location(&mut self, place: SearchLocation) -> Result<bool, ConfigError> {
        match place {
            SearchLocation::Files(files) => {
                for file in files {
                    if self.read_file(&file, ConfigScope::User)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            SearchLocation::Folder(folder) => {
                let pattern = folder.join("*.yaml");
                // An unset $XDG_CONFIG_HOME is ~/.config, which comes again later.
                if self.was_searched(&pattern) {
                    return Ok(false);
                }
                match yaml_files(&folder) {
                    Ok(files) => {
                        for file in &files {
                            if self.read_file(file, ConfigScope::User)? {
                                return Ok(true);
                            }
                        }
                        if files.is_empty() {
                            self.record(pattern, SearchResult::Absent);
                            self.record(folder.join("*.yml"), SearchResult::Absent);
                        }
                    }
                    Err(cause) => self.record(pattern, SearchResult::Skipped(cause.to_string())),
                }
                Ok(false)
            }
        }
    }

    /// Reads a file if it exists; true if it was read, now or before.
    fn read_file(&mut self, path: &Path, scope: ConfigScope) -> Result<bool, ConfigError> {
        if self.was_searched(path) {
            return Ok(self.found.read().any(|(read, _)| read == path));
        }
        let link = match scope {
            ConfigScope::WorkingDirectory => link_of(path, self.working_dir),
            ConfigScope::User => Link::None,
        };
        let document = match std::fs::metadata(path) {
            Ok(_) if link.leads_out() => {
                self.record(
                    path.to_owned(),
                    SearchResult::Skipped("it is a link that leads out of the working directory".to_owned()),
                );
                return Ok(false);
            }
            // Other kinds of files are not configurations; reading a pipe could block for ever.
            Ok(metadata) if metadata.is_file() => (self.reader)(link, path, path, scope),
            Ok(_) => {
                self.record(path.to_owned(), SearchResult::Skipped("not a regular file".to_owned()));
                return Ok(false);
            }
            Err(cause) => Err(ConfigError::Unreadable { path: path.to_owned(), cause }),
        };
        match document {
            Ok(document) => {
                self.record(path.to_owned(), SearchResult::Read(scope));
                self.read.push((document, scope));
                Ok(true)
            }
            Err(ConfigError::Unreadable { cause, .. }) => {
                let result =
                    if is_absent(&cause) { SearchResult::Absent } else { SearchResult::Skipped(cause.to_string()) };
                self.record(path.to_owned(), result);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn record(&mut self, path: PathBuf, result: SearchResult) {
        self.found.places.push(SearchedPlace { path, result });
    }

    fn was_searched(&self, path: &Path) -> bool {
        self.found.places.iter().any(|searched| searched.path == path)
    }
}

fn config_files_in(folder: &Path) -> [PathBuf; 2] {
    [folder.join(".dive.yaml"), folder.join(".dive.yml")]
}

fn user_locations(environment: &Environment) -> Vec<SearchLocation> {
    let folders = config_folders(environment).into_iter();
    let mut places: Vec<_> = folders.map(|folder| SearchLocation::Folder(folder.join("dive"))).collect();
    if let Some(home) = &environment.home {
        places.push(SearchLocation::Folder(home.join(".config/dive")));
        places.push(SearchLocation::Files(config_files_in(home)));
    }
    places
}

/// True if a file of the working directory is that of the home, which may be entered by several paths. Another file beside it may be a
/// stranger's.
fn is_home_config(file: &Path, environment: &Environment) -> bool {
    let (Some(home), Some(name)) = (&environment.home, file.file_name()) else { return false };
    is_same_file(file, &home.join(name), &environment.working_dir)
}

/// The configurations in `folder`, in byte order; empty if the folder does not exist.
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

/// A warning about `~/.diver.yaml`, a wrong name in a well-known tutorial, if the user has that file.
pub(super) fn misnamed_file_warning(environment: &Environment) -> Option<Warning> {
    let home = environment.home.as_ref()?;
    let path = home.join(".diver.yaml");
    path.is_file().then(|| Warning::MisnamedFile { path, right: home.join(".dive.yaml") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &Environment) -> Result<(Discovery, Vec<Read>), ConfigError> {
        super::read(environment, |_, path, shown, _| Document::read(path, shown))
    }

    /// A folder with these files. `work/` is the working directory, `home/` the home.
    fn world(files: &[&str]) -> (tempfile::TempDir, Environment) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let place = |name| root.path().join(name);
        let shared = std::env::join_paths([place("etc1"), place("etc2")]).unwrap();
        let variables = [("XDG_CONFIG_HOME".into(), place("xdg").into()), ("XDG_CONFIG_DIRS".into(), shared)];
        let environment = Environment::new(place("work"), Some(place("home")), variables);
        (root, environment)
    }

    /// The files that are read, highest precedence first.
    fn found(files: &[&str]) -> Vec<String> {
        let (root, environment) = world(files);
        let (found, read) = read(&environment).unwrap();
        assert!(read.iter().rev().map(|(document, scope)| (document.path(), *scope)).eq(found.read()));
        let short = |file: &Path| file.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
        found.read().map(|(file, _)| short(file)).collect()
    }

    #[test]
    fn an_earlier_place_overrides_later_ones() {
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
        // The file of the working directory overrides the user's own.
        assert_eq!(found(&order), [order[0], order[2]]);
        assert_eq!(found(&order[1..]), [order[1], order[2]]);
        for first in 2..order.len() {
            assert_eq!(found(&order[first..]), [order[first]]);
        }
        assert_eq!(found(&[]), [""; 0]);
    }

    #[test]
    fn the_first_file_of_a_folder_is_read() {
        assert_eq!(found(&["xdg/dive/b.yaml", "xdg/dive/a.yml", "xdg/dive/Z.yaml"]), ["xdg/dive/Z.yaml"]);
    }

    #[test]
    fn files_without_a_yaml_name_are_ignored() {
        let decoys = ["xdg/dive/readme.txt", "xdg/dive/folder.yaml/x", "etc1/dive", "work/.dive.yaml/x"];
        assert_eq!(found(&decoys), [""; 0]);
    }

    #[test]
    fn each_searched_place_is_listed_once() {
        let (root, mut environment) = world(&[]);
        environment.set("XDG_CONFIG_HOME", root.path().join("home/.config"));
        let places = read(&environment).unwrap().0.places;
        assert_eq!(places.len(), 2 + 2 + 2 + 2 + 2);
        assert_eq!(places[2].path, root.path().join("home/.config/dive/*.yaml"));
        assert!(places.iter().all(|searched| searched.result == SearchResult::Absent));
    }

    /// In the home, the file of the working directory is the user's own.
    #[test]
    fn the_file_of_the_home_is_trusted_in_the_home() {
        let (root, mut environment) = world(&["home/.dive.yaml", "work/x"]);
        for path in ["home", "work/../home"] {
            environment.working_dir = root.path().join(path);
            let scope: Vec<_> = read(&environment).unwrap().0.read().map(|(_, scope)| scope).collect();
            assert!(!scope.is_empty() && scope.iter().all(|scope| *scope == ConfigScope::User), "{path}: {scope:?}");
        }
        let (_root, environment) = world(&["work/.dive.yaml"]);
        let (found, _) = read(&environment).unwrap();
        let origin = Origin::File { path: environment.working_dir.join(".dive.yaml"), line: Some(1) };
        assert_eq!(found.scope_of(&origin), ConfigScope::WorkingDirectory);
        assert_eq!(found.scope_of(&Origin::Default), ConfigScope::User);
    }
}
