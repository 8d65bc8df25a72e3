//! What to write instead of the files of each kind, with the tools and paths of the image. A failure means that a command deletes
//! other files, or does not exist in the image.

use super::says;
use crate::build::image;

#[test]
fn remedies_name_the_tools_and_paths_of_the_image() {
    let of = |path: &str, command: &str| image().layer(|l| l.file(path, "x".repeat(70_000)).created_by(command));
    for (path, command, remedy) in [
        (
            "var/lib/apt/lists/a",
            "RUN /bin/sh -c apt-get update # buildkit",
            "layer 0: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches: \
             `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`",
        ),
        (
            "var/cache/yum/a",
            "RUN /bin/sh -c microdnf install -y x # buildkit",
            "layer 0: add `&& microdnf clean all && rm -rf /var/cache/yum`",
        ),
        (
            "root/.cache/uv/a",
            "RUN /bin/sh -c uv sync # buildkit",
            "layer 0: set `UV_NO_CACHE=1`, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/uv`",
        ),
        (
            "root/.cache/pip/a",
            "RUN /bin/sh -c pip install x # buildkit",
            "layer 0: write `pip install --no-cache-dir`, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/pip`",
        ),
        (
            "root/.cache/pip/a",
            "RUN /bin/sh -c make install-deps # buildkit",
            "layer 0: set `PIP_NO_CACHE_DIR=1`, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/pip`",
        ),
        (
            "root/go/pkg/mod/cache/download/x",
            "RUN /bin/sh -c go mod download # buildkit",
            "layer 0: build in an earlier stage and copy the program, or mount a cache: \
             `RUN --mount=type=cache,target=/root/go/pkg/mod`",
        ),
        (
            "root/.m2/repository/x/y.jar",
            "RUN /bin/sh -c mvn package # buildkit",
            "layer 0: build in an earlier stage and copy the archive, or mount a cache: \
             `RUN --mount=type=cache,target=/root/.m2/repository`",
        ),
        (
            "root/.npm/_cacache/a",
            "/bin/sh -c npm ci",
            "layer 0: add `&& npm cache clean --force`, or mount a cache: `RUN --mount=type=cache,target=/root/.npm/_cacache`",
        ),
        ("app/.pnpm-store/a", "/bin/sh -c pnpm i", "layer 0: add `&& rm -rf /app/.pnpm-store`"),
        ("tmp/a b", "/bin/sh -c wget x", "layer 0: add `&& rm -rf '/tmp/a b'`"),
        ("tmp/a", "COPY . / # buildkit", "layer 0: exclude /tmp/a from the copy, for example in .dockerignore"),
    ] {
        says(&of(path, command), &[remedy]);
    }
    // Paths of the kind are spread over a directory that has other files.
    let spread = |paths: &[&str], command: &str| {
        image().layer(|l| paths.iter().fold(l, |l, path| l.file(path, "1234")).created_by(command))
    };
    for (paths, command, remedy) in [
        (
            &["app/a/.DS_Store", "app/b/.DS_Store", "app/main"][..],
            "RUN /bin/sh -c unzip app # buildkit",
            "layer 0: add `&& rm -rf /app/a/.DS_Store /app/b/.DS_Store`",
        ),
        (
            &["a/.DS_Store", "b/.DS_Store", "c/.DS_Store", "d/.DS_Store", "e/.DS_Store", "f/.DS_Store", "g/x"],
            "RUN /bin/sh -c unzip app # buildkit",
            "layer 0: add `&& rm -rf /a/.DS_Store /b/.DS_Store /c/.DS_Store /d/.DS_Store`; 2 more paths have such files",
        ),
        (
            &["app/a/.DS_Store", "app/b/.DS_Store", "app/main"],
            "COPY --from=build /app /app # buildkit",
            "layer 0: exclude /app/a/.DS_Store and /app/b/.DS_Store from the copy, or delete them in the stage of its `--from`",
        ),
        (
            &["tmp/x", "var/tmp/y/a", "var/tmp/y/b", "var/tmp/z"],
            "RUN /bin/sh -c make # buildkit",
            "layer 0: add `&& rm -rf /var/tmp/y /tmp/x /var/tmp/z`",
        ),
        (
            &["app/hs_err_pid1.log", "app/hs_err_pid2.log", "app/main"],
            "RUN /bin/sh -c java x # buildkit",
            "layer 0: add `&& rm -rf /app/hs_err_pid*.log`",
        ),
        (
            &["app/hs_err_pid1.log", "app/hs_err_pid2.log", "app/main"],
            "COPY . /app # buildkit",
            "layer 0: exclude /app/hs_err_pid1.log and /app/hs_err_pid2.log from the copy, for example in .dockerignore",
        ),
        (
            &["root/.cache/pypoetry/cache/a", "root/.cache/pypoetry/virtualenvs/app/bin/python"],
            "RUN /bin/sh -c poetry install # buildkit",
            "layer 0: add `&& rm -rf /root/.cache/pypoetry/cache`, or mount a cache: \
             `RUN --mount=type=cache,target=/root/.cache/pypoetry/cache`",
        ),
        (
            &["root/.npm/_cacache/a", "root/.npm/_cacache/b", "root/.npm/_npx/c/bin"],
            "RUN /bin/sh -c npx c && npm ci # buildkit",
            "layer 0: add `&& npm cache clean --force`, or mount a cache: \
             `RUN --mount=type=cache,target=/root/.npm/_cacache`",
        ),
        (
            &["root/.cache/uv/a", "root/.cache/uv/environments-v2/x/bin/python"],
            "RUN /bin/sh -c uv run x # buildkit",
            "layer 0: set `UV_NO_CACHE=1`",
        ),
        (
            &["root/.cache/ccache/0/a", "root/.cache/ccache/1/b"],
            "RUN /bin/sh -c make # buildkit",
            "layer 0: build in an earlier stage, or mount a cache: `RUN --mount=type=cache,target=/root/.cache/ccache`",
        ),
        (
            &["root/.cache/pip/a", "root/.cache/uv/b", "root/.profile"],
            "RUN /bin/sh -c pip install uv && uv sync # buildkit",
            "layer 0: write `pip install --no-cache-dir` and set `UV_NO_CACHE=1`, or mount caches: \
             `RUN --mount=type=cache,target=/root/.cache/pip` and `--mount=type=cache,target=/root/.cache/uv`",
        ),
        (
            &["root/go/pkg/mod/x/a", "root/.cache/go-build/00/o-d", "root/.profile"],
            "RUN /bin/sh -c go build # buildkit",
            "layer 0: build in an earlier stage and copy the program, or mount caches: \
             `RUN --mount=type=cache,target=/root/.cache/go-build` and `--mount=type=cache,target=/root/go/pkg/mod`",
        ),
        // A mount would hide the program.
        (
            &["src/target/release/deps/x.rlib", "src/target/CACHEDIR.TAG", "src/target/release/app"],
            "RUN /bin/sh -c cargo build # buildkit",
            "layer 0: build in an earlier stage and copy the program, without /src/target/release/deps",
        ),
        (&["tmp/a", "tmp/b"], "RUN /bin/sh -c make # buildkit", "layer 0: add `&& rm -rf /tmp/*`"),
        (&["tmp/x/a", "tmp/x/b"], "RUN /bin/sh -c make # buildkit", "layer 0: add `&& rm -rf /tmp/x`"),
    ] {
        says(&spread(paths, command), &[remedy]);
    }
    let logs = image().layer(|l| {
        let l = l.file("var/log/a", "x".repeat(600_000)).file("var/log/b", "x".repeat(600_000));
        l.created_by("RUN /bin/sh -c make # buildkit")
    });
    says(&logs, &["layer 0: add `&& find /var/log -type f -delete`"]);
    let repository = |command: &str| {
        image().layer(|l| l.file("app/.git/HEAD", "x").file("app/.git/objects/a", "1234").created_by(command))
    };
    says(&repository("COPY . /app # buildkit"), &["layer 0: add `**/.git` to .dockerignore"]);
    says(&repository("/bin/sh -c git clone x /app"), &["layer 0: add `&& rm -rf /app/.git`"]);
}

