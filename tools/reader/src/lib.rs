//! What `meterctl` does, as a library: connect, read, decode, print.
//!
//! [`mod@line`] is the wire, [`session`] the conversation, [`tables`] reads and [`decode`]s by the layouts that the crate
//! `c12` holds, [`procedure`] runs procedures, [`registers`] finds out what the numbers mean, [`show`] prints.

pub mod calibrate;
pub mod clock;
pub mod command;
pub mod decode;
pub mod line;
pub mod log;
pub mod name;
pub mod number;
pub mod procedure;
pub mod profile;
pub mod registers;
pub mod session;
pub mod show;
pub mod snapshot;
pub mod tables;
pub mod watch;
