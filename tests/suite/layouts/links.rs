//! Layout directories that contain symlinks.

#![cfg(unix)]

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::json;

use crate::build::Layout;
use crate::user::User;

#[test]
fn layout_links_outside_need_follow_links() {
    let mut layout = Layout::default();
    let entry = layout.image("linux/amd64", "a");
    layout.lists(entry, &json!({}));
    let user = User::new();
    for (name, content) in layout.files() {
        let blob = user.file("cache").join(&name);
        let place = user.file("layout").join(&name);
        for file in [&blob, &place] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        }
        if name.starts_with("blobs/") {
            std::fs::write(&blob, content).unwrap();
            symlink(format!("../../../cache/{name}"), &place).unwrap();
        } else {
            std::fs::write(&place, content).unwrap();
        }
    }
    let ran = user.runs(&["layout"]);
    assert!(ran.error().contains("--follow-links") && ran.error().contains("`cp -rL layout COPY`"), "{}", ran.error());
    user.runs(&["tree", "--follow-links", "layout"]).ends_with(0).prints(&["a\n"]);
    // The command is for a shell.
    for (name, word) in [("my layout; id", "'my layout; id'"), ("-layout", "./-layout")] {
        std::fs::rename(user.file("layout"), user.file(name)).unwrap();
        let ran = user.runs(&["--", name]);
        assert!(ran.error().contains(&format!("`cp -rL {word} COPY`")), "{}", ran.error());
        std::fs::rename(user.file(name), user.file("layout")).unwrap();
    }
    // Only regular files, wherever they are.
    let index = user.file("layout/index.json");
    std::fs::remove_file(&index).unwrap();
    symlink("/dev/zero", &index).unwrap();
    let ran = user.runs(&["--follow-links", "layout"]);
    assert!(ran.error().contains("not a regular file"), "{}", ran.error());
}

/// An image of one layer in the directory `layout`, with the paths of manifest, configuration and layer.
fn written() -> (User, [PathBuf; 3]) {
    let mut layout = Layout::default();
    let entry = layout.image("linux/amd64", "a");
    layout.lists(entry, &json!({}));
    let user = User::new();
    std::fs::create_dir_all(user.file("layout/blobs/sha256")).unwrap();
    let mut blobs = Vec::new();
    for (name, content) in layout.files() {
        let path = user.file("layout").join(&name);
        std::fs::write(&path, content).unwrap();
        blobs.extend(name.starts_with("blobs/").then_some(path));
    }
    let [config, layer, manifest] = blobs.try_into().unwrap();
    (user, [manifest, config, layer])
}

/// A dangling symlink is not reported as a missing blob.
#[test]
fn dangling_layout_link_is_named() {
    for which in 0..3 {
        for (target, message) in [
            ("gone", "links to \"gone\" (missing)"),
            ("../../../cache/gone", "links to \"../../../cache/gone\" (missing)"),
            ("/nowhere/gone", "links to \"/nowhere/gone\" (missing)"),
            ("SELF", "a loop of links"),
            ("/dev/zero", "links to \"/dev/zero\" (not a regular file)"),
            ("/dev/stdin", "not a regular file"),
            (".", "links to \".\" (not a regular file)"),
        ] {
            let (user, blobs) = written();
            let blob = &blobs[which];
            std::fs::remove_file(blob).unwrap();
            let own = blob.file_name().unwrap().to_str().unwrap();
            symlink(if target == "SELF" { own } else { target }, blob).unwrap();
            for options in [&["layout"][..], &["--follow-links", "layout"]] {
                let ran = user.runs(options);
                let error = ran.error();
                assert!(error.contains(message), "{which} {target}: {error}");
                assert!(error.contains(own), "{which} {target}: {error}");
                assert!(!error.contains("without some of its blobs"), "{which} {target}: {error}");
            }
        }
    }
}

#[test]
fn dangling_folder_link_is_named() {
    for (link, target, message) in [
        ("blobs", "../gone", "\"blobs\" links to \"../gone\" (missing)"),
        ("blobs/sha256", "sha256", "\"blobs/sha256\" links to \"sha256\" (a loop of links)"),
        ("index.json", "gone.json", "\"index.json\" links to \"gone.json\" (missing)"),
        ("index.json", "/dev/zero", "\"index.json\" links to \"/dev/zero\" (not a regular file)"),
    ] {
        let (user, _) = written();
        let path = user.file("layout").join(link);
        std::fs::rename(&path, user.file("moved")).unwrap();
        symlink(target, path).unwrap();
        let ran = user.runs(&["./layout"]);
        assert!(ran.error().contains(message), "{}", ran.error());
    }
}

/// Also if other files are symlinks.
#[test]
fn missing_blob_is_called_missing() {
    for which in 0..3 {
        let (user, blobs) = written();
        std::fs::remove_file(&blobs[which]).unwrap();
        std::fs::rename(user.file("layout/blobs"), user.file("layout/data")).unwrap();
        symlink("data", user.file("layout/blobs")).unwrap();
        let ran = user.runs(&["layout"]);
        assert!(ran.error().contains("is missing: the layout is incomplete"), "{}", ran.error());
    }
}
