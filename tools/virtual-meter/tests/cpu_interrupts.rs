//! Interrupts, reset, sleep, and what the CPU refuses.

#[path = "support/flat.rs"]
mod flat;

use flat::FlatMemory;
use virtual_meter::cpu::{Bus, Cpu, CpuFault, Instruction, Operation, PC, SP, SR, status};

const CODE: u16 = 0x8000;
const HANDLER: u16 = 0x9000;
const VECTOR: u16 = 0xFFF2;

const NOP: u16 = 0x4303;
const EINT: u16 = 0xD232;
const DINT: u16 = 0xC232;
const RETI: u16 = 0x1300;

/// A CPU at the first of `words`, with SP 2f00 and all vectors set.
fn machine(words: &[u16]) -> (Cpu, FlatMemory) {
    let mut memory = FlatMemory::filled(0);
    for (address, &word) in (CODE..).step_by(2).zip(words) {
        memory.set_word(address, word);
    }
    memory.set_word(0xFFFE, CODE);
    memory.set_word(VECTOR, HANDLER);
    memory.set_word(HANDLER, RETI);
    let mut cpu = Cpu::new();
    cpu.reset(&mut memory);
    cpu.registers[SP] = 0x2F00;
    (cpu, memory)
}

#[test]
fn reset_clears_sr_and_loads_pc() {
    let (mut cpu, mut memory) = machine(&[]);
    cpu.registers[SR] = 0x1FF;
    cpu.registers[5] = 0x1234;
    cpu.registers[PC] = 0x9999;
    assert_eq!(cpu.reset(&mut memory), 4);
    assert_eq!(
        (cpu.registers[PC], cpu.registers[SR], cpu.registers[5]),
        (CODE, 0, 0x1234)
    );
}

#[test]
fn interrupt_saves_pc_and_sr_and_keeps_scg0() {
    let (mut cpu, mut memory) = machine(&[NOP]);
    cpu.registers[SR] = 0x1FF;
    assert_eq!(cpu.interrupt(&mut memory, VECTOR), 6);
    assert_eq!(
        (cpu.registers[PC], cpu.registers[SP], cpu.registers[SR]),
        (HANDLER, 0x2EFC, status::SCG0)
    );
    assert_eq!((memory.word(0x2EFE), memory.word(0x2EFC)), (CODE, 0x1FF));
    assert!(!cpu.accepts_interrupts() && !cpu.is_asleep());

    assert_eq!(cpu.step(&mut memory), Ok(5));
    assert_eq!(
        (cpu.registers[PC], cpu.registers[SP], cpu.registers[SR]),
        (CODE, 0x2F00, 0x1FF)
    );
}

#[test]
fn eint_takes_effect_after_the_next_instruction() {
    let (mut cpu, mut memory) = machine(&[EINT, NOP, NOP]);
    assert!(!cpu.accepts_interrupts());
    cpu.step(&mut memory).expect("EINT");
    assert!(!cpu.accepts_interrupts());
    cpu.step(&mut memory).expect("NOP");
    assert!(cpu.accepts_interrupts());
    cpu.step(&mut memory).expect("NOP");
    assert!(cpu.accepts_interrupts());
}

#[test]
fn eint_while_enabled_changes_nothing() {
    let (mut cpu, mut memory) = machine(&[EINT, DINT]);
    cpu.registers[SR] = status::GIE;
    cpu.step(&mut memory).expect("EINT");
    assert!(cpu.accepts_interrupts());
    cpu.step(&mut memory).expect("DINT");
    assert!(!cpu.accepts_interrupts());
}

#[test]
fn going_to_sleep_accepts_interrupts_at_once() {
    // BIS #GIE+CPUOFF, SR
    let (mut cpu, mut memory) = machine(&[0xD032, 0x0018, NOP]);
    cpu.step(&mut memory).expect("BIS");
    assert!(cpu.is_asleep() && cpu.accepts_interrupts());
    cpu.interrupt(&mut memory, VECTOR);
    assert!(!cpu.is_asleep());
    cpu.step(&mut memory).expect("RETI");
    assert!(cpu.is_asleep() && cpu.accepts_interrupts());
}

