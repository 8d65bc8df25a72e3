//! What a service says of its image, in one file and over several.

use super::document::{ComposeFile, ComposeKey, ComposeText, tagged, value};
use super::error::ComposeError;
use super::project::Project;
use crate::config::Yaml;

/// The image of a service.
#[derive(Debug, Clone)]
pub struct ServiceImage {
    /// Name of the service.
    pub service: String,
    /// Name of the image.
    pub name: String,
    /// For an image that the project builds and does not name (`image:`), the name that Docker Compose 1 gives it, with `_` for
    /// `-`.
    pub older_name: Option<String>,
    /// `platform:`, such as `linux/arm64`.
    pub platform: Option<String>,
    /// `pull_policy:` says that no registry has it: `never` or `build`.
    pub is_never_pulled: bool,
    /// The key `image` or `build`.
    pub place: ComposeKey,
}

/// What a file says of a service, or of one of its keys.
#[derive(Debug, Clone)]
pub(super) enum Declaration<T> {
    /// Nothing: an earlier file decides.
    Nothing,
    /// `!reset`: what earlier files say does not count.
    Reset,
    /// A value, which is merged with that of earlier files.
    Value(T),
    /// `!override`: a value that replaces that of earlier files.
    Instead(T),
}

impl<T> Declaration<T> {
    /// Replaces the value, unless the later file has none.
    fn replace_with(&mut self, later: Self) {
        if !matches!(later, Self::Nothing) {
            *self = later;
        }
    }

    /// The value; `None` if there is none.
    pub(super) const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) | Self::Instead(value) => Some(value),
            Self::Nothing | Self::Reset => None,
        }
    }
}

impl Declaration<Service> {
    /// Adds what a later file says of the service.
    pub(super) fn merge(&mut self, later: Self) {
        match (self, later) {
            (Self::Value(known) | Self::Instead(known), Self::Value(later)) => known.merge(later),
            (known, later) => known.replace_with(later),
        }
    }
}

/// What the files say of a service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    image: Declaration<ComposeText>,
    /// The key `build`.
    build: Declaration<ComposeKey>,
    platform: Declaration<ComposeText>,
    pull_policy: Declaration<ComposeText>,
    profiles: Declaration<Vec<String>>,
    /// The service is run by another program than an engine, and has no image.
    has_provider: bool,
    /// The key of the service in the first file.
    place: ComposeKey,
}

/// What a service extends.
#[derive(Debug)]
pub(super) struct Extended {
    /// The service.
    pub(super) service: ComposeText,
    /// Its file; `None` for the same one.
    pub(super) file: Option<ComposeText>,
}

impl Service {
    /// Reads the service at `keys`. Returns it with what it extends.
    pub(super) fn read(
        file: &ComposeFile,
        keys: &[&str],
        entries: &[(String, Yaml)],
        project: &Project<'_>,
    ) -> Result<(Self, Option<Extended>), ComposeError> {
        let at = |key| [keys, &[key]].concat();
        let text = |key| declaration(value(entries, key), |node| file.text(&at(key), node, project));
        let build =
            declaration(value(entries, "build"), |node| Ok((*node != Yaml::Empty).then(|| file.place(&at("build")))))?;
        let profiles = declaration(value(entries, "profiles"), |node| {
            let texts = file.texts(&at("profiles"), node, project)?;
            Ok(Some(texts.into_iter().map(|text| text.value).collect()))
        })?;
        let service = Self {
            image: text("image")?,
            build,
            platform: text("platform")?,
            pull_policy: text("pull_policy")?,
            profiles,
            has_provider: value(entries, "provider").is_some(),
            place: file.place(keys),
        };
        let extended = match value(entries, "extends") {
            None | Some(Yaml::Empty) => None,
            Some(Yaml::Map(extends)) => {
                let at = |key| [keys, &["extends", key]].concat();
                let part = |key| value(extends, key).map_or(Ok(None), |node| file.text(&at(key), node, project));
                let service = part("service")?.ok_or_else(|| {
                    file.place(&[keys, &["extends"]].concat()).problem("expected `service`, the one to extend")
                })?;
                Some(Extended { service, file: part("file")? })
            }
            Some(node) => file.text(&at("extends"), node, project)?.map(|service| Extended { service, file: None }),
        };
        Ok((service, extended))
    }

    /// Adds what a later file says, or the service that extends this one.
    pub(super) fn merge(&mut self, later: Self) {
        let Self { image, build, platform, pull_policy, profiles, has_provider, place: _ } = later;
        self.image.replace_with(image);
        self.build.replace_with(build);
        self.platform.replace_with(platform);
        self.pull_policy.replace_with(pull_policy);
        self.has_provider |= has_provider;
        match (&mut self.profiles, profiles) {
            // Compose appends lists.
            (Declaration::Value(known) | Declaration::Instead(known), Declaration::Value(more)) => known.extend(more),
            (known, more) => known.replace_with(more),
        }
    }

