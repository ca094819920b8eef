//! Experiments on the real image in the virtual meter: apply mains and load, run, read the port, compare with the truth.
//!
//! Each test in `tests/` reads like an experiment. They need the image (`METER430_ELF`, by default
//! `target/meter430.elf`), so they are ignored by a plain `cargo test` and run by `cargo xtask test`.

pub mod factory;
pub mod line;
pub mod meter;
pub mod stored;
pub mod turn_around;
pub mod waveforms;
