//! eUSCI_A at register level, against a far end with its own baud rate.

use super::*;
use crate::chip::testing::backplane_at;
use crate::chip::uart_line::FarBaud;

struct Rig {
    uart: EusciA,
    wire: UartLine,
    backplane: Backplane,
}

impl Rig {
    /// 9600 baud from 8 MHz: BR 52, BRF 1, BRS 49h, oversampling.
    fn new(far_baud: u32) -> Self {
        let mut rig = Self {
            uart: EusciA::new(1),
            wire: UartLine::new(FarBaud::Fixed(far_baud)),
            backplane: backplane_at(8_000_000),
        };
        for (offset, value) in [
            (0x00, 0x0081),
            (0x06, 52),
            (0x08, 0x4911),
            (0x00, 0x0080),
            (0x1A, 1),
        ] {
            rig.write(offset, value);
        }
        rig
    }

    fn write(&mut self, offset: u16, value: u16) {
        self.uart
            .write(
                offset,
                value,
                Lane::Word,
                &mut self.wire,
                &mut self.backplane,
            )
            .unwrap();
    }

    fn read(&mut self, offset: u16) -> u16 {
        self.uart.read(offset, &mut self.backplane).unwrap()
    }

    fn send(&mut self, bytes: &[u8]) {
        let now = self.backplane.clocks.time_of(self.backplane.now);
        self.wire.send(bytes, now);
        self.uart.listen(&mut self.wire, &mut self.backplane);
    }

    /// Runs the events; reads every received byte as it comes when `read` is set.
    fn run(&mut self, read: bool) -> Vec<(u16, u16)> {
        let mut bytes = Vec::new();
        while let Some((slot, at)) = self.backplane.events.pop_due(NEVER - 1) {
            self.backplane.now = at;
            match slot {
                Slot::UartA1Transmit => self.uart.transmitted(&mut self.wire, &mut self.backplane),
                _ => self.uart.receive(true, &mut self.wire, &mut self.backplane),
            }
            if read && self.read(0x1C) & RX_FLAG != 0 {
                let status = self.read(0x0A);
                bytes.push((self.read(0x0C), status & !1));
            }
        }
        bytes
    }
}

#[test]
fn bytes_arrive_when_the_rates_agree_within_three_per_cent() {
    for baud in [9_600, 9_350, 9_850] {
        let mut rig = Rig::new(baud);
        rig.send(&[0x00, 0x55, 0xEE, 0xFF]);
        let values: Vec<u16> = rig.run(true).iter().map(|byte| byte.0).collect();
        assert_eq!(values, [0x00, 0x55, 0xEE, 0xFF], "{baud}");
    }
}

#[test]
fn a_wrong_rate_gives_framing_errors_or_wrong_bytes() {
    let mut rig = Rig::new(19_200);
    rig.send(b"meter");
    let values: Vec<u16> = rig.run(true).iter().map(|byte| byte.0).collect();
    assert_ne!(values, b"meter".map(u16::from));
    let mut rig = Rig::new(4_800);
    rig.write(0x00, 0x0081);
    rig.write(0x00, 0x00A0);
    rig.send(b"meter");
    assert!(rig.run(true).iter().any(|byte| byte.1 & FRAMING != 0));
}

#[test]
fn erroneous_bytes_are_dropped_unless_asked_for() {
    let mut rig = Rig::new(9_600);
    rig.wire.hold_low(0, 2 * crate::time::MILLISECOND);
    rig.send(&[0x41]);
    assert_eq!(rig.run(true), [(0x41, FRAMING | BREAK | ANY_ERROR)]);
}

#[test]
fn an_unread_byte_is_overrun_and_reading_clears() {
    let mut rig = Rig::new(9_600);
    rig.send(&[1, 2]);
    rig.run(false);
    assert_eq!(rig.read(0x0A), OVERRUN | ANY_ERROR);
    assert_eq!(rig.backplane.lines, 1 << line::EUSCI_A1);
    assert_eq!(rig.read(0x0C), 2);
    assert_eq!(rig.read(0x0A), 0);
    assert_eq!(rig.backplane.lines, 0);
}

#[test]
fn two_bytes_fit_the_transmitter_and_leave_back_to_back() {
    let mut rig = Rig::new(9_600);
    rig.write(0x0E, 0xA5);
    assert_eq!(
        rig.read(0x1C) & TX_FLAG,
        TX_FLAG,
        "moved to the shifter at once"
    );
    rig.write(0x0E, 0x5A);
    assert_eq!(rig.read(0x1C) & TX_FLAG, 0);
    rig.run(false);
    let received = rig.wire.take_received();
    assert_eq!(
        received.iter().map(|byte| byte.value).collect::<Vec<_>>(),
        [0xA5, 0x5A]
    );
    assert!(received.iter().all(|byte| !byte.framing_error));
    // Ten bits of 16 · 52 + 1 ticks and the modulator's 3 (start) … each: 104.2 µs a bit.
    let gap = (received[1].time - received[0].time) as f64 / 1e6;
    assert!((gap - 1_041.67).abs() < 0.5, "{gap} µs");
    assert_eq!(rig.read(0x1C) & COMPLETE_FLAG, COMPLETE_FLAG);
}

#[test]
fn the_far_end_sees_a_wrong_rate_too() {
    let mut rig = Rig::new(115_200);
    rig.write(0x0E, 0x41);
    rig.run(false);
    assert!(rig.wire.take_received()[0].framing_error);
}

#[test]
fn the_vector_goes_by_priority_and_reset_clears() {
    let mut rig = Rig::new(9_600);
    rig.write(0x1A, 0xF);
    rig.send(&[7]);
    rig.run(false);
    assert_eq!([(); 4].map(|()| rig.read(0x1E)), [2, 4, 6, 0]);
    rig.write(0x00, 0x0081);
    assert_eq!((rig.read(0x1A), rig.read(0x1C)), (0, TX_FLAG));
}

#[test]
fn parity_seven_bits_and_the_other_order() {
    let mut rig = Rig::new(9_600);
    rig.write(0x00, 0x0081);
    rig.write(0x00, 0x0080 | PARITY | EVEN | SEVEN_BITS);
    // The far end sends 8N1: 0x41 with even parity in bit 7.
    rig.send(&[0x41, 0xC1]);
    let bytes = rig.run(true);
    assert_eq!(
        bytes,
        [(0x41, 0)],
        "the second has the wrong parity and is dropped"
    );
}

#[test]
fn spi_mode_is_refused() {
    let mut rig = Rig::new(9_600);
    rig.write(0x00, 0x0181);
    assert!(rig.backplane.fault.is_some());
}
