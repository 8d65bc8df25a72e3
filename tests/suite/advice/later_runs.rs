//! What to write instead where a later RUN needs the files. A failure means that a remedy breaks the build.

use dive_model::advice::KindSet;

use super::says;
use crate::build::{Format, Image, image};
use crate::user::User;

/// An image whose layers have a file each, and the instructions that made them.
pub(super) fn built(layers: &[(&str, &str)]) -> Image {
    let fill = |image: Image, (path, command): &(&str, &str)| {
        image.layer(|l| match path.strip_prefix('-') {
            Some(path) => l.whiteout(path).created_by(command),
            None => l.file(path, format!("{path} ").repeat(5_000)).created_by(command),
        })
    };
    layers.iter().fold(image().runs_as("app"), fill)
}

const LISTS: &str = "var/lib/apt/lists/a";

/// Without the lists, `apt-get install` finds no package. A cache mounted in one of the RUNs is empty in the other.
#[test]
fn lists_stay_until_the_run_that_installs_from_them() {
    let update = (LISTS, "RUN /bin/sh -c apt-get update # buildkit");
    for (later, remedy) in [
        (
            &["apt-get install -y curl"][..],
            "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/lib/apt/lists/*`",
        ),
        (
            &["make", "sudo apt-get install -y curl", "apt-get -y install git"],
            "layer 0: join it with layers 1, 2 and 3 in one RUN that ends with `rm -rf /var/lib/apt/lists/*`",
        ),
        (
            &["sh -c 'apt-get install -y curl'"],
            "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/lib/apt/lists/*`",
        ),
        (&["make"], ADDED),
    ] {
        let later: Vec<(String, String)> = (0..)
            .zip(later)
            .map(|(at, script)| (format!("usr/bin/{at}"), format!("RUN /bin/sh -c {script} # buildkit")))
            .collect();
        let layers: Vec<(&str, &str)> =
            std::iter::once(update).chain(later.iter().map(|(path, command)| (&**path, &**command))).collect();
        says(&built(&layers), &[remedy]);
    }
}

const ADDED: &str = "layer 0: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches: \
    `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`";

/// Programs that work offline need the caches of an earlier RUN, and `apt-get install` in a container needs the lists.
#[test]
fn caches_stay_until_the_run_that_needs_them() {
    for (path, fetch, later, remedy) in [
        (
            "root/.npm/_cacache/a",
            "npm ci",
            "npm ci --offline --prefix /opt/tool",
            "join it with layer 1 in one RUN that ends with `rm -rf /root/.npm/_cacache`",
        ),
        (
            "root/.cache/uv/a",
            "uv sync",
            "uv pip install --offline b",
            "join it with layer 1 in one RUN that ends with `rm -rf /root/.cache/uv`",
        ),
        (
            "root/.m2/repository/x.jar",
            "mvn dependency:go-offline",
            "mvn -o package",
            "build in an earlier stage and copy the archive, without /root/.m2/repository",
        ),
        (
            "root/go/pkg/mod/x",
            "go mod download",
            "go build -o /app .",
            "build in an earlier stage and copy the program, or mount a cache: \
             `RUN --mount=type=cache,target=/root/go/pkg/mod` in layers 0 and 1",
        ),
        (
            "var/cache/apt/archives/foo.deb",
            "apt-get install -y --download-only foo",
            "dpkg -i /var/cache/apt/archives/foo.deb",
            "join it with layer 1 in one RUN that ends with `apt-get clean`",
        ),
    ] {
        let (fetch, later) =
            (format!("RUN /bin/sh -c {fetch} # buildkit"), format!("RUN /bin/sh -c {later} # buildkit"));
        says(&built(&[(path, &fetch), ("usr/bin/x", &later)]), &[&format!("layer 0: {remedy}")]);
    }
    let updated = || built(&[(LISTS, "RUN /bin/sh -c apt-get update # buildkit")]);
    says(&updated().starts(&["sh", "-c", "apt-get install -y curl && ./app"]), &[]);
    says(&updated().starts(&["sh", "-c", "apt-get update && apt-get install -y curl && ./app"]), &[ADDED]);
}

