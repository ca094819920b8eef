//! The chip's own temperature, by which the gains are corrected: its 12-bit ADC and the sensor on channel 12.
//!
//! The sensor's voltage against the internal reference of 1.5 V is a straight line through what the maker read at 30 and 105 °C and
//! left in the device descriptors (SLAU445 2.2.9 and 1.13.3). The reference settles in 30 µs, less than the first
//! sampling takes. One conversion a second, started by reading the one before.

/// PMMCTL0 with the password in its upper half, and PMMCTL2.
const PMM_PASSWORD: *mut u8 = 0x0121 as *mut u8;
const PMM_REFERENCE: *mut u16 = 0x0124 as *mut u16;
/// INTREFEN and TSENSOREN; REFVSEL 0 is 1.5 V.
const REFERENCE_AND_SENSOR: u16 = 1 | (1 << 3);
/// ADCCTL0, and from there ADCCTL1, ADCCTL2, ADCMCTL0, ADCMEM0.
const ADC: *mut u16 = 0x0700 as *mut u16;
const CONTROL_1: usize = 1;
const CONTROL_2: usize = 2;
const INPUT: usize = 5;
const RESULT: usize = 9;
/// On, enabled, start; 192 clocks of sampling: 41 µs at the fastest MODCLK, the sensor needs 30.
const START: u16 = (7 << 8) | (1 << 4) | (1 << 1) | 1;
/// Sampling by the timer, MODCLK, one conversion.
const BY_TIMER: u16 = 1 << 9;
/// Twelve bits.
const TWELVE_BITS: u16 = 2 << 4;
/// The sensor against the internal reference.
const SENSOR: u16 = (1 << 4) | 12;
/// Descriptors: the reading at 30 °C; that at 105 °C follows.
const READINGS: *const u16 = 0x1A1A as *const u16;

/// Switches the sensor on and starts the first conversion.
pub fn start() {
    // SAFETY: registers of the ADC and of the power management, which nobody else uses.
    unsafe {
        PMM_PASSWORD.write_volatile(0xA5);
        PMM_REFERENCE.write_volatile(REFERENCE_AND_SENSOR);
        PMM_PASSWORD.write_volatile(0);
        ADC.add(CONTROL_1).write_volatile(BY_TIMER);
        ADC.add(CONTROL_2).write_volatile(TWELVE_BITS);
        ADC.add(INPUT).write_volatile(SENSOR);
        ADC.write_volatile(START);
    }
}

/// The newest reading, and those at 30 and 105 °C; starts the next conversion.
#[inline(always)]
pub fn readings() -> [u16; 3] {
    // SAFETY: registers of the ADC, and descriptors, which are always there.
    unsafe {
        let reading = ADC.add(RESULT).read_volatile();
        ADC.write_volatile(START);
        [
            reading,
            READINGS.read_volatile(),
            READINGS.add(1).read_volatile(),
        ]
    }
}
