//! The questions that users bring, and how few keys answer them.

use dive::tui::event::WorkerEvent;
use dive::tui::state::Overlay;
use dive::tui::state::waste::WasteOrder;
use dive::tui::update::Effect;
use dive_model::image::{ImageName, ImageSelector};

use super::{Screen, Size};
use crate::build::{Format, Layer, image};
use crate::library;
use crate::place::sample;

const SMALL: Size = (80, 24);
const USUAL: Size = (120, 40);

/// An image with many unchanged files, one change far down, and a deleted secret.
fn secret() -> tempfile::NamedTempFile {
    let many = |l: Layer, folder: &str| (0..60).fold(l, |l, at| l.file(format!("{folder}/f{at:02}"), "x"));
    image()
        .layer(|l| many(many(l, "bin"), "usr/lib"))
        .layer(|l| l.file("var/one", "1"))
        .layer(|l| l.file("root/.ssh/id_rsa", "private"))
        .layer(|l| l.file("usr/lib/f30", "changed"))
        .layer(|l| l.whiteout("root/.ssh/id_rsa"))
        .save(Format::DockerArchive)
}

/// Moving through the layers shows what each changed, without a key in the tree.
#[test]
fn a_layer_change_shows_its_first_change() {
    let archive = secret();
    let mut screen =
        Screen::showing(archive.path().to_str().unwrap(), SMALL, &[("DIVE_FILETREE_FOLD_UNCHANGED", "no")]);
    screen.presses("down down down").shows(&["~", "f30", " · ~1 · 7 B"]);
    assert_eq!(screen.selected(), "/usr/lib/f30");
    let (_, row) = screen.place_of("f30");
    assert!((8..16).contains(&row), "in the middle: {row}\n{}", screen.drawn());
    screen.presses("down").shows(&["id_rsa", " · -1 · 0 B"]);
    screen.presses("g");
    assert_eq!(screen.selected(), "/bin", "everything in the base layer is added");
    // Once the user has moved in the tree, the cursor is theirs.
    screen.presses("tab down tab G");
    assert_eq!(screen.selected(), "/bin/f00");
}

#[test]
fn directories_without_a_change_are_folded() {
    let archive = secret();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.shows(&["── f00"]);
    screen.presses("down down down").shows(&["── f30"]).lacks(&["id_rsa"]);
    // An expanded directory stays so, in other layers too.
    screen.presses("tab g").shows(&["⊕ bin", "⊕ root"]);
    screen.presses("space").shows(&["── f00"]);
    screen.presses("tab down").shows(&["── f00"]);
    screen.presses("tab z").shows(&["── bin"]).lacks(&["⊕"]);
    screen.presses("z").shows(&["⊕ bin", "⊕ usr", "id_rsa"]);
}

#[test]
fn changes_are_found_from_the_layers() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("G");
    let first = screen.selected();
    screen.presses("o").shows(&["┏ Layers"]);
    assert_ne!(screen.selected(), first);
    screen.presses("O");
    assert_eq!(screen.selected(), first);
}

