//! What the screen shows, as plain values that know no terminal.

mod expression;
pub mod extraction;
pub mod files;
pub mod history;
pub mod instruction;
pub mod layers;
mod long_lines;
mod motion;
mod overlay_id;
pub mod prompt;
pub mod scroll;
pub mod viewer;
pub mod warnings;
pub mod waste;

pub use long_lines::LongLines;
pub use motion::Motion;
pub use overlay_id::OverlayId;

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, Context, DiffType, Origin, Setting, ThemeName, forbids_colour};
use crate::tui::keymap::Keymap;
use crate::tui::layout::ScreenLayout;
use crate::tui::theme::Theme;
use dive_model::Opened;
use dive_model::blob::TransferProgress;
use dive_model::image::Image;
use dive_model::layer::LayerIndex;
use dive_model::tree::{Change, ChangeCounts, NodeId, SpanId};
use dive_sources::Environment;
use extraction::ExtractionDialog;
use files::{FileTreePane, Filter, Folding};
use history::History;
use layers::{CompareMode, LayerList};
use prompt::{Prompt, PromptKind};
use scroll::TextScroll;
use viewer::Viewer;
use warnings::Warnings;
use waste::Waste;

/// What the user set.
#[derive(Debug)]
pub struct ScreenSettings {
    /// The keys.
    pub keymap: Keymap,
    pub(in crate::tui) theme: Theme,
    hide: Setting<Vec<DiffType>>,
    warnings: Vec<String>,
    folding: Folding,
    tree_share: f64,
    attributes: Attributes,
    mode: CompareMode,
    /// Where relative paths that are typed start.
    pub working_dir: PathBuf,
    /// What `~` stands for in them.
    pub home: Option<PathBuf>,
}

/// Whether permissions, owners and sizes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributes {
    /// They are.
    Shown,
    /// Names alone.
    Hidden,
}

impl ScreenSettings {
    /// What a configuration says, and the variables that terminals and users set for all programs: `NO_COLOR` (not
    /// empty), and `COLORFGBG`, which tells a light background from a dark one.
    #[must_use]
    pub fn new(config: &Config, environment: &Environment) -> Self {
        let theme = match config.theme.value {
            // Who names a theme for this program means it more than who wants no colours anywhere.
            ThemeName::Auto if forbids_colour(environment) => ThemeName::Mono,
            named => named,
        };
        let background = environment.text("COLORFGBG");
        Self {
            keymap: Keymap::new(&config.keybinding),
            theme: Theme::named(theme, background),
            hide: config.diff.hide.clone(),
            warnings: config.warnings.iter().map(ToString::to_string).collect(),
            folding: if config.filetree.collapse_dir.value { Folding::Collapsed } else { Folding::Expanded },
            tree_share: config.filetree.pane_width.value.get(),
            attributes: if config.filetree.show_attributes.value { Attributes::Shown } else { Attributes::Hidden },
            mode: if config.layer.show_aggregated_changes.value { CompareMode::Aggregated } else { CompareMode::Layer },
            working_dir: environment.working_dir.clone(),
            home: environment.home.clone(),
        }
    }
}

impl ScreenSettings {
    /// Where `diff.hide` was set, if it names all of these kinds.
    pub(in crate::tui) fn hides_all(&self, mut kinds: impl Iterator<Item = Change>) -> Option<&Origin> {
        let hides = |kind| self.hide.value.iter().any(|hidden| change_of(*hidden) == kind);
        kinds.all(hides).then_some(&self.hide.origin)
    }
}

/// What the screen shows of each layer besides its size.
#[derive(Debug)]
pub struct LayerTotals {
    /// What each layer changed.
    pub changes: Vec<ChangeCounts>,
    /// Reclaimable bytes that each layer holds.
    pub waste: Vec<u64>,
}

impl LayerTotals {
    /// Those of an image.
    #[must_use]
    pub fn of(opened: &Opened) -> Self {
        let Opened { tree, analysis, .. } = opened;
        Self { changes: tree.change_counts(), waste: analysis.exact.bytes_by_layer(tree.layer_count()) }
    }
}

/// How far the image is.
#[derive(Debug)]
pub enum Stage {
    /// It is being looked for; an archive that has to be unpacked or received shows how far that is.
    Finding(Option<TransferProgress>),
    /// Its layers are being read.
    Reading(Reading),
    /// It is there.
    Open(Box<Explorer>),
}

/// An image whose layers are being read.
#[derive(Debug)]
pub struct Reading {
    /// What it says of itself.
    pub image: Arc<Image>,
    /// The list of layers.
    pub layers: LayerList,
    /// The sizes of those that are read, in bytes.
    pub sizes: Vec<Option<u64>>,
    /// Bytes of all layers as they are stored.
    pub total: u64,
    /// How many of them are behind us.
    pub read: u64,
}

