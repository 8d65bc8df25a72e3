//! Kinds by another file or instruction: archives beside what they unpacked to, weights in two formats, CUDA twice, a second
//! Python, the whole build context.

use dive_model::advice::{AdviceKind, KindSet};

use super::{finds, remedies, says};
use crate::build::{Layer, image};
use crate::user::User;

#[test]
fn archives_that_were_unpacked_are_found() {
    let of = |path: &str, command: &str| image().layer(|l| l.file(path, "1234").created_by(command));
    for (path, command) in [
        ("opt/node-v22.tar.xz", "RUN /bin/sh -c curl -O https://x.example/node-v22.tar.xz && tar xf node-v22.tar.xz"),
        ("tmp/node-v22.tar.xz", "RUN /bin/sh -c curl -O https://x.example/node-$VERSION.tar.xz # buildkit"),
        ("root/tool.deb", "/bin/sh -c wget https://x.example/tool.deb && dpkg -i tool.deb"),
        ("cuda.run", "/bin/sh -c sh cuda.run --silent"),
        ("usr/src/a.zip", "/bin/sh -c unzip /usr/src/*.zip"),
    ] {
        let image = of(path, command);
        finds(&image, &format!("archive-kept 4 B 1 files layer 0 /{path}"));
        says(&image, &[&format!("layer 0: add `&& rm -rf /{path}`")]);
    }
    let copied = image()
        .layer(|l| l.file("opt/app.tgz", "1234").created_by("COPY app.tgz /opt/ # buildkit"))
        .layer(|l| l.file("opt/app/run", "1").created_by("RUN /bin/sh -c tar xzf /opt/app.tgz -C /opt # buildkit"));
    finds(&copied, "archive-kept 4 B 1 files layer 0 /opt/app.tgz");
    let beside = image().layer(|l| l.file("opt/app-1.tar.gz", "1234").file("opt/app-1/run", "1"));
    finds(&beside, "archive-kept 4 B 1 files layer 0 /opt/app-1.tar.gz");
}

/// pip installs from the directory that the RUN names, wherever it is.
#[test]
fn packages_that_pip_installed_are_found() {
    let of = |run: &str| {
        let copied = image().runs_as("app").set("WorkingDir", serde_json::json!("/app")).layer(|l| {
            let l = l.file("wheels/a-1.whl", "1234").file("wheels/b-1.tar.gz", "1234").file("wheels/README", "1");
            l.file("app/dist/c.whl", "1234").created_by("COPY --from=build /wheels /wheels # buildkit")
        });
        copied.layer(|l| l.file("opt/x", "1").created_by(&format!("RUN /bin/sh -c {run} # buildkit")))
    };
    let (all, wheel) =
        ("archive-kept 8 B 2 files layer 0 /wheels/a-1.whl", "archive-kept 4 B 1 files layer 0 /wheels/a-1.whl");
    let relative = "archive-kept 4 B 1 files layer 0 /app/dist/c.whl";
    for (run, found) in [
        ("pip install --no-index --find-links /wheels app", all),
        ("pip3.13 install --find-links=file:///wheels/ -r list", all),
        ("python3 -m pip install -f /wheels app", all),
        ("uv pip install --find-links /wheels app", all),
        ("pip install /wheels/*", all),
        ("pip install --no-cache-dir /wheels/*.whl", wheel),
        ("pip install /wheels/a-1.whl", wheel),
        ("pip install ./dist/*.whl", relative),
        ("pip install -f $WHEELS app", ""),
        ("pip wheel --find-links /wheels app", ""),
        ("curl -f /wheels && pip install app", ""),
        ("pip install -r /wheels/README", ""),
    ] {
        finds(&of(run), found);
    }
    let installed = || of("pip install --find-links /wheels app");
    says(
        &installed(),
        &["layer 0: mount /wheels in the RUN that uses it (`RUN --mount=type=bind,from=STAGE`) instead of copying it"],
    );
    says(
        &of("pip install /wheels/*.whl"),
        &[
            "layer 0: mount /wheels/a-1.whl in the RUN that installs it (`RUN --mount=type=bind,from=STAGE`) instead of \
           copying it",
        ],
    );
    // Containers install from there.
    finds(&installed().set("Env", serde_json::json!(["PIP_FIND_LINKS=/wheels"])), "");
    finds(&installed().starts(&["sh", "-c", "pip install app && exec app"]), "");
    let of_package = image().layer(|l| {
        let l = l.file("usr/share/python-wheels/pip.whl", "1234");
        l.created_by("RUN /bin/sh -c pip install --find-links /usr/share/python-wheels pip # buildkit")
    });
    finds(&of_package, "");
    let made = image().layer(|l| {
        let l = l.file("wheels/a.whl", "1234");
        l.created_by("RUN /bin/sh -c pip wheel -w /wheels a && pip install -f /wheels a # buildkit")
    });
    says(&made, &["layer 0: add `&& rm -rf /wheels/a.whl`"]);
}

