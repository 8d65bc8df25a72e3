//! Files that an own instruction stores again: whose they are, and which of them are no advice. A failure means that a `chown -R` over
//! the base is called the base's fault, or that a correct Dockerfile gets a warning.

use dive_model::advice::{AdviceKind, AdviceScope, FindingState, KindSet, OwnBoundary};
use dive_model::image::ImagePart;

use super::{finds, says};
use crate::build::{Format, Image, Layer, image};
use crate::user::User;

const SIZE: usize = 5_000;

/// A base with packages and a program.
fn base() -> Image {
    image().runs_as("app").layer(|l| l.file("var/lib/dpkg/status", "1").file("usr/bin/x", "x".repeat(SIZE)))
}

#[test]
fn files_of_the_base_that_an_own_layer_stores_again_are_ours() {
    let again = |content: &str, mode: u32, command: &str| {
        base().layer(|l| l.file("usr/bin/x", content.repeat(SIZE)).mode(mode).created_by(command))
    };
    let chown = again("x", 0o700, "RUN /bin/sh -c chmod -R 700 /usr # buildkit");
    finds(&chown, "rewritten-metadata 5000 B 1 files layer 0 hidden by 1 /usr/bin/x");
    says(
        &chown,
        &["layer 1: change owner and mode of the image's own files only; this stores /usr/bin/x of the base again"],
    );
    let upgrade = again("y", 0o644, "RUN /bin/sh -c apt-get upgrade -y # buildkit");
    finds(&upgrade, "overwritten-later 5000 B 1 files layer 0 hidden by 1 /usr/bin/x");
    says(
        &upgrade,
        &["layer 1: use a newer base that has these versions of the packages; this stores /usr/bin/x again"],
    );
    let copied = again("x", 0o644, "COPY x /usr/bin/ # buildkit");
    finds(&copied, "copied-again 5000 B 1 files layer 0 hidden by 1 /usr/bin/x");
    // Nothing is stored again: another base is smaller, not another RUN.
    let deleted = base().layer(|l| l.whiteout("usr/bin/x").created_by("RUN /bin/sh -c rm /usr/bin/x # buildkit"));
    finds(&deleted, "deleted-later 5000 B 1 files layer 0 hidden by 1 of the base /usr/bin/x");
}

/// The COPY stores the files again, not the RUN that made them first.
#[test]
fn a_copy_that_is_deleted_is_named_itself() {
    let file = |l: crate::build::Layer| l.file("app/x", "x".repeat(SIZE));
    let image = image()
        .runs_as("app")
        .layer(|l| file(l).created_by("RUN /bin/sh -c npm ci # buildkit"))
        .layer(|l| file(l).created_by("COPY . /app # buildkit"))
        .layer(|l| l.whiteout("app/x").created_by("RUN /bin/sh -c npm run clean # buildkit"));
    finds(
        &image,
        "deleted-later 5000 B 1 files layer 1 hidden by 2 /app/x\n\
         copied-again 5000 B 1 files layer 0 hidden by 1 /app/x\n",
    );
}

/// The first RUN can delete lists that the second one fetches again.
#[test]
fn lists_that_a_later_run_fetches_again_are_deleted_in_the_first() {
    let update = |content: &str, command: &str| {
        let (content, command) = (content.repeat(SIZE), format!("RUN /bin/sh -c {command} # buildkit"));
        move |l: crate::build::Layer| l.file("var/lib/apt/lists/a", content).created_by(&command)
    };
    let image = image()
        .runs_as("app")
        .layer(update("x", "apt-get update && apt-get install -y x"))
        .layer(update("y", "apt-get update && apt-get install -y y"));
    says(
        &image,
        &["layer 0: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches: \
          `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and \
          `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`; do the same in layer 1, which would download them again"],
    );
}

/// A package has its owners, and `apt-get update` writes what it fetches.
#[test]
fn files_of_packages_that_an_own_layer_stores_again_are_no_advice_on_their_installation() {
    let program =
        |l: crate::build::Layer| l.file("usr/bin/y", "y".repeat(SIZE)).file("var/lib/apt/lists/a", "x".repeat(SIZE));
    let image = base()
        .layer(|l| program(l).created_by("RUN /bin/sh -c apt-get update && apt-get install -y y # buildkit"))
        .layer(|l| program(l).owner(7, 7).created_by("RUN /bin/sh -c chown -R 7 / && apt-get purge y # buildkit"));
    says(
        &image,
        &[
            "layer 2: change owner and mode of the image's own files only; this stores /usr/bin/y of packages again",
            "layer 1: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches: \
             `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and \
             `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`",
        ],
    );
}

