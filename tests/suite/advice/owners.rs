//! Where to set owner and mode instead of in a RUN that stores the files again. A failure means that a remedy ends the build, or that
//! the image still has the bytes that several remedies promise together.

use super::{finds, says};
use crate::build::{Image, Layer, image};

const SIZE: usize = 5_000;

fn file(layer: Layer, owner: u64, mode: u32) -> Layer {
    layer.file("app/a", "x".repeat(SIZE)).owner(owner, owner).mode(mode)
}

/// An image whose first layer brings a file, and whose others change its owner and mode.
fn changed(first: &str, changes: &[(&str, u64, u32)]) -> Image {
    let brought = image().runs_as("app").layer(|l| file(l, 0, 0o644).created_by(first));
    changes.iter().fold(brought, |image, (script, owner, mode)| {
        image.layer(|l| file(l, *owner, *mode).created_by(&format!("RUN /bin/sh -c {script} # buildkit")))
    })
}

/// A `chmod` behind the `chown` would store the files again.
#[test]
fn owner_and_mode_are_set_in_the_layer_that_brings_the_files() {
    let chain = [("chown -R web /app", 7, 0o644), ("chmod 640 /app/a", 7, 0o640), ("chmod 600 /app/a", 7, 0o600)];
    let made = changed("RUN /bin/sh -c make # buildkit", &chain);
    finds(
        &made,
        "
        rewritten-metadata 5000 B 1 files layer 0 hidden by 1 /app/a
        rewritten-metadata 5000 B 1 files layer 0 hidden by 2 /app/a
        rewritten-metadata 5000 B 1 files layer 0 hidden by 3 /app/a
        ",
    );
    says(
        &made,
        &[
            "layer 0: set the owner here instead of in layer 1",
            "layer 0: set the mode here instead of in layer 2",
            "layer 0: set the mode here instead of in layer 3",
        ],
    );
    // The options are what the image has at the end.
    says(
        &changed("COPY a /app/ # buildkit", &chain),
        &[
            "layer 0: set the owner here (`COPY --chown=web`) instead of in layer 1",
            "layer 0: set the mode here (`COPY --chmod=600`) instead of in layer 2",
            "layer 0: set the mode here (`COPY --chmod=600`) instead of in layer 3",
        ],
    );
    let twice = [("chown -R web /app", 7, 0o644), ("chown -R other /app", 8, 0o644)];
    says(
        &changed("COPY a /app/ # buildkit", &twice),
        &[
            "layer 0: set the owner here (`COPY --chown=8:8`) instead of in layer 1",
            "layer 0: set the owner here (`COPY --chown=other`) instead of in layer 2",
        ],
    );
    // What is deleted or copied again names the layer that brings it, too.
    let again = |last: fn(Layer) -> Layer, instruction: &str| {
        changed("COPY a /app/ # buildkit", &chain[..1]).layer(|l| last(l).created_by(instruction))
    };
    let replaced = again(|l| l.file("app/a", "y".repeat(SIZE)), "RUN /bin/sh -c make # buildkit");
    let owner = "layer 0: set the owner here (`COPY --chown=web`) instead of in layer 1";
    says(&replaced, &[owner, "layers 0 and 2 both write /app/a; write it once"]);
    let copied = again(|l| l.file("app/a", "x".repeat(SIZE)), "COPY a /app/ # buildkit");
    says(&copied, &[owner, "layer 2: do not copy /app/a again; layer 0 already stores it unchanged"]);
}

/// Only root may give files to another user.
#[test]
fn a_user_who_may_not_change_the_owner_is_not_told_to() {
    let made_as = |user: &str, later_user: &str, script: &str, owner: u64, mode: u32| {
        let image = image().runs_as("app").step(&format!("USER {user}"));
        let made = image.layer(|l| file(l, 7, 0o644).created_by("RUN /bin/sh -c make # buildkit"));
        let made = made.step(&format!("USER {later_user}"));
        made.layer(|l| file(l, owner, mode).created_by(&format!("RUN /bin/sh -c {script} # buildkit")))
    };
    says(
        &made_as("web", "root", "chown -R 8:8 /app", 8, 0o644),
        &[
            "layers 0 and 1: merge into one RUN of root (USER changes between them); the user of layer 0 may not change the \
           owner",
        ],
    );
    let here = "layer 0: set the owner here instead of in layer 1";
    for (user, later_user, script) in [
        ("root", "web", "chown -R 8:8 /app"),
        // A user may give files to a group of their own.
        ("web", "web", "chgrp -R 8 /app"),
        ("web", "0:0", "sudo chown -R 8:8 /app"),
    ] {
        says(&made_as(user, later_user, script, 8, 0o644), &[here]);
    }
    says(&made_as("web", "root", "chmod 600 /app/a", 7, 0o600), &["layer 0: set the mode here instead of in layer 1"]);
}

