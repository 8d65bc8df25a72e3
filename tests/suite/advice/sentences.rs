//! Sentences that must be right word for word: options that a builder reads, and numbers. A failure means that a user copies an
//! option that does not work.

use dive_model::advice::AdviceKind;
use serde_json::json;

use super::{remedies, says};
use crate::build::image;

#[test]
fn a_copy_has_the_owner_and_mode_of_the_later_run() {
    let changed = |run: &str, mode: u32, owner: u64| {
        let image = image().runs_as("app").layer(|l| l.file("app/a", "12345").created_by("COPY a /app/ # buildkit"));
        image.layer(|l| {
            let l = l.file("app/a", "12345").mode(mode).owner(owner, owner);
            l.created_by(&format!("RUN /bin/sh -c {run} # buildkit"))
        })
    };
    let instead = |what: &str| format!("layer 0: set {what} instead of in layer 1");
    for (run, mode, owner, what) in [
        ("chown -R app:app /app", 0o644, 7, "the owner here (`COPY --chown=app:app`)"),
        ("chown -R $USER /app", 0o644, 7, "the owner here (`COPY --chown=7:7`)"),
        ("chmod 755 /app/a", 0o755, 0, "the mode here (`COPY --chmod=755`)"),
        ("chmod +x /app/a", 0o755, 0, "the mode here (`COPY --chmod=755`)"),
        ("chown 7 /app/a && chmod 755 /app/a", 0o755, 7, "owner and mode here (`COPY --chown=7 --chmod=755`)"),
    ] {
        says(&changed(run, mode, owner), &[&instead(what)]);
    }
    // Several owners: of which file, the script alone knows.
    says(
        &changed("useradd -u 7 a && chown root /srv && chown a /app/a", 0o644, 7),
        &["layer 0: set the owner here (`COPY --chown=7:7`) instead of in layer 1"],
    );
    says(
        &changed("useradd -u 7 a && chown a /app/a", 0o644, 7),
        &[
            "layer 0: set the owner here (`COPY --chown=a`) instead of in layer 1; first create the user of layer 1 before layer 0",
        ],
    );
}

#[test]
fn labels_of_a_build_are_options_and_malformed_ones_are_named() {
    let with = |labels: serde_json::Value| image().layer(|l| l.file("a", "1")).set("Labels", labels);
    let key = |name: &str| format!("org.opencontainers.image.{name}");
    assert_eq!(
        remedies(
            &with(json!({ key("source"): "x", key("licenses"): "MIT", key("revision"): "4f2a" })),
            AdviceKind::Labels
        ),
        [
            "write `LABEL org.opencontainers.image.source=...`, and build with `--label org.opencontainers.image.created=...`; \
          malformed: org.opencontainers.image.source"
        ]
    );
}

/// The base has them, and no RUN of the image can change that.
#[test]
fn databases_of_the_base_are_not_installed_in_one_run() {
    let image = image()
        .runs_as("app")
        .layer(|l| l.file("var/lib/dpkg/status", "1"))
        .layer(|l| l.file("var/lib/dpkg/status", "22").created_by("RUN /bin/sh -c apt-get install -y x # buildkit"));
    says(&image, &["layer 1: each installation of packages stores /var/lib/dpkg/status of the base again"]);
}

#[test]
fn packages_of_a_second_python_are_listed() {
    let base = image().layer(|l| l.file("usr/local/bin/python3", "1").file("var/lib/dpkg/status", "1"));
    let image = base.layer(|l| {
        let l = l.file("usr/bin/python3.13", "1");
        l.created_by("RUN /bin/sh -c apt-get install -y python3-yaml python3-numpy # buildkit")
    });
    assert_eq!(
        remedies(&image, AdviceKind::TwoPythons),
        [
            "layer 1: python3-yaml and python3-numpy bring /usr/bin/python3.13, but /usr/local/bin/python3 does not see them; \
          install with pip instead"
        ]
    );
}

/// A wheel brings its headers: there is nothing to build in another stage.
#[test]
fn headers_of_a_python_package_are_deleted() {
    let image = image().runs_as("app").layer(|l| {
        let l = l.file("usr/lib/python3/site-packages/torch/include/a.h", "x".repeat(1_000_001));
        l.created_by("RUN /bin/sh -c pip install torch # buildkit")
    });
    says(
        &image,
        &[
            "layer 0: add `&& rm -rf /usr/lib/python3/site-packages/torch/include`, unless a later RUN or a program compiles \
           with them",
        ],
    );
}

/// Both findings about a repository say the same of it.
#[test]
fn a_copied_repository_is_mounted_for_a_run_that_reads_it() {
    let copied = |run: &str| {
        let image = image().runs_as("app").layer(|l| {
            let l = l.file("app/.git/HEAD", "1").file("app/.git/objects/a", "1").file("app/main", "1");
            l.file("app/Dockerfile", "1").created_by("COPY . /app # buildkit")
        });
        image.layer(|l| l.file("app/x", "1").created_by(&format!("RUN /bin/sh -c {run} # buildkit")))
    };
    says(
        &copied("git describe > x"),
        &[
            "layer 0: mount /app/.git in layer 1 (`RUN --mount=type=bind`) instead of copying it",
            "layer 0: write in .dockerignore what the image does not need: `/Dockerfile`",
        ],
    );
    let deleted = |run: &str| {
        let image = image().runs_as("app").layer(|l| {
            let l = l.file("app/.git/HEAD", "1").file("app/.git/objects/a", "x".repeat(5_000)).file("app/main", "1");
            l.created_by("COPY . /app # buildkit")
        });
        image.layer(|l| l.whiteout("app/.git").created_by(&format!("RUN /bin/sh -c {run} # buildkit")))
    };
    says(
        &deleted("make && rm -rf /app/.git"),
        &["layer 0: exclude /app/.git from the copy, for example in .dockerignore; a RUN that uses it can mount it \
           (`RUN --mount=type=bind`); layer 1 deletes it"],
    );
    says(
        &deleted("git describe && rm -rf /app/.git"),
        &[
            "layer 0: mount /app/.git in each RUN that uses it (`RUN --mount=type=bind`) instead of copying it, unless layer 1 \
           writes to it; do not delete it in layer 1: mounts are read-only",
        ],
    );
}
