//! The screen in dive's own image: `docker run --rm -it`, as in READMEs.

use super::USUAL;
use super::session::Session;
use crate::own_image::OwnImage;

#[test]
fn container_screen_works_and_restores_the_terminal() {
    for options in ["", "-e DOCKER_API_VERSION=1.37"] {
        let Some(own) = OwnImage::here() else { return };
        let arguments =
            own.arguments(&format!("run --rm -it {options} -v $SOCKET:/var/run/docker.sock DIVE dive-sample:1.0"));
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let mut docker = Session::program(own.user, USUAL, "docker", &arguments);
        docker.waits_until("the image", |screen| screen.has_all(&["Filetree", "dive-sample:1.0", "busybox"]));
        // Docker's client reserves ctrl+p, but every action has a plain key.
        docker.press("w");
        docker.waits_for("/var/cache/build/obj/a.o");
        docker.press("esc q").ends_with(0).is_restored();
    }
}
