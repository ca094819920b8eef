//! The machine: CPU, chip and board run together, instruction by instruction awake and event by event asleep.
//!
//! The library interface that tests and the program use: run for a time or to a symbol, look at and change variables,
//! send and receive on the UARTs, set the jumper, cut the supply.

use crate::chip::backplane::{ResetCause, line};
use crate::chip::events::NEVER;
use crate::chip::fault::{Fault, FaultKind};
use crate::chip::memory::RAM;
use crate::chip::wiring::Wiring;
use crate::chip::{Chip, ChipOptions};
use crate::cpu::status::{CPUOFF, GIE, OSCOFF, SCG0, SCG1};
use crate::cpu::{Cpu, CpuFault, PC, SP, SR};
use crate::elf::{Image, Symbols};
use crate::instruments::Instruments;
use crate::time::{Time, to_seconds};
use crate::unwritten::Unwritten;

mod blocks;

use blocks::Kept;
pub use blocks::Pace;

/// Status bits whose change concerns more than the CPU.
const MODE: u16 = GIE | CPUOFF | OSCOFF | SCG0 | SCG1;
/// Both non-maskable interrupts.
const NON_MASKABLE: u64 = 1 << line::SYSNMI | 1 << line::UNMI;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The time that was asked for is over.
    Limit,
    /// The next instruction is one to stop at.
    Breakpoint,
}

/// Which UART of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uart {
    /// eUSCI_A0, the service console.
    Console = 0,
    /// eUSCI_A1, the communications port.
    Port = 1,
}

/// A whole meter.
pub struct Machine {
    /// The CPU.
    pub cpu: Cpu,
    /// The chip around it, and the board.
    pub chip: Chip,
    /// What is measured.
    pub instruments: Instruments,
    /// Names in the image.
    pub symbols: Symbols,
    /// Lowest address that the stack may have: the end of the static data.
    stack_limit: u16,
    /// The stack pointer has been set.
    stack_ready: bool,
    /// The mode bits as they were after the last instruction.
    mode: u16,
    unwritten: Unwritten,
    kept: Kept,
}

impl Machine {
    /// A chip at power-up with `image` in its FRAM, out of reset.
    pub fn new(options: ChipOptions, wiring: Wiring, image: &Image) -> Self {
        let mut machine = Self::blank(options, wiring);
        machine.program(image);
        machine.adopt_symbols(image.symbols.clone());
        machine.start();
        machine
    }

    /// Programs `image` into FRAM, as a programmer does: whatever it does not contain stays.
    pub fn program(&mut self, image: &Image) {
        for segment in &image.segments {
            self.chip.memory.copy_in(segment.address, &segment.bytes);
        }
        self.chip.memory.lose_ram();
    }

    /// Takes the reset vector anew, before anything has run.
    pub fn restart(&mut self) {
        self.cpu = Cpu::new();
        self.start();
    }

    /// A chip at power-up with nothing in its FRAM; fill it, then [`Self::start`].
    pub fn blank(options: ChipOptions, wiring: Wiring) -> Self {
        Self {
            cpu: Cpu::new(),
            chip: Chip::new(options, wiring),
            instruments: Instruments::default(),
            symbols: Symbols::default(),
            stack_limit: RAM.0,
            stack_ready: false,
            mode: 0,
            unwritten: Unwritten::default(),
            kept: Kept::default(),
        }
    }

    fn adopt_symbols(&mut self, symbols: Symbols) {
        let end = ["_stack_end", "_ebss", "__ebss"]
            .iter()
            .find_map(|name| symbols.find(name));
        self.stack_limit = end.map_or(RAM.0, |symbol| symbol.address);
        self.symbols = symbols;
    }

    /// The CPU takes the reset vector for the first time.
    pub fn start(&mut self) {
        let cycles = self.cpu.reset(&mut self.chip);
        self.chip.elapse(cycles);
    }

    /// The lowest address that the stack may have.
    pub fn stack_limit(&self) -> u16 {
        self.stack_limit
    }

    /// Bytes between the end of the static data and the lowest stack pointer seen.
    pub fn stack_free_bytes(&self) -> u16 {
        self.instruments.lowest_sp.saturating_sub(self.stack_limit)
    }

