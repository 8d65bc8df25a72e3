//! Tests against a small registry server in this process, with injected faults.

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
