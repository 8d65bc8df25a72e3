//! Kinds about what instructions brought together: a COPY of the whole build context, and a second Python. They count no bytes;
//! the files may be of other kinds.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::below::{Below, FOLDERS_OF_PACKAGES};
use super::boundary::OwnBoundary;
use super::finding::{AdviceGroup, Finding};
use super::kind::AdviceKind;
use super::kind_set::KindSet;
use super::later_runs::READING_REPOSITORY;
use super::option_lines::OptionLines;
use super::packages;
use super::place::{CopySource, FROM, instruction_of, place_name};
use super::shell_commands::ShellCommand;
use crate::image::{Image, Keyword};
use crate::layer::LayerIndex;
use crate::shell::named;
use crate::tree::{Nesting, NodeId, SpanKind, Tree};

/// A name that is at home in a build context, not in an image.
struct ContextMark {
    name: &'static [u8],
    /// Names of which one is beside it, if it is an ordinary name.
    beside: &'static [&'static [u8]],
    strength: MarkStrength,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkStrength {
    /// Only in a context.
    Strong,
    /// Also in programs.
    Weak,
}

const fn strong(name: &'static [u8]) -> ContextMark {
    ContextMark { name, beside: &[], strength: MarkStrength::Strong }
}

const MARKS: [ContextMark; 21] = [
    strong(b"Dockerfile"),
    strong(b"Containerfile"),
    strong(b".dockerignore"),
    strong(b"compose.yaml"),
    strong(b"compose.yml"),
    strong(b"docker-compose.yaml"),
    strong(b"docker-compose.yml"),
    strong(b".git"),
    strong(b".github"),
    strong(b".gitlab-ci.yml"),
    strong(b".circleci"),
    strong(b".travis.yml"),
    strong(b"Jenkinsfile"),
    strong(b".env"),
    ContextMark { name: b"coverage", beside: &[], strength: MarkStrength::Weak },
    ContextMark { name: b"tests", beside: &[], strength: MarkStrength::Weak },
    ContextMark { name: b"__tests__", beside: &[], strength: MarkStrength::Weak },
    ContextMark { name: b".gitignore", beside: &[], strength: MarkStrength::Weak },
    ContextMark { name: b".pytest_cache", beside: &[], strength: MarkStrength::Weak },
    ContextMark { name: b"node_modules", beside: &[b"package.json"], strength: MarkStrength::Weak },
    ContextMark { name: b"target", beside: &[b"Cargo.toml", b"pom.xml"], strength: MarkStrength::Weak },
];

/// The findings of these kinds.
pub(super) fn findings(image: &Image, tree: &Tree, own: OwnBoundary, kinds: KindSet) -> Vec<Finding> {
    let mut found = Vec::new();
    if kinds.contains(AdviceKind::ContextCopiedWhole) {
        let mut froms = OptionLines::with(FROM);
        let copies = |layer: &LayerIndex| {
            instruction_of(image, *layer).copies() && CopySource::of(image, *layer, &mut froms) == CopySource::Context
        };
        let layers = tree.layers().skip(own.layers()).filter(copies);
        let tables = OnceCell::new();
        found.extend(layers.filter_map(|layer| copied_context(image, tree, layer, &tables)));
    }
    if kinds.contains(AdviceKind::TwoPythons) {
        found.extend(second_python(image, tree, own));
    }
    found
}

/// Facts of all nodes, computed at the first directory that may be a context: an image may have thousands of layers.
struct NodeTables {
    /// Packages are published with such files.
    packages: Below,
    nesting: Nesting,
    needs: ContextNeeds,
}

impl NodeTables {
    fn of(image: &Image, tree: &Tree) -> Self {
        let packages = Below::of(tree, &[], &[&FOLDERS_OF_PACKAGES[..], &[b"vendor"]].concat());
        Self { packages, nesting: Nesting::of(tree), needs: ContextNeeds::of(image, tree) }
    }
}

/// Maximum number of Dockerfiles that are read, and of lines of each.
const MAX_FILES: usize = 16;
const MAX_LINES: usize = 2_000;

