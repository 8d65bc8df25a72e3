//! Warnings about the configuration and remarks about the image. Those printed before the screen opened are hidden
//! behind it.

use super::ScreenState;
use super::images::ImageList;
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
    /// The images of the list.
    Images,
}

impl WarningSubject {
    /// Heading in the list.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Configuration => "Configuration",
            Self::Image => "Image",
            Self::Images => "Images",
        }
    }
}

impl ScreenState {
    /// Number of warnings.
    #[must_use]
    pub fn warning_count(&self) -> usize {
        let of_image = self.image().map_or(0, |image| image.remarks.len());
        let of_layers = self.explorer().map_or(0, |explorer| explorer.opened.layer_remarks.len());
        let of_list = self.listed_remarks().map_or(0, |(remarks, left_out)| remarks.len() + left_out);
        self.settings.warnings.len() + of_image + of_layers + of_list
    }

    /// The remarks on the images of the list, and the number of those that were left out.
    fn listed_remarks(&self) -> Option<(&[String], usize)> {
        self.list.as_ref().filter(|_| self.is_choosing()).map(ImageList::remarks)
    }

    /// All warnings: first those about the configuration, then those about the image in layer order, or those about the images of
    /// the list. The archive and the blob of a layer are not repeated: the screen has one image, and the list its name.
    pub fn warnings(&self) -> impl Iterator<Item = (WarningSubject, String)> {
        let of_image = self.image().into_iter().flat_map(|image| &image.remarks).map(ToString::to_string);
        let of_layers = self.explorer().into_iter().flat_map(|explorer| &explorer.opened.layer_remarks);
        let of_layers = of_layers.map(|(layer, remark)| format!("layer {layer}: {}", remark.text));
        let of_configuration = self.settings.warnings.iter().map(|text| (WarningSubject::Configuration, text.clone()));
        let (listed, left_out) = self.listed_remarks().unwrap_or_default();
        let left_out = (left_out > 0).then(|| format!("{left_out} more; turn on the log (log.enabled) to see them"));
        let of_list = listed.iter().cloned().chain(left_out).map(|text| (WarningSubject::Images, text));
        of_configuration.chain(of_image.chain(of_layers).map(|text| (WarningSubject::Image, text))).chain(of_list)
    }
}
