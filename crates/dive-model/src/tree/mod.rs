//! All layers merged once into one tree: an arena of nodes (a name under a parent), each with a list of spans ("this tar
//! entry is what the path is from this layer up to that one"). What a layer shows, what changed between any two states,
//! what is wasted: all of it is a question about spans, and no layer is ever stacked twice.

mod arena;
mod build;
mod comparison;
mod contents;
mod diff;
pub mod history;
mod index;
mod load;
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
pub use history::{Deed, Event, Facts};
pub use load::{LoadError, Loaded, load};
pub use node::NodeId;
pub use order::{Listing, PathOrder, WalkOrder};
pub use resolve::Unresolved;
pub use span::{Cause, Marker, Span, SpanId, SpanKind};