/// Only the base can leave out files of the base: an instruction that deletes or replaces some saves nothing.
#[test]
fn files_of_the_base_that_an_own_layer_deletes_or_replaces_have_true_sentences() {
    let after = |layer: fn(Layer) -> Layer, command: &str| base().layer(|l| layer(l).created_by(command));
    let deleted = after(|l| l.whiteout("usr/bin/x"), "RUN /bin/sh -c rm /usr/bin/x # buildkit");
    says(
        &deleted,
        &[
            "layer 1: deleting /usr/bin/x of the base frees nothing, since the base still stores it; use a base without it",
        ],
    );
    let archive = deleted.save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let of_base = "Not yours, in the distribution in layer 0: 5.0 kB";
    let frees_nothing = "The image deletes 5.0 kB of it, which frees nothing: the base still stores the\nfiles.\n";
    User::new().runs(&["advise", path]).ends_with(0).prints(&[of_base, frees_nothing]);
    let replaced = after(|l| l.file("usr/bin/x", "y".repeat(SIZE)), "COPY x /usr/bin/ # buildkit");
    says(
        &replaced,
        &[
            "layer 1: this replaces /usr/bin/x of the base, which still stores it; only leaving it unchanged saves these \
           bytes",
        ],
    );
    // The base's own waste is not the work of the image.
    let own = base().layer(|l| l.whiteout("usr/bin/x").created_by("RUN /bin/sh -c rm /usr/bin/x # buildkit"));
    let opened = own.open();
    let scope =
        AdviceScope { kinds: KindSet::on(), own: Some(OwnBoundary::Base(2)), state_of: &mut |_| FindingState::Open };
    let remedy = &opened.opened().advice_on(scope).findings[0].remedy;
    assert!(!remedy.contains("frees nothing"), "{remedy}");
}

/// The hidden copy is in the base, even if an own layer causes the waste.
#[test]
fn bytes_count_where_they_are_stored() {
    let image = base().layer(|l| l.file("usr/bin/x", "y".repeat(SIZE)).created_by("RUN /bin/sh -c make # buildkit"));
    let opened = image.open();
    let opened = opened.opened();
    let (of_base, ours) = opened.advice(KindSet::on()).partitions(&opened.tree, &opened.analysis.exact);
    assert_eq!((of_base.total_bytes, of_base.waste_bytes), (SIZE as u64 + 1, SIZE as u64));
    assert_eq!((ours.total_bytes, ours.waste_bytes), (SIZE as u64, 0));
}

/// A clean installation is no warning.
#[test]
fn state_of_package_managers_is_a_kind_of_its_own() {
    let paths = [
        "var/lib/dpkg/info/x.list",
        "var/log/dpkg.log",
        "var/cache/ldconfig/aux-cache",
        "var/lib/dpkg/triggers/File",
        "etc/shells",
    ];
    let written = |content: &'static str| {
        move |l: crate::build::Layer| paths.iter().fold(l, |l, path| l.file(path, content.repeat(SIZE)))
    };
    for content in ["x", "y"] {
        let image = image()
            .runs_as("app")
            .layer(|l| written("x")(l.file("var/lib/dpkg/status", "1")))
            .layer(|l| written(content)(l).created_by("RUN /bin/sh -c apt-get install -y a # buildkit"));
        let found = image.open().opened().advice(KindSet::on()).findings;
        let found: Vec<_> = found.iter().map(|finding| (finding.kind.id(), finding.size_bytes)).collect();
        assert_eq!(found, [("overwritten-by-package-manager", 5 * SIZE as u64)], "{content}");
    }
}

/// Documentation everywhere recommends this order.
#[test]
fn lists_of_dependencies_copied_for_an_installation_are_no_finding() {
    let of = |run: &str, name: &str| {
        let file = format!("app/{name}");
        image()
            .runs_as("app")
            .layer(|l| l.file(&file, "x".repeat(SIZE)).created_by("COPY package*.json ./ # buildkit"))
            .layer(|l| l.file("app/node_modules/a", "1").created_by(run))
            .layer(|l| l.file(&file, "x".repeat(SIZE)).created_by("COPY . . # buildkit"))
    };
    let install = "RUN /bin/sh -c npm ci # buildkit";
    for name in [
        "package.json",
        "package-lock.json",
        "requirements-dev.txt",
        "go.sum",
        "flake.lock",
        "build.gradle.kts",
        "App.csproj",
    ] {
        finds(&of(install, name), "");
    }
    for image in [of(install, "data.bin"), of("COPY a b # buildkit", "package.json")] {
        let found = image.open().opened().advice(KindSet::on()).findings;
        assert_eq!(found.iter().map(|finding| finding.kind.id()).collect::<Vec<_>>(), ["copied-again"]);
    }
}