/// A program may read an archive.
#[test]
fn archives_without_a_proof_are_left_alone() {
    let of = |path: &str, command: &str| image().layer(|l| l.file(path, "1234").created_by(command));
    finds(&of("opt/model.zip", "RUN /bin/sh -c curl -o /opt/model.zip https://x.example/model.zip"), "");
    finds(&of("opt/model.zip", "COPY model.zip /opt/ # buildkit"), "");
    finds(&of("app/model.zip", "RUN /bin/sh -c unzip /app/model.zip"), "");
    finds(&of("srv/repository/a.deb", "/bin/sh -c dpkg -i /srv/repository/a.deb"), "");
    finds(&of("opt/app.tgz", "RUN /bin/sh -c tar xzf $ARCHIVE"), "");
    finds(&of("opt/app.tgz", "RUN /bin/sh -c echo tar xzf app.tgz"), "");
    // No file has such a long name.
    finds(&of("opt/app.tgz", &format!("RUN /bin/sh -c tar xzf {}.tgz", "$A".repeat(150))), "");
    // Archives that a RUN makes, or that a program of the image unpacks.
    finds(&of("opt/site.tar.gz", "RUN /bin/sh -c tar czf /opt/site.tar.gz /srv"), "");
    finds(&of("opt/site.tar.gz", "RUN /bin/sh -c tar -C /srv -cJf /opt/site.tar.gz ."), "");
    finds(&of("opt/site.zip", "RUN /bin/sh -c zip -r /opt/site.zip /srv"), "");
    let made = |l: Layer| l.file("opt/site.tar.gz", "1").file("opt/site/a", "2");
    finds(&image().layer(|l| made(l).created_by("RUN /bin/sh -c tar czf /opt/site.tar.gz /opt/site")), "");
    finds(&of("usr/src/php.tar.xz", "RUN /bin/sh -c curl -o php.tar.xz https://x.example/php.tar.xz"), "");
}

/// Containers may read what the configuration or a symbolic link names.
#[test]
fn archives_that_containers_may_read_are_left_alone() {
    let fetched = || {
        image().layer(|l| {
            let l = l.file("root/data.zip", "1234");
            l.created_by("RUN /bin/sh -c curl -o /root/data.zip https://x.example/data.zip # buildkit")
        })
    };
    finds(&fetched(), "archive-kept 4 B 1 files layer 0 /root/data.zip");
    finds(&fetched().starts(&["/app", "--data=/root/data.zip"]), "");
    finds(&fetched().starts(&["sh", "-c", "exec unzip -p '/root/data.zip'"]), "");
    finds(&fetched().set("Env", serde_json::json!(["DATA=/root/data.zip"])), "");
    finds(&fetched().layer(|l| l.symlink("srv/data.zip", "/root/data.zip")), "");
    finds(&fetched().starts(&["/app", "/root/otherdata.zip"]), "archive-kept 4 B 1 files layer 0 /root/data.zip");
}

