//! From the command line's word for an image to its tree: found, opened, read. What is told on the way goes to whoever
//! watches: a progress bar, or the screen.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{anyhow, bail};
use tracing::info;

use super::access::{self, Mode};
use super::output::Notices;
use super::progress::ProgressBar;
use crate::cli::{self, OpeningArgs};
use crate::config::Config;
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::cache::{self, Cache};
use dive_model::image::{self, Image, ImageSelector, Selection};
use dive_model::layer::{self, LayerBlob, Progress};
use dive_model::remark::Remark;
use dive_model::store::Store;
use dive_model::tree::{self, Loaded};
use dive_sources::{Access, ContainerEngine, ImageOrigin, PathReference, PullPolicy, Reference, Source, SourceError};

/// Hears how opening goes.
pub(super) trait Watch: Progress {
    /// The engine does not have the image and pulls it.
    fn pulling(&self, engine: ContainerEngine, name: &str);
    /// Bytes come: of an archive, of what an engine pulls or saves, of layers from a registry.
    fn spooled(&self, progress: TransferProgress);
    /// The image is found; its layers come next.
    fn found(&self, image: &Arc<Image>);
    /// There is no image to be found, and this was odd on the way.
    fn lost(&self, remarks: &[Remark]);
}

/// What is to be opened, and how.
#[derive(Debug)]
pub(super) struct Opening {
    argument: OsString,
    reference: Reference,
    selection: Selection,
    access: Access,
    mode: Mode,
}

/// An image that was read.
pub(super) struct Opened {
    pub(super) image: Arc<Image>,
    pub(super) loaded: Loaded,
    pub(super) origin: ImageOrigin,
    /// What messages call its source.
    source: String,
}

impl Opening {
    /// Reads the argument; on a terminal, an engine is asked for the image, and its user whether to pull it.
    pub(super) fn new(argument: &OsStr, opening: &OpeningArgs, config: &Config, mode: Mode) -> anyhow::Result<Self> {
        let reference = Reference::parse(argument, opening.source, config.container_engine.value)?;
        if reference == Reference::Stdin && io::stdin().is_terminal() {
            bail!("standard input is a terminal; pipe an archive into it: `docker save NAME | dive -`");
        }
        let image = selected(opening.selected.as_ref(), &reference)?;
        let mut access = access::of(opening, config);
        access::ask_to_pull(&reference, opening, config, mode, &mut access, Notices::of(opening))
            .map_err(|error| with_other_reading(error, argument, &reference))?;
        let selection = Selection { image, platform: opening.platform.clone() };
        Ok(Self { argument: argument.to_owned(), reference, selection, access, mode })
    }

    /// Finds and reads the image.
    pub(super) fn open(&self, watch: &dyn Watch) -> anyhow::Result<Opened> {
        let start = Instant::now();
        let Access { on_damage, cache, .. } = &self.access;
        let mut missing = self.may_be_missing();
        let source = Source::open(&self.reference, &self.access, &mut |spooled| {
            if let (TransferStep::Pull, Some((engine, name))) = (spooled.step, missing) {
                watch.pulling(engine, name);
                missing = None;
            }
            watch.spooled(spooled);
        })
        .map_err(|error| with_other_reading(error.into(), &self.argument, &self.reference))?;
        info!("{} found in {:.1?}", source.store().name(), start.elapsed());
        let start = Instant::now();
        // What was lost on the way to the image may be why there is none.
        let image = image::open(source.store(), &self.selection, *on_damage);
        let image = image.inspect_err(|_| watch.lost(source.store().remarks()))?;
        let platform = image.platform.as_ref().map_or_else(String::new, |platform| format!(" ({platform})"));
        info!(
            "image {}{platform}: {} layers, documents read in {:.1?}",
            image.name,
            image.layers.len(),
            start.elapsed()
        );
        let image = Arc::new(get_layers(source.store(), image, cache.as_ref(), self.mode, watch)?);
        watch.found(&image);
        start_threads()?;
        let start = Instant::now();
        let loaded = tree::load(&image, source.store().name(), *on_damage, cache.as_ref(), watch)?;
        info!("layers read in {:.1?}", start.elapsed());
        Ok(Opened { image, loaded, origin: source.origin().clone(), source: source.store().name().to_owned() })
    }
}

/// The image in a file, by `--image` or by the tag behind the path.
fn selected(flag: Option<&ImageSelector>, reference: &Reference) -> anyhow::Result<Option<ImageSelector>> {
    let Reference::Path(PathReference { path, tag: Some(tag), .. }) = reference else { return Ok(flag.cloned()) };
    // `@0` is the first image, as skopeo writes it; a bare number may be a tag.
    let place = tag.strip_prefix('@').and_then(|place| place.parse().ok()).map(ImageSelector::Index);
    let tagged = place.unwrap_or_else(|| ImageSelector::Reference(tag.clone()));
    if let Some(flag) = flag.filter(|flag| **flag != tagged) {
        bail!("{}:{tag} and --image {flag} choose different images; leave one of them out", path.display());
    }
    Ok(Some(tagged))
}