/// Each command deletes only its own files.
#[test]
fn lists_and_indexes_of_apt_have_their_own_commands() {
    let of = |paths: &[&str]| {
        let big = "x".repeat(70_000);
        image()
            .layer(|l| paths.iter().fold(l, |l, path| l.file(path, &big)).created_by("RUN /bin/sh -c apt-get update"))
    };
    let mounts = "or mount caches: `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and \
                  `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`";
    let (lists, indexes) = ("var/lib/apt/lists/a", "var/cache/apt/pkgcache.bin");
    says(&of(&[indexes]), &[&format!("layer 0: add `&& apt-get clean`, {mounts}")]);
    let both = format!("layer 0: add `&& apt-get clean && rm -rf /var/lib/apt/lists/*`, {mounts}");
    says(&of(&[lists, indexes]), &[&both]);
}

/// The image says which directories are worth it. Licences must stay.
#[test]
fn documentation_is_left_out_as_the_package_manager_can() {
    let of = |paths: &[(&str, usize)], command: &str| {
        let command = format!("RUN /bin/sh -c {command} # buildkit");
        image().layer(|l| paths.iter().fold(l, |l, (path, size)| l.file(path, "x".repeat(*size))).created_by(&command))
    };
    let all = &[
        ("usr/share/doc/a/README", 1_000_000),
        ("usr/share/doc/b/README", 1_000_000),
        ("usr/share/doc/a/copyright", 9_000_000),
        ("usr/share/locale/de/a.mo", 3_000_000),
        ("usr/share/man/man1/a.1", 1_200_000),
    ][..];
    let sizes = "(locale 3.0 MB, doc 2.0 MB, man 1.2 MB)";
    for (command, remedy) in [
        ("apk add man-db-doc", "do not install packages whose names end in `-doc` or `-lang`"),
        (
            "apt-get install -y x",
            "before the installation, run `printf 'path-exclude=/usr/share/%s/*\\n' locale doc man > \
             /etc/dpkg/dpkg.cfg.d/docs && echo 'path-include=/usr/share/doc/*/copyright' >> /etc/dpkg/dpkg.cfg.d/docs`",
        ),
        ("dnf install -y x", "write `dnf install --setopt=tsflags=nodocs`"),
        ("microdnf install -y x", "write `microdnf install --nodocs`"),
        ("make", "exclude them before the installation (`path-exclude` of dpkg, `--nodocs` of dnf)"),
    ] {
        says(&of(all, command), &[&format!("layer 0: {remedy} {sizes}")]);
    }
    says(
        &of(&[("usr/share/man/a", 1_000_000)], "apt-get install -y x"),
        &["layer 0: before the installation, run `printf 'path-exclude=/usr/share/%s/*\\n' man > \
           /etc/dpkg/dpkg.cfg.d/docs` (man 1.0 MB)"],
    );
    says(
        &of(&[("usr/local/share/man/a", 1_000_000)], "apt-get install -y x"),
        &["layer 0: exclude them before the installation (`path-exclude` of dpkg)"],
    );
}