/// `COPY --chmod=` sets the mode of every file.
#[test]
fn a_mode_of_one_of_many_copied_files_is_set_before_the_copy() {
    let changed = |paths: &[&str]| {
        let copied = image().runs_as("app").layer(|l| {
            paths.iter().fold(l, |l, path| l.file(path, "x".repeat(5_000))).created_by("COPY . /app # buildkit")
        });
        copied.layer(|l| {
            let l = l.file("app/start.sh", "x".repeat(5_000)).mode(0o755);
            l.created_by("RUN /bin/sh -c chmod +x /app/start.sh # buildkit")
        })
    };
    says(
        &changed(&["app/start.sh", "app/main.py"]),
        &["layer 0: set the mode of /app/start.sh in the build context (`chmod`) instead of in layer 1"],
    );
    says(&changed(&["app/start.sh"]), &["layer 0: set the mode here (`COPY --chmod=755`) instead of in layer 1"]);
}

#[test]
fn files_stay_until_the_run_that_uses_them() {
    let fetch = |path| (path, "RUN /bin/sh -c curl -LO https://x.example/a.tgz # buildkit");
    for (path, later, remedy) in [
        (
            "tmp/a.tgz",
            "tar xf /tmp/a.tgz",
            "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /tmp/a.tgz`",
        ),
        ("tmp/a.tgz", "cd /tmp && ./x", "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /tmp/a.tgz`"),
        ("tmp/a.tgz", "useradd app", "layer 0: add `&& rm -rf /tmp/a.tgz`, unless a later RUN needs it"),
        ("tmp/a", "/tmp/a --install", "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /tmp/a`"),
        (
            "app/.pnpm-store/a",
            "pnpm install --offline",
            "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /app/.pnpm-store`",
        ),
        ("app/.pnpm-store/a", "make", "layer 0: add `&& rm -rf /app/.pnpm-store`"),
    ] {
        says(&built(&[fetch(path), ("usr/bin/x", &format!("RUN /bin/sh -c {later} # buildkit"))]), &[remedy]);
    }
    let copied = |later: &str| built(&[("tmp/a", "COPY a /tmp/ # buildkit"), ("usr/bin/x", later)]);
    says(
        &copied("RUN /bin/sh -c sh /tmp/a # buildkit"),
        &["layer 0: mount /tmp/a in layer 1 (`RUN --mount=type=bind`) instead of copying it"],
    );
    says(
        &copied("RUN /bin/sh -c ./build # buildkit"),
        &[
            "layer 0: exclude /tmp/a from the copy, for example in .dockerignore; a RUN that only reads it can mount it \
           (`RUN --mount=type=bind`)",
        ],
    );
}

#[test]
fn what_a_later_run_uses_is_not_deleted_before() {
    let install = ("usr/bin/gcc", "RUN /bin/sh -c apt-get install -y gcc # buildkit");
    let purge = ("-usr/bin/gcc", "RUN /bin/sh -c apt-get purge -y gcc # buildkit");
    says(&built(&[install, purge]), &["layer 0: add `&& apt-get purge -y gcc` here instead of in layer 1"]);
    let in_one_run = "layers 0, 1 and 2: merge into one RUN and remove the packages at its end, or use a build stage";
    says(&built(&[install, ("usr/bin/x", "RUN /bin/sh -c gcc x.c # buildkit"), purge]), &[in_one_run]);
    says(
        &built(&[install, ("-usr/bin/gcc", "RUN /bin/sh -c make && apt-get purge -y gcc # buildkit")]),
        &["layers 0 and 1: merge into one RUN and remove the packages at its end, or use a build stage"],
    );
    says(
        &built(&[
            ("opt/a.tgz", "RUN /bin/sh -c curl -O https://x.example/a.tgz # buildkit"),
            ("-opt/a.tgz", "RUN /bin/sh -c tar xf /opt/a.tgz && rm /opt/a.tgz # buildkit"),
        ]),
        &["layers 0 and 1: merge into one RUN and delete /opt/a.tgz at its end, or use a build stage"],
    );
}