/// What the image needs of a build context. A name that is left out of the copy must not be missing afterwards.
struct ContextNeeds {
    /// By mark, the last layer whose RUN names it.
    named: Vec<Option<LayerIndex>>,
    /// By mark, true if a COPY or another stage names it: `.dockerignore` is for all of them.
    is_used: Vec<bool>,
    /// By mark, true if the command of containers names it.
    is_started: Vec<bool>,
    /// By mark, the last layer whose RUN makes it.
    made: Vec<Option<LayerIndex>>,
}

impl ContextNeeds {
    fn of(image: &Image, tree: &Tree) -> Self {
        let start = image.start_command.join(" ");
        let directory = image.places.working_directory.as_str();
        let mut needs = Self {
            named: vec![None; MARKS.len()],
            is_used: vec![false; MARKS.len()],
            is_started: MARKS.iter().map(|mark| mark.is_named_in(&start) || mark.is_named_in(directory)).collect(),
            made: vec![None; MARKS.len()],
        };
        // Most images have one Dockerfile; a hostile one has one for each layer.
        let files: BTreeMap<_, _> =
            image.layers.iter().filter_map(|it| Some((Arc::as_ptr(&it.lines.as_ref()?.file), it))).collect();
        let files = files.values().take(MAX_FILES).filter_map(|layer| layer.lines.as_ref());
        for line in files.flat_map(|lines| lines.file.text.lines().take(MAX_LINES)) {
            needs.note_use(line);
        }
        for layer in tree.layers() {
            let instruction = instruction_of(image, layer);
            if instruction.copies() {
                needs.note_use(instruction.text);
            }
            if !matches!(instruction.keyword, Keyword::Run | Keyword::Unknown) {
                continue;
            }
            let commands = instruction.commands();
            let marks = MARKS.iter().zip(&mut needs.named).zip(&mut needs.made);
            for ((mark, named), made) in marks {
                if mark.is_named_in(instruction.text) {
                    *named = Some(layer);
                }
                if commands.iter().any(|command| mark.is_made_by(command)) {
                    *made = Some(layer);
                }
            }
        }
        needs
    }

    /// Notes the names in an instruction, also of another stage. What a COPY takes from a stage is not in the context.
    fn note_use(&mut self, text: &str) {
        if text.trim_start().starts_with('#') || text.contains(FROM) {
            return;
        }
        for (mark, is_used) in MARKS.iter().zip(&mut self.is_used) {
            *is_used |= mark.is_named_in(text);
        }
    }

    /// True if the copy of `layer` can leave out the name of a mark.
    fn allows_to_exclude(&self, mark: usize, layer: LayerIndex) -> bool {
        let is_later = |table: &[Option<LayerIndex>]| table.get(mark).copied().flatten().is_some_and(|at| at > layer);
        let is_result = MARKS.get(mark).is_some_and(ContextMark::is_result);
        let is_in = |table: &[bool]| table.get(mark).copied().unwrap_or_default();
        let is_needed = || is_in(&self.is_started) || is_in(&self.is_used) || is_later(&self.named);
        if is_result { is_later(&self.made) } else { !is_needed() }
    }
}

impl ContextMark {
    /// True for what a build makes: the image needs it, unless a RUN makes it again.
    fn is_result(&self) -> bool {
        matches!(self.name, b"node_modules" | b"target")
    }

    /// True if a text names it, or may use it under another name.
    fn is_named_in(&self, text: &str) -> bool {
        let is_part = |letter: char| letter.is_alphanumeric() || "._-".contains(letter);
        let mut words = text.split(|letter| !is_part(letter));
        let uses: &[&str] = match self.name {
            b".git" => &READING_REPOSITORY,
            b"tests" | b"__tests__" => &["test"],
            _ => &[],
        };
        words.any(|word| word.as_bytes() == self.name) || uses.iter().any(|part| text.contains(part))
    }

    /// True for a command that makes it from the other files of the context.
    fn is_made_by(&self, command: &ShellCommand) -> bool {
        let has = |verbs: &[&str]| command.arguments().iter().any(|word| verbs.contains(&word.as_str()));
        let is_installation =
            || packages::dependency_list(command).is_some_and(|list| list.starts_with("package.json"));
        match self.name {
            b"node_modules" => is_installation(),
            b"target" => {
                (command.is(&["cargo"]) && has(&["build"]))
                    || (command.is(&["mvn", "mvnw"]) && has(&["package", "verify", "install"]))
            }
            _ => false,
        }
    }
}