/// The files are of the base, whichever layer stores them again.
#[test]
fn files_of_the_base_that_several_layers_store_again_are_left_out_of_all() {
    let of_base = |l: Layer, owner: u64| l.file("usr/bin/x", "x".repeat(SIZE)).owner(owner, 0);
    let chown =
        |owner: u64| move |l: Layer| of_base(l, owner).created_by("RUN /bin/sh -c chown -R app /usr # buildkit");
    let image = image().runs_as("app").layer(|l| of_base(l, 0).file("var/lib/dpkg/status", "1"));
    let image = image.layer(chown(7)).layer(chown(8));
    let of = |layer: u32| {
        format!(
            "layer {layer}: change owner and mode of the image's own files only; this stores /usr/bin/x of the base again"
        )
    };
    says(&image, &[&of(1), &of(2)]);
    let deleted = image.layer(|l| l.whiteout("usr/bin/x").created_by("RUN /bin/sh -c rm /usr/bin/x # buildkit"));
    says(&deleted, &[&of(1), &of(1), &of(2)]);
}

/// Without its mode, the program does not start.
#[test]
fn only_the_files_that_get_another_mode_are_named_for_it() {
    let of = |names: &[&str]| {
        let files = |l: Layer, owner: u64, changed: u32| {
            names.iter().fold(l, |l, name| {
                let mode = if name.contains(".sh") { changed } else { 0o644 };
                l.file(format!("app/{name}"), "x".repeat(SIZE)).owner(owner, owner).mode(mode)
            })
        };
        let copied = image().runs_as("app").layer(|l| files(l, 0, 0o644).created_by("COPY . /app # buildkit"));
        let script = "RUN /bin/sh -c chmod +x /app/*.sh && chown -R web /app # buildkit";
        copied.layer(|l| files(l, 7, 0o755).created_by(script))
    };
    let mode_of = |files: &str| {
        format!(
            "layer 0: set the owner here (`COPY --chown=web`), and the mode of {files} in the build context (`chmod`), \
             instead of in layer 1"
        )
    };
    says(&of(&["a", "b", "start.sh"]), &[&mode_of("/app/start.sh")]);
    says(
        &of(&["a", "1.sh", "2.sh", "3.sh", "4.sh", "5.sh"]),
        &[&mode_of("/app/1.sh, /app/2.sh, /app/3.sh, /app/4.sh and 1 more path")],
    );
}

/// One COPY has one owner.
#[test]
fn files_with_several_owners_are_copied_apart() {
    let files = |l: Layer, data: u64, conf: u64| {
        let l = l.file("app/data/a", "x".repeat(SIZE)).owner(data, data);
        l.file("app/conf/b", "y".repeat(SIZE / 2)).owner(conf, conf)
    };
    let run = |script: &str| format!("RUN /bin/sh -c {script} # buildkit");
    let copied = || image().runs_as("app").layer(|l| files(l, 0, 0).created_by("COPY . /app # buildkit"));
    let data = |l: Layer| l.file("app/data/a", "x".repeat(SIZE)).owner(7, 7);
    let conf = |l: Layer| l.file("app/conf/b", "y".repeat(SIZE / 2)).owner(8, 8);
    let image = copied().layer(|l| data(l).created_by(&run("chown -R web /app/data")));
    says(
        &image.layer(|l| conf(l).created_by(&run("chown -R ops /app/conf"))),
        &[
            "layer 0: set the owner of /app/data/a in a COPY of its own (`COPY --chown=web`) instead of in layer 1",
            "layer 0: set the owner of /app/conf/b in a COPY of its own (`COPY --chown=ops`) instead of in layer 2",
        ],
    );
    // Only some of the files get another owner.
    let script = "chown -R web /app/data && chmod 600 /app/conf/b";
    let mode = |l: Layer| data(l).file("app/conf/b", "y".repeat(SIZE / 2)).mode(0o600);
    let some = copied().layer(|l| mode(l).created_by(&run(script)));
    let again = |l: Layer| conf(l).mode(0o600).created_by(&run("chown -R ops /app/conf"));
    says(
        &some.layer(again),
        &[
            "layer 0: set the owner of /app/data/a in a COPY of its own (`COPY --chown=web`), and the mode of /app/conf/b in \
             the build context (`chmod`), instead of in layer 1",
            "layer 0: set the owner of /app/conf/b in a COPY of its own (`COPY --chown=ops`) instead of in layer 2",
        ],
    );
    let both = copied().layer(|l| files(l, 7, 8).created_by(&run("chown -R web /app/data && chown -R ops /app/conf")));
    says(&both, &["layer 0: set the owners here, in a COPY for each (`COPY --chown=`) instead of in layer 1"]);
}
