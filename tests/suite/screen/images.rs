//! The list of images: what it shows while images are read, how it is sorted and filtered, and how an image is opened and left. A
//! failure means that a user with several images sees wrong figures, loses the place in the list, or cannot leave an image.

use dive::tui::event::WorkerEvent;
use dive::tui::state::images::{ImageList, ListedId, ReadProgress, RuleCheck};
use dive::tui::update::{Effect, UpdateMessage};
use dive::tui::{ListEvent, state::Overlay};
use dive_model::Opened;
use dive_model::blob::{TransferProgress, TransferStep};

use super::pictures::picture;
use super::{Screen, Size};
use crate::build::{Format, Image, image};
use crate::library;

const SMALL: Size = (80, 24);
const USUAL: Size = (120, 40);

/// An image on a base of 2,000 bytes, with a layer of its own.
fn on_base(own: &str, bytes: usize) -> Image {
    image()
        .layer(|layer| layer.file("base/a", "a".repeat(1000)).file("base/b", "b".repeat(1000)))
        .layer(|layer| layer.file(own, own.repeat(bytes)))
}

fn opened(image: &Image) -> Opened {
    let archive = image.save(Format::DockerArchive);
    library::open(archive.path().to_str().unwrap())
}

/// A screen with a list of these images, none of which is read.
fn listing(names: &[impl AsRef<str>], size: Size, variables: &[(&str, &str)]) -> Screen {
    let mut screen = Screen::loading(size, variables);
    let names = names.iter().map(|name| name.as_ref().to_owned());
    screen.state.show_list(ImageList::new(names, Vec::new()).with_verdicts());
    screen.processes(UpdateMessage::Resize(size.0, size.1));
    screen
}

impl Screen {
    /// Delivers a report on the image with this number.
    fn reports(&mut self, event: ListEvent) -> &mut Self {
        self.receives(WorkerEvent::List(event));
        self
    }

    fn has_read(&mut self, at: usize, name: &str, image: &Image) -> &mut Self {
        self.has_checked(at, name, image, RuleCheck::kept(Vec::new()))
    }

    fn has_checked(&mut self, at: usize, name: &str, image: &Image, check: RuleCheck) -> &mut Self {
        self.reports(ListEvent::read(ListedId(at), name.to_owned(), &opened(image), check))
    }

    /// The names in the list, from top to bottom.
    fn listed(&self) -> Vec<String> {
        let list = self.state.list.as_ref().unwrap();
        (0..list.scroll.count()).map(|row| list.image_at(row).unwrap().name.clone()).collect()
    }

    fn selected_image(&self) -> &str {
        let list = self.state.list.as_ref().unwrap();
        list.selected().map_or("", |id| &list.image(id).unwrap().name)
    }

    /// The images that were requested to be opened so far.
    fn opens_requested(&self) -> Vec<usize> {
        let opens = self.effects.iter().filter_map(|effect| match effect {
            Effect::Open(id) => Some(id.0),
            _ => None,
        });
        opens.collect()
    }
}

/// Three images that share a base, one of which is read, one being read; one that is missing, and one that waits.
fn half_read(size: Size, variables: &[(&str, &str)]) -> Screen {
    let names = ["registry.example/shop/web:3.1", "registry.example/shop/db:3.1", "cache:1", "missing:1", "last:1"];
    let mut screen = listing(&names, size, variables);
    let broken = "broken: highestLayerCount: too many layers (layers=2 > threshold=1)".to_owned();
    screen.has_read(0, names[0], &on_base("web", 100));
    screen.has_checked(1, names[1], &on_base("db", 2000), RuleCheck::broken(vec![broken]));
    let progress = ReadProgress::Layers { percent: 43 };
    screen.reports(ListEvent::reading(ListedId(2), Some(progress)));
    screen.reports(ListEvent::unread(ListedId(3), "missing:1: docker has no image \"missing:1\"; pull it".to_owned()));
    screen
}

