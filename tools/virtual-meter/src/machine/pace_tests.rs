//! Blocks against single steps: the same programs, the same state at the same cycles.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::tests::Silence;
use super::*;
use crate::chip::Strictness;
use crate::converter::Ads131m03;
use crate::cpu::RESET_VECTOR;
use crate::time::MICROSECOND;

/// Everything that a program could notice, and what the reports are made of.
fn state(machine: &Machine) -> (Vec<u8>, String) {
    let memory = machine.read_memory(0, 0x1_0000);
    let cpu = &machine.cpu;
    let chip = &machine.chip;
    let text = format!(
        "registers {:04X?}, last {:#06X}, cycle {}, lines {:#x}, misses {}, {:?}",
        cpu.registers,
        cpu.current,
        chip.cycle(),
        chip.backplane.lines,
        chip.fram_misses(),
        machine.instruments
    );
    (memory, text)
}

/// A machine on which nothing stops a program but what the CPU itself refuses.
fn machine(pace: Pace, words: &[(u16, u16)]) -> Machine {
    let options = ChipOptions {
        strictness: Strictness {
            never_written: false,
            protected_write: false,
        },
        ..ChipOptions::default()
    };
    let converter = Ads131m03::new(Box::new(Silence), 1);
    let mut machine = Machine::blank(options, Wiring::new(converter));
    machine.set_pace(pace);
    for &(address, word) in words {
        machine.write_memory(address, &word.to_le_bytes());
    }
    machine.start();
    machine
}

/// Runs both for `steps` random times; true when they came to the end without a fault.
fn agree(words: &[(u16, u16)], random: &mut Xoshiro256PlusPlus, steps: usize, what: &str) -> bool {
    let mut slow = machine(Pace::SingleSteps, words);
    let mut quick = machine(Pace::Blocks, words);
    for step in 0..steps {
        let piece = random.random_range(1..40) * MICROSECOND;
        let results = [&mut slow, &mut quick]
            .map(|machine| machine.run_for(piece).map_err(|fault| fault.to_string()));
        assert_eq!(results[0], results[1], "{what}, step {step}");
        let (slow, quick) = (state(&slow), state(&quick));
        assert_eq!(slow.1, quick.1, "{what}, step {step}");
        assert!(slow.0 == quick.0, "{what}, step {step}: memory differs");
        if results[0].is_err() {
            return false;
        }
    }
    true
}

/// A word that is an instruction more often than chance would have it, with short jumps and addresses that exist.
fn word(random: &mut Xoshiro256PlusPlus) -> u16 {
    match random.random_range(0..10) {
        0 => 0x2000 | random.random_range(0..8) << 10 | random.random_range(0x3F0..0x410) & 0x3FF,
        1 => random.random_range(0x1000..0x1300),
        2 => random.random_range(0x2000..0x3000) & 0xFFFE,
        3 => random.random_range(0x0000..0x0600) & 0xFFFE,
        // Between registers other than PC, SP and SR.
        4..7 => {
            random.random_range(4..16) << 12
                | 0x0404
                | random.random_range(0..8) << 8
                | random.random_range(0..8)
        }
        _ => random.random(),
    }
}

#[test]
fn random_programs_run_alike_in_blocks_and_in_single_steps() {
    let mut whole = 0;
    for seed in 0..400 {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut words = vec![
            (RESET_VECTOR, 0x8000),
            (0x8000, 0x40B2),
            (0x8002, 0x5A80),
            (0x8004, 0x01CC),
        ];
        // Code in FRAM and in RAM; registers from random words, so that pointers hit something.
        words.extend((4..16).zip(0x8006..).step_by(1).flat_map(|(register, _)| {
            let at = 0x8006 + 4 * (register - 4);
            [
                (at, 0x4030 | register),
                (at + 2, random.random_range(0x2000..0x2F00)),
            ]
        }));
        words.push((0x8036, 0x4031));
        words.push((0x8038, 0x2F80));
        for address in (0x803A_u16..0x8200)
            .chain(0x2000..0x3000)
            .step_by(1)
            .filter(|at| at % 2 == 0)
        {
            words.push((address, word(&mut random)));
        }
        // Interrupts go somewhere too.
        words.extend((0xFFA4..0xFFFE).step_by(2).map(|at| (at, 0x8100)));
        whole += u32::from(agree(&words, &mut random, 60, &format!("seed {seed}")));
    }
    assert!(whole > 20, "only {whole} programs ran for long");
}

