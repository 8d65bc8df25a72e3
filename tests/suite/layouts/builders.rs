//! Images from public bug reports about builders, rebuilt from their descriptions. Each test names the report, the
//! engines' behaviour and dive's.

use serde_json::{Value, json};

use crate::build::{Layer, Layout, TAR, described};
use crate::user::{Ran, User};

fn opened(tar: &[u8], arguments: &[&str]) -> Ran {
    let user = User::new();
    std::fs::write(user.file("image.tar"), tar).unwrap();
    user.runs(&[arguments, &["image.tar"]].concat())
}

/// The paths of `dive tree` and its warnings.
fn listed(tar: &[u8]) -> (String, String) {
    let ran = opened(tar, &["tree", "--format", "tsv"]).ends_with(0);
    let rows: Vec<&str> = ran.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
    (rows.join(" "), ran.stderr)
}

/// An archive as go-containerregistry writes it: `sha256:HEX` and `HEX.tar.gz`.
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

/// <https://github.com/chainguard-dev/apko/issues/529>: apko names the configuration `sha256:HEX` and layers
/// `HEX.tar.gz`. Docker loads it.
#[test]
fn apko_image_opens() {
    let layer = Layer::default().file("etc/os-release", "ID=wolfi").gzip();
    assert_eq!(listed(&image(&[layer])), ("etc etc/os-release".to_owned(), String::new()));
}

/// <https://github.com/bazelbuild/rules_docker/issues/474>: the configuration lacks empty layers. Docker: "layers
/// length mismatch".
#[test]
fn rules_docker_image_with_missing_diff_ids_is_refused() {
    let layers = ["a", "b", "c"].map(|file| Layer::default().file(file, file));
    let ran = opened(&saved(&layers, 2, &json!(["a:1"])), &[]);
    assert!(
        ran.error().contains("the manifest lists 3 layers, but the configuration lists 2, which Docker refuses"),
        "{}",
        ran.error()
    );
}

