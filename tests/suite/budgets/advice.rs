//! The rule about the bytes of advice, and exceptions from advice. A failure means that an image with too much of what a build could
//! leave out passes, or that a team cannot accept what it needs.

use serde_json::{Value, json};

use super::{DIVES_OFF, checks, saved, user};
use crate::build::{self, Image, Layer, Layout, image};
use crate::user::User;

/// Package lists and a cache of pip in two layers, and a file that is deleted later.
fn advised() -> Image {
    image()
        .runs_as("app")
        .layer(|l| l.file("etc/passwd", "p"))
        .layer(|l| l.file("var/lib/apt/lists/a", "a".repeat(80_000)).file("tmp.o", "o".repeat(7_000)))
        .layer(|l| l.file("root/.cache/pip/a", "p".repeat(3_000)).file("root/.cache/uv/a", "u".repeat(2_000)))
        .layer(|l| l.whiteout("tmp.o"))
}

#[test]
fn a_limit_counts_all_kinds_together() {
    let image = saved(&advised());
    checks(&user("  highestAdviceBytes: 92kB\n"), &image, &[]).ends_with(1).prints(&[
        "  broken: bytes of advice 92 kB, limit 92 kB (.dive-ci:4)\n",
        "       80 kB  apt-lists /var/lib/apt/lists/a (1 file, layer 1)\n",
        "      7.0 kB  deleted-later /tmp.o (1 file, layer 1)\n",
        "      3.0 kB  python-cache /root/.cache/pip/a (1 file, layer 2)\n",
        "      2.0 kB  python-cache /root/.cache/uv/a (1 file, layer 2)\n",
        "  FAIL: highestAdviceBytes: too many bytes of advice (advice-bytes=92000 >= threshold=92000)\n",
    ]);
    checks(&user("  highest-advice-bytes: 93kB\n"), &image, &[])
        .ends_with(0)
        .prints(&["  met: bytes of advice 92 kB, limit 93 kB (.dive-ci:4)\n", "  PASS: highestAdviceBytes\n"]);
    let ours = "  highestAdviceBytes: { value: 92kB, for: ours, level: warn, reason: soon }\n";
    checks(&user(ours), &image, &[]).ends_with(0).prints(&[
        "  warning: bytes of advice of the image's own layers 92 kB, limit 92 kB (.dive-ci:4)\n",
        "  WARN: highestAdviceBytes: too many bytes of advice (advice-bytes=92000 >= threshold=92000, own layers); soon\n",
    ]);
    // As for waste: nothing breaks no limit.
    let clean = build::image().layer(|l| l.file("app/a", "1"));
    checks(&user("  highestAdviceBytes: 0\n"), &saved(&clean), &[]).ends_with(0);
}

#[test]
fn single_kinds_have_limits_of_their_own() {
    let image = saved(&advised());
    checks(&user("  highestAdviceBytes: { apt-lists: 100kB, python-cache: 1kB, deleted-later: 7kB }\n"), &image, &[])
        .ends_with(1)
        .prints(&[
            "  broken: bytes of advice (python-cache and 1 more kind) 5.0 kB, limit 1.0 kB (.dive-ci:4)\n",
            // In the order of the kinds, the one that the line names first.
            "      3.0 kB  python-cache /root/.cache/pip/a (1 file, layer 2)\n      2.0 kB  python-cache /root/.cache/uv/a (1 file, \
             layer 2)\n      7.0 kB  deleted-later /tmp.o (1 file, layer 1)\n",
            "(advice-bytes=5000 > threshold=1000, python-cache and 1 more kind)\n",
        ]);
    let met = checks(&user("  highestAdviceBytes: { pythonCache: 6kB, apt-lists: 100kB }\n"), &image, &[]).ends_with(0);
    met.prints(&["  met: bytes of advice (python-cache) 5.0 kB, limit 6.0 kB (.dive-ci:4)\n"]);
    let long = "  highestAdviceBytes: { value: { apt-lists: 1kB }, level: warn, reason: soon }\n";
    checks(&user(long), &image, &[]).ends_with(0).prints(&["  WARN: highestAdviceBytes: "]);
    // A kind that is off is found if a limit names it.
    let maps = saved(&build::image().layer(|l| l.file("app/a.js.map", "m".repeat(4_000))));
    checks(&user("  highestAdviceBytes: 1kB\n"), &maps, &[]).ends_with(0);
    checks(&user("  highestAdviceBytes: { source-maps: 1kB }\n"), &maps, &[]).ends_with(1);
}

