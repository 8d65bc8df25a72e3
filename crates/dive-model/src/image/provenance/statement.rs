//! Parses an in-toto statement with SLSA provenance 0.2 or 1 as predicate; `BuildKit` writes both. The formats have the
//! same data in different places, so one type reads both.

use std::sync::Arc;

use super::chains::LayerChains;
use crate::json::{Decode, JsonKey, JsonText, List, Map, Object, Size};

/// An in-toto statement.
#[derive(Debug, Default)]
pub(super) struct Statement {
    pub(super) predicate_type: JsonText,
    /// The attested manifests. `BuildKit` leaves it empty if the image has no name.
    pub(super) subject: List<ResourceDescriptor>,
    pub(super) predicate: Predicate,
}

impl Statement {
    /// An empty statement, to be filled for an image with these layers.
    pub(super) fn about(layers: &Arc<[String]>) -> Self {
        let mut statement = Self::default();
        let Predicate { metadata, run_details, .. } = &mut statement.predicate;
        for metadata in [metadata, &mut run_details.metadata] {
            metadata.buildkit.layers = LayerChains::new(Arc::clone(layers));
        }
        statement
    }
}

impl Object for Statement {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("predicateType") => &mut self.predicate_type,
            _ if key.is("subject") => &mut self.subject,
            _ if key.is("predicate") => &mut self.predicate,
            _ => return None,
        })
    }
}

/// A subject of a statement, or an input of a build.
#[derive(Debug, Default)]
pub(super) struct ResourceDescriptor {
    pub(super) uri: JsonText,
    digest: Map<JsonText>,
}

impl ResourceDescriptor {
    /// Digests in the format of images: `sha256:...`.
    pub(super) fn digests(&self) -> impl Iterator<Item = String> {
        let digests = self.digest.0.iter().filter_map(|(algorithm, hex)| Some((algorithm, hex.as_deref()?)));
        digests.map(|(algorithm, hex)| format!("{algorithm}:{hex}"))
    }
}

impl Object for ResourceDescriptor {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("uri") => &mut self.uri,
            _ if key.is("digest") => &mut self.digest,
            _ => return None,
        })
    }
}

/// SLSA provenance. Version 0.2 has `materials`, `invocation`, `buildConfig` and `metadata`; version 1 has the other
/// fields.
#[derive(Debug, Default)]
pub(super) struct Predicate {
    materials: List<ResourceDescriptor>,
    invocation: Request,
    build_config: BuildConfig,
    metadata: Metadata,
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

impl Object for Predicate {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("materials") => &mut self.materials,
            _ if key.is("invocation") => &mut self.invocation,
            _ if key.is("buildConfig") => &mut self.build_config,
            _ if key.is("metadata") => &mut self.metadata,
            _ if key.is("buildDefinition") => &mut self.build_definition,
            _ if key.is("runDetails") => &mut self.run_details,
            _ => return None,
        })
    }
}

impl Predicate {
    /// Inputs of the build.
    pub(super) fn materials(&self) -> impl Iterator<Item = &ResourceDescriptor> {
        self.materials.0.iter().chain(&self.build_definition.resolved_dependencies.0)
    }

    /// Image of the frontend, which runs the build and is not part of the result.
    pub(super) fn frontend(&self) -> Option<&str> {
        let requests = [&self.invocation, &self.build_definition.external_parameters];
        let parameters = requests.into_iter().map(|request| &request.parameters);
        let mut frontends =
            parameters.filter(|it| it.frontend.as_deref() == Some("gateway.v0")).map(|it| it.args.0.get("source"));
        frontends.find_map(|source| source?.as_deref())
    }

    /// Files and layers of the build; `BuildKit` records them with `mode=max`.
    pub(super) fn buildkit(&self) -> &BuildkitMetadata {
        let [first, second] = [&self.metadata.buildkit, &self.run_details.metadata.buildkit];
        if second.layers.are_listed || !second.source.infos.0.is_empty() { second } else { first }
    }

    /// Step `number`; `None` if the statement does not list it.
    pub(super) fn step(&self, number: u32) -> Option<&BuildStep> {
        let BuildDefinition { external_parameters, internal_parameters, .. } = &self.build_definition;
        let configs = [&self.build_config, &internal_parameters.build_config, &external_parameters.build_config];
        let id = format!("step{number}");
        configs.into_iter().flat_map(|config| &config.steps.0).find(|step| step.id == id)
    }
}

#[derive(Debug, Default)]
struct BuildDefinition {
    resolved_dependencies: List<ResourceDescriptor>,
    external_parameters: Request,
    internal_parameters: Internal,
}

