//! Advice on reclaimable files: which instruction stores them, which one hides them, and what they would have been.

use dive_model::advice::{AdviceKind, KindSet};

use super::{finds, says};
use crate::build::image;

#[test]
fn deleted_files_are_advice_on_the_instruction_that_stores_them() {
    let lists = "x".repeat(50);
    let image = image()
        .layer(|l| {
            l.file("var/lib/apt/lists/a", &lists).file("usr/bin/x", "123").created_by("/bin/sh -c apt-get update")
        })
        .layer(|l| l.whiteout("var/lib/apt/lists").created_by("/bin/sh -c rm -rf /var/lib/apt/lists"));
    finds(&image, "deleted-later 50 B 1 files layer 0 hidden by 1 /var/lib/apt/lists/a");
    says(&image, &["layer 0: delete /var/lib/apt/lists/a here instead of in layer 1"]);
    let opened = image.open();
    let advice = opened.opened().advice(KindSet::on());
    assert_eq!(advice.findings[0].labels, [(AdviceKind::AptLists, 50)], "what it would have been");
}

/// People expect `apk del` to make an image smaller.
#[test]
fn a_removal_of_packages_belongs_into_the_run_that_installs_them() {
    let of = |removal: &str| {
        image()
            .layer(|l| l.file("usr/bin/gcc", "1234").created_by("/bin/sh -c install"))
            .layer(|l| l.whiteout("usr/bin/gcc").created_by(removal))
    };
    says(
        &of("/bin/sh -c set -e; apk del .build-deps"),
        &["layer 0: add `&& apk del .build-deps` here instead of in layer 1"],
    );
    says(
        &of("RUN /bin/sh -c apt-get purge -y gcc && apt-get autoremove -y # buildkit"),
        &["layer 0: add `&& apt-get purge -y gcc` here instead of in layer 1"],
    );
    // The RUN also deletes other files.
    let cloned = image()
        .layer(|l| l.file("src/a.c", "1234").created_by("/bin/sh -c git clone x /src"))
        .layer(|l| l.whiteout("src/a.c").created_by("/bin/sh -c rm /src/a.c && apt-get purge -y gcc"));
    says(&cloned, &["layer 0: delete /src/a.c here instead of in layer 1"]);
    // The variable may have no value there.
    says(
        &of("/bin/sh -c apt-get purge -y --auto-remove $buildDeps"),
        &["layer 0: remove the packages here instead of in layer 1"],
    );
}

#[test]
fn copied_and_deleted_files_are_advice_on_the_copy() {
    let image = image()
        .layer(|l| l.file("app/src/a.c", "1234").created_by("COPY . /app # buildkit"))
        .layer(|l| l.whiteout("app/src").created_by("RUN /bin/sh -c rm -r /app/src # buildkit"));
    says(&image, &["layer 0: exclude /app/src/a.c from the copy, or copy it in an earlier stage; layer 1 deletes it"]);
}

/// The directory may have other files, which must stay.
#[test]
fn some_deleted_files_of_a_directory_are_not_the_directory() {
    let image = image()
        .layer(|l| {
            l.file("app/a.c", "1234").file("app/b.c", "1234").file("app/main", "1").created_by("/bin/sh -c make")
        })
        .layer(|l| l.whiteout("app/a.c").whiteout("app/b.c").created_by("/bin/sh -c rm /app/*.c"));
    says(&image, &["layer 0: delete /app/a.c and /app/b.c here instead of in layer 1"]);
}

