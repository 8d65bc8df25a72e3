//! `dive cache`: shows and clears the cache of layers.

use anyhow::{Context, bail};

use super::environment;
use super::output;
use crate::cli::CacheAction;
use dive_model::cache::{Cache, LIMIT};
use dive_model::units::Bytes;
use dive_sources::Environment;

/// Shows the cache, or clears it.
pub(super) fn run(action: Option<CacheAction>, environment: &Environment) -> anyhow::Result<()> {
    let Some(folder) = environment::cache_folder(environment) else {
        bail!("no cache directory; set XDG_CACHE_HOME to one");
    };
    let cache = Cache::new(folder);
    let before = cache.usage();
    match action {
        Some(CacheAction::Clear) => {
            cache.clear().with_context(|| format!("{} cannot be cleared", cache.root().display()))?;
            output::print(|out| writeln!(out, "cleared: {}", Bytes(before.bytes)))
        }
        None => output::print(|out| {
            writeln!(out, "directory: {}", cache.root().display())?;
            writeln!(out, "layers: {}", before.layers)?;
            writeln!(out, "images: {}", before.images)?;
            writeln!(out, "size: {} of at most {}", Bytes(before.bytes), Bytes(LIMIT))
        }),
    }
}