/// <https://github.com/bazel-contrib/rules_oci/issues/189>: `RepoTags` is a string. Docker: "cannot unmarshal string
/// into Go struct field manifestItem.RepoTags".
#[test]
fn rules_oci_image_with_string_tag_is_refused() {
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
fn kaniko_hard_link_of_the_root_is_a_warning() {
    let layer = Layer::default().dir(".").hardlink("/", ".").symlink("link", "nowhere");
    let (paths, warnings) = listed(&image(&[layer]));
    assert_eq!(paths, "link");
    assert!(warnings.contains("is the root but not a directory; dive ignores it"), "{warnings}");
}

/// <https://github.com/containerd/cri/issues/638>: Docker 1.10 saves a repeated layer as a symlink.
#[test]
fn docker_1_10_linked_layers_open() {
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

/// <https://github.com/dotnet/sdk-container-builds/issues/626>: a gzipped OCI layout named like a docker-archive.
/// Docker without the containerd store refuses it: "blobs/json: no such file".
#[test]
fn dotnet_sdk_gzipped_layout_opens() {
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

/// <https://github.com/appc/docker2aci/issues/98>: a later layer removes a hard link's target. The other name keeps the
/// content.
#[test]
fn hard_link_outlives_its_target() {
    let layers =
        [Layer::default().file("LINK-A", "content").hardlink("LINK-Z", "LINK-A"), Layer::default().whiteout("LINK-A")];
    let ran = opened(&image(&layers), &["tree", "--format", "tsv"]).ends_with(0);
    assert!(ran.stdout.starts_with("LINK-Z\tf\t7\t") && ran.stdout.lines().count() == 1, "{}", ran.stdout);
}

/// <https://github.com/apple/container/issues/1797>: `rules_img` writes hard links into implicit directories. Docker
/// creates them.
#[test]
fn hard_link_into_implicit_directory_is_listed() {
    let layer = Layer::default().file("bin/app", "x").hardlink("bin/app.runfiles/_main/app_/app", "bin/app");
    let (paths, warnings) = listed(&image(&[layer]));
    assert!(paths.ends_with("bin/app.runfiles/_main/app_/app"), "{paths}");
    assert_eq!(warnings, "");
}

/// <https://github.com/buildpacks/pack/issues/2429>: a layer with a repeated path, which Docker refuses ("duplicates of
/// file paths not supported"). The last entry counts, the first is waste.
#[test]
fn pack_repeated_path_keeps_the_last() {
    let layer = Layer::default().dir("cnb/").file("cnb/order.toml", "first").file("cnb/order.toml", "second!");
    let ran = opened(&image(&[layer]), &["--json", "-"]).ends_with(0);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["exact"]["visibleBytes"], 7);
    assert_eq!(document["exact"]["reclaimableBytes"], 5);
}

/// <https://github.com/buildpacks/lifecycle/issues/1300>: the last layer appears twice with the same digest.
#[test]
fn lifecycle_repeated_layer_opens() {
    let mut layout = Layout::default();
    let (base, workdir) = (Layer::default().file("a", "a").tar(), Layer::default().dir("usr/src/app").tar());
    let layers = [(TAR, base), (TAR, workdir.clone()), (TAR, workdir)];
    let manifest = layout.manifest(&described("linux/amd64", &["sha256:1", "sha256:2", "sha256:2"]), &layers);
    layout.lists(manifest, &json!({}));
    opened(&layout.archive(), &[]).ends_with(0).prints(&["3 layers", "step 2"]);
    assert_eq!(listed(&layout.archive()).0, "a usr usr/src usr/src/app");
}

/// <https://github.com/podman-container-tools/skopeo/issues/1326>: an uncompressed layer with a gzip media type.
#[test]
fn skopeo_plain_layer_with_gzip_type_opens() {
    let mut layout = Layout::default();
    let gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let manifest =
        layout.manifest(&described("linux/amd64", &["sha256:1"]), &[(gzip, Layer::default().file("a", "a").tar())]);
    layout.lists(manifest, &json!({}));
    assert_eq!(listed(&layout.archive()), ("a".to_owned(), String::new()));
}

/// <https://github.com/containers/image/issues/2460>: an empty index of an artifact.
#[test]
fn empty_artifact_index_has_no_image() {
    let mut layout = Layout::default();
    let index = layout.index(&[]);
    layout.lists(index, &json!({ "artifactType": "application/vnd.test.index.v1+json" }));
    let ran = opened(&layout.archive(), &[]);
    assert!(ran.error().contains("contains no image"), "{}", ran.error());
}

/// A layout whose `manifest.json` is this list.
fn with_manifest(layout: &Layout, manifest: &Value) -> Vec<u8> {
    let archive = layout.files().into_iter().fold(Layer::default(), |tar, (name, content)| tar.file(name, content));
    archive.file("manifest.json", manifest.to_string()).tar()
}

/// <https://github.com/moby/moby/pull/36599>: Docker on Windows wrote paths with backslashes in `manifest.json`, and
/// members with slashes.
#[test]
fn windows_paths_in_the_manifest_open() {
    let folder = "1".repeat(64);
    let manifest = json!([{ "Config": "c\\c.json", "RepoTags": ["a:1"], "Layers": [format!("{folder}\\layer.tar")] }]);
    let archive = Layer::default()
        .file("c/c.json", described("windows/amd64", &["sha256:0"]).to_string())
        .file(format!("{folder}/layer.tar"), Layer::default().file("Files/a.txt", "a").tar())
        .file("manifest.json", manifest.to_string());
    let ran = opened(&archive.tar(), &["tree", "--platform", "windows/amd64"]).ends_with(0).prints(&["a.txt"]);
    assert_eq!(ran.stderr, "");
    let gone = json!([{ "Config": "c\\c.json", "RepoTags": ["a:1"], "Layers": ["gone\\layer.tar"] }]);
    let archive = archive.file("manifest.json", gone.to_string());
    let ran = opened(&archive.tar(), &[]);
    assert!(ran.error().contains("its blob gone\\layer.tar is missing"), "{}", ran.error());
}

/// <https://github.com/moby/moby/issues/47065>: the OCI manifest of Docker 25.0.0 lists no layers. `manifest.json` does.
#[test]
fn docker_25_manifest_without_layers_opens() {
    let mut layout = Layout::default();
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &["sha256:0"]).to_string());
    let layer = layout.blob(TAR, Layer::default().file("hello", "x").tar());
    let manifest = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": [] }));
    layout.lists(
        manifest,
        &json!({ "annotations": { "io.containerd.image.name": "docker.io/library/hello-world:latest" } }),
    );
    let path = |descriptor: &Value| format!("blobs/{}", descriptor["digest"].as_str().unwrap().replace(':', "/"));
    let listing = json!([{ "Config": path(&config), "RepoTags": ["hello-world:latest"], "Layers": [path(&layer)] }]);
    assert_eq!(listed(&with_manifest(&layout, &listing)), ("hello".to_owned(), String::new()));
    let ran = opened(&layout.archive(), &[]);
    assert!(ran.error().contains("the manifest lists 0 layers, but the configuration lists 1"), "{}", ran.error());
}

