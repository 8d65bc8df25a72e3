//! Images of engines and registries on a screen: what is asked before it is up, what it shows while bytes come, and what
//! comes only when somebody looks.

use std::sync::Arc;

use super::USUAL;
use super::session::Session;
use crate::engines::proxy::{Fault, Gate, Proxy};
use crate::engines::{EXPORT, servers};
use crate::place::Corpus;
use crate::user::User;

fn waits_for_image(session: &Session) {
    session.waits_until("the image", |screen| screen.has("Filetree") && screen.footer().contains(" Help "));
}

/// Docker's sample, of which a user has seen the listing before.
fn seen_before(proxy: &Proxy) -> User {
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    user.runs(&["--json", "-", "docker://dive-sample:1.0"]).ends_with(0);
    proxy.forget();
    user
}

/// An image that was seen before, on the screen, behind a proxy before Docker's socket.
fn known_image() -> Option<(Proxy, Session)> {
    let proxy = Proxy::before_socket(&servers::docker()?);
    let dive = Session::dive(seen_before(&proxy), USUAL, &["docker://dive-sample:1.0"]);
    waits_for_image(&dive);
    Some((proxy, dive))
}

/// Puts the cursor on `/tmp/vendor.txt`.
fn picks_vendor_txt(dive: &mut Session) {
    dive.press("down down down down tab").press("slash").types("vendor.txt$").press("enter G");
    dive.waits_until("vendor.txt", |screen| screen.selects("vendor.txt"));
}

/// A large image that was seen before is there at once, and its bytes come when they are needed.
#[test]
fn content_comes_from_the_engine_when_somebody_looks_into_a_file() {
    let Some((proxy, mut dive)) = known_image() else { return };
    picks_vendor_txt(&mut dive);
    assert_eq!(proxy.asked(EXPORT).len(), 0, "nobody has looked into a file");
    dive.press("v");
    dive.waits_until("its content", |screen| screen.has("1 download;00001;"));
    assert_eq!(proxy.asked(EXPORT).len(), 1);
    // Another file comes out of the same export.
    dive.press("q");
    dive.press("slash").press("ctrl+u").types("stock.csv$").press("enter G");
    dive.waits_until("stock.csv", |screen| screen.selects("stock.csv"));
    dive.press("v");
    dive.waits_for("/srv/shop/data/stock.csv");
    assert_eq!(proxy.asked(EXPORT).len(), 1);
    dive.press("q q").ends_with(0).is_restored();
}

/// The engine is gone by the time somebody looks: that is said, and everything else is still there.
#[test]
fn content_that_cannot_come_any_more_is_said_so() {
    let Some((proxy, mut dive)) = known_image() else { return };
    proxy.always(EXPORT, Fault::Cut(10_000));
    picks_vendor_txt(&mut dive);
    dive.press("v");
    dive.waits_until("why not", |screen| screen.has("docker") && screen.has("after"));
    dive.press("q q").ends_with(0).is_restored();
}

/// While an export takes its time, its viewer says so, and esc leaves it; the next look gets the content.
#[test]
fn content_that_is_on_its_way_is_shown_so_and_can_be_left() {
    let Some((proxy, mut dive)) = known_image() else { return };
    let gate = Arc::new(Gate::default());
    proxy.always(EXPORT, Fault::Hold(434_000, Arc::clone(&gate)));
    picks_vendor_txt(&mut dive);
    dive.press("v");
    dive.waits_until("how much has come", |screen| screen.has("Exporting the image") && screen.has("434 kB"));
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Exporting the image") && screen.selects("vendor.txt"));
    // The extraction of the same file waits for the same bytes, and can be stopped.
    let folder = tempfile::tempdir().unwrap();
    dive.press("x").press("ctrl+u").types(folder.path().join("out").to_str().unwrap()).press("enter");
    dive.waits_until("how much has come", |screen| screen.has("Exporting the image") && screen.has("434 kB"));
    dive.press("esc");
    dive.waits_for("Cancelled.");
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Cancelled."));
    gate.open();
    dive.press("v");
    dive.waits_until("its content", |screen| screen.has("1 download;00001;"));
    // The extraction may have been stopped while it still waited for the viewer's export to end.
    assert!((2..=3).contains(&proxy.asked(EXPORT).len()), "what was left is asked for again");
    dive.press("q q").ends_with(0).is_restored();
}

