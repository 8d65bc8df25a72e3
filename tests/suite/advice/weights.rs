//! Model weights that an image has twice: in two formats, in two folders, or copied by a RUN. A failure means that dive tells people to
//! delete the only weights that a program reads, or names a remedy that saves nothing.

use dive_model::advice::KindSet;

use super::{finds, says};
use crate::build::{Image, Layer, image};

#[test]
fn weights_in_an_older_format_are_found() {
    let sized = |l: crate::build::Layer, path: &str, size: usize| l.file(path, "x".repeat(size));
    let of = |files: &[(&str, usize)]| image().layer(|l| files.iter().fold(l, |l, (path, size)| sized(l, path, *size)));
    let both = of(&[("m/pytorch_model.bin", 900), ("m/model.safetensors", 800), ("m/config.json", 2)]);
    finds(&both, "model-weights-twice 900 B 1 files layer 0 /m/pytorch_model.bin");
    says(
        &both,
        &[
            "layer 0: /m/pytorch_model.bin has the weights of /m/model.safetensors; store one format, unless a program reads \
          /m/pytorch_model.bin",
        ],
    );
    let fetched = |command: &str| {
        image().layer(|l| {
            let l = sized(sized(l, "m/pytorch_model.bin", 900), "m/model.safetensors", 800);
            l.created_by(command)
        })
    };
    for (command, instead) in [
        ("RUN /bin/sh -c hf download x --local-dir /m # buildkit", "write `--exclude 'pytorch_model*'`"),
        ("COPY m /m # buildkit", "copy one format"),
    ] {
        says(
            &fetched(command),
            &[&format!(
                "layer 0: /m/pytorch_model.bin has the weights of /m/model.safetensors; {instead}, unless a program reads \
                 /m/pytorch_model.bin"
            )],
        );
    }
    // Containers read the older format.
    finds(&both.starts(&["python", "serve.py", "--model", "/m/pytorch_model.bin"]), "");
    let parts = [
        ("m/pytorch_model-00001-of-00002.bin", 500),
        ("m/pytorch_model-00002-of-00002.bin", 400),
        ("m/model-00001-of-00001.safetensors", 450),
    ];
    finds(&of(&parts), "model-weights-twice 900 B 2 files layer 0 /m/pytorch_model-00001-of-00002.bin");
    let pairs = [
        ("m/pytorch_model-00001-of-00002.bin", 500),
        ("m/pytorch_model-00002-of-00002.bin", 400),
        ("m/model-00001-of-00002.safetensors", 400),
        ("m/model-00002-of-00002.safetensors", 500),
    ];
    says(
        &of(&pairs),
        &[
            "layer 0: /m/pytorch_model-00001-of-00002.bin has the weights of /m/model-00001-of-00002.safetensors; store one \
          format, unless a program reads /m/pytorch_model-00001-of-00002.bin",
        ],
    );
    // An adapter, another directory, the newest format alone.
    finds(&of(&[("m/pytorch_model.bin", 900), ("m/adapter_model.safetensors", 90)]), "");
    finds(&of(&[("m/adapter_model.bin", 90), ("m/model.safetensors", 900)]), "");
    finds(&of(&[("m/pytorch_model.bin", 900), ("n/model.safetensors", 900)]), "");
    finds(&of(&[("m/pytorch_model.bin", 9_000), ("m/model.safetensors", 90)]), "");
    let linked =
        image().layer(|l| l.file("m/model.safetensors", "1").hardlink("m/pytorch_model.bin", "m/model.safetensors"));
    finds(&linked, "");
    finds(&of(&[("m/model-00001-of-00002.safetensors", 900), ("m/model-00002-of-00002.safetensors", 900)]), "");
}

