//! Calibration constants in information FRAM: two copies of MT1, of which the newest whole one counts.
//!
//! | bytes of a copy | what |
//! |---|---|
//! | 0 … 163 | the table MT1 as [`c12::calibration`] lays it out |
//! | 164, 165 | CRC-16/X-25 of bytes 2 … 163, least significant byte first |
//!
//! The copies begin at 0 and at 256. A copy is whole when its version is 1 and its CRC is right. Of two whole ones the
//! one with the higher count is used; after an undisturbed write both are the same.
//!
//! A write, and what counts when the supply fails after each step (A is the copy in use, B the other one):
//!
//! | step | counts |
//! |---|---|
//! | version of B to 0 | A, old |
//! | the rest of B from A and from what is written, its count one higher, its CRC | A, old |
//! | version of B to 1, one word and therefore at once | B, new |
//! | the same from B to A | B, new |

use c12::calibration::{CHANNEL_LIMITS, CHANNELS, SIZE, VERSION, is_within, offset as field};
use c12::crc;
use c12::response::Response;
use metrology::Calibration;
use metrology::calibration::STARTING_POWERS;

/// Bytes of information FRAM.
pub const INFORMATION_SIZE: usize = 512;

/// Where the copies begin; the bit in which they differ.
const OTHER: u16 = 256;

/// Instead of where a copy begins: there is none.
pub const NO_COPY: u16 = 0xFFFF;

/// The board, as far as calibration needs it.
pub trait Board {
    /// The factory jumper is fitted.
    fn is_jumper_set(&self) -> bool;

    /// Information FRAM as it is now.
    fn information(&self) -> &[u8; INFORMATION_SIZE];

    /// The word at the even byte `at` of it, 0 … 510.
    fn word(&self, at: u16) -> u16 {
        let (words, _) = self.information().as_chunks();
        words
            .get(at as usize / 2)
            .map_or(0, |word| u16::from_le_bytes(*word))
    }

    /// Writes a word at the even byte `at`, 0 … 510; when this returns it survives a supply failure.
    fn write_word(&mut self, at: u16, value: u16);

    /// Puts the channels' constants in the copy that begins at `copy`, 0 or 256, to `calibration`.
    fn load(&self, copy: u16, calibration: &mut Calibration) {
        let table = table(self, copy);
        let words = |from: usize| table.get(from..).unwrap_or(&[]).as_chunks().0;
        let (records, starting) = calibration.0.split_at_mut(STARTING_POWERS);
        for (words, place) in [
            (words(field::CHANNELS), records),
            (words(field::STARTING_ACTIVE), starting),
        ] {
            for (place, word) in place.iter_mut().zip(words) {
                *place = i32::from_le_bytes(*word);
            }
        }
    }
}

/// A board of memory alone, for tests and tools.
#[derive(Clone, Debug)]
pub struct MemoryBoard {
    /// The jumper.
    pub jumper: bool,
    /// Information FRAM.
    pub information: [u8; INFORMATION_SIZE],
    /// Writes that still arrive; the supply fails after them.
    pub writes_left: u32,
}

