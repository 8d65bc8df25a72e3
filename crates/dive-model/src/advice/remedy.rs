//! What to write instead, with the image's own lines, tools and paths.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, HashSet};

use super::below::Below;
use super::boundary::OwnBoundary;
use super::finding::{FileFinding, Finding, Twin};
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::option_lines::OptionLines;
use super::package_managers::PackageManager;
use super::path_kinds::PathKinds;
use super::place::{Place, layers_of_root};
use super::settings::SettingChanges;
use crate::image::Image;
use crate::layer::LayerIndex;
use crate::shell::{named, plain_word};
use crate::tree::{NodeId, Span, SpanKind, Tree};
use crate::units::Total;

/// True for a group with one file.
pub(super) fn is_single_file(finding: &Finding, node: NodeId) -> bool {
    finding.groups.iter().any(|group| group.place == node && group.files == 1)
}

/// Directories of repositories.
pub(super) const REPOSITORIES: [&str; 3] = [".git", ".hg", ".svn"];

/// The bytes of each layer in each directory of documentation.
pub(super) type DocsByLayer = BTreeMap<(LayerIndex, &'static str), Total>;

/// Directories of Python packages.
const PYTHON_PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];

/// What a symbolic link changes.
enum LinkHazard {
    /// Owner or mode of the file.
    Attributes,
    /// Some users may not enter a directory of the target.
    Directory(NodeId),
    /// A program that finds its files by its own path.
    Program,
}

/// Writes the remedies of an image. Each script is parsed once: several findings may be about one layer.
pub(super) struct Remedies<'a> {
    pub(super) tree: &'a Tree,
    pub(super) own: OwnBoundary,
    /// Where a removal of packages deletes files.
    pub(super) packages: Below,
    /// By layer.
    pub(super) places: Vec<Place<'a>>,
    /// By [`NodeId::index`], the kinds that a deletion of the node deletes, and nothing else.
    removable: Vec<KindSet>,
    /// By layer, the entries that it stores.
    stored_by_layer: OnceCell<Vec<StoredEntries>>,
    /// Bytes of documentation.
    pub(super) docs_by_layer: OnceCell<DocsByLayer>,
    /// Bytes of scripts that may still be searched for words.
    pub(super) searched: Cell<usize>,
    /// By layer, true if root runs its instruction.
    pub(super) is_of_root: Vec<bool>,
    /// What changes between RUNs.
    pub(super) settings: SettingChanges,
}

/// The entries of a layer that are not directories.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StoredEntries {
    /// Regular files.
    pub(super) files: u32,
    /// Links, devices and the like.
    others: u32,
}

impl StoredEntries {
    fn count(&mut self, is_file: bool) {
        let count = if is_file { &mut self.files } else { &mut self.others };
        *count = count.saturating_add(1);
    }

    pub(super) fn all(self) -> u64 {
        u64::from(self.files).saturating_add(self.others.into())
    }
}

/// Bytes of scripts that are searched for the words of all findings, about 0.1 ns each.
const MAX_SEARCHED: usize = 200 << 20;

impl<'a> Remedies<'a> {
    pub(super) fn new(image: &'a Image, tree: &'a Tree, paths: &PathKinds, own: OwnBoundary) -> Self {
        let mut froms = OptionLines::with("--from=");
        let places = tree.layers().map(|layer| Place::of(image, layer, &mut froms)).collect();
        Self {
            tree,
            packages: Below::programs_of_packages(tree),
            places,
            removable: paths.removable(tree),
            own,
            stored_by_layer: OnceCell::new(),
            docs_by_layer: OnceCell::new(),
            searched: Cell::new(MAX_SEARCHED),
            is_of_root: layers_of_root(image),
            settings: SettingChanges::of(image),
        }
    }

    /// The sentence of a finding.
    pub(super) fn of(&self, found: &FileFinding) -> String {
        let FileFinding { finding, changes, twins, is_from_base } = found;
        let place = |layer: LayerIndex| self.places.get(layer.get());
        let Some(holds) = finding.layer.and_then(place) else { return finding.kind.row().instead.to_owned() };
        if let Some(hides) = finding.hidden_by.and_then(place) {
            let stores_again = if finding.kind == AdviceKind::RewrittenMetadata { hides } else { holds };
            let again = is_from_base.then(|| self.of_visible_again(finding, stores_again)).flatten();
            return match again {
                Some(remedy) => format!("{}: {remedy}", stores_again.name),
                None => self.of_waste(finding, holds, hides, changes),
            };
        }
        let changed = finding.doubled_by.and_then(place).unwrap_or(holds);
        let again = is_from_base.then(|| self.of_visible_again(finding, holds)).flatten();
        let again = again.or_else(|| self.of_copied_directory(finding, changed, twins));
        let remedy = again.unwrap_or_else(|| match &twins[..] {
            [] => self.of_all_runs(finding, holds),
            [twin] => self.of_twin(finding, changed, *twin),
            [twin, ..] => self.of_twins(finding, changed, twins, *twin),
        });
        format!("{}: {remedy}", changed.name)
    }

