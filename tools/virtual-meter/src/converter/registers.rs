//! The ADS131M03's register file: addresses, reset values, writable bits, named fields, map check (SBAS889A 8.6).
//!
//! Holds only what the 64 words hold. Effects of a write (new filter, new gain) belong to the parent module, which asks
//! for the fields whenever it needs them.

use super::crc::{self, Polynomial};

/// Channels of this member of the family.
pub const CHANNELS: usize = 3;

/// ID register: 23h in the upper byte says three channels.
pub const ID: u16 = 0x2303;

/// Register addresses that other modules name.
pub mod address {
    #![allow(missing_docs, reason = "the names are the data sheet's")]
    pub const ID: u8 = 0x00;
    pub const STATUS: u8 = 0x01;
    pub const MODE: u8 = 0x02;
    pub const CLOCK: u8 = 0x03;
    pub const GAIN1: u8 = 0x04;
    pub const CFG: u8 = 0x06;
    pub const THRSHLD_LSB: u8 = 0x08;
    pub const CH0_CFG: u8 = 0x09;
    pub const REGMAP_CRC: u8 = 0x3E;
    /// Distance between the register groups of neighbouring channels.
    pub const CHANNEL_STRIDE: u8 = 5;
    /// Last address that the map check covers in the three-channel part.
    pub const MAP_END: u8 = 0x17;
}

/// MODE as it is after a reset: RESET flag set, 24-bit words, time-out on.
const MODE_RESET: u16 = 0x0510;
/// CLOCK after a reset: three channels on, OSR 1024, high resolution. The sheet prints 080Eh for this part, which would
/// be three channels off; the field defaults give this value.
const CLOCK_RESET: u16 = 0x070E;
const CFG_RESET: u16 = 0x0600;
const GCAL_MSB_RESET: u16 = 0x8000;

/// STATUS flags that are not a copy of something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Commands other than NULL, RREG and UNLOCK are ignored.
    pub lock: bool,
    /// The filters were restarted by a SYNC pulse.
    pub resync: bool,
    /// The register map's check changed.
    pub map: bool,
    /// The last input frame failed its check.
    pub crc: bool,
}

/// The 64 words and the flags in STATUS.
#[derive(Clone, Debug)]
pub struct Registers {
    words: [u16; 64],
    /// STATUS flags with a life of their own.
    pub flags: Flags,
}

/// Decimation settings out of CLOCK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Modulator samples per output sample, 64 to 16384.
    pub osr: u32,
    /// The two PWR bits: 0 very low power, 1 low power, 2 and 3 high resolution.
    pub power: u16,
}

impl Default for Registers {
    fn default() -> Self {
        let mut words = [0; 64];
        words[address::ID as usize] = ID;
        words[address::MODE as usize] = MODE_RESET;
        words[address::CLOCK as usize] = CLOCK_RESET;
        words[address::CFG as usize] = CFG_RESET;
        for channel in 0..CHANNELS {
            words[channel_base(channel) + 3] = GCAL_MSB_RESET;
        }
        Self {
            words,
            flags: Flags::default(),
        }
    }
}

impl Registers {
    /// The word a RREG of `address` returns; `ready` is the mask of channels with unread data.
    pub fn read(&self, address: u8, ready: u16) -> u16 {
        match address {
            address::STATUS => self.status(ready),
            address::REGMAP_CRC => self.map_crc(),
            _ => self.words.get(address as usize).copied().unwrap_or(0),
        }
    }

    /// Writes the writable bits of `address`; false if there is nothing writable there.
    pub fn write(&mut self, address: u8, value: u16) -> bool {
        let mask = writable(address);
        if mask == 0 {
            return false;
        }
        let word = &mut self.words[address as usize];
        // MODE.RESET can be acknowledged (cleared), not set.
        let value = if address == address::MODE {
            value & (*word | !0x0400)
        } else {
            value
        };
        *word = (*word & !mask) | (value & mask);
        true
    }

    /// Inverts bits behind the interface's back, as a disturbance would.
    pub fn disturb(&mut self, address: u8, bits: u16) {
        if let Some(word) = self.words.get_mut(address as usize) {
            *word ^= bits & writable(address);
        }
    }

    /// STATUS with DRDYn from `ready`.
    pub fn status(&self, ready: u16) -> u16 {
        let Flags {
            lock,
            resync,
            map,
            crc,
        } = self.flags;
        u16::from(lock) << 15
            | u16::from(resync) << 14
            | u16::from(map) << 13
            | u16::from(crc) << 12
            // CRC_TYPE, RESET and WLENGTH stand at the same places in MODE.
            | (self.mode() & 0x0F00)
            | (ready & 0x000F)
    }

