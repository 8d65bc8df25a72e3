//! The base image of an image in an engine. A failure means that dive knows less of a cached image, or takes another image
//! for the base.

use super::fake::FakeEngine;
use crate::place::Corpus;
use crate::user::User;

/// The statement of the builder is a part of the export, and the second run exports nothing.
#[test]
fn cached_image_has_the_same_provenance() {
    let Some(corpus) = Corpus::here() else { return };
    let archive = std::fs::read(corpus.path("provenance/max-docker28cs.tar")).unwrap();
    let engine = FakeEngine::of(vec![("prov-app:max", archive)]);
    let user = User::new().sets("DOCKER_HOST", engine.address());
    for arguments in [&["docker://prov-app:max"][..], &["--json", "-", "docker://prov-app:max"]] {
        let exports = || engine.asked(super::EXPORT).len();
        let first = user.runs(arguments).ends_with(0);
        assert!(first.stdout.contains("stated by provenance") || first.stdout.contains("\"provenance\""));
        let exported = exports();
        let second = user.runs(arguments).ends_with(0);
        assert_eq!(exports(), exported, "{:?}", engine.asked(""));
        assert_eq!((&second.stdout, &second.stderr), (&first.stdout, &first.stderr));
        assert_eq!(second.stderr, "");
    }
    assert_eq!(engine.asked(super::EXPORT).len(), 1);
}
