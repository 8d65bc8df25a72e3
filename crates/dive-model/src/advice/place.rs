//! How the build wrote a layer, and how findings name it.

use std::cell::OnceCell;

use super::option_lines::OptionLines;
use super::package_managers::{ListUse, PackageManager};
use super::shell_commands::{ScriptEnd, ShellCommand, is_continuable, script_end, script_of};
use crate::image::{BuildInstruction, Certainty, Image, Keyword, exec_form, is_root};
use crate::layer::LayerIndex;

/// The instruction that made a layer.
pub(super) fn instruction_of(image: &Image, layer: LayerIndex) -> BuildInstruction<'_> {
    BuildInstruction::of(image.layers.get(layer.get()).map_or("", |layer| &layer.created_by))
}

/// The lines of a layer, or its number: `line 14`, `lines 14-17`, `layer 3`, or `layer 3 (probably line 14)`.
pub(super) fn place_name(image: &Image, layer: LayerIndex) -> String {
    match image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref()) {
        None => format!("layer {layer}"),
        Some(lines) => {
            let numbers = lines.numbers();
            let word = if numbers.bytes().all(|digit| digit.is_ascii_digit()) { "line" } else { "lines" };
            match lines.certainty {
                Certainty::Uncertain => format!("layer {layer} (probably {word} {numbers})"),
                Certainty::Exact | Certainty::Matched => format!("{word} {numbers}"),
            }
        }
    }
}

/// For each layer, true if root runs its instruction, by the USER instructions in the history. Without any, the user of containers is
/// that of the base.
pub(super) fn layers_of_root(image: &Image) -> Vec<bool> {
    let mut by_layer = vec![None; image.layers.len()];
    let mut user = None;
    for step in &image.history {
        let instruction = BuildInstruction::of(&step.created_by);
        if instruction.keyword == Keyword::Other("USER") {
            user = Some(is_root(instruction.text));
        }
        if let Some(known) = step.layer.and_then(|layer| by_layer.get_mut(layer as usize)) {
            *known = user;
        }
    }
    let before = user.is_some() || image.runs_as_root();
    by_layer.into_iter().map(|user| user.unwrap_or(before)).collect()
}

/// A layer, as the build wrote it.
pub(super) struct Place<'a> {
    pub(super) layer: LayerIndex,
    /// `line 14`, `lines 14-17` or `layer 3`.
    pub(super) name: String,
    pub(super) instruction: BuildInstruction<'a>,
    /// Where a COPY or ADD takes its files from.
    pub(super) source: CopySource,
    /// What it does with the lists of apt: many findings ask.
    pub(super) list_use: OnceCell<Option<ListUse>>,
}

impl<'a> Place<'a> {
    /// `froms` are the lines with `--from=`.
    pub(super) fn of(image: &'a Image, layer: LayerIndex, froms: &mut OptionLines) -> Self {
        let instruction = instruction_of(image, layer);
        let source = CopySource::of(image, layer, froms);
        let name = place_name(image, layer);
        Self { layer, name, instruction, source, list_use: OnceCell::new() }
    }

    /// The commands of a RUN. Parsed each time: those of all layers of a hostile image would take a hundred times their text.
    pub(super) fn commands(&self) -> Vec<ShellCommand> {
        self.instruction.commands()
    }