/// The names of a build context that a layer copied into one directory.
fn copied_context(image: &Image, tree: &Tree, layer: LayerIndex, tables: &OnceCell<NodeTables>) -> Option<Finding> {
    let mut names: BTreeMap<NodeId, BTreeSet<usize>> = BTreeMap::new();
    let mut nodes: BTreeMap<(NodeId, usize), NodeId> = BTreeMap::new();
    let mut others: BTreeSet<(NodeId, &[u8])> = BTreeSet::new();
    let is_beside = |name: &[u8]| MARKS.iter().any(|mark| mark.beside.contains(&name));
    for id in tree.layer_spans(layer) {
        let node = tree.span(id).node();
        let (Some(parent), name) = (tree.parent(node), tree.name(node)) else { continue };
        // A later layer may have changed the owner.
        let newest = tree.spans(node).next().map(|id| tree.span(id));
        if newest.is_none_or(|span| span.end().is_some()) {
            continue;
        }
        if let Some(mark) = MARKS.iter().position(|mark| mark.name == name) {
            names.entry(parent).or_default().insert(mark);
            nodes.insert((parent, mark), node);
        } else if is_beside(name) {
            others.insert((parent, name));
        }
    }
    let mut contexts: Vec<(usize, NodeId, Vec<usize>)> = Vec::new();
    for (parent, marks) in names {
        let mark = |at: &usize| MARKS.get(*at);
        let has_beside = |mark: &ContextMark| {
            mark.beside.is_empty() || mark.beside.iter().any(|name| others.contains(&(parent, name)))
        };
        let marks: Vec<usize> = marks.into_iter().filter(|at| mark(at).is_some_and(has_beside)).collect();
        let strong = marks.iter().filter_map(mark).filter(|mark| mark.strength == MarkStrength::Strong).count();
        if strong == 0 || marks.len() < 2 {
            continue;
        }
        if !tables.get_or_init(|| NodeTables::of(image, tree)).packages.contains(parent) {
            let depth = tree.ancestors(parent).count();
            contexts.push((depth, parent, marks));
        }
    }
    // What is deeper belongs to parts of the context, and so does a directory beside others.
    let (_, parent, marks) = contexts.into_iter().min_by_key(|(depth, parent, _)| (*depth, tree.path(*parent)))?;
    let NodeTables { nesting, needs, .. } = tables.get_or_init(|| NodeTables::of(image, tree));
    let mut files = tree.layer_spans(layer).map(|id| tree.span(id)).filter(|span| !span.kind.is_directory());
    if files.any(|span| !nesting.contains(parent, span.node())) {
        return None;
    }
    let excluded = marks.iter().filter(|mark| needs.allows_to_exclude(**mark, layer));
    let nodes: Vec<NodeId> = excluded.filter_map(|mark| nodes.get(&(parent, *mark)).copied()).collect();
    if nodes.is_empty() {
        return None;
    }
    let (place, source) = (place_name(image, layer), source_of(image, tree, layer, parent));
    let line = |node: &NodeId| match &source {
        Some(directory) => format!("`{directory}/{}`", tree.name(*node).escape_ascii()),
        None => format!("`{}`", tree.name(*node).escape_ascii()),
    };
    let lines = nodes.iter().map(line).collect::<Vec<_>>().join(", ");
    let remedy = match source {
        Some(_) => format!("{place}: write in .dockerignore what the image does not need: {lines}"),
        None => format!(
            "{place}: exclude from the copied directory, in .dockerignore, what the image does not need: {lines}"
        ),
    };
    Some(of_nodes(AdviceKind::ContextCopiedWhole, layer, remedy, &nodes))
}

/// The source and the destination of a COPY with one source, without variables and patterns.
fn two_paths(instruction: &str) -> Option<(&str, &str)> {
    let mut words =
        instruction.split_whitespace().skip_while(|word| ["COPY", "ADD"].contains(word) || word.starts_with("--"));
    let (source, destination, more) = (words.next()?, words.next()?, words.next());
    let is_plain = |word: &str| !word.contains(['$', '*', '?', '[', '"', '<', ':', '`', '\\', '!', '#']);
    (more.is_none() && is_plain(source) && is_plain(destination)).then_some((source, destination))
}

