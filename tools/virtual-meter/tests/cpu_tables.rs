//! The CPU against two tables of text: TI's cycles (`cpu_cycles.txt`), and state before and after (`cpu_cases.txt`).

#[path = "support/flat.rs"]
mod flat;

use flat::FlatMemory;
use virtual_meter::cpu::status::FLAGS;
use virtual_meter::cpu::{Bus, Cpu, Instruction, PC, SP, SR};

const CODE: u16 = 0x8000;
const STACK: u16 = 0x2F00;
const FLAG_BITS: [(char, u16); 4] = [('V', 0x100), ('N', 4), ('Z', 2), ('C', 1)];

/// The lines of a table that are not empty or comments, in columns.
fn rows(table: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let lines = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| (line, line.split('|').map(str::trim).collect()))
}

/// A CPU at [`CODE`], where `bytes` are.
fn machine(bytes: &str) -> (Cpu, FlatMemory, u16) {
    let mut memory = FlatMemory::filled(0);
    let bytes: Vec<u8> = bytes
        .split(' ')
        .map(|byte| u8::from_str_radix(byte, 16).expect("bytes are hexadecimal"))
        .collect();
    for (address, &byte) in (CODE..).zip(&bytes) {
        memory.write_byte(address, byte);
    }
    let mut cpu = Cpu::new();
    (4..16).for_each(|register| cpu.registers[usize::from(register)] = register * 0x101);
    cpu.registers[PC] = CODE;
    cpu.registers[SP] = STACK;
    (cpu, memory, bytes.len() as u16)
}

/// Changes what `state` lists: `r5=1234 flags=NC [2100]=abcd`.
fn apply(state: &str, cpu: &mut Cpu, memory: &mut FlatMemory) {
    for item in state.split_whitespace() {
        let (place, value) = item.split_once('=').expect("an item has a value");
        if place == "flags" {
            let bits = value.chars().map(|flag| {
                FLAG_BITS
                    .iter()
                    .find(|bit| bit.0 == flag)
                    .expect("a flag")
                    .1
            });
            cpu.registers[SR] = cpu.registers[SR] & !FLAGS | bits.sum::<u16>();
            continue;
        }
        let value = u16::from_str_radix(value, 16).expect("values are hexadecimal");
        match place {
            "pc" => cpu.registers[PC] = value,
            "sp" => cpu.registers[SP] = value,
            "sr" => cpu.registers[SR] = value,
            _ if place.starts_with('[') => {
                let address = place.trim_matches(['[', ']']);
                memory.set_word(
                    u16::from_str_radix(address, 16).expect("addresses are hexadecimal"),
                    value,
                );
            }
            _ => {
                let register: usize = place
                    .trim_start_matches('r')
                    .parse()
                    .expect("a register has a number");
                cpu.registers[register] = value;
            }
        }
    }
}

#[test]
fn cycles_are_those_of_ti() {
    let mut cases = 0;
    for (line, columns) in rows(include_str!("cpu_cycles.txt")) {
        let [bytes, _, cycles] = columns[..] else {
            panic!("a line has three columns: {line}")
        };
        let expected: u32 = cycles.parse().expect("cycles are decimal");
        for flags in [0, FLAGS] {
            let (mut cpu, mut memory, length) = machine(bytes);
            cpu.registers[SR] = flags;
            // Every address that an operand can have is even and has nothing beside it that matters.
            cpu.registers[5] = 0x2400;
            cpu.registers[6] = 0x2600;
            let words = Instruction::decode(memory.word(CODE)).words();
            assert_eq!(
                cpu.step(&mut memory),
                Ok(expected),
                "{line}, flags {flags:#x}"
            );
            assert_eq!(2 * words, length, "length of {line}");
        }
        cases += 1;
    }
    assert!(cases > 400, "the table is complete: {cases} cases");
}

#[test]
fn state_after_is_that_of_the_table() {
    let mut cases = 0;
    for (line, columns) in rows(include_str!("cpu_cases.txt")) {
        let [bytes, _, before, after] = columns[..] else {
            panic!("a line has four columns: {line}")
        };
        let (mut cpu, mut memory, length) = machine(bytes);
        apply(before, &mut cpu, &mut memory);
        let (mut expected_cpu, mut expected_memory) = (cpu.clone(), memory.clone());
        expected_cpu.registers[PC] = CODE + length;
        apply(after, &mut expected_cpu, &mut expected_memory);

        cpu.step(&mut memory)
            .unwrap_or_else(|fault| panic!("{line}: {fault}"));

        assert_eq!(
            hexadecimal(&cpu),
            hexadecimal(&expected_cpu),
            "registers after {line}"
        );
        let different = (0..=0xFFFE)
            .step_by(2)
            .find(|&address| memory.word(address) != expected_memory.word(address));
        if let Some(address) = different {
            let (ours, theirs) = (memory.word(address), expected_memory.word(address));
            panic!("[{address:04x}] is {ours:04x} instead of {theirs:04x} after {line}");
        }
        cases += 1;
    }
    assert!(cases > 200, "the table is complete: {cases} cases");
}

fn hexadecimal(cpu: &Cpu) -> Vec<String> {
    cpu.registers
        .iter()
        .map(|value| format!("{value:04x}"))
        .collect()
}
