//! The state of the screen, as plain values without a terminal.

pub mod advised;
pub mod completion;
mod expression;
pub mod extraction;
pub mod files;
pub mod found;
pub mod history;
pub mod images;
mod jobs;
mod kept_filter;
pub mod layers;
mod long_lines;
mod motion;
mod opening;
mod overlay_id;
pub mod palette;
pub mod prompt;
pub mod scroll;
mod settings;
pub mod viewer;
pub mod warnings;
pub mod waste;

pub use long_lines::LongLines;
pub use motion::Motion;
pub use overlay_id::OverlayId;
pub use settings::{Attributes, ScreenSettings};

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Context;
use crate::tui::layout::ScreenLayout;
use advised::Advised;
use dive_model::Opened;
use dive_model::advice::{Advice, OwnBoundary};
use dive_model::analysis::{Part, Sizes};
use dive_model::blob::TransferProgress;
use dive_model::image::{Base, Image, Selection};
use dive_model::layer::LayerIndex;
use dive_model::tree::{ChangeCounts, NodeId, SpanId};
use extraction::ExtractionDialog;
use files::{ChangeTotals, FileTreePane, Filter, MatchLanding};
use found::Found;
use history::History;
use images::{ImageList, RowReason};
use layers::{CompareMode, LayerList};
use palette::Palette;
use prompt::{Prompt, PromptHistory, PromptKind};
use scroll::TextScroll;
use viewer::Viewer;
use warnings::Warnings;
use waste::Waste;

/// Totals per layer.
#[derive(Debug)]
pub struct LayerTotals {
    /// Added, modified and removed files of each layer.
    pub changes: Vec<ChangeCounts>,
    /// Reclaimable bytes of each layer.
    pub waste: Vec<u64>,
    /// Sums for the layers of the base and for the others. `None` if the base is unknown.
    pub parts: Option<(Part, Part)>,
    /// Sizes of the image.
    pub sizes: Sizes,
}

impl LayerTotals {
    /// Computes the totals of an image.
    #[must_use]
    pub fn of(opened: &Opened) -> Self {
        let Opened { tree, analysis, .. } = opened;
        Self {
            changes: tree.change_counts(),
            waste: analysis.exact.bytes_by_layer(tree.layer_count()),
            parts: opened.parts(),
            sizes: opened.sizes(),
        }
    }
}

/// The stage of opening the image.
#[derive(Debug)]
pub enum Stage {
    /// No image is open: the user chooses one in the list.
    Choosing,
    /// Looking for the image, with the progress of an archive that is unpacked or received.
    Finding(Option<TransferProgress>),
    /// Reading the layers.
    Reading(Reading),
    /// Open.
    Open(Box<Explorer>),
}

/// An image whose layers are being read.
#[derive(Debug)]
pub struct Reading {
    /// The image.
    pub image: Arc<Image>,
    /// The list of layers.
    pub layers: LayerList,
    /// Size of each layer in bytes. `None` until it is read.
    pub sizes: Vec<Option<u64>>,
    /// Stored bytes of all layers.
    pub total: u64,
    /// Stored bytes read so far.
    pub read: u64,
}

/// The search for advice, which begins when somebody wants to see it.
#[derive(Debug)]
pub enum AdviceProgress {
    /// It has not begun.
    None,
    /// A worker looks for it.
    Looking,
    /// It has ended.
    Found(Arc<Advice>),
}

/// An open image.
#[derive(Debug)]
pub struct Explorer {
    /// The image, its tree and its analysis.
    pub opened: Arc<Opened>,
    /// The base image, if known: it may be found after the image was opened.
    pub base: Option<Base>,
    /// Totals per layer.
    pub totals: LayerTotals,
    /// What to write instead.
    pub advice: AdviceProgress,
    /// The list of layers.
    pub layers: LayerList,
    /// The file tree. `None` if the image has no layers.
    pub files: Option<FileTreePane>,
    /// What the file tree shows as changed.
    pub changes: ChangeTotals,
    /// Whether the file tree shows permissions, owners and sizes.
    pub attributes: Attributes,
    /// Whether long names are truncated or wrapped.
    pub long_lines: LongLines,
    /// The row of the tree on each line of its pane.
    pub line_rows: Vec<usize>,
}

impl Explorer {
    fn new(opened: Arc<Opened>, totals: LayerTotals, layers: LayerList, settings: &ScreenSettings) -> Self {
        let tree = &opened.tree;
        let scope = layers.scope().filter(|scope| scope.target.get() < tree.layer_count());
        let files = scope.map(|scope| {
            let mut files = FileTreePane::new(tree, scope, settings.folding);
            for hidden in settings.hidden() {
                files.toggle_kind(tree, hidden);
            }
            files.follow_changes(tree);
            files
        });
        let mut explorer = Self {
            base: opened.image.base.clone(),
            opened,
            totals,
            advice: AdviceProgress::None,
            layers,
            files,
            changes: ChangeTotals::default(),
            attributes: settings.attributes,
            long_lines: LongLines::Cut,
            line_rows: Vec::new(),
        };
        explorer.sum_up();
        explorer
    }

