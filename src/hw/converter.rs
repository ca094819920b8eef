//! Bringing the ADS131M03 up: reset, identity, configuration with read-back, start of the stream.
//!
//! Data sheet SBAS889A section 8.5; the words themselves are in `meter430::ads131m03`. Streaming is `sampler`'s work.

use super::board::{CLOCK_HZ, CONVERTER_SYNC_RESET};
use super::{clock, spi};
use meter430::ads131m03::{
    self, CONFIGURATION, FRAME_BYTES, ID_M03, RESET_DONE, STATUS_REGISTER_MAP, command, register,
};
use msp430fr2355::Peripherals;

/// Why the converter could not be brought up. Recorded in the diagnostics table.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Failure {
    /// It did not report a finished reset: not connected, no clock, or the line is disturbed.
    Reset = 1,
    /// It is not an ADS131M03.
    Identity = 2,
    /// A register did not read back as written.
    ReadBack = 3,
    /// A response frame failed its CRC.
    Crc = 4,
}

/// Cycles/4 in a microsecond, rounded up.
const MICROSECOND_X4: u16 = (CLOCK_HZ / 4_000_000 + 1) as u16;
/// SYNC/RESET low for 2 048 converter clocks (250 µs) resets; 400 µs leaves a margin for a slow crystal.
const RESET_LOW: u16 = 400 * MICROSECOND_X4;
/// From reset to the first SPI access: 5 µs for the registers, but conversions (and DRDY) take 0.5 ms.
const RESET_RECOVERY: u16 = 1000 * MICROSECOND_X4;
/// SYNC/RESET low for less than 2 047 converter clocks restarts the filters only.
const SYNC_LOW: u16 = 10 * MICROSECOND_X4;

/// Resets and configures the converter, and verifies every register. Takes 2 ms.
///
/// # Errors
/// The first step that failed. The converter may then be in any state; call again.
pub fn bring_up(p: &Peripherals) -> Result<(), Failure> {
    pulse_sync_reset(p, RESET_LOW);
    clock::delay_cycles_x4(RESET_RECOVERY);

    let mut frame = [0; FRAME_BYTES];
    if transact(p, command::NULL, &mut frame)? != RESET_DONE {
        return Err(Failure::Reset);
    }
    if read(p, register::ID, &mut frame)? & 0xFF00 != ID_M03 {
        return Err(Failure::Identity);
    }
    for (register, value) in CONFIGURATION {
        ads131m03::write_frame(register, value, &mut frame);
        spi::exchange(p, &mut frame);
        if read(p, register, &mut frame)? != value {
            return Err(Failure::ReadBack);
        }
    }
    // Writing the registers has itself upset their CRC: reading STATUS once acknowledges that.
    if read(p, register::STATUS, &mut frame)? & STATUS_REGISTER_MAP != 0
        && read(p, register::STATUS, &mut frame)? & STATUS_REGISTER_MAP != 0
    {
        return Err(Failure::ReadBack);
    }
    // Restart the filters: empties the converter's two-deep buffer, so that from now on one frame a DRDY is enough.
    pulse_sync_reset(p, SYNC_LOW);
    Ok(())
}

/// Pulls SYNC/RESET low for four times `low` cycles.
fn pulse_sync_reset(p: &Peripherals, low: u16) {
    // SAFETY: the pin is an output of ours.
    unsafe {
        p.p3.p3out()
            .modify(|r, w| w.bits(r.bits() & !CONVERTER_SYNC_RESET));
        clock::delay_cycles_x4(low);
        p.p3.p3out()
            .modify(|r, w| w.bits(r.bits() | CONVERTER_SYNC_RESET));
    }
}

/// Sends a command and returns the response that came *with* it, which belongs to the command before.
fn transact(p: &Peripherals, word: u16, frame: &mut [u8; FRAME_BYTES]) -> Result<u16, Failure> {
    ads131m03::command_frame(word, frame);
    spi::exchange(p, frame);
    if !ads131m03::is_intact(frame) {
        return Err(Failure::Crc);
    }
    Ok(ads131m03::response(frame))
}

/// Reads one register.
fn read(p: &Peripherals, register: u16, frame: &mut [u8; FRAME_BYTES]) -> Result<u16, Failure> {
    transact(p, command::read(register), frame)?;
    transact(p, command::NULL, frame)
}
