//! Registries with faults, played by a small server of this process's own: what the real ones do well is tested with them.

mod attackers;
mod faults;
mod images;
mod pieces;
mod schema1;
mod server;
mod slow;
mod tables;
mod transports;
mod users;
