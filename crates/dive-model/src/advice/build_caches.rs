//! What to write instead of caches of compilers and package managers of languages. A mount hides what the RUN writes to it, so each
//! RUN that uses the cache needs it, and none may need the files without it.

use super::finding::Finding;
use super::kind::AdviceKind;
use super::later_runs::LaterUse;
use super::package_managers::PackageManager;
use super::place::{Place, names_of};
use super::remedy::Remedies;
use super::removal::and_others;
use crate::tree::NodeId;

/// Directories of caches that hold nothing but downloads and objects, with the names of their parents. Not `target`, which has the
/// program.
const CACHES: [(&str, &str); 11] = [
    ("pkg", "mod"),
    (".cache", "go-build"),
    ("cargo", "registry"),
    ("cargo", "git"),
    (".cargo", "registry"),
    (".cargo", "git"),
    (".m2", "repository"),
    (".gradle", "caches"),
    ("wrapper", "dists"),
    (".ivy2", "cache"),
    (".cache", "coursier"),
];

/// What a RUN has in its text that fills a cache. Parsing the scripts for each finding would take too long.
const fn tools(kind: AdviceKind) -> &'static [&'static str] {
    match kind {
        AdviceKind::GoCache => &["go build", "go install", "go test", "go run", "go mod", "go generate", "make"],
        AdviceKind::RustCache => &["cargo ", "make"],
        _ => &["mvn", "gradle", "sbt ", "make"],
    }
}

/// Groups of a finding that are looked at.
const MAX_GROUPS: usize = 8;

