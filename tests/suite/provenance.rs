//! Dockerfile lines of layers, and base images, from the builder's provenance. A failure means that waste is blamed on the
//! wrong line, or that a statement about another image is believed.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::build::{self, Layer, Layout};
use crate::library;
use crate::place::{Corpus, sample};
use dive_model::DockerfileFit::{Optional, Required};
use dive_model::image::{self, Certainty, Dockerfile, GivenBase, Provenance, Selection};
use dive_model::remark::OnDamage;
use dive_model::store::{FileStore, Links};
use dive_model::{Opened, Opener};

const IN_TOTO: &str = "application/vnd.in-toto+json";
const V02: &str = "https://slsa.dev/provenance/v0.2";
const V1: &str = "https://slsa.dev/provenance/v1";
const BUILDKIT: &str = "https://mobyproject.org/buildkit@v1#metadata";

const DOCKERFILE: &str =
    "# syntax=docker/dockerfile:1\nFROM base:1\nCOPY app /app\nRUN <<SETUP\nchmod +x /app\nSETUP\n";

/// The layers with their lines, base first.
fn lines(opened: &Opened) -> Vec<String> {
    let lines = opened.image.layers.iter().map(|layer| layer.lines.as_ref());
    lines.map(|lines| lines.map_or_else(|| "-".to_owned(), ToString::to_string)).collect()
}

fn base(opened: &Opened) -> String {
    let provenance = opened.image.provenance.as_ref().expect("provenance is there");
    let Some(base) = &provenance.base else { return "unknown".to_owned() };
    let name = base.image.as_ref().map_or("scratch", |image| &image.name);
    format!("{name}, layers: {}", base.layers)
}

#[test]
fn every_layer_of_a_real_build_has_its_line() {
    let Some(corpus) = Corpus::here() else { return };
    for image in ["max-docker28cs.tar", "max-oci.tar"] {
        let opened = library::open(&corpus.path(&format!("provenance/{image}")));
        let expected = ["Dockerfile:3,10", "Dockerfile:3,10", "Dockerfile:13", "Dockerfile:14-17", "Dockerfile:18"];
        assert_eq!(lines(&opened), expected, "{image}");
        assert_eq!(base(&opened), "prov-base:1, layers: 2", "{image}");
        let heredoc = opened.image.layers[3].lines.as_ref().unwrap();
        let text: Vec<_> = heredoc.lines().map(|(_, line)| line).collect();
        assert_eq!(text, ["RUN <<SETUP", "chmod -R g+w /opt/app", "rm -rf /opt/app/cache", "SETUP"]);
        assert_eq!(heredoc.file.text, corpus.text("provenance/Dockerfile"));
        assert_eq!(opened.image.remarks, []);
    }
    let without = library::open(&corpus.path("provenance/base-docker28cs.tar"));
    assert!(without.image.provenance.is_none());
}

/// An image built on `base:1`, which has one layer, with two layers of its own.
struct Build {
    layout: Layout,
    manifest: Value,
    layers: Vec<String>,
}

impl Build {
    fn new() -> Self {
        let mut layout = Layout::default();
        let layers = ["base", "app", "mode"].map(|file| (build::TAR, Layer::default().file(file, file).tar()));
        let digests = layers.each_ref().map(|(_, tar)| build::digest(tar)).to_vec();
        let manifest =
            layout.manifest(&build::described("linux/amd64", &["sha256:0", "sha256:1", "sha256:2"]), &layers);
        Self { layout, manifest, layers: digests }
    }

    fn digest(&self) -> &str {
        self.manifest["digest"].as_str().unwrap()
    }

    /// The first `count` layers, as `BuildKit` lists them for a step.
    fn chain(&self, count: usize) -> Value {
        let layers = self.layers[..count].iter().map(|digest| json!({ "digest": digest, "size": 1 }));
        json!([layers.collect::<Vec<_>>()])
    }

    /// The metadata of a build with `mode=max`.
    fn buildkit(&self) -> Value {
        let line = |first: u32, last: u32| json!({ "start": { "line": first }, "end": { "line": last } });
        json!({
            "source": {
                "infos": [{ "filename": "app.Dockerfile", "data": STANDARD.encode(DOCKERFILE) }],
                "locations": {
                    "step0": { "locations": [{ "ranges": [line(2, 2)] }] },
                    "step1": { "locations": [{ "ranges": [line(3, 3)] }] },
                    "step2": { "locations": [{ "ranges": [line(4, 4), line(5, 5), line(6, 6)] }] },
                },
            },
            "layers": { "step0:0": self.chain(1), "step1:0": self.chain(2), "step2:0": self.chain(3) },
        })
    }

