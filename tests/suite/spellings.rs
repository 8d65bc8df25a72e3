//! How an image may be spelled on the command line, and what the program says of the spelling. If one of these fails, a user
//! who types what `skopeo`, `syft` or `docker` takes gets no image, or another one.

use std::ffi::OsStr;
use std::path::Path;

use dive_model::observer::Silent;
use dive_model::remark::OnDamage;
use dive_sources::{ContainerEngine, Reference, Source};
use serde_json::Value;

use crate::build::{Format, image};
use crate::place::{Corpus, sample};
use crate::user::{DIVE, User};

/// What a report calls the image that `argument` opens.
fn origin(argument: &str) -> String {
    let reference = Reference::parse(OsStr::new(argument), None, ContainerEngine::Docker).unwrap();
    let source = Source::open(&reference, &OnDamage::Fail.into(), &Silent).unwrap();
    source.origin().to_string()
}

/// Pipelines read `Image Source: SCHEME://NAME` from the report.
#[test]
fn an_opened_image_knows_its_scheme() {
    let sample = sample();
    for scheme in ["docker-archive", "docker-tar"] {
        assert_eq!(origin(&format!("{scheme}://{sample}")), format!("docker-archive://{sample}"));
    }
    assert_eq!(origin(&format!("oci-archive://{sample}")), format!("oci-archive://{sample}"), "the user's word counts");
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
fn files_and_layouts_open_as_other_tools_spell_them() {
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
fn a_tag_behind_a_file_chooses_the_image_in_it() {
    let user = user();
    let ran = user.runs(&["docker-archive:x.tar:other:2"]);
    assert!(ran.error().contains("other:2") && ran.error().contains("dive-sample:1.0"), "{}", ran.error());
    let ran = user.runs(&["--image", "1", "docker-archive:x.tar:dive-sample:1.0"]);
    assert!(ran.error().contains("choose different images"), "{}", ran.error());
    user.runs(&["--image", "dive-sample:1.0", "docker-archive:x.tar:dive-sample:1.0"]).ends_with(0);
    // Without a scheme the meaning is not plain, so the error names the spelling.
    let ran = user.runs(&["./x.tar:dive-sample:1.0"]);
    assert!(ran.error().contains("`dive ./x.tar --image dive-sample:1.0`"), "{}", ran.error());
    assert!(user.runs(&["docker-archive:no.tar:1.0"]).error().contains("no such file"));

    let Some(corpus) = Corpus::here() else { return };
    let two = corpus.path("multi/docker20.tar");
    let ran = user.runs(&[&format!("docker-archive:{two}:multi-b:1")]).ends_with(0).prints(&["Image: multi-b:1 "]);
    assert_eq!(ran.stderr, "", "a user who chose an image needs no list of others");
    let layouts = corpus.path("multi/oci-multi.tar");
    let unknown = user.runs(&[&format!("oci-archive:{layouts}:none")]);
    assert!(unknown.error().contains("no image none; available: "), "{}", unknown.error());
}

/// Root passes all permissions, so a user without any runs a copy that it can reach.
#[cfg(target_os = "linux")]
#[test]
fn a_place_without_permission_is_not_an_empty_one() {
    use std::os::unix::fs::PermissionsExt;

    let user = user();
    let closed = user.file("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    let (program, before): (&str, &[&str]) = if rustix::process::geteuid().is_root() {
        // Everything above the closed folder is open.
        for folder in closed.ancestors().skip(1).take(2) {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        // By another process: a test that forks while this one writes would keep the file busy.
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
fn a_processor_alone_is_a_platform() {
    let Some(corpus) = Corpus::here() else { return };
    let path = corpus.path("variants/multiarch-oci.tar");
    for platform in ["arm64", "linux/ARM64", "aarch64", "linux/arm64/v8"] {
        User::new().runs(&["--platform", platform, &path]).ends_with(0).prints(&["(linux/arm64)"]);
    }
    User::new().runs(&["--platform", "x86_64", &path]).ends_with(0).prints(&["(linux/amd64)"]);
}

/// Puts the files of a layout where `skopeo copy oci:LAYOUT dir:DIR` has them.
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
fn a_directory_of_skopeo_opens() {
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
