//! The reader's end of the communications port, in simulated time: sending and waiting make the meter run.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use anyhow::Error;
use c12::client::Transport;
use virtual_meter::chip::uart_line::FarBaud;
use virtual_meter::machine::{Machine, Uart};
use virtual_meter::time::{MILLISECOND, Time, to_seconds};

/// Step in which the meter runs while the reader waits.
const STEP: u64 = MILLISECOND / 4;
/// Bits per second by code of the Negotiate service, from code 6 on.
const RATES: [u32; 7] = [9_600, 14_400, 19_200, 28_800, 57_600, 38_400, 115_200];

/// The line; borrows the meter for one session.
pub struct Line<'m> {
    /// The meter at the other end.
    pub machine: &'m mut Machine,
    received: VecDeque<u8>,
    clock: Rc<Cell<Time>>,
}

impl<'m> Line<'m> {
    /// The port of `machine` at its default rate.
    pub fn new(machine: &'m mut Machine) -> Self {
        machine.chip.wiring.port.set_baud(FarBaud::Fixed(9_600));
        machine.take_received(Uart::Port);
        let clock = Rc::new(Cell::new(machine.chip.time()));
        Self {
            machine,
            received: VecDeque::new(),
            clock,
        }
    }

    /// The meter's time, for other instruments at the same bench.
    #[must_use]
    pub fn clock(&self) -> Rc<Cell<Time>> {
        Rc::clone(&self.clock)
    }
}

impl Transport for Line<'_> {
    type Error = Error;

    fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.machine.send(Uart::Port, bytes);
        Ok(())
    }

    fn receive(&mut self, timeout_ms: u32) -> Result<Option<u8>, Error> {
        let end = self.machine.chip.time() + u64::from(timeout_ms) * MILLISECOND;
        loop {
            if let Some(byte) = self.received.pop_front() {
                return Ok(Some(byte));
            }
            if self.machine.chip.time() >= end {
                return Ok(None);
            }
            self.machine.run_for(STEP)?;
            self.clock.set(self.machine.chip.time());
            self.received.extend(
                self.machine
                    .take_received(Uart::Port)
                    .iter()
                    .map(|byte| byte.value),
            );
        }
    }

    fn set_bit_rate(&mut self, code: u16) -> Result<(), Error> {
        let rate = RATES
            .get(usize::from(code).wrapping_sub(6))
            .copied()
            .unwrap_or(9_600);
        self.machine.chip.wiring.port.set_baud(FarBaud::Fixed(rate));
        Ok(())
    }

    fn now_ms(&mut self) -> u32 {
        (to_seconds(self.machine.chip.time()) * 1000.0) as u32
    }
}
