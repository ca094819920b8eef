//! The CPU in step with `mspdebug sim` on random instruction streams: all registers after every instruction, all of
//! memory after every stream.
//!
//! Our CPU runs first and writes mspdebug's commands: before each step the instruction to execute is put where PC
//! points, sometimes with new registers and operands. mspdebug then executes the same, and what it prints is compared.
//! `METER430_LOCKSTEP_STEPS` (default 1 200 000) and `METER430_LOCKSTEP_SEED` (default 430) change the amount and the
//! stream; a failure prints the seed of its stream.
//!
//! Where mspdebug 0.22 departs from TI's manual, or TI defines nothing, the case is left out or the two are made equal
//! again afterwards. These are all such cases; `support/stream.rs` implements them:
//!
//! | deviation | mspdebug | TI, and ours | treatment |
//! |---|---|---|---|
//! | unaligned word | reads across two words | bit 0 of the address ignored | left out |
//! | odd PC or SP | keeps bit 0 | bit 0 is always 0 | left out |
//! | `@SP+` on bytes | adds 1 | adds 2 | left out |
//! | addresses below 0200h | its own I/O | the chip's business | left out |
//! | DADD with digits above 9 | some sum | undefined | left out |
//! | RRA, RRC, SWPB, SXT on a constant or #N | writes somewhere | not an instruction | left out |
//! | byte forms of SWPB, SXT, CALL; X(R3) as destination | executes them | not an instruction | left out |
//! | V after DADD | cleared | undefined | set equal afterwards |
//! | SR bits 15 to 9 | kept | reserved | set equal afterwards |
//! | CPUOFF | stops stepping | stops the CPU | cleared afterwards in both |
//! | PUSH.B | writes both bytes | high byte undefined | set equal afterwards |
//! | R3 as a destination | shows what was written | constant generator | not compared |

#[path = "support/flat.rs"]
mod flat;
#[path = "support/mspdebug.rs"]
mod mspdebug;
#[path = "support/random.rs"]
mod random;
#[path = "support/stream.rs"]
mod stream;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use stream::{Coverage, MEMORY_START, Stream};
use virtual_meter::cpu::{CG2, Instruction, Mode, Operation, SP, SR};

const STEPS_A_STREAM: u64 = 50_000;
/// mspdebug processes at a time.
const WORKERS: u64 = 2;

#[test]
#[ignore = "needs mspdebug; run by cargo xtask test"]
fn every_instruction_and_mode_in_step_with_mspdebug() {
    let steps = setting("METER430_LOCKSTEP_STEPS", 1_200_000);
    let seed = setting("METER430_LOCKSTEP_SEED", 430);
    let streams = steps.div_ceil(STEPS_A_STREAM);
    let next = AtomicU64::new(0);
    let coverage = Mutex::new(Coverage::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS.min(streams) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= streams {
                        break;
                    }
                    let covered = compare(seed + number);
                    let mut all = coverage.lock().expect("no other stream has failed");
                    covered
                        .into_iter()
                        .for_each(|(kind, times)| *all.entry(kind).or_default() += times);
                }
            });
        }
    });
    let coverage = coverage.into_inner().expect("no stream has failed");
    let total: u64 = coverage.values().sum();
    println!("{total} instructions of {} kinds agree", coverage.len());
    if steps >= 1_000_000 {
        let missing: Vec<_> = all_kinds()
            .into_iter()
            .filter(|kind| !coverage.contains_key(kind))
            .collect();
        assert!(missing.is_empty(), "never compared: {missing:?}");
    }
}

/// Every kind of instruction that can be compared.
fn all_kinds() -> BTreeSet<stream::Kind> {
    let instructions = (0..=u16::MAX).map(Instruction::decode);
    let by_byte = |one: &Instruction| {
        one.byte && one.source == Mode::IndirectIncrement && usize::from(one.source_register) == SP
    };
    // SUBC SR, PC always makes PC odd: bit 0 of SR is the carry that is added. So does SUBC SR, SP.
    let odd = |one: &Instruction| {
        one.operation == Operation::Subc
            && (one.source, usize::from(one.source_register)) == (Mode::Register, SR)
            && one.destination == Mode::Register
            && usize::from(one.destination_register) <= SP
    };
    let supported = instructions
        .filter(|one| one.operation != Operation::Unsupported && !by_byte(one) && !odd(one));
    let mut kinds: BTreeSet<_> = supported
        .map(|instruction| stream::kind(&instruction, true))
        .collect();
    let jumps = Operation::Jne as u16..Operation::Jmp as u16;
    let passed = (0..=u16::MAX)
        .map(Instruction::decode)
        .filter(|one| jumps.contains(&(one.operation as u16)));
    kinds.extend(passed.map(|instruction| stream::kind(&instruction, false)));
    kinds
}

/// Runs one stream in both.
fn compare(seed: u64) -> Coverage {
    let folder = mspdebug::scratch_folder(&format!("lockstep-{seed}"));
    let mut stream = Stream::new(seed);
    let (before, after) = (folder.join("before.bin"), folder.join("after.bin"));
    std::fs::write(&before, stream.memory()).expect("the target folder is writable");
    let load = format!("load_raw {} {MEMORY_START:#x}\n", before.display());
    (0..STEPS_A_STREAM).for_each(|_| stream.step());
    let save = format!(
        "save_raw {MEMORY_START:#x} {} {}\n",
        stream.memory().len(),
        after.display()
    );
    let commands = [load.as_str(), &stream.commands, &save].concat();

    let mut simulator = mspdebug::Simulator::run(&commands, &folder);
    let mut previous = [0; 16];
    for expected in &stream.expected {
        let Some(mut theirs) = simulator.registers() else {
            simulator.finish();
            panic!("seed {seed}: mspdebug ended before {}", expected.what);
        };
        let mut ours = expected.registers;
        theirs[CG2] = 0;
        theirs[SR] &= expected.status_mask;
        ours[SR] &= expected.status_mask;
        assert!(
            ours == theirs,
            "seed {seed}: {}\n before {previous:04x?}\n ours   {ours:04x?}\n theirs {theirs:04x?}",
            expected.what
        );
        previous = expected.registers;
    }
    simulator.finish();
    let theirs = std::fs::read(&after).expect("mspdebug has saved its memory");
    if let Some(at) = stream
        .memory()
        .iter()
        .zip(&theirs)
        .position(|(ours, theirs)| ours != theirs)
    {
        let (ours, theirs) = (stream.memory()[at], theirs[at]);
        panic!(
            "seed {seed}: at the end address {:#06x} is {ours:#04x} here, {theirs:#04x} there",
            0x200 + at
        );
    }
    std::fs::remove_dir_all(&folder).expect("the target folder is writable");
    stream.coverage
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| {
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {value}"))
    })
}
