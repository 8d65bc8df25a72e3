//! State in, cells out: nothing here changes anything.

pub(crate) mod text;
pub(crate) mod theme;
