//! Chooses a manifest of an index: the one that `--image` names; otherwise readable before missing or damaged, known
//! platform before unknown, better fit before worse, first before later.

use std::collections::HashSet;

use super::super::error::ImageError;
use super::super::other_entry::OtherEntry;
use super::super::platform::{Fit, Platform};
use super::super::selection::{ImageSelector, Selection, find_all, find_tagged, hint_for, is_id, listed, may_be_id};
use super::images::{IndexImages, IndexedImage};
use super::walk::ManifestLeaf;
use crate::remark::Remark;

/// A manifest of an index, by its positions in [`IndexImages`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) image: usize,
    pub(super) leaf: usize,
}

/// Chooses from the images of an index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chooser<'a> {
    /// Name of the store, for messages.
    pub(super) archive: &'a str,
    /// Name of the index document, for messages.
    pub(super) document: &'a str,
    pub(super) index: &'a IndexImages,
    pub(super) selection: &'a Selection,
}

impl Chooser<'_> {
    /// Chooses a manifest, which may be unreadable.
    ///
    /// `id_of` reads the configuration digest of a manifest, which is the id that engines print.
    pub(super) fn choose(
        self,
        id_of: &mut dyn FnMut(&ManifestLeaf) -> Result<Option<String>, ImageError>,
        remarks: &mut Vec<Remark>,
    ) -> Result<Choice, ImageError> {
        let candidates: Vec<Choice> = match &self.selection.image {
            None => self.all().collect(),
            Some(selector @ ImageSelector::Index(_)) => self.of_images(&find_all(&self.index.names, selector)),
            Some(ImageSelector::Reference(wanted)) => {
                let tagged = find_tagged(&self.index.names, wanted);
                if tagged.is_empty() {
                    if let Some(choice) = self.by_digest(wanted, id_of)? {
                        return self.check_platform(choice);
                    }
                    self.below_index(wanted)
                } else {
                    self.of_images(&tagged)
                }
            }
        };
        if candidates.is_empty() {
            return Err(self.not_found());
        }
        let choice = match &self.selection.platform {
            Some(wanted) => self.for_platform(&candidates, wanted),
            None => self.for_host(&candidates, &Platform::host()),
        }?;
        self.remark(&candidates, choice, remarks);
        Ok(choice)
    }

    fn images(&self) -> &[IndexedImage] {
        &self.index.images
    }

    fn leaf(&self, Choice { image, leaf }: Choice) -> &ManifestLeaf {
        &self.images()[image].leaves[leaf]
    }

    /// All manifests, in the order of the images.
    fn all(self) -> impl Iterator<Item = Choice> {
        (0..self.images().len()).flat_map(move |image| self.of_image(image))
    }

    fn of_image(self, image: usize) -> impl Iterator<Item = Choice> {
        (0..self.images()[image].leaves.len()).map(move |leaf| Choice { image, leaf })
    }

    fn of_images(self, images: &[usize]) -> Vec<Choice> {
        images.iter().flat_map(|image| self.of_image(*image)).collect()
    }

    /// Manifests below the index with digest `wanted`.
    fn below_index(self, wanted: &str) -> Vec<Choice> {
        let below = self.index.below(wanted).unwrap_or_default();
        self.all().filter(|choice| below.contains(self.leaf(*choice).descriptor.digest.as_str())).collect()
    }

    /// The best of `candidates` by `fit`. Among equals, one whose platform the index lists, then the first.
    fn best(self, candidates: &[Choice], fit: &dyn Fn(&Platform) -> Option<Fit>) -> Option<Choice> {
        let fitting = candidates.iter().enumerate().filter_map(|(at, choice)| {
            let leaf = self.leaf(*choice);
            let fit = leaf.platform.as_ref().and_then(fit)?;
            Some(((leaf.error.is_none(), fit, !leaf.is_listed_as_unknown(), usize::MAX - at), *choice))
        });
        fitting.max_by_key(|(key, _)| *key).map(|(_, choice)| choice)
    }

    fn for_platform(self, candidates: &[Choice], wanted: &Platform) -> Result<Choice, ImageError> {
        if let Some(choice) = self.best(candidates, &|found| found.fit(wanted)) {
            return Ok(choice);
        }
        // A single manifest without a platform may be for any, and an unreadable one may be the requested one.
        let is_image = |choice: &Choice| !self.leaf(*choice).may_be_missing_attestation();
        let images: Vec<Choice> = candidates.iter().copied().filter(is_image).collect();
        let considered = if images.is_empty() { candidates } else { &images };
        let is_meant = |choice: &Choice| {
            let leaf = self.leaf(*choice);
            leaf.platform.is_none() && (considered.len() == 1 || leaf.error.is_some())
        };
        match considered.iter().find(|choice| is_meant(choice)) {
            Some(choice) => Ok(*choice),
            None => Err(self.no_platform(wanted, &self.platforms(candidates))),
        }
    }

    /// The best manifest for this machine; otherwise the only one, or the only one of the first image.
    fn for_host(self, candidates: &[Choice], host: &Platform) -> Result<Choice, ImageError> {
        let fit = |found: &Platform| found.fit_host(host);
        let best = self.best(candidates, &fit);
        let is_good = |choice: &Choice| {
            let leaf = self.leaf(*choice);
            leaf.error.is_none() && !leaf.is_of_unknown_platform()
        };
        if let Some(choice) = best.filter(is_good) {
            return Ok(choice);
        }
        let whole: Vec<Choice> =
            candidates.iter().copied().filter(|choice| self.leaf(*choice).error.is_none()).collect();
        let first = whole.iter().find(|choice| is_good(choice)).or(whole.first());
        let Some(first) = first else {
            // All are unreadable: the error says why.
            return best.or_else(|| candidates.first().copied()).ok_or_else(|| self.not_found());
        };
        let beside = whole.iter().filter(|choice| choice.image == first.image && is_good(choice)).count();
        if beside <= 1 {
            return Ok(*first);
        }
        // There is no reason to prefer one of several.
        match best.map(|choice| (choice, self.leaf(choice).error.as_ref())) {
            Some((_, Some(ImageError::MissingDocument { path, .. }))) => Err(ImageError::MissingPlatform {
                archive: self.archive.to_owned(),
                wanted: Box::new(host.clone()),
                path: path.clone(),
                available: joined(&self.platforms(candidates)),
            }),
            Some((choice, Some(_))) => Ok(choice),
            _ => Err(self.no_platform(host, &self.platforms(candidates))),
        }
    }

    /// The manifest with this digest or image id.
    fn by_digest(
        self,
        wanted: &str,
        id_of: &mut dyn FnMut(&ManifestLeaf) -> Result<Option<String>, ImageError>,
    ) -> Result<Option<Choice>, ImageError> {
        let is_meant = |id: Option<&String>| id.is_some_and(|id| is_id(id, wanted));
        let named = |choice: &Choice| {
            let leaf = self.leaf(*choice);
            is_meant(Some(&leaf.descriptor.digest)) || is_meant(leaf.config_digest.as_ref())
        };
        if let Some(choice) = self.all().find(named) {
            return Ok(Some(choice));
        }
        if self.index.below(wanted).is_some() || !may_be_id(wanted) {
            return Ok(None);
        }
        let unread = |choice: &Choice| self.leaf(*choice).config_digest.is_none() && self.leaf(*choice).error.is_none();
        for choice in self.all().filter(unread) {
            if is_meant(id_of(self.leaf(choice))?.as_ref()) {
                return Ok(Some(choice));
            }
        }
        Ok(None)
    }

    /// Fails if `--platform` differs from the platform of an image chosen by digest.
    fn check_platform(self, choice: Choice) -> Result<Choice, ImageError> {
        let leaf = self.leaf(choice);
        match (&leaf.platform, &self.selection.platform) {
            (Some(found), Some(wanted)) if leaf.error.is_none() && found.fit(wanted).is_none() => {
                Err(self.no_platform(wanted, &[found]))
            }
            _ => Ok(choice),
        }
    }

    /// Platforms of the readable `candidates`, each once.
    fn platforms(&self, candidates: &[Choice]) -> Vec<&Platform> {
        let leaves = candidates.iter().map(|choice| self.leaf(*choice)).filter(|leaf| leaf.error.is_none());
        let mut seen = HashSet::new();
        leaves.filter_map(|leaf| leaf.platform.as_ref()).filter(|platform| seen.insert(*platform)).collect()
    }

    fn no_platform(&self, wanted: &Platform, found: &[&Platform]) -> ImageError {
        ImageError::no_platform(self.archive, self.selection.image.as_ref(), wanted, joined(found))
    }

    /// The error if there is no image, or none of that name.
    fn not_found(&self) -> ImageError {
        let archive = || self.archive.to_owned();
        let IndexImages { names, others, images, attestations, .. } = self.index;
        let available = (!names.is_empty()).then(|| listed(names));
        let Some(wanted) = self.selection.image.clone() else {
            return match OtherEntry::list(others) {
                Some(entries) => ImageError::NoImageBut { archive: archive(), entries },
                None => ImageError::NoImage { archive: archive(), document: self.document.to_owned() },
            };
        };
        let named = match &wanted {
            ImageSelector::Reference(wanted) => others
                .iter()
                .chain(attestations)
                .find(|other| other.tag.as_ref() == Some(wanted) || is_id(&other.digest, wanted)),
            ImageSelector::Index(_) => None,
        };
        match (named, available, OtherEntry::list(others)) {
            (Some(entry), Some(available), _) => {
                ImageError::NotAnImage { archive: archive(), entry: Box::new(entry.clone()), available }
            }
            (_, None, Some(entries)) => ImageError::NoImageBut { archive: archive(), entries },
            (_, None, None) => ImageError::NoImage { archive: archive(), document: self.document.to_owned() },
            (None, Some(available), _) => {
                let ids = names.iter().filter_map(|name| name.id.as_deref());
                let leaves = images.iter().flat_map(|image| &image.leaves);
                let digests =
                    leaves.flat_map(|leaf| [Some(leaf.descriptor.digest.as_str()), leaf.config_digest.as_deref()]);
                let is_index =
                    matches!(&wanted, ImageSelector::Reference(wanted) if self.index.below(wanted).is_some());
                let hint = if is_index {
                    ": the index with that digest lists no image"
                } else {
                    hint_for(&wanted, ids.chain(digests.flatten()))
                };
                ImageError::UnknownImage { archive: archive(), wanted, hint, available }
            }
        }
    }

    /// Adds remarks on `choice`, one of `candidates`.
    fn remark(self, candidates: &[Choice], choice: Choice, remarks: &mut Vec<Remark>) {
        let chosen = self.leaf(choice);
        if chosen.error.is_some() {
            return;
        }
        let mut remark = |text: String| remarks.push(Remark::new(self.archive, text));
        if self.selection.image.is_none() {
            self.describe_unreadable(choice).into_iter().for_each(&mut remark);
        }
        let Some(platform) = &chosen.platform else { return };
        let host = Platform::host();
        let (wanted, fit) = match &self.selection.platform {
            Some(wanted) => (wanted, platform.fit(wanted)),
            None => (&host, platform.fit_host(&host)),
        };
        if wanted.is_substitute(fit) {
            remark(self.describe_substitute(candidates, platform, wanted, fit));
        }
        let beside = self.images()[choice.image].leaves.iter().filter_map(|leaf| leaf.platform.as_ref());
        let twins: Vec<String> = beside
            .filter(|twin| twin.is_twin(platform) && *twin != platform && twin.fit(wanted) == platform.fit(wanted))
            .map(ToString::to_string)
            .collect();
        if !twins.is_empty() {
            remark(format!("dive shows {platform}; --platform chooses another version: {}", twins.join(", ")));
        }
    }

    /// Explains why an image for `platform` is shown, which fits `wanted` only by `fit`.
    fn describe_substitute(
        self,
        candidates: &[Choice],
        platform: &Platform,
        wanted: &Platform,
        fit: Option<Fit>,
    ) -> String {
        let unreadable = candidates.iter().map(|choice| self.leaf(*choice)).find_map(|leaf| {
            let better = leaf.platform.as_ref().is_some_and(|found| found.fit(wanted) > fit);
            leaf.error.as_ref().filter(|_| better)
        });
        let problem = if let Some(error) = unreadable {
            let is_missing = matches!(error, ImageError::MissingDocument { .. });
            let problem = if is_missing { "missing" } else { "damaged" };
            format!("the manifest for {wanted} is {problem}; dive shows the image")
        } else if self.all().count() == 1 {
            // There may be no index to mention.
            "dive shows the image".to_owned()
        } else if self.selection.image.is_some() {
            format!("the image has no manifest for {wanted}; dive shows the one")
        } else {
            format!("the index lists no image for {wanted}; dive shows the one")
        };
        let consequence = fit.map_or_else(String::new, |fit| fit.runs_on_clause(wanted));
        format!("{problem} for {platform}{consequence}")
    }

    /// Lists unreadable images, and unreadable manifests of the chosen image that may be for any platform.
    fn describe_unreadable(self, choice: Choice) -> Vec<String> {
        let unreadable = self.index.names.iter().zip(self.images()).flat_map(|(name, image)| {
            let is_chosen = name.index == choice.image;
            let is_unreadable = image.leaves.iter().all(|leaf| leaf.error.is_some());
            let of_any = image
                .leaves
                .iter()
                .filter(move |leaf| is_chosen && leaf.platform.is_none() && !leaf.may_be_missing_attestation());
            let of_image = image.leaves.first().filter(|_| is_unreadable);
            let place = if is_chosen { String::new() } else { format!("image {}: ", name.in_brackets()) };
            of_any.chain(of_image).filter_map(move |leaf| {
                let problem = match leaf.error.as_ref()? {
                    // The advice is long, and part of the error if `--image` names this image.
                    ImageError::MissingDocument { path, .. } => format!("the manifest {path} is missing"),
                    error => {
                        let text = error.to_string();
                        let own = text.strip_prefix(self.archive).map(|rest| rest.trim_start_matches(": "));
                        own.unwrap_or(&text).to_owned()
                    }
                };
                Some(format!("{place}{problem}"))
            })
        });
        let mut unreadable: Vec<String> = unreadable.collect();
        let more = unreadable.len().saturating_sub(MAX_UNREADABLE);
        unreadable.truncate(MAX_UNREADABLE);
        if more > 0 {
            unreadable.push(match more {
                1 => "1 more manifest cannot be read".to_owned(),
                more => format!("{more} more manifests cannot be read"),
            });
        }
        unreadable
    }
}

/// Maximum number of unreadable manifests to list.
const MAX_UNREADABLE: usize = 5;

fn joined(platforms: &[&Platform]) -> String {
    platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
