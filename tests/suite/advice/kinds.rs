//! Each kind by its paths, and paths like them that it leaves alone.

use dive_model::advice::{AdviceKind, CountedBytes, KindSet};
use serde_json::json;

use super::{finds, says};
use crate::build::{Image, image};

/// A kind with paths that it claims and paths that no kind claims. `+path` is an empty file beside them.
struct Case {
    kind: AdviceKind,
    claims: &'static [&'static str],
    leaves: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        kind: AdviceKind::AptLists,
        claims: &["var/lib/apt/lists/deb.debian.org_Packages", "var/cache/apt/pkgcache.bin"],
        leaves: &[
            "var/lib/apt/lists/lock",
            "var/lib/apt/lists/partial/x",
            "var/cache/apt/x",
            "srv/var/lib/apt/lists/x",
        ],
    },
    Case {
        kind: AdviceKind::AptArchives,
        claims: &["var/cache/apt/archives/curl.deb", "var/cache/apt/archives/partial/curl.deb"],
        leaves: &["var/cache/apt/archives/lock", "srv/repository/curl.deb"],
    },
    // An installation without the flag that left no cache is no finding: nothing is measured.
    Case {
        kind: AdviceKind::ApkCache,
        claims: &["var/cache/apk/APKINDEX.1.tar.gz", "etc/apk/cache/curl.apk"],
        leaves: &["etc/apk/world", "lib/apk/db/installed"],
    },
    Case {
        kind: AdviceKind::RpmCache,
        claims: &["var/cache/dnf/a.rpm", "var/cache/yum/b", "var/cache/libdnf5/c"],
        // The history says which packages people installed.
        leaves: &["var/lib/dnf/repos/x", "var/lib/rpm/rpmdb.sqlite", "var/lib/dnf/history.sqlite"],
    },
    Case {
        kind: AdviceKind::ZypperCache,
        claims: &["var/cache/zypp/packages/a.rpm"],
        leaves: &["etc/zypp/a", "var/cache/zypp/solv/@System/solv"],
    },
    Case {
        kind: AdviceKind::PacmanCache,
        claims: &["var/cache/pacman/pkg/a.pkg.tar.zst", "var/lib/pacman/sync/core.db"],
        leaves: &["var/lib/pacman/local/a/desc"],
    },
    Case {
        kind: AdviceKind::PythonCache,
        claims: &["root/.cache/pip/http/a", "home/app/.cache/uv/wheels/b", "root/.cache/pypoetry/cache/c"],
        // Poetry and uv run programs from environments in their caches.
        leaves: &[
            "root/.cache/pypoetry/virtualenvs/app/bin/python",
            "root/.cache/uv/environments-v2/x/bin/python",
            "root/.cache/ms-playwright/chrome",
            "root/.cache/huggingface/hub/model",
        ],
    },
    Case {
        kind: AdviceKind::CondaPackages,
        claims: &["opt/conda/pkgs/a-1.tar.bz2", "+opt/conda/conda-meta/history"],
        leaves: &["srv/pkgs/a-1.tar.bz2"],
    },
    Case {
        kind: AdviceKind::NodeCache,
        claims: &[
            "root/.npm/_cacache/index",
            "usr/local/share/.cache/yarn/v6/a",
            "app/.pnpm-store/v3/b",
            "root/.local/share/pnpm/store/v3/c",
            "app/node_modules/.cache/babel/d",
            "app/.next/cache/e",
            "app/.turbo/f",
            "app/.yarn/cache/g.zip",
            "root/.yarn/berry/cache/h.zip",
        ],
        // With Plug'n'Play, the cache of Yarn is the program.
        // `npm cache clean` leaves the small logs of each command.
        leaves: &[
            "root/.npm/_logs/a.log",
            "app/.yarn/cache/left-pad.zip",
            "+app/.pnp.cjs",
            "app/.next/server/page.js",
            "app/node_modules/a/b",
        ],
    },
    Case {
        kind: AdviceKind::GoCache,
        claims: &["root/.cache/go-build/00/a", "go/pkg/mod/cache/b"],
        leaves: &["go/bin/tool", "usr/local/go/pkg/tool/c"],
    },
    Case {
        kind: AdviceKind::RustCache,
        claims: &[
            "root/.cargo/registry/cache/a.crate",
            "usr/local/cargo/git/db/b",
            "app/target/release/deps/c",
            "+app/target/release/.fingerprint/x",
            "app/target/x86_64-unknown-linux-musl/release/build/d",
            "+app/target/CACHEDIR.TAG",
            "opt/hello/deps/e",
            "opt/hello/.fingerprint/f",
        ],
        leaves: &[
            "app/target/release/deps/c",
            "app/target/release/app",
            "root/.cargo/bin/tool",
            "vendor/registry/x",
            "opt/hello/deps/e",
            "opt/hello/build/f",
        ],
    },
    Case {
        kind: AdviceKind::JvmCache,
        claims: &[
            "root/.m2/repository/a.jar",
            "root/.gradle/caches/b.jar",
            "root/.gradle/wrapper/dists/c",
            "x/.ivy2/cache/d",
        ],
        leaves: &["root/.m2/settings.xml", "app/libs/a.jar", "srv/repository/a.jar"],
    },
    Case {
        kind: AdviceKind::DotnetCache,
        claims: &["root/.nuget/packages/a/1/a.dll"],
        // A development build loads its libraries from the cache.
        leaves: &["root/.nuget/packages/a/1/a.dll", "+app/bin/app.runtimeconfig.dev.json"],
    },
    Case {
        kind: AdviceKind::PhpCache,
        claims: &["root/.composer/cache/files/a.zip", "root/.cache/composer/b.zip"],
        leaves: &["app/vendor/composer/autoload.php", "root/.composer/auth.json"],
    },
    Case {
        kind: AdviceKind::RubyCache,
        claims: &[
            "usr/local/bundle/cache/a.gem",
            "app/vendor/bundle/ruby/3.3.0/cache/b.gem",
            "usr/lib/ruby/gems/3.3.0/cache/c.gem",
            "usr/lib/ruby/gems/3.3.0/gems/d/ext/d/d.o",
        ],
        // `bundle install --local` reads it.
        leaves: &["app/vendor/cache/a.gem", "usr/lib/ruby/gems/3.3.0/gems/d/ext/d/d.so"],
    },
    Case {
        kind: AdviceKind::RJuliaCache,
        claims: &[
            "srv/Rtmp4a/downloaded_packages/a.tar.gz",
            "usr/local/lib/R/site-library/x/html/b",
            "root/.julia/registries/General.toml",
        ],
        // Compiled packages of Julia make it start faster.
        leaves: &["root/.julia/compiled/v1/a.ji", "usr/local/lib/R/site-library/x/R/x.rdb"],
    },
    Case {
        kind: AdviceKind::BuildCache,
        claims: &[
            "root/.cache/ccache/0/a",
            "root/.ccache/0/b",
            "root/.cache/sccache/c",
            "root/.cache/bazel/_bazel_root/d",
        ],
        leaves: &["usr/bin/ccache", "srv/bazel/a"],
    },
    Case {
        kind: AdviceKind::VcsFolder,
        claims: &["app/.git/objects/00/a", "+app/.git/HEAD", "a/.hg/store/b", "b/.svn/wc.db"],
        // A submodule's `.git` is a file; nvm and others update themselves from their repository.
        leaves: &[
            "app/sub/.git",
            "docs/.git/objects/00/a",
            "root/.nvm/.git/objects/a",
            "+root/.nvm/.git/HEAD",
            "root/.pyenv/plugins/x/.git/objects/a",
            "+root/.pyenv/plugins/x/.git/HEAD",
            "usr/local/nvm/.git/objects/a",
            "+usr/local/nvm/.git/HEAD",
            "opt/flutter/.git/objects/a",
            "+opt/flutter/.git/HEAD",
            "root/.oh-my-zsh/.git/objects/a",
            "+root/.oh-my-zsh/.git/HEAD",
            "home/linuxbrew/.linuxbrew/Homebrew/.git/objects/a",
            "+home/linuxbrew/.linuxbrew/Homebrew/.git/HEAD",
        ],
    },
    Case {
        kind: AdviceKind::CoreDump,
        claims: &["app/hs_err_pid12.log", "app/java_pid1.hprof", "app/dump.hprof", "var/crash/_usr_bin_x.0.crash"],
        // A profile that a test reads.
        leaves: &[
            "lib/core/index.js",
            "app/hprof",
            "app/tests/sample.hprof",
            "app/test/a/b.hprof",
            "app/tests/hs_err_pid1.log",
            "var/lib/x.crash",
        ],
    },
    Case {
        kind: AdviceKind::SparseLoginDatabase,
        claims: &["var/log/lastlog"],
        leaves: &["srv/lastlog", "var/lib/faillock"],
    },
    Case {
        kind: AdviceKind::TemporaryFiles,
        claims: &["tmp/a", "var/tmp/b/c"],
        leaves: &["app/tmp/a", "+tmp/.X11-unix/X0"],
    },
    Case { kind: AdviceKind::Logs, claims: &["var/log/dpkg.log"], leaves: &["app/log/a", "srv/var/log/b"] },
    Case {
        kind: AdviceKind::EditorAndOsFiles,
        claims: &["app/.DS_Store", "app/x/Thumbs.db", "app/.a.c.swp", "app/.idea/b", "app/.vscode/c"],
        // dpkg keeps backups as `name~`; packages of npm are published with such files.
        leaves: &["etc/passwd~", "swapfile.swp", "app/node_modules/x/.vscode/a", "app/node_modules/x/.idea/a"],
    },
    Case {
        kind: AdviceKind::DebugSymbols,
        claims: &["usr/lib/debug/.build-id/a.debug", "app/app.pdb", "+app/app.dll", "app/App.dSYM/Contents/b"],
        // A protein, and a setting.
        leaves: &["srv/1abc.pdb", "etc/app.debug"],
    },
    Case {
        kind: AdviceKind::StaticLibrariesAndHeaders,
        claims: &[
            "usr/include/a.h",
            "usr/local/include/b.h",
            "usr/lib/x/c.la",
            "usr/lib/python3/site-packages/numpy/include/d.h",
        ],
        leaves: &["usr/local/go/src/runtime/a.h", "app/include/a.php"],
    },
    Case {
        kind: AdviceKind::DocsAndLocales,
        claims: &[
            "usr/share/doc/a/README",
            "usr/share/man/man1/a.1",
            "usr/share/locale/de/a.mo",
            "usr/share/lintian/b",
        ],
        // Licences must stay.
        leaves: &[
            "usr/share/doc/a/copyright",
            "usr/share/doc/a/b/LICENSE-MIT",
            "usr/local/share/doc/a/copyright",
            "usr/local/share/doc/a/THIRD-PARTY",
            "usr/share/common-licenses/GPL",
        ],
    },
];

