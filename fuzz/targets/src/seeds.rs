//! Initial inputs of the fuzzer, which a test also runs. Some are written here, the others come from a corpus of real, damaged
//! and hostile images, which `DIVE_CORPUS` names.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use dive_model::compression::{Compression, Decoder, sniff};
use dive_model::layer::scan::scan;
use dive_model::layer::testing::write_record;
use dive_model::remark::OnDamage;

use crate::build::image;
use crate::documents::{DOCKER_ARCHIVE, LAYOUT};
use crate::statements;
use crate::store::SEPARATOR;

/// Maximum length of a seed. The fuzzer is slow with longer ones, and few bytes suffice for an odd image.
const MAX_LEN: usize = 128 << 10;

/// Seeds of a target that are written here.
#[must_use]
pub fn own(target: &str) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match target {
        "tar" | "archive" | "record" => of_archive(target, &sample()),
        "compression" => compressed(),
        "documents" | "index" => [of_archive(target, &sample()), of_archive(target, &layout())].concat(),
        "statements" => stated(),
        // Any bytes seed a random image.
        "tree" => (1..=4u8).map(|step| (0..=255u8).map(|at| at.wrapping_mul(step) ^ step).collect()).collect(),
        "table" => tables(),
        "configuration" => texts(&[
            include_str!("../../../.dive.yaml"),
            "keybinding:\n  quit: ctrl+c, q\n  toggle-filter-files: [ctrl+f, ctrl+slash]\nlog: {enabled: true, path: x.log}\n",
            "filetree:\n  pane-width: 0.5\ndiff: {hide: [added, unmodified]}\nrules: &a\n  lowest-efficiency: 0.9\nlayer: *a\n",
        ]),
        "rules" => texts(&[
            include_str!("../../../.dive-ci"),
            "rules:\n  lowestEfficiency: 0.95\n  highestWastedBytes: 20MB\n  highestUserWastedPercent: 0.20\n",
            "rules: {highest-wasted-bytes: disabled, lowestEficiency: [1]}\nci: true\n",
            "baseline: m.json\nrules:\n  highestImageBytes: { value: 5MB, level: warn, for: ours, reason: x }\n  forbidRoot: true\n",
            "rules:\n  paths:\n    - { path: \"**/[a-c]?/*.x\", forbid: true }\n    - { path: \"!b/\" }\n    - { path: c, highestBytes: 1kB }\n",
            "ignore:\n  - { path: a/**/b, reason: x, until: 2026-12-31 }\n  - { class: package-databases, reason: y }\nignoreWasteBelow: 1kB\n",
        ]),
        // Compose file, override file, another file and `.env`.
        "compose" => texts(&[
            "name: shop\nservices:\n  web: {image: \"nginx:${TAG:-1.25}\", platform: linux/arm64}\n  db:\n    image: $DB\n\u{1e}\
             services:\n  web: {image: !reset null, build: .}\n  cache: {image: redis, profiles: [x]}\n\u{1e}\u{1e}DB=postgres:16\n",
            "x-base: &base\n  image: a\nservices:\n  a:\n    <<: *base\n  b: {extends: {file: other.yaml, service: c}}\n\u{1e}\
             \u{1e}services:\n  c: {image: \"${C?no}\", build: {context: .}}\n\u{1e}export C='d$e'\nF=\"${C}\\n\" # g\n",
            "include:\n  - path: [other.yaml]\n    env_file: .env\nservices: {}\n\u{1e}\u{1e}services:\n  d: {build: x}\n",
            "web:\n  image: old\n  links: [db]\ndb:\n  build: .\n",
        ]),
        "keys" => {
            texts(&["ctrl+f", "ctrl+shift+up,q", "space", "alt+enter, pgdn", "f12", "shift+tab", "ctrl+slash", "é,日"])
        }
        "settings" => texts(&[
            r#"{"insecure-registries": ["reg.example:5000", "10.0.0.0/8"], "registry-mirrors": ["http://m.example/hub/"]}"#,
            "[[registry]]\nprefix = \"docker.io/team\"\nlocation = \"in.example/x\"\n[[registry.mirror]]\nlocation = \"m.example:1/p\"",
            "[aliases]\nalpine = \"reg.example:5000/alpine\"\n[[registry]]\nprefix = \"*.example\"\nblocked = true",
            "[registries.insecure]\nregistries = ['[::1]']",
        ]),
        "terms" => texts(&[
            "bin/.*sh$ >10MB <= 1.5GiB",
            "> 10 kB",
            "[a-z]{2,3}(?i)x",
            "20%",
            "0.95",
            "1,000",
            ".5MB",
            "1e3",
            "disabled",
            "18446744073709551615B",
            "\\p{Greek}+|^$",
        ]),
        "references" => texts(&[
            "alpine",
            "docker://nginx:1.25",
            "docker-archive://a.tar",
            "oci:folder:tag",
            "registry://[::1]:5000/a/b:c",
            "quay.io/a/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "linux/arm64/v8",
            "-",
            "containers-storage:x",
            "podman://localhost/x",
            "windows/amd64:10.0.1",
            "http://127.0.0.1:5000/x",
            "C:\\a.tar",
        ]),
        "answers" => texts(&[
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull\"",
            "Negotiate\nBasic realm=\"x\", Digest realm=\"y\", qop=\"auth\"",
            "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no \\u001b[31m access\",\"detail\":null},{\"code\":\"X\"}]}",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "120",
        ]),
        "escapes" => texts(&[
            "\u{3}\u{9}a\u{202e}b\u{9b}31m\u{200b}",
            "\u{1}\u{4}\u{1b}[<0;10;20M\u{1b}[200~paste",
            "\u{2}\u{5}it's $HOME `id` \u{1f468}\u{200d}\u{1f469}",
            "\u{5}\u{2}a\\x\\\\b\tc\n\u{1b}[97;5u\u{1b}OA\u{1b}[1;3D",
            "\u{7}\u{8} \u{a0}::add-mask::x\r::\n##[error]##vso[a.b]##teamcity[",
        ]),
        other => panic!("no seeds for {other}"),
    }
}