    /// A statement of version 1, as `BuildKit` writes it since 0.23.
    fn version_1(&self) -> Value {
        let base = "docker-image://docker.io/library/base:1@sha256:b1";
        let step = |id: &str, op: Value| json!({ "id": id, "op": { "Op": op } });
        let steps = [
            step("step0", json!({ "source": { "identifier": base } })),
            step("step1", json!({})),
            step("step2", json!({})),
        ];
        json!({
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": V1,
            "subject": [{ "name": "_", "digest": { "sha256": self.digest().split_once(':').unwrap().1 } }],
            "predicate": {
                "buildDefinition": {
                    "externalParameters": {
                        "configSource": { "path": "app.Dockerfile" },
                        "request": { "frontend": "gateway.v0", "args": { "source": "docker/dockerfile:1" } },
                    },
                    "internalParameters": { "buildConfig": { "llbDefinition": steps } },
                    "resolvedDependencies": [
                        { "uri": "pkg:docker/base@1?platform=linux%2Famd64", "digest": { "sha256": "b1" } },
                        { "uri": "pkg:docker/docker/dockerfile@1", "digest": { "sha256": "d1" } },
                        { "uri": "https://example.org/a.git#main", "digest": { "sha1": "a1" } },
                    ],
                },
                "runDetails": { "builder": { "id": "" }, "metadata": { "buildkit_metadata": self.buildkit() } },
            },
        })
    }

    /// Opens the image with these statements beside it.
    fn opens_with(&self, statements: &[(&str, Vec<u8>)]) -> Opened {
        let mut layout = self.layout.clone();
        let layers = statements.iter().map(|(predicate, bytes)| {
            let mut layer = layout.blob(IN_TOTO, bytes.clone());
            layer["annotations"] = json!({ "in-toto.io/predicate-type": predicate });
            layer
        });
        let layers: Vec<Value> = layers.collect();
        let config = layout.blob("application/vnd.oci.image.config.v1+json", b"{}".to_vec());
        let mut attestation = layout.document(&json!({ "schemaVersion": 2, "config": config, "layers": layers }));
        attestation["annotations"] = json!({ "vnd.docker.reference.digest": self.digest(), "vnd.docker.reference.type": "attestation-manifest" });
        attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        let mut manifest = self.manifest.clone();
        manifest["platform"] = json!({ "os": "linux", "architecture": "amd64" });
        let index = layout.index(&[manifest, attestation]);
        layout.lists(index, &json!({}));
        let user = layout.user();
        library::open(user.file("image.tar").to_str().unwrap())
    }

    fn opens(&self, predicate: &str, statement: &Value) -> Opened {
        self.opens_with(&[(predicate, statement.to_string().into_bytes())])
    }
}

fn provenance(opened: &Opened) -> &Provenance {
    opened.image.provenance.as_ref().expect("provenance is there")
}

