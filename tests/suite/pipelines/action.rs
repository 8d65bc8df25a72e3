//! `action.yml`, as workflows use it.

use std::fs;

use super::runner::{Ran, Runner, program};
use super::{Release, VERSION, text, with_images};
use crate::build::{Format, image};
use crate::user::User;

const LENIENT: &str = "rules:\n  lowestEfficiency: 0.1\n  highestUserWastedPercent: disabled\n";

fn job(user: User) -> Option<Runner> {
    Some(Runner::new(with_images(user), Release::here()?))
}

#[track_caller]
fn ends_with(ran: &Ran, code: i32, verdict: &str) {
    assert_eq!((ran.code, ran.outputs["verdict"].as_str()), (code, verdict), "{}", ran.log);
}

#[test]
fn action_reports_in_log_summary_and_outputs() {
    let Some(job) = job(User::new()) else { return };
    let ran = job.uses(&[("image", "lean.tar")]);
    ends_with(&ran, 0, "pass");
    for number in [("efficiency", "100.0000"), ("wasted-bytes", "0"), ("user-wasted-percent", "0.0000")] {
        assert_eq!(ran.outputs[number.0], number.1, "{}", number.0);
    }
    for text in [&ran.log, &ran.summary, &text(&ran.outputs["report"])] {
        assert!(text.contains("Result:PASS [Total:3]"), "{text}");
    }
    assert!(ran.summary.starts_with("### dive: pass\n"), "{}", ran.summary);
    assert!(ran.log.contains(&format!("dive {VERSION}")), "{}", ran.log);
    // Later steps find dive in PATH.
    assert!(fs::exists(format!("{}/dive", ran.path.trim_end())).unwrap());
}

#[test]
fn failed_rule_fails_the_step_unless_exit_zero() {
    let Some(job) = job(User::new()) else { return };
    let ran = job.uses(&[("image", "wasteful.tar")]);
    ends_with(&ran, 1, "fail");
    assert!(ran.log.contains("::error title=dive::wasteful.tar: highestUserWastedPercent: "), "{}", ran.log);
    assert_eq!(ran.outputs["efficiency"], "50.0000");

    let ran = job.uses(&[("image", "wasteful.tar"), ("exit-zero", "true")]);
    ends_with(&ran, 0, "fail");
    assert!(ran.log.contains("::warning title=dive::wasteful.tar: highestUserWastedPercent: "), "{}", ran.log);
}

#[test]
fn unreadable_image_fails_the_step_despite_exit_zero() {
    let Some(job) = job(User::new()) else { return };
    for with in [&[("image", "absent.tar")][..], &[("image", "absent.tar"), ("exit-zero", "true")], &[("image", "")]] {
        let ran = job.uses(with);
        assert_eq!(ran.code, 2, "{with:?}: {}", ran.log);
        assert_ne!(ran.outputs["verdict"], "pass");
        assert!(with[0].1.is_empty() || ran.summary.contains("no such file"), "{}", ran.summary);
    }
    // An image name is not parsed as an option.
    ends_with(&job.uses(&[("image", "--version")]), 2, "error");
}

/// Workflows of the three best-known actions only need to change their `uses:` line.
#[test]
fn inputs_of_other_actions_work() {
    let Some(job) = job(User::new().writes("mine.yml", LENIENT)) else { return };
    let path = job.user().file("mine.yml").display().to_string();
    for (with, code) in [
        // yuichielectric/dive-action
        (&[("config-file", path.as_str())][..], 0),
        (&[("config-file", "absent.yml")], 2),
        // MartinHeinz/dive-action
        (&[("config", &path)], 0),
        (&[("config", "mine.yml")], 0),
        // MaxymVlasov/dive-action
        (&[("lowest-efficiency-ratio", "0.1"), ("highest-user-wasted-ratio", "1.0")], 1),
        (&[("lowest-efficiency-ratio", "0.1"), ("highest-user-wasted-ratio", "disabled")], 0),
        (&[("config-file", &path), ("highest-wasted-bytes", "1B")], 1),
        (&[("config-file", &path), ("highest-wasted-bytes", "1GB"), ("always-comment", "false")], 0),
        (&[("config-file", &path), ("dive-image-registry", "ghcr.io/wagoodman/dive"), ("dive-image-version", "v1")], 0),
    ] {
        let ran = job.uses(&[&[("image", "wasteful.tar")], with].concat());
        assert_eq!(ran.code, code, "{with:?}: {}", ran.log);
        let is_told =
            ran.log.contains("::notice title=dive::dive-image-registry and dive-image-version have no effect");
        assert_eq!(is_told, with.iter().any(|(name, _)| name.starts_with("dive-image")), "{}", ran.log);
    }
}

#[test]
fn rules_files_of_other_actions_are_found() {
    for (files, code) in [
        (&[(".dive-ci", LENIENT)][..], 0),
        (&[(".dive.yaml", LENIENT)], 0),
        (&[(".dive.yaml", "diff:\n  hide: [unmodified]\n")], 1),
        (&[(".dive-ci", "rules:\n  lowestEfficiency: 0.9\n"), (".dive.yaml", LENIENT)], 1),
    ] {
        let user = files.iter().fold(User::new(), |user, (name, text)| user.writes(name, text));
        let Some(job) = job(user) else { return };
        let ran = job.uses(&[("image", "wasteful.tar")]);
        assert_eq!(ran.code, code, "{files:?}: {}", ran.log);
    }
}