#[test]
fn a_few_hidden_bytes_are_no_line_of_a_report() {
    let of = |size: usize| {
        let image = image()
            .runs_as("app")
            .layer(|l| l.file("app/a", "x".repeat(size)).created_by("RUN /bin/sh -c make # buildkit"))
            .layer(|l| l.whiteout("app/a").created_by("RUN /bin/sh -c rm /app/a # buildkit"));
        let archive = image.save(Format::DockerArchive);
        let user = User::new().writes(".dive-ci", "rules: { lowestEfficiency: off, highestUserWastedPercent: off }\n");
        let path = archive.path().to_str().unwrap();
        let report = user.runs(&["advise", path]).ends_with(0).stdout + &user.runs(&["--ci", path]).ends_with(0).stdout;
        let document = user.runs(&["advise", path, "--format", "json"]).ends_with(0).stdout;
        (report.matches("deleted-later").count(), document.matches("deleted-later").count())
    };
    assert_eq!(of(80), (0, 1), "documents have all");
    assert_eq!(of(4_000), (2, 1));
}

/// The instruction that brings a file is to be changed, not a `chown` after it.
#[test]
fn visible_files_are_advice_on_the_layer_that_brings_them() {
    let files = |l: crate::build::Layer, owner: u64| {
        l.file("app/.git/HEAD", "1").owner(owner, 0).file("app/.git/objects/a", "1234").owner(owner, 0)
    };
    let image = image()
        .runs_as("app")
        .layer(|l| files(l, 0).created_by("COPY . /app # buildkit"))
        .layer(|l| files(l, 7).created_by("RUN /bin/sh -c chown -R 7 /app # buildkit"));
    finds(
        &image,
        "
        rewritten-metadata 5 B 2 files layer 0 hidden by 1 /app/.git/objects/a
        vcs-folder 5 B 2 files layer 0 /app/.git/objects/a
        ",
    );
    let deleted = image.layer(|l| l.whiteout("app/.git").created_by("RUN /bin/sh -c rm -r /app/.git # buildkit"));
    finds(
        &deleted,
        "
        deleted-later 5 B 2 files layer 0 hidden by 2 /app/.git
        rewritten-metadata 5 B 2 files layer 0 hidden by 1 /app/.git/objects/a
        ",
    );
}

/// The base brought the files, but their bytes are in the own layer: a rule about own layers must not overlook them.
#[test]
fn visible_files_of_the_base_that_an_own_layer_stores_again_are_ours() {
    let cache = |l: crate::build::Layer, owner: u64| {
        l.file("root/.cache/pip/a", "1234").owner(owner, 0).file("root/.cache/pip/b", "56").owner(owner, 0)
    };
    let changed = |owner: u64| {
        move |l: crate::build::Layer| cache(l, owner).created_by("RUN /bin/sh -c chown -R app /root # buildkit")
    };
    let image = image()
        .runs_as("app")
        .layer(|l| cache(l, 0).file("var/lib/dpkg/status", "1"))
        .layer(changed(7))
        .layer(changed(8));
    finds(
        &image,
        "
        rewritten-metadata 6 B 2 files layer 0 hidden by 1 /root/.cache/pip/a
        rewritten-metadata 6 B 2 files layer 1 hidden by 2 /root/.cache/pip/a
        python-cache 6 B 2 files layer 1 /root/.cache/pip
        ",
    );
    let opened = image.open();
    let advice = opened.opened().advice(KindSet::on());
    let of_cache = advice.findings.iter().find(|finding| finding.kind == AdviceKind::PythonCache).unwrap();
    assert_eq!(
        of_cache.remedy,
        "layer 1: change owner and mode of the image's own files only; this stores these files below /root/.cache/pip of \
         the base again"
    );
    let (of_base, ours) = advice.partitions(opened.tree(), &opened.exact());
    assert_eq!((of_base.advice_bytes, ours.advice_bytes), (0, 6));
    // A cache that is filled again has the remedy of caches.
    let filled = crate::build::image().runs_as("app").layer(|l| cache(l, 0).file("var/lib/dpkg/status", "1"));
    let filled = filled.layer(|l| cache(l, 7).created_by("RUN /bin/sh -c pip install x # buildkit")).open();
    let found = filled.opened().advice([AdviceKind::PythonCache].into_iter().collect()).findings;
    assert!(found[0].remedy.contains("--no-cache-dir"), "{}", found[0].remedy);
    // What an own layer stores again and another one deletes wastes bytes of the own one.
    let deleted = image.layer(|l| l.whiteout("root/.cache").created_by("RUN /bin/sh -c rm -r /root/.cache # buildkit"));
    let found = deleted.open().opened().advice(KindSet::on()).findings;
    let found: Vec<_> = found.iter().map(|finding| (finding.kind.id(), finding.part, finding.layer)).collect();
    assert!(found.iter().all(|(_, part, _)| *part == ImagePart::Ours), "{found:?}");
}
