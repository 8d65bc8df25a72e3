//! Small files that unpack to much. If one of these fails, looking at a stranger's image takes a machine down.
//!
//! The kernel is the witness: the program runs under a limit on its private memory (`RLIMIT_DATA`, which on Linux counts
//! every anonymous mapping, stacks too), and dies where it asks for more.
#![cfg(target_os = "linux")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::place::{Corpus, sample};
use crate::user::{DIVE, Ran, User};

/// All that the program may take, in KiB: with the pages of the program itself it stays under 64 MiB.
const LIMIT: &str = "49152";

const MIB: usize = 1 << 20;
const BLOCK: usize = 512;

fn lists(image: &str) -> Ran {
    // As many threads as on the smallest machine: each has a stack, which is not what is measured here.
    lists_within(LIMIT, "2", image)
}

fn lists_within(limit: &str, threads: &str, image: &str) -> Ran {
    let user = User::new().sets("RAYON_NUM_THREADS", threads);
    user.runs_program("sh", &["-c", &format!("ulimit -d {limit} && exec \"$0\" \"$@\""), DIVE, "tree", image])
}

/// A container with a limit on processes is such a place, too.
#[test]
fn where_threads_cannot_be_started_that_is_said() {
    // Eight stacks of 2 MiB do not go into 12; all else does.
    let ran = lists_within("12288", "8", &sample());
    assert!(ran.error().starts_with("no threads can be started to read layers: "), "{}", ran.error());
    assert!(ran.error().contains("--pids-limit"), "{}", ran.error());
}

#[test]
fn a_gibibyte_in_one_file_passes_by() {
    let Some(corpus) = Corpus::here() else { return };
    lists(&corpus.path("broken/zipbomb-1g-file.tar")).ends_with(0).prints(&[" 1.1 GB "]);
}

#[test]
fn a_name_of_half_a_gibibyte_is_refused_by_a_limit() {
    let ran = lists_layer(&[&header("././@LongLink", b'L', 512 * MIB), &gzipped(b'n', 512)]);
    assert!(ran.error().contains("layer 0") && ran.error().contains("limit"), "{}", ran.error());
}

#[test]
fn an_extended_header_of_half_a_gibibyte_is_refused_by_a_limit() {
    let ran = lists_layer(&[&header("PaxHeaders/x", b'x', 512 * MIB), &gzipped(b'9', 512)]);
    assert!(ran.error().contains("layer 0") && ran.error().contains("limit"), "{}", ran.error());
}

#[test]
fn a_gibibyte_behind_the_end_of_a_layer_passes_by() {
    let file = [gzip(&tar_header("small", b'0', 0)), gzip(&[0; 2 * BLOCK])].concat();
    lists_layer(&[&file, &gzipped(0, 1024)]).ends_with(0).prints(&["small"]);
}

/// Lists an image whose only layer is these gzip members, one behind the other.
fn lists_layer(members: &[&[u8]]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.tar");
    let mut archive = tar::Builder::new(std::fs::File::create(&path).unwrap());
    let manifest = br#"[{"Config":"config.json","RepoTags":["bomb:1"],"Layers":["layer.tar"]}]"#;
    let config = br#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;
    for (name, bytes) in [("layer.tar", &members.concat()[..]), ("config.json", config), ("manifest.json", manifest)] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, bytes).unwrap();
    }
    archive.into_inner().unwrap();
    lists(path.to_str().unwrap())
}

/// A header in a gzip member of its own.
fn header(name: &str, typeflag: u8, size: usize) -> Vec<u8> {
    gzip(&tar_header(name, typeflag, size))
}

fn tar_header(name: &str, typeflag: u8, size: usize) -> [u8; BLOCK] {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_entry_type(tar::EntryType::new(typeflag));
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_cksum();
    *header.as_bytes()
}

/// So many MiB of one byte: the same gzip member again and again.
fn gzipped(byte: u8, mebibytes: usize) -> Vec<u8> {
    const PIECE: usize = 16;
    gzip(&vec![byte; PIECE * MIB]).repeat(mebibytes / PIECE)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
