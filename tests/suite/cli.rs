//! The command line as a user types it: what opens, what is printed where, error messages, exit codes.

use std::io::Write;

use serde_json::Value;

use crate::place::{Corpus, fixture, sample};
use crate::user::{DIVE, User};

fn sample_bytes() -> Vec<u8> {
    std::fs::read(sample()).unwrap()
}

#[test]
fn report_shows_layers_numbers_and_lists() {
    User::new().runs(&[&sample()]).ends_with(0).prints(&[
        "Image: dive-sample:1.0 (linux/amd64), 7 layers, 3.0 MB\n",
        "Layer      Size     Waste    Added Modified Removed  Command\n",
        "    6     18 kB",
        "Analysis:\n  efficiency: 98.1030 %\n",
        "Inefficient Files:\nCount  Wasted Space  File Path\n    2         30 kB  /srv/shop/data/sessions.db\n",
        "Reclaimable:\n",
        "     41 kB        3      3          5  deleted-with-directory  /var/cache/build\n",
    ]);
}

#[test]
fn image_opens_by_path_scheme_and_pipe() {
    let sample = sample();
    let path = sample.as_str();
    let scheme = format!("docker-archive://{path}");
    let old_scheme = format!("docker-tar://{path}");
    for arguments in [&[path][..], &[&scheme], &[&old_scheme], &["--source", "docker-archive", path]] {
        User::new().runs(arguments).ends_with(0).prints(&["Image: dive-sample:1.0"]);
    }

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&sample_bytes()).unwrap();
    for piped in [sample_bytes(), gzip.finish().unwrap()] {
        let user = User::new().pipes(piped);
        user.runs(&["-"]).ends_with(0).prints(&["Image: dive-sample:1.0"]);
        user.runs(&["tree", "-"]).ends_with(0).prints(&["srv/shop/bin/start\n"]);
        assert_eq!(user.sees(), [""; 0], "no copy of standard input is left");
    }
    let ran = User::new().runs(&["-"]);
    assert!(ran.error().starts_with("standard input: the file is empty"), "{}", ran.error());
    let ran = User::new().pipes(sample_bytes()[..1_000_000].to_vec()).runs(&["-"]);
    assert!(ran.error().starts_with("standard input: ") && ran.error().contains("truncated"), "{}", ran.error());
}

#[test]
fn open_errors_say_what_to_do() {
    let user = User::new().writes("notes.txt", "no image\n").writes("empty.tar", "");
    for (arguments, parts) in [
        (&[][..], &["no image given", "`dive NAME`", "docker save NAME | dive -"][..]),
        (&["./nowhere.tar"], &["./nowhere.tar: no such file", "docker save NAME -o FILE"]),
        (&["nowhere.tar.gz"], &["nowhere.tar.gz: no such file"]),
        (&["notes.txt"], &["notes.txt: not an image archive", "docker save"]),
        (&["empty.tar"], &["empty.tar: the file is empty"]),
        (&["."], &[".: contains no image", "OCI layout"]),
        (&["ftp://nginx"], &["unknown image source \"ftp\"", "docker-archive"]),
        (&["--source", "registry", "build", "-t", "x", "."], &["`dive build` needs docker or podman"]),
        (&["-c", "nowhere.yaml", "notes.txt"], &["nowhere.yaml: no such file", "--config"]),
    ] {
        let ran = user.runs(arguments);
        for part in parts {
            assert!(ran.error().contains(part), "{arguments:?}: no {part:?} in {}", ran.error());
        }
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn invalid_arguments_are_refused() {
    let user = User::new();
    let sample = sample();
    for (arguments, part) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["tree", "--changes"], "<IMAGE>"),
        (&["tree", "--layer", "x", &sample], "'x'"),
        (&["tree", "--format", "xml", &sample], "xml"),
        (&["tree", "--changes", "--format", "tsv", &sample], "--changes"),
        (&["--ci=maybe", &sample], "maybe"),
        (&["--platform", "plan9", &sample], "linux/amd64"),
        (&["--source", "ftp", &sample], "docker-archive"),
        (&["-q", "-v", &sample], "--verbose"),
        (&["completion", "cmd"], "bash"),
    ] {
        user.runs(arguments).ends_with(2).says(&[part]);
    }
}