/// Completes an engine's error with what else the argument could have meant. The likelier meaning comes first.
fn with_other_reading(error: anyhow::Error, argument: &OsStr, reference: &Reference) -> anyhow::Error {
    match reference {
        Reference::Engine { other: Some(other), .. } if other.is_likely() => {
            let brief = match error.downcast_ref() {
                Some(SourceError::Engine(error)) => error.brief(),
                _ => format!("{error:#}"),
            };
            anyhow!("{other}; {brief}")
        }
        Reference::Engine { other: Some(other), .. } => anyhow!("{error:#}; {other}"),
        Reference::Engine { name, .. } if cli::is_verb(argument) => {
            anyhow!("{error:#}; the command {name} takes an image: `dive {name} IMAGE`")
        }
        _ => error,
    }
}

impl Opening {
    /// The image that an engine pulls only if it does not have it.
    fn may_be_missing(&self) -> Option<(ContainerEngine, &str)> {
        match &self.reference {
            Reference::Engine { engine, name, .. } if self.access.pull == PullPolicy::Missing => Some((*engine, name)),
            _ => None,
        }
    }
}

/// Gets the layers that lie elsewhere and are not known from before, or, where that will do, their tables of contents.
///
/// In CI mode the layers themselves are read: whoever publishes an image writes its tables, and a verdict is not to hang on
/// what nobody compares with the layers.
fn get_layers(
    store: &dyn Store,
    image: Image,
    cache: Option<&Cache>,
    mode: Mode,
    watch: &dyn Watch,
) -> anyhow::Result<Image> {
    let is_known = |blob: &LayerBlob| {
        let known = cache.zip(blob.identity());
        known.is_some_and(|(cache, identity)| cache.contains(cache::Kind::Layer, identity.digest()))
    };
    let blobs = image.layers.iter().filter_map(|layer| layer.blob.as_ref().ok());
    let wanted: Vec<_> = blobs.filter(|blob| !is_known(blob)).map(|blob| blob.name()).collect();
    if wanted.is_empty() {
        return Ok(image);
    }
    // All or none: contents are compared by their digests there, and by another hash in layers that are read.
    let layers = image.layer_blobs().filter(|_| mode == Mode::Plain);
    let tables = layers.and_then(|layers| store.tables_of_contents(&layers));
    if let Some(tables) = tables.filter(|tables| tables.iter().all(layer::is_complete)) {
        info!("layers are listed by their own tables of contents");
        return Ok(image.listed_by(tables));
    }
    store.fetch(&wanted, &mut |spooled| watch.spooled(spooled))?;
    Ok(image)
}

/// Starts the threads that layers are read with. Left to its first use, rayon would panic where there can be none.
fn start_threads() -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().build_global();
    pool.map_err(|error| {
        let error = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        anyhow!(
            "no threads can be started to read layers: {error}; raise the limit on processes or memory (ulimit, \
             docker run --pids-limit), or set RAYON_NUM_THREADS=1"
        )
    })
}

/// What was odd about an image, its source included.
pub(super) fn remarks<'a>(image: &'a Image, loaded: &'a Loaded) -> impl Iterator<Item = &'a Remark> {
    image.remarks.iter().chain(loaded.remarks.iter().map(|(_, remark)| remark))
}

/// Entries beside images that a notice names.
const OTHER_ENTRIES: usize = 5;

/// Finds and reads the image behind a progress bar, and prints what is odd about it.
pub(super) fn open_headless(plan: &Opening, notices: Notices) -> anyhow::Result<Opened> {
    let progress = ProgressBar::new(notices);
    let opened = plan.open(&progress)?;
    let Opened { image, loaded, source, .. } = &opened;
    progress.finish();
    if !image.other_images.is_empty() && plan.selection.image.is_none() {
        let others: Vec<_> = image.other_images.iter().map(ToString::to_string).collect();
        notices.note(&format!(
            "{source} holds {} images; this is {}. The others, for --image: {}",
            others.len() + 1,
            image.name,
            others.join("; ")
        ));
    }
    if !image.other_entries.is_empty() && plan.selection.image.is_none() {
        let more = image.other_entries.len().saturating_sub(OTHER_ENTRIES);
        let rest = (more > 0).then(|| format!("and {more} more"));
        let named = image.other_entries.iter().take(OTHER_ENTRIES).map(ToString::to_string);
        let named: Vec<_> = named.chain(rest).collect();
        notices.note(&format!("{source} also holds, beside images: {}", named.join("; ")));
    }
    notices.warn_all(remarks(image, loaded));
    Ok(opened)
}
