//! Rules about paths: patterns as in gitignore, over the finished file system or all layers.

use super::{checks, saved, user};
use crate::build::{Image, image};

/// An app whose repository was copied and then deleted.
fn app() -> Image {
    image()
        .layer(|l| l.file("usr/share/doc/a", [b'd'; 1000]).file("etc/passwd", [b'p'; 100]).created_by("ADD rootfs /"))
        .layer(|l| {
            l.file("app/.git/config", [b'g'; 300])
                .file("app/.git/HEAD", [b'h'; 50])
                .file("app/main.js", [b'm'; 500])
                .file("app/main.js.map", [b'x'; 400])
                .file("app/vendor/jquery.js.map", [b'j'; 200])
                .file("app/node_modules/.cache/x", [b'c'; 700])
                .file("app/node_modules/y", [b'y'; 800])
                .created_by("COPY . /app")
        })
        .layer(|l| l.whiteout("app/.git").file("app/LICENSE", [b'l'; 10]).dir("app/logs").created_by("RUN rm"))
}

/// Rules about paths, one a line.
fn paths(rules: &[&str]) -> String {
    let rules: Vec<String> = rules.iter().map(|rule| format!("    - {{ {rule} }}\n")).collect();
    format!("  paths:\n{}", rules.concat())
}

#[test]
fn paths_are_forbidden_required_and_limited() {
    let image = saved(&app());
    for (rules, code) in [
        (&["path: .git, forbid: true"][..], 0),
        (&["path: .git, forbid: true, anywhere: true"], 1),
        (&["path: node_modules/.cache, forbid: true"], 0),
        (&["path: '**/node_modules/.cache', forbid: true"], 1),
        (&["path: /app/node_modules/.cache/, forbid: true"], 1),
        (&["path: '*.map', forbid: true"], 1),
        (&["path: '*.map', forbid: true", "path: '!*.map'"], 0),
        (&["path: '*.map', forbid: true", "path: '!/app/vendor/'"], 1),
        (&["path: '*.map', forbid: true", "path: '!/app/vendor/'", "path: '!main.js.map'"], 0),
        // The order counts, as in gitignore.
        (&["path: '!*.map'", "path: '*.map', forbid: true"], 1),
        (&["path: /app/**, forbid: true", "path: '!/app/*'"], 0),
        (&["path: logs, forbid: true"], 1),
        (&["path: /app/LICENSE, require: true"], 0),
        (&["path: LICENSE, require: true"], 0),
        (&["path: /LICENSE, require: true"], 1),
        (&["path: .git, require: true"], 1),
        (&["path: .git, require: true, anywhere: true"], 0),
        (&["path: /usr/share/doc, highestBytes: 1001"], 0),
        (&["path: /usr/share/doc, highestBytes: 1000"], 1),
        (&["path: '*.map', highestBytes: 601"], 0),
        (&["path: '*.map', highestBytes: 600"], 1),
        (&["path: .git, highestBytes: 350, anywhere: true"], 1),
        (&["path: .git, highestBytes: 350"], 0),
        (&["path: /app, forbid: false, require: true"], 0),
    ] {
        let ran = checks(&user(&paths(rules)), &image, &[]);
        assert_eq!(ran.code, code, "{rules:?}\n{}{}", ran.stdout, ran.stderr);
        let line = if code == 0 {
            "  PASS: paths\n"
        } else {
            "  FAIL: paths: rules about paths are broken (broken-path-rules=1 > threshold=0, "
        };
        assert!(ran.stdout.contains(line), "{rules:?}\n{}", ran.stdout);
    }
}

