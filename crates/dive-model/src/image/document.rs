//! Reads JSON documents of images like Go, with a size limit and remarks on oddities.

use super::error::ImageError;
use crate::blob::Blob;
use crate::json::{self, Decode, JsonProblem};
use crate::remark::Remark;
use crate::store::Store;

/// Maximum size of a document, in bytes. Registries refuse manifests over 4 MiB; configurations with long labels are
/// slightly larger.
const DOCUMENT_LIMIT: u64 = 8 << 20;

/// Kind of a document. Engines treat the kinds differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    /// `manifest.json` or `repositories` in an archive of Docker.
    DockerManifest,
    /// A configuration in an archive of Docker, or the `json` of a layer.
    DockerConfig,
    /// `index.json` of an OCI layout.
    Index,
    /// A manifest or configuration that an index leads to.
    OciDocument,
}

impl DocumentKind {
    /// The engine whose behaviour remarks describe. Docker 20.10 does not read OCI layouts.
    const fn engine(self) -> &'static str {
        match self {
            Self::DockerManifest | Self::DockerConfig => "Docker",
            Self::Index | Self::OciDocument => "Podman",
        }
    }

    /// What engines do if the manifest and this configuration have different layer counts, if known. For OCI images,
    /// Podman shows the manifest's layers and containerd refuses them.
    pub(super) const fn on_layer_count(self) -> &'static str {
        match self {
            Self::DockerManifest | Self::DockerConfig => ", which Docker refuses to load",
            Self::Index | Self::OciDocument => "",
        }
    }

    /// True if that engine ignores bytes after the document.
    const fn ignores_trailing_bytes(self) -> bool {
        matches!(self, Self::DockerManifest | Self::Index)
    }
}

/// True for UTF-16 text, with or without a byte order mark, as PowerShell's `>` writes it.
const fn is_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'[' | b'{', 0, ..] | [0, b'[' | b'{', ..])
}

/// Decodes the document in `blob`.
pub(super) fn read<T: Decode + Default>(
    store: &dyn Store,
    blob: &Blob,
    kind: DocumentKind,
    remarks: &mut Vec<Remark>,
) -> Result<T, ImageError> {
    read_into(store, blob, kind, remarks, T::default())
}

/// Reads `blob` as a document into `value`.
pub(super) fn read_into<T: Decode>(
    store: &dyn Store,
    blob: &Blob,
    kind: DocumentKind,
    remarks: &mut Vec<Remark>,
    value: T,
) -> Result<T, ImageError> {
    let bytes = blob.read_document(DOCUMENT_LIMIT).map_err(|cause| ImageError::Unreadable {
        archive: store.name().to_owned(),
        document: blob.name().to_owned(),
        cause,
    })?;
    store.read_document(blob, &bytes);
    let document = json::read_into(&bytes, value).map_err(|cause| {
        let (archive, document) = (store.name().to_owned(), blob.name().to_owned());
        match cause.problem {
            JsonProblem::TooLong { .. } | JsonProblem::TooDeep { .. } => ImageError::Limit { archive, document, cause },
            _ if is_utf16(&bytes) => {
                ImageError::Manifest { archive, document, problem: "is UTF-16 text; save it as UTF-8" }
            }
            _ => {
                let problem = match &bytes[..] {
                    [] => "is empty".to_owned(),
                    [0x1f, 0x8b, ..] => "is compressed with gzip".to_owned(),
                    _ => format!("is not a valid document: {cause}"),
                };
                // Only registries compare documents with their digests.
                let remedy = if store.is_verified() { "push the image again" } else { "save the image again" };
                ImageError::Document { archive, document, problem, remedy }
            }
        }
    })?;
    let mut remark = |text: String| {
        remarks.push(Remark::new(format!("{}: {}", store.name(), blob.name()), text));
    };
    let engine = kind.engine();
    if document.byte_order_mark {
        remark(format!("starts with a byte order mark, which {engine} refuses; dive ignores it"));
    }
    if document.replaced_bytes {
        remark("contains bytes that are not UTF-8; dive shows them as \u{fffd}".to_owned());
    }
    if document.trailing_bytes {
        let verdict = if kind.ignores_trailing_bytes() { "ignores" } else { "refuses" };
        remark(format!("contains bytes after the end of the document, which {engine} {verdict}; dive ignores them"));
    }
    Ok(document.value)
}
