//! A board of memory alone, for tests and tools.

use super::{Board, PAGE, Place};
use crate::profile::BLOCKS;

/// A board of memory alone: the pages of all records.
#[derive(Clone, Debug)]
pub struct MemoryBoard {
    /// The jumper.
    pub jumper: bool,
    /// The button of the service switch.
    pub button: bool,
    /// Which of the service switch's coils are driven.
    pub coils: u16,
    /// Times that the voltage's events were reset.
    pub voltage_resets: u16,
    /// The calibration's copies.
    pub information: [[u8; PAGE]; 2],
    /// The registers' copies.
    pub registers: [[u8; PAGE]; 2],
    /// The settings' copies.
    pub settings: [[u8; PAGE]; 2],
    /// The event log.
    pub events: [[u8; PAGE]; 2],
    /// The load profile's blocks.
    pub profile: [[u8; PAGE]; BLOCKS as usize],
    /// Writes that still arrive; the supply fails after them.
    pub writes_left: u32,
    /// How often the meter was restarted.
    pub restarts: u32,
}

impl MemoryBoard {
    /// Never written, no jumper, a lasting supply.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            jumper: false,
            button: false,
            coils: 0,
            voltage_resets: 0,
            information: [[0xFF; PAGE]; 2],
            registers: [[0xFF; PAGE]; 2],
            settings: [[0xFF; PAGE]; 2],
            events: [[0xFF; PAGE]; 2],
            profile: [[0xFF; PAGE]; BLOCKS as usize],
            writes_left: u32::MAX,
            restarts: 0,
        }
    }

    /// The page, to be changed whatever the supply.
    pub fn page_mut(&mut self, place: Place) -> &mut [u8; PAGE] {
        let number = usize::from(place.address() >> 8);
        let pages = match number & !1 {
            0x80 => &mut self.registers,
            0x82 => &mut self.settings,
            0x84 => &mut self.events,
            0x86..=0x9F => return &mut self.profile[number - 0x86],
            _ => &mut self.information,
        };
        &mut pages[number & 1]
    }
}

impl Default for MemoryBoard {
    fn default() -> Self {
        Self::new()
    }
}

impl Board for MemoryBoard {
    fn is_jumper_set(&self) -> bool {
        self.jumper
    }

    fn is_button_pressed(&self) -> bool {
        self.button
    }

    fn drive_coils(&mut self, coils: u16) {
        if self.writes_left != 0 {
            self.coils = coils;
        }
    }

    fn reset_voltage_events(&mut self) {
        self.voltage_resets += 1;
    }

    fn restart(&mut self) {
        self.restarts += 1;
    }

    fn page(&self, place: Place) -> &[u8; PAGE] {
        let number = usize::from(place.address() >> 8);
        let pages = match number & !1 {
            0x80 => &self.registers,
            0x82 => &self.settings,
            0x84 => &self.events,
            0x86..=0x9F => return &self.profile[number - 0x86],
            _ => &self.information,
        };
        &pages[number & 1]
    }

    fn write_byte(&mut self, place: Place, at: u16, value: u16) {
        if self.writes_left != 0 {
            self.writes_left -= 1;
            self.page_mut(place)[usize::from(at) % PAGE] = (value & 0xFF) as u8;
        }
    }

    fn write_word(&mut self, place: Place, at: u16, value: u16) {
        if self.writes_left != 0 {
            self.writes_left -= 1;
            let at = usize::from(at);
            self.page_mut(place)[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
    }
}