/// The target of a jump has rows around it.
#[test]
fn a_jump_shows_its_target_in_the_middle() {
    let archive = image()
        .layer(|l| (0..200).fold(l, |l, at| l.file(format!("f{at:03}"), "x")))
        .layer(|l| l.file("f050", "y").file("f150", "y"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("down tab g o").shows(&["f040", "f060"]);
    screen.presses("o").shows(&["f140", "f160"]);
}

/// The first question about a deleted file: where is it?
#[test]
fn a_filter_without_a_match_says_which_layer_has_one() {
    let archive = secret();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("slash").types("id_rsa");
    screen.shows(&[
        "No file matches the filter.",
        "Not in layer 0",
        "added in layer 2",
        "deleted in layer 4. Press enter, then n, to go there.",
    ]);
    screen.presses("enter").shows(&["deleted in layer 4. Press n to go there."]);
    let hints = footer(&screen);
    assert!(hints.starts_with("n Next match") && !hints.contains("View") && !hints.contains("Extract"), "{hints}");
    screen.presses("n").shows(&["layer 2", "id_rsa", "went to layer 2"]);
    assert_eq!(screen.selected(), "/root/.ssh/id_rsa");
    // The layers have the key, too.
    screen.presses("tab up up n").shows(&["┏ Layers", "went to layer 2"]);
    assert_eq!(screen.selected(), "/root/.ssh/id_rsa");
}

#[test]
fn a_search_in_all_layers_lists_every_version() {
    let archive = secret();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("F");
    assert!(footer(&screen).contains("enter Results  esc Close"), "{}", footer(&screen));
    screen.types("id_rsa");
    screen.shows(&["1 path, 2 changes", "2      added", "4      deleted", "/root/.ssh/id_rsa"]);
    screen.presses("enter v").runs_jobs().shows(&["private", "from layer 2"]);
    screen.presses("esc down enter").shows(&["layer 4", "id_rsa"]);
    assert_eq!(screen.state.layer().unwrap().get(), 4);
    assert_eq!(screen.selected(), "/root/.ssh/id_rsa");
    screen.presses("F").types("id_rsa >1k").shows(&["No path in any layer matches."]);
    screen.presses("backspace backspace backspace").types("<1k").shows(&["1 path, 2 changes"]);
    screen.presses("esc");
    screen.presses("F").types("nowhere").shows(&["No path in any layer matches."]);
    screen.presses("esc").lacks(&["Search all layers"]);
    assert!(screen.state.overlays.is_empty());
    screen.presses("F").types("*.never").presses("backspace enter");
    assert!(!footer(&screen).contains("Go to file"), "{}", footer(&screen));
    screen.presses("esc");
    assert!(screen.state.overlays.is_empty());
}

#[test]
fn matches_are_numbered_and_esc_returns() {
    let archive = secret();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("tab down down");
    screen.presses("slash").types("f0").shows(&["2 of 20"]);
    screen.presses("enter n n").shows(&["4 of 20"]);
    screen.presses("N").shows(&["3 of 20"]);
    screen.presses("esc");
    assert_eq!(screen.selected(), "/bin/f02", "the user has chosen a match");
    screen.presses("slash").types("f5").presses("esc");
    assert_eq!(screen.selected(), "/bin/f02", "only the filter has moved the cursor");
    screen.presses("slash").types("usr/lib").shows(&["1 of 1 (60 paths below)"]);
    screen.presses("ctrl+u").types("*b/f0?").shows(&["1 of 10"]);
    // After a letter was deleted, the cursor is on the first match again.
    screen.presses("esc g slash").types("f59").shows(&["1 of 2"]);
    screen.presses("backspace").shows(&["1 of 20"]);
}

/// The path is what a narrow tree cannot show elsewhere.
#[test]
fn the_whole_path_is_visible_under_a_filter() {
    let long = "opt/application/releases/current/node_modules/package/index.js";
    let archive = image().layer(|l| l.file(long, "1").file("etc/a", "1")).save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("slash").types("index*.js").presses("enter").shows(&[&format!("┗ /{long} ━")]);
    screen.presses("M").shows(&["┗ hidden: modified · /opt/application/…", "node_modules/package/index.js ━"]);
}

/// `n` leads to another layer, not out of a comparison.
#[test]
fn a_comparison_goes_on_at_a_match_in_another_layer() {
    let archive = secret();
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("b").shows(&["Layer 0 compared with itself"]);
    screen.presses("slash").types("id_rsa").presses("enter n").shows(&["from layer 0 to layer 2", "went to layer 2"]);
    assert_eq!(screen.selected(), "/root/.ssh/id_rsa");
}

/// The filter stays when the layer changes, with the cursor on a match.
#[test]
fn a_kept_filter_selects_a_match_in_each_layer() {
    let mut screen = Screen::of_sample(USUAL);
    screen.presses("G tab down down slash").types("csv").presses("enter");
    for _ in 0..4 {
        screen.presses("tab up tab");
        assert!(screen.selected().ends_with("csv"), "{}", screen.selected());
    }
}

/// A build that changes a file lists the directories above it again: that is no change of theirs.
#[test]
fn a_search_leaves_out_directories_that_are_only_listed_again() {
    let archive = image()
        .layer(|l| l.dir("srv").file("srv/app", "1").file("srv/twin", "1"))
        .layer(|l| l.dir("srv").file("srv/app", "2").file("srv/twin", "1"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("F").types("^/srv$").shows(&["1 path, 1 change"]).lacks(&["listed-again"]);
    screen.presses("ctrl+u").types("twin").shows(&["1 path, 2 changes", "listed-again"]);
    screen.presses("enter H G").shows(&["The layer repeats the entry; only its times may differ."]);
}

/// On the smallest terminal, too, the list says what to do.
#[test]
fn the_remedy_is_shown_on_the_smallest_terminal() {
    let mut screen = Screen::of_sample((60, 16));
    screen.presses("w").shows(&[
        "133 kB of 3.0 MB is reclaimable, in 11 file versions ",
        "Remedy: delete them in the RUN",
        "earlier stage.",
    ]);
    screen.presses("G").shows(&["releases/1.0/notes.txt", "Remedy: create the final file"]);
}

/// A row below its directory is indented, at any width.
#[test]
fn deep_trees_keep_their_indentation() {
    for width in [80, 100, 110, 130, 140] {
        let mut screen = Screen::of_sample((width, 40));
        screen.lacks(&["⋯"]);
        screen.presses("tab").lacks(&["⋯"]);
    }
}

/// The layer's command is cut off nowhere while rows below the image's details are empty.
#[test]
fn a_tall_screen_wastes_no_rows() {
    let mut screen = Screen::of_sample((200, 60));
    screen.presses("G").shows(&["Stored: ", "6.5 kB  /srv/shop/static/404.html"]);
    let drawn = screen.drawn();
    let last = drawn.lines().rev().nth(3).unwrap_or_default();
    assert!(last.starts_with("│    2 "), "{drawn}");
}

/// Otherwise the largest directory is above the viewport, which shows the first change.
#[test]
fn sorting_by_size_shows_the_largest_first() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("down down down tab s");
    assert_eq!(screen.selected(), "/bin");
    screen.presses("s");
    assert_eq!(screen.selected(), "/srv/shop/static/img/banner-draft.svg");
    // A file that the user has gone to stays under the cursor.
    screen.presses("down");
    let chosen = screen.selected();
    screen.presses("s");
    assert_eq!(screen.selected(), chosen);
}

#[test]
fn an_empty_tree_says_that_there_is_no_file() {
    let mut screen = Screen::of_sample(SMALL);
    for key in ["H", "v", "x", "y", "D"] {
        screen.presses("esc slash").types("no such file").presses("enter").presses(key);
        screen.shows(&["the tree shows no file"]);
    }
}

#[test]
fn earlier_filters_are_recalled() {
    let mut screen = Screen::of_sample(USUAL);
    screen.presses("G slash up").shows(&["expression or glob"]).lacks(&["for earlier ones"]);
    screen.types("csv").presses("enter esc slash").types("svg").presses("enter esc");
    screen.presses("slash").shows(&["; up: earlier"]);
    screen.presses("up").shows(&["Filter: svg", "logo.svg"]);
    screen.presses("up").shows(&["Filter: csv", "1 of "]);
    screen.presses("down down").shows(&["expression or glob"]);
    screen.presses("up up up enter").shows(&["Filter: csv"]);
    // In a typed filter, the keys move in the tree, as before.
    screen.presses("esc slash").types("csv").presses("down").shows(&["2 of "]);
    // The search in all layers and the list of waste share the filters.
    screen.presses("esc F up").shows(&["Search all layers: csv"]);
}

#[test]
fn waste_is_grouped_and_explained() {
    let cache = |l: Layer| (0..20).fold(l, |l, at| l.file(format!("root/.npm/c{at:02}"), "cached"));
    let archive = image()
        .layer(|l| cache(l).file("etc/app", "1").created_by("RUN npm install"))
        .layer(|l| l.whiteout("root/.npm").created_by("RUN rm -rf /root/.npm"))
        .layer(|l| l.file("etc/app", "2").created_by("COPY app /etc/app"))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), SMALL, &[]);
    screen.presses("w").shows(&["▸ /root/.npm", "20", "0 > 1", "Added by layer 0: RUN npm install"]);
    screen.shows(&["Deleted by layer 1: RUN rm -rf /root/.npm", "still stores", "Remedy: "]).lacks(&["c00"]);
    screen.presses("enter").shows(&["▾ /root/.npm", "    /c00"]);
    screen.presses("slash").types("c07").presses("enter").shows(&["6 B of it in 1 file"]).lacks(&["c08"]);
    screen.presses("v").runs_jobs().shows(&["cached"]);
    screen.presses("esc H").shows(&["History of /root/.npm/c07"]);
    screen.presses("esc esc").shows(&["c08"]);
    screen.presses("w").lacks(&["Waste ·"]);
    screen.presses("w G enter").shows(&["app"]);
    assert_eq!(screen.selected(), "/etc/app");
}

#[test]
fn the_status_line_names_the_image_and_its_figures() {
    for size in [SMALL, USUAL, (60, 16)] {
        let mut screen = Screen::of_sample(size);
        screen.presses("down down").shows(&["dive-sample:1.0", "3.0 MB", "layer 2 of 0–6"]);
        if size.0 >= 80 {
            screen.shows(&["· 3.0 MB · 133 kB reclaimable (5 %) ·"]);
        }
        screen.presses("tab G").shows(&["┗ /usr ━"]);
    }
}

#[test]
fn the_palette_finds_an_action_by_its_words() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses(":").shows(&["┏ Actions", "Action:", "┃o               Go to the next changed file."]);
    screen.lacks(&["Go to the file in its layer", "warnings of the configuration"]);
    screen.types("reclaim").presses("enter").shows(&["Waste ·"]).lacks(&["┏ Actions"]);
    screen.presses("esc : esc").lacks(&["┏ Actions"]);
    // An action of the other pane works, too.
    screen.presses(":").types("sort next column").presses("enter").shows(&["▼ Size"]);
    // A layer is found by its instruction.
    screen.presses("w :").types("rm releases").shows(&["Layer 6: …", "mkdir releases"]);
    screen.presses("enter");
    assert_eq!(screen.state.layer().unwrap().get(), 6);
    screen.lacks(&["Waste ·"]);
    // The words that were found are visible, however long the instruction is.
    screen.presses(":").types("make-data banner").shows(&["make-data banner"]);
    screen.presses("esc");
    screen.presses(":").types("no such thing").shows(&["No action matches."]);
    screen.presses("esc :").types("hex").shows(&["Not available here: Show the content as text or as bytes."]);
    screen.presses("enter").shows(&["no action has these words"]).lacks(&["┏ Actions"]);
}

