//! Random instruction streams for two CPUs: ours executes them first and writes the commands that make mspdebug follow.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use virtual_meter::cpu::status::{CPUOFF, FLAGS, GIE, SCG0, SCG1, V};
use virtual_meter::cpu::{Bus, CG2, Cpu, Instruction, Mode, Operation, PC, SP, SR};

use crate::flat::FlatMemory;
use crate::random::Random;

/// mspdebug keeps its own I/O below this address.
pub const MEMORY_START: u16 = 0x200;

/// The bits of SR that exist; mspdebug keeps the others too.
const WRITABLE_STATUS: u16 = 0x1FF;

/// The registers that mspdebug has to print next.
pub struct Expected {
    /// R0 to R15.
    pub registers: [u16; 16],
    /// The bits of the status register that count.
    pub status_mask: u16,
    /// The instruction or command, for the message if they differ.
    pub what: String,
}

/// An operand as the coverage counts it: its mode, and its register if that is one of R0 to R3 (4 for all others).
pub type Operand = (Mode, u8);

/// A kind of instruction: operation, byte form (for a jump: whether it jumps), source, destination.
pub type Kind = (Operation, bool, Operand, Operand);

/// How often each kind of instruction was executed.
pub type Coverage = BTreeMap<Kind, u64>;

/// The kind of `instruction`, which jumps if it is a jump and `taken`.
pub fn kind(instruction: &Instruction, taken: bool) -> Kind {
    let second = if instruction.operation >= Operation::Jne {
        taken
    } else {
        instruction.byte
    };
    let class = |mode, register: u8| (mode, register.min(4));
    (
        instruction.operation,
        second,
        class(instruction.source, instruction.source_register),
        class(instruction.destination, instruction.destination_register),
    )
}

/// Something to change in both before a step.
#[derive(Clone, Copy)]
enum Edit {
    Register(usize, u16),
    Byte(u16, u8),
}

/// What a step did, or would do.
struct Step {
    instruction: Instruction,
    /// Registers before the step.
    registers: [u16; 16],
    /// Registers after it.
    after: [u16; 16],
    /// The words of the instruction.
    words: Vec<u16>,
    /// Data read, with its address.
    reads: Vec<(u16, u16)>,
}

/// Memory that remembers what a step touched.
struct Journal {
    memory: FlatMemory,
    lowest: u16,
    words: Vec<u16>,
    reads: Vec<(u16, u16)>,
    undo: Vec<(u16, u8)>,
}

impl Bus for Journal {
    fn fetch(&mut self, address: u16) -> u16 {
        self.lowest = self.lowest.min(address);
        let word = self.memory.fetch(address);
        self.words.push(word);
        word
    }

    fn read_word(&mut self, address: u16) -> u16 {
        self.lowest = self.lowest.min(address);
        let value = self.memory.read_word(address);
        self.reads.push((address, value));
        value
    }

    fn read_byte(&mut self, address: u16) -> u8 {
        self.lowest = self.lowest.min(address);
        let value = self.memory.read_byte(address);
        self.reads.push((address, value.into()));
        value
    }

    fn write_word(&mut self, address: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.write_byte(address, low);
        self.write_byte(address | 1, high);
    }

    fn write_byte(&mut self, address: u16, value: u8) {
        self.lowest = self.lowest.min(address);
        self.undo.push((address, self.memory.read_byte(address)));
        self.memory.write_byte(address, value);
    }
}

/// A stream being written.
pub struct Stream {
    cpu: Cpu,
    journal: Journal,
    random: Random,
    /// mspdebug's commands so far.
    pub commands: String,
    /// What mspdebug is to print for them.
    pub expected: Vec<Expected>,
    /// What was executed so far.
    pub coverage: Coverage,
}

