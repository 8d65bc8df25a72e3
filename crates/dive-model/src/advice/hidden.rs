//! What to write instead of files that a later layer hides.

use super::finding::{AdviceGroup, AttributeChanges, Finding};
use super::kind::AdviceKind;
use super::later_runs::READING_REPOSITORY;
use super::mounts::CHANGING_ATTRIBUTES;
use super::named_files::{NamedFiles, some_below};
use super::place::{CopySource, Place, names_of};
use super::remedy::Remedies;
use super::removal::PATHS;
use super::shell_commands::ShellCommand;
use crate::image::{ImagePart, Keyword};
use crate::tree::NodeId;

impl Remedies<'_> {
    /// The sentence of a finding of waste.
    pub(super) fn of_waste(
        &self,
        finding: &Finding,
        holds: &Place<'_>,
        hides: &Place<'_>,
        changes: &AttributeChanges,
    ) -> String {
        let files = self.hidden_files(finding, holds, hides);
        let NamedFiles { name: path, them } = &files;
        let (held, hidden) = (&holds.name, &hides.name);
        let both = names_of(&[holds, hides]);
        let parts = [holds, hides].map(|place| self.own.part_of(place.layer));
        if parts == [ImagePart::Base, ImagePart::Ours]
            && let Some(remedy) = of_base_again(finding.kind, &files, hides)
        {
            return format!("{hidden}: {remedy}");
        }
        match finding.kind {
            _ if holds.layer == hides.layer => format!("{held}: write {path} once; the layer stores {them} twice"),
            AdviceKind::DeletedLater if holds.instruction.copies() => {
                format!("{held}: {}", self.of_deleted_copy(finding, &files, holds, hides))
            }
            AdviceKind::DeletedLater => self.of_deleted(finding, &files, holds, hides),
            AdviceKind::RewrittenMetadata if changes.are_of_times() => {
                if let Some(remedy) = of_same_attributes(&files, hides) {
                    return format!("{hidden}: {remedy}");
                }
                format!("{both} both write {path}, and only the times differ; write {them} once")
            }
            AdviceKind::RewrittenMetadata if self.is_of_packages(finding) && hides.changes_attributes() => {
                format!(
                    "{hidden}: change owner and mode of the image's own files only; this stores {path} of packages again"
                )
            }
            AdviceKind::RewrittenMetadata => self.of_owner_and_mode(finding, &files, holds, hides, changes),
            AdviceKind::CopiedAgain if self.stored_in(hides.layer).all() > finding.files => {
                format!(
                    "{hidden}: leave {path} out of this copy (`COPY --exclude=`, Dockerfile 1.19); {held} already stores \
                     {them} unchanged"
                )
            }
            AdviceKind::CopiedAgain => {
                format!("{hidden}: do not copy {path} again; {held} already stores {them} unchanged")
            }
            // Lists need no second installation: the first RUN can delete them.
            AdviceKind::PackageDatabases if holds.instruction.keyword == Keyword::Run && is_of_lists(finding) => {
                format!("{held}: {}", self.of_apt(finding, holds))
            }
            AdviceKind::PackageDatabases if parts == [ImagePart::Base, ImagePart::Ours] => {
                format!("{hidden}: each installation of packages stores {path} of the base again")
            }
            AdviceKind::PackageDatabases if hides.removal().is_some() => {
                format!("{both}: install and remove the packages in one RUN{}", self.place_of_packages(holds, hides))
            }
            AdviceKind::PackageDatabases => {
                format!("{both}: install the packages in one RUN{}", self.place_of_packages(holds, hides))
            }
            _ => format!("{both} both write {path}; write {them} once"),
        }
    }

    /// The sentence of visible files of the base that a layer stores again, unless it makes them as the base did.
    pub(super) fn of_visible_again(&self, finding: &Finding, again: &Place<'_>) -> Option<String> {
        let remedy = || of_base_again(AdviceKind::RewrittenMetadata, &self.hidden_files(finding, again, again), again);
        again.changes_attributes().then(remedy).flatten()
    }

    /// Where to install the packages of two RUNs: what runs between may need those of the first. Otherwise, the second may need what a
    /// COPY between brings.
    fn place_of_packages(&self, holds: &Place<'_>, hides: &Place<'_>) -> String {
        match self.runs_between(holds.layer, Some(hides.layer)).next() {
            Some(run) => format!(" before {}", run.name),
            None => self.behind_copies(holds, Some(hides)),
        }
    }

    /// The groups of hidden files. If a directory still exists, it may have other files.
    fn hidden_files(&self, finding: &Finding, holds: &Place<'_>, hides: &Place<'_>) -> NamedFiles {
        let name = |group: &AdviceGroup| {
            let path = self.spelled(group.place, holds, hides);
            let is_shared = group.files > 1 && self.tree.visible(group.place, hides.layer).is_some();
            if is_shared { some_below(&path) } else { path }
        };
        NamedFiles::of(&finding.groups, name)
    }

    /// Files that a COPY or ADD brings and a later layer deletes. A RUN between may need them.
    fn of_deleted_copy(&self, finding: &Finding, files: &NamedFiles, holds: &Place<'_>, hides: &Place<'_>) -> String {
        let (NamedFiles { name: path, them }, hidden, deletes) = (files, &hides.name, deletes(hides));
        if self.has_secrets(finding) {
            return format!(
                "do not copy {path}: write `RUN --mount=type=secret` (or `--mount=type=ssh`), and replace the keys: {hidden} \
                 {deletes} {them}, but the image still has {them}"
            );
        }
        let is_unused = self.is_unused(finding, holds, hides);
        if holds.unpacks() && is_unused {
            return format!("leave {path} out of the archive that the ADD unpacks; {hidden} {deletes} {them}");
        }
        if holds.unpacks() {
            return format!(
                "unpack and use the archive in an earlier stage, and copy what the image needs; {hidden} {deletes} {path}"
            );
        }
        if holds.fetches() {
            return format!("fetch {path} in the RUN that uses {them}; {hidden} {deletes} {them}");
        }
        if is_unused {
            return format!(
                "exclude {path} from the copy, or copy {them} in an earlier stage; {hidden} {deletes} {them}"
            );
        }
        let nodes: Vec<NodeId> = finding.groups.iter().take(PATHS).map(|group| group.place).collect();
        let wanted = self.wanted(AdviceKind::VcsFolder, holds.layer, &nodes);
        let is_repository = finding.labels.iter().any(|(kind, _)| *kind == AdviceKind::VcsFolder);
        let mut runs = self.runs_between(holds.layer, Some(hides.layer)).chain([hides]);
        let uses =
            |run: &Place<'_>| self.names(run, &wanted) || (is_repository && self.has_any(run, &READING_REPOSITORY));
        // A script that no path of the files is in may still use them.
        if !runs.any(uses) {
            let ignored = if holds.source == CopySource::Context { ", for example in .dockerignore" } else { "" };
            let mount = holds.bind_mount();
            return format!(
                "exclude {path} from the copy{ignored}; a RUN that uses {them} can mount {them} ({mount}); {hidden} {deletes} {them}"
            );
        }
        let node = finding.groups.first().map_or(NodeId::ROOT, |group| group.place);
        if self.is_written_later(node, holds) {
            return format!(
                "use {path} in an earlier stage, and copy what the image needs; a later RUN writes to {them}"
            );
        }
        // A mount is read-only: `rm` fails, and so does `sed -i`. Other RUNs do not change the files: `hides` deletes what was copied.
        let copied = match &finding.groups[..] {
            [group] => self.copied_files(node, group.files, holds),
            _ => None,
        };
        let (path, them) = copied.as_ref().map_or((path, *them), |files| (files, "them"));
        let mount =
            format!("mount {path} in each RUN that uses {them} ({}) instead of copying {them}", holds.bind_mount());
        if std::str::from_utf8(self.tree.name(node)).is_ok_and(|name| hides.changes(name)) {
            return format!("{mount}; {hidden} changes {them}, so mount {them} elsewhere there, and `cp` {them} first");
        }
        let unless = if hides.only_deletes() { String::new() } else { format!(", unless {hidden} writes to {them}") };
        format!("{mount}{unless}; do not delete {them} in {hidden}: mounts are read-only")
    }

    /// Files that a RUN makes and a later layer deletes.
    fn of_deleted(&self, finding: &Finding, files: &NamedFiles, holds: &Place<'_>, hides: &Place<'_>) -> String {
        let (NamedFiles { name: path, them }, held, hidden) = (files, &holds.name, &hides.name);
        if holds.instruction.keyword != Keyword::Run || hides.instruction.keyword != Keyword::Run {
            return format!("{held}: do not store {path}; {hidden} {} {them}", deletes(hides));
        }
        let removal = hides.removal().filter(|_| self.is_of_packages(finding));
        // Those between may use the files, too.
        let between = self.runs_between(holds.layer, Some(hides.layer));
        let all: Vec<&Place<'_>> = std::iter::once(holds).chain(between).chain([hides]).collect();
        let (all, behind) = (names_of(&all), self.behind_copies(holds, Some(hides)));
        let is_unused = match removal {
            Some(_) => self.is_deleted_next(holds, hides),
            None => self.is_unused(finding, holds, hides),
        };
        match (removal, is_unused) {
            (Some(removal), true) => match removal.plain() {
                Some(removal) if holds.is_continuable() => {
                    format!("{held}: add `&& {removal}` here instead of in {hidden}")
                }
                _ => format!("{held}: remove the packages here instead of in {hidden}"),
            },
            (None, true) => format!("{held}: delete {path} here instead of in {hidden}"),
            (Some(_), false) => {
                format!("{all}: merge into one RUN{behind} and remove the packages at its end, or use a build stage")
            }
            (None, false) => {
                format!("{all}: merge into one RUN{behind} and delete {path} at its end, or use a build stage")
            }
        }
    }

    /// True if packages of a distribution install the largest group.
    pub(super) fn is_of_packages(&self, finding: &Finding) -> bool {
        let place = finding.groups.first().map(|group| group.place);
        place.is_some_and(|place| self.packages.contains(place) || self.tree.path(place) == b"/usr")
    }
}