    /// The first of these tools that the RUN starts.
    pub(super) fn tool(&self, names: &[&'static str]) -> Option<&'static str> {
        let commands = self.commands();
        names.iter().copied().find(|name| commands.iter().any(|command| command.is(&[name])))
    }

    /// The first program of a package manager that the RUN starts.
    pub(super) fn program_of(&self, manager: PackageManager) -> Option<String> {
        let commands = self.commands();
        let command = commands.iter().find(|command| command.package_manager() == Some(manager))?;
        Some(command.name().to_owned())
    }

    /// True if `&& command` can follow the script.
    pub(super) fn is_continuable(&self) -> bool {
        is_continuable(self.instruction.text) && exec_form(self.instruction.text).is_none()
    }

    /// See [`adding`].
    pub(super) fn adds(&self, command: &str) -> String {
        adding(self.instruction, &self.as_its_user(command))
    }

    /// True if the RUN starts a command with `sudo`. Most scripts need no parsing to know.
    pub(super) fn uses_sudo(&self) -> bool {
        let starts = |command: &ShellCommand| command.words.first().is_some_and(|word| word == "sudo");
        self.instruction.text.contains("sudo") && self.commands().iter().any(starts)
    }

    /// A command with `sudo`, if the RUN needs it for its own.
    pub(super) fn as_its_user(&self, command: &str) -> String {
        if !self.uses_sudo() {
            return command.to_owned();
        }
        let is_of_root = |name: &str| {
            ["rm", "find", "chmod"].contains(&name)
                || PackageManager::of(name).is_some_and(PackageManager::is_of_distribution)
        };
        let with_sudo = |part: &str| match part.split(' ').next() {
            Some(name) if is_of_root(name) => format!("sudo {part}"),
            _ => part.to_owned(),
        };
        command.split(" && ").map(with_sudo).collect::<Vec<_>>().join(" && ")
    }
}

/// How to run one more command at the end of a RUN. `&&` continues a script, but neither a comment nor a list of lines; the steps of
/// other builders have no script.
pub(super) fn adding(instruction: BuildInstruction<'_>, command: &str) -> String {
    let words = exec_form(instruction.text);
    match instruction.keyword {
        Keyword::Run if words.as_deref().and_then(script_of).is_some() => format!("add `&& {command}` to its script"),
        Keyword::Run if words.is_some() => format!("write the RUN without brackets, and add `&& {command}`"),
        Keyword::Run if is_continuable(instruction.text) => format!("add `&& {command}`"),
        Keyword::Run if script_end(instruction.text) == Some(ScriptEnd::Exit) => {
            format!("run `{command}` before the last `exit`")
        }
        Keyword::Run if script_end(instruction.text) == Some(ScriptEnd::Exec) => {
            format!("leave out the last `exec`, and add `&& {command}`")
        }
        Keyword::Run => format!("end the RUN with `{command}`"),
        _ => format!("run `{command}` in the same step"),
    }
}

/// The option of a COPY with another stage or image.
pub(super) const FROM: &str = "--from=";

/// Where a COPY or ADD takes its files from. The history of `BuildKit` does not record `--from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopySource {
    /// The build context, unless the instruction names a stage.
    Context,
    /// Another stage or image.
    Stage,
    /// An absolute path: of a stage, or of the context.
    Either,
}

impl CopySource {
    /// Where the COPY or ADD of `layer` takes its files from. `froms` are the lines with `--from=`.
    pub(super) fn of(image: &Image, layer: LayerIndex, froms: &mut OptionLines) -> Self {
        let instruction = instruction_of(image, layer);
        if !instruction.copies() {
            return Self::Context;
        }
        let lines = image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref());
        if instruction.text.contains(FROM) || lines.is_some_and(|lines| froms.are_among(lines)) {
            return Self::Stage;
        }
        let source = instruction.text.split_whitespace().find(|word| !word.starts_with("--"));
        let is_absolute = source.is_some_and(|source| source.trim_start_matches(['[', '"']).starts_with('/'));
        if lines.is_none() && is_absolute { Self::Either } else { Self::Context }
    }
}

/// Names of several steps: `lines 2, 4-5 and 7`, `line 2, layer 3 and line 9`, `lines 2 to 19`. The last one is always among them.
pub(super) fn names_of(places: &[&Place<'_>]) -> String {
    // The most that a sentence names. Thousands of steps may need the files of thousands of findings.
    const MOST: usize = 4;
    let is_cut = places.len() > MOST;
    let before = places.iter().take(if is_cut { MOST.saturating_sub(1) } else { places.len().saturating_sub(1) });
    let shown: Vec<&Place<'_>> = before.chain(places.last()).copied().collect();
    let Some((last, before)) = shown.split_last() else { return String::new() };
    let Some(first) = before.first() else { return last.name.clone() };
    let parts = |place: &Place<'_>| {
        let (word, number) = place.name.split_once(' ').unwrap_or_default();
        (word.trim_end_matches('s').to_owned(), number.to_owned())
    };
    let (word, start) = parts(first);
    let is_of_one_word = shown.iter().all(|place| parts(place).0 == word);
    if is_of_one_word && is_cut {
        return format!("{word}s {} to {}", outer(&start, true), outer(&parts(last).1, false));
    }
    let name = |place: &Place<'_>| if is_of_one_word { parts(place).1 } else { place.name.clone() };
    let names: Vec<String> = before.iter().map(|place| name(place)).collect();
    let (start, more) =
        (if is_of_one_word { format!("{word}s ") } else { String::new() }, if is_cut { ", …" } else { "" });
    format!("{start}{}{more} and {}", names.join(", "), name(last))
}

/// The first or last of the numbers in `8-9,12`; all of `3 (probably line 12)`.
fn outer(numbers: &str, is_first: bool) -> &str {
    if !numbers.bytes().all(|byte| byte.is_ascii_digit() || b"-,".contains(&byte)) {
        return numbers;
    }
    let mut each = numbers.split(['-', ',']);
    let outer = if is_first { each.next() } else { each.next_back() };
    outer.unwrap_or(numbers)
}