    /// Resets the chip and the CPU.
    pub fn reset(&mut self, cause: ResetCause) {
        self.chip.reset(cause);
        let cycles = self.cpu.reset(&mut self.chip);
        self.chip.elapse(cycles);
        self.instruments.reset();
        self.cpu.watch_stack(self.instruments.stack_watch());
        self.unwritten.clear();
        self.mode = self.cpu.registers[SR] & MODE;
    }

    /// The supply fails at this instruction and comes back `off` later. FRAM keeps what has been written.
    pub fn power_cycle(&mut self, off: Time) {
        self.chip.power_cycle(off);
        self.cpu = Cpu::new();
        self.stack_ready = false;
        self.start();
        self.instruments.reset();
        self.cpu.watch_stack(self.instruments.stack_watch());
        self.unwritten.clear();
        self.mode = 0;
    }

    /// Runs for `duration` of simulated time.
    ///
    /// # Errors
    /// The first fault; the machine stays where it happened.
    pub fn run_for(&mut self, duration: Time) -> Result<(), Fault> {
        self.run_until(self.chip.time() + duration)
    }

    /// Runs until the program counter is at the start of the function `name`, once more if it is there already, at
    /// most until `time`; true when it got there.
    ///
    /// # Errors
    /// As [`Self::run_for`]; a name that the image does not have is a fault too.
    pub fn run_to_symbol(&mut self, name: &str, time: Time) -> Result<bool, Fault> {
        let Some(address) = self.address_of(name) else {
            return Err(self.fault(FaultKind::Misuse(format!("the image has no symbol {name}"))));
        };
        if self.cpu.registers[PC] == address {
            self.step()?;
        }
        Ok(self.run(time, |pc| pc == address)? == Stop::Breakpoint)
    }

