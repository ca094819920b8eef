//! The machine with programs of a few hand-assembled words.

use super::*;
use crate::chip::Strictness;
use crate::converter::{Ads131m03, AnalogInput, Imperfections, Window};
use crate::cpu::Bus;
use crate::time::{MILLISECOND, SECOND};

/// Nothing is connected to the converter's inputs.
pub struct Silence;

impl AnalogInput for Silence {
    fn pins_v(&mut self, _: &Window) -> [f64; 3] {
        [0.0; 3]
    }

    fn imperfections(&mut self, _: Time) -> Imperfections {
        Imperfections::NONE
    }
}

/// MOV #value, &address.
fn store(value: u16, address: u16) -> [u16; 3] {
    [0x40B2, value, address]
}

/// MOV #value, Rn.
fn load(value: u16, register: u16) -> [u16; 2] {
    [0x4030 | register, value]
}

const RETI: u16 = 0x1300;
const NOP: u16 = 0x4303;
const EINT: u16 = 0xD232;
const DINT: u16 = 0xC232;
/// JMP $
const STAY: u16 = 0x3FFF;
/// BIS #GIE+CPUOFF, SR
const SLEEP: [u16; 2] = [0xD032, 0x0018];
const HOLD_WATCHDOG: [u16; 3] = [0x40B2, 0x5A80, 0x01CC];

struct Program {
    machine: Machine,
    end: u16,
}

impl Program {
    fn new(words: &[&[u16]]) -> Self {
        let converter = Ads131m03::new(Box::new(Silence), 1);
        let mut program = Self {
            machine: Machine::blank(ChipOptions::default(), Wiring::new(converter)),
            end: 0x8000,
        };
        program.words(words);
        program.vector(line::RESET, 0x8000);
        program
    }

    /// Adds words and returns the address of the first.
    fn words(&mut self, words: &[&[u16]]) -> u16 {
        let start = self.end;
        for word in words.iter().copied().flatten() {
            self.machine.chip.memory.set_word(self.end, *word);
            self.end += 2;
        }
        start
    }

    fn vector(&mut self, number: u32, address: u16) {
        self.machine
            .chip
            .memory
            .set_word(line::vector_address(number), address);
    }

    fn handler(&mut self, number: u32, words: &[&[u16]]) {
        let start = self.words(words);
        self.vector(number, start);
    }

    fn started(mut self) -> Machine {
        self.machine.start();
        self.machine
    }
}

fn word(machine: &Machine, address: u16) -> u16 {
    machine.chip.memory.word(address)
}

#[test]
fn a_store_reaches_ram_and_costs_what_the_table_says() {
    let mut machine = Program::new(&[&HOLD_WATCHDOG, &store(0x1234, 0x2000), &[STAY]]).started();
    let start = machine.chip.cycle();
    machine.step().unwrap();
    machine.step().unwrap();
    assert_eq!(machine.chip.cycle() - start, 2 * 4);
    assert_eq!(word(&machine, 0x2000), 0x1234);
}

#[test]
fn protected_fram_ignores_writes_and_opened_fram_does_not() {
    let program = [
        &HOLD_WATCHDOG[..],
        &store(0x1111, 0x9000),
        &store(0xA500 | 5 << 2 | 3, 0x0160),
        &store(0x2222, 0x9002),
        &store(0x3333, 0x9400),
        &[STAY],
    ];
    let mut quiet = Program::new(&program);
    quiet.machine = Machine::blank(
        ChipOptions {
            strictness: Strictness {
                protected_write: false,
                never_written: true,
            },
            ..ChipOptions::default()
        },
        Wiring::new(Ads131m03::new(Box::new(Silence), 1)),
    );
    quiet.end = 0x8000;
    quiet.words(&program);
    quiet.vector(line::RESET, 0x8000);
    let mut machine = quiet.started();
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(
        [0x9000, 0x9002, 0x9400].map(|at| word(&machine, at)),
        [0xFFFF, 0x2222, 0xFFFF]
    );
    let fault = Program::new(&program)
        .started()
        .run_for(MILLISECOND)
        .unwrap_err();
    assert!(fault.to_string().contains("0x9000"), "{fault}");
}