impl Stream {
    /// A stream on random memory, which mspdebug has to be given first, and random registers.
    pub fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut memory = FlatMemory::filled(0);
        for address in (MEMORY_START..=0xFFFE).step_by(2) {
            memory.set_word(address, random.word());
        }
        let journal = Journal {
            memory,
            lowest: 0,
            words: Vec::new(),
            reads: Vec::new(),
            undo: Vec::new(),
        };
        let mut stream = Self {
            cpu: Cpu::new(),
            journal,
            random,
            commands: String::new(),
            expected: Vec::new(),
            coverage: Coverage::new(),
        };
        for register in (0..16).filter(|&register| register != CG2) {
            let value = if register == SR {
                0
            } else {
                stream.random.word() & !1
            };
            stream.edit(Edit::Register(register, value));
        }
        stream
    }

    /// The memory from [`MEMORY_START`] on.
    pub fn memory(&self) -> &[u8] {
        &self.journal.memory.0[usize::from(MEMORY_START)..]
    }

    /// One step in both: finds an instruction that can be compared, and writes the commands that lead there.
    pub fn step(&mut self) {
        if self.random.once_in(8) || !(MEMORY_START..0xFFF0).contains(&self.cpu.registers[PC]) {
            // Decimal, so that DADD has it as an operand now and then.
            let pc = (decimal_word(&mut self.random) | MEMORY_START) & !1;
            self.edit(Edit::Register(PC, pc));
        }
        loop {
            let mut edits = self.proposal();
            let Some(mut step) = self.trial(&edits) else {
                continue;
            };
            let decimal = step.instruction.operation == Operation::Dadd;
            if decimal || self.random.once_in(3) {
                self.operands(&step, decimal, &mut edits);
                match self.trial(&edits) {
                    Some(second) => step = second,
                    None => continue,
                }
            }
            // The new values may have changed the instruction itself.
            if step.instruction.operation == Operation::Dadd && !has_decimal_operands(&step) {
                continue;
            }
            edits.into_iter().for_each(|edit| self.edit(edit));
            self.commit();
            return;
        }
    }

    /// Changes a register or a byte in both.
    fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Register(register, value) => {
                self.cpu.registers[register] = value;
                writeln!(self.commands, "set r{register} {value:#x}")
                    .expect("a String takes anything");
                let what = format!("set r{register} {value:#06x}");
                self.expected.push(Expected {
                    registers: self.cpu.registers,
                    status_mask: 0xFFFF,
                    what,
                });
            }
            Edit::Byte(address, value) => {
                self.journal.memory.write_byte(address, value);
                writeln!(self.commands, "mw {address:#x} {value:02x}")
                    .expect("a String takes anything");
            }
        }
    }

    /// An instruction at PC, every operation, form and mode as likely as the next, and perhaps a new register.
    fn proposal(&mut self) -> Vec<Edit> {
        let mut edits = Vec::new();
        let random = &mut self.random;
        if random.once_in(4) {
            let register = usize::from(random.below(16));
            let value = match register {
                SR => random.bits() as u16 & (FLAGS | GIE | SCG0 | SCG1),
                PC | SP => random.word() & !1,
                _ => random.word() & !random.below(2),
            };
            if register != CG2 && register != PC {
                edits.push(Edit::Register(register, value));
            }
        }
        // Half of all operands are in the four special registers.
        let register = |random: &mut Random| {
            if random.once_in(2) {
                random.below(4)
            } else {
                random.below(16)
            }
        };
        let (source, destination, mode) =
            (register(random), register(random), random.below(4) << 4);
        let first = match random.below(24) {
            0..=2 => 0x2000 + random.below(0x2000),
            3..=7 => 0x1000 + (random.below(6) << 7) + (random.below(2) << 6) + mode + source,
            8 => 0x1300,
            _ => {
                ((4 + random.below(12)) << 12)
                    + (source << 8)
                    + (random.below(4) << 6)
                    + mode
                    + destination
            }
        };
        let words = [first, random.word(), random.word()];
        let bytes = words.into_iter().flat_map(u16::to_le_bytes);
        edits.extend(
            (self.cpu.registers[PC]..)
                .zip(bytes)
                .map(|(address, byte)| Edit::Byte(address, byte)),
        );
        edits
    }

    /// New values for the operands of `step`.
    fn operands(&mut self, step: &Step, decimal: bool, edits: &mut Vec<Edit>) {
        let random = &mut self.random;
        let mut value = || {
            if decimal {
                decimal_word(random)
            } else {
                random.word()
            }
        };
        let instruction = &step.instruction;
        for (mode, register) in [
            (instruction.source, instruction.source_register),
            (instruction.destination, instruction.destination_register),
        ] {
            match usize::from(register) {
                PC | CG2 => {}
                _ if mode != Mode::Register => {}
                SR => edits.push(Edit::Register(SR, value() & (FLAGS | GIE | SCG0 | SCG1))),
                SP => edits.push(Edit::Register(SP, value() & !1)),
                register => edits.push(Edit::Register(register, value())),
            }
        }
        let immediate =
            (instruction.source == Mode::Immediate).then(|| step.registers[PC].wrapping_add(2));
        for address in step
            .reads
            .iter()
            .map(|&(address, _)| address)
            .chain(immediate)
        {
            let [low, high] = value().to_le_bytes();
            edits.extend([Edit::Byte(address, low), Edit::Byte(address | 1, high)]);
        }
    }

    /// Executes the instruction at PC after `edits`, and takes everything back; none if it is not to be compared.
    fn trial(&mut self, edits: &[Edit]) -> Option<Step> {
        let saved = self.cpu.registers;
        for &edit in edits {
            match edit {
                Edit::Register(register, value) => self.cpu.registers[register] = value,
                Edit::Byte(address, value) => self.journal.write_byte(address, value),
            }
        }
        let step = self.execute();
        while let Some((address, value)) = self.journal.undo.pop() {
            self.journal.memory.write_byte(address, value);
        }
        self.cpu.registers = saved;
        step
    }

    /// Executes the instruction at PC; none if it is not to be compared.
    fn execute(&mut self) -> Option<Step> {
        self.journal.lowest = u16::MAX;
        self.journal.words.clear();
        self.journal.reads.clear();
        let registers = self.cpu.registers;
        // What the CPU remembers of an EINT is not for a trial to leave behind.
        self.cpu.reset(&mut self.journal.memory);
        self.cpu.registers = registers;
        let result = self.cpu.step(&mut self.journal);
        let words = self.journal.words.clone();
        let instruction = Instruction::decode(words[0]);
        let stack_by_byte = instruction.byte
            && instruction.source == Mode::IndirectIncrement
            && usize::from(instruction.source_register) == SP;
        match result {
            Ok(_) if self.journal.lowest >= MEMORY_START && !stack_by_byte => {
                let reads = self.journal.reads.clone();
                Some(Step {
                    instruction,
                    registers,
                    after: self.cpu.registers,
                    words,
                    reads,
                })
            }
            _ => None,
        }
    }

    /// Makes the step in both, and makes them equal again where they are known to differ.
    fn commit(&mut self) {
        let step = self.execute().expect("the trial went well");
        self.journal.undo.clear();
        let instruction = &step.instruction;
        let operation = instruction.operation;
        let to_register = instruction.destination == Mode::Register && operation < Operation::Rrc
            || instruction.source == Mode::Register
                && (Operation::Rrc..=Operation::Sxt).contains(&operation);
        let register = if operation < Operation::Rrc {
            instruction.destination_register
        } else {
            instruction.source_register
        };
        let writes_status = operation == Operation::Reti
            || to_register
                && usize::from(register) == SR
                && !matches!(operation, Operation::Cmp | Operation::Bit);
        let status_mask = match operation {
            Operation::Dadd => !V,
            _ => 0xFFFF,
        } & if writes_status {
            WRITABLE_STATUS
        } else {
            0xFFFF
        };

        let what = format!(
            "{operation:?} {:04x?} at {:#06x}",
            step.words, step.registers[PC]
        );
        self.commands.push_str("step\n");
        self.expected.push(Expected {
            registers: step.after,
            status_mask,
            what,
        });
        let taken = step.after[PC] != step.registers[PC].wrapping_add(2);
        *self.coverage.entry(kind(instruction, taken)).or_default() += 1;

        let status = self.cpu.registers[SR] & !CPUOFF;
        if status_mask != 0xFFFF || status != self.cpu.registers[SR] {
            self.edit(Edit::Register(SR, status));
        }
        if operation == Operation::Push && instruction.byte {
            let address = self.cpu.registers[SP] | 1;
            let value = self.journal.memory.read_byte(address);
            self.edit(Edit::Byte(address, value));
        }
    }
}

