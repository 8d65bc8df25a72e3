//! What to write instead, with the image's own lines, tools and paths.

use super::below::Below;
use super::copied::CopySource;
use super::finding::Finding;
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::path_kinds::PathKinds;
use super::place::{instruction_of, place_name};
use super::shell_commands::ShellCommand;
use crate::image::{BuildInstruction, Image, Keyword};
use crate::layer::LayerIndex;
use crate::shell::{named, plain_word};
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

/// A file, and another one that makes it superfluous.
#[derive(Debug, Clone, Copy)]
pub(super) struct Twin {
    pub(super) node: NodeId,
    pub(super) other: NodeId,
    pub(super) size_bytes: u64,
}

/// A layer, as the build wrote it.
struct Place<'a> {
    layer: LayerIndex,
    /// `line 14`, `lines 14-17` or `layer 3`.
    name: String,
    instruction: BuildInstruction<'a>,
    /// Where a COPY or ADD takes its files from.
    source: CopySource,
    /// The programs of [`TOOLS`] that a RUN starts.
    tools: Vec<&'static str>,
    /// A command of a RUN that removes packages.
    removal: Option<String>,
}

/// Programs that remedies name if the image's own RUN starts them.
const TOOLS: [&str; 9] = ["microdnf", "dnf5", "dnf", "yum", "micromamba", "mamba", "conda", "useradd", "adduser"];

impl<'a> Place<'a> {
    fn of(image: &'a Image, layer: LayerIndex) -> Self {
        let instruction = instruction_of(image, layer);
        let commands = instruction.commands();
        let starts = |tool: &&str| commands.iter().any(|command| command.is(&[tool]));
        let tools = TOOLS.into_iter().filter(starts).collect();
        let source = CopySource::of(image, layer);
        Self { layer, name: place_name(image, layer), instruction, source, tools, removal: removal(&commands) }
    }

    /// The first of these tools that the RUN starts.
    fn tool(&self, names: &[&str]) -> Option<&'static str> {
        self.tools.iter().copied().find(|tool| names.contains(tool))
    }
}

/// Writes the remedies of an image. Each script is parsed once: several findings may be about one layer.
pub(super) struct Remedies<'a> {
    pub(super) tree: &'a Tree,
    /// Where a removal of packages deletes files.
    packages: Below,
    /// By layer.
    places: Vec<Place<'a>>,
    /// By [`NodeId::index`], the kinds that a deletion of the node deletes, and nothing else.
    removable: Vec<KindSet>,
}

/// The files of the largest group of a finding.
struct NamedFiles {
    /// `/tmp/a`, or `these files below /app`.
    name: String,
    /// The pronoun.
    them: &'static str,
}

impl<'a> Remedies<'a> {
    pub(super) fn new(image: &'a Image, tree: &'a Tree, paths: &PathKinds) -> Self {
        let places = tree.layers().map(|layer| Place::of(image, layer)).collect();
        Self { tree, packages: Below::programs_of_packages(tree), places, removable: paths.removable(tree) }
    }

    /// The sentence of a finding.
    pub(super) fn of(&self, finding: &Finding, attributes: ChangedAttributes, twin: Option<Twin>) -> String {
        let place = |layer: LayerIndex| self.places.get(layer.get());
        let Some(holds) = finding.layer.and_then(place) else { return finding.kind.row().instead.to_owned() };
        if let Some(hides) = finding.hidden_by.and_then(place) {
            return self.of_waste(finding, holds, hides, attributes);
        }
        let remedy = twin.map_or_else(|| self.of_files(finding, holds), |twin| self.of_twin(finding, holds, twin));
        format!("{}: {remedy}", holds.name)
    }

    /// The keyword of the instruction that made a layer.
    pub(super) fn keyword(&self, layer: LayerIndex) -> Option<Keyword> {
        self.places.get(layer.get()).map(|place| place.instruction.keyword)
    }

    /// The path, for a sentence.
    pub(super) fn path(&self, node: NodeId) -> String {
        named(&self.tree.path(node))
    }

