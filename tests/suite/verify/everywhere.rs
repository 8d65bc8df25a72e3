//! `--verify` in every mode and from every source of settings.

use super::{Archive, Shape, flipped};
use crate::build::Layer;
use crate::user::User;

fn damaged() -> Archive {
    let layer = Layer::default().file("a", "text");
    let blob = layer.blob();
    // In the file's content, which is before the padding and two zero blocks.
    Archive::of(vec![layer]).exchanges(&blob, flipped(&blob, 1024 + 511))
}

#[test]
fn verify_fails_every_mode_with_exit_code_2() {
    for shape in [Shape::Docker, Shape::Oci] {
        let user = damaged().user(shape);
        for options in
            [&[][..], &["--json", "out.json"], &["--json", "-"], &["--ci"], &["tree"], &["tree", "--changes"]]
        {
            let ran = user.runs(&[options, &["--verify", "image.tar"]].concat());
            assert!(ran.error().contains("should have the digest sha256:"), "{options:?}: {}", ran.error());
            assert_eq!(ran.stdout, "", "{options:?}");
        }
        assert_eq!(user.sees(), ["image.tar"], "files after a failed verification");
        user.runs(&["--json", "out.json", "image.tar"]).ends_with(0);
    }
}

#[test]
fn verify_covers_pipes_compressed_files_and_layouts() {
    for shape in [Shape::Docker, Shape::Oci] {
        let tar = damaged().tar(shape);
        let user = User::new().pipes(tar.clone());
        assert!(user.runs(&["tree", "--verify", "-"]).error().starts_with("standard input: layer 0 ("));
        std::fs::write(user.file("image.tar.zst"), zstd::encode_all(&tar[..], 1).unwrap()).unwrap();
        assert!(user.runs(&["tree", "--verify", "image.tar.zst"]).error().contains("layer 0 ("));
        tar::Archive::new(&tar[..]).unpack(user.file("layout")).unwrap();
        if shape == Shape::Oci {
            assert!(user.runs(&["tree", "--verify", "layout"]).error().contains("layer 0 ("));
            user.runs(&["tree", "layout"]).ends_with(0);
        }
    }
}

#[test]
fn verify_is_enabled_by_configuration_and_variable() {
    let user = || damaged().user(Shape::Oci);
    user().sets("DIVE_VERIFY", "true").runs(&["tree", "image.tar"]).error();
    user().keeps(".dive.yaml", "verify: true\n").runs(&["tree", "image.tar"]).error();
    // Everybody may enable it, but only the user may disable it.
    user().writes(".dive.yaml", "verify: true\n").runs(&["tree", "image.tar"]).error();
    let own = user().keeps(".dive.yaml", "verify: true\n").writes(".dive.yaml", "verify: false\n");
    let ran = own.runs(&["tree", "image.tar"]);
    assert!(ran.stderr.contains("verify has no effect: `false` is weaker than true"), "{}", ran.stderr);
    ran.error();
    user().keeps(".dive.yaml", "verify: true\n").sets("DIVE_VERIFY", "false").runs(&["tree", "image.tar"]).ends_with(0);
}
