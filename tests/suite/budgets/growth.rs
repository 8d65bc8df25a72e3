//! Growth since a baseline: what is measured and shown, and which baselines are refused.

use serde_json::Value;
use tempfile::NamedTempFile;

use super::{DIVES_OFF, base, checks, later, saved, shop, user};
use crate::build::{Image, Packing, image};
use crate::user::User;

/// A user whose working directory has the summary of `before` as `main.json`.
fn with_baseline(user: User, before: &Image) -> User {
    let image = saved(before);
    user.runs(&["--ci=false", "--summary", "main.json", image.path().to_str().unwrap()]).ends_with(0);
    user
}

fn rules_on_growth(rules: &str) -> User {
    User::new().writes(".dive-ci", &format!("baseline: main.json\nrules:\n{DIVES_OFF}{rules}"))
}

#[test]
fn growth_is_measured_against_the_baseline() {
    let image = saved(&later());
    // 4,900 bytes before, 5,100 after.
    for (rule, code, line) in [
        ("highestGrowthBytes: 201", 0, "  PASS: highestGrowthBytes\n"),
        (
            "highestGrowthBytes: 200",
            1,
            "  FAIL: highestGrowthBytes: the image has grown too much (growth-bytes=200 >= threshold=200)\n",
        ),
        ("highestGrowthPercent: 0.05", 0, "  PASS: highestGrowthPercent\n"),
        (
            "highestGrowthPercent: 0.04",
            1,
            "  FAIL: highestGrowthPercent: the image has grown too much, relative to the baseline (%-growth=0.04081632653061224 > \
             threshold=0.04)\n",
        ),
        ("highestGrowthPercent: 1.5", 0, "  PASS: highestGrowthPercent\n"),
        ("highestGrowthBytes: { value: 200, for: ours }", 1, "(growth-bytes=200 >= threshold=200, own layers)\n"),
    ] {
        let user = with_baseline(rules_on_growth(&format!("  {rule}\n")), &shop());
        checks(&user, &image, &[]).ends_with(code).prints(&[line]);
    }
    // What did not grow breaks no limit.
    let strict = with_baseline(rules_on_growth("  highestGrowthBytes: 0\n  highestGrowthPercent: 0\n"), &shop());
    checks(&strict, &saved(&shop()), &[]).ends_with(0).prints(&["[Passed:2]", "Growth since main.json: 0 B (+0.00 %)"]);
    checks(&strict, &saved(&base()), &[]).ends_with(0).prints(&["Growth since main.json: -4.3 kB (-87.76 %)"]);
}

/// `5` is rarely meant as 500 %.
#[test]
fn a_share_above_one_is_a_warning() {
    let user = with_baseline(rules_on_growth("  highestGrowthPercent: 5\n"), &shop());
    let limit = "  warning: growth as a share of the baseline: the limit";
    let of_file = format!("{limit} 5 (.dive-ci:5) means 500 %; write 0.05 for 5 %\n");
    checks(&user, &saved(&later()), &[]).ends_with(0).prints(&[&of_file]);
    let of_flag = format!("{limit} 1.1 (flag) means 110 %; write 0.011 for 1.1 %\n");
    checks(&user, &saved(&later()), &["--highestGrowthPercent=1.1"]).ends_with(0).prints(&[&of_flag]);
}

#[test]
fn the_report_names_layers_and_places_that_changed() {
    let user = with_baseline(rules_on_growth("  highestGrowthBytes: 100\n"), &shop());
    checks(&user, &saved(&later()), &[]).ends_with(1).prints(&[
        "Growth since main.json: +200 B (+4.08 %), base 0 B, ours +200 B\n",
        "     +1.7 kB  layer 2 added  COPY docs /app/docs\n",
        "      +500 B  layer 1 rebuilt, was 2.3 kB  RUN make\n",
        "     -2.0 kB  layer removed  RUN strip\n",
        "     +1.7 kB  /app/docs\n",
        "      +500 B  /app/bin\n",
        "  broken: growth 200 B, limit 100 B (.dive-ci:5)\n",
        "      1.7 kB  layer 2  COPY docs /app/docs\n",
        "       500 B  layer 1  RUN make\n",
    ]);
}

#[test]
fn base_and_ours_grow_apart_if_both_bases_are_known() {
    let base_file = saved(&base());
    let named = base_file.path().to_str().unwrap();
    let user = rules_on_growth("  highestGrowthBytes: { value: 300, for: ours }\n");
    let before = saved(&shop());
    let path = before.path().to_str().unwrap();
    user.runs(&["--ci=false", "--base", named, "--summary", "main.json", path]).ends_with(0);
    let bigger_base = base().layer(|l| l.file("base/lib", [b'b'; 900]).created_by("RUN base"));
    let grown = bigger_base.clone().layer(|l| l.file("app/bin", [b'1'; 4400]).created_by("RUN make"));
    let base_file = saved(&bigger_base);
    checks(&user, &saved(&grown), &["--base", base_file.path().to_str().unwrap()])
        .ends_with(0)
        .prints(&["Growth since main.json: +1.0 kB (+20.41 %), base +900 B, ours +100 B\n"]);
}

