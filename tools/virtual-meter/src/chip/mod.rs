//! The MSP430FR2355: its memories and peripherals behind the CPU's bus, and the board around it.
//!
//! Time is counted in MCLK cycles. Every bus access takes one, so an access inside an instruction has its exact cycle:
//! a peripheral sees it in the right order with its own events, which is what decides whether a polled flag is seen or
//! a multiplier result is read too early.

pub mod adc;
pub mod backplane;
pub mod clocks;
pub mod crc16;
pub mod cs;
pub mod ecomp;
pub mod eusci_a;
pub mod eusci_b;
pub mod events;
pub mod fault;
pub mod fram;
mod happenings;
pub mod journal;
pub mod memory;
pub mod mpy32;
pub mod pmm;
pub mod port;
mod registers;
pub mod rtc;
pub mod service_switch;
pub mod sfr;
pub mod sys;
#[cfg(test)]
pub(crate) mod testing;
pub mod timer_b;
mod tlv;
pub mod uart_line;
pub mod wdt;
pub mod wiring;

use backplane::{Backplane, ResetCause};
use cs::{ClockParts, Cs};
use fault::FaultKind;
use fram::{Fram, FramTiming};
use journal::FramWrite;
use memory::{BAKMEM, FRAM_START, INFO, Memory, PERIPHERALS, RAM, TINY_RAM, TLV, within};
use wiring::Wiring;

use crate::cpu::Bus;
use crate::mains::timeline::REFERENCE_C;
use crate::time::Time;

/// Which quiet mistakes end the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strictness {
    /// Using the contents of RAM that nothing has written since power-up; copying them is allowed.
    pub never_written: bool,
    /// Writing FRAM that is protected, which the chip ignores without a sign.
    pub protected_write: bool,
}

impl Default for Strictness {
    fn default() -> Self {
        Self {
            never_written: true,
            protected_write: true,
        }
    }
}

/// Properties of the chip that a run may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChipOptions {
    /// Crystal.
    pub clocks: ClockParts,
    /// How FRAM wait states are counted.
    pub fram_timing: FramTiming,
    /// What ends the run.
    pub strictness: Strictness,
}

/// Supply voltage, the reference of comparator DACs that use it.
const SUPPLY_MV: u32 = 3_300;

/// The chip and its board.
pub struct Chip {
    /// Time, events, clocks, interrupt lines.
    pub backplane: Backplane,
    /// MCLK cycle at which the present instruction began, and its wait states so far.
    cycle: u64,
    /// Bus accesses of the present instruction so far.
    accesses: u32,
    strictness: Strictness,
    /// The present instruction read RAM that nothing has written (which bytes, and where), or registers hold such bytes.
    pub(crate) unwritten_matters: bool,
    unwritten: (u8, u16),
    /// All memory cells.
    pub memory: Memory,
    /// Every write to FRAM, when somebody wants to know.
    pub journal: Option<Vec<FramWrite>>,
    fram: Fram,
    sys: sys::Sys,
    sfr: sfr::Sfr,
    pmm: pmm::Pmm,
    cs: Cs,
    watchdog: wdt::Watchdog,
    rtc: rtc::Rtc,
    ports: [port::Port; 6],
    timers: [timer_b::TimerB; 4],
    uarts: [eusci_a::EusciA; 2],
    spis: [eusci_b::EusciB; 2],
    multiplier: mpy32::Mpy32,
    crc: crc16::Crc16,
    comparators: [ecomp::Ecomp; 2],
    adc: adc::Adc,
    /// What is connected to the pins.
    pub wiring: Wiring,
    /// What the chip drives on each port: mask and levels.
    driven: [(u8, u8); 6],
    /// Instant for which the converter's event is scheduled.
    converter_next: Option<Time>,
    /// Level of DRDY as the chip has seen it.
    drdy: bool,
    /// When the run is to be interrupted.
    limit: Option<Time>,
    /// The first cycle not before it.
    limit_cycle: u64,
}

impl Chip {
    /// A chip at power-up, blank, on this board.
    pub fn new(options: ChipOptions, wiring: Wiring) -> Self {
        let (cs, clocks) = Cs::new(options.clocks);
        let mut chip = Self {
            backplane: Backplane::new(clocks),
            cycle: 0,
            accesses: 0,
            strictness: options.strictness,
            unwritten_matters: false,
            unwritten: (0, 0),
            memory: Memory::default(),
            journal: None,
            fram: Fram::new(options.fram_timing),
            sys: sys::Sys::default(),
            sfr: sfr::Sfr::default(),
            pmm: pmm::Pmm::default(),
            cs,
            watchdog: wdt::Watchdog::default(),
            rtc: rtc::Rtc::default(),
            ports: [1, 2, 3, 4, 5, 6].map(port::Port::new),
            timers: [(0, 3), (1, 3), (2, 3), (3, 7)]
                .map(|(number, blocks)| timer_b::TimerB::new(number, blocks)),
            uarts: [0, 1].map(eusci_a::EusciA::new),
            spis: [0, 1].map(eusci_b::EusciB::new),
            multiplier: mpy32::Mpy32::default(),
            crc: crc16::Crc16::default(),
            comparators: [ecomp::Ecomp::new(SUPPLY_MV), ecomp::Ecomp::new(SUPPLY_MV)],
            adc: adc::Adc::new(REFERENCE_C),
            wiring,
            driven: [(0, 0); 6],
            converter_next: None,
            drdy: false,
            limit: None,
            limit_cycle: events::NEVER,
        };
        chip.comparators[0].set_pin_mv(wiring::RAIL_INPUT, chip.wiring.rail_mv);
        chip.reset(ResetCause::BrownOut);
        chip
    }

