//! Findings of few files name all of them, with names that the next build has, too. A failure means that a remedy deletes a part, or
//! that nobody can tell which files are meant.

use super::contents::elf;
use super::{finds, says};
use crate::build::{Image, Layer, image};

/// Files of one layer, and its RUN.
fn stored(paths: &[&str], script: &str) -> Image {
    let fill =
        |l: Layer| paths.iter().zip(1_u8..).fold(l, |l, (path, at)| l.file(path, format!("{at} ").repeat(4_000)));
    image().runs_as("app").layer(|l| fill(l).created_by(&format!("RUN /bin/sh -c {script} # buildkit")))
}

#[test]
fn few_files_of_a_shared_directory_are_named() {
    let dumps = image().layer(|l| {
        let l = l.file("app/main", "1").file("app/core", elf(4, 0)).file("srv/core", elf(4, 1));
        l.file("srv/x", "1").created_by("RUN /bin/sh -c make test # buildkit")
    });
    let opened = dumps.open();
    let found = opened.opened().advice(dive_model::advice::KindSet::on()).findings;
    let dump = found.iter().find(|finding| finding.kind == dive_model::advice::AdviceKind::CoreDump).unwrap();
    assert_eq!(dump.remedy, "layer 0: add `&& rm -rf /srv/core /app/core`");
    finds(
        &stored(&["app/.DS_Store", "app/x/.DS_Store", "app/main", "app/x/main"], "unzip app"),
        "editor-and-os-files 16000 B 2 files layer 0 /app/.DS_Store",
    );
}

#[test]
fn every_cache_of_node_is_deleted() {
    says(
        &stored(&["app/.next/cache/a", "app/node_modules/.cache/b", "app/.turbo/c", "app/main"], "npm run build"),
        &["layer 0: add `&& rm -rf /app/.next/cache /app/.turbo /app/node_modules/.cache`"],
    );
    says(
        &stored(&["root/.npm/_cacache/a", "root/.cache/node-gyp/b", "root/x"], "npm ci"),
        &["layer 0: add `&& npm cache clean --force && rm -rf /root/.cache/node-gyp`"],
    );
    says(
        &stored(
            &["root/.cache/pypoetry/cache/a", "root/.cache/pypoetry/artifacts/b", "root/.cache/pypoetry/virtualenvs/x"],
            "poetry install",
        ),
        &["layer 0: add `&& rm -rf /root/.cache/pypoetry/artifacts /root/.cache/pypoetry/cache`, or mount caches: \
           `RUN --mount=type=cache,target=/root/.cache/pypoetry/artifacts` and \
           `--mount=type=cache,target=/root/.cache/pypoetry/cache`"],
    );
}

#[test]
fn every_mode_copy_and_hidden_file_is_named() {
    let modes = image().runs_as("app").layer(|l| {
        let l = l.file("opt/a", "1").mode(0o4755).file("opt/b", "1").mode(0o2755);
        l.created_by("RUN /bin/sh -c make # buildkit")
    });
    says(&modes, &["layer 0: add `&& chmod ug-s /opt/a /opt/b`"]);
    let big = |letter: &str| letter.repeat(70_000);
    let copies = image().runs_as("app").layer(|l| {
        let l = l.file("opt/a", big("a")).file("opt/b", big("b")).file("srv/a", big("a")).file("srv/b", big("b"));
        l.created_by("RUN /bin/sh -c make # buildkit")
    });
    says(
        &copies,
        &["layer 0: write `ln -sf /opt/a /srv/a && ln -sf /opt/b /srv/b`; each two have the same size and hash"],
    );
    let deleted = stored(&["opt/a", "opt/b", "opt/c"], "make")
        .layer(|l| l.whiteout("opt/a").whiteout("opt/b").created_by("RUN /bin/sh -c rm /opt/a /opt/b # buildkit"));
    says(&deleted, &["layer 0: delete /opt/a and /opt/b here instead of in layer 1"]);
    let repositories = image().runs_as("app").layer(|l| {
        let l = l
            .file("app/.git/HEAD", "1")
            .file("app/.git/objects/a", "1")
            .file("app/x/.svn/wc.db", "1")
            .file("app/y", "1");
        l.created_by("COPY . /app # buildkit")
    });
    says(&repositories, &["layer 0: add `**/.git` and `**/.svn` to .dockerignore"]);
}

#[test]
fn names_that_change_in_each_build_are_patterns() {
    for (paths, script, command) in [
        (&["tmp/tmp.AbCdEf1234/x", "var/tmp/y"][..], "make", "rm -rf /tmp/tmp.*/x /var/tmp/y"),
        (&["tmp/tmp.AbCdEf1234/x"], "make -C /tmp/tmp.AbCdEf1234", "rm -rf /tmp/tmp.AbCdEf1234/x"),
        (&["app/hs_err_pid17.log", "app/main"], "java x", "rm -rf /app/hs_err_pid*.log"),
        (&["app/hs_err_pid1.log", "app/hs_err_pid2.log", "app/main"], "java x", "rm -rf /app/hs_err_pid*.log"),
    ] {
        let opened = stored(paths, script).open();
        let remedy = &opened.opened().advice(dive_model::advice::KindSet::on()).findings[0].remedy;
        assert!(remedy.starts_with(&format!("layer 0: add `&& {command}`")), "{remedy}");
    }
    let deleted = |rm: &str| {
        stored(&["tmp/pip-abc/x.whl", "srv/a"], "pip download x")
            .layer(|l| l.whiteout("tmp/pip-abc").created_by(&format!("RUN /bin/sh -c {rm} # buildkit")))
    };
    says(&deleted("rm -rf /tmp/pip-*"), &["layer 0: delete `/tmp/pip-*` here instead of in layer 1"]);
    says(&deleted("find /tmp -delete"), &["layer 0: delete `/tmp/pip-*/x.whl` here instead of in layer 1"]);
}
