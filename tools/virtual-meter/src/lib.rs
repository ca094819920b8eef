//! A virtual meter: the MSP430FR2355, its board and the mains, running the real firmware image.

pub mod bench;
pub mod board;
pub mod chip;
pub mod converter;
pub mod cpu;
pub mod elf;
pub mod front_end;
pub mod gdb;
pub mod input_error;
pub mod instruments;
pub mod machine;
pub mod mains;
pub mod meter;
pub mod nvm;
pub mod ports;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod scene;
pub mod time;
pub mod truth;
mod unwritten;
