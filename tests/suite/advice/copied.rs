//! What to write instead of a COPY that brings files. A failure means that dive tells people to leave out the program that the
//! image is for.

use dive_model::advice::{AdviceKind, KindSet};

use super::contents::{elf, program, static_library};
use super::says;
use crate::build::{Format, Layer, image};
use crate::user::User;

const EXCLUDED: &str = "from the copy, for example in .dockerignore";

/// An image that copies something of a kind, and the start of the remedy.
struct CopiedKind {
    kind: AdviceKind,
    fill: fn(Layer) -> Layer,
    remedy: String,
}

fn copied(kind: AdviceKind, fill: fn(Layer) -> Layer, remedy: &str) -> CopiedKind {
    CopiedKind { kind, fill, remedy: remedy.to_owned() }
}

/// Only what no program needs belongs into `.dockerignore`.
#[test]
fn each_kind_of_copied_files_has_its_own_remedy() {
    use AdviceKind::{
        AptArchives, AptLists, CoreDump, DataInImage, DebugSymbols, DocsAndLocales, DuplicateContent, EditorAndOsFiles,
        Logs, NodeCache, PythonCache, StaticLibrariesAndHeaders, TemporaryFiles, UnstrippedBinary, VcsFolder,
    };
    let excluded = |kind, fill, path: &str| copied(kind, fill, &format!("exclude {path} {EXCLUDED}"));
    let of_kinds = [
        excluded(AptLists, |l| l.file("var/lib/apt/lists/a", "x".repeat(70_000)), "/var/lib/apt/lists/a"),
        excluded(AptArchives, |l| l.file("var/cache/apt/archives/a.deb", "1"), "/var/cache/apt/archives/a.deb"),
        excluded(PythonCache, |l| l.file("root/.cache/pip/a", "1"), "/root/.cache/pip/a"),
        excluded(NodeCache, |l| l.file("root/.npm/_cacache/a", "1"), "/root/.npm/_cacache/a"),
        excluded(TemporaryFiles, |l| l.file("tmp/a", "1"), "/tmp/a"),
        excluded(Logs, |l| l.file("var/log/a", "x".repeat(1_000_001)), "/var/log/a"),
        excluded(CoreDump, |l| l.file("app/core", elf(4, 0)), "/app/core"),
        copied(VcsFolder, |l| l.file("app/x/.git/HEAD", "1").file("app/x/.git/objects/a", "2"), "add `**/.git` to"),
        copied(EditorAndOsFiles, |l| l.file("app/.DS_Store", "1"), "add `**/.DS_Store` to .dockerignore"),
        copied(
            EditorAndOsFiles,
            |l| {
                l.file("a/.idea/x", "1")
                    .file("a/.idea/y/z", "1")
                    .file("b/.a.swp", "1")
                    .file("c/.DS_Store", "1")
                    .file("c/d", "1")
            },
            "add `**/.*.swp`, `**/.DS_Store` and `**/.idea` to .dockerignore",
        ),
        copied(
            EditorAndOsFiles,
            |l| (0..9).fold(l.file("a/x", "1"), |l, at| l.file(format!("a/.{at}.swp"), "1")),
            "name them in .dockerignore",
        ),
        copied(
            DataInImage,
            |l| l.sparse_file("app/x.gguf", "x", 100_000_000),
            "mount them as a volume, or download them at start (/app/x.gguf)",
        ),
        copied(UnstrippedBinary, |l| l.file("server", program(2_000_000)), "strip /server before the copy"),
        copied(
            DebugSymbols,
            |l| l.file("usr/lib/debug/a", "1"),
            "keep them in another image or on a symbol server (/usr/lib/debug/a)",
        ),
        copied(
            StaticLibrariesAndHeaders,
            |l| l.file("usr/local/lib/a.a", static_library(1_000_001)),
            "copy only what the program needs, without /usr/local/lib/a.a",
        ),
        copied(
            DocsAndLocales,
            |l| l.file("usr/share/doc/a/README", "x".repeat(1_000_001)),
            "copy only what the program needs, without /usr/share/doc/a/README",
        ),
        copied(
            DuplicateContent,
            |l| l.file("app/a", "x".repeat(70_000)).file("app/b", "x".repeat(70_000)),
            "leave /app/b out of the copy, and store it as a link to /app/a; both have the same size and hash",
        ),
    ];
    for CopiedKind { kind, fill, remedy } in of_kinds {
        let image = image().layer(|l| fill(l).created_by("COPY . / # buildkit"));
        let found = image.open().opened().advice(KindSet::on()).findings;
        let found: Vec<_> = found.iter().filter(|finding| finding.kind == kind).collect();
        let [finding] = &found[..] else { panic!("{kind}: {found:#?}") };
        assert!(finding.remedy.starts_with(&format!("layer 0: {remedy}")), "{kind}: {}", finding.remedy);
    }
}

/// A later RUN needs the archive; the image does not.
#[test]
fn a_copied_archive_is_mounted_where_it_is_unpacked() {
    let of = |name: &str, command: &str, run: &str| {
        image()
            .layer(|l| l.file(format!("opt/{name}"), "1234").created_by(command))
            .layer(|l| l.file("opt/run", "1").created_by(run))
    };
    let mount = |name: &str| {
        format!("layer 0: mount /opt/{name} in the RUN that unpacks it (`RUN --mount=type=bind`) instead of copying it")
    };
    says(
        &of("app.tgz", "COPY app.tgz /opt/ # buildkit", "RUN /bin/sh -c tar xzf /opt/app.tgz -C /opt"),
        &[&format!("{}, or write ADD, which unpacks it", mount("app.tgz"))],
    );
    says(&of("app.zip", "COPY app.zip /opt/ # buildkit", "RUN /bin/sh -c unzip /opt/app.zip"), &[&mount("app.zip")]);
}

/// `.dockerignore` does not reach into an archive.
#[test]
fn files_of_an_unpacked_archive_are_left_out_of_it() {
    let added = |command: &str| image().runs_as("app").layer(|l| l.file("tmp/a", "1").created_by(command));
    let of_archive = &["layer 0: leave /tmp/a out of the archive that the ADD unpacks"];
    says(&added("ADD rootfs.tar.xz / # buildkit"), of_archive);
    says(&added("/bin/sh -c #(nop) ADD file:12ab in / "), of_archive);
    says(
        &added("ADD src /tmp/ # buildkit"),
        &[&format!("layer 0: exclude /tmp/a {EXCLUDED}"), "layer 0: write COPY for ADD"],
    );
}

/// What comes from another stage is in no `.dockerignore`. The history does not say so, but the lines do.
#[test]
fn files_of_another_stage_are_deleted_there() {
    let image = image().runs_as("app").layer(|l| l.file("tmp/a", "1").created_by("COPY /out / # buildkit"));
    says(
        &image,
        &["layer 0: exclude /tmp/a from the copy: list it in .dockerignore, or delete it in the source stage"],
    );
    let archive = image.save(Format::DockerArchive);
    for (line, remedy) in [
        ("COPY --from=build /out /", "exclude /tmp/a from the copy, or delete it in the stage of its `--from`"),
        ("COPY /out /", "exclude /tmp/a from the copy, for example in .dockerignore"),
    ] {
        let user = User::new().writes("Dockerfile", &format!("FROM scratch\n{line}\n"));
        let path = archive.path().to_str().unwrap();
        let text = user.runs(&["advise", path, "--dockerfile", "Dockerfile", "--format", "tsv"]).ends_with(0).stdout;
        assert!(text.contains(&format!("line 2: {remedy}")), "{text}");
    }
}
