//! Ids of overlays that wait for reports of workers.

/// The id of an overlay, unique while the program runs. Jobs and their reports carry it.
pub type OverlayId = u64;
