//! What every fuzz target does with its bytes. `tools/reader/tests/fuzz.rs` includes the same files and replays the corpora.

pub mod client;
pub mod decode;
pub mod input;
pub mod meter;
pub mod records;
pub mod responder;
pub mod text;