#[test]
fn a_broken_rule_lists_the_largest_paths() {
    let rules =
        ["path: '*.map', forbid: true", "path: '**/node_modules/.cache', forbid: true", "path: /NOTICE, require: true"];
    checks(&user(&paths(&rules)), &saved(&app()), &[]).ends_with(1).prints(&[
        "  broken: paths: 3 rules are broken (.dive-ci:4)\n",
        "     missing  /NOTICE (.dive-ci:7)\n",
        "       700 B  /app/node_modules/.cache (1 file, layer 1, **/node_modules/.cache of .dive-ci:6)\n",
        "       400 B  /app/main.js.map (1 file, layer 1, *.map of .dive-ci:5)\n",
        "       200 B  /app/vendor/jquery.js.map (1 file, layer 1, *.map of .dive-ci:5)\n",
        "  FAIL: paths: rules about paths are broken (broken-path-rules=3 > threshold=0, *.map, **/node_modules/.cache, /NOTICE)\n",
    ]);
}

#[test]
fn a_pattern_without_a_match_is_a_warning_unless_it_forbids() {
    let rules = ["path: /opt/cache, highestBytes: 1MB", "path: '!*.txt'", "path: '*.swp', forbid: true"];
    let ran = checks(&user(&paths(&rules)), &saved(&app()), &[]).ends_with(0);
    let ran = ran.prints(&[
        "  warning: the pattern `/opt/cache` matches nothing (.dive-ci:5)\n",
        "  warning: the pattern `!*.txt` matches nothing (.dive-ci:6)\n",
    ]);
    assert!(!ran.stdout.contains("*.swp"), "{}", ran.stdout);
}

/// A user of the image can read a deleted file.
#[test]
fn a_forbidden_path_that_was_deleted_is_a_note() {
    let ran = checks(&user(&paths(&["path: .git, forbid: true"])), &saved(&app()), &[]).ends_with(0);
    ran.prints(&[
        "  note: `.git` is not in the image, but layer 1 stores /app/.git/",
        "`anywhere: true` forbids that (.dive-ci:5)\n",
    ]);
}

#[test]
fn the_long_form_limits_paths_to_own_layers_and_warns() {
    let list = "      value:\n        - { path: '**', highestBytes: 2611 }\n      for: ours\n      level: warn\n";
    let rules = format!("  paths:\n{list}");
    checks(&user(&rules), &saved(&app()), &[]).ends_with(0).prints(&["  PASS: paths\n"]);
    let rules = rules.replace("2611", "2610");
    checks(&user(&rules), &saved(&app()), &[]).ends_with(0).prints(&["  WARN: paths: ", "own layers)"]);
}

/// Someone who reads a report that passes sees what was left out.
#[test]
fn an_exception_leaves_a_trace() {
    let rules = [
        "path: '*.map', forbid: true",
        "path: '!/app/vendor/'",
        "path: '!main.js.map'",
        "path: '!*.js'",
        "path: '!logs/'",
    ];
    checks(&user(&paths(&rules)), &saved(&app()), &[]).ends_with(0).prints(&[
        "  not counted: 1 file in path rules, `!/app/vendor/` (.dive-ci:6)\n",
        "  not counted: 1 file in path rules, `!main.js.map` (.dive-ci:7)\n",
        "  warning: `!*.js` excepts nothing from the rules above it (.dive-ci:8); move it below the rule that it excepts from, or \
         remove it\n",
    ]);
    let rules = ["path: /app/logs, forbid: true", "path: '!logs/'"];
    checks(&user(&paths(&rules)), &saved(&app()), &[])
        .ends_with(0)
        .prints(&["  not counted: directories in path rules, `!logs/` (.dive-ci:6)\n"]);
}

#[test]
fn a_limit_of_paths_shows_its_bytes_and_the_limit() {
    let rules = ["path: '*.map', highestBytes: 500", "path: /usr/share/doc, highestBytes: 1kB"];
    checks(&user(&paths(&rules)), &saved(&app()), &[]).ends_with(1).prints(&[
        "      1.0 kB  /usr/share/doc (1 file, layer 0, /usr/share/doc of .dive-ci:6: 1.0 kB, limit 1.0 kB)\n",
        "       400 B  /app/main.js.map (1 file, layer 1, *.map of .dive-ci:5: 600 B, limit 500 B)\n",
        "(broken-path-rules=2 > threshold=0, *.map=600 > threshold=500, /usr/share/doc=1000 >= threshold=1000)\n",
    ]);
}