/// The kinds that `contents.rs` and `pairs.rs` test.
const NOT_BY_PATH: [AdviceKind; 6] = [
    AdviceKind::ArchiveKept,
    AdviceKind::ModelWeightsTwice,
    AdviceKind::CudaTwice,
    AdviceKind::DuplicateContent,
    AdviceKind::DataInImage,
    AdviceKind::UnstrippedBinary,
];

/// An image of files, each one byte larger than the floor of the kind. `+path` is empty.
fn image_of(kind: AdviceKind, paths: &[&str]) -> Image {
    let size = kind.row().floor_bytes as usize + 1;
    image().layer(|layer| {
        // Copies would be of a kind of their own.
        paths.iter().zip(b'a'..).fold(layer, |layer, (path, letter)| match path.strip_prefix('+') {
            Some(path) => layer.file(path, ""),
            None => layer.file(path, vec![letter; size]),
        })
    })
}

#[test]
fn each_kind_claims_its_paths_and_nothing_else() {
    for Case { kind, claims, leaves } in CASES {
        let opened = image_of(*kind, claims).open();
        let found = opened.opened().advice(KindSet::on()).findings;
        let [finding] = &found[..] else { panic!("{kind}: {found:#?}") };
        let files = claims.iter().filter(|path| !path.starts_with('+')).count() as u64;
        assert_eq!((finding.kind, finding.files), (*kind, files), "{found:#?}");
        assert_eq!(finding.size_bytes, files * (kind.row().floor_bytes + 1), "{kind}");
        let opened = image_of(*kind, leaves).open();
        let found = opened.opened().advice(KindSet::on()).findings;
        assert!(found.is_empty(), "{kind} claims a trap: {found:#?}");
    }
}

