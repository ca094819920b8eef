//! A meter in use: in pace with the clock on the wall or as fast as it goes, its UARTs open to the host's programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::BenchServer;
use crate::chip::backplane::ResetCause;
use crate::chip::fault::Fault;
use crate::gdb::{Debuggable, Halt, StopAt};
use crate::machine::{Stop, Uart};
use crate::meter::Meter;
use crate::ports::Port;
use crate::time::{MILLISECOND, Time, to_seconds};

/// Simulated time between two looks at the host's programs: a byte at 115 200 baud takes 87 µs.
const SLICE: Time = MILLISECOND;

/// How fast simulated time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// With the clock on the wall.
    Real,
    /// As fast as the host can.
    Max,
}

/// A meter in use.
pub struct Runner {
    /// The meter.
    pub meter: Meter,
    ports: Vec<Port>,
    bench: Option<BenchServer>,
    pace: Pace,
    end: Option<Time>,
    stop: Arc<AtomicBool>,
    /// Simulated and host time that are taken for the same instant.
    anchor: (Time, Instant),
    fault: Option<Fault>,
}

impl Runner {
    /// Runs `meter` until `end`, or until `stop` becomes true.
    pub fn new(
        meter: Meter,
        ports: Vec<Port>,
        pace: Pace,
        end: Option<Time>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let anchor = (meter.time(), Instant::now());
        Self {
            meter,
            ports,
            bench: None,
            pace,
            end,
            stop,
            anchor,
            fault: None,
        }
    }

    /// Puts a calibration bench beside the meter.
    pub fn attach_bench(&mut self, bench: BenchServer) {
        self.bench = Some(bench);
    }

    /// Is the run over?
    pub fn is_finished(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.end.is_some_and(|end| self.meter.time() >= end)
    }

    /// Runs one slice.
    ///
    /// # Errors
    /// The first fault.
    pub fn advance(&mut self) -> Result<(), Fault> {
        self.slice(|meter, until| meter.run_until(until).map(|()| Stop::Limit))
            .map(|_| ())
    }

    /// Lets the meter `run` for one slice, and the host's programs before and after it.
    fn slice(
        &mut self,
        run: impl FnOnce(&mut Meter, Time) -> Result<Stop, Fault>,
    ) -> Result<Stop, Fault> {
        for port in &mut self.ports {
            port.pump_in(&mut self.meter.machine);
        }
        if let Some(bench) = &mut self.bench {
            bench.poll(&self.meter.scene, self.meter.time());
        }
        let until = self.meter.time() + SLICE;
        let until = self.end.map_or(until, |end| until.min(end));
        let result = run(&mut self.meter, until);
        self.pump_out();
        if self.pace == Pace::Real {
            self.keep_pace();
        }
        result
    }

    fn pump_out(&mut self) {
        for uart in [Uart::Console, Uart::Port] {
            let received = self.meter.machine.take_received(uart);
            if !received.is_empty() {
                let bytes: Vec<u8> = received.iter().map(|byte| byte.value).collect();
                self.ports
                    .iter_mut()
                    .for_each(|port| port.pump_out(uart, &bytes));
            }
        }
    }

    fn keep_pace(&mut self) {
        let (time, instant) = self.anchor;
        let due =
            instant + Duration::from_secs_f64(to_seconds(self.meter.time().saturating_sub(time)));
        let now = Instant::now();
        if due > now {
            std::thread::sleep(due - now);
        } else if now - due > Duration::from_millis(500) {
            // The host was busy elsewhere, or a debugger held the meter: time goes on from here.
            self.anchor = (self.meter.time(), now);
        }
    }

    /// Runs until the end.
    ///
    /// # Errors
    /// The first fault.
    pub fn run(&mut self, mut progress: impl FnMut(&Meter)) -> Result<(), Fault> {
        while !self.is_finished() {
            self.advance()?;
            progress(&self.meter);
        }
        Ok(())
    }

    /// The fault that a debugger's run met, if any.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    fn halted_by(&mut self, fault: Fault) -> Halt {
        let text = fault.to_string();
        self.fault = Some(fault);
        Halt::Fault(text)
    }
}

impl Debuggable for Runner {
    fn registers(&self) -> [u16; 16] {
        self.meter.machine.cpu.registers
    }

    fn set_registers(&mut self, registers: [u16; 16]) {
        self.meter.machine.set_registers(registers);
    }

    fn read_memory(&mut self, address: u16, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.meter.machine.read_memory(address, bytes.len() as u32));
    }

    fn write_memory(&mut self, address: u16, bytes: &[u8]) {
        self.meter.machine.write_memory(address, bytes);
    }

    fn erase(&mut self) {
        self.meter.machine.write_memory(0x8000, &[0xFF; 0x8000]);
    }

    fn reset(&mut self) {
        self.meter.machine.reset(ResetCause::ResetPin);
        self.fault = None;
    }

    fn step(&mut self) -> Halt {
        match self.meter.machine.step() {
            Ok(()) => Halt::Paused,
            Err(fault) => self.halted_by(fault),
        }
    }

    fn run(&mut self, stop_at: &StopAt) -> Halt {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(10) {
            if self.is_finished() {
                return Halt::Finished;
            }
            match self.slice(|meter, until| meter.run(until, |pc| stop_at.contains(pc))) {
                Ok(Stop::Limit) => {}
                Ok(Stop::Breakpoint) => return Halt::Breakpoint,
                Err(fault) => return self.halted_by(fault),
            }
        }
        Halt::Paused
    }
}
