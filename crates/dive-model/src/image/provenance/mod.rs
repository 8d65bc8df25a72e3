//! Reads SLSA provenance: the statement of a builder about a build. `BuildKit` stores it next to the image in the
//! index.
//!
//! It is not signed, and has the same author as the image. It is used only if it does not contradict the image: the
//! subject must be the image's manifest, and the layers must be the image's. Otherwise it is
//! [unproven](Provenance::unproven) and ignored.

mod chains;
mod package_url;
mod statement;

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::dockerfile_lines::{Certainty, Dockerfile, DockerfileLines, LineRange};
use super::document::{self, DocumentKind};
use super::manifest::{Descriptor, OciDocument};
use super::named_image::{NamedImage, familiar};
use super::plan::Attestation;
use crate::remark::{Remark, Shown};
use crate::store::Store;
use package_url::{of_identifier, of_package_url};
use statement::{BuildStep, BuildkitMetadata, Location, Predicate, Statement};

/// Maximum number of statements to read. An image has one, but a file may claim any number.
const MAX_STATEMENTS: usize = 8;

/// Predicate types of provenance.
const PREDICATE_TYPES: [&str; 2] = ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"];

/// Statement of a builder about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Digest of the statement.
    pub digest: String,
    /// Predicate type: `https://slsa.dev/provenance/v1`.
    pub predicate_type: String,
    /// How it contradicts the image; `None` if it does not. If set, the fields below are empty.
    pub unproven: Option<String>,
    /// The base of the lowest layers; `None` if not stated.
    pub base: Option<StatedBase>,
    /// Images that the build read: the base image, those of other stages, and sources of copied files.
    pub images: Vec<NamedImage>,
    /// Dockerfiles of the build.
    pub files: Vec<Arc<Dockerfile>>,
    /// Lines that created each layer, base first; `None` if not stated.
    pub lines: Vec<Option<DockerfileLines>>,
}

/// The base of an image according to provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedBase {
    /// `None` for `FROM scratch`.
    pub image: Option<NamedImage>,
    /// Number of layers from the base.
    pub layers: usize,
}

/// Reads the provenance of the image with these layer digests. Damage is only a remark, because an image opens without
/// provenance.
pub(super) fn read(
    store: &dyn Store,
    attestations: &[Attestation],
    layers: &[Option<&str>],
    remarks: &mut Vec<Remark>,
) -> Option<Provenance> {
    if attestations.is_empty() {
        return None;
    }
    let of_image: Arc<[String]> = layers.iter().map(|digest| digest.unwrap_or_default().to_owned()).collect();
    let mut found: Option<Provenance> = None;
    for (attestation, descriptor) in statements(store, attestations, remarks) {
        let statement = match read_statement(store, &descriptor, &of_image, remarks) {
            Ok(statement) => statement,
            Err(problem) => {
                remarks.push(Remark::tolerated(store.name(), &problem, "dive ignores its provenance"));
                continue;
            }
        };
        let (provenance, problems) = about(&descriptor.digest, attestation, &statement);
        if let Some(why) = &provenance.unproven {
            let text = format!("its provenance ({}) is unproven: {why}; dive ignores it", Shown(&provenance.digest));
            remarks.push(Remark::new(store.name(), text));
        }
        if let Some(problems) = in_one_line(&problems) {
            let text = format!(
                "dive skips some Dockerfile lines of its provenance ({}): {problems}",
                Shown(&provenance.digest)
            );
            remarks.push(Remark::new(store.name(), text));
        }
        // Of several statements, use the first one with the most information: layers, then base, then anything.
        let rank = |it: &Provenance| (it.unproven.is_none(), it.base.is_some(), !it.images.is_empty());
        if found.as_ref().is_none_or(|found| rank(&provenance) > rank(found)) {
            found = Some(provenance);
        }
    }
    found
}

/// Maximum number of problems in a remark.
const MAX_PROBLEMS: usize = 3;

/// The first problems, and the number of the others; `None` if there is none.
fn in_one_line(problems: &[String]) -> Option<String> {
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    let rest = (more > 0).then(|| format!("and {more} more"));
    let first = problems.iter().take(MAX_PROBLEMS).cloned();
    (!problems.is_empty()).then(|| first.chain(rest).collect::<Vec<_>>().join("; "))
}

