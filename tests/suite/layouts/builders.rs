//! Images of public bug reports of builders, made anew from what the reports say. Each test names its report, what engines do
//! with such an image, and what a user sees here.

use serde_json::{Value, json};

use crate::build::{Layer, Layout, TAR, described};
use crate::user::{Ran, User};

fn opened(tar: &[u8], arguments: &[&str]) -> Ran {
    let user = User::new();
    std::fs::write(user.file("image.tar"), tar).unwrap();
    user.runs(&[arguments, &["image.tar"]].concat())
}

/// What `dive tree` lists.
fn listed(tar: &[u8]) -> (String, String) {
    let ran = opened(tar, &["tree", "--format", "tsv"]).ends_with(0);
    let rows: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
    (rows.join(" "), ran.stderr)
}

/// An archive of one image with these layers, in the way of go-containerregistry: `sha256:HEX` and `HEX.tar.gz`.
fn saved(layers: &[Layer], diff_ids: usize, tags: &Value) -> Vec<u8> {
    let names: Vec<String> = (0..layers.len()).map(|at| format!("{at:064x}.tar.gz")).collect();
    let config = format!("sha256:{}", "c".repeat(64));
    let manifest = json!([{ "Config": config, "RepoTags": tags, "Layers": names }]);
    let archive = Layer::default().file(&config, described("linux/amd64", &vec!["sha256:0"; diff_ids]).to_string());
    let archive = names.iter().zip(layers).fold(archive, |archive, (name, layer)| archive.file(name, layer.blob()));
    archive.file("manifest.json", manifest.to_string()).tar()
}

fn image(layers: &[Layer]) -> Vec<u8> {
    saved(layers, layers.len(), &json!(["a:1"]))
}

/// <https://github.com/chainguard-dev/apko/issues/529>: apko writes `sha256:HEX` for the configuration and `HEX.tar.gz` for
/// layers. Docker loads it.
#[test]
fn apko_names_configurations_by_digest() {
    let layer = Layer::default().file("etc/os-release", "ID=wolfi").gzip();
    assert_eq!(listed(&image(&[layer])), ("etc etc/os-release".to_owned(), String::new()));
}

/// <https://github.com/bazelbuild/rules_docker/issues/474>: layers without content were left out of the configuration alone.
/// Docker: "layers length mismatch".
#[test]
fn rules_docker_lists_more_layers_than_the_configuration() {
    let layers = ["a", "b", "c"].map(|file| Layer::default().file(file, file));
    let ran = opened(&saved(&layers, 2, &json!(["a:1"])), &[]);
    assert!(
        ran.error().contains("the manifest lists 3 layers and the configuration 2, which Docker refuses"),
        "{}",
        ran.error()
    );
}

/// <https://github.com/bazel-contrib/rules_oci/issues/189>: `RepoTags` is one text. Docker: "cannot unmarshal string into Go
/// struct field manifestItem.RepoTags".
#[test]
fn rules_oci_wrote_one_tag_as_text() {
    let ran = opened(&saved(&[Layer::default()], 1, &json!("phono:latest")), &[]);
    assert!(
        ran.error().contains("manifest.json is not a valid document: expected a list, found a string"),
        "{}",
        ran.error()
    );
}

/// <https://github.com/GoogleContainerTools/kaniko/issues/1151>: for a dangling link, kaniko 0.19 adds a hard link from `/` to
/// `.`. Docker refuses the layer: "unlinkat .//: device or resource busy".
#[test]
fn kaniko_links_the_root_to_itself() {
    let layer = Layer::default().dir(".").hardlink("/", ".").symlink("link", "nowhere");
    let (paths, warnings) = listed(&image(&[layer]));
    assert_eq!(paths, "link");
    assert!(warnings.contains("names the root: ignored"), "{warnings}");
}

/// <https://github.com/containerd/cri/issues/638>: Docker 1.10 saves a layer that another one equals as a link.
#[test]
fn docker_saves_equal_layers_as_links() {
    let (first, second) = ("1".repeat(64), "2".repeat(64));
    let manifest = json!([{
        "Config": "c.json", "RepoTags": ["pause:3.0"],
        "Layers": [format!("{first}/layer.tar"), format!("{second}/layer.tar")],
    }]);
    let archive = Layer::default()
        .file("c.json", described("linux/amd64", &["sha256:0", "sha256:0"]).to_string())
        .symlink(format!("{first}/layer.tar"), format!("../{second}/layer.tar"))
        .file(format!("{second}/layer.tar"), Layer::default().file("pause", "x").tar())
        .file("manifest.json", manifest.to_string());
    assert_eq!(listed(&archive.tar()), ("pause".to_owned(), String::new()));
}

