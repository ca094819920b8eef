//! From an address between 0x0100 and 0x0FFF to the register of a peripheral, and what else a write sets off.

use super::Chip;
use super::backplane::{Lane, line};
use super::memory::within;
use super::port;
use super::wiring::{self, Pin};

/// First address and length of MPY32.
const MULTIPLIER: (u16, u16) = (0x04C0, 0x30);
/// First address and length of eUSCI_B1.
const CONVERTER_PORT: (u16, u16) = (0x05C0, 0x30);

impl Chip {
    /// A read by the CPU, at the exact cycle of the access.
    #[inline]
    pub(super) fn read_register(&mut self, address: u16, byte: bool) -> u16 {
        self.backplane.now = self.access_cycle();
        // The multiplier has no events and is used most: it comes first.
        if within(address, MULTIPLIER) && !byte {
            let value = self
                .multiplier
                .read(address - MULTIPLIER.0, &mut self.backplane);
            return value.unwrap_or_else(|| self.vacant("read", address));
        }
        self.catch_up();
        let even = address & !1;
        // The converter's port comes next: it is what is polled.
        if within(address, CONVERTER_PORT) {
            let value = self.spis[1].read(even - CONVERTER_PORT.0, &mut self.backplane);
            return match value {
                Some(value) if !byte => value,
                Some(value) => value >> (8 * (address & 1)) & 0xFF,
                None => self.vacant("read", address),
            };
        }
        // Port registers are bytes; a pair of them makes a word.
        if let 0x0200..=0x025F = address {
            return self.read_port(address, byte);
        }
        match self.read_even(even) {
            Some(value) if !byte => value,
            Some(value) => value >> (8 * (address & 1)) & 0xFF,
            None => self.vacant("read", address),
        }
    }

    fn read_even(&mut self, address: u16) -> Option<u16> {
        let backplane = &mut self.backplane;
        match address {
            0x0100..=0x010F => self.sfr.read(address - 0x0100),
            0x0120..=0x013F => self.pmm.read(address - 0x0120),
            0x015A => Some(self.sfr.read_user_nmi(backplane)),
            0x0140..=0x016F => self.sys.read(address - 0x0140),
            0x0180..=0x019F => self.cs.read(address - 0x0180),
            0x01A0..=0x01AF => self.fram.read(address - 0x01A0),
            0x01C0..=0x01C7 => self.crc.read(address - 0x01C0),
            0x01CC..=0x01CF => self.watchdog.read(address - 0x01CC),
            0x0300..=0x030F => self.rtc.read(address - 0x0300, backplane),
            0x0380..=0x047F => {
                let (index, offset) = timer_at(address);
                self.timers[index].read(offset, backplane)
            }
            0x04C0..=0x04EF => self.multiplier.read(address - 0x04C0, backplane),
            0x0500..=0x051F | 0x0580..=0x059F => {
                self.uarts[usize::from(address >> 7 & 1)].read(address & 0x1F, backplane)
            }
            0x0540..=0x056F => self.spis[0].read(address - 0x0540, backplane),
            0x08E0..=0x091F => {
                let value = self.comparators[usize::from(address >> 8 & 1)].read(address & 0x1F);
                self.update_comparators();
                value
            }
            0x0700..=0x071F => self.adc.read(address - 0x0700, backplane),
            _ => {
                self.refuse(address);
                Some(0)
            }
        }
    }

    /// Registers that the model has not got, by their module's name.
    fn refuse(&mut self, address: u16) {
        let (module, advice) = match address {
            0x06C0..=0x06CF => (
                "the interrupt compare controller (ICC)",
                "use the fixed priorities",
            ),
            0x0C80..=0x0CBF => (
                "the smart analogue combo (SAC)",
                "the board does not use it",
            ),
            _ => {
                self.vacant("access", address);
                return;
            }
        };
        self.backplane
            .not_modelled(format!("{module}, register {address:#06X},"), advice);
    }

