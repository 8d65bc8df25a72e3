//! A project: its directory, its name, its variables and its profiles.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::dotenv;
use super::error::ComposeError;
use crate::config::{Link, TextFile, is_inside, link_of, read_text};
use dive_sources::Environment;

/// The names of a Compose file, preferred first.
const FILE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The names of the file that is merged over the Compose file of a directory.
const OVERRIDE_NAMES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"];

/// Limit of all texts of a project whose variables are replaced, and of the variables in its files, in bytes. 5,000 services have less
/// than 4 MB.
const LONGEST_TEXTS: usize = 8 << 20;

/// Bytes that each text counts beside its length: an empty one takes memory, too.
const TEXT_OVERHEAD: usize = 64;

/// The variable with the name of the project.
const NAME_VARIABLE: &str = "COMPOSE_PROJECT_NAME";

/// The variable with the files to read instead of `.env`, comma-separated.
const ENV_FILES_VARIABLE: &str = "COMPOSE_ENV_FILES";

/// The profiles that are enabled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profiles(Vec<String>);

impl Profiles {
    /// The profiles of flags; `*` enables all. Without flags, `COMPOSE_PROFILES` names them.
    #[must_use]
    pub const fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// True if a service with these profiles is started. One without profiles always is.
    pub(super) fn enable(&self, of_service: &[String]) -> bool {
        of_service.is_empty() || self.0.iter().any(|name| name == "*" || of_service.contains(name))
    }

    fn or_of(self, project: &Project<'_>) -> Self {
        if !self.0.is_empty() {
            return self;
        }
        let named = project.variable("COMPOSE_PROFILES").unwrap_or_default();
        Self(named.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }
}

/// The directory of a project and its variables.
#[derive(Debug)]
pub(super) struct Project<'a> {
    /// The directory that relative paths start from.
    pub(super) directory: PathBuf,
    environment: &'a Environment,
    /// For an included project, the variables in the files of those that include it, the outermost first. Those of the environment go
    /// before them.
    outer_variables: Vec<Rc<BTreeMap<String, String>>>,
    /// The variables in the files of this project.
    file_variables: Rc<BTreeMap<String, String>>,
    /// The files with variables that were read.
    variable_files: Vec<PathBuf>,
    /// The name; empty until the files have been read.
    name: String,
    /// The directory that files of variables must be in, unless the user names them.
    root: PathBuf,
    /// The bytes that texts may still have in all, also those of included projects.
    text_left: Rc<Cell<usize>>,
}

impl<'a> Project<'a> {
    /// The project in `directory`, with the variables of its `.env`, or of the files in `COMPOSE_ENV_FILES`.
    pub(super) fn in_directory(directory: PathBuf, environment: &'a Environment) -> Result<Self, ComposeError> {
        let (outer_variables, file_variables) = (Vec::new(), Rc::default());
        let (variable_files, name, root) = (Vec::new(), String::new(), directory.clone());
        let env_files = environment.get(ENV_FILES_VARIABLE).map(|files| files.to_string_lossy().into_owned());
        let env_files =
            env_files.iter().flat_map(|files| files.split(',')).map(str::trim).filter(|file| !file.is_empty());
        let env_files: Vec<PathBuf> = env_files.map(PathBuf::from).collect();
        let text_left = Rc::new(Cell::new(LONGEST_TEXTS));
        let project =
            Self { directory, environment, outer_variables, file_variables, variable_files, name, root, text_left };
        if env_files.is_empty() {
            return project.with_files(&[]);
        }
        // The user's own environment names them, so they may be anywhere. But a pull request may link one to a secret.
        let is_linked = |path: &Path| !matches!(link_of(path, &environment.working_dir), Link::None | Link::Within);
        let linked = env_files.iter().find(|path| is_linked(path) && project.refuse_outside(path).is_err());
        linked.map_or(Ok(()), |path| Err(ComposeError::LinkedOut { path: path.clone() }))?;
        project.with_read(&env_files)
    }

    /// A project that this one includes, with the variables of `env_files`, or of the `.env` in its directory.
    pub(super) fn included(&self, directory: PathBuf, env_files: &[PathBuf]) -> Result<Self, ComposeError> {
        let mut outer_variables = self.outer_variables.clone();
        outer_variables.push(Rc::clone(&self.file_variables));
        let (environment, name) = (self.environment, self.name.clone());
        let (file_variables, variable_files) = (Rc::default(), Vec::new());
        let (root, text_left) = (self.root.clone(), Rc::clone(&self.text_left));
        Self { directory, environment, outer_variables, file_variables, variable_files, name, root, text_left }
            .with_files(env_files)
    }

    fn with_files(mut self, env_files: &[PathBuf]) -> Result<Self, ComposeError> {
        let usual = self.directory.join(".env");
        // A directory of this name is a Python environment.
        if env_files.is_empty() && self.environment.working_dir.join(&usual).is_file() {
            self.refuse_outside(&usual)?;
            self.read_variables(&usual)?;
        }
        for path in env_files {
            self.refuse_outside(path)?;
        }
        self.with_read(env_files)
    }

    fn with_read(mut self, env_files: &[PathBuf]) -> Result<Self, ComposeError> {
        for path in env_files {
            self.read_variables(path)?;
        }
        Ok(self)
    }