#[test]
fn the_help_names_verbs_and_only_keys_that_act() {
    let mut screen = Screen::of_sample(SMALL);
    screen.presses("?").shows(&["Show, hide empty steps", "List waste"]).lacks(&["Go to file"]);
    screen.presses("esc tab ?").shows(&["Show, hide unmodified", "Fold unchanged dirs"]);
    let mut wide = Screen::of_sample((200, 40));
    wide.presses("b");
    assert!(footer(&wide).contains("b Stop comparing"), "{}", footer(&wide));
}

/// Two keys for the same thing push out other hints.
#[test]
fn hints_have_no_doubles() {
    let mut screen = Screen::of_sample(USUAL);
    screen.presses("w");
    assert_eq!(footer(&screen).matches("Close").count(), 1, "{}", footer(&screen));
    screen.presses("esc tab g");
    screen.shows(&["enter Collapse"]).lacks(&["space Collapse"]);
    screen.presses("slash").shows(&["esc Clear filter"]).lacks(&["^C"]);
}

pub(super) fn footer(screen: &Screen) -> String {
    screen.drawn().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn hints_are_clickable() {
    let mut screen = Screen::of_sample(USUAL);
    let (column, row) = (column_in_footer(&screen, "Waste"), screen.state.size.1 - 1);
    screen.clicks_at((column, row)).shows(&["Waste ·"]);
    let column = column_in_footer(&screen, "Close");
    screen.clicks_at((column, row)).lacks(&["Waste ·"]);
    screen.clicks_at((screen.state.size.0 - 1, row)).shows(&["Layers ("]);
}

fn column_in_footer(screen: &Screen, text: &str) -> u16 {
    let footer = footer(screen);
    let (before, _) = footer.split_once(text).unwrap_or_else(|| panic!("no {text} in {footer}"));
    before.chars().count() as u16
}

#[test]
fn the_help_fits_one_page_of_a_small_terminal() {
    for keys in ["?", "tab ?", "w ?", "F esc F enter ?"] {
        let mut screen = Screen::of_sample(SMALL);
        screen.presses(keys).shows(&["Keys ·"]).lacks(&["no key"]);
        let drawn = screen.drawn();
        let rows = drawn.lines().skip_while(|line| !line.contains("Keys ·")).take_while(|line| !line.starts_with('┗'));
        assert!(rows.clone().count() > 10 && rows.clone().all(|row| !row.contains('…')), "{drawn}");
        let Some(Overlay::Help(help)) = screen.state.overlays.last() else { panic!("no help") };
        assert_eq!(help.scroll.hidden(), (0, 0), "{}", screen.drawn());
    }
}

#[test]
fn other_images_of_the_file_are_one_key_away() {
    let mut opened = library::open(&sample());
    let shown = std::sync::Arc::get_mut(&mut opened.image).expect("nothing else holds the image");
    let platforms = vec!["linux/arm64".parse().unwrap(), "linux/s390x".parse().unwrap()];
    shown.other_images =
        vec![ImageName { index: 1, tags: ["other:1".to_owned()].into(), id: None, shares_tags: false, platforms }];
    shown.other_platforms = vec!["linux/arm64".parse().unwrap()];
    let mut screen = Screen::loading(SMALL, &[]);
    screen.receives(WorkerEvent::ImageFound(std::sync::Arc::clone(&opened.image)));
    screen.presses("i").shows(&["still being read"]);
    screen.opens(opened).presses("down w esc i").shows(&[
        "● dive-sample:1.0 · linux/amd64",
        "1  other:1 · linux/arm64, linux/s390x",
        "same image · linux/arm64",
        "Image:",
        "enter Open",
    ]);
    screen.types("s390x").shows(&["other:1"]).lacks(&["this image"]);
    screen.presses("esc").shows(&["i: 1 more image"]);
    screen.presses("i enter").shows(&["Looking for the image"]).lacks(&["other:1"]);
    let reopened = screen.effects.iter().find_map(|effect| match effect {
        Effect::Reopen(selection) => selection.image.clone(),
        _ => None,
    });
    assert_eq!(reopened, Some(ImageSelector::Index(1)));
    // If that fails, the image before returns.
    screen.processes(dive::tui::update::UpdateMessage::NotReopened("it is damaged".to_owned()));
    screen.shows(&["it is damaged", "dive-sample:1.0", "layer 1 of 0–6"]);
    Screen::of_sample(SMALL).presses("i").shows(&["only one image"]);
}

#[test]
fn inefficient_files_have_a_cursor() {
    let archive = image()
        .layer(|l| l.file("etc/a", "1234567890").file("etc/b", "1234"))
        .layer(|l| l.file("etc/a", "0987654321").file("etc/b", "4321"))
        .save(Format::DockerArchive);
    for size in [SMALL, USUAL] {
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), size, &[]);
        screen.presses("right right");
        screen.presses(&"down ".repeat(20)).shows(&["/etc/b"]);
        screen.presses("enter");
        assert_eq!(screen.selected(), "/etc/b");
        assert_eq!(screen.state.layer().unwrap().get(), 1);
    }
}