#[test]
fn tampered_release_is_not_unpacked() {
    let Some(job) = job(User::new()) else { return };
    job.release().is_tampered_with();
    let ran = job.uses(&[("image", "lean.tar")]);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("has the SHA-256"), "{}", ran.log);
    assert!(!job.user().sees().contains(&"intruder".to_owned()));
    assert_eq!((ran.outputs["verdict"].as_str(), ran.path.as_str()), ("", ""));
}

#[test]
fn other_version_needs_its_checksum() {
    let Some(job) = job(User::new()) else { return };
    let sha256 = job.release().sha256.clone();
    job.pins("# none yet\n");
    for (with, code, message) in [
        (&[][..], 2, "pins no release"),
        (&[("version", VERSION)], 2, "set both"),
        (&[("sha256", sha256.as_str())], 2, "set both"),
        (&[("version", "99.0.0"), ("sha256", sha256.as_str())], 2, "cannot be downloaded"),
        (&[("version", VERSION), ("sha256", sha256.as_str())], 0, "Result:PASS"),
        (&[("version", concat!("v", env!("CARGO_PKG_VERSION"))), ("sha256", sha256.as_str())], 0, "Result:PASS"),
        (&[("version", VERSION), ("sha256", sha256.to_uppercase().as_str())], 0, "Result:PASS"),
    ] {
        let ran = job.uses(&[&[("image", "lean.tar")], with].concat());
        assert_eq!(ran.code, code, "{with:?}: {}", ran.log);
        assert!(ran.log.contains(message), "{with:?}: {}", ran.log);
    }
}

#[test]
fn installed_dive_is_used_without_download() {
    let Some(job) = job(User::new()) else { return };
    job.pins("# none yet\n");
    ends_with(&job.uses(&[("image", "lean.tar"), ("dive", crate::user::DIVE)]), 0, "pass");
    let ran = job.uses(&[("image", "lean.tar"), ("dive", "no-such-dive")]);
    assert_eq!(ran.code, 2, "{}", ran.log);
}

/// The runner executes `::command::` at the start of a line and `##[command]` anywhere.
#[test]
fn file_name_cannot_issue_runner_commands() {
    let Some(job) = job(User::new()) else { return };
    let name = "##[error]forged";
    let hostile = image().layer(|l| l.file(name, "12345")).layer(|l| l.file(name, "54321"));
    fs::write(job.user().file("hostile.tar"), hostile.archive(Format::DockerArchive)).unwrap();
    let ran = job.uses(&[("image", "hostile.tar")]);
    let (_, stopped) = ran.log.split_once("::stop-commands::").expect("stop-commands line");
    let (token, rest) = stopped.split_once('\n').unwrap();
    let (report, after) = rest.split_once(&format!("\n::{token}::\n")).expect("line that resumes commands");
    assert!(token.len() >= 32 && report.contains("##\\x5berror]forged"), "{}", ran.log);
    assert!(!report.contains(name) && !after.contains(name), "{}", ran.log);
}

#[test]
fn token_posts_the_report_on_the_pull_request() {
    for (with, event, is_written) in [
        (&[("image", "wasteful.tar"), ("github-token", "t0ken")][..], r#"{"pull_request":{"number":42}}"#, true),
        (&[("image", "wasteful.tar")], r#"{"pull_request":{"number":42}}"#, false),
        (&[("image", "wasteful.tar"), ("github-token", "t0ken")], r#"{"ref":"refs/heads/main"}"#, false),
        (&[("image", "lean.tar"), ("github-token", "t0ken")], r#"{"pull_request":{"number":42}}"#, false),
        (
            &[
                ("image", "lean.tar"),
                ("github-token", "t0ken"),
                ("always-comment", "true"),
                ("collapse-inefficient-files-details", "true"),
            ],
            r#"{"pull_request":{"number":42}}"#,
            true,
        ),
    ] {
        let user = User::new().keeps("event.json", event);
        let bin = user.home("bin");
        program(&bin, "gh", "#!/bin/sh\necho \"$GH_TOKEN $*\" >gh-called\ncat >>gh-called\n");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let Some(job) = job(user.sets("PATH", &path)) else { return };
        let ran = job.uses(with);
        let called = fs::read_to_string(job.user().file("gh-called")).unwrap_or_default();
        assert_eq!(!called.is_empty(), is_written, "{with:?} {event}: {}", ran.log);
        if is_written {
            assert!(called.starts_with("t0ken pr comment 42 --repo team/app --body-file -\n"), "{called}");
            assert!(called.contains("\n~~~~text\n") && called.contains("\nResult:"), "{called}");
            assert_eq!(called.contains("<details>"), with.len() > 2, "{called}");
        }
    }
}

/// A token without permission must not change the verdict.
#[test]
fn failed_comment_is_a_warning() {
    let user = User::new().keeps("event.json", r#"{"pull_request":{"number":42}}"#);
    let bin = user.home("bin");
    program(&bin, "gh", "#!/bin/sh\nexit 4\n");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let Some(job) = job(user.sets("PATH", &path)) else { return };
    let ran = job.uses(&[("image", "lean.tar"), ("github-token", "t0ken"), ("always-comment", "true")]);
    ends_with(&ran, 0, "pass");
    assert!(ran.log.contains("::warning title=dive::cannot comment on the pull request; give the job"), "{}", ran.log);
}
