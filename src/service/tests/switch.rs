//! The service switch behind its port: commands, the coils' pulses, the button, a failing supply.

extern crate std;

use super::{Meter, OPERATOR, UTILITY, opened, pass, read, run};
use crate::service::MeterDevice;
use crate::service::switch::{ARMED, CLOSED};
use c12::device::Device;
use std::vec::Vec;

const SWITCH: u16 = 2048;
const CLOSING: u16 = 1;
const OPENING: u16 = 2;

/// Events 49 and 51 of the log, each with the state that it told, oldest first.
fn moves(meter: &mut Meter) -> Vec<(u8, u8)> {
    let log = read(meter, 76);
    let valid = usize::from(log[1]);
    let entries = log[11..].chunks(16).take(valid);
    let moves = entries.filter(|entry| entry[10] == 49 || entry[10] == 51);
    moves.map(|entry| (entry[10], entry[12])).collect()
}

#[test]
fn commands_drive_one_coil_for_an_eighth_of_a_second() {
    let mut meter = opened(&UTILITY);
    let mut now = 0u16;
    meter.tick(now);
    assert_eq!(run(&mut meter, SWITCH, &[]), [0, 0], "closed as delivered");
    assert_eq!(meter.board.coils, 0, "a question drives nothing");
    let commands = [
        (1, OPENING),
        (2, OPENING),
        (0, CLOSING),
        (0, CLOSING),
        (2, OPENING),
        (1, OPENING),
    ];
    for (state, coil) in commands {
        assert_eq!(run(&mut meter, SWITCH, &[state]), [0, state]);
        assert_eq!(run(&mut meter, SWITCH, &[]), [0, state]);
        let mut ticks = 0;
        while meter.board.coils != 0 {
            assert_eq!(meter.board.coils, coil, "{state}");
            now = now.wrapping_add(1);
            ticks += 1;
            meter.tick(now);
        }
        assert_eq!(ticks, 16, "{state}");
        // As long as the ticks take to come round once and more.
        for _ in 0..70_000u32 {
            now = now.wrapping_add(1);
            meter.tick(now);
            assert_eq!(meter.board.coils, 0);
        }
    }
    assert_eq!(
        moves(&mut meter),
        commands.map(|(state, _)| (49, state)),
        "every command is logged"
    );
}

#[test]
fn an_order_within_the_pulse_of_another_turns_it_round() {
    let mut meter = opened(&UTILITY);
    meter.tick(7);
    run(&mut meter, SWITCH, &[1]);
    meter.tick(17);
    assert_eq!(meter.board.coils, OPENING);
    run(&mut meter, SWITCH, &[0]);
    meter.tick(32);
    assert_eq!(meter.board.coils, CLOSING);
    meter.tick(33);
    assert_eq!(meter.board.coils, 0);
}

#[test]
fn only_the_utility_moves_it_and_only_to_a_state_that_there_is() {
    let mut meter = opened(&OPERATOR);
    for parameters in [&[][..], &[1]] {
        assert_eq!(run(&mut meter, SWITCH, parameters), [5]);
    }
    assert_eq!(meter.security(&UTILITY), Ok(()));
    for wrong in [&[3][..], &[255], &[1, 0], &[0, 0]] {
        assert_eq!(run(&mut meter, SWITCH, wrong), [2], "{wrong:?}");
    }
    assert_eq!(meter.board.coils, 0);
    assert_eq!(u16::from(meter.readings.kept.switch), CLOSED);
    assert_eq!(moves(&mut meter), []);
}

#[test]
fn the_button_closes_an_armed_switch_and_nothing_else() {
    let mut meter = opened(&UTILITY);
    let mut now = 0;
    for state in [0, 1] {
        run(&mut meter, SWITCH, &[state]);
        pass(&mut meter, &mut now, 1);
        meter.board.button = true;
        pass(&mut meter, &mut now, 1);
        meter.board.button = false;
        assert_eq!(meter.board.coils, 0);
        assert_eq!(meter.readings.kept.switch, state);
    }
    run(&mut meter, SWITCH, &[2]);
    pass(&mut meter, &mut now, 1);
    assert_eq!(u16::from(meter.readings.kept.switch), ARMED);
    meter.board.button = true;
    now += 1;
    meter.tick(now);
    assert_eq!(meter.board.coils, CLOSING);
    // However long it is held.
    pass(&mut meter, &mut now, 3);
    assert_eq!(meter.board.coils, 0);
    assert_eq!(run(&mut meter, SWITCH, &[]), [0, 0]);
    assert_eq!(moves(&mut meter), [(49, 0), (49, 1), (49, 2), (51, 0)]);
}

#[test]
fn what_was_driven_is_known_whenever_the_supply_fails() {
    let mut meter = opened(&UTILITY);
    let mut driven = 0;
    for writes in 0..1000 {
        let mut failing = MeterDevice::new(meter.board.clone());
        assert_eq!(failing.security(&UTILITY), Ok(()));
        failing.board.writes_left = writes;
        run(&mut failing, SWITCH, &[1]);
        let is_driven = failing.board.coils == OPENING;
        let mut board = failing.board.clone();
        board.writes_left = u32::MAX;
        board.coils = 0;
        let again = MeterDevice::new(board);
        assert_eq!(again.board.coils, 0, "a start drives nothing");
        let state = again.readings.kept.switch;
        assert!(state <= 1);
        if is_driven {
            assert_eq!(state, 1, "{writes}");
            driven += 1;
        }
    }
    assert!(driven > 0 && driven < 1000);
    run(&mut meter, SWITCH, &[2]);
    let again = MeterDevice::new(meter.board.clone());
    assert_eq!(u16::from(again.readings.kept.switch), ARMED);
}

#[test]
fn voltage_events_are_reset_by_the_utility() {
    let mut meter = opened(&UTILITY);
    assert_eq!(run(&mut meter, SWITCH + 1, &[]), [0]);
    assert_eq!(meter.board.voltage_resets, 1);
    assert_eq!(meter.security(&OPERATOR), Ok(()));
    assert_eq!(run(&mut meter, SWITCH + 1, &[]), [5]);
    assert_eq!(meter.board.voltage_resets, 1);
}