/// The RUNs cannot be joined around a COPY.
#[test]
fn a_copy_between_joined_runs_is_named() {
    let (copy, add) = (("opt/c", "COPY c /opt/ # buildkit"), ("opt/d", "ADD d /opt/ # buildkit"));
    let said = |layers: &[(&str, &str)]| {
        let opened = built(layers).open();
        let found = opened.opened().advice(KindSet::on()).findings;
        found.into_iter().map(|finding| finding.remedy).find(|remedy| !remedy.contains("write COPY")).unwrap()
    };
    let update = (LISTS, "RUN /bin/sh -c apt-get update # buildkit");
    let install = ("usr/bin/x", "RUN /bin/sh -c apt-get install -y x # buildkit");
    let join =
        |runs: &str| format!("layer 0: join it with {runs} in one RUN that ends with `rm -rf /var/lib/apt/lists/*`");
    assert_eq!(said(&[update, copy, install]), join("layer 2 after the COPY of layer 1"));
    assert_eq!(said(&[update, copy, add, install]), join("layer 3 after each COPY of layers 1 and 2"));
    assert_eq!(said(&[update, install, copy]), join("layer 1"));
    let fetch = ("tmp/a", "RUN /bin/sh -c curl -o /tmp/a https://x.example/a # buildkit");
    let uses = ("usr/bin/y", "RUN /bin/sh -c sh /tmp/a # buildkit");
    assert_eq!(
        said(&[fetch, copy, uses]),
        "layer 0: join it with layer 2 after the COPY of layer 1 in one RUN that ends with `rm -rf /tmp/a`"
    );
    let deletes = ("-tmp/a", "RUN /bin/sh -c sh /tmp/a && rm /tmp/a # buildkit");
    assert_eq!(
        said(&[fetch, copy, deletes]),
        "layers 0 and 2: merge into one RUN after the COPY of layer 1 and delete /tmp/a at its end, or use a build stage"
    );
    let status = "var/lib/dpkg/status";
    let installs = |name: &str| format!("RUN /bin/sh -c apt-get install -y {name} # buildkit");
    let between = |instruction: &str| {
        image()
            .runs_as("app")
            .layer(|l| l.file("opt/base", "1"))
            .layer(|l| l.file(status, "1").created_by(&installs("a")))
            .layer(|l| l.file("opt/c", "1").created_by(instruction))
            .layer(|l| l.file(status, "2").created_by(&installs("b")))
    };
    for (instruction, place) in
        [("COPY c /opt/ # buildkit", "after the COPY of layer 2"), ("RUN /bin/sh -c make # buildkit", "before layer 2")]
    {
        says(&between(instruction), &[&format!("layers 1 and 3: install the packages in one RUN {place}")]);
    }
}

#[test]
fn a_copied_file_that_a_later_run_uses_is_mounted() {
    let deleted = |copy: &str, run: &str| built(&[("opt/npm.tgz", copy), ("-opt/npm.tgz", run)]);
    let tar = "RUN /bin/sh -c tar xf /opt/npm.tgz && rm /opt/npm.tgz # buildkit";
    says(
        &deleted("COPY npm.tgz /opt/ # buildkit", tar),
        &[
            "layer 0: mount /opt/npm.tgz in each RUN that uses it (`RUN --mount=type=bind`) instead of copying it, unless \
           layer 1 writes to it; do not delete it in layer 1: mounts are read-only",
        ],
    );
    says(
        &deleted("ADD https://x.example/npm.tgz /opt/ # buildkit", tar),
        &["layer 0: fetch /opt/npm.tgz in the RUN that uses it; layer 1 deletes it"],
    );
    says(
        &deleted("COPY npm.tgz /opt/ # buildkit", "RUN /bin/sh -c rm /opt/npm.tgz # buildkit"),
        &["layer 0: exclude /opt/npm.tgz from the copy, or copy it in an earlier stage; layer 1 deletes it"],
    );
}