    /// The path, as a word of a command; `None` if no command can be written with it.
    fn word(&self, node: NodeId) -> Option<String> {
        plain_word(&self.tree.path(node))
    }

    /// The path of the largest group, for a sentence.
    pub(super) fn largest(&self, finding: &Finding) -> String {
        self.path(finding.groups.first().map_or(NodeId::ROOT, |group| group.place))
    }

    /// True if a deletion of `node` deletes files of the kind alone.
    pub(super) fn is_removable(&self, finding: &Finding, node: NodeId) -> bool {
        let is_file = |layer| {
            let span = self.tree.visible(node, layer);
            span.is_some_and(|id| !self.tree.span(id).kind.is_directory())
        };
        // A file of a kind that paths do not show.
        let is_group = finding.groups.first().is_some_and(|group| group.place == node && group.files == 1);
        if is_group && self.tree.last_layer().is_some_and(is_file) {
            return true;
        }
        self.removable.get(node.index()).is_some_and(|kinds| kinds.contains(finding.kind))
    }

    /// The innermost directory on the way to the largest group, or the group itself, whose name is one of `names`.
    fn directory_named(&self, finding: &Finding, names: &[&str]) -> Option<NodeId> {
        let place = finding.groups.first()?.place;
        let mut above = std::iter::successors(Some(place), |node| self.tree.parent(*node));
        above.find(|node| names.iter().any(|name| self.tree.name(*node) == name.as_bytes()))
    }

    /// The directory of a cache, if everything in it is of the kind: the innermost one whose name is one of `names`, or the largest
    /// group.
    fn cache(&self, finding: &Finding, names: &[&str]) -> Option<NodeId> {
        let group = finding.groups.first().map(|group| group.place);
        let named = self.directory_named(finding, names);
        named.into_iter().chain(group).find(|node| self.is_removable(finding, *node))
    }

    /// A command that deletes the files of the largest group. The group may be a directory that also has other files.
    fn removal_of(&self, finding: &Finding, node: Option<NodeId>) -> String {
        let Some(node) = node.filter(|node| self.is_removable(finding, *node)) else {
            return format!("delete these files below {} in the same RUN", self.largest(finding));
        };
        let Some(path) = self.word(node) else { return format!("delete {} in the same RUN", self.path(node)) };
        let is_file = finding.groups.first().is_some_and(|group| group.place == node && group.files == 1);
        let is_outermost = self.tree.parent(node).is_none_or(|parent| !self.is_removable(finding, parent));
        match finding.kind {
            // Programs need the directories of their logs.
            AdviceKind::Logs if !is_file => format!("add `&& find {path} -type f -delete`"),
            AdviceKind::TemporaryFiles if !is_file && is_outermost => format!("add `&& rm -rf {path}/*`"),
            _ => format!("add `&& rm -rf {path}`"),
        }
    }

    /// How to mount a cache on a directory. Commas separate the options of a mount, and a shell reads none of them.
    fn cache_mount(&self, node: NodeId) -> String {
        match self.word(node).filter(|path| !path.contains(['\'', ','])) {
            Some(path) => format!("mount a cache: `RUN --mount=type=cache,target={path}`"),
            None => format!("mount a cache on {}", self.path(node)),
        }
    }

    /// The end of a name after its last dot.
    fn ending(&self, node: NodeId) -> &[u8] {
        self.tree.name(node).rsplit(|byte| *byte == b'.').next().unwrap_or_default()
    }

    /// What to write instead of a file that another one makes superfluous.
    fn of_twin(&self, finding: &Finding, place: &Place<'_>, twin: Twin) -> String {
        let (path, other) = (self.path(twin.node), self.path(twin.other));
        match finding.kind {
            AdviceKind::CudaTwice => format!("{path} is not needed beside {other}; {}", finding.kind.row().instead),
            // Copies are of one format.
            AdviceKind::ModelWeightsTwice if self.ending(twin.node) != self.ending(twin.other) => {
                format!("{path} has the weights of {other}; {}", finding.kind.row().instead)
            }
            _ if place.instruction.copies() => {
                format!("leave {path} out of the copy; {other} has the same size and hash")
            }
            _ => match (self.word(twin.other), self.word(twin.node)) {
                (Some(target), Some(link)) if self.have_equal_owners(twin) => {
                    format!("write `ln -sf {target} {link}`; both have the same size and hash")
                }
                _ => format!("store {path} as a link to {other}; both have the same size and hash"),
            },
        }
    }

