//! Execution: a routine for every operation, width and pair of addressing modes, and the step that picks it.

use super::alu;
use super::decode::Operation;
use super::decode::{ONE_OPERAND, TWO_OPERANDS};
use super::operands::narrow;
use super::prepared::{Prepared, destination, first, source};
use super::registers::status::{C, N, V, Z};
use super::registers::{CG2, PC, SP, SR};
use super::{Bus, Cpu, CpuFault, attention};

impl Cpu {
    /// Executes one instruction and returns its MCLK cycles, without the wait states that `bus` counted meanwhile.
    ///
    /// The low-power bits of the status register are for the caller: see [`Cpu::is_asleep`].
    ///
    /// # Errors
    /// What a correct program never does; [`CpuFault`] says which of them leave the instruction undone.
    #[inline(always)]
    pub fn step<B: Bus>(&mut self, bus: &mut B) -> Result<u32, CpuFault> {
        let pc = self.registers[PC];
        let word = bus.fetch(pc);
        let mut instruction = self.prepared[usize::from(pc >> 1)];
        if instruction.word() != word {
            instruction = Prepared::new(word);
            self.prepared[usize::from(pc >> 1)] = instruction;
        }
        self.execute(&mut Anew(bus), &instruction, pc);
        self.settle()?;
        Ok(instruction.cycles())
    }

    /// Executes `instruction`, whose first word has been fetched from `pc`.
    #[inline(always)]
    pub(super) fn execute<B: Bus>(&mut self, bus: &mut B, instruction: &Prepared, pc: u16) {
        self.registers[PC] = pc.wrapping_add(2);
        self.current = pc;
        let routines: &[Routine<B>; ROUTINES] = &Routines::<B>::TABLE;
        routines[instruction.routine() % ROUTINES](self, bus, instruction);
    }

    /// Executes the jump `with`, which has been fetched from `pc`, without a routine.
    #[inline(always)]
    pub(super) fn jump(&mut self, with: &Prepared, pc: u16) {
        let number = with.word() >> 10 & 7;
        let taken = TAKEN[usize::from(number)] >> condition(self.registers[SR]) & 1;
        let distance = with.constant() & taken.wrapping_neg();
        self.registers[PC] = pc.wrapping_add(2).wrapping_add(distance);
        self.current = pc;
    }

    /// Whether [`Self::settle`] has anything to do.
    #[inline(always)]
    pub(crate) fn is_unsettled(&self) -> bool {
        self.attention != 0
    }

    /// What follows an instruction.
    ///
    /// # Errors
    /// What the instruction has done wrong.
    #[inline(always)]
    pub(crate) fn settle(&mut self) -> Result<(), CpuFault> {
        if self.attention != 0 {
            self.look_round()
        } else {
            Ok(())
        }
    }

    /// After an instruction that did something special, or is in the shadow of an EINT.
    #[cold]
    fn look_round(&mut self) -> Result<(), CpuFault> {
        self.attention &= attention::CALLER;
        if self.eint_shadow == 3 {
            self.eint_shadow = 2;
            self.attention |= attention::SHADOW;
        } else {
            self.eint_shadow = 0;
        }
        self.fault.take().map_or(Ok(()), Err)
    }
}

/// A bus on which every word is fetched anew, for single steps.
struct Anew<'a, B>(&'a mut B);

impl<B: Bus> Bus for Anew<'_, B> {
    #[inline(always)]
    fn fetch(&mut self, address: u16) -> u16 {
        self.0.fetch(address)
    }

    #[inline(always)]
    fn read_word(&mut self, address: u16) -> u16 {
        self.0.read_word(address)
    }

    #[inline(always)]
    fn read_byte(&mut self, address: u16) -> u8 {
        self.0.read_byte(address)
    }

    #[inline(always)]
    fn write_word(&mut self, address: u16, value: u16) {
        self.0.write_word(address, value);
    }

    #[inline(always)]
    fn write_byte(&mut self, address: u16, value: u8) {
        self.0.write_byte(address, value);
    }
}

