//! The summary document: its content, its size limit, and its effect on the exit code. A failure means that a history of
//! images is lost or wrong.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

use crate::build::{self, Layer, Layout};
use crate::place::{Corpus, repository, sample};
use crate::user::User;

/// The published schema.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn published() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let index = compiler.compile(repository("docs/summary.schema.json").to_str().unwrap(), &mut schemas).unwrap();
        Self { schemas, index }
    }

    #[track_caller]
    fn accepts(&self, summary: &Value) {
        if let Err(error) = self.schemas.validate(summary, self.index) {
            panic!("{error:#}");
        }
    }
}

/// The summary that a run with these arguments writes to standard output.
fn summary(user: &User, arguments: &[&str]) -> Value {
    let ran = user.runs(&[&["--summary", "-"], arguments].concat()).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn published_schema_describes_every_summary() {
    let schema = Schema::published();
    let mut images = vec![sample()];
    if let Some(corpus) = Corpus::here() {
        let names = [
            "provenance/max-oci.tar",
            "provenance/base-docker28cs.tar",
            "many-layers/docker26.tar",
            "opaque/podman-docker.tar",
            "variants/zero-layers-docker26-containerd.tar",
        ];
        images.extend(names.map(|name| corpus.path(name)));
    }
    let user = User::new();
    for image in images {
        let mut summary =
            summary(&user, &["--ci", "--lowestEfficiency", "0.1", "--highestUserWastedPercent", "off", &image]);
        schema.accepts(&summary);
        assert_eq!(summary["verdict"]["status"], "pass", "{image}");
        // The schema rejects wrong documents, but allows future keys.
        summary["future"] = json!({ "a": 1 });
        schema.accepts(&summary);
        summary["layers"] = json!([{}]);
        assert!(schema.schemas.validate(&summary, schema.index).is_err());
    }
}

#[test]
fn summary_names_the_waste_of_each_part_and_its_lines() {
    let Some(corpus) = Corpus::here() else { return };
    let path = |name: &str| corpus.path(&format!("provenance/{name}"));
    let user = User::new();
    let app = summary(&user, &["--base", &path("base-docker28cs.tar"), &path("max-docker28cs.tar")]);
    assert_eq!(app["base"]["layers"], 2);
    assert_eq!(app["base"]["layersSource"], "diffIds");
    let parts: Vec<_> = app["layers"].as_array().unwrap().iter().map(|layer| layer["part"].clone()).collect();
    assert_eq!(parts, ["base", "base", "ours", "ours", "ours"]);
    assert_eq!(app["layers"][3]["lines"]["ranges"], json!([{ "first": 14, "last": 17 }]));
    assert_eq!(app["layers"][3]["lines"]["certainty"], "exact");
    let (base, ours) = (&app["parts"]["base"], &app["parts"]["ours"]);
    assert_eq!((&base["layers"], &base["reclaimableBytes"]), (&json!(2), &json!(0)));
    let sum = |key: &str| base[key].as_u64().unwrap() + ours[key].as_u64().unwrap();
    assert_eq!(sum("reclaimableBytes"), app["exact"]["reclaimableBytes"].as_u64().unwrap());
    assert_eq!(sum("unpackedBytes"), app["sizes"]["unpackedBytes"].as_u64().unwrap());
    assert_eq!(app["exact"]["causes"]["deletedWithDirectory"], 12_288);
    let group = &app["waste"]["groups"][0];
    assert_eq!((&group["sizeBytes"], &group["layer"], &group["hiddenBy"]), (&json!(12_288), &json!(2), &json!(3)));
    let sizes = &app["sizes"];
    assert_eq!(
        sizes["onDiskBytes"].as_u64(),
        Some(sizes["storedBytes"].as_u64().unwrap() + sizes["unpackedBytes"].as_u64().unwrap())
    );
    assert_eq!(sizes["storedBytes"], 1_079_937 + 3519 + 12_684 + 185 + 164);
}

/// An engine that hands out plain tars has only the unpacked files on its disk.
#[test]
fn uncompressed_layers_count_once_on_disk() {
    let user = User::new();
    let sizes = |image: &str| summary(&user, &[image])["sizes"].clone();
    let plain = sizes(&sample());
    assert!(plain["storedBytes"].as_u64() > plain["unpackedBytes"].as_u64(), "tar headers: {plain}");
    assert_eq!(plain["onDiskBytes"], plain["unpackedBytes"]);
    let Some(corpus) = Corpus::here() else { return };
    let sum = |sizes: &Value| ["storedBytes", "unpackedBytes"].iter().filter_map(|key| sizes[key].as_u64()).sum();
    for (image, counts_both) in [("docker20.tar", false), ("oci-dir", true), ("oci-zstd.tar", true)] {
        let sizes = sizes(&corpus.path(&format!("opaque/{image}")));
        let expected: u64 = if counts_both { sum(&sizes) } else { sizes["unpackedBytes"].as_u64().unwrap() };
        assert_eq!(sizes["onDiskBytes"], expected, "{image}: {sizes}");
    }
}

#[test]
fn wrong_base_error_names_the_first_different_layer() {
    let Some(corpus) = Corpus::here() else { return };
    let image = corpus.path("provenance/max-oci.tar");
    let ran = User::new().runs(&["--base", &corpus.path("opaque/docker26.tar"), &image]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("is not the base of the image: its layer 0 is sha256:"), "{}", ran.stderr);
    let ran = User::new().runs(&["--base", "no-such-base.tar", &image]);
    assert_eq!(ran.code, 2);
    assert!(ran.error().contains("--base: no-such-base.tar: no such file"), "{}", ran.stderr);
}

#[test]
fn rules_file_cannot_name_a_base_outside_its_folder() {
    let Some(corpus) = Corpus::here() else { return };
    let image = corpus.path("provenance/max-oci.tar");
    let user = User::new()
        .writes(".dive-ci", "base: base.tar\nrules:\n  lowestEfficiency: 0.1\n  highestUserWastedPercent: off\n");
    std::fs::copy(corpus.path("provenance/base-docker28cs.tar"), user.file("base.tar")).unwrap();
    let written = summary(&user, &["--ci", &image]);
    assert_eq!((&written["base"]["name"], &written["base"]["layersSource"]), (&json!("base.tar"), &json!("diffIds")));
    for (base, message) in [
        (corpus.path("provenance/base-docker28cs.tar"), "it is outside the working directory"),
        ("registry://quay.io/team/base:1".to_owned(), "is not in the image's repository"),
        ("-".to_owned(), "standard input is not a base image"),
        ("container://web".to_owned(), "a container is not a base image; name the image that it runs"),
        ("missing.tar".to_owned(), "missing.tar: no such file"),
    ] {
        let user = User::new().writes(".dive-ci", &format!("base: \"{base}\"\nrules:\n  lowestEfficiency: 0.1\n"));
        let ran = user.runs(&["--ci", &image]);
        assert_eq!(ran.code, 2);
        assert!(ran.error().contains(".dive-ci:1") && ran.error().contains(message), "{}", ran.stderr);
    }
}

/// A cloned repository may hold links. A named pipe would keep dive waiting.
#[cfg(unix)]
#[test]
fn base_of_a_rules_file_is_a_regular_file_without_links() {
    use std::os::unix::fs::symlink;
    use std::process::Command;
    let user = User::new().writes("image.tar", "").waits(std::time::Duration::from_mins(1));
    std::fs::copy(sample(), user.file("image.tar")).unwrap();
    std::fs::create_dir(user.file("layout")).unwrap();
    std::fs::copy(sample(), user.file("layout/image.tar")).unwrap();
    symlink("image.tar", user.file("link.tar")).unwrap();
    symlink("layout", user.file("folder")).unwrap();
    let pipe = Command::new("mkfifo").arg(user.file("pipe")).status().unwrap();
    assert!(pipe.success());
    for (base, message) in [
        ("pipe", "not a regular file"),
        ("link.tar", "link.tar is a symbolic link"),
        ("./folder", "folder is a symbolic link"),
        ("./folder/image.tar", "folder is a symbolic link"),
        ("./layout", "layout"),
        ("image.tar", "image.tar has all layers of the image"),
    ] {
        std::fs::write(user.file(".dive-ci"), format!("base: {base}\nrules:\n  lowestEfficiency: 0.1\n")).unwrap();
        let ran = user.runs(&["--ci", "image.tar"]).ends_with(2);
        assert!(ran.error().contains(message), "{base}: {}", ran.stderr);
    }
}

/// An image of as many layers as overlayfs mounts, each with a long command and long names.
#[test]
fn summary_of_127_layers_has_at_most_64_kilobytes() {
    let mut layout = Layout::default();
    let layers: Vec<_> = (0..127)
        .map(|layer| {
            let name = format!("{}/{layer}", "d".repeat(200));
            let tar = Layer::default().file(&name, "x".repeat(layer + 1)).file("same", layer.to_string());
            // Advice of many kinds.
            let caches =
                ["apk", "dnf", "zypp", "apt/archives", "pacman/pkg"].map(|name| format!("var/cache/{name}/x.deb"));
            let hidden = [
                ".cache/pip",
                ".npm/_cacache",
                ".cache/go-build",
                ".composer/cache",
                ".nuget/packages",
                ".git/objects",
            ];
            let tar = caches.iter().fold(tar, |tar, path| tar.file(path, layer.to_string()));
            let tar = hidden.iter().fold(tar, |tar, path| tar.file(format!("root/{path}/{layer}"), "x"));
            (build::TAR, tar.tar())
        })
        .collect();
    let ids: Vec<String> = layers.iter().map(|(_, tar)| build::digest(tar)).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut config = build::described("linux/amd64", &ids);
    for step in config["history"].as_array_mut().unwrap() {
        step["created_by"] = json!(format!("RUN {}\u{7f}", "make \"all\" ".repeat(500)));
    }
    let manifest = layout.manifest(&config, &layers);
    for tag in 0..100 {
        layout.lists(
            manifest.clone(),
            &json!({ "annotations": { "org.opencontainers.image.ref.name": format!("{}{tag}", "t".repeat(300)) } }),
        );
    }
    let user = layout.user();
    let ran = user
        .runs(&["--summary", "-", "--ci", "--lowestEfficiency", "0", "--highestUserWastedPercent", "1", "image.tar"])
        .ends_with(0);
    assert!(ran.stdout.len() <= 64_000, "{} bytes", ran.stdout.len());
    assert!(!ran.stdout.contains('\u{7f}'));
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    Schema::published().accepts(&summary);
    assert_eq!(summary["layers"].as_array().unwrap().len(), 127);
    assert!(summary["advice"]["kinds"].as_array().unwrap().len() > 8, "{}", summary["advice"]);
    assert_eq!(summary["layers"][126]["diffId"], *ids[126]);
    assert!(summary["layers"][0]["instruction"].as_str().unwrap().starts_with("RUN make "));
}

#[test]
fn only_rules_set_by_the_user_decide_beside_a_summary() {
    let user = User::new();
    let image = sample();
    let ran = user.runs(&["--ci", "--summary", "s.json", &image]).ends_with(0);
    let ran = ran.prints(&["Analyzing image..."]).says(&["no rule was checked: with --summary"]);
    assert!(!ran.stdout.contains("Results:"), "{}", ran.stdout);
    let written =
        |user: &User| -> Value { serde_json::from_slice(&std::fs::read(user.file("s.json")).unwrap()).unwrap() };
    assert_eq!(written(&user)["verdict"], Value::Null);
    user.runs(&["--ci", "--summary", "s.json", "--highestWastedBytes", "1B", &image])
        .ends_with(1)
        .prints(&["Result:FAIL"]);
    let verdict = &written(&user)["verdict"];
    assert_eq!(verdict["status"], "fail");
    let rule = verdict["rules"].as_array().unwrap().iter().find(|rule| rule["rule"] == "highestWastedBytes").unwrap();
    assert_eq!(
        (&rule["status"], &rule["limit"], &rule["origin"]),
        (&json!("fail"), &json!(1), &json!("--highestWastedBytes"))
    );
    assert!(rule["value"].as_u64().unwrap() > 1);
    // Outside CI mode it replaces the report.
    let ran = user.runs(&["--summary", "s.json", &image]).ends_with(0);
    assert_eq!(ran.stdout, "");
    let both = user.runs(&["--summary", "-", "--json", "-", &image]);
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
    assert!(both.error().contains("cannot both go to standard output"), "{}", both.stderr);
    let ran = user.runs(&["--json", "-", "--ci", "--highestWastedBytes", "1B", &image]).ends_with(1);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["verdict"]["status"], "fail");
    assert_eq!(document["layer"][0]["lines"], Value::Null);
}

