//! Arguments, lists, Compose projects, and archives with several images.

use serde_json::json;

use super::{on_base, rows, saves};
use crate::build::{Layer, Packing, digest};
use crate::place::{Corpus, sample};
use crate::user::{DIVE, User};

fn user() -> User {
    let user = User::new();
    for name in ["a", "b", "c"] {
        saves(&user, &format!("{name}.tar"), &on_base(name, Packing::Plain));
    }
    user
}

fn names(stdout: &str) -> Vec<String> {
    rows(stdout).into_iter().map(|row| row[0].clone()).collect()
}

/// Each part of the report is what a run over that image alone prints.
#[test]
fn each_image_is_reported_as_if_alone() {
    let user = user();
    for mode in [&["--ci"][..], &[]] {
        let alone = |name: &str| user.runs(&[mode, &[name]].concat()).ends_with(0).stdout;
        let all = user.runs(&[mode, &["b.tar", "a.tar"]].concat()).ends_with(0);
        let expected = alone("b.tar") + &alone("a.tar");
        assert!(all.stdout.starts_with(&expected), "{}", all.stdout);
        assert_eq!(names(&all.stdout), ["b.tar", "a.tar"]);
    }
    let ci = User::new().sets("CI", "true");
    saves(&ci, "a.tar", &on_base("a", Packing::Plain));
    saves(&ci, "b.tar", &on_base("b", Packing::Plain));
    ci.runs(&["a.tar", "b.tar"]).ends_with(0).prints(&["Result:PASS", "Images:"]);
}

#[test]
fn a_list_names_images_with_comments_and_rules_files() {
    let user = user().writes("team.txt", "# services\na.tar # the first\n\nb.tar\tstrict.dive-ci\n");
    let user = user.writes("strict.dive-ci", "rules:\n  highestLayerCount: 2\n");
    let ran = user.runs(&["--ci", "--from", "team.txt", "c.tar"]).ends_with(1);
    let rows = rows(&ran.stdout);
    let verdicts: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row.last().unwrap().as_str())).collect();
    assert_eq!(verdicts, [("c.tar", "kept"), ("a.tar", "kept"), ("b.tar", "broken")]);
    let ran = user.pipes(b"a.tar\nb.tar\n".to_vec()).runs(&["--from", "-"]).ends_with(0);
    assert_eq!(names(&ran.stdout), ["a.tar", "b.tar"]);
}

#[test]
fn mistakes_in_a_list_name_the_line() {
    let user = user()
        .writes("no-image.txt", "a.tar\n\tstrict.dive-ci\n")
        .writes("no-rules.txt", "\n\na.tar\tnone.dive-ci\n")
        .writes("empty.txt", "# nothing\n")
        .writes("no-tab.txt", "a.tar wrong.dive-ci\n")
        .writes("option.txt", "a.tar\n--help\n")
        .writes("wrong.txt", "a.tar\twrong.dive-ci\n")
        .writes("wrong.dive-ci", "rules:\n  highestLayerCount: many\n");
    for (list, error) in [
        ("no-image.txt", "no-image.txt:2: no image before the tab"),
        ("no-rules.txt", "no-rules.txt:3: the rules file none.dive-ci does not exist"),
        ("no-tab.txt", "no-tab.txt:1: no tab before the rules file"),
        ("option.txt", "option.txt:2: a list names images, not options"),
        ("empty.txt", "empty.txt lists no image"),
        ("missing.txt", "--from: missing.txt cannot be read"),
        ("wrong.txt", "wrong.dive-ci:2: highestLayerCount"),
    ] {
        let ran = user.runs(&["--ci", "--from", list]);
        assert!(ran.error().contains(error), "{}", ran.error());
    }
    let user = user.pipes(b"a.tar\n".to_vec()).writes("stdin.txt", "-\n");
    for arguments in
        [&["--from", "-", "--from", "stdin.txt"][..], &["--from", "-", "--from", "-"], &["--from", "-", "-"]]
    {
        let ran = user.runs(arguments);
        assert!(ran.error().contains("standard input can be read once"), "{arguments:?}: {}", ran.error());
    }
}

