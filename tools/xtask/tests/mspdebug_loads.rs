//! The image in mspdebug's simulator: a loader and a disassembler that nobody here wrote accept it.

use std::process::Command;

use xtask::check::IMAGE_VARIABLE;
use xtask::image::Image;

/// What mspdebug prints for these commands.
fn mspdebug(commands: &[String]) -> String {
    let output = Command::new("mspdebug")
        .arg("sim")
        .args(commands)
        .output()
        .expect("mspdebug runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "needs the image and mspdebug: cargo xtask test"]
fn the_simulator_loads_the_image_and_runs_from_its_reset_vector() {
    let elf = std::path::PathBuf::from(std::env::var_os(IMAGE_VARIABLE).expect(IMAGE_VARIABLE));
    let reset = Image::read(&elf).unwrap().word(0xFFFE).unwrap();
    for file in [elf.clone(), elf.with_extension("hex")] {
        let prog = format!("prog {}", file.display());
        let printed = mspdebug(&[prog, "reset".into(), "regs".into(), "step 2".into()]);
        assert!(
            printed.contains(&format!("( PC: {reset:05x})")),
            "{printed}"
        );
        // The first instruction sets the stack pointer to the top of RAM.
        assert!(printed.contains("( SP: 03000)"), "{printed}");
    }
}

#[test]
#[ignore = "needs the image and mspdebug: cargo xtask test"]
fn elf_and_hex_hold_the_same_bytes() {
    let elf = std::path::PathBuf::from(std::env::var_os(IMAGE_VARIABLE).expect(IMAGE_VARIABLE));
    let (from_elf, from_hex) = (fram(&elf), fram(&elf.with_extension("hex")));
    assert_eq!(from_elf.len(), 0x8000);
    for (address, (elf, hex)) in (0x8000..).zip(from_elf.into_iter().zip(from_hex)) {
        // mspdebug goes by sections and leaves the padding between them erased; a segment has zeros there.
        assert!(
            elf == hex || (elf, hex) == (0xFF, 0),
            "{address:#06x}: {elf:02x} from ELF, {hex:02x} from HEX"
        );
    }
}

/// Main FRAM after mspdebug has loaded a file.
fn fram(file: &std::path::Path) -> Vec<u8> {
    let printed = mspdebug(&[
        format!("prog {}", file.display()),
        "md 0x8000 0x8000".into(),
    ]);
    // `    08000: ff ff … ff |................|`
    let rows = printed
        .lines()
        .filter_map(|line| line.split_once(": ")?.1.split_once(" |"));
    rows.flat_map(|(digits, _)| {
        digits
            .split_whitespace()
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
    })
    .collect()
}