/// Mistakes of a new user: the error suggests the intended command.
#[test]
fn extra_argument_gets_a_suggestion() {
    for (arguments, part) in [
        (&["tre", "alpine"][..], "did you mean `dive tree alpine`?"),
        (&["-q", "tree", "alpine", "busybox"], "Usage: dive tree"),
        (&["--source", "docker-archiv", "x"], "a similar value exists: 'docker-archive'"),
    ] {
        let ran = User::new().runs(arguments).ends_with(2).says(&[part]);
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
}

#[test]
fn help_version_config_and_completion_work() {
    let user = User::new();
    let exit_codes = "Exit codes: 0 the image passed, 1 a rule failed, 2 dive failed.";
    user.runs(&["--help"]).ends_with(0).prints(&["Usage: dive", "--lowestEfficiency", "tree", exit_codes]);
    let version = concat!("dive ", env!("CARGO_PKG_VERSION"), "\n");
    let short = user.runs(&["-h"]).ends_with(0).prints(&["Usage: dive", "--source", "dive --help"]).stdout;
    assert!(short.lines().count() <= 52 && !short.contains("--registry-mirror"), "{short}");
    user.runs(&["--help"]).prints(&["Examples:\n  dive nginx", "--registry-mirror", "docker-archive:"]);
    for argument in ["version", "--version", "-v"] {
        assert_eq!(user.runs(&[argument]).ends_with(0).stdout, version);
    }
    user.runs(&["completion", "bash"]).ends_with(0).prints(&["_dive()", "--highestWastedBytes"]);
    for (shell, values) in [
        ("bash", "docker podman container registry containerd docker-archive oci-archive oci"),
        ("zsh", "oci-archive\\:"),
        ("fish", "oci-archive\\t'"),
    ] {
        user.runs(&["completion", shell]).ends_with(0).prints(&[values]);
    }
    user.runs(&["config"]).ends_with(0).prints(&["# no configuration file", "ignore-errors: false", "# default"]);
    let user = user.keeps(".dive.yaml", "ignore-errors: true\n").sets("DIVE_CONTAINER_ENGINE", "podman");
    user.runs(&["config"]).ends_with(0).prints(&[".dive.yaml:1", "podman", "# DIVE_CONTAINER_ENGINE"]);
    user.runs(&["tree", &fixture("broken/not-a-tar-layer.tar")]).ends_with(0).says(&["dive: warning: "]);
}

#[test]
fn json_writes_only_the_document() {
    let user = User::new().writes("old.json", "old");
    for name in ["new.json", "old.json"] {
        let ran = user.runs(&["--json", name, &sample()]).ends_with(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
        let document: Value = serde_json::from_slice(&std::fs::read(user.file(name)).unwrap()).unwrap();
        assert_eq!(document["schemaVersion"], 1);
        assert_eq!(document["layer"].as_array().unwrap().len(), 7);
        assert_eq!(document["image"]["inefficientBytes"], 82_622);
        assert_eq!(document["exact"]["reclaimableBytes"], 132_620);
        assert_eq!(document["exact"]["causes"]["deletedWithDirectory"], 40_800);
    }
    assert_eq!(user.sees(), ["new.json", "old.json"]);
}

#[test]
fn failed_json_leaves_the_old_document() {
    let user = User::new().writes("old.json", "old");
    std::fs::create_dir(user.file("folder")).unwrap();
    for target in ["nowhere/new.json", "folder", "."] {
        let ran = user.runs(&["--json", target, &sample()]);
        assert!(ran.error().contains(&format!("{target} cannot be written")), "{}", ran.error());
    }
    user.runs(&["--json", "old.json", &fixture("broken/not-a-tar-layer.tar")]).ends_with(2);
    assert_eq!(std::fs::read_to_string(user.file("old.json")).unwrap(), "old");
    assert_eq!(user.sees(), ["folder", "old.json"]);
    assert_eq!(std::fs::read_dir(user.file("folder")).unwrap().count(), 0);
}

/// Writing in place would destroy the old document on a full disk. A hard link to the old file shows whether it was
/// written in place.
#[test]
fn json_replaces_the_old_document_atomically() {
    let user = User::new().writes("old.json", "old");
    std::fs::hard_link(user.file("old.json"), user.file("kept.json")).unwrap();
    user.runs(&["--json", "old.json", &sample()]).ends_with(0);
    assert_eq!(std::fs::read_to_string(user.file("kept.json")).unwrap(), "old");
    assert_ne!(std::fs::read_to_string(user.file("old.json")).unwrap(), "old");
}

#[test]
fn json_on_standard_output_is_valid_json() {
    let user = User::new();
    let ran = user.runs(&["--json", "-", &sample()]).ends_with(0);
    assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok() && ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn tree_lists_as_text_and_tsv() {
    let user = User::new();
    user.runs(&["tree", &sample()]).ends_with(0).prints(&[
        "drwxr-xr-x       0:0    78 kB srv/shop/static/\n",
        "lrwxrwxrwx       0:0      0 B srv/shop/static/catalogue.csv -> ../data/catalogue.csv\n",
        "-rw-r--r--       0:0   1.7 kB srv/shop/static/grüße-こんにちは.html\n",
        "drwxrwxrwt       0:0      0 B tmp/\n",
    ]);
    let tsv = user
        .runs(&["tree", "--format", "tsv", &sample()])
        .ends_with(0)
        .prints(&["srv/shop/data/sessions.db\tf\t15080\t600\t0:0\t\n", "srv/shop/releases/1.0\tl\t0\t777\t0:0\t1.1\n"]);
    assert_eq!(tsv.stdout.lines().count(), 60);
}

#[test]
fn tree_lists_the_files_of_a_layer() {
    let user = User::new();
    let third = user.runs(&["tree", "--layer", "3", &sample()]).ends_with(0);
    let third = third.prints(&[" tmp/vendor.txt\n", "15 kB srv/shop/data/sessions.db\n", " srv/shop/releases/1.0/\n"]);
    assert!(!third.stdout.contains("releases/1.1"), "{}", third.stdout);
    let last = user.runs(&["tree", &sample()]).ends_with(0).stdout;
    assert_eq!(user.runs(&["tree", "--layer", "6", &sample()]).stdout, last);
    for layer in ["7", "99999999999"] {
        let ran = user.runs(&["tree", "--layer", layer, &sample()]);
        let message = format!("no layer {layer}: the image has 7 layers, numbered from 0");
        assert_eq!(ran.error(), message);
    }
}

/// The steps of tests/fixtures/sample/Dockerfile, as `docker diff` shows them.
#[test]
fn tree_changes_match_the_dockerfile() {
    let user = User::new();
    let changes = |options: &[&str]| {
        let sample = sample();
        user.runs(&[&["tree", "--changes", sample.as_str()], options].concat()).ends_with(0).stdout
    };
    let changed_by_4 = "\
        C /srv\n\
        C /srv/shop\n\
        C /srv/shop/data\n\
        C /srv/shop/data/prices.csv\n\
        C /srv/shop/data/sessions.db\n\
        C /srv/shop/static\n\
        D /srv/shop/static/404.html\n\
        C /tmp\n\
        D /tmp/vendor.txt\n";
    assert_eq!(changes(&["--layer", "4"]), changed_by_4);
    let changed_by_5 = "\
        C /srv\n\
        C /srv/shop\n\
        C /srv/shop/static\n\
        C /srv/shop/static/img\n\
        D /srv/shop/static/img/banner-draft.svg\n\
        A /srv/shop/static/img/banner.svg\n\
        D /srv/shop/static/img/logo-draft.svg\n\
        A /srv/shop/static/img/logo.svg\n\
        C /var\n\
        C /var/cache\n\
        D /var/cache/build\n";
    assert_eq!(changes(&["--layer", "5"]), changed_by_5);
    let changed_by_6 = "\
        C /srv\n\
        C /srv/shop\n\
        C /srv/shop/etc\n\
        C /srv/shop/etc/locale.csv\n\
        A /srv/shop/etc/locales\n\
        A /srv/shop/etc/locales/en.csv\n\
        C /srv/shop/etc/plugins\n\
        A /srv/shop/etc/plugins/payment.csv\n\
        C /srv/shop/releases\n\
        C /srv/shop/releases/1.0\n\
        D /srv/shop/releases/1.0/notes.txt\n\
        A /srv/shop/releases/1.1\n\
        A /srv/shop/releases/1.1/notes.txt\n";
    assert_eq!(changes(&["--layer", "6"]), changed_by_6);

    let base = changes(&["--layer", "0"]);
    assert!(base.starts_with("A /bin\n") && base.lines().all(|line| line.starts_with("A /")), "{base}");
    // All layers since the first: files that came and went are not listed.
    let all = changes(&[]);
    assert!(all.starts_with("A /srv\n") && all.ends_with("A /var\nA /var/cache\n"), "{all}");
    assert!(!all.contains("vendor.txt") && !all.contains("/var/cache/build"), "{all}");
}

#[test]
fn archive_of_two_images_shows_the_first_and_names_the_rest() {
    let Some(corpus) = Corpus::here() else { return };
    let path = corpus.path("multi/docker20.tar");
    let user = User::new();
    let notice = "contains 2 images; this is multi-a:1. Choose another with --image: 1: multi-b:1\n";
    user.runs(&[&path]).ends_with(0).prints(&["Image: multi-a:1 "]).says(&[notice]);
    user.runs(&["--ci", "--highestUserWastedPercent", "1", &path]).says(&[notice]);
    user.runs(&["tree", &path]).ends_with(0).says(&[notice]);
    assert_eq!(user.runs(&["-q", &path]).ends_with(0).stderr, "");
    for (selector, name) in [
        ("0", "multi-a:1"),
        ("1", "multi-b:1"),
        ("multi-b:1", "multi-b:1"),
        ("docker.io/library/multi-b:1", "multi-b:1"),
        ("multi-a", "multi-a:latest"),
        ("registry.example.com:5000/team/multi-a:v1.2.3", "registry.example.com:5000/team/multi-a:v1.2.3"),
    ] {
        let ran = user.runs(&["--image", selector, &path]).ends_with(0);
        assert_eq!(ran.stderr, "", "{selector}: the other images are listed");
        ran.prints(&[&format!("Image: {name} ")]);
    }
    for selector in ["2", "multi-c"] {
        let ran = user.runs(&["tree", "--image", selector, &path]);
        let error = ran.error();
        assert!(error.contains(&format!("no image {selector}; available: 0: multi-a:1,")), "{error}");
        assert!(error.contains("; 1: multi-b:1. Choose one with --image"), "{error}");
    }
}

/// `dive IMAGE | head` must not print an error or change the exit code.
#[cfg(unix)]
#[test]
fn closed_output_pipe_is_no_error() {
    let user = User::new();
    // The reader closes the pipe before the first byte.
    let closed = "{ sleep 0.2; \"$0\" \"$@\"; echo \"code $?\" >&2; } | true";
    for (arguments, code) in [
        (&["tree"][..], "code 0\n"),
        (&["--json", "-"], "code 0\n"),
        (&["--ci"], "code 0\n"),
        (&["--ci", "--lowestEfficiency", "1"], "code 1\n"),
    ] {
        let ran = user.runs_program("sh", &[&["-c", closed, DIVE], arguments, &[&sample()]].concat());
        assert_eq!(ran.stderr, code, "{arguments:?}");
    }
    let first = "\"$0\" tree \"$1\" | head -n 1";
    let ran = user.runs_program("sh", &["-c", first, DIVE, &sample()]).ends_with(0);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""));
    // With standard error closed there is still an exit code.
    user.runs_program("sh", &["-c", "\"$0\" nowhere.tar 2>&-", DIVE]).ends_with(2);
}

/// A full disk is an error, unlike a closed pipe.
#[cfg(target_os = "linux")]
#[test]
fn full_output_device_is_an_error() {
    let user = User::new();
    let ran = user.runs_program("sh", &["-c", "\"$0\" tree \"$1\" > /dev/full", DIVE, &sample()]);
    assert!(ran.error().starts_with("standard output cannot be written: "), "{}", ran.error());
    let ran = user.runs(&["--json", "/dev/full", &sample()]);
    assert!(ran.error().starts_with("/dev/full cannot be written: "), "{}", ran.error());
    for arguments in ["--help", "-h", "--version", "help tree"] {
        let ran = user.runs_program("sh", &["-c", &format!("\"$0\" {arguments} > /dev/full"), DIVE]);
        assert!(ran.error().starts_with("standard output cannot be written: "), "{arguments}: {}", ran.error());
    }
}

/// A log of CI keeps what dive says.
#[test]
fn passwords_in_arguments_are_not_repeated() {
    for arguments in [
        &["registry://ann:secret@127.0.0.1:1/app"][..],
        &["https://ann:secret@127.0.0.1:1/app"],
        &["docker://ann:secret@127.0.0.1:1/app"],
        &["ann:secret@127.0.0.1:1/app"],
        &["--base", "registry://ann:secret@127.0.0.1:1/app", &sample()],
        &["--registry-mirror", "docker.io=https://ann:secret@127.0.0.1:1", "registry://app"],
        &["--registry-mirror=docker.io=ann:secret@127.0.0.1:1", "registry://app"],
        &["--insecure-registry", "ann:secret@127.0.0.1:1", "registry://app"],
        &["a.tar", "registry://ann:secret@127.0.0.1:1/app"],
        &["--from", "list.txt"],
        &["tre", "registry://ann:secret@127.0.0.1:1/app"],
        &["tree", "x", "registry://ann:secret==@127.0.0.1:1/app"],
        &["registry://ann:secret==@127.0.0.1:1/app", "version"],
        &["registry://ann:x/secret@127.0.0.1:1/app"],
        &["--registry-mirror", "docker.io=ann:x/secret@127.0.0.1:1", "registry://app"],
        &["docker:secret@127.0.0.1:1/app"],
        &["https://secret@127.0.0.1:1/app"],
        &["https://ann:secret@[2001:db8:85a3:8d3:1319:8a2e:127.0.0.1]:1/app", "127.0.0.1:1"],
    ] {
        let user = User::new().sets("DIVE_LOG_PATH", "run.log").sets("DIVE_LOG_LEVEL", "trace");
        let user = user.writes("list.txt", "registry://ann:secret@127.0.0.1:1/app\n");
        let ran = user.runs(&[&["--ci"][..], arguments].concat()).ends_with(2);
        let log = std::fs::read_to_string(user.file("run.log")).unwrap_or_default();
        let printed = ran.stdout + &ran.stderr + &log;
        assert!(!printed.contains("secret"), "{arguments:?}: {printed}");
        assert!(printed.contains("127.0.0.1:1"), "{arguments:?}: {printed}");
    }
}

/// Scripts search standard error for such lines.
#[test]
fn arguments_forge_no_line_of_an_error() {
    let forged = "x\u{1b}[2J\nResult:PASS\r\n\u{202e}";
    let flag = format!("--{forged}");
    for arguments in [
        &[&*flag][..],
        &["--lowestEfficiency", forged, &sample()],
        &["--platform", forged, &sample()],
        &["--registry-mirror", forged, &sample()],
        &["tree", "--layer", forged, &sample()],
        &["advise", "--kind", forged, &sample()],
        &["completion", forged],
    ] {
        let stderr = User::new().runs(arguments).ends_with(2).stderr;
        assert!(!stderr.lines().any(|line| line.starts_with("Result:")), "{arguments:?}: {stderr}");
        assert!(stderr.contains(r"\nResult:PASS\r\n"), "{arguments:?}: {stderr}");
    }
}