    /// True if the files have the same owner and mode: behind a link, those of its target count.
    fn have_equal_owners(&self, twin: Twin) -> bool {
        let attributes = |node| {
            let span = self.tree.visible(node, self.tree.last_layer()?)?;
            let inode = self.tree.span(self.tree.inode(span));
            Some((inode.mode, inode.uid, inode.gid))
        };
        attributes(twin.node) == attributes(twin.other)
    }

    fn of_files(&self, finding: &Finding, place: &Place<'_>) -> String {
        let kind = finding.kind;
        let vcs = self.directory_named(finding, &[".git", ".hg", ".svn"]);
        let group = finding.groups.first().map(|group| group.place);
        if place.instruction.copies() {
            return self.of_copied(finding, place.source, vcs);
        }
        match kind {
            AdviceKind::AptLists => self.of_apt(finding),
            AdviceKind::AptArchives => {
                "add `&& apt-get clean`, or keep the base's /etc/apt/apt.conf.d/docker-clean".to_owned()
            }
            AdviceKind::ApkCache => "write `apk add --no-cache`".to_owned(),
            AdviceKind::RpmCache => {
                let tool = place.tool(&["microdnf", "dnf5", "dnf", "yum"]).unwrap_or("dnf");
                match self.cache(finding, &["dnf", "yum", "libdnf5"]).and_then(|node| self.word(node)) {
                    Some(path) => format!("add `&& {tool} clean all && rm -rf {path}`"),
                    None => format!("add `&& {tool} clean all`"),
                }
            }
            AdviceKind::PythonCache => {
                let names = ["pip", "uv", "pypoetry", "pipenv", "pdm"];
                let named = self.directory_named(finding, &names);
                let Some(node) = named.or(group) else { return kind.row().instead.to_owned() };
                let instead = match self.tree.name(node) {
                    b"pip" => "write `pip install --no-cache-dir`".to_owned(),
                    b"uv" => "set `UV_NO_CACHE=1`".to_owned(),
                    _ => self.removal_of(finding, self.cache(finding, &names)),
                };
                format!("{instead}, or {}", self.cache_mount(node))
            }
            AdviceKind::CondaPackages => {
                let tool = place.tool(&["micromamba", "mamba", "conda"]).unwrap_or("conda");
                format!("add `&& {tool} clean -afy`")
            }
            AdviceKind::NodeCache => {
                let names = [".npm", "yarn", ".pnpm-store", "store", ".cache", "cache", ".turbo"];
                let named = self.directory_named(finding, &names);
                match named.map(|node| (self.tree.name(node), node)) {
                    Some((b".npm", node)) => {
                        format!("add `&& npm cache clean --force`, or {}", self.cache_mount(node))
                    }
                    Some((b"yarn", _)) => "add `&& yarn cache clean`".to_owned(),
                    _ => self.removal_of(finding, self.cache(finding, &names)),
                }
            }
            AdviceKind::GoCache | AdviceKind::RustCache | AdviceKind::JvmCache => {
                format!("{} ({})", kind.row().instead, self.largest(finding))
            }
            AdviceKind::UnstrippedBinary => format!("{} ({})", kind.row().instead, self.largest(finding)),
            AdviceKind::SparseLoginDatabase => match place.tool(&["useradd", "adduser"]) {
                Some("adduser") => "write `useradd --no-log-init` for adduser".to_owned(),
                _ => "write `useradd --no-log-init`".to_owned(),
            },
            AdviceKind::VcsFolder
            | AdviceKind::RJuliaCache
            | AdviceKind::RubyCache
            | AdviceKind::CoreDump
            | AdviceKind::ArchiveKept
            | AdviceKind::TemporaryFiles
            | AdviceKind::Logs
            | AdviceKind::EditorAndOsFiles
            | AdviceKind::TestFolders => self.removal_of(finding, vcs.or(group)),
            _ => kind.row().instead.to_owned(),
        }
    }

