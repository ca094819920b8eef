//! Units of measure: ST12's 32-bit codes, read and built.

/// What a source measures, as ST12 says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uom(pub u32);

/// TIME_BASE values.
pub mod time_base {
    /// Dial reading: the time integral of a power.
    pub const BULK: u32 = 0;
    /// Instantaneous.
    pub const INSTANTANEOUS: u32 = 1;
    /// Over a period: RMS.
    pub const PERIOD: u32 = 2;
    /// Sub-block average demand.
    pub const SUB_BLOCK: u32 = 3;
    /// Block average demand.
    pub const BLOCK: u32 = 4;
}

/// MULTIPLIER values.
pub mod multiplier {
    /// ×1.
    pub const ONE: u32 = 0;
    /// ×10³.
    pub const KILO: u32 = 2;
    /// ×10⁻³.
    pub const MILLI: u32 = 6;
    /// ×10⁻⁶.
    pub const MICRO: u32 = 7;
}

/// Quadrants that are counted, and how: bits 14..18 of the code.
pub mod flow {
    /// All quadrants.
    pub const ALL: u32 = 0b1111 << 14;
    /// Active energy delivered: Q1 + Q4.
    pub const IMPORT: u32 = 0b1001 << 14;
    /// Active energy received: Q2 + Q3.
    pub const EXPORT: u32 = 0b0110 << 14;
    /// First quadrant alone.
    pub const Q1: u32 = 0b0001 << 14;
    /// Second quadrant alone.
    pub const Q2: u32 = 0b0010 << 14;
    /// Third quadrant alone.
    pub const Q3: u32 = 0b0100 << 14;
    /// Fourth quadrant alone.
    pub const Q4: u32 = 0b1000 << 14;
    /// All quadrants, received counted negative.
    pub const NET: u32 = ALL | 1 << 18;
}

/// SEGMENTATION values, placed in bits 19..21.
pub mod segment {
    /// Not tied to a phase.
    pub const ALL: u32 = 0;
    /// Neutral to ground.
    pub const NEUTRAL: u32 = 4 << 19;
    /// Phase A to neutral.
    pub const A_N: u32 = 5 << 19;
}

/// Powers of ten of the eight MULTIPLIER values.
const EXPONENTS: [i32; 8] = [0, 2, 3, 6, 9, -2, -3, -6];

/// ID_CODE, quantity, unit at an instant, unit of the time integral (empty: none).
const CODES: [(u32, &str, &str, &str); 18] = [
    (0, "active", "W", "Wh"),
    (1, "reactive", "var", "varh"),
    (2, "apparent", "VA", "VAh"),
    (3, "phasor apparent", "VA", "VAh"),
    (6, "phasor reactive", "var", "varh"),
    (8, "voltage", "V", "Vh"),
    (9, "average voltage", "V", "Vh"),
    (10, "voltage squared", "V²", "V²h"),
    (12, "current", "A", "Ah"),
    (13, "average current", "A", "Ah"),
    (14, "current squared", "A²", "A²h"),
    (16, "voltage THD", "", ""),
    (17, "current THD", "", ""),
    (24, "power factor", "", ""),
    (33, "frequency", "Hz", ""),
    (34, "counter", "", ""),
    (51, "demand resets", "", ""),
    (70, "temperature", "°C", ""),
];

impl Uom {
    /// Builds a code; the parts are the constants of this module.
    pub const fn new(id: u32, time_base: u32, multiplier: u32, flow: u32, segment: u32) -> Self {
        Uom(id | time_base << 8 | multiplier << 11 | flow | segment)
    }

    /// The bytes in ST12 of a meter with the least significant byte first.
    pub const fn to_le_bytes(self) -> [u8; 4] {
        self.0.to_le_bytes()
    }

    /// ID_CODE.
    pub const fn id(self) -> u32 {
        self.0 & 0xFF
    }

    /// TIME_BASE.
    pub const fn time_base(self) -> u32 {
        self.0 >> 8 & 7
    }

    /// Power of ten by which a raw value is multiplied.
    pub const fn exponent(self) -> i32 {
        EXPONENTS[(self.0 >> 11 & 7) as usize]
    }

    /// The four quadrant bits and the net bit, in place (compare with [`flow`]).
    pub const fn flow(self) -> u32 {
        self.0 & (0b1_1111 << 14)
    }

    /// SEGMENTATION in place (compare with [`segment`]).
    pub const fn segment(self) -> u32 {
        self.0 & (7 << 19)
    }

    /// Quantity in words; `None` for codes that we do not know or that are not the standard's.
    pub fn quantity(self) -> Option<&'static str> {
        self.code().map(|code| code.1)
    }

    /// Unit without multiplier: "Wh" for an integral of W; empty for pure numbers.
    pub fn unit(self) -> Option<&'static str> {
        self.code().map(|code| {
            if self.time_base() == time_base::BULK {
                code.3
            } else {
                code.2
            }
        })
    }

    fn code(self) -> Option<&'static (u32, &'static str, &'static str, &'static str)> {
        let standard = self.0 >> 31 == 0;
        CODES.iter().find(|code| standard && code.0 == self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_reference() {
        let built = [
            Uom::new(
                0,
                time_base::BULK,
                multiplier::KILO,
                flow::IMPORT,
                segment::ALL,
            ),
            Uom::new(
                0,
                time_base::BULK,
                multiplier::KILO,
                flow::EXPORT,
                segment::ALL,
            ),
            Uom::new(
                0,
                time_base::BULK,
                multiplier::ONE,
                flow::IMPORT,
                segment::ALL,
            ),
            Uom::new(
                2,
                time_base::BULK,
                multiplier::KILO,
                flow::ALL,
                segment::ALL,
            ),
            Uom::new(
                0,
                time_base::INSTANTANEOUS,
                multiplier::ONE,
                flow::IMPORT,
                segment::ALL,
            ),
            Uom::new(
                0,
                time_base::BLOCK,
                multiplier::KILO,
                flow::IMPORT,
                segment::ALL,
            ),
            Uom::new(
                8,
                time_base::PERIOD,
                multiplier::MILLI,
                flow::ALL,
                segment::A_N,
            ),
            Uom::new(
                12,
                time_base::PERIOD,
                multiplier::MILLI,
                flow::ALL,
                segment::A_N,
            ),
            Uom::new(
                24,
                time_base::PERIOD,
                multiplier::MILLI,
                flow::ALL,
                segment::ALL,
            ),
            Uom::new(
                33,
                time_base::PERIOD,
                multiplier::MILLI,
                flow::ALL,
                segment::ALL,
            ),
        ];
        let expected = [
            0x0002_5000,
            0x0001_9000,
            0x0002_4000,
            0x0003_D002,
            0x0002_4100,
            0x0002_5400,
            0x002B_F208,
            0x002B_F20C,
            0x0003_F218,
            0x0003_F221,
        ];
        for (built, expected) in built.into_iter().zip(expected) {
            assert_eq!(built, Uom(expected), "{built:08x?}");
        }
    }

    #[test]
    fn units() {
        let energy = Uom(0x0002_5000);
        assert_eq!(
            (energy.quantity(), energy.unit(), energy.exponent()),
            (Some("active"), Some("Wh"), 3)
        );
        let volts = Uom(0x002B_F208);
        assert_eq!(
            (volts.quantity(), volts.unit(), volts.exponent()),
            (Some("voltage"), Some("V"), -3)
        );
        assert_eq!(Uom(0x8000_0000).unit(), None);
    }
}