/// A mount is read-only. Whether a RUN writes to it shows in the image, or in the command that deletes it, too.
#[test]
fn a_copied_file_that_a_run_changes_is_not_mounted_in_its_place() {
    let deleted = |middle: &str, run: &str| {
        built(&[("opt/a.sh", "COPY a.sh /opt/ # buildkit"), ("usr/bin/x", middle), ("-opt/a.sh", run)])
    };
    let mount = "layer 0: mount /opt/a.sh in each RUN that uses it (`RUN --mount=type=bind`) instead of copying it";
    for run in [
        "sed -i s/a/b/ /opt/a.sh && sh /opt/a.sh && rm /opt/a.sh",
        "cd /opt && chmod +x a.sh && ./a.sh && rm a.sh",
        "cd /opt && echo exit >> a.sh && sh a.sh && rm a.sh",
        "cd /opt && echo exit >a.sh && sh a.sh && rm a.sh",
    ] {
        says(
            &deleted("RUN /bin/sh -c sh /opt/a.sh # buildkit", &format!("RUN /bin/sh -c {run} # buildkit")),
            &[&format!("{mount}; layer 2 changes it, so mount it elsewhere there, and `cp` it first")],
        );
    }
    let read_only = "do not delete it in layer 2: mounts are read-only";
    for (run, remedy) in [
        ("rm /opt/a.sh", format!("{mount}; {read_only}")),
        ("sed s/a/b/ /opt/a.sh && rm /opt/a.sh", format!("{mount}, unless layer 2 writes to it; {read_only}")),
    ] {
        let run = format!("RUN /bin/sh -c {run} # buildkit");
        says(&deleted("RUN /bin/sh -c sh /opt/a.sh # buildkit", &run), &[&remedy]);
    }
    // A RUN builds in the directory.
    let built_in = image()
        .runs_as("app")
        .layer(|l| l.file("src/a.c", "x".repeat(5_000)).file("src/b.c", "x".repeat(5_000)).created_by("COPY . /src"))
        .layer(|l| l.file("src/a.o", "1").created_by("RUN /bin/sh -c make -C /src # buildkit"))
        .layer(|l| l.whiteout("src").created_by("RUN /bin/sh -c make -C /src install && rm -rf /src # buildkit"));
    let said = built_in.open().opened().advice(KindSet::on()).findings[0].remedy.clone();
    assert_eq!(said, "layer 0: use /src in an earlier stage, and copy what the image needs; a later RUN writes to it");
    let kept = image()
        .runs_as("app")
        .layer(|l| l.file("tmp/src/a.c", "1234").file("tmp/src/b.c", "1234").created_by("COPY src /tmp/src # buildkit"))
        .layer(|l| l.file("tmp/src/a.o", "1").created_by("RUN /bin/sh -c make -C /tmp/src # buildkit"));
    let said = kept.open().opened().advice(KindSet::on()).findings[0].remedy.clone();
    assert_eq!(
        said,
        "layer 0: mount each file below /tmp/src in layer 1 (`RUN --mount=type=bind`) instead of copying them"
    );
}

/// A mount of the directory would hide what an earlier instruction made there.
#[test]
fn copied_files_in_an_older_directory_are_mounted_one_by_one() {
    let of = |count: usize| {
        let image =
            image().runs_as("app").layer(|l| l.dir("src").dir("src/vendor").created_by("RUN mkdir -p /src/vendor"));
        let copied = image.layer(|l| {
            let fill = |l: crate::build::Layer, at| l.file(format!("src/{at}.c"), "x".repeat(5_000));
            (0..count).fold(l, fill).created_by("COPY . /src/ # buildkit")
        });
        let deleted =
            copied.layer(|l| l.whiteout("src").created_by("RUN /bin/sh -c make -C /src && rm -rf /src # buildkit"));
        deleted.open().opened().advice(KindSet::on()).findings[0].remedy.clone()
    };
    let mount = |files: &str| {
        format!(
            "layer 1: mount {files} in each RUN that uses them (`RUN --mount=type=bind`) instead of copying them, unless \
             layer 2 writes to them; do not delete them in layer 2: mounts are read-only"
        )
    };
    assert_eq!(of(2), mount("/src/0.c and /src/1.c"));
    assert_eq!(of(5), mount("each file that it copies to /src"));
}

/// A mount of all of /tmp is read-only, an address has no local file, and a key stays in the image.
#[test]
fn a_mount_has_the_files_of_the_copy_alone() {
    let copied = |command: &str, run: &str| {
        let base = image().runs_as("app").layer(|l| l.dir("tmp"));
        let both = base.layer(|l| l.dir("tmp").file("tmp/a", "1234").file("tmp/b", "1234").created_by(command));
        both.layer(|l| l.file("usr/bin/x", "1").created_by(run))
    };
    says(
        &copied("COPY a b /tmp/ # buildkit", "RUN /bin/sh -c sh /tmp/a # buildkit"),
        &["layer 1: mount each file below /tmp in layer 2 (`RUN --mount=type=bind`) instead of copying them"],
    );
    says(
        &copied("COPY --from=b a b /tmp/ # buildkit", "RUN /bin/sh -c sh /tmp/a # buildkit"),
        &[
            "layer 1: mount each file below /tmp in layer 2 (`RUN --mount=type=bind,from=STAGE`) instead of copying them",
        ],
    );
    let key = [
        ("root/.ssh/id_rsa", "COPY id_rsa /root/.ssh/ # buildkit"),
        ("-root/.ssh/id_rsa", "RUN /bin/sh -c git clone x && rm /root/.ssh/id_rsa # buildkit"),
    ];
    says(
        &built(&key),
        &[
            "layer 0: do not copy /root/.ssh/id_rsa: write `RUN --mount=type=secret` (or `--mount=type=ssh`), and replace \
           the keys: layer 1 deletes it, but the image still has it",
        ],
    );
}