/// <https://github.com/jwilder/docker-squash/issues/91>: `manifest.json` lists layers that are no longer in the archive.
/// Docker: "layer.tar: no such file or directory".
#[test]
fn docker_squash_manifest_of_removed_layers_is_refused() {
    let (gone, id) = ("8".repeat(64), "9".repeat(64));
    let manifest = json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": [format!("{gone}/layer.tar")] }]);
    let archive = Layer::default()
        .file(format!("{id}/json"), json!({ "id": id }).to_string())
        .file(format!("{id}/layer.tar"), Layer::default().file("squashed", "x").tar())
        .file("c.json", described("linux/amd64", &["sha256:0"]).to_string())
        .file("repositories", json!({ "a": { "1": id } }).to_string())
        .file("manifest.json", manifest.to_string());
    let ran = opened(&archive.tar(), &[]);
    assert!(ran.error().contains(&format!("its blob {gone}/layer.tar is missing")), "{}", ran.error());
}

/// <https://github.com/containerd/containerd/issues/14000>: `podman manifest push --add-compression` lists an image twice,
/// with one configuration and two compressions.
#[test]
fn two_compressions_of_an_image_are_two_images() {
    let mut layout = Layout::default();
    let config =
        layout.blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &["sha256:0"]).to_string());
    let mut entries = Vec::new();
    for (ending, layer) in
        [("gzip", Layer::default().file("a", "a").gzip()), ("zstd", Layer::default().file("a", "a").zstd())]
    {
        let layer = layout.blob(&format!("{TAR}+{ending}"), layer.blob());
        let mut manifest = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": [layer] }));
        manifest["platform"] = json!({ "os": "linux", "architecture": "amd64" });
        entries.push(manifest);
    }
    let index = layout.index(&entries);
    layout.lists(index, &json!({ "annotations": { "org.opencontainers.image.ref.name": "a" } }));
    let zstd = entries[1]["digest"].as_str().unwrap();
    opened(&layout.archive(), &[])
        .ends_with(0)
        .says(&[&format!("contains 2 images; this is a. Choose another with --image: 1: a ({zstd})")]);
    for (image, ending) in [("0", "gzip"), ("1", "zstd"), (zstd, "zstd")] {
        opened(&layout.archive(), &["--image", image, "--json", "-"])
            .ends_with(0)
            .prints(&[&format!("{TAR}+{ending}")]);
    }
}

/// <https://github.com/moby/buildkit/issues/5572>: with `tar=false`, one annotation names all tags.
#[test]
fn buildkit_names_with_commas_are_several_tags() {
    let mut layout = Layout::default();
    let entry = layout.image("linux/amd64", "a");
    layout.lists(
        entry,
        &json!({ "annotations": { "org.opencontainers.image.ref.name": "docker.io/library/a:1,reg.example/a:2" } }),
    );
    opened(&layout.archive(), &[])
        .ends_with(0)
        .prints(&["Image: docker.io/library/a:1 (linux/amd64)", "Tags: docker.io/library/a:1, reg.example/a:2"]);
    for image in ["a:1", "reg.example/a:2"] {
        opened(&layout.archive(), &["tree", "--image", image]).ends_with(0).prints(&["a\n"]);
    }
}

/// <https://github.com/moby/buildkit/issues/266> and <https://github.com/NixOS/nixpkgs/issues/45369>: a directory occurs
/// twice in a layer. Docker and Podman refuse it ("duplicates of file paths not supported"), containerd takes the later
/// mode.
#[test]
fn repeated_directory_has_the_later_mode() {
    let layer = Layer::default().dir("nix/").file("nix/store/a", "a").dir("nix/").mode(0o555);
    let ran = opened(&image(&[layer]), &["tree", "--format", "tsv"]).ends_with(0).prints(&[
        "nix\td\t",
        "\t555\t",
        "nix/store/a\tf\t1",
    ]);
    assert_eq!(ran.stderr, "");
}

/// <https://github.com/ko-build/ko/pull/112>: ko on Windows wrote paths with backslashes, which are part of a name.
#[test]
fn backslash_in_a_layer_is_part_of_a_name() {
    let layer = Layer::default().dir("\\ko-app").file("\\ko-app\\manager", "x");
    assert_eq!(listed(&image(&[layer])), ("\\\\ko-app \\\\ko-app\\\\manager".to_owned(), String::new()));
}