#[test]
fn data_is_found_above_its_floor() {
    let of = |path: &str, size: u64| image().layer(|l| l.sparse_file(path, "x", size));
    finds(&of("models/x.gguf", 100_000_000), "data-in-image 100000000 B 1 files layer 0 /models/x.gguf");
    finds(&of("models/x.gguf", 99_999_999), "");
    finds(&of("app/video.mp4", 200_000_000), "");
    // A cache of models has tokenizers and settings, too, and setuptools brings files of paths.
    let small = |path: &str, size: u64| {
        image().layer(|l| l.sparse_file("models/x.gguf", "x", 100_000_000).sparse_file(path, "y", size))
    };
    let alone = "data-in-image 100000000 B 1 files layer 0 /models/x.gguf";
    for path in ["usr/lib/python3/site-packages/distutils-precedence.pth", "x/dist-packages/a.pth"] {
        finds(&small(path, 1_000_000), alone);
    }
    finds(&small("hub/models--a--b/blobs/beef", 65_535), alone);
    finds(&small("hub/models--a--b/blobs/beef", 65_536), "data-in-image 100065536 B 2 files layer 0 /models/x.gguf");
    finds(&small("x/site-packages/torchx/w.pth", 65_536), "data-in-image 100065536 B 2 files layer 0 /models/x.gguf");
}

#[test]
fn cuda_libraries_of_system_and_packages_are_found_whatever_their_versions() {
    let of = |system: &str, python: &str| image().layer(|l| l.file(system, "12345").file(python, "123"));
    let python = "opt/venv/lib/python3/site-packages/nvidia/cublas/lib/libcublas.so.12";
    for system in ["usr/local/cuda-12.4/lib64/libcublas.so.11.1", "usr/lib/x86_64-linux-gnu/libcublas.so.11"] {
        finds(&of(system, python), &format!("cuda-twice 5 B 1 files layer 0 /{system}"));
    }
    says(
        &of("usr/local/cuda/lib64/libcudart.so.12", "x/dist-packages/torch/lib/libcudart-8066.so.11"),
        &["layer 0: /usr/local/cuda/lib64/libcudart.so.12 is not needed beside \
          /x/dist-packages/torch/lib/libcudart-8066.so.11; use a base without them, such as `nvidia/cuda:*-base-*`"],
    );
    let installed = image().layer(|l| l.file("var/lib/dpkg/status", "1")).layer(|l| {
        let l = l.file("usr/lib/libcublas.so.11", "12345").file(python, "123");
        l.created_by("RUN /bin/sh -c apt-get install -y cuda-libraries && pip install torch # buildkit")
    });
    let of_cuda = installed.runs_as("app");
    says(
        &of_cuda,
        &["layer 1: /usr/lib/libcublas.so.11 is not needed beside \
          /opt/venv/lib/python3/site-packages/nvidia/cublas/lib/libcublas.so.12; leave its package out of the installation, \
          unless another program loads it"],
    );
    for system in
        ["usr/local/cuda/lib64/stubs/libcublas.so.11", "usr/local/cuda/lib64/libcufft.so.11", "opt/libcublas.so"]
    {
        finds(&of(system, python), "");
    }
    let linked =
        image().layer(|l| l.file(python, "123").symlink("usr/local/cuda/lib64/libcublas.so", format!("/{python}")));
    finds(&linked, "");
}