    /// A write by the CPU, at the exact cycle of the access.
    #[inline]
    pub(super) fn write_register(&mut self, address: u16, value: u16, byte: bool) {
        self.backplane.now = self.access_cycle();
        if within(address, MULTIPLIER) && !byte {
            let backplane = &mut self.backplane;
            if self
                .multiplier
                .write(address - MULTIPLIER.0, value, Lane::Word, backplane)
                .is_none()
            {
                self.vacant("write", address);
            }
            return;
        }
        self.catch_up();
        if let 0x0200..=0x025F = address {
            self.write_port(address, value, byte);
            return;
        }
        let (lane, value) = match (byte, address & 1) {
            (false, _) => (Lane::Word, value),
            (true, 0) => (Lane::Low, value),
            (true, _) => (Lane::High, value << 8),
        };
        if self.write_even(address & !1, value, lane).is_none() {
            self.vacant("write", address);
        }
    }

    fn write_even(&mut self, address: u16, value: u16, lane: Lane) -> Option<()> {
        let backplane = &mut self.backplane;
        match address {
            0x0100..=0x010F => {
                self.sfr.write(address - 0x0100, value, lane, backplane)?;
                self.latch_oscillator_fault();
            }
            0x0120..=0x013F => {
                self.pmm.write(address - 0x0120, value, lane, backplane)?;
                self.apply_pin_lock();
                self.update_comparators();
            }
            0x0140..=0x016F => self.sys.write(address - 0x0140, value, lane, backplane)?,
            0x0180..=0x019F => {
                self.cs.write(address - 0x0180, value, lane, backplane)?;
                self.clocks_changed();
            }
            0x01A0..=0x01AF => self.fram.write(address - 0x01A0, value, lane, backplane)?,
            0x01C0..=0x01C7 => self.crc.write(address - 0x01C0, value, lane, backplane)?,
            0x01CC..=0x01CF => self
                .watchdog
                .write(address - 0x01CC, value, lane, backplane)?,
            0x0300..=0x030F => {
                self.rtc.write(
                    address - 0x0300,
                    value,
                    lane,
                    self.sys.rtc_from_aclk(),
                    backplane,
                )?;
            }
            0x0380..=0x047F => {
                let (index, offset) = timer_at(address);
                self.timers[index].write(offset, value, lane, backplane)?;
                self.timer_outputs(index);
            }
            0x04C0..=0x04EF => self
                .multiplier
                .write(address - 0x04C0, value, lane, backplane)?,
            0x0500..=0x051F | 0x0580..=0x059F => {
                let index = usize::from(address >> 7 & 1);
                let line = self.wiring.line(index);
                self.uarts[index].write(address & 0x1F, value, lane, line, backplane)?;
                if address & 0x1F == 0x0E {
                    self.check_uart_pin(index);
                }
            }
            0x0540..=0x056F => {
                self.spis[0].write(address - 0x0540, value, lane, backplane)?;
            }
            0x05C0..=0x05EF => {
                if self.spis[1].write(address - 0x05C0, value, lane, backplane)? {
                    self.check_spi_pins();
                }
            }
            0x08E0..=0x091F => {
                self.comparators[usize::from(address >> 8 & 1)].write(
                    address & 0x1F,
                    value,
                    lane,
                )?;
                self.update_comparators();
            }
            0x0700..=0x071F => {
                let has_sensor = self.pmm.has_sensor();
                self.adc
                    .write(address - 0x0700, value, lane, has_sensor, backplane)?;
            }
            _ => self.refuse(address),
        }
        Some(())
    }

    fn read_port(&mut self, address: u16, byte: bool) -> u16 {
        let pair = usize::from(address - 0x0200) / 0x20;
        let offset = address & 0x1F;
        let vector = match offset & !1 {
            0x0E => self.ports[2 * pair].read_vector(&mut self.backplane),
            0x1E => self.ports[2 * pair + 1].read_vector(&mut self.backplane),
            _ => {
                let one = |chip: &Self, offset: u16| {
                    let (register, odd) = port::register_at(offset)?;
                    chip.ports[2 * pair + odd].read(register).map(u16::from)
                };
                let low = one(self, offset);
                let value = if byte {
                    low
                } else {
                    low.and_then(|low| Some(low | one(self, offset | 1)? << 8))
                };
                return value.unwrap_or_else(|| self.vacant("read", address));
            }
        };
        match vector {
            Some(vector) if byte => vector >> (8 * (offset & 1)) & 0xFF,
            Some(vector) => vector,
            None => self.vacant("read", address),
        }
    }

