//! Files with the content of another file: which of them a link can replace. A failure means that following dive breaks a program.

use serde_json::json;

use super::{finds, says};
use crate::build::{Image, Layer, image};

const SIZE: usize = 70_000;

/// `/opt/data`, and a copy of it that a later RUN makes.
fn copied(path: &str, attributes: impl Fn(Layer) -> Layer) -> Image {
    let big = "x".repeat(SIZE);
    image()
        .runs_as("app")
        .layer(|l| attributes(l.dir("opt").file("opt/data", &big)))
        .layer(|l| attributes(l.file(path, &big)).created_by("RUN /bin/sh -c cp /opt/data /srv # buildkit"))
}

/// A COPY follows a link of the context: the link must be made in the image.
#[test]
fn a_copied_file_is_replaced_by_a_command() {
    let of = |more: &[&str]| {
        let big = "x".repeat(SIZE);
        image().layer(|l| l.file("bin/ln", "1").file("opt/data", &big)).layer(|l| {
            more.iter().fold(l.file("m/data", &big), |l, path| l.file(path, "1")).created_by("COPY data /m/")
        })
    };
    says(
        &of(&[]),
        &[
            "layer 1: replace this copy by `RUN mkdir -p /m && ln -s /opt/data /m/data`; both files have the same size and \
           hash",
        ],
    );
    says(
        &of(&["m/b"]),
        &[
            "layer 1: leave /m/data out of the copy, and store it as a link to /opt/data; both have the same size and hash",
        ],
    );
}

/// The RUN is to stand in the place of the COPY, whose user may not be that of containers.
#[test]
fn a_command_is_proposed_to_root_alone() {
    let big = "x".repeat(SIZE);
    let of = |before: &str, after: &str, user: &str| {
        let base = image().runs_as(user).layer(|l| l.file("bin/ln", "1").file("opt/data", &big)).step(before);
        base.layer(|l| l.file("m/data", &big).created_by("COPY data /m/")).step(after)
    };
    let command = "layer 1: replace this copy by `RUN mkdir -p /m && ln -s /opt/data /m/data`; both files have the same size and \
                   hash";
    let other =
        "layer 1: leave /m/data out of the copy, and store it as a link to /opt/data; both have the same size and hash";
    for (before, after, user, remedy) in [
        ("USER root", "USER app", "app", command),
        ("WORKDIR /m", "USER app", "app", command),
        ("USER 0:0", "USER app", "app", command),
        ("USER app", "USER root", "root", other),
        ("USER $USER", "USER root", "root", other),
        // The base has it.
        ("WORKDIR /m", "WORKDIR /", "app", other),
    ] {
        says(&of(before, after, user), &[remedy]);
    }
}

#[test]
fn a_link_is_proposed_only_where_it_is_the_same() {
    says(
        &copied("srv/data", |l| l),
        &["layer 1: write `ln -sf /opt/data /srv/data`; both have the same size and hash"],
    );
    says(
        &copied("srv/data", |l| l.mode(0o755)),
        &[
            "layer 1: replace one of /srv/data and /opt/data by a link, unless the program reads files next to its own path",
        ],
    );
    let big = "x".repeat(SIZE);
    let of_another = image()
        .runs_as("app")
        .layer(|l| l.file("opt/data", &big))
        .layer(|l| l.file("srv/data", &big).owner(7, 7).created_by("RUN /bin/sh -c cp /opt/data /srv # buildkit"));
    says(&of_another, &["layer 1: keep one of /srv/data and /opt/data; a link takes the owner and mode of /opt/data"]);
    let private = |path: &str| {
        image()
            .runs_as("app")
            .layer(|l| l.dir("root").mode(0o700).file("root/data", &big))
            .layer(|l| l.file(path, &big).created_by("COPY data /srv/ # buildkit"))
    };
    says(
        &private("srv/data"),
        &["layer 1: keep one of /srv/data and /root/data; not all users could follow a link into /root"],
    );
    // Who reaches the copy reaches the other, too.
    says(
        &private("root/b/data"),
        &["layer 1: leave /root/b/data out of the copy, and store it as a link to /root/data; both have the same \
           size and hash"],
    );
}