/// Executes an instruction of its kind, PC being past the first word.
type Routine<B> = fn(&mut Cpu, &mut B, &Prepared);

/// Length of the table of routines: the next power of two.
const ROUTINES: usize = first::END.next_power_of_two();

/// Format I with operands in memory that has neither side effects nor wait states, which is most of it. Without calls
/// the registers of the host need not be saved; what does not fit is left to [`two_operands`] before anything is done.
#[inline(always)]
fn quick<B: Bus, const NUMBER: usize, const BYTE: bool, const FROM: usize, const TO: usize>(
    cpu: &mut Cpu,
    bus: &mut B,
    with: &Prepared,
) -> Option<()> {
    let operation = TWO_OPERANDS[NUMBER];
    let reads = operation != Operation::Mov;
    let writes = !matches!(operation, Operation::Cmp | Operation::Bit);
    let extended = FROM == source::IMMEDIATE || FROM == source::INDEXED;
    let from = usize::from(with.source());
    let to = usize::from(with.destination());
    let value = match FROM {
        source::REGISTER => cpu.register::<BYTE>(with.source()),
        source::CONSTANT => narrow::<BYTE>(with.constant()),
        source::IMMEDIATE => narrow::<BYTE>(with.extension::<0>()),
        source::INDEXED => {
            let address = cpu.registers[from].wrapping_add(with.extension::<0>());
            Cpu::quick_read::<B, BYTE>(bus, address)?
        }
        _ => Cpu::quick_read::<B, BYTE>(bus, cpu.registers[from])?,
    };
    let increment = if FROM == source::INDIRECT {
        with.increment()
    } else {
        0
    };
    if TO == destination::MEMORY {
        if with.last_may_wait() {
            return None;
        }
        let mut address = cpu.registers[to].wrapping_add(with.extension::<1>());
        if from == to {
            address = address.wrapping_add(increment);
        }
        let extensions = 1 + u16::from(extended);
        let old = if reads {
            Cpu::quick_read::<B, BYTE>(bus, address)?
        } else if !BYTE && address & 1 != 0 {
            return None;
        } else if bus.is_quick(address) {
            0
        } else if FROM == source::INDIRECT && with.destination() == CG2 as u8 {
            // What feeds the multiplier: only the write itself has to have its time.
            cpu.registers[from] = cpu.registers[from].wrapping_add(increment);
            cpu.registers[PC] = cpu.registers[PC].wrapping_add(2 * extensions);
            bus.count(2);
            cpu.write::<B, BYTE>(bus, address, value);
            return Some(());
        } else {
            return None;
        };
        cpu.registers[from] = cpu.registers[from].wrapping_add(increment);
        let (result, status) = alu::two_operands::<BYTE>(operation, value, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        if writes {
            bus.quick_write::<BYTE>(address, result);
        }
    } else {
        cpu.registers[from] = cpu.registers[from].wrapping_add(increment);
        let old = cpu.register::<BYTE>(with.destination());
        let (result, status) = alu::two_operands::<BYTE>(operation, value, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        if writes {
            cpu.registers[to] = result;
        }
    }
    let extensions = u16::from(extended) + u16::from(TO == destination::MEMORY);
    cpu.registers[PC] = cpu.registers[PC].wrapping_add(2 * extensions);
    Some(())
}

/// [`quick`] where it may do, otherwise [`two_operands`].
fn try_quick<B: Bus, const NUMBER: usize, const BYTE: bool, const FROM: usize, const TO: usize>(
    cpu: &mut Cpu,
    bus: &mut B,
    with: &Prepared,
) {
    let in_memory = FROM >= source::INDEXED || TO == destination::MEMORY;
    if in_memory
        && TO != destination::SPECIAL
        && quick::<B, NUMBER, BYTE, FROM, TO>(cpu, bus, with).is_some()
    {
        return;
    }
    two_operands::<B, NUMBER, BYTE, FROM, TO>(cpu, bus, with);
}

/// Format I. MOV does not read its destination, CMP and BIT do not write it: peripherals notice the difference.
#[inline(never)]
fn two_operands<
    B: Bus,
    const NUMBER: usize,
    const BYTE: bool,
    const FROM: usize,
    const TO: usize,
>(
    cpu: &mut Cpu,
    bus: &mut B,
    with: &Prepared,
) {
    let operation = TWO_OPERANDS[NUMBER];
    let reads = operation != Operation::Mov;
    let writes = !matches!(operation, Operation::Cmp | Operation::Bit);
    let value = cpu.source::<B, BYTE, FROM>(bus, with);
    if TO == destination::MEMORY {
        let address = cpu.indexed::<B, 1>(bus, with.destination(), with);
        let old = if reads {
            cpu.read::<B, BYTE>(bus, address)
        } else {
            0
        };
        let (result, status) = alu::two_operands::<BYTE>(operation, value, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        if writes {
            cpu.write::<B, BYTE>(bus, address, result);
        }
    } else {
        let old = cpu.register::<BYTE>(with.destination());
        let (result, status) = alu::two_operands::<BYTE>(operation, value, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        if writes && TO == destination::SPECIAL {
            cpu.set_special(with.destination(), result);
        } else if writes {
            cpu.registers[usize::from(with.destination())] = result;
        }
    }
}

/// RRC, RRA, SWPB and SXT: the result goes back to where the operand was.
fn one_operand<B: Bus, const NUMBER: usize, const BYTE: bool, const FROM: usize>(
    cpu: &mut Cpu,
    bus: &mut B,
    with: &Prepared,
) {
    let operation = ONE_OPERAND[NUMBER];
    if FROM == source::REGISTER {
        let old = cpu.register::<BYTE>(with.source());
        let (result, status) = alu::one_operand::<BYTE>(operation, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        cpu.set_register(with.source(), result);
    } else {
        let address = cpu.source_address::<B, FROM>(bus, with);
        let old = cpu.read::<B, BYTE>(bus, address);
        let (result, status) = alu::one_operand::<BYTE>(operation, old, cpu.registers[SR]);
        cpu.registers[SR] = status;
        cpu.write::<B, BYTE>(bus, address, result);
    }
}

/// PUSH; of a byte the high half of the word on the stack stays as it is.
fn push<B: Bus, const BYTE: bool, const FROM: usize>(cpu: &mut Cpu, bus: &mut B, with: &Prepared) {
    let value = cpu.source::<B, BYTE, FROM>(bus, with);
    if BYTE {
        let address = cpu.registers[SP].wrapping_sub(2);
        cpu.deepen(address);
        bus.write_byte(address, value as u8);
    } else {
        cpu.push(bus, value);
    }
}

fn call<B: Bus, const FROM: usize>(cpu: &mut Cpu, bus: &mut B, with: &Prepared) {
    let target = cpu.source::<B, false, FROM>(bus, with);
    cpu.push(bus, cpu.registers[PC]);
    cpu.set_special(PC as u8, target);
}

fn reti<B: Bus>(cpu: &mut Cpu, bus: &mut B, _: &Prepared) {
    let status = cpu.pop(bus);
    cpu.set_special(SR as u8, status);
    // The code returned to was running with interrupts enabled; nothing there waits for another NOP.
    cpu.eint_shadow = 0;
    let target = cpu.pop(bus);
    cpu.set_special(PC as u8, target);
}

fn jump<B: Bus, const CONDITION: usize>(cpu: &mut Cpu, _: &mut B, with: &Prepared) {
    if TAKEN[CONDITION] >> condition(cpu.registers[SR]) & 1 != 0 {
        cpu.registers[PC] = cpu.registers[PC].wrapping_add(with.constant());
    }
}

/// C, Z, N and V as a number from 0 to 15.
#[inline(always)]
const fn condition(status: u16) -> u16 {
    status & (C | Z | N) | (status & V) >> 5
}

/// For each of the eight jumps the [`condition`]s under which it is taken, one bit each.
const TAKEN: [u16; 8] = {
    let mut taken = [0; 8];
    let mut number = 0;
    while number < 16 {
        let less = (number & N != 0) != (number & V >> 5 != 0);
        let conditions = [
            number & Z == 0,
            number & Z != 0,
            number & C == 0,
            number & C != 0,
            number & N != 0,
            !less,
            less,
            true,
        ];
        let mut jump = 0;
        while jump < 8 {
            taken[jump] |= (conditions[jump] as u16) << number;
            jump += 1;
        }
        number += 1;
    }
    taken
};

fn unsupported<B: Bus>(cpu: &mut Cpu, _: &mut B, with: &Prepared) {
    let pc = cpu.current;
    cpu.registers[PC] = pc;
    cpu.raise(CpuFault::Unsupported {
        pc,
        word: with.word(),
    });
}

/// The table of routines for one bus.
struct Routines<B>(std::marker::PhantomData<B>);

/// An array of what a macro makes of some fixed literals and each of the varying ones.
macro_rules! each {
    ($make:ident $fixed:tt; $($varying:literal)*) => { [$($make!($fixed $varying)),*] };
}
macro_rules! two_operands {
    ([$number:literal $byte:literal $from:literal] $to:literal) => {
        try_quick::<B, $number, $byte, $from, $to> as Routine<B>
    };
    ([$number:literal $byte:literal] $from:literal) => { each!(two_operands [$number $byte $from]; 0 1 2) };
    ([$number:literal] $byte:literal) => { each!(two_operands [$number $byte]; 0 1 2 3 4) };
    ([] $number:literal) => { each!(two_operands [$number]; false true) };
}
macro_rules! one_operand {
    ([$number:literal $byte:literal] $from:literal) => { one_operand::<B, $number, $byte, $from> as Routine<B> };
    ([$number:literal] $byte:literal) => { each!(one_operand [$number $byte]; 0 1 2 3 4) };
    ([] $number:literal) => { each!(one_operand [$number]; false true) };
}
macro_rules! push {
    ([$byte:literal] $from:literal) => { push::<B, $byte, $from> as Routine<B> };
    ([] $byte:literal) => { each!(push [$byte]; 0 1 2 3 4) };
}
macro_rules! call {
    ([] $from:literal) => {
        call::<B, $from> as Routine<B>
    };
}
macro_rules! jump {
    ([] $condition:literal) => {
        jump::<B, $condition> as Routine<B>
    };
}

impl<B: Bus> Routines<B> {
    const TABLE: [Routine<B>; ROUTINES] = {
        let mut table = [unsupported::<B> as Routine<B>; ROUTINES];
        let two = each!(two_operands []; 0 1 2 3 4 5 6 7 8 9 10 11);
        fill(
            &mut table,
            first::TWO_OPERANDS,
            two.as_flattened().as_flattened().as_flattened(),
        );
        let one = each!(one_operand []; 0 1 2 3);
        fill(
            &mut table,
            first::ONE_OPERAND,
            one.as_flattened().as_flattened(),
        );
        fill(
            &mut table,
            first::PUSH,
            each!(push []; false true).as_flattened(),
        );
        fill(&mut table, first::CALL, &each!(call []; 0 1 2 3 4));
        fill(&mut table, first::RETI, &[reti::<B>]);
        fill(&mut table, first::JUMP, &each!(jump []; 0 1 2 3 4 5 6 7));
        table
    };
}

/// Copies `part` into the table from number `start` on.
const fn fill<B>(table: &mut [Routine<B>; ROUTINES], start: usize, part: &[Routine<B>]) {
    let mut index = 0;
    while index < part.len() {
        table[start + index] = part[index];
        index += 1;
    }
}
