//! The MSP430 CPU: the full classic instruction set with the CPUX cycle table, and nothing of the chip around it.

mod bus;

pub use bus::Bus;