/// An image that is there.
#[derive(Debug)]
pub struct Explorer {
    /// All that is known of it.
    pub opened: Arc<Opened>,
    /// What is shown of each of its layers.
    pub totals: LayerTotals,
    /// The list of layers.
    pub layers: LayerList,
    /// The file tree; none of an image without layers.
    pub files: Option<FileTreePane>,
    /// Whether permissions, owners and sizes are shown.
    pub attributes: Attributes,
    /// Whether long rows are cut.
    pub long_lines: LongLines,
    /// The row of the tree that stands on each line of its pane.
    pub line_rows: Vec<usize>,
}

impl Explorer {
    fn new(opened: Opened, totals: LayerTotals, layers: LayerList, settings: &ScreenSettings) -> Self {
        let opened = Arc::new(opened);
        let tree = &opened.tree;
        let scope = layers.scope().filter(|scope| scope.target.get() < tree.layer_count());
        let files = scope.map(|scope| {
            let mut files = FileTreePane::new(tree, scope, settings.folding);
            for hidden in &settings.hide.value {
                files.toggle_kind(tree, change_of(*hidden));
            }
            files
        });
        Self {
            opened,
            totals,
            layers,
            files,
            attributes: settings.attributes,
            long_lines: LongLines::Cut,
            line_rows: Vec::new(),
        }
    }

    /// Compares what the list of layers says now.
    pub fn compare(&mut self) {
        if let (Some(files), Some(scope)) = (&mut self.files, self.layers.scope())
            && files.comparison().scope() != scope
        {
            files.compare(&self.opened.tree, scope);
        }
    }

    /// The node under the cursor of the tree.
    #[must_use]
    pub fn selected_node(&self) -> Option<NodeId> {
        self.files.as_ref().and_then(FileTreePane::selected)
    }
}

const fn change_of(hidden: DiffType) -> Change {
    match hidden {
        DiffType::Added => Change::Added,
        DiffType::Removed => Change::Removed,
        DiffType::Modified => Change::Modified,
        DiffType::Unmodified => Change::Unmodified,
    }
}

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The list of layers.
    Layers,
    /// The selected layer's details.
    LayerDetails,
    /// The image's details.
    ImageDetails,
    /// The file tree.
    Files,
}

/// What stands over the panes.
#[derive(Debug)]
pub enum Overlay {
    /// The keys of where one was.
    Help(Help),
    /// All warnings.
    Warnings(Warnings),
    /// What is reclaimable.
    Waste(Waste),
    /// What layers did to a path.
    History(History),
    /// The content of a version of a file.
    Viewer(Box<Viewer>, SpanId),
    /// Writing files to a folder.
    Extraction(Box<ExtractionDialog>),
}

impl Overlay {
    /// Whether it is a box that the rest is seen around; anything else covers the panes.
    #[must_use]
    pub const fn is_box(&self) -> bool {
        matches!(self, Self::Help(_) | Self::Warnings(_) | Self::Extraction(_))
    }
}

/// The list of keys.
#[derive(Debug)]
pub struct Help {
    /// Whose keys.
    pub of: Context,
    /// What is seen of it.
    pub scroll: TextScroll,
}

/// All that the screen shows.
#[derive(Debug)]
pub struct ScreenState {
    /// What the user set.
    pub settings: ScreenSettings,
    /// Columns and rows.
    pub size: (u16, u16),
    /// How far the image is.
    pub stage: Stage,
    /// Which pane has the keys.
    pub focus: Focus,
    /// The details that were last in use, for screens with room for one of the two.
    pub last_details: Focus,
    /// What stands over the panes, the last one on top.
    pub overlays: Vec<Overlay>,
    /// The line that is being typed.
    pub prompt: Option<Prompt>,
    /// A filter that was typed and is not applied yet.
    pub(in crate::tui) pending_filter: Option<Filter>,
    /// The list of what is reclaimable as it was left, to go on with it.
    pub(in crate::tui) closed_waste: Option<Waste>,
    /// The folder that was last extracted to, as it was typed.
    pub(in crate::tui) last_folder: String,
    /// What came of the last action.
    pub message: Option<String>,
    /// How many tickets were given out.
    last_overlay_id: OverlayId,
    /// The file tree's share of the width, 0 to 1.
    pub tree_share: f64,
    /// What is seen of the details.
    pub layer_details: TextScroll,
    /// What is seen of the image's details.
    pub image_details: TextScroll,
    /// Whether the border between layers and tree is being drawn.
    pub dragging: bool,
    /// Where things stand: it follows from all else.
    pub layout: ScreenLayout,
}

impl ScreenState {
    /// The state before anything is known. As after each change, [`settle`](crate::tui::update::settle) makes it fit to be
    /// drawn.
    #[must_use]
    pub fn new(settings: ScreenSettings, size: (u16, u16)) -> Self {
        let tree_share = settings.tree_share;
        Self {
            settings,
            size,
            stage: Stage::Finding(None),
            focus: Focus::Layers,
            last_details: Focus::LayerDetails,
            overlays: Vec::new(),
            prompt: None,
            pending_filter: None,
            closed_waste: None,
            last_folder: ".".to_owned(),
            message: None,
            last_overlay_id: 0,
            tree_share,
            layer_details: TextScroll::default(),
            image_details: TextScroll::default(),
            dragging: false,
            layout: ScreenLayout::default(),
        }
    }