/// Nothing that cannot be had looks like something done.
#[test]
fn an_extraction_without_its_layer_has_written_nothing() {
    let Some((proxy, mut dive)) = known_image() else { return };
    proxy.always(EXPORT, Fault::Cut(10_000));
    picks_vendor_txt(&mut dive);
    let folder = tempfile::tempdir().unwrap();
    dive.press("x").press("ctrl+u").types(folder.path().to_str().unwrap()).press("enter");
    dive.waits_until("what came of it", |screen| screen.has("Nothing was written") && screen.has("1 left out"));
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Nothing was written"));
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn the_size_of_an_export_is_shown_while_it_comes_and_it_can_be_left() {
    let (Some(_), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let proxy = Proxy::before_socket(&docker);
    let gate = Arc::new(Gate::default());
    proxy.always(EXPORT, Fault::Hold(1_500_000, Arc::clone(&gate)));
    let user = || User::new().sets("DOCKER_HOST", proxy.address());
    let mut dive = Session::dive(user(), USUAL, &["docker://opaque:buildkit"]);
    gate.wait_for_somebody();
    dive.waits_until("how much has come", |screen| screen.has("Exporting the image") && screen.has("1.5 MB of"));
    dive.press("q").ends_with(0).is_restored();
    // And whoever waits gets the image.
    let mut dive = Session::dive(user(), USUAL, &["docker://opaque:buildkit"]);
    dive.waits_for("Exporting the image");
    gate.open();
    waits_for_image(&dive);
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// An image that the engine has not got, with a name under which it has pulled nothing yet.
fn not_pulled_yet() -> Option<(Proxy, User, String)> {
    let (_, registry) = (servers::docker()?, servers::registry()?);
    let proxy = Proxy::before_host(&registry);
    let image = format!("docker://{}/sample:1", proxy.address());
    Some((proxy, User::of_engines(), image))
}

#[test]
fn somebody_at_a_terminal_is_asked_before_an_engine_pulls() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let mut dive = Session::dive(user, USUAL, &[&image]);
    dive.waits_until("the question", |screen| screen.has("Pull it?") && screen.has("sample:1"));
    assert_eq!(proxy.asked("").len(), 0, "nothing is pulled before the answer");
    dive.types("y").press("enter");
    waits_for_image(&dive);
    dive.press("ctrl+c").ends_with(0).is_restored();
    assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
}

#[test]
fn a_no_is_a_no() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let mut dive = Session::dive(user, USUAL, &[&image]);
    dive.waits_for("Pull it?");
    dive.types("n").press("enter").ends_with(2).is_restored();
    assert!(dive.contents().contains("not pulled"), "{}", dive.contents());
    assert_eq!(proxy.asked("").len(), 0);
}

/// A pipeline may have a terminal, and nobody who reads it.
#[test]
fn in_ci_mode_nobody_is_asked_before_an_engine_pulls() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let dive = Session::dive(user, USUAL, &["--ci", "--highestUserWastedPercent", "0.9", &image]);
    dive.ends_with(0);
    assert!(!dive.contents().contains("Pull it?"));
    assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
}

/// With `--pull` on the command line the answer is known.
#[test]
fn nobody_is_asked_who_has_said_what_to_do() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let dive = Session::dive(user, USUAL, &["--pull", "never", &image]);
    dive.ends_with(2);
    assert_eq!(proxy.asked("").len(), 0);
    let mut dive = Session::dive(User::of_engines(), USUAL, &["--pull", "missing", &image]);
    waits_for_image(&dive);
    assert!(!proxy.asked("/v2/sample/manifests/").is_empty());
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// Where an image lies, how its layers are packed, and by what digests they are known.
#[test]
fn a_registrys_image_is_explored_like_any_other() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("registry://{host}/opaque:gzip");
    let mut dive = Session::dive(User::new(), USUAL, &["--insecure-registry", &host, &image]);
    waits_for_image(&dive);
    dive.waits_until("the layer's details", |screen| screen.has("deb49001b3fe") && screen.has("gzip"));
    dive.press("tab").press("slash").types("os-release$").press("enter");
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// A layer that is known by its own table of contents is entered in its middle: nothing else shows that the right bytes come.
#[test]
fn a_file_of_a_layer_with_a_table_of_contents_is_read_where_the_table_says() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    for kind in ["estargz", "zstdchunked"] {
        let proxy = Proxy::before_host(&host);
        let image = format!("registry://{}/opaque:{kind}", proxy.address());
        let mut dive =
            Session::dive(User::new(), USUAL, &["--insecure-registry", proxy.address(), "--no-cache", &image]);
        waits_for_image(&dive);
        let blobs = || proxy.asked("GET /v2/opaque/blobs/");
        assert!(blobs().iter().any(|asked| asked.range.is_some()), "{kind} was listed by its tables");
        let whole = blobs().iter().filter(|asked| asked.range.is_none()).count();
        dive.press("tab").press("slash").types("etc/passwd$").press("enter G");
        dive.waits_until("passwd", |screen| screen.selects("passwd"));
        dive.press("v");
        dive.waits_until("its content", |screen| screen.has("1 root:x:0:0:root:/root:/bin/sh"));
        assert_eq!(blobs().iter().filter(|asked| asked.range.is_none()).count(), whole + 1, "{kind}: one layer came");
        dive.press("q");
        // To be extracted, the file is read anew, out of the same layer.
        let folder = tempfile::tempdir().unwrap();
        dive.press("x").press("ctrl+u").types(folder.path().to_str().unwrap()).press("enter");
        dive.waits_for("Done.");
        let written = std::fs::read_to_string(folder.path().join("passwd"));
        assert_eq!(written.unwrap(), "root:x:0:0:root:/root:/bin/sh\n", "{kind}");
        dive.press("esc");
        dive.waits_until("the tree", |screen| !screen.has("Done."));
        dive.press("q").ends_with(0).is_restored();
    }
}
