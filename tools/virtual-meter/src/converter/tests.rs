//! The converter as its host sees it: frames, start-up, DRDY, the store's quirk, SYNC, time-out.

use super::*;
use crate::time::{MICROSECOND, MILLISECOND, SECOND, from_seconds, to_seconds};

/// Feeds 0.1, 0.2 and 0.3 of full scale, or a ramp in time.
struct Source {
    volts: fn(Time) -> f64,
    imperfections: Imperfections,
}

impl AnalogInput for Source {
    fn pins_v(&mut self, window: &Window) -> [f64; CHANNELS] {
        std::array::from_fn(|channel| {
            let end = window.ends[channel];
            let middle_s = to_seconds(end) - window.response.group_delay_s();
            let from_s = to_seconds(window.since[channel]) - middle_s;
            let volts = |s: f64| (self.volts)(from_seconds(middle_s + s)) * (channel + 1) as f64;
            window.response.integrate(from_s, &[], volts)
        })
    }

    fn imperfections(&mut self, _: Time) -> Imperfections {
        self.imperfections
    }
}

/// A host with a clock of its own: 1 µs a byte.
struct Host {
    converter: Ads131m03,
    now: Time,
}

impl Host {
    fn new(volts: fn(Time) -> f64) -> Self {
        Self::with(volts, Imperfections::NONE)
    }

    fn with(volts: fn(Time) -> f64, imperfections: Imperfections) -> Self {
        let converter = Ads131m03::new(
            Box::new(Source {
                volts,
                imperfections,
            }),
            1,
        );
        Self { converter, now: 0 }
    }

    /// Powered up, interface alive.
    fn awake() -> Self {
        let mut host = Self::new(|_| 0.12);
        host.wait(300 * MICROSECOND);
        host
    }

    /// At 8 kSPS, in step: synchronised, nothing unread, status flags read.
    fn streaming(volts: fn(Time) -> f64) -> Self {
        let mut host = Self::new(volts);
        host.wait(300 * MICROSECOND);
        host.command(&[0x6000 | 3 << 7, 0x070A]);
        host.strobe_sync();
        for _ in 0..3 {
            host.wait_ready();
            host.null();
        }
        host
    }

    fn wait(&mut self, time: Time) {
        self.now += time;
        self.converter.advance(self.now);
    }

    /// Bytes out, bytes in, one frame.
    fn frame(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.converter.set_chip_select(self.now, false);
        let answer = bytes.iter().map(|&byte| {
            self.now += MICROSECOND;
            self.converter.exchange(self.now, byte)
        });
        let answer = answer.collect();
        self.converter.set_chip_select(self.now, true);
        answer
    }

    /// Words as 24-bit words, filled up to a frame, without input check.
    fn command(&mut self, words: &[u16]) -> Vec<u8> {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| [(word >> 8) as u8, *word as u8, 0])
            .collect();
        bytes.resize(bytes.len().max(15), 0);
        self.frame(&bytes)
    }

    /// The same with an input check after the command.
    fn checked(&mut self, words: &[u16], spoil: u16) -> Vec<u8> {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|word| [(word >> 8) as u8, *word as u8, 0])
            .collect();
        let check = crc::of(&bytes, crc::Polynomial::Ccitt) ^ spoil;
        bytes.extend(check.to_be_bytes());
        bytes.resize(bytes.len().next_multiple_of(3).max(15), 0);
        self.frame(&bytes)
    }

    fn null(&mut self) -> Vec<u8> {
        self.command(&[0])
    }

    fn read(&mut self, address: u8) -> u16 {
        self.command(&[0xA000 | u16::from(address) << 7]);
        word(&self.null(), 0)
    }

    fn strobe_sync(&mut self) {
        self.converter.set_sync_reset(self.now, false);
        self.now += 2 * MICROSECOND;
        self.converter.set_sync_reset(self.now, true);
    }

    /// Up to the next falling edge of DRDY; its instant.
    fn wait_ready(&mut self) -> Time {
        loop {
            let high = self.converter.drdy();
            let next = self.converter.next_event().expect("DRDY will move");
            self.now = self.now.max(next);
            self.converter.advance(next);
            if high && !self.converter.drdy() {
                return next;
            }
        }
    }
}

fn word(frame: &[u8], index: usize) -> u16 {
    u16::from_be_bytes([frame[3 * index], frame[3 * index + 1]])
}

fn code(frame: &[u8], channel: usize) -> i32 {
    let at = 3 * (channel + 1);
    i32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], 0]) >> 8
}

