//! State in, cells out: nothing here changes anything.