/// Behind a comment, `&& rm` is part of it; a here-document has lines; other builders have no script.
#[test]
fn a_command_continues_only_a_script_that_it_can() {
    for (command, start) in [
        ("RUN /bin/sh -c apt-get update && apt-get install -y x # needed # buildkit", "end the RUN with `rm -rf"),
        ("RUN /bin/sh -c set -e\napt-get update\nmake # buildkit", "end the RUN with `rm -rf"),
        ("RUN /bin/sh -c <<EOF (set -e...) # buildkit", "end the RUN with `rm -rf"),
        ("RUN /bin/sh -c apt-get update; # buildkit", "end the RUN with `rm -rf"),
        ("RUN /bin/sh -c apt-get update; exit 0 # buildkit", "run `rm -rf"),
        ("RUN /bin/sh -c apt-get update && exec make # buildkit", "leave out the last `exec`, and add `&& rm -rf"),
        ("RUN /bin/sh -c apt-get update || exit 1 # buildkit", "add `&& rm -rf"),
        ("bazel build //image", "run `rm -rf"),
        ("", "run `rm -rf"),
    ] {
        let opened = built(&[(LISTS, command)]).open();
        let found = opened.opened().advice(KindSet::on()).findings;
        let remedy = &found[0].remedy;
        assert!(remedy.starts_with(&format!("layer 0: {start}")), "{command:?}: {remedy}");
    }
}

/// Buildah records `RUN ["/bin/bash", "-c", "..."]` as it is written. `&&` behind its brackets is no command.
#[test]
fn a_run_in_exec_form_is_read() {
    let of = |command: &str, later: &str| built(&[(LISTS, command), ("usr/bin/x", later)]);
    let update = r#"/bin/sh -c ["/bin/bash", "-ec", "apt-get update && echo \"a\""]"#;
    let added = "layer 0: add `&& rm -rf /var/lib/apt/lists/*` to its script, or mount caches: \
                 `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and \
                 `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`";
    let joined = "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/lib/apt/lists/*`";
    says(&of(update, r#"/bin/sh -c ["make"]"#), &[added]);
    for install in [
        r#"/bin/sh -c ["/bin/bash","-eo","pipefail","-c","apt-get install -y x"]"#,
        r#"/bin/sh -c ["apt-get", "install", "-y", "x"]"#,
        "RUN /bin/bash -ec apt-get install -y x # buildkit",
        "bash -c apt-get install -y x",
    ] {
        says(&of(update, install), &[joined]);
    }
    says(
        &built(&[("tmp/a", r#"/bin/sh -c ["make", "/tmp/a"]"#)]),
        &["layer 0: write the RUN without brackets, and add `&& rm -rf /tmp/a`"],
    );
    // A container that starts so reads the cache.
    let go = || built(&[("root/.cache/go-build/a", "RUN /bin/sh -c go build # buildkit")]);
    says(&go().starts(&["/bin/bash", "-eo", "pipefail", "-c", "go run ."]), &[]);
    assert_eq!(go().starts(&["bash", "go", "-c"]).open().opened().advice(KindSet::on()).findings.len(), 1);
}

#[test]
fn lines_of_a_dockerfile_are_named() {
    let image = built(&[
        (LISTS, "RUN /bin/sh -c apt-get update # buildkit"),
        ("usr/bin/x", "RUN /bin/sh -c apt-get install -y x # buildkit"),
    ]);
    let archive = image.save(Format::DockerArchive);
    let user = User::new().writes("Dockerfile", "FROM scratch\nRUN apt-get update\nRUN apt-get install -y x\n");
    let text = user
        .runs(&["advise", archive.path().to_str().unwrap(), "--dockerfile", "Dockerfile", "--format", "tsv"])
        .ends_with(0)
        .stdout;
    assert!(text.contains("line 2: join it with line 3 in one RUN that ends with `rm -rf"), "{text}");
}