/// The list of docs/many.md.
pub(super) fn documented_list(size: Size, variables: &[(&str, &str)]) -> Screen {
    let names = ["web:3.1", "worker:3.1", "db:16", "cache:7", "migrations:1"];
    let base = || image().layer(|layer| layer.file("lib", "l".repeat(8_200_000)));
    let app =
        || base().layer(|layer| layer.file("app/lib", "a".repeat(2_300_000)).file("app/tmp", "t".repeat(410_000)));
    let web = app().layer(|layer| layer.file("app/web", "w".repeat(640_000)).whiteout("app/tmp"));
    let worker = app().layer(|layer| layer.file("app/worker", "w".repeat(70_000)));
    let db = image().layer(|layer| layer.file("bin/db", "d".repeat(5_100_000)));
    let mut screen = listing(&names.map(|name| format!("registry.example/shop/{name}")), size, variables);
    let broken =
        "broken: highestReclaimableBytes: too many bytes are reclaimable (reclaimable-bytes=410000 > threshold=100000)";
    let checks = [RuleCheck::broken(vec![broken.to_owned()]), RuleCheck::kept(Vec::new()), RuleCheck::kept(Vec::new())];
    for (at, (image, check)) in [web, worker, db].iter().zip(checks).enumerate() {
        screen.has_checked(at, &format!("registry.example/shop/{}", names[at]), image, check);
    }
    screen.reports(ListEvent::reading(ListedId(3), Some(ReadProgress::Layers { percent: 43 })));
    let reason = "docker has no image \"registry.example/shop/migrations:1\"; pull it, or add --pull missing";
    screen.reports(ListEvent::unread(ListedId(4), reason.to_owned()));
    screen
}

#[test]
fn list_of_images_while_they_are_read() {
    picture("images_reading", |size| half_read(size, &[]));
    picture("images_mono", |size| half_read(size, &[("DIVE_THEME", "mono")]));
    picture("images_sorted", |size| {
        let mut screen = half_read(size, &[]);
        screen.presses("s s s s s G");
        screen
    });
    picture("images_unread", |size| {
        let mut screen = half_read(size, &[]);
        screen.presses("down down down enter");
        screen
    });
    picture("images_filter", |size| {
        let mut screen = half_read(size, &[]);
        screen.presses("slash").types("shop");
        screen
    });
    picture("help_images", |size| {
        let mut screen = half_read(size, &[]);
        screen.presses("?");
        screen
    });
}

/// Without colours, too, each state has its word.
#[test]
fn the_states_of_images_are_told_apart_in_words() {
    let mut screen = half_read(SMALL, &[("DIVE_THEME", "mono")]);
    screen.shows(&["cache:1", "reading, 43 %", "unread: docker has no image \"missing:1\"", "waiting"]);
    screen.shows(&["2 of 5 images read · 1 unread · 1 with broken rules · reading cache:1"]);
    let transfer = TransferProgress { step: TransferStep::Export, read: 434_000, total: Some(3_000_000) };
    screen.reports(ListEvent::reading(ListedId(2), Some(ReadProgress::Transfer(transfer))));
    screen.shows(&["434 kB of 3.0 MB"]);
}

/// The layers that images share count once on a host, and deleting one frees only its own.
#[test]
fn shared_bytes_are_those_of_the_report() {
    let mut screen = half_read(USUAL, &[]);
    screen.shows(&["Deleting this image frees 300 B; 2.0 kB are in layers of other images."]);
    screen.shows(&["The 2 images read on one host: 6.3 kB unpacked (8.3 kB without sharing)"]);
    screen.has_read(2, "cache:1", &image().layer(|layer| layer.file("c", "cc")));
    screen.presses("down down").shows(&["Deleting this image frees 2 B: no other image has its layers."]);
}

/// While rows arrive, the list is sorted anew; the user must not open another image than the one under the cursor.
#[test]
fn the_selected_image_stays_selected_while_rows_arrive() {
    let mut screen = listing(&["a", "b", "c", "d"], SMALL, &[]);
    screen.presses("s s s s down down");
    assert_eq!(screen.selected_image(), "c");
    screen.has_read(3, "d", &on_base("d", 10)).has_read(0, "a", &on_base("a", 30)).has_read(1, "b", &on_base("b", 20));
    assert_eq!(screen.selected_image(), "c");
    assert_eq!(screen.listed(), ["a", "b", "d", "c"], "without figures last");
    screen.presses("r");
    assert_eq!((screen.listed(), screen.selected_image()), (["d", "b", "a", "c"].map(str::to_owned).to_vec(), "c"));
    screen.shows(&["sorted by own bytes, reversed", "Own ▲"]);
}

#[test]
fn every_column_sorts_by_key_and_by_mouse() {
    let mut screen = listing(&["b", "a", "c"], USUAL, &[]);
    screen.has_read(0, "b", &on_base("b", 10)).has_read(1, "a", &on_base("a", 30)).has_read(2, "c", &on_base("c", 20));
    let titles = [
        "name",
        "stored bytes",
        "unpacked bytes",
        "own bytes",
        "shared bytes",
        "reclaimable bytes",
        "share kept",
        "rules",
    ];
    for title in titles {
        screen.presses("s").shows(&[&format!("sorted by {title}")]);
    }
    screen.presses("s").shows(&["in the order named"]);
    screen.clicks("Own");
    assert_eq!(screen.listed(), ["a", "c", "b"]);
    screen.clicks("Own ▼");
    assert_eq!(screen.listed(), ["b", "c", "a"]);
    screen.clicks("Image  ");
    assert_eq!(screen.listed(), ["a", "b", "c"]);
}

