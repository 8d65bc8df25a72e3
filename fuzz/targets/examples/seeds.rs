//! Writes the seeds of every target to `FOLDER/TARGET`, including those from the corpus that `DIVE_CORPUS` names:
//! `cargo run --package dive-fuzz-targets --example seeds -- FOLDER`.

use std::path::PathBuf;
use std::{env, fs, io};

use dive_fuzz_targets::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or_else(|| io::Error::other("usage: seeds FOLDER"))?);
    let corpus = env::var_os("DIVE_CORPUS").map(PathBuf::from);
    for target in &TARGETS {
        let of_corpus = corpus.iter().flat_map(|corpus| seeds::of_corpus(target.name, corpus));
        fs::create_dir_all(folder.join(target.name))?;
        for (at, seed) in seeds::own(target.name).into_iter().chain(of_corpus).enumerate() {
            fs::write(folder.join(target.name).join(format!("seed-{at:04}")), seed)?;
        }
    }
    Ok(())
}
