//! Opens the image of a command line and builds its tree. A progress bar or the screen observes it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, anyhow, bail};
use tracing::info;

use super::access::{self, Mode, Subject};
use super::base::{self, BaseOpening};
use super::invocation::Invocation;
use super::output::Notices;
use super::overwriting::ReadFile;
use super::progress::ProgressBar;
use crate::cli;
use crate::config::{Link, Setting, link_of};
use dive_model::blob::{TransferProgress, TransferStep};
use dive_model::cache::Cache;
#[cfg(feature = "tui")]
use dive_model::image::Base;
use dive_model::image::{
    self, BaseScope, Dockerfile, GivenBase, Image, ImageError, ImageName, ImageSelector, OtherEntry, Platform,
    Selection,
};
use dive_model::layer::content::ContentPolicy;
use dive_model::layer::{ContentOptions, HashPolicy};
use dive_model::remark::Remark;
use dive_model::tree::Loaded;
use dive_model::{DockerfileFit, Observer, OpenError, Opener, StoredDigests, TablePolicy, Verification};
use dive_sources::{
    Access, BusyHosts, ContainerEngine, ImageOrigin, LocalImages, PullPolicy, Reference, Source, SourceError,
};

/// Limit of a Dockerfile, in bytes.
const DOCKERFILE_LIMIT: u64 = 1 << 20;

/// Announces an unrequested pull, once.
#[derive(Debug, Default)]
pub(super) struct PullNotice(Mutex<Option<String>>);

impl PullNotice {
    /// The notice, if `progress` is the start of a pull.
    pub(super) fn take_notice(&self, progress: TransferProgress) -> Option<String> {
        let mut notice = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.step == TransferStep::Pull { notice.take() } else { None }
    }
}

/// An image that cannot be opened.
pub(super) struct OpeningError {
    pub(super) error: anyhow::Error,
    /// Remarks before the error, which may explain it.
    pub(super) remarks: Vec<Remark>,
}

impl OpeningError {
    fn new(error: OpenError) -> Self {
        let remarks = match &error {
            OpenError::Image { remarks, .. } => remarks.clone(),
            _ => Vec::new(),
        };
        Self { error: error.into(), remarks }
    }
}

/// The base that is looked for among the images of the engine. `docker://auto` is the image of that name.
const AUTO: &str = "auto";

/// When the base is looked for in the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BaseLookup {
    /// Before the layers are read.
    First,
    /// By [`Opening::find_base`], after the image is shown.
    #[cfg(feature = "tui")]
    Later,
}

/// An image to open, and its options.
#[derive(Debug)]
pub(super) struct Opening {
    argument: OsString,
    reference: Reference,
    selection: Selection,
    access: Access,
    mode: Mode,
    verification: Verification,
    contents: ContentOptions,
    /// The base image, if named.
    base: Option<BaseOpening>,
    /// The images to look for the base in, if it is not named.
    local_images: Option<(LocalImages, BaseScope)>,
    /// The Dockerfile, if known.
    dockerfile: Option<(Arc<Dockerfile>, DockerfileFit)>,
    layer_reuse: LayerReuse,
}

/// Which layers are read once, if several images have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LayerReuse {
    /// Those of engines and registries.
    Identified,
    /// Compressed layers in files, too: dive computes their digests.
    Computed,
}

/// An open source of one or more images.
#[derive(Debug)]
pub(super) struct OpenSource {
    source: Source,
    /// Digests of its layers.
    digests: StoredDigests,
    /// What reading its images took, in bytes that gzip unpacks in the same time.
    work: AtomicU64,
}

impl OpenSource {
    /// The images of the source, also those that cannot be read.
    pub(super) fn images(&self) -> Result<Vec<ImageName>, ImageError> {
        image::names(self.source.store())
    }

    /// The size of the file as stored, in bytes; `None` for a directory.
    pub(super) fn stored_bytes(&self) -> Option<u64> {
        self.source.store().stored_bytes()
    }

