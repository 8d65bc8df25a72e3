//! How an image may be spelled on the command line, and what the program says of the spelling. If one of these fails, a user
//! who types what `skopeo`, `syft` or `docker` takes gets no image, or another one.

use std::ffi::OsStr;

use dive::remark::OnDamage;
use dive::source::{ContainerEngine, Reference, Source};

use crate::build::{Format, image};
use crate::place::sample;

/// What a report calls the image that `argument` opens.
fn origin(argument: &str) -> String {
    let reference = Reference::parse(OsStr::new(argument), None, ContainerEngine::Docker).unwrap();
    let source = Source::open(&reference, &OnDamage::Fail.into(), &mut |_| ()).unwrap();
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
