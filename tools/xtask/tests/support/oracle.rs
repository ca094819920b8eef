//! Runs functions of an image on our CPU, and the same in mspdebug, to compare registers and memory.
//!
//! Both have plain memory everywhere. Our side has a multiplier besides, by the arithmetic of the host; mspdebug, which
//! has none at its address, stops before each instruction that reads it and is given what ours read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use virtual_meter::cpu::{Bus, CG2, Cpu, PC, SP, SR};
use virtual_meter::elf::Image;

use crate::flat::FlatMemory;
use crate::mspdebug::{Simulator, scratch_folder};
use crate::multiplier::Multiplier;

/// Where the call and the end of the run are.
const TRAMPOLINE: u16 = 0x7000;
const END: u16 = TRAMPOLINE + 4;
/// SP at the call.
pub const STACK: u16 = 0x2F00;
/// Peripherals, where mspdebug has none of its own: memory that a function may write, like RAM.
const PERIPHERALS: std::ops::Range<u16> = 0x0200..0x1000;
const RAM: std::ops::Range<u16> = 0x2000..0x3000;
/// mspdebug stops at no more addresses.
const MOST_STOPS: usize = 31;

/// A state that both have to reach.
#[derive(Clone)]
struct Stop {
    registers: [u16; 16],
    /// What the multiplier will give to the instruction here: address and value.
    supplied: Vec<(u16, u16)>,
}

/// A function that has returned.
pub struct Outcome {
    /// R0 to R15 afterwards.
    pub registers: [u16; 16],
    /// MCLK cycles from the function's first instruction to its return, without wait states.
    pub cycles: u32,
    stops: Vec<Stop>,
    read_multiplier_at: BTreeSet<u16>,
}

/// Memory with a multiplier, and a record of what must not be.
struct Board {
    memory: FlatMemory,
    /// RAM without the code in it.
    ram: std::ops::Range<u16>,
    multiplier: Multiplier,
    supplied: Vec<(u16, u16)>,
    undo: Vec<(u16, u8)>,
    /// What cannot be compared, once it has happened.
    objection: Option<String>,
}

impl Board {
    fn check_read(&mut self, address: u16) {
        if address < 0x200 {
            self.objection.get_or_insert(format!(
                "reads {address:#06x}, where mspdebug has its own I/O"
            ));
        }
    }
}

impl Bus for Board {
    fn fetch(&mut self, address: u16) -> u16 {
        self.memory.word(address)
    }

    fn read_word(&mut self, address: u16) -> u16 {
        self.check_read(address);
        if !Multiplier::ADDRESSES.contains(&address) {
            return self.memory.word(address);
        }
        let value = self.multiplier.read(address);
        self.supplied.push((address, value));
        value
    }

    fn read_byte(&mut self, address: u16) -> u8 {
        if Multiplier::ADDRESSES.contains(&address) {
            return self.read_word(address & !1).to_le_bytes()[usize::from(address & 1)];
        }
        self.check_read(address);
        self.memory.0[usize::from(address)]
    }

    fn write_word(&mut self, address: u16, value: u16) {
        if Multiplier::ADDRESSES.contains(&address) {
            self.multiplier.write(address, value);
        }
        let [low, high] = value.to_le_bytes();
        self.write_byte(address, low);
        self.write_byte(address | 1, high);
    }

    fn write_byte(&mut self, address: u16, value: u8) {
        if !PERIPHERALS.contains(&address) && !self.ram.contains(&address) {
            self.objection
                .get_or_insert(format!("writes {address:#06x}, outside of data RAM"));
        }
        self.undo
            .push((address, self.memory.0[usize::from(address)]));
        self.memory.0[usize::from(address)] = value;
    }
}

/// An image in memory, ready to have its functions called.
pub struct Oracle {
    /// The image.
    pub image: Image,
    cpu: Cpu,
    board: Board,
}