    /// What reading its images took, also of those that failed: in bytes that gzip unpacks in the same time.
    pub(super) fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }
}

/// An image that was read, and its origin.
pub(super) struct ReadImage {
    pub(super) image: Arc<Image>,
    pub(super) loaded: Loaded,
    pub(super) origin: ImageOrigin,
    /// The source in messages.
    source: String,
}

impl Opening {
    /// Parses the argument. On a terminal, checks whether the engine has the image and asks whether to pull it.
    pub(super) fn new(subject: Subject<'_>, invocation: &Invocation, mode: Mode) -> anyhow::Result<Self> {
        Self::for_platform(subject, invocation, mode, invocation.opening.platform.clone())
    }

    /// As [`Self::new`], for another platform than that of the flag.
    pub(super) fn for_platform(
        subject: Subject<'_>,
        invocation: &Invocation,
        mode: Mode,
        platform: Option<Platform>,
    ) -> anyhow::Result<Self> {
        let Invocation { opening, config, .. } = invocation;
        let argument = subject.argument();
        let reference = Reference::parse(argument, opening.source, config.container_engine.value)?;
        if reference == Reference::Stdin && io::stdin().is_terminal() {
            bail!("standard input is a terminal; pipe an archive into it: `docker save NAME | dive -`");
        }
        let image = selected(opening.selected.as_ref(), &reference)?;
        let mut access = access::of(subject, invocation);
        access.platform = platform.as_ref().map(Platform::for_engines);
        access::ask_to_pull(subject, &reference, invocation, mode, &mut access)
            .map_err(|error| with_other_reading(error, argument, &reference))?;
        let selection = Selection { image, platform };
        // What the image names is one request; a search of all images is only made on request, or for the screen.
        let local_images = LocalImages::beside(&reference, &access).filter(LocalImages::are_on_this_machine);
        let local_images = local_images.map(|images| (images, BaseScope::Named));
        let verification = if config.verify.value { Verification::On } else { Verification::Off };
        Ok(Self {
            argument: argument.to_owned(),
            reference,
            selection,
            access,
            mode,
            verification,
            contents: ContentOptions::default(),
            base: None,
            local_images,
            dockerfile: None,
            layer_reuse: LayerReuse::Identified,
        })
    }

    /// Keeps scanned layers in `cache` for the other images of this run: the compressed ones of files, and if the user has no cache, also
    /// those of engines and registries. The user's cache gets no layer of a file: somebody may have written to it since its digest was
    /// computed. Verification reads every layer.
    pub(super) fn reuse_layers(&mut self, cache: &Cache) {
        if self.verification == Verification::On {
            return;
        }
        if matches!(self.reference, Reference::Path(_) | Reference::Stdin) {
            self.layer_reuse = LayerReuse::Computed;
            self.access.cache = Some(cache.clone());
        } else {
            self.access.cache.get_or_insert_with(|| cache.clone());
        }
    }

    /// Shares the delays of registries with other images of this run.
    pub(super) fn share_delays(&mut self, busy_hosts: &BusyHosts) {
        self.access.busy_hosts = busy_hosts.clone();
    }

    /// Only opens an image that the engine has, whose absence has another remedy than a pull.
    pub(super) fn never_pull(&mut self) {
        self.access.pull = PullPolicy::Never;
    }

    /// What the image's name refers to.
    pub(super) const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// How the image is reached.
    pub(super) const fn access(&self) -> &Access {
        &self.access
    }

    /// Keeps the hashes of contents, for a summary or a comparison with one.
    pub(super) const fn keep_hashes(&mut self) {
        self.contents.hashes = HashPolicy::Keep;
    }

    /// Inspects contents, for advice.
    pub(super) const fn inspect_contents(&mut self) {
        self.contents.inspection = ContentPolicy::Inspect;
    }