    /// The path, for a sentence.
    pub(super) fn path(&self, node: NodeId) -> String {
        named(&self.tree.path(node))
    }

    /// The path, as a word of a command; `None` if no command can be written with it.
    pub(super) fn word(&self, node: NodeId) -> Option<String> {
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
        if is_single_file(finding, node) && self.tree.last_layer().is_some_and(is_file) {
            return true;
        }
        self.removable_kinds(node).contains(finding.kind)
    }

    /// True if a group of a finding has all files of its place: those of the kind, or all that a layer hides with their directory.
    pub(super) fn is_whole(&self, kind: AdviceKind, hidden_by: Option<LayerIndex>, node: NodeId) -> bool {
        match hidden_by {
            Some(layer) => self.tree.visible(node, layer).is_none(),
            None => node != NodeId::ROOT && self.removable_kinds(node).contains(kind),
        }
    }

    /// The kinds of a file, or those that a deletion of a directory deletes, and nothing else.
    pub(super) fn removable_kinds(&self, node: NodeId) -> KindSet {
        self.removable.get(node.index()).copied().unwrap_or_default()
    }

    /// The innermost directory on the way to the largest group, or the group itself, whose name is one of `names`.
    fn directory_named(&self, finding: &Finding, names: &[&str]) -> Option<NodeId> {
        self.named_above(finding.groups.first()?.place, names)
    }

    /// The innermost of a node and the directories above it whose name is one of `names`.
    pub(super) fn named_above(&self, node: NodeId, names: &[&str]) -> Option<NodeId> {
        let mut above = self.tree.ancestors(node);
        above.find(|node| names.iter().any(|name| self.tree.name(*node) == name.as_bytes()))
    }

    /// The directory of a cache, if everything in it is of the kind: the innermost one whose name is one of `names`, or the largest
    /// group.
    fn cache(&self, finding: &Finding, names: &[&str]) -> Option<NodeId> {
        let group = finding.groups.first().map(|group| group.place);
        let named = self.directory_named(finding, names);
        named.into_iter().chain(group).find(|node| self.is_removable(finding, *node))
    }

    /// How to mount a cache at `named`, or at the outermost directory below it where the mount hides files of the kind alone: what
    /// the RUN writes there is not in the image. `None` if there is none.
    fn cache_mount(&self, finding: &Finding, named: NodeId) -> Option<String> {
        let node = self.mount_point(finding, named)?;
        Some(match self.cache_option(node) {
            Some(option) => format!("mount a cache: `RUN {option}`"),
            None => format!("mount a cache on {}", self.path(node)),
        })
    }

    /// The option that mounts a cache on a directory; `None` if an option cannot name it.
    pub(super) fn cache_option(&self, node: NodeId) -> Option<String> {
        // Commas separate the options of a mount, and a shell reads none of them.
        let path = self.word(node).filter(|path| !path.contains(['\'', ',']))?;
        Some(format!("--mount=type=cache,target={path}{}", self.cache_owner(node)))
    }

    /// The outermost directory from the largest group below `named` up to it where a mount hides files of the kind alone.
    pub(super) fn mount_point(&self, finding: &Finding, named: NodeId) -> Option<NodeId> {
        self.outermost(finding, self.group_below(finding, named)?, named)
    }

    /// The outermost directory from `place` up to `named` that has files of the kind alone.
    pub(super) fn outermost(&self, finding: &Finding, place: NodeId, named: NodeId) -> Option<NodeId> {
        let is_directory = |node: &NodeId| {
            let visible = self.tree.visible(*node, self.tree.last_layer()?)?;
            self.tree.span(visible).kind.is_directory().then_some(())
        };
        let below = self.tree.parent(named);
        let above = self.tree.ancestors(place).take_while(|node| Some(*node) != below);
        let may_hide = |node: &NodeId| is_directory(node).is_some() && self.is_removable(finding, *node);
        above.filter(may_hide).last()
    }

    /// The largest group at or below a directory.
    pub(super) fn group_below(&self, finding: &Finding, directory: NodeId) -> Option<NodeId> {
        let mut places = finding.groups.iter().map(|group| group.place);
        places.find(|place| self.tree.ancestors(*place).any(|above| above == directory))
    }

