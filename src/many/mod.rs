//! What a run over several images keeps of each when its tree is gone, and what the images have in common.
//!
//! Layers, digests and bases are taken as the images state them: a forged digest changes these sums, never the report on another
//! image.
//!
//! ```text
//! figures  what is kept of one image
//! chains   the layers that images share
//! bases    the versions of base images
//! waste    the largest groups of waste
//! ```

mod bases;
mod chains;
mod figures;
mod waste;

pub(crate) use bases::BaseUsage;
pub(crate) use figures::{MemberFigures, MemberSums};
pub(crate) use waste::SharedGroup;

use bases::BaseVersions;
use chains::{ChainEnd, SharedLayers};
use waste::LargestWaste;

/// The images of a run, in the order named.
#[derive(Debug, Default)]
pub(crate) struct ImageSet {
    members: Vec<SetMember>,
    chains: SharedLayers,
    bases: BaseVersions,
    waste: LargestWaste,
}

/// An image of the set.
#[derive(Debug)]
pub(crate) struct SetMember {
    /// Its name: as the user gave it, or the tag of an image in an archive.
    pub(crate) name: String,
    /// Its platform; empty if it is unknown.
    pub(crate) platform: String,
    /// An earlier row is the same image, under another name or for other rules.
    is_repeated: bool,
    state: MemberState,
}

#[derive(Debug)]
enum MemberState {
    Read(MemberSums, MemberVerdict, ChainEnd),
    Unread(String),
}

/// The place of an image in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemberId(
    #[cfg_attr(not(feature = "tui"), allow(dead_code, reason = "only the screen looks for one image"))] usize,
);

/// Whether an image kept its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum MemberVerdict {
    /// It kept them.
    Kept,
    /// It broke one.
    Broken,
    /// No rule was checked.
    #[default]
    Unchecked,
}

impl MemberVerdict {
    /// The word in tables.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Unchecked => "-",
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MemberRow<'a> {
    /// The image was read.
    Read {
        /// Its sums.
        sums: MemberSums,
        /// Whether it kept its rules.
        verdict: MemberVerdict,
        /// Unpacked bytes of the layers that no other image has: what deleting the image frees.
        own_bytes: u64,
    },
    /// The image could not be read, for this reason.
    Unread(&'a str),
}

/// Bytes of several images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SetBytes {
    /// Unpacked.
    pub(crate) unpacked: u64,
    /// Stored.
    pub(crate) stored: u64,
}

impl ImageSet {
    /// Adds an image that was read.
    pub(crate) fn add(&mut self, name: String, figures: MemberFigures, verdict: MemberVerdict) -> MemberId {
        let (chain, is_repeated) = self.chains.add(&figures);
        if let Some(base) = &figures.base {
            self.bases.add(base, &figures.platform, &chain);
        }
        self.waste.add(&name, figures.waste, &chain);
        let state = MemberState::Read(figures.sums, verdict, chain.end());
        self.members.push(SetMember { name, platform: figures.platform, is_repeated, state });
        MemberId(self.members.len() - 1)
    }

    /// Adds an image that could not be read.
    pub(crate) fn add_unread(&mut self, name: String, reason: String) {
        let state = MemberState::Unread(reason);
        self.members.push(SetMember { name, platform: String::new(), is_repeated: false, state });
    }

    /// The number of images.
    pub(crate) const fn len(&self) -> usize {
        self.members.len()
    }

    /// The number of images that could not be read.
    pub(crate) fn unread(&self) -> usize {
        self.members.iter().filter(|member| matches!(member.state, MemberState::Unread(_))).count()
    }

    /// The number of images that broke a rule.
    pub(crate) fn broken(&self) -> usize {
        self.count_with(MemberVerdict::Broken)
    }

    /// The number of images that were read, and no rule was checked.
    pub(crate) fn unchecked(&self) -> usize {
        self.count_with(MemberVerdict::Unchecked)
    }

    fn count_with(&self, wanted: MemberVerdict) -> usize {
        let has = |member: &&SetMember| match member.state {
            MemberState::Read(_, verdict, _) => verdict == wanted,
            MemberState::Unread(_) => false,
        };
        self.members.iter().filter(has).count()
    }

    /// The images and their figures, in the order named.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&SetMember, MemberRow<'_>)> {
        self.members.iter().map(|member| (member, self.row_of(member)))
    }

    /// The figures of an image.
    #[cfg(feature = "tui")]
    pub(crate) fn row(&self, member: MemberId) -> Option<MemberRow<'_>> {
        self.members.get(member.0).map(|member| self.row_of(member))
    }

    fn row_of<'a>(&self, member: &'a SetMember) -> MemberRow<'a> {
        match &member.state {
            MemberState::Read(sums, verdict, end) => {
                MemberRow::Read { sums: *sums, verdict: *verdict, own_bytes: self.chains.own_bytes(*end) }
            }
            MemberState::Unread(reason) => MemberRow::Unread(reason),
        }
    }

    /// The bytes of all images that were read, each once, if none shared a layer.
    pub(crate) fn separate_bytes(&self) -> SetBytes {
        let mut bytes = SetBytes::default();
        for member in self.members.iter().filter(|member| !member.is_repeated) {
            if let MemberState::Read(sums, ..) = member.state {
                bytes.unpacked = bytes.unpacked.saturating_add(sums.unpacked_bytes);
                bytes.stored = bytes.stored.saturating_add(sums.stored_bytes);
            }
        }
        bytes
    }

    /// The bytes of all layers of these images, each once: what a host or a registry with all of them holds.
    pub(crate) fn shared_bytes(&self) -> SetBytes {
        SetBytes { unpacked: self.chains.unpacked_bytes(), stored: self.chains.stored_bytes() }
    }

    /// The base images, the one with the most versions first.
    pub(crate) fn bases(&self) -> Vec<BaseUsage<'_>> {
        self.bases.usage()
    }

    /// The largest groups of waste, each once, largest first.
    pub(crate) fn waste(&self) -> &[SharedGroup] {
        self.waste.groups()
    }
}
