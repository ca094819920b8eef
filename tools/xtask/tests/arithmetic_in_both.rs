//! The EABI helpers of `src/hw/mspabi`, built as for the image, against the host's arithmetic and in mspdebug; and all
//! functions of the image that return by themselves, in both CPUs.

#[path = "../../virtual-meter/tests/support/flat.rs"]
mod flat;
#[path = "../../virtual-meter/tests/support/mspdebug.rs"]
mod mspdebug;
#[path = "support/multiplier.rs"]
mod multiplier;
#[path = "support/oracle.rs"]
mod oracle;
#[path = "../../virtual-meter/tests/support/random.rs"]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use oracle::{Oracle, STACK};
use random::Random;
use virtual_meter::cpu::status::GIE;
use virtual_meter::cpu::{SP, SR};
use virtual_meter::elf::Image;
use xtask::check::IMAGE_VARIABLE;
use xtask::firmware::{cargo, compile, target_dir};
use xtask::toolchain::{CrossToolchain, TARGET};
use xtask::workspace;

/// Pairs of operands for each helper: against the host, and in mspdebug.
const HOST_PAIRS: u32 = 20_000;
const MSPDEBUG_PAIRS: usize = 1_000;
/// Calls of each function of the image.
const CALLS: usize = 40;
/// Instructions after which a function counts as one that waits for something: of a helper, and of any function.
const LIMIT: u32 = 20_000;
const FUNCTION_LIMIT: u32 = 200_000;

/// What a helper of the EABI does (SLAA534A, section 6), and in which registers.
struct Helper {
    name: &'static str,
    /// Bits of the first operand and of the result.
    bits: u32,
    second: Second,
    host: fn(u64, u64) -> u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Second {
    /// As wide as the first.
    Factor,
    /// As wide as the first, and not 0.
    Divisor,
    /// 0 to 31, in one register.
    Count,
}

const fn helper(
    name: &'static str,
    bits: u32,
    second: Second,
    host: fn(u64, u64) -> u64,
) -> Helper {
    Helper {
        name,
        bits,
        second,
        host,
    }
}

/// MIN / -1 wraps: Rust tests for it before it calls.
const HELPERS: [Helper; 18] = [
    helper("__mspabi_mpyi", 16, Second::Factor, |a, b| {
        a.wrapping_mul(b)
    }),
    helper("__mspabi_mpyl", 32, Second::Factor, |a, b| {
        a.wrapping_mul(b)
    }),
    helper("__mspabi_mpyll", 64, Second::Factor, |a, b| {
        a.wrapping_mul(b)
    }),
    helper("__mspabi_divu", 16, Second::Divisor, |a, b| a / b),
    helper("__mspabi_remu", 16, Second::Divisor, |a, b| a % b),
    helper("__mspabi_divi", 16, Second::Divisor, |a, b| {
        (a as i16).wrapping_div(b as i16) as u64
    }),
    helper("__mspabi_remi", 16, Second::Divisor, |a, b| {
        (a as i16).wrapping_rem(b as i16) as u64
    }),
    helper("__mspabi_divul", 32, Second::Divisor, |a, b| a / b),
    helper("__mspabi_remul", 32, Second::Divisor, |a, b| a % b),
    helper("__mspabi_divli", 32, Second::Divisor, |a, b| {
        (a as i32).wrapping_div(b as i32) as u64
    }),
    helper("__mspabi_remli", 32, Second::Divisor, |a, b| {
        (a as i32).wrapping_rem(b as i32) as u64
    }),
    helper("__mspabi_divull", 64, Second::Divisor, |a, b| a / b),
    helper("__mspabi_remull", 64, Second::Divisor, |a, b| a % b),
    helper("__mspabi_divlli", 64, Second::Divisor, |a, b| {
        (a as i64).wrapping_div(b as i64) as u64
    }),
    helper("__mspabi_remlli", 64, Second::Divisor, |a, b| {
        (a as i64).wrapping_rem(b as i64) as u64
    }),
    helper("__mspabi_slll", 32, Second::Count, |a, n| a << n),
    helper("__mspabi_srll", 32, Second::Count, |a, n| a >> n),
    helper("__mspabi_sral", 32, Second::Count, |a, n| {
        (a as i32 >> n) as u64
    }),
];

impl Helper {
    /// Number of the first register of both operands and of the result.
    fn registers(&self) -> (usize, usize, usize) {
        match self.bits {
            16 => (12, 13, 12),
            32 => (12, 14, 12),
            _ => (8, 12, 12),
        }
    }