    /// Options of a cache mount: without them, root owns it, and no other user can write to it.
    fn cache_owner(&self, node: NodeId) -> String {
        let visible = self.tree.last_layer().and_then(|last| self.tree.visible(node, last));
        match visible.map(|id| self.tree.span(id)).map(|span| (span.uid, span.gid)) {
            Some((uid, gid)) if uid != 0 => format!(",uid={uid},gid={gid}"),
            _ => String::new(),
        }
    }

    /// Adds the mount to another way.
    pub(super) fn or_cache_mount(&self, instead: String, finding: &Finding, named: NodeId) -> String {
        match self.cache_mount(finding, named) {
            Some(mount) => format!("{instead}, or {mount}"),
            None => instead,
        }
    }

    /// What to write instead of a file that another one makes superfluous.
    pub(super) fn of_twin(&self, finding: &Finding, place: &Place<'_>, twin: Twin) -> String {
        let (path, other) = (self.path(twin.node), self.path(twin.other));
        match finding.kind {
            AdviceKind::CudaTwice => self.of_cuda(finding, place, twin),
            AdviceKind::ModelWeightsTwice if self.is_older_format(twin) => self.of_weights(place, twin),
            AdviceKind::ModelWeightsTwice | AdviceKind::DuplicateContent if self.is_unlinked_cache(twin) => {
                format!("{path} is a copy of {other}; keep the symbolic links of the cache (`cp -a`)")
            }
            _ => match self.link_hazard(twin) {
                Some(LinkHazard::Attributes) => {
                    format!("keep one of {path} and {other}; a link takes the owner and mode of {other}")
                }
                Some(LinkHazard::Directory(directory)) => {
                    let directory = self.path(directory);
                    format!("keep one of {path} and {other}; not all users could follow a link into {directory}")
                }
                Some(LinkHazard::Program) => format!(
                    "replace one of {path} and {other} by a link, unless the program reads files next to its own path"
                ),
                // A COPY of a file follows a link, so the link must be made behind it.
                None if place.instruction.copies() => match self.link_command(place, twin) {
                    Some(command) => {
                        format!("replace this copy by `RUN {command}`; both files have the same size and hash")
                    }
                    None => format!(
                        "leave {path} out of the copy, and store it as a link to {other}; both have the same size and hash"
                    ),
                },
                None => match (self.word(twin.other), self.word(twin.node)) {
                    (Some(target), Some(link)) => {
                        format!("write `ln -sf {target} {link}`; both have the same size and hash")
                    }
                    _ => format!("store {path} as a link to {other}; both have the same size and hash"),
                },
            },
        }
    }

    /// What a layer stores. Counted once: several findings may be about one layer.
    pub(super) fn stored_in(&self, layer: LayerIndex) -> StoredEntries {
        let counts = self.stored_by_layer.get_or_init(|| {
            let mut counts = vec![StoredEntries::default(); self.tree.layer_count()];
            for span in self.tree.all_spans().map(|id| self.tree.span(id)).filter(|span| !span.kind.is_directory()) {
                if let Some(count) = counts.get_mut(span.from().get()) {
                    count.count(span.kind.is_file());
                }
            }
            counts
        });
        counts.get(layer.get()).copied().unwrap_or_default()
    }

    /// A command that stores a link for the only file of a COPY. `None` if the copy has other files, or if the RUN may fail: the
    /// image has no `ln`, or another user than root runs the instruction.
    fn link_command(&self, place: &Place<'_>, twin: Twin) -> Option<String> {
        let mut spans = self.tree.spans(twin.node).map(|id| self.tree.span(id));
        let stores = |span: &Span| span.from() == place.layer && !span.kind.is_directory();
        let is_only = self.stored_in(place.layer).all() == 1 && spans.any(stores);
        let has_ln = || ["bin/ln", "usr/bin/ln"].iter().any(|path| self.tree.find(path.as_bytes()).is_some());
        let is_of_root = self.is_of_root.get(place.layer.get()).copied().unwrap_or_default();
        if !is_only || !is_of_root || !has_ln() {
            return None;
        }
        let (target, link, parent) = (self.word(twin.other)?, self.word(twin.node)?, self.tree.parent(twin.node)?);
        let is_older = self.tree.spans(parent).any(|id| self.tree.span(id).from() < place.layer);
        Some(match self.word(parent) {
            Some(parent) if !is_older => format!("mkdir -p {parent} && ln -s {target} {link}"),
            _ => format!("ln -sf {target} {link}"),
        })
    }