#[test]
fn a_handler_wakes_the_cpu_through_the_saved_sr() {
    // BIC.B #F0h, 0(SP); RETI: what msp430-rt puts before a handler that wakes.
    let (mut cpu, mut memory) = machine(&[0xD032, 0x0018, NOP]);
    for (address, word) in [
        (HANDLER, 0xC0F1),
        (HANDLER + 2, 0x00F0),
        (HANDLER + 4, 0x0000),
        (HANDLER + 6, RETI),
    ] {
        memory.set_word(address, word);
    }
    cpu.step(&mut memory).expect("BIS");
    cpu.interrupt(&mut memory, VECTOR);
    cpu.step(&mut memory).expect("BIC.B");
    cpu.step(&mut memory).expect("RETI");
    assert_eq!(
        (cpu.registers[PC], cpu.registers[SR]),
        (CODE + 4, status::GIE)
    );
}

#[test]
fn reti_needs_no_further_instruction() {
    let (mut cpu, mut memory) = machine(&[RETI, NOP]);
    memory.set_word(0x2F00, status::GIE);
    memory.set_word(0x2F02, CODE + 2);
    cpu.step(&mut memory).expect("RETI");
    assert!(cpu.accepts_interrupts());
}

#[test]
fn eint_directly_followed_by_dint_is_told() {
    let (mut cpu, mut memory) = machine(&[EINT, DINT]);
    cpu.step(&mut memory).expect("EINT");
    assert_eq!(
        cpu.step(&mut memory),
        Err(CpuFault::EintThenDint { pc: CODE + 2 })
    );
    assert_eq!((cpu.registers[PC], cpu.registers[SR]), (CODE + 4, 0));

    let (mut cpu, mut memory) = machine(&[EINT, NOP, DINT]);
    for _ in 0..3 {
        cpu.step(&mut memory).expect("there is a NOP between");
    }
}

#[test]
fn msp430x_words_are_refused_with_their_address() {
    for (word, name) in [
        (0x0F45, "MSP430X address instruction 0x0f45"), // MOVA R15, R5 and its kin
        (0x0050, "MSP430X address instruction 0x0050"), // RRCM.W
        (0x1380, "MSP430X CALLA 0x1380"),
        (0x1340, "MSP430X CALLA 0x1340"),
        (0x1501, "MSP430X PUSHM or POPM 0x1501"),
        (0x1800, "MSP430X extension word 0x1800"),
        (0x1FFF, "MSP430X extension word 0x1fff"),
        (0x10C5, "illegal instruction word 0x10c5"), // SWPB by byte
        (0x11C5, "illegal instruction word 0x11c5"), // SXT by byte
        (0x12C5, "illegal instruction word 0x12c5"), // CALL by byte
        (0x1130, "illegal instruction word 0x1130"), // RRA #N
        (0x1013, "illegal instruction word 0x1013"), // RRC of a constant
        (0x4583, "illegal instruction word 0x4583"), // MOV R5, X(R3)
    ] {
        let (mut cpu, mut memory) = machine(&[word]);
        let before = cpu.registers;
        let fault = cpu.step(&mut memory).expect_err("the word is refused");
        assert_eq!((fault.to_string().as_str(), fault.pc()), (name, CODE));
        assert_eq!(cpu.registers, before);
    }
}

#[test]
fn every_word_of_the_msp430x_ranges_is_refused() {
    for word in (0x0000..=0x0FFF).chain(0x1301..=0x1FFF) {
        assert_eq!(
            Instruction::decode(word).operation,
            Operation::Unsupported,
            "{word:#06x}"
        );
    }
}