/// Who has forty images wants those first that break a rule, and then the rule.
#[test]
fn broken_rules_come_first_and_have_their_reasons() {
    let mut screen = listing(&["a", "b", "c", "d"], SMALL, &[]);
    screen.has_read(0, "a", &on_base("a", 10));
    let unread = "no verdict: dive cannot read layer 1: it is a WebAssembly module".to_owned();
    screen.has_checked(2, "c", &on_base("c", 30), RuleCheck::unchecked(unread));
    let lines =
        ["broken: highestLayerCount: too many layers", "warning: lowestEfficiency: image efficiency is too low"];
    screen.has_checked(3, "d", &on_base("d", 40), RuleCheck::broken(lines.map(str::to_owned).to_vec()));
    screen.presses("s s s s s s s s").shows(&["sorted by rules", "Rules ▲"]);
    assert_eq!(screen.listed(), ["d", "c", "a", "b"]);
    screen.presses("g").shows(&["Broken: highestLayerCount: too many layers; warning: lowestEfficiency", "v Rules"]);
    screen.presses("v").shows(&["Rules: d", lines[0], lines[1]]);
    screen.presses("esc down").shows(&["No verdict: dive cannot read layer 1", "v Rules"]);
    screen.presses("down").lacks(&["v Rules"]);
    screen.presses("v").shows(&["no rule is broken", "Images (4)"]);
}

/// Without rules, their column would only take room.
#[test]
fn a_list_without_rules_has_no_column_of_them() {
    let mut screen = Screen::loading(USUAL, &[]);
    screen.state.show_list(ImageList::new(["a".to_owned()], Vec::new()));
    screen.processes(UpdateMessage::Resize(USUAL.0, USUAL.1));
    screen.has_read(0, "a", &on_base("a", 10));
    screen.shows(&["Kept"]).lacks(&["Rules"]);
    screen.presses("s s s s s s s").shows(&["sorted by share kept"]);
    screen.presses("s").shows(&["in the order named"]);
    screen.presses("v").shows(&["no rules are checked"]);
}

#[test]
fn a_filter_keeps_the_names_that_match() {
    let mut screen = half_read(SMALL, &[]);
    screen.presses("slash").types("shop");
    assert_eq!(screen.listed(), ["registry.example/shop/web:3.1", "registry.example/shop/db:3.1"]);
    screen.presses("down enter").shows(&["Filter: shop  2 of 5 images"]);
    assert_eq!(screen.selected_image(), "registry.example/shop/db:3.1");
    screen.presses("esc");
    assert_eq!((screen.listed().len(), screen.selected_image()), (5, "registry.example/shop/db:3.1"));
    screen.presses("slash").types("nowhere").shows(&["No image matches the filter.", "0 of 5 images"]);
    screen.presses("enter enter").shows(&["No image matches the filter."]);
    assert_eq!(screen.opens_requested(), [0_usize; 0]);
    screen.presses("esc slash").types(">4k");
    assert_eq!(screen.listed(), ["registry.example/shop/db:3.1"]);
}

#[test]
fn an_image_opens_and_esc_returns_to_its_row() {
    let mut screen = half_read(SMALL, &[]);
    screen.presses("down enter").shows(&["Looking for the image"]);
    assert_eq!(screen.opens_requested(), [1]);
    screen.opens(opened(&on_base("db", 2000))).shows(&["Layers (2)", "esc Back to list"]);
    // Whatever else consumes esc comes first.
    screen.presses("slash").types("base").presses("enter esc").shows(&["Current Layer Contents", "esc Back to list"]);
    screen.presses("w esc").shows(&["Current Layer Contents"]);
    screen.presses("esc").shows(&["Images (5)"]);
    assert!(matches!(screen.effects.last(), Some(Effect::CloseImage)), "{:?}", screen.effects);
    assert_eq!(screen.selected_image(), "registry.example/shop/db:3.1");
    assert!(screen.state.explorer().is_none(), "its tree is not kept");
}

#[test]
fn esc_leaves_an_image_that_is_still_read() {
    let mut screen = half_read(SMALL, &[]);
    screen.presses("G enter esc").shows(&["Images (5)", "waiting"]);
    assert_eq!(screen.selected_image(), "last:1");
    // It is opened again, with nothing of the first time.
    screen.presses("enter").opens(opened(&on_base("last", 1))).shows(&["Layers (2)"]);
}