/// Without `sudo`, the command fails. Without an owner, root owns the cache, and the user cannot write to it.
#[test]
fn another_user_than_root_can_run_the_command_and_use_the_mount() {
    let of = |path: &str, command: &str| {
        let big = "x".repeat(70_000);
        image().runs_as("app").layer(|l| l.file(path, big).owner(7, 8).created_by(command))
    };
    let sudo = of("tmp/a", "RUN /bin/sh -c sudo make > /tmp/a # buildkit");
    says(&sudo, &["layer 0: add `&& sudo rm -rf /tmp/a`"]);
    let lists = image().runs_as("app").layer(|l| {
        l.file("var/lib/apt/lists/a", "x".repeat(70_000)).created_by("RUN /bin/sh -c sudo apt-get update # buildkit")
    });
    says(
        &lists.layer(|l| l.file("a", "1").created_by("RUN /bin/sh -c sudo apt-get install -y x # buildkit")),
        &["layer 0: join it with layer 1 in one RUN that ends with `sudo rm -rf /var/lib/apt/lists/*`"],
    );
    let cache = image().runs_as("app").layer(|l| {
        let l = l.dir("home/app/.cache/uv").owner(7, 8).file("home/app/.cache/uv/a", "x".repeat(70_000)).owner(7, 8);
        l.created_by("RUN /bin/sh -c uv sync # buildkit")
    });
    says(
        &cache,
        &["layer 0: set `UV_NO_CACHE=1`, or mount a cache: \
           `RUN --mount=type=cache,target=/home/app/.cache/uv,uid=7,gid=8`"],
    );
}
