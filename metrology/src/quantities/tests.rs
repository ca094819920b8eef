//! Every step of every formula counts.

extern crate std;

use super::*;
use crate::formula::Step;
use crate::{Portable, calibration as c};
use std::vec::Vec;

/// Windows that use every correction: import and export, lagging and leading, clipped by their limits and below noise.
fn cases() -> Vec<(Window, Calibration)> {
    let mut seed = 1u64;
    let mut random = |range: i64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(11);
        (seed >> 33) as i64 % range
    };
    let mut cases = Vec::new();
    for case in 0..12 {
        let length = (7990 + random(20)) << 16;
        let samples = length >> 16;
        // Codes: volts of any size, amperes from nearly nothing to a lot.
        let volt = 1_500_000 + random(3_000_000);
        let ampere = [100, 300, 30_000, 3_000_000][case % 4] + random(100);
        let neutral = ampere / 2 + random(50);
        let cosine = [900, -700, 300, 999][case % 4];
        let sine = [400, 700, -950, -20][case % 4];
        let mut window = Window::default();
        let power = volt / 8 * ampere / 125 * cosine;
        window.sums.0 = [
            samples * random(4000),
            -samples * random(3000),
            samples * random(2000),
            4 * samples * volt * volt,
            4 * samples * (ampere * ampere + random(9000)),
            4 * samples * (neutral * neutral + random(9000)),
            4 * samples * power,
            2 * samples * power,
        ];
        let mut beyond_range = volt * 2;
        if case == 10 {
            // No voltage: less than its noise.
            window.sums.0[3] = 0;
        }
        if case == 9 {
            window.tally.flags = Flags::UNSYNCHRONISED;
        }
        if case == 6 {
            window.tally.flags = Flags::NEUTRAL_METERED;
        }
        if case == 11 {
            // A mean square that no board can give meets the limits.
            for square in &mut window.sums.0[3..6] {
                *square = i64::MAX / 2;
            }
            beyond_range = 1 << 23;
        }
        let tally = &mut window.tally;
        tally.numbers = [
            length as u32,
            60,
            beyond_range as u32,
            ampere as u32 * 2,
            neutral as u32 * 2,
        ];
        if case == 7 {
            // A channel that stands still.
            window.sums.0[1] = -samples * 50_000;
            tally.peaks_mut()[1] = 50_009;
        }
        tally.fundamental.pieces = 5;
        tally.fundamental.powers = [
            power / 2,
            volt / 8 * ampere / 125 * sine / 2,
            volt * volt,
            ampere * ampere,
        ]
        .map(|power| 5 * 20_000 * power);
        let mut calibration = Calibration::NOMINAL;
        for channel in 0..3 {
            let sign = if case % 2 == 0 { 1 } else { -1 };
            *calibration.of(channel, c::GAIN) += sign * random(30_000_000) as i32;
            *calibration.of(channel, c::NOISE) = random(1_400_000) as i32;
            *calibration.of(channel, c::POWER_GAIN) -= sign * random(300_000) as i32;
            if channel != 0 {
                *calibration.of(channel, c::PHASE) = sign * random(40_000_000) as i32;
                *calibration.of(channel, c::POWER_OFFSET) = sign * random(90_000_000) as i32;
            }
        }
        for channel in 0..3 {
            calibration.0[c::LAWS + channel] = random(1 << 30) as i32 - (1 << 29);
        }
        // Currents below, inside and above the curve.
        for point in 0..5 {
            let current_ua = (4_000 << (3 * point)) + random(1000) as u32;
            let [gain, phase] = [random(6000) as i16 - 3000, random(6000) as i16 - 3000];
            calibration.set_point(point, current_ua, gain, phase);
        }
        cases.push((window, calibration));
    }
    cases
}

/// What readers and registers get: everything but intermediate values.
fn results(formulas: &Formulas<'_>, case: &(Window, Calibration)) -> Vec<i64> {
    let (window, calibration) = case;
    let mut q = Quantities::ZERO;
    let mut no_load = NoLoad::COUNTING;
    let reading = 1500 + 150 * (window.tally.peaks()[1] % 7) as u16;
    q.set_temperature_by(formulas, &Portable, [reading, 2150, 2730]);
    q.measure_by(formulas, &Portable, window, calibration, &mut no_load, 8000);
    let imbalance = [slot::DIFFERENCE, slot::BALANCE].map(|place| q.slots[place]);
    q.present_by(formulas, &Portable);
    let mut results = Vec::from(&q.slots[..3]);
    results.extend(imbalance);
    results.push(q.flags.0 as i64);
    results.extend(&q.slots[slot::EXCESS..slot::EXCESS + 2]);
    results.extend(&q.slots[slot::AMPLITUDES..slot::AMPLITUDES + 2]);
    results.push(q.temperature_mdegc() as i64);
    results.push(q.neutral_active_uw());
    results.push(q.voltage_uv() as i64);
    results.extend(q.shown_late());
    results.extend(&q.slots[slot::SHOWN..]);
    results
}

#[test]
fn no_step_of_a_formula_can_be_left_out() {
    let cases = cases();
    let whole: Vec<_> = cases.iter().map(|case| results(&STANDARD, case)).collect();
    let matters = |formulas: &Formulas<'_>| {
        let mut compared = cases.iter().zip(&whole);
        compared.any(|(case, whole)| results(formulas, case) != *whole)
    };
    let mut idle = Vec::new();
    let names = [
        "thermometer",
        "temperature",
        "sums",
        "current",
        "segment",
        "whole pieces",
        "broken pieces",
        "line and voltage",
        "units",
        "last",
    ];
    for (which, name) in names.into_iter().enumerate() {
        let steps = [
            STANDARD.thermometer,
            STANDARD.temperature,
            STANDARD.sums,
            STANDARD.current,
            STANDARD.segment,
            STANDARD.whole_pieces,
            STANDARD.broken_pieces,
            STANDARD.line_and_voltage,
            STANDARD.units,
            STANDARD.last,
        ][which];
        for left_out in 0..steps.len() {
            let mut rest: Vec<Step> = steps.to_vec();
            rest.remove(left_out);
            let mut formulas = STANDARD;
            let place = match which {
                0 => &mut formulas.thermometer,
                1 => &mut formulas.temperature,
                2 => &mut formulas.sums,
                3 => &mut formulas.current,
                4 => &mut formulas.segment,
                5 => &mut formulas.whole_pieces,
                6 => &mut formulas.broken_pieces,
                7 => &mut formulas.line_and_voltage,
                8 => &mut formulas.units,
                _ => &mut formulas.last,
            };
            *place = &rest;
            if !matters(&formulas) {
                idle.push((name, left_out));
            }
        }
    }
    assert_eq!(idle, []);
}