    /// Takes what the user chose for another image: columns, order, hidden kinds, and how directories are collapsed.
    fn look_like(&mut self, other: &Self) {
        self.attributes = other.attributes;
        self.long_lines = other.long_lines;
        if let (Some(files), Some(other)) = (&mut self.files, &other.files) {
            files.look_like(&self.opened.tree, other);
        }
    }

    /// Applies the compare mode and selection of the layer list to the file tree.
    pub fn compare(&mut self) {
        if let (Some(files), Some(scope)) = (&mut self.files, self.layers.scope())
            && files.comparison().scope() != scope
        {
            files.compare(&self.opened.tree, scope);
            files.seek_match(&self.opened.tree, MatchLanding::Any);
            self.sum_up();
        }
    }

    /// Takes a base that was found after the image was opened, with the sums of both parts.
    pub(in crate::tui) fn base_found(&mut self, base: Base, parts: Option<(Part, Part)>) {
        self.layers.set_boundary(&self.opened.image, base.boundary);
        self.base = Some(base);
        self.totals.parts = parts;
    }

    /// The boundary of the image's own layers, if the base is known.
    pub(in crate::tui) fn own_boundary(&self) -> Option<OwnBoundary> {
        self.base.as_ref().and_then(Base::layers).map(OwnBoundary::Base)
    }

    /// Sums up the changes in the file tree.
    fn sum_up(&mut self) {
        let tree = &self.opened.tree;
        let Some(files) = &self.files else { return };
        let target = files.comparison().scope().target;
        self.changes = match (self.layers.mode, self.totals.changes.get(target.get())) {
            // The changes of each layer are counted already.
            (CompareMode::Layer, Some(counts)) => {
                ChangeTotals { counts: *counts, bytes: tree.layer_size_bytes(target) }
            }
            _ => ChangeTotals::of(tree, files.comparison()),
        };
    }

    /// The node under the cursor of the file tree.
    #[must_use]
    pub fn selected_node(&self) -> Option<NodeId> {
        self.files.as_ref().and_then(FileTreePane::selected)
    }
}

/// A pane that can have focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The list of layers.
    Layers,
    /// Details of the selected layer.
    LayerDetails,
    /// Details of the image.
    ImageDetails,
    /// The file tree.
    Files,
}

/// A view or dialog box over the panes.
#[derive(Debug)]
pub enum Overlay {
    /// The keys of a context.
    Help(Help),
    /// The list of warnings.
    Warnings(Warnings),
    /// The command palette.
    Palette(Palette),
    /// The waste view.
    Waste(Waste),
    /// Its advice tab.
    Advised(Advised),
    /// The search in all layers.
    Found(Found),
    /// The history of a path.
    History(History),
    /// The viewer, with the version of the file that it shows.
    Viewer(Box<Viewer>, SpanId),
    /// The extraction dialog.
    Extraction(Box<ExtractionDialog>),
    /// Why an image of the list could not be read, or which rules it broke.
    Reason(RowReason),
}

impl Overlay {
    /// True for a dialog box. Other overlays cover all panes.
    #[must_use]
    pub const fn is_box(&self) -> bool {
        matches!(self, Self::Help(_) | Self::Warnings(_) | Self::Palette(_) | Self::Extraction(_) | Self::Reason(_))
    }
}

/// The help.
#[derive(Debug)]
pub struct Help {
    /// The context whose keys it lists.
    pub of: Context,
    /// Scroll position.
    pub scroll: TextScroll,
}

/// The state of the screen.
#[derive(Debug)]
pub struct ScreenState {
    /// Settings.
    pub settings: ScreenSettings,
    /// Size of the terminal in columns and rows.
    pub size: (u16, u16),
    /// The stage of opening the image.
    pub stage: Stage,
    /// The images, if the run is about several.
    pub list: Option<ImageList>,
    /// The image and platform that were chosen on the screen.
    pub(in crate::tui) selection: Selection,
    /// The image shown before, while another one is opened in its place.
    stage_before: Option<Stage>,
    /// The focused pane.
    pub focus: Focus,
    /// The detail pane that last had focus, for terminals with room for only one.
    pub last_details: Focus,
    /// Overlays, the top one last.
    pub overlays: Vec<Overlay>,
    /// The open prompt.
    pub prompt: Option<Prompt>,
    /// Filters that were accepted.
    pub(in crate::tui) filters: PromptHistory,
    /// Searches in files that were accepted.
    pub(in crate::tui) searches: PromptHistory,
    /// A typed filter that the next frame applies.
    pub(in crate::tui) pending_filter: Option<Filter>,
    /// The waste view as it was closed, to reopen it in the same state.
    pub(in crate::tui) closed_waste: Option<Waste>,
    /// The advice tab as it was closed.
    pub(in crate::tui) closed_advised: Option<Advised>,
    /// The folder of the last extraction, at first the working directory.
    pub(in crate::tui) last_folder: PathBuf,
    /// Status message of the last action.
    pub message: Option<String>,
    /// The last id given to an overlay.
    last_overlay_id: OverlayId,
    /// The file tree's share of the width, from 0 to 1.
    pub tree_share: f64,
    /// Scroll position of the layer details.
    pub layer_details: TextScroll,
    /// Scroll position of the image details.
    pub image_details: TextScroll,
    /// The selected inefficient file in the image details. `None` above the list.
    pub inefficient_file: Option<usize>,
    /// True while the mouse drags the border between layers and file tree.
    pub dragging: bool,
    /// The layout, computed from the other fields by [`settle`](crate::tui::update::settle).
    pub layout: ScreenLayout,
}