/// A document in the place of a file that the run reads would destroy it.
#[test]
fn a_document_replaces_no_file_that_the_run_reads() {
    let user = User::new().writes(".dive-ci", "rules: { highestLayerCount: 99 }\n");
    let image = user.file("app.tar");
    std::fs::copy(sample(), &image).unwrap();
    std::fs::hard_link(&image, user.file("same.tar")).unwrap();
    std::fs::copy(sample(), user.file("base.tar")).unwrap();
    for (arguments, error) in [
        (&["--ci", "--summary", "app.tar"][..], "app.tar: the document would replace the image, which"),
        (&["--json", "app.tar"], "app.tar: the document would replace the image, which"),
        (&["--summary", "same.tar"], "same.tar: the document would replace the image, which"),
        (&["--summary", ".dive-ci"], ".dive-ci: the document would replace the rules file, which"),
        (&["--ci", "--json", "./.dive-ci"], "./.dive-ci: the document would replace the rules file, which"),
        (&["--base", "base.tar", "--json", "base.tar"], "base.tar: the document would replace the base image, which"),
        (
            &["--summary", "x.json", "--json", "./x.json"],
            "x.json: --json and --summary cannot write the same file; choose another file for one of them",
        ),
    ] {
        let ran = user.runs(&[arguments, &["app.tar"]].concat());
        assert!(ran.error().starts_with(error), "{arguments:?}: {}", ran.stderr);
        assert_eq!(std::fs::read(&image).unwrap(), std::fs::read(sample()).unwrap());
        assert_eq!(user.sees(), [".dive-ci", "app.tar", "base.tar", "same.tar"]);
    }
    // Earlier documents and devices are replaced.
    for _ in 0..2 {
        user.runs(&["--summary", "s.json", "--json", "j.json", "app.tar"]).ends_with(0);
    }
    #[cfg(unix)]
    user.runs(&["--summary", "/dev/null", "--json", "/dev/null", "app.tar"]).ends_with(0);
    std::fs::hard_link(user.file("s.json"), user.file("t.json")).unwrap();
    user.runs(&["--summary", "s.json", "--json", "t.json", "app.tar"]).error();
}
