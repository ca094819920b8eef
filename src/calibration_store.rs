//! The calibration in information FRAM: the table MT1, as [`c12::calibration`] lays it out, is a stored record.
//!
//! Bytes 0 … 163 of a copy are the table. After an undisturbed write both copies are the same: the new constants go to
//! the copy that is not in use, and from there to the other one.

use crate::store::{Board, Place, SIZE, VERSION, draft, duplicate, newest, seal};
use c12::calibration::{CHANNEL_LIMITS, CHANNELS, is_within, offset as field};
use c12::response::Response;

/// MT1's bytes in this copy; none without a whole one.
pub fn table<B: Board + ?Sized>(board: &B, place: Place) -> &[u8] {
    if !place.is_whole() {
        return &[];
    }
    board.page(place).get(..SIZE as usize).unwrap_or(&[])
}

/// Writes `data` at `offset` of MT1, both even, and returns which copy then counts. `used` is the one that counts now;
/// without one, only the whole table can be written.
///
/// # Errors
/// `Onp`: outside the table, half a word, a part of a table that does not exist yet, or values that no sound board has.
/// What counted before still counts.
#[inline(always)]
pub fn write<B: Board>(
    board: &mut B,
    used: Place,
    offset: u16,
    data: &[u8],
) -> Result<Place, Response> {
    let last = SIZE.wrapping_sub(data.len() as u16);
    // More than the table wraps to something far above it.
    if (offset | last) & 1 != 0 || offset > last || last > SIZE || (!used.is_whole() && last != 0) {
        return Err(Response::Onp);
    }
    let mut version = VERSION;
    if let (0, Some(written)) = (offset, data.first_chunk()) {
        version = u16::from_le_bytes(*written);
    }
    let new = draft(board, used, offset, data);
    if version & !VERSION | implausible(board, new) != 0 {
        return Err(Response::Onp);
    }
    seal(board, new, version);
    duplicate(board, new);
    Ok(newest(board, Place::CALIBRATION))
}

