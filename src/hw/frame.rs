//! Reading one streaming frame from the converter: the innermost piece of the sample path.
//!
//! Sends NULL with its CRC and takes status, three 24-bit samples and the CRC. One transmit byte is always queued ahead,
//! so the SPI never pauses and the frame takes its 15 × 8 bits × 3 cycles = 360 cycles plus start and end; storing,
//! sign extension and the CRC module's feeding happen while the next byte is on the line.
//!
//! It runs in RAM: from FRAM the wait states make it miss the line's pace, 570 cycles a sample instead of 490.
//! In assembly because the order of the accesses is the point, and a compiler promises neither order nor pace.

use core::arch::asm;
use meter430::ads131m03::NULL_CRC;
use metrology::block::LANE;

/// Distance between the same slot of two channels of a block, bytes.
const LANE_BYTES: usize = LANE * size_of::<i32>();

/// One polled byte: waits for it, queues the byte after the next, takes it into a register and feeds the CRC module.
macro_rules! byte {
    ($next:literal => $register:literal) => {
        concat!(
            "2: bit #1, &{IFG}\n jeq 2b\n mov.b ",
            $next,
            ", &{TXBUF}\n mov.b &{RXBUF}, ",
            $register,
            "\n mov.b ",
            $register,
            ", &{CRCDIRB}\n"
        )
    };
}

/// The last two bytes have nothing queued behind them and are not part of the CRC.
macro_rules! last_byte {
    ($register:literal) => {
        concat!(
            "2: bit #1, &{IFG}\n jeq 2b\n mov.b &{RXBUF}, ",
            $register,
            "\n"
        )
    };
}

/// A 24-bit sample into the long word at `offset` of the slot: high byte sign-extended, then the two lower ones.
macro_rules! sample {
    ($low:literal, $high:literal) => {
        concat!(
            byte!("#0" => "{a}"), "sxt {a}\n mov {a}, ", $high, "({slot})\n",
            byte!("#0" => "{b}"), "swpb {b}\n",
            byte!("#0" => "{a}"), "bis {a}, {b}\n mov {b}, ", $low, "({slot})\n",
        )
    };
}

/// Result of one frame.
pub struct Frame {
    /// STATUS word as received.
    pub status: u16,
    /// Received CRC xor calculated CRC: 0 when the frame is intact.
    pub crc_difference: u16,
}

/// Reads one frame; the samples go to `slot`, the voltage's, and one and two lanes behind it.
///
/// # Safety
/// `slot` points at an element of the first of a block's three consecutive lanes; SPI and pins are set up; not re-entrant.
#[inline(never)]
#[unsafe(link_section = ".hot")]
pub unsafe fn read(slot: *mut i32) -> Frame {
    let status: u16;
    let crc_difference: u16;
    // SAFETY: writes the three long words promised by the caller and the registers of the SPI and CRC modules, which
    // the sample path alone uses while streaming.
    unsafe {
        asm!(
            "bic.b #0x10, &{P4OUT}",
            "mov #-1, &{CRCINIRES}",
            "mov.b #0, &{TXBUF}",
            // The first byte leaves for the shift register; then there is room for the second.
            "2: bit #2, &{IFG}",
            "jeq 2b",
            "mov.b #0, &{TXBUF}",
            concat!(
                byte!("#0" => "{status}"),
                "swpb {status}\n",
                byte!("#{CHECK_HIGH}" => "{a}"),
                "bis {a}, {status}\n",
                byte!("#{CHECK_LOW}" => "{a}"),
                sample!("0", "2"),
                sample!("{LINE}", "{LINE} + 2"),
                sample!("{NEUTRAL}", "{NEUTRAL} + 2"),
                // CRC word: high, low, padding. Two bytes are still queued from above.
                "mov &{CRCINIRES}, {b}\n",
                "2: bit #1, &{IFG}\n jeq 2b\n mov.b #0, &{TXBUF}\n mov.b &{RXBUF}, {a}\n",
                "swpb {a}\n xor {a}, {b}\n",
                last_byte!("{a}"),
                "xor {a}, {b}\n",
                last_byte!("{a}"),
            ),
            "bis.b #0x10, &{P4OUT}",
            slot = in(reg) slot,
            status = out(reg) status,
            a = out(reg) _,
            b = out(reg) crc_difference,
            P4OUT = const 0x0223,
            IFG = const 0x05EC,
            TXBUF = const 0x05CE,
            RXBUF = const 0x05CC,
            CRCDIRB = const 0x01C2,
            CRCINIRES = const 0x01C4,
            CHECK_HIGH = const NULL_CRC >> 8,
            CHECK_LOW = const NULL_CRC & 0xFF,
            LINE = const LANE_BYTES,
            NEUTRAL = const 2 * LANE_BYTES,
            options(nostack),
        );
    }
    Frame {
        status,
        crc_difference,
    }
}
