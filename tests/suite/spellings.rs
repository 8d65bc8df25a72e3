//! Spellings of an image on the command line. A failure means that a spelling which `skopeo`, `syft` or `docker`
//! accepts opens nothing, or another image.

use std::ffi::OsStr;
use std::path::Path;

use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_sources::{ContainerEngine, Reference, Source};
use serde_json::Value;

use crate::build::{Format, image};
use crate::place::{Corpus, sample};
use crate::user::{DIVE, User};

/// The image's origin in a report.
fn origin(argument: &str) -> String {
    let reference = Reference::parse(OsStr::new(argument), None, ContainerEngine::Docker).unwrap();
    let source = Source::open(&reference, &OnDamage::Fail.into(), &Silent).unwrap();
    source.origin().to_string()
}

/// Pipelines parse `Image Source: SCHEME://NAME`.
#[test]
fn opened_image_reports_its_scheme() {
    let sample = sample();
    for scheme in ["docker-archive", "docker-tar"] {
        assert_eq!(origin(&format!("{scheme}://{sample}")), format!("docker-archive://{sample}"));
    }
    assert_eq!(origin(&format!("oci-archive://{sample}")), format!("oci-archive://{sample}"), "explicit scheme");
    assert_eq!(origin(&sample), format!("docker-archive://{sample}"));

    let built = image().layer(|l| l.file("a", "1"));
    let archive = built.save(Format::OciArchive);
    let path = archive.path().to_str().unwrap();
    assert_eq!(origin(path), format!("oci-archive://{path}"));

    let folder = tempfile::tempdir().unwrap();
    tar::Archive::new(std::fs::File::open(path).unwrap()).unpack(folder.path()).unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(origin(path), format!("oci://{path}"));
    assert_eq!(origin(&format!("oci-dir://{path}")), format!("oci://{path}"));
}

/// A user with the sample as `x.tar` and `x:1.tar`, and an OCI layout in `layout`.
pub(crate) fn user() -> User {
    let user = User::new();
    for name in ["x.tar", "x:1.tar"] {
        std::fs::copy(sample(), user.file(name)).unwrap();
    }
    let archive = image().layer(|l| l.file("a", "1")).save(Format::OciArchive);
    std::fs::copy(archive.path(), user.file("oci.tar")).unwrap();
    tar::Archive::new(std::fs::File::open(archive.path()).unwrap()).unpack(user.file("layout")).unwrap();
    user
}

#[test]
fn spellings_of_other_tools_open_files_and_layouts() {
    let user = user();
    for argument in [
        "x.tar",
        "x:1.tar",
        "docker-archive:x.tar",
        "docker-archive:x:1.tar",
        "docker-archive:./x.tar",
        "Docker-Archive:x.tar",
        "docker-tar://x.tar",
        "docker-archive:x.tar:dive-sample:1.0",
        "docker-archive://x.tar:dive-sample:1.0",
        "docker-archive:x:1.tar:dive-sample:1.0",
        "docker-archive:x.tar:@0",
    ] {
        user.runs(&[argument]).ends_with(0).prints(&["Image: dive-sample:1.0"]);
    }
    user.runs(&["--source", "DOCKER-ARCHIVE", "x.tar:dive-sample:1.0"]).ends_with(0);
    for argument in ["layout", "layout/", "oci:layout", "oci://layout", "OCI:layout", "oci-dir:layout", "dir:layout"] {
        user.runs(&[argument]).ends_with(0).prints(&["Image: layout"]);
    }
    for argument in ["oci-archive:oci.tar", "oci-archive://oci.tar", "oci-archive:./oci.tar:@0"] {
        user.runs(&[argument]).ends_with(0).prints(&[", 1 layer, "]);
    }
}

#[test]
fn tag_after_a_path_selects_the_image() {
    let user = user();
    let ran = user.runs(&["docker-archive:x.tar:other:2"]);
    assert!(ran.error().contains("other:2") && ran.error().contains("dive-sample:1.0"), "{}", ran.error());
    let ran = user.runs(&["--image", "1", "docker-archive:x.tar:dive-sample:1.0"]);
    assert!(ran.error().contains("choose different images"), "{}", ran.error());
    user.runs(&["--image", "dive-sample:1.0", "docker-archive:x.tar:dive-sample:1.0"]).ends_with(0);
    // Without a scheme the path is ambiguous, so the error suggests `--image`.
    let ran = user.runs(&["./x.tar:dive-sample:1.0"]);
    assert!(ran.error().contains("`dive ./x.tar --image dive-sample:1.0`"), "{}", ran.error());
    assert!(user.runs(&["docker-archive:no.tar:1.0"]).error().contains("no such file"));

    let Some(corpus) = Corpus::here() else { return };
    let two = corpus.path("multi/docker20.tar");
    let ran = user.runs(&[&format!("docker-archive:{two}:multi-b:1")]).ends_with(0).prints(&["Image: multi-b:1 "]);
    assert_eq!(ran.stderr, "", "the other images are listed");
    let layouts = corpus.path("multi/oci-multi.tar");
    let unknown = user.runs(&[&format!("oci-archive:{layouts}:none")]);
    assert!(unknown.error().contains("no image none; available: "), "{}", unknown.error());
}

