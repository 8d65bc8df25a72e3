//! The errors of a project.

use std::path::{Path, PathBuf};

use crate::config::{ConfigError, Origin};

/// A project whose images cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A file cannot be read or is not YAML.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// A value cannot be resolved.
    #[error("{origin}: {key}: {reason}")]
    Value {
        /// The file and line.
        origin: Origin,
        /// The key, with those above it.
        key: String,
        /// The reason.
        reason: String,
    },
    /// A line of a file with variables cannot be read.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The reason, without the value.
        reason: String,
    },
    /// A file of variables is outside of the project.
    #[error("{}: dive reads no variables from outside the project; name the file in COMPOSE_ENV_FILES, or copy it", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// A file of the project is a link to one outside of it.
    #[error("{}: this link leads out of the project; name its target, or replace the link by a copy", path.display())]
    LinkedOut {
        /// The link.
        path: PathBuf,
    },
    /// A file outside of the project or behind a link has mistakes, which are not quoted.
    #[error("{}: this file has a mistake, which dive does not quote because the file is outside of the project, or a link; to see it, name the file itself, in a directory that contains the project", path.display())]
    Unquoted {
        /// The file.
        path: PathBuf,
    },
    /// A file that the project names is a pipe or a device.
    #[error("{}: not a regular file; write a file", path.display())]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// A directory has no Compose file.
    #[error("{}: no Compose file here: dive looks for {names}", path.display())]
    NoFile {
        /// The directory.
        path: PathBuf,
        /// The names of a Compose file, comma-separated.
        names: String,
    },
    /// No enabled service has an image.
    #[error("{}: no service has an image{}", path.display(), enable(disabled))]
    NoService {
        /// The first file.
        path: PathBuf,
        /// The services that a profile would enable.
        disabled: Vec<String>,
    },
}

impl ComposeError {
    /// The Compose file that the message quotes.
    pub(super) fn quoted_file(&self) -> Option<&Path> {
        match self {
            Self::Value { origin: Origin::File { path, .. }, .. }
            | Self::File(ConfigError::Syntax { origin: Origin::File { path, .. }, .. }) => Some(path),
            _ => None,
        }
    }
}

fn enable(disabled: &[String]) -> String {
    if disabled.is_empty() {
        return "; check that this is a Compose file".to_owned();
    }
    format!(": all need a profile ({}); set COMPOSE_PROFILES, or add --profile", disabled.join(", "))
}