#[test]
fn a_wait_for_the_converters_port_ends_at_the_same_cycle() {
    // Sends bytes for ever at SMCLK/7 from RAM, counts turns of the outer loop in R10 and stores what it receives.
    let code: [u16; 16] = [
        0x40F2, 0x0055, 0x05CE, // MOV.B #55h, &UCB1TXBUF
        0xB392, 0x05EC, // BIT #1, &UCB1IFG
        0x27FD, // JEQ back
        0x42D2, 0x05CC, 0x2200, // MOV.B &UCB1RXBUF, &2200h
        0x531A, // INC R10
        0x403F, 0x0003, // MOV #3, R15
        0x831F, // DEC R15
        0x23FE, // JNE back
        0x3FF1, // JMP to the beginning
        0x4303,
    ];
    let mut words = vec![(RESET_VECTOR, 0x8000)];
    let start = [
        0x40B2_u16, 0x5A80, 0x01CC, 0x4031, 0x3000, 0x430A, // watchdog, SP, R10
        0x40B2, 0x2981, 0x05C0, 0x40B2, 0x0007, 0x05C6, 0x40B2, 0x2980, 0x05C0, // SPI
        0x40F2, 0x00E0, 0x022B, 0x40B2, 0x0000, 0x0130, // P4SEL0, LOCKLPM5
        0x4030, 0x2100, // BR #2100h
    ];
    words.extend((0x8000..).step_by(2).zip(start));
    words.extend((0x2100..).step_by(2).zip(code));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    assert!(agree(&words, &mut random, 300, "polling"));
    let mut machine = machine(Pace::Blocks, &words);
    machine.run_for(5 * crate::time::MILLISECOND).unwrap();
    assert!(
        machine.cpu.registers[10] > 50,
        "{}",
        machine.cpu.registers[10]
    );
}

#[test]
fn code_that_changes_itself_is_executed_as_it_is() {
    // In RAM: INC R10; then its word becomes INC R11 and back, in the block that is being executed.
    let code = [
        0x40B2_u16, 0x531A, 0x2106, // MOV #INC R10, &2106h
        0x531B, // INC R11, or INC R10 by now
        0x40B2, 0x531B, 0x2106, // MOV #INC R11, &2106h
        0x3FF8, // JMP to the beginning
    ];
    let mut words = vec![(RESET_VECTOR, 0x8000)];
    let start = [
        0x40B2_u16, 0x5A80, 0x01CC, 0x4031, 0x3000, 0x430A, 0x430B, 0x4030, 0x2100,
    ];
    words.extend((0x8000..).step_by(2).zip(start));
    words.extend((0x2100..).step_by(2).zip(code));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(8);
    assert!(agree(&words, &mut random, 100, "self-changing"));
    let mut machine = machine(Pace::Blocks, &words);
    machine.run_for(crate::time::MILLISECOND).unwrap();
    assert_eq!(machine.cpu.registers[11], 0);
    assert!(machine.cpu.registers[10] > 20);
}

#[test]
fn a_jump_after_eint_is_shielded_and_what_follows_is_not() {
    // Timer 0 asks for an interrupt that stays pending; EINT, JMP, then INC R10 for ever: the handler stores R10.
    let start = [
        0x40B2_u16, 0x5A80, 0x01CC, 0x4031, 0x3000, 0x430A, // watchdog, SP, R10
        0x40B2, 0x0011, 0x0382, // CCIE and CCIFG of TB0CCR0
        0xD232, // EINT
        0x3C00, // JMP to the next
        0x531A, // INC R10
        0x3FFE, // JMP back
    ];
    let handler = [0x4A82_u16, 0x2000, 0x3FFF];
    let mut words = vec![(RESET_VECTOR, 0x8000), (0xFFF8, 0x9000)];
    words.extend((0x8000..).step_by(2).zip(start));
    words.extend((0x9000..).step_by(2).zip(handler));
    let mut random = Xoshiro256PlusPlus::seed_from_u64(9);
    assert!(agree(&words, &mut random, 20, "EINT"));
    let mut machine = machine(Pace::Blocks, &words);
    machine.run_for(crate::time::MILLISECOND).unwrap();
    assert_eq!(machine.chip.memory.word(0x2000), 0);
    assert!(machine.chip.memory.known_word(0x2000), "the handler ran");
}
