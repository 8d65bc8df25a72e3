//! How the build wrote a layer, and how findings name it.

use std::cell::OnceCell;

use super::apt::ListUse;
use super::option_lines::OptionLines;
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

    /// True if `&& command` can follow the script.
    pub(super) fn is_continuable(&self) -> bool {
        is_continuable(self.instruction.text) && exec_form(self.instruction.text).is_none()
    }

    /// See [`adding`].
    pub(super) fn adds(&self, command: &str) -> String {
        adding(self.instruction, &self.as_its_user(command))
    }

    /// A command with `sudo`, if the RUN needs it for its own.
    pub(super) fn as_its_user(&self, command: &str) -> String {
        const OF_ROOT: [&str; 11] =
            ["rm", "find", "apt-get", "apt", "dnf", "dnf5", "yum", "microdnf", "zypper", "chmod", "apk"];
        let needs_sudo =
            || self.commands().iter().any(|command| command.words.first().is_some_and(|word| word == "sudo"));
        if !self.instruction.text.contains("sudo ") || !needs_sudo() {
            return command.to_owned();
        }
        let with_sudo = |part: &str| match part.split(' ').next() {
            Some(name) if OF_ROOT.contains(&name) => format!("sudo {part}"),
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
    fn of(image: &Image, layer: LayerIndex, froms: &mut OptionLines) -> Self {
        let instruction = instruction_of(image, layer);
        if !instruction.copies() {
            return Self::Context;
        }
        let lines = image.layers.get(layer.get()).and_then(|layer| layer.lines.as_ref());
        if instruction.text.contains("--from=") || lines.is_some_and(|lines| froms.are_among(lines)) {
            return Self::Stage;
        }
        let source = instruction.text.split_whitespace().find(|word| !word.starts_with("--"));
        let is_absolute = source.is_some_and(|source| source.trim_start_matches(['[', '"']).starts_with('/'));
        if lines.is_none() && is_absolute { Self::Either } else { Self::Context }
    }
}

/// Names of several steps: `lines 2, 4-5 and 7`, `layer 3`.
pub(super) fn names_of(places: &[&Place<'_>]) -> String {
    // The most that a sentence names.
    const MOST: usize = 4;
    // Thousands of steps may need the files of thousands of findings.
    let [first @ .., last] = places else { return String::new() };
    let places: Vec<&Place<'_>> = first.iter().take(MOST).chain([last]).copied().collect();
    let number = |place: &&Place<'_>| {
        place.name.split_once(' ').map(|(word, number)| (word.trim_end_matches('s').to_owned(), number.to_owned()))
    };
    let numbers: Vec<(String, String)> = places.iter().filter_map(number).collect();
    let Some((word, first)) = numbers.first() else { return String::new() };
    if numbers.iter().any(|(other, _)| other != word) {
        let names: Vec<&str> = places.iter().take(MOST).map(|place| place.name.as_str()).collect();
        return names.join(" and ");
    }
    if numbers.len() > MOST {
        let last = numbers.last().map_or("", |(_, number)| number.as_str());
        return format!("{word}s {first} to {last}");
    }
    match numbers.split_last() {
        Some(((_, last), before)) if !before.is_empty() => {
            let before: Vec<&str> = before.iter().map(|(_, number)| number.as_str()).collect();
            format!("{word}s {} and {last}", before.join(", "))
        }
        _ => places.first().map_or_else(String::new, |place| place.name.clone()),
    }
}
