//! Kinds by the content of files: programs with symbols, memory dumps, static libraries, copies.

use dive_model::advice::{AdviceKind, KindSet};

use super::finds;
use crate::build::{Image, Layer, Packing, image};

/// An ELF file of some type with a symbol table.
pub(super) fn elf(kind: u8, symbols: usize) -> Vec<u8> {
    let mut file = vec![0; 64];
    file[..6].copy_from_slice(b"\x7fELF\x02\x01");
    file[16] = kind;
    // Code that is loaded.
    file.resize(70_000, 0x90);
    let start = file.len() as u64;
    file.resize(file.len() + symbols, 1);
    let table = file.len() as u64;
    file[40..48].copy_from_slice(&table.to_le_bytes());
    (file[58], file[60]) = (64, 2);
    let mut section = [0; 64];
    section[4] = 2;
    section[24..32].copy_from_slice(&start.to_le_bytes());
    section[32..40].copy_from_slice(&(symbols as u64).to_le_bytes());
    file.extend([0; 64]);
    file.extend(section);
    file
}

/// A program with symbols of this size.
pub(super) fn program(symbols: usize) -> Vec<u8> {
    elf(3, symbols)
}

/// An archive of object files.
pub(super) fn static_library(size: usize) -> Vec<u8> {
    [b"!<arch>\n", &vec![b'x'; size - 8][..]].concat()
}

/// The same layer plain, and with both compressions, whose contents pass by once.
fn packed(fill: impl Fn(Layer) -> Layer) -> Vec<Image> {
    let of = |packing| image().layer(|layer| fill(layer).packed(packing));
    [Packing::Plain, Packing::Gzip, Packing::Zstd].map(of).to_vec()
}

#[test]
fn symbols_of_programs_are_found_and_the_rest_is_not_claimed() {
    for image in packed(|l| l.file("app/server", program(1_100_000)).file("app/tool", program(300_000))) {
        finds(&image, "unstripped-binary 1400000 B 2 files layer 0 /app/server");
        let opened = image.open();
        super::says(
            &image,
            &[
                "layer 0: link without them (`-ldflags='-s -w'` of Go, `strip = true` of Cargo), or run `strip` (/app/server and /app/tool)",
            ],
        );
        let (_, ours) = opened.opened().advice(KindSet::on()).partitions(opened.tree(), &opened.exact());
        assert_eq!(ours.rest_bytes, ours.total_bytes - 1_400_000);
    }
}

/// Debian strips its programs, and packages of a language are as their authors built them.
#[test]
fn programs_of_packages_object_files_and_stripped_programs_are_left_alone() {
    for path in ["usr/bin/node", "usr/lib/x.so", "opt/venv/lib/python3/site-packages/x.so", "app/node_modules/x.node"] {
        finds(&image().layer(|l| l.file(path, program(2_000_000))), "");
    }
    finds(&image().layer(|l| l.file("app/x.o", elf(1, 2_000_000))), "");
    finds(&image().layer(|l| l.file("app/x", elf(3, 0))), "");
    finds(&image().layer(|l| l.file("app/x", program(300_000))), "");
    for path in ["usr/local/go/bin/go", "usr/local/cuda-13/bin/nvcc", "root/.pyenv/versions/3.14/bin/python3"] {
        finds(&image().layer(|l| l.file(path, program(2_000_000))), "");
    }
    let conda = |l: Layer| {
        let l = l.file("opt/conda/conda-meta/history", "1").file("opt/conda/lib/libpython.so", program(2_000_000));
        l.file("opt/conda/envs/a/lib/libpython.so", program(2_000_000))
    };
    finds(&image().layer(conda), "");
    let linked = image().layer(|l| l.file("usr/bin/x", program(2_000_000)).hardlink("app/x", "usr/bin/x"));
    finds(&linked, "");
}

