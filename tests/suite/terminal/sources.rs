//! Images of engines and registries on the screen: the prompt before a pull, progress, and content fetched on demand.

use std::sync::Arc;

use super::USUAL;
use super::session::Session;
use crate::engines::bases;
use crate::engines::fake::FakeEngine;
use crate::engines::proxy::{Fault, Gate, Proxy};
use crate::engines::{EXPORT, servers};
use crate::place::Corpus;
use crate::user::User;

fn waits_for_image(session: &Session) {
    session.waits_until("the image", |screen| screen.has("Filetree") && screen.footer().contains(" Help "));
}

/// A user with Docker's sample in the cache.
fn seen_before(proxy: &Proxy) -> User {
    let user = User::new().sets("DOCKER_HOST", proxy.address());
    user.runs(&["--json", "-", "docker://dive-sample:1.0"]).ends_with(0);
    proxy.clear_records();
    user
}

/// A cached image on the screen, with a proxy before Docker's socket.
fn known_image() -> Option<(Proxy, Session)> {
    let proxy = Proxy::before_socket(&servers::docker()?);
    let dive = Session::dive(seen_before(&proxy), USUAL, &["docker://dive-sample:1.0"]);
    waits_for_image(&dive);
    Some((proxy, dive))
}

/// Selects `/tmp/vendor.txt`.
fn picks_vendor_txt(dive: &mut Session) {
    dive.press("down down down down tab").press("slash").types("vendor.txt$").press("enter G");
    dive.waits_until("vendor.txt", |screen| screen.selects("vendor.txt"));
}

/// The screen does not wait for it: the image shows first, and the line appears when the base is found.
#[test]
fn base_found_in_the_engine_appears_on_the_screen() {
    let image = |files: &[&str]| bases::archive(files, &serde_json::json!(null));
    let engine = FakeEngine::of(vec![("app:1", image(&["os", "app"])), ("debian:13", image(&["os"]))]);
    let user = User::new().sets("DOCKER_HOST", engine.address());
    let mut dive = Session::dive(user, USUAL, &["docker://app:1"]);
    waits_for_image(&dive);
    dive.waits_for("end of the base debian:13");
    dive.press("right right");
    dive.waits_for("Base: debian:13 (found in the engine)");
    dive.press("q").ends_with(0).is_restored();
}

/// A cached image opens at once; its content is fetched on demand.
#[test]
fn viewer_fetches_content_from_the_engine_on_demand() {
    let Some((proxy, mut dive)) = known_image() else { return };
    picks_vendor_txt(&mut dive);
    assert_eq!(proxy.requests(EXPORT).len(), 0, "exports before opening a file");
    dive.press("v");
    dive.waits_until("the file's content", |screen| screen.has("1 download;00001;"));
    assert_eq!(proxy.requests(EXPORT).len(), 1);
    // The export is used for another file, too.
    dive.press("q");
    dive.press("slash").press("ctrl+u").types("stock.csv$").press("enter G");
    dive.waits_until("stock.csv", |screen| screen.selects("stock.csv"));
    dive.press("v");
    dive.waits_for("/srv/shop/data/stock.csv");
    assert_eq!(proxy.requests(EXPORT).len(), 1);
    dive.press("q q").ends_with(0).is_restored();
}

/// The engine fails meanwhile: the viewer says so, and everything else still works.
#[test]
fn viewer_reports_a_failed_engine() {
    let Some((proxy, mut dive)) = known_image() else { return };
    proxy.always(EXPORT, Fault::Cut(10_000));
    picks_vendor_txt(&mut dive);
    dive.press("v");
    dive.waits_until("the reason why the file cannot be viewed", |screen| screen.has("docker") && screen.has("after"));
    dive.press("q q").ends_with(0).is_restored();
}

/// During an export, the viewer shows progress and esc closes it; opening it again shows the content.
#[test]
fn viewer_shows_export_progress_and_can_be_closed() {
    let Some((proxy, mut dive)) = known_image() else { return };
    let gate = Arc::new(Gate::default());
    proxy.always(EXPORT, Fault::Hold(434_000, Arc::clone(&gate)));
    picks_vendor_txt(&mut dive);
    dive.press("v");
    dive.waits_until("the progress of the transfer", |screen| {
        screen.has("Exporting the image") && screen.has("434 kB")
    });
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Exporting the image") && screen.selects("vendor.txt"));
    // An extraction waits for the same export and can be cancelled.
    let folder = tempfile::tempdir().unwrap();
    dive.press("x").press("ctrl+u").types(folder.path().join("out").to_str().unwrap()).press("enter");
    dive.waits_until("the progress of the transfer", |screen| {
        screen.has("Exporting the image") && screen.has("434 kB")
    });
    dive.press("esc");
    dive.waits_for("Cancelled.");
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Cancelled."));
    gate.open();
    dive.press("v");
    dive.waits_until("the file's content", |screen| screen.has("1 download;00001;"));
    // The extraction may have been cancelled while it waited for the viewer's export.
    assert!((2..=3).contains(&proxy.requests(EXPORT).len()), "exports");
    dive.press("q q").ends_with(0).is_restored();
}