    fn write_port(&mut self, address: u16, value: u16, byte: bool) {
        let pair = usize::from(address - 0x0200) / 0x20;
        let offset = address & 0x1F;
        let bytes = if byte {
            [Some((offset, value as u8)), None]
        } else {
            [
                Some((offset, value as u8)),
                Some((offset | 1, (value >> 8) as u8)),
            ]
        };
        for (offset, value) in bytes.into_iter().flatten() {
            let done = match offset & !1 {
                0x0E => self.ports[2 * pair].clear_flags(&mut self.backplane),
                0x1E => self.ports[2 * pair + 1].clear_flags(&mut self.backplane),
                _ => port::register_at(offset).and_then(|(register, odd)| {
                    self.ports[2 * pair + odd].write(register, value, &mut self.backplane)
                }),
            };
            if done.is_none() {
                self.vacant("write", address);
            }
        }
        self.pins_changed(2 * pair);
        self.pins_changed(2 * pair + 1);
    }

    /// A UART that sends must own its pin.
    fn check_uart_pin(&mut self, index: usize) {
        let pin = [wiring::CONSOLE_TXD, wiring::PORT_TXD][index];
        if self.uarts[index].is_sending() && !self.serves(pin, 1) {
            self.backplane.misuse(format!(
                "eUSCI_A{index} sends, but P{}.{} is not its TXD: set PxSEL to 01 and clear LOCKLPM5",
                pin.port, pin.bit
            ));
        }
    }

    /// The SPI master must own its three pins and speak as the converter does.
    fn check_spi_pins(&mut self) {
        if let Some(pin) = wiring::SPI.into_iter().find(|&pin| !self.serves(pin, 1)) {
            self.backplane.misuse(format!(
                "eUSCI_B1 sends, but P{}.{} is not one of its pins: set PxSEL to 01 and clear LOCKLPM5",
                pin.port, pin.bit
            ));
        }
        if let Some(objection) = self.wiring.objection(self.spis[1].mode(&self.backplane)) {
            self.backplane.misuse(objection);
        }
    }

    /// Is `pin` connected to the peripheral of `function`?
    pub(super) fn serves(&self, pin: Pin, function: u8) -> bool {
        self.ports[pin.port - 1].serves(pin.bit, function)
    }

    /// The CPU accepts the interrupt with this number: flags of single-source interrupts are cleared.
    pub fn accept_interrupt(&mut self, number: u32) {
        match number {
            line::WDT => self.sfr.accept_watchdog(&mut self.backplane),
            36 | 38 | 40 | 42 => {
                self.timers[(line::TIMER0_B0 - number) as usize / 2]
                    .accept_first(&mut self.backplane);
            }
            _ => {}
        }
    }
}

