//! One frame to and from the converter: the innermost piece of the sample path.
//!
//! A frame is five words of 24 bits: command and its check, or two words with a check, one way; status, three samples and the
//! check of all that the other. One transmit byte is always queued ahead, so the SPI never pauses and the frame takes its
//! 15 × 8 bits × 3 cycles = 360 cycles plus start and end; storing, sign extension and the CRC module's feeding happen while the
//! next byte is on the line: 64 cycles a word, of which the line takes 72.
//!
//! It runs in RAM: from FRAM the wait states make it miss the line's pace. In assembly because the order of the accesses is the
//! point, and a compiler promises neither order nor pace.

use core::arch::asm;
use meter430::ads131m03::{Answer, Exchange};
use metrology::block::LANE;

/// Distance between the same slot of two channels of a block, bytes.
const LANE_BYTES: usize = LANE * size_of::<i32>();

/// Waits for a byte, queues the one after the next, takes it into {byte} and feeds the CRC module.
macro_rules! byte {
    ($queue:expr) => {
        concat!(
            "2: bit #1, &{IFG}\n jeq 2b\n",
            $queue,
            "mov.b &{RXBUF}, {byte}\n mov.b {byte}, &{CRCDIRB}\n"
        )
    };
}

/// Queues the next byte to be sent: MOV.B @R12+, &TXBUF, which LLVM's assembler lacks.
macro_rules! queue_next {
    () => {
        ".word 0x4CF2, {TXBUF}\n"
    };
}

/// Exchanges one frame; the samples go to `slot`, the voltage's, and one and two lanes behind it.
///
/// # Safety
/// `slot` points at an element of the first of a block's three consecutive lanes; SPI and pins are set up; not re-entrant;
/// interrupts are disabled: they would come between a byte and the one behind it.
#[inline(never)]
#[unsafe(link_section = ".hot")]
pub unsafe fn exchange(frame: &Exchange, slot: *mut i32) -> Answer {
    let status: u16;
    let crc_difference: u16;
    // SAFETY: reads the frame, writes the three long words promised by the caller and the registers of the SPI and CRC
    // modules, which the sample path alone uses.
    unsafe {
        asm!(
            "bic.b #0x10, &{P4OUT}",
            queue_next!(),
            "mov #-1, &{CRCINIRES}",
            // The first byte leaves for the shift register; then there is room for the second.
            "2: bit #2, &{IFG}",
            "jeq 2b",
            queue_next!(),
            // Words become long words, the status one on the stack.
            "sub #4, r1",
            "mov r1, {place}",
            "mov #5, {words}",
            "3:",
            // The third byte of each word sent is 0.
            byte!("mov.b #0, &{TXBUF}\n"),
            "dec {words}",
            "jeq 4f",
            "sxt {byte}",
            "mov {byte}, 2({place})",
            byte!(queue_next!()),
            "mov.b {byte}, 1({place})",
            byte!(queue_next!()),
            "mov.b {byte}, 0({place})",
            "mov r13, {place}",
            "add #{LANE_BYTES}, r13",
            "jmp 3b",
            // The check, which leaves 0 in the CRC module; behind its second byte nothing more is queued.
            "4:",
            byte!(""),
            "mov &{CRCINIRES}, r13",
            "pop r12",
            "pop {place}",
            "mov.b {place}, {place}",
            "bis {place}, r12",
            "swpb r12",
            "2: bit #1, &{IFG}",
            "jeq 2b",
            "mov.b &{RXBUF}, {byte}",
            "bis.b #0x10, &{P4OUT}",
            inout("r12") frame => status,
            inout("r13") slot => crc_difference,
            words = out(reg) _,
            place = out(reg) _,
            byte = out(reg) _,
            P4OUT = const 0x0223,
            IFG = const 0x05EC,
            TXBUF = const 0x05CE,
            RXBUF = const 0x05CC,
            CRCDIRB = const 0x01C2,
            CRCINIRES = const 0x01C4,
            LANE_BYTES = const LANE_BYTES,
        );
    }
    Answer {
        status,
        crc_difference,
    }
}
