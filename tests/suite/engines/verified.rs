//! `--verify` of images in engines. A failure means that an engine, or a proxy in front of it, can change an image without an
//! error.

use super::broken_engines::engines;
use super::proxy::{Fault, Proxy};
use super::{EXPORT, assert_fails};
use crate::user::User;

/// Inside the largest file of the sample: neither a header nor a document.
const IN_A_FILE: u64 = 700_000;

#[test]
fn engine_image_is_compared_with_its_digests() {
    for (engine, variable, socket) in engines() {
        let image = format!("{engine}://dive-sample:1.0");
        let proxy = Proxy::before_socket(&socket);
        let user = || User::new().sets(variable, proxy.address());
        user().runs(&["tree", "--verify", &image]).ends_with(0);
        proxy.always(EXPORT, Fault::Flip(IN_A_FILE));
        let ran = user().runs(&["tree", "--verify", &image]);
        assert_fails(&ran, &["dive-sample:1.0", "layer ", "should have the digest sha256:"]);
        assert_eq!(ran.stdout, "");
    }
}

/// A cached record of a layer proves nothing about the bytes that the engine has now.
#[test]
fn cached_image_is_read_again() {
    for (engine, variable, socket) in engines() {
        let image = format!("{engine}://dive-sample:1.0");
        let proxy = Proxy::before_socket(&socket);
        let user = User::new().sets(variable, proxy.address());
        user.runs(&["tree", &image]).ends_with(0);
        proxy.always(EXPORT, Fault::Flip(IN_A_FILE));
        user.runs(&["tree", &image]).ends_with(0);
        assert_fails(&user.runs(&["tree", "--verify", &image]), &["should have the digest sha256:"]);
    }
}