#[test]
fn odd_pointers_lose_their_bit_0_and_are_told() {
    // MOV #9001h, PC
    let (mut cpu, mut memory) = machine(&[0x4030, 0x9001]);
    assert_eq!(
        cpu.step(&mut memory),
        Err(CpuFault::OddPointer {
            pc: CODE,
            register: 0,
            value: 0x9001
        })
    );
    assert_eq!(cpu.registers[PC], 0x9000);
    // ADD #1, SP
    let (mut cpu, mut memory) = machine(&[0x5311]);
    let fault = cpu.step(&mut memory).expect_err("SP becomes odd");
    assert_eq!(fault.to_string(), "odd value 0x2f01 written to SP");
    assert_eq!(cpu.registers[SP], 0x2F00);
}

#[test]
fn unaligned_words_ignore_bit_0_and_the_first_is_told() {
    // MOV &2101h, &2203h
    let (mut cpu, mut memory) = machine(&[0x4292, 0x2101, 0x2203]);
    memory.set_word(0x2100, 0x1234);
    let fault = cpu.step(&mut memory).expect_err("the addresses are odd");
    assert_eq!(
        fault,
        CpuFault::UnalignedWord {
            pc: CODE,
            address: 0x2101
        }
    );
    assert_eq!(memory.word(0x2202), 0x1234);
}

/// Memory that writes down how it was accessed.
struct Recorder(FlatMemory, Vec<(char, u16)>);

impl Bus for Recorder {
    fn fetch(&mut self, address: u16) -> u16 {
        self.1.push(('F', address));
        self.0.fetch(address)
    }

    fn read_word(&mut self, address: u16) -> u16 {
        self.1.push(('R', address));
        self.0.read_word(address)
    }

    fn read_byte(&mut self, address: u16) -> u8 {
        self.1.push(('r', address));
        self.0.read_byte(address)
    }

    fn write_word(&mut self, address: u16, value: u16) {
        self.1.push(('W', address));
        self.0.write_word(address, value);
    }

    fn write_byte(&mut self, address: u16, value: u8) {
        self.1.push(('w', address));
        self.0.write_byte(address, value);
    }
}

#[test]
fn peripherals_see_just_the_accesses_that_the_hardware_makes() {
    let accesses = |words: &[u16]| {
        let (mut cpu, memory) = machine(words);
        cpu.registers[5] = 0x2200;
        let mut recorder = Recorder(memory, Vec::new());
        cpu.step(&mut recorder).expect("the instruction is sound");
        recorder
            .1
            .into_iter()
            .filter(|access| access.0 != 'F')
            .collect::<Vec<_>>()
    };
    // MOV does not read its destination, CMP and BIT do not write it, all others do both.
    assert_eq!(
        accesses(&[0x4582, 0x2100]),
        [('W', 0x2100)],
        "MOV R5, &2100h"
    );
    assert_eq!(
        accesses(&[0x45C2, 0x2101]),
        [('w', 0x2101)],
        "MOV.B R5, &2101h"
    );
    assert_eq!(
        accesses(&[0x9582, 0x2100]),
        [('R', 0x2100)],
        "CMP R5, &2100h"
    );
    assert_eq!(
        accesses(&[0xB5C2, 0x2101]),
        [('r', 0x2101)],
        "BIT.B R5, &2101h"
    );
    assert_eq!(
        accesses(&[0xD582, 0x2100]),
        [('R', 0x2100), ('W', 0x2100)],
        "BIS R5, &2100h"
    );
    assert_eq!(
        accesses(&[0x5592, 2, 0x2100]),
        [('R', 0x2202), ('R', 0x2100), ('W', 0x2100)],
        "ADD 2(R5), &2100h"
    );
    assert_eq!(
        accesses(&[0x1215, 2]),
        [('R', 0x2202), ('W', 0x2EFE)],
        "PUSH 2(R5)"
    );
    assert_eq!(accesses(&[0x1245]), [('w', 0x2EFE)], "PUSH.B R5");
    assert_eq!(
        accesses(&[0x1055, 2]),
        [('r', 0x2202), ('w', 0x2202)],
        "RRC.B 2(R5)"
    );
}