/// An image that states where its base ends could divide its bytes so that both parts are below a floor.
#[test]
fn an_image_cannot_choose_its_base_to_pass() {
    let logs = |name: &str| Layer::default().file(name, "l".repeat(600_000));
    let layers = [Layer::default().file("etc/passwd", "p"), logs("var/log/a"), logs("var/log/b")];
    let layers: Vec<_> = layers.iter().map(|layer| (build::TAR, layer.tar())).collect();
    let ids: Vec<String> = layers.iter().map(|(_, tar)| build::digest(tar)).collect();
    let mut config = build::described("linux/amd64", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let steps: Vec<Value> = (0..3).map(|at| json!({ "created_by": format!("RUN {at}") })).collect();
    let command = json!({ "created_by": "CMD [\"sh\"]", "empty_layer": true });
    config["history"] = json!([steps[0], steps[1], command, steps[2]]);
    let mut layout = Layout::default();
    let manifest = layout.manifest(&config, &layers);
    layout.lists(manifest, &json!({}));
    let user = layout.user().writes(".dive-ci", &format!("rules:\n{DIVES_OFF}  highestAdviceBytes: 1kB\n"));
    user.runs(&["--ci", "image.tar"]).ends_with(1).prints(&["(advice-bytes=1200000 > threshold=1000)\n"]);
}

#[test]
fn an_exception_takes_files_out_of_advice() {
    let image = saved(&advised());
    let check = |limit: &str, ignore: &str, code: i32| {
        let rules = format!("rules:\n{DIVES_OFF}  highestAdviceBytes: {limit}\nignore:\n{ignore}");
        checks(&User::new().writes(".dive-ci", &rules), &image, &[]).ends_with(code)
    };
    let ran = check("13kB", "  - { advice: apt-lists, reason: the shop installs at start }\n", 0);
    let ran = ran.prints(&[
        "  not counted: advice on 80 kB in 1 file, advice apt-lists: the shop installs at start (.dive-ci:6)\n",
        "  met: bytes of advice 12 kB, limit 13 kB",
        "      7.0 kB  deleted-later: ",
    ]);
    assert!(!ran.stdout.contains("apt-lists: layer"), "{}", ran.stdout);
    // A part of a finding; what is left names the other directory.
    let caches = build::image()
        .layer(|l| l.file("root/.cache/pip/a", "p".repeat(3_000)).file("root/.cache/uv/a", "u".repeat(4_000)));
    let pip = "ignore: [{ advice: python-cache, path: /root/.cache/pip, reason: x }]\n";
    let rules = format!("rules:\n{DIVES_OFF}  highestAdviceBytes: 5kB\n{pip}");
    checks(&User::new().writes(".dive-ci", &rules), &saved(&caches), &[]).ends_with(0).prints(&[
        "  not counted: advice on 3.0 kB in 1 file, advice python-cache in /root/.cache/pip: x (.dive-ci:5)\n",
        "      4.0 kB  python-cache: layer 0: set `UV_NO_CACHE=1`",
    ]);
    // Another kind, or another path.
    check("92kB", "  - { advice: node-cache, reason: x }\n", 1).prints(&[
        "  warning: the exception for advice node-cache matches nothing that a rule counts (.dive-ci:6); remove it\n",
    ]);
    check("92kB", "  - { advice: apt-lists, path: /srv, reason: x }\n", 1);
    // A path is left out of everything.
    check("90kB", "  - { path: root, reason: x }\n", 0)
        .prints(&["  not counted: advice on 5.0 kB in 2 files, path root: x (.dive-ci:6)\n"]);
    // Expired.
    check("13kB", "  - { advice: apt-lists, reason: x, until: 2020-01-31 }\n", 1).prints(&[
        "  FAIL: highestAdviceBytes: ",
        "  FAIL: ignore: the exception for advice apt-lists ended on 2020-01-31 (.dive-ci:6)\n",
    ]);
}

/// The largest directories of one kind leave room for one of each other kind.
#[test]
fn each_kind_that_breaks_its_limit_has_a_line() {
    let image =
        (0..7).fold(advised(), |image, at| image.layer(|l| l.file(format!("var/cache/apk/{at}"), "k".repeat(9_000))));
    let limits = "  highestAdviceBytes: { python-cache: 1, apk-cache: 10kB }\n";
    checks(&user(limits), &saved(&image), &[]).ends_with(1).prints(&[
        "  broken: bytes of advice (python-cache and 1 more kind) 5.0 kB, limit 1 B (.dive-ci:4)\n      3.0 kB  python-cache ",
        "      9.0 kB  apk-cache /var/cache/apk/0 ",
    ]);
}

/// A rule about advice counts hidden files: an exception says how many of their bytes it takes out.
#[test]
fn an_exception_names_the_hidden_bytes_that_it_takes_out_of_advice() {
    let image = saved(&advised().layer(|l| l.whiteout("root/.cache/uv")));
    let checked = |rules: &str, path: &str| {
        let ignore = format!("ignore: [{{ path: {path}, reason: x }}]\n");
        checks(&User::new().writes(".dive-ci", &format!("rules:\n{DIVES_OFF}{rules}{ignore}")), &image, &[])
            .ends_with(0)
    };
    checked("  highestAdviceBytes: 1MB\n", "root")
        .prints(&["  not counted: advice on 5.0 kB in 2 files, path root: x (.dive-ci:5)\n"]);
    checked("  highestAdviceBytes: 1MB\n", "tmp.o")
        .prints(&["  not counted: advice on 7.0 kB in 1 file, path tmp.o: x (.dive-ci:5)\n"]);
    // A rule about waste has a number of its own for them.
    checked("  highestAdviceBytes: 1MB\n  highestReclaimableBytes: 1MB\n", "root")
        .prints(&["  not counted: 2.0 kB of waste in 1 file; advice on 3.0 kB in 1 file, path root: x (.dive-ci:6)\n"]);
}

/// Advice on a deleted file is about the Dockerfile; its bytes stay reclaimable.
#[test]
fn an_exception_from_advice_changes_no_other_rule() {
    let rules = "  highestReclaimableBytes: 7kB\n  highestAdviceBytes: { deleted-later: 1 }\n";
    let ignore = "ignore: [{ advice: deleted-later, reason: x }]\n";
    let user = User::new().writes(".dive-ci", &format!("rules:\n{DIVES_OFF}{rules}{ignore}"));
    checks(&user, &saved(&advised()), &[])
        .ends_with(1)
        .prints(&["  FAIL: highestReclaimableBytes: ", "  PASS: highestAdviceBytes\n"]);
}

#[test]
fn documents_mark_ignored_advice() {
    let ignore = "ignore: [{ advice: apt-lists, reason: x }, { advice: runs-as-root, reason: y }]\n";
    let rules = format!("rules:\n{DIVES_OFF}  highestAdviceBytes: 20kB\n{ignore}");
    let user = User::new().writes(".dive-ci", &rules);
    let image = saved(&advised());
    let read = |option: &str| -> Value {
        serde_json::from_str(&checks(&user, &image, &[option, "-"]).ends_with(0).stdout).unwrap()
    };
    let document = read("--json");
    let findings = document["advice"]["findings"].as_array().unwrap();
    let marks: Vec<_> = findings.iter().map(|it| (it["id"].as_str().unwrap(), it["ignored"] == true)).collect();
    assert_eq!(marks, [("deleted-later", false), ("python-cache", false), ("apt-lists", true)]);
    let ignored = &document["verdict"]["ignored"];
    assert_eq!((&ignored[0]["adviceBytes"], &ignored[0]["adviceFiles"]), (&json!(80_000), &json!(1)));
    assert_eq!((&ignored[0]["status"], &ignored[1]["status"]), (&json!("active"), &json!("unused")));
    let rules = document["verdict"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["rule"] == "highestAdviceBytes").unwrap();
    assert_eq!((&rule["value"], &rule["limit"]), (&json!(12_000), &json!(20_000)));
    let kinds = read("--summary")["advice"]["kinds"].clone();
    let lists = kinds.as_array().unwrap().iter().find(|kind| kind["id"] == "apt-lists").unwrap();
    assert_eq!((&lists["sizeBytes"], &lists["ignoredBytes"]), (&json!(0), &json!(80_000)));
}

#[test]
fn a_mistake_names_close_ids() {
    let image = saved(&image().layer(|l| l.file("a", "1")));
    for (rules, error) in [
        (
            "  highestAdviceBytes: { apt-list: 1kB }\n",
            ".dive-ci:4: highestAdviceBytes: apt-list: `apt-list` is not a kind of advice; did you mean apt-lists",
        ),
        (
            "  highestAdviceBytes:\n    apt-lists: 1kB\n    go-cache: many\n",
            ".dive-ci:6: highestAdviceBytes: go-cache: `many` is not a size",
        ),
        (
            "  highestAdviceBytes: { runs-as-root: 1 }\n",
            ".dive-ci:4: highestAdviceBytes: runs-as-root: `runs-as-root` counts no bytes, so it has no limit; remove it",
        ),
        (
            "  highestAdviceBytes: { apt-lists: 1kB, level: warn }\n",
            ".dive-ci:4: highestAdviceBytes: unknown key `apt-lists`; write value, level, for, reason",
        ),
        ("  highestAdviceBytes: {}\n", ".dive-ci:4: highestAdviceBytes: no limit; add `value:`"),
        (
            "ignore: [{ advice: apt-list, reason: x }]\n",
            ".dive-ci:4: ignore: advice: `apt-list` is not a kind of advice; did you mean apt-lists",
        ),
        (
            "ignore: [{ class: package-databases, advice: logs, reason: x }]\n",
            ".dive-ci:4: ignore: the class package-databases takes no path or advice beside it; write another exception for that",
        ),
    ] {
        let ran = checks(&user(rules), &image, &[]);
        assert!(ran.error().starts_with(error), "{rules}: {}", ran.stderr);
    }
}