impl Remedies<'_> {
    /// For caches of Go, Cargo and the programs of Java.
    pub(super) fn of_build_cache(&self, finding: &Finding, place: &Place<'_>) -> String {
        let product = if finding.kind == AdviceKind::JvmCache { "archive" } else { "program" };
        let stage = format!("build in an earlier stage and copy the {product}");
        let groups = || finding.groups.iter().take(MAX_GROUPS).map(|group| group.place);
        let mut nodes: Vec<NodeId> = Vec::new();
        for node in groups().map(|node| self.build_cache_above(node).unwrap_or(node)) {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        let has_others =
            finding.groups.len() > MAX_GROUPS || groups().any(|node| self.build_cache_above(node).is_none());
        let mounts: Vec<String> = nodes.iter().filter_map(|node| self.mount_option(finding, *node)).collect();
        if has_others || mounts.len() < nodes.len() || self.is_needed_later(finding, place, &nodes) {
            let cache = nodes.first().map(|node| self.target_above(*node).unwrap_or(*node));
            return format!("{stage}, without {}", cache.map_or_else(String::new, |node| self.path(node)));
        }
        let tools: Vec<String> = tools(finding.kind).iter().map(|words| (*words).to_owned()).collect();
        let later = self.runs_between(place.layer, None).filter(|run| self.has_any(run, &tools));
        let runs: Vec<&Place<'_>> = std::iter::once(place).chain(later).collect();
        let runs = if runs.len() > 1 { format!(" in {}", names_of(&runs)) } else { String::new() };
        format!("{stage}, or {}{runs}", mounting(&mounts))
    }

    /// For caches of pip, uv, Poetry, Pipenv and PDM, which one RUN may fill.
    pub(super) fn of_python_cache(&self, finding: &Finding, place: &Place<'_>) -> String {
        let names = ["pip", "uv", "pypoetry", "pipenv", "pdm"];
        let mut nodes: Vec<NodeId> = Vec::new();
        for group in finding.groups.iter().take(MAX_GROUPS) {
            let node = self.named_above(group.place, &names).unwrap_or(group.place);
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        if nodes.is_empty() || self.is_needed_later(finding, place, &nodes) {
            return self.removal_of(finding, place, &nodes);
        }
        let mut ways: Vec<String> = Vec::new();
        let mut others: Vec<NodeId> = Vec::new();
        for node in &nodes {
            match self.tree.name(*node) {
                b"pip" if place.program_of(PackageManager::Pip).is_some() => {
                    ways.push("write `pip install --no-cache-dir`".to_owned());
                }
                b"pip" => ways.push("set `PIP_NO_CACHE_DIR=1`".to_owned()),
                b"uv" => ways.push("set `UV_NO_CACHE=1`".to_owned()),
                _ => others.push(*node),
            }
        }
        let whole = nodes.iter().filter(|node| !others.contains(node));
        let mut mounts: Vec<Option<String>> = whole.map(|node| self.mount_option(finding, *node)).collect();
        if !others.is_empty() {
            // Beside a cache may be environments.
            let mut removable: Vec<NodeId> = Vec::new();
            for group in finding.groups.iter().take(MAX_GROUPS).map(|group| group.place) {
                let Some(named) = self.named_above(group, &names).filter(|node| others.contains(node)) else {
                    continue;
                };
                let directory = self.outermost(finding, group, named);
                let node = directory.unwrap_or(group);
                if !removable.contains(&node) && self.is_removable(finding, node) {
                    removable.push(node);
                    mounts.push(directory.and_then(|node| self.cache_option(node)));
                }
            }
            if removable.is_empty() {
                mounts.push(None);
            }
            ways.push(self.removal_of(finding, place, &removable));
        }
        ways.dedup();
        let ways = ways.join(" and ");
        // A mount for a part of the caches would leave the rest in the image.
        match mounts.into_iter().collect::<Option<Vec<String>>>() {
            Some(mounts) => format!("{ways}, or {}", mounting(&mounts)),
            None => ways,
        }
    }

    /// For caches of npm, Yarn, pnpm, Bun and bundlers, of which an image may have several.
    pub(super) fn of_node_cache(&self, finding: &Finding, place: &Place<'_>) -> String {
        let names = [".npm", "yarn", ".pnpm-store", "store", ".cache", "cache", ".turbo", "node-gyp", "electron"];
        let mut caches: Vec<(NodeId, NodeId)> = Vec::new();
        for group in finding.groups.iter().take(MAX_GROUPS).map(|group| group.place) {
            let named = self.named_above(group, &names).unwrap_or(group);
            let node = self.outermost(finding, group, named).unwrap_or(group);
            if !caches.iter().any(|(known, _)| *known == node) {
                caches.push((node, named));
            }
        }
        let nodes: Vec<NodeId> = caches.iter().map(|(node, _)| *node).collect();
        let has = |name: &[u8]| caches.iter().find(|(_, named)| self.tree.name(*named) == name);
        let is_other = |(_, named): &&(NodeId, NodeId)| ![&b".npm"[..], b"yarn"].contains(&self.tree.name(*named));
        let others: Vec<NodeId> = caches.iter().filter(is_other).map(|(node, _)| *node).collect();
        if others.len() == caches.len() || self.is_needed_later(finding, place, &nodes) {
            return self.removal_of(finding, place, &nodes);
        }
        let mut commands: Vec<String> = Vec::new();
        commands.extend(has(b".npm").map(|_| "npm cache clean --force".to_owned()));
        commands.extend(has(b"yarn").map(|_| "yarn cache clean".to_owned()));
        let (removal, rest) = self.removal_of_some(finding, place, &others);
        commands.extend(removal);
        let remedy = place.adds(&commands.join(" && "));
        match (&caches[..], has(b".npm")) {
            ([_], Some((_, named))) => self.or_cache_mount(remedy, finding, *named),
            _ => remedy + &and_others(rest),
        }
    }

    /// True if a RUN above `place` needs the files of a cache: it works offline, or names one of these directories.
    pub(super) fn is_needed_later(&self, finding: &Finding, place: &Place<'_>, nodes: &[NodeId]) -> bool {
        !matches!(self.later_use_of(finding.kind, place, nodes), LaterUse::Excluded)
    }

    /// The directory with intermediate files of Cargo around a node.
    fn target_above(&self, node: NodeId) -> Option<NodeId> {
        let is_in_target = |node: NodeId| self.named_above(node, &["target"]).is_some();
        self.named_above(node, &["deps", "build", "incremental", ".fingerprint"]).filter(|node| is_in_target(*node))
    }

    /// The outermost directory of a build cache at or above a node.
    fn build_cache_above(&self, node: NodeId) -> Option<NodeId> {
        let above = self.tree.ancestors(node);
        let is_cache = |node: &NodeId| {
            let parent = self.tree.parent(*node).map_or(&b""[..], |parent| self.tree.name(parent));
            CACHES.iter().any(|(above, name)| self.tree.name(*node) == name.as_bytes() && parent == above.as_bytes())
        };
        above.filter(is_cache).last()
    }

    /// The option that mounts a cache at `named`, or at the outermost directory below it where it hides files of the kind alone.
    fn mount_option(&self, finding: &Finding, named: NodeId) -> Option<String> {
        self.cache_option(self.mount_point(finding, named)?)
    }
}

/// A sentence that mounts a cache with each of these options.
fn mounting(options: &[String]) -> String {
    match options {
        [option] => format!("mount a cache: `RUN {option}`"),
        options => format!("mount caches: `RUN {}`", options.join("` and `")),
    }
}
