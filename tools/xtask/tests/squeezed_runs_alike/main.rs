//! Squeezed code does what it did: random functions, as they are and squeezed, run in the virtual meter's CPU on the same registers
//! and memory.

mod pieces;
mod writer;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use virtual_meter::cpu::{Bus, Cpu};
use xtask::image::Image;
use xtask::squeeze::{link, squeeze};
use xtask::toolchain::CrossToolchain;

use writer::Writer;

/// Memory that the functions use: words and bytes from here on.
const DATA: u16 = 0x2000;
/// Bytes of it.
const DATA_BYTES: u16 = 64;
/// Where their stack begins.
const STACK: u16 = 0x2800;
/// Where a call returns to that the test made.
const END: u16 = 0xFF00;
/// Functions of one program.
const FUNCTIONS: u32 = 24;
/// Programs.
const PROGRAMS: u64 = 60;
/// Bytes of a function's own on the stack.
const FRAME: u16 = 8;

/// 64 KB without anything else.
struct Flat(Vec<u8>);

impl Bus for Flat {
    fn fetch(&mut self, address: u16) -> u16 {
        self.read_word(address)
    }
    fn read_word(&mut self, address: u16) -> u16 {
        u16::from_le_bytes([
            self.read_byte(address),
            self.read_byte(address.wrapping_add(1)),
        ])
    }
    fn read_byte(&mut self, address: u16) -> u8 {
        self.0[usize::from(address)]
    }
    fn write_word(&mut self, address: u16, value: u16) {
        let [low, high] = value.to_le_bytes();
        self.write_byte(address, low);
        self.write_byte(address.wrapping_add(1), high);
    }
    fn write_byte(&mut self, address: u16, value: u8) {
        self.0[usize::from(address)] = value;
    }
}

/// Assembles and links a text.
fn assembled(tools: &CrossToolchain, text: &str, folder: &Path, name: &str) -> Image {
    let path = |extension: &str| folder.join(format!("{name}.{extension}"));
    std::fs::write(path("s"), text).unwrap();
    link::assemble_file(&mut tools.rustc(), &path("s"), &path("o")).unwrap();
    let output = Command::new(tools.linker())
        .args(["--image-base=0", "-Ttext=0x8000", "--entry=f0", "-o"])
        .args([path("elf"), path("o")])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Image::read(&path("elf")).unwrap()
}

/// Registers and memory after a call of a function.
fn after(image: &Image, function: &str, seed: u64) -> (Vec<u16>, Vec<u8>) {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut memory = Flat(vec![0; 0x10000]);
    for segment in &image.segments {
        let at = usize::from(segment.address);
        memory.0[at..at + segment.bytes.len()].copy_from_slice(&segment.bytes);
    }
    for byte in &mut memory.0[usize::from(DATA)..usize::from(DATA + DATA_BYTES)] {
        *byte = random.random();
    }
    let mut cpu = Cpu::new();
    for register in &mut cpu.registers[4..] {
        *register = if random.random_bool(0.3) {
            0
        } else {
            random.random()
        };
    }
    let entry = image
        .symbols
        .iter()
        .find(|symbol| symbol.name == function)
        .unwrap();
    cpu.registers[0] = entry.address;
    cpu.registers[1] = STACK;
    memory.write_word(STACK, END);
    let mut steps = 0;
    while cpu.registers[0] != END {
        cpu.step(&mut memory).unwrap();
        steps += 1;
        assert!(steps < 20_000_000, "{function} does not end");
    }
    let mut registers = cpu.registers.to_vec();
    // The program counter, the flags and r11 are nobody's.
    for free in [0, 2, 11] {
        registers[free] = 0;
    }
    let data = memory.0[usize::from(DATA)..usize::from(DATA + DATA_BYTES)].to_vec();
    (registers, data)
}

#[test]
#[ignore = "needs the cross toolchain: `cargo xtask setup`"]
fn random_functions_run_alike() {
    let tools = CrossToolchain::find().unwrap();
    let folder = std::env::temp_dir().join(format!("squeeze-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut won = std::collections::BTreeMap::new();
    for program in 0..PROGRAMS {
        let mut writer = Writer {
            random: Xoshiro256PlusPlus::seed_from_u64(program),
            text: format!("\t.set\tAREA, {DATA}\n"),
            function: 0,
            labels: 0,
        };
        for _ in 0..FUNCTIONS {
            writer.function();
        }
        // Every other one is only called by others, so that what these use of it is all that it has to do.
        for public in (0..FUNCTIONS).step_by(2) {
            let _ = writeln!(writer.text, "\t.short\tf{public}");
        }
        let squeezed = squeeze(&writer.text).unwrap();
        let before = assembled(&tools, &writer.text, &folder, "before");
        let after_it = assembled(&tools, &squeezed.text, &folder, "after");
        for (rule, bytes) in squeezed.tally {
            *won.entry(rule).or_insert(0) += bytes;
        }
        for (function, size) in &squeezed.sizes {
            let symbol = after_it
                .symbols
                .iter()
                .find(|symbol| symbol.name == *function)
                .unwrap();
            assert_eq!(
                u32::from(symbol.size),
                *size,
                "program {program}: {function}"
            );
        }
        for public in (0..FUNCTIONS).step_by(2) {
            let function = format!("f{public}");
            for seed in 0..8 {
                assert_eq!(
                    after(&before, &function, seed),
                    after(&after_it, &function, seed),
                    "program {program}, {function}, seed {seed}; the texts lie in {}",
                    folder.display()
                );
            }
        }
    }
    // Each rule has been tried.
    for rule in xtask::squeeze::rules() {
        assert!(
            won.get(rule).is_some_and(|bytes| *bytes > 0),
            "{rule}: never applied; {won:?}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