/// Whether all that a DADD added was decimal; to other digits TI gives no meaning.
fn has_decimal_operands(step: &Step) -> bool {
    let instruction = &step.instruction;
    let mut operands: Vec<u16> = step.reads.iter().map(|&(_, value)| value).collect();
    match instruction.source {
        Mode::Register if usize::from(instruction.source_register) == PC => {
            operands.push(step.registers[PC] + 2)
        }
        Mode::Register => operands.push(step.registers[usize::from(instruction.source_register)]),
        Mode::Constant => operands.push(instruction.constant),
        Mode::Immediate => operands.push(step.words[1]),
        _ => {}
    }
    match instruction.destination {
        Mode::Register if usize::from(instruction.destination_register) == PC => {
            operands.push(step.registers[PC] + 2 * instruction.words());
        }
        Mode::Register => {
            operands.push(step.registers[usize::from(instruction.destination_register)])
        }
        _ => {}
    }
    let digits = if instruction.byte { 2 } else { 4 };
    operands
        .iter()
        .all(|operand| (0..digits).all(|digit| operand >> (4 * digit) & 15 < 10))
}

/// A word whose four digits are decimal.
fn decimal_word(random: &mut Random) -> u16 {
    let digit = |random: &mut Random| {
        if random.once_in(3) {
            9 * random.below(2)
        } else {
            random.below(10)
        }
    };
    (0..4).fold(0, |word, _| word << 4 | digit(random))
}
