//! Finds the content of a path for the viewer, or a note why it has none.

use dive_model::escape::Escaped;
use dive_model::image::ImageLayer;
use dive_model::layer::LayerBlob;
use dive_model::layer::LayerIndex;
use dive_model::layer::content::Body;
use dive_model::tree::{SpanId, SpanKind, Tree, Unresolved};
use dive_model::units::counted;

/// The content of a path, with notes about it.
#[derive(Debug)]
pub(super) struct FileSource {
    /// Path with a leading slash, unescaped.
    pub(super) path: Vec<u8>,
    /// Notes about the path, one line each.
    pub(super) notes: Vec<String>,
    /// Layer and position of the content. `None` without content.
    pub(super) content: Option<(LayerBlob, Body)>,
}

/// Finds the content of a version of a path. Follows symbolic links in the file system of `layer`.
pub(super) fn find_source(tree: &Tree, layers: &[ImageLayer], version: SpanId, layer: LayerIndex) -> FileSource {
    let path = tree.path(tree.span(version).node());
    let mut source = FileSource { path, notes: Vec::new(), content: None };
    let inode = tree.inode(version);
    if tree.span(inode).kind == SpanKind::Symlink {
        let target = Escaped(tree.link(inode)).to_string();
        match tree.resolve_version(version, layer) {
            Ok((node, led_to)) => {
                let to = Escaped(&tree.path(node)).to_string();
                source.notes.push(if to == target {
                    format!("A symbolic link to {target}")
                } else {
                    format!("A symbolic link to {target}, which resolves to {to}")
                });
                describe(tree, layers, led_to, layer, &mut source);
            }
            Err(Unresolved::NoTarget) => source.notes.push("A symbolic link without a target".to_owned()),
            Err(error) => source.notes.push(format!("A symbolic link to {target}: {error}")),
        }
        return source;
    }
    describe(tree, layers, version, layer, &mut source);
    source
}

/// Finds the content of a version that is not a symbolic link.
fn describe(tree: &Tree, layers: &[ImageLayer], version: SpanId, layer: LayerIndex, source: &mut FileSource) {
    let inode = tree.inode(version);
    let span = tree.span(inode);
    let (major, minor) = tree.extra(inode).device;
    source.notes.push(match span.kind {
        SpanKind::File | SpanKind::SparseFile if span.size == 0 => "The file is empty".to_owned(),
        SpanKind::File | SpanKind::SparseFile => {
            let body = tree.body(inode);
            match layers.get(body.layer.get()).map(|layer| layer.blob.as_ref()) {
                Some(Ok(blob)) => {
                    source.content = Some((blob.clone(), body));
                    return;
                }
                Some(Err(loss)) => format!("The content is in layer {}, which is missing: {loss}", body.layer),
                None => format!("The content is missing: the image has no layer {}", body.layer),
            }
        }
        SpanKind::HardLink => format!("A hard link to {}, which is not a file", Escaped(tree.link(inode))),
        SpanKind::Directory | SpanKind::ImplicitDirectory => {
            let layer = if tree.span(version).is_visible_at(layer) { layer } else { span.from() };
            let shown = |child: &_| tree.visible(*child, layer).is_some();
            match tree.children(span.node()).filter(shown).count() {
                0 => "An empty directory".to_owned(),
                count => format!("A directory with {}", counted(count as u64, "entry", "entries")),
            }
        }
        SpanKind::CharDevice => format!("A character device, {major}:{minor}"),
        SpanKind::BlockDevice => format!("A block device, {major}:{minor}"),
        SpanKind::Fifo => "A named pipe".to_owned(),
        // Resolved by the caller.
        SpanKind::Symlink => "A symbolic link".to_owned(),
    });
}