#[test]
fn the_watchdog_resets_and_says_so() {
    // Copies SYSRSTIV to 0x2000 (MOV &15Eh, &2000h), then hangs.
    let mut machine = Program::new(&[&[0x4292, 0x015E, 0x2000], &[STAY]]).started();
    machine.run_for(10 * MILLISECOND).unwrap();
    assert_eq!(word(&machine, 0x2000), 0x02);
    machine.run_for(30 * MILLISECOND).unwrap();
    assert_eq!(machine.instruments.resets, 1);
    assert_eq!(word(&machine, 0x2000), 0x16);
}

/// An interval timer interrupt counts at 0x2000 and the main program sleeps.
fn sleeper() -> Machine {
    let mut program = Program::new(&[
        &load(0x3000, 1),
        &store(0, 0x2000),
        &store(0x5A1C, 0x01CC), // interval mode, 2^15 SMCLK
        &store(1, 0x0100),
        &SLEEP,
        &[STAY],
    ]);
    program.handler(line::WDT, &[&[0x5392, 0x2000], &[RETI]]); // INC &2000h
    program.started()
}

#[test]
fn sleep_costs_nothing_and_interrupts_go_on() {
    let mut machine = sleeper();
    machine.run_for(SECOND).unwrap();
    let interrupts = word(&machine, 0x2000);
    assert!(
        (31..=32).contains(&interrupts),
        "1.059 MHz / 32768: {interrupts}"
    );
    // 6 to enter, 4 for INC, 5 for RETI.
    let times = machine.instruments.vectors[line::WDT as usize].own;
    assert_eq!(
        (times.min, times.max, times.count),
        (15, 15, u64::from(interrupts))
    );
    assert!(machine.load() < 0.002, "{}", machine.load());
    assert_eq!(machine.stack_free_bytes(), 0x3000 - 4 - 0x2000);
}

#[test]
fn runs_can_be_cut_in_pieces_while_asleep() {
    let mut whole = sleeper();
    whole.run_for(SECOND).unwrap();
    let mut pieces = sleeper();
    (0..1000).for_each(|piece| pieces.run_until((piece + 1) * MILLISECOND).unwrap());
    pieces.run_until(whole.chip.time()).unwrap();
    assert_eq!(word(&pieces, 0x2000), word(&whole, 0x2000));
    assert_eq!(pieces.chip.cycle(), whole.chip.cycle());
}

#[test]
fn a_software_interrupt_nests_under_a_timer() {
    // TB2 CCR0 by software; its handler enables interrupts, then sets TB0 CCR0 by software.
    let mut program = Program::new(&[
        &HOLD_WATCHDOG,
        &load(0x3000, 1),
        &store(0, 0x2000),
        &[EINT, NOP],
        &store(0x0011, 0x0402),
        &[NOP, STAY],
    ]);
    program.handler(
        line::TIMER0_B0 - 4,
        &[
            &[EINT, NOP],
            &store(0x0011, 0x0382),
            &[NOP],
            &store(7, 0x2002),
            &[RETI],
        ],
    );
    program.handler(line::TIMER0_B0, &[&store(5, 0x2000), &[RETI]]);
    let mut machine = program.started();
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!((word(&machine, 0x2000), word(&machine, 0x2002)), (5, 7));
    assert_eq!(machine.instruments.deepest_nesting, 2);
    let inner = machine.instruments.vectors[line::TIMER0_B0 as usize].own;
    let outer = machine.instruments.vectors[line::TIMER0_B0 as usize - 4];
    assert_eq!(inner.max, 6 + 4 + 5);
    assert_eq!(outer.total.max, outer.own.max + inner.max);
    assert_eq!(outer.own.max, 6 + 1 + 1 + 4 + 1 + 4 + 5);
}

#[test]
fn longest_masked_stretch_is_found() {
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &load(0x3000, 1),
        &[EINT, NOP, NOP, DINT, NOP, NOP, NOP, EINT, NOP, STAY],
    ])
    .started();
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(machine.instruments.longest_masked.0, 4);
}

/// Runs words after the watchdog has been stopped, for 10 ms.
pub fn run_words(words: &[&[u16]]) -> Result<(), Fault> {
    let mut all = vec![&HOLD_WATCHDOG[..]];
    all.extend(words);
    all.push(&[STAY]);
    Program::new(&all).started().run_for(10 * MILLISECOND)
}

