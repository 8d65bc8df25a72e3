//! Matches instructions of a Dockerfile with the history of an image, if provenance does not state the lines of a
//! layer.
//!
//! Builders rewrite instructions in the history: they replace variables, join continued lines, and add the shell;
//! classic builders replace copied files by a digest. So texts are compared without white space, and the order decides:
//! of all alignments of steps with instructions, the one with the highest score wins.

use std::ops::Range;
use std::sync::Arc;

use parse_dockerfile::{Command, Instruction, JsonOrStringArray, Source};

use super::description::Image;
use super::dockerfile_lines::{Certainty, Dockerfile, DockerfileLines, LineRange};
use super::expansion::is_expansion;
use super::here_documents::HereDocuments;
use super::history::HistoryStep;
use super::instruction::{BuildInstruction, script};

/// Maximum number of steps and of instructions to compare, counted from the end. The work is their product.
const MAX_COMPARED: usize = 1_000;

/// Maximum number of stages. Each contains the instructions of the stages below.
const MAX_STAGES: usize = 100;

/// The Dockerfile does not match.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DockerfileError {
    /// It is not a valid Dockerfile.
    #[error("{file}: {problem}")]
    Invalid {
        /// Name of the file.
        file: String,
        /// Reason and position.
        problem: String,
    },
    /// It belongs to another image.
    #[error("no instruction of {file} matches the history of the image; name the Dockerfile that built it")]
    Other {
        /// Name of the file.
        file: String,
    },
}

impl Image {
    /// Matches instructions of `file` with the history, and sets the lines of layers that have none.
    ///
    /// # Errors
    /// `file` is not a valid Dockerfile, or no instruction matches.
    pub fn match_dockerfile(&mut self, file: &Arc<Dockerfile>) -> Result<(), DockerfileError> {
        let documents = HereDocuments::of(&file.text);
        let parsed = parse_dockerfile::parse(&documents.text)
            .map_err(|problem| DockerfileError::Invalid { file: file.name.clone(), problem: problem.to_string() })?;
        if parsed.stages().len() > MAX_STAGES {
            let problem = format!("it has more than {MAX_STAGES} stages (dive's limit)");
            return Err(DockerfileError::Invalid { file: file.name.clone(), problem });
        }
        let steps = &self.history[self.history.len().saturating_sub(MAX_COMPARED)..];
        let best = Stages::of(&file.text, &documents, &parsed).best_alignment(steps);
        let Some(best) = best.filter(|best| best.score > 0) else {
            return Err(DockerfileError::Other { file: file.name.clone() });
        };
        for (step, range, certainty) in best.pairs {
            let layer = steps[step].layer.and_then(|layer| self.layers.get_mut(layer as usize));
            if let Some(layer) = layer.filter(|layer| layer.lines.is_none()) {
                layer.lines = Some(DockerfileLines { file: Arc::clone(file), ranges: vec![range], certainty });
            }
        }
        Ok(())
    }
}

/// An instruction, as builders may record it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PossibleInstruction {
    keyword: &'static str,
    /// Possible texts after the keyword, with single spaces.
    texts: Vec<String>,
    /// True if builders replace variables in it.
    is_expanded: bool,
    /// Destination of a copy.
    destination: Option<String>,
    lines: LineRange,
}

/// The instructions of a Dockerfile, by stage.
struct Stages {
    instructions: Vec<PossibleInstruction>,
    /// Indices of the instructions of each stage, after those of the stages it is based on.
    stages: Vec<Vec<usize>>,
}

