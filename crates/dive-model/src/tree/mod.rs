//! Merges all layers of an image into one tree.
//!
//! The tree is an arena of nodes (a name under a parent). Each node has a list of spans ("this tar entry is the path's
//! content from layer A up to layer B"). File systems of layers, differences between any two layers and reclaimable
//! space are all queries on spans, so layers are merged only once.

mod arena;
mod build;
mod comparison;
mod content_hashes;
mod contents;
mod diff;
mod entries_digest;
pub mod history;
mod index;
mod inspect;
mod inspected;
mod load;
mod nesting;
mod node;
mod order;
pub mod resolve;
mod size;
mod span;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod walk;

pub use arena::Tree;
pub use build::{BuildError, Builder};
pub use comparison::{Comparison, Scope, Transient};
pub use diff::{Change, ChangeCounts};
pub use entries_digest::EntriesDigest;
pub use history::{Facts, HistoryEvent, LayerAction};
pub use load::{LoadError, Loaded, load};
pub(crate) use nesting::Nesting;
pub use node::NodeId;
pub use order::{Listing, PathOrder, WalkOrder};
pub(crate) use resolve::LinkWalker;
pub use resolve::Unresolved;
pub use span::{Cause, Marker, Span, SpanId, SpanKind};
