//! Indexes, layers and archives beyond what current engines write: from builders, registries and users. A failure means
//! that an image is hidden, mistaken for another, or refused.

mod beside;
mod builders;
mod choices;
mod documents;
mod folders;
mod indexes;
mod layers;
mod links;
mod nested;
mod root_file_systems;
mod schema1;
mod shapes;
mod skopeo;
