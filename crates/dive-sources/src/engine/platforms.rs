//! The platform of an image in an engine. One name may be an image for several platforms; which of them an engine describes and
//! exports depends on its store and version.

use super::api::{ApiVersion, ImageInspect, ListedPlatform};
use super::backend::Backend;
use super::client::{Client, percent_encoded};
use super::error::EngineError;
use super::lookup::ImageLookup;
use crate::access::Access;
use crate::quote::one_line;
use dive_model::image::Platform;

/// The first API version that lists the platforms of an image and exports a single one.
pub(super) const LISTS_PLATFORMS: ApiVersion = ApiVersion::new(1, 48);

/// The first API version that describes a requested platform.
const DESCRIBES_PLATFORMS: ApiVersion = ApiVersion::new(1, 49);

impl ImageLookup<'_> {
    /// Describes the image for the requested platform.
    pub(super) fn inspect_by_service(&self, client: &Client) -> Result<ImageInspect, EngineError> {
        if let Some(wanted) = &self.access.platform
            && client.version() >= DESCRIBES_PLATFORMS
        {
            match self.describe(client, &format!("?platform={}", percent_encoded(&as_json(wanted)))) {
                // The engine may have the image for other platforms.
                Err(EngineError::NoSuchImage { .. }) => {}
                // The engine exports the id of the index, and describes that of the platform's manifest.
                found => return Ok(ImageInspect { id: self.describe(client, "")?.id, ..found? }),
            }
        }
        let found = self.describe(client, "")?;
        if !found.is_in_containerd_store() {
            return self.with_platform(found);
        }
        let Some(wanted) = self.wanted_platform().filter(|wanted| !is_of(&found, wanted)) else { return Ok(found) };
        // Before 1.48, an export holds all platforms.
        let available = if client.version() >= LISTS_PLATFORMS { self.available(client) } else { Vec::new() };
        if available.is_empty() || available.iter().any(|platform| platform.suits(&wanted)) {
            return Ok(found);
        }
        Err(self.other_platform(&available))
    }

    /// `found`, or an error if it is for another platform than the requested one.
    pub(super) fn with_platform(&self, found: ImageInspect) -> Result<ImageInspect, EngineError> {
        match (self.wanted_platform(), described(&found)) {
            (Some(wanted), Some(platform)) if !platform.suits(&wanted) => Err(self.other_platform(&[platform])),
            _ => Ok(found),
        }
    }

    pub(super) fn wanted_platform(&self) -> Option<Platform> {
        self.access.platform.as_ref()?.parse().ok()
    }

    pub(super) fn other_platform(&self, available: &[Platform]) -> EngineError {
        EngineError::OtherPlatform {
            engine: self.engine,
            name: self.display_name(),
            wanted: self.access.platform.clone().unwrap_or_default(),
            available: available.iter().map(|platform| one_line(&platform.to_string())).collect(),
        }
    }

    /// The platforms whose content the engine has. Empty if it does not say.
    fn available(&self, client: &Client) -> Vec<Platform> {
        let listed = self.describe(client, "?manifests=true").ok().and_then(|listed| listed.manifests);
        let available = listed.unwrap_or_default().into_iter().filter(|manifest| manifest.available == Some(true));
        let platforms = available.filter_map(|manifest| {
            let ListedPlatform { os, architecture, variant } = manifest.image_data?.platform?;
            Some(Platform::new(&os?, &architecture?, variant.as_deref()))
        });
        platforms.collect()
    }
}

/// The platform in a description; `None` if it has none.
fn described(inspected: &ImageInspect) -> Option<Platform> {
    let part = |part: &Option<String>| part.clone().filter(|part| !part.is_empty());
    Some(Platform::new(&part(&inspected.os)?, &part(&inspected.architecture)?, inspected.variant.as_deref()))
}

fn is_of(inspected: &ImageInspect, wanted: &Platform) -> bool {
    described(inspected).is_some_and(|platform| platform.suits(wanted))
}

/// True if the description is of the platform that will be exported.
pub(super) fn is_described(inspected: &ImageInspect, access: &Access) -> bool {
    let Some(wanted) = access.platform.as_ref().map(|wanted| wanted.parse::<Platform>()) else { return true };
    wanted.is_ok_and(|wanted| described(inspected).is_some_and(|platform| platform == wanted))
}

/// The platform to export, as `OS/ARCH[/VARIANT]`: the requested one, or that of an image for another platform alone, because the
/// engine would look for its own. Otherwise `None`, which also exports the attestations.
pub(super) fn to_export(backend: &Backend, inspected: &ImageInspect, access: &Access) -> Option<String> {
    if access.platform.is_some() {
        return access.platform.clone();
    }
    let Backend::Service(client) = backend else { return None };
    let (os, architecture) = client.platform()?;
    let (found, own) = (described(inspected)?, Platform::new(os, architecture, None));
    let is_own = (&found.os, &found.architecture) == (&own.os, &own.architecture);
    (inspected.is_in_containerd_store() && !is_own).then(|| found.for_engines())
}

/// The platform `OS/ARCH[/VARIANT]` as the JSON that engines expect.
pub(super) fn as_json(platform: &str) -> String {
    let mut parts = platform.splitn(3, '/');
    let names = ["os", "architecture", "variant"];
    let named = names.into_iter().map_while(|name| Some((name.to_owned(), parts.next()?.into())));
    serde_json::Value::Object(named.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_has_the_json_that_docker_expects() {
        assert_eq!(as_json("linux/arm64/v8"), r#"{"architecture":"arm64","os":"linux","variant":"v8"}"#);
        assert_eq!(
            percent_encoded(&as_json("linux/s390x")),
            "%7B%22architecture%22%3A%22s390x%22%2C%22os%22%3A%22linux%22%7D"
        );
    }

    /// Otherwise the record of one platform could be kept under another.
    #[test]
    fn a_description_of_another_platform_is_recognized() {
        let inspected = |os: &str, architecture: &str, variant: Option<&str>| ImageInspect {
            os: Some(os.to_owned()),
            architecture: Some(architecture.to_owned()),
            variant: variant.map(str::to_owned),
            ..ImageInspect::default()
        };
        let wanting = |platform: &str| Access { platform: Some(platform.to_owned()), ..Access::default() };
        assert!(is_described(&inspected("linux", "arm64", Some("v8")), &wanting("linux/arm64")));
        assert!(is_described(&inspected("linux", "amd64", None), &Access::default()));
        assert!(!is_described(&inspected("linux", "amd64", None), &wanting("linux/arm64")));
        assert!(!is_described(&inspected("linux", "arm", Some("v7")), &wanting("linux/arm/v6")));
        assert!(!is_described(&ImageInspect::default(), &wanting("linux/arm64")), "it says nothing");
    }
}
