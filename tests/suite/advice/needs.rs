//! Which files a later RUN needs: those that it names, and what it installs from without a network. A failure means that a remedy
//! breaks the build, or joins RUNs without a reason.

use super::later_runs::built;
use super::says;
use crate::build::image;

/// What an image says whose first RUN stores a file, and whose second one runs a script.
#[track_caller]
fn says_between(path: &str, first: &str, second: &str, remedy: &str) {
    let run = |script: &str| format!("RUN /bin/sh -c {script} # buildkit");
    says(&built(&[(path, &run(first)), ("usr/bin/x", &run(second))]), &[&format!("layer 0: {remedy}")]);
}

/// A cache that is mounted in one RUN alone is empty in the others: apt finds no package.
#[test]
fn an_index_of_apt_is_mounted_only_if_no_later_run_installs_from_its_lists() {
    let image = image().runs_as("app").layer(|l| {
        let l = l.file("var/cache/apt/pkgcache.bin", "x".repeat(70_000));
        l.created_by("RUN /bin/sh -c apt-get update # buildkit")
    });
    let image = image.layer(|l| {
        let l = l.file("var/cache/apt/pkgcache.bin", "y".repeat(70_000));
        l.created_by("RUN /bin/sh -c apt-get install -y less # buildkit")
    });
    says(
        &image,
        &[
            "layer 1: add `&& apt-get clean`",
            "layer 0: join it with layer 1 in one RUN that ends with `apt-get clean && rm -rf /var/lib/apt/lists/*`",
        ],
    );
}

/// What the first RUN deletes, a download makes again.
#[test]
fn an_index_of_apt_is_deleted_in_the_last_run_that_fills_it() {
    let index = |image: crate::build::Image, (path, script): (&str, &str)| {
        image.layer(|l| {
            let l = l.file(path, "x".repeat(70_000));
            l.created_by(&format!("RUN /bin/sh -c {script} # buildkit"))
        })
    };
    let runs = [
        ("var/cache/apt/srcpkgcache.bin", "apt-get install -y file"),
        ("tmp/hello", "cd /tmp && apt-get download hello"),
        ("usr/bin/tree", "apt-get install -y tree"),
    ];
    let opened = runs.into_iter().fold(image().runs_as("app"), index).open();
    let found = opened.opened().advice([dive_model::advice::AdviceKind::AptLists].into_iter().collect()).findings;
    let remedies: Vec<&str> = found.iter().map(|finding| finding.remedy.as_str()).collect();
    assert_eq!(
        remedies,
        [
            "layer 0: join it with layers 1 and 2 in one RUN that ends with `apt-get clean && rm -rf /var/lib/apt/lists/*`"
        ]
    );
}

#[test]
fn what_a_later_run_installs_from_without_a_download_stays() {
    let pacman = "rm -rf /var/cache/pacman/pkg/* /var/lib/pacman/sync/*";
    let sync = ("var/lib/pacman/sync/core.db", "pacman -Syu --noconfirm");
    let joined = |command: &str| format!("join it with layer 1 in one RUN that ends with `{command}`");
    let added = |command: &str| format!("add `&& {command}`");
    // What a later RUN downloads again is no reason to join.
    let in_both = |command: &str| added(command) + "; do the same in layer 1, which would fill the cache again";
    for ((path, first), second, remedy) in [
        (sync, "pacman -S --noconfirm git", joined(pacman)),
        (sync, "pacman -Sy --noconfirm git", in_both(pacman)),
        (sync, "pacman -Scc --noconfirm", added(pacman)),
        (("var/cache/pacman/pkg/a.zst", "pacman -Sy a"), "pacman -S git", in_both(pacman)),
        (("var/cache/zypp/a", "zypper in -y a"), "zypper --no-refresh in -y b", joined("zypper clean -a")),
        (("var/cache/zypp/a", "zypper in -y a"), "zypper in -y b", in_both("zypper clean -a")),
        (("var/cache/dnf/a", "dnf makecache"), "dnf -C install -y b", joined("dnf clean all && rm -rf /var/cache/dnf")),
        (
            ("var/cache/dnf/a", "dnf makecache"),
            "dnf install -y b && tar x -C /opt",
            in_both("dnf clean all && rm -rf /var/cache/dnf"),
        ),
        (
            ("var/cache/dnf/fedora/packages/b.rpm", "dnf install -y --downloadonly b"),
            "rpm -i /var/cache/dnf/*/packages/*.rpm",
            joined("dnf clean all && rm -rf /var/cache/dnf"),
        ),
        (
            ("root/.composer/cache/a", "composer install"),
            "COMPOSER_DISABLE_NETWORK=1 composer install",
            joined("composer clear-cache"),
        ),
        (
            ("root/.composer/cache/a", "composer install"),
            "npm ci --offline",
            format!(
                "{}, or mount a cache: `RUN --mount=type=cache,target=/root/.composer/cache`",
                added("composer clear-cache")
            ),
        ),
        (
            ("root/.npm/_cacache/a", "npm ci"),
            "uv sync --offline",
            format!(
                "{}, or mount a cache: `RUN --mount=type=cache,target=/root/.npm/_cacache`",
                added("npm cache clean --force"),
            ),
        ),
    ] {
        says_between(path, first, second, &remedy);
    }
    let conda = image().runs_as("app").layer(|l| {
        let l = l.file("opt/conda/conda-meta/history", "").file("opt/conda/pkgs/a.tar.bz2", "x".repeat(5_000));
        l.created_by("RUN /bin/sh -c conda install -y a # buildkit")
    });
    let offline = |l: crate::build::Layer| l.created_by("RUN /bin/sh -c conda install -y --offline b # buildkit");
    says(
        &conda.layer(|l| offline(l.file("a", "1"))),
        &["layer 0: join it with layer 1 in one RUN that ends with `conda clean -afy`"],
    );
}