/// True if all files are lists or indexes of apt.
fn is_of_lists(finding: &Finding) -> bool {
    finding.labels.iter().any(|(kind, bytes)| *kind == AdviceKind::AptLists && *bytes == finding.size_bytes)
}

/// `lines 4-7 delete`, but `line 4 deletes`.
fn deletes(place: &Place<'_>) -> &'static str {
    if place.name.starts_with("lines ") { "delete" } else { "deletes" }
}

/// Files that keep their owner and mode, and that `chown` or `chmod` stores again. `None` if the step does not start them, or if
/// `touch` may store the files.
fn of_same_attributes(files: &NamedFiles, hides: &Place<'_>) -> Option<String> {
    let NamedFiles { name: path, them } = files;
    let commands = hides.commands();
    let starts = |name: &str| commands.iter().any(|command| command.is(&[name]));
    let tools: Vec<String> =
        CHANGING_ATTRIBUTES.iter().filter(|name| starts(name)).map(|name| format!("`{name}`")).collect();
    let does = if tools.len() == 1 { "does" } else { "do" };
    (!tools.is_empty() && !starts("touch"))
        .then(|| format!("leave {path} out of {}, which {does} not change {them}", tools.join(" and ")))
}

/// Files of the base that an own instruction stores again.
fn of_base_again(kind: AdviceKind, files: &NamedFiles, hides: &Place<'_>) -> Option<String> {
    let NamedFiles { name: path, them } = files;
    match kind {
        AdviceKind::RewrittenMetadata if hides.changes_attributes() => {
            Some(format!("change owner and mode of the image's own files only; this stores {path} of the base again"))
        }
        AdviceKind::RewrittenMetadata => {
            Some(format!("do not rewrite {path} of the base: the content is the same, and stored again"))
        }
        AdviceKind::OverwrittenLater if hides.commands().iter().any(ShellCommand::is_of_distribution) => {
            Some(format!("use a newer base that has these versions of the packages; this stores {path} again"))
        }
        AdviceKind::OverwrittenLater => Some(format!(
            "this replaces {path} of the base, which still stores {them}; only leaving {them} unchanged saves these bytes"
        )),
        AdviceKind::DeletedLater => Some(format!(
            "deleting {path} of the base frees nothing, since the base still stores {them}; use a base without {them}"
        )),
        _ => None,
    }
}