/// A summary without a base begins with the layers of the base all the same.
#[test]
fn ours_is_compared_with_ours_even_if_the_baseline_names_no_base() {
    let two_layers = base().layer(|l| l.file("base/lib", [b'b'; 9000]).created_by("RUN base"));
    let app = |bytes: usize| two_layers.clone().layer(|l| l.file("app/bin", vec![b'1'; bytes]).created_by("RUN make"));
    let base_file = saved(&two_layers);
    let named = ["--base", base_file.path().to_str().unwrap()];
    let rules = || rules_on_growth("  highestGrowthBytes: { value: 300, for: ours }\n");
    checks(&with_baseline(rules(), &app(2000)), &saved(&app(2100)), &named)
        .ends_with(0)
        .prints(&["base 0 B, ours +100 B\n"]);
    // Another base: the report says what it counts, and lists only that.
    let grown = with_baseline(rules(), &base().layer(|l| l.file("app/bin", [b'1'; 2000]).created_by("RUN make")));
    let ran = checks(&grown, &saved(&app(2100)), &named).ends_with(1);
    ran.prints(&[
        "  note: the growth of own layers counts all layers but the first, because the baseline's base is not known by diff \
         ids; write the baseline with --base\n",
        "  broken: growth of the image's own layers 9.1 kB, limit 300 B (.dive-ci:5)\n      9.0 kB  layer 1 (base)  RUN base\n",
    ]);
}

/// The command that an error recommends works in CI mode, too.
#[test]
fn a_pipeline_can_start_without_a_baseline_and_renews_it_only_if_it_passes() {
    let user = rules_on_growth("  highestGrowthBytes: 100\n");
    let (before, after) = (saved(&shop()), saved(&later()));
    let renews = ["--summary", "main.json"];
    let first = checks(&user, &before, &renews).ends_with(0);
    first
        .prints(&["  SKIP: highestGrowthBytes: no baseline yet\n", "[Passed:0] [Failed:0] [Warn:0] [Skipped:4]"])
        .says(&["dive: no growth is checked: this run writes the baseline main.json for the next\n"]);
    let baseline = std::fs::read(user.file("main.json")).unwrap();
    // The next run would compare the image with itself.
    for _ in 0..2 {
        checks(&user, &after, &renews).ends_with(1).says(&[
            "dive: --summary did not replace the baseline, because a rule failed; to accept the image as the new baseline, run \
             the command with --ci=false\n",
        ]);
        assert_eq!(std::fs::read(user.file("main.json")).unwrap(), baseline);
    }
    // Another file is no baseline.
    checks(&user, &after, &["--summary", "last.json"]).ends_with(1);
    assert!(user.file("last.json").exists());
    checks(&user, &after, &["--summary", "./main.json", "--highestGrowthBytes=300"]).ends_with(0);
    assert_ne!(std::fs::read(user.file("main.json")).unwrap(), baseline);
    checks(&user, &after, &[]).ends_with(0).prints(&["Growth since main.json: 0 B"]);
    for json in ["main.json", "./main.json"] {
        assert_eq!(
            checks(&user, &after, &["--json", json]).error(),
            "main.json: --json would replace the baseline (.dive-ci:1); choose another file"
        );
    }
}

/// A shared rules file may name a baseline for those who turn a rule on.
#[test]
fn a_missing_baseline_that_no_rule_needs_is_a_note() {
    let user = rules_on_growth("  highestGrowthPercent: 0.05\n");
    let image = saved(&shop());
    checks(&user, &image, &["--highestGrowthPercent=off"])
        .ends_with(0)
        .says(&["dive: the baseline main.json (.dive-ci:1) does not exist; no rule needs it\n"]);
    checks(&user, &image, &[]).ends_with(2);
    let user = with_baseline(user, &shop());
    checks(&user, &image, &["--highestGrowthPercent=off"]).ends_with(0).prints(&["Growth since main.json: 0 B"]);
    assert!(
        checks(&user, &image, &["--baseline", "no.json", "--highestGrowthPercent=off"])
            .error()
            .starts_with("the baseline no.json (--baseline) does not exist; ")
    );
}