fn check_is_right(frame: &[u8]) -> bool {
    crc::of(&frame[..12], crc::Polynomial::Ccitt) == word(frame, 4)
}

#[test]
fn starts_up_as_the_data_sheet_says() {
    let mut host = Host::new(|_| 0.12);
    assert!(!host.converter.drdy(), "low until the interface answers");
    host.wait(230 * MICROSECOND);
    assert!(!host.converter.drdy());
    assert_eq!(host.frame(&[0; 15]), [0xFF; 15]);
    host.wait(6 * MICROSECOND);
    assert!(host.converter.drdy());
    assert_eq!(word(&host.null(), 0), 0xFF23);
    assert_eq!(word(&host.null(), 0), 0x0500);
    assert_eq!(host.read(0), 0x2303);
    // First result 0.323 ms after the reset, third 0.823 ms.
    let first = host.wait_ready();
    host.wait_ready();
    let third = host.wait_ready();
    assert!(
        (to_seconds(first) - 0.250e-3 - 0.3232e-3).abs() < 1e-7,
        "{}",
        to_seconds(first)
    );
    assert!((to_seconds(third) - 0.250e-3 - 0.8232e-3).abs() < 1e-7);
}

#[test]
fn frames_carry_status_samples_and_a_check() {
    let mut host = Host::streaming(|_| 0.12);
    host.wait_ready();
    let frame = host.null();
    assert_eq!(word(&frame, 0), 0x0507);
    let tenth = 838_861;
    for channel in 0..3 {
        assert!((code(&frame, channel) - tenth * (channel as i32 + 1)).abs() <= 2);
    }
    assert!(check_is_right(&frame));
    assert!(host.converter.drdy(), "high again once all is read");
    let again = host.null();
    assert_eq!(word(&again, 0), 0x0500, "nothing new");
    assert_eq!(again[3..12], frame[3..12]);
}

#[test]
fn samples_come_at_exactly_the_rate_of_the_crystal() {
    let mut host = Host::streaming(|_| 0.0);
    let first = host.wait_ready();
    for _ in 0..8_000 {
        host.null();
        host.wait_ready();
    }
    assert_eq!(host.now - first, SECOND);
    assert!((host.converter.sample_rate_hz() - 8_000.0).abs() < 1e-6);

    let pulled = Imperfections {
        crystal_ppm: 50.0,
        ..Imperfections::NONE
    };
    let mut host = Host::with(|_| 0.0, pulled);
    let first = host.wait_ready();
    for _ in 0..4_000 {
        host.wait_ready();
    }
    let elapsed_s = to_seconds(host.now - first);
    assert!((elapsed_s - 1.0 / 1.00005).abs() < 1e-11, "{elapsed_s}");
}

#[test]
fn every_command_is_answered_one_frame_later() {
    let mut host = Host::awake();
    host.null();
    for (command, answer) in [
        (0x0000, 0x0500),
        (0x0022, 0x0022),
        (0x0033, 0x0033),
        (0x0655, 0x0655),
        (0x1234, 0x0500),
        (0x0666, 0x0500),
    ] {
        host.command(&[command]);
        assert_eq!(
            word(&host.null(), 0) & 0xFFF8,
            answer & 0xFFF8,
            "{command:04X}"
        );
    }
    // One register, several registers.
    host.command(&[0xA000 | 3 << 7]);
    assert_eq!(word(&host.null(), 0), 0x070E);
    host.command(&[0xA000 | 2 << 7 | 4]);
    let burst = host.frame(&[0; 21]);
    let words: Vec<u16> = (0..7).map(|index| word(&burst, index)).collect();
    assert_eq!(
        words[..6],
        [0xE000 | 2 << 7 | 4, 0x0510, 0x070E, 0, 0, 0x0600]
    );
    assert_eq!(words[6], crc::of(&burst[..18], crc::Polynomial::Ccitt));
}

#[test]
fn writes_count_what_they_wrote() {
    let mut host = Host::awake();
    // Addresses 3 to 6; 5 is reserved and takes nothing.
    host.command(&[0x6000 | 3 << 7 | 3, 0x070A, 0x0001, 0xFFFF, 0x0400]);
    assert_eq!(word(&host.null(), 0), 0x4000 | 3 << 7 | 2);
    assert_eq!(
        [3, 4, 5, 6].map(|address| host.read(address)),
        [0x070A, 0x0001, 0, 0x0400]
    );
    // Cut short after one of two words.
    host.frame(&[0x66, 0x01, 0, 0, 0, 0]);
    assert_eq!(word(&host.null(), 0), 0x4000 | 12 << 7);
    assert_eq!(host.read(12), 0);
}