/// The directory of the build context that a COPY put at `parent`, for a pattern of `.dockerignore`: empty for the root of the context,
/// `/src` for another directory. A pattern without a directory is only for the root, and one with `**/` for every directory.
fn source_of(image: &Image, tree: &Tree, layer: LayerIndex, parent: NodeId) -> Option<String> {
    let lines = image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref());
    let written = lines.map(|lines| {
        let lines = lines.lines().take(MAX_LINES).map(|(_, line)| line.trim_end().trim_end_matches('\\'));
        lines.collect::<Vec<_>>().join(" ")
    });
    // The classic builder records only a digest of what it copied.
    let recorded = instruction_of(image, layer).text;
    let (source, destination) = two_paths(recorded).or_else(|| two_paths(written.as_deref()?))?;
    let plain = |path: &str| -> String {
        let names = path.split('/').filter(|name| !name.is_empty() && *name != ".");
        names.flat_map(|name| ["/", name]).collect()
    };
    let source = plain(source);
    let destination = match destination.strip_prefix('/') {
        Some(_) => plain(destination),
        None => plain(&format!("{}/{destination}", image.places.working_directory)),
    };
    // The copy may have only directories further inside.
    let path = String::from_utf8(tree.path(parent)).ok()?;
    let inside = path.strip_prefix(&destination).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let inside = inside.filter(|_| !source.contains("/..") && !destination.contains("/..")).unwrap_or_default();
    Some(source + if inside == "/" { "" } else { inside })
}

/// The distribution's Python, installed beside one in `/usr/local`.
fn second_python(image: &Image, tree: &Tree, own: OwnBoundary) -> Option<Finding> {
    let last = tree.last_layer()?;
    let first = tree.visible(tree.find(b"usr/local/bin/python3")?, last)?;
    let programs = tree.find(b"usr/bin")?;
    let is_python = |node: &NodeId| {
        let version = tree.name(*node).strip_prefix(b"python3.");
        version.is_some_and(|version| !version.is_empty() && version.iter().all(u8::is_ascii_digit))
    };
    let second = tree.children(programs).filter(is_python).filter_map(|node| tree.visible(node, last));
    let is_ours = |id: &crate::tree::SpanId| {
        let span = tree.span(*id);
        span.kind == SpanKind::File && span.from().get() >= own.layers() && span.from() >= tree.span(first).from()
    };
    let span = tree.span(second.filter(is_ours).min_by_key(|id| tree.span(*id).from())?);
    let (layer, place, path) = (span.from(), place_name(image, span.from()), named(&tree.path(span.node())));
    let commands = instruction_of(image, layer).commands();
    let words = commands.iter().filter(|command| command.is_of_distribution()).flat_map(ShellCommand::arguments);
    let packages: Vec<String> =
        words.filter(|word| word.starts_with("python")).take(3).map(|word| named(word.as_bytes())).collect();
    let remedy = if packages.is_empty() {
        format!("{place}: {path} comes with a package beside /usr/local/bin/python3; find one that needs no Python")
    } else {
        let (verb, them) = if packages.len() == 1 { ("brings", "it") } else { ("bring", "them") };
        let packages = packages.join(" and ");
        format!(
            "{place}: {packages} {verb} {path}, but /usr/local/bin/python3 does not see {them}; install with pip instead"
        )
    };
    Some(of_nodes(AdviceKind::TwoPythons, layer, remedy, &[span.node()]))
}

/// A finding about some paths that counts no bytes.
fn of_nodes(kind: AdviceKind, layer: LayerIndex, remedy: String, nodes: &[NodeId]) -> Finding {
    let group = |node: &NodeId| AdviceGroup { place: *node, files: 1, size_bytes: 0 };
    let groups = nodes.iter().map(group).collect();
    Finding { groups, files: nodes.len() as u64, ..Finding::of_configuration(kind, Some(layer), remedy) }
}