/// Each path of the image may be compared with all patterns.
#[test]
fn the_patterns_of_a_list_have_limits() {
    let image = saved(&app());
    let name = |number: usize| format!("*x{number:090}*");
    let rules: Vec<String> = (0..50).map(|number| format!("path: '{}', forbid: true", name(number))).collect();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    let error = |user: &crate::user::User| checks(user, &image, &[]).error().to_owned();
    let of_rules = error(&user(&paths(&rules)));
    assert!(of_rules.starts_with(".dive-ci:49: paths: `*x000"), "{of_rules}");
    assert!(
        of_rules.ends_with(
            ": the names with wildcards up to here have more than 4096 bytes (the limit for all rules about paths together); \
             remove some, or write names without wildcards"
        ),
        "{of_rules}"
    );
    let deep = format!("path: '**{}', forbid: true", "/a".repeat(60));
    let of_parts = error(&user(&paths(&[deep.as_str(); 60])));
    assert!(of_parts.starts_with(".dive-ci:54: paths: `**/a"), "{of_parts}");
    assert!(of_parts.ends_with(
        ": the patterns up to here have more than 3000 parts between slashes (the limit for all rules about paths together); \
         remove or shorten some"
    ));
    let ignores = (0..50).map(|number| format!("  - {{ path: '{}', reason: x }}\n", name(number)));
    let of_ignores = error(&user(&format!("  forbidRoot: off\nignore:\n{}", ignores.collect::<String>())));
    assert!(of_ignores.starts_with(".dive-ci:50: ignore: "), "{of_ignores}");
    assert!(of_ignores.contains("(the limit for all exceptions together)"), "{of_ignores}");
}

#[test]
fn an_exception_in_ignore_excepts_paths_from_all_rules() {
    let ignore = "ignore:\n  - { path: /app/vendor, reason: not ours }\n";
    let rules = paths(&["path: '*.map', forbid: true", "path: '!main.js.map'"]) + ignore;
    checks(&user(&rules), &saved(&app()), &[])
        .ends_with(0)
        .prints(&["  PASS: paths\n", "  not counted: 1 file in path rules, path /app/vendor: not ours (.dive-ci:8)\n"]);
}

/// What is accepted is there.
#[test]
fn an_ignored_path_is_there_for_a_rule_that_requires_it() {
    let ignore = "ignore:\n  - { path: /app, reason: ours }\n";
    let image = saved(&image().layer(|l| l.file("app/LICENSE", "x").file("app/x.map", "y")));
    let rules = paths(&["path: /app/LICENSE, require: true", "path: '*.map', forbid: true"]) + ignore;
    checks(&user(&rules), &image, &[]).ends_with(0).prints(&[
        "  met: paths: no rule is broken (.dive-ci:4)\n",
        "  not counted: 1 file in path rules, path /app: ours (.dive-ci:8)\n",
    ]);
}

/// Five missing paths must not hide a forbidden file.
#[test]
fn broken_rules_share_the_rows() {
    let image =
        saved(&image().layer(|l| l.file("a/x.map", [b'x'; 9]).file("b/y.map", [b'y'; 20]).file("key.pem", "k")));
    let required = (0..6).map(|number| format!("path: /n{number}, require: true")).collect::<Vec<_>>();
    let forbidden = ["path: '*.map', forbid: true", "path: '*.pem', forbid: true"].map(str::to_owned);
    let rules = [&required[..], &forbidden].concat();
    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
    checks(&user(&paths(&rules)), &image, &[]).ends_with(1).prints(&[concat!(
        "  broken: paths: 8 rules are broken (.dive-ci:4)\n",
        "     missing  /n0 (.dive-ci:5)\n",
        "     missing  /n1 (.dive-ci:6)\n",
        "     missing  /n2 (.dive-ci:7)\n",
        "        20 B  /b/y.map (1 file, layer 0, *.map of .dive-ci:11)\n",
        "         1 B  /key.pem (1 file, layer 0, *.pem of .dive-ci:12)\n",
        "              ... and 3 more broken rules\n",
    )]);
}

