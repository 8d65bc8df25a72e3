//! Determines the content of blobs listed as layers. Artifacts use the format of images for signatures, models and
//! programs, and some builders store file systems in formats other than tar. The media type is checked first, then the
//! bytes.

use std::io::{self, Read};

use crate::blob::Blob;
use crate::compression::Decoder;
use crate::magic::{self, SAMPLE_LEN};
use crate::tarfile;

/// Content, other than a tar, of a blob listed as a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherContent {
    /// Name in a sentence, such as `a squashfs file system`.
    pub name: &'static str,
    /// True if it may be part of the container's file system, which then cannot be shown in full.
    pub is_file_system: bool,
}

/// Content according to a media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerKind {
    /// A tar, or no media type.
    Tar,
    Other(OtherContent),
    /// An unknown media type.
    Unknown,
}

/// A block device of overlaybd, which an annotation names: its media type is that of a tar.
pub(super) const OVERLAYBD: LayerKind = LayerKind::Other(file_system("an overlaybd block device"));

/// Substrings of media types, and the content they mean. The first match counts.
const OTHER_TYPES: &[(&str, OtherContent)] = &[
    ("+encrypted", file_system("an encrypted layer; decrypt the image first (`skopeo copy --decryption-key`)")),
    ("squashfs", file_system("a squashfs file system")),
    ("erofs", file_system("an EROFS file system")),
    ("nydus", file_system("a nydus blob")),
    ("vnd.sylabs.sif", file_system("a Singularity image (SIF)")),
    ("ext4", file_system("an ext4 file system")),
    ("qcow2", file_system("a QCOW disk image")),
    ("cosign.simplesigning", content("a cosign signature")),
    ("dev.cosign", content("a cosign artifact")),
    ("cncf.notary", content("a Notary signature")),
    ("sigstore", content("a sigstore bundle")),
    ("in-toto", content("an in-toto attestation")),
    ("dsse", content("a signed attestation (DSSE)")),
    ("wasm", content("a WebAssembly module")),
    ("gguf", content("a GGUF model")),
    ("safetensors", content("a safetensors model")),
    ("ollama", content("part of an Ollama model")),
    ("spdx", content("an SPDX document")),
    ("cyclonedx", content("a CycloneDX document")),
    ("syft", content("an SBOM")),
    ("cncf.helm", content("a Helm chart")),
    ("+json", content("a JSON document")),
    ("application/json", content("a JSON document")),
    ("+yaml", content("a YAML document")),
    ("text/", content("text")),
];

const fn content(name: &'static str) -> OtherContent {
    OtherContent { name, is_file_system: false }
}

const fn file_system(name: &'static str) -> OtherContent {
    OtherContent { name, is_file_system: true }
}

/// Classifies a layer by its media type.
pub(super) fn layer_kind(media_type: Option<&str>) -> LayerKind {
    let Some(text) = media_type else { return LayerKind::Tar };
    let text = text.to_ascii_lowercase();
    if let Some((_, other)) = OTHER_TYPES.iter().find(|(part, _)| text.contains(part)) {
        return LayerKind::Other(*other);
    }
    // `...layer.v1.tar+gzip`, `...layer.nondistributable.v1.tar`, `application/vnd.docker.image.rootfs.diff.tar.gzip`.
    let is_tar = text.starts_with("application/vnd.docker.image.rootfs.")
        || text.starts_with("application/vnd.docker.container.image.rootfs.")
        || (text.starts_with("application/vnd.oci.image.layer.") && text.contains("tar"));
    if is_tar { LayerKind::Tar } else { LayerKind::Unknown }
}

/// Maximum number of stored bytes to unpack the first bytes from: compressed members may unpack to nothing.
const MAX_STORED: u64 = 1 << 20;