/// Models are published in the format of Hugging Face and in that of their author.
#[test]
fn weights_in_the_format_of_their_author_are_found() {
    let of = |files: &[&str], command: &str| {
        image().layer(|l| {
            files.iter().zip(b'a'..).fold(l, |l, (path, letter)| l.file(path, vec![letter; 900])).created_by(command)
        })
    };
    let fetch = "RUN /bin/sh -c hf download x --local-dir /m # buildkit";
    let newest = ["m/model-00001-of-00002.safetensors", "m/model-00002-of-00002.safetensors"];
    let beside = [&["m/consolidated.00.pth", "m/consolidated.01.pth"], &newest[..]].concat();
    finds(&of(&beside, fetch), "model-weights-twice 1800 B 2 files layer 0 /m/consolidated.00.pth");
    let below = [&["m/original/consolidated.00.pth", "m/original/params.json"], &newest[..]].concat();
    finds(&of(&below, fetch), "model-weights-twice 900 B 1 files layer 0 /m/original/consolidated.00.pth");
    for (files, exclude) in [(&beside, "consolidated*.pth"), (&below, "original/*")] {
        let image = of(files, fetch);
        let remedy = &image.open().opened().advice(KindSet::on()).findings[0].remedy;
        assert!(remedy.contains(&format!("; write `--exclude '{exclude}'`, unless")), "{remedy}");
    }
    // Other models, and a directory that only has the name.
    for files in [
        &["m/original/consolidated.00.pth", "m/adapter_model.safetensors"][..],
        &["m/original/model.pth", "m/model.safetensors"],
        &["m/consolidated.00.pth", "n/model.safetensors"],
        &["m/original/consolidated.00.pth", "m/original/x/model.safetensors"],
    ] {
        finds(&of(files, fetch), "");
    }
}

/// A directory of small files, each with an older twin.
#[test]
fn each_weight_of_a_large_directory_is_found_once() {
    let image = image().layer(|l| {
        (0..4_000).fold(l, |l, at| l.file(format!("m/{at}.ckpt"), "12").file(format!("m/{at}.safetensors"), "12"))
    });
    finds(&image, "model-weights-twice 8000 B 4000 files layer 0 /m");
}

/// In the cache of Hugging Face, the names are symbolic links.
#[test]
fn weights_are_found_through_the_links_of_a_cache() {
    let cache = image().layer(|l| {
        let l = l.file("hub/models--x/blobs/aa", "x".repeat(900)).file("hub/models--x/blobs/bb", "x".repeat(800));
        let l = l.symlink("hub/models--x/snapshots/1/pytorch_model.bin", "../../blobs/aa");
        l.symlink("hub/models--x/snapshots/1/model.safetensors", "../../blobs/bb")
    });
    finds(&cache, "model-weights-twice 900 B 1 files layer 0 /hub/models--x/blobs/aa");
    says(
        &cache,
        &["layer 0: /hub/models--x/snapshots/1/pytorch_model.bin has the weights of \
          /hub/models--x/snapshots/1/model.safetensors; store one format, unless a program reads \
          /hub/models--x/snapshots/1/pytorch_model.bin"],
    );
}

/// Copied with `cp -rL`, the cache has everything twice.
#[test]
fn weights_that_a_cache_has_twice_are_found() {
    let weights = "x".repeat(70_000);
    let cache = image().layer(|l| {
        let l = l.file("hub/models--x/blobs/aa", &weights);
        l.file("hub/models--x/snapshots/1/model.safetensors", &weights)
    });
    finds(&cache, "model-weights-twice 70000 B 1 files layer 0 /hub/models--x/snapshots/1/model.safetensors");
    says(
        &cache,
        &[
            "layer 0: /hub/models--x/snapshots/1/model.safetensors is a copy of /hub/models--x/blobs/aa; keep the symbolic \
          links of the cache (`cp -a`)",
        ],
    );
    // The tokenizer has the same cause.
    let tokenizer = image().layer(|l| {
        let l = l.file("hub/models--x/blobs/aa", &weights);
        l.file("hub/models--x/snapshots/1/tokenizer.json", &weights).created_by("COPY hub /hub # buildkit")
    });
    says(
        &tokenizer,
        &[
            "layer 0: /hub/models--x/snapshots/1/tokenizer.json is a copy of /hub/models--x/blobs/aa; keep the symbolic \
          links of the cache (`cp -a`)",
        ],
    );
    let copies = image().layer(|l| {
        l.file("m/a.safetensors", &weights).file("m/b.safetensors", &weights).created_by("COPY m /m # buildkit")
    });
    says(
        &copies,
        &[
            "layer 0: leave /m/b.safetensors out of the copy, and store it as a link to /m/a.safetensors; both have the \
          same size and hash",
        ],
    );
}

