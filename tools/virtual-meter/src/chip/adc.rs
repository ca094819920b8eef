//! ADC: the chip's own 12-bit converter, as far as its temperature sensor needs it.
//!
//! Only single conversions of channel 12 started by software are modelled, against the internal reference of 1.5 V. What the
//! sensor would read lies on the line through the two readings in the device descriptors, so firmware that uses
//! them finds the temperature to a step of 0.13 °C. A conversion takes its sampling time and 14 clocks; until then the memory
//! register holds the result before. Noise, non-linearity and the warming of the die by its own work are left out.

use super::backplane::{Backplane, Lane};
use super::tlv::SENSOR_READINGS;
use crate::time::{MICROSECOND, SECOND, Time};

/// MODCLK, typical.
const MODCLK_HZ: u64 = 3_800_000;
/// The sensor must be sampled for so long (data sheet, ADC temperature sensor), whatever MODCLK is up to the fastest one.
const SAMPLING: Time = 30 * MICROSECOND;
const MODCLK_FASTEST_HZ: u64 = 4_600_000;
/// Clocks of a sampling time by ADCSHT.
const SAMPLING_CLOCKS: [u64; 16] = [
    4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1024, 1024, 1024,
];

/// ADCCTL0: start, enable, on.
const START: u16 = 1 << 0;
const ENABLE: u16 = 1 << 1;
const ON: u16 = 1 << 4;
/// ADCCTL1: sampling timer; what is modelled: that, MODCLK, single conversions, started by software.
const SAMPLING_TIMER: u16 = 1 << 9;
/// ADCCTL2: resolution, two bits; 12 bits.
const RESOLUTION: u16 = 3 << 4;
const TWELVE_BITS: u16 = 2 << 4;
/// ADCMCTL0: the internal reference against ground, channel 12.
const SENSOR_AGAINST_REFERENCE: u16 = (1 << 4) | 12;

/// The converter, and the temperature that it is at.
#[derive(Debug)]
pub struct Adc {
    control: [u16; 3],
    input: u16,
    memory: u16,
    /// A conversion's result and when it will be there.
    coming: Option<(Time, u16)>,
    celsius: f64,
}

impl Adc {
    /// A converter as after a reset, at this temperature.
    pub fn new(celsius: f64) -> Self {
        Self {
            control: [0, 0, 1 << 4],
            input: 0,
            memory: 0,
            coming: None,
            celsius,
        }
    }

    /// The chip's temperature changes.
    pub fn set_celsius(&mut self, celsius: f64) {
        self.celsius = celsius;
    }

    /// A reset: the temperature stays.
    pub fn reset(&mut self) {
        *self = Self::new(self.celsius);
    }

    /// Reads the register at `offset` from 0x0700.
    pub fn read(&mut self, offset: u16, backplane: &Backplane) -> Option<u16> {
        self.complete(backplane.clocks.time_of(backplane.now));
        match offset {
            0x00 => Some(self.control[0]),
            0x02 => Some(self.control[1] | u16::from(self.coming.is_some())),
            0x04 => Some(self.control[2]),
            0x0A => Some(self.input),
            0x12 => Some(self.memory),
            _ => None,
        }
    }

    /// Writes a register; `has_sensor` while the temperature sensor and the reference of 1.5 V are on.
    pub fn write(
        &mut self,
        offset: u16,
        value: u16,
        lane: Lane,
        has_sensor: bool,
        backplane: &mut Backplane,
    ) -> Option<()> {
        let now = backplane.clocks.time_of(backplane.now);
        self.complete(now);
        match offset {
            0x00 => {
                let value = lane.merge(self.control[0], value);
                self.control[0] = value & !START;
                if value & (START | ENABLE | ON) == START | ENABLE | ON {
                    self.start(now, has_sensor, backplane);
                }
            }
            0x02 | 0x04 => {
                let control = &mut self.control[usize::from(offset / 2)];
                *control = lane.merge(*control, value);
            }
            0x0A => self.input = lane.merge(self.input, value),
            _ => return None,
        }
        Some(())
    }