#[test]
fn documents_have_the_growth() {
    let user = with_baseline(rules_on_growth("  highestGrowthBytes: 100\n"), &shop());
    for option in ["--json", "--summary"] {
        let ran = checks(&user, &saved(&later()), &[option, "-"]).ends_with(1);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let growth = &document["verdict"]["growth"];
        assert_eq!(growth["baseline"], "main.json");
        assert_eq!(growth["all"], serde_json::json!({ "beforeBytes": 4900, "afterBytes": 5100 }));
        assert_eq!(growth["ours"], serde_json::json!({ "beforeBytes": 4300, "afterBytes": 4500 }));
        assert_eq!(
            growth["layers"][1],
            serde_json::json!({ "change": "rebuilt", "layer": 1, "instruction": "RUN make", "beforeBytes": 2300, "afterBytes": 2800 })
        );
        assert_eq!(growth["layers"][2]["change"], "gone");
        assert_eq!(
            growth["places"][0],
            serde_json::json!({ "path": "/app/docs", "beforeBytes": 0, "afterBytes": 1700 })
        );
    }
}

/// A build without reproducible timestamps changes every layer; none of them is news.
#[test]
fn a_layer_rebuilt_with_the_same_files_differs_only_in_timestamps() {
    let built = |time: u64, packing: Packing, content: &str| {
        base().layer(|l| {
            l.file("app/bin", content)
                .owner(1000, 1000)
                .xattr("user.note", "x")
                .symlink("app/now", "bin")
                .hardlink("app/again", "app/bin")
                .dir("app/empty")
                .whiteout("base/old")
                .built_at(time)
                .packed(packing)
                .created_by("RUN make")
        })
    };
    let line = |before: &Image, after: &Image| {
        let user = with_baseline(rules_on_growth("  highestGrowthBytes: 1\n"), before);
        let ran = checks(&user, &saved(after), &[]).ends_with(0);
        let line = ran
            .stdout
            .lines()
            .find(|line| line.contains("  layer 1 rebuilt"))
            .expect("a rebuilt layer")
            .trim()
            .to_owned();
        (line, user)
    };
    let same = "0 B  layer 1 rebuilt, differs only in timestamps  RUN make";
    for before in [Packing::Plain, Packing::Gzip] {
        for after in [Packing::Plain, Packing::Zstd] {
            let found = line(&built(1, before, "one"), &built(2, after, "one")).0;
            assert_eq!(found, same, "{before:?} {after:?}");
            let found = line(&built(1, before, "one"), &built(2, after, "two")).0;
            assert_eq!(found, "0 B  layer 1 rebuilt, was 3 B  RUN make", "{before:?} {after:?}");
        }
    }
    let (before, after) = (built(1, Packing::Plain, "one"), built(2, Packing::Plain, "one"));
    for other in [
        base().layer(|l| l.file("app/bin", "one").mode(0o755).built_at(2).created_by("RUN make")),
        base().layer(|l| l.file("app/bim", "one").built_at(2).created_by("RUN make")),
    ] {
        assert_ne!(line(&before, &other).0, same);
    }
    let (_, user) = line(&before, &after);
    let image = saved(&after);
    let document: Value =
        serde_json::from_str(&checks(&user, &image, &["--summary", "-"]).ends_with(0).stdout).unwrap();
    assert_eq!(document["verdict"]["growth"]["layers"][0]["change"], "retimed");
    // A baseline of an older version says nothing about entries.
    let mut summary: Value = serde_json::from_slice(&std::fs::read(user.file("main.json")).unwrap()).unwrap();
    for layer in summary["layers"].as_array_mut().unwrap() {
        assert!(layer.as_object_mut().unwrap().remove("entriesDigest").unwrap().as_str().unwrap().starts_with("xxh3:"));
    }
    checks(&user.writes("main.json", &summary.to_string()), &image, &[])
        .ends_with(0)
        .prints(&["  layer 1 rebuilt, was 3 B  RUN make\n"]);
}

/// There is no share of nothing.
#[test]
fn growth_since_a_baseline_of_nothing_has_no_percentage() {
    let empty = image().layer(|l| l.file("empty", "").created_by("RUN touch"));
    let rules = "  highestGrowthPercent: 0.5\n";
    let ran = checks(&with_baseline(rules_on_growth(rules), &empty), &saved(&shop()), &["--summary", "s.json"]);
    ran.ends_with(1).prints(&[
        "Growth since main.json: +4.9 kB, base +600 B, ours +4.3 kB\n",
        "(%-growth=inf > threshold=0.5, baseline of 0 bytes)\n",
        "  broken: growth as a share of the baseline: infinite (baseline of 0 bytes), limit 0.5 (",
    ]);
    checks(&with_baseline(rules_on_growth(rules), &empty), &saved(&empty), &[])
        .ends_with(0)
        .prints(&["Growth since main.json: 0 B, base 0 B"]);
}