#[test]
fn each_kind_of_files_has_a_test() {
    let mut tested: Vec<AdviceKind> = CASES.iter().map(|case| case.kind).chain(NOT_BY_PATH).collect();
    tested.sort();
    let kinds = KindSet::on();
    let by_path = AdviceKind::ALL.iter().copied().filter(|kind| kind.row().counts == CountedBytes::Visible);
    assert_eq!(by_path.filter(|kind| kinds.contains(*kind)).collect::<Vec<_>>(), tested);
}

#[test]
fn kinds_that_are_off_are_found_by_their_id_alone() {
    for (kind, path) in [
        (AdviceKind::TestFolders, "usr/lib/python3/dist-packages/site-packages/x/tests/a.py"),
        (AdviceKind::SourceMaps, "app/static/a.js.map"),
        (AdviceKind::PythonBytecode, "app/__pycache__/a.pyc"),
    ] {
        let opened = image().layer(|l| l.file(path, "1234")).open();
        assert!(opened.opened().advice(KindSet::on()).findings.is_empty(), "{kind}");
        let found = opened.opened().advice([kind].into_iter().collect()).findings;
        assert_eq!(found.iter().map(|it| (it.kind, it.size_bytes)).collect::<Vec<_>>(), [(kind, 4)]);
    }
}