    /// True if a symbolic link in the place of a file is not the same.
    pub(super) fn has_link_hazard(&self, twin: Twin) -> bool {
        self.link_hazard(twin).is_some()
    }

    /// Why a symbolic link in the place of a file is not the same.
    fn link_hazard(&self, twin: Twin) -> Option<LinkHazard> {
        let last = self.tree.last_layer()?;
        let visible = |node| self.tree.visible(node, last).map(|span| self.tree.span(self.tree.inode(span)));
        let (link, target) = (visible(twin.node)?, visible(twin.other)?);
        if (link.mode, link.uid, link.gid) != (target.mode, target.uid, target.gid) {
            return Some(LinkHazard::Attributes);
        }
        let above = |node| self.tree.ancestors(node).skip(1);
        let shared: HashSet<NodeId> = above(twin.node).collect();
        let is_closed = |node: &NodeId| {
            visible(*node).is_some_and(|span| span.kind == SpanKind::Directory && span.mode & 0o001 == 0)
        };
        let closed = above(twin.other).filter(|node| !shared.contains(node)).find(is_closed);
        let program = (target.mode & 0o111 != 0).then_some(LinkHazard::Program);
        closed.map(LinkHazard::Directory).or(program)
    }

    /// For files of one RUN, and for the later ones that fill the same cache. A join has them.
    fn of_all_runs(&self, finding: &Finding, place: &Place<'_>) -> String {
        let remedy = self.of_files(finding, place);
        let filled = if remedy.starts_with("join ") { String::new() } else { self.filled_again(finding, place) };
        remedy + &filled
    }

    fn of_files(&self, finding: &Finding, place: &Place<'_>) -> String {
        let kind = finding.kind;
        let vcs = self.directory_named(finding, &REPOSITORIES);
        if place.instruction.copies() {
            return self.of_copied(finding, place, vcs);
        }
        match kind {
            AdviceKind::AptLists => self.of_apt(finding, place),
            AdviceKind::AptArchives => self.of_apt_archives(finding, place),
            AdviceKind::ApkCache => self.of_apk(finding, place),
            AdviceKind::PacmanCache => self.of_pacman(finding, place),
            AdviceKind::ZypperCache => self.adds_or_joins(finding, place, "zypper clean -a"),
            AdviceKind::PhpCache => {
                let clear = self.adds_or_joins(finding, place, "composer clear-cache");
                match self.directory_named(finding, &["cache", "composer"]) {
                    Some(node) if !clear.starts_with("join") => self.or_cache_mount(clear, finding, node),
                    _ => clear,
                }
            }
            AdviceKind::RpmCache => {
                let tool = place.program_of(PackageManager::Dnf).unwrap_or_else(|| "dnf".to_owned());
                match self.cache(finding, &["dnf", "yum", "libdnf5"]).and_then(|node| self.word(node)) {
                    Some(path) => self.adds_or_joins(finding, place, &format!("{tool} clean all && rm -rf {path}")),
                    None => self.adds_or_joins(finding, place, &format!("{tool} clean all")),
                }
            }
            AdviceKind::DocsAndLocales => self.of_docs(finding, place),
            AdviceKind::PythonCache => self.of_python_cache(finding, place),
            AdviceKind::CondaPackages => {
                let tool = place.tool(&["micromamba", "mamba", "conda"]).unwrap_or("conda");
                self.adds_or_joins(finding, place, &format!("{tool} clean -afy"))
            }
            AdviceKind::NodeCache => self.of_node_cache(finding, place),
            AdviceKind::GoCache | AdviceKind::RustCache | AdviceKind::JvmCache => self.of_build_cache(finding, place),
            AdviceKind::BuildCache => {
                let names = ["ccache", ".ccache", "sccache", "bazel", "bazelisk"];
                let Some(node) = self.directory_named(finding, &names) else { return kind.row().instead.to_owned() };
                self.or_cache_mount("build in an earlier stage".to_owned(), finding, node)
            }
            AdviceKind::StaticLibrariesAndHeaders if self.directory_named(finding, &PYTHON_PACKAGES).is_some() => {
                let mut nodes = self.places_of(finding, &["include"]);
                nodes.retain(|node| self.named_above(*node, &PYTHON_PACKAGES).is_some());
                format!(
                    "{}, unless a later RUN or a program compiles with them",
                    self.removal_of(finding, place, &nodes)
                )
            }
            AdviceKind::UnstrippedBinary => format!("{} ({})", kind.row().instead, self.visible_files(finding).name),
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
            | AdviceKind::TestFolders => self.removal_of(finding, place, &self.places_of(finding, &REPOSITORIES)),
            _ => kind.row().instead.to_owned(),
        }
    }
}