/// Provenance statements of these manifests, without missing ones.
fn statements<'a>(
    store: &dyn Store,
    attestations: &'a [Attestation],
    remarks: &mut Vec<Remark>,
) -> Vec<(&'a Attestation, Descriptor)> {
    let mut statements = Vec::new();
    for attestation in attestations.iter().take(MAX_STATEMENTS) {
        // An image copied without its attestations still lists them.
        if !store.contains(&attestation.path) {
            continue;
        }
        let manifest = store
            .blob(&attestation.path)
            .map_err(Into::into)
            .and_then(|blob| document::read::<OciDocument>(store, &blob, DocumentKind::OciDocument, remarks));
        match manifest {
            Ok(manifest) => {
                let is_provenance = |layer: &Descriptor| {
                    layer.predicate_type().is_some_and(|predicate| PREDICATE_TYPES.contains(&predicate))
                };
                let layers = manifest.layers.0.into_iter().filter(is_provenance);
                statements.extend(layers.map(|layer| (attestation, layer)));
            }
            Err(problem) => remarks.push(Remark::tolerated(store.name(), &problem, "its provenance is not used")),
        }
    }
    statements.truncate(MAX_STATEMENTS);
    statements
}

fn read_statement(
    store: &dyn Store,
    descriptor: &Descriptor,
    layers: &Arc<[String]>,
    remarks: &mut Vec<Remark>,
) -> Result<Statement, String> {
    let path = descriptor.path().map_err(|problem| problem.to_string())?;
    let blob = store.blob(&path).map_err(|problem| problem.to_string())?;
    document::read_into(store, &blob, DocumentKind::OciDocument, remarks, Statement::about(layers))
        .map_err(|problem| problem.to_string())
}

/// Converts `statement`, which has this digest, to the provenance of the image. Also returns why lines of some layers are
/// not used.
fn about(digest: &str, attestation: &Attestation, statement: &Statement) -> (Provenance, Vec<String>) {
    let Statement { predicate_type, predicate, .. } = statement;
    let buildkit = predicate.buildkit();
    let unproven = contradiction(attestation, statement);
    let mut provenance = Provenance {
        digest: digest.to_owned(),
        predicate_type: predicate_type.as_deref().unwrap_or_default().to_owned(),
        base: None,
        images: Vec::new(),
        files: Vec::new(),
        lines: vec![None; buildkit.layers.of_image.len()],
        unproven,
    };
    let mut problems = Vec::new();
    if provenance.unproven.is_some() {
        return (provenance, problems);
    }
    provenance.images = images(predicate);
    let files = Files::of(buildkit);
    for (layers, step) in buildkit.layers.runs() {
        let listed = predicate.step(step);
        let image = listed.and_then(BuildStep::source).and_then(of_identifier);
        if layers.start == 0 {
            // A listed step without an image is one of the build itself, so the base has no layers.
            provenance.base = listed
                .map(|_| StatedBase { layers: if image.is_some() { layers.len() } else { 0 }, image: image.clone() });
        }
        // Only a base image adds several layers at once. In other runs, the steps of all but the last layer are
        // unknown.
        let made = if image.is_some() { layers } else { layers.end - 1..layers.end };
        let lines = files.lines(step, &mut problems);
        for layer in made {
            provenance.lines[layer].clone_from(&lines);
        }
    }
    provenance.files = files.files.into_iter().flatten().map(|(file, _)| file).collect();
    (provenance, problems)
}

/// Returns how the statement contradicts the image.
fn contradiction(attestation: &Attestation, statement: &Statement) -> Option<String> {
    let subject = &statement.subject.0;
    if !subject.is_empty() && !subject.iter().any(|it| it.digests().any(|digest| digest == attestation.of)) {
        let of = subject.iter().find_map(|it| it.digests().next()).unwrap_or_default();
        return Some(format!(
            "it describes the manifest {}, but the manifest of the image is {}",
            Shown(&of),
            Shown(&attestation.of)
        ));
    }
    let layers = &statement.predicate.buildkit().layers;
    if layers.are_listed && !layers.cover_image() {
        return Some("none of its steps made a layer of this image".to_owned());
    }
    None
}