#[test]
fn changed_attributes_and_times_are_told_apart() {
    let of = |first: &str, second: &str, mode: u32| {
        image()
            .layer(|l| l.file("app/a", "12345").created_by(first))
            .layer(|l| l.file("app/a", "12345").mode(mode).created_by(second))
    };
    let chown = of("COPY a /app/ # buildkit", "RUN /bin/sh -c chmod -R 700 /app # buildkit", 0o700);
    finds(&chown, "rewritten-metadata 5 B 1 files layer 0 hidden by 1 /app/a");
    says(&chown, &["layer 0: set the mode here (`COPY --chmod=700`) instead of in layer 1"]);
    let user = of("COPY a /app/ # buildkit", "RUN /bin/sh -c useradd a && chmod -R 700 /app # buildkit", 0o700);
    says(&user, &["layer 0: set the mode here (`COPY --chmod=700`) instead of in layer 1"]);
    let both = |run: &str| {
        let files = |l: crate::build::Layer| l.file("app/a", "12345").file("app/b", "12345");
        let made = image().runs_as("app").layer(|l| files(l).created_by("RUN /bin/sh -c make # buildkit"));
        made.layer(|l| {
            let l = l.file("app/a", "12345").mode(0o700).file("app/b", "12345");
            l.created_by(&format!("RUN /bin/sh -c {run} # buildkit"))
        })
    };
    let mode = "layer 0: set the mode here instead of in layer 1";
    says(&both("chmod 700 /app/a && touch /app/b"), &[&format!("{mode}; leave `touch` out of layer 1, too")]);
    says(&both("chmod 700 /app/a && cd /app && touch b"), &[&format!("{mode}; leave `touch` out of layer 1, too")]);
    says(&both("chmod 700 /app/a && touch /run/ready"), &[mode]);
    let touch = of("RUN /bin/sh -c make # buildkit", "RUN /bin/sh -c touch /app/a # buildkit", 0o644);
    says(&touch, &["layers 0 and 1 both write /app/a, and only the times differ; write it once"]);
    let again = of("COPY a /app/ # buildkit", "COPY . /app # buildkit", 0o644);
    finds(&again, "copied-again 5 B 1 files layer 0 hidden by 1 /app/a");
    says(&again, &["layer 1: do not copy /app/a again; layer 0 already stores it unchanged"]);
    let more = image().layer(|l| l.file("app/a", "12345").created_by("COPY a /app/ # buildkit"));
    let more = more.layer(|l| l.file("app/a", "12345").file("app/b", "1").created_by("COPY . /app # buildkit"));
    says(
        &more,
        &[
            "layer 1: leave /app/a out of this copy (`COPY --exclude=`, Dockerfile 1.19); layer 0 already stores it unchanged",
        ],
    );
}

#[test]
fn databases_of_packages_are_a_kind_of_their_own() {
    let image = image()
        .runs_as("app")
        .layer(|l| l.file("var/lib/dpkg/status", "1").file("app/a", "123"))
        .layer(|l| l.file("var/lib/dpkg/status", "22").file("app/a", "1234"));
    let base_is_first = "
        overwritten-later 3 B 1 files layer 0 hidden by 1 /app/a
        overwritten-by-package-manager 1 B 1 files layer 0 hidden by 1 of the base /var/lib/dpkg/status
        ";
    finds(&image, base_is_first);
}

#[test]
fn a_path_that_a_layer_stores_twice_is_named() {
    let image = image().layer(|l| l.file("a", "123").file("a", "1234"));
    finds(&image, "overwritten-later 3 B 1 files layer 0 hidden by 0 /a");
    says(&image, &["layer 0: write /a once; the layer stores it twice"]);
}

/// overlayfs stores each file again that `chown -R` visits, also one that has this owner.
#[test]
fn files_that_a_change_of_owner_or_mode_leaves_as_they_are_are_left_out_of_it() {
    let again = |run: &str| {
        let file = |l: crate::build::Layer| l.file("app/a", "x".repeat(5_000)).owner(7, 7);
        let image = image().runs_as("app").layer(|l| file(l).created_by("COPY --chown=app . /app # buildkit"));
        image.layer(|l| file(l).created_by(&format!("RUN /bin/sh -c {run} # buildkit")))
    };
    for (run, remedy) in [
        ("chown -R app:app /app", "layer 1: leave /app/a out of `chown`, which does not change it"),
        (
            "chmod -R 644 /app && chown -R app /app",
            "layer 1: leave /app/a out of `chown` and `chmod`, which do not change it",
        ),
        // It may be what stores the file.
        (
            "touch /app/a && chown app /app/b",
            "layers 0 and 1 both write /app/a, and only the times differ; write it once",
        ),
    ] {
        says(&again(run), &[remedy]);
    }
}

/// The context has the archive, not what is in it.
#[test]
fn an_archive_that_add_unpacks_is_unpacked_in_an_earlier_stage() {
    let image = image()
        .runs_as("app")
        .layer(|l| l.dir("src").file("src/a", "x".repeat(5_000)).created_by("ADD vendor.tar.gz /src/ # buildkit"))
        .layer(|l| l.whiteout("src/a").created_by("RUN /bin/sh -c cd /src && make && rm a # buildkit"));
    says(
        &image,
        &[
            "layer 0: unpack and use the archive in an earlier stage, and copy what the image needs; layer 1 deletes /src/a",
        ],
    );
}

