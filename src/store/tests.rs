//! Supplies that fail after every single word, and memory that loses bits.

extern crate std;

use super::*;
use crate::demand::{Demand, Interval};
use crate::list::List;
use crate::profile::Profile;
use crate::service::{MeterDevice, STATUS_NONVOLATILE_FAILURE};
use crate::snapshot::DIAGNOSTICS;
use c12::clock::Clock;
use c12::diagnostics;
use kept::WORDS;
use metrology::energy::Register;

const FIRST: Place = Place::REGISTERS;
const BOTH: [Place; 2] = [FIRST, FIRST.other()];

/// Registers in which every word differs from every other one and from those of another seed.
fn registers(seed: u16) -> Kept {
    Kept::from_words(core::array::from_fn(|k| seed << 8 | (k as u16 + 1)))
}

/// What counts.
fn present(board: &MemoryBoard) -> Option<Kept> {
    let place = newest(board, FIRST);
    let mut kept = Kept::ZERO;
    board.recall(place, &mut kept);
    place.is_whole().then_some(kept)
}

/// A board on which `seeds` have been saved one after the other.
fn saved(seeds: core::ops::Range<u16>) -> MemoryBoard {
    let mut board = MemoryBoard::new();
    for seed in seeds {
        let from = newest(&board, FIRST);
        board.keep(from, &registers(seed));
    }
    board
}

#[test]
fn words_are_stored_in_the_documented_order() {
    let mut kept = Kept::ZERO;
    kept.energy.0[1] = Register {
        pulses: 0x6666_5555,
        remainder: 0x4444_3333_2222_1111,
    };
    kept.power_ups = 0x7777;
    kept.copies_lost = 0x8888;
    kept.events = 0x9999;
    kept.clock = Clock::from_bytes([1, 2, 3, 4, 5, 6, 7]);
    kept.demand = Demand {
        start: 0xAAAA,
        resets: 8,
        time: [9, 10, 11, 12, 13],
        max_w: 0xBBBB,
        zero: 0xCCCC,
    };
    kept.failures = 0xDDDD;
    kept.wait_s = 0xEEEE;
    kept.lists = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]].map(List::from_words);
    kept.profile = Profile::from_words([13, 14, 15, 16, 17, 18, 19]);
    kept.calendar = 0x1701;
    kept.earlier = [20, 21];
    kept.interval = Interval {
        sub_min: 22,
        times: 23,
    };
    assert_eq!((kept.lists[2].element, kept.lists[1].unread), (10, 8));
    assert_eq!((kept.profile.intervals, kept.profile.start_wh[3]), (13, 19));
    let words = kept.to_words();
    assert_eq!(
        words[6..12],
        [0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666]
    );
    assert_eq!(
        words[42..],
        [
            0x7777, 0x8888, 0x9999, 0x0201, 0x0403, 0x0605, 0x0007, 0xAAAA, 0x0908, 0x0B0A, 0x0D0C,
            0xBBBB, 0xCCCC, 0xDDDD, 0xEEEE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
            17, 18, 19, 0x1701, 20, 21, 0x1716
        ]
    );
    assert!(
        words[..6]
            .iter()
            .chain(&words[12..42])
            .all(|word| *word == 0)
    );
    assert_eq!(Kept::from_words(words), kept);
}

#[test]
fn blank_memory_is_no_failure_and_what_no_layout_uses_is_zero() {
    for blank in [0, 0xFF] {
        let mut board = MemoryBoard::new();
        board.registers = [[blank; PAGE]; 2];
        let mut lost = 0;
        let found = recover(&mut board, FIRST, &mut lost);
        assert_eq!((found.is_whole(), lost), (false, 0));
        let place = board.keep(found, &registers(1));
        assert_eq!(place, FIRST.other());
        assert_eq!(present(&board), Some(registers(1)));
        assert_eq!(board.word(place, COUNT), 1);
        let free = usize::from(CONTENT) + 2 * WORDS..usize::from(SIZE);
        assert!(board.page(place)[free].iter().all(|byte| *byte == 0));
        assert_eq!(board.page(FIRST), &[blank; PAGE]);
    }
}

#[test]
fn a_field_of_a_later_layout_is_kept_by_an_earlier_one() {
    let mut board = saved(0..1);
    let place = newest(&board, FIRST);
    board.write_word(place, SIZE - 2, 0x1234);
    seal(&mut board, place, VERSION);
    // An earlier one: with a field less than this.
    for _ in 1..4 {
        let from = newest(&board, FIRST);
        let to = super::save(&mut board, from, CONTENT, &[7; 2 * WORDS - 2]);
        assert_eq!(board.word(to, SIZE - 2), 0x1234);
    }
}

#[test]
fn writes_alternate_and_the_count_may_wrap() {
    let mut board = saved(0..1);
    let place = newest(&board, FIRST);
    board.write_word(place, COUNT, 0xFFFD);
    seal(&mut board, place, VERSION);
    for seed in 1..8 {
        let from = newest(&board, FIRST);
        assert_eq!(board.keep(from, &registers(seed)), from.other());
        assert_eq!(newest(&board, FIRST), from.other());
        assert_eq!(present(&board), Some(registers(seed)));
    }
}