fn remarks(opened: &Opened) -> String {
    opened.image.remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn slsa_version_1_is_read() {
    let build = Build::new();
    let mut statement = build.version_1();
    let opened = build.opens(V1, &statement);
    let expected = ["app.Dockerfile:2", "app.Dockerfile:3", "app.Dockerfile:4-6"];
    assert_eq!(lines(&opened), expected);
    assert_eq!(base(&opened), "base:1, layers: 1");
    let images: Vec<_> = provenance(&opened).images.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(images, ["base:1"], "the frontend is no part of the image");
    // Before 0.23, keys of version 1 were those of version 0.2, and the steps were in another place.
    let predicate = &mut statement["predicate"];
    let metadata = json!({ BUILDKIT: build.buildkit() });
    predicate["runDetails"]["metadata"] = metadata;
    let steps = predicate["buildDefinition"]["internalParameters"].take();
    predicate["buildDefinition"]["externalParameters"]["buildConfig"] = steps["buildConfig"].clone();
    let opened = build.opens(V1, &statement);
    assert_eq!((lines(&opened), base(&opened)), (expected.map(str::to_owned).to_vec(), "base:1, layers: 1".to_owned()));
}

#[test]
fn mode_min_provenance_names_images_but_no_layers() {
    let build = Build::new();
    let digest = |image: &str| json!({ "uri": format!("pkg:docker/{image}"), "digest": { "sha256": "b1" } });
    let statement = json!({ "predicateType": V02, "subject": [], "predicate": {
        "materials": [digest("base@1"), digest("golang@1.25"), digest("base@1")],
        "metadata": { "completeness": {} },
    }});
    let opened = build.opens(V02, &statement);
    assert_eq!(lines(&opened), ["-", "-", "-"]);
    assert_eq!(base(&opened), "unknown");
    let images = &provenance(&opened).images;
    let named: Vec<_> = images.iter().map(|image| (image.name.as_str(), image.digest.as_deref())).collect();
    assert_eq!(named, [("base:1", Some("sha256:b1")), ("golang:1.25", Some("sha256:b1"))]);
}

#[test]
fn image_from_scratch_has_no_base() {
    let build = Build::new();
    let mut statement = build.version_1();
    let steps = &mut statement["predicate"]["buildDefinition"]["internalParameters"]["buildConfig"]["llbDefinition"];
    steps[0]["op"] = json!({ "Op": { "file": {} } });
    assert_eq!(base(&build.opens(V1, &statement)), "scratch, layers: 0");
}

#[test]
fn statement_about_another_image_is_unproven() {
    let build = Build::new();
    let honest = build.version_1();
    let mut other_subject = honest.clone();
    other_subject["subject"][0]["digest"]["sha256"] = json!("00ff");
    let mut other_layers = honest.clone();
    let layers = &mut other_layers["predicate"]["runDetails"]["metadata"]["buildkit_metadata"]["layers"];
    layers["step2:0"][0][2]["digest"] = json!("sha256:aa");
    let mut no_layer = honest.clone();
    no_layer["predicate"]["runDetails"]["metadata"]["buildkit_metadata"]["layers"] =
        json!({ "step0:0": [[{ "digest": "sha256:aa" }]] });
    for (statement, why) in [
        (other_subject, "it describes the manifest sha256:00ff, but the manifest of the image is sha256:"),
        (other_layers, "none of its steps made a layer of this image"),
        (no_layer, "none of its steps made a layer of this image"),
    ] {
        let opened = build.opens(V1, &statement);
        let message = provenance(&opened).unproven.clone().unwrap();
        assert!(message.starts_with(why), "{message}");
        assert!(remarks(&opened).contains("is unproven: "), "{}", remarks(&opened));
        assert_eq!(lines(&opened), ["-", "-", "-"]);
        let Provenance { base, images, files, .. } = provenance(&opened);
        assert!(base.is_none() && images.is_empty() && files.is_empty(), "nothing of it is used");
    }
    // A valid statement beside it is used.
    let liar = json!({ "predicateType": V02, "subject": [{ "digest": { "sha256": "00ff" } }], "predicate": {} });
    let statements = [(V02, liar.to_string().into_bytes()), (V1, honest.to_string().into_bytes())];
    let opened = build.opens_with(&statements);
    assert_eq!(base(&opened), "base:1, layers: 1");
}

#[test]
fn lines_beyond_the_end_of_a_file_are_not_shown() {
    let build = Build::new();
    let mut statement = build.version_1();
    let source = &mut statement["predicate"]["runDetails"]["metadata"]["buildkit_metadata"]["source"];
    let locations = &mut source["locations"];
    locations["step0"]["locations"][0]["ranges"][0] =
        json!({ "start": { "line": 2 }, "end": { "line": 4_000_000_000_u32 } });
    locations["step1"]["locations"][0]["ranges"][0] = json!({ "start": { "line": -7 } });
    locations["step2"]["locations"][0]["sourceIndex"] = json!(9);
    let opened = build.opens(V1, &statement);
    assert_eq!(lines(&opened), ["-", "-", "-"]);
    let said = remarks(&opened);
    for part in ["step 0: app.Dockerfile has no lines 2-4000000000; step 1: ", "; step 2: the statement has no file 9"]
    {
        assert!(said.contains(part), "{said}");
    }
    // A step without ranges, as BuildKit writes for some, is nothing to warn of.
    let source = &mut statement["predicate"]["runDetails"]["metadata"]["buildkit_metadata"]["source"];
    source["locations"] = json!({ "step0": {}, "step1": { "locations": [{}] }, "step2": null });
    assert_eq!(build.opens(V1, &statement).image.remarks, []);
}

/// Each layer of a base repeats the lines of one step, so a short statement could fill the memory and the report.
#[test]
fn too_many_ranges_or_a_too_long_file_name_leave_lines_unknown() {
    let build = Build::new();
    let changed = |ranges: u32, name: &str| {
        let mut statement = build.version_1();
        let source = &mut statement["predicate"]["runDetails"]["metadata"]["buildkit_metadata"]["source"];
        source["infos"][0] = json!({ "filename": name, "data": STANDARD.encode("RUN x\n\n".repeat(20_000)) });
        let ranges: Vec<Value> = (0..ranges).map(|number| json!({ "start": { "line": 2 * number + 1 } })).collect();
        source["locations"]["step0"]["locations"][0]["ranges"] = json!(ranges);
        let opened = build.opens(V1, &statement);
        (lines(&opened).swap_remove(0), remarks(&opened))
    };
    assert!(changed(100, "Dockerfile").0.ends_with(",197,199"));
    for ranges in [101, 10_000] {
        let (lines, remarks) = changed(ranges, "Dockerfile");
        assert_eq!(lines, "-");
        assert!(remarks.contains(&format!("step 0 has {ranges} ranges of lines; the limit is 100")), "{remarks}");
    }
    assert!(changed(1, &"a".repeat(4096)).0.ends_with("a:1"));
    let (lines, remarks) = changed(1, &"a".repeat(4097));
    assert_eq!(lines, "-");
    assert!(remarks.contains("step 0: the name of a file has 4097 bytes; the limit is 4096; step 1: "), "{remarks}");
}

/// `rewrite-timestamp` with `SOURCE_DATE_EPOCH` changes the layers after the build, and leaves the statement as it was.
#[test]
fn a_statement_about_layers_before_a_rewrite_is_unproven() {
    let mut build = Build::new();
    let rewritten = build.layers.split_off(1);
    build.layers.extend(rewritten.iter().map(|layer| build::digest(layer.as_bytes())));
    let opened = build.opens(V1, &build.version_1());
    let said = provenance(&opened).unproven.clone().unwrap();
    assert_eq!(said, "none of its steps made a layer of this image");
    assert_eq!((lines(&opened), opened.image.base.is_none()), (vec!["-".to_owned(); 3], true));
}

#[test]
fn damaged_statement_is_a_remark() {
    let build = Build::new();
    let honest = build.version_1().to_string().into_bytes();
    for (bytes, message) in [
        (b"<html>".to_vec(), "unexpected '<'"),
        (honest[..honest.len() / 2].to_vec(), "ends too early"),
        (json!({ "predicate": [] }).to_string().into_bytes(), "expected an object, found a list"),
        (vec![b' '; (8 << 20) + 1], "the limit for a document is"),
        (json!({ "subject": vec![json!({}); 10_001] }).to_string().into_bytes(), "more than 10000 entries"),
    ] {
        let opened = build.opens_with(&[(V1, bytes)]);
        assert!(opened.image.provenance.is_none());
        assert!(remarks(&opened).contains("dive ignores its provenance"), "{}", remarks(&opened));
        assert!(remarks(&opened).contains(message), "{message}: {}", remarks(&opened));
    }
}

/// An SBOM may be large, and dive does not use it.
#[test]
fn other_statements_are_not_read() {
    let build = Build::new();
    let opened = build.opens_with(&[("https://spdx.dev/Document", b"<html>".to_vec())]);
    assert!(opened.image.provenance.is_none());
    assert_eq!(opened.image.remarks, []);
}

#[test]
fn base_comes_from_the_most_reliable_statement() {
    let base = |opened: &Opened| {
        let Some(base) = &opened.image.base else { return "unknown".to_owned() };
        let name = base.image.as_ref().map(|(image, by)| format!("{} ({})", image.name, by.name()));
        let boundary = base.boundary.map(|boundary| format!("{} ({})", boundary.layers, boundary.by.name()));
        format!("{}, {}", name.as_deref().unwrap_or("-"), boundary.as_deref().unwrap_or("-"))
    };
    let image = |config: &Value, annotations: &Value| {
        let mut layout = Layout::default();
        let config = layout.blob("application/vnd.oci.image.config.v1+json", config.to_string());
        let layers = ["base", "app"].map(|file| layout.blob(build::TAR, Layer::default().file(file, file).tar()));
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers, "annotations": annotations });
        let manifest = layout.document(&manifest);
        layout.lists(manifest, &json!({}));
        let user = layout.user();
        base(&library::open(user.file("image.tar").to_str().unwrap()))
    };
    let config = |labels: Value, steps: Value| {
        let rootfs = json!({ "type": "layers", "diff_ids": ["sha256:0", "sha256:1"] });
        json!({ "os": "linux", "architecture": "amd64", "rootfs": rootfs, "config": { "Labels": labels }, "history": steps })
    };
    let plain = json!([{ "created_by": "ADD rootfs /" }, { "created_by": "COPY app /" }]);
    let ended = json!([plain[0], { "created_by": "/bin/sh -c #(nop)  CMD [\"sh\"]", "empty_layer": true }, plain[1]]);
    let named = json!({ "org.opencontainers.image.base.name": "docker.io/library/alpine:3.20",
        "org.opencontainers.image.base.digest": "sha256:aa" });
    assert_eq!(image(&config(json!(null), plain.clone()), &json!({})), "unknown");
    assert_eq!(image(&config(json!({}), plain.clone()), &named), "alpine:3.20 (annotations), -");
    assert_eq!(image(&config(json!([1]), ended.clone()), &json!(null)), "-, 1 (history)");
    let other = json!({ "org.opencontainers.image.base.name": "debian:13" });
    assert_eq!(image(&config(other.clone(), ended.clone()), &json!({})), "debian:13 (labels), 1 (history)");
    assert_eq!(image(&config(other, ended), &named), "alpine:3.20 (annotations), 1 (history)");
    assert_eq!(base(&Build::new().opens(V1, &Build::new().version_1())), "base:1 (provenance), 1 (provenance)");
}

