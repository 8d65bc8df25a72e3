//! Random images, and the model of their tree.

#[path = "../../../tests/suite/model/against.rs"]
pub(crate) mod against;
#[path = "../../../tests/suite/model/naive.rs"]
mod naive;
#[path = "../../../tests/suite/model/random.rs"]
pub(crate) mod random;
