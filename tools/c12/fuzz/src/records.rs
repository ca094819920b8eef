//! Single records: what is read from bytes is the same bytes again, and no clock shows what no calendar has.

use super::input::Input;
use c12::access::{RULE_SIZE, Right, Rule, allows};
use c12::calibration::{self, CHANNEL_SIZE, Channel, Constants};
use c12::clock::{self, Clock};
use c12::packet::{CONTROL_FORMAT, HEADER, Header};
use c12::procedure::Initiate;
use reader::number::{self, TimeType};

/// Plays one input: the first byte says which record.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    match input.byte().unwrap_or(0) % 8 {
        0 => header(&mut input),
        1 => procedure(input.0),
        2 => constants(input.0),
        3 => clock(&mut input),
        4 => rules(&mut input),
        5 => numbers(&mut input),
        6 => times(&mut input),
        _ => digits(input.0),
    }
}

/// A packet's header.
fn header(input: &mut Input) {
    let packet_size = u16::from(input.byte().unwrap_or(0)) << 8 | 0xFF;
    let Some(bytes) = input.0.first_chunk::<{ HEADER as usize }>() else {
        return;
    };
    if let Some(header) = Header::parse(bytes, packet_size) {
        assert_eq!(header.emit(), *bytes);
        assert!(header.control & CONTROL_FORMAT == 0 && header.len != 0);
        assert!(header.len + 8 <= packet_size);
    }
}

/// What is written to ST7.
fn procedure(bytes: &[u8]) {
    if let Some(initiate) = Initiate::parse(bytes) {
        assert!(initiate.procedure < 1 << 12);
        assert_eq!(initiate.parameters, &bytes[3..]);
    }
}

/// The calibration.
fn constants(bytes: &[u8]) {
    if let Some(table) = bytes.first_chunk::<{ calibration::SIZE }>() {
        assert_eq!(Constants::from_bytes(table).to_bytes(), *table);
    }
    if let Some(record) = bytes.first_chunk::<CHANNEL_SIZE>() {
        let channel = Channel::from_bytes(record);
        let gain = f64::from(channel.gain) / (1u32 << 30) as f64;
        assert!(!channel.is_plausible() || (0.799..1.201).contains(&gain));
    }
}

/// A clock that is set and runs.
fn clock(input: &mut Input) {
    let mut clock = Clock::UNSET;
    while let Some(mask) = input.byte() {
        let Some(wanted) = input.take(clock::SIZE).first_chunk() else {
            break;
        };
        let mut next = [0; clock::SIZE];
        if clock.with(mask.into(), wanted, &mut next) == 0 {
            clock.show(&next);
        }
        for _ in 0..mask >> 3 {
            clock.tick();
        }
        let [year, month, day, hour, minute, second, _] = *clock.bytes();
        let days = match month {
            2 => 28 + u8::from(year % 4 == 0),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        assert!(year < 100 && (1..=12).contains(&month) && (1..=days).contains(&day));
        assert!(hour < 24 && minute < 60 && second < 60);
    }
}

/// ST44's rules: what nobody may, no group may.
fn rules(input: &mut Input) {
    let groups = u16::from(input.byte().unwrap_or(0));
    let (rules, _) = input.0.as_chunks::<RULE_SIZE>();
    for bytes in rules {
        let rule = Rule::from_bytes(bytes);
        assert_eq!(rule.to_bytes(), *bytes);
        for right in [Right::Read, Right::Write] {
            let gives =
                |groups| allows(&[*bytes], &[*bytes; 2], rule.id & 0x1FFF, right, groups) != 0;
            assert!(!gives(0) || gives(groups));
        }
    }
}

/// Numbers of every format, either byte order.
fn numbers(input: &mut Input) {
    let format = u64::from(input.byte().unwrap_or(0));
    let big_endian = input.byte().unwrap_or(0) & 1 != 0;
    if let Ok(size) = number::ni_size(format)
        && let Some(bytes) = input.0.get(..size)
    {
        let _ = number::ni(format, bytes, big_endian);
    }
    let bytes = input.take(8);
    if bytes.is_empty() {
        return;
    }
    let value = number::unsigned(bytes, big_endian);
    let signed = number::signed(bytes, big_endian);
    let bits = 8 * bytes.len() as u32;
    assert_eq!((signed as u64) << (64 - bits), value << (64 - bits));
}

/// Times of every format, and a time that is written is the time that is read.
fn times(input: &mut Input) {
    let format = u64::from(input.byte().unwrap_or(0)) % 6;
    let big_endian = input.byte().unwrap_or(0) & 1 != 0;
    for kind in [TimeType::Long, TimeType::Short, TimeType::OfDay] {
        if let Ok(size) = number::time_size(format, kind)
            && let Some(bytes) = input.0.get(..size)
        {
            let _ = number::time(format, kind, bytes, big_endian);
        }
    }
    // Up to the end of 2089: two digits of a year say no more.
    let seconds = number::unsigned(input.take(4), big_endian) % 3_786_912_000;
    assert_eq!(number::seconds(&number::date(seconds)), Some(seconds));
    let _ = number::ltime(format, seconds, big_endian);
}

/// Hexadecimal digits and padded text.
fn digits(bytes: &[u8]) {
    let hex = number::hex(bytes);
    assert_eq!(number::unhex(&hex).expect("digits"), bytes);
    assert!(number::text(bytes).chars().count() <= bytes.len());
    let _ = number::unhex(&String::from_utf8_lossy(bytes));
}