#[test]
fn lock_lets_only_reading_and_unlocking_through() {
    let mut host = Host::awake();
    host.command(&[0x0555]);
    assert_eq!(word(&host.null(), 0), 0x0555);
    host.command(&[0x6000 | 3 << 7, 0x070A]);
    assert_eq!(word(&host.null(), 0) & 0x8000, 0x8000);
    host.command(&[0x0011]);
    assert_eq!(word(&host.null(), 0) & 0x8000, 0x8000);
    assert_eq!(host.read(3), 0x070E);
    host.command(&[0x0655]);
    assert_eq!(word(&host.null(), 0), 0x0655);
    host.command(&[0x6000 | 3 << 7, 0x070A]);
    assert_eq!(host.read(3), 0x070A);
}

#[test]
fn a_wrong_input_check_drops_all_but_writes() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 2 << 7, 0x1110]);
    assert_eq!(word(&host.checked(&[0], 0), 0), 0x4000 | 2 << 7);
    host.checked(&[0x0022], 0x0100);
    let status = word(&host.checked(&[0], 0), 0);
    assert_eq!(status & 0x1000, 0x1000, "CRC_ERR instead of the echo");
    assert_eq!(
        word(&host.checked(&[0], 0), 0) & 0x1000,
        0,
        "sending STATUS clears it"
    );
    host.checked(&[0x6000 | 4 << 7, 0x0002], 1);
    assert_eq!(
        word(&host.checked(&[0xA000 | 4 << 7], 0), 0) & 0x1000,
        0x1000
    );
    assert_eq!(
        word(&host.checked(&[0], 0), 0),
        0x0002,
        "written all the same"
    );
    assert_eq!(host.converter.counts().bad_frames, 2);
}

#[test]
fn reset_needs_a_full_frame() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 3 << 7, 0x070A]);
    host.frame(&[0x00, 0x11, 0, 0, 0, 0]);
    assert_eq!(word(&host.null(), 0), 0x0011);
    assert_eq!(host.read(3), 0x070A);
    host.command(&[0x0011]);
    host.wait(6 * MICROSECOND);
    assert_eq!(word(&host.null(), 0), 0xFF23);
    assert_eq!(host.read(3), 0x070E);
    assert_eq!(host.converter.counts().resets, 1);
}

#[test]
fn the_pin_synchronises_or_resets_by_its_length() {
    let mut host = Host::streaming(|_| 0.12);
    host.wait(30 * MICROSECOND);
    host.strobe_sync();
    let strobe = host.now;
    let ready = host.wait_ready();
    // Conversions restart on the CLKIN edge under way.
    assert!((to_seconds(ready - strobe) - 125e-6).abs() < 0.2e-6);
    let codes: Vec<i32> = (0..3)
        .map(|index| {
            if index > 0 {
                host.wait_ready();
            }
            code(&host.null(), 0)
        })
        .collect();
    let full = f64::from(codes[2]);
    // Three boxes: after one output period a sixth has arrived, after two five sixths.
    assert!(
        (f64::from(codes[0]) / full - 1.0 / 6.0).abs() < 4e-3
            && (f64::from(codes[1]) / full - 5.0 / 6.0).abs() < 4e-3,
        "{codes:?}"
    );
    assert_eq!(host.read(3), 0x070A);
    host.converter.set_sync_reset(host.now, false);
    host.wait(251 * MICROSECOND);
    assert!(!host.converter.drdy());
    host.converter.set_sync_reset(host.now, true);
    host.wait(6 * MICROSECOND);
    assert!(host.converter.drdy());
    assert_eq!(word(&host.null(), 0), 0xFF23);
}

#[test]
fn resync_is_flagged_once() {
    let mut host = Host::streaming(|_| 0.12);
    host.wait(30 * MICROSECOND);
    host.strobe_sync();
    assert_eq!(word(&host.null(), 0) & 0x4000, 0x4000);
    assert_eq!(word(&host.null(), 0) & 0x4000, 0);
}

#[test]
fn a_late_start_lags_by_one_sample_until_two_are_read() {
    // The input rises by one code a microsecond, so a code tells its age.
    let mut host = Host::streaming(|now| now as f64 / MICROSECOND as f64 * VREF_V / 8_388_608.0);
    host.wait_ready();
    let in_step = host.now as i64 / MICROSECOND as i64 - i64::from(code(&host.null(), 0));
    for _ in 0..3 {
        host.wait_ready();
    }
    let frame = host.null();
    let late = host.now as i64 / MICROSECOND as i64 - 15 - i64::from(code(&frame, 0));
    assert!((late - in_step - 125).abs() <= 16, "{late} {in_step}");
    assert!(!host.converter.drdy(), "one is still unread");
    for _ in 0..5 {
        host.wait_ready();
        let frame = host.null();
        assert_eq!(word(&frame, 0) & 7, 7);
        assert!(!host.converter.drdy());
    }
    host.null();
    assert!(host.converter.drdy());
    assert_eq!(host.converter.counts().overruns, 1);
}