/// A failed extraction must not look successful.
#[test]
fn extraction_without_its_layer_writes_nothing() {
    let Some((proxy, mut dive)) = known_image() else { return };
    proxy.always(EXPORT, Fault::Cut(10_000));
    picks_vendor_txt(&mut dive);
    let folder = tempfile::tempdir().unwrap();
    dive.press("x").press("ctrl+u").types(folder.path().to_str().unwrap()).press("enter");
    dive.waits_until("the extraction's result", |screen| {
        screen.has("Nothing was written") && screen.has("1 not extracted")
    });
    dive.press("esc");
    dive.waits_until("the tree", |screen| !screen.has("Nothing was written"));
    dive.press("q").ends_with(0).is_restored();
}

#[test]
fn export_shows_its_size_and_can_be_cancelled() {
    let (Some(_), Some(docker)) = (Corpus::here(), servers::docker()) else { return };
    let proxy = Proxy::before_socket(&docker);
    let gate = Arc::new(Gate::default());
    proxy.always(EXPORT, Fault::Hold(1_500_000, Arc::clone(&gate)));
    let user = || User::new().sets("DOCKER_HOST", proxy.address());
    let mut dive = Session::dive(user(), USUAL, &["docker://opaque:buildkit"]);
    gate.wait_for_response();
    dive.waits_until("the progress of the transfer", |screen| {
        screen.has("Exporting the image") && screen.has("1.5 MB of")
    });
    dive.press("q").ends_with(0).is_restored();
    // A user who waits gets the image.
    let mut dive = Session::dive(user(), USUAL, &["docker://opaque:buildkit"]);
    dive.waits_for("Exporting the image");
    gate.open();
    waits_for_image(&dive);
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// An image that the engine has not pulled yet, with a new name.
fn not_pulled_yet() -> Option<(Proxy, User, String)> {
    let (_, registry) = (servers::docker()?, servers::registry()?);
    let proxy = Proxy::before_host(&registry);
    let image = format!("docker://{}/sample:1", proxy.address());
    Some((proxy, User::of_engines(), image))
}

#[test]
fn terminal_user_is_asked_before_a_pull() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let mut dive = Session::dive(user, USUAL, &[&image]);
    dive.waits_until("the question", |screen| screen.has("Pull it?") && screen.has("sample:1"));
    assert_eq!(proxy.requests("").len(), 0, "requests before the answer");
    dive.types("y").press("enter");
    waits_for_image(&dive);
    dive.press("ctrl+c").ends_with(0).is_restored();
    assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
}

#[test]
fn declined_pull_does_not_pull() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let mut dive = Session::dive(user, USUAL, &[&image]);
    dive.waits_for("Pull it?");
    dive.types("n").press("enter").ends_with(2).is_restored();
    assert!(dive.contents().contains("not pulled"), "{}", dive.contents());
    assert_eq!(proxy.requests("").len(), 0);
}

