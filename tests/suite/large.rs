//! Large images of few files. If one of these fails, the size of what lies in an image is back in what opening it costs.
//!
//! The image is 10 GiB of holes, which take no place on the disk. The kernel is the witness: it limits the program's
//! private memory and counts the bytes that it reads.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use crate::user::{DIVE, Ran, User};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;
const BLOCK: u64 = 512;

/// All that the program may take, in KiB, as for the bombs.
const LIMIT: &str = "49152";

/// What the program may read: the headers, and what one read takes along behind each. The program itself and its
/// libraries are in it, too.
const MOST_READ: u64 = MIB;
const MOST_READS: u64 = 200;

/// Files of [`GIB`] bytes in the image. Each costs a read of its header at least, for there is no other way past it.
const FILES: u64 = 10;

#[test]
fn ten_gibibytes_in_ten_files_cost_what_ten_entries_cost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tar");
    let file = File::create(&path).unwrap();
    if !takes_holes(&file) {
        let _ = writeln!(std::io::stderr(), "skipped, since {} has no files with holes", folder.path().display());
        return;
    }
    write_image(file);

    let user = User::new().sets("RAYON_NUM_THREADS", "2");
    // What the shell reads, and the program to start, whatever it is told to do.
    let (_, start_bytes, start_reads) = reads_of(&user, &["--version"]);
    if start_reads == 0 {
        let _ = writeln!(std::io::stderr(), "skipped, since this kernel does not count what a program reads");
        return;
    }
    let (ran, bytes, reads) = reads_of(&user, &["--ci", path.to_str().unwrap()]);
    ran.prints(&["2 layers, 11 GB", "wastedBytes: 0 bytes"]);
    assert!(bytes < MOST_READ && reads < MOST_READS, "{bytes} bytes in {reads} reads");
    // A count without the program's own reads would hold to any upper bound.
    assert!(
        bytes >= start_bytes + FILES * BLOCK && reads >= start_reads + FILES,
        "{bytes} bytes in {reads} reads, of which {start_bytes} in {start_reads} to start: the image's are not counted"
    );
}

/// Runs the program within its limit: how many bytes were read, and in how many reads.
fn reads_of(user: &User, arguments: &[&str]) -> (Ran, u64, u64) {
    // A shell's count of reads has those of the programs that it waited for.
    let script = format!("ulimit -d {LIMIT} && \"$0\" \"$@\" && cat /proc/$$/io");
    let ran = user.runs_program("sh", &[&["-c", &script, DIVE][..], arguments].concat()).ends_with(0);
    let (bytes, reads) = (counted(&ran.stdout, "rchar: "), counted(&ran.stdout, "syscr: "));
    (ran, bytes, reads)
}

/// A number of `/proc/PID/io`.
fn counted(text: &str, name: &str) -> u64 {
    let number = text.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel's count");
    number.parse().unwrap()
}

/// Whether a file can be made longer without taking place. One that cannot would fill the disk.
fn takes_holes(file: &File) -> bool {
    file.set_len(16 * MIB).is_ok() && file.metadata().unwrap().blocks() * BLOCK < MIB && file.set_len(12 * GIB).is_ok()
}

/// Two plain layers, each of half of the [`FILES`], of which only the headers are written.
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

/// Writes a header at a place: where what it speaks of begins.
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
