//! Advice on instructions, the configuration and modes. A failure means that dive repeats what a linter says, where it is wrong.

use dive_model::advice::{AdviceKind, KindSet};
use serde_json::json;

use super::remedies;
use crate::build::{Image, image};
use crate::user::User;

/// An image of a base and layers with these instructions.
fn built_by(instructions: &[&str]) -> Image {
    let base = image().layer(|l| l.file("var/lib/dpkg/status", "1").created_by("base"));
    instructions.iter().fold(base, |image, text| image.layer(|l| l.file("app/x", *text).created_by(text)))
}

#[test]
fn instructions_are_advised_on_by_their_text() {
    for (kind, instructions, remedy) in [
        (AdviceKind::AddForCopy, &["ADD src /app/ # buildkit"][..], "layer 1: write COPY for ADD"),
        (AdviceKind::AddForCopy, &["/bin/sh -c #(nop) ADD dir:12 in /app "], "layer 1: write COPY for ADD"),
        (
            AdviceKind::CopyBeforeInstall,
            &["COPY . /app # buildkit", "RUN /bin/sh -c npm ci && npm run build # buildkit"],
            "layer 1: copy package.json and its lock file first, run the installation of layer 2, then copy the rest",
        ),
        // Another installation is cached already.
        (
            AdviceKind::CopyBeforeInstall,
            &[
                "COPY requirements.txt . # buildkit",
                "RUN /bin/sh -c pip install -r requirements.txt # buildkit",
                "COPY . . # buildkit",
                "RUN /bin/sh -c npm install # buildkit",
                "RUN /bin/sh -c npm ci # buildkit",
            ],
            "layer 3: copy package.json and its lock file first, run the installation of layer 4, then copy the rest",
        ),
        (
            AdviceKind::UnpinnedPackages,
            &["/bin/sh -c apt-get update && apt-get install -y curl git=1"],
            "layer 1: name the version of curl",
        ),
        (
            AdviceKind::UnpinnedPackages,
            &["/bin/sh -c apk add gcc make"],
            "layer 1: name the version of gcc (2 packages)",
        ),
        (
            AdviceKind::AptNotAptGet,
            &["/bin/sh -c apt update && apt install -y curl"],
            "layer 1: write `apt-get` for `apt`",
        ),
    ] {
        assert_eq!(remedies(&built_by(instructions), kind), [remedy], "{instructions:?}");
    }
}

#[test]
fn instructions_that_are_right_or_unclear_are_left_alone() {
    for (kind, instructions) in [
        // The history does not record `--checksum`.
        (AdviceKind::AddFromUrl, &["ADD https://example.com/a.tgz /tmp/ # buildkit"][..]),
        (AdviceKind::AddFromUrl, &["RUN /bin/sh -c curl https://example.com/a.tgz # buildkit"]),
        (AdviceKind::AddForCopy, &["ADD rootfs.tar.xz / # buildkit"]),
        (AdviceKind::AddForCopy, &["ADD rootfs / # buildkit"]),
        (AdviceKind::AddForCopy, &["ADD $FILES /app/ # buildkit"]),
        (AdviceKind::AddForCopy, &["/bin/sh -c #(nop) ADD file:12 in /app "]),
        (AdviceKind::AddForCopy, &["COPY src /app/ # buildkit"]),
        (
            AdviceKind::CopyBeforeInstall,
            &["COPY package.json . # buildkit", "RUN /bin/sh -c npm ci # buildkit", "COPY . . # buildkit"],
        ),
        (AdviceKind::CopyBeforeInstall, &["COPY . . # buildkit", "RUN /bin/sh -c pip install . # buildkit"]),
        (AdviceKind::UnpinnedPackages, &["/bin/sh -c pip install -r requirements.txt"]),
        (AdviceKind::AptNotAptGet, &["/bin/sh -c apt-get install curl; echo apt install"]),
        (AdviceKind::AptNotAptGet, &["/bin/sh -c apt-cache show apt"]),
    ] {
        assert_eq!(remedies(&built_by(instructions), kind), [""; 0], "{instructions:?}");
    }
}

#[test]
fn instructions_of_the_base_are_not_ours() {
    let image = image().layer(|l| l.file("var/lib/dpkg/status", "1").created_by("/bin/sh -c apt install -y curl"));
    assert_eq!(remedies(&image, AdviceKind::AptNotAptGet), [""; 0]);
}