#[test]
fn an_unread_level_rises_for_four_clocks() {
    let mut host = Host::streaming(|_| 0.12);
    let first = host.wait_ready();
    let rise = loop {
        let next = host.converter.next_event().unwrap();
        host.now = next;
        host.converter.advance(next);
        if host.converter.drdy() {
            break next;
        }
    };
    let fall = host.wait_ready();
    assert!((to_seconds(fall - rise) - 4.0 / CLKIN_HZ).abs() < 1e-11);
    assert_eq!(fall - first, 125 * MICROSECOND);
}

#[test]
fn unread_pulses_come_at_half_rate() {
    let mut host = Host::streaming(|_| 0.12);
    host.command(&[0x6000 | 2 << 7, 0x0111]);
    host.strobe_sync();
    host.wait_ready();
    let gaps: Vec<Time> = (0..4)
        .map(|_| {
            let before = host.now;
            host.wait_ready() - before
        })
        .collect();
    assert!(gaps.iter().all(|&gap| gap == 250 * MICROSECOND), "{gaps:?}");
}

#[test]
fn a_dawdling_frame_times_out() {
    let mut host = Host::awake();
    host.null();
    host.converter.set_chip_select(host.now, false);
    for byte in [0x00, 0x11, 0x00] {
        host.wait(MICROSECOND);
        host.converter.exchange(host.now, byte);
    }
    host.wait(5 * MILLISECOND);
    // A new frame begins in mid-air: the answer is STATUS, and no reset has happened.
    let mut frame = Vec::new();
    for _ in 0..15 {
        host.wait(MICROSECOND);
        frame.push(host.converter.exchange(host.now, 0));
    }
    assert_eq!(word(&frame, 0) & 0xFFF0, 0x0500);
    assert!(check_is_right(&frame));
    assert_eq!(host.converter.counts().resets, 0);
}

#[test]
fn other_word_lengths() {
    let mut host = Host::streaming(|_| -0.12);
    for (wlength, bytes, at, expected) in [
        (0u16, 2, 2, &[0xF3, 0x33][..]),
        (2, 4, 4, &[0xF3, 0x33, 0x33, 0x00]),
        (3, 4, 4, &[0xFF, 0xF3, 0x33, 0x33]),
    ] {
        let mut host_words = vec![0x61, 0x00, 0, (0x05 & 0xFC | wlength) as u8, 0x10, 0];
        host_words.resize(15, 0);
        host.frame(&host_words);
        host.wait_ready();
        host.frame(&vec![0; 5 * bytes]);
        host.wait_ready();
        let frame = host.frame(&vec![0; 5 * bytes]);
        assert_eq!(
            frame[at..at + expected.len() - 1],
            expected[..expected.len() - 1],
            "WLENGTH {wlength}"
        );
        let check = crc::of(&frame[..4 * bytes], crc::Polynomial::Ccitt).to_be_bytes();
        assert_eq!(frame[4 * bytes..4 * bytes + 2], check);
        // Back to 24 bits, in the present width.
        let mut back = vec![0x61, 0x00];
        back.resize(bytes, 0);
        back.extend([0x01, 0x10]);
        back.resize(5 * bytes, 0);
        host.frame(&back);
        host.wait_ready();
        host.null();
        host.wait_ready();
        host.null();
    }
}

#[test]
fn the_map_check_notices_writes_and_disturbances() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 2 << 7, 0x2110]);
    host.wait(100 * MICROSECOND);
    host.null();
    assert_eq!(
        word(&host.null(), 0) & 0x2000,
        0x2000,
        "our own write is a change too"
    );
    assert_eq!(
        word(&host.null(), 0) & 0x2000,
        0,
        "sending STATUS clears it"
    );
    let now = host.now;
    let disturbed = Fault::DisturbedRegister {
        address: 0x0C,
        bits: 0x0040,
    };
    host.converter.set_faults(
        vec![TimedFault {
            fault: disturbed,
            from: now + MILLISECOND,
            until: Time::MAX,
            one_in: 1,
        }],
        1,
    );
    host.wait(2 * MILLISECOND);
    assert_eq!(word(&host.null(), 0) & 0x2000, 0x2000);
    assert_eq!(host.read(0x0C), 0x8040);
}