/// Seeds of a target from a corpus.
///
/// # Panics
/// If the folder has no corpus.
#[must_use]
pub fn of_corpus(target: &str, corpus: &Path) -> Vec<Vec<u8>> {
    let folders: &[&str] = match target {
        "configuration" | "rules" | "compose" => &["configs", "hostile/log-code-execution"],
        "escapes" => &["hostile"],
        "statements" => &["provenance"],
        _ => &["broken", "reports", "hostile"],
    };
    let mut seeds = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(corpus.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
        paths.sort();
        for path in paths {
            let mut bytes = Vec::new();
            fs::File::open(&path).unwrap().take(8 << 20).read_to_end(&mut bytes).unwrap();
            seeds.extend(match target {
                "configuration" | "rules" | "compose" | "escapes" => vec![bytes],
                _ => of_archive(target, &bytes),
            });
        }
    }
    let is_unpacked = ["tar", "archive"].contains(&target);
    seeds.retain(|seed| seed.len() <= MAX_LEN && !(is_unpacked && is_bomb(seed)));
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Maximum unpacked size of a seed. A bomb takes the fuzzer a second per run; `hostile` in the integration tests has bombs.
const MAX_UNPACKED: u64 = 16 << 20;

fn is_bomb(bytes: &[u8]) -> bool {
    let Ok((_, decoder)) = Decoder::sniffing(bytes) else { return false };
    std::io::copy(&mut decoder.take(MAX_UNPACKED), &mut std::io::sink()).is_ok_and(|count| count == MAX_UNPACKED)
}

/// Seeds from an archive: the archive itself, its layers, or its documents, by target.
fn of_archive(target: &str, archive: &[u8]) -> Vec<Vec<u8>> {
    let members = members(archive);
    let layers = || members.iter().map(|(_, bytes)| bytes).filter(|bytes| is_layer(bytes));
    match target {
        "archive" => vec![archive.to_vec()],
        "tar" => std::iter::once(archive.to_vec()).chain(layers().cloned()).collect(),
        "compression" => {
            let packed = std::iter::once(archive).chain(layers().map(Vec::as_slice));
            packed.filter(|bytes| is_packed(bytes)).map(|bytes| [&[0], bytes].concat()).collect()
        }
        "record" => layers().filter_map(|layer| record(layer)).collect(),
        "documents" => docker_archive(&members).into_iter().collect(),
        "index" => index(&members).into_iter().collect(),
        "statements" => statement(&members).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn is_layer(bytes: &[u8]) -> bool {
    bytes.len() >= 512 && bytes.len() <= MAX_LEN && !bytes.starts_with(b"{") && !bytes.starts_with(b"[")
}

fn is_packed(bytes: &[u8]) -> bool {
    sniff(&bytes[..bytes.len().min(512)]) != Compression::None
}

fn record(layer: &[u8]) -> Option<Vec<u8>> {
    let scan = scan(layer, OnDamage::Remark, &|| false).ok().filter(|scan| !scan.damaged && scan.entry_count < 2000)?;
    write_record(&scan).ok()
}

type Member = (String, Vec<u8>);

/// The members of an archive, up to the first damage.
fn members(archive: &[u8]) -> Vec<Member> {
    let mut reader = tar::Archive::new(archive);
    let Ok(entries) = reader.entries() else { return Vec::new() };
    let mut members = Vec::new();
    for entry in entries.take(200).map_while(Result::ok) {
        let name = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let mut bytes = Vec::new();
        if entry.take(4 << 20).read_to_end(&mut bytes).is_ok() {
            members.push((name, bytes));
        }
    }
    members
}

/// Joins documents in the order of a target's members. Replaces names in them; `names` are pairs of old and new.
fn input(documents: &[Option<&Vec<u8>>], names: &[(String, &str)]) -> Vec<u8> {
    let mut input = Vec::new();
    for document in documents {
        input.push(SEPARATOR);
        let Some(document) = document else { continue };
        match std::str::from_utf8(document) {
            Ok(text) => {
                let renamed = names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old.as_str(), new));
                input.extend_from_slice(renamed.as_bytes());
            }
            Err(_) => input.extend_from_slice(document),
        }
    }
    input
}

fn docker_archive(members: &[Member]) -> Option<Vec<u8>> {
    let named = |name: &str| members.iter().find(|(other, _)| other == name).map(|(_, bytes)| bytes);
    let manifest = named(DOCKER_ARCHIVE[0])?;
    let text = String::from_utf8_lossy(manifest);
    let other =
        members.iter().filter(|(name, bytes)| name.len() > 4 && bytes.len() < 16 << 10 && text.contains(name.as_str()));
    let (configs, layers): (Vec<_>, Vec<_>) = other.partition(|(_, bytes)| bytes.starts_with(b"{"));
    let chosen = configs.first().into_iter().chain(layers.iter().take(2)).map(|member| &member.1);
    let renamed = configs.iter().take(1).zip(&DOCKER_ARCHIVE[1..]).chain(layers.iter().zip(&DOCKER_ARCHIVE[2..4]));
    let names: Vec<_> = renamed.map(|((name, _), new)| (name.clone(), *new)).collect();
    let documents: Vec<_> = std::iter::once(manifest).chain(chosen).map(Some).collect();
    Some(input(&documents, &names))
}

fn index(members: &[Member]) -> Option<Vec<u8>> {
    let index = &members.iter().find(|(name, _)| name == LAYOUT[0])?.1;
    let blobs: Vec<_> = members
        .iter()
        .filter(|(name, bytes)| name.starts_with("blobs/sha256/") && bytes.len() < 16 << 10)
        .take(5)
        .collect();
    let hex = |path: &str| path.trim_start_matches("blobs/sha256/").to_owned();
    let names: Vec<_> =
        blobs.iter().zip(&LAYOUT[1..6]).map(|((name, _), new)| (hex(name), &new["blobs/sha256/".len()..])).collect();
    let documents: Vec<_> = std::iter::once(index).chain(blobs.iter().map(|blob| &blob.1)).map(Some).collect();
    Some(input(&documents, &names))
}

/// The statement about an image, with the digests that the target gives the manifest and the layers.
fn statement(members: &[Member]) -> Option<Vec<u8>> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let statement = text(&members.iter().find(|(_, bytes)| bytes.starts_with(b"{\"_type\""))?.1);
    let mut documents = members.iter().filter_map(|(name, bytes)| {
        let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let layers = document["layers"].as_array()?.clone();
        let is_image = layers.iter().all(|layer| layer["mediaType"].as_str().is_some_and(|it| it.contains("layer")));
        is_image.then(|| (name.rsplit('/').next().unwrap_or_default().to_owned(), layers))
    });
    let (manifest, layers) = documents.next()?;
    let digests = layers.iter().filter_map(|layer| layer["digest"].as_str()?.strip_prefix("sha256:"));
    let names = digests.zip(statements::LAYERS).chain([(manifest.as_str(), statements::MANIFEST)]);
    let renamed = names.fold(statement, |text, (old, digit)| text.replace(old, &statements::hex(digit)));
    Some(renamed.into_bytes())
}