    /// Sets the base image of `--base`.
    pub(super) fn set_base(&mut self, base: &OsStr, engine: ContainerEngine) -> anyhow::Result<()> {
        if base == AUTO {
            self.search_base(engine);
            return Ok(());
        }
        self.base = Some(BaseOpening::by_flag(base, self.selection.platform.as_ref(), engine, &self.access)?);
        Ok(())
    }

    /// Sets the base image of a rules file.
    pub(super) fn set_base_of_rules(&mut self, base: &Setting<String>, engine: ContainerEngine) -> anyhow::Result<()> {
        if base.value == AUTO {
            self.search_base(engine);
            let images = self.local_images.iter().map(|(images, _)| base::check_near(images, &self.reference));
            return images.collect::<anyhow::Result<()>>().with_context(|| format!("{}: base: auto", base.origin));
        }
        let platform = self.selection.platform.as_ref();
        self.base = Some(BaseOpening::by_rules_file(base, &self.reference, platform, engine, &self.access)?);
        Ok(())
    }

    /// Looks for the base in the image's own engine, or for a file and a registry in the configured one.
    fn search_base(&mut self, engine: ContainerEngine) {
        let beside = LocalImages::beside(&self.reference, &self.access);
        let images = beside.unwrap_or_else(|| LocalImages::of(engine, &self.access));
        self.local_images = Some((images, BaseScope::All));
    }

    /// The files that the image and its base are read from.
    pub(super) fn files(&self) -> Vec<ReadFile> {
        let file = |what, reference: &Reference| match reference {
            Reference::Path(path) => Some(ReadFile { what, path: path.path.clone() }),
            _ => None,
        };
        let base = self.base.as_ref().and_then(|base| file("the base image", base.reference()));
        file("the image", &self.reference).into_iter().chain(base).collect()
    }

    /// Sets the Dockerfile to match to the history.
    pub(super) fn match_dockerfile(&mut self, path: &Path, working_dir: &Path) -> anyhow::Result<()> {
        // A pull request may link it to `.env`, whose first line an error would quote.
        if link_of(path, working_dir) == Link::Within {
            bail!("--dockerfile: {} is a symbolic link; name its target", path.display());
        }
        let file = read_dockerfile(path, working_dir).context("--dockerfile")?;
        self.dockerfile = Some((file, DockerfileFit::Required));
        Ok(())
    }

    /// Sets the Dockerfile that the image was built from.
    pub(super) fn built_from(&mut self, file: Arc<Dockerfile>) {
        self.dockerfile = Some((file, DockerfileFit::Optional));
    }

    /// Opens and reads the image.
    pub(super) fn open(&self, lookup: BaseLookup, observer: &dyn Observer) -> Result<ReadImage, OpeningError> {
        self.open_selected(&Selection::default(), lookup, observer)
    }

    /// Opens and reads the image, or another one of the same source.
    pub(super) fn open_selected(
        &self,
        selection: &Selection,
        lookup: BaseLookup,
        observer: &dyn Observer,
    ) -> Result<ReadImage, OpeningError> {
        if *selection != Selection::default() && self.reference == Reference::Stdin {
            let error =
                anyhow!("standard input cannot be read again; save the archive to a file to choose another image");
            return Err(OpeningError { error, remarks: Vec::new() });
        }
        let base = self.open_base(observer)?;
        let source = self.source(observer)?;
        self.load_on(base.as_ref(), &source, selection, lookup, observer)
    }

    fn open_base(&self, observer: &dyn Observer) -> Result<Option<GivenBase>, OpeningError> {
        let base = self.base.as_ref().map(|base| base.open(observer)).transpose();
        base.map_err(|error| OpeningError { error, remarks: Vec::new() })
    }

    /// Opens the source alone, to load several of its images.
    pub(super) fn source(&self, observer: &dyn Observer) -> Result<OpenSource, OpeningError> {
        let start = Instant::now();
        let source = Source::open(&self.reference, &self.access, observer).map_err(|error| OpeningError {
            error: with_other_reading(error.into(), &self.argument, &self.reference),
            remarks: Vec::new(),
        })?;
        info!("{} found in {:.1?}", source.store().name(), start.elapsed());
        Ok(OpenSource { source, digests: StoredDigests::default(), work: AtomicU64::default() })
    }