#[test]
fn less_than_the_floor_is_no_finding() {
    let lists = |size| image().layer(|l| l.file("var/lib/apt/lists/a", "x".repeat(size)));
    finds(&lists(63_999), "");
    finds(&lists(64_000), "apt-lists 64000 B 1 files layer 0 /var/lib/apt/lists/a");
}

/// uv and conda link from their cache into the environment: deleting the cache would free nothing.
#[test]
fn hard_links_from_outside_keep_a_cache() {
    let linked = |outside: &str| {
        image().layer(|l| {
            let l = l.file("opt/conda/conda-meta/history", "").file("opt/conda/pkgs/a/lib.so", "12345");
            l.file("opt/conda/pkgs/a.tar", "123").hardlink(outside, "opt/conda/pkgs/a/lib.so")
        })
    };
    finds(&linked("opt/conda/envs/app/lib.so"), "conda-packages 3 B 1 files layer 0 /opt/conda/pkgs/a.tar");
    finds(&linked("opt/conda/pkgs/b/lib.so"), "conda-packages 8 B 2 files layer 0 /opt/conda/pkgs/a/lib.so");
}

/// With pnpm's global virtual store, and with `uv --link-mode symlink`, programs run from the cache.
#[test]
fn symbolic_links_from_outside_keep_a_cache() {
    for (cache, link, target) in [
        ("app/.pnpm-store/v10/links/a/index.js", "app/node_modules/a", "../.pnpm-store/v10/links/a"),
        ("root/.cache/uv/archive-v0/x/a.py", "app/.venv/lib/site-packages/a.py", "/root/.cache/uv/archive-v0/x/a.py"),
    ] {
        finds(&image().layer(|l| l.file(cache, "1234").symlink(link, target)), "");
        let inside = format!("{cache}-link");
        let opened = image().layer(|l| l.file(cache, "1234").symlink(&inside, format!("/{cache}"))).open();
        assert_eq!(opened.opened().advice(KindSet::on()).findings.len(), 1, "{cache}");
    }
}