#[test]
fn base_named_by_the_user_is_compared_layer_by_layer() {
    let Some(corpus) = Corpus::here() else { return };
    let path = |name: &str| corpus.path(&format!("provenance/{name}"));
    let base = library::open(&path("base-docker28cs.tar"));
    let given = GivenBase::of("prov-base:1", &base.image);
    let app = Opener::new().base(Some(&given)).open(path("max-docker28cs.tar")).unwrap();
    let found = app.image.base.as_ref().unwrap();
    assert_eq!((found.name(), found.layers(), found.has_equal_diff_ids()), (Some("prov-base:1"), Some(2), true));
    let itself = Opener::new().base(Some(&given)).open(path("base-docker28cs.tar")).unwrap();
    assert_eq!(itself.image.base.as_ref().unwrap().layers(), Some(2), "an image may add no layer");
    let note = itself.image.remarks.iter().any(|remark| remark.to_string().contains("has all layers of the image"));
    assert!(note, "{:?}", itself.image.remarks);
    let empty = GivenBase { diff_ids: Vec::new(), ..given.clone() };
    let error = empty.below(&app.image).unwrap_err().to_string();
    assert_eq!(error, "prov-base:1 has no layers, so it is not the base of the image; name an image with layers");
    let longer = GivenBase::of("prov-app:max", &app.image);
    let error = Opener::new().base(Some(&longer)).open(path("base-docker28cs.tar")).unwrap_err().to_string();
    assert!(
        error.ends_with("prov-app:max is not the base of the image: it has 5 layers, but the image has only 2; name the version that the image was built on"),
        "{error}"
    );
    let other = GivenBase::of("other", &library::open(&corpus.path("opaque/docker26.tar")).image);
    let error = Opener::new().base(Some(&other)).open(path("max-oci.tar")).unwrap_err().to_string();
    assert!(error.contains("other is not the base of the image: its layer 0 is sha256:"), "{error}");
    assert!(error.contains("but the image's is sha256:5232a6b445bb"), "{error}");
}

