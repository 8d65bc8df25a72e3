//! Reads the files of a project in order, with the files they include and the services they extend.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{ComposeFile, ComposeKey, ComposeText, tagged, value};
use super::error::ComposeError;
use super::project::{Profiles, Project, directory_of, files_of};
use super::service::{Declaration, Service, ServiceImage};
use crate::config::{Link, Origin, Yaml, is_inside, link_of, without_nul};
use dive_model::units::count_of;
use dive_sources::Environment;

/// Limit of the files that a project includes and extends. A file counts each time that it is included.
const MOST_FILES: usize = 200;

/// Limit of the services in the files of a project.
const MOST_SERVICES: usize = 5_000;

/// Limit of files that include each other, and of services that extend each other.
const DEEPEST: usize = 30;

/// Limit of the warnings that are kept.
const MOST_WARNINGS: usize = 20;

/// The images of a project.
#[derive(Debug, Clone, Default)]
pub struct ProjectImages {
    /// One for each service, in the order of the files.
    pub images: Vec<ServiceImage>,
    /// Services that no enabled profile starts.
    pub disabled: Vec<String>,
    /// What Compose would warn of.
    pub warnings: Vec<String>,
    /// All files of the project that were read, `.env` among them.
    pub files: Vec<PathBuf>,
}

/// Finds the images of the project in these files, later ones override earlier ones. A directory stands for its Compose file and
/// the override file beside it.
///
/// # Errors
/// A file cannot be read, or the name of an image cannot be resolved.
pub fn images(
    named: &[PathBuf],
    profiles: &Profiles,
    environment: &Environment,
) -> Result<ProjectImages, ComposeError> {
    let files = files_of(named, &environment.working_dir)?;
    let first = files.first().cloned().unwrap_or_default();
    let mut loader = Loader::new(environment, directory_of(&first));
    let images = images_in(&files, profiles, environment, &mut loader).map_err(|error| loader.without_quotes(error))?;
    if images.images.is_empty() {
        return Err(ComposeError::NoService { path: first, disabled: images.disabled });
    }
    Ok(images)
}

fn images_in(
    files: &[PathBuf],
    profiles: &Profiles,
    environment: &Environment,
    loader: &mut Loader<'_>,
) -> Result<ProjectImages, ComposeError> {
    let mut project = Project::in_directory(loader.root.clone(), environment)?;
    let files = files.iter().map(|path| loader.read(path, None));
    let files: Vec<Arc<ComposeFile>> = files.collect::<Result<_, _>>()?;
    // Before the services, whose texts may contain it.
    project.set_name(last_name(&files, &project)?.as_deref());
    let mut services = Services::default();
    for file in &files {
        services.merge(loader.load(file, &project, 0)?);
    }
    let profiles = project.profiles(profiles);
    let mut images = ProjectImages::default();
    for (service, found) in services.in_order {
        let Some(found) = found.value() else { continue };
        if !profiles.enable(found.profiles()) {
            images.disabled.push(service);
            continue;
        }
        images.images.extend(found.image(&service, project.name(), &mut images.warnings)?);
    }
    let left = images.warnings.len().saturating_sub(MOST_WARNINGS);
    if left > 0 {
        images.warnings.truncate(MOST_WARNINGS);
        images.warnings.push(format!("{} with unset variables", count_of(left as u64, "more image")));
    }
    images.files = loader.files(&project);
    Ok(images)
}

/// `name:` of the last file that has it.
fn last_name(files: &[Arc<ComposeFile>], project: &Project<'_>) -> Result<Option<String>, ComposeError> {
    let Some((file, node)) = files.iter().rev().find_map(|file| Some((file, file.setting("name")?))) else {
        return Ok(None);
    };
    Ok(file.text(&["name"], node, project)?.map(|name| name.value))
}

/// Services by name, in the order of the files.
#[derive(Debug, Default)]
struct Services {
    in_order: Vec<(String, Declaration<Service>)>,
    /// Their places in the order.
    places: HashMap<String, usize>,
}

impl Services {
    /// Adds the services of a later file.
    fn merge(&mut self, later: Self) {
        for (name, service) in later.in_order {
            self.add(name, service);
        }
    }

    /// Adds what a later file says of a service.
    fn add(&mut self, name: String, service: Declaration<Service>) {
        if let Some((_, known)) = self.places.get(&name).and_then(|place| self.in_order.get_mut(*place)) {
            known.merge(service);
            return;
        }
        self.places.insert(name.clone(), self.in_order.len());
        self.in_order.push((name, service));
    }

