//! dive's own container image, run by a real Docker as public pipelines and READMEs run dive's. A failure means that a
//! pipeline breaks when it switches to this image.
//!
//! `DIVE_TEST_STATIC` names the static binary for the image. Without it these tests are skipped.

use std::fs;
use std::sync::OnceLock;

use crate::engines::servers;
use crate::own_binary::static_binary;
use crate::place::{repository, sample};
use crate::user::{Ran, User};

/// The image's name in the test Docker.
const TAG: &str = "dive-own-image:test";

const STRICT: &str = "rules:\n  lowestEfficiency: 0.99\n";

/// A user with a Docker that has the image, and `sample.tar` in the working directory.
pub(crate) struct OwnImage {
    pub(crate) user: User,
    /// The path of Docker's socket.
    socket: String,
}

impl OwnImage {
    /// Builds the image once. Skips the test without a static binary or Docker.
    pub(crate) fn here() -> Option<Self> {
        static BUILT: OnceLock<()> = OnceLock::new();
        let docker = servers::docker()?;
        let binary = static_binary()?;
        BUILT.get_or_init(|| {
            let script = repository("packaging/image/build.sh");
            // Lists licences with Cargo.
            let builder = User::new().has_rust().sets("DOCKER_HOST", &docker).sets("DOCKER_BUILDKIT", "0");
            let builder = builder.waits(std::time::Duration::from_mins(2));
            let arguments = ["docker", binary.to_str().unwrap(), TAG];
            builder.runs_program(script.to_str().unwrap(), &arguments).ends_with(0);
        });
        let socket = docker.strip_prefix("unix://").expect("a socket").to_owned();
        let user = User::new().sets("DOCKER_HOST", &docker).waits(std::time::Duration::from_mins(1));
        fs::copy(sample(), user.file("sample.tar")).unwrap();
        Some(Self { user, socket })
    }

    /// Splits a command line into arguments of `docker`. `$SOCKET` is Docker's socket, `$PWD` the working directory,
    /// `DIVE` the image.
    pub(crate) fn arguments(&self, line: &str) -> Vec<String> {
        let folder = self.user.file("");
        let folder = folder.to_str().unwrap().trim_end_matches('/');
        let word = |word: &str| match word {
            "DIVE" => TAG.to_owned(),
            word => word.replace("$SOCKET", &self.socket).replace("$PWD", folder),
        };
        // The test Docker has no container network, and pipelines do not need one.
        let network = if line.contains("--network") { "" } else { "run --network=none" };
        let line = if network.is_empty() { line.to_owned() } else { line.replacen("run", network, 1) };
        line.split_whitespace().map(word).collect()
    }

