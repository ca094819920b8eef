//! A board of memory alone, for tests and tools.

use super::{Board, PAGE, Place};

/// A board of memory alone: the pages of all records.
#[derive(Clone, Debug)]
pub struct MemoryBoard {
    /// The jumper.
    pub jumper: bool,
    /// The calibration's copies.
    pub information: [[u8; PAGE]; 2],
    /// The registers' copies.
    pub registers: [[u8; PAGE]; 2],
    /// The settings' copies.
    pub settings: [[u8; PAGE]; 2],
    /// The event log.
    pub events: [[u8; PAGE]; 2],
    /// Writes that still arrive; the supply fails after them.
    pub writes_left: u32,
}

impl MemoryBoard {
    /// Never written, no jumper, a lasting supply.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            jumper: false,
            information: [[0xFF; PAGE]; 2],
            registers: [[0xFF; PAGE]; 2],
            settings: [[0xFF; PAGE]; 2],
            events: [[0xFF; PAGE]; 2],
            writes_left: u32::MAX,
        }
    }

    /// The page, to be changed whatever the supply.
    pub fn page_mut(&mut self, place: Place) -> &mut [u8; PAGE] {
        let pages = match place.address() & !0x1FF {
            0x8000 => &mut self.registers,
            0x8200 => &mut self.settings,
            0x8400 => &mut self.events,
            _ => &mut self.information,
        };
        &mut pages[usize::from(place.address() >> 8 & 1)]
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

    fn page(&self, place: Place) -> &[u8; PAGE] {
        let pages = match place.address() & !0x1FF {
            0x8000 => &self.registers,
            0x8200 => &self.settings,
            0x8400 => &self.events,
            _ => &self.information,
        };
        &pages[usize::from(place.address() >> 8 & 1)]
    }

    fn write_word(&mut self, place: Place, at: u16, value: u16) {
        if self.writes_left != 0 {
            self.writes_left -= 1;
            let at = usize::from(at);
            self.page_mut(place)[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
    }
}