    /// Loads an image of an open source.
    pub(super) fn load(
        &self,
        source: &OpenSource,
        selection: &Selection,
        observer: &dyn Observer,
    ) -> Result<ReadImage, OpeningError> {
        let base = self.open_base(observer)?;
        self.load_on(base.as_ref(), source, selection, BaseLookup::First, observer)
    }

    fn load_on(
        &self,
        base: Option<&GivenBase>,
        OpenSource { source, digests, work }: &OpenSource,
        selection: &Selection,
        lookup: BaseLookup,
        observer: &dyn Observer,
    ) -> Result<ReadImage, OpeningError> {
        let candidates = self.local_images.as_ref().filter(|_| lookup == BaseLookup::First);
        let opener = self.opener(selection).base_candidates(candidates.map(|(images, scope)| (images as _, *scope)));
        let dockerfile = self.dockerfile.as_ref().map(|(file, fit)| (file, *fit));
        let opener = opener.base(base).dockerfile(dockerfile).observer(observer).work(work);
        let opener = opener.stored_digests(Some(digests).filter(|_| self.layer_reuse == LayerReuse::Computed));
        let (image, loaded) = opener.load(source.store()).map_err(OpeningError::new)?;
        Ok(ReadImage { image, loaded, origin: source.origin().clone(), source: source.store().name().to_owned() })
    }

    /// Looks for the base of the open image in the engine. `None` if there is nothing to add. Only the log says why, since it
    /// was not asked for.
    #[cfg(feature = "tui")]
    pub(super) fn find_base(&self, image: &Image) -> Option<Base> {
        let (images, _) = self.local_images.as_ref().filter(|_| self.base.is_none())?;
        let start = Instant::now();
        let found = image.base_in(images, BaseScope::All);
        info!("searched the engine for the base in {:.1?}", start.elapsed());
        found.inspect_err(|problem| info!("cannot search the engine for the base: {problem}")).ok()?.base
    }

    /// True for a container, whose last layer is what it changed.
    pub(super) const fn is_container(&self) -> bool {
        matches!(self.reference, Reference::Container { .. })
    }

    fn opener(&self, selection: &Selection) -> Opener<'_> {
        // The publisher of an image writes its tables, so a verdict must rest on the layers themselves.
        let tables = match self.mode {
            Mode::Plain => TablePolicy::Trust,
            Mode::Ci => TablePolicy::Ignore,
        };
        let image = selection.image.clone().or_else(|| self.selection.image.clone());
        let platform = selection.platform.clone().or_else(|| self.selection.platform.clone());
        let selection = Selection { image, platform };
        let Access { on_damage, cache, limits, .. } = &self.access;
        let opener = Opener::new().selection(selection).on_damage(*on_damage).cache(cache.as_ref());
        let ContentOptions { hashes, inspection } = self.contents;
        let opener = opener.tables_of_contents(tables).verification(self.verification).limits(*limits);
        opener.hashes(hashes).inspection(inspection)
    }

    /// The notice for a pull of a missing image.
    pub(super) fn pull_notice(&self) -> PullNotice {
        let notice = match &self.reference {
            Reference::Engine { engine, name, .. } if self.access.pull == PullPolicy::Missing => {
                let platform = self.access.platform.as_ref().map_or_else(String::new, |it| format!(" for {it}"));
                Some(format!("{} has no image {name:?}{platform}; pulling it", engine.command()))
            }
            _ => None,
        };
        PullNotice(Mutex::new(notice))
    }
}