#[test]
fn dockerfile_is_matched_to_the_history_without_provenance() {
    let Some(corpus) = Corpus::here() else { return };
    let path = |name: &str| corpus.path(&format!("provenance/{name}"));
    let file = |name: &str| Arc::new(Dockerfile::new(name.to_owned(), corpus.text(&format!("provenance/{name}"))));
    let base =
        Opener::new().dockerfile(Some((&file("Dockerfile.base"), Required))).open(path("base-docker28cs.tar")).unwrap();
    assert_eq!(lines(&base), ["Dockerfile.base:2", "Dockerfile.base:3"]);
    assert!(base.image.layers.iter().all(|layer| layer.lines.as_ref().unwrap().certainty == Certainty::Matched));
    // Lines from provenance are not overwritten.
    let app = Opener::new().dockerfile(Some((&file("Dockerfile"), Required))).open(path("max-oci.tar")).unwrap();
    assert_eq!(lines(&app)[2..], ["Dockerfile:13", "Dockerfile:14-17", "Dockerfile:18"]);
    let wrong = Arc::new(Dockerfile::new("other".to_owned(), "FROM x\nRUN make\n".to_owned()));
    let error = Opener::new().dockerfile(Some((&wrong, Required))).open(path("max-oci.tar")).unwrap_err().to_string();
    assert!(error.starts_with("no instruction of other matches the history"), "{error}");
    let none = Arc::new(Dockerfile::new("none".to_owned(), "FRM x\n".to_owned()));
    let error = Opener::new().dockerfile(Some((&none, Required))).open(path("max-oci.tar")).unwrap_err().to_string();
    assert!(error.starts_with("none: "), "{error}");
    // `dive build` knows the file of the image, which may make no layer.
    for (file, says) in [(&wrong, ""), (&none, "dive cannot name lines of the Dockerfile: none: ")] {
        let opened = Opener::new().dockerfile(Some((file, Optional))).open(path("max-oci.tar")).unwrap();
        assert!(remarks(&opened).contains(says) && opened.image.remarks.len() == usize::from(!says.is_empty()));
    }
}

