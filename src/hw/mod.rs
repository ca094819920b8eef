//! The hardware edge: the only place with registers, volatile access and `unsafe`.
//!
//! | file | what |
//! |---|---|
//! | `board` | pins: the schematic |
//! | `clock`, `watchdog`, `time` | crystal and FLL; the watchdog; milliseconds |
//! | `spi`, `converter` | the converter's bring-up |
//! | `frame`, `sampler` | the sample path |
//! | `identity`, `power` | serial number; sleeping, and the supply's early warning |
//! | `temperature` | the chip's own thermometer |
//! | `fram` | stored records behind the guard of FRAM; the factory jumper |
//! | `kernel`, `metering` | the arithmetic's inner loops; the block interrupt |
//! | `pulses` | Wh and varh outputs |
//! | `port`, `console` | the two UARTs |
//! | `interrupts` | all handlers |
//! | `rt`, `mspabi`, `memory` | start-up; the arithmetic and memory routines that the compiler calls |
//! | `shared` | how interrupts and the main loop share state |

pub mod board;
pub mod clock;
pub mod console;
pub mod converter;
pub mod fram;
mod frame;
pub mod identity;
mod interrupts;
pub mod kernel;
mod memory;
pub mod metering;
mod mspabi;
pub mod port;
pub mod power;
pub mod pulses;
mod rt;
pub mod sampler;
mod shared;
pub mod spi;
pub mod temperature;
pub mod time;
pub mod watchdog;

/// The chip's registers, for handlers and the main loop alike. (`Peripherals::steal` is the same and keeps a byte that nobody asks
/// for, at six bytes of code a call.)
///
/// # Safety
/// Registers have one owner at a time; the files here say which.
pub const unsafe fn registers() -> msp430fr2355::Peripherals {
    // SAFETY: it has no size, only types of no size.
    unsafe { core::mem::transmute(()) }
}
