//! Runs over several images: how they are named, what is printed of each, the table, and the exit code. A failure means that a
//! pipeline over many images passes, fails or counts wrongly.

mod growth;
mod naming;
mod rules;
mod sharing;
mod trouble;

use std::path::Path;

use crate::build::{Image, Packing, image};
use crate::user::User;

/// Writes an image to a file in the working directory.
fn saves(user: &User, name: &str, image: &Image) {
    std::fs::write(user.file(name), image.archive(crate::build::Format::DockerArchive)).unwrap();
}

/// An image on a base of two layers of 1,000 bytes each, with a layer of its own.
fn on_base(own: &str, packing: Packing) -> Image {
    image()
        .layer(|layer| layer.packed(packing).file("base/a", "a".repeat(1000)))
        .layer(|layer| layer.packed(packing).file("base/b", "b".repeat(1000)))
        .layer(|layer| layer.packed(packing).file(own, own.repeat(100)))
}

/// The rows of the table of images, each as its words.
fn rows(stdout: &str) -> Vec<Vec<String>> {
    let (_, table) = stdout.split_once("\nImages:\n").or_else(|| stdout.split_once("Images:\n")).expect("a table");
    let rows = table.lines().skip(1).take_while(|line| !line.ends_with(':') && !line.starts_with("Duplicates"));
    rows.map(|row| row.split_whitespace().map(str::to_owned).collect()).collect()
}

/// The documents of a file of JSON Lines.
fn documents(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
