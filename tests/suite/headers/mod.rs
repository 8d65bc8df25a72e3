//! Headers as Go's `archive/tar`, and hence every engine, reads them. Docker 20.10, Podman 4.3 and umoci 0.4.7 unpacked
//! each layer; the cases record what they agree on, and `live` checks the engines of this machine. A failure means that
//! a user silently gets another file system than a container.

mod extensions;
mod formats;
#[cfg(all(unix, feature = "engine", feature = "registry"))]
mod live;
mod numbers;
mod raw;
mod sparse;
mod types;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;

use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::user::{Ran, User};
use raw::Raw;

/// A layer and the expected result.
#[derive(Clone)]
struct Case {
    name: &'static str,
    layer: Vec<u8>,
    truth: Truth,
}

/// The engines' result, which dive must match.
#[derive(Clone, Copy)]
enum Truth {
    /// Shown: path, type, size, permissions, owner and link target, one line each, without implicit directories.
    Shown(&'static str),
    /// Shown, with a warning of dive.
    Warned(&'static str, &'static str),
    /// Refused, with this text in dive's error.
    Refused(&'static str),
    /// Refused by engines, but unambiguous: dive shows it with a warning.
    OnlyOurs(&'static str, &'static str),
}

use Truth::{OnlyOurs, Refused, Shown, Warned};

fn case(name: &'static str, entries: &[Raw], truth: Truth) -> Case {
    Case { name, layer: raw::tar(entries), truth }
}

/// Implicit directories.
const IMPLICIT: &str = " d 0 755 0:0";

fn all() -> Vec<Case> {
    let kinds = [formats::cases(), numbers::cases(), extensions::cases(), types::cases(), sparse::cases()];
    kinds.into_iter().flatten().collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// An archive as `docker save` writes it, with a one-layer image per tag. Docker verifies the digests.
fn archive<'a>(images: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut members: BTreeMap<String, Cow<'_, [u8]>> = BTreeMap::new();
    let mut manifest = Vec::new();
    for (tag, layer) in images {
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex(layer))] },
            "history": [{ "created_by": "headers" }],
        });
        let config = config.to_string().into_bytes();
        let (config_name, layer_name) = (format!("{}.json", hex(&config)), format!("{}/layer.tar", hex(layer)));
        manifest.push(json!({ "Config": config_name, "RepoTags": [tag], "Layers": [layer_name] }));
        members.extend([(config_name, config.into()), (layer_name, layer.into())]);
    }
    members.insert("manifest.json".to_owned(), json!(manifest).to_string().into_bytes().into());
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, &*bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn lists(case: &Case, options: &[&str]) -> Ran {
    let mut file = NamedTempFile::with_suffix(".tar").unwrap();
    file.write_all(&archive([("headers:latest", &case.layer[..])])).unwrap();
    let path = file.path().to_str().unwrap();
    User::new().runs(&[&["tree", "--format", "tsv"], options, &[path]].concat())
}

/// A listing in the form of [`Truth`].
fn rows(listing: &str) -> String {
    let mut lines: Vec<_> = listing.lines().filter(|line| !line.starts_with('#')).map(row).collect();
    lines.retain(|line| !line.ends_with(IMPLICIT));
    lines.sort();
    lines.join("\n")
}

fn row(line: &str) -> String {
    let cells: Vec<_> = line.split('\t').collect();
    let [path, kind, size, mode, owner, link, ..] = cells[..] else { panic!("{line:?} has too few cells") };
    // Sizes of directories and symlinks depend on the file system.
    let size = if matches!(kind, "d" | "l") { "0" } else { size };
    let mut row = format!("{path} {kind} {size} {mode} {owner}");
    if !link.is_empty() {
        write!(row, " -> {link}").unwrap();
    }
    row
}

/// A [`Truth`] in the form of [`rows`].
fn drawn(truth: &str) -> String {
    let mut lines: Vec<_> = truth.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn listing_matches_what_engines_unpack() {
    let mut wrong = String::new();
    for case in all() {
        let ran = lists(&case, &[]);
        let (shown, message) = (rows(&ran.stdout), ran.stderr.as_str());
        let is_right = match case.truth {
            Shown(truth) => ran.code == 0 && shown == drawn(truth) && message.is_empty(),
            Warned(truth, warning) | OnlyOurs(truth, warning) => {
                ran.code == 0
                    && shown == drawn(truth)
                    && message.contains("dive: warning: ")
                    && message.contains(warning)
            }
            // The error names layer, offset and cause.
            Refused(error) => {
                ran.code == 2 && [": layer 0 (", " at offset ", error].iter().all(|part| ran.error().contains(part))
            }
        };
        if !is_right {
            writeln!(wrong, "{}: exit code {}\n{shown}\n{message}", case.name, ran.code).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The refused entry ends the layer; entries before it are listed.
#[test]
fn ignore_errors_turns_refused_headers_into_warnings() {
    for mut case in all() {
        let Refused(error) = case.truth else { continue };
        case.layer = [raw::file("before").bytes(), case.layer].concat();
        let ran = lists(&case, &["--ignore-errors"]);
        assert_eq!(ran.code, 0, "{}: {}", case.name, ran.stderr);
        assert!(ran.stdout.lines().any(|line| line.starts_with("before\t")), "{}: {}", case.name, ran.stdout);
        assert!(ran.stderr.contains("dive: warning: ") && ran.stderr.contains(error), "{}: {}", case.name, ran.stderr);
    }
}

#[test]
fn header_case_names_are_unique() {
    let mut names: Vec<_> = all().iter().map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
