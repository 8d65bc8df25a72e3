//! RUNs to join in one: which, and what is between them. A failure means that the joined RUN cannot be written, or that it fails.

use super::says;
use crate::build::{Format, Image, image};
use crate::user::User;

/// A RUN that makes a file, RUNs that may need it, and one that uses and deletes it.
fn deleted(between: usize) -> Image {
    let image = image().runs_as("app").layer(|l| {
        let l = l.file("opt/tool", "x".repeat(5_000));
        l.created_by("RUN /bin/sh -c curl -o /opt/tool https://x.example/tool # buildkit")
    });
    let image = (0..between).fold(image, |image, at| {
        let run = format!("RUN /bin/sh -c make step{at} # buildkit");
        image.layer(|l| l.file(format!("app/{at}"), "1").created_by(&run))
    });
    image.layer(|l| l.whiteout("opt/tool").created_by("RUN /bin/sh -c make last && rm /opt/tool # buildkit"))
}

/// A list that is cut says so, and always names the RUN that deletes.
#[test]
fn a_list_of_runs_names_the_last_one() {
    let merge = "merge into one RUN and delete /opt/tool at its end, or use a build stage";
    says(&deleted(2), &[&format!("layers 0, 1, 2 and 3: {merge}")]);
    says(&deleted(3), &[&format!("layers 0 to 4: {merge}")]);
    let remedy = |between: usize, known: &[&str]| {
        let archive = deleted(between).save(Format::DockerArchive);
        let lines: Vec<String> = known.iter().map(|script| format!("RUN {script}\n")).collect();
        let user = User::new().writes("Dockerfile", &format!("FROM scratch\n{}", lines.concat()));
        let path = archive.path().to_str().unwrap();
        let text = user.runs(&["advise", path, "--dockerfile", "Dockerfile", "--format", "tsv"]).ends_with(0).stdout;
        text.split('\t').find(|field| field.contains("merge into")).unwrap().to_owned()
    };
    let (first, last) = ("curl -o /opt/tool \\\n  https://x.example/tool", "make last \\\n  && rm /opt/tool");
    assert_eq!(remedy(1, &[first, last]), format!("lines 2-3, layer 1 and lines 4-5: {merge}"));
    assert_eq!(remedy(4, &[first, last]), format!("lines 2-3, layer 1, layer 2, … and lines 4-5: {merge}"));
    let all = [first, "make step0", "make step1", "make step2", last];
    assert_eq!(remedy(3, &all), format!("lines 2 to 8: {merge}"));
}

/// A RUN between may make what the last one needs, and need what the first one made.
#[test]
fn a_join_has_all_runs_from_the_first_to_the_last() {
    let run = |image: Image, path: &str, run: &str| {
        let run = format!("RUN /bin/sh -c {run} # buildkit");
        image.layer(|l| l.file(path, "x".repeat(5_000)).created_by(&run))
    };
    let fetched = run(image().runs_as("app"), "tmp/tool", "curl -o /tmp/tool https://x.example/tool");
    let built = run(run(fetched, "usr/bin/a", "make a"), "usr/bin/b", "sh /tmp/tool b");
    let joined = "layer 0: join it with layers 1 and 2 in one RUN that ends with `rm -rf /tmp/tool`";
    says(&run(built, "usr/bin/c", "make c"), &[joined]);
}