    /// Adds the services of an included file. Like Compose, it refuses two that differ.
    fn import(&mut self, included: Self) -> Result<(), ComposeError> {
        for (name, service) in included.in_order {
            let known = self.places.get(&name).and_then(|place| self.in_order.get(*place)?.1.value());
            match (known, service.value()) {
                (Some(known), Some(same)) if known.names_the_image_of(same) => {}
                (Some(_), Some(other)) => {
                    return Err(other.place().problem("another file defines this service differently; rename one"));
                }
                _ => self.add(name, service),
            }
        }
        Ok(())
    }
}

struct Loader<'a> {
    environment: &'a Environment,
    /// The directory of the project.
    root: PathBuf,
    /// The files that were read: many services extend one of a common file.
    files: HashMap<PathBuf, Arc<ComposeFile>>,
    /// Those that errors do not quote: files outside of the project that other files name, and links.
    unquoted: HashSet<PathBuf>,
    /// The files with the variables of included projects.
    variable_files: Vec<PathBuf>,
    files_left: usize,
    services_left: usize,
}

impl<'a> Loader<'a> {
    fn new(environment: &'a Environment, root: PathBuf) -> Self {
        let (files, unquoted, variable_files) = (HashMap::new(), HashSet::new(), Vec::new());
        let (files_left, services_left) = (MOST_FILES, MOST_SERVICES);
        Self { environment, root, files, unquoted, variable_files, files_left, services_left }
    }

    /// All files that were read.
    fn files(&self, project: &Project<'_>) -> Vec<PathBuf> {
        let variables = self.variable_files.iter().chain(project.variable_files());
        self.files.keys().chain(variables).cloned().collect()
    }

    /// The error without the quotes from a file that may be a secret.
    fn without_quotes(&self, error: ComposeError) -> ComposeError {
        match error.quoted_file() {
            Some(path) if self.unquoted.contains(path) => ComposeError::Unquoted { path: path.to_owned() },
            _ => error,
        }
    }

    /// The services of a file, and of those it includes.
    fn load(&mut self, file: &ComposeFile, project: &Project<'_>, depth: usize) -> Result<Services, ComposeError> {
        let mut services = Services::default();
        for (name, _) in &file.services {
            self.services_left = self.services_left.checked_sub(1).ok_or_else(|| {
                let reason = format!("the project has more than {MOST_SERVICES} services (dive's limit)");
                file.place(&file.service_keys(name)).problem(reason)
            })?;
            let tag = file.service(name).and_then(tagged).map(|(tag, _)| tag);
            let declared = match tag {
                Some("!reset") => Declaration::Reset,
                Some("!override") => Declaration::Instead(self.service(file, name, project, &mut Vec::new())?),
                _ => Declaration::Value(self.service(file, name, project, &mut Vec::new())?),
            };
            services.add(name.clone(), declared);
        }
        if let Some(node) = file.setting("include") {
            for included in self.include(file, node, project, depth)? {
                services.import(included)?;
            }
        }
        Ok(services)
    }

    fn count_file(&mut self, place: &ComposeKey) -> Result<(), ComposeError> {
        self.files_left = self.files_left.checked_sub(1).ok_or_else(|| {
            place.problem(format!("the project includes and extends more than {MOST_FILES} files (dive's limit)"))
        })?;
        Ok(())
    }