#[test]
fn a_supply_failure_after_any_write_leaves_the_old_registers_or_the_new() {
    for rounds in 0..4 {
        let board = saved(0..rounds);
        let old = present(&board);
        let mut seen_new = false;
        for writes in 0.. {
            let mut cut = board.clone();
            cut.writes_left = writes;
            let from = newest(&cut, FIRST);
            cut.keep(from, &registers(99));
            let survived = cut.writes_left == 0;
            cut.writes_left = u32::MAX;
            let mut lost = 0;
            let found = recover(&mut cut, FIRST, &mut lost);
            assert_eq!(lost, 0, "a cut is no damage");
            let kept = present(&cut);
            let is_new = kept == Some(registers(99));
            assert!(is_new || kept == old, "after {writes} writes");
            assert!(is_new || !seen_new, "new, then old again");
            seen_new = is_new;
            if found.is_whole() {
                assert_eq!(BOTH.map(|place| damage(&cut, place)), [0; 2]);
            }
            if !survived {
                break;
            }
        }
        assert!(seen_new);
    }
}

#[test]
fn a_second_supply_failure_while_a_start_repairs_what_the_first_one_left() {
    let board = saved(0..2);
    // From the first word of a save to past its last one; then the same in the start behind it.
    for first in 0..245 {
        let mut cut = board.clone();
        cut.writes_left = first;
        let from = newest(&cut, FIRST);
        cut.keep(from, &registers(2));
        for second in 0..260 {
            let mut again = cut.clone();
            again.writes_left = second;
            let energy = MeterDevice::new(again.clone()).readings.kept.energy;
            assert!(
                [1, 2].map(|seed| registers(seed).energy).contains(&energy),
                "{first} and {second}"
            );
            again = MeterDevice::new(again).board;
            again.writes_left = u32::MAX;
            let last = MeterDevice::new(again);
            assert_eq!(last.readings.kept.energy, energy, "{first} and {second}");
            assert_eq!(last.status & STATUS_NONVOLATILE_FAILURE, 0);
        }
    }
}

#[test]
fn a_damaged_copy_is_made_whole_from_the_other_and_counted() {
    // The copy that counts, then the one before it.
    let board = saved(0..2);
    let newer = newest(&board, FIRST);
    for (place, seed) in [(newer, 0), (newer.other(), 1)] {
        for at in 0..usize::from(SIZE) + 2 {
            for bit in 0..8 {
                let mut damaged = board.clone();
                damaged.page_mut(place)[at] ^= 1 << bit;
                // Version 1 with its only bit gone looks like a copy that was being written.
                let looks_cut = at == 0 && bit == 0;
                let mut lost = 0;
                let found = recover(&mut damaged, FIRST, &mut lost);
                assert_eq!(lost, u16::from(!looks_cut), "byte {at}");
                assert_eq!(found, place.other());
                assert_eq!(present(&damaged), Some(registers(seed)));
                // Now either copy is enough.
                damaged.page_mut(found)[at] ^= 0xFF;
                assert_eq!(present(&damaged), Some(registers(seed)));
            }
        }
    }
}

#[test]
fn a_meter_goes_on_from_what_it_kept() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let shown = |meter: &MeterDevice<MemoryBoard>| {
        let half = |at| meter.readings.snapshot.half(DIAGNOSTICS + at);
        [
            half(diagnostics::offset::POWER_UPS),
            half(diagnostics::offset::COPIES_LOST),
            meter.status & STATUS_NONVOLATILE_FAILURE,
        ]
    };
    assert_eq!(shown(&meter), [1, 0, 0], "the first time ever");
    let mut stored = registers(3).energy;
    stored.0[0].remainder = 0;
    meter.readings.kept.energy = stored;
    meter.save();

    let mut meter = MeterDevice::new(meter.board);
    assert_eq!(shown(&meter), [2, 0, 0]);
    assert_eq!(meter.readings.kept.energy, stored);
    meter.readings.show_energies(&metrology::kernel::Portable);
    let import = meter
        .readings
        .snapshot
        .word(c12::snapshot::offset::IMPORT + 4);
    let pulses = u64::from(stored.0[0].pulses);
    assert_eq!(u64::from(import), pulses * 1000 / 6400, "shown at once");

    let newer = newest(&meter.board, FIRST);
    meter.board.page_mut(newer)[20] ^= 1;
    let mut meter = MeterDevice::new(meter.board);
    assert_eq!(meter.readings.kept.energy, stored);
    // The start before stands in the other copy too: its event has saved it twice.
    assert_eq!(shown(&meter), [3, 1, 0]);

    for place in BOTH {
        meter.board.page_mut(place)[20] ^= 1;
    }
    let mut meter = MeterDevice::new(meter.board);
    assert_eq!(meter.readings.kept.energy, Kept::ZERO.energy);
    assert_eq!(shown(&meter), [1, 2, STATUS_NONVOLATILE_FAILURE]);
    meter.readings.kept.energy = registers(4).energy;
    meter.save();
    let meter = MeterDevice::new(meter.board);
    assert_eq!(meter.readings.kept.energy, registers(4).energy);
    assert_eq!(shown(&meter), [2, 2, 0]);
}

#[test]
fn a_lost_copy_of_the_calibration_is_made_whole_too() {
    let mut meter = MeterDevice::new(MemoryBoard::new());
    let table = c12::calibration::Constants::NOMINAL.to_bytes();
    let place = Place::CALIBRATION;
    let none = newest(&meter.board, place);
    let used = crate::calibration_store::write(&mut meter.board, none, 0, &table).unwrap();
    let written = *meter.board.page(used);
    meter.board.page_mut(used)[30] ^= 4;
    let meter = MeterDevice::new(meter.board);
    assert_eq!(meter.readings.kept.copies_lost, 1);
    assert_eq!(meter.status & STATUS_NONVOLATILE_FAILURE, 0);
    assert_eq!(meter.board.page(used)[..166], written[..166]);
    assert_eq!(meter.board.page(used.other())[..166], written[..166]);
}