    /// What sending STATUS clears.
    pub fn acknowledge_status(&mut self) {
        self.flags = Flags {
            lock: self.flags.lock,
            ..Flags::default()
        };
    }

    /// Check over the words 02h to 17h, most significant byte first.
    pub fn map_crc(&self) -> u16 {
        let map = &self.words[address::MODE as usize..=address::MAP_END as usize];
        map.iter()
            .flat_map(|word| word.to_be_bytes())
            .fold(crc::SEED, |crc, byte| {
                crc::update(crc, byte, self.polynomial())
            })
    }

    fn mode(&self) -> u16 {
        self.words[address::MODE as usize]
    }

    /// MODE.REG_CRC_EN.
    pub fn map_check_on(&self) -> bool {
        self.mode() & 0x2000 != 0
    }

    /// MODE.RX_CRC_EN.
    pub fn input_check_on(&self) -> bool {
        self.mode() & 0x1000 != 0
    }

    /// MODE.CRC_TYPE.
    pub fn polynomial(&self) -> Polynomial {
        if self.mode() & 0x0800 != 0 {
            Polynomial::Ansi
        } else {
            Polynomial::Ccitt
        }
    }

    /// MODE.WLENGTH: bytes per word.
    pub fn word_bytes(&self) -> usize {
        [2, 3, 4, 4][usize::from(self.mode() >> 8 & 3)]
    }

    /// MODE.WLENGTH = 11b: 32-bit words are sign-extended instead of padded.
    pub fn sign_extends(&self) -> bool {
        self.mode() >> 8 & 3 == 3
    }

    /// MODE.TIMEOUT.
    pub fn timeout_on(&self) -> bool {
        self.mode() & 0x0010 != 0
    }

    /// MODE.DRDY_SEL: 0 most lagging channel, 1 logic OR, 2 and 3 most leading.
    pub fn drdy_select(&self) -> u16 {
        self.mode() >> 2 & 3
    }

    /// MODE.DRDY_FMT: pulses instead of levels.
    pub fn drdy_pulses(&self) -> bool {
        self.mode() & 1 != 0
    }

    /// CLOCK's OSR, TBM and PWR.
    pub fn rate(&self) -> Rate {
        let clock = self.words[address::CLOCK as usize];
        let osr = if clock & 0x20 != 0 {
            64
        } else {
            128 << (clock >> 2 & 7)
        };
        Rate {
            osr,
            power: clock & 3,
        }
    }

    /// CLOCK.CHn_EN as a mask.
    pub fn enabled(&self) -> u16 {
        self.words[address::CLOCK as usize] >> 8 & 7
    }

    /// GAIN1.PGAGAINn as a factor, 1 to 128.
    pub fn gain(&self, channel: usize) -> u32 {
        1 << (self.words[address::GAIN1 as usize] >> (4 * channel) & 7)
    }

    /// CFG.GC_EN.
    pub fn global_chop_on(&self) -> bool {
        self.words[address::CFG as usize] & 0x0100 != 0
    }

    /// CFG.CD_EN.
    pub fn current_detect_on(&self) -> bool {
        self.words[address::CFG as usize] & 1 != 0
    }

    /// CHn_CFG.PHASE in modulator periods, clipped to what the OSR allows (SBAS889A 8.3.9).
    pub fn phase(&self, channel: usize) -> i32 {
        let phase = i32::from(self.words[channel_base(channel)] as i16 >> 6);
        let half = (self.rate().osr / 2).min(512) as i32;
        phase.clamp(-half, half - 1)
    }

    /// CHn_CFG.MUX: 0 input, 1 shorted, 2 positive and 3 negative test signal.
    pub fn mux(&self, channel: usize) -> u16 {
        self.words[channel_base(channel)] & 3
    }

    /// THRSHLD_LSB.DCBLOCK, or 0 where CHn_CFG.DCBLKn_DIS switches the filter off.
    pub fn dc_block(&self, channel: usize) -> u32 {
        if self.words[channel_base(channel)] & 4 != 0 {
            return 0;
        }
        u32::from(self.words[address::THRSHLD_LSB as usize] & 15)
    }

    /// CHn_OCAL, signed 24 bit.
    pub fn offset(&self, channel: usize) -> i32 {
        (self.long(channel_base(channel) + 1) as i32) << 8 >> 8
    }

    /// CHn_GCAL, unsigned 24 bit, 800000h = 1.
    pub fn gain_factor(&self, channel: usize) -> u32 {
        self.long(channel_base(channel) + 3)
    }

    fn long(&self, at: usize) -> u32 {
        u32::from(self.words[at]) << 8 | u32::from(self.words[at + 1] >> 8)
    }
}

