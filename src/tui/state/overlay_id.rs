//! How the screen tells one job of its threads from another.

/// The number of a job, unique while the program runs.
pub type OverlayId = u64;