impl Stages {
    /// `parsed` is the file without `documents`.
    fn of(text: &str, documents: &HereDocuments, parsed: &parse_dockerfile::Dockerfile<'_>) -> Self {
        let starts: Vec<usize> = parsed.instructions.iter().map(start_of).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let file = Text::new(text);
        let mut instructions = Vec::new();
        let mut stages: Vec<Vec<usize>> = Vec::new();
        let mut names: Vec<Option<String>> = Vec::new();
        let mut froms = parsed.stages();
        for (instruction, (start, end)) in parsed.instructions.iter().zip(starts.iter().zip(ends)) {
            if matches!(instruction, Instruction::From(_))
                && let Some(stage) = froms.next()
            {
                let base = names.iter().rposition(|name| {
                    name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&stage.from.image.value))
                });
                let inherited = base.map_or_else(Vec::new, |base| {
                    let base = &stages[base];
                    base[base.len().saturating_sub(MAX_COMPARED)..].to_vec()
                });
                names.push(stage.from.as_.as_ref().map(|(_, name)| name.value.clone().into_owned()));
                stages.push(inherited);
            } else if let (Some(stage), Some(instruction)) =
                (stages.last_mut(), PossibleInstruction::of(instruction, documents, &file, *start..end))
            {
                stage.push(instructions.len());
                instructions.push(instruction);
            }
        }
        for stage in &mut stages {
            stage.drain(..stage.len().saturating_sub(MAX_COMPARED));
        }
        Self { instructions, stages }
    }

    /// Aligns the history with each stage. Builds create the last stage by default, so it wins a tie.
    fn best_alignment(&self, steps: &[HistoryStep]) -> Option<Alignment> {
        let recorded: Vec<Option<RecordedInstruction>> = steps.iter().map(RecordedInstruction::of).collect();
        // Stages share instructions, so compare each instruction with the history once.
        let mut columns = vec![Vec::new(); self.instructions.len()];
        for at in self.stages.iter().flatten() {
            if columns[*at].is_empty() {
                let fit = |step: &Option<RecordedInstruction>| {
                    step.as_ref().map_or(0, |step| self.instructions[*at].fits(step))
                };
                columns[*at] = recorded.iter().map(fit).collect();
            }
        }
        let alignments = self.stages.iter().rev().map(|stage| {
            let fits: Vec<&[u8]> = stage.iter().map(|at| &columns[*at][..]).collect();
            let lines = |at: usize| self.instructions[stage[at]].lines;
            Alignment::of(steps.len(), &fits, lines)
        });
        alignments.reduce(|best, other| if other.score > best.score { other } else { best })
    }
}

fn start_of(instruction: &Instruction<'_>) -> usize {
    let keyword = match instruction {
        Instruction::Add(it) => &it.add,
        Instruction::Arg(it) => &it.arg,
        Instruction::Cmd(it) => &it.cmd,
        Instruction::Copy(it) => &it.copy,
        Instruction::Entrypoint(it) => &it.entrypoint,
        Instruction::Env(it) => &it.env,
        Instruction::Expose(it) => &it.expose,
        Instruction::From(it) => &it.from,
        Instruction::Healthcheck(it) => &it.healthcheck,
        Instruction::Label(it) => &it.label,
        Instruction::Maintainer(it) => &it.maintainer,
        Instruction::Onbuild(it) => &it.onbuild,
        Instruction::Run(it) => &it.run,
        Instruction::Shell(it) => &it.shell,
        Instruction::Stopsignal(it) => &it.stopsignal,
        Instruction::User(it) => &it.user,
        Instruction::Volume(it) => &it.volume,
        Instruction::Workdir(it) => &it.workdir,
        // The type is `non_exhaustive`.
        _ => return 0,
    };
    keyword.span.start
}

