//! Information FRAM and the factory jumper: the hardware behind the stored calibration.
//!
//! Information FRAM is write-protected by DFWP (SLAU445 1.16.1.1; a protected write is dropped silently). The guard
//! here opens it for one word at a time with interrupts disabled, about 30 cycles, so that nothing else ever runs while
//! it is open and the sample interrupt waits for no longer than one word.

use super::board::FACTORY_JUMPER;
use c12::calibration::{CHANNEL_SIZE, offset};
use core::arch::asm;
use meter430::calibration_store::{Board, INFORMATION_SIZE};
use metrology::Calibration;
use metrology::calibration::{RECORD, STARTING_POWERS, WORDS};

/// SYSCFG0: write protection of FRAM. The password goes with every write.
const SYSCFG0: *mut u16 = 0x0160 as *mut u16;
const PASSWORD: u16 = 0xA500;
/// DFWP: information FRAM is protected.
const INFORMATION_PROTECTED: u16 = 1 << 1;
/// P3IN.
const PORT_3_INPUT: *const u8 = 0x0220 as *const u8;

/// Information FRAM. By address: a section of its own there makes the linker load the file's headers below it.
const INFORMATION: *mut u16 = 0x1800 as *mut u16;

/// The board; there is one, in the main loop.
pub struct Hardware(());

impl Hardware {
    /// The board.
    ///
    /// # Safety
    /// Call once: what this owns has no other owner.
    pub const unsafe fn take() -> Self {
        Self(())
    }
}

impl Board for Hardware {
    fn is_jumper_set(&self) -> bool {
        // SAFETY: reading a port has no effect.
        let levels = unsafe { PORT_3_INPUT.read_volatile() };
        levels & FACTORY_JUMPER == 0
    }

    fn information(&self) -> &[u8; INFORMATION_SIZE] {
        // SAFETY: FRAM holds some value in every byte; writing needs `&mut self`.
        unsafe { &*INFORMATION.cast() }
    }

    fn load(&self, copy: u16, calibration: &mut Calibration) {
        // Decoding costs 300 bytes of code that the image does not have; the assertions below say why reading is the same.
        const _: () = assert!(size_of::<Calibration>() == 4 * WORDS);
        const _: () = assert!(4 * RECORD == CHANNEL_SIZE);
        const RECORDS: usize = 4 * STARTING_POWERS;
        let copy = (copy as usize).min(INFORMATION_SIZE / 2);
        let to = (&raw mut *calibration).cast::<u8>();
        // SAFETY: inside information FRAM and even; every bit pattern is a value; this CPU's byte order is the table's.
        unsafe {
            let from = INFORMATION.cast::<u8>().add(copy);
            from.add(offset::CHANNELS)
                .copy_to_nonoverlapping(to, RECORDS);
            from.add(offset::STARTING_ACTIVE)
                .copy_to_nonoverlapping(to.add(RECORDS), 4 * WORDS - RECORDS);
        }
    }

    fn word(&self, at: u16) -> u16 {
        // SAFETY: inside information FRAM and even.
        unsafe { word_at(at).read() }
    }

    #[inline(never)]
    fn write_word(&mut self, at: u16, value: u16) {
        // SAFETY: the address is inside information FRAM, which `&mut self` owns; interrupts are as before afterwards; the
        // low byte of SYSCFG0 is written back as it was.
        unsafe {
            let status: u16;
            asm!("mov r2, {0}", "dint", "nop", out(reg) status, options(nostack));
            let locked = SYSCFG0.read_volatile() & 0xFF | PASSWORD;
            SYSCFG0.write_volatile(locked & !INFORMATION_PROTECTED);
            word_at(at).write_volatile(value);
            SYSCFG0.write_volatile(locked);
            asm!("nop", "mov {0}, r2", "nop", in(reg) status, options(nostack));
        }
    }
}

/// The word at an even byte of information FRAM; whatever the argument, it is one.
fn word_at(at: u16) -> *mut u16 {
    INFORMATION.wrapping_add(at as usize % INFORMATION_SIZE / 2)
}
