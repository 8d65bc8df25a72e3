//! Files in many layers. A failure means that a few kB of manifest make dive read the same bytes for minutes.

use super::{CPU, Hostile, MEMORY};
use crate::build::{Layer, Packing};

const MIB: u64 = 1 << 20;
const FILE: u64 = 4 * MIB;

/// Limit of bytes read: both files, their surroundings and the program itself.
const MOST_READ: u64 = 2 * FILE + 4 * MIB;

#[test]
fn alternating_files_are_read_once() {
    let layers = [plain_layer("a", b'a'), plain_layer("b", b'b')];
    assert_reads_little(&Hostile::listing(&layers, ["a", "b"].into_iter().cycle().take(4000)));
}

/// More versions of other sizes lie in between than dive remembers.
#[test]
fn files_of_distant_layers_are_read_once() {
    let small = |layer: usize| (format!("s{layer}"), Layer::default().file("path", "x".repeat(layer + 1)).tar());
    let between: Vec<(String, Vec<u8>)> = (0..300).map(small).collect();
    let mut layers = vec![plain_layer("a", b'a'), plain_layer("b", b'b')];
    layers.extend(between.iter().map(|(name, blob)| (name.as_str(), blob.clone())));
    let names: Vec<&str> = layers.iter().map(|(name, _)| *name).collect();
    assert_reads_little(&Hostile::listing(&layers, names.iter().copied().cycle().take(20 * names.len())));
}

/// A layer with one file `path` of [`FILE`] bytes.
fn plain_layer(name: &str, byte: u8) -> (&str, Vec<u8>) {
    (name, Layer::default().file("path", vec![byte; FILE as usize]).packed(Packing::Plain).blob())
}

fn assert_reads_little(image: &Hostile) {
    let ran = image.listed_within(MEMORY, CPU, "cat /proc/$$/io").ends_with(0);
    let read = ran.stdout.lines().find_map(|line| line.strip_prefix("rchar: ")).expect("rchar in /proc/PID/io");
    let read: u64 = read.parse().unwrap();
    // The lower bound shows that the program's reads are counted.
    assert!((2 * FILE..MOST_READ).contains(&read), "{read} bytes are read");
}
