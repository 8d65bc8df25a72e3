//! Package managers: the names of their programs, and what each verb does. All advice on packages reads commands with this table.

use super::kind::AdviceKind;
use super::shell_commands::ShellCommand;
use PackageAction::{Cleans, Installs, Reads, Removes, Updates, Upgrades};
use PackageManager::{Apk, Apt, Conda, Dnf, Dpkg, Node, Pacman, Pip, PythonProject, Rpm, Zypper};

/// A family of programs with the same verbs and packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PackageManager {
    Apt,
    Dpkg,
    Apk,
    Dnf,
    Rpm,
    Zypper,
    Pacman,
    Conda,
    Pip,
    /// Programs that install the dependencies of a project in Python.
    PythonProject,
    Node,
}

/// What a command does with packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PackageAction {
    /// Downloads lists of packages.
    Updates,
    /// Installs the packages that it names.
    Installs,
    /// Installs other packages: newer versions, or those that a build needs.
    Upgrades,
    /// Looks packages up, or downloads them.
    Reads,
    Removes,
    /// Deletes what it downloaded.
    Cleans,
}

/// The programs, without a version as in `dnf5` and `pip3.13`, and the kind of what they download.
const PROGRAMS: [(PackageManager, Option<AdviceKind>, &[&str]); 11] = [
    (Apt, Some(AdviceKind::AptArchives), &["apt", "apt-get", "aptitude", "apt-cache", "apt-file"]),
    (Dpkg, None, &["dpkg"]),
    (Apk, Some(AdviceKind::ApkCache), &["apk"]),
    (Dnf, Some(AdviceKind::RpmCache), &["dnf", "yum", "microdnf"]),
    (Rpm, None, &["rpm"]),
    (Zypper, Some(AdviceKind::ZypperCache), &["zypper"]),
    (Pacman, Some(AdviceKind::PacmanCache), &["pacman", "yay", "paru"]),
    (Conda, Some(AdviceKind::CondaPackages), &["conda", "mamba", "micromamba"]),
    (Pip, Some(AdviceKind::PythonCache), &["pip"]),
    (PythonProject, Some(AdviceKind::PythonCache), &["uv", "poetry", "pipenv", "pdm"]),
    (Node, Some(AdviceKind::NodeCache), &["npm", "yarn", "pnpm", "bun", "npx"]),
];

/// The programs that fill the cache of a kind.
pub(super) fn programs_of_cache(kind: AdviceKind) -> Vec<&'static str> {
    PROGRAMS.iter().filter(|(_, cache, _)| *cache == Some(kind)).flat_map(|(.., names)| *names).copied().collect()
}

impl PackageManager {
    /// The package manager of a program. `/etc/apt` is none: programs are in `bin`.
    pub(super) fn of(program: &str) -> Option<Self> {
        let name = program.rsplit_once("bin/").map_or(program, |(_, name)| name);
        let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        PROGRAMS.iter().find(|(.., names)| names.contains(&name)).map(|(manager, ..)| *manager)
    }

    /// The names of its programs.
    pub(super) fn programs(self) -> &'static [&'static str] {
        PROGRAMS.iter().find(|(manager, ..)| *manager == self).map_or(&[], |(.., names)| names)
    }

    /// The kind of what it downloads.
    pub(super) fn cache(self) -> Option<AdviceKind> {
        PROGRAMS.iter().find(|(manager, ..)| *manager == self).and_then(|(_, cache, _)| *cache)
    }

    /// True for one that installs packages of a distribution, as root.
    pub(super) const fn is_of_distribution(self) -> bool {
        !matches!(self, Conda | Pip | PythonProject | Node)
    }

    /// What a verb does.
    fn action(self, verb: &str) -> Option<PackageAction> {
        Some(match (self, verb) {
            (Apt | Apk, "update") | (Dnf, "makecache") | (Zypper, "refresh" | "ref") => Updates,
            (Apt | Dnf | Zypper | Pip | PythonProject | Node, "install")
            | (Apk | PythonProject | Node, "add")
            | (Dnf, "reinstall" | "groupinstall")
            | (Zypper, "in")
            | (PythonProject, "sync")
            | (Node, "i" | "ci") => Installs,
            (Apt | Apk | Dnf | Node, "upgrade")
            | (Dnf | Zypper | PythonProject | Node, "update")
            | (Apt, "dist-upgrade" | "full-upgrade" | "safe-upgrade" | "build-dep" | "satisfy")
            | (Apk, "fix")
            | (Dnf, "builddep")
            | (Zypper, "up" | "dup" | "dist-upgrade") => Upgrades,
            (Apt, "source" | "download" | "search" | "show" | "policy")
            | (Apk, "fetch" | "search")
            | (Dnf | Pip, "download")
            | (Node, "fetch") => Reads,
            (Apt | Dnf | Zypper, "remove")
            | (Apt, "purge" | "autoremove")
            | (Apk, "del")
            | (Dnf, "erase" | "autoremove")
            | (Dnf | Zypper, "rm")
            | (Dpkg, "-r" | "--remove" | "-P" | "--purge")
            | (Rpm, "-e" | "--erase") => Removes,
            (Apt | Dnf | Zypper | Conda | Node, "clean") | (Zypper, "cc") | (Pip, "purge") => Cleans,
            _ => return None,
        })
    }
}