/// <https://github.com/rancher/rke2/issues/5944>: `ctr image export` keeps the index of all platforms, with the content of
/// one.
#[test]
fn containerd_export_of_one_platform_opens() {
    let mut layout = Layout::default();
    let mut own = layout.image("linux/amd64", "a");
    own["platform"] = json!({ "os": "linux", "architecture": "amd64" });
    let absent = |digit: &str, os: &str, architecture: &str| {
        json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": format!("sha256:{}", digit.repeat(64)), "size": 9,
            "platform": { "os": os, "architecture": architecture },
        })
    };
    let index = layout.index(&[own, absent("b", "linux", "arm64"), absent("c", "unknown", "unknown")]);
    layout.lists(index, &json!({ "annotations": { "io.containerd.image.name": "docker.io/library/nginx:latest" } }));
    let ran = opened(&layout.archive(), &["tree", "--platform", "linux/amd64"]).ends_with(0).prints(&["a\n"]);
    assert_eq!(ran.stderr, "");
    let ran = opened(&layout.archive(), &["--platform", "linux/arm64"]);
    assert!(ran.error().contains(&"b".repeat(64)) && ran.error().contains("is missing"), "{}", ran.error());
}

/// <https://github.com/rancher/rke2/issues/2732>: a bundle of untagged images for Linux and Windows.
#[test]
fn untagged_images_of_a_bundle_open_by_number_and_platform() {
    let mut archive = Layer::default();
    let mut entries = Vec::new();
    for (platform, file) in [("linux/amd64", "l"), ("windows/amd64", "w")] {
        let mut config = described(platform, &["sha256:0"]);
        config["os.version"] = "10.0.17763.1".into();
        archive = archive.file(format!("{file}.json"), config.to_string());
        archive = archive.file(format!("{file}/layer.tar"), Layer::default().file(file, file).tar());
        entries.push(
            json!({ "Config": format!("{file}.json"), "RepoTags": null, "Layers": [format!("{file}/layer.tar")] }),
        );
    }
    let tar = archive.file("manifest.json", json!(entries).to_string()).tar();
    for (options, file) in [
        (&["--image", "0"][..], "l\n"),
        (&["--image", "1"], "w\n"),
        (&["--platform", "windows/amd64:10.0.17763"], "w\n"),
    ] {
        opened(&tar, &[&["tree"], options].concat()).ends_with(0).prints(&[file]);
    }
    opened(&tar, &[])
        .ends_with(0)
        .says(&["contains 2 images; this is image.tar. Choose another with --image: 1: untagged"]);
}

/// <https://github.com/bazelbuild/rules_docker/issues/2099>: an empty file stands for a layer that engines download.
/// Docker: "invalid diffID for layer 0". An empty layer would pass every rule.
#[test]
fn rules_docker_stub_of_a_layer_is_refused() {
    let config = described("linux/amd64", &[&format!("sha256:{}", "1".repeat(64)), "sha256:0"]);
    let manifest = json!([{ "Config": "c.json", "RepoTags": ["a:1"], "Layers": ["stub.tar", "a.tar"] }]);
    let archive = Layer::default()
        .file("c.json", config.to_string())
        .file("stub.tar", "")
        .file("a.tar", Layer::default().file("a", "a").tar())
        .file("manifest.json", manifest.to_string());
    for options in [&[][..], &["--ci"]] {
        let ran = opened(&archive.tar(), options);
        let message =
            "layer 0 (of 2, from 0): its blob stub.tar is empty, but its diff id is not that of an empty layer";
        assert!(ran.error().contains(message), "{}", ran.error());
    }
    opened(&archive.tar(), &["tree", "-i"]).ends_with(0).prints(&["a\n"]).says(&["is empty", "dive skips the layer"]);
    // Engines load an empty layer with its own digest.
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let config = described("linux/amd64", &[empty, "sha256:0"]).to_string();
    assert_eq!(listed(&archive.file("c.json", config).tar()), ("a".to_owned(), String::new()));
}