/// Without an index, `apk add` knows no package.
#[test]
fn apk_downloads_an_index_in_each_run_or_in_none() {
    let index = "var/cache/apk/APKINDEX.1.tar.gz";
    for (first, second, remedy) in [
        ("apk update && apk add a", "make", "write `apk add --no-cache`, without `apk update`"),
        (
            "apk update && apk add a",
            "apk add git",
            "write `apk add --no-cache` here and in layer 1, without `apk update`",
        ),
        ("apk update", "apk add git", "leave out `apk update`, and write `apk add --no-cache` in layer 1"),
        ("apk update", "apk add --no-cache git", "leave out `apk update`"),
        ("apk update", "apk update && apk add git", "leave out `apk update`"),
        (
            "apk fetch -o /var/cache/apk git",
            "apk add --no-network /var/cache/apk/*.apk",
            "join it with layer 1 in one RUN that ends with `rm -rf /var/cache/apk/*`",
        ),
    ] {
        says_between(index, first, second, remedy);
    }
}

/// What the first RUN deletes, the second would download again.
#[test]
fn lists_are_deleted_in_each_run_that_updates_them() {
    let update = ("var/lib/apt/lists/a", "RUN /bin/sh -c apt-get update && apt-get install -y a # buildkit");
    let again = ("usr/bin/b", "RUN /bin/sh -c apt-get update && apt-get install -y b # buildkit");
    let mounts = "layer 0: add `&& rm -rf /var/lib/apt/lists/*`, or mount caches: \
        `RUN --mount=type=cache,sharing=locked,target=/var/cache/apt` and \
        `--mount=type=cache,sharing=locked,target=/var/lib/apt/lists`";
    let lists = |layers: &[(&str, &str)], remedy: &str| {
        let fill = |image: crate::build::Image, (path, command): &(&str, &str)| {
            image.layer(|l| l.file(path, "x".repeat(70_000)).created_by(command))
        };
        says(&layers.iter().fold(image().runs_as("app"), fill), &[&format!("{mounts}{remedy}")]);
    };
    lists(&[update, again], "; do the same in layer 1, which would download them again");
    lists(
        &[
            update,
            ("usr/bin/b", "RUN /bin/sh -c apt-get update # buildkit"),
            ("usr/bin/c", "RUN /bin/sh -c apt-get install c"),
        ],
        "; layer 1 would download them again for layer 2: merge these RUNs, and do the same there",
    );
    let installing = ("usr/bin/c", "RUN /bin/sh -c apt-get install -y b");
    let joined = image().runs_as("app").layer(|l| {
        l.file("var/lib/apt/lists/a", "x".repeat(70_000)).created_by("RUN /bin/sh -c apt-get update # buildkit")
    });
    let joined = [installing, again]
        .iter()
        .fold(joined, |image, (path, command)| image.layer(|l| l.file(path, "1").created_by(command)));
    says(
        &joined,
        &[
            "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/lib/apt/lists/*`; do the same in layer 2, which \
          would download them again",
        ],
    );
    lists(&[update, ("usr/bin/b", "RUN /bin/sh -c cp a /etc/apt && make install # buildkit")], "");
    for script in ["timeout 60 apt-get update", "bash -ec 'apt-get update | tee x; apt-get install -y b'"] {
        let script = format!("RUN /bin/bash -c {script} # buildkit");
        lists(&[update, ("usr/bin/b", &script)], "; do the same in layer 1, which would download them again");
    }
}

