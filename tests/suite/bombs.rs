//! Small archives that unpack to gigabytes. A failure means that a hostile image can exhaust the machine's memory.
//!
//! The kernel enforces it: the program runs under `RLIMIT_DATA`, which on Linux counts all anonymous mappings including
//! stacks, and dies if it asks for more.
#![cfg(target_os = "linux")]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::place::{Corpus, sample};
use crate::user::{DIVE, Ran, User};

/// Memory limit in KiB. With the program's own pages it stays below 64 MiB.
const LIMIT: &str = "49152";

const MIB: usize = 1 << 20;
const BLOCK: usize = 512;

fn lists(image: &str) -> Ran {
    // Two threads, as on the smallest machine: each needs a stack, which is not measured here.
    lists_within(LIMIT, "2", image)
}

fn lists_within(limit: &str, threads: &str, image: &str) -> Ran {
    let user = User::new().sets("RAYON_NUM_THREADS", threads);
    user.runs_program("sh", &["-c", &format!("ulimit -d {limit} && exec \"$0\" \"$@\""), DIVE, "tree", image])
}

/// Containers can also limit the number of processes.
#[test]
fn thread_limit_is_a_clear_error() {
    // Eight stacks of 2 MiB exceed 12 MiB; everything else fits.
    let ran = lists_within("12288", "8", &sample());
    assert!(ran.error().starts_with("cannot start threads to read layers: "), "{}", ran.error());
    assert!(ran.error().contains("--pids-limit"), "{}", ran.error());
}

#[test]
fn one_gib_file_fits_in_little_memory() {
    let Some(corpus) = Corpus::here() else { return };
    lists(&corpus.path("broken/zipbomb-1g-file.tar")).ends_with(0).prints(&[" 1.1 GB "]);
}

#[test]
fn huge_gnu_name_is_refused() {
    let ran = lists_layer(&[&header("././@LongLink", b'L', 512 * MIB), &gzipped(b'n', 512)]);
    assert!(ran.error().contains("layer 0") && ran.error().contains("limit"), "{}", ran.error());
}

#[test]
fn huge_pax_header_is_refused() {
    let ran = lists_layer(&[&header("PaxHeaders/x", b'x', 512 * MIB), &gzipped(b'9', 512)]);
    assert!(ran.error().contains("layer 0") && ran.error().contains("limit"), "{}", ran.error());
}

#[test]
fn one_gib_after_layer_end_fits_in_little_memory() {
    let file = [gzip(&tar_header("small", b'0', 0)), gzip(&[0; 2 * BLOCK])].concat();
    lists_layer(&[&file, &gzipped(0, 1024)]).ends_with(0).prints(&["small"]);
}

/// Lists an image whose only layer consists of these gzip members.
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

/// A tar header in its own gzip member.
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

/// `mebibytes` MiB of one byte, as a repeated gzip member.
fn gzipped(byte: u8, mebibytes: usize) -> Vec<u8> {
    const PIECE: usize = 16;
    gzip(&vec![byte; PIECE * MIB]).repeat(mebibytes / PIECE)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
