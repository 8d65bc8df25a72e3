//! Selects one of several images, by number or name. `alpine` and `docker.io/library/alpine:latest` are the same name,
//! as in engines.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::platform::Platform;
use crate::remark::{FirstFew, Shown};

/// The requested image and platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Image; by default the first that fits the platform.
    pub image: Option<ImageSelector>,
    /// Platform; by default the host's.
    pub platform: Option<Platform>,
}

/// The value of `--image`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSelector {
    /// Number, from 0.
    Index(usize),
    /// A tag or id.
    Reference(String),
}

impl FromStr for ImageSelector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // No file has that many images, and some digests start with that many decimal digits.
        let index = text.parse().ok().filter(|index: &usize| text.len() < MIN_ID_DIGITS && index.to_string() == text);
        Ok(index.map_or_else(|| Self::Reference(text.to_owned()), Self::Index))
    }
}

/// The value as given.
impl fmt::Display for ImageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => index.fmt(f),
            Self::Reference(reference) if reference.is_empty() => f.write_str("\"\""),
            Self::Reference(reference) => Shown(reference).fmt(f),
        }
    }
}

/// Names of an image in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// Number in the file, from 0: a value of `--image`.
    pub index: usize,
    /// Tags as written.
    pub tags: Arc<[String]>,
    /// Digest of the configuration or manifest.
    pub id: Option<String>,
    /// True if another image in the file has one of its tags, so that only number and id distinguish them.
    pub shares_tags: bool,
    /// Its known platforms. Empty if that would cost reading a configuration and the tags already distinguish it.
    pub platforms: Vec<Platform>,
}

impl ImageName {
    /// Number, and tags or id in brackets: `1 (multi-b:1)`.
    pub(super) fn in_brackets(&self) -> String {
        let name = self.to_string();
        let name = name.split_once(": ").map_or(name.as_str(), |(_, name)| name);
        format!("{} ({name})", self.index)
    }

    /// The tag that matches `selector`, or the first one.
    pub(super) fn shown_tag(&self, selector: Option<&ImageSelector>) -> Option<&String> {
        let Some(ImageSelector::Reference(wanted)) = selector else { return self.tags.first() };
        let as_written = self.tags.iter().find(|tag| *tag == wanted);
        let alike = || self.tags.iter().find(|tag| full_name(tag) == full_name(wanted));
        as_written.or_else(alike).or_else(|| self.tags.first())
    }
}

/// Number and tags, or id if there are no tags: `1: multi-b:1`.
impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.index)?;
        match (&self.tags[..], &self.id) {
            ([], Some(id)) => write!(f, "{}", Shown(id)),
            ([], None) => f.write_str("untagged"),
            (tags, Some(id)) if self.shares_tags => write!(f, "{} ({})", Shown(&first_few(tags)), Shown(id)),
            (tags, _) => write!(f, "{}", Shown(&first_few(tags))),
        }
    }
}

/// Formats tags in one line.
fn first_few(tags: &[String]) -> String {
    FirstFew { items: tags, separator: ", " }.to_string()
}

