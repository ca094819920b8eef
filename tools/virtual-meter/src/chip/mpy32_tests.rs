//! MPY32 at register level, the extremes by name.

use super::*;
use crate::chip::testing::backplane;

const MPY: u16 = 0x00;
const MPYS: u16 = 0x02;
const MAC: u16 = 0x04;
const MACS: u16 = 0x06;
const OP2: u16 = 0x08;
const SUMEXT: u16 = 0x0E;
const CTL0: u16 = 0x2C;

struct Rig(Mpy32, Backplane);

impl Rig {
    fn new() -> Self {
        Self(Mpy32::default(), backplane())
    }

    fn write(&mut self, offset: u16, value: u16) {
        self.1.now += 3;
        self.0
            .write(offset, value, Lane::Word, &mut self.1)
            .unwrap();
    }

    fn read(&mut self, offset: u16) -> u16 {
        self.1.now += 3;
        self.0.read(offset, &mut self.1).unwrap()
    }

    fn short(&mut self, operation: u16, a: u16, b: u16) -> u32 {
        self.write(operation, a);
        self.write(OP2, b);
        u32::from(self.read(0x0A)) | u32::from(self.read(0x0C)) << 16
    }

    fn long(&mut self, operation: u16, a: u32, b: u32) -> u64 {
        let first = 0x10 + 2 * operation;
        self.write(first, a as u16);
        self.write(first + 2, (a >> 16) as u16);
        self.write(0x20, b as u16);
        self.write(0x22, (b >> 16) as u16);
        self.result()
    }

    fn result(&mut self) -> u64 {
        (0..4).fold(0, |sum, index| {
            sum | u64::from(self.read(0x24 + 2 * index)) << (16 * index)
        })
    }
}

const EXTREMES: [u16; 7] = [0, 1, 2, 0x7FFF, 0x8000, 0x8001, 0xFFFF];
const LONG_EXTREMES: [u32; 8] = [
    0,
    1,
    0x7FFF_FFFF,
    0x8000_0000,
    0x8000_0001,
    0xFFFF_FFFF,
    0x0001_8000,
    0xFFFF_8000,
];

#[test]
fn minus_32768_times_everything() {
    let mut rig = Rig::new();
    for a in EXTREMES {
        for b in EXTREMES {
            let signed = i32::from(a as i16) * i32::from(b as i16);
            assert_eq!(rig.short(MPYS, a, b), signed as u32, "{a:#x} {b:#x}");
            assert_eq!(rig.read(SUMEXT), if signed < 0 { 0xFFFF } else { 0 });
            assert_eq!(rig.short(MPY, a, b), u32::from(a) * u32::from(b));
            assert_eq!(rig.read(SUMEXT), 0);
        }
    }
    assert_eq!(rig.short(MPYS, 0x8000, 0x8000), 0x4000_0000);
    assert_eq!(rig.1.fault, None);
}

#[test]
fn long_products() {
    let mut rig = Rig::new();
    for a in LONG_EXTREMES {
        for b in LONG_EXTREMES {
            assert_eq!(rig.long(MPY, a, b), u64::from(a) * u64::from(b));
            assert_eq!(
                rig.long(MPYS, a, b),
                (i64::from(a as i32) * i64::from(b as i32)) as u64
            );
        }
    }
}

#[test]
fn mixed_lengths() {
    let mut rig = Rig::new();
    for (a, b) in [
        (0xFFFF_8000_u32, 0x8000_u16),
        (0x8000_0000, 0x7FFF),
        (3, 0xFFFF),
    ] {
        rig.write(0x14, a as u16);
        rig.write(0x16, (a >> 16) as u16);
        rig.write(OP2, b);
        rig.1.now += 4;
        assert_eq!(
            rig.result(),
            (i64::from(a as i32) * i64::from(b as i16)) as u64
        );
        rig.write(MPYS, b);
        rig.write(0x20, a as u16);
        rig.write(0x22, (a >> 16) as u16);
        assert_eq!(
            rig.result(),
            (i64::from(a as i32) * i64::from(b as i16)) as u64
        );
    }
    assert_eq!(rig.1.fault, None);
}

