//! Kinds about instructions and the configuration. They count no bytes. An instruction is only read if the image's own layers have
//! it, and what its text leaves open, such as a variable, is no finding.

use oci_spec::image::{ANNOTATION_CREATED, ANNOTATION_REVISION};

use super::archives::OF_TAR;
use super::boundary::{OwnBoundary, has_distribution};
use super::finding::{Finding, FindingState};
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::option_lines::OptionLines;
use super::package_managers::PackageAction;
use super::packages;
use super::place::{CopySource, FROM, place_name};
use super::shell_commands::{ShellCommand, started};
use crate::image::{BuildInstruction, Keyword};
use crate::image::{Image, ImageLayer, ImagePart};
use crate::layer::LayerIndex;
use crate::shell::named;
use crate::tree::Tree;

/// The findings of these kinds in the image's own layers.
pub(super) fn findings(image: &Image, tree: &Tree, own: OwnBoundary, kinds: KindSet) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |kind: AdviceKind, layer: Option<LayerIndex>, remedy: String| {
        if kinds.contains(kind) {
            found.push(Finding::of_configuration(kind, layer, remedy));
        }
    };
    let layers: Vec<(LayerIndex, &ImageLayer)> = tree.layers().zip(&image.layers).skip(own.layers()).collect();
    if layers.is_empty() {
        return found;
    }
    // A single program in an empty image has no other users.
    let has_other_users = tree.last_layer().is_some_and(|last| has_distribution(tree, last));
    if image.runs_as_root() && has_other_users && !changes_user(image, tree) {
        add(AdviceKind::RunsAsRoot, None, "end the last stage with `USER 10001`".to_owned());
    }
    if let Some((line, name)) = unpinned_base(&layers) {
        add(AdviceKind::UnpinnedBase, None, format!("line {line}: write `FROM {name}@sha256:DIGEST`"));
    }
    if let [_, ..] = &image.labels.problems()[..] {
        add(AdviceKind::Labels, None, of_labels(image));
    }
    let (mut checksums, mut froms) = (OptionLines::with(CHECKSUM), OptionLines::with(FROM));
    let mut copies_all: Option<LayerIndex> = None;
    let mut installed: Vec<&str> = Vec::new();
    for (index, layer) in layers {
        let instruction = BuildInstruction::of(&layer.created_by);
        let place = place_name(image, index);
        if instruction.keyword == Keyword::Add {
            match added(instruction.text, layer, &mut checksums) {
                Some(Added::Several) => {
                    let remedy = format!("{place}: write an ADD with `--checksum=sha256:DIGEST` for each address");
                    add(AdviceKind::AddFromUrl, Some(index), remedy);
                }
                Some(Added::Address(address)) => {
                    let address = if address.contains('`') { "an address" } else { address };
                    let remedy = format!("{place}: add `--checksum=sha256:DIGEST` to the ADD of {address}");
                    add(AdviceKind::AddFromUrl, Some(index), remedy);
                }
                Some(Added::Files) => {
                    add(AdviceKind::AddForCopy, Some(index), format!("{place}: write COPY for ADD"));
                }
                None => {}
            }
        }
        if copies_context(instruction, || CopySource::of(image, index, &mut froms)) {
            copies_all.get_or_insert(index);
        }
        let commands = instruction.commands();
        if commands.iter().any(is_apt) {
            add(AdviceKind::AptNotAptGet, Some(index), format!("{place}: write `apt-get` for `apt`"));
        }
        for command in &commands {
            if let Some(list) = packages::dependency_list(command) {
                if let Some(copy) = copies_all.filter(|_| !installed.contains(&list)) {
                    let copy = place_name(image, copy);
                    let remedy =
                        format!("{copy}: copy {list} first, run the installation of {place}, then copy the rest");
                    add(AdviceKind::CopyBeforeInstall, Some(index), remedy);
                }
                installed.push(list);
            }
        }
        let unpinned = packages::unpinned(&commands);
        if let Some(example) = unpinned.first() {
            let (example, count) = (named(example.as_bytes()), unpinned.len());
            let more = if count > 1 { format!(" ({count} packages)") } else { String::new() };
            add(AdviceKind::UnpinnedPackages, Some(index), format!("{place}: name the version of {example}{more}"));
        }
    }
    found
}

/// What to write for labels that are missing or malformed. The revision and the time change with each build.
fn of_labels(image: &Image) -> String {
    let problems = image.labels.problems();
    let (of_build, fixed): (Vec<&str>, Vec<&str>) =
        problems.iter().partition(|key| [ANNOTATION_REVISION, ANNOTATION_CREATED].contains(*key));
    let assigned = |keys: &[&str], word: &str| -> String {
        let keys: Vec<String> = keys.iter().map(|key| format!("{word}{key}=...")).collect();
        keys.join(" ")
    };
    let mut ways: Vec<String> = Vec::new();
    ways.extend((!fixed.is_empty()).then(|| format!("write `LABEL {}`", assigned(&fixed, ""))));
    ways.extend((!of_build.is_empty()).then(|| format!("build with `{}`", assigned(&of_build, "--label "))));
    let malformed: Vec<&str> = problems.iter().copied().filter(|key| image.labels.has(key)).collect();
    let malformed = if malformed.is_empty() { String::new() } else { format!("; malformed: {}", malformed.join(", ")) };
    ways.join(", and ") + &malformed
}

