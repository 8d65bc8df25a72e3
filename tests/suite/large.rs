//! Large images with few files. A failure means that the time to open an image depends on the size of its files.
//!
//! The image is a sparse file of 10 GiB. The kernel limits the program's private memory and counts the bytes it reads.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use crate::user::{DIVE, Ran, User};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
const BLOCK: u64 = 512;

/// Memory limit in KiB, as in `bombs`.
const LIMIT: &str = "49152";

/// Limit of bytes read: headers with read-ahead, the program and its libraries.
const MOST_READ: u64 = MIB;
const MOST_READS: u64 = 200;

/// Files of [`GIB`] bytes in the image. Each costs at least one read, that of its header.
const FILES: u64 = 10;

#[test]
fn file_sizes_do_not_affect_the_cost_of_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar");
    let file = File::create(&path).unwrap();
    if !takes_holes(&file) {
        let _ = writeln!(std::io::stderr(), "skipped: {} does not support sparse files", folder.path().display());
        return;
    }
    write_image(file);

    let user = User::new().sets("RAYON_NUM_THREADS", "2");
    // Bytes read by the shell and by starting the program.
    let (_, start_bytes, start_reads) = reads_of(&user, &["--version"]);
    if start_reads == 0 {
        let _ = writeln!(std::io::stderr(), "skipped: this kernel does not count reads");
        return;
    }
    let (ran, bytes, reads) = reads_of(&user, &["--ci", path.to_str().unwrap()]);
    ran.prints(&["2 layers, 11 GB", "wastedBytes: 0 bytes"]);
    assert!(bytes < MOST_READ && reads < MOST_READS, "{bytes} bytes in {reads} reads");
    // The lower bound shows that the program's reads are counted.
    assert!(
        bytes >= start_bytes + FILES * BLOCK && reads >= start_reads + FILES,
        "{bytes} bytes in {reads} reads, of which {start_bytes} in {start_reads} at start: reads of the image were not counted"
    );
}

/// Runs the program with the memory limit; returns bytes read and number of reads.
fn reads_of(user: &User, arguments: &[&str]) -> (Ran, u64, u64) {
    // A shell's counters include those of its finished children.
    let script = format!("ulimit -d {LIMIT} && \"$0\" \"$@\" && cat /proc/$$/io");
    let ran = user.runs_program("sh", &[&["-c", &script, DIVE][..], arguments].concat()).ends_with(0);
    let (bytes, reads) = (counted(&ran.stdout, "rchar: "), counted(&ran.stdout, "syscr: "));
    (ran, bytes, reads)
}

/// A value of `/proc/PID/io`.
fn counted(text: &str, name: &str) -> u64 {
    let number = text.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel's count");
    number.parse().unwrap()
}

/// Whether the file system supports sparse files.
fn takes_holes(file: &File) -> bool {
    file.set_len(16 * MIB).is_ok() && file.metadata().unwrap().blocks() * BLOCK < MIB && file.set_len(12 * GIB).is_ok()
}

/// Writes two uncompressed layers with half of the [`FILES`] each: only their headers.
fn write_image(mut archive: File) {
    let mut at = 0;
    let manifest = br#"[{"Config":"config.json","RepoTags":["large:1"],"Layers":["0.tar","1.tar"]}]"#;
    let config =
        br#"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:00","sha256:01"]}}"#;
    for (name, bytes) in [("manifest.json", &manifest[..]), ("config.json", config)] {
        at = write_header(&mut archive, at, name, bytes.len() as u64);
        archive.write_all(bytes).unwrap();
        at += (bytes.len() as u64).next_multiple_of(BLOCK);
    }
    for layer in ["0", "1"] {
        at = write_header(&mut archive, at, &format!("{layer}.tar"), FILES / 2 * (BLOCK + GIB) + 2 * BLOCK);
        for number in 0..FILES / 2 {
            at = write_header(&mut archive, at, &format!("disk-{layer}-{number}"), GIB) + GIB;
        }
        at += 2 * BLOCK;
    }
    archive.set_len(at + 2 * BLOCK).unwrap();
}

/// Writes a header at `at` and returns the offset of its content.
fn write_header(archive: &mut File, at: u64, name: &str, size: u64) -> u64 {
    let mut header = tar::Header::new_gnu();
    header.set_path(name).unwrap();
    header.set_mode(0o644);
    header.set_size(size);
    header.set_cksum();
    archive.seek(SeekFrom::Start(at)).unwrap();
    archive.write_all(header.as_bytes()).unwrap();
    at + BLOCK
}