#[test]
fn a_context_that_was_copied_whole_is_named_with_its_lines() {
    let of = |paths: &[&str], command: &str| {
        image()
            .layer(|l| l.file("var/lib/dpkg/status", "1"))
            .layer(|l| paths.iter().fold(l, |l, path| l.file(path, "1")).created_by(command))
    };
    let found = |paths: &[&str]| remedies(&of(paths, "COPY . /app # buildkit"), AdviceKind::ContextCopiedWhole);
    assert_eq!(
        found(&["app/Dockerfile", "app/.git/HEAD", "app/tests/a", "app/main.py"]),
        ["layer 1: write in .dockerignore what the image does not need: `/Dockerfile`, `/.git`, `/tests`"]
    );
    assert_eq!(
        found(&["app/.env", "app/package.json", "app/node_modules/x/Dockerfile", "app/node_modules/x/.github/x"]),
        ["layer 1: write in .dockerignore what the image does not need: `/.env`"],
        "no RUN installs the modules"
    );
    for paths in [
        &["app/Dockerfile", "app/main.py"][..],
        &["app/tests/a", "app/coverage/b"],
        &["app/node_modules/x/Dockerfile", "app/node_modules/x/.github/x"],
        &["app/a/Dockerfile", "app/b/.git"],
        &["app/.env", "app/target/x"],
        &["app/third_party/x/.travis.yml", "app/third_party/x/.gitignore", "app/main.py"],
    ] {
        assert_eq!(found(paths), [""; 0], "{paths:?}");
    }
    let paths = ["app/Dockerfile", "app/.git/HEAD"];
    let owned = of(&paths, "COPY . /app # buildkit").layer(|l| {
        paths.iter().fold(l, |l, path| l.file(path, "1").owner(7, 7)).created_by("RUN /bin/sh -c chown -R 7 /app")
    });
    assert_eq!(remedies(&owned, AdviceKind::ContextCopiedWhole).len(), 1, "a later layer changed the owner");
    let cloned = of(&["app/Dockerfile", "app/.git/HEAD"], "RUN /bin/sh -c git clone x /app # buildkit");
    assert_eq!(remedies(&cloned, AdviceKind::ContextCopiedWhole), [""; 0]);
}

/// A pattern without a directory is for the root of the context alone, and `**/` for all directories.
#[test]
fn the_lines_of_a_context_are_those_of_its_directory() {
    let of = |command: &str| {
        let context = image()
            .runs_as("app")
            .set("WorkingDir", serde_json::json!("/srv/app"))
            .layer(|l| l.file("var/lib/dpkg/status", "1"));
        context.layer(|l| l.file("srv/app/Dockerfile", "1").file("srv/app/tests/a", "1").created_by(command))
    };
    let exact = |lines: &str| format!("layer 1: write in .dockerignore what the image does not need: {lines}");
    let unknown = "layer 1: exclude from the copied directory, in .dockerignore, what the image does not need: \
                   `Dockerfile`, `tests`";
    for (command, remedy) in [
        ("COPY . . # buildkit", exact("`/Dockerfile`, `/tests`")),
        ("COPY ./ /srv/app/ # buildkit", exact("`/Dockerfile`, `/tests`")),
        ("COPY services/shop/ . # buildkit", exact("`/services/shop/Dockerfile`, `/services/shop/tests`")),
        ("COPY . /srv # buildkit", exact("`/app/Dockerfile`, `/app/tests`")),
        ("COPY . / # buildkit", exact("`/srv/app/Dockerfile`, `/srv/app/tests`")),
        ("COPY a b /srv/app/ # buildkit", unknown.to_owned()),
        ("COPY $DIR /srv/app/ # buildkit", unknown.to_owned()),
        ("/bin/sh -c #(nop) COPY dir:12ab in /srv/app ", unknown.to_owned()),
    ] {
        assert_eq!(remedies(&of(command), AdviceKind::ContextCopiedWhole), [remedy], "{command}");
    }
    // The Dockerfile knows what the classic builder does not record, and what its other stages need.
    let archive = of("/bin/sh -c #(nop) COPY dir:12ab in /srv/app ")
        .layer(|l| l.file("a", "1").created_by("/bin/sh -c make"))
        .save(crate::build::Format::DockerArchive);
    for (file, lines) in [
        ("FROM a\nCOPY \\\n  shop /srv/app\nRUN make\n", "`/shop/Dockerfile`, `/shop/tests`"),
        ("FROM a AS b\nCOPY tests /t\nFROM a\nCOPY shop /srv/app\nRUN make\n", "`/shop/Dockerfile`"),
        ("FROM a AS b\nCOPY shop /b\nRUN npm test\nFROM a\nCOPY shop /srv/app\nRUN make\n", "`/shop/Dockerfile`"),
        (
            "FROM a\n# tests\nCOPY shop /srv/app\nCOPY --from=b /tests /t\nRUN make\n",
            "`/shop/Dockerfile`, `/shop/tests`",
        ),
    ] {
        let user = User::new().writes("Dockerfile", file);
        let path = archive.path().to_str().unwrap();
        let text = user.runs(&["advise", path, "--dockerfile", "Dockerfile", "--format", "tsv"]).ends_with(0).stdout;
        assert!(text.contains(&format!("does not need: {lines}\t")), "{file}: {text}");
    }
}

