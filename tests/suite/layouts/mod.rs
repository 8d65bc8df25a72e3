//! Indexes, layers and shapes of archives beyond what the engines of today write: what builders, registries and users make
//! of them. If one of these fails, an image is hidden, taken for another, or refused though it is there.

mod beside;
mod builders;
mod choices;
mod folders;
mod indexes;
mod layers;
mod links;
mod root_file_systems;
mod schema1;
mod shapes;
mod skopeo;