/// Reads a Dockerfile.
pub(super) fn read_dockerfile(path: &Path, working_dir: &Path) -> anyhow::Result<Arc<Dockerfile>> {
    // A pull request may link it to a secret, whose lines would be printed.
    if !matches!(link_of(path, working_dir), Link::None | Link::Within) {
        bail!("{}: a symbolic link on its path leads out of the directory; name the target", path.display());
    }
    let mut bytes = Vec::new();
    let file = File::open(working_dir.join(path));
    file.and_then(|file| file.take(DOCKERFILE_LIMIT + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    if bytes.len() as u64 > DOCKERFILE_LIMIT {
        bail!("{} is larger than 1 MiB (the limit for a Dockerfile); check the path", path.display());
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Arc::new(Dockerfile::new(path.display().to_string(), text)))
}

/// The image in a file that `--image` or the tag after the path selects.
fn selected(flag: Option<&ImageSelector>, reference: &Reference) -> anyhow::Result<Option<ImageSelector>> {
    let Reference::Path(path) = reference else { return Ok(flag.cloned()) };
    match (flag, path.image()) {
        (Some(flag), Some(tagged)) if *flag != tagged => {
            bail!("{path} and --image {flag} choose different images; leave one of them out")
        }
        (_, Some(tagged)) => Ok(Some(tagged)),
        (flag, None) => Ok(flag.cloned()),
    }
}

/// Adds another meaning of the argument to an engine's error. The likelier meaning comes first.
fn with_other_reading(error: anyhow::Error, argument: &OsStr, reference: &Reference) -> anyhow::Error {
    match reference {
        Reference::Engine { other: Some(other), .. } if other.is_likely() => {
            let brief = error.downcast_ref().map_or_else(|| format!("{error:#}"), SourceError::brief);
            anyhow!("{other}; {brief}")
        }
        Reference::Engine { other: Some(other), .. } => anyhow!("{error:#}; {other}"),
        Reference::Engine { name, .. } if cli::is_verb(argument) => {
            anyhow!("{error:#}; the command {name} takes an image: `dive {name} IMAGE`")
        }
        _ => error,
    }
}

/// The remarks on an image and its source.
pub(super) fn remarks<'a>(image: &'a Image, loaded: &'a Loaded) -> impl Iterator<Item = &'a Remark> {
    image.remarks.iter().chain(loaded.remarks.iter().map(|(_, remark)| remark))
}

/// Opens and reads the image with a progress bar, and prints the remarks.
pub(super) fn open_headless(opening: &Opening, notices: Notices) -> anyhow::Result<ReadImage> {
    let read = with_progress(opening, notices, |progress| opening.open(BaseLookup::First, progress))?;
    let ReadImage { image, loaded, source, .. } = &read;
    if !image.other_images.is_empty() && opening.selection.image.is_none() {
        let others: Vec<_> = image.other_images.iter().map(ToString::to_string).collect();
        notices.note(&format!(
            "{source} contains {} images; this is {}. Choose another with --image: {}",
            others.len() + 1,
            image.name,
            others.join("; ")
        ));
    }
    if let Some(entries) = OtherEntry::list(&image.other_entries).filter(|_| opening.selection.image.is_none()) {
        notices.note(&format!("{source} also contains {entries}"));
    }
    notices.warn_all(remarks(image, loaded));
    Ok(read)
}

/// Does something with a progress bar, and prints the remarks on a failure.
pub(super) fn with_progress<T>(
    opening: &Opening,
    notices: Notices,
    does: impl FnOnce(&ProgressBar) -> Result<T, OpeningError>,
) -> anyhow::Result<T> {
    with_progress_alone(opening, notices, does).map_err(|OpeningError { error, remarks }| {
        notices.warn_all(remarks);
        error
    })
}

/// Does something with a progress bar.
pub(super) fn with_progress_alone<T>(
    opening: &Opening,
    notices: Notices,
    does: impl FnOnce(&ProgressBar) -> Result<T, OpeningError>,
) -> Result<T, OpeningError> {
    let progress = ProgressBar::new(notices, opening.pull_notice());
    let done = does(&progress);
    progress.finish();
    done
}