/// Classifies a blob by its first bytes; `None` for a tar, compressed or not.
pub(super) fn sniff(blob: &Blob) -> io::Result<Option<OtherContent>> {
    let mut first = Vec::new();
    let mut stored = blob.reader().take(MAX_STORED);
    let (_, mut unpacked) = Decoder::sniffing(&mut stored as &mut dyn Read)?;
    // Bytes that cannot be unpacked are damage, which scanning the layer reports.
    let whole = unpacked.by_ref().take(SAMPLE_LEN as u64).read_to_end(&mut first).is_ok();
    let is_empty_tar = first.len() < SAMPLE_LEN && first.iter().all(|byte| *byte == 0);
    if !whole || is_empty_tar || tarfile::is_header(&first[..first.len().min(512)]) {
        return Ok(None);
    }
    let known =
        magic::identify(&first).map(|format| OtherContent { name: format.name, is_file_system: format.is_file_system });
    // Most file systems leave their first block to a boot loader.
    let may_be_file_system = first.iter().take(512).all(|byte| *byte == 0);
    let unknown = OtherContent { is_file_system: may_be_file_system, ..content("data in an unknown format") };
    Ok(Some(known.unwrap_or(unknown)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(media_type: &str) -> Option<(&'static str, bool)> {
        match layer_kind(Some(media_type)) {
            LayerKind::Other(other) => Some((other.name, other.is_file_system)),
            LayerKind::Tar | LayerKind::Unknown => None,
        }
    }

    #[test]
    fn media_types_of_other_content_are_recognised() {
        for (media_type, name) in [
            ("application/vnd.wasm.content.layer.v1+wasm", "a WebAssembly module"),
            ("application/vnd.bytecodealliance.wasm.component.layer.v0+wasm", "a WebAssembly module"),
            ("application/vnd.dev.cosign.simplesigning.v1+json", "a cosign signature"),
            ("application/vnd.in-toto+json", "an in-toto attestation"),
            ("application/vnd.docker.ai.gguf.v3", "a GGUF model"),
            ("application/vnd.ollama.image.model", "part of an Ollama model"),
        ] {
            assert_eq!(other(media_type), Some((name, false)), "{media_type}");
        }
        for (media_type, name) in [
            ("application/vnd.stacker.image.layer.squashfs+zstd+verity", "a squashfs file system"),
            ("application/vnd.sylabs.image.layer.v1.squashfs", "a squashfs file system"),
            ("application/vnd.oci.image.layer.nydus.blob.v1", "a nydus blob"),
            ("application/vnd.erofs.layer.v1", "an EROFS file system"),
            ("application/vnd.oci.image.layer.v1.erofs", "an EROFS file system"),
        ] {
            assert_eq!(other(media_type), Some((name, true)), "{media_type}");
        }
    }

    #[test]
    fn media_types_of_layers_are_recognised() {
        for media_type in [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ] {
            assert_eq!(layer_kind(Some(media_type)), LayerKind::Tar, "{media_type}");
        }
        assert_eq!(layer_kind(None), LayerKind::Tar);
        assert_eq!(layer_kind(Some("application/vnd.example.blob")), LayerKind::Unknown);
    }

    #[test]
    fn content_with_an_unknown_media_type_is_recognised_by_its_bytes() {
        let sniff = |bytes: &[u8]| sniff(&Blob::in_memory(bytes, "l")).unwrap().map(|other| other.name);
        let mut header = tar::Header::new_ustar();
        header.set_cksum();
        assert_eq!(sniff(header.as_bytes()), None);
        assert_eq!(sniff(&zstd::encode_all(&header.as_bytes()[..], 1).unwrap()), None);
        assert_eq!(sniff(&[0; 1024]), None, "an empty tar");
        assert_eq!(sniff(b"\0asm"), Some("a WebAssembly module"));
        let mut erofs = vec![0; 4096];
        erofs[0x400..0x404].copy_from_slice(b"\xe2\xe1\xf5\xe0");
        assert_eq!(sniff(&erofs), Some("an EROFS file system"));
        assert_eq!(sniff(&[200; 4096]), Some("data in an unknown format"));
    }
}