#[test]
fn a_flag_names_any_file_and_a_rules_file_one_below_its_folder() {
    let image = saved(&later());
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("main.json");
    let file = file.to_str().unwrap();
    let before = saved(&shop());
    User::new().runs(&["--summary", file, before.path().to_str().unwrap()]).ends_with(0);
    let strict = user("  highestGrowthBytes: 1\n");
    checks(&strict, &image, &["--baseline", file]).ends_with(1).prints(&["growth-bytes=200"]);
    let text = |name: &str| format!("baseline: \"{name}\"\nrules:\n  highestGrowthBytes: 1\n");
    let error = |user: &User| checks(user, &image, &[]).error().to_owned();
    for name in [file, "../home/main.json"] {
        let user = User::new().writes(".dive-ci", &text(name));
        let expected = format!(".dive-ci:1: baseline: {name} is outside the working directory; use --baseline for it");
        assert_eq!(error(&user), expected);
    }
    let user = User::new();
    let inside = std::fs::canonicalize(user.file("")).unwrap().join("main.json");
    let user = user.writes(".dive-ci", &text(inside.to_str().unwrap()));
    let relative = "is an absolute path; write it relative to the working directory";
    assert!(error(&user).ends_with(relative), "{}", error(&user));
    #[cfg(unix)]
    {
        let user = User::new().writes(".dive-ci", &text("link.json"));
        std::os::unix::fs::symlink(file, user.file("link.json")).unwrap();
        let said = error(&user);
        assert!(said.contains("link.json is a symbolic link"), "{said}");
    }
}

#[test]
fn a_baseline_of_something_else_is_an_error() {
    let image = saved(&later());
    let refused = |user: &User, image: &NamedTempFile| checks(user, image, &[]).error().to_owned();
    let growth = || rules_on_growth("  highestGrowthBytes: 1\n");
    assert_eq!(
        refused(&growth(), &image),
        "the baseline main.json (.dive-ci:1) does not exist; write it with `dive --summary main.json IMAGE`"
    );
    for text in ["", "secret=1", "{}", "[1]", "{\"schemaVersion\": 1, \"image\": \"secret\"}"] {
        let said = refused(&growth().writes("main.json", text), &image);
        assert_eq!(
            said,
            ".dive-ci:1: baseline: main.json: not a summary of an image; write one with `dive --summary main.json IMAGE`"
        );
    }
    let changed = |change: fn(&mut Value)| {
        let user = with_baseline(growth(), &shop());
        let mut summary: Value = serde_json::from_slice(&std::fs::read(user.file("main.json")).unwrap()).unwrap();
        change(&mut summary);
        refused(&user.writes("main.json", &summary.to_string()), &image)
    };
    assert_eq!(
        changed(|summary| summary["sizes"]["unpackedBytes"] = 1_000_000.into()),
        ".dive-ci:1: baseline: main.json: the sizes of its layers do not add up to that of the image; write it again with \
         `dive --summary main.json IMAGE`"
    );
    assert_eq!(
        changed(|summary| summary["schemaVersion"] = 2.into()),
        ".dive-ci:1: baseline: main.json: a summary of another schema version; write it again with `dive --summary main.json IMAGE`"
    );
    assert_eq!(
        changed(|summary| summary["image"]["platform"] = "linux/arm64".into()),
        ".dive-ci:1: baseline: main.json: a summary of an image for another platform, not linux/amd64; use a baseline for this platform"
    );
    assert_eq!(
        changed(|summary| summary["image"]["tags"] = vec!["other:1"].into()),
        ".dive-ci:1: baseline: main.json: a summary of another image, not of case:latest; use a baseline of this image"
    );
    // Docker, Podman and registries spell one name in several ways.
    for tag in ["case:1.0", "docker.io/library/case:2", "localhost/case:latest", "index.docker.io/library/case"] {
        let user = with_baseline(growth(), &shop());
        let mut summary: Value = serde_json::from_slice(&std::fs::read(user.file("main.json")).unwrap()).unwrap();
        summary["image"]["tags"] = vec![tag].into();
        checks(&user.writes("main.json", &summary.to_string()), &image, &[]).ends_with(1).prints(&["growth-bytes=200"]);
    }
    assert_eq!(
        changed(|summary| summary["image"]["complete"] = false.into()),
        ".dive-ci:1: baseline: main.json: the summary of a damaged image, of which a part is missing; write it of the whole image with \
         `dive --summary main.json IMAGE`"
    );
    assert_eq!(
        changed(|summary| summary["image"]["platform"] = Value::Null),
        ".dive-ci:1: baseline: main.json: the platform of the image or of the summary is unknown, so they cannot be compared; use a baseline of this \
         image"
    );
    let user = user("  highestGrowthPercent: 0.05\n");
    assert_eq!(
        refused(&user, &image),
        "highestGrowthPercent (.dive-ci:4) needs a baseline; write one with `dive --summary FILE IMAGE` and pass it with \
         --baseline or `baseline:`"
    );
}