/// Statements in both versions of the format: of mode=max, of mode=min, and about another image.
fn stated() -> Vec<Vec<u8>> {
    let layers = |count: usize| {
        let layers = statements::LAYERS.iter().take(count);
        layers
            .map(|digit| format!(r#"{{"digest": "sha256:{}"}}"#, statements::hex(*digit)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let range = |first: u32, last: u32| {
        format!(r#"{{"locations": [{{"ranges": [{{"start": {{"line": {first}}}, "end": {{"line": {last}}}}}]}}]}}"#)
    };
    // `FROM a`, `RUN <<E`, `b`, `E`, each on its line.
    let buildkit = format!(
        r#"{{"source": {{"infos": [{{"filename": "Dockerfile", "data": "RlJPTSBhClJVTiA8PEUKYgpFCg=="}}],
        "locations": {{"step0": {}, "step1": {}}}}}, "layers": {{"step0:0": [[{}]], "step1:0": [[{}]]}}}}"#,
        range(1, 1),
        range(2, 4),
        layers(2),
        layers(5)
    );
    let steps = r#"{"llbDefinition": [{"id": "step0", "op": {"Op": {"source": {"identifier":
        "docker-image://docker.io/library/a:1@sha256:00"}}}}, {"id": "step1", "op": {"Op": {}}}]}"#;
    let subject = |digit: char| format!(r#"[{{"name": "_", "digest": {{"sha256": "{}"}}}}]"#, statements::hex(digit));
    let images = r#"[{"uri": "pkg:docker/a@1?platform=linux%2Famd64", "digest": {"sha256": "00"}}]"#;
    let version_1 = |of: char| {
        format!(
            r#"{{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v1", "subject": {},
            "predicate": {{"buildDefinition": {{"internalParameters": {{"buildConfig": {steps}}}, "resolvedDependencies": {images}}},
            "runDetails": {{"metadata": {{"buildkit_metadata": {buildkit}}}}}}}}}"#,
            subject(of)
        )
    };
    let version_02 = |metadata: &str| {
        format!(
            r#"{{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2", "subject": {},
            "predicate": {{"materials": {images}, "buildConfig": {steps}, "metadata": {{{metadata}}}}}}}"#,
            subject(statements::MANIFEST)
        )
    };
    let max = format!(r#""https://mobyproject.org/buildkit@v1#metadata": {buildkit}"#);
    let texts = [version_1(statements::MANIFEST), version_1('0'), version_02(&max), version_02("")];
    texts.map(String::into_bytes).to_vec()
}