/// The palette closes without a trace: the list below it has its order and its selection.
#[test]
fn overlays_keep_their_state_below_others() {
    let mut screen = Screen::of_sample(USUAL);
    screen.presses("w s down : esc");
    let [Overlay::Waste(waste)] = &screen.state.overlays[..] else { panic!("{}", screen.drawn()) };
    assert_eq!((waste.scroll.selected(), waste.order()), (1, WasteOrder::Cause));
}

/// A size alone finds the layer with such a file, as a name does.
#[test]
fn a_size_filter_without_a_match_says_which_layer_has_one() {
    let archive = image()
        .layer(|l| l.file("small", "x").file("a", "x"))
        .layer(|l| l.file("big", "x".repeat(5000)))
        .layer(|l| l.whiteout("big").file("a", "x".repeat(9000)))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    screen.presses("slash").types(">4k").presses("enter");
    screen.shows(&["Not in layer 0: /a, changed in layer 2, and 1 more. Press"]);
    screen.presses("n").shows(&["went to layer 2, which changed the match"]);
    assert_eq!(screen.selected(), "/a");
    screen.presses("tab g").shows(&["┏ Layers", "Not in layer 0"]);
    screen.presses("slash").types(" ^/b").presses("enter");
    screen.shows(&["Not in layer 0: /big, added in layer 1, deleted in layer"]);
    screen.presses("tab n").shows(&["┏ Layers", "went to layer 1, which added the match"]);
    screen.presses("slash").types(" >4M").presses("enter n").shows(&["no layer has a match"]);
}