impl Object for BuildDefinition {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("resolvedDependencies") => &mut self.resolved_dependencies,
            _ if key.is("externalParameters") => &mut self.external_parameters,
            _ if key.is("internalParameters") => &mut self.internal_parameters,
            _ => return None,
        })
    }
}

/// Parameters of the user. `BuildKit` up to 0.22 stored the build steps of version 1 here.
#[derive(Debug, Default)]
struct Request {
    parameters: BuildParameters,
    build_config: BuildConfig,
}

impl Object for Request {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("parameters") || key.is("request") => &mut self.parameters,
            _ if key.is("buildConfig") => &mut self.build_config,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct BuildParameters {
    frontend: JsonText,
    args: Map<JsonText>,
}

impl Object for BuildParameters {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("frontend") => &mut self.frontend,
            _ if key.is("args") => &mut self.args,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct Internal {
    build_config: BuildConfig,
}

impl Object for Internal {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("buildConfig").then_some(&mut self.build_config)
    }
}

/// The steps of a build.
#[derive(Debug, Default)]
struct BuildConfig {
    steps: List<BuildStep>,
}

impl Object for BuildConfig {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("llbDefinition").then_some(&mut self.steps)
    }
}

#[derive(Debug, Default)]
pub(super) struct BuildStep {
    id: String,
    op: OuterOp,
}

impl BuildStep {
    /// The image, file or repository that the step fetches; `None` if it runs in the build.
    pub(super) fn source(&self) -> Option<&str> {
        self.op.op.source.identifier.as_deref()
    }
}

impl Object for BuildStep {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("id") => &mut self.id,
            _ if key.is("op") => &mut self.op,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
struct OuterOp {
    op: Op,
}

impl Object for OuterOp {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("Op").then_some(&mut self.op)
    }
}

#[derive(Debug, Default)]
struct Op {
    source: SourceOp,
}

impl Object for Op {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("source").then_some(&mut self.source)
    }
}

#[derive(Debug, Default)]
struct SourceOp {
    identifier: JsonText,
}

impl Object for SourceOp {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("identifier").then_some(&mut self.identifier)
    }
}

#[derive(Debug, Default)]
struct RunDetails {
    metadata: Metadata,
}

impl Object for RunDetails {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("metadata").then_some(&mut self.metadata)
    }
}

#[derive(Debug, Default)]
struct Metadata {
    buildkit: BuildkitMetadata,
}

impl Object for Metadata {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        // The second is the name in version 1 since `BuildKit` 0.23.
        let is_buildkits = key.is("https://mobyproject.org/buildkit@v1#metadata") || key.is("buildkit_metadata");
        is_buildkits.then_some(&mut self.buildkit)
    }
}

/// Files and layers of a build.
#[derive(Debug, Default)]
pub(super) struct BuildkitMetadata {
    pub(super) source: BuildSource,
    pub(super) layers: LayerChains,
}

impl Object for BuildkitMetadata {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("source") => &mut self.source,
            _ if key.is("layers") => &mut self.layers,
            _ => return None,
        })
    }
}

/// Dockerfiles of the build, and the lines of each step.
#[derive(Debug, Default)]
pub(super) struct BuildSource {
    pub(super) infos: List<SourceFile>,
    pub(super) locations: Map<Locations>,
}

impl Object for BuildSource {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("infos") => &mut self.infos,
            _ if key.is("locations") => &mut self.locations,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct SourceFile {
    pub(super) filename: JsonText,
    /// Content in base64.
    pub(super) data: JsonText,
}

impl Object for SourceFile {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("filename") => &mut self.filename,
            _ if key.is("data") => &mut self.data,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Locations {
    pub(super) locations: List<Location>,
}

impl Object for Locations {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("locations").then_some(&mut self.locations)
    }
}

/// Lines of one file.
#[derive(Debug, Default)]
pub(super) struct Location {
    /// Index of the file in `infos`; the first if missing.
    pub(super) source_index: Size,
    pub(super) ranges: List<LocationRange>,
}

impl Object for Location {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("sourceIndex") => &mut self.source_index,
            _ if key.is("ranges") => &mut self.ranges,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct LocationRange {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Object for LocationRange {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        Some(match key {
            _ if key.is("start") => &mut self.start,
            _ if key.is("end") => &mut self.end,
            _ => return None,
        })
    }
}

#[derive(Debug, Default)]
pub(super) struct Position {
    line: Size,
}

impl Position {
    /// Number of the line, from 1; 0 if missing or invalid.
    pub(super) fn line(&self) -> u32 {
        self.line.0.and_then(|line| line.try_into().ok()).unwrap_or_default()
    }
}

impl Object for Position {
    fn field(&mut self, key: &JsonKey<'_>) -> Option<&mut dyn Decode> {
        key.is("line").then_some(&mut self.line)
    }
}