#[test]
fn root_is_advised_on_in_images_with_a_distribution() {
    let of = |user: &str| built_by(&["x"]).layer(|l| l.file("etc/passwd", "root")).runs_as(user);
    for user in ["", "root", "0:0"] {
        assert_eq!(remedies(&of(user), AdviceKind::RunsAsRoot), ["end the last stage with `USER 10001`"], "{user:?}");
    }
    assert_eq!(remedies(&of("app"), AdviceKind::RunsAsRoot), [""; 0]);
    let base = image().layer(|l| l.file("var/lib/dpkg/status", "1").file("etc/passwd", "root"));
    assert_eq!(remedies(&base, AdviceKind::RunsAsRoot), [""; 0], "a base image");
    let changing = of("").layer(|l| l.file("usr/local/bin/gosu", "1"));
    assert_eq!(remedies(&changing, AdviceKind::RunsAsRoot), [""; 0], "a start script changes the user");
    for command in [&["setpriv", "--reuid=1000", "/app"][..], &["sh", "-c", "exec runuser -u app /app"]] {
        assert_eq!(remedies(&of("").starts(command), AdviceKind::RunsAsRoot), [""; 0], "{command:?}");
    }
    let program = image().layer(|l| l.file("dive", "1").file("etc/passwd", "root"));
    assert_eq!(remedies(&program, AdviceKind::RunsAsRoot), [""; 0], "a single program");
}