impl MemoryBoard {
    /// Never written, no jumper, a lasting supply.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            jumper: false,
            information: [0xFF; INFORMATION_SIZE],
            writes_left: u32::MAX,
        }
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

    fn information(&self) -> &[u8; INFORMATION_SIZE] {
        &self.information
    }

    fn write_word(&mut self, at: u16, value: u16) {
        if self.writes_left != 0 {
            self.writes_left -= 1;
            let at = at as usize;
            self.information[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// CRC of the copy that begins at `copy`.
#[inline(never)]
fn checksum<B: Board>(board: &B, copy: u16) -> u16 {
    let mut crc = crc::INITIAL;
    let mut at = 2;
    while at < SIZE as u16 {
        let byte = board.information()[(copy + at) as usize % INFORMATION_SIZE];
        crc = crc::step(crc, byte as u16);
        at += 1;
    }
    !crc
}

/// 0 when the copy that begins at `copy` is whole.
#[inline(never)]
fn damage<B: Board>(board: &B, copy: u16) -> u16 {
    (board.word(copy) ^ VERSION) | (board.word(copy + SIZE as u16) ^ checksum(board, copy))
}

/// Where the copy that counts begins; [`NO_COPY`] without a whole one.
#[inline(never)]
pub fn newest<B: Board>(board: &B) -> u16 {
    let count = |copy: u16| board.word(copy + field::COUNT as u16);
    let first = damage(board, 0);
    if damage(board, OTHER) != 0 {
        return if first == 0 { 0 } else { NO_COPY };
    }
    if first == 0 && (count(0).wrapping_sub(count(OTHER)) as i16) > 0 {
        0
    } else {
        OTHER
    }
}

/// MT1's bytes in this copy; none for [`NO_COPY`].
pub fn table<B: Board + ?Sized>(board: &B, copy: u16) -> &[u8] {
    let rest = board.information().get(copy as usize..).unwrap_or(&[]);
    rest.get(..SIZE).unwrap_or(&[])
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
    used: u16,
    offset: u16,
    data: &[u8],
) -> Result<u16, Response> {
    let (data, odd) = data.as_chunks::<2>();
    let last = (SIZE as u16).wrapping_sub(2 * data.len() as u16);
    // More than the table wraps to something odd or far above it.
    if !odd.is_empty()
        || offset & 1 != 0
        || offset > last
        || last > SIZE as u16
        || (used == NO_COPY && last != 0)
    {
        return Err(Response::Onp);
    }
    let from = used & OTHER;
    if duplicate(board, from, offset, data) != 0 {
        return Err(Response::Onp);
    }
    duplicate(board, from ^ OTHER, 0, &[]);
    Ok(newest(board))
}

/// Makes the other copy what copy `from` is, with `data` at `offset`, and if there is any, the count one higher. 0, or
/// something else when the values are not plausible: then it is no copy.
#[inline(never)]
fn duplicate<B: Board>(board: &mut B, from: u16, offset: u16, data: &[[u8; 2]]) -> u16 {
    let to = from ^ OTHER;
    board.write_word(to, 0);
    // From the end: the version comes last, and is kept back.
    let mut at = SIZE as u16;
    let version = loop {
        at -= 2;
        let old = board.word(from + at);
        let mut value = match data.get((at.wrapping_sub(offset) / 2) as usize) {
            Some(pair) => u16::from_le_bytes(*pair),
            None => old,
        };
        if at == 0 {
            break value;
        }
        if at == field::COUNT as u16 {
            value = old.wrapping_add(!data.is_empty() as u16);
        }
        board.write_word(to + at, value);
    };
    at = to + field::CHANNELS as u16;
    let mut refused = version & !VERSION;
    for _ in 0..CHANNELS {
        for limits in &CHANNEL_LIMITS {
            if !is_within(board.word(at + 2), limits) {
                refused |= 1;
            }
            at += 4;
        }
    }
    if refused == 0 {
        board.write_word(to + SIZE as u16, checksum(board, to));
        board.write_word(to, version);
    }
    refused
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use c12::calibration::Constants;
    use metrology::calibration::RECORD;

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
        constants.starting = [700 + seed as u32, 800];
        constants
    }

    /// What counts, as values.
    fn present(board: &MemoryBoard) -> Option<Constants> {
        let bytes = table(board, newest(board));
        Some(Constants::from_bytes(bytes.try_into().ok()?))
    }

    fn put(board: &mut MemoryBoard, offset: u16, data: &[u8]) -> Result<(), Response> {
        let used = newest(board);
        write(board, used, offset, data).map(|_| ())
    }

    #[test]
    fn a_blank_memory_has_no_constants_and_takes_only_a_whole_table() {
        for blank in [0, 0xFF] {
            let mut board = MemoryBoard::new();
            board.information = [blank; INFORMATION_SIZE];
            assert_eq!(present(&board), None);
            assert_eq!(put(&mut board, 4, &[0, 0]), Err(Response::Onp));
            put(&mut board, 0, &constants(1).to_bytes()).unwrap();
            assert_eq!(present(&board).unwrap().channels, constants(1).channels);
        }
    }

    #[test]
    fn the_count_is_the_meters_and_goes_up() {
        let mut board = MemoryBoard::new();
        board.information = [0; INFORMATION_SIZE];
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
        // Past 65 535 the newer one still counts.
        let mut board = MemoryBoard::new();
        put(&mut board, 0, &constants(1).to_bytes()).unwrap();
        assert_eq!(present(&board).unwrap().count, 0);
        put(&mut board, 0, &constants(2).to_bytes()).unwrap();
        assert_eq!(present(&board).unwrap().count, 1);
    }

    /// Puts a whole copy to where it begins.
    fn store(board: &mut MemoryBoard, copy: u16, constants: &Constants) {
        let at = copy as usize;
        board.information[at..at + SIZE].copy_from_slice(&constants.to_bytes());
        let crc = checksum(board, copy);
        board.write_word(copy + SIZE as u16, crc);
    }

    #[test]
    fn of_two_whole_copies_the_one_written_later_counts() {
        for (first, second, expected) in [
            (5, 6, OTHER),
            (6, 5, 0),
            (0xFFFF, 0, OTHER),
            (0, 0xFFFF, 0),
            (0x7FFF, 0x8000, OTHER),
            (0x8000, 0x7FFF, 0),
        ] {
            let mut board = MemoryBoard::new();
            for (copy, count) in [(0, first), (OTHER, second)] {
                let counted = Constants {
                    count,
                    ..constants(1)
                };
                store(&mut board, copy, &counted);
            }
            assert_eq!(newest(&board), expected, "{first} and {second}");
            // Whichever counts is the one that the next write begins from.
            put(&mut board, 160, &[1, 0]).unwrap();
            let count = if expected == 0 { first } else { second };
            assert_eq!(present(&board).unwrap().count, count.wrapping_add(1));
        }
    }

    #[test]
    fn a_part_of_a_damaged_table_is_not_written() {
        let mut board = MemoryBoard::new();
        for copy in [0, OTHER] {
            store(&mut board, copy, &constants(1));
            board.information[copy as usize + SIZE] ^= 1;
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
        for at in (0..SIZE + 2).flat_map(|at| [at, at + OTHER as usize]) {
            for bit in 0..8 {
                let mut damaged = board.clone();
                damaged.information[at] ^= 1 << bit;
                assert_eq!(present(&damaged).as_ref(), Some(&written), "byte {at}");
                damaged.information[(at + OTHER as usize) % INFORMATION_SIZE] ^= 1 << bit;
                assert_eq!(present(&damaged), None, "byte {at} of both");
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
                    assert_eq!(cut.word(newest(&cut) ^ OTHER), 0, "after {writes} writes");
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
        for data in [broken_gain, other_version.to_bytes(), [0; SIZE]] {
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
        for length in [SIZE + 1, SIZE + 2, 248] {
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
        board.information[256..256 + SIZE].copy_from_slice(&constants.to_bytes());
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
        assert_eq!(
            calibration.0[STARTING_POWERS..],
            constants.starting.map(|power| power as i32)
        );
    }
}