/// A match whose kind of change is hidden is not in another layer.
#[test]
fn a_hidden_match_is_not_elsewhere() {
    let mut screen = Screen::of_sample(USUAL);
    screen.presses("tab A slash").types("busybox").presses("enter").shows(&["Hidden: added files."]);
    screen.lacks(&["Not in layer 0"]);
    screen.presses("n").shows(&["no file that is shown matches"]);
}

/// A glob of a directory shows what is in it, as the name alone does.
#[test]
fn a_match_of_a_directory_shows_what_is_below() {
    let archive = image()
        .layer(|l| l.file("app/node_modules/a/index.js", "x".repeat(700)).file("app/main.js", "x"))
        .save(Format::DockerArchive);
    for filter in ["/**/node_modules", "*modules", "node_modules"] {
        let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
        screen.presses("slash").types(filter).presses("enter");
        screen.shows(&["index.js", "700 B", "1 of 1 (2 paths below)"]).lacks(&["main.js"]);
    }
}

/// The layer that deletes a file has no version to compare.
#[test]
fn a_deletion_has_no_difference() {
    let archive = image()
        .layer(|l| l.file("key", "one"))
        .layer(|l| l.file("key", "two"))
        .layer(|l| l.whiteout("key").file("z", ""))
        .save(Format::DockerArchive);
    let mut screen = Screen::showing(archive.path().to_str().unwrap(), USUAL, &[]);
    let why = "layer 2 removes the path; there is no version to compare with";
    screen.presses("F").types("key").presses("enter down");
    assert!(footer(&screen).contains("D Diff"), "{}", footer(&screen));
    screen.presses("down");
    assert!(!footer(&screen).contains("D Diff"), "{}", footer(&screen));
    screen.presses("D").shows(&[why]);
    screen.presses("H G D").shows(&[why]);
    screen.presses("esc enter D").shows(&[why]);
}
