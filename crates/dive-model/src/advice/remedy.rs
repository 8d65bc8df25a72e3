//! What to write instead, with the image's own lines, tools and paths.

use super::finding::Finding;
use super::instruction::{BuildInstruction, ShellCommand};
use super::kind::AdviceKind;
use crate::image::{DockerfileLines, Image, ImageLayer};
use crate::layer::LayerIndex;
use crate::shell::shell_word;
use crate::tree::{NodeId, Tree};

/// What the layer that hides files changed of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ChangedAttributes {
    /// Neither owner nor mode.
    #[default]
    OnlyTimes,
    /// Owner or mode of at least one file.
    OwnerOrMode,
}

/// The layer of a finding, as the build wrote it.
struct Place<'a> {
    layer: LayerIndex,
    lines: Option<&'a DockerfileLines>,
    instruction: BuildInstruction<'a>,
    commands: Vec<ShellCommand>,
}

impl<'a> Place<'a> {
    fn of(image: &'a Image, layer: LayerIndex) -> Self {
        let found: Option<&ImageLayer> = image.layers.get(layer.get());
        let instruction = BuildInstruction::of(found.map_or("", |layer| &layer.created_by));
        let lines = found.and_then(|layer| layer.lines.as_ref());
        Self { layer, lines, instruction, commands: instruction.commands() }
    }

    /// `line 14`, `lines 14-17` or `layer 3`
    fn name(&self) -> String {
        match self.lines {
            None => format!("layer {}", self.layer),
            Some(lines) => {
                let numbers = lines.numbers();
                let word = if numbers.bytes().all(|digit| digit.is_ascii_digit()) { "line" } else { "lines" };
                format!("{word} {numbers}")
            }
        }
    }

    /// The first of these programs that the RUN starts.
    fn program(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.commands.iter().any(|command| command.is(&[name])))
    }
}

/// The lines of a layer, or its number: `line 14`, `layer 3`.
pub(super) fn place_name(image: &Image, layer: LayerIndex) -> String {
    Place::of(image, layer).name()
}

/// The sentence of a finding.
pub(super) fn of(image: &Image, tree: &Tree, finding: &Finding, attributes: ChangedAttributes) -> String {
    let Some(layer) = finding.layer else { return finding.kind.row().instead.to_owned() };
    let place = Place::of(image, layer);
    match finding.hidden_by {
        Some(layer) => of_waste(tree, finding, &place, &Place::of(image, layer), attributes),
        None => format!("{}: {}", place.name(), of_files(tree, finding, &place)),
    }
}

/// The path of the largest group, quoted for a shell.
fn largest(tree: &Tree, finding: &Finding) -> String {
    let place = finding.groups.first().map_or(NodeId::ROOT, |group| group.place);
    shell_word(&tree.path(place))
}

/// The innermost directory on the way to the largest group, or the group itself, whose name is one of `names`.
fn directory_named(tree: &Tree, finding: &Finding, names: &[&str]) -> Option<NodeId> {
    let place = finding.groups.first()?.place;
    let mut above = std::iter::successors(Some(place), |node| tree.parent(*node));
    above.find(|node| names.iter().any(|name| tree.name(*node) == name.as_bytes()))
}

