//! What gdbstub asks for, done by a [`Debuggable`].

use std::convert::Infallible;

use gdbstub::common::Signal;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::ext::monitor_cmd::{ConsoleOutput, MonitorCmd, MonitorCmdOps, outputln};
use gdbstub::target::{Target, TargetError, TargetResult};

use super::registers::{Msp430, RegisterFile};
use super::{Debuggable, Halt, StopAt};
use crate::cpu::{CG2, PC};

/// A machine and what one client has asked of it.
pub(super) struct Session<'a, M> {
    pub(super) machine: &'a mut M,
    pub(super) stop_at: StopAt,
    /// The client is GDB rather than mspdebug.
    pub(super) wide: bool,
    /// The client wants one instruction rather than a run.
    pub(super) single_step: bool,
    /// Nothing has been executed since the client's command.
    pub(super) fresh: bool,
}

impl<M: Debuggable> Session<'_, M> {
    /// Does what the client's last step or continue command asked for, or a piece of it.
    pub(super) fn resume(&mut self) -> Halt {
        let fresh = std::mem::replace(&mut self.fresh, false);
        let at_breakpoint = self.stop_at.contains(self.machine.registers()[PC]);
        // A run that starts at a breakpoint has to get off it first.
        if self.single_step || fresh && at_breakpoint {
            self.machine.step()
        } else {
            self.machine.run(&self.stop_at)
        }
    }
}

impl<M: Debuggable> Target for Session<'_, M> {
    type Arch = Msp430;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Msp430, Infallible> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_monitor_cmd(&mut self) -> Option<MonitorCmdOps<'_, Self>> {
        Some(self)
    }

    /// mspdebug does not decode it.
    fn use_rle(&self) -> bool {
        false
    }
}

impl<M: Debuggable> SingleThreadBase for Session<'_, M> {
    fn read_registers(&mut self, file: &mut RegisterFile) -> TargetResult<(), Self> {
        *file = RegisterFile {
            registers: self.machine.registers(),
            wide: self.wide,
        };
        Ok(())
    }

    fn write_registers(&mut self, file: &RegisterFile) -> TargetResult<(), Self> {
        // A debugger writes back all registers when it changes one, R3 as it pleases; that one has no value to change.
        let mut registers = file.registers;
        registers[CG2] = 0;
        self.machine.set_registers(registers);
        Ok(())
    }

    fn read_addrs(&mut self, address: u32, bytes: &mut [u8]) -> TargetResult<usize, Self> {
        // There is nothing that a program could reach above 64 KB.
        let address = u16::try_from(address).map_err(|_| TargetError::NonFatal)?;
        let length = bytes.len().min(0x1_0000 - usize::from(address));
        self.machine.read_memory(address, &mut bytes[..length]);
        Ok(length)
    }

    fn write_addrs(&mut self, address: u32, bytes: &[u8]) -> TargetResult<(), Self> {
        let address = u16::try_from(address).map_err(|_| TargetError::NonFatal)?;
        if bytes.len() > 0x1_0000 - usize::from(address) {
            return Err(TargetError::NonFatal);
        }
        self.machine.write_memory(address, bytes);
        Ok(())
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl<M: Debuggable> SingleThreadResume for Session<'_, M> {
    fn resume(&mut self, _signal: Option<Signal>) -> Result<(), Infallible> {
        (self.single_step, self.fresh) = (false, true);
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl<M: Debuggable> SingleThreadSingleStep for Session<'_, M> {
    fn step(&mut self, _signal: Option<Signal>) -> Result<(), Infallible> {
        (self.single_step, self.fresh) = (true, true);
        Ok(())
    }
}

impl<M: Debuggable> Breakpoints for Session<'_, M> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }
}

impl<M: Debuggable> SwBreakpoint for Session<'_, M> {
    fn add_sw_breakpoint(&mut self, address: u32, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.stop_at.set(address, true))
    }

    fn remove_sw_breakpoint(&mut self, address: u32, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.stop_at.set(address, false))
    }
}

impl<M: Debuggable> HwBreakpoint for Session<'_, M> {
    fn add_hw_breakpoint(&mut self, address: u32, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.stop_at.set(address, true))
    }

    fn remove_hw_breakpoint(&mut self, address: u32, _kind: usize) -> TargetResult<bool, Self> {
        Ok(self.stop_at.set(address, false))
    }
}

impl<M: Debuggable> MonitorCmd for Session<'_, M> {
    /// Says nothing when it succeeds: mspdebug takes the first packet that comes for the answer.
    fn handle_monitor_cmd(
        &mut self,
        command: &[u8],
        mut output: ConsoleOutput<'_>,
    ) -> Result<(), Infallible> {
        match command {
            b"erase" => self.machine.erase(),
            b"reset" => self.machine.reset(),
            _ => outputln!(output, "the commands are erase and reset"),
        }
        Ok(())
    }
}