/// Chrome and Slack install themselves into `/opt`: their packages, not the image, decide on their programs.
#[test]
fn programs_in_opt_that_a_package_of_dpkg_installs_are_left_alone() {
    let of = |list: &str| {
        let info = format!("var/lib/dpkg/info/{list}");
        image().layer(|l| {
            l.file("etc/a", "1").file("opt/google/chrome/chrome", program(2_000_000)).mode(0o4755).file(info, "x")
        })
    };
    finds(&of("google-chrome-stable.list"), "");
    for other in ["google-chrome-stable.md5sums", "goo.list", "x-google.list"] {
        finds(
            &of(other),
            "
            unstripped-binary 2000000 B 1 files layer 0 /opt/google/chrome/chrome
            setuid-added 0 B 1 files layer 0 /opt/google/chrome/chrome
            ",
        );
    }
}

/// `go install` writes to `/go/bin`, and Go itself is in `/usr/local/go`.
#[test]
fn programs_that_go_installed_are_found() {
    let of = |path: &str| image().layer(|l| l.file(path, program(2_000_000)).file("go/pkg/mod/a/x", program(0)));
    finds(&of("go/bin/srv").starts(&["go", "run"]), "unstripped-binary 2000000 B 1 files layer 0 /go/bin/srv");
    finds(
        &of("go/bin/linux_arm64/srv").starts(&["go", "run"]),
        "unstripped-binary 2000000 B 1 files layer 0 /go/bin/linux_arm64/srv",
    );
    finds(&of("usr/local/go/bin/go").starts(&["go", "run"]), "");
}

#[test]
fn programs_are_stripped_before_a_copy() {
    let image = image().layer(|l| l.file("app/x", program(2_000_000)).created_by("COPY x /app/ # buildkit"));
    super::says(&image, &["layer 0: strip /app/x before the copy"]);
    let many = |count: usize| {
        let fill = |l: Layer, at| l.file(format!("app/{at}"), program(1_000_000 + at));
        let image = crate::build::image()
            .layer(|l| (0..count).fold(l.file("app/run.sh", "1"), fill).created_by("COPY x /app/ # buildkit"));
        image.open().opened().advice(KindSet::on()).findings[0].remedy.clone()
    };
    // `strip` fails for a directory, and for a script in it.
    assert_eq!(many(2), "layer 0: strip /app/0 and /app/1 before the copy");
    assert_eq!(many(3), "layer 0: strip /app/0, /app/1 and /app/2 before the copy");
    assert_eq!(many(5), "layer 0: strip /app/4, /app/3, /app/2, /app/1 and 1 more path before the copy");
    assert_eq!(many(9), "layer 0: strip the programs below /app before the copy");
}

/// Programs load the other libraries of the directory.
#[test]
fn static_libraries_are_named_apart_from_the_directory() {
    let of = |libraries: usize| {
        let fill = |l: Layer, at| l.file(format!("opt/x/lib/lib{at}.a"), static_library(1_000_009 - at));
        image().layer(|l| {
            let l = (0..libraries).fold(l, fill).file("opt/x/lib/libx.so", "1");
            l.created_by("COPY --from=build /opt/x /opt/x # buildkit")
        })
    };
    super::says(
        &of(2),
        &["layer 0: copy only what the program needs, without /opt/x/lib/lib0.a and /opt/x/lib/lib1.a"],
    );
    super::says(&of(9), &["layer 0: copy only what the program needs, without the `*.a` files in /opt/x/lib"]);
    let headers = image().layer(|l| {
        let l = l.file("usr/include/a.h", "x".repeat(1_100_000)).file("usr/include/b.h", "1");
        l.created_by("COPY --from=build /usr /usr # buildkit")
    });
    super::says(&headers, &["layer 0: copy only what the program needs, without /usr/include"]);
}

/// The licences of a program must stay, as in dive's own image.
#[test]
fn licences_of_a_program_are_left_alone() {
    finds(&image().layer(|l| l.file("usr/share/doc/dive/THIRD-PARTY.txt", "x".repeat(2_000_000))), "");
}

#[test]
fn memory_dumps_are_recognized_by_their_content() {
    for image in packed(|l| l.file("app/core", elf(4, 0)).file("app/core.js", "x".repeat(70_000))) {
        finds(&image, "core-dump 70128 B 1 files layer 0 /app/core");
    }
    finds(&image().layer(|l| l.file("app/core", "x".repeat(70_000))), "");
    finds(&image().layer(|l| l.file("usr/lib/python3/site-packages/elf/tests/core", elf(4, 0))), "");
}