#[test]
fn a_copy_that_a_program_needs_is_no_finding() {
    let big = "x".repeat(SIZE);
    finds(&copied("srv/data", |l| l).set("Volumes", json!({ "/srv": {} })), "");
    finds(&copied("srv/data", |l| l).set("Volumes", json!({ "/opt/": {} })), "");
    finds(
        &copied("srv/data", |l| l).set("Volumes", json!({ "/data": {}, "/": {} })),
        "duplicate-content 70000 B 1 files layer 1 /srv/data",
    );
    // Below a root of its own, `/opt/data` is another path.
    finds(
        &image().layer(|l| {
            let l = l.file("jail/lib/libc.so", "1").dir("jail/usr");
            l.file("opt/data", &big).file("jail/data", &big)
        }),
        "",
    );
    // A set-user-id program is its own.
    let setuid = image().runs_as("app").layer(|l| l.file("usr/bin/a", &big)).layer(|l| {
        let l = l.file("var/lib/dpkg/status", "1").file("app/b", &big).mode(0o4755);
        l.created_by("RUN /bin/sh -c make # buildkit")
    });
    let found = setuid.open().opened().advice(dive_model::advice::KindSet::on()).findings;
    assert_eq!(found.iter().map(|finding| finding.kind.id()).collect::<Vec<_>>(), ["setuid-added"]);
}

/// The command of the upper layer reads the file that the lower one brings. Without it, the link would lead to itself.
#[test]
fn the_file_that_the_lowest_layer_brings_stays() {
    let big = "x".repeat(SIZE);
    let of = |more: &dyn Fn(Layer) -> Layer, command: &str| {
        let image = image()
            .runs_as("app")
            .layer(|l| l.file("m/b/data", &big).created_by("COPY data /m/b/ # buildkit"))
            .layer(|l| l.file("m/a/data", &big).created_by("RUN /bin/sh -c cp /m/b/data /m/a # buildkit"));
        image.layer(|l| more(l.file("m/a/data", &big)).created_by(command))
    };
    let remedy = |image: &Image| {
        let found = image.open().opened().advice(dive_model::advice::KindSet::on()).findings;
        found.into_iter().map(|finding| finding.remedy).find(|remedy| remedy.contains("same size")).unwrap()
    };
    let link = "layer 1: write `ln -sf /m/b/data /m/a/data`; both have the same size and hash";
    let owned = |l: Layer| l.owner(7, 7).file("m/b/data", &big).owner(7, 7);
    assert_eq!(remedy(&of(&owned, "RUN /bin/sh -c chown -R ml /m # buildkit")), link);
    let copied = |l: Layer| l.mode(0o600).file("m/b/data", &big).mode(0o600);
    assert_eq!(
        remedy(&of(&copied, "COPY m /m # buildkit")),
        link.replace("layer 1: write", "layer 2: leave").replace(
            "leave `ln -sf /m/b/data /m/a/data`",
            "leave /m/a/data out of the copy, and store it as a link to /m/b/data",
        )
    );
}

/// Following the other finding deletes the target of the link.
#[test]
fn no_link_leads_to_or_from_a_file_that_another_finding_concerns() {
    let big = "x".repeat(1_100_000);
    let other = "y".repeat(SIZE);
    let cargo = image().layer(|l| {
        let l = l.file("w/target/release/.fingerprint/a", "1").file("w/target/release/deps/a-1", &big);
        let l = l.hardlink("w/target/release/a", "w/target/release/deps/a-1").file("w/target/release/deps/b", &other);
        l.file("opt/a", &big).created_by("RUN /bin/sh -c cargo install --path . # buildkit")
    });
    finds(&cargo, "rust-cache 70001 B 2 files layer 0 /w/target/release/deps/b");
    let docs = image().layer(|l| l.file("opt/a.md", &big).file("usr/share/man/man1/a.1", &big));
    finds(&docs, "docs-and-locales 1100000 B 1 files layer 0 /usr/share/man/man1/a.1");
}

/// Containers start it: a link could change what it finds beside itself.
#[test]
fn a_copy_that_the_image_starts_is_needed() {
    let link = "layer 1: write `ln -sf /opt/data /srv/data`; both have the same size and hash";
    for (command, remedies) in [("/srv/data", &[][..]), ("/srv/other", &[link])] {
        says(&copied("srv/data", |l| l).starts(&[command]), remedies);
    }
}