/// Without these names, a later RUN fails, or the container does not start.
#[test]
fn a_name_that_the_image_needs_stays_in_the_context() {
    let of = |later: &str| {
        let context = image().layer(|l| l.file("var/lib/dpkg/status", "1")).layer(|l| {
            let paths = ["Dockerfile", ".env", ".git/HEAD", "tests/a", "package.json", "node_modules/a", "Cargo.toml"];
            let l = paths.iter().fold(l, |l, path| l.file(format!("app/{path}"), "1")).file("app/target/a", "1");
            l.created_by("COPY . /app # buildkit")
        });
        let later = context.layer(|l| l.file("opt/a", "1").created_by(&format!("RUN /bin/sh -c {later} # buildkit")));
        remedies(&later, AdviceKind::ContextCopiedWhole).concat()
    };
    for (later, names) in [
        ("make", "`/Dockerfile`, `/.git`, `/.env`, `/tests`"),
        (". ./.env && npm test", "`/Dockerfile`, `/.git`"),
        ("git describe > v", "`/Dockerfile`, `/.env`, `/tests`"),
        ("npm ci", "`/Dockerfile`, `/.git`, `/.env`, `/tests`, `/node_modules`"),
        ("npm install -g pm2", "`/Dockerfile`, `/.git`, `/.env`, `/tests`"),
        ("cargo build", "`/Dockerfile`, `/.git`, `/.env`, `/tests`, `/target`"),
    ] {
        let expected = format!("layer 1: write in .dockerignore what the image does not need: {names}");
        assert_eq!(of(later), expected, "{later}");
    }
}

#[test]
fn a_second_python_is_named_with_its_packages() {
    let of = |command: &str| {
        image()
            .layer(|l| l.file("var/lib/dpkg/status", "1").file("usr/local/bin/python3", "1"))
            .layer(|l| l.file("usr/bin/python3.13", "1").created_by(command))
    };
    assert_eq!(
        remedies(&of("RUN /bin/sh -c apt-get install -y gcc python3-yaml # buildkit"), AdviceKind::TwoPythons),
        [
            "layer 1: python3-yaml brings /usr/bin/python3.13, but /usr/local/bin/python3 does not see it; install with pip instead"
        ]
    );
    assert_eq!(
        remedies(&of("RUN /bin/sh -c apt-get install -y gdb # buildkit"), AdviceKind::TwoPythons),
        [
            "layer 1: /usr/bin/python3.13 comes with a package beside /usr/local/bin/python3; find one that needs no Python"
        ]
    );
    let base = image().layer(|l| {
        l.file("var/lib/dpkg/status", "1").file("usr/local/bin/python3", "1").file("usr/bin/python3.13", "1")
    });
    assert_eq!(remedies(&base, AdviceKind::TwoPythons), [""; 0], "both in the base");
    let only = image().layer(|l| l.file("x", "1")).layer(|l| l.file("usr/bin/python3.13", "1"));
    assert_eq!(remedies(&only, AdviceKind::TwoPythons), [""; 0]);
}

#[test]
fn labels_are_off() {
    let image = image().layer(|l| l.file("x", "1"));
    assert!(!KindSet::on().contains(AdviceKind::Labels));
    assert_eq!(
        remedies(&image, AdviceKind::Labels),
        ["write `LABEL org.opencontainers.image.source=... org.opencontainers.image.licenses=...`, and build with \
          `--label org.opencontainers.image.revision=... --label org.opencontainers.image.created=...`"]
    );
}