/// A gate that can never fail.
#[test]
fn a_forbidden_pattern_in_another_syntax_is_a_warning() {
    let rules =
        paths(&["path: '*.{map,pem}', forbid: true", "path: '.git ', forbid: true", "path: .svn, forbid: true"]);
    let ran = checks(&user(&rules), &saved(&app()), &[]).ends_with(0).prints(&[
        "  warning: the pattern `*.{map,pem}` matches nothing (.dive-ci:5): braces have no meaning in it; write a rule for each name\n",
        "  warning: the pattern `.git ` matches nothing (.dive-ci:6): it ends with a blank; remove it\n",
    ]);
    assert!(!ran.stdout.contains("`.svn`"), "{}", ran.stdout);
}

/// Hard links are one inode: its bytes count once.
#[test]
fn bytes_of_hard_links_count_once() {
    let linked = image().layer(|l| l.file("a/x", [b'x'; 500]).hardlink("a/y", "a/x").hardlink("b/z", "a/x"));
    let image = saved(&linked);
    for (path, bytes, code) in [("/a", 501, 0), ("/a", 500, 1), ("/b", 501, 0), ("/b", 500, 1), ("**", 501, 0)] {
        let rule = format!("path: '{path}', highestBytes: {bytes}");
        assert_eq!(checks(&user(&paths(&[&rule])), &image, &[]).code, code, "{rule}");
    }
}

#[test]
fn a_mistake_names_its_line_and_what_to_write() {
    let image = saved(&app());
    for (rules, error) in [
        (
            "    - { path: .git }\n",
            ".dive-ci:5: paths: `.git`: add `forbid: true`, `require: true` or `highestBytes: 1MB`",
        ),
        (
            "    - { path: a, forbid: true }\n    - path: b\n      forbid: maybe\n",
            ".dive-ci:7: paths: forbid: `maybe` is not a boolean; write true or false",
        ),
        (
            "    - { path: b, forbid: true, require: true }\n",
            ".dive-ci:5: paths: `b` has `forbid` and `require`; write one rule for each",
        ),
        (
            "    - { path: nothing, PATH: etc, forbid: true }\n",
            ".dive-ci:5: paths: `PATH` is set twice; keep one of the two",
        ),
        (
            "    - { path: '!/srv', forbid: true }\n",
            ".dive-ci:5: paths: `!/srv` is an exception and takes no `forbid`, `require` or `highestBytes`; remove them, or \
             remove the `!`",
        ),
        (
            "    - .git\n",
            ".dive-ci:5: paths: expected a rule about a path, found `.git`; write `- { path: .git, forbid: true }`",
        ),
        (
            "    - { forbid: true }\n",
            ".dive-ci:5: paths: a rule without a path; write `- { path: .git, forbid: true }`",
        ),
        ("    .git: forbid\n", ".dive-ci:5: paths: unknown key `.git`; write value, level, for, reason"),
        ("    - { path: 'a[b', forbid: true }\n", ".dive-ci:5: paths: path: `a[b` is not a pattern: "),
        (
            "    - { glob: a, forbid: true }\n",
            ".dive-ci:5: paths: unknown key `glob`; write path, one of forbid, require and highestBytes, and anywhere",
        ),
        (
            "    - { path: a, forbid: true, level: warn }\n",
            ".dive-ci:5: paths: `level` is for the whole list; put `level` beside `value:`, and this list below `value:`",
        ),
    ] {
        let ran = checks(&user(&format!("  paths:\n{rules}")), &image, &[]);
        assert!(ran.error().starts_with(error), "{rules}: {}", ran.error());
    }
    let stray = crate::user::User::new().writes(".dive-ci", "paths:\n  - { path: a, forbid: true }\n");
    assert!(
        checks(&stray, &image, &[]).error().starts_with(".dive-ci:1: paths: a rule has no effect outside `rules:`")
    );
    // Sections of other programs have paths, too.
    let other = crate::user::User::new().writes(".dive-ci", "rules:\ncache:\n  paths: [a]\n");
    assert!(checks(&other, &image, &[]).stderr.contains("unknown key `cache` has no effect"));
}
