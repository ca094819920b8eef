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
    let dump = |file: &std::path::Path| {
        mspdebug(&[
            format!("prog {}", file.display()),
            "md 0x8000 0x8000".into(),
        ])
    };
    let memory = |printed: String| {
        printed
            .lines()
            .filter(|line| line.trim_start().starts_with("0"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let (from_elf, from_hex) = (memory(dump(&elf)), memory(dump(&elf.with_extension("hex"))));
    assert!(from_elf.len() > 100);
    assert_eq!(from_elf, from_hex);
}
