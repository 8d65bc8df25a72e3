//! The image configuration, read leniently: engines load images whose `history` and `diff_ids` are `null` and whose
//! fields are newer than any specification, which the strict types of oci-spec refuse.

use serde::Deserialize;

use super::document::{List, Text};
use super::history::HistoryEntry;
use super::platform::Platform;

/// What is read of a configuration.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ImageConfig {
    #[serde(default)]
    pub(super) created: Text,
    #[serde(default)]
    architecture: Text,
    #[serde(default)]
    os: Text,
    #[serde(default)]
    variant: Text,
    pub(super) rootfs: Option<RootFs>,
    #[serde(default)]
    pub(super) history: List<HistoryEntry>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RootFs {
    #[serde(default)]
    pub(super) diff_ids: List<String>,
}

impl ImageConfig {
    pub(super) fn platform(&self) -> Option<Platform> {
        let (os, architecture) = (self.os.as_deref()?, self.architecture.as_deref()?);
        Some(Platform::new(os, architecture, self.variant.as_deref()))
    }

    pub(super) fn diff_ids(&self) -> &[String] {
        self.rootfs.as_ref().map_or(&[], |rootfs| &rootfs.diff_ids.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_load_is_loaded() {
        let config: ImageConfig = serde_json::from_str(
            r#"{"os": "linux", "architecture": "arm64", "variant": "v8", "created": null, "history": null,
                "rootfs": {"type": "layers", "diff_ids": null}, "future": {"a": [1, 2.5, {"b": null}]}}"#,
        )
        .unwrap();
        assert_eq!(config.platform().unwrap().to_string(), "linux/arm64");
        assert!(config.diff_ids().is_empty() && config.history.0.is_empty());
        let empty: ImageConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(empty.platform(), None);
        assert!(empty.rootfs.is_none());
    }
}