/// Behind the screen nobody could answer, and forty questions are none.
#[test]
fn missing_images_of_a_list_are_asked_about_once() {
    let layers = bases::archive(&["os", "app"], &serde_json::json!(null));
    let engine = FakeEngine::of(vec![("app:1", layers)]);
    let user = || User::new().sets("DOCKER_HOST", engine.address());
    let images = ["docker://app:1", "docker://gone:1", "docker://lost:2"];
    let mut dive = Session::dive(user(), USUAL, &images);
    dive.waits_for(r#"These images are missing: "gone:1", "lost:2". Pull them? [Y/n]"#);
    dive.types("n").press("enter");
    dive.waits_until("the list", |screen| screen.has_all(&["1 of 3 images read · 2 unread", "unread: "]));
    dive.press("q").ends_with(0).is_restored();
    let mut dive = Session::dive(user(), USUAL, &images[..2]);
    dive.waits_for(r#"docker has no image "gone:1". Pull it? [Y/n]"#);
    dive.types("n").press("enter");
    dive.waits_for("1 of 2 images read · 1 unread");
    dive.press("q").ends_with(0).is_restored();
    // `--pull` answers the question.
    let mut dive = Session::dive(user(), USUAL, &[&["--pull", "never"], &images[..]].concat());
    dive.waits_for("1 of 3 images read · 2 unread");
    dive.press("q").ends_with(0).is_restored();
    assert!(!dive.contents().contains("Pull"), "{}", dive.contents());
}

/// An engine that stops in the middle of a list ends neither the list nor the images of other sources.
#[test]
fn an_engine_that_stops_leaves_the_rest_of_the_list() {
    // The cache has the layers that two images share.
    let layers = |own: &str| bases::archive(&["os", own], &serde_json::json!(null));
    let images = ["one:1", "two:1", "three:1"].map(|tag| (tag, layers(tag)));
    let engine = FakeEngine::that_stops(images.into(), 1);
    let user = User::new().sets("DOCKER_HOST", engine.address());
    std::fs::write(user.file("file.tar"), layers("file")).unwrap();
    // Its questions about missing images come before the screen.
    let images =
        ["--pull", "never", "docker://one:1", "docker://two:1", "docker://one:1", "docker://three:1", "file.tar"];
    let mut dive = Session::dive(user, USUAL, &images);
    dive.waits_until("all rows", |screen| {
        screen.has_all(&["2 of 4 images read · 2 unread", "the export of \"two:1\" stopped", "cannot reach docker"])
    });
    dive.press("G enter");
    dive.waits_until("the file", |screen| screen.has_all(&["Filetree", "Layers (2)"]));
    dive.press("esc");
    dive.waits_for("Images (4)");
    dive.press("q").ends_with(0).is_restored();
}

/// A pipeline may have a terminal without a user.
#[test]
fn ci_mode_pulls_without_asking() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let dive = Session::dive(user, USUAL, &["--ci", "--highestUserWastedPercent", "0.9", &image]);
    dive.ends_with(0);
    assert!(!dive.contents().contains("Pull it?"));
    assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
}

/// A cloned folder may turn on CI mode, but must not take the question away.
#[test]
fn ci_mode_of_the_folder_asks_before_a_pull() {
    let engine = FakeEngine::of(vec![("app:1", bases::archive(&["os"], &serde_json::json!(null)))]);
    let user = || User::new().sets("DOCKER_HOST", engine.address()).writes(".dive.yaml", "ci: true\n");
    for images in [&["docker://gone:1"][..], &["docker://app:1", "docker://gone:1"], &["tree", "docker://gone:1"]] {
        let mut dive = Session::dive(user(), USUAL, images);
        dive.waits_for(r#"docker has no image "gone:1". Pull it? [Y/n]"#);
        dive.types("n").press("enter").ends_with(2);
    }
    for (user, options) in [
        (user(), &["--ci"][..]),
        (user().sets("CI", "true"), &[]),
        (user().sets("DIVE_CI", "1"), &[]),
        (user().keeps(".dive.yaml", "ci: true\n"), &[]),
    ] {
        let dive = Session::dive(user, USUAL, &[options, &["docker://gone:1"]].concat());
        dive.ends_with(2);
        assert!(!dive.contents().contains("Pull it?"), "{options:?}: {}", dive.contents());
    }
}

/// `--pull` answers the question.
#[test]
fn pull_flag_prevents_the_question() {
    let Some((proxy, user, image)) = not_pulled_yet() else { return };
    let dive = Session::dive(user, USUAL, &["--pull", "never", &image]);
    dive.ends_with(2);
    assert_eq!(proxy.requests("").len(), 0);
    let mut dive = Session::dive(User::of_engines(), USUAL, &["--pull", "missing", &image]);
    waits_for_image(&dive);
    assert!(!proxy.requests("/v2/sample/manifests/").is_empty());
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// The details show digest and compression.
#[test]
fn registry_image_shows_its_details() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    let image = format!("registry://{host}/opaque:gzip");
    let mut dive = Session::dive(User::new(), USUAL, &["--insecure-registry", &host, &image]);
    waits_for_image(&dive);
    dive.waits_until("the layer's details", |screen| screen.has("deb49001b3fe") && screen.has("gzip"));
    dive.press("tab").press("slash").types("os-release$").press("enter");
    dive.press("ctrl+c").ends_with(0).is_restored();
}

/// The table of contents gives offsets in the middle of the layer; only the content shows that they are right.
#[test]
fn file_is_read_at_its_table_of_contents_offset() {
    let (Some(_), Some(host)) = (Corpus::here(), servers::registry()) else { return };
    for kind in ["estargz", "zstdchunked"] {
        let proxy = Proxy::before_host(&host);
        let image = format!("registry://{}/opaque:{kind}", proxy.address());
        let mut dive =
            Session::dive(User::new(), USUAL, &["--insecure-registry", proxy.address(), "--no-cache", &image]);
        waits_for_image(&dive);
        let blobs = || proxy.requests("GET /v2/opaque/blobs/");
        assert!(blobs().iter().any(|request| request.range.is_some()), "{kind}: no range request");
        let whole = blobs().iter().filter(|request| request.range.is_none()).count();
        dive.press("tab").press("slash").types("etc/passwd$").press("enter G");
        dive.waits_until("passwd", |screen| screen.selects("passwd"));
        dive.press("v");
        dive.waits_until("the file's content", |screen| screen.has("1 root:x:0:0:root:/root:/bin/sh"));
        assert_eq!(
            blobs().iter().filter(|request| request.range.is_none()).count(),
            whole + 1,
            "{kind}: whole layers pulled"
        );
        dive.press("q");
        // The extraction reads the file again from the same layer.
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
