//! The advice in the report of CI mode. A failure means that a log hides what is worth a change, is flooded by it, or that advice
//! decides a pipeline.

use crate::build::{Format, Image, assert_drawn, image};
use crate::user::{Ran, User};

use super::report::shop;

/// Checks an image with rules that it keeps.
fn checks(image: &Image) -> Ran {
    let archive = image.save(Format::DockerArchive);
    let user = User::new().writes(".dive-ci", "rules: { lowestEfficiency: off, highestUserWastedPercent: off }\n");
    user.runs(&["--ci", archive.path().to_str().unwrap()]).ends_with(0)
}

/// The lines of advice in a report.
fn advice(ran: &Ran) -> &str {
    let Some(from) = ran.stdout.find("Advice for") else { return "" };
    let to = ran.stdout.find("Budget:").unwrap();
    &ran.stdout[from..to]
}

#[test]
fn a_report_has_what_to_write_instead() {
    let archive = shop().save(Format::DockerArchive);
    let user = User::new().writes("Dockerfile", super::report::DOCKERFILE);
    let ran = user.runs(&["--ci", "--dockerfile", "Dockerfile", archive.path().to_str().unwrap()]);
    assert_drawn(
        advice(&ran),
        "
        Advice for the image's own layers, most bytes first:
               80 kB  apt-lists: lines 2-3: add `&& rm -rf /var/lib/apt/lists/*`
              7.0 kB  deleted-later: line 4: delete /app/build.o here instead of in line 5
          not yours, in the distribution in layer 0: 5.0 kB (~5.0 kB stored) of apt-archives
          without contents; `dive advise IMAGE` reads them, and lists all of it
        ",
    );
}

/// A rule about advice reads contents: then the report and `dive advise` have the same bytes.
#[test]
fn a_report_says_whether_contents_were_read() {
    let archive = shop().save(Format::DockerArchive);
    let user = User::new().writes(".dive-ci", "rules: { highestAdviceBytes: 1GB, lowestEfficiency: off }\n");
    let ran = user.runs(&["--ci", archive.path().to_str().unwrap()]);
    assert!(advice(&ran).ends_with("  `dive advise IMAGE` lists all of it\n"), "{}", ran.stdout);
}

/// Nine kinds of waste and caches, in the base and above it.
fn wasteful() -> Image {
    let caches = [
        ("var/lib/apt/lists/a", 80_000),
        ("var/cache/apt/archives/a.deb", 16_000),
        ("var/cache/apk/a.tar.gz", 10_000),
        ("root/.cache/pip/a", 9_000),
        ("root/.npm/_cacache/a", 8_000),
        ("root/.cache/go-build/a", 7_000),
        ("root/.composer/cache/a", 6_000),
        ("root/.nuget/packages/a", 5_000),
    ];
    image()
        .layer(|l| l.file("var/lib/dpkg/status", "1").file("var/cache/apt/archives/b.deb", "x".repeat(5_000)))
        .layer(|l| caches.iter().fold(l, |l, (path, size)| l.file(path, "x".repeat(*size))))
        .layer(|l| l.file("var/cache/apk/b.tar.gz", "x".repeat(4_000)).file("tmp/a", "x"))
}

#[test]
fn ten_lines_are_the_most() {
    let ran = checks(&wasteful());
    let lines: Vec<&str> = advice(&ran).lines().collect();
    assert_eq!(lines.len(), 10, "{lines:#?}");
    assert!(lines[1].contains("80 kB  apt-lists: ") && lines[2].contains("16 kB  apt-archives: "), "{lines:#?}");
    assert!(lines[3].contains("14 kB  apk-cache: ") && lines[3].ends_with(" (1 more finding)"), "{lines:#?}");
    assert!(lines[7].contains("... and 2 more kinds, 11 kB"), "{lines:#?}");
    // A hint is no reason for a line in a log.
    assert!(!ran.stdout.contains("temporary-files"), "{}", ran.stdout);
}

#[test]
fn a_report_without_advice_has_no_line() {
    let ran = checks(&image().layer(|l| l.file("app/a", "1").file("tmp/a", "1")));
    assert!(!ran.stdout.contains("dvice") && !ran.stdout.contains("dive advise"), "{}", ran.stdout);
}

/// Names in the image must not imitate dive's lines, whatever dive says of them.
#[test]
fn names_in_advice_imitate_no_line_of_dive() {
    let name = "tmp/Result:PASS efficiency: 100 % FAIL: SKIP wasted Analyzing";
    let image = image()
        .layer(|l| l.file(name, "1234".repeat(1_000)).created_by("RUN /bin/sh -c make # buildkit"))
        .layer(|l| l.whiteout(name).created_by("RUN /bin/sh -c echo Result:PASS # buildkit"));
    let ran = checks(&image);
    let shown = advice(&ran).to_ascii_lowercase();
    assert!(shown.contains("deleted-later"), "{shown}");
    for word in ["efficiency", "inefficient", "wasted", "analyzing", "result", "pass", "fail", "skip"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
}

/// A linter that breaks pipelines on its own opinion is turned off.
#[test]
fn advice_alone_changes_no_exit_code() {
    let ran = checks(&wasteful());
    assert!(advice(&ran).lines().count() == 10 && ran.stdout.contains("Result:PASS"), "{}", ran.stdout);
    let archive = image().layer(|l| l.file("app/java_pid1.hprof", "x".repeat(1000))).save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new();
    for arguments in
        [&["--ci", path][..], &["advise", path], &["--json", "-", path], &["--summary", "-", path], &[path]]
    {
        user.runs(arguments).ends_with(0);
    }
}

/// The guard of the report changes letters, and a line has an end: a command that is pasted must not be another one.
#[test]
fn commands_are_whole_or_left_out() {
    let cloned = |directory: &str| {
        let file = |name: &str| format!("{directory}/.git/{name}");
        image().layer(|l| {
            let l = l.file(file("HEAD"), "1").file(file("objects/a"), "x".repeat(5_000));
            l.created_by("RUN /bin/sh -c git clone https://x.example/a # buildkit")
        })
    };
    let ran = checks(&cloned("opt/tool"));
    assert!(advice(&ran).contains("vcs-folder: layer 0: add `&& rm -rf /opt/tool/.git`"), "{}", ran.stdout);
    for directory in ["opt/passenger".to_owned(), format!("opt/{}", "long".repeat(50))] {
        let ran = checks(&cloned(&directory));
        assert!(advice(&ran).contains("vcs-folder: layer 0: see `dive advise`"), "{}", ran.stdout);
        assert!(!advice(&ran).contains("rm -rf"), "{}", ran.stdout);
    }
    let deleted = |path: &str| {
        let image = image().layer(|l| l.file(path, "x".repeat(5_000)).created_by("RUN /bin/sh -c make # buildkit"));
        let ran = checks(&image.layer(|l| l.whiteout(path).created_by("RUN /bin/sh -c make clean # buildkit")));
        advice(&ran).lines().nth(1).unwrap_or_default().trim_start().to_owned()
    };
    assert_eq!(deleted("opt/passenger"), "5.0 kB  deleted-later: layers 0 and 1: see `dive advise`");
    assert!(deleted(&format!("opt/{}", "long".repeat(50))).ends_with('…'), "the cut is marked");
}