impl PossibleInstruction {
    /// Converts the instruction at `bytes` of `file`; `None` if it leaves no comparable history.
    fn of(
        instruction: &Instruction<'_>,
        documents: &HereDocuments,
        file: &Text<'_>,
        bytes: Range<usize>,
    ) -> Option<Self> {
        let copied = |sources: &[Source<'_>], destination: &str| {
            let sources = sources.iter().map(|source| match source {
                Source::Path(path) => path.value.as_ref(),
                // The parser drops its name.
                _ => "$heredoc",
            });
            let text: Vec<&str> = sources.chain([destination]).collect();
            (vec![text.join(" ")], true, Some(destination.to_owned()))
        };
        let expanded = |text: &str| (vec![text.to_owned()], true, None);
        let (keyword, (texts, is_expanded, destination)) = match instruction {
            Instruction::Run(run) => {
                let mut texts = Vec::new();
                match &run.arguments {
                    Command::Exec(arguments) => {
                        let words = arguments.value.iter().map(|it| it.value.as_ref()).collect::<Vec<_>>().join(" ");
                        // The history is read without a shell at its start. Buildah keeps the text as written.
                        let written = file.text.get(arguments.span.clone()).unwrap_or_default();
                        texts.extend([script(&words), &words, written].map(ToOwned::to_owned));
                    }
                    Command::Shell(command) => {
                        let written = joined(file.text.get(command.span.clone())?);
                        match documents.of_run(bytes.start) {
                            Some(run) => texts.push(run.recorded(&written, file.text)),
                            None => texts.push(written),
                        }
                    }
                    _ => return None,
                }
                ("RUN", (texts, false, None))
            }
            Instruction::Copy(copy) => ("COPY", copied(&copy.src, &copy.dest.value)),
            Instruction::Add(add) => ("ADD", copied(&add.src, &add.dest.value)),
            Instruction::Workdir(it) => ("WORKDIR", expanded(&it.arguments.value)),
            Instruction::User(it) => ("USER", expanded(&it.arguments.value)),
            Instruction::Env(it) => ("ENV", expanded(&it.arguments.value)),
            Instruction::Label(it) => ("LABEL", expanded(&it.arguments.value)),
            Instruction::Cmd(it) => ("CMD", expanded(file.text.get(command_span(&it.arguments)?)?)),
            Instruction::Entrypoint(it) => ("ENTRYPOINT", expanded(file.text.get(command_span(&it.arguments)?)?)),
            Instruction::Volume(it) => {
                let volumes = match &it.arguments {
                    JsonOrStringArray::Json(json) => &json.value,
                    JsonOrStringArray::String(list) => list,
                };
                ("VOLUME", expanded(&volumes.iter().map(|it| it.value.as_ref()).collect::<Vec<_>>().join(" ")))
            }
            _ => return None,
        };
        let texts = texts.iter().map(|text| spaced(text)).filter(|text| !text.is_empty()).collect();
        Some(Self { keyword, texts, is_expanded, destination, lines: file.lines(bytes) })
    }

    /// Score of the match with a step of the history; 0 for no match.
    fn fits(&self, step: &RecordedInstruction) -> u8 {
        if self.keyword != step.keyword {
            return 0;
        }
        let is_same = self.texts.iter().any(|text| match step.text.strip_suffix(text.as_str()) {
            Some("") => true,
            // The prefix is the shell, with build arguments before it.
            Some(shell) => self.keyword == "RUN" && shell.trim_end().ends_with("-c"),
            None => self.is_expanded && is_expansion(text, &step.text),
        });
        if is_same {
            return FULL_MATCH;
        }
        // Classic builders record the destination: `file:DIGEST in /app`.
        let copied_to = step.text.rsplit_once(" in ").map(|(_, destination)| destination);
        match (&self.destination, copied_to) {
            (Some(own), Some(found)) if own == found || is_expansion(own, found) => PARTIAL_MATCH,
            _ => 0,
        }
    }
}

/// Score if the texts are equal.
const FULL_MATCH: u8 = 3;

/// Score if only the destinations are equal.
const PARTIAL_MATCH: u8 = 2;

fn command_span(command: &Command<'_>) -> Option<Range<usize>> {
    match command {
        Command::Exec(arguments) => Some(arguments.span.clone()),
        Command::Shell(command) => Some(command.span.clone()),
        _ => None,
    }
}

