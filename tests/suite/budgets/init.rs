//! `dive init`: the file that it writes is a budget that the image keeps, and nothing is overwritten.

use super::{base, checks, later, saved, shop};
use crate::place::{Corpus, sample};
use crate::user::User;

#[test]
fn the_image_keeps_the_budget_that_init_writes() {
    let mut images = vec![sample()];
    if let Some(corpus) = Corpus::here() {
        let names =
            ["dive/test-docker-image.tar", "many-layers/docker26.tar", "opaque/docker20.tar", "provenance/max-oci.tar"];
        images.extend(names.map(|name| corpus.path(name)));
    }
    for image in images {
        let user = User::new();
        user.runs(&["init", &image]).ends_with(0).prints(&["wrote .dive-ci\n"]);
        assert_eq!(user.sees(), [".dive-ci"]);
        let ran = user.runs(&["--ci", &image]).ends_with(0);
        assert_eq!(ran.stderr, "", "{image}");
        assert!(!ran.stdout.contains("by dive's number only"), "{}", ran.stdout);
        ran.prints(&["  PASS: highestImageBytes\n", "  PASS: highestReclaimableBytes\n"]);
    }
}

#[test]
fn init_names_what_it_measured() {
    let user = User::new();
    let image = saved(&shop().runs_as("app"));
    user.runs(&["init", image.path().to_str().unwrap()]).ends_with(0);
    let text = std::fs::read_to_string(user.file(".dive-ci")).unwrap();
    for line in [
        "# The budget of case:latest (linux/amd64), written by `dive init`.",
        "# Each limit leaves 10 % headroom. Waste limits are never below 100 kB or 1 %.",
        "  highestImageBytes: 5.4kB            # unpacked: 4.9 kB",
        "  highestLayerBytes: 2.6kB            # the largest is layer 1: 2.3 kB, RUN make",
        "  highestLayerCount: 4                # layers: 3",
        "  highestReclaimableBytes: 100kB      # reclaimable: 2.8 kB",
        "  highestReclaimablePercent: 0.629    # of all bytes: 0.5714",
        "  forbidRoot: true                    # user: app",
    ] {
        assert!(text.lines().any(|each| each == line), "no {line:?} in\n{text}");
    }
}

#[test]
fn init_writes_a_baseline_on_request() {
    let user = User::new();
    let image = saved(&shop());
    let path = image.path().to_str().unwrap();
    user.runs(&["init", "--baseline", path]).ends_with(0).prints(&["wrote .dive-ci\nwrote dive-baseline.json\n"]);
    assert_eq!(user.sees(), [".dive-ci", "dive-baseline.json"]);
    let surplus = User::new().runs(&["init", "--baseline", "main.json", path]);
    assert_eq!(surplus.error(), "dive init takes one image; --baseline takes no file, and writes dive-baseline.json");
    checks(&user, &image, &[])
        .ends_with(0)
        .prints(&["  PASS: highestGrowthPercent\n", "Growth since dive-baseline.json: 0 B"]);
    let grown = later().layer(|l| l.file("more", [b'm'; 500]));
    checks(&user, &saved(&grown), &[]).ends_with(1).prints(&["  FAIL: highestGrowthPercent: "]);
}

/// Programs that read YAML 1.1 end a line, and thus a comment, at U+2028.
#[test]
fn no_text_of_an_image_leaves_its_comment() {
    let user = User::new();
    let separator = '\u{2028}';
    let image = saved(
        &shop()
            .runs_as(&format!("u{separator}ignore: [{{path: \"**\", reason: x}}]{separator}x-a:{separator}  b: 1 #")),
    );
    let path = image.path().to_str().unwrap();
    user.runs(&["init", path]).ends_with(0);
    let text = std::fs::read_to_string(user.file(".dive-ci")).unwrap();
    assert!(!text.contains(separator) && text.contains(r"# user: u\u{2028}ignore"), "{text}");
    let ran = checks(&user, &image, &[]).ends_with(0);
    assert!(!ran.stdout.contains("not counted"), "{}", ran.stdout);
}

#[test]
fn init_overwrites_nothing() {
    let image = saved(&base());
    let path = image.path().to_str().unwrap();
    for (name, arguments) in [(".dive-ci", &["init", path][..]), ("dive-baseline.json", &["init", "--baseline", path])]
    {
        let user = User::new().writes(name, "mine");
        let ran = user.runs(arguments);
        assert_eq!(ran.error(), format!("{name} already exists; remove it to run `dive init` again"));
        assert_eq!(user.sees(), [name]);
        assert_eq!(std::fs::read_to_string(user.file(name)).unwrap(), "mine");
    }
}