fn channel_base(channel: usize) -> usize {
    usize::from(address::CH0_CFG) + channel * usize::from(address::CHANNEL_STRIDE)
}

/// Bits of a register that WREG changes; none for read-only, reserved and missing addresses.
fn writable(address: u8) -> u16 {
    match address {
        address::MODE => 0x3F1F,
        address::CLOCK => 0x073F,
        address::GAIN1 => 0x0777,
        address::CFG => 0x1FFF,
        0x07 => 0xFFFF,
        address::THRSHLD_LSB => 0xFF0F,
        address::CH0_CFG..=address::MAP_END => {
            match (address - address::CH0_CFG) % address::CHANNEL_STRIDE {
                0 => 0xFFC7,
                1 | 3 => 0xFFFF,
                _ => 0xFF00,
            }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reset_values_of_the_data_sheet() {
        let registers = Registers::default();
        let expected = [
            (0x00, 0x2303),
            (0x01, 0x0500),
            (0x02, 0x0510),
            (0x03, 0x070E),
            (0x04, 0),
            (0x05, 0),
            (0x06, 0x0600),
            (0x07, 0),
            (0x08, 0),
            (0x09, 0),
            (0x0A, 0),
            (0x0B, 0),
            (0x0C, 0x8000),
            (0x0D, 0),
            (0x0E, 0),
            (0x11, 0x8000),
            (0x13, 0),
            (0x16, 0x8000),
            (0x17, 0),
            (0x18, 0),
            (0x3F, 0),
        ];
        for (address, value) in expected {
            assert_eq!(registers.read(address, 0), value, "register {address:02X}");
        }
        assert_eq!(
            registers.rate(),
            Rate {
                osr: 1024,
                power: 2
            }
        );
        assert_eq!((registers.enabled(), registers.word_bytes()), (7, 3));
        assert_eq!(
            (
                registers.gain(2),
                registers.gain_factor(2),
                registers.offset(2)
            ),
            (1, 0x80_0000, 0)
        );
    }

    #[test]
    fn only_writable_bits_change() {
        let mut registers = Registers::default();
        for address in 0..64 {
            let before = registers.read(address, 0);
            let written = registers.write(address, 0xFFFF);
            assert_eq!(
                written,
                matches!(address, 2..=4 | 6..=0x17),
                "register {address:02X}"
            );
            if !written && address != address::REGMAP_CRC && address != address::STATUS {
                assert_eq!(registers.read(address, 0), before);
            }
        }
        assert_eq!(registers.read(address::THRSHLD_LSB, 0), 0xFF0F);
        assert_eq!(registers.read(0x0B, 0), 0xFF00);
        assert_eq!(registers.read(address::CLOCK, 0), 0x073F);
    }

    #[test]
    fn reset_flag_is_acknowledged_and_cannot_be_set() {
        let mut registers = Registers::default();
        registers.write(address::MODE, 0x0110);
        assert_eq!(registers.status(5), 0x0105);
        registers.write(address::MODE, 0x0510);
        assert_eq!(registers.read(address::MODE, 0), 0x0110);
    }

    #[test]
    fn fields_come_out_signed_and_clipped() {
        let mut registers = Registers::default();
        registers.write(0x0E, 0xFFC0 | 2);
        assert_eq!((registers.phase(1), registers.mux(1)), (-1, 2));
        registers.write(0x0E, 0x7FC0);
        assert_eq!(registers.phase(1), 511);
        registers.write(address::CLOCK, 0x070A);
        assert_eq!((registers.rate().osr, registers.phase(1)), (512, 255));
        registers.write(0x0E, 0x8000);
        assert_eq!(registers.phase(1), -256);
        registers.write(0x0F, 0xFFFF);
        registers.write(0x10, 0xFE00);
        assert_eq!(registers.offset(1), -2);
        let osrs: Vec<u32> = (0..8)
            .map(|osr| {
                registers.write(address::CLOCK, 0x0702 | osr << 2);
                registers.rate().osr
            })
            .collect();
        assert_eq!(osrs, [128, 256, 512, 1024, 2048, 4096, 8192, 16384]);
        registers.write(address::CLOCK, 0x0722);
        assert_eq!(registers.rate().osr, 64);
    }

    #[test]
    fn a_disturbed_bit_changes_the_map_check() {
        let mut registers = Registers::default();
        let before = registers.map_crc();
        registers.disturb(0x16, 0x0010);
        assert_ne!(registers.map_crc(), before);
        registers.disturb(0x16, 0x0010);
        assert_eq!(registers.map_crc(), before);
    }
}