/// Root ignores permissions, so an unprivileged user runs a copy of dive.
#[cfg(target_os = "linux")]
#[test]
fn permission_error_is_not_reported_as_missing() {
    use std::os::unix::fs::PermissionsExt;

    let user = user();
    let closed = user.file("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let (program, before): (&str, &[&str]) = if rustix::process::geteuid().is_root() {
        // The parents of the closed folder are open.
        for folder in closed.ancestors().skip(1).take(2) {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        // Copied by another process: a test that forks during the copy would keep the file busy.
        user.runs_program("cp", &[DIVE, "dive"]).ends_with(0);
        ("setpriv", &["--reuid", "65534", "--clear-groups", "./dive"])
    } else {
        (DIVE, &[])
    };
    for argument in ["./closed", "closed/", "./closed/x.tar", "docker-archive:closed/x.tar"] {
        let ran = user.runs_program(program, &[before, &[argument]].concat());
        assert!(ran.error().contains("cannot be read: Permission denied"), "{argument}: {}", ran.error());
    }
    let ran = user.runs_program(program, &[before, &["closed"]].concat());
    let error = ran.error();
    assert!(error.contains("the directory ./closed cannot be read: Permission denied"), "{error}");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn architecture_alone_is_a_platform() {
    let Some(corpus) = Corpus::here() else { return };
    let path = corpus.path("variants/multiarch-oci.tar");
    for platform in ["arm64", "linux/ARM64", "aarch64", "linux/arm64/v8"] {
        User::new().runs(&["--platform", platform, &path]).ends_with(0).prints(&["(linux/arm64)"]);
    }
    User::new().runs(&["--platform", "x86_64", &path]).ends_with(0).prints(&["(linux/amd64)"]);
}

/// Copies a layout into the form of `skopeo copy oci:LAYOUT dir:DIR`.
fn as_skopeo_dir(layout: &Path, dir: &Path) {
    std::fs::create_dir(dir).unwrap();
    std::fs::write(dir.join("version"), "Directory Transport Version: 1.1\n").unwrap();
    let index: Value = serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let manifest = index["manifests"][0]["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    for blob in std::fs::read_dir(layout.join("blobs/sha256")).unwrap() {
        let path = blob.unwrap().path();
        let name = path.file_name().unwrap();
        let name = if name == manifest { OsStr::new("manifest.json") } else { name };
        std::fs::copy(&path, dir.join(name)).unwrap();
    }
}

#[test]
fn skopeo_directory_opens() {
    let user = user();
    as_skopeo_dir(&user.file("layout"), &user.file("skopeo"));
    for argument in ["dir:skopeo", "dir:./skopeo", "skopeo", "./skopeo", "oci-dir://skopeo"] {
        user.runs(&[argument]).ends_with(0).prints(&["skopeo (linux/amd64), 1 layer, 1 B"]);
    }
    for blob in std::fs::read_dir(user.file("skopeo")).unwrap().map(|blob| blob.unwrap().path()) {
        if blob.extension().is_none() && !blob.ends_with("version") {
            std::fs::remove_file(blob).unwrap();
        }
    }
    assert!(user.runs(&["dir:skopeo"]).error().contains("is missing"));
    std::fs::write(user.file("skopeo/manifest.json"), "[").unwrap();
    assert!(user.runs(&["dir:skopeo"]).error().starts_with("skopeo: "));

    let Some(corpus) = Corpus::here() else { return };
    as_skopeo_dir(corpus.path("opaque/oci-dir").as_ref(), &user.file("opaque"));
    let tree = |argument: &str| user.runs(&["tree", "--format", "tsv", argument]).ends_with(0).stdout;
    assert_eq!(tree("dir:opaque"), tree(&corpus.path("opaque/oci-gzip.tar")));
}