    /// MCLK cycles since power-up, at the start of the present instruction.
    #[inline]
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Picoseconds since power-up, at the start of the present instruction.
    pub fn time(&self) -> Time {
        self.backplane.clocks.time_of(self.cycle)
    }

    /// An instruction has been executed, or an interrupt accepted: `cycles` by the CPU's table, without wait states.
    #[inline(always)]
    pub fn elapse(&mut self, cycles: u32) {
        self.cycle += u64::from(cycles);
        self.accesses = 0;
    }

    /// As [`Self::elapse`] between instructions that both begin with [`Bus::begin_known`].
    #[inline(always)]
    pub(crate) fn elapse_known(&mut self, cycles: u32) {
        self.cycle += u64::from(cycles);
    }

    /// The instruction that took these `cycles` was refused: time stands at its beginning.
    pub(crate) fn take_back(&mut self, cycles: u32) {
        self.cycle -= u64::from(cycles);
    }

    /// Counts the wait states of a read of FRAM; mostly there are none, and nothing is to be done.
    #[inline(always)]
    fn wait_for_read(&mut self, address: u16) {
        if !self.fram.has_ready(address) {
            self.cycle += u64::from(self.fram.read_wait(address));
        }
    }

    /// The CPU sleeps until `cycle`.
    pub fn sleep_until(&mut self, cycle: u64) {
        self.cycle = self.cycle.max(cycle);
    }

    /// Is anything waiting that the run loop has to look at?
    #[inline(always)]
    pub fn wants_attention(&self) -> bool {
        self.backplane.events.next() <= self.cycle
    }

    /// The exact cycle of the access that is under way.
    #[inline]
    fn access_cycle(&self) -> u64 {
        self.cycle + u64::from(self.accesses)
    }

    /// Reads of FRAM that the cache did not serve.
    pub fn fram_misses(&self) -> u64 {
        self.fram.misses()
    }

    #[cold]
    fn vacant(&mut self, access: &'static str, address: u16) -> u16 {
        let advice = match access {
            "fetch" => "the program has run away, look at the last call or return",
            _ => "a wrong pointer or register name",
        };
        self.backplane.raise(FaultKind::Vacant {
            access,
            address,
            advice,
        });
        0x3FFF
    }

    /// A read met bytes of RAM that nothing has written; whoever runs the CPU asks what became of them.
    #[cold]
    fn never_written(&mut self, address: u16, byte: bool) {
        if self.strictness.never_written {
            let high = !byte && !self.memory.known_byte(address | 1);
            let low = !self.memory.known_byte(address);
            self.unwritten = (u8::from(low) | u8::from(high) << 1, address);
            self.unwritten_matters = true;
            self.backplane.events.ask_attention();
        }
    }

    /// Which bytes of the last read nothing had written, and where.
    pub(crate) fn take_unwritten(&mut self) -> (u8, u16) {
        core::mem::take(&mut self.unwritten)
    }

    /// Some registers hold unwritten bytes, or none.
    pub(crate) fn watch_unwritten(&mut self, any: bool) {
        self.unwritten_matters = any;
    }

    /// What was stored at `address` were, in these bytes, unwritten ones.
    pub(crate) fn unwrite(&mut self, address: u16, bytes: u8) {
        self.memory.unwrite(address, bytes);
        // Should it have been code, whoever keeps it has to look again.
        self.backplane.events.ask_attention();
    }

    /// After a write: when it was to `code` that somebody keeps, he has to look again before the next instruction.
    #[inline(always)]
    fn notice(&mut self, code: bool) {
        if code {
            self.backplane.events.ask_attention();
        }
    }

    fn is_small_ram(address: u16) -> bool {
        within(address, TINY_RAM) || within(address, BAKMEM)
    }

    #[inline(never)]
    fn fetch_elsewhere(&mut self, address: u16) -> u16 {
        if within(address, RAM) || within(address, TINY_RAM) {
            if !self.memory.known_word(address) {
                self.backplane.raise(FaultKind::NeverWritten {
                    address,
                    symbol: String::new(),
                });
            }
            return self.memory.word(address);
        }
        if within(address, INFO) {
            self.wait_for_read(address);
            return self.memory.word(address);
        }
        self.vacant("fetch", address)
    }