fn images(predicate: &Predicate) -> Vec<NamedImage> {
    let frontend = predicate.frontend().map(|name| familiar(name.split('@').next().unwrap_or_default()));
    let mut images: Vec<NamedImage> = Vec::new();
    for material in predicate.materials() {
        let image = material.uri.as_deref().and_then(|uri| of_package_url(uri, material.digests().next()));
        let is_new = |image: &NamedImage| frontend != Some(image.name.as_str()) && !images.contains(image);
        if let Some(image) = image.filter(is_new)
            && images.len() < MAX_IMAGES
        {
            images.push(image);
        }
    }
    images
}

/// Maximum number of images to keep.
const MAX_IMAGES: usize = 100;

/// Maximum number of line ranges of a step. `BuildKit` states one for each line of a continued instruction; beyond it, the lines
/// of the step are unknown, because each layer of a base repeats them.
const MAX_RANGES: usize = 100;

/// Maximum length of a file name in bytes: Linux's limit for a path. Each layer repeats the name.
const MAX_NAME: usize = 4096;

/// Files of a build, and the lines of its steps.
struct Files<'a> {
    /// Each with its number of lines, or why it is not used.
    files: Vec<Result<(Arc<Dockerfile>, usize), String>>,
    steps: HashMap<u32, &'a [Location]>,
}

impl<'a> Files<'a> {
    fn of(buildkit: &'a BuildkitMetadata) -> Self {
        let files = buildkit.source.infos.0.iter().map(|info| {
            let name = info.filename.as_deref().unwrap_or("Dockerfile").to_owned();
            if name.len() > MAX_NAME {
                return Err(format!("the name of a file has {} bytes; the limit is {MAX_NAME}", name.len()));
            }
            let bytes = STANDARD.decode(info.data.as_deref().unwrap_or_default());
            let bytes = bytes.map_err(|problem| format!("{} is not in base64: {problem}", Shown(&name)))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let lines = text.lines().count();
            Ok((Arc::new(Dockerfile::new(name, text)), lines))
        });
        let steps = buildkit.source.locations.0.iter();
        let steps = steps.filter_map(|(step, lines)| Some((chains::step_number(step)?, &lines.locations.0[..])));
        Self { files: files.collect(), steps: steps.collect() }
    }

    /// Lines of a step, in the first file with any of them. Adds why some of them are left out to `problems`.
    fn lines(&self, step: u32, problems: &mut Vec<String>) -> Option<DockerfileLines> {
        let locations = self.steps.get(&step)?;
        let index = |location: &Location| location.source_index.0.unwrap_or_default();
        let first = index(locations.first()?);
        let (file, last_line) = match usize::try_from(first).ok().and_then(|first| self.files.get(first)) {
            Some(Ok(file)) => file,
            Some(Err(problem)) => {
                problems.push(format!("step {step}: {problem}"));
                return None;
            }
            None => {
                problems.push(format!("step {step}: the statement has no file {first}"));
                return None;
            }
        };
        let of_file = locations.iter().filter(|location| index(location) == first);
        let ranges = of_file.flat_map(|location| &location.ranges.0).map(|range| LineRange {
            first: range.start.line(),
            // Older builders state no end.
            last: range.end.line().max(range.start.line()),
        });
        let is_in_file = |range: &LineRange| range.first > 0 && range.last as usize <= *last_line;
        let (ranges, outside): (Vec<_>, Vec<_>) = ranges.partition(is_in_file);
        if let Some(range) = outside.first() {
            problems.push(format!("step {step}: {} has no lines {range}", Shown(&file.name)));
        }
        let ranges = LineRange::merged(ranges);
        if ranges.len() > MAX_RANGES {
            problems.push(format!("step {step} has {} ranges of lines; the limit is {MAX_RANGES}", ranges.len()));
            return None;
        }
        (!ranges.is_empty()).then(|| DockerfileLines { file: Arc::clone(file), ranges, certainty: Certainty::Exact })
    }
}
