//! Random images. Few names, so that layers often concern the same paths.

use proptest::prelude::*;
use proptest::sample::select;

use crate::build::{Image, Layer, Packing, image};

/// Layers, base first.
#[derive(Debug, Clone)]
pub(crate) struct RandomImage(pub(super) Vec<RandomLayer>);

/// Entries in tar order.
#[derive(Debug, Clone)]
pub(crate) struct RandomLayer {
    pub(super) entries: Vec<RandomEntry>,
    packing: Packing,
}

/// An entry: normalised path (empty for the root), content, and a prefix to spell the path with.
#[derive(Debug, Clone)]
pub(super) struct RandomEntry {
    pub(super) path: String,
    pub(super) what: What,
    spelling: &'static str,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    File(Vec<u8>, Attributes),
    Directory(Attributes),
    Symlink(String),
    HardLink(String),
    Device(u32),
    Fifo,
    Whiteout,
    Opaque,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) has_xattr: bool,
}

impl RandomImage {
    pub(crate) fn build(&self) -> Image {
        self.0.iter().fold(image(), |image, layer| image.layer(|_| layer.build()))
    }
}

impl RandomLayer {
    pub(super) fn build(&self) -> Layer {
        self.entries.iter().fold(Layer::default(), |layer, entry| entry.add_to(layer)).packed(self.packing)
    }
}

impl RandomEntry {
    fn add_to(&self, layer: Layer) -> Layer {
        let name = &format!("{}{}", self.spelling, self.path);
        let with = |layer: Layer, attributes: &Attributes| {
            let layer = layer.mode(attributes.mode.into()).owner(attributes.uid.into(), attributes.gid.into());
            if attributes.has_xattr { layer.xattr("user.x", "1") } else { layer }
        };
        match &self.what {
            What::File(content, attributes) => with(layer.file(name, content), attributes),
            What::Directory(attributes) => with(layer.dir(&format!("{name}/")), attributes),
            What::Symlink(target) => layer.symlink(name, target),
            What::HardLink(target) => layer.hardlink(name, &format!("{}{target}", self.spelling)),
            What::Device(minor) => layer.char_device(name, 1, *minor),
            What::Fifo => layer.fifo(name),
            What::Whiteout => layer.whiteout(name),
            What::Opaque => layer.opaque(name),
        }
    }
}

/// One to five layers of up to nine entries.
pub(crate) fn images() -> impl Strategy<Value = RandomImage> {
    images_of(&paths().boxed())
}

/// Images with these paths.
pub(crate) fn images_of(paths: &BoxedStrategy<String>) -> impl Strategy<Value = RandomImage> + use<> {
    images_with(paths, &contents().boxed())
}

/// Images with these paths and contents.
pub(crate) fn images_with(
    paths: &BoxedStrategy<String>,
    contents: &BoxedStrategy<Vec<u8>>,
) -> impl Strategy<Value = RandomImage> + use<> {
    prop::collection::vec(layers_of(paths, contents), 1..=5).prop_map(RandomImage)
}

pub(super) fn layers() -> impl Strategy<Value = RandomLayer> {
    layers_of(&paths().boxed(), &contents().boxed())
}

fn layers_of(
    paths: &BoxedStrategy<String>,
    contents: &BoxedStrategy<Vec<u8>>,
) -> impl Strategy<Value = RandomLayer> + use<> {
    let packing = select(vec![Packing::Plain, Packing::Plain, Packing::Gzip, Packing::Zstd]);
    let entries = prop::collection::vec(entries(paths, contents), 0..10);
    (entries, packing).prop_map(|(entries, packing)| RandomLayer { entries, packing })
}

fn entries(
    paths: &BoxedStrategy<String>,
    contents: &BoxedStrategy<Vec<u8>>,
) -> impl Strategy<Value = RandomEntry> + use<> {
    let paths = || paths.clone();
    let spelling = select(vec!["", "", "", "./", "/", ".//", "a/../"]);
    let of_path = (
        paths(),
        prop_oneof![
            6 => (contents.clone(), attributes()).prop_map(|(content, attributes)| What::File(content, attributes)),
            3 => attributes().prop_map(|attributes| What::Directory(Attributes { mode: attributes.mode | 0o111, ..attributes })),
            2 => (select(vec!["", "", "/", "../"]), paths()).prop_map(|(start, path)| What::Symlink(format!("{start}{path}"))),
            2 => paths().prop_map(What::HardLink),
            1 => (3u32..5).prop_map(What::Device),
            1 => Just(What::Fifo),
            3 => Just(What::Whiteout),
            1 => Just(What::Opaque),
        ],
    );
    let of_root = prop_oneof![
        2 => attributes().prop_map(What::Directory),
        1 => Just(What::Opaque),
    ];
    let entry = prop_oneof![
        30 => of_path,
        1 => of_root.prop_map(|what| (String::new(), what)),
    ];
    (entry, spelling).prop_map(|((path, what), spelling)| RandomEntry { path, what, spelling })
}

/// `-` sorts before `/`, and `.a` before `.wh.`; both have caused bugs.
fn paths() -> impl Strategy<Value = String> {
    prop::collection::vec(select(vec!["a", "b", "a-b", ".a"]), 1..=3).prop_map(|names| names.join("/"))
}

/// Few sizes, so that contents of equal size are often equal and often not.
fn contents() -> impl Strategy<Value = Vec<u8>> {
    (select(vec![0, 1, 5, 5, 600]), select(vec![b'x', b'x', b'y'])).prop_map(|(size, fill)| vec![fill; size])
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let usual = Attributes { mode: 0o644, uid: 0, gid: 0, has_xattr: false };
    prop_oneof![
        4 => Just(usual),
        1 => Just(Attributes { mode: 0o4600, ..usual }),
        1 => Just(Attributes { uid: 7, ..usual }),
        1 => Just(Attributes { gid: 7, ..usual }),
        1 => Just(Attributes { has_xattr: true, ..usual }),
    ]
}
