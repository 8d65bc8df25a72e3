//! The same layers, given to the engines of this machine.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::{Command, Output};

use super::{Case, IMPLICIT, OnlyOurs, Refused, Shown, Told, all, archive, drawn};
use crate::engines::servers;

/// What Docker puts into every container.
const DOCKERS: [&str; 5] = [".dockerenv", "dev", "etc", "proc", "sys"];

/// An engine that speaks Docker's language.
struct Engine {
    host: String,
    tag: String,
}

impl Engine {
    fn runs(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host]).args(arguments).output().expect("the client of Docker")
    }

    /// What must work, and what it says.
    fn says(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.runs(arguments);
        assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The file system of a container of this layer, as [`super::rows`] has it; the error if there is none.
    fn unpacks(&self, case: &Case) -> Result<String, String> {
        let file = tempfile::NamedTempFile::with_suffix(".tar").unwrap();
        std::fs::write(file.path(), archive(&case.layer, &self.tag)).unwrap();
        let loaded = self.runs(&["load", "--input", file.path().to_str().unwrap()]);
        // Podman's client of old says by its words alone that a load failed.
        if !loaded.status.success() || !String::from_utf8_lossy(&loaded.stdout).contains("Loaded image") {
            return Err(String::from_utf8_lossy(&[loaded.stdout, loaded.stderr].concat()).into_owned());
        }
        let container = self.says(&["create", &self.tag, "command"]);
        let container = String::from_utf8(container).unwrap();
        let exported = self.says(&["export", container.trim()]);
        self.says(&["rm", container.trim()]);
        self.says(&["rmi", "--force", &self.tag]);
        Ok(listed(&exported))
    }
}

fn listed(tar: &[u8]) -> String {
    let mut rows = Vec::new();
    // A hard link has the size of its target, which stands before it.
    let mut sizes = HashMap::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().trim_ascii_end().to_vec()).unwrap();
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        if path.is_empty() || DOCKERS.contains(&path.split('/').next().unwrap_or_default()) {
            continue;
        }
        let header = entry.header();
        let kind = match header.entry_type() {
            tar::EntryType::Directory => 'd',
            tar::EntryType::Symlink => 'l',
            tar::EntryType::Char => 'c',
            tar::EntryType::Fifo => 'p',
            _ => 'f',
        };
        let link = entry.link_name_bytes().map(|link| String::from_utf8(link.to_vec()).unwrap());
        let size = match (kind, header.entry_type(), &link) {
            ('f', tar::EntryType::Link, Some(target)) => sizes[target],
            ('f', _, _) => entry.size(),
            _ => 0,
        };
        sizes.insert(path.clone(), size);
        let (mode, uid, gid) = (header.mode().unwrap() & 0o7777, header.uid().unwrap(), header.gid().unwrap());
        let mut row = format!("{path} {kind} {size} {mode:o} {uid}:{gid}");
        if let Some(link) = link.filter(|_| kind == 'l') {
            write!(row, " -> {link}").unwrap();
        }
        rows.push(row);
    }
    rows.retain(|row| !row.ends_with(IMPLICIT));
    rows.sort();
    rows.join("\n")
}

#[test]
fn engines_still_unpack_what_is_written_down() {
    let engines = [("docker", servers::docker()), ("podman", servers::podman())];
    let mut wrong = String::new();
    for (name, host) in engines {
        let Some(host) = host else { continue };
        let engine = Engine { host, tag: "headers:latest".to_owned() };
        for case in all() {
            let unpacked = engine.unpacks(&case);
            let is_right = match (case.truth, &unpacked) {
                (Shown(truth) | Told(truth, _), Ok(shown)) => *shown == drawn(truth),
                (Refused(_) | OnlyOurs(..), Err(_)) => true,
                _ => false,
            };
            if !is_right {
                writeln!(wrong, "{name}, {}: {unpacked:?}", case.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
