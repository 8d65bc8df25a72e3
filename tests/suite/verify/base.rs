//! A base is matched by diff ids, which a configuration only claims. A failure means that the report promises more than dive
//! has checked, or that a forged layer passes for the base's.

use super::{Archive, Shape};
use crate::build::Layer;

#[test]
fn equal_diff_ids_match_and_only_verify_reads_the_layers() {
    let layer = |name: &str, content: &str| Layer::default().file(name, content);
    let (os, forged, app) = (layer("os", "debian"), layer("os", "forged"), layer("app", "app"));
    let base = Archive::of(vec![os.clone()]);
    let honest = Archive::of(vec![os, app.clone()]);
    let liar = Archive::of(vec![forged, app]).claims(0, &base.diff_ids[0]);
    for shape in [Shape::Docker, Shape::Oci] {
        for (image, is_honest) in [(&honest, true), (&liar, false)] {
            let user = image.user(shape);
            std::fs::write(user.file("base.tar"), base.tar(shape)).unwrap();
            let ran = user.runs(&["--base", "base.tar", "image.tar"]).ends_with(0);
            ran.prints(&["Base: base.tar, layer 0 (matched by diff ids)\n"]);
            let ran = user.runs(&["--verify", "--base", "base.tar", "image.tar"]);
            if is_honest {
                ran.ends_with(0).prints(&["(matched by diff ids)"]);
            } else {
                assert!(ran.error().contains("image.tar: layer 0 ("), "{}", ran.stderr);
            }
        }
    }
}
