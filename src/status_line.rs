//! The service console's status line: one a second, for people.

use crate::snapshot::{DIAGNOSTICS, Snapshot};
use c12::snapshot::{NOT_AVAILABLE, offset};
use ufmt::uWrite;

/// Writes `V=219.998 I=10.000345 P=2199.987 f=60.000012 Wh=12 flags=64 lost=0` and a line end.
///
/// `lost` counts the samples since power-up that were missed, damaged or dropped, from the counters of MT2, and begins
/// anew behind 65 535.
///
/// # Errors
/// Whatever the writer says.
pub fn write<W: uWrite + ?Sized>(out: &mut W, snapshot: &Snapshot) -> Result<(), W::Error> {
    for &(name, offset, decimals) in &SHOWN {
        quantity(out, name, snapshot.word(offset as usize), decimals)?;
    }
    let mut lost = snapshot.half(DIAGNOSTICS + 6) << 4;
    let mut at = DIAGNOSTICS;
    while at != DIAGNOSTICS + 6 {
        lost = lost.wrapping_add(snapshot.half(at));
        at += 2;
    }
    quantity(out, " lost=", lost as u32, 0)?;
    out.write_str("\r\n")
}

/// Names, places in the snapshot and decimals of the quantities in the line.
static SHOWN: [(&str, u16, u16); 6] = [
    ("V=", offset::VRMS_MV as u16, 3),
    (" I=", offset::IRMS_UA as u16, 6),
    (" P=", offset::P_MW as u16, 3),
    (" f=", offset::F_UHZ as u16, 6),
    (" Wh=", offset::IMPORT as u16 + 4, 0),
    (" flags=", offset::FLAGS as u16, 0),
];

/// Writes a name and a signed number of which the last `decimals` (at most 9) digits are decimals.
fn quantity<W: uWrite + ?Sized>(
    out: &mut W,
    name: &str,
    word: u32,
    decimals: u16,
) -> Result<(), W::Error> {
    out.write_str(name)?;
    let mut rest = word as i32;
    if rest == NOT_AVAILABLE {
        return out.write_char('-');
    }
    if rest < 0 {
        out.write_char('-')?;
        rest = rest.wrapping_neg();
    }
    // Digits by subtracting powers of ten: a 32-bit division costs a thousand cycles, a subtraction seven.
    let mut left = POWERS.len() as u16;
    let mut begun = 0;
    for power in &POWERS {
        left -= 1;
        let mut digit: u16 = 0;
        loop {
            rest -= *power;
            if rest < 0 {
                break;
            }
            digit += 1;
        }
        rest += *power;
        begun |= digit;
        if begun != 0 || left <= decimals {
            out.write_char((b'0' as u16 + digit) as u8 as char)?;
        }
        if left == decimals && left != 0 {
            out.write_char('.')?;
        }
    }
    Ok(())
}

const POWERS: [i32; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    struct Text(String);
    impl uWrite for Text {
        type Error = core::convert::Infallible;
        fn write_str(&mut self, text: &str) -> Result<(), Self::Error> {
            self.0.push_str(text);
            Ok(())
        }
    }

    #[test]
    fn a_line_reads_as_a_person_expects() {
        let mut snapshot = Snapshot::ZERO;
        snapshot.put_quantity(offset::F_UHZ, NOT_AVAILABLE);
        snapshot.put_quantity(offset::VRMS_MV, 219_998);
        snapshot.put_quantity(offset::IRMS_UA, 4_567);
        snapshot.put_quantity(offset::P_MW, -1_234_500);
        snapshot.put_wide(offset::IMPORT, &(12 << 32));
        snapshot.put_half(DIAGNOSTICS + 2, 3);
        snapshot.put_half(DIAGNOSTICS + 6, 2);
        let mut text = Text(String::new());
        write(&mut text, &snapshot).unwrap();
        assert_eq!(
            text.0,
            "V=219.998 I=0.004567 P=-1234.500 f=- Wh=12 flags=0 lost=35\r\n"
        );
    }
}