/// Nothing fetches the copy, and one link has all of its bytes.
#[test]
fn a_copied_directory_is_linked_as_a_whole() {
    let weights = |letter: &str| letter.repeat(70_000);
    let of = |script: &str, prod: &str, owner: u64| {
        let image = image().runs_as("app").layer(|l| {
            let l = l.file("models/a/pytorch_model.bin", weights("p")).file("models/a/model.safetensors", weights("s"));
            l.file("models/a/tokenizer.json", weights("t")).created_by("COPY models /models # buildkit")
        });
        image.layer(|l| {
            let file = |l: Layer, name: &str, letter: &str| {
                l.file(format!("{prod}/{name}"), weights(letter)).owner(owner, owner)
            };
            let l = file(l.dir(prod), "pytorch_model.bin", "p");
            let l = file(file(l, "model.safetensors", "s"), "tokenizer.json", "t");
            l.created_by(&format!("RUN /bin/sh -c {script} # buildkit"))
        })
    };
    let linked = |copy: &str| {
        format!(
            "layer 1: {copy} is a copy of /models/a; write `ln -s /models/a {copy}` instead, unless a program changes one of \
             them"
        )
    };
    let remedies = |image: &Image| -> Vec<String> {
        let found = image.open().opened().advice(KindSet::on()).findings;
        found.into_iter().map(|finding| finding.remedy).filter(|remedy| remedy.starts_with("layer 1:")).collect()
    };
    for (script, prod) in [
        ("useradd ml && cp -r /models/a /models/b", "models/b"),
        ("cd /models && cp -a a/. b", "models/b"),
        ("cp -R models/a ./models/b/", "models/b"),
        ("rsync -a /models/a /srv/", "srv/a"),
    ] {
        let linked = linked(&format!("/{prod}"));
        assert_eq!(remedies(&of(script, prod, 0)), [linked.clone(), linked], "{script}");
    }
    let owned = format!("{}; the link has the owner and mode of /models/a", linked("/models/b"));
    assert_eq!(remedies(&of("cp -r /models/a /models/b && chown -R ml /models/b", "models/b", 7)), [&*owned, &*owned]);
    for script in ["cp -r /models/c /models/b", "cp -r /models/a /models/c", "make"] {
        assert!(!remedies(&of(script, "models/b", 0)).iter().any(|remedy| remedy.contains("is a copy of /models/a;")));
    }
    // Other files are there, too.
    let older = image().runs_as("app").layer(|l| {
        let l = l.file("models/b/x", "1").file("models/a/model.safetensors", weights("s"));
        l.created_by("COPY models /models # buildkit")
    });
    let older = older.layer(|l| {
        let l = l.file("models/b/model.safetensors", weights("s"));
        l.created_by("RUN /bin/sh -c cp -r /models/a/. /models/b # buildkit")
    });
    assert_eq!(
        remedies(&older),
        [
            "layer 1: write `ln -sf /models/a/model.safetensors /models/b/model.safetensors`; both have the same size and hash"
        ]
    );
}

/// A mount is read-only: `chown` would end the build.
#[test]
fn copied_weights_that_a_later_run_changes_are_left_out_of_the_copy() {
    let of = |command: &str| {
        let weights = |l: Layer| {
            l.file("m/pytorch_model.bin", "x".repeat(1_000_000)).file("m/model.safetensors", "y".repeat(1_000_000))
        };
        let copied = image().runs_as("app").layer(|l| weights(l).created_by("COPY m /m # buildkit"));
        copied.layer(|l| l.file("opt/a", "1").created_by(&format!("RUN /bin/sh -c {command} # buildkit")))
    };
    for (command, remedy) in [
        ("convert /m/pytorch_model.bin", "mount it in layer 1 (`RUN --mount=type=bind`) instead of copying it"),
        ("convert /m/pytorch_model.bin && chown -R app /m", "leave it out of the copy"),
        // A copy of the whole directory has the mounted file again.
        ("cp -r /m /n", "leave it out of the copy"),
    ] {
        let remedy = format!(
            "layer 0: /m/pytorch_model.bin has the weights of /m/model.safetensors; {remedy}, unless a program reads \
             /m/pytorch_model.bin"
        );
        says(&of(command), &[&remedy]);
    }
}