impl Oracle {
    /// Loads `image`; all other memory gets its words from `fill`.
    pub fn new(image: Image, mut fill: impl FnMut() -> u16) -> Self {
        let mut memory = FlatMemory::filled(0);
        (0..=0xFFFE)
            .step_by(2)
            .for_each(|address| memory.set_word(address, fill()));
        // As after the start-up code, which copies to RAM what runs there.
        for segment in &image.segments {
            for start in [segment.address, segment.runs_at] {
                memory.0[usize::from(start)..][..segment.bytes.len()]
                    .copy_from_slice(&segment.bytes);
            }
        }
        let in_ram = image
            .symbols
            .iter()
            .filter(|symbol| symbol.is_code && RAM.contains(&symbol.address));
        let code_end = in_ram
            .map(|symbol| symbol.address + symbol.size)
            .max()
            .unwrap_or(RAM.start);
        memory.set_word(TRAMPOLINE, 0x12B0); // CALL #function
        memory.set_word(END, 0x3FFF); // JMP $
        let board = Board {
            memory,
            ram: code_end..RAM.end,
            multiplier: Multiplier::default(),
            supplied: Vec::new(),
            undo: Vec::new(),
            objection: None,
        };
        Self {
            image,
            cpu: Cpu::new(),
            board,
        }
    }

    /// Calls the function at `address` with R4 to R15 from `registers`, and SR; keeps what it does to memory.
    ///
    /// # Errors
    /// What keeps it from being compared; then memory is as before.
    pub fn call(
        &mut self,
        address: u16,
        registers: [u16; 16],
        limit: u32,
    ) -> Result<Outcome, String> {
        let (result, undo) = self.attempt(address, registers, limit, &BTreeSet::new());
        if result.is_err() {
            self.take_back(undo);
        }
        result
    }

    /// Calls the function at `address` once for each of `inputs` in both, and compares. Inputs that cannot be compared
    /// are left out; returns how many were not.
    ///
    /// # Errors
    /// Why no input at all could be compared: the first reason.
    ///
    /// # Panics
    /// When the two differ.
    pub fn compare(
        &mut self,
        name: &str,
        address: u16,
        inputs: &[[u16; 16]],
        limit: u32,
    ) -> Result<usize, String> {
        let mut good = Vec::new();
        let mut reason = None;
        let mut stop_at = BTreeSet::new();
        let mut undo_all = Vec::new();
        let multiplier = self.board.multiplier.clone();
        for &registers in inputs {
            let (result, undo) = self.attempt(address, registers, limit, &BTreeSet::new());
            match result {
                Ok(outcome) => {
                    good.push(registers);
                    stop_at.extend(outcome.read_multiplier_at);
                    undo_all.extend(undo);
                }
                Err(why) => {
                    self.take_back(undo);
                    reason.get_or_insert(why);
                }
            }
        }
        // Once more from the start, now that it is known where mspdebug has to stop.
        self.take_back(undo_all);
        self.board.multiplier = multiplier;
        if good.is_empty() {
            return Err(reason.unwrap_or_else(|| "no input".to_owned()));
        }
        if stop_at.len() > MOST_STOPS {
            return Err(format!("reads the multiplier at {} places", stop_at.len()));
        }
        self.run_both(name, address, &good, limit, &stop_at);
        Ok(good.len())
    }

