//! Frames, commands, checks and word lengths.

use super::*;

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