/// Not 0 when a copy holds values that no sound board has.
#[inline(always)]
fn implausible<B: Board>(board: &B, place: Place) -> u16 {
    let mut refused = 0;
    let mut at = field::CHANNELS as u16;
    for _ in 0..CHANNELS {
        for limits in &CHANNEL_LIMITS {
            if !is_within(board.word(place, at + 2), limits) {
                refused = 1;
            }
            at += 4;
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{MemoryBoard, PAGE};
    use c12::calibration::Constants;
    use metrology::Calibration;
    use metrology::calibration::{LAWS, RECORD, STARTING_POWERS};

    const FIRST: Place = Place::CALIBRATION;
    const OTHER: Place = FIRST.other();
    const TABLE: usize = SIZE as usize;

    /// The copy that counts.
    fn used(board: &MemoryBoard) -> Place {
        newest(board, FIRST)
    }

    /// Constants that differ in every channel, told apart by `seed`.
    fn constants(seed: i32) -> Constants {
        let mut constants = Constants::NOMINAL;
        for (k, channel) in constants.channels.iter_mut().enumerate() {
            channel.gain += 1000 * seed + k as i32;
            channel.noise = (1_000_000 + seed) as u32;
            channel.power_gain -= seed;
            channel.phase = 5_000_000 * (k as i32 - 1) - seed;
            channel.power_offset = -seed;
        }
        constants.temperature[2].linear = seed as i16;
        constants.temperature[2].quadratic = -seed as i16;
        constants.starting = [700 + seed as u32, 800];
        constants
    }

    /// What counts, as values.
    fn present(board: &MemoryBoard) -> Option<Constants> {
        let bytes = table(board, used(board));
        Some(Constants::from_bytes(bytes.try_into().ok()?))
    }

    fn put(board: &mut MemoryBoard, offset: u16, data: &[u8]) -> Result<(), Response> {
        let used = used(board);
        write(board, used, offset, data).map(|_| ())
    }

    #[test]
    fn a_blank_memory_has_no_constants_and_takes_only_a_whole_table() {
        for blank in [0, 0xFF] {
            let mut board = MemoryBoard::new();
            board.information = [[blank; PAGE]; 2];
            assert_eq!(present(&board), None);
            assert_eq!(put(&mut board, 4, &[0, 0]), Err(Response::Onp));
            put(&mut board, 0, &constants(1).to_bytes()).unwrap();
            assert_eq!(present(&board).unwrap().channels, constants(1).channels);
        }
    }

    #[test]
    fn the_count_is_the_meters_and_goes_up() {
        let mut board = MemoryBoard::new();
        for expected in 1..=3 {
            let wanted = Constants {
                count: 700,
                ..constants(expected)
            };
            put(&mut board, 0, &wanted.to_bytes()).unwrap();
            let found = present(&board).unwrap();
            assert_eq!(i32::from(found.count), expected);
            assert_eq!(
                Constants {
                    count: 700,
                    ..found
                },
                wanted
            );
        }
    }

    /// Puts a whole copy to where it begins.
    fn store(board: &mut MemoryBoard, place: Place, constants: &Constants) {
        board.page_mut(place)[..TABLE].copy_from_slice(&constants.to_bytes());
        seal(board, place, constants.version);
    }

    #[test]
    fn of_two_whole_copies_the_one_written_later_counts() {
        for (first, second, expected) in [
            (5, 6, OTHER),
            (6, 5, FIRST),
            (0xFFFF, 0, OTHER),
            (0, 0xFFFF, FIRST),
            (0x7FFF, 0x8000, OTHER),
            (0x8000, 0x7FFF, FIRST),
        ] {
            let mut board = MemoryBoard::new();
            for (place, count) in [(FIRST, first), (OTHER, second)] {
                let counted = Constants {
                    count,
                    ..constants(1)
                };
                store(&mut board, place, &counted);
            }
            assert_eq!(used(&board), expected, "{first} and {second}");
            // Whichever counts is the one that the next write begins from.
            put(&mut board, 160, &[1, 0]).unwrap();
            let count = if expected == FIRST { first } else { second };
            assert_eq!(present(&board).unwrap().count, count.wrapping_add(1));
        }
    }

    #[test]
    fn a_part_of_a_damaged_table_is_not_written() {
        let mut board = MemoryBoard::new();
        for place in [FIRST, OTHER] {
            store(&mut board, place, &constants(1));
            board.page_mut(place)[TABLE] ^= 1;
        }
        assert_eq!(put(&mut board, 160, &[1, 0]), Err(Response::Onp));
        assert_eq!(present(&board), None);
    }

    #[test]
    fn a_part_changes_only_itself() {
        let mut board = MemoryBoard::new();
        put(&mut board, 0, &constants(1).to_bytes()).unwrap();
        let before = present(&board).unwrap();
        put(&mut board, 156, &77u32.to_le_bytes()).unwrap();
        put(&mut board, 162, &[0x22, 0x11]).unwrap();
        let expected = Constants {
            count: before.count.wrapping_add(2),
            starting: [77, 0x1122_0000 | 800],
            ..before
        };
        assert_eq!(present(&board).unwrap(), expected);
    }

    #[test]
    fn both_copies_are_the_same_and_either_is_enough() {
        let mut board = MemoryBoard::new();
        put(&mut board, 0, &constants(3).to_bytes()).unwrap();
        let written = present(&board).unwrap();
        for place in [FIRST, OTHER] {
            for at in 0..TABLE + 2 {
                for bit in 0..8 {
                    let mut damaged = board.clone();
                    damaged.page_mut(place)[at] ^= 1 << bit;
                    assert_eq!(present(&damaged).as_ref(), Some(&written), "byte {at}");
                    damaged.page_mut(place.other())[at] ^= 1 << bit;
                    assert_eq!(present(&damaged), None, "byte {at} of both");
                }
            }
        }
    }

    #[test]
    fn a_supply_failure_after_any_write_leaves_the_old_constants_or_the_new() {
        for rounds in 1..3 {
            let mut board = MemoryBoard::new();
            for round in 0..rounds {
                put(&mut board, 0, &constants(round).to_bytes()).unwrap();
            }
            let old = present(&board).unwrap();
            let mut seen_new = false;
            for writes in 0.. {
                let mut cut = board.clone();
                cut.writes_left = writes;
                let _ = put(&mut cut, 0, &constants(9).to_bytes());
                // From the first write to the last the copy that is being written is marked as none, whatever its CRC.
                if (1..=82).contains(&writes) {
                    assert_eq!(cut.word(used(&cut).other(), 0), 0, "after {writes} writes");
                }
                let found = present(&cut).expect("one copy is always whole");
                let is_new = found.channels == constants(9).channels;
                assert!(is_new || found == old, "after {writes} writes");
                assert!(is_new || !seen_new, "new, then old again");
                seen_new = is_new;
                if cut.writes_left != 0 {
                    break;
                }
            }
            assert!(seen_new);
        }
    }

    #[test]
    fn what_no_sound_board_has_is_refused_and_changes_nothing() {
        let mut board = MemoryBoard::new();
        put(&mut board, 0, &constants(1).to_bytes()).unwrap();
        let before = present(&board);
        let broken_gain = {
            let mut constants = constants(1);
            constants.channels[2].gain = (1.4 * f64::from(1 << 30)) as i32;
            constants.to_bytes()
        };
        let other_version = Constants {
            version: 2,
            ..constants(1)
        };
        for data in [broken_gain, other_version.to_bytes(), [0; TABLE]] {
            assert_eq!(put(&mut board, 0, &data), Err(Response::Onp));
            assert_eq!(present(&board), before);
        }
        for (offset, length) in [(0, 1), (1, 2), (163, 1), (163, 2), (164, 2), (162, 4)] {
            assert_eq!(
                put(&mut board, offset, &[0; 8][..length]),
                Err(Response::Onp)
            );
        }
        assert_eq!(put(&mut board, 0xFFFE, &[0; 2]), Err(Response::Onp));
        let longer = [&before.unwrap().to_bytes()[..], &[0; 84]].concat();
        for length in [TABLE + 1, TABLE + 2, 248] {
            assert_eq!(put(&mut board, 0, &longer[..length]), Err(Response::Onp));
        }
        assert_eq!(present(&board), before);
    }

    #[test]
    fn version_0_makes_the_meter_uncalibrated() {
        let mut board = MemoryBoard::new();
        put(&mut board, 0, &constants(1).to_bytes()).unwrap();
        let none = Constants {
            version: 0,
            ..Constants::NOMINAL
        };
        put(&mut board, 0, &none.to_bytes()).unwrap();
        assert_eq!(present(&board), None);
        put(&mut board, 0, &constants(2).to_bytes()).unwrap();
        assert_eq!(present(&board).unwrap().channels, constants(2).channels);
    }

    #[test]
    fn the_constants_in_use_are_those_of_the_table() {
        let constants = constants(5);
        let mut board = MemoryBoard::new();
        board.page_mut(OTHER)[..TABLE].copy_from_slice(&constants.to_bytes());
        let mut calibration = Calibration::NOMINAL;
        board.load(OTHER, &mut calibration);
        let used = calibration.0.chunks(RECORD).zip(&constants.channels);
        for (used, stored) in used {
            let stored = [
                stored.gain,
                stored.noise as i32,
                stored.power_gain,
                stored.phase,
                stored.power_offset,
            ];
            assert_eq!(used, stored);
        }
        let laws = constants
            .temperature
            .map(|law| i32::from(law.quadratic) << 16 | i32::from(law.linear as u16));
        assert_eq!(calibration.0[LAWS..STARTING_POWERS], laws);
        assert_eq!(
            calibration.0[STARTING_POWERS..],
            constants.starting.map(|power| power as i32)
        );
    }
}