fn fault_of(words: &[&[u16]]) -> Fault {
    run_words(words).unwrap_err()
}

#[test]
fn mistakes_are_loud_and_name_the_instruction() {
    let cases: [(&[u16], &str); 8] = [
        (&[0x4214, 0x2100, 0x5404], "0x2100"), // MOV &2100h, R4: never written
        (&[0x4214, 0x4000], "0x4000"),         // vacant read
        (&store(1, 0x0000), "0x0000"),         // vacant write
        (&[0x4030, 0x0200], "fetch of 0x0200"), // BR #0200h: fetch from a peripheral
        (&store(0x0013, 0x0700), "ADC"),       // ADC: not its temperature sensor
        (&store(1, 0x06C0), "ICC"),            // ICC
        (&store(1, 0x0C80), "SAC"),            // SAC
        (&[0xD032, 0x00D8], "low-power mode below LPM0"), // LPM3
    ];
    for (words, expected) in cases {
        let fault = fault_of(&[words]);
        assert!(fault.to_string().contains(expected), "{fault}");
        assert!(
            fault.pc >= 0x8006 || expected.starts_with("fetch"),
            "{fault}"
        );
    }
}

#[test]
fn a_stack_that_meets_the_statics_is_loud() {
    // PUSH R4; JMP $-2
    let fault = fault_of(&[&load(0x2010, 1), &[0x1204, 0x3FFE]]);
    assert!(
        matches!(fault.kind, FaultKind::StackOverflow { limit: 0x2000, .. }),
        "{fault}"
    );
}

#[test]
fn an_interrupt_without_a_handler_is_loud() {
    let fault = fault_of(&[
        &load(0x3000, 1),
        &[EINT, NOP],
        &store(0x0011, 0x0402),
        &[NOP],
    ]);
    assert!(fault.to_string().contains("TIMER2_B0"), "{fault}");
}

#[test]
fn power_cycles_keep_fram_and_lose_ram() {
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &store(0xA502, 0x0160),
        &store(0xBEEF, 0x9000),
        &store(0xBEEF, 0x2000),
        &[STAY],
    ])
    .started();
    machine.run_for(MILLISECOND).unwrap();
    machine.power_cycle(SECOND);
    assert_eq!(word(&machine, 0x9000), 0xBEEF);
    assert!(!machine.chip.memory.known_word(0x2000));
    assert!(machine.chip.time() > SECOND);
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(word(&machine, 0x2000), 0xBEEF);
}

#[test]
fn the_journal_has_every_word_that_reaches_fram() {
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &store(0xA502, 0x0160),
        &store(0x1234, 0x9000),
        &[0x40F2, 0x00AB, 0x9001], // MOV.B #0xAB, &0x9001
        &store(0xBEEF, 0x2000),
        &[STAY],
    ])
    .started();
    machine.chip.journal = Some(Vec::new());
    machine.run_for(MILLISECOND).unwrap();
    let journal = machine.chip.journal.take().unwrap();
    let written: Vec<(u16, u16)> = journal.iter().map(|w| (w.address, w.word)).collect();
    assert_eq!(written, [(0x9000, 0x1234), (0x9000, 0xAB34)]);
    assert!(journal[0].time < journal[1].time && journal[1].time < MILLISECOND);
}

#[test]
fn unlocking_the_ports_moves_the_pins() {
    // P6.0 as GPIO: high before LOCKLPM5 is cleared counts as one pulse when it is cleared.
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &[0x40F2, 0x0001, 0x0243], // MOV.B #1, &P6OUT
        &[0x40F2, 0x0001, 0x0245], // MOV.B #1, &P6DIR
        &store(0, 0x0130),
        &[STAY],
    ])
    .started();
    for _ in 0..3 {
        machine.step().unwrap();
    }
    assert_eq!(machine.chip.wiring.pulses[0].rising, 0);
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(machine.chip.wiring.pulses[0].rising, 1);
}