/// Two layers with an entry of every type.
fn drawn() -> crate::build::Image {
    image()
        .layer(|layer| {
            layer
                .dir("usr/bin/")
                .file("usr/bin/tool", "bytes")
                .hardlink("usr/bin/other", "usr/bin/tool")
                .symlink("bin", "usr/bin")
                .sparse_file("hole", "some", 1 << 20)
                .char_device("dev/null", 1, 3)
                .xattr("user.x", "1")
        })
        .layer(|layer| layer.whiteout("usr/bin/tool").opaque("etc").fifo("pipe").file("bin/new", "more"))
}

fn sample() -> Vec<u8> {
    drawn().archive(crate::build::Format::DockerArchive)
}

fn layout() -> Vec<u8> {
    drawn().archive(crate::build::Format::OciArchive)
}

fn compressed() -> Vec<Vec<u8>> {
    let text = b"what the layer holds, and holds, and holds";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(text).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(text).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(text).unwrap();
    let packed = [
        gzip.finish().unwrap(),
        zstd::encode_all(&text[..], 3).unwrap(),
        bzip2.finish().unwrap(),
        xz.finish().unwrap(),
    ];
    let one = packed.iter().zip(1..).map(|(packed, choice)| [&[choice], packed.as_slice()].concat());
    let twice = packed.iter().map(|packed| [&[5], packed.as_slice(), packed].concat());
    one.chain(twice).collect()
}

const TABLE: &str = r#"{"version":1,"entries":[{"name":"usr/","type":"dir","mode":493},
{"name":"usr/a","type":"reg","size":5,"mode":420,"uid":1,"gid":2,"xattrs":{"user.x":"MQ=="},"offset":64,
"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","chunkSize":3},
{"name":"usr/a","type":"chunk","offset":99,"chunkOffset":3,"chunkSize":2,"chunkType":"zeros"},
{"name":"b","type":"symlink","linkName":"usr/a"},{"name":"c","type":"hardlink","linkName":"usr/a"},
{"name":"d","type":"char","devMajor":1,"devMinor":3},{"name":".wh.e","type":"reg"}]}"#;

/// The JSON alone, and a layer in each format.
fn tables() -> Vec<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(TABLE.len() as u64);
    tar.append_data(&mut header, "stargz.index.json", TABLE.as_bytes()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    // The footer: an empty gzip member with the table's offset, 0, in its extra field.
    let footer = [
        &b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\x000000000000000000STARGZ"[..],
        b"\x01\0\0\xff\xff\0\0\0\0\0\0\0\0",
    ];
    let estargz = [gzip.finish().unwrap(), footer.concat()].concat();
    let chunked = zstd::encode_all(TABLE.as_bytes(), 3).unwrap();
    vec![
        [&[0], TABLE.as_bytes()].concat(),
        [&[3], TABLE.as_bytes()].concat(),
        [&[1], estargz.as_slice()].concat(),
        [&[2], chunked.as_slice()].concat(),
    ]
}