#[test]
fn static_libraries_and_debug_files_need_name_and_content() {
    for image in
        packed(|l| l.file("usr/lib/libx.a", static_library(1_000_001)).file("app/x.deb", static_library(99_999)))
    {
        finds(&image, "static-libraries-and-headers 1000001 B 1 files layer 0 /usr/lib/libx.a");
    }
    for image in packed(|l| l.file("app/server.debug", program(300_000)).file("etc/app.debug", "x".repeat(70_000))) {
        finds(&image, "debug-symbols 370128 B 1 files layer 0 /app/server.debug");
    }
    // A program of the image compiles with them.
    for path in [
        "usr/local/cuda/lib64/libcublas_static.a",
        "usr/local/go/pkg/linux/x.a",
        "root/.rustup/toolchains/x/lib/x.a",
        "usr/lib/gcc/x86_64/13/libgcc.a",
    ] {
        finds(&image().layer(|l| l.file(path, static_library(2_000_000))), "");
    }
    finds(&image().layer(|l| l.file("app/data.a", "x".repeat(2_000_000))), "");
}

#[test]
fn a_copy_is_advice_on_the_upper_layer() {
    let big = "x".repeat(70_000);
    let other = format!("{}y", "x".repeat(69_999));
    for packing in [Packing::Plain, Packing::Gzip] {
        let image = image()
            .layer(|l| l.file("opt/data", &big).file("opt/other", &other).packed(packing))
            .layer(|l| l.file("app/data", &big).file("app/small", "x").created_by("COPY . /app # buildkit"))
            .layer(|l| l.file("srv/data", &big).packed(packing).created_by("RUN /bin/sh -c cp /opt/data /srv"));
        finds(
            &image,
            "
            duplicate-content 70000 B 1 files layer 1 /app/data
            duplicate-content 70000 B 1 files layer 2 /srv/data
            ",
        );
        super::says(
            &image,
            &[
                "layer 1: leave /app/data out of the copy, and store it as a link to /opt/data; both have the same size \
              and hash",
                "layer 2: write `ln -sf /opt/data /srv/data`; both have the same size and hash",
            ],
        );
    }
}

#[test]
fn hard_links_small_files_and_copies_of_packages_are_left_alone() {
    let big = "x".repeat(70_000);
    finds(&image().layer(|l| l.file("app/a", &big).hardlink("app/b", "app/a")), "");
    let small = "x".repeat(60_000);
    finds(&image().layer(|l| l.file("app/a", &small).file("app/b", &small)), "");
    finds(&image().layer(|l| l.file("usr/include/a", &big).file("usr/share/b", &big)), "");
    let version = |l: Layer, number: &str| l.file(format!("root/.rustup/toolchains/{number}/lib/std.so"), &big);
    finds(&image().layer(|l| version(version(l, "1.94"), "1.95")), "");
    let backup =
        |l: Layer| l.file("var/cache/debconf/templates.dat", &big).file("var/cache/debconf/templates.dat-old", &big);
    finds(&image().layer(backup), "");
    finds(
        &image().layer(|l| l.file("app/node_modules/a/x", &big).file("app/node_modules/b/node_modules/a/x", &big)),
        "",
    );
    let overwritten = image().layer(|l| l.file("app/a", &big)).layer(|l| l.file("app/a", "1").file("app/b", &big));
    finds(&overwritten, "overwritten-later 70000 B 1 files layer 0 hidden by 1 /app/a");
}

/// If both were deleted, nothing would be left.
#[test]
fn the_last_copy_that_no_other_kind_claims_stays() {
    let big = "x".repeat(70_000);
    finds(
        &image().layer(|l| l.file("tmp/a", &big).file("app/a", &big)),
        "temporary-files 70000 B 1 files layer 0 /tmp/a",
    );
}

#[test]
fn contents_are_only_inspected_if_asked() {
    let archive = image().layer(|l| l.file("app/server", program(2_000_000))).save(crate::build::Format::DockerArchive);
    let opened = dive_model::Opener::new().open(archive.path()).unwrap();
    let kinds = AdviceKind::ALL.iter().copied().collect();
    assert!(!opened.advice(kinds).findings.iter().any(|finding| finding.kind == AdviceKind::UnstrippedBinary));
    assert!(opened.tree.copies().len() == 0);
}