/// A program is not temporary, wherever it is. It reads files next to its own.
#[test]
fn symbolic_links_from_outside_keep_files_in_temporary_directories() {
    let of = |files: &[&str], links: &[(&str, &str)]| {
        image().layer(|l| {
            let l = files.iter().fold(l, |l, path| l.file(path, "1234"));
            links.iter().fold(l, |l, (link, target)| l.symlink(link, target))
        })
    };
    let tool = &["tmp/tool/bin/tool", "tmp/tool/lib/a", "tmp/other"][..];
    let other = "temporary-files 4 B 1 files layer 0 /tmp/other";
    for links in [
        &[("usr/local/bin/tool", "/tmp/tool/bin/tool")][..],
        &[("usr/local/bin/tool", "../../../tmp/tool/bin/tool")],
        &[("opt/tool", "/tmp/tool")],
        // Chains, through the directory and through a link in it.
        &[("usr/bin/tool", "/opt/tool/bin/tool"), ("opt/tool", "/tmp/tool")],
        &[("usr/bin/tool", "/tmp/current/bin/tool"), ("tmp/current", "tool")],
        &[("usr/bin/tool", "/scratch/tool/bin/tool"), ("scratch", "/tmp")],
        &[("usr/bin/tool", "/tmp/x/../tool"), ("tmp/x/b", "a")],
    ] {
        finds(&of(tool, links), other);
        let of_var: Vec<_> = links.iter().map(|(link, target)| (*link, target.replace("tmp/", "var/tmp/"))).collect();
        if !links.iter().any(|(link, _)| link.starts_with("tmp/") || *link == "scratch") {
            let of_var: Vec<_> = of_var.iter().map(|(link, target)| (*link, &**target)).collect();
            let files: Vec<_> = tool.iter().map(|path| format!("var/{path}")).collect();
            let files: Vec<_> = files.iter().map(|path| &**path).collect();
            finds(&of(&files, &of_var), "temporary-files 4 B 1 files layer 0 /var/tmp/other");
        }
    }
    // What a needed directory links to is needed, too.
    finds(&of(&["tmp/a/x", "tmp/b/x", "tmp/other"], &[("opt/a", "/tmp/a"), ("tmp/a/b", "../b/x")]), other);
    let all = "temporary-files 12 B 3 files layer 0 /tmp/other";
    for links in [
        &[("usr/tmp", "../tmp")][..],
        &[("opt/tool", "/tmp/tool/missing")],
        &[("tmp/bin", "tool/bin/tool")],
        &[("opt/tool", "/tmpfs/tool")],
    ] {
        finds(&of(tool, links), all);
    }
    let hidden = of(tool, &[("opt/tool", "/tmp/tool")]).layer(|l| l.whiteout("opt/tool"));
    finds(&hidden, all);
    // The command leaves the link that the program is found by.
    let made = image().layer(|l| {
        let l = ["tmp/tool/a", "tmp/other/a", "tmp/other/b"].iter().fold(l, |l, path| l.file(path, "1234"));
        l.symlink("opt/a", "/tmp/now/a").symlink("tmp/now", "tool").created_by("RUN /bin/sh -c make # buildkit")
    });
    says(&made, &["layer 0: add `&& rm -rf /tmp/other/*`"]);
}

#[test]
fn one_file_counts_for_one_kind() {
    finds(
        &image().layer(|l| l.file("tmp/.cache/pip/a", "1234").file("tmp/x", "12")),
        "
        python-cache 4 B 1 files layer 0 /tmp/.cache/pip/a
        temporary-files 2 B 1 files layer 0 /tmp/x
        ",
    );
}

/// A development image starts the program that reads the cache.
#[test]
fn caches_that_the_image_starts_with_are_needed() {
    for (path, command) in [
        ("root/.cache/go-build/a", &["go", "run", "."][..]),
        ("go/pkg/mod/a", &["/bin/sh", "-c", "cd /app && exec go run ."]),
        ("root/.cargo/registry/a", &["cargo", "run"]),
        ("root/.m2/repository/a.jar", &["java", "-cp", "/root/.m2/repository/a.jar", "Main"]),
        ("root/.gradle/caches/a", &["./gradlew", "bootRun"]),
        ("root/.ivy2/cache/a.jar", &["java", "-jar", "/root/.ivy2/cache/a.jar"]),
        ("root/.cache/coursier/a", &["sbt", "run"]),
        ("root/.nuget/packages/a", &["dotnet", "watch"]),
        ("root/.cache/bazel/a", &["bazel", "run", "//:app"]),
    ] {
        let of = |image: Image| image.layer(|l| l.file(path, "1234"));
        finds(&of(image().starts(command)), "");
        assert_eq!(of(image()).open().opened().advice(KindSet::on()).findings.len(), 1, "{path}");
        assert_eq!(of(image().starts(&["./app"])).open().opened().advice(KindSet::on()).findings.len(), 1, "{path}");
    }
}

#[test]
fn temporary_files_that_the_configuration_names_are_needed() {
    let of = |key: &str, value: serde_json::Value| image().layer(|l| l.file("tmp/app/a", "1234")).set(key, value);
    for needed in
        [of("WorkingDir", json!("/tmp")), of("WorkingDir", json!("/tmp/app")), of("Env", json!(["PATH=/bin:/tmp/app"]))]
    {
        finds(&needed, "");
    }
    finds(&of("Cmd", json!(["sh", "-c", "exec /tmp/app/a"])), "");
    for other in [
        of("WorkingDir", json!("/tmpfs")),
        of("Env", json!(["TMPDIR=/tmp", "TMP=/tmp/"])),
        of("Cmd", json!(["/srv/tmp/app"])),
    ] {
        finds(&other, "temporary-files 4 B 1 files layer 0 /tmp/app/a");
    }
}