#[test]
fn accumulation_carries_and_extends() {
    let mut rig = Rig::new();
    rig.short(MPY, 0xFFFF, 0xFFFF);
    assert_eq!(
        rig.short(MAC, 0xFFFF, 0xFFFF),
        0xFFFE_0001_u32.wrapping_mul(2)
    );
    assert_eq!(rig.read(SUMEXT), 1, "the carry");
    rig.short(MPYS, 0x8000, 1);
    assert_eq!(rig.short(MACS, 0x8000, 1) as i32, -65_536);
    assert_eq!(rig.read(SUMEXT), 0xFFFF);
    let mut sum = rig.long(MPYS, 0x8000_0000, 0x7FFF_FFFF) as i64;
    for (a, b) in [
        (0x8000_0000_u32, 0x8000_0000_u32),
        (5, 0xFFFF_FFFF),
        (0x1234_5678, 0x8765_4321),
    ] {
        sum = sum.wrapping_add(i64::from(a as i32) * i64::from(b as i32));
        assert_eq!(rig.long(MACS, a, b) as i64, sum);
    }
}

#[test]
fn operand_1_stays_for_further_products() {
    let mut rig = Rig::new();
    assert_eq!(rig.short(MPYS, 300, 300), 90_000);
    rig.write(OP2, 0xFFFF);
    assert_eq!(rig.read(0x24), (-300_i16) as u16);
}

#[test]
fn byte_operands_extend_by_the_operation() {
    let mut rig = Rig::new();
    for (operation, expected) in [(MPY, 0x80 * 0xFF), (MPYS, 128)] {
        rig.0.write(operation, 0x80, Lane::Low, &mut rig.1);
        rig.0.write(OP2, 0xFF, Lane::Low, &mut rig.1);
        assert_eq!(rig.read(0x24), expected);
    }
}

#[test]
fn results_can_be_saved_and_restored() {
    let mut rig = Rig::new();
    rig.long(MPY, 0xDEAD_BEEF, 0x1234_5678);
    let saved = rig.result();
    rig.long(MPY, 1, 1);
    (0..4).for_each(|index| rig.write(0x24 + 2 * index, (saved >> (16 * index)) as u16));
    assert_eq!(rig.result(), saved);
    assert_eq!(rig.long(MAC, 0, 0), saved);
}

#[test]
fn fractions_shift_and_saturation_limits_on_reading_only() {
    let mut rig = Rig::new();
    rig.write(CTL0, FRACTIONAL);
    assert_eq!(rig.short(MPYS, 0x4000, 0x4000), 0x2000_0000);
    assert_eq!(
        rig.short(MPYS, 0x8000, 0x8000),
        0x8000_0000,
        "−1 · −1 wraps"
    );
    rig.write(CTL0, FRACTIONAL | SATURATING);
    assert_eq!(rig.short(MPYS, 0x8000, 0x8000), 0x7FFF_FFFF);
    rig.write(CTL0, SATURATING);
    rig.short(MPYS, 0x7FFF, 0x7FFF);
    for _ in 0..2 {
        rig.short(MACS, 0x7FFF, 0x7FFF);
    }
    assert_eq!(rig.read(0x24), 0xFFFF);
    assert_eq!(rig.read(0x26), 0x7FFF);
}

#[test]
fn reading_early_is_a_fault() {
    // MOV Rn,&OP2; MOV @Rm,Rk: the read comes two cycles after the write.
    let mut rig = Rig::new();
    rig.write(MPY, 2);
    rig.write(OP2, 3);
    rig.1.now += 2;
    rig.0.read(0x24, &mut rig.1);
    assert!(rig.1.fault.is_some());
    // RES3 first after a long product.
    let mut rig = Rig::new();
    for (offset, value) in [(0x10, 1), (0x12, 0), (0x20, 1), (0x22, 0)] {
        rig.write(offset, value);
    }
    rig.read(0x2A);
    assert!(rig.1.fault.is_some());
}