/// Statements are not signed: the image opens whatever their bytes are.
#[test]
fn no_statement_prevents_opening() {
    let build = Build::new();
    let honest = build.version_1().to_string().into_bytes();
    for at in (0..honest.len()).step_by(41) {
        for byte in [b'"', b'0', b'{', b']', b'\\', 0xff] {
            let mut bytes = honest.clone();
            bytes[at] = byte;
            assert_eq!(build.opens_with(&[(V1, bytes)]).image.layers.len(), 3);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A Dockerfile may come from a stranger's repository.
    #[test]
    fn no_dockerfile_breaks_the_program(parts in proptest::collection::vec(prop::sample::select(PARTS), 0..24)) {
        let store = FileStore::open(sample().as_ref(), Links::Inside, OnDamage::Fail, &mut |_| ()).unwrap();
        let mut image = image::open(&store, &Selection::default(), OnDamage::Fail).unwrap();
        let file = Arc::new(Dockerfile::new("D".to_owned(), parts.concat()));
        if image.match_dockerfile(&file).is_ok() {
            let last = file.text.lines().count() as u32;
            for lines in image.layers.iter().filter_map(|layer| layer.lines.as_ref()) {
                prop_assert!(lines.ranges.iter().all(|range| range.first >= 1 && range.last <= last), "{lines}");
            }
        }
    }
}

/// Parts of Dockerfiles, and texts that break parsers.
const PARTS: &[&str] = &[
    "FROM a\n",
    "FROM a AS b\n",
    "FROM b\n",
    "RUN ",
    "COPY ",
    "ADD ",
    "ENV A=$B\n",
    "WORKDIR /srv/shop\n",
    "COPY x /srv/shop/\n",
    "<<EOF",
    "<<-'E F'",
    "EOF\n",
    "\n",
    "\\\n",
    "`\n",
    "# escape=`\n",
    "# c\n",
    "[\"a\", \"b\"]",
    "[\"\\ud800\"",
    "--from=b ",
    "${A",
    "$",
    "é\u{2028}",
    "\r\n",
    "\0",
    "ONBUILD RUN x\n",
    "HEALTHCHECK NONE\n",
    "SHELL [\"s\"]\n",
    "cd /srv/shop && ",
    "\t ",
    "\"",
    "'",
];
