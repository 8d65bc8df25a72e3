//! Decodes formats with several members in sequence: gzip members, bzip2 streams.
//!
//! The libraries' own multi-member readers treat whatever follows a member as the next one, and fail on padding and on
//! garbage alike.

use std::io::{self, Read};
use std::marker::PhantomData;

use super::window::Window;

/// A decoder of one member.
pub(super) trait MemberDecoder<R: Read>: Read {
    fn start(window: Window<R>) -> Self;
    fn window(&self) -> &Window<R>;
    fn into_window(self) -> Window<R>;
    /// True if a member starts with `bytes`.
    fn begins(bytes: &[u8]) -> bool;
    /// Maximum number of tiny members: see [`TINY`].
    const MAX_TINY: u32;
}

impl<R: Read> MemberDecoder<R> for flate2::bufread::GzDecoder<Window<R>> {
    fn start(window: Window<R>) -> Self {
        Self::new(window)
    }

    fn window(&self) -> &Window<R> {
        self.get_ref()
    }

    fn into_window(self) -> Window<R> {
        self.into_inner()
    }

    fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(&[0x1f, 0x8b, 8])
    }

    const MAX_TINY: u32 = u32::MAX;
}

impl<R: Read> MemberDecoder<R> for bzip2::bufread::BzDecoder<Window<R>> {
    fn start(window: Window<R>) -> Self {
        Self::new(window)
    }

    fn window(&self) -> &Window<R> {
        self.get_ref()
    }

    fn into_window(self) -> Window<R> {
        self.into_inner()
    }

    fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(b"BZh")
    }

    /// Each stream initialises megabytes of tables, and an empty one has 14 bytes: without a limit, a few kB would take
    /// minutes.
    const MAX_TINY: u32 = 1000;
}

/// Decodes a sequence of members, and finds bytes after the last one.
pub(super) enum Members<R: Read, D: MemberDecoder<R>> {
    Inside {
        decoder: D,
        /// Bytes decoded from this member, and number of tiny members before it.
        decoded: u64,
        tiny: u32,
    },
    Ended {
        consumed: u64,
        garbage_at: Option<u64>,
    },
    /// Placeholder while moving to the next member; never visible to callers.
    Between(PhantomData<R>),
}

/// A member that decodes to fewer bytes is tiny.
const TINY: u64 = 64;

impl<R: Read, D: MemberDecoder<R>> Members<R, D> {
    pub(super) fn new(window: Window<R>) -> Self {
        Self::Inside { decoder: D::start(window), decoded: 0, tiny: 0 }
    }

    pub(super) fn garbage_at(&self) -> Option<u64> {
        match self {
            Self::Ended { garbage_at, .. } => *garbage_at,
            Self::Inside { .. } | Self::Between(_) => None,
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        match self {
            Self::Inside { decoder, .. } => decoder.window().consumed,
            Self::Ended { consumed, .. } => *consumed,
            Self::Between(_) => 0,
        }
    }
}

impl<R: Read, D: MemberDecoder<R>> Read for Members<R, D> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let Self::Inside { decoder, decoded, .. } = self else { return Ok(0) };
            let read = decoder.read(buf)?;
            if read > 0 {
                *decoded += read as u64;
                return Ok(read);
            }
            let Self::Inside { decoder, decoded, tiny } = std::mem::replace(self, Self::Between(PhantomData)) else {
                return Ok(0);
            };
            let tiny = tiny + u32::from(decoded < TINY);
            let mut window = decoder.into_window();
            if tiny > D::MAX_TINY {
                let text = format!("it has more than {} nearly empty members (dive's limit)", D::MAX_TINY);
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            *self = if D::begins(window.peek(3)?) {
                Self::Inside { decoder: D::start(window), decoded: 0, tiny }
            } else {
                let garbage_at = window.skip_to_nonzero()?;
                Self::Ended { consumed: window.consumed, garbage_at }
            };
        }
    }
}
