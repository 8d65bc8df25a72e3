//! No file of a package depends on itself through more than two others, since files of a cycle cannot be read, tested
//! or moved alone. The compiler checks this between packages, this module within each.
//!
//! A name counts for the file that defines it: re-exports are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::house::{code, is_test, rust_files};
use crate::place::repository;

/// Maximum number of files in a cycle.
const LARGEST: usize = 3;

/// A larger cycle that still exists. If it shrinks, its entry is updated; it must not grow.
struct Exception {
    folder: &'static str,
    /// One file of the cycle.
    member: &'static str,
    files: usize,
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 0] = [];

const FOLDERS: [&str; 3] = ["crates/dive-model/src", "crates/dive-sources/src", "src"];

/// Segments of a path: `["crate", "tree", "Span"]`, or a module's path below its crate.
type Segments = Vec<String>;

/// The paths that one file names.
#[derive(Default)]
struct File {
    /// Each imported name with its full path.
    imports: BTreeMap<String, Segments>,
    /// All paths in the code.
    paths: Vec<Segments>,
}

impl File {
    fn parse(code: &str) -> Self {
        let mut file = Self::default();
        let mut body = String::new();
        let mut lines = code.lines();
        while let Some(line) = lines.next() {
            let Some(mut tree) = use_statement(line).map(ToOwned::to_owned) else {
                body.push_str(line);
                body.push('\n');
                continue;
            };
            while !tree.ends_with(';') {
                tree.push_str(lines.next().expect("a use ends"));
            }
            for (path, name) in use_tree(&tree[..tree.len() - 1]) {
                file.paths.push(path.clone());
                file.imports.insert(name, path);
            }
        }
        // The path in `pub(in crate::tui)` is not a dependency.
        let mut pieces = body.split("(in ");
        let first = pieces.next().unwrap_or_default();
        let after = pieces.map(|piece| piece.split_once(')').map_or(piece, |(_, after)| after));
        let body = [first].into_iter().chain(after).collect::<String>();
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let paths = body.split(|c| !is_path(c)).map(|word| word.trim_matches(':')).filter(|word| word.contains("::"));
        file.paths.extend(paths.map(segments));
        file
    }
}

/// The part of a line after `use`, `pub use` or `pub(super) use`.
fn use_statement(line: &str) -> Option<&str> {
    let line = line.trim();
    let without_visibility = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ").map_or(rest, |(_, rest)| rest),
        Some(rest) => rest.trim_start(),
        None => line,
    };
    without_visibility.strip_prefix("use ")
}

fn segments(path: &str) -> Segments {
    path.split("::").map(|segment| segment.trim().to_owned()).filter(|segment| !segment.is_empty()).collect()
}

/// The paths of a use tree, each with its name in this file.
fn use_tree(tree: &str) -> Vec<(Segments, String)> {
    let tree = tree.trim();
    let Some((prefix, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
        let mut path = segments(path);
        path.pop_if(|last| last == "self");
        let name = alias.map_or_else(|| path.last().cloned().unwrap_or_default(), |alias| alias.trim().to_owned());
        return vec![(path, name)];
    };
    let group = group.trim_end().strip_suffix('}').expect("a group closes");
    let mut depth = 0;
    let branches = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let prefix = segments(prefix);
    let whole = |(path, name): (Segments, String)| {
        let path: Segments = prefix.iter().cloned().chain(path).collect();
        let name = if name.is_empty() { path.last().cloned().unwrap_or_default() } else { name };
        (path, name)
    };
    branches.filter(|branch| !branch.trim().is_empty()).flat_map(use_tree).map(whole).collect()
}

/// The modules of a package by their path, without unit tests.
struct Package(BTreeMap<Segments, File>);

impl Package {
    fn read(folder: &str) -> Self {
        let root = repository(folder);
        let mut modules = BTreeMap::new();
        for path in rust_files(folder).iter().filter(|path| !is_test(path)) {
            modules.insert(module(path.strip_prefix(&root).unwrap()), File::parse(&code(path)));
        }
        Self(modules)
    }

    /// The file that defines the item at `path`, as named in `from`; `None` for other crates.
    fn definition(&self, from: &Segments, path: &[String], followed: usize) -> Option<Segments> {
        let mut module = from.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (module, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first if self.0.contains_key(&child(from, first)) => {}
            first => {
                let import = self.0[from].imports.get(first)?;
                // A crate imported under its own name: `use tar;`.
                return if import[0] == first { None } else { self.through(from, import, &path[1..], followed) };
            }
        }
        while let Some(inner) = rest.first().map(|segment| child(&module, segment))
            && self.0.contains_key(&inner)
        {
            module = inner;
            rest = &rest[1..];
        }
        match rest.first().and_then(|name| self.0.get(&module)?.imports.get(name)) {
            Some(import) if module != *from => self.through(&module, import, &rest[1..], followed),
            _ => Some(module),
        }
    }

    /// Resolves an import of `from`.
    fn through(&self, from: &Segments, import: &[String], rest: &[String], followed: usize) -> Option<Segments> {
        assert!(followed < 16, "{from:?} imports itself: {import:?}");
        let path: Segments = import.iter().chain(rest).cloned().collect();
        self.definition(from, &path, followed + 1)
    }

    /// The dependencies of each file.
    fn graph(&self) -> BTreeMap<Segments, BTreeSet<Segments>> {
        let known = |(module, file): (&Segments, &File)| {
            let known = file.paths.iter().filter_map(|path| self.definition(module, path, 0));
            (module.clone(), known.filter(|known| known != module).collect())
        };
        self.0.iter().map(known).collect()
    }
}

fn child(module: &[String], name: &str) -> Segments {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// The module of a file: `tree/span.rs` is `tree::span`, `tree/mod.rs` is `tree`.
fn module(path: &Path) -> Segments {
    let mut module: Segments = path.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    module.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
    module
}

/// All files that `start` depends on, directly or indirectly.
fn reachable<'a>(graph: &'a BTreeMap<Segments, BTreeSet<Segments>>, start: &'a Segments) -> BTreeSet<&'a Segments> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        open.extend(graph.get(file).into_iter().flatten().filter(|known| seen.insert(*known)));
    }
    seen
}

