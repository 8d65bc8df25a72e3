//! Where pip finds the packages that a RUN installs: `pip install --find-links /wheels app` or `pip install /wheels/*.whl`. The image
//! keeps them, and needs them no more, unless containers start pip.

use super::below::Below;
use super::package_managers::{PackageAction, PackageManager};
use super::place::instruction_of;
use super::shell_commands::{ShellCommand, started};
use super::start_command::MentionedNames;
use crate::image::{BuildInstruction, Image, Keyword, PatternLiterals};
use crate::tree::{NodeId, Tree};

/// Maximum number of places. Each is compared with each archive in it.
const MAX_PLACES: usize = 64;

/// Directories of packages that pip installed, with the names there.
#[derive(Debug, Default)]
pub(super) struct WheelPlaces(Vec<(NodeId, PatternLiterals)>);

impl WheelPlaces {
    pub(super) fn of(image: &Image, tree: &Tree, mentioned: &MentionedNames<'_>) -> Self {
        let mut places = Self::default();
        let runs = tree.layers().map(|layer| instruction_of(image, layer));
        // Most scripts need not be read.
        let runs = runs.filter(|run| run.keyword == Keyword::Run && run.text.contains("pip"));
        let mut runs = runs.filter(|run| ["-f", ".whl", "/*"].iter().any(|part| run.text.contains(part))).peekable();
        let starts_pip = || {
            started(&image.start_command).is_none_or(|commands| commands.iter().any(|it| options_of_pip(it).is_some()))
        };
        if runs.peek().is_none() || starts_pip() {
            return places;
        }
        // Packages of the distribution bring wheels for environments to come.
        let packages = Below::packages(tree);
        for command in runs.flat_map(BuildInstruction::commands) {
            for (directory, name) in sources(&command) {
                let directory = if directory.starts_with('/') {
                    directory.to_owned()
                } else {
                    format!("{}/{}", image.places.working_directory, directory.trim_start_matches("./"))
                };
                let node = tree.find(directory.as_bytes()).filter(|node| *node != NodeId::ROOT);
                let is_needed = |node: &NodeId| packages.contains(*node) || mentioned.contain(tree.name(*node));
                if let Some(node) = node.filter(|node| !is_needed(node) && places.0.len() < MAX_PLACES) {
                    places.0.push((node, PatternLiterals::of(&name.replace('*', "${X}"))));
                }
            }
        }
        places
    }

    /// Where pip looked for packages.
    pub(super) fn directories(&self) -> impl Iterator<Item = NodeId> {
        self.0.iter().map(|(directory, _)| *directory)
    }

    /// True if pip looked for this file.
    pub(super) fn contain(&self, tree: &Tree, node: NodeId) -> bool {
        let name = std::str::from_utf8(tree.name(node)).unwrap_or_default();
        let parent = tree.parent(node);
        self.0.iter().any(|(directory, pattern)| Some(*directory) == parent && pattern.matches(name))
    }
}

/// The words after `pip install`.
fn options_of_pip(command: &ShellCommand) -> Option<&[String]> {
    let command = command.package_command()?;
    let installs = (command.manager, command.action) == (PackageManager::Pip, PackageAction::Installs);
    installs.then_some(command.words)
}

/// The directories that `pip install` reads packages from, each with the names there. Those with a variable are not known.
fn sources(command: &ShellCommand) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut words = options_of_pip(command).unwrap_or_default().iter().map(String::as_str);
    while let Some(word) = words.next() {
        let directory = match word.split_once('=') {
            _ if word == "-f" || word == "--find-links" => words.next(),
            Some(("--find-links", directory)) => Some(directory),
            _ => None,
        };
        let is_wheel = |name: &str| name == "*" || name.strip_suffix(".whl").is_some();
        let archives = || word.rsplit_once('/').filter(|(_, name)| is_wheel(name));
        match directory {
            Some(directory) => found.push((directory.trim_start_matches("file://"), "*")),
            None if !word.starts_with('-') => found.extend(archives()),
            None => {}
        }
    }
    found.retain(|(directory, _)| !directory.contains(['$', '*', ':']));
    found
}
