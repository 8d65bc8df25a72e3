//! Opens small archives and checks which image is chosen, what messages name, and which damage is tolerated.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::remark::Shown;
use crate::store::{FileStore, Links};

/// A digest of one repeated letter: `d('a')` is `sha256:aaaa...`.
fn d(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn blob_path(letter: char) -> String {
    d(letter).replacen("sha256:", "blobs/sha256/", 1)
}

fn source(folder: &Path, members: &[(String, String)]) -> FileStore {
    let path = folder.join("image.tar");
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        if let Some(target) = content.strip_prefix("-> ") {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, name, target).unwrap();
        } else {
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, name, content.as_bytes()).unwrap();
        }
    }
    tar.finish().unwrap();
    FileStore::open(&path, Links::Inside, OnDamage::Fail, &mut |_| ()).unwrap()
}

fn members(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

/// A summary of the image, or the error, without the name of the folder.
fn shown(list: &[(String, String)], selection: &Selection, on_damage: OnDamage) -> String {
    let folder = tempfile::tempdir().unwrap();
    let store = source(folder.path(), list);
    let place = store.name().to_owned();
    let text = match open(&store, selection, on_damage) {
        Err(error) => error.to_string(),
        Ok(image) => {
            let mut text = format!("{} {:?}", image.name, image.tags);
            if let Some(platform) = &image.platform {
                write!(text, " {platform}").unwrap();
            }
            for (index, layer) in image.layers.iter().enumerate() {
                let here = if layer.blob.is_ok() { "" } else { " lost" };
                write!(text, "\n{index}: {} {:?}{here}", Shown(&layer.id), layer.command).unwrap();
            }
            for name in &image.other_images {
                write!(text, "\nalso {name}").unwrap();
            }
            for remark in &image.remarks {
                write!(text, "\nremark {remark}").unwrap();
            }
            text
        }
    };
    text.replace(&place, "image.tar")
}

fn first(list: &[(String, String)]) -> String {
    shown(list, &Selection::default(), OnDamage::Fail)
}

fn image(name: &str) -> Selection {
    Selection { image: Some(name.parse().unwrap()), platform: None }
}

fn platform(text: &str) -> Selection {
    Selection { image: None, platform: Some(text.parse().unwrap()) }
}

const CONFIG: &str = r#"{"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:1", "sha256:2"]},
    "history": [{"created_by": "/bin/sh -c one"}, {"created_by": "ENV", "empty_layer": true}, {"created_by": "two"}]}"#;

fn docker(manifest: &str, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut list = members(&[("c.json", CONFIG), ("l0/layer.tar", ""), ("l1/layer.tar", "")]);
    list.extend(members(more));
    list.extend(members(&[("manifest.json", manifest)]));
    list
}