    /// What has the keys.
    #[must_use]
    pub fn context(&self) -> Context {
        if self.prompt.is_some() {
            return Context::TextLine;
        }
        match (self.overlays.last(), self.focus) {
            (Some(Overlay::Help(_) | Overlay::Warnings(_)), _) => Context::Help,
            (Some(Overlay::Waste(_)), _) => Context::Waste,
            (Some(Overlay::History(_)), _) => Context::History,
            (Some(Overlay::Viewer(..)), _) => Context::Viewer,
            (Some(Overlay::Extraction(_)), _) => Context::Extraction,
            (None, Focus::Files) => Context::FileTree,
            (None, Focus::Layers | Focus::LayerDetails | Focus::ImageDetails) => Context::Layers,
        }
    }

    /// The image, once it is there.
    #[must_use]
    pub fn explorer(&self) -> Option<&Explorer> {
        match &self.stage {
            Stage::Open(explorer) => Some(explorer),
            _ => None,
        }
    }

    /// What the image says of itself, once it is found.
    #[must_use]
    pub fn image(&self) -> Option<&Image> {
        match &self.stage {
            Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&reading.image),
            Stage::Open(explorer) => Some(&explorer.opened.image),
        }
    }

    /// The list of layers, once the image is found.
    #[must_use]
    pub fn layers(&self) -> Option<&LayerList> {
        match &self.stage {
            Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&reading.layers),
            Stage::Open(explorer) => Some(&explorer.layers),
        }
    }

    /// The same, to change it.
    pub fn layers_mut(&mut self) -> Option<&mut LayerList> {
        match &mut self.stage {
            Stage::Finding(_) => None,
            Stage::Reading(reading) => Some(&mut reading.layers),
            Stage::Open(explorer) => Some(&mut explorer.layers),
        }
    }

    /// The layer whose state is shown.
    #[must_use]
    pub fn layer(&self) -> Option<LayerIndex> {
        self.layers().and_then(LayerList::layer)
    }

    /// Rows of the list of layers.
    #[must_use]
    pub fn layer_rows(&self) -> usize {
        self.layers().map_or(0, |layers| layers.rows().len())
    }

    /// Whether there is a line above the footer: one that is being typed, or that tells of the filter.
    #[must_use]
    pub fn shows_prompt(&self) -> bool {
        let filtered = || self.explorer().and_then(|explorer| explorer.files.as_ref()?.filter()).is_some();
        match &self.prompt {
            Some(_) => true,
            None => self.overlays.is_empty() && filtered(),
        }
    }

    /// Opens a line.
    pub fn open_prompt(&mut self, kind: PromptKind, text: &str) {
        self.prompt = Some(Prompt::new(kind, text));
    }

    /// A number for something that threads work for, so that late answers to others are known.
    pub(in crate::tui) fn next_overlay_id(&mut self) -> OverlayId {
        self.last_overlay_id += 1;
        self.last_overlay_id
    }

    /// Shows what a filter lets in.
    pub(in crate::tui) fn set_filter(&mut self, filter: Filter) {
        if let Stage::Open(explorer) = &mut self.stage
            && let Some(files) = &mut explorer.files
        {
            let tree = &explorer.opened.tree;
            files.set_filter(tree, filter);
            // What was looked for is what one wants to act upon next.
            if files.filter().is_some() && !files.selected().is_some_and(|node| files.is_match(node)) {
                files.go(tree, Motion::First);
                if !files.selected().is_some_and(|node| files.is_match(node)) {
                    files.next_match(tree);
                }
            }
        }
    }

    /// Goes from finding to reading.
    pub(in crate::tui) fn image_found(&mut self, image: Arc<Image>) {
        let total = image.stored_bytes();
        let layers = LayerList::new(&image, self.settings.mode);
        let sizes = vec![None; image.layers.len()];
        self.stage = Stage::Reading(Reading { image, layers, sizes, total, read: 0 });
    }

    /// Goes from reading to what can be explored.
    pub(in crate::tui) fn image_opened(&mut self, opened: Opened, totals: LayerTotals) {
        let before = std::mem::replace(&mut self.stage, Stage::Finding(None));
        let layers = match before {
            Stage::Reading(reading) => reading.layers,
            _ => LayerList::new(&opened.image, self.settings.mode),
        };
        let (damaged, all) = (opened.damaged_layers.len(), opened.image.layers.len());
        if damaged > 0 {
            self.message =
                Some(format!("{damaged} of {all} layers are damaged, marked !: their details tell what is missing"));
        }
        self.stage = Stage::Open(Box::new(Explorer::new(opened, totals, layers, &self.settings)));
    }
}