    /// True if both have the same image, platform and profiles.
    pub(super) fn names_the_image_of(&self, other: &Self) -> bool {
        let text = |text: &Declaration<ComposeText>| text.value().map(|text| text.value.clone());
        let facts = |service: &Self| {
            let is_built = service.build.value().is_some();
            (text(&service.image), text(&service.platform), is_built, service.has_provider)
        };
        facts(self) == facts(other) && self.profiles() == other.profiles()
    }

    /// The key of the service in the first file that has it.
    pub(super) const fn place(&self) -> &ComposeKey {
        &self.place
    }

    /// The profiles that start the service; empty for a service that is always started.
    pub(super) fn profiles(&self) -> &[String] {
        self.profiles.value().map_or(&[], Vec::as_slice)
    }

    /// The image of the service `name`; `None` for a service with a provider, which has no image. Adds warnings.
    pub(super) fn image(
        &self,
        name: &str,
        project_name: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<ServiceImage>, ComposeError> {
        let platform = self.platform.value().map(|platform| platform.value.clone());
        let build = self.build.value();
        let policy = self.pull_policy.value().map(|policy| policy.value.as_str());
        let is_never_pulled = matches!(policy, Some("never" | "build"));
        let service = name.to_owned();
        if let Some(image) = self.image.value() {
            let unset = image.unset.join(", ");
            if !is_image_name(&image.value) {
                let remedy = if unset.is_empty() {
                    String::new()
                } else {
                    format!(": {unset} is not set; set it in the environment or in .env")
                };
                return Err(image.place.problem(format!("{:?} is not the name of an image{remedy}", image.value)));
            }
            if !unset.is_empty() {
                let place = &image.place;
                warnings.push(format!("{}: {unset} is not set, so the image is {}", place.origin(), image.value));
            }
            let (name, place) = (image.value.clone(), image.place.clone());
            return Ok(Some(ServiceImage { service, name, older_name: None, platform, is_never_pulled, place }));
        }
        let Some(place) = build else {
            return if self.has_provider {
                Ok(None)
            } else {
                Err(self.place.problem("the service has neither `image` nor `build`; add one"))
            };
        };
        if project_name.is_empty() {
            return Err(place
                .problem("the image has no name, because the project has none; add `name:` at the top of the file"));
        }
        // Docker Compose 2 and 1.
        let [name, older] = ['-', '_'].map(|separator| format!("{project_name}{separator}{name}").to_lowercase());
        Ok(Some(ServiceImage {
            service,
            name,
            older_name: Some(older),
            platform,
            is_never_pulled: true,
            place: place.clone(),
        }))
    }
}

/// Reads a value that may have a tag.
fn declaration<T>(
    node: Option<&Yaml>,
    read: impl FnOnce(&Yaml) -> Result<Option<T>, ComposeError>,
) -> Result<Declaration<T>, ComposeError> {
    let Some(node) = node else { return Ok(Declaration::Nothing) };
    Ok(match tagged(node) {
        Some(("!reset", _)) => Declaration::Reset,
        Some(("!override", node)) => read(node)?.map_or(Declaration::Reset, Declaration::Instead),
        _ => read(node)?.map_or(Declaration::Nothing, Declaration::Value),
    })
}

/// True for what can name an image: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]` without empty parts and blanks. The source checks the
/// rest.
fn is_image_name(name: &str) -> bool {
    let (name, digest) = name.split_once('@').map_or((name, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let parts = name.split('/').chain(last.split(':').next());
    let is_text = |part: &str| !part.is_empty() && !part.chars().any(|it| it.is_whitespace() || it.is_control());
    parts.into_iter().all(|part| is_text(part) && !part.starts_with(':') && !part.ends_with(':'))
        && [tag, digest].into_iter().flatten().all(is_text)
}

#[cfg(test)]
mod tests {
    use super::is_image_name;

    #[test]
    fn names_with_empty_parts_are_no_images() {
        for name in ["nginx", "nginx:1", "a/b", "r.example:5000/a/b:1", "a@sha256:00", "a:1@sha256:00", "localhost/a"] {
            assert!(is_image_name(name), "{name}");
        }
        for name in
            ["", ":", ":1", "a:", "a/", "/a", "a//b", "r.example:5000/", "r.example:/a", "r/:1", "a b", "a@", "a:\n"]
        {
            assert!(!is_image_name(name), "{name}");
        }
    }
}