/// One image that cannot be opened must not end the screen.
#[test]
fn the_whole_reason_is_shown_for_an_unread_image() {
    let mut screen = half_read(SMALL, &[]);
    screen.presses("down down down").shows(&["enter Reason"]);
    screen.presses("enter").shows(&["Unread: missing:1", "docker has no image \"missing:1\"; pull it"]);
    assert_eq!(screen.opens_requested(), [0_usize; 0]);
    screen.presses("esc down enter");
    screen.processes(UpdateMessage::NotOpened("the disk is gone".to_owned()));
    screen.shows(&["Images (5)", "Unread: last:1", "the disk is gone"]);
    assert!(matches!(screen.state.overlays.last(), Some(Overlay::Reason(_))));
    screen.presses("esc").shows(&["unread: the disk is gone"]);
    // An image with figures keeps them.
    screen.presses("g enter");
    screen.processes(UpdateMessage::NotOpened("the disk is gone".to_owned()));
    screen.presses("esc").shows(&["registry.example/shop/web:3.1      2.3 kB"]);
}

#[test]
fn the_images_of_a_file_take_its_place() {
    let mut screen = listing(&["a.tar", "bundle.tar"], SMALL, &[]);
    screen.presses("down");
    let images = vec![(ListedId(2), "web:1".to_owned()), (ListedId(3), "db:1".to_owned())];
    screen.reports(ListEvent::listed(ListedId(1), images));
    assert_eq!(screen.listed(), ["a.tar", "web:1", "db:1"]);
    assert_eq!(screen.selected_image(), "web:1");
    screen.has_read(3, "db:1", &on_base("db", 1)).shows(&["1 of 3 images read"]);
}

#[test]
fn warnings_about_images_are_listed() {
    let mut screen = listing(&["a", "b"], SMALL, &[]);
    screen.presses("!").shows(&["there are no warnings"]);
    let odd = image().layer(|layer| layer.file("f", "x").whiteout("nothing/here"));
    let remarks = opened(&odd);
    assert!(!remarks.layer_remarks.is_empty(), "an image with a remark");
    screen.reports(ListEvent::read(ListedId(1), "b".to_owned(), &remarks, RuleCheck::default()));
    screen.presses("down").shows(&["! 1 warning"]);
    screen.presses("!").shows(&["Warnings (1)", "Images", "! b: "]);
}

#[test]
fn names_cannot_write_to_the_terminal() {
    let name = "web\u{1b}[2J\u{202e}:1";
    let mut screen = listing(&[name], SMALL, &[]);
    screen.shows(&["web\\u{1b}[2J"]).lacks(&["\u{1b}", "\u{202e}"]);
    screen.reports(ListEvent::unread(ListedId(0), "no \u{1b}[2J".to_owned()));
    screen.presses("enter").shows(&["no \\u{1b}[2J"]).lacks(&["\u{1b}", "\u{202e}"]);
}

/// A team's bundle: the list must scroll, and each row keep its place.
#[test]
fn a_thousand_images_scroll() {
    let names: Vec<String> = (0..1000).map(|at| format!("registry.example/shop/service-{at}:1")).collect();
    let mut screen = listing(&names, SMALL, &[]);
    screen.presses("G").shows(&["service-999:1", "service-988:1"]).lacks(&["service-0:1"]);
    screen.presses("pgup pgup g down").shows(&["service-0:1"]);
    assert_eq!(screen.selected_image(), names[1]);
    screen.processes(UpdateMessage::Resize(60, 16));
    screen.shows(&["service-1:1", "of 1000 images read"]);
}

/// The palette and other keys: the list's actions come from the same table as all others.
#[test]
fn the_actions_of_the_list_have_other_keys_and_are_in_the_palette() {
    let mut screen = Screen::configured(
        SMALL,
        "keybinding:\n  open-image: f5\n  reverse-sort-order: f6\n  close-filter-files: f7\n",
    );
    screen.state.show_list(ImageList::new(["a".to_owned(), "b".to_owned()], Vec::new()));
    screen.processes(UpdateMessage::Resize(80, 24));
    screen.shows(&["f5 Open", "f6 Reverse"]);
    screen.presses("f6");
    assert_eq!(screen.listed(), ["b", "a"]);
    screen.presses("enter");
    assert_eq!(screen.opens_requested(), [0_usize; 0]);
    screen.presses("f5");
    assert_eq!(screen.opens_requested(), [0]);
    screen.presses("f7").shows(&["Images (2)"]);
    screen.presses(":").types("reverse").shows(&["Reverse the order."]);
    screen.presses("enter");
    assert_eq!(screen.listed(), ["a", "b"]);
}