/// Joins continued lines, and drops comments between them.
fn joined(command: &str) -> String {
    let lines = command.lines().filter(|line| !line.trim_start().starts_with('#'));
    let lines = lines.map(|line| {
        let line = line.trim_end();
        line.strip_suffix('\\').or_else(|| line.strip_suffix('`')).unwrap_or(line)
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// Replaces white space by single spaces.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A file with the positions of its line ends.
struct Text<'a> {
    text: &'a str,
    line_ends: Vec<usize>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, line_ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    /// Lines of these bytes, without trailing blank lines and comments.
    fn lines(&self, bytes: Range<usize>) -> LineRange {
        let first = self.line_ends.partition_point(|end| *end < bytes.start) as u32 + 1;
        let lines = self.text.get(bytes).unwrap_or_default().lines().enumerate();
        let written = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        LineRange { first, last: first + written.last().map_or(0, |(at, _)| at as u32) }
    }
}

/// A step of the history, parsed as an instruction.
#[derive(Debug, PartialEq, Eq)]
struct RecordedInstruction {
    keyword: &'static str,
    text: String,
}

impl RecordedInstruction {
    /// Parses a step; `None` if it is not an instruction.
    fn of(step: &HistoryStep) -> Option<Self> {
        let instruction = BuildInstruction::of(&step.created_by);
        let words = instruction.text.split_whitespace();
        // Only some builders record options of COPY and ADD.
        let words = words.skip_while(|word| instruction.copies() && word.starts_with("--"));
        Some(Self { keyword: instruction.keyword.name()?, text: words.collect::<Vec<_>>().join(" ") })
    }
}

/// The best alignment of steps with instructions.
#[derive(Debug)]
struct Alignment {
    score: u32,
    /// Indices of steps, with the lines of their instructions.
    pairs: Vec<(usize, LineRange, Certainty)>,
}

impl Alignment {
    /// Aligns `steps` steps with instructions. `fits` has the scores of each instruction with every step; `lines` gives the
    /// lines of an instruction.
    fn of(steps: usize, fits: &[&[u8]], lines: impl Fn(usize) -> LineRange) -> Self {
        // best[s][i] is the highest score of the first s steps and the first i instructions.
        let mut best = vec![vec![0_u32; fits.len() + 1]; steps + 1];
        for step in 0..steps {
            for (at, of_instruction) in fits.iter().enumerate() {
                let fit = of_instruction[step];
                let both = if fit > 0 { best[step][at] + u32::from(fit) } else { 0 };
                best[step + 1][at + 1] = both.max(best[step][at + 1]).max(best[step + 1][at]);
            }
        }
        // Walk back along the choices that led to the highest score.
        let (mut step, mut at) = (steps, fits.len());
        let mut pairs = Vec::new();
        while step > 0 && at > 0 {
            let fit = fits[at - 1][step - 1];
            if fit > 0 && best[step][at] == best[step - 1][at - 1] + u32::from(fit) {
                (step, at) = (step - 1, at - 1);
                pairs.push((step, lines(at), certainty(fits, step, at)));
            } else if best[step][at] == best[step - 1][at] {
                step -= 1;
            } else {
                at -= 1;
            }
        }
        Self { score: best[steps][fits.len()], pairs }
    }
}

/// Repeated instructions are still certain if all of them have a step, because their order is the same.
fn certainty(fits: &[&[u8]], step: usize, at: usize) -> Certainty {
    let instructions = fits.iter().filter(|of_instruction| of_instruction[step] > 0).count();
    let alike = fits[at].iter().filter(|fit| **fit > 0).count();
    if fits[at][step] == FULL_MATCH && instructions == alike { Certainty::Matched } else { Certainty::Uncertain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(created_by: &str) -> HistoryStep {
        HistoryStep { created: None, created_by: created_by.to_owned(), comment: String::new(), layer: Some(0) }
    }

    /// Lines of each step, base first: `13 matched`; `-` for none.
    fn matched(dockerfile: &str, history: &[&str]) -> Vec<String> {
        let documents = HereDocuments::of(dockerfile);
        let parsed = parse_dockerfile::parse(&documents.text).unwrap();
        let steps: Vec<HistoryStep> = history.iter().map(|command| step(command)).collect();
        let best = Stages::of(dockerfile, &documents, &parsed).best_alignment(&steps).unwrap();
        let mut lines = vec!["-".to_owned(); history.len()];
        for (step, range, certainty) in best.pairs {
            lines[step] = format!("{range} {}", certainty.name());
        }
        lines
    }

    const DOCKERFILE: &str = "ARG BASE=debian:13\nFROM ${BASE} AS tools\nRUN apt-get update && \\\n    # a comment\n    apt-get \
                              install -y make\n\nFROM tools\nARG DIR=/app\nENV A=1 B=2\nWORKDIR ${DIR}\nCOPY --chown=1:1 . $DIR\n\
                              RUN <<EOF\nmake all\n\nmake install\nEOF\nADD https://example.org/x.tar /x/\nRUN [\"/bin/strip\", \
                              \"/app/a\"]\n# the end\nCMD [\"/app/a\"]\n";

    #[test]
    fn buildkit_history_matches_through_stages_and_variables() {
        let history = [
            "debian.sh --arch 'amd64'",
            "CMD [\"bash\"]",
            "RUN /bin/sh -c apt-get update &&     apt-get install -y make # buildkit",
            "ARG DIR=/srv",
            "ENV A=1 B=2",
            "WORKDIR /srv",
            "COPY . /srv # buildkit",
            "RUN |1 DIR=/srv /bin/sh -c make all\n\nmake install\n # buildkit",
            "ADD https://example.org/x.tar /x/ # buildkit",
            "RUN |1 DIR=/srv /bin/strip /app/a # buildkit",
            "CMD [\"/app/a\"]",
        ];
        let lines = matched(DOCKERFILE, &history);
        let expected =
            ["-", "-", "3-5 matched", "-", "9 matched", "10 matched", "11 matched", "12-16 matched", "17 matched"];
        assert_eq!(lines[..9], expected);
        assert_eq!(lines[10], "20 matched");
    }

    #[test]
    fn the_exec_form_and_other_shells_match_in_the_history_of_all_builders() {
        let [first, second, third] =
            [r#"["/bin/bash", "-c", "echo \"a\" && b"]"#, r#"["bash", "-ec", "c"]"#, r#"["/bin/touch", "d"]"#];
        let dockerfile =
            format!("FROM a\nRUN {first}\nRUN {second}\nRUN {third}\nSHELL [\"/bin/bash\", \"-xc\"]\nRUN e\n");
        let words = ["/bin/bash -c echo \"a\" && b", "bash -ec c", "/bin/touch d", "/bin/bash -xc e"];
        let buildkit = words.map(|words| format!("RUN {words} # buildkit"));
        let buildah = [first, second, third, "e"].map(|text| format!("/bin/sh -c {text}"));
        for history in [buildkit, buildah, words.map(ToOwned::to_owned)] {
            let lines = matched(&dockerfile, &history.each_ref().map(String::as_str));
            assert_eq!(lines, ["2 matched", "3 matched", "4 matched", "6 matched"], "{history:?}");
        }
    }

    #[test]
    fn here_documents_match_as_buildkit_runs_them() {
        let dockerfile = "FROM a\nRUN cat <<EOF > /etc/x.conf && \\\n  b\nkey = 1\nEOF\nRUN <<'PY' python3 -\nprint(1)\nPY\n\
                          RUN <<S\n#!/usr/bin/env perl\n1;\nS\nUSER u\n";
        let history = [
            "RUN /bin/sh -c cat <<EOF > /etc/x.conf &&   b\nkey = 1\nEOF # buildkit",
            "RUN /bin/sh -c <<'PY' python3 -\nprint(1)\nPY # buildkit",
            "RUN /bin/sh -c /dev/pipes/S # buildkit",
            "USER u",
        ];
        assert_eq!(matched(dockerfile, &history), ["2-5 matched", "6-8 matched", "9-12 matched", "13 matched"]);
    }

    #[test]
    fn classic_history_with_only_a_destination_is_uncertain() {
        let history = [
            "/bin/sh -c #(nop) ADD file:0123 in / ",
            "/bin/sh -c #(nop)  CMD [\"bash\"]",
            "/bin/sh -c apt-get update &&     apt-get install -y make",
            "/bin/sh -c #(nop)  ENV A=1 B=2",
            "/bin/sh -c #(nop) WORKDIR /app",
            "/bin/sh -c #(nop) COPY dir:4567 in /app ",
            "|1 DIR=/app /bin/sh -c make all",
        ];
        let lines = matched(DOCKERFILE, &history);
        assert_eq!(lines, ["-", "-", "3-5 matched", "9 matched", "10 matched", "11 uncertain", "-"]);
    }

    #[test]
    fn repeated_instructions_match_in_order_or_are_uncertain() {
        let dockerfile = "FROM a\nRUN make\nCOPY x /\nRUN make\n";
        assert_eq!(matched(dockerfile, &["RUN make", "COPY x /", "RUN make"]), ["2 matched", "3 matched", "4 matched"]);
        let one = matched(dockerfile, &["/bin/sh -c make"]);
        assert!(one[0].ends_with("uncertain"), "{one:?}");
        assert_eq!(matched("FROM a\nRUN cmake\n", &["/bin/sh -c make"]), ["-"]);
    }
}