#[test]
fn a_saved_image_shows_its_layers_and_their_commands() {
    let list =
        docker(r#"[{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l0/layer.tar", "l1/layer.tar"]}]"#, &[]);
    assert_eq!(first(&list), "a:1 [\"a:1\"] linux/amd64\n0: l0 \"one\"\n1: l1 \"two\"");
}

#[test]
fn layers_of_podman_and_skopeo_have_the_ids_of_their_links() {
    let list = docker(
        r#"[{"Config": "c.json", "RepoTags": null, "Layers": ["x.tar", "x.tar"]}]"#,
        &[("x.tar", ""), ("id0/layer.tar", "-> ../x.tar"), ("id1/layer.tar", "-> ../x.tar")],
    );
    assert_eq!(first(&list), "image.tar [] linux/amd64\n0: id0 \"one\"\n1: id1 \"two\"");
}

#[test]
fn one_of_several_images_is_chosen_by_number_or_tag() {
    let layers = r#""Config": "c.json", "Layers": ["l0/layer.tar", "l1/layer.tar"]"#;
    let manifest = format!(r#"[{{"RepoTags": ["a:1", "a:latest"], {layers}}}, {{"RepoTags": ["b:1"], {layers}}}]"#);
    let list = docker(&manifest, &[]);
    let shown = |name| shown(&list, &image(name), OnDamage::Fail);
    assert!(first(&list).ends_with("\nalso 1: b:1"));
    assert!(shown("b:1").starts_with("b:1 ") && shown("1").starts_with("b:1 "));
    assert!(shown("docker.io/library/a").starts_with("a:latest [\"a:1\", \"a:latest\"]"));
    assert_eq!(shown("c"), "image.tar: no image c; available: 0: a:1, a:latest; 1: b:1. Choose one with --image");
}

#[test]
fn empty_tags_are_ignored() {
    let layers = r#""Config": "c.json", "Layers": ["l0/layer.tar", "l1/layer.tar"]"#;
    let named = docker(&format!(r#"[{{"RepoTags": [null, "q:1", ""], {layers}}}]"#), &[]);
    assert!(first(&named).starts_with("q:1 [\"q:1\"] "), "{}", first(&named));
    let nameless = docker(&format!(r#"[{{"RepoTags": [null], {layers}}}]"#), &[]);
    assert!(first(&nameless).starts_with("image.tar [] "), "{}", first(&nameless));
}

#[test]
fn damage_is_an_error_or_a_remark() {
    let list = docker(
        r#"[{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l0/layer.tar", "gone", "l1/layer.tar"]}]"#,
        &[],
    );
    assert_eq!(
        first(&list),
        "image.tar: layer 1 (of 3, from 0): its blob gone is missing: the archive is incomplete; save the image again; \
         --ignore-errors shows the other layers"
    );
    assert_eq!(
        shown(&list, &Selection::default(), OnDamage::Remark),
        "a:1 [\"a:1\"] linux/amd64\n0: l0 \"one\"\n1: gone \"two\" lost\n2: l1 \"\"\n\
         remark image.tar: layer 1: its blob gone is missing: the archive is incomplete; save the image again; \
         dive skips the layer\n\
         remark image.tar: the history describes 2 layers, but the image has 3; dive matches commands from the base up\n\
         remark image.tar: the manifest lists 3 layers, but the configuration lists 2, which Docker refuses to load; \
         dive shows the layers of the manifest"
    );
}

#[test]
fn a_name_in_a_message_cannot_control_the_terminal() {
    let list = docker(r#"[{"Config": "\u001b[2J", "RepoTags": null, "Layers": ["\u001b]0;x"]}]"#, &[]);
    for on_damage in [OnDamage::Fail, OnDamage::Remark] {
        assert!(!shown(&list, &Selection::default(), on_damage).contains('\u{1b}'));
    }
}

#[test]
fn deep_json_neither_hangs_nor_overflows_the_stack() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(first(&docker(&deep, &[])).contains("manifest.json is not a valid document"));
    let unknown = format!(
        r#"[{{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["l0/layer.tar", "l1/layer.tar"], "New": {deep}}}]"#
    );
    let text = first(&docker(&unknown, &[]));
    assert!(text.contains("nested deeper than 10000 levels"), "{text}");
}

#[test]
fn a_root_file_system_is_shown_as_one_layer() {
    let text = first(&members(&[("etc/passwd", "root")]));
    assert_eq!(text.lines().next(), Some("image.tar []"), "{text}");
    assert!(text.contains("it is a root file system"), "{text}");
}

/// An OCI layout with manifests `(digest, architecture)`, all of two layers.
fn layout(index: &str, manifests: &[(char, &str)]) -> Vec<(String, String)> {
    let mut list = members(&[("index.json", index)]);
    for (letter, architecture) in manifests {
        let config = letter.to_ascii_lowercase();
        let config_digest = d(config).replace("sha256:", "sha256:0").chars().take(71).collect::<String>();
        list.push((config_digest.replacen("sha256:", "blobs/sha256/", 1), CONFIG.replace("amd64", architecture)));
        list.push((
            blob_path(*letter),
            format!(
                r#"{{"config": {{"digest": "{config_digest}"}}, "layers": [{{"digest": "{}"}}, {{"digest": "{}"}}]}}"#,
                d('1'),
                d('2')
            ),
        ));
    }
    list.push((blob_path('1'), String::new()));
    list.push((blob_path('2'), String::new()));
    list
}

fn entry(letter: char, rest: &str) -> String {
    format!(r#"{{"digest": "{}"{rest}}}"#, d(letter))
}

fn on(os: &str, architecture: &str) -> String {
    format!(r#", "platform": {{"os": "{os}", "architecture": "{architecture}"}}"#)
}

fn named(name: &str) -> String {
    format!(r#", "annotations": {{"org.opencontainers.image.ref.name": "{name}"}}"#)
}

fn index(entries: &[String]) -> String {
    format!(r#"{{"manifests": [{}]}}"#, entries.join(", "))
}

#[test]
fn a_platform_is_chosen_inside_a_nested_index() {
    let inner = index(&[
        entry('e', &on("unknown", "unknown")),
        entry('a', &on("linux", "amd64")),
        entry('b', &on("linux", "arm64")),
        entry('c', &on("linux", "s390x")),
    ]);
    let mut list = layout(&index(&[entry('f', &named("m:1"))]), &[('a', "amd64"), ('b', "arm64")]);
    list.push((blob_path('f'), inner));
    let shown = |text| shown(&list, &platform(text), OnDamage::Fail);
    assert!(shown("linux/amd64").starts_with("m:1 [\"m:1\"] linux/amd64\n0: sha256:1111"));
    assert!(shown("linux/arm64/v8").starts_with("m:1 [\"m:1\"] linux/arm64\n"));
    assert!(shown("linux/s390x").contains("the manifest blobs/sha256/cccc"), "{}", shown("linux/s390x"));
    assert_eq!(
        shown("windows/amd64"),
        "image.tar: no image for windows/amd64; available: linux/amd64, linux/arm64. Choose one with --platform"
    );
}

/// The platforms of the other images, in one line.
fn other_platforms(list: &[(String, String)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let image = open(&source(folder.path(), list), &Selection::default(), OnDamage::Fail).unwrap();
    let platforms = |name: &ImageName| name.platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
    image.other_images.iter().map(platforms).collect::<Vec<_>>().join(", ")
}

/// Otherwise the list of images has rows that only differ in a digest.
#[test]
fn other_images_have_the_platforms_that_the_index_gives() {
    let inner = index(&[
        entry('b', &on("linux", "amd64")),
        entry('c', &on("linux", "arm64")),
        entry('e', &on("linux", "s390x")),
    ]);
    let mut list = layout(
        &index(&[entry('a', &named("m:1")), entry('f', &named("m:2"))]),
        &[('a', "amd64"), ('b', "amd64"), ('c', "arm64")],
    );
    list.push((blob_path('f'), inner));
    assert_eq!(other_platforms(&list), "linux/amd64+linux/arm64", "the manifest for s390x is missing");
}

#[test]
fn images_of_an_archive_that_share_a_tag_have_their_platforms() {
    let layers = r#""Layers": ["l0/layer.tar", "l1/layer.tar"]"#;
    let manifest = format!(
        r#"[{{"RepoTags": ["a:1"], "Config": "c.json", {layers}}}, {{"RepoTags": ["a:1"], "Config": "d.json", {layers}}},
            {{"RepoTags": ["b:1"], "Config": "d.json", {layers}}}, {{"RepoTags": [], "Config": "d.json", {layers}}}]"#
    );
    let list = docker(&manifest, &[("d.json", &CONFIG.replace("amd64", "riscv64"))]);
    assert_eq!(other_platforms(&list), "linux/riscv64, , linux/riscv64", "b:1 is told apart by its tag");
}

#[test]
fn the_only_platform_is_shown_with_a_remark() {
    let list = layout(&index(&[entry('a', &on("plan9", "mips"))]), &[('a', "mips")]);
    assert!(first(&list).contains("remark image.tar: dive shows the image for plan9/mips"), "{}", first(&list));
    assert!(shown(&list, &platform("linux/amd64"), OnDamage::Fail).contains("; available: plan9/mips."));
}

#[test]
fn entries_of_one_digest_are_one_image_with_several_tags() {
    let list = layout(
        &index(&[entry('a', &named("a:1")), entry('a', &named("a:latest")), entry('b', &named("b:1"))]),
        &[('a', "amd64"), ('b', "amd64")],
    );
    let text = first(&list);
    assert!(text.starts_with("a:1 [\"a:1\", \"a:latest\"]") && text.contains("also 1: b:1"), "{text}");
    assert!(shown(&list, &image("b:1"), OnDamage::Fail).starts_with("b:1 "));
}

#[test]
fn an_index_that_lists_itself_does_not_loop() {
    let itself = index(&[entry('f', "")]);
    let mut list = layout(&itself, &[]);
    list.push((blob_path('f'), itself));
    assert!(first(&list).contains("index.json lists no images"), "{}", first(&list));
}

#[test]
fn an_artifact_is_an_error_with_its_type() {
    let config = format!(r#"{{"digest": "{}", "mediaType": "application/vnd.cncf.helm.config.v1+json"}}"#, d('c'));
    let mut list = layout(&index(&[entry('a', "")]), &[]);
    list.push((blob_path('a'), format!(r#"{{"config": {config}, "layers": []}}"#)));
    list.push((blob_path('c'), r#"{"name": "chart"}"#.to_owned()));
    assert!(first(&list).contains("an OCI artifact of type \"application/vnd.cncf.helm.config.v1+json\""));
    let escape = layout(r#"{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}"#, &[]);
    assert!(first(&escape).contains("is not a digest"));
}