#[test]
fn an_image_that_is_named_twice_is_read_once() {
    let user = user().writes("team.txt", "./a.tar\nb.tar\n");
    let ran = user.runs(&["a.tar", "b.tar", "b.tar", "--from", "team.txt"]).ends_with(0);
    assert_eq!(names(&ran.stdout), ["a.tar", "b.tar"]);
    ran.prints(&["Duplicates, read once: b.tar, ./a.tar (team.txt:1), b.tar (team.txt:2)\n"]);
}

#[test]
fn the_images_of_a_compose_project_are_read() {
    let user = user().writes(
        "compose.yaml",
        "services:\n  one: { image: ./a.tar }\n  two: { image: \"${TWO:-./b.tar}\" }\n  three:\n    image: ./c.tar\n    \
         profiles: [debug]\n",
    );
    let ran = user.runs(&["--source", "docker-archive", "--compose", "compose.yaml"]).ends_with(0);
    assert_eq!(names(&ran.stdout), ["./a.tar", "./b.tar"]);
    ran.says(&["skipped three: no enabled profile starts them; add --profile"]);
    let all = user.runs(&["--source", "docker-archive", "--compose", ".", "--profile", "debug"]).ends_with(0);
    assert_eq!(names(&all.stdout).len(), 3);
    let user = user.writes("wrong.yaml", "services:\n  one:\n    image: ${NAME:?not set}\n");
    let ran = user.runs(&["--compose", "wrong.yaml"]);
    assert!(ran.error().starts_with("wrong.yaml:3: "), "{}", ran.error());
    user.runs(&["--profile", "x", "a.tar"]).ends_with(2).says(&["--compose"]);
}

/// A Compose file says what an engine runs. In a cloned repository it cannot choose a file, standard input or a registry instead.
#[cfg(feature = "engine")]
#[test]
fn the_image_of_a_service_is_no_file() {
    let user = user().sets("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let user = user.writes("compose.yaml", "services:\n  one: { image: a.tar }\n  two: { image: \"-\" }\n");
    let ran = user.runs(&["--compose", "."]).ends_with(2);
    assert_eq!(names(&ran.stdout), ["a.tar", "-"]);
    assert!(ran.stderr.contains("cannot reach docker to look up \"a.tar\""), "{}", ran.stderr);
    assert!(ran.stderr.contains("\"-\" is not an image name"), "{}", ran.stderr);
}

#[test]
fn every_image_of_an_archive_is_read() {
    let Some(corpus) = Corpus::here() else { return };
    for (archive, expected) in [
        ("multi/docker20.tar", &["multi-a:1", "multi-b:1"][..]),
        ("multi/docker26.tar", &["multi-a:1", "multi-b:1"]),
        ("multi/podman-docker.tar", &["localhost/multi-a:1", "localhost/multi-b:1"]),
    ] {
        let ran = User::new().runs(&["--all-images", &corpus.path(archive)]).ends_with(0);
        assert_eq!(names(&ran.stdout), expected, "{archive}");
        let piped = User::new().pipes(std::fs::read(corpus.path(archive)).unwrap());
        assert_eq!(names(&piped.runs(&["--all-images", "-"]).ends_with(0).stdout), expected, "{archive}");
    }
}

/// No entry of the list is left out: one is empty, one has a number for its tag, and one cannot be read.
#[test]
fn no_image_of_an_archive_is_left_out() {
    let layer = Layer::default().file("x", "x").tar();
    let config =
        json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [digest(&layer)] } });
    let entry = |tag: &str, config: &str| json!({ "Config": config, "RepoTags": [tag], "Layers": ["layer.tar"] });
    let manifest =
        json!([entry("1", "config.json"), null, entry("last:1", "config.json"), entry("gone:1", "gone.json")]);
    let archive = Layer::default().file("layer.tar", layer).file("config.json", config.to_string());
    let user = User::new();
    std::fs::write(user.file("some.tar"), archive.file("manifest.json", manifest.to_string()).tar()).unwrap();
    let ran = user.runs(&["--all-images", "some.tar"]).ends_with(2);
    assert_eq!(names(&ran.stdout), ["1", "last:1", "gone:1"]);
}

