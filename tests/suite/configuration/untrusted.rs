//! A stranger's folder: its `.dive.yaml`, links and file names must not affect the user's files or weaken a
//! rule.

use std::os::unix::fs::symlink;

use crate::build::{Format, image};
use crate::place::{Corpus, sample};
use crate::user::User;

/// The names in the home folder.
fn kept(user: &User) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(user.home("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names.into_iter().map(|name| name.into_string().unwrap()).filter(|name| name != ".cache").collect()
}

/// A cloned folder could once create `~/.bash_login` with shell code from an image name.
#[test]
fn folder_cannot_write_a_log_elsewhere() {
    for path in
        ["../home/.bash_login", "../home/x.log", "/tmp/../tmp/dive-test.log", ".bash_login", ".git/x.log", "profile"]
    {
        let user = User::new().writes(".dive.yaml", &format!("log:\n  path: {path}\n"));
        let message = ".dive.yaml:2: log.path has no effect: ";
        user.runs(&["tree", &sample()]).ends_with(0).says(&[message, "in ~/.dive.yaml", "DIVE_LOG_PATH"]);
        assert_eq!((kept(&user), user.sees()), (Vec::new(), vec![".dive.yaml".to_owned()]), "{path}");
    }
    assert!(!std::path::Path::new("/tmp/dive-test.log").exists());
    // The home configuration is trusted, so its path is used.
    let user = User::new().keeps(".dive.yaml", "log:\n  path: ../home/own.txt\n");
    assert_eq!(user.runs(&["tree", &sample()]).ends_with(0).stderr, "");
    assert_eq!(kept(&user), [".dive.yaml", "own.txt"]);
}

/// The folder of that report, cloned into a home.
#[test]
fn image_name_in_a_log_runs_no_command() {
    let Some(corpus) = Corpus::here() else { return };
    let user = User::new();
    for name in [".dive.yaml", "image.tar"] {
        std::fs::copy(corpus.path(&format!("hostile/log-code-execution/{name}")), user.file(name)).unwrap();
    }
    let user = user.sets("HOME", "..");
    user.runs(&["tree", "image.tar"])
        .ends_with(0)
        .says(&["log.path has no effect: the path leads out of the directory"]);
    assert_eq!(user.sees(), [".dive.yaml", "image.tar"]);
    let above: Vec<_> = std::fs::read_dir(user.file("..")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!above.iter().any(|name| name == ".bash_login"), "{above:?}");
    // A log that the user requests contains the name but no command.
    let user = user.sets("DIVE_LOG_PATH", "asked.log");
    user.runs(&["tree", "image.tar"]).ends_with(0);
    let before = user.sees();
    let ran = user.runs_program("sh", &["asked.log"]).ends_with(0);
    assert_eq!((ran.stdout + &ran.stderr, user.sees()), (String::new(), before));
}

#[test]
fn folder_log_overwrites_no_other_file() {
    let user = User::new().writes(".dive.yaml", "log: {path: logs/x.log}\n").writes("other.log", "make all\n");
    std::fs::create_dir(user.file("logs")).unwrap();
    for _ in 0..2 {
        assert_eq!(user.runs(&["tree", &sample()]).ends_with(0).stderr, "");
    }
    let lines = std::fs::read_to_string(user.file("logs/x.log")).unwrap();
    assert_eq!(lines.lines().filter(|line| line.ends_with("INFO  done")).count(), 2);
    let user = user.writes(".dive.yaml", "log: {path: other.log}\n");
    user.runs(&["tree", &sample()])
        .ends_with(0)
        .says(&["cannot write the log other.log: the file exists and is not a log"]);
    assert_eq!(std::fs::read_to_string(user.file("other.log")).unwrap(), "make all\n");
}

/// The path is harmless but a link in the folder redirects it. This also concerns a log that the home configuration
/// enables for every folder.
#[test]
fn log_does_not_follow_links_of_the_folder() {
    let ask_by_folder = || User::new().writes(".dive.yaml", "log: {enabled: true}\n");
    let ask_by_home = || User::new().keeps(".dive.yaml", "log: {enabled: true, path: ./dive.log}\n");
    let ask_by_variable = || User::new().sets("DIVE_LOG_ENABLED", "1");
    for user in [ask_by_folder(), ask_by_home(), ask_by_variable()] {
        let before = kept(&user);
        symlink("../home/.bash_login", user.file("dive.log")).unwrap();
        let message = "dive.log is a symbolic link, which a relative path does not follow; name its target";
        user.runs(&["tree", &sample()]).ends_with(0).says(&["cannot write the log ", message]);
        assert_eq!(kept(&user), before);
    }
    let user = User::new().writes(".dive.yaml", "log: {path: logs/dive.log}\n");
    symlink("../home", user.file("logs")).unwrap();
    user.runs(&["tree", &sample()]).ends_with(0).says(&["cannot write the log ", "logs is a symbolic link"]);
    assert_eq!(kept(&user), [""; 0]);
}

/// A folder that was unpacked from an archive may have a hard link to a file of the user.
#[test]
fn log_is_not_written_through_a_hard_link() {
    for content in ["", "# 2026-11-22T02:33:35Z  INFO begins\n"] {
        let user = User::new().keeps("own.log", content).writes(".dive.yaml", "log: {path: x.log}\n");
        std::fs::hard_link(user.home("own.log"), user.file("x.log")).unwrap();
        let message = "cannot write the log x.log: the file has other names (hard links); set log.path";
        user.runs(&["tree", &sample()]).ends_with(0).says(&[message]);
        assert_eq!(std::fs::read_to_string(user.home("own.log")).unwrap(), content);
    }
}

/// A pipe without a writer blocks a reader for ever, and a file that is skipped without a word seems to count.
#[test]
fn configuration_that_is_no_regular_file_is_skipped_with_a_warning() {
    let make: [fn(&std::path::Path); 3] = [
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        |path| std::fs::create_dir(path).unwrap(),
    ];
    for make in make {
        for name in [".dive.yaml", ".dive.yml"] {
            let user = User::new();
            make(&user.file(name));
            user.runs(&["--ci", &sample()]).ends_with(0).says(&[&format!("{name} cannot be used: not a regular file")]);
        }
    }
}

#[test]
fn named_pipe_as_log_does_not_hang() {
    let user = User::new().writes(".dive.yaml", "log: {enabled: true}\n");
    user.runs_program("mkfifo", &["dive.log"]).ends_with(0);
    user.runs(&["tree", &sample()]).ends_with(0).says(&["cannot write the log ", "not a regular file"]);
}

#[test]
fn named_pipe_as_rules_file_does_not_hang() {
    let own = User::new().keeps(".dive.yaml", "ci-config: rules.yaml\n");
    for (user, name) in [(User::new(), ".dive-ci"), (own, "rules.yaml")] {
        user.runs_program("mkfifo", &[name]).ends_with(0);
        assert_eq!(user.runs(&["--ci", &sample()]).error(), format!("{name} cannot be read: not a regular file"));
    }
}

/// The file that it leads to was moved, so CI would check other limits without a word.
#[test]
fn a_rules_file_that_leads_to_a_missing_file_is_an_error() {
    let user = User::new();
    symlink("../shared/.dive-ci", user.file(".dive-ci")).unwrap();
    let ran = user.runs(&["--ci", &sample()]).ends_with(2);
    assert!(
        ran.error().starts_with(".dive-ci cannot be read: it is a symbolic link to a missing file"),
        "{}",
        ran.error()
    );
}

#[test]
fn folder_json_path_overwrites_no_other_file() {
    for path in ["../home/x.json", "/tmp/x.json", "-", "out.txt", ".x.json"] {
        let user = User::new().writes(".dive.yaml", &format!("json-path: \"{path}\"\n"));
        user.runs(&[&sample()]).ends_with(0).prints(&["Analysis:"]).says(&["json-path has no effect: "]);
        assert_eq!((kept(&user), user.sees()), (Vec::new(), vec![".dive.yaml".to_owned()]), "{path}");
    }
    let user = User::new().writes(".dive.yaml", "json-path: package.json\n");
    // The second and third are indexes of OCI layouts.
    let pretty = "{\n  \"schemaVersion\": 2,\n  \"manifests\": []\n}\n";
    for theirs in ["{}\n", "{\"schemaVersion\":2,\"manifests\":[]}", pretty, "{\"schemaVersion\":1,\"mine\":1}"] {
        std::fs::write(user.file("package.json"), theirs).unwrap();
        let ran = user.runs(&[&sample()]);
        assert_eq!(
            ran.error(),
            "package.json cannot be written: the file exists and is not a JSON document of dive; choose another path"
        );
        assert_eq!(std::fs::read_to_string(user.file("package.json")).unwrap(), theirs);
    }
    std::fs::remove_file(user.file("package.json")).unwrap();
    for _ in 0..2 {
        user.runs(&[&sample()]).ends_with(0);
    }
    assert_eq!(user.sees(), [".dive.yaml", "package.json"]);
}

/// A file with such a name could forge a line of a listing, which the user reads later.
#[test]
fn folder_names_no_file_that_forges_a_listing() {
    for (key, ending) in [("json-path", "json"), ("log.path", "log")] {
        for name in ["a\\u202Eb", "a\\nb", "a\\e[2Jb", "a\\u200Bb", "a\\x9Bb", "a\\u2028b"] {
            let text = format!("{key}: \"{name}.{ending}\"\n");
            let user = User::new().writes(".dive.yaml", &text);
            let message = format!(".dive.yaml:1: {key} has no effect: the path has a control or invisible character; ");
            user.runs(&["--ci", &sample()]).ends_with(0).says(&[&message]);
            assert_eq!((kept(&user), user.sees()), (Vec::new(), vec![".dive.yaml".to_owned()]), "{text}");
            // The user's own file may name it.
            let user = User::new().keeps(".dive.yaml", &text);
            user.runs(&["--ci", &sample()]).ends_with(0);
            assert_eq!(user.sees().len(), 1, "{text}");
        }
    }
}

/// No system has such a name, and its error is only a number.
#[test]
fn path_with_a_nul_character_is_refused_with_its_line() {
    let why = "the path contains a NUL character, which no file name can have; remove it";
    for key in ["json-path", "log.path", "ci-config", "registries.ca-file"] {
        let text = format!("theme: auto\n{key}: \"a\\0b.json\"\n");
        let user = User::new().keeps(".dive.yaml", &text);
        user.runs(&["--ci", &sample()]).ends_with(0).says(&[&format!("/.dive.yaml:2: {key}: {why}; dive uses ")]);
        let user = User::new().writes(".dive.yaml", &text);
        user.runs(&["--ci", &sample()]).ends_with(0).says(&[&format!("/.dive.yaml:2: {key}: {why}; dive uses ")]);
    }
    for key in ["base", "baseline"] {
        let user = User::new().writes(".dive-ci", &format!("rules: {{}}\n{key}: \"./a\\0b\"\n"));
        assert_eq!(user.runs(&["--ci", &sample()]).error(), format!(".dive-ci:2: {key}: {why}"));
    }
    for line in ["a\0b.tar", "a.tar\ta\0b.yaml"] {
        let user = User::new().writes("list", &format!("# images\n{line}\n"));
        let ran = user.runs(&["--from", "list"]);
        assert_eq!(
            ran.error(),
            "list:2: the line contains a NUL character; check that this is a list, and save it as UTF-8"
        );
    }
    for (text, key) in [
        ("include: [\"a\\0b.yaml\"]\n", "include.0"),
        ("include: [{ path: a.yaml, env_file: \"a\\0b\" }]\n", "include.0.env_file"),
        ("include: [{ path: a.yaml, project_directory: \"a\\0b\" }]\n", "include.0.project_directory"),
        ("services: { a: { extends: { file: \"a\\0b\", service: x } } }\n", "services.a.extends.file"),
    ] {
        let user = User::new().writes("compose.yaml", text);
        let ran = user.runs(&["--compose", "compose.yaml"]);
        assert_eq!(ran.error(), format!("compose.yaml:1: {key}: {why}"));
    }
}

/// A pipe without a reader, a socket and a device: opened for writing, the first blocks for ever.
#[test]
fn folder_json_path_to_a_pipe_is_refused_without_waiting() {
    let make: [fn(&std::path::Path); 2] = [
        |path| assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
    ];
    for make in make {
        for user in [
            User::new().writes(".dive.yaml", "json-path: out/x.json\n"),
            User::new().keeps(".dive.yaml", "json-path: out/x.json\n"),
        ] {
            std::fs::create_dir(user.file("out")).unwrap();
            make(&user.file("out/x.json"));
            for arguments in [&["--ci", &sample()][..], &[&sample()], &[&sample(), &sample()]] {
                let ran = user.runs(arguments);
                assert_eq!(ran.error(), "out/x.json cannot be written: not a regular file", "{arguments:?}");
            }
        }
    }
}

#[test]
fn json_path_does_not_follow_links_of_the_folder() {
    let by_folder = || User::new().writes(".dive.yaml", "json-path: out.json\n");
    let by_home = || User::new().keeps(".dive.yaml", "json-path: ./out.json\n");
    for user in [by_folder(), by_home()] {
        let user = user.keeps(".bashrc", "PATH=~/bin:$PATH\n");
        symlink("../home/.bashrc", user.file("out.json")).unwrap();
        let ran = user.runs(&[&sample()]);
        assert!(ran.error().contains("out.json cannot be written: out.json is a symbolic link"), "{}", ran.error());
        assert_eq!(std::fs::read_to_string(user.home(".bashrc")).unwrap(), "PATH=~/bin:$PATH\n");
    }
    // A path typed by the user is trusted: its link is followed.
    let user = User::new();
    symlink("../home/mine.json", user.file("out.json")).unwrap();
    std::fs::write(user.home("mine.json"), "").unwrap();
    user.runs(&["--json", "out.json", &sample()]).ends_with(0);
    assert_ne!(std::fs::read_to_string(user.home("mine.json")).unwrap(), "");
}

/// A pull request with a `.dive.yaml` must not be able to pass its own check.
#[test]
fn folder_cannot_weaken_a_rule() {
    let weak = "rules: {lowest-efficiency: 0.1, highest-user-wasted-percent: off}\nignore-errors: true\nci: false\npull: always\n";
    let user = User::new()
        .writes(".dive.yaml", weak)
        .writes("own.yaml", "rules: {lowestEfficiency: 0.5}\n")
        .keeps(".dive.yaml", "rules: {highest-user-wasted-percent: 0.01}\nci: true\n");
    let ran = user.runs(&["--ci-config", "own.yaml", &sample()]).ends_with(1);
    let ran = ran.prints(&["FAIL: highestUserWastedPercent"]);
    for part in [
        "rules.highest-user-wasted-percent has no effect: `off` is weaker than 0.01 (",
        "rules.lowest-efficiency has no effect: `0.1` is weaker than 0.9 (default)",
        "ignore-errors has no effect: `true` is weaker than false (default)",
        "ci has no effect: `false` is weaker than true (",
        "pull has no effect: `always` is weaker than the default; a",
    ] {
        assert!(ran.stderr.contains(part), "no {part:?} in {}", ran.stderr);
    }
    // It can be stricter.
    let user = User::new().writes(".dive.yaml", "ci: true\nrules: {lowest-efficiency: 1}\npull: never\n");
    assert_eq!(user.runs(&[&sample()]).ends_with(1).stderr, "");
}

/// dive does not check its default limits if the user requests a document. A cloned folder must not be able to request
/// it.
#[test]
fn folder_json_path_keeps_the_default_limits() {
    let archive = image().layer(|l| l.file("a", "one")).layer(|l| l.file("a", "two")).save(Format::DockerArchive);
    let path = archive.path().to_str().unwrap();
    let user = User::new().writes(".dive.yaml", "json-path: out.json\n");
    user.runs(&["--ci", path]).ends_with(1).prints(&["Exporting image to 'out.json'...", "FAIL: lowestEfficiency"]);
    user.runs(&["--ci", "--json", "out.json", path]).ends_with(0).says(&["no rule was checked"]);
}

/// A folder must not become the user because one of its names leads to the file of the home, for example to `/dev/null`.
#[test]
fn folder_cannot_pose_as_the_home() {
    for (home, folder) in [("/dev/null", "/dev/null"), ("../elsewhere", "../elsewhere")] {
        let user = User::new();
        symlink(home, user.home(".dive.yaml")).unwrap();
        symlink(folder, user.file(".dive.yaml")).unwrap();
        std::fs::create_dir(user.home("../elsewhere")).unwrap();
        let user = user
            .writes(".dive.yml", "log: {path: ../home/new.log}\nregistries: {mirrors: ['docker.io=evil.example']}\n");
        let ran = user.runs(&["config"]).ends_with(0);
        assert!(!ran.stdout.contains("mirrors: [docker.io=evil.example]"), "{home}: {}", ran.stdout);
        assert!(ran.stderr.contains("registries.mirrors"), "{home}: {}", ran.stderr);
        user.runs(&["--ci", &sample()]);
        assert!(!user.home("new.log").exists(), "{home}");
    }
}

/// A link to a secret file must not put its contents into the log.
#[test]
fn linked_secret_file_is_not_quoted_in_errors() {
    let secrets =
        ["token-1234\n", "token-1234: x\n", "rules: {lowestEfficiency: token-1234}\n", "a: 1\na: token-1234\n: ["];
    for (name, content) in [".dive-ci", ".dive.yaml"].into_iter().flat_map(|name| secrets.map(|text| (name, text))) {
        let user = User::new().keeps("secret", content);
        symlink("../home/secret", user.file(name)).unwrap();
        let ran = user.runs(&["--ci", &sample()]);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("1234"), "{name}, {content}: {}", ran.stderr);
        assert!(ran.stderr.contains(name) && ran.stderr.contains("out of the working directory"), "{}", ran.stderr);
    }
    // Also a file in the folder that the user names.
    for (option, key, content) in [
        ("--ci-config", "ci-config", secrets[2]),
        ("--ci-config", "ci-config", secrets[1]),
        ("--config", "", secrets[1]),
    ] {
        let user = User::new().keeps("secret", content);
        std::fs::create_dir(user.file("ci")).unwrap();
        symlink("../../home/secret", user.file("ci/dive.yaml")).unwrap();
        let whole = user.file("ci").canonicalize().unwrap().join("dive.yaml").to_str().unwrap().to_owned();
        for path in ["ci/dive.yaml", &whole] {
            let ran = user.runs(&["--ci", option, path, &sample()]);
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("1234"), "{option}: {}", ran.stderr);
            assert!(ran.error().contains("out of the working directory"), "{}", ran.stderr);
        }
        if !key.is_empty() {
            let user = user.keeps(".dive.yaml", &format!("{key}: ci/dive.yaml\n"));
            let ran = user.runs(&["--ci", &sample()]);
            assert!(
                ran.error().contains("out of the working directory") && !ran.stderr.contains("1234"),
                "{}",
                ran.stderr
            );
        }
    }
    // A link within the folder may lead to a file that the repository ignores.
    for (content, name) in
        secrets.into_iter().flat_map(|text| [(text, ".dive-ci"), (text, ".dive.yaml"), (text, "link")])
    {
        let user = User::new().writes(".env", content);
        symlink(".env", user.file(name)).unwrap();
        let options: &[&[&str]] = if name == "link" { &[&["--config", name], &["--ci-config", name]] } else { &[&[]] };
        for options in options {
            let ran = user.runs(&[&["--ci"], *options, &[&*sample()]].concat());
            assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("1234"), "{options:?} {name}: {}", ran.stderr);
            assert!(ran.stderr.contains("it is a symbolic link, and the file has errors"), "{name}: {}", ran.stderr);
        }
    }
    let user = User::new().writes("rules", "rules: {lowestEfficiency: 0.999}\n");
    for (option, name) in [("", ".dive-ci"), ("", ".dive.yaml"), ("--config", "link"), ("--ci-config", "link")] {
        symlink("rules", user.file(name)).unwrap();
        let option: &[&str] = if option.is_empty() { &[] } else { &[option, name] };
        user.runs(&[&["--ci"], option, &[&*sample()]].concat()).ends_with(1).prints(&["threshold=0.999"]);
        std::fs::remove_file(user.file(name)).unwrap();
    }
    // A project may share a rules file between its folders.
    let user = User::new().keeps("shared", "rules: {lowestEfficiency: 0.999}\n");
    symlink("../home/shared", user.file(".dive-ci")).unwrap();
    user.runs(&["--ci", &sample()]).ends_with(1).prints(&["Using CI config: .dive-ci", "threshold=0.999"]);
}

/// A log must be harmless even if a shell runs it.
#[test]
fn log_run_by_a_shell_does_nothing() {
    let user = User::new().sets("DIVE_LOG_LEVEL", "trace").sets("DIVE_IGNORE_ERRORS", "true");
    for (at, name) in
        ["x\ntouch ran", "$(touch ran)", "`touch ran`", "; touch ran;", "x' \"\ntouch ran #"].iter().enumerate()
    {
        let odd = image().layer(|l| l.whiteout(name).file(name, "x"));
        let file = format!("{at}{}.tar", name.replace('/', ""));
        std::fs::write(user.file(&file), odd.archive(Format::DockerArchive)).unwrap();
        user.runs(&[&file]).ends_with(0);
        user.runs(&[&format!("./{name}")]).ends_with(2);
    }
    let log = std::fs::read_to_string(user.file("dive.log")).unwrap();
    assert!(log.contains("touch ran") && log.lines().all(|line| line.starts_with("# ")), "{log}");
    let ran = user.runs_program("sh", &["dive.log"]).ends_with(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert!(!user.file("ran").exists());
}