    #[inline(never)]
    fn read_elsewhere(&mut self, address: u16, byte: bool) -> u16 {
        if within(address, PERIPHERALS) && !within(address, BAKMEM) {
            return self.read_register(address, byte);
        }
        if within(address, INFO) || within(address, TLV) {
            self.wait_for_read(address);
        } else if Self::is_small_ram(address) {
            let known = if byte {
                self.memory.known_byte(address)
            } else {
                self.memory.known_word(address)
            };
            if !known {
                self.never_written(address, byte);
            }
        } else {
            return self.vacant("read", address);
        }
        if byte {
            u16::from(self.memory.byte(address))
        } else {
            self.memory.word(address)
        }
    }

    fn enter_in_journal(&mut self, address: u16) {
        let (time, word) = (self.time(), self.memory.word(address));
        if let Some(journal) = &mut self.journal {
            journal.push(FramWrite {
                time,
                address,
                word,
            });
        }
    }

    #[inline(never)]
    fn write_elsewhere(&mut self, address: u16, value: u16, byte: bool) {
        if within(address, PERIPHERALS) && !within(address, BAKMEM) {
            self.write_register(address, value, byte);
        } else if address >= FRAM_START || within(address, INFO) {
            self.cycle += u64::from(self.fram.write_wait());
            if !self.sys.protection.allows(address) {
                if self.strictness.protected_write {
                    self.backplane.misuse(format!(
                        "write to FRAM at {address:#06X}, which is protected: the chip drops it without a sign; open it in SYSCFG0"
                    ));
                }
            } else {
                let code = if byte {
                    self.memory.set_byte(address, value as u8)
                } else {
                    self.memory.set_word(address, value)
                };
                self.notice(code);
                self.enter_in_journal(address & !1);
            }
        } else if Self::is_small_ram(address) {
            let code = if byte {
                self.memory.write_ram_byte(address, value as u8)
            } else {
                self.memory.write_ram_word(address, value)
            };
            self.notice(code);
        } else {
            self.vacant("write", address);
        }
    }
}

impl Bus for Chip {
    #[inline(always)]
    fn fetch(&mut self, address: u16) -> u16 {
        self.accesses += 1;
        if address >= FRAM_START {
            self.wait_for_read(address);
            self.memory.word(address)
        } else if within(address, RAM) && self.memory.known_word(address) {
            // Hot code may have been copied there: no wait states.
            self.memory.word(address)
        } else {
            self.fetch_elsewhere(address)
        }
    }

    #[inline(always)]
    fn begin_known(&mut self) {
        self.accesses = 1;
    }

    #[inline(always)]
    fn fetch_known(&mut self, address: u16, value: u16, may_wait: bool) -> u16 {
        self.accesses += 1;
        if may_wait {
            self.wait_for_read(address);
        }
        value
    }

    #[inline(always)]
    fn await_word(&mut self, address: u16) {
        self.wait_for_read(address);
    }

    #[inline(always)]
    fn quick_word(&self, address: u16) -> Option<u16> {
        let known = within(address, RAM) && address & 1 == 0 && self.memory.known_word(address);
        known.then(|| self.memory.word(address))
    }

    #[inline(always)]
    fn quick_byte(&self, address: u16) -> Option<u8> {
        let known = within(address, RAM) && self.memory.known_byte(address);
        known.then(|| self.memory.byte(address))
    }

    #[inline(always)]
    fn count(&mut self, number: u32) {
        self.accesses += number;
    }

    #[inline(always)]
    fn is_quick(&self, address: u16) -> bool {
        within(address, RAM)
    }

    #[inline(always)]
    fn read_word(&mut self, address: u16) -> u16 {
        self.accesses += 1;
        if within(address, RAM) {
            if !self.memory.known_word(address) {
                self.never_written(address, false);
            }
            self.memory.word(address)
        } else if address >= FRAM_START {
            self.wait_for_read(address);
            self.memory.word(address)
        } else {
            self.read_elsewhere(address, false)
        }
    }

    #[inline(always)]
    fn read_byte(&mut self, address: u16) -> u8 {
        self.accesses += 1;
        if within(address, RAM) {
            if !self.memory.known_byte(address) {
                self.never_written(address, true);
            }
            self.memory.byte(address)
        } else if address >= FRAM_START {
            self.wait_for_read(address);
            self.memory.byte(address)
        } else {
            self.read_elsewhere(address, true) as u8
        }
    }

    #[inline(always)]
    fn write_word(&mut self, address: u16, value: u16) {
        self.accesses += 1;
        if within(address, RAM) {
            let code = self.memory.write_ram_word(address, value);
            self.notice(code);
        } else {
            self.write_elsewhere(address, value, false);
        }
    }

    #[inline(always)]
    fn write_byte(&mut self, address: u16, value: u8) {
        self.accesses += 1;
        if within(address, RAM) {
            let code = self.memory.write_ram_byte(address, value);
            self.notice(code);
        } else {
            self.write_elsewhere(address, u16::from(value), true);
        }
    }
}