#[test]
fn phase_delays_a_channel_against_the_others() {
    let slope = |now: Time| now as f64 / SECOND as f64;
    let mut host = Host::streaming(slope);
    // Channel 1 by +100 modulator periods: 24.4 µs older window ends, so a later, larger value; DRDY follows it.
    host.command(&[0x6000 | 0x0E << 7, 100 << 6]);
    for _ in 0..4 {
        host.wait_ready();
        host.null();
    }
    host.wait_ready();
    let frame = host.null();
    let seconds = |channel: usize| {
        f64::from(code(&frame, channel)) / 8_388_608.0 * VREF_V / (channel + 1) as f64
    };
    assert!((seconds(1) - seconds(0) - 100.0 / 4.096e6).abs() < 3e-7);
    assert!((seconds(2) - seconds(0)).abs() < 3e-7);
}

#[test]
fn ordered_faults_strike() {
    let mut host = Host::streaming(|_| 0.12);
    let always = |fault| {
        vec![TimedFault {
            fault,
            from: 0,
            until: Time::MAX,
            one_in: 1,
        }]
    };
    host.converter.set_faults(always(Fault::CorruptResponse), 3);
    host.wait_ready();
    let frame = host.null();
    let mut clean = frame.clone();
    clean[0] = 0x05;
    assert!(!check_is_right(&frame));
    host.converter.set_faults(
        always(Fault::StuckChannel {
            channel: 2,
            code: Some(-5),
        }),
        3,
    );
    host.wait_ready();
    assert_eq!(code(&host.null(), 2), -5);
    let lost = TimedFault {
        fault: Fault::LostReady,
        from: host.now,
        until: host.now + 200 * MICROSECOND,
        one_in: 1,
    };
    host.converter.set_faults(vec![lost], 3);
    let before = host.now;
    let ready = host.wait_ready();
    assert!(ready - before > 200 * MICROSECOND);
    let one_in_ten = vec![TimedFault {
        fault: Fault::CorruptResponse,
        from: 0,
        until: Time::MAX,
        one_in: 10,
    }];
    host.converter.set_faults(one_in_ten, 3);
    let mut bad = 0;
    for _ in 0..2_000 {
        host.wait_ready();
        bad += u32::from(!check_is_right(&host.null()));
    }
    assert!((150..250).contains(&bad), "{bad}");
    host.converter.set_faults(always(Fault::Reset), 3);
    host.wait_ready();
    host.wait(MILLISECOND);
    assert_eq!(word(&host.null(), 0), 0xFF23);
}

#[test]
fn what_is_not_modelled_is_refused() {
    let mut host = Host::awake();
    host.command(&[0x6000 | 6 << 7, 0x0700]);
    host.command(&[0x6000 | 6 << 7, 0x0601]);
    host.command(&[0x6000 | 3 << 7, 0x070D]);
    let refusals = host.converter.take_refusals();
    assert!(
        refusals[0].contains("global chop") && refusals[1].contains("current-detect"),
        "{refusals:?}"
    );
    assert!(
        refusals.iter().any(|line| line.contains("4.15 MHz")),
        "{refusals:?}"
    );
    assert!(host.converter.take_refusals().is_empty());
}

#[test]
fn noise_has_the_level_of_the_table() {
    let noisy = Imperfections {
        noise: 1.0,
        ..Imperfections::NONE
    };
    let mut host = Host::with(|_| 0.0, noisy);
    host.wait(300 * MICROSECOND);
    host.command(&[0x6000 | 3 << 7 | 1, 0x070A, 0x0300]);
    let mut sums = [0.0; 3];
    let count = 20_000;
    for n in 0..count + 4 {
        host.wait_ready();
        let frame = host.null();
        for (channel, sum) in sums.iter_mut().enumerate().filter(|_| n >= 4) {
            *sum += f64::from(code(&frame, channel)).powi(2);
        }
    }
    let microvolts =
        |sum: f64, gain: f64| (sum / f64::from(count)).sqrt() * 1.2e6 / 8_388_608.0 / gain;
    assert!(
        (microvolts(sums[0], 1.0) / 7.56 - 1.0).abs() < 0.02,
        "{}",
        microvolts(sums[0], 1.0)
    );
    assert!(
        (microvolts(sums[2], 8.0) / 3.82 - 1.0).abs() < 0.02,
        "{}",
        microvolts(sums[2], 8.0)
    );
}
