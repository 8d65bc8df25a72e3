//! Images of real builders and engines must all pass.

use crate::place::{Corpus, sample};
use crate::user::User;

#[test]
fn sample_passes_verification() {
    User::new().runs(&["tree", "--verify", &sample()]).ends_with(0);
}

#[test]
fn images_of_real_builders_pass_verification() {
    let Some(corpus) = Corpus::here() else { return };
    let user = User::new();
    for folder in ["dive", "many-layers", "multi", "opaque", "variants"] {
        for name in corpus.names(folder) {
            let path = corpus.path(&format!("{folder}/{name}"));
            let lists = |options: &[&str]| user.runs(&[&["tree"], options, &[&path]].concat());
            if lists(&[]).code == 0 {
                let ran = lists(&["--verify"]);
                assert_eq!(ran.code, 0, "{folder}/{name}: {}", ran.stderr);
            }
        }
    }
}