fn of_files(tree: &Tree, finding: &Finding, place: &Place<'_>) -> String {
    let kind = finding.kind;
    let is_named_in_dockerignore = matches!(kind, AdviceKind::VcsFolder | AdviceKind::EditorAndOsFiles);
    let vcs = directory_named(tree, finding, &[".git", ".hg", ".svn"]);
    if place.instruction.copies() {
        return match vcs {
            Some(vcs) => format!("name `{}` in .dockerignore", shell_word(tree.name(vcs))),
            None if is_named_in_dockerignore => kind.row().instead.to_owned(),
            None => format!("leave {} out of the copy, for example in .dockerignore", largest(tree, finding)),
        };
    }
    let cache = |names: &[&str]| {
        directory_named(tree, finding, names)
            .map_or_else(|| largest(tree, finding), |node| shell_word(&tree.path(node)))
    };
    match kind {
        AdviceKind::AptLists => "add `&& rm -rf /var/lib/apt/lists/*`, or mount a cache: \
                                 `RUN --mount=type=cache,target=/var/lib/apt`"
            .to_owned(),
        AdviceKind::AptArchives => {
            "add `&& apt-get clean`, or keep the base's /etc/apt/apt.conf.d/docker-clean".to_owned()
        }
        AdviceKind::ApkCache => "write `apk add --no-cache`".to_owned(),
        AdviceKind::RpmCache => {
            let tool = place.program(&["microdnf", "dnf5", "dnf", "yum"]).unwrap_or("dnf");
            let directory = cache(&["dnf", "yum", "libdnf5"]);
            format!("add `&& {tool} clean all && rm -rf {directory}`")
        }
        AdviceKind::PythonCache => {
            let directory = cache(&["pip", "uv", "pypoetry", "pipenv", "pdm"]);
            let mount = format!("mount a cache: `RUN --mount=type=cache,target={directory}`");
            match directory.rsplit('/').next() {
                Some("pip") => format!("write `pip install --no-cache-dir`, or {mount}"),
                Some("uv") => format!("set `UV_NO_CACHE=1`, or {mount}"),
                _ => format!("add `&& rm -rf {directory}`, or {mount}"),
            }
        }
        AdviceKind::CondaPackages => {
            let tool = place.program(&["micromamba", "mamba", "conda"]).unwrap_or("conda");
            format!("add `&& {tool} clean -afy`")
        }
        AdviceKind::NodeCache => {
            let directory = cache(&[".npm", "yarn", ".pnpm-store", "store", ".cache", "cache", ".turbo"]);
            match directory.rsplit('/').next() {
                Some(".npm") => format!(
                    "add `&& npm cache clean --force`, or mount a cache: `RUN --mount=type=cache,target={directory}`"
                ),
                Some("yarn") => "add `&& yarn cache clean`".to_owned(),
                _ => format!("add `&& rm -rf {directory}`"),
            }
        }
        AdviceKind::GoCache | AdviceKind::RustCache | AdviceKind::JvmCache => {
            format!("{} ({})", kind.row().instead, largest(tree, finding))
        }
        AdviceKind::SparseLoginDatabase => match place.program(&["useradd", "adduser"]) {
            Some("adduser") => "write `useradd --no-log-init` for adduser".to_owned(),
            _ => "write `useradd --no-log-init`".to_owned(),
        },
        AdviceKind::VcsFolder
        | AdviceKind::RJuliaCache
        | AdviceKind::RubyCache
        | AdviceKind::CoreDump
        | AdviceKind::TemporaryFiles
        | AdviceKind::Logs
        | AdviceKind::EditorAndOsFiles
        | AdviceKind::TestFolders => {
            let directory = vcs.map_or_else(|| largest(tree, finding), |node| shell_word(&tree.path(node)));
            format!("add `&& rm -rf {directory}`")
        }
        _ => kind.row().instead.to_owned(),
    }
}

fn of_waste(
    tree: &Tree,
    finding: &Finding,
    holds: &Place<'_>,
    hides: &Place<'_>,
    attributes: ChangedAttributes,
) -> String {
    let (path, held, hidden) = (largest(tree, finding), holds.name(), hides.name());
    match finding.kind {
        _ if holds.layer == hides.layer => format!("{held}: write {path} once; the layer stores it twice"),
        AdviceKind::DeletedLater if holds.instruction.copies() => {
            format!("{held}: leave {path} out of the copy, or copy it in an earlier stage; {hidden} deletes it")
        }
        AdviceKind::DeletedLater => match removal(hides) {
            Some(removal) => format!("{held}: add `&& {removal}` here instead of in {hidden}"),
            None => format!("{held}: delete {path} here instead of in {hidden}"),
        },
        AdviceKind::RewrittenMetadata if attributes == ChangedAttributes::OnlyTimes => {
            format!("{hidden}: {held} already stores {path}, and only the times differ; write it once")
        }
        AdviceKind::RewrittenMetadata if holds.instruction.copies() => {
            format!("{held}: set owner and mode here (`COPY --chown= --chmod=`) instead of in {hidden}")
        }
        AdviceKind::RewrittenMetadata => format!("{held}: set owner and mode here instead of in {hidden}"),
        AdviceKind::CopiedAgain => format!("{hidden}: leave out {path}, which {held} already stores unchanged"),
        AdviceKind::PackageDatabases => format!("{held} and {hidden}: install the packages in one RUN"),
        _ => format!("{held}: write the content of {path} that {hidden} writes"),
    }
}

/// A removal of packages in the RUN that deletes files: `apk del .build-deps`.
fn removal(place: &Place<'_>) -> Option<String> {
    let is_removal = |command: &&ShellCommand| {
        let verbs: &[&str] = match command.name() {
            "apk" => &["del"],
            "apt-get" | "apt" => &["purge", "remove", "autoremove"],
            "dnf" | "yum" | "microdnf" | "zypper" => &["remove", "erase", "autoremove", "rm"],
            _ => return false,
        };
        command.arguments().iter().any(|word| verbs.contains(&word.as_str()))
    };
    let command = place.commands.iter().find(is_removal)?;
    let words: Vec<String> = command.program().iter().map(|word| shell_word(word.as_bytes())).collect();
    Some(words.join(" "))
}