/// Formats names in one line, for messages.
pub(super) fn listed(names: &[ImageName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Position in `names` of the first match of `selector`.
pub(super) fn find(names: &[ImageName], selector: Option<&ImageSelector>) -> Option<usize> {
    match selector {
        None => (!names.is_empty()).then_some(0),
        Some(selector) => find_all(names, selector).first().copied(),
    }
}

/// Positions in `names` of all matches of `selector`. Images for several platforms may share a tag.
pub(super) fn find_all(names: &[ImageName], selector: &ImageSelector) -> Vec<usize> {
    match selector {
        ImageSelector::Index(index) => match names.iter().position(|name| name.index == *index) {
            Some(at) => vec![at],
            None => find_tagged(names, &index.to_string()),
        },
        ImageSelector::Reference(wanted) => {
            let tagged = find_tagged(names, wanted);
            let is_meant = |name: &ImageName| name.id.as_ref().is_some_and(|id| is_id(id, wanted));
            let by_id = || names.iter().position(is_meant).into_iter().collect();
            if tagged.is_empty() { by_id() } else { tagged }
        }
    }
}

/// Sets [`ImageName::shares_tags`].
pub(super) fn note_shared_tags(names: &mut [ImageName]) {
    // Thousands of images may share one list of thousands of tags: count each list once.
    let mut lists: HashMap<*const String, (Arc<[String]>, usize)> = HashMap::new();
    for name in names.iter() {
        lists.entry(name.tags.as_ptr()).or_insert_with(|| (Arc::clone(&name.tags), 0)).1 += 1;
    }
    let mut uses: HashMap<&str, usize> = HashMap::new();
    lists.values().flat_map(|(tags, count)| tags.iter().map(move |tag| (tag, count))).for_each(|(tag, count)| {
        *uses.entry(tag).or_default() += count;
    });
    let is_shared = |tags: &[String]| tags.iter().any(|tag| uses.get(tag.as_str()).is_some_and(|count| *count > 1));
    let shared: HashMap<*const String, bool> = lists.iter().map(|(at, (tags, _))| (*at, is_shared(tags))).collect();
    for name in names {
        name.shares_tags = shared.get(&name.tags.as_ptr()).is_some_and(|shared| *shared);
    }
}

/// For each of `names`, whether it has one of these tags.
pub(super) fn with_tag_of(names: &[ImageName], tags: &[String]) -> Vec<bool> {
    let tags: HashSet<&str> = tags.iter().map(String::as_str).collect();
    // Many images may share one list of tags: check each list once.
    let mut known: HashMap<*const String, bool> = HashMap::new();
    let mut has = |name: &ImageName| {
        let is_among = |tag: &String| tags.contains(tag.as_str());
        *known.entry(name.tags.as_ptr()).or_insert_with(|| name.tags.iter().any(is_among))
    };
    names.iter().map(&mut has).collect()
}

/// Positions in `names` of images tagged `wanted`. Exact matches take precedence over equivalent names.
pub(super) fn find_tagged(names: &[ImageName], wanted: &str) -> Vec<usize> {
    let by = |fits: &dyn Fn(&String) -> bool| -> Vec<usize> {
        // Many images may share one list of tags: check each list once.
        let mut known: HashMap<*const String, bool> = HashMap::new();
        let mut has = |name: &ImageName| *known.entry(name.tags.as_ptr()).or_insert_with(|| name.tags.iter().any(fits));
        (0..names.len()).filter(|at| has(&names[*at])).collect()
    };
    let as_written = by(&|tag| tag == wanted);
    let full = full_name(wanted);
    if as_written.is_empty() { by(&|tag| full_name(tag) == full) } else { as_written }
}

/// A reference in a canonical form: without default registry (podman's is `localhost`), and with a tag.
fn full_name(reference: &str) -> String {
    let mut name = reference;
    for prefix in ["localhost/", "index.docker.io/", "docker.io/", "library/"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") }
}

/// Minimum number of digits of a digest prefix: as many as engines print.
const MIN_ID_DIGITS: usize = 12;

/// True if `wanted` is `id`, or a long enough prefix of it.
pub(super) fn is_id(id: &str, wanted: &str) -> bool {
    id.eq_ignore_ascii_case(wanted) || prefix_of(id, wanted).is_some_and(|digits| digits.len() >= MIN_ID_DIGITS)
}

/// True if `wanted` may be an id or a prefix of one.
pub(super) fn may_be_id(wanted: &str) -> bool {
    let digits = wanted.rsplit_once(':').map_or(wanted, |(_, digits)| digits);
    digits.len() >= MIN_ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The digits of `wanted` if `id` starts with them.
fn prefix_of<'a>(id: &str, wanted: &'a str) -> Option<&'a str> {
    let (algorithm, hex) = id.rsplit_once(':').unwrap_or(("", id));
    let digits = match wanted.rsplit_once(':') {
        Some((given, digits)) => given.eq_ignore_ascii_case(algorithm).then_some(digits)?,
        None => wanted,
    };
    hex.get(..digits.len()).filter(|first| first.eq_ignore_ascii_case(digits)).map(|_| digits)
}

/// Advice if no image matches `wanted`, among images with these `ids`.
pub(super) fn hint_for<'a>(wanted: &ImageSelector, mut ids: impl Iterator<Item = &'a str>) -> &'static str {
    const MIN_DIGITS: usize = 4;
    let ImageSelector::Reference(wanted) = wanted else { return "" };
    let is_short = |digits: &str| {
        digits.len() < MIN_ID_DIGITS && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_digest = match wanted.rsplit_once(':') {
        Some((algorithm, digits)) => algorithm.eq_ignore_ascii_case("sha256") && is_short(digits),
        // It may also be a tag.
        None => is_short(wanted) && wanted.len() >= MIN_DIGITS && ids.any(|id| prefix_of(id, wanted).is_some()),
    };
    if is_digest { ": write at least 12 digits of a digest" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<ImageName> {
        let name = |index, tags: &[&str], id: &str| ImageName {
            index,
            tags: tags.iter().map(ToString::to_string).collect(),
            id: Some(id.to_owned()),
            shares_tags: false,
            platforms: Vec::new(),
        };
        vec![
            name(0, &["multi-a:1", "docker.io/library/multi-a:latest"], "sha256:0123456789abcdef"),
            name(1, &["reg.example:5000/team/b"], "sha256:fedcba9876543210"),
            name(2, &[], "sha256:00"),
        ]
    }

    fn found(selector: &str) -> Option<usize> {
        find(&names(), Some(&selector.parse().unwrap()))
    }

    #[test]
    fn an_image_is_found_by_number_tag_and_id() {
        assert_eq!(find(&names(), None), Some(0));
        assert_eq!(found("1"), Some(1));
        assert_eq!(found("3"), None);
        for name in ["multi-a:1", "multi-a", "multi-a:latest", "docker.io/library/multi-a", "0123456789ab"] {
            assert_eq!(found(name), Some(0), "{name}");
        }
        assert_eq!(found("reg.example:5000/team/b:latest"), Some(1));
        assert_eq!(found("sha256:00"), Some(2));
        assert_eq!(found("sha256:0123456789ab"), Some(0));
        for name in ["multi-a:2", "multi", "team/b", "0123", "md5:0123456789ab", "\u{e4}"] {
            assert_eq!(found(name), None, "{name}");
        }
        for name in ["FEDCBA987654", "SHA256:FEDCBA9876543210", "sha256:FEDCBA987654"] {
            assert_eq!(found(name), Some(1), "{name}");
        }
    }

    #[test]
    fn a_long_decimal_number_is_a_digest() {
        assert_eq!("12345678901".parse(), Ok(ImageSelector::Index(12_345_678_901)));
        assert_eq!("01".parse(), Ok(ImageSelector::Reference("01".to_owned())), "a tag");
        assert_eq!("123456789012".parse(), Ok(ImageSelector::Reference("123456789012".to_owned())));
    }

    #[test]
    fn a_list_has_every_image() {
        assert_eq!(
            listed(&names()),
            "0: multi-a:1, docker.io/library/multi-a:latest; 1: reg.example:5000/team/b; 2: sha256:00"
        );
    }
}