impl Finding {
    pub(super) fn of_configuration(kind: AdviceKind, layer: Option<LayerIndex>, remedy: String) -> Self {
        Self {
            kind,
            part: ImagePart::Ours,
            layer,
            hidden_by: None,
            doubled_by: None,
            size_bytes: 0,
            stored_bytes: None,
            files: 0,
            groups: Vec::new(),
            labels: Vec::new(),
            remedy,
            state: FindingState::Open,
            summed: 0,
        }
    }
}

/// Programs that start another one as another user.
const CHANGING_USER: [&str; 5] = ["gosu", "su-exec", "setpriv", "runuser", "chpst"];

/// Where images install such a program for a start script.
const INSTALLED: [&[u8]; 6] = [
    b"usr/local/bin/gosu",
    b"usr/local/sbin/gosu",
    b"usr/bin/gosu",
    b"usr/sbin/gosu",
    b"sbin/su-exec",
    b"usr/local/bin/su-exec",
];

/// True if containers start a program as another user, or have a program for that.
fn changes_user(image: &Image, tree: &Tree) -> bool {
    let starts =
        started(&image.start_command).is_some_and(|commands| commands.iter().any(|command| command.is(&CHANGING_USER)));
    let is_visible = |node| tree.last_layer().is_some_and(|last| tree.visible(node, last).is_some());
    starts || INSTALLED.iter().filter_map(|path| tree.find(path)).any(is_visible)
}

/// True for an `apt` that changes packages.
fn is_apt(command: &ShellCommand) -> bool {
    let is_harmless = |action| matches!(action, PackageAction::Reads | PackageAction::Cleans);
    command.is(&["apt"]) && command.package_action().is_some_and(|action| !is_harmless(action))
}

/// The FROM of the image's own instructions, if the Dockerfile is known, and the name has no digest.
fn unpinned_base(layers: &[(LayerIndex, &ImageLayer)]) -> Option<(u32, String)> {
    let lines = layers.iter().find_map(|(_, layer)| layer.lines.as_ref())?;
    let base = lines.file.base_before(lines.ranges.first()?.first);
    base.filter(|(_, name)| name != "scratch" && !name.contains(['@', '$']))
}

/// What an ADD adds.
enum Added<'a> {
    /// A file from an address, without a checksum.
    Address(&'a str),
    /// Several sources, with such addresses among them.
    Several,
    /// Local files that are no archives.
    Files,
}

/// Endings of compressed files: with tar inside, ADD unpacks them.
const COMPRESSED: [&str; 4] = [".gz", ".xz", ".bz2", ".zst"];

/// The option of an ADD with the digest of what it fetches.
const CHECKSUM: &str = "--checksum";

/// What an ADD adds; `None` if that is an archive, or unknown. `checksums` are the lines with [`CHECKSUM`].
fn added<'a>(text: &'a str, layer: &ImageLayer, checksums: &mut OptionLines) -> Option<Added<'a>> {
    if let Some((hash, _)) = text.split_once(" in ") {
        // The classic builder: a single file may be an archive.
        return hash.starts_with("dir:").then_some(Added::Files);
    }
    let words: Vec<&str> = text.split_whitespace().filter(|word| !word.starts_with("--")).collect();
    let (destination, sources) = words.split_last()?;
    let is_address = |word: &&&str| word.starts_with("http://") || word.starts_with("https://");
    if let Some(address) = sources.iter().find(is_address) {
        // The history does not record the option.
        let in_file = layer.lines.as_ref().is_none_or(|lines| checksums.are_among(lines));
        // Git fetches a repository: its commit is the checksum.
        let is_repository =
            address.split(['#', '?']).next().and_then(|address| address.rsplit('.').next()) == Some("git");
        // The option is for an instruction with one source.
        let added = if sources.len() > 1 { Added::Several } else { Added::Address(address) };
        return (!text.contains(CHECKSUM) && !in_file && !is_repository).then_some(added);
    }
    let is_file = |word: &&str| {
        let is_archive = OF_TAR.iter().chain(&COMPRESSED).any(|ending| word.ends_with(ending));
        !is_archive && !word.contains(['$', '*', '?', '[', '{', ':', '<'])
    };
    // What is unpacked into the root is a file system, whatever its name.
    (!sources.is_empty() && sources.iter().all(is_file) && *destination != "/").then_some(Added::Files)
}

/// True if the instruction copies the whole context.
fn copies_context(instruction: BuildInstruction<'_>, source: impl FnOnce() -> CopySource) -> bool {
    let mut words = instruction.text.split_whitespace().filter(|word| !word.starts_with("--"));
    let is_whole = words.next().is_some_and(|source| [".", "./"].contains(&source));
    instruction.copies() && is_whole && source() == CopySource::Context
}