    /// Reads a file once. `place` is the key that names it, `None` for the flag.
    fn read(&mut self, path: &Path, place: Option<&ComposeKey>) -> Result<Arc<ComposeFile>, ComposeError> {
        if let Some(file) = self.files.get(path) {
            return Ok(Arc::clone(file));
        }
        let full = self.environment.working_dir.join(path);
        if place.is_some() && full.exists() && !full.is_file() && !full.is_dir() {
            // A pipe could block for ever.
            return Err(ComposeError::NotRegular { path: path.to_owned() });
        }
        let working_dir = &self.environment.working_dir;
        // A pull request may replace the file or its directory by a link to a secret.
        let link = link_of(path, working_dir);
        if link.leads_out() || !(is_inside(&full, working_dir) || is_inside(&full, &working_dir.join(&self.root))) {
            if matches!(link, Link::Out | Link::Elsewhere) {
                return Err(ComposeError::LinkedOut { path: path.to_owned() });
            }
            if link.leads_out() || place.is_some() {
                self.unquoted.insert(path.to_owned());
            }
        } else if link == Link::Within {
            // To a secret that the repository ignores, such as `.env`.
            self.unquoted.insert(path.to_owned());
        }
        let named_by = || place.map_or(Origin::Flag("--compose"), ComposeKey::origin);
        let file = Arc::new(ComposeFile::read(path, named_by, self.environment)?);
        self.files.insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// Reads a service, and those that it extends. `chain` has the services that extend this one.
    fn service(
        &mut self,
        file: &ComposeFile,
        name: &str,
        project: &Project<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Result<Service, ComposeError> {
        let (mut keys, mut node) = (file.service_keys(name), file.service(name));
        if let Some((tag @ "!override", inner)) = node.and_then(tagged) {
            keys.push(tag);
            node = Some(inner);
        }
        let entries = match node {
            Some(Yaml::Map(entries)) => entries.as_slice(),
            Some(Yaml::Empty) => &[],
            Some(Yaml::Scalar(_) | Yaml::List(_)) | None => {
                return Err(file.place(&keys).problem("expected a mapping, with `image` or `build`"));
            }
        };
        let (service, extended) = Service::read(file, &keys, entries, project)?;
        let Some(extended) = extended else { return Ok(service) };
        let link = (file.path().to_owned(), name.to_owned());
        let place = &extended.service.place;
        if chain.contains(&link) || chain.len() >= DEEPEST {
            return Err(place.problem(too_deep("services extend")));
        }
        chain.push(link);
        let other = &extended.service.value;
        let mut base = match &extended.file {
            None => self.extended(file, other, &extended.service, project, chain)?,
            Some(path) => {
                refuse_remote(path)?;
                let at = joined(&directory_of(file.path()), path)?;
                if !self.files.contains_key(&at) {
                    self.count_file(&path.place)?;
                }
                let other_file = self.read(&at, Some(&path.place))?;
                self.extended(&other_file, other, &extended.service, project, chain)?
            }
        };
        chain.pop();
        base.merge(service);
        Ok(base)
    }

    /// The service `name` of `file`, which another one extends.
    fn extended(
        &mut self,
        file: &ComposeFile,
        name: &str,
        named_by: &ComposeText,
        project: &Project<'_>,
        chain: &mut Vec<(PathBuf, String)>,
    ) -> Result<Service, ComposeError> {
        if file.service(name).is_none() {
            return Err(named_by.place.problem(format!("{} has no service {name:?}", file.path().display())));
        }
        self.service(file, name, project, chain)
    }

    /// The services of each entry of `include:`, read with its own directory and variables.
    fn include(
        &mut self,
        file: &ComposeFile,
        node: &Yaml,
        project: &Project<'_>,
        depth: usize,
    ) -> Result<Vec<Services>, ComposeError> {
        let place = file.place(&["include"]);
        if depth >= DEEPEST {
            return Err(place.problem(too_deep("files include")));
        }
        let Yaml::List(items) = node else { return Err(place.problem("expected a list of files")) };
        let mut included = Vec::with_capacity(items.len());
        for (number, item) in items.iter().enumerate() {
            let number = number.to_string();
            let keys = ["include", &number];
            let entry = |key| -> Result<Vec<ComposeText>, ComposeError> {
                match item {
                    Yaml::Map(entries) => value(entries, key)
                        .map_or(Ok(Vec::new()), |node| file.texts(&[&keys[..], &[key]].concat(), node, project)),
                    _ if key == "path" => file.texts(&keys, item, project),
                    _ => Ok(Vec::new()),
                }
            };
            let paths = entry("path")?;
            paths.iter().try_for_each(refuse_remote)?;
            let Some(first) = paths.first() else {
                return Err(file.place(&keys).problem("expected `path`, the file to include"));
            };
            let at = |text: &ComposeText| joined(&project.directory, text);
            let directory = match entry("project_directory")?.first() {
                Some(directory) => at(directory)?,
                None => directory_of(&at(first)?),
            };
            let mut env_files = Vec::new();
            for file in entry("env_file")? {
                self.count_file(&file.place)?;
                env_files.push(at(&file)?);
            }
            let inner = project.included(directory, &env_files)?;
            self.variable_files.extend_from_slice(inner.variable_files());
            let mut services = Services::default();
            for path in &paths {
                self.count_file(&path.place)?;
                let file = self.read(&at(path)?, Some(&path.place))?;
                services.merge(self.load(&file, &inner, depth + 1)?);
            }
            included.push(services);
        }
        Ok(included)
    }
}

/// A path that a file names, from `directory`.
fn joined(directory: &Path, path: &ComposeText) -> Result<PathBuf, ComposeError> {
    without_nul(&path.value).map(|value| directory.join(value)).map_err(|reason| path.place.problem(reason))
}

/// Why a chain of files or services ends.
fn too_deep(what: &str) -> String {
    format!("the {what} each other in a circle, or more than {DEEPEST} levels deep (dive's limit)")
}

/// Refuses a file that Compose would download.
fn refuse_remote(path: &ComposeText) -> Result<(), ComposeError> {
    let is_remote = path.value.contains("://") || path.value.starts_with("git@");
    if !is_remote {
        return Ok(());
    }
    Err(path.place.problem(
        "dive downloads no Compose files; write the whole project to one file with `docker compose config`, and name that",
    ))
}
