//! Fixed-point arithmetic of an electricity meter: converter codes in, quantities out.
#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

pub mod block;
pub mod calibration;
pub mod energy;
pub mod flags;
pub mod formula;
pub mod fundamental;
pub mod half_cycle;
pub mod harmonics;
mod history;
pub mod kernel;
pub mod meter;
pub mod oscillator;
pub mod pulse;
pub mod quantities;
pub mod starting;
mod wide;
pub mod window;
pub mod zero_cross;

pub use block::Block;
pub use calibration::Calibration;
pub use energy::{Energy, Register};
pub use flags::Flags;
pub use kernel::{Kernel, Portable};
pub use meter::{Config, Meter};
pub use quantities::Quantities;
pub use window::Window;