/// A command of a package manager.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackageCommand<'a> {
    pub(super) manager: PackageManager,
    pub(super) action: PackageAction,
    /// The words after the verb.
    pub(super) words: &'a [String],
}

impl<'a> PackageCommand<'a> {
    /// Reads the words of a command, from the name of its program on.
    pub(super) fn of(words: &'a [String]) -> Option<Self> {
        let (manager, words) = started(words)?;
        // `npm run ci` is a script of its own.
        let mut verbs = (1..).zip(words.iter().take_while(|word| manager != Node || *word != "run"));
        let (start, action) = match manager {
            Pacman => (0, of_pacman(words)?),
            // `yarn`
            Node if words.is_empty() => (0, Installs),
            _ => verbs.find_map(|(next, word)| Some((next, manager.action(word)?)))?,
        };
        Some(Self { manager, action, words: words.get(start..).unwrap_or_default() })
    }
}

/// The package manager that a command starts, and the words after it: `pip3 install`, `python3 -m pip install`.
fn started(words: &[String]) -> Option<(PackageManager, &[String])> {
    let (name, words) = match words {
        [python, module, words @ ..] if module == "-m" && python.contains("python") => words.split_first()?,
        _ => words.split_first()?,
    };
    match (PackageManager::of(name)?, words) {
        (PythonProject, [pip, words @ ..]) if pip == "pip" => Some((Pip, words)),
        started => Some(started),
    }
}

/// What options of pacman do: `-Sy` downloads lists, and `-Sc` deletes packages.
fn of_pacman(words: &[String]) -> Option<PackageAction> {
    let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
    let has =
        |letter: char, name: &str| words.iter().any(|word| word == name || (is_short(word) && word.contains(letter)));
    match () {
        () if has('R', "--remove") => Some(Removes),
        () if !has('S', "--sync") => None,
        () if has('c', "--clean") => Some(Cleans),
        () if has('y', "--refresh") => Some(Updates),
        () => Some(Installs),
    }
}

impl ShellCommand {
    /// The package manager that it starts.
    pub(super) fn package_manager(&self) -> Option<PackageManager> {
        started(self.program()).map(|(manager, _)| manager)
    }

    /// True for a package manager of a distribution.
    pub(super) fn is_of_distribution(&self) -> bool {
        self.package_manager().is_some_and(PackageManager::is_of_distribution)
    }

    /// What it does with packages.
    pub(super) fn package_command(&self) -> Option<PackageCommand<'_>> {
        PackageCommand::of(self.program())
    }

    /// What it does with packages, whatever its package manager.
    pub(super) fn package_action(&self) -> Option<PackageAction> {
        self.package_command().map(|command| command.action)
    }
}

/// What a command does with the lists of a package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListUse {
    Updates,
    Installs,
}

impl ListUse {
    /// Another program may start the package manager: `timeout 60 apt-get update`.
    pub(super) fn of(command: &ShellCommand, manager: PackageManager) -> Option<Self> {
        let start = command.words.iter().position(|word| PackageManager::of(word) == Some(manager))?;
        let action = PackageCommand::of(command.words.get(start..)?)?.action;
        let has = |options: &[&str]| options.iter().any(|option| command.has(option));
        match action {
            // It downloads its own.
            _ if manager == Apk && has(&["--no-cache"]) => None,
            _ if manager == Apk && has(&["-U", "--update", "--update-cache"]) => Some(Self::Updates),
            Updates => Some(Self::Updates),
            Installs | Upgrades | Reads => Some(Self::Installs),
            Removes | Cleans => None,
        }
    }
}