/// The cycles: sets of files that all depend on each other.
fn circles(graph: &BTreeMap<Segments, BTreeSet<Segments>>) -> BTreeSet<BTreeSet<&Segments>> {
    let reachable: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let circle = |file: &&Segments| {
        reachable[*file]
            .iter()
            .copied()
            .filter(|other| reachable.get(other).is_some_and(|it| it.contains(*file)))
            .collect()
    };
    graph.keys().map(|file| circle(&file)).filter(|circle: &BTreeSet<_>| circle.len() > 1).collect()
}

#[test]
fn no_import_cycle_exceeds_three_files() {
    let mut wrong = String::new();
    for folder in FOLDERS {
        let package = Package::read(folder);
        let graph = package.graph();
        assert!(graph.values().map(BTreeSet::len).sum::<usize>() > graph.len(), "{folder}: no imports found");
        let mut unused: Vec<_> = EXCEPTIONS.iter().filter(|exception| exception.folder == folder).collect();
        for circle in circles(&graph).into_iter().filter(|circle| circle.len() > LARGEST) {
            let names: Vec<_> = circle.iter().map(|file| file.join("::")).collect();
            if let Some(at) = unused.iter().position(|exception| names.iter().any(|name| name == exception.member)) {
                let Exception { files, reason, .. } = unused.remove(at);
                if names.len() == *files {
                    continue;
                }
                writeln!(wrong, "{folder}: {files} files are an exception ({reason}), but now there are:").unwrap();
            }
            writeln!(wrong, "{folder}: an import cycle of {} files: {}", names.len(), names.join(", ")).unwrap();
            for file in &circle {
                let known = graph[*file].iter().filter(|known| circle.contains(known)).map(|known| known.join("::"));
                writeln!(wrong, "    {} -> {}", file.join("::"), known.collect::<Vec<_>>().join(", ")).unwrap();
            }
        }
        for exception in unused {
            writeln!(wrong, "{folder}: the cycle around {} is gone; remove its exception", exception.member).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Modules of the screen and those they must not depend on, to keep state, update and view apart.
const SCREEN: [(&str, &[&str]); 4] = [
    ("state", &["content", "update", "view"]),
    ("content", &["update", "view"]),
    ("update", &["view"]),
    ("view", &["update"]),
];

#[test]
fn screen_modules_depend_in_one_direction() {
    let graph = Package::read("src").graph();
    let is_in = |file: &Segments, module: &str| file.len() > 1 && file[0] == "tui" && file[1] == module;
    let mut wrong = String::new();
    for (module, forbidden) in SCREEN {
        let files: Vec<_> = graph.iter().filter(|(file, _)| is_in(file, module)).collect();
        assert!(!files.is_empty(), "src/tui/{module} is gone");
        for (file, known) in files {
            for known in known.iter().filter(|known| forbidden.iter().any(|forbidden| is_in(known, forbidden))) {
                writeln!(wrong, "{} knows {}", file.join("::"), known.join("::")).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn paths_resolve_to_the_defining_file() {
    let files = [
        ("", "pub use tree::{\n    self, Span as Piece,\n};\nuse std::fmt;"),
        ("tree", "mod span;\npub(super) use span::Span;\nuse crate::units::{Bytes, percent};"),
        ("tree::span", "use super::Tree;\nuse crate::Piece;\nfn f() { crate::units::Bytes::new(); fmt::write() }"),
        ("units", "use crate::tree;\nfn f(x: tree::Span) -> impl Iterator + use<'_> {}"),
    ];
    let package = Package(files.map(|(module, code)| (segments(module), File::parse(code))).into());
    let graph = package.graph();
    let known = |module: &str| graph[&segments(module)].iter().map(|known| known.join("::")).collect::<Vec<_>>();
    assert_eq!(known(""), ["tree", "tree::span"]);
    assert_eq!(known("tree"), ["tree::span", "units"]);
    assert_eq!(known("tree::span"), ["tree", "units"]);
    assert_eq!(known("units"), ["tree", "tree::span"]);
    let circles = circles(&graph);
    assert_eq!(circles.len(), 1);
    assert_eq!(circles.first().unwrap().len(), 3, "{circles:?}");
}