    /// Runs until MCLK cycle `cycle` or the instruction boundary after it, for cutting the supply at any place.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn run_to_cycle(&mut self, cycle: u64) -> Result<(), Fault> {
        let time = self.chip.backplane.clocks.time_of(cycle);
        // The limit is kept as a time, so that it stays right when the clock changes.
        self.run_until(time)
    }

    /// Runs until `time` or until `stop_at` says so for the next instruction's address. The first one is asked too:
    /// whoever goes on from where it stopped has to [`Self::step`] first.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn run(&mut self, time: Time, stop_at: impl Fn(u16) -> bool) -> Result<Stop, Fault> {
        if self.chip.time() >= time {
            return Ok(Stop::Limit);
        }
        self.chip.set_limit(Some(time));
        let result = loop {
            match self.attend_if_wanted() {
                Ok(false) => {}
                Ok(true) => break Ok(Stop::Limit),
                Err(fault) => break Err(fault),
            }
            if stop_at(self.cpu.registers[PC]) {
                break Ok(Stop::Breakpoint);
            }
            if let Err(fault) = self.execute() {
                break Err(fault);
            }
        };
        self.chip.set_limit(None);
        result
    }

    /// Executes one instruction, after an interrupt has been accepted or sleep is over if need be.
    ///
    /// # Errors
    /// As [`Self::run_for`].
    pub fn step(&mut self) -> Result<(), Fault> {
        while self.attend_if_wanted()? {}
        self.execute()
    }

    #[inline(always)]
    fn execute(&mut self) -> Result<(), Fault> {
        let cycles = match self.cpu.step(&mut self.chip) {
            Ok(cycles) => cycles,
            Err(fault) => return Err(self.refused(fault)),
        };
        self.chip.elapse(cycles);
        if self.chip.unwritten_matters {
            self.follow_unwritten()?;
        }
        if self.cpu.has_changed() {
            self.follow_cpu()?;
        }
        Ok(())
    }

    /// The CPU says that SR or SP may have changed.
    #[inline(never)]
    fn follow_cpu(&mut self) -> Result<(), Fault> {
        self.cpu.changes_seen();
        let mode = self.cpu.registers[SR] & MODE;
        if mode != self.mode {
            self.mode_changed(mode);
        }
        let sp = self.cpu.registers[SP];
        if self.instruments.notices(sp) {
            self.watch_stack(sp)?;
        }
        Ok(())
    }

    #[cold]
    fn refused(&mut self, fault: CpuFault) -> Fault {
        // An odd pointer out of unwritten RAM is blamed on the RAM.
        let unwritten = self.chip.unwritten_matters.then(|| self.follow_unwritten());
        unwritten
            .and_then(Result::err)
            .unwrap_or_else(|| self.fault(fault.into()))
    }

    #[cold]
    fn follow_unwritten(&mut self) -> Result<(), Fault> {
        let followed = self.unwritten.follow(&self.cpu, &mut self.chip);
        followed.map_err(|address| {
            self.fault(FaultKind::NeverWritten {
                address,
                symbol: String::new(),
            })
        })
    }

    #[inline(never)]
    fn watch_stack(&mut self, sp: u16) -> Result<(), Fault> {
        if !self.stack_ready {
            // Until the start-up code has set it, the stack pointer means nothing.
            if sp <= self.stack_limit {
                return Ok(());
            }
            self.stack_ready = true;
            self.instruments.lowest_sp = self.instruments.lowest_sp.min(sp);
        }
        self.instruments.watch_stack(sp, self.chip.cycle());
        self.cpu.watch_stack(self.instruments.stack_watch());
        if sp < self.stack_limit {
            return Err(self.fault(FaultKind::StackOverflow {
                sp,
                limit: self.stack_limit,
            }));
        }
        Ok(())
    }

    #[inline(never)]
    fn mode_changed(&mut self, mode: u16) {
        let changed = mode ^ self.mode;
        self.mode = mode;
        if changed & GIE != 0 {
            self.instruments
                .watch_mask(mode & GIE != 0, self.chip.cycle(), self.cpu.current);
        }
        if changed & SCG0 != 0 {
            self.chip.set_fll_on(mode & SCG0 == 0);
        }
        let backplane = &mut self.chip.backplane;
        if mode & CPUOFF != 0 && mode & (OSCOFF | SCG0 | SCG1) != 0 {
            backplane.not_modelled(
                "a low-power mode below LPM0",
                "errata CS13 and PMM32 advise against them",
            );
        }
        if mode & CPUOFF != 0 || (mode & GIE != 0 && backplane.lines != 0) {
            backplane.events.ask_attention();
        }
    }

    /// Looks round when something has happened; true when the limit has come. On return with false the CPU is awake.
    #[inline(always)]
    fn attend_if_wanted(&mut self) -> Result<bool, Fault> {
        if self.chip.wants_attention() {
            self.attend()
        } else {
            Ok(false)
        }
    }

    #[inline(never)]
    fn attend(&mut self) -> Result<bool, Fault> {
        loop {
            let limit = self.chip.run_due_events();
            if let Some(kind) = self.chip.backplane.fault.take() {
                return Err(self.fault(kind));
            }
            if let Some(cause) = self.chip.backplane.reset.take() {
                self.reset(cause);
            }
            self.accept_interrupt()?;
            if limit {
                // Whoever asked for the limit may come back while the CPU sleeps.
                if self.cpu.is_asleep() {
                    self.chip.backplane.events.ask_attention();
                }
                self.chip.set_limit(None);
                return Ok(true);
            }
            if !self.cpu.is_asleep() {
                return Ok(false);
            }
            let next = self.chip.backplane.events.earliest();
            if next == NEVER {
                let what = "the CPU sleeps and nothing is going to wake it: no timer, converter or UART has anything planned";
                return Err(self.fault(FaultKind::Misuse(what.to_owned())));
            }
            let now = self.chip.cycle();
            self.chip.sleep_until(next);
            self.instruments.asleep += self.chip.cycle() - now;
        }
    }

    fn accept_interrupt(&mut self) -> Result<(), Fault> {
        let lines = self.chip.backplane.lines;
        if lines == 0 {
            return Ok(());
        }
        let acceptable = if self.cpu.accepts_interrupts() {
            lines
        } else {
            lines & NON_MASKABLE
        };
        if acceptable == 0 {
            if self.cpu.registers[SR] & GIE != 0 {
                // EINT has only just been executed: the next instruction comes first.
                self.chip.backplane.events.ask_attention();
            }
            return Ok(());
        }
        let number = 63 - acceptable.leading_zeros();
        let (at, sp) = (self.chip.cycle(), self.cpu.registers[SP]);
        let vector = line::vector_address(number);
        let cycles = self.cpu.interrupt(&mut self.chip, vector);
        self.chip.accept_interrupt(number);
        self.chip.elapse(cycles);
        self.instruments.enter(number, at, sp);
        self.cpu.watch_stack(self.instruments.stack_watch());
        if self.cpu.registers[PC] == 0xFFFE {
            let what = format!(
                "interrupt {} has no handler: its vector at {vector:#06X} is blank",
                line::name(number)
            );
            return Err(self.fault(FaultKind::Misuse(what)));
        }
        let mode = self.cpu.registers[SR] & MODE;
        if mode != self.mode {
            self.mode_changed(mode);
        }
        let sp = self.cpu.registers[SP];
        if self.instruments.notices(sp) {
            self.watch_stack(sp)?;
        }
        Ok(())
    }

    #[cold]
    fn fault(&self, kind: FaultKind) -> Fault {
        let pc = self.cpu.current;
        let kind = match kind {
            FaultKind::NeverWritten { address, .. } => {
                let symbol = self
                    .variable_at(address)
                    .map_or(String::new(), |name| format!(" ({name})"));
                FaultKind::NeverWritten { address, symbol }
            }
            other => other,
        };
        let symbol = self
            .symbols
            .function_at(pc)
            .map(|(symbol, offset)| format!("{}+{offset:#x}", symbol.name));
        Fault {
            kind,
            pc,
            symbol,
            cycle: self.chip.cycle(),
            time_s: to_seconds(self.chip.time()),
        }
    }

    fn variable_at(&self, address: u16) -> Option<String> {
        let inside = |symbol: &&crate::elf::Symbol| {
            !symbol.is_code && address.wrapping_sub(symbol.address) < symbol.size
        };
        let symbol = self.symbols.iter().find(inside)?;
        Some(format!("{}+{:#x}", symbol.name, address - symbol.address))
    }

    /// The address of the symbol `name`, as in the source or in the file.
    pub fn address_of(&self, name: &str) -> Option<u16> {
        self.symbols.find(name).map(|symbol| symbol.address)
    }

    /// Sets R0 to R15, as a debugger does; SR's mode bits take effect.
    pub fn set_registers(&mut self, registers: [u16; 16]) {
        self.cpu.registers = registers;
        self.mode_changed(self.cpu.registers[SR] & MODE);
    }

    /// Memory from `address` on, without a read's side effects.
    pub fn read_memory(&self, address: u16, length: u32) -> Vec<u8> {
        self.chip.memory.copy_out(address, length)
    }

    /// Changes memory from `address` on, protected or not.
    pub fn write_memory(&mut self, address: u16, bytes: &[u8]) {
        self.chip.memory.copy_in(address, bytes);
    }

    /// The far end of `uart` sends bytes, as fast as its baud rate allows.
    pub fn send(&mut self, uart: Uart, bytes: &[u8]) {
        self.chip.uart_send(uart as usize, bytes);
    }

    /// Takes what the far end of `uart` has received so far, with the time of each byte.
    pub fn take_received(&mut self, uart: Uart) -> Vec<crate::chip::uart_line::ReceivedByte> {
        match uart {
            Uart::Console => self.chip.wiring.console.take_received(),
            Uart::Port => self.chip.wiring.port.take_received(),
        }
    }

    /// Share of the time during which the CPU was awake, 0 to 1, since the instruments were last restarted.
    pub fn load(&self) -> f64 {
        self.instruments.load(self.chip.cycle())
    }

    /// Starts measuring anew.
    pub fn restart_instruments(&mut self) {
        self.instruments
            .restart(self.chip.cycle(), self.cpu.registers[SP]);
        self.cpu.watch_stack(self.instruments.stack_watch());
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
pub(crate) mod tests;

#[cfg(test)]
mod pace_tests;