#[test]
fn logs_and_weights_stay_until_the_run_that_reads_them() {
    let of = |path: &str, first: &str, second: &str| {
        let image = image().runs_as("app").layer(|l| {
            let l = l.file(path, "x".repeat(1_100_000));
            l.created_by(&format!("RUN /bin/sh -c {first} # buildkit"))
        });
        image.layer(|l| {
            let l = l.file("m/model.safetensors", "y".repeat(1_000_000));
            l.created_by(&format!("RUN /bin/sh -c {second} # buildkit"))
        })
    };
    says(
        &of("var/log/a.log", "make", "grep -q done /var/log/a.log"),
        &["layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/log/a.log`"],
    );
    // The script of an inner shell reads it, whatever it writes.
    says(
        &of("var/log/a.log", "make", "bash -c 'grep -q done /var/log/a.log 2>/dev/null'"),
        &["layer 0: join it with layer 1 in one RUN that ends with `rm -rf /var/log/a.log`"],
    );
    says(&of("var/log/a.log", "make", "echo x > /var/log/b.log"), &["layer 0: add `&& rm -rf /var/log/a.log`"]);
    let weights = "layer 0: /m/pytorch_model.bin has the weights of /m/model.safetensors";
    says(
        &of("m/pytorch_model.bin", "hf download x", "convert.py /m/pytorch_model.bin /m/model.safetensors"),
        &[&format!(
            "{weights}; join it with layer 1 in one RUN that ends with `rm -rf /m/pytorch_model.bin`, unless a program reads \
             /m/pytorch_model.bin"
        )],
    );
    says(
        &of("m/pytorch_model.bin", "hf download x", "hf download y"),
        &[&format!("{weights}; write `--exclude 'pytorch_model*'`, unless a program reads /m/pytorch_model.bin")],
    );
}

/// An address is no path, and a deletion needs nothing.
#[test]
fn a_run_needs_only_files_that_it_names() {
    let repository = |second: &str| {
        let image = image().runs_as("app").layer(|l| {
            let l = l.file("opt/t/.git/HEAD", "x").file("opt/t/.git/objects/a", "x".repeat(5_000));
            l.created_by("RUN /bin/sh -c git clone https://y.example/t.git /opt/t # buildkit")
        });
        image.layer(|l| l.file("usr/bin/x", "1").created_by(&format!("RUN /bin/sh -c {second} # buildkit")))
    };
    let (added, joined) = (
        "layer 0: add `&& rm -rf /opt/t/.git`, unless a later RUN needs it",
        "layer 0: join it with layer 1 in one RUN that ends with `rm -rf /opt/t/.git`",
    );
    for (second, remedy) in [
        ("git clone https://y.example/u.git /opt/u", added),
        ("pip install git+https://y.example/b.git", added),
        ("/opt/t/bin/install", added),
        ("chown -R app /opt", added),
        ("mkdir -p /opt/t", added),
        ("pip install /opt/t", joined),
        ("cat /opt/t/.git/HEAD", joined),
        ("cd /opt/t && make", joined),
        ("cp -r /opt/t /srv", joined),
    ] {
        says(&repository(second), &[remedy]);
    }
    let (added, joined) = (
        "add `&& rm -rf /tmp/a.tgz`, unless a later RUN needs it",
        "join it with layer 1 in one RUN that ends with `rm -rf /tmp/a.tgz`",
    );
    for (second, remedy) in [
        ("rm -rf /tmp/foo", added),
        ("rm -rf /var/tmp/*; make", added),
        ("dpkg -i /tmp/b.deb", added),
        ("TMPDIR=/tmp pip install x", added),
        ("curl -o /tmp/b.tgz https://x.example/a.tgz", added),
        ("mkdir -p /tmp/b && cp -r /srv /tmp", added),
        ("tar xf /srv/b.tar -C /tmp", added),
        ("tar xf /tmp/a.tgz", joined),
        ("tar xf a.tgz", joined),
        ("tar xf /tmp/*.tgz", joined),
        ("sh -c 'tar xf /tmp/a.tgz'", joined),
        ("A=/tmp/a.tgz make", joined),
        ("cp -r /tmp /srv", joined),
    ] {
        says_between("tmp/a.tgz", "curl -LO https://x.example/a.tgz", second, remedy);
    }
}
