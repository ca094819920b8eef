//! Stored records, factory jumper, service switch: the hardware behind what is kept and what a session may do.
//!
//! FRAM is write-protected: information FRAM by DFWP, the store at the beginning of main FRAM by FRWPOA = 0 (SLAU445
//! 1.16.1.1; a protected write is dropped silently). The guard here opens both for one word at a time with interrupts
//! disabled, about 30 cycles, so that nothing else ever runs while they are open and the sample interrupt waits for no
//! longer than one word. Code and constants stay locked (PFWP) all the time.

use super::board::{FACTORY_JUMPER, SWITCH_BUTTON};
use super::{metering, power};
use c12::calibration::{CHANNEL_SIZE, offset};
use core::arch::asm;
use core::mem::offset_of;
use meter430::list::{self, List};
use meter430::store::{self, Board, CONTENT, Kept, PAGE, Place, kept, kept::WORDS};
use metrology::Calibration;
use metrology::calibration;
use metrology::energy::Register;

/// SYSCFG0: write protection of FRAM. The password goes with every write.
const SYSCFG0: *mut u16 = 0x0160 as *mut u16;
/// Password; PFWP and DFWP: both FRAMs are protected, as after reset.
const LOCKED: u16 = 0xA500 | (1 << 1) | (1 << 0);
/// Password; PFWP with FRWPOA: but for the first 8 KB of main FRAM, the store; no DFWP.
const OPEN: u16 = 0xA500 | (8 << 2) | (1 << 0);
/// P3IN.
const PORT_3_INPUT: *const u8 = 0x0220 as *const u8;
/// P4IN.
const PORT_4_INPUT: *const u8 = 0x0221 as *const u8;
/// P5OUT: nothing but the service switch's coils, at pins 0 and 1 as [`Board::drive_coils`] has them.
const PORT_5_OUTPUT: *mut u8 = 0x0242 as *mut u8;

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

    fn is_button_pressed(&self) -> bool {
        // SAFETY: as above.
        let levels = unsafe { PORT_4_INPUT.read_volatile() };
        levels & SWITCH_BUTTON == 0
    }

    fn drive_coils(&mut self, coils: u16) {
        // SAFETY: nobody else writes this port; its other pins are not connected.
        unsafe { PORT_5_OUTPUT.write_volatile(coils as u8) };
    }

    fn reset_voltage_events(&mut self) {
        metering::reset_voltage_events();
    }

    fn restart(&mut self) {
        power::restart();
    }

    fn page(&self, place: Place) -> &[u8; PAGE] {
        // SAFETY: a page of FRAM, which holds some value in every byte; writing needs `&mut self`.
        unsafe { &*(place.address() as *const [u8; PAGE]) }
    }

    fn load(&self, place: Place, constants: &mut Calibration) {
        // Decoding costs 300 bytes of code that the image does not have; the assertions below say why reading is the same.
        const _: () = assert!(size_of::<Calibration>() == 4 * calibration::WORDS);
        const _: () = assert!(4 * calibration::RECORD == CHANNEL_SIZE);
        const RECORDS: usize = 4 * calibration::LAWS;
        const LAWS_AND_STARTING: usize = 4 * calibration::WORDS - RECORDS;
        let to = (&raw mut *constants).cast::<u8>();
        // SAFETY: inside a page and even; every bit pattern is a value; this CPU's byte order is the table's.
        unsafe {
            let from = self.page(place).as_ptr();
            from.add(offset::CHANNELS)
                .copy_to_nonoverlapping(to, RECORDS);
            // By words: byte by byte it would be twice as long.
            from.add(offset::TEMPERATURE)
                .cast::<u16>()
                .copy_to_nonoverlapping(to.add(RECORDS).cast(), LAWS_AND_STARTING / 2);
        }
    }

    fn recall(&self, place: Place, kept: &mut Kept) {
        // As above: what is kept lies in memory as it is stored.
        const _: () = assert!(size_of::<Kept>() == 2 * WORDS);
        const _: () = assert!(offset_of!(Kept, energy) == 0);
        const _: () = assert!(offset_of!(Kept, power_ups) == 2 * 42);
        const _: () = assert!(offset_of!(Kept, copies_lost) == 2 * 43);
        const _: () = assert!(offset_of!(Kept, events) == 2 * 44);
        const _: () = assert!(offset_of!(Kept, clock) == 2 * 45);
        const _: () = assert!(offset_of!(Kept, switch) == 2 * 49 - 1);
        const _: () = assert!(offset_of!(Kept, demand.start) == 2 * 49);
        const _: () = assert!(offset_of!(Kept, demand.resets) == 2 * kept::DEMAND as usize);
        const _: () = assert!(offset_of!(Kept, demand.time) == 2 * kept::DEMAND as usize + 1);
        const _: () = assert!(offset_of!(Kept, demand.max_w) == 2 * 53);
        const _: () = assert!(offset_of!(Kept, failures) == 2 * 55);
        const _: () = assert!(offset_of!(Kept, wait_s) == 2 * 56);
        const _: () = assert!(offset_of!(Kept, lists) == 2 * kept::LISTS as usize);
        const _: () = assert!(size_of::<List>() == 2 * list::WORDS);
        const _: () = assert!(offset_of!(List, element) == 2);
        const _: () = assert!(offset_of!(List, number) == 4);
        const _: () = assert!(offset_of!(List, unread) == 6);
        const _: () = assert!(offset_of!(Kept, profile.intervals) == 2 * kept::PROFILE as usize);
        const _: () = assert!(offset_of!(Kept, profile.status) == 2 * (kept::PROFILE as usize + 2));
        const _: () =
            assert!(offset_of!(Kept, profile.start_wh) == 2 * (kept::PROFILE as usize + 3));
        const _: () = assert!(offset_of!(Kept, calendar) == 2 * kept::CALENDAR as usize);
        const _: () = assert!(offset_of!(Kept, earlier) == 2 * (kept::CALENDAR as usize + 1));
        const _: () = assert!(offset_of!(Kept, interval.sub_min) == 2 * kept::INTERVAL as usize);
        const _: () = assert!(offset_of!(Kept, interval.times) == 2 * WORDS - 1);
        const _: () = assert!(size_of::<Register>() == 12);
        const _: () = assert!(offset_of!(Register, remainder) == 0);
        const _: () = assert!(offset_of!(Register, pulses) == 8);
        // SAFETY: inside a page and even; every bit pattern is a value of each field.
        unsafe {
            let content = self.page(place).as_ptr().add(CONTENT as usize);
            content.cast::<Kept>().copy_to_nonoverlapping(kept, 1);
        }
    }

    fn keep(&mut self, from: Place, kept: &Kept) -> Place {
        let kept: *const Kept = kept;
        // SAFETY: no padding, by the assertions above, and all of it is words.
        store::save_all(self, from, unsafe { &*kept.cast::<[u16; WORDS]>() })
    }

    fn word(&self, place: Place, at: u16) -> u16 {
        // SAFETY: inside a page and even.
        unsafe { word_at(place, at).read() }
    }

    #[inline(never)]
    fn write_byte(&mut self, place: Place, at: u16, value: u16) {
        // SAFETY: as below.
        unsafe {
            let status: u16;
            asm!("mov r2, {0}", "dint", "nop", out(reg) status, options(nostack));
            SYSCFG0.write_volatile(OPEN);
            let byte = (place.address() + (at & 0xFF)) as *mut u8;
            byte.write_volatile(value as u8);
            SYSCFG0.write_volatile(LOCKED);
            asm!("nop", "mov {0}, r2", "nop", in(reg) status, options(nostack));
        }
    }

    #[inline(never)]
    fn write_word(&mut self, place: Place, at: u16, value: u16) {
        // SAFETY: the address is inside a page, which `&mut self` owns; interrupts are as before afterwards; nobody else
        // writes SYSCFG0.
        unsafe {
            let status: u16;
            asm!("mov r2, {0}", "dint", "nop", out(reg) status, options(nostack));
            SYSCFG0.write_volatile(OPEN);
            word_at(place, at).write_volatile(value);
            SYSCFG0.write_volatile(LOCKED);
            asm!("nop", "mov {0}, r2", "nop", in(reg) status, options(nostack));
        }
    }
}

/// The word at an even byte of a page; whatever the argument, it is one.
#[inline(always)]
fn word_at(place: Place, at: u16) -> *mut u16 {
    (place.address() + (at & 0xFE)) as *mut u16
}