    fn complete(&mut self, now: Time) {
        if let Some((at, result)) = self.coming
            && now >= at
        {
            self.memory = result;
            self.coming = None;
        }
    }

    fn start(&mut self, now: Time, has_sensor: bool, backplane: &mut Backplane) {
        if self.coming.is_some() {
            return; // the trigger is lost
        }
        if self.input != SENSOR_AGAINST_REFERENCE
            || self.control[1] != SAMPLING_TIMER
            || self.control[2] & RESOLUTION != TWELVE_BITS
        {
            backplane.not_modelled(
                "an ADC conversion other than 12 bits of the temperature sensor against the internal reference",
                "the board measures with the ADS131M03",
            );
        }
        if !has_sensor {
            backplane.misuse(
                "the ADC samples its temperature sensor, but PMMCTL2 has not INTREFEN and TSENSOREN at 1.5 V",
            );
        }
        let clocks = SAMPLING_CLOCKS[usize::from(self.control[0] >> 8 & 0xF)];
        if clocks * SECOND < SAMPLING * MODCLK_FASTEST_HZ {
            backplane.misuse(
                "the ADC's temperature sensor is sampled for less than 30 µs: raise ADCSHT",
            );
        }
        let at = now + (clocks + 14) * SECOND / MODCLK_HZ;
        self.coming = Some((at, reading(self.celsius)));
    }
}

/// What the sensor reads at a temperature.
fn reading(celsius: f64) -> u16 {
    let [cool, hot] = SENSOR_READINGS.map(f64::from);
    let reading = cool + (hot - cool) * (celsius - 30.0) / 75.0;
    reading.round().clamp(0.0, 4095.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::testing::backplane;

    const SAMPLING_192_CLOCKS: u16 = 7 << 8;

    fn set_up(sampling: u16, backplane: &mut Backplane) -> Adc {
        let mut adc = Adc::new(30.0);
        for (offset, value) in [
            (0x02, SAMPLING_TIMER),
            (0x04, TWELVE_BITS),
            (0x0A, SENSOR_AGAINST_REFERENCE),
            (0x00, sampling | ON | ENABLE | START),
        ] {
            adc.write(offset, value, Lane::Word, true, backplane);
        }
        adc
    }

    #[test]
    fn a_reading_is_there_when_its_time_has_come() {
        let mut backplane = backplane();
        let mut adc = set_up(SAMPLING_192_CLOCKS, &mut backplane);
        assert_eq!(adc.read(0x12, &backplane), Some(0));
        assert_eq!(adc.read(0x02, &backplane), Some(SAMPLING_TIMER | 1));
        let later = backplane.clocks.time_of(backplane.now) + 60 * MICROSECOND;
        backplane.now = backplane.clocks.first_cycle_from(later);
        assert_eq!(adc.read(0x12, &backplane), Some(SENSOR_READINGS[0]));
        assert_eq!(adc.read(0x02, &backplane), Some(SAMPLING_TIMER));
        assert!(backplane.fault.is_none());
    }

    #[test]
    fn readings_go_through_those_in_the_descriptors() {
        assert_eq!([30.0, 105.0].map(reading), SENSOR_READINGS);
        assert!(reading(-40.0) < reading(-39.0));
        assert_eq!(reading(-1000.0), 0);
    }

    #[test]
    fn too_short_a_sample_and_a_sensor_that_is_off_are_told() {
        let mut short = backplane();
        set_up(6 << 8, &mut short);
        assert!(short.fault.is_some());
        let mut off = backplane();
        let mut adc = set_up(SAMPLING_192_CLOCKS, &mut off);
        off.now = off.clocks.first_cycle_from(MICROSECOND * 1000);
        adc.read(0x12, &off);
        assert!(off.fault.is_none());
        adc.write(
            0,
            SAMPLING_192_CLOCKS | ON | ENABLE | START,
            Lane::Word,
            false,
            &mut off,
        );
        assert!(off.fault.is_some());
    }
}
