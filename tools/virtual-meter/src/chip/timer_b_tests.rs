//! Timer_B at register level.

use super::*;
use crate::chip::testing::backplane;

const CONTINUOUS_SMCLK: u16 = 0x0220;
const UP_SMCLK: u16 = 0x0210;

fn write(timer: &mut TimerB, backplane: &mut Backplane, offset: u16, value: u16) {
    timer.write(offset, value, Lane::Word, backplane).unwrap();
}

fn run(timer: &mut TimerB, backplane: &mut Backplane, until: u64) -> Vec<u64> {
    let mut events = Vec::new();
    while backplane.events.earliest() <= until {
        let (_, at) = backplane.events.pop_due(until).unwrap();
        backplane.now = at;
        timer.event(backplane);
        events.push(at);
    }
    backplane.now = until;
    events
}

#[test]
fn counts_with_both_dividers() {
    let (mut timer, mut backplane) = (TimerB::new(0, 3), backplane());
    write(&mut timer, &mut backplane, 0x20, 2);
    write(&mut timer, &mut backplane, 0, CONTINUOUS_SMCLK | 1 << 6);
    backplane.now = 605;
    assert_eq!(timer.read(0x10, &mut backplane), Some(100));
    backplane.now = 606;
    assert_eq!(timer.read(0x10, &mut backplane), Some(101));
}

#[test]
fn up_mode_has_a_period_of_ccr0_plus_one() {
    let (mut timer, mut backplane) = (TimerB::new(0, 3), backplane());
    write(&mut timer, &mut backplane, 0x12, 99);
    write(&mut timer, &mut backplane, 0x02, ENABLE);
    write(&mut timer, &mut backplane, 0, UP_SMCLK);
    assert_eq!(run(&mut timer, &mut backplane, 350), [99, 199, 299]);
    assert_eq!(backplane.lines, 1 << line::TIMER0_B0);
    timer.accept_first(&mut backplane);
    assert_eq!(backplane.lines, 0);
    assert_eq!(
        timer.read(0, &mut backplane).unwrap() & 1,
        1,
        "TBIFG with the return to zero"
    );
}

#[test]
fn a_flag_set_by_software_interrupts_without_a_running_counter() {
    let (mut timer, mut backplane) = (TimerB::new(2, 3), backplane());
    write(&mut timer, &mut backplane, 0x02, ENABLE | FLAG);
    assert_eq!(backplane.lines, 1 << (line::TIMER0_B0 - 4));
    timer.accept_first(&mut backplane);
    assert_eq!(timer.read(0x02, &mut backplane), Some(ENABLE));
}

#[test]
fn falling_edges_capture_and_a_lost_one_shows_in_cov() {
    let (mut timer, mut backplane) = (TimerB::new(1, 3), backplane());
    timer.set_input(1, 0, true, &mut backplane);
    write(
        &mut timer,
        &mut backplane,
        0x04,
        2 << 14 | 1 << 11 | CAPTURE | ENABLE,
    );
    write(&mut timer, &mut backplane, 0, CONTINUOUS_SMCLK);
    backplane.now = 1234;
    timer.set_input(1, 0, false, &mut backplane);
    assert_eq!(backplane.lines, 1 << (line::TIMER0_B0 - 3));
    assert_eq!(timer.read(0x2E, &mut backplane), Some(2));
    assert_eq!(timer.read(0x2E, &mut backplane), Some(0));
    assert_eq!(backplane.lines, 0);
    assert_eq!(timer.read(0x14, &mut backplane), Some(1234));
    for at in [2000, 3000] {
        backplane.now = at;
        timer.set_input(1, 0, true, &mut backplane);
        timer.set_input(1, 0, false, &mut backplane);
    }
    assert_eq!(timer.read(0x04, &mut backplane).unwrap() & OVERRUN, OVERRUN);
    assert_eq!(timer.read(0x14, &mut backplane), Some(3000));
}

#[test]
fn software_captures_through_ccis() {
    let (mut timer, mut backplane) = (TimerB::new(1, 3), backplane());
    write(&mut timer, &mut backplane, 0, CONTINUOUS_SMCLK);
    write(
        &mut timer,
        &mut backplane,
        0x06,
        3 << 14 | 2 << 12 | CAPTURE,
    );
    backplane.now = 777;
    write(
        &mut timer,
        &mut backplane,
        0x06,
        3 << 14 | 3 << 12 | CAPTURE,
    );
    assert_eq!(timer.read(0x16, &mut backplane), Some(777));
}

#[test]
fn the_vector_register_goes_by_priority() {
    let (mut timer, mut backplane) = (TimerB::new(3, 7), backplane());
    for block in [5, 2] {
        write(&mut timer, &mut backplane, 0x02 + 2 * block, ENABLE | FLAG);
    }
    write(&mut timer, &mut backplane, 0, CONTINUOUS_SMCLK | 3);
    assert_eq!(
        [(); 4].map(|()| timer.read(0x2E, &mut backplane).unwrap()),
        [4, 10, 14, 0]
    );
}

#[test]
fn outputs_follow_their_modes() {
    // Mode, levels of TB3.1 after: start, own match at 30, CCR0 at 99, own match, CCR0.
    let cases: [(u16, [bool; 5]); 7] = [
        (1, [false, true, true, true, true]),
        (2, [false, true, false, true, false]),
        (3, [false, true, false, true, false]),
        (4, [false, true, true, false, false]),
        (5, [false, false, false, false, false]),
        (6, [false, true, true, false, true]),
        (7, [false, false, true, false, true]),
    ];
    for (mode, expected) in cases {
        let (mut timer, mut backplane) = (TimerB::new(3, 7), backplane());
        write(&mut timer, &mut backplane, 0x12, 99);
        write(&mut timer, &mut backplane, 0x14, 30);
        write(&mut timer, &mut backplane, 0x04, mode << 5);
        write(&mut timer, &mut backplane, 0, UP_SMCLK);
        let levels = [5, 35, 99, 135, 199].map(|until| {
            run(&mut timer, &mut backplane, until);
            timer.outputs() & 2 != 0
        });
        assert_eq!(levels, expected, "OUTMOD {mode}");
    }
}

#[test]
fn output_mode_0_shows_the_out_bit() {
    let (mut timer, mut backplane) = (TimerB::new(3, 7), backplane());
    write(&mut timer, &mut backplane, 0x04, OUT);
    assert_eq!(timer.outputs(), 2);
    write(&mut timer, &mut backplane, 0x04, 0);
    assert_eq!(timer.outputs(), 0);
}

#[test]
fn what_is_not_modelled_is_loud() {
    for (offset, value) in [
        (0x00, 0x0230),
        (0x00, 0x0020),
        (0x00, 0x2220),
        (0x02, 0x0200),
    ] {
        let (mut timer, mut backplane) = (TimerB::new(0, 3), backplane());
        write(&mut timer, &mut backplane, offset, value);
        assert!(backplane.fault.is_some(), "{offset:#x} {value:#x}");
    }
}