    /// Runs `docker` with this line.
    #[track_caller]
    fn docker(&self, line: &str) -> Ran {
        let arguments = self.arguments(line);
        self.user.runs_program("docker", &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// Docker's socket, mounted as in READMEs.
const SOCKET: &str = "-v $SOCKET:/var/run/docker.sock";

#[test]
fn image_of_mounted_docker_is_checked() {
    let Some(own) = OwnImage::here() else { return };
    for options in [
        "--rm -e CI=true",
        "--rm -e CI=true -e DOCKER_API_VERSION=1.37",
        "--rm -i -e CI=true",
        "--rm -t -e CI=true",
        "--rm -e CI=true -v /usr/bin/docker:/bin/docker",
        "--rm -e CI=true --read-only --tmpfs /tmp",
        "--rm -e CI=true --user 0:0 --cap-drop=ALL --security-opt=no-new-privileges",
    ] {
        let ran = own.docker(&format!("run {options} {SOCKET} DIVE dive-sample:1.0")).ends_with(0);
        // `-t` makes a terminal, which gets colours.
        for part in ["Image Source: ", "docker://dive-sample:1.0", "Result:PASS [Total:3]"] {
            assert!(ran.stdout.contains(part), "{options}: no {part:?} in {:?}", ran.stdout);
        }
    }
    // Flags before and after the image, as people write them.
    for arguments in [
        "--ci dive-sample:1.0 --lowestEfficiency=0.99 --highestUserWastedPercent=disabled",
        "--ci --lowestEfficiency=0.99 dive-sample:1.0",
        "dive-sample:1.0 --ci --lowestEfficiency 0.99",
        "--ci --source docker docker://dive-sample:1.0 --lowestEfficiency 0.99",
    ] {
        own.docker(&format!("run --rm {SOCKET} DIVE {arguments}")).ends_with(1).prints(&["Result:FAIL"]);
    }
}

#[test]
fn mounted_rules_files_are_used() {
    let Some(own) = OwnImage::here() else { return };
    for name in [".dive-ci", ".dive-ci.yaml"] {
        fs::write(own.user.file(name), STRICT).unwrap();
    }
    let mount = "--mount type=bind,source=$PWD/.dive-ci,target=/.dive-ci";
    for (options, arguments) in [
        ("-e CI=true -v $PWD/.dive-ci:/.dive-ci", "dive-sample:1.0"),
        ("-e CI=true -v $PWD/.dive-ci:/.dive-ci:ro", "--ci-config /.dive-ci dive-sample:1.0"),
        // As GitHub actions do.
        (&format!("-e CI=true -e DOCKER_API_VERSION=1.37 {mount}"), "--ci-config /.dive-ci dive-sample:1.0"),
        (&format!("-e CI=true -e DOCKER_API_VERSION=1.45 {mount}"), "dive-sample:1.0 --ci-config /.dive-ci"),
        ("-e CI=true -v $PWD:/app", "--ci-config /app/.dive-ci dive-sample:1.0"),
        ("-v $PWD/.dive-ci:/.dive-ci", "--ci dive-sample:1.0 --ci-config /.dive-ci"),
        ("-e CI=true -v $PWD:$PWD -w $PWD", "dive-sample:1.0"),
        ("-e CI=true -e DIVE_CONFIG=/rules.yaml -v $PWD/.dive-ci.yaml:/rules.yaml", "dive-sample:1.0"),
    ] {
        let ran = own.docker(&format!("run --rm {options} {SOCKET} DIVE {arguments}"));
        ran.ends_with(1).prints(&["FAIL: lowestEfficiency", "Result:FAIL"]);
    }
}

#[test]
fn json_is_written_to_a_volume() {
    let Some(own) = OwnImage::here() else { return };
    for (options, file) in [
        ("-v $PWD:/out", "/out/first.json"),
        ("-e CI=true -v $PWD:/out", "/out/second.json"),
        ("-e CI=true -v $PWD:$PWD -w $PWD", "third.json"),
    ] {
        own.docker(&format!("run --rm {options} {SOCKET} DIVE --json {file} dive-sample:1.0")).ends_with(0);
        let name = file.rsplit('/').next().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&fs::read(own.user.file(name)).unwrap()).unwrap();
        assert_eq!(document["image"]["inefficientBytes"], 82622, "{name}");
    }
}

#[test]
fn archive_on_a_volume_opens() {
    let Some(own) = OwnImage::here() else { return };
    for options in ["", "--user 12345:12345", "--user 12345 --read-only", "--user nobody --cap-drop=ALL"] {
        for arguments in [
            "docker-archive:///images/sample.tar",
            "--source docker-archive /images/sample.tar",
            "/images/sample.tar",
            "docker-archive:/images/sample.tar",
        ] {
            let line = format!("run --rm {options} -e CI=true -v $PWD:/images:ro DIVE {arguments}");
            let ran = own.docker(&line).ends_with(0).prints(&["Result:PASS"]);
            assert_eq!(ran.stderr, "", "{line}");
        }
    }
}

#[test]
fn piped_archive_opens_for_any_user() {
    let Some(mut own) = OwnImage::here() else { return };
    own.user = own.user.pipes(fs::read(sample()).unwrap());
    for options in ["", "--user 12345:12345"] {
        own.docker(&format!("run --rm -i {options} DIVE --ci -")).ends_with(0).prints(&["Result:PASS"]);
    }
}

/// An arbitrary uid with the socket's group, as in clusters and Jenkins.
#[test]
fn arbitrary_uid_with_the_sockets_group_reaches_docker() {
    use std::os::unix::fs::MetadataExt;
    let Some(own) = OwnImage::here() else { return };
    let group = fs::metadata(&own.socket).unwrap().gid();
    let line = format!("run --rm --user 12345:{group} -e CI=true {SOCKET} DIVE dive-sample:1.0");
    own.docker(&line).ends_with(0).prints(&["Result:PASS"]);
    // Without the group, the error says so.
    let ran = own.docker(&format!("run --rm --user 12345:54321 -e CI=true {SOCKET} DIVE dive-sample:1.0"));
    assert!(ran.error().contains("/var/run/docker.sock") && ran.error().contains("permission"), "{}", ran.stderr);
}

#[test]
fn mounted_podman_socket_works() {
    let Some(own) = OwnImage::here() else { return };
    let Some(podman) = servers::podman() else { return };
    let socket = podman.strip_prefix("unix://").unwrap();
    for (mount, image, source) in [
        (format!("-v {socket}:/var/run/docker.sock"), "dive-sample:1.0", "docker://dive-sample:1.0"),
        (format!("-v {socket}:/run/podman/podman.sock"), "podman://dive-sample:1.0", "podman://dive-sample:1.0"),
        (
            format!("-v {socket}:/podman.sock -e CONTAINER_HOST=unix:///podman.sock"),
            "--source podman dive-sample:1.0",
            "podman://dive-sample:1.0",
        ),
    ] {
        let ran = own.docker(&format!("run --rm -e CI=true {mount} DIVE {image}")).ends_with(0);
        ran.prints(&[&format!("Image Source: {source}\n"), "Result:PASS"]);
    }
}

/// Login and authority are at the paths where other images expect them.
#[test]
fn image_in_a_registry_is_checked() {
    let Some(own) = OwnImage::here() else { return };
    let Some(guarded) = servers::guarded_registry() else { return };
    fs::write(own.user.file("config.json"), guarded.docker_config()).unwrap();
    let line = format!(
        "run --rm --network=host -e CI=true -v $PWD/config.json:/root/.docker/config.json:ro -v {}:/etc/ssl/certs/ca-certificates.crt:ro DIVE {}",
        guarded.authority,
        guarded.image("sample:1")
    );
    own.docker(&line).ends_with(0).prints(&["Result:PASS"]);
}

#[test]
fn own_image_passes_its_own_rules() {
    let Some(own) = OwnImage::here() else { return };
    let rules = repository("packaging/image/.dive-ci");
    let line = format!("run --rm -e CI=true {SOCKET} -v {}:/.dive-ci:ro DIVE {TAG}", rules.display());
    own.docker(&line).ends_with(0).prints(&["Using CI config: .dive-ci", "Passed:2", "Failed:0"]);
}

#[test]
fn own_image_has_one_layer_and_labels() {
    let Some(own) = OwnImage::here() else { return };
    let ran = own.user.runs_program("docker", &["image", "inspect", TAG]).ends_with(0);
    let inspected: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let config = &inspected[0]["Config"];
    assert_eq!(config["Entrypoint"], serde_json::json!(["/dive"]));
    assert_eq!(inspected[0]["RootFS"]["Layers"].as_array().unwrap().len(), 1);
    for (label, value) in [
        ("version", env!("CARGO_PKG_VERSION")),
        ("source", env!("CARGO_PKG_REPOSITORY")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
    ] {
        assert_eq!(config["Labels"][format!("org.opencontainers.image.{label}")], value);
    }
    for name in ["title", "description", "revision", "created", "url"] {
        let label = config["Labels"][format!("org.opencontainers.image.{name}")].as_str();
        assert!(label.is_some_and(|label| !label.is_empty()), "{name}");
    }
    // Checked with dive itself.
    let ran = own.docker(&format!("run --rm {SOCKET} DIVE tree {TAG}")).ends_with(0);
    for path in ["/dive", "/etc/ssl/certs/ca-certificates.crt", "/tmp/", "/usr/share/doc/dive/LICENSE"] {
        assert!(ran.stdout.lines().any(|line| line.ends_with(&path[1..])), "no {path}:\n{}", ran.stdout);
    }
    own.docker("run --rm DIVE --version").ends_with(0).prints(&[env!("CARGO_PKG_VERSION")]);
    own.docker("run --rm DIVE help").ends_with(0).prints(&["Usage: dive"]);
}
