//! The templates of docs/ci.md, in `packaging/ci`. Each is parsed as its service parses it, and its script runs in the
//! service's shell.

use std::collections::BTreeMap;
use std::fs;

use serde_yaml::Value;

use super::{Release, VERSION, is_program, text, with_images};
use crate::build::{Format, image};
use crate::engines::servers;
use crate::place::repository;
use crate::skipped;
use crate::user::{DIVE, Ran, User};

/// A template filled for the release.
fn template(name: &str, release: &Release) -> String {
    let repository_address = release.repository();
    let filled = text(repository("packaging/ci").join(name))
        .replace("@RELEASE@", &format!("{repository_address}/releases/download/v{VERSION}"))
        .replace("@ARCHIVE@", &release.archive)
        .replace("@SHA256@", &release.sha256)
        .replace("@MINOR@", concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR")))
        .replace("@SLUG@", "owner/dive-rs")
        .replace("@REPOSITORY@", &repository_address)
        .replace("@VERSION@", VERSION);
    let left = filled.split_whitespace().find(|word| word.starts_with('@') && word.ends_with('@'));
    assert_eq!(left, None, "{name} has an unknown placeholder");
    filled
}

fn yaml(name: &str, release: &Release) -> Value {
    serde_yaml::from_str(&template(name, release)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A user with the images `my-app:7`, without waste, and `my-app:8`, half waste. They are files, which dive opens by
/// name.
fn with_builds(user: User) -> User {
    let user = with_images(user);
    fs::rename(user.file("lean.tar"), user.file("my-app:7")).unwrap();
    fs::rename(user.file("wasteful.tar"), user.file("my-app:8")).unwrap();
    user
}

/// Asserts that the script checks the right image, and stops at a tampered archive.
#[track_caller]
fn checks_the_image(release: &Release, run: impl Fn(&User, &str) -> Ran) {
    let user = with_builds(User::new().sets("CI", "true"));
    run(&user, "7").ends_with(0).prints(&["Result:PASS"]);
    run(&user, "8").ends_with(1).prints(&["Result:FAIL"]);
    release.is_tampered_with();
    let ran = run(&user, "7").ends_with(1);
    assert!(!ran.stdout.contains("Result:"), "{}", ran.stdout);
    assert!(!user.sees().contains(&"intruder".to_owned()));
}

#[test]
fn jenkins_stage_checks_the_image() {
    let Some(release) = Release::here() else { return };
    let stage = template("Jenkinsfile", &release);
    let (_, script) = stage.split_once("sh '''").expect("a shell step");
    let (script, _) = script.split_once("'''").unwrap();
    checks_the_image(&release, |user, build| {
        user.runs_program("env", &[&format!("BUILD_NUMBER={build}"), "sh", "-xec", script])
    });
}

fn azure_script(release: &Release, build: &str) -> String {
    let steps = yaml("azure-pipelines.yml", release);
    // The agent substitutes `$(NAME)` before the shell runs.
    steps[0]["bash"].as_str().expect("a bash step").replace("$(Build.BuildId)", build)
}

#[test]
fn azure_step_checks_the_image() {
    let Some(release) = Release::here() else { return };
    checks_the_image(&release, |user, build| {
        user.runs_program("bash", &["--noprofile", "--norc", "-c", &azure_script(&release, build)])
    });
}

/// Azure's agent executes `##vso[command]` anywhere in a line.
#[test]
fn file_name_cannot_issue_azure_commands() {
    let Some(release) = Release::here() else { return };
    let name = "##vso[task.setvariable variable=PATH]x";
    let hostile = image().layer(|l| l.file(name, "12345")).layer(|l| l.file(name, "54321"));
    let user = User::new().sets("CI", "true");
    fs::write(user.file("my-app:9"), hostile.archive(Format::DockerArchive)).unwrap();
    let ran = user.runs_program("bash", &["--noprofile", "--norc", "-c", &azure_script(&release, "9")]).ends_with(1);
    assert!(ran.stdout.contains("##\\x76so[task.setvariable") && !ran.stdout.contains("##vso"), "{}", ran.stdout);
}

/// Runs GitLab's job as its runner does.
fn gitlab(release: &Release, user: &User, variables: &BTreeMap<&str, String>) -> Ran {
    let job = &yaml("gitlab-ci.yml", release)["image-budget"];
    assert!(job["image"].is_string());
    let script = job["script"].as_sequence().expect("a script");
    let lines: Vec<_> = script.iter().map(|line| line.as_str().expect("a command")).collect();
    let variables: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut command: Vec<_> = variables.iter().map(String::as_str).collect();
    let script = format!("set -eo pipefail\n{}", lines.join("\n"));
    command.extend(["bash", "-c", &script]);
    user.runs_program("env", &command)
}

#[test]
fn gitlab_job_logs_in_and_checks_the_image() {
    let Some(release) = Release::here() else { return };
    let user = User::new().sets("CI", "true");
    let temporary = user.file("temporary");
    fs::create_dir(&temporary).unwrap();
    let mut variables = BTreeMap::from([
        ("TMPDIR", temporary.display().to_string()),
        ("CI_REGISTRY", "localhost:1".to_owned()),
        ("CI_REGISTRY_IMAGE", "localhost:1/sample".to_owned()),
        ("CI_REGISTRY_USER", "job".to_owned()),
        ("CI_REGISTRY_PASSWORD", "pass:word".to_owned()),
        ("CI_COMMIT_SHA", "1".to_owned()),
    ]);
    // No registry answers there, but the error names the right image.
    let ran = gitlab(&release, &user, &variables).ends_with(2);
    assert!(ran.error().contains("localhost:1"), "{}", ran.stderr);
    // A shell runner keeps its own login.
    assert!(!user.home(".docker").exists());
    let folder = fs::read_dir(temporary).unwrap().next().unwrap().unwrap().path();
    let login: serde_json::Value = serde_json::from_str(&text(folder.join("config.json"))).unwrap();
    assert_eq!(login["auths"]["localhost:1"]["auth"], "am9iOnBhc3M6d29yZA==");

    if let Some(guarded) = servers::guarded_registry() {
        variables.insert("CI_REGISTRY", guarded.host.clone());
        variables.insert("CI_REGISTRY_IMAGE", format!("{}/sample", guarded.host));
        variables.insert("CI_REGISTRY_USER", guarded.user.clone());
        variables.insert("CI_REGISTRY_PASSWORD", guarded.password.clone());
        variables.insert("SSL_CERT_FILE", guarded.authority.clone());
        gitlab(&release, &user, &variables).ends_with(0).prints(&["Result:PASS"]);
    }
    release.is_tampered_with();
    gitlab(&release, &user, &variables).ends_with(1);
    assert!(!user.sees().contains(&"intruder".to_owned()));
}

#[test]
fn pre_commit_hooks_check_the_image() {
    let hooks: Value = serde_yaml::from_str(&text(repository(".pre-commit-hooks.yaml"))).unwrap();
    let user = with_builds(User::new());
    for hook in hooks.as_sequence().unwrap() {
        let entry: Vec<_> = hook["entry"].as_str().unwrap().split_whitespace().collect();
        assert_eq!((entry[0], hook["pass_filenames"].as_bool()), ("dive", Some(false)));
        for (build, code) in [("my-app:7", 0), ("my-app:8", 1)] {
            user.runs_program(DIVE, &[&entry[1..], &[build]].concat()).ends_with(code);
        }
    }
    if is_program("pre-commit") {
        let hooks = repository(".pre-commit-hooks.yaml");
        user.runs_program("pre-commit", &["validate-manifest", hooks.to_str().unwrap()]).ends_with(0);
    } else {
        skipped::note("pre-commit", "to validate .pre-commit-hooks.yaml");
    }
}

#[test]
fn pre_commit_template_names_an_existing_hook() {
    let Some(release) = Release::here() else { return };
    let hooks: Value = serde_yaml::from_str(&text(repository(".pre-commit-hooks.yaml"))).unwrap();
    let config = yaml("pre-commit-config.yaml", &release);
    let used = &config["repos"][0]["hooks"][0]["id"];
    assert!(hooks.as_sequence().unwrap().iter().any(|hook| hook["id"] == *used), "{used:?}");
}

/// k9s replaces `$COL-IMAGE` with the column's value.
#[test]
fn k9s_plugin_opens_the_selected_image() {
    let Some(release) = Release::here() else { return };
    let plugin = &yaml("k9s-plugins.yaml", &release)["plugins"]["dive"];
    assert_eq!((plugin["command"].as_str(), plugin["scopes"][0].as_str()), (Some("dive"), Some("containers")));
    assert!(plugin["shortCut"].is_string() && plugin["description"].is_string() && plugin["confirm"].is_bool());
    let Some(registry) = servers::registry() else { return };
    let arguments = plugin["args"].as_sequence().unwrap().iter().map(|argument| argument.as_str().unwrap());
    let arguments: Vec<_> = arguments.map(|text| text.replace("$COL-IMAGE", &format!("{registry}/sample:1"))).collect();
    // The test registry has no TLS.
    let mut line = vec!["--insecure-registry", registry.as_str()];
    line.extend(arguments.iter().map(String::as_str));
    User::new().runs(&line).ends_with(0).prints(&["7 layers, 3.0 MB"]);
}

/// GitHub only warns of an unknown input, so its limit would have no effect.
#[test]
fn github_template_uses_existing_inputs_and_outputs() {
    let Some(release) = Release::here() else { return };
    let action: Value = serde_yaml::from_str(&text(repository("action.yml"))).unwrap();
    let steps = yaml("github.yml", &release);
    for (input, _) in steps[0]["with"].as_mapping().unwrap() {
        assert!(!action["inputs"][input].is_null(), "{input:?}");
    }
    let run = steps[1]["run"].as_str().unwrap();
    for output in run.split("outputs.").skip(1).map(|rest| rest.split_whitespace().next().unwrap()) {
        assert!(!action["outputs"][output].is_null(), "{output}");
    }
}