/// Nothing between the two RUNs needs the files, so they need not be joined.
#[test]
fn files_that_no_step_uses_are_deleted_where_they_are_made() {
    let of = |path: &str, between: &[&str], last: &str| {
        let run = |script: &str| format!("RUN /bin/sh -c {script} # buildkit");
        let made = image()
            .runs_as("app")
            .layer(|l| l.file(path, "x".repeat(5_000)).file("srv/data/kept", "1").created_by(&run("make data")));
        let image = (0..).zip(between).fold(made, |image, (at, script)| {
            image.layer(|l| l.file(format!("app/{at}"), "1").created_by(&run(script)))
        });
        image.layer(|l| l.whiteout(path).created_by(&run(last)))
    };
    let deleted = |path: &str, layer: usize| format!("layer 0: delete {path} here instead of in layer {layer}");
    for (between, last) in [
        (&["chown -R app /srv"][..], "rm -rf data/raw"),
        (&["useradd app && chmod -R go+rX /srv /app", "mkdir -p /app/log && touch /app/log/a"], "rm /srv/data/raw"),
        (&["find /srv -type f -exec chmod 644 {} + && find /app | xargs chown app"], "rm -f /srv/data/raw"),
        (&["printf 1 > /app/0"], "cd /srv && rm -rf data/raw && chown -R app ."),
    ] {
        says(&of("srv/data/raw", between, last), &[&deleted("/srv/data/raw", between.len() + 1)]);
    }
    for (between, last) in [
        // Programs may read any file, also a name that stands in a substitution.
        (&["make"][..], "rm /srv/data/raw"),
        (&["chown app /srv/data/raw"], "rm /srv/data/raw"),
        (&["chmod +x /srv/data/r*"], "rm /srv/data/raw"),
        (&["mkdir /srv/data/raw.d"], "rm /srv/data/raw"),
        (&["touch `cat *`"], "rm /srv/data/raw"),
        (&["echo \"$(cat /srv/data/*)\""], "rm /srv/data/raw"),
        (&["chmod +x $PROGRAM"], "rm /srv/data/raw"),
        (&["find /srv -exec process {} +"], "rm /srv/data/raw"),
        (&["cd /srv/data/raw"], "rm /srv/data/raw"),
        (&["chown -R app /srv"], "process && rm /srv/data/raw"),
    ] {
        let image = of("srv/data/raw", between, last).open();
        let remedy = &image.opened().advice(dive_model::advice::KindSet::on()).findings[0].remedy;
        assert!(remedy.contains("merge into one RUN"), "{between:?} {last}: {remedy}");
    }
    // Programs read no documentation, but may be in a package.
    let doc = "usr/share/doc/git/copyright";
    says(
        &of(doc, &["npm ci"], "apt-get install -y jq && rm -rf /usr/share/doc/git"),
        &[&deleted(&format!("/{doc}"), 2)],
    );
    for (path, between) in [(doc, "cp -r /usr/share/doc /app"), ("usr/sbin/useradd", "chown -R app /srv")] {
        let image = of(path, &[between], "rm -rf /usr/share/doc/git /usr/sbin/useradd").open();
        let remedy = &image.opened().advice(dive_model::advice::KindSet::on()).findings[0].remedy;
        assert!(remedy.contains("merge into one RUN"), "{path}: {remedy}");
    }
    // A copied archive has no path in the context to exclude.
    let copied = |instruction: &str, last: &str| {
        let image = image().runs_as("app").layer(|l| l.file("src/raw", "x".repeat(5_000)).created_by(instruction));
        let image = image.layer(|l| l.file("app/0", "1").created_by("RUN /bin/sh -c chown -R app /src # buildkit"));
        image.layer(|l| l.whiteout("src/raw").created_by(last))
    };
    let last = "RUN /bin/sh -c rm /src/raw # buildkit";
    says(
        &copied("COPY src /src # buildkit", last),
        &["layer 0: exclude /src/raw from the copy, or copy it in an earlier stage; layer 2 deletes it"],
    );
    says(
        &copied("ADD vendor.tar.gz /src/ # buildkit", last),
        &["layer 0: leave /src/raw out of the archive that the ADD unpacks; layer 2 deletes it"],
    );
}