/// Number of the Timer_B at `address`, and the offset of the register.
fn timer_at(address: u16) -> (usize, u16) {
    let from_first = address - 0x0380;
    (usize::from(from_first >> 6), from_first & 0x3F)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::ChipOptions;
    use crate::chip::fault::FaultKind;
    use crate::chip::wiring::Wiring;
    use crate::converter::Ads131m03;
    use crate::cpu::Bus;
    use crate::machine::tests::Silence;

    /// Words that the part's header file names, by module: base, then offsets.
    const WORDS: [(u16, &[u16]); 17] = [
        (0x0100, &[0x0, 0x2, 0x4]),
        (0x0120, &[0x0, 0x2, 0x4, 0xA, 0x10]),
        (
            0x0140,
            &[
                0x0, 0x2, 0x6, 0x8, 0xA, 0xC, 0xE, 0x1A, 0x1C, 0x1E, 0x20, 0x22, 0x24, 0x26,
            ],
        ),
        (0x0180, &[0x0, 0x2, 0x4, 0x6, 0x8, 0xA, 0xC, 0xE, 0x10]),
        (0x01A0, &[0x0, 0x4, 0x6]),
        (0x01C0, &[0x0, 0x2, 0x4, 0x6, 0xC]),
        (0x0300, &[0x0, 0x4, 0x8, 0xC]),
        (
            0x0380,
            &[0x0, 0x2, 0x4, 0x6, 0x10, 0x12, 0x14, 0x16, 0x20, 0x2E],
        ),
        (
            0x03C0,
            &[0x0, 0x2, 0x4, 0x6, 0x10, 0x12, 0x14, 0x16, 0x20, 0x2E],
        ),
        (
            0x0400,
            &[0x0, 0x2, 0x4, 0x6, 0x10, 0x12, 0x14, 0x16, 0x20, 0x2E],
        ),
        (0x0440, &[0x0, 0x2, 0xE, 0x10, 0x12, 0x1E, 0x20, 0x2E]),
        (
            0x04C0,
            &[0x0, 0x8, 0xA, 0xE, 0x10, 0x1E, 0x20, 0x22, 0x24, 0x2A, 0x2C],
        ),
        (
            0x0500,
            &[
                0x0, 0x2, 0x6, 0x8, 0xA, 0xC, 0xE, 0x10, 0x12, 0x1A, 0x1C, 0x1E,
            ],
        ),
        (
            0x0580,
            &[
                0x0, 0x2, 0x6, 0x8, 0xA, 0xC, 0xE, 0x10, 0x12, 0x1A, 0x1C, 0x1E,
            ],
        ),
        (0x05C0, &[0x0, 0x2, 0x6, 0x8, 0xC, 0xE, 0x2A, 0x2C, 0x2E]),
        (0x08E0, &[0x0, 0x2, 0x6, 0x8, 0x10, 0x12]),
        (0x0900, &[0x0, 0x2, 0x6, 0x8, 0x10, 0x12]),
    ];

    fn chip() -> Chip {
        Chip::new(
            ChipOptions::default(),
            Wiring::new(Ads131m03::new(Box::new(Silence), 1)),
        )
    }

    #[test]
    fn every_register_of_a_modelled_module_answers() {
        let mut chip = chip();
        for (base, offsets) in WORDS {
            for offset in offsets {
                chip.read_word(base + offset);
                assert_eq!(chip.backplane.fault.take(), None, "{:#06x}", base + offset);
            }
        }
        for base in [0x0200, 0x0220, 0x0240] {
            for offset in [0x0, 0x2, 0x4, 0x6, 0xA, 0xC, 0x16] {
                chip.read_byte(base + offset);
                chip.read_byte(base + offset + 1);
                chip.read_word(base + offset);
            }
        }
        for address in [0x020E, 0x021E, 0x0218, 0x021B, 0x023C, 0x022E, 0x023E] {
            chip.read_word(address & !1);
        }
        assert_eq!(chip.backplane.fault.take(), None);
    }

    #[test]
    fn gaps_are_vacant_and_other_modules_are_named() {
        for address in [
            0x0106,
            0x0178,
            0x024E,
            0x0250,
            0x0386 + 2,
            0x04EE,
            0x0504,
            0x0AA0,
            0x0FFE,
        ] {
            let mut chip = chip();
            assert_eq!(chip.read_word(address) & 0xC000, 0, "{address:#06x}");
            assert!(
                matches!(chip.backplane.fault, Some(FaultKind::Vacant { .. })),
                "{address:#06x}"
            );
        }
        for address in [0x06C0, 0x0C80, 0x05D4] {
            let mut chip = chip();
            chip.read_word(address);
            assert!(
                matches!(chip.backplane.fault, Some(FaultKind::NotModelled { .. })),
                "{address:#06x}"
            );
        }
    }

    #[test]
    fn port_words_are_two_ports() {
        let mut chip = chip();
        chip.write_word(0x0202, 0x1234);
        assert_eq!(
            (chip.read_byte(0x0202), chip.read_byte(0x0203)),
            (0x34, 0x12)
        );
        chip.write_byte(0x0203, 0xAB);
        assert_eq!(chip.read_word(0x0202), 0xAB34);
    }
}