impl ScreenState {
    /// The initial state. Call [`settle`](crate::tui::update::settle) before drawing it, as after each change.
    #[must_use]
    pub fn new(settings: ScreenSettings, size: (u16, u16)) -> Self {
        let (tree_share, last_folder) = (settings.tree_share, settings.working_dir.clone());
        Self {
            settings,
            size,
            stage: Stage::Finding(None),
            list: None,
            selection: Selection::default(),
            stage_before: None,
            focus: Focus::Layers,
            last_details: Focus::LayerDetails,
            overlays: Vec::new(),
            prompt: None,
            filters: PromptHistory::default(),
            searches: PromptHistory::default(),
            pending_filter: None,
            closed_waste: None,
            closed_advised: None,
            last_folder,
            message: None,
            last_overlay_id: 0,
            tree_share,
            layer_details: TextScroll::default(),
            image_details: TextScroll::default(),
            inefficient_file: None,
            dragging: false,
            layout: ScreenLayout::default(),
        }
    }

    /// The context that keys apply to.
    #[must_use]
    pub fn context(&self) -> Context {
        if self.prompt.is_some() {
            return Context::TextLine;
        }
        match (self.overlays.last(), self.focus) {
            (Some(Overlay::Help(_) | Overlay::Warnings(_) | Overlay::Palette(_) | Overlay::Reason(_)), _) => {
                Context::Help
            }
            (Some(Overlay::Waste(_) | Overlay::Advised(_)), _) => Context::Waste,
            (Some(Overlay::Found(_)), _) => Context::Found,
            (Some(Overlay::History(_)), _) => Context::History,
            (Some(Overlay::Viewer(..)), _) => Context::Viewer,
            (Some(Overlay::Extraction(_)), _) => Context::Extraction,
            (None, _) if self.is_choosing() => Context::Images,
            (None, Focus::Files) => Context::FileTree,
            (None, Focus::Layers | Focus::LayerDetails | Focus::ImageDetails) => Context::Layers,
        }
    }

    /// The open image. `None` until it is read.
    #[must_use]
    pub fn explorer(&self) -> Option<&Explorer> {
        match &self.stage {
            Stage::Open(explorer) => Some(explorer),
            _ => None,
        }
    }

    /// The image's metadata. `None` until the image is found.
    #[must_use]
    pub fn image(&self) -> Option<&Image> {
        match &self.stage {
            Stage::Choosing | Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&reading.image),
            Stage::Open(explorer) => Some(&explorer.opened.image),
        }
    }

    /// The base image. `None` if it is not known.
    #[must_use]
    pub fn base(&self) -> Option<&Base> {
        match &self.stage {
            Stage::Open(explorer) => explorer.base.as_ref(),
            _ => self.image()?.base.as_ref(),
        }
    }

    /// The list of layers. `None` until the image is found.
    #[must_use]
    pub fn layers(&self) -> Option<&LayerList> {
        match &self.stage {
            Stage::Choosing | Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&reading.layers),
            Stage::Open(explorer) => Some(&explorer.layers),
        }
    }

    /// The list of layers, mutable.
    pub fn layers_mut(&mut self) -> Option<&mut LayerList> {
        match &mut self.stage {
            Stage::Choosing | Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&mut reading.layers),
            Stage::Open(explorer) => Some(&mut explorer.layers),
        }
    }

    /// The selected layer.
    #[must_use]
    pub fn layer(&self) -> Option<LayerIndex> {
        self.layers().and_then(LayerList::layer)
    }

    /// Number of rows in the list of layers.
    #[must_use]
    pub fn layer_rows(&self) -> usize {
        self.layers().map_or(0, |layers| layers.rows().len())
    }

    /// True while no image is open, and the user chooses one in the list.
    #[must_use]
    pub const fn is_choosing(&self) -> bool {
        matches!(self.stage, Stage::Choosing)
    }

    /// Opens a prompt.
    pub fn open_prompt(&mut self, kind: PromptKind, text: &str) {
        self.prompt = Some(Prompt::new(kind, text));
    }

    /// A new overlay id. Late reports of workers to closed overlays are recognised by it.
    pub(in crate::tui) fn next_overlay_id(&mut self) -> OverlayId {
        self.last_overlay_id += 1;
        self.last_overlay_id
    }

    /// Applies a filter to the file tree. Moves the cursor to the first match, unless the user has moved it to another one.
    pub(in crate::tui) fn set_filter(&mut self, filter: Filter) {
        if let Stage::Open(explorer) = &mut self.stage
            && let Some(files) = &mut explorer.files
        {
            let tree = &explorer.opened.tree;
            let landing = files.landing();
            files.set_filter(tree, filter);
            files.seek_match(tree, landing);
        }
    }
}
