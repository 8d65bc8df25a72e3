//! Reads installations of packages: which names have no version, and which list of dependencies a command needs.

use super::archives::stem;
use super::package_managers::{PackageAction, PackageCommand, PackageManager};
use super::shell_commands::ShellCommand;

/// Options of apt-get, apk and pip that take a value.
const WITH_VALUE: [&str; 23] = [
    "-t",
    "--target-release",
    "-o",
    "--option",
    "-c",
    "--config-file",
    "--virtual",
    "--repository",
    "-X",
    "-p",
    "--root",
    "--keys-dir",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--target",
    "--prefix",
    "--platform",
    "--python",
    "--python-version",
    "--trusted-host",
];

/// The packages of these commands that have no version. Names with a variable may have one.
pub(super) fn unpinned(commands: &[ShellCommand]) -> Vec<String> {
    commands.iter().flat_map(unpinned_in).collect()
}

fn unpinned_in(command: &ShellCommand) -> Vec<String> {
    let Some(PackageCommand { manager, action: PackageAction::Installs, words }) = command.package_command() else {
        return Vec::new();
    };
    let (pins, with_value): (&[char], &[&str]) = match manager {
        PackageManager::Apt => (&['='], &[]),
        PackageManager::Apk => (&['=', '~', '<', '>', '@'], &["-t"]),
        PackageManager::Pip => (&['=', '~', '<', '>', '@', '!'], &["-r", "--requirement", "-c", "--constraint", "-e"]),
        _ => return Vec::new(),
    };
    let mut words = words.iter();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if ["-c", "--constraint", "--require-hashes"].contains(&word.as_str()) && manager == PackageManager::Pip {
            // Versions are in the file.
            return Vec::new();
        }
        if word.starts_with('-') {
            // These take no value in apt-get.
            let is_flag = manager == PackageManager::Apt && ["-f", "-i", "-p", "-X"].contains(&word.as_str());
            if (WITH_VALUE.contains(&word.as_str()) && !is_flag) || with_value.contains(&word.as_str()) {
                words.next();
            }
            continue;
        }
        if is_redirection(word) {
            // The rest of the line is about files.
            break;
        }
        let is_file = word.contains(['/', '$', '`', '*', '\\']) || stem(word.as_bytes()).is_some();
        let is_name = !word.contains(pins) && !is_file;
        // `apt-get install x-` removes it.
        if is_name && word != "." && !word.ends_with(['-', '+']) {
            found.push(word.clone());
        }
    }
    found
}

fn is_redirection(word: &str) -> bool {
    word.contains(['<', '>']) && word.trim_start_matches(|letter: char| letter.is_ascii_digit()).starts_with(['<', '>'])
}

/// The list of dependencies that a command installs from, if it needs nothing else of the sources.
pub(super) fn dependency_list(command: &ShellCommand) -> Option<&'static str> {
    let has = |word: &str| command.has(word);
    let words: Vec<&str> = command.arguments().iter().map(String::as_str).collect();
    let installing = command.package_command().filter(|command| command.action == PackageAction::Installs);
    match (command.name(), &words[..], installing.map(|command| (command.manager, command.words))) {
        // `npm install -g x` installs something else.
        (.., Some((PackageManager::Node, words)))
            if !has("-g") && !has("--global") && words.iter().all(|word| word.starts_with('-')) =>
        {
            Some("package.json and its lock file")
        }
        (.., Some((PackageManager::Pip, _))) if (has("-r") || has("--requirement")) && !has(".") && !has("-e") => {
            Some("the file of requirements")
        }
        ("bundle", ["install", ..], _) => Some("Gemfile and Gemfile.lock"),
        ("composer", ["install", ..], _) => Some("composer.json and composer.lock"),
        ("go", ["mod", "download", ..], _) => Some("go.mod and go.sum"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::BuildInstruction;

    fn names_in(script: &str) -> Vec<String> {
        let text = format!("RUN /bin/sh -c {script} # buildkit");
        unpinned(&BuildInstruction::of(&text).commands())
    }

    #[test]
    fn packages_without_a_version_are_found() {
        for (script, names) in [
            ("apt-get update && apt-get install -y --no-install-recommends curl jq=1.6 && rm x", &["curl"][..]),
            ("DEBIAN_FRONTEND=noninteractive apt-get -qq install -y git", &["git"]),
            ("apk add --no-cache --virtual .deps gcc musl-dev~1.2", &["gcc"]),
            ("apk add -t .deps gcc", &["gcc"]),
            ("pip install --no-cache-dir flask 'requests>=2' 'x[y]==1'", &["flask"]),
            ("pip3 install -i https://pypi.example/simple flask", &["flask"]),
            ("python3 -m pip install flask", &["flask"]),
            ("uv pip install --python 3.13 flask", &["flask"]),
        ] {
            assert_eq!(names_in(script), names, "{script}");
        }
    }

    #[test]
    fn what_has_or_may_have_a_version_is_left_alone() {
        for script in [
            "apt-get update",
            "apt-get install -y ./curl.deb",
            "apt-get -f install",
            "apt-get install -y $PACKAGES",
            "apt-get install -t bookworm-backports curl=8",
            "apt-get remove curl",
            "apt-get install -y curl=8 > /dev/null",
            "apt-get install -y curl=8 2> /dev/null x",
            "pip install -r requirements.txt",
            "pip install .",
            "pip install -e .",
            "pip install -c constraints.txt flask",
            "pip install /tmp/x.whl",
            "pip install x.tgz",
            "pip install git+https://example/x@1",
            "echo apt-get install curl",
            "apk del gcc",
        ] {
            assert_eq!(names_in(script), [""; 0], "{script}");
        }
    }

    #[test]
    fn installations_from_a_list_are_recognized() {
        let list = |script: &str| {
            let text = format!("/bin/sh -c {script}");
            BuildInstruction::of(&text).commands().iter().any(|command| dependency_list(command).is_some())
        };
        for script in
            ["npm ci", "npm install --omit=dev", "yarn", "yarn install", "pip install -r r.txt", "bundle install"]
        {
            assert!(list(script), "{script}");
        }
        for script in [
            "npm install -g pnpm",
            "npm install express",
            "npm run build",
            "npm run ci",
            "pip install .",
            "pip install x",
            "go build",
        ] {
            assert!(!list(script), "{script}");
        }
    }
}