/// The base's name is only in the Dockerfile.
#[test]
fn a_base_without_a_digest_is_named_by_its_line() {
    let archive = built_by(&["RUN /bin/sh -c make # buildkit"]).save(crate::build::Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    for (file, line) in [
        ("FROM debian:13\nRUN make\n", Some("line 1: write `FROM debian:13@sha256:DIGEST`")),
        ("FROM --platform=linux/amd64 debian:13 AS app\nRUN make\n", Some("line 1: write `FROM debian:13@")),
        ("FROM debian AS debian\nRUN make\n", Some("line 1: write `FROM debian@sha256:DIGEST`")),
        ("FROM debian:13@sha256:1\nRUN make\n", None),
        ("ARG BASE=debian\nFROM $BASE\nRUN make\n", None),
        ("FROM scratch\nRUN make\n", None),
        ("FROM debian@sha256:1\nRUN <<EOF cat >x\nFROM debian\nEOF\nRUN make\n", None),
        ("FROM debian@sha256:1 AS a\nFROM a\nRUN make\n", None),
    ] {
        let user = User::new().writes("Dockerfile", file);
        let arguments = ["advise", path, "--dockerfile", "Dockerfile", "--kind", "unpinned-base"];
        let text = user.runs(&arguments).ends_with(0).stdout;
        assert_eq!(line.is_some(), text.contains("unpinned-base: "), "{file}\n{text}");
        assert!(line.is_none_or(|line| text.contains(line)), "{file}\n{text}");
    }
}

/// What `dive advise` says of a kind with this Dockerfile, in one line.
fn with_dockerfile(image: &Image, dockerfile: &str, kind: &str) -> String {
    let archive = image.save(crate::build::Format::DockerArchive);
    let user = User::new().writes("Dockerfile", dockerfile);
    let path = archive.path().to_str().unwrap();
    let text = user.runs(&["advise", path, "--dockerfile", "Dockerfile", "--kind", kind]).ends_with(0).stdout;
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_address_without_a_checksum_is_named_by_its_line() {
    for (options, address, is_finding) in [
        ("", "https://example.com/a.tgz", true),
        ("--chown=1 ", "https://example.com/a.tgz", true),
        ("--checksum=sha256:1 ", "https://example.com/a.tgz", false),
        ("", "https://example.com/a.git#v1", false),
        ("", "https://example.com/a.git?tag=v1", false),
    ] {
        let image = built_by(&[&format!("ADD {address} /tmp/ # buildkit")]);
        let text = with_dockerfile(&image, &format!("FROM a\nADD {options}{address} /tmp/\n"), "add-from-url");
        let remedy = format!("line 2: add `--checksum=sha256:DIGEST` to the ADD of {address}");
        assert_eq!(is_finding, text.contains(&remedy), "{options}{address}: {text}");
    }
    // A builder takes the option for one address only.
    let two = "https://example.com/a https://example.com/b";
    let image = built_by(&[&format!("ADD {two} /tmp/ # buildkit")]);
    let text = with_dockerfile(&image, &format!("FROM a\nADD {two} /tmp/\n"), "add-from-url");
    assert!(text.contains("line 2: write an ADD with `--checksum=sha256:DIGEST` for each address"), "{text}");
}

/// The history does not tell the context from another stage.
#[test]
fn a_copy_from_another_stage_is_no_copy_of_the_context() {
    let installing = built_by(&["COPY . . # buildkit", "RUN /bin/sh -c npm ci # buildkit"]);
    let base = image().layer(|l| l.file("var/lib/dpkg/status", "1").created_by("base"));
    let names = ["app/Dockerfile", "app/.env", "app/main.py"];
    let whole =
        |text: &str| base.clone().layer(|l| names.iter().fold(l, |l, name| l.file(name, *name)).created_by(text));
    for (from, is_finding) in [("", true), ("--from=build ", false)] {
        let file = format!("FROM a AS build\nFROM b\nCOPY {from}. .\nRUN npm ci\n");
        let text = with_dockerfile(&installing, &file, "copy-before-install");
        assert_eq!(is_finding, text.contains("copy package.json and its lock file first"), "{from}: {text}");
        let file = format!("FROM a AS build\nFROM b\nCOPY {from}src /app/\n");
        let text = with_dockerfile(&whole("COPY src /app/ # buildkit"), &file, "context-copied-whole");
        assert_eq!(is_finding, text.contains("`/src/Dockerfile`"), "{from}: {text}");
    }
}

#[test]
fn modes_are_advised_on_in_own_layers() {
    let by = |path: &str, mode: u32, command: &str| {
        built_by(&["x"]).layer(|l| l.file(path, "1").mode(mode).created_by(command))
    };
    let of = |path: &str, mode: u32| by(path, mode, "RUN /bin/sh -c make # buildkit");
    let directory = |path: &str, mode: u32| built_by(&["x"]).layer(|l| l.dir(path).mode(mode));
    assert_eq!(
        remedies(&of("usr/local/bin/su2", 0o4755), AdviceKind::SetuidAdded),
        ["layer 2: add `&& chmod ug-s /usr/local/bin/su2`"]
    );
    let behind_a_comment = by("usr/local/bin/su2", 0o4755, "RUN /bin/sh -c make # all # buildkit");
    assert_eq!(
        remedies(&behind_a_comment, AdviceKind::SetuidAdded),
        ["layer 2: end the RUN with `chmod ug-s /usr/local/bin/su2`"]
    );
    let copied = built_by(&["x"])
        .layer(|l| l.file("usr/local/bin/run", "1").mode(0o777).created_by("COPY run /usr/local/bin/ # buildkit"));
    assert_eq!(
        remedies(&copied, AdviceKind::WorldWritable),
        ["layer 2: copy /usr/local/bin/run without write permission for others, for example with `--chmod=`"]
    );
    // A package of the distribution, and a directory whose group is inherited.
    for path in
        ["usr/bin/sudo", "usr/lib64/x/helper", "usr/share/x/helper", "lib/x", "opt/google/chrome/chrome-sandbox"]
    {
        assert_eq!(remedies(&of(path, 0o4755), AdviceKind::SetuidAdded), [""; 0], "{path}");
    }
    assert_eq!(remedies(&directory("var/mail", 0o2775), AdviceKind::SetuidAdded), [""; 0]);
    assert_eq!(
        remedies(&of("usr/local/bin/run", 0o777), AdviceKind::WorldWritable),
        ["layer 2: add `&& chmod o-w /usr/local/bin/run`"]
    );
    for path in ["usr/local/lib/x", "usr/lib64/x", "usr/libexec/x", "lib32/x"] {
        assert_eq!(remedies(&directory(path, 0o777), AdviceKind::WorldWritable).len(), 1, "{path}");
    }
    assert_eq!(remedies(&directory("usr/local/lib/x", 0o1777), AdviceKind::WorldWritable), [""; 0], "sticky");
    assert_eq!(remedies(&of("app/data", 0o666), AdviceKind::WorldWritable), [""; 0]);
    // Directories that containers search.
    for (variables, count) in [
        (&["PATH=/bin:/app/bin"][..], 2),
        (&["A=b", "LD_LIBRARY_PATH=/app/"], 2),
        (&["PATH=/app/bin/x:/"], 1),
        (&["PYTHONPATH=/app"], 0),
        (&["PATH=/srv:::", "PATH"], 0),
    ] {
        let image = directory("app/bin", 0o777).layer(|l| l.file("app/bin/x", "1").mode(0o666));
        let found = image
            .set("Env", json!(variables))
            .open()
            .opened()
            .advice([AdviceKind::WorldWritable].into_iter().collect());
        assert_eq!(found.findings.iter().map(|finding| finding.files).sum::<u64>(), count, "{variables:?}");
    }
    assert_eq!(remedies(&built_by(&["x"]).layer(|l| l.symlink("usr/bin/x", "y")), AdviceKind::WorldWritable), [""; 0]);
}

#[test]
fn kinds_without_bytes_are_on_by_default() {
    let advice = built_by(&["/bin/sh -c apt install -y curl"]).runs_as("app").open().opened().advice(KindSet::on());
    let found: Vec<&str> = advice.findings.iter().map(|finding| finding.kind.id()).collect();
    assert_eq!(found, ["apt-not-apt-get"]);
    assert!(!KindSet::on().contains(AdviceKind::UnpinnedPackages), "nearly every image has some");
}
