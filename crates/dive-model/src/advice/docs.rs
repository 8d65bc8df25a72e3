//! What to write instead of documentation and translations that packages bring: which directories of them, with their bytes.
//! Licences stay.

use std::cmp::Reverse;

use super::finding::Finding;
use super::kind::AdviceKind;
use super::package_managers::PackageManager;
use super::place::Place;
use super::remedy::{DocsByLayer, Remedies};
use crate::tree::NodeId;
use crate::units::Bytes;

/// Directories of `/usr/share`.
const DOCUMENTATION: [&str; 7] = ["doc", "man", "info", "help", "gtk-doc", "locale", "lintian"];

impl Remedies<'_> {
    /// The sentence, with the directories of this layer, largest first.
    pub(super) fn of_docs(&self, finding: &Finding, place: &Place<'_>) -> String {
        let all = self.docs_by_layer.get_or_init(|| self.docs());
        let bytes = |name: &&'static str| all.get(&(place.layer, *name)).map_or(0, |sum| sum.get());
        let mut names: Vec<&str> = DOCUMENTATION.into_iter().filter(|name| bytes(name) > 0).collect();
        names.sort_by_key(|name| Reverse(bytes(name)));
        let sizes: Vec<String> = names.iter().map(|name| format!("{name} {}", Bytes(bytes(name)))).collect();
        let sizes = if sizes.is_empty() { String::new() } else { format!(" ({})", sizes.join(", ")) };
        let managers = [PackageManager::Apk, PackageManager::Apt, PackageManager::Dnf];
        let started = managers.into_iter().find_map(|manager| Some((manager, place.program_of(manager)?)));
        let instead = match started {
            Some((PackageManager::Apk, _)) => "do not install packages whose names end in `-doc` or `-lang`".to_owned(),
            Some((PackageManager::Apt, _)) if !names.is_empty() => {
                format!("before the installation, run `{}`", excluding(&names))
            }
            Some((PackageManager::Apt, _)) => {
                "exclude them before the installation (`path-exclude` of dpkg)".to_owned()
            }
            Some((_, program)) if program == "microdnf" => "write `microdnf install --nodocs`".to_owned(),
            Some((_, program)) => format!("write `{program} install --setopt=tsflags=nodocs`"),
            None => finding.kind.row().instead.to_owned(),
        };
        instead + &sizes
    }

    fn docs(&self) -> DocsByLayer {
        let mut docs = DocsByLayer::new();
        let share = self.tree.find(b"usr/share");
        for name in DOCUMENTATION {
            let directory = share.and_then(|share| self.tree.child(share, name.as_bytes()));
            let mut pending: Vec<NodeId> = directory.into_iter().collect();
            while let Some(node) = pending.pop() {
                pending.extend(self.tree.children(node));
                let is_claimed = self.removable_kinds(node).contains(AdviceKind::DocsAndLocales);
                let newest = self.tree.spans(node).next().map(|id| self.tree.span(id));
                if let Some(span) = newest.filter(|span| is_claimed && span.end().is_none() && span.kind.is_file()) {
                    *docs.entry((span.from(), name)).or_default() += span.size;
                }
            }
        }
        docs
    }
}

/// A command for dpkg to leave out these directories, but no licence.
fn excluding(names: &[&str]) -> String {
    const FILE: &str = "/etc/dpkg/dpkg.cfg.d/docs";
    let licences = if names.contains(&"doc") {
        format!(" && echo 'path-include=/usr/share/doc/*/copyright' >> {FILE}")
    } else {
        String::new()
    };
    format!("printf 'path-exclude=/usr/share/%s/*\\n' {} > {FILE}{licences}", names.join(" "))
}