/// <https://github.com/dotnet/sdk-container-builds/issues/626>: an OCI layout in a `tar.gz` under the name of an archive of
/// Docker. Docker without the containerd store refuses it: "blobs/json: no such file".
#[test]
fn the_dotnet_sdk_packs_a_layout_with_gzip() {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for (architecture, file) in [("amd64", "x64"), ("arm64", "arm")] {
        let mut image = layout.image(&format!("linux/{architecture}"), file);
        image["platform"] = json!({ "os": "linux", "architecture": architecture });
        entries.push(image);
    }
    let index = layout.index(&entries);
    layout.lists(index, &json!({ "annotations": { "org.opencontainers.image.ref.name": "latest" } }));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &layout.archive()).unwrap();
    let ran = opened(&gzip.finish().unwrap(), &["tree", "--platform", "linux/arm64"]).ends_with(0).prints(&["arm\n"]);
    assert_eq!(ran.stderr, "");
}

/// <https://github.com/appc/docker2aci/issues/98>: the name that a hard link leads to is removed by a later layer. The other
/// name keeps the content.
#[test]
fn a_hard_link_outlives_its_target() {
    let layers =
        [Layer::default().file("LINK-A", "content").hardlink("LINK-Z", "LINK-A"), Layer::default().whiteout("LINK-A")];
    let ran = opened(&image(&layers), &["tree", "--format", "tsv"]).ends_with(0);
    assert!(ran.stdout.starts_with("LINK-Z\tf\t7\t") && ran.stdout.lines().count() == 1, "{}", ran.stdout);
}

/// <https://github.com/apple/container/issues/1797>: `rules_img` writes hard links into directories that no entry names. Docker
/// makes the directories.
#[test]
fn a_hard_link_needs_no_entry_for_its_directory() {
    let layer = Layer::default().file("bin/app", "x").hardlink("bin/app.runfiles/_main/app_/app", "bin/app");
    let (paths, warnings) = listed(&image(&[layer]));
    assert!(paths.ends_with("bin/app.runfiles/_main/app_/app"), "{paths}");
    assert_eq!(warnings, "");
}

/// <https://github.com/buildpacks/pack/issues/2429>: a builder with one path several times in a layer, which Docker refuses
/// ("duplicates of file paths not supported"). The last entry counts, the first is waste.
#[test]
fn pack_writes_a_path_twice_into_one_layer() {
    let layer = Layer::default().dir("cnb/").file("cnb/order.toml", "first").file("cnb/order.toml", "second!");
    let ran = opened(&image(&[layer]), &["--json", "-"]).ends_with(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["exact"]["visibleBytes"], 7);
    assert_eq!(document["exact"]["reclaimableBytes"], 5);
}

/// <https://github.com/buildpacks/lifecycle/issues/1300>: the last layer is there twice, under one digest.
#[test]
fn a_layer_may_be_there_twice() {
    let mut layout = Layout::default();
    let (base, workdir) = (Layer::default().file("a", "a").tar(), Layer::default().dir("usr/src/app").tar());
    let layers = [(TAR, base), (TAR, workdir.clone()), (TAR, workdir)];
    let manifest = layout.manifest(&described("linux/amd64", &["sha256:1", "sha256:2", "sha256:2"]), &layers);
    layout.lists(manifest, &json!({}));
    opened(&layout.archive(), &[]).ends_with(0).prints(&["3 layers", "step 2"]);
    assert_eq!(listed(&layout.archive()).0, "a usr usr/src usr/src/app");
}

/// <https://github.com/podman-container-tools/skopeo/issues/1326>: a plain layer under a media type of gzip.
#[test]
fn skopeo_called_a_plain_layer_gzip() {
    let mut layout = Layout::default();
    let gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let manifest =
        layout.manifest(&described("linux/amd64", &["sha256:1"]), &[(gzip, Layer::default().file("a", "a").tar())]);
    layout.lists(manifest, &json!({}));
    assert_eq!(listed(&layout.archive()), ("a".to_owned(), String::new()));
}

/// <https://github.com/containers/image/issues/2460>: an index that is an artifact and lists nothing.
#[test]
fn an_index_of_an_artifact_holds_no_image() {
    let mut layout = Layout::default();
    let index = layout.index(&[]);
    layout.lists(index, &json!({ "artifactType": "application/vnd.test.index.v1+json" }));
    let ran = opened(&layout.archive(), &[]);
    assert!(ran.error().contains("holds no image"), "{}", ran.error());
}
