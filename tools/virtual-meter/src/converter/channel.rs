//! One channel from volts at the pins to a code: amplifier, quantiser, DC block, calibration registers (SBAS889A 8.3, 8.4).

use super::registers::Registers;

/// Reference voltage: full scale is ±`VREF_V` / gain.
pub const VREF_V: f64 = 1.2;
/// Code of positive full scale, just out of range.
pub const FULL_SCALE: f64 = 8_388_608.0;
/// Largest and smallest code.
const CODES: (i64, i64) = (-0x80_0000, 0x7F_FFFF);
/// The internal test signal over full scale, whatever the gain.
const TEST_SIGNAL: f64 = 2.0 / 15.0;
/// Peak of x − x³ on 0…1, the shape of the deviation from a straight line.
const BEND_PEAK: f64 = 0.384_900_179_459_750_5;

/// What a channel remembers from one conversion to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Channel {
    block_input: f64,
    block_output: f64,
    block_setting: u32,
}

/// One conversion's analogue side.
#[derive(Clone, Copy, Debug)]
pub struct Analogue {
    /// Filtered volts between the pins.
    pub pins_v: f64,
    /// Input-referred offset of the converter, volts.
    pub offset_v: f64,
    /// Actual over ideal gain.
    pub gain: f64,
    /// Peak deviation from a straight line, fraction of full scale.
    pub bend: f64,
    /// Input-referred noise of this very conversion, volts.
    pub noise_v: f64,
}

impl Channel {
    /// Converts: the code that the channel's word will carry.
    pub fn convert(&mut self, index: usize, registers: &Registers, input: &Analogue) -> i32 {
        let full_scale_v = VREF_V / f64::from(registers.gain(index));
        let signal = match registers.mux(index) {
            0 => input.pins_v / full_scale_v,
            1 => 0.0,
            2 => TEST_SIGNAL,
            _ => -TEST_SIGNAL,
        };
        let ideal = signal * input.gain + (input.offset_v + input.noise_v) / full_scale_v;
        let bent = ideal + input.bend / BEND_PEAK * (ideal - ideal * ideal * ideal);
        let raw = if ideal.abs() < 1.0 { bent } else { ideal } * FULL_SCALE;
        let clipped = (raw.round() as i64).clamp(CODES.0, CODES.1);
        let blocked = self.block(clipped, registers.dc_block(index));
        let offset_free = blocked - i64::from(registers.offset(index));
        let corrected = (offset_free * i64::from(registers.gain_factor(index))) >> 23;
        corrected.clamp(CODES.0, CODES.1) as i32
    }

    /// First-order high-pass with a = 2^−(setting + 1); setting 0 is off.
    fn block(&mut self, code: i64, setting: u32) -> i64 {
        let input = code as f64;
        if setting != self.block_setting {
            *self = Self {
                block_setting: setting,
                ..Self::default()
            };
        }
        if setting == 0 {
            return code;
        }
        let a = 0.5f64.powi(setting as i32 + 1);
        self.block_output =
            (1.0 - a / 2.0) * (input - self.block_input) + (1.0 - a) * self.block_output;
        self.block_input = input;
        self.block_output.round() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::converter::registers::address;

    fn analogue(pins_v: f64) -> Analogue {
        Analogue {
            pins_v,
            offset_v: 0.0,
            gain: 1.0,
            bend: 0.0,
            noise_v: 0.0,
        }
    }

    fn code(registers: &Registers, input: &Analogue) -> i32 {
        Channel::default().convert(1, registers, input)
    }

    #[test]
    fn full_scale_and_clipping_at_every_gain() {
        for setting in 0..8u16 {
            let mut registers = Registers::default();
            registers.write(address::GAIN1, setting << 4);
            let full_scale_v = 1.2 / f64::from(1 << setting);
            assert_eq!(code(&registers, &analogue(full_scale_v / 2.0)), 0x40_0000);
            assert_eq!(code(&registers, &analogue(full_scale_v / FULL_SCALE)), 1);
            assert_eq!(code(&registers, &analogue(full_scale_v * 1.01)), 0x7F_FFFF);
            assert_eq!(
                code(&registers, &analogue(-full_scale_v * 1.01)),
                -0x80_0000
            );
        }
    }

    #[test]
    fn multiplexer_positions() {
        let mut registers = Registers::default();
        for (mux, expected) in [(0, 0x40_0000), (1, 0), (2, 1_118_481), (3, -1_118_481)] {
            registers.write(address::CH0_CFG + 5, mux);
            assert_eq!(code(&registers, &analogue(0.6)), expected);
        }
    }

    #[test]
    fn offset_comes_before_gain_and_the_result_saturates() {
        let mut registers = Registers::default();
        registers.write(0x0F, 0x0001);
        registers.write(0x10, 0x0000);
        registers.write(0x11, 0xC000);
        assert_eq!(
            code(&registers, &analogue(0.6)),
            (0x40_0000 - 0x100) / 2 * 3
        );
        assert_eq!(code(&registers, &analogue(1.0)), 0x7F_FFFF);
        registers.write(0x0F, 0x8000);
        assert_eq!(code(&registers, &analogue(1.0)), 0x7F_FFFF);
    }

    #[test]
    fn errors_of_this_copy_move_the_code() {
        let registers = Registers::default();
        let offset = Analogue {
            offset_v: 175e-6,
            ..analogue(0.0)
        };
        assert_eq!(code(&registers, &offset), 1223);
        let gain = Analogue {
            gain: 1.001,
            ..analogue(0.6)
        };
        assert_eq!(code(&registers, &gain), 0x40_0000 + 4194);
        // 6 ppm of full scale at 1/√3 of it.
        let bent = Analogue {
            bend: 6e-6,
            ..analogue(1.2 / 3f64.sqrt())
        };
        assert_eq!(
            code(&registers, &bent) - code(&registers, &analogue(1.2 / 3f64.sqrt())),
            50
        );
    }

    #[test]
    fn dc_block_has_the_corner_of_the_table() {
        // At 4 kSPS the corner of setting 4 is 20.2 Hz.
        let mut registers = Registers::default();
        registers.write(address::THRSHLD_LSB, 4);
        let mut channel = Channel::default();
        let codes: Vec<f64> = (0..40_000)
            .map(|n| {
                let angle = std::f64::consts::TAU * 20.2 * f64::from(n) / 4_000.0;
                f64::from(channel.convert(0, &registers, &analogue(0.3 + 0.6 * angle.sin())))
            })
            .collect();
        let settled = &codes[20_000..];
        let rms = (settled.iter().map(|c| c * c).sum::<f64>() / settled.len() as f64).sqrt();
        let mean = settled.iter().sum::<f64>() / settled.len() as f64;
        assert!((rms / (0.25 * FULL_SCALE) - 1.0).abs() < 2e-3, "{rms}");
        assert!(mean.abs() < 100.0);
    }
}