    /// True if packages of a distribution install the largest group.
    fn is_of_packages(&self, finding: &Finding) -> bool {
        let place = finding.groups.first().map(|group| group.place);
        place.is_some_and(|place| self.packages.contains(place) || self.tree.path(place) == b"/usr")
    }

    /// What to write instead of lists and indexes of apt. Each command deletes only its own.
    fn of_apt(&self, finding: &Finding) -> String {
        let is_below = |path: &[u8]| {
            let directory = self.tree.find(path);
            let above = |node| std::iter::successors(Some(node), |node| self.tree.parent(*node));
            let mut places = finding.groups.iter().map(|group| group.place);
            // A group may be a directory above both.
            places.any(|place| {
                above(place).any(|node| Some(node) == directory)
                    || directory.is_some_and(|directory| above(directory).any(|node| node == place))
            })
        };
        let (lists, indexes) = (is_below(b"var/lib/apt/lists"), is_below(b"var/cache/apt"));
        let mut commands = Vec::new();
        commands.extend(indexes.then_some("apt-get clean"));
        commands.extend(lists.then_some("rm -rf /var/lib/apt/lists/*"));
        let directory = if lists { "/var/lib/apt/lists" } else { "/var/cache/apt" };
        format!(
            "add `&& {}`, or mount a cache: `RUN --mount=type=cache,sharing=locked,target={directory}`",
            commands.join(" && ")
        )
    }

    /// The largest group of hidden files. If their directory still exists, it may have other files.
    fn hidden_files(&self, finding: &Finding, hides: &Place<'_>) -> NamedFiles {
        let path = self.largest(finding);
        let group = finding.groups.first().filter(|group| group.files > 1);
        if group.is_some_and(|group| self.tree.visible(group.place, hides.layer).is_some()) {
            NamedFiles { name: format!("these files below {path}"), them: "them" }
        } else {
            NamedFiles { name: path, them: "it" }
        }
    }

    fn of_waste(
        &self,
        finding: &Finding,
        holds: &Place<'_>,
        hides: &Place<'_>,
        attributes: ChangedAttributes,
    ) -> String {
        let NamedFiles { name: path, them } = self.hidden_files(finding, hides);
        let (held, hidden) = (&holds.name, &hides.name);
        match finding.kind {
            _ if holds.layer == hides.layer => format!("{held}: write {path} once; the layer stores {them} twice"),
            AdviceKind::DeletedLater if holds.instruction.copies() => {
                format!(
                    "{held}: leave {path} out of the copy, or copy {them} in an earlier stage; {hidden} deletes {them}"
                )
            }
            AdviceKind::DeletedLater => match hides.removal.as_ref().filter(|_| self.is_of_packages(finding)) {
                Some(removal) => format!("{held}: add `&& {removal}` here instead of in {hidden}"),
                None => format!("{held}: delete {path} here instead of in {hidden}"),
            },
            AdviceKind::RewrittenMetadata if attributes == ChangedAttributes::OnlyTimes => {
                format!("{hidden}: {held} already stores {path}, and only the times differ; write {them} once")
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
}

/// A removal of packages among the commands of a RUN: `apk del .build-deps`.
fn removal(commands: &[ShellCommand]) -> Option<String> {
    let is_removal = |command: &&ShellCommand| {
        let verbs: &[&str] = match command.name() {
            "apk" => &["del"],
            "apt-get" | "apt" => &["purge", "remove", "autoremove"],
            "dnf" | "yum" | "microdnf" | "zypper" => &["remove", "erase", "autoremove", "rm"],
            _ => return false,
        };
        command.arguments().iter().any(|word| verbs.contains(&word.as_str()))
    };
    commands.iter().find(is_removal)?.plain()
}