    fn run_both(
        &mut self,
        name: &str,
        address: u16,
        inputs: &[[u16; 16]],
        limit: u32,
        stop_at: &BTreeSet<u16>,
    ) {
        let folder = scratch_folder(&format!("oracle-{address:04x}-{}", inputs.len()));
        let before = folder.join("before.bin");
        let after = folder.join("after.bin");
        self.board.memory.set_word(TRAMPOLINE + 2, address);
        std::fs::write(&before, &self.board.memory.0[0x200..])
            .expect("the target folder is writable");
        let mut commands = format!("load_raw {} 0x200\nsetbreak {END:#x}\n", before.display());
        stop_at.iter().for_each(|stop| {
            writeln!(commands, "setbreak {stop:#x}").expect("a String takes anything")
        });
        let mut expected = Vec::new();
        for &registers in inputs {
            for (register, value) in entry(registers)
                .into_iter()
                .enumerate()
                .filter(|(register, _)| *register != CG2)
            {
                writeln!(commands, "set r{register} {value:#x}").expect("a String takes anything");
                expected.push(None);
            }
            let (result, _) = self.attempt(address, registers, limit, stop_at);
            let outcome = result.unwrap_or_else(|why| panic!("{name}: {why} now, and not before"));
            for stop in outcome.stops {
                commands.push_str("run\n");
                for (address, value) in &stop.supplied {
                    let [low, high] = value.to_le_bytes();
                    writeln!(commands, "mw {address:#x} {low:02x} {high:02x}")
                        .expect("a String takes anything");
                }
                expected.push(Some((registers, stop.registers)));
            }
        }
        writeln!(commands, "save_raw 0x2000 0x1000 {}", after.display())
            .expect("a String takes anything");

        let mut simulator = Simulator::run(&commands, &folder);
        for expected in expected {
            let Some(mut theirs) = simulator.registers() else {
                simulator.finish();
                panic!("{name}: mspdebug ended early");
            };
            theirs[CG2] = 0;
            if let Some((input, ours)) = expected {
                assert!(
                    ours == theirs,
                    "{name}\n input  {input:04x?}\n ours   {ours:04x?}\n theirs {theirs:04x?}"
                );
            }
        }
        simulator.finish();
        let theirs = std::fs::read(&after).expect("mspdebug has saved its memory");
        let ours = &self.board.memory.0[0x2000..0x3000];
        assert!(ours == theirs, "{name} leaves different bytes in RAM");
        std::fs::remove_dir_all(&folder).expect("the target folder is writable");
    }

    fn attempt(
        &mut self,
        address: u16,
        registers: [u16; 16],
        limit: u32,
        stop_at: &BTreeSet<u16>,
    ) -> (Result<Outcome, String>, Vec<(u16, u8)>) {
        self.board.memory.set_word(TRAMPOLINE + 2, address);
        self.board.undo.clear();
        self.board.objection = None;
        // An instruction that faults may have read the multiplier.
        self.board.supplied.clear();
        let result = self.run(registers, limit, stop_at);
        (result, std::mem::take(&mut self.board.undo))
    }

    fn run(
        &mut self,
        registers: [u16; 16],
        limit: u32,
        stop_at: &BTreeSet<u16>,
    ) -> Result<Outcome, String> {
        let cpu = &mut self.cpu;
        cpu.reset(&mut self.board.memory);
        cpu.registers = entry(registers);
        let mut outcome = Outcome {
            registers,
            cycles: 0,
            stops: Vec::new(),
            read_multiplier_at: BTreeSet::new(),
        };
        for _ in 0..limit {
            let before = cpu.registers;
            let pc = before[PC];
            if pc == END {
                outcome.stops.push(Stop {
                    registers: before,
                    supplied: Vec::new(),
                });
                outcome.registers = before;
                return Ok(outcome);
            }
            let cycles = cpu
                .step(&mut self.board)
                .map_err(|fault| fault.to_string())?;
            if pc != TRAMPOLINE {
                outcome.cycles += cycles;
            }
            let supplied = std::mem::take(&mut self.board.supplied);
            if !supplied.is_empty() {
                outcome.read_multiplier_at.insert(pc);
            }
            if stop_at.contains(&pc) {
                outcome.stops.push(Stop {
                    registers: before,
                    supplied,
                });
            }
            if let Some(objection) = self.board.objection.take() {
                return Err(format!(
                    "{objection}, at {}",
                    self.image.symbols.describe(pc)
                ));
            }
            if cpu.is_asleep() {
                return Err(format!(
                    "goes to sleep at {}",
                    self.image.symbols.describe(pc)
                ));
            }
        }
        Err(format!("has not returned after {limit} instructions"))
    }

    fn take_back(&mut self, mut undo: Vec<(u16, u8)>) {
        while let Some((address, value)) = undo.pop() {
            self.board.memory.0[usize::from(address)] = value;
        }
    }
}

/// The registers at the trampoline.
fn entry(mut registers: [u16; 16]) -> [u16; 16] {
    registers[PC] = TRAMPOLINE;
    registers[SP] = STACK;
    registers[SR] &= 0x010F;
    registers[CG2] = 0;
    registers
}
