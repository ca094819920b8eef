//! A virtual meter: the MSP430FR2355, its board and the mains, running the real firmware image.

pub mod chip;
pub mod converter;
pub mod cpu;
pub mod elf;
pub mod gdb;
pub mod instruments;
pub mod machine;
pub mod time;