/// One RUN has one directory, one user and one shell.
#[test]
fn what_changes_between_joined_runs_is_named() {
    let of = |between: &[&str]| {
        let fetch = "RUN /bin/sh -c curl -o /tmp/a https://x.example/a # buildkit";
        let fetched = image().runs_as("app").step("WORKDIR /first").layer(|l| l.file("tmp/a", "1").created_by(fetch));
        let changed = between.iter().fold(fetched, |image, step| image.step(step));
        changed.layer(|l| l.file("usr/bin/x", "1").created_by("RUN /bin/sh -c sh /tmp/a # buildkit")).step("USER app")
    };
    let joined =
        |between: &str| format!("layer 0: join it with layer 1{between} in one RUN that ends with `rm -rf /tmp/a`");
    says(&of(&[]), &[&joined("")]);
    says(&of(&["LABEL a=b", "WORKDIR vendor"]), &[&joined(" (WORKDIR changes between them)")]);
    says(&of(&["/bin/sh -c #(nop)  USER app"]), &[&joined(" (USER changes between them)")]);
    says(
        &of(&["SHELL [/bin/bash -c]", "ENV A=1", "ARG B", "USER app"]),
        &[&joined(" (USER, ENV, ARG and SHELL change between them)")],
    );
    let deleted =
        of(&["WORKDIR /second"]).layer(|l| l.whiteout("tmp/a").created_by("RUN /bin/sh -c rm /tmp/a # buildkit"));
    says(
        &deleted,
        &[
            "layers 0, 1 and 2: merge into one RUN (WORKDIR and USER change between them) and delete /tmp/a at its end, or use \
           a build stage",
        ],
    );
}

/// What only the first RUN deletes, the second one downloads into its own layer.
#[test]
fn a_later_run_that_fills_a_cache_again_is_named() {
    let of = |path: &str, first: &str, later: &[&str]| {
        let run = |image: Image, path: String, script: &str| {
            let run = format!("RUN /bin/sh -c {script} # buildkit");
            image.layer(|l| l.file(path, "x".repeat(70_000)).created_by(&run))
        };
        let image = run(image().runs_as("app"), path.to_owned(), first);
        let found = (0..).zip(later).fold(image, |image, (at, script)| run(image, format!("usr/bin/{at}"), script));
        found.open().opened().advice(dive_model::advice::KindSet::on()).findings[0].remedy.clone()
    };
    let again = |layers: &str| format!("; do the same in {layers}, which would fill the cache again");
    for (path, first, later) in [
        ("var/cache/dnf/a.solv", "dnf install -y a", "dnf -y install b"),
        ("var/cache/zypp/raw/a", "zypper -n install a", "zypper --non-interactive in b"),
        ("var/cache/pacman/pkg/a", "pacman -Sy --noconfirm a", "pacman -Sy --noconfirm b"),
        ("root/.cache/pip/a", "pip install a", "python3 -V && pip3 install b"),
        ("root/.cache/pip/a", "pip install a", "pip install b && rm -rf /var/lib/apt/lists/*"),
        ("root/.cache/pip/a", "pip install a", "python3 -m pip install b"),
        ("root/.npm/_cacache/a", "npm ci", "npm install -g b"),
    ] {
        let one = of(path, first, &[later, "make"]);
        assert!(one.ends_with(&again("layer 1")), "{one}");
        let two = of(path, first, &["make", later, later]);
        assert!(two.ends_with(&again("layers 2 and 3")), "{two}");
        assert!(!of(path, first, &["make"]).contains("again"), "{path}");
    }
    for (path, first, later) in [
        ("var/cache/dnf/a.solv", "dnf install -y a", "dnf install -y b && dnf clean all"),
        ("var/cache/dnf/a.solv", "dnf install -y a", "dnf remove -y a"),
        ("var/cache/pacman/pkg/a", "pacman -Sy --noconfirm a", "pacman -R a"),
        ("root/.cache/pip/a", "pip install a", "pip install --no-cache-dir b"),
        ("root/.cache/pip/a", "pip install a", "pip install b && rm -rf ~/.cache"),
        ("root/.cache/pip/a", "pip install a", "PIP_NO_CACHE_DIR=1 pip install b"),
        ("root/.npm/_cacache/a", "npm ci", "npm run build"),
        ("root/.npm/_cacache/a", "npm ci", "npm run ref"),
        ("root/.npm/_cacache/a", "npm ci", "npm install b && rm -r /root/.npm"),
        ("var/cache/zypp/raw/a", "zypper -n install a", "zypper search i"),
    ] {
        assert!(!of(path, first, &[later]).contains("again"), "{later}");
    }
}