    fn mask(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// Two operands and the registers that hold them; the other registers and SR are anything.
    fn operands(&self, random: &mut Random) -> (u64, u64, [u16; 16]) {
        let a = number(random) & self.mask();
        let b = match self.second {
            Second::Factor => number(random) & self.mask(),
            // Now and then a quotient that is small, or none at all.
            Second::Divisor if random.once_in(8) => (a >> random.below(4)).max(1),
            Second::Divisor => (number(random) & self.mask()).max(1),
            Second::Count => random.below(32).into(),
        };
        let mut registers = [0; 16].map(|_: u16| random.bits() as u16);
        registers[SR] = random.below(16);
        let (first, second, _) = self.registers();
        put(&mut registers, first, a, self.bits);
        put(
            &mut registers,
            second,
            b,
            if self.second == Second::Count {
                16
            } else {
                self.bits
            },
        );
        (a, b, registers)
    }
}

fn put(registers: &mut [u16; 16], first: usize, value: u64, bits: u32) {
    for word in 0..bits as usize / 16 {
        registers[first + word] = (value >> (16 * word)) as u16;
    }
}

fn get(registers: &[u16; 16], first: usize, bits: u32) -> u64 {
    (0..bits as usize / 16)
        .map(|word| u64::from(registers[first + word]) << (16 * word))
        .sum()
}

/// A number of any length, often beside a power of two, positive or negative.
fn number(random: &mut Random) -> u64 {
    let length = random.below(65);
    let magnitude = match length {
        0 => 0,
        length if random.once_in(3) => (1u64 << (length - 1))
            .wrapping_add(random.below(3).into())
            .wrapping_sub(1),
        length => random.bits() >> (64 - length),
    };
    if random.once_in(3) {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}

/// An image of nothing but the helpers, ready to have them called.
fn oracle() -> Oracle {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    let image = Image::load(IMAGE.get_or_init(build)).unwrap_or_else(|error| panic!("{error}"));
    let mut random = Random(430);
    Oracle::new(image, move || random.bits() as u16)
}

/// Compiles the helpers with the image's flags, and links all of them.
fn build() -> PathBuf {
    let toolchain = CrossToolchain::find().expect("cargo xtask setup");
    // In the image's target folder, so that core is compiled once for both.
    let package = target_dir().join("helpers");
    write_package(&package);
    let mut command = cargo(&toolchain, "build");
    command.current_dir(&package);
    compile("helpers", &mut command, &package.join("listing.mir")).expect("the helpers compile");
    let archive = target_dir().join(TARGET).join("firmware/libhelpers.a");
    let elf = package.join("helpers.elf");
    let mut linker = Command::new(toolchain.linker());
    linker
        .args(["--gc-sections", "--entry", HELPERS[0].name, "-T"])
        .arg(package.join("helpers.ld"));
    linker.args(HELPERS.iter().flat_map(|helper| ["-u", helper.name]));
    linker
        .arg("--whole-archive")
        .arg(archive)
        .arg("-o")
        .arg(&elf);
    assert!(linker.status().expect("the linker runs").success());
    elf
}

fn write_package(folder: &Path) {
    let root: toml::Table = std::fs::read_to_string(workspace::root().join("Cargo.toml"))
        .expect("the workspace has a manifest")
        .parse()
        .expect("the manifest is TOML");
    let mut manifest = toml::Table::new();
    // The development profile speaks of a package that is not in this one.
    let mut profiles = root["profile"].clone();
    profiles
        .as_table_mut()
        .and_then(|profiles| profiles.remove("dev"));
    manifest.insert("profile".into(), profiles);
    let manifest = format!(
        "[workspace]\n[package]\nname = \"helpers\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"staticlib\"]\n{manifest}"
    );
    let source = format!(
        "#![no_std]\n#![feature(asm_experimental_arch)]\n#[path = {:?}]\nmod mspabi;\n\
         #[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! {{ loop {{}} }}\n\
         core::arch::global_asm!(\".section .reset,\\\"a\\\"\", \".word 0xA000\");\n",
        workspace::root().join("src/hw/mspabi/mod.rs")
    );
    // A program for this chip has a reset vector, also one that never starts.
    let script = "SECTIONS { .text 0xA000 : { *(.text .text.*) } .rodata : { *(.rodata .rodata.*) } \
                  .reset 0xFFFE : { KEEP(*(.reset)) } }";
    std::fs::create_dir_all(folder.join("src")).expect("the target folder is writable");
    for (name, content) in [
        ("Cargo.toml", manifest.as_str()),
        ("src/lib.rs", &source),
        ("helpers.ld", script),
    ] {
        std::fs::write(folder.join(name), content).expect("the target folder is writable");
    }
}

/// The helpers with their addresses.
fn helpers_in(image: &Image) -> Vec<(&'static Helper, u16)> {
    let address = |name| {
        image
            .symbols
            .find(name)
            .unwrap_or_else(|| panic!("no {name}"))
            .address
    };
    HELPERS
        .iter()
        .map(|helper| (helper, address(helper.name)))
        .collect()
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn helpers_compute_what_the_host_computes() {
    let mut oracle = oracle();
    for (helper, address) in helpers_in(&oracle.image) {
        let mut random = Random(helper.bits.into());
        let (mut slowest, mut sum) = (0, 0);
        for _ in 0..HOST_PAIRS {
            let (a, b, registers) = helper.operands(&mut random);
            let outcome = oracle
                .call(address, registers, LIMIT)
                .unwrap_or_else(|why| panic!("{} of {a:#x} and {b:#x} {why}", helper.name));
            let result = get(&outcome.registers, helper.registers().2, helper.bits);
            let exact = (helper.host)(a, b) & helper.mask();
            assert_eq!(
                result, exact,
                "{} of {a:#x} and {b:#x}: {result:#x} instead of {exact:#x}",
                helper.name
            );
            assert_eq!(
                outcome.registers[4..11],
                registers[4..11],
                "{} must keep R4 to R10",
                helper.name
            );
            assert_eq!(outcome.registers[SP], STACK, "{} must keep SP", helper.name);
            let enabled = |registers: [u16; 16]| registers[SR] & GIE;
            assert_eq!(
                enabled(outcome.registers),
                enabled(registers),
                "{} must keep GIE",
                helper.name
            );
            slowest = slowest.max(outcome.cycles);
            sum += u64::from(outcome.cycles);
        }
        println!(
            "{:<18} {:>5} cycles on average, {slowest:>5} at most",
            helper.name,
            sum / u64::from(HOST_PAIRS)
        );
    }
}

#[test]
#[ignore = "needs the cross toolchain and mspdebug: cargo xtask test"]
fn helpers_run_alike_in_mspdebug() {
    let mut oracle = oracle();
    for (helper, address) in helpers_in(&oracle.image) {
        let mut random = Random(u64::from(helper.bits) + 1);
        let inputs: Vec<_> = (0..MSPDEBUG_PAIRS)
            .map(|_| helper.operands(&mut random).2)
            .collect();
        let compared = oracle.compare(helper.name, address, &inputs, LIMIT);
        assert_eq!(compared, Ok(MSPDEBUG_PAIRS), "{}", helper.name);
    }
}

/// Random numbers, small ones and pointers into RAM go to every function; whatever it makes of them, both CPUs have to
/// make the same. What waits for a peripheral, sleeps, or writes outside RAM is left out.
#[test]
#[ignore = "needs the image and mspdebug: cargo xtask test"]
fn functions_of_the_image_run_alike_in_mspdebug() {
    let path = PathBuf::from(std::env::var_os(IMAGE_VARIABLE).expect(IMAGE_VARIABLE));
    let image = Image::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let functions = image
        .symbols
        .iter()
        .filter(|symbol| symbol.is_code && symbol.size > 0);
    let functions: Vec<_> = functions.cloned().collect();
    let (mut calls, mut reasons) = (0, BTreeMap::new());
    let mut compared = BTreeSet::new();
    // Structures in memory are of numbers for some functions, and of pointers for others.
    for fill in [plausible, Random::word] {
        let mut random = Random(430);
        let mut oracle = Oracle::new(image.clone(), || fill(&mut random));
        for function in &functions {
            // In half of the calls every argument is a pointer.
            let arguments = |call| if call % 2 == 0 { pointer } else { plausible };
            let inputs: Vec<_> = (0..CALLS)
                .map(|call| [0; 16].map(|_: u16| arguments(call)(&mut random)))
                .collect();
            match oracle.compare(&function.name, function.address, &inputs, FUNCTION_LIMIT) {
                Ok(times) => {
                    compared.insert(function.address);
                    calls += times;
                }
                Err(why) => {
                    drop(reasons.insert(function.address, format!("{}: {why}", function.name)))
                }
            }
        }
    }
    reasons.retain(|address, _| !compared.contains(address));
    println!(
        "{} of {} functions agree in {calls} calls; the others:",
        compared.len(),
        functions.len()
    );
    reasons.values().for_each(|reason| println!("{reason}"));
    assert!(
        compared.len() > functions.len() / 2,
        "few functions could be compared: see above"
    );
}

/// An even address in RAM, between the code there and the stack.
fn pointer(random: &mut Random) -> u16 {
    0x2400 + (random.below(0x900) & !1)
}

/// Something that a function may take: a pointer, a small number, or any.
fn plausible(random: &mut Random) -> u16 {
    match random.below(4) {
        0 => random.word(),
        1 => random.below(64),
        _ => pointer(random),
    }
}
