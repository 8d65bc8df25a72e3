//! Pipelines of public repositories that wrap dive in a script, each as a rules file: it fails and warns where the script means to.

use super::{checks, saved, shop};
use crate::build::{Image, image};
use crate::user::User;

/// An image that wastes this many bytes by rewriting a file, beside 600 kB that it keeps.
fn wasteful(bytes: usize) -> Image {
    image()
        .layer(|l| l.file("base", vec![b'0'; 500_000]).file("app", vec![b'1'; bytes]))
        .layer(|l| l.file("app", vec![b'2'; bytes]).file("lib", vec![b'l'; 100_000]))
}

/// 380 lines of shell with jq and bc: dive's JSON of two images, their efficiency and waste, and a limit of the growth in per cent and
/// in megabytes, here in kilobytes. (It asks for `.image.efficiency`, which dive's document does not have.)
#[test]
fn a_script_that_compares_an_image_with_that_of_the_main_branch() {
    let rules = "baseline: main.json\nrules:\n  lowestEfficiency: 0.9\n  highestWastedBytes: 100kB\n  \
                 highestUserWastedPercent: off\n  highestReclaimablePercent: 0.1\n  highestGrowthPercent: 0.1\n  \
                 highestGrowthBytes: 100kB\n";
    let user = User::new().writes(".dive-ci", rules);
    checks(&user, &saved(&wasteful(20_000)), &["--summary", "main.json"]).ends_with(0);
    let grown =
        |bytes: usize| saved(&wasteful(20_000).layer(|l| l.file("new", vec![b'n'; bytes]).created_by("COPY new /")));
    checks(&user, &grown(60_000), &[]).ends_with(0).prints(&["Growth since main.json: +60 kB (+9.38 %)"]);
    checks(&user, &grown(90_000), &[]).ends_with(1).prints(&[
        "  PASS: highestGrowthBytes\n",
        "  FAIL: highestGrowthPercent: ",
        "       90 kB  layer 2  COPY new /\n",
    ]);
    checks(&user, &grown(100_000), &[]).ends_with(1).prints(&["  FAIL: highestGrowthBytes: ", "[Failed:2]"]);
    checks(&user, &saved(&wasteful(110_000)), &[]).ends_with(1).prints(&[
        "  FAIL: highestWastedBytes: ",
        "  FAIL: highestReclaimablePercent: ",
        "  broken: growth ",
    ]);
}

/// 150 lines of shell with Python and awk: an efficiency below 90 % fails, more waste than a limit warns with a tip.
#[test]
fn a_script_that_fails_for_one_number_and_warns_for_another() {
    let rules = "rules:\n  lowestEfficiency: 0.9\n  highestUserWastedPercent: off\n  highestWastedBytes: { value: 30kB, level: \
                 warn, reason: \"clean up in the same RUN: apt-get clean, temporary files\" }\n";
    let user = User::new().writes(".dive-ci", rules);
    checks(&user, &saved(&wasteful(10_000)), &[]).ends_with(0).prints(&["[Passed:2] [Failed:0] [Warn:0] [Skipped:1]"]);
    checks(&user, &saved(&wasteful(20_000)), &[]).ends_with(0).prints(&[
        "  WARN: highestWastedBytes: too many bytes wasted (wasted-bytes=40000 > threshold=30000); clean up in the same RUN: apt-get \
         clean, temporary files\n",
        "[Passed:1] [Failed:0] [Warn:1] [Skipped:1]",
    ]);
    checks(&user, &saved(&shop()), &[]).ends_with(1).prints(&["  FAIL: lowestEfficiency: "]);
}

/// Shell with a default for each of three variables, whose report goes through `tee` into a file, and the exit code with it.
#[test]
fn a_script_with_variables_and_a_report_file() {
    let rules = "rules:\n  highestUserWastedPercent: 0.20\n  highestWastedBytes: 50MB\n  lowestEfficiency: 0.95\n";
    let user = User::new().writes(".dive-ci", rules);
    let image = saved(&wasteful(20_000));
    checks(&user, &image, &["--summary", "report.json"]).ends_with(1).prints(&["  FAIL: highestUserWastedPercent: "]);
    let report = std::fs::read_to_string(user.file("report.json")).unwrap();
    assert!(report.contains("\"status\":\"fail\""), "{report}");
    // The defaults of a pipeline in the file, those of a job in flags.
    checks(&user, &image, &["--highestUserWastedPercent=0.5", "--lowestEfficiency=0.9"]).ends_with(0);
}
