//! Names that a shell would run or split. A failure means that a command which dive advises does something else than it says.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use dive_model::advice::KindSet;

use crate::build::{Format, Image, Layer, image};
use crate::user::User;

/// Names for which commands are written.
const QUOTED: [&str; 8] = [
    "x'; touch pwned #",
    "x\\'; touch pwned #",
    "$(touch pwned)",
    "$'x'; touch pwned; '",
    "a  b",
    "-rf",
    "x\\",
    "\"; touch pwned; \"",
];

/// Names for which no command is written.
const UNQUOTED: [&[u8]; 5] =
    [b"x\n touch pwned\n", b"`touch pwned`", b"\xff';touch pwned #", b"x\x1b[2J", "x\u{202e}y".as_bytes()];

/// A layer of a RUN.
fn made(layer: Layer) -> Layer {
    layer.created_by("RUN /bin/sh -c make # buildkit")
}

/// The remedy of the only finding.
#[track_caller]
fn remedy(image: &Image) -> String {
    let found = image.open().opened().advice(KindSet::on()).findings;
    let [finding] = &found[..] else { panic!("{found:#?}") };
    finding.remedy.clone()
}

/// Runs the command between the first backticks of a remedy, with everything in `folder` that the remedy says is in `/`.
#[track_caller]
fn run(shell: &str, remedy: &str, folder: &Path) {
    let command = remedy.split('`').nth(1).unwrap_or_else(|| panic!("no command: {remedy}"));
    let folder_of = |name: &str| folder.join(name).display().to_string();
    let script = ["tmp", "opt", "srv"].iter().fold(format!("true {command}"), |script, name| {
        let script = script.replace(&format!(" /{name}"), &format!(" {}", folder_of(name)));
        script.replace(&format!(" '/{name}"), &format!(" '{}", folder_of(name)))
    });
    let script = script.replace("true ln", "ln");
    let output = Command::new(shell).args(["-c", &script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{shell}: {script}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(!folder.join("pwned").exists(), "{shell}: {script}");
}

/// The shells of RUN in images: dash is `sh` on Debian.
const SHELLS: [&str; 2] = ["sh", "bash"];

#[test]
fn advised_commands_act_on_the_named_file_alone() {
    use std::os::unix::fs::PermissionsExt;
    for name in QUOTED {
        let temporary = image().layer(|l| made(l.file(format!("tmp/{name}"), "1234")));
        let twins = image().layer(|l| {
            let content = "x".repeat(70_000);
            l.file(format!("opt/{name}"), &content).file(format!("srv/{name}"), &content)
        });
        let setuid = image()
            .layer(|l| l.file("var/lib/dpkg/status", "1"))
            .layer(|l| made(l.file(format!("opt/{name}"), "1").mode(0o4755)))
            .runs_as("app");
        for shell in SHELLS {
            let scratch = tempfile::tempdir().unwrap();
            let folder = scratch.path();
            for directory in ["tmp", "opt", "srv"] {
                std::fs::create_dir(folder.join(directory)).unwrap();
                std::fs::write(folder.join(directory).join(name), "x").unwrap();
                std::fs::write(folder.join(directory).join("kept"), "x").unwrap();
            }
            let file = |directory: &str| folder.join(directory).join(name);
            run(shell, &remedy(&temporary), folder);
            assert!(!file("tmp").exists() && folder.join("tmp/kept").exists(), "{shell}: {name}");
            run(shell, &remedy(&twins), folder);
            assert_eq!(std::fs::read_link(file("srv")).unwrap(), file("opt"), "{shell}");
            std::fs::set_permissions(file("opt"), PermissionsExt::from_mode(0o4755)).unwrap();
            run(shell, &remedy(&setuid), folder);
            assert_eq!(std::fs::metadata(file("opt")).unwrap().permissions().mode() & 0o7777, 0o755, "{shell}");
        }
    }
}

#[test]
fn no_command_is_written_with_a_name_that_shells_read_differently() {
    let content = "x".repeat(70_000);
    for name in UNQUOTED {
        let file = |l: Layer, directory: &[u8], content: &str| l.file([directory, name].concat(), content);
        for image in [
            image().layer(|l| made(file(l, b"tmp/", "1234"))),
            image().layer(|l| file(file(l, b"opt/", &content), b"srv/", &content)),
            image()
                .layer(|l| l.file("var/lib/dpkg/status", "1"))
                .layer(|l| file(l, b"opt/", "1").mode(0o4755))
                .runs_as("app"),
        ] {
            let remedy = remedy(&image);
            assert!(!remedy.contains(char::is_control), "{remedy:?}");
            let commands = ["rm ", "ln ", "&&"];
            assert!(!commands.iter().any(|command| remedy.contains(command)), "{remedy}");
            let path = OsStr::from_bytes(name).to_string_lossy();
            assert!(!remedy.contains(&*path) || path.contains('\u{202e}'), "{remedy}");
        }
    }
}

/// Neither the report nor the table escapes a command again, or breaks it at the spaces of a name.
#[test]
fn commands_are_printed_in_one_piece() {
    let user = User::new();
    let name = "it's    a\\b  0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789";
    let archive =
        image().layer(|l| made(l.file(format!("tmp/{name}"), "1234".repeat(1_000)))).save(Format::DockerArchive);
    let command = format!("`&& rm -rf '/tmp/{}'`", name.replace('\'', "'\\''"));
    for format in ["text", "tsv"] {
        let text = user.runs(&["advise", archive.path().to_str().unwrap(), "--format", format]).ends_with(0).stdout;
        assert!(text.lines().any(|line| line.contains(&command)), "{text}");
    }
}