    /// Refuses a file of variables that the project names and that is outside of it: its values may be secrets, and would be in the
    /// names of images. A pipe or a device could block for ever.
    fn refuse_outside(&self, path: &Path) -> Result<(), ComposeError> {
        let working_dir = &self.environment.working_dir;
        let file = working_dir.join(path);
        if !file.exists() {
            // Reading it says so.
            return Ok(());
        }
        let is_inside = is_inside(&file, working_dir) || is_inside(&file, &working_dir.join(&self.root));
        match (is_inside, file.is_file() || file.is_dir()) {
            (true, true) => Ok(()),
            (true, false) => Err(ComposeError::NotRegular { path: path.to_owned() }),
            (false, _) => Err(ComposeError::Outside { path: path.to_owned() }),
        }
    }

    /// Counts the bytes of a text whose variables are replaced.
    ///
    /// # Errors
    /// The project has too many.
    pub(super) fn count_text(&self, text: &str) -> Result<(), String> {
        let left = self.text_left.get().checked_sub(text.len().saturating_add(TEXT_OVERHEAD));
        self.text_left.set(left.unwrap_or(0));
        left.map(drop).ok_or_else(|| {
            let limit = LONGEST_TEXTS >> 20;
            format!("the variables of the project expand to more than {limit} MiB (dive's limit)")
        })
    }

    fn read_variables(&mut self, path: &Path) -> Result<(), ComposeError> {
        let text = read_text(&self.environment.working_dir.join(path), path, TextFile::Variables)?;
        let count = |name: &str, value: &str| self.count_text(name).and_then(|()| self.count_text(value));
        let read = dotenv::parse(&text, &|name| self.variable(name), &count);
        let read =
            read.map_err(|error| ComposeError::Line { path: path.to_owned(), line: error.line, reason: error.reason })?;
        Rc::make_mut(&mut self.file_variables).extend(read);
        self.variable_files.push(path.to_owned());
        Ok(())
    }

    /// The value of a variable, which may be empty; `None` if it is not set.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        if name == NAME_VARIABLE && !self.name.is_empty() {
            return Some(self.name.clone());
        }
        let mut set = self.environment.iter();
        if let Some((_, value)) = set.find(|(set, _)| *set == OsStr::new(name)) {
            return Some(value.to_string_lossy().into_owned());
        }
        let mut files = self.outer_variables.iter().chain([&self.file_variables]);
        files.find_map(|variables| variables.get(name)).cloned()
    }

    /// The files with variables that were read.
    pub(super) fn variable_files(&self) -> &[PathBuf] {
        &self.variable_files
    }

    /// The enabled profiles.
    pub(super) fn profiles(&self, of_flags: &Profiles) -> Profiles {
        of_flags.clone().or_of(self)
    }

    /// Sets the name: `COMPOSE_PROJECT_NAME`, else `name:` of the files, else the name of the directory. From here on,
    /// `COMPOSE_PROJECT_NAME` has a value.
    pub(super) fn set_name(&mut self, of_files: Option<&str>) {
        let of_variable = self.variable(NAME_VARIABLE).filter(|name| !name.is_empty());
        let named = of_variable.or_else(|| of_files.map(str::to_owned));
        self.name = normalized(&named.unwrap_or_else(|| {
            let directory = self.environment.working_dir.join(&self.directory);
            let directory = directory.canonicalize().unwrap_or(directory);
            directory.file_name().unwrap_or_default().to_string_lossy().into_owned()
        }));
    }

    /// The name; may be empty.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A name as Compose uses it in names of images.
fn normalized(name: &str) -> String {
    let is_allowed = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let name: String = name.to_lowercase().chars().filter(is_allowed).collect();
    name.trim_start_matches(['-', '_']).to_owned()
}

/// Replaces each directory by its Compose file and the override file beside it.
pub(super) fn files_of(named: &[PathBuf], working_dir: &Path) -> Result<Vec<PathBuf>, ComposeError> {
    let mut files = Vec::new();
    for path in named {
        if !working_dir.join(path).is_dir() {
            files.push(path.clone());
            continue;
        }
        let first =
            |names: &[&str]| names.iter().map(|name| path.join(name)).find(|file| working_dir.join(file).is_file());
        files.push(
            first(&FILE_NAMES)
                .ok_or_else(|| ComposeError::NoFile { path: path.clone(), names: FILE_NAMES.join(", ") })?,
        );
        files.extend(first(&OVERRIDE_NAMES));
    }
    Ok(files)
}

/// The directory of a file; empty for the working directory.
pub(super) fn directory_of(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_becomes_a_project_name() {
        for (name, expected) in
            [("shop", "shop"), ("My Shop", "myshop"), ("a.b-c_d", "ab-c_d"), ("--x", "x"), ("_9", "9"), ("...", "")]
        {
            assert_eq!(normalized(name), expected);
        }
    }

    #[test]
    fn a_service_with_profiles_needs_one_of_them() {
        let profiles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(Profiles::default().enable(&[]));
        assert!(!Profiles::default().enable(&profiles(&["debug"])));
        assert!(Profiles(profiles(&["debug"])).enable(&profiles(&["test", "debug"])));
        assert!(Profiles(profiles(&["*"])).enable(&profiles(&["test"])));
        assert!(!Profiles(profiles(&["web"])).enable(&profiles(&["test"])));
    }
}