/// <https://github.com/OSInside/kiwi/issues/918> and <https://github.com/containers/olot/issues/40>: fewer steps of history
/// than layers. Podman 1.0 refused such an image.
#[test]
fn kiwi_history_of_fewer_steps_opens_with_a_warning() {
    let mut layout = Layout::default();
    let mut config = described("linux/amd64", &["sha256:1", "sha256:2"]);
    config["history"] = json!([{ "created_by": "KIWI 9.17.7" }]);
    let layers = ["a", "b"].map(|file| (TAR, Layer::default().file(file, file).tar()));
    let manifest = layout.manifest(&config, &layers);
    layout.lists(manifest, &json!({}));
    opened(&layout.archive(), &[])
        .ends_with(0)
        .prints(&["2 layers", "KIWI 9.17.7"])
        .says(&["the history describes 1 layer, but the image has 2; dive matches commands from the base up"]);
}

/// <https://github.com/bazelbuild/rules_docker/issues/246>: a file, and a directory of the same name. Docker refuses the
/// layer.
#[test]
fn file_and_directory_of_one_name_get_a_warning() {
    let layer = Layer::default().file("app/foo", "binary").file("app/foo/data.txt", "x");
    let (paths, warnings) = listed(&image(&[layer]));
    assert_eq!(paths, "app app/foo app/foo/data.txt");
    assert!(warnings.contains("\"app/foo/data.txt\" is below \"app/foo\", which is not a directory"), "{warnings}");
}

/// <https://github.com/cvmfs/cvmfs/pull/4286>: whiteouts that share an inode are hard links of each other.
#[test]
fn hard_linked_whiteouts_remove_their_files() {
    let layers = [
        Layer::default().file("x/a", "a").file("x/b", "b").file("x/c", "c"),
        Layer::default().file("x/.wh.a", "").hardlink("x/.wh.b", "x/.wh.a"),
    ];
    assert_eq!(listed(&image(&layers)), ("x x/c".to_owned(), String::new()));
}

/// <https://github.com/google/go-containerregistry/issues/977>: a later layer replaces a hard link, and the other name
/// keeps the content.
#[test]
fn replaced_hard_link_keeps_its_other_name() {
    let layers = [
        Layer::default().file("libexec/git", "git").hardlink("bin/git", "libexec/git"),
        Layer::default().whiteout("bin/git").symlink("bin/git", "/libexec/git"),
    ];
    let ran = opened(&image(&layers), &["tree", "--format", "tsv"]).ends_with(0);
    let rows: Vec<_> = ran.stdout.lines().map(|line| line.split('\t').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert!(rows.contains(&"bin/git l 0".to_owned()) && rows.contains(&"libexec/git f 3".to_owned()), "{rows:?}");
}

/// <https://github.com/ibm-ecm/ibm-fncm-containers/issues/1>: a product is shipped as a tar of image archives.
#[test]
fn archive_of_archives_is_named() {
    let inner = image(&[Layer::default().file("a", "a")]);
    for (tar, path, word) in [
        (Layer::default().file("ICN/charts.tgz", "x").file("ICN/icn.tar", &inner), "ICN/icn.tar", "./ICN/icn.tar"),
        (Layer::default().file("b.tar.gz", "x").file("a b.tar.zst", "x"), "a b.tar.zst", "'./a b.tar.zst'"),
        (Layer::default().file("readme", "").file("app.tgz", "x"), "app.tgz", "./app.tgz"),
    ] {
        let ran = opened(&tar.tar(), &[]);
        let message = format!(
            "if the image is an archive inside it, such as \"{path}\", unpack it (`tar xf`) and open that: `dive {word}`"
        );
        assert!(ran.error().contains(&message), "{}", ran.error());
    }
}

/// <https://github.com/containerd/accelerated-container-image>: layers with the media type of a tar, which are block
/// devices. An annotation says so.
#[test]
fn overlaybd_layers_get_no_verdict() {
    let device = [&b"LSMT\0\x01\x02\0"[..], &[7; 600]].concat();
    let in_tar = Layer::default().file("overlaybd.commit", &device).tar();
    for content in [device, in_tar] {
        let mut layout = Layout::default();
        let config = layout
            .blob("application/vnd.oci.image.config.v1+json", described("linux/amd64", &["sha256:0"]).to_string());
        let mut layer = layout.blob(TAR, content);
        layer["annotations"] = json!({ "containerd.io/snapshot/overlaybd/blob-digest": layer["digest"] });
        let manifest = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": [layer] }));
        layout.lists(manifest, &json!({}));
        for options in [&[][..], &["--ci"]] {
            let ran = opened(&layout.archive(), options);
            assert!(ran.error().contains("layer 0 is an overlaybd block device"), "{}", ran.error());
        }
    }
}
