//! Warnings about the configuration and remarks about the image. Those printed before the screen opened are hidden
//! behind it.

use super::ScreenState;
use super::scroll::TextScroll;

/// The list of warnings.
#[derive(Debug, Default)]
pub struct Warnings {
    /// Scroll position.
    pub scroll: TextScroll,
}

/// The subject of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningSubject {
    /// A configuration file or an environment variable.
    Configuration,
    /// The image and its layers.
    Image,
}

impl WarningSubject {
    /// Heading in the list.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Image => "Image",
        }
    }
}

impl ScreenState {
    /// Number of warnings.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        let of_image = self.image().map_or(0, |image| image.remarks.len());
        let of_layers = self.explorer().map_or(0, |explorer| explorer.opened.layer_remarks.len());
        self.settings.warnings.len() + of_image + of_layers
    }

    /// All warnings: first those about the configuration, then those about the image in layer order. The archive and the
    /// blob of a layer are not repeated: the screen has one image.
    pub fn warnings(&self) -> impl Iterator<Item = (WarningSubject, String)> {
        let of_image = self.image().into_iter().flat_map(|image| &image.remarks).map(ToString::to_string);
        let of_layers = self.explorer().into_iter().flat_map(|explorer| &explorer.opened.layer_remarks);
        let of_layers = of_layers.map(|(layer, remark)| format!("layer {layer}: {}", remark.text));
        let of_configuration = self.settings.warnings.iter().map(|text| (WarningSubject::Configuration, text.clone()));
        of_configuration.chain(of_image.chain(of_layers).map(|text| (WarningSubject::Image, text)))
    }
}