/// Images without a tag have names of their own, by which a baseline finds them; and what is damaged is marked.
#[test]
fn untagged_and_damaged_images_are_told_apart() {
    let layer = Layer::default().file("x", "x").tar();
    let config = |ids: &[String]| {
        json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": ids } }).to_string()
    };
    let (whole, damaged) = (config(&[digest(&layer)]), config(&[digest(&layer), digest(b"gone")]));
    let manifest = json!([
        { "Config": "whole.json", "RepoTags": null, "Layers": ["layer.tar"] },
        { "Config": "damaged.json", "RepoTags": null, "Layers": ["layer.tar", "gone.tar"] },
    ]);
    let archive = Layer::default().file("layer.tar", layer).file("whole.json", whole).file("damaged.json", damaged);
    let user = User::new();
    std::fs::write(user.file("some.tar"), archive.file("manifest.json", manifest.to_string()).tar()).unwrap();
    let ran =
        user.runs(&["--all-images", "--ci", "-i", "--summary", "sums.jsonl", "--highestLayerCount", "2", "some.tar"]);
    let rows = super::rows(&ran.ends_with(0).stdout);
    assert_eq!(
        (rows[0].last().unwrap().as_str(), rows[1][rows[1].len() - 2..].join(" ").as_str()),
        ("kept", "kept, damaged")
    );
    let names = super::documents(&user.file("sums.jsonl"));
    let names: Vec<_> = names.iter().map(|document| document["image"]["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["some.tar image 0", "some.tar image 1"]);
}

#[test]
fn no_document_replaces_a_part_of_a_layout() {
    let user = User::new();
    let image = crate::build::image().layer(|layer| layer.file("x", "x"));
    std::fs::create_dir(user.file("layout")).unwrap();
    let archive = image.archive(crate::build::Format::OciArchive);
    tar::Archive::new(&archive[..]).unpack(user.file("layout")).unwrap();
    for target in ["layout/index.json", "layout/oci-layout"] {
        let ran = user.runs(&["--json", target, "layout"]).ends_with(2);
        assert!(ran.error().contains("the document would replace the image, which this run reads"), "{}", ran.error());
    }
    // An earlier report.
    for _ in 0..2 {
        user.runs(&["--json", "layout/report.json", "layout"]).ends_with(0);
    }
}

/// A pull request may name a file that the runner can read in a list, or replace the list by a link.
#[cfg(unix)]
#[test]
fn a_list_shows_no_secret() {
    let user = user().keeps("secret", "hunter2: hunter2\nrules: { lowestEfficiency: hunter2 }\n");
    let secret = user.home("secret").display().to_string();
    let user = user.writes("team.txt", &format!("a.tar\t{secret}\n"));
    for target in ["list", "Dockerfile"] {
        std::os::unix::fs::symlink(&secret, user.file(target)).unwrap();
    }
    // A directory on the way may also be a link.
    std::os::unix::fs::symlink("../home", user.file("up")).unwrap();
    let user = user.writes("lists.txt", "a.tar\tup/secret\n");
    let whole = user.file("").canonicalize().unwrap().join("up/secret").display().to_string();
    std::fs::create_dir(user.file("ci")).unwrap();
    let user = user.writes(".env", "hunter2\n");
    std::os::unix::fs::symlink(".env", user.file("near")).unwrap();
    std::os::unix::fs::symlink("work", user.file("../also_work")).unwrap();
    let other_name = user.file("../also_work/up/secret").display().to_string();
    for (arguments, reason) in [
        (&["--ci", "--from", "team.txt"][..], "leads out of the working directory"),
        (&["--ci", "--from", "lists.txt"], "leads out of the working directory"),
        (
            &["--ci", "--from", "list"],
            "--from: list: a symbolic link on its path leads out of the directory; name the target",
        ),
        (
            &["--ci", "--from", "up/secret"],
            "--from: up/secret: a symbolic link on its path leads out of the directory; name the target",
        ),
        (
            &["--ci", "--from", &whole],
            "up/secret: a symbolic link on its path leads out of the directory; name the target",
        ),
        // Also a secret beside the files of the repository.
        (&["--ci", "--from", "near"], "--from: near is a symbolic link; name its target"),
        (&["--dockerfile", "near", "a.tar"], "--dockerfile: near is a symbolic link; name its target"),
        // By `..`, and by another name of the working directory.
        (&["--ci", "--from", "ci/../up/secret"], "ci/../up/secret: a symbolic link on its path"),
        (&["--ci", "--from", &other_name], "up/secret: a symbolic link on its path"),
        (&["--config", &other_name, "a.tar"], "it is a link that leads out of the working directory; name its target"),
        (&["--ci", "--ci-config", &other_name, "a.tar"], "leads out of the working directory"),
        (
            &["--dockerfile", "Dockerfile", "a.tar"],
            "Dockerfile: a symbolic link on its path leads out of the directory; name the target",
        ),
        (&["--dockerfile", "up/secret", "a.tar"], "up/secret: a symbolic link on its path leads out of the directory"),
        (&["--config", "up/secret", "a.tar"], "it is a link that leads out of the working directory; name its target"),
    ] {
        let ran = user.runs(arguments).ends_with(2);
        assert!(ran.stderr.contains(reason), "{}", ran.stderr);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("hunter2"), "{}", ran.stderr);
    }
}

/// The user's own names are no links of a pull request.
#[cfg(unix)]
#[test]
fn a_list_outside_of_the_working_directory_or_in_standard_input_is_read() {
    let user = user().keeps("list.txt", "missing.tar\n").writes("more.txt", "missing.tar\n");
    std::os::unix::fs::symlink("more.txt", user.file("-")).unwrap();
    let outside = user.file("").canonicalize().unwrap().join("../home/list.txt").display().to_string();
    for list in ["-", "/dev/stdin", "/dev/fd/0", &outside, "../home/list.txt"] {
        let line = "\"$0\" --ci --from \"$1\" < ../home/list.txt";
        let ran = user.runs_program("sh", &["-c", line, DIVE, list]).ends_with(2);
        assert!(ran.stderr.contains("missing.tar: no such file"), "{list}: {}", ran.stderr);
    }
}

#[test]
fn no_document_replaces_what_names_the_images() {
    let user = user().writes("team.txt", "a.tar\tb.dive-ci\n").writes("b.dive-ci", "rules: {}\n");
    std::fs::create_dir(user.file("shop")).unwrap();
    let user = user.writes("shop/compose.yaml", "services:\n  one: { image: a.tar }\ninclude: [more.yaml]\n");
    let user = user.writes("shop/compose.override.yaml", "services: {}\n").writes("shop/.env", "TAG=1\n");
    let user = user.writes("shop/more.yaml", "services: {}\n").writes(".dive-ci", "base: b.tar\n");
    let project = "a file of the Compose project";
    for (options, what) in [
        (&["--from", "team.txt", "--summary", "team.txt"][..], "the list"),
        (&["--from", "team.txt", "--json", "b.dive-ci"], "a rules file"),
        (&["--compose", "shop/compose.yaml", "--summary", "shop/compose.yaml"], project),
        (&["--compose", "shop", "--json", "shop/compose.override.yaml"], project),
        (&["--compose", "shop", "--json", "shop/.env"], project),
        (&["--compose", "shop", "--json", "shop/more.yaml"], project),
        (&["--base", "c.tar", "--json", "c.tar", "a.tar", "b.tar"], "the base image"),
        (&["--ci", "--json", "b.tar", "a.tar", "c.tar"], "the base image"),
    ] {
        let ran = user.runs(options).ends_with(2);
        assert!(
            ran.error().contains(&format!("the document would replace {what}, which this run reads")),
            "{}",
            ran.error()
        );
    }
}

/// What would be about one image alone is refused before anything is read.
#[test]
fn options_about_one_image_are_refused() {
    let (user, sample) = (user(), sample());
    for (arguments, part) in [
        (&["--image", "0", "a.tar", "b.tar"][..], "--image works with one file"),
        (&["--ci", "--all-images"], "no image given; name an archive or a layout"),
        (&["--dockerfile", "Dockerfile", "a.tar", "b.tar"], "--dockerfile works with one image"),
        (&["--json", "a.tar", "a.tar", "b.tar"], "a.tar: the document would replace the image"),
        (&["--all-images", "tree", &sample], "name images to explore, not a command"),
        (&["--from", "x", "tree", &sample], "name images to explore, not a command"),
    ] {
        let ran = user.runs(arguments).ends_with(2);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}
