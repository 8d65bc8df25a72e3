//! The static binary in an empty root: without C library, resolver, certificates and `/proc`. A failure means that the
//! released binary does not run on another distribution or in a container from scratch.
//!
//! `DIVE_TEST_STATIC` names the binary, as for `own_image`.

use std::fs;
use std::path::PathBuf;

use crate::engines::servers;
use crate::place::{repository, sample};
use crate::skipped;
use crate::user::{Ran, User};

/// The binary that `DIVE_TEST_STATIC` names. Skips the test if it is not set.
pub(crate) fn static_binary() -> Option<PathBuf> {
    let binary = std::env::var_os("DIVE_TEST_STATIC").filter(|path| !path.is_empty());
    if binary.is_none() {
        skipped::note("static binary", "DIVE_TEST_STATIC is not set");
    }
    binary.map(|path| repository("").join(path))
}

/// A user with a folder `root` that contains only the binary and the sample. Images from servers are spooled in its
/// `/tmp`.
struct EmptyRoot(User);

impl EmptyRoot {
    fn here() -> Option<Self> {
        let binary = static_binary()?;
        if !servers::is_root() {
            return None;
        }
        let user = User::new();
        let root = user.file("root");
        fs::create_dir(&root).unwrap();
        fs::copy(binary, root.join("dive")).unwrap();
        fs::copy(sample(), root.join("sample.tar")).unwrap();
        Some(Self(user))
    }

    /// The same, with `/tmp`.
    fn with_tmp() -> Option<Self> {
        let root = Self::here()?;
        fs::create_dir(root.0.file("root/tmp")).unwrap();
        Some(root)
    }

    /// Runs the binary there, with only these variables.
    fn runs(&self, variables: &[&str], arguments: &[&str]) -> Ran {
        let line = [&["-i"], variables, &["/usr/sbin/chroot", "root", "/dive"], arguments].concat();
        self.0.runs_program("env", &line)
    }
}

#[test]
fn archive_opens_in_an_empty_root() {
    let Some(root) = EmptyRoot::here() else { return };
    let ran = root.runs(&["CI=true"], &["/sample.tar"]).ends_with(0).prints(&["Result:PASS"]);
    assert_eq!(ran.stderr, "");
    root.runs(&[], &["--json", "/sample.json", "sample.tar"]).ends_with(0);
    assert!(fs::metadata(root.0.file("root/sample.json")).unwrap().len() > 1000);
    root.runs(&[], &["tree", "--layer", "2", "sample.tar"]).ends_with(0).prints(&["bin/busybox"]);
}

/// musl resolves names itself: from `/etc/hosts`, then by DNS.
#[test]
fn registry_name_resolves_in_an_empty_root() {
    let Some(root) = EmptyRoot::with_tmp() else { return };
    let Some(registry) = servers::registry() else { return };
    let (address, port) = registry.split_once(':').unwrap();
    fs::create_dir(root.0.file("root/etc")).unwrap();
    fs::write(root.0.file("root/etc/hosts"), format!("{address} registry.example\n")).unwrap();
    let image = |name: &str| format!("registry://{name}:{port}/sample:1");
    let host = format!("registry.example:{port}");
    let ran = root.runs(&["CI=true"], &["--insecure-registry", &host, &image("registry.example")]);
    ran.ends_with(0).prints(&["Result:PASS"]);
    let ran = root.runs(&["CI=true"], &[&image("absent.example")]);
    assert!(ran.error().contains("absent.example"), "{}", ran.stderr);
}

/// The only authorities in an empty root are those of `--ca-file`.
#[test]
fn registry_with_tls_opens_in_an_empty_root() {
    let Some(root) = EmptyRoot::with_tmp() else { return };
    let Some(guarded) = servers::guarded_registry() else { return };
    let (_, port) = guarded.host.split_once(':').unwrap();
    fs::create_dir_all(root.0.file("root/home/.docker")).unwrap();
    fs::write(root.0.file("root/home/.docker/config.json"), guarded.docker_config()).unwrap();
    fs::create_dir(root.0.file("root/etc")).unwrap();
    fs::write(root.0.file("root/etc/hosts"), "127.0.0.1 localhost\n").unwrap();
    fs::copy(&guarded.authority, root.0.file("root/ca.crt")).unwrap();
    let image = format!("registry://localhost:{port}/sample:1");
    let ran = root.runs(&["CI=true", "HOME=/home"], &["--ca-file", "/ca.crt", &image]);
    ran.ends_with(0).prints(&["Result:PASS"]);
    let ran = root.runs(&["CI=true", "HOME=/home"], &[&image]);
    assert!(ran.error().contains("certificate"), "{}", ran.stderr);
}

#[test]
fn docker_image_opens_in_an_empty_root() {
    let Some(root) = EmptyRoot::with_tmp() else { return };
    let Some(docker) = servers::docker() else { return };
    // A hard link to the socket.
    if fs::hard_link(docker.strip_prefix("unix://").unwrap(), root.0.file("root/docker.sock")).is_err() {
        servers::absent("one file system", "the socket of Docker is on another than the temporary folder");
        return;
    }
    let ran = root.runs(&["CI=true", "DOCKER_HOST=unix:///docker.sock"], &["dive-sample:1.0"]);
    ran.ends_with(0).prints(&["Image Source: docker://dive-sample:1.0", "Result:PASS"]);
}
