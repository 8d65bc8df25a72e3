//! Shows a root file system (`docker export`, `buildx build --output type=tar`) as an image of one layer.

use super::{ContainerPlaces, Image, ImageLayer, OciLabels};
use crate::blob::Blob;
use crate::remark::Remark;
use crate::store::Store;

/// An image of one layer with the file system in `tar`.
pub(super) fn image(store: &dyn Store, tar: Blob, mut remarks: Vec<Remark>) -> Image {
    let text = "it is a root file system (`docker export`, or buildx with type=tar), shown as one layer; `docker save` \
        keeps layers and history";
    remarks.push(Remark::new(store.name(), text));
    let layer = ImageLayer {
        id: store.name().to_owned(),
        size: Some(tar.len()),
        blob: Ok(tar.into()),
        digest: None,
        diff_id: None,
        media_type: None,
        command: String::new(),
        created_by: String::new(),
        comment: String::new(),
        lines: None,
    };
    Image {
        name: store.name().to_owned(),
        tags: Vec::new(),
        id: None,
        platform: None,
        created: None,
        user: String::new(),
        start_command: Vec::new(),
        places: ContainerPlaces::default(),
        labels: OciLabels::default(),
        layers: vec![layer],
        history: Vec::new(),
        base: None,
        provenance: None,
        other_images: Vec::new(),
        other_platforms: Vec::new(),
        other_entries: Vec::new(),
        remarks,
    }
}