#[test]
fn the_jumper_reads_low_through_the_pull_up() {
    // P3REN.2 = 1, P3OUT.2 = 1, unlock; then MOV.B &P3IN, &2000h for ever.
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &[0x40F2, 0x0004, 0x0226],
        &[0x40F2, 0x0004, 0x0222],
        &store(0, 0x0130),
        &[0x42D2, 0x0220, 0x2000, 0x3FFC],
    ])
    .started();
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(word(&machine, 0x2000) & 4, 4);
    machine.chip.set_jumper(true);
    machine.run_for(MILLISECOND).unwrap();
    assert_eq!(word(&machine, 0x2000) & 4, 0);
}

#[test]
fn a_compare_output_moves_its_pin_at_the_cycle_of_the_match() {
    // P6.0 is TB3.1; TB3 runs from SMCLK (MCLK here) from 0 on and toggles its output at 1000 and every 65 536 later.
    let mut machine = Program::new(&[
        &HOLD_WATCHDOG,
        &[0x40F2, 0x0001, 0x0245], // MOV.B #1, &P6DIR
        &[0x40F2, 0x0001, 0x024B], // MOV.B #1, &P6SEL0
        &store(0, 0x0130),
        &store(1000, 0x0454),   // TB3CCR1
        &store(0x0080, 0x0444), // TB3CCTL1: toggle
        &store(0x0224, 0x0440), // TB3CTL: SMCLK, continuous, clear
        &[STAY],
    ])
    .started();
    for _ in 0..6 {
        machine.step().unwrap();
    }
    // Three words are fetched; the write is the fourth access.
    let started = machine.chip.cycle() + 4;
    machine.run_for(400 * MILLISECOND).unwrap();
    let clocks = &machine.chip.backplane.clocks;
    let edges = &machine.chip.wiring.pulses[0].edges;
    assert!(edges.len() > 4);
    for (number, (time, level)) in edges.iter().enumerate() {
        let cycle = started + 1000 + 65_536 * number as u64;
        assert_eq!((*time, *level), (clocks.time_of(cycle), number % 2 == 0));
    }
}

/// P5OUT and P5DIR are the lower bytes of these words.
const PORTS_56_OUT: u16 = 0x0242;
const PORTS_56_DIR: u16 = 0x0244;
/// BIC #LOCKLPM5, &PM5CTL0.
const UNLOCK: [u16; 2] = [0xC392, 0x0130];

/// A program that drives these coils for ever.
fn driving(coils: u16) -> Machine {
    let program = [
        &HOLD_WATCHDOG[..],
        &store(3, PORTS_56_DIR),
        &UNLOCK,
        &store(coils, PORTS_56_OUT),
        &[STAY],
    ];
    Program::new(&program).started()
}

#[test]
fn the_service_switch_moves_when_a_coil_is_driven_and_objects_to_more() {
    let mut machine = driving(2);
    machine.run_for(19 * MILLISECOND).unwrap();
    assert!(machine.chip.wiring.service_switch.is_closed());
    machine.run_for(2 * MILLISECOND).unwrap();
    let switch = &machine.chip.wiring.service_switch;
    assert_eq!((switch.is_closed(), switch.operations()), (false, 1));
    // While the supply is away nothing is driven, and the relay stays.
    machine.power_cycle(10 * SECOND);
    machine.run_for(900 * MILLISECOND).unwrap();
    assert_eq!(machine.chip.wiring.service_switch.operations(), 1);
    let fault = machine.run_for(200 * MILLISECOND).unwrap_err();
    assert!(fault.to_string().contains("burns"), "{fault}");

    let fault = driving(3).run_for(MILLISECOND).unwrap_err();
    assert!(fault.to_string().contains("both coils"), "{fault}");
}

#[test]
fn the_button_pulls_its_pin_down() {
    let mut machine = driving(0);
    machine.run_for(MILLISECOND).unwrap();
    let port_4_in = |machine: &mut Machine| machine.chip.read_byte(0x0221) & 2;
    machine.chip.set_button(true);
    assert_eq!(port_4_in(&mut machine), 0);
    machine.chip.set_button(false);
    // With its pull-up: P4REN and P4OUT, the upper bytes.
    machine.chip.write_byte(0x0227, 2);
    machine.chip.write_byte(0x0223, 2);
    assert_eq!(port_4_in(&mut machine), 2);
    machine.chip.set_button(true);
    assert_eq!(port_4_in(&mut machine), 0);
}
