//! The lint against the compiler itself: real code, compiled for the target as the image is.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use xtask::firmware::{cargo, compile, target_dir};
use xtask::image::Image;
use xtask::lint::{Case, Exceptions, Finding, Function, examine, examine_function};
use xtask::toolchain::{CrossToolchain, TARGET};
use xtask::workspace;

const SOURCE: &str = include_str!("lint/miscompiles.rs");

/// What came out of compiling [`SOURCE`].
struct Compiled {
    listing: Vec<Function>,
    image: Image,
}

/// Without and with the firmware's own multiply helper.
fn compiled(own_multiply: bool) -> &'static Compiled {
    static WITHOUT: OnceLock<Compiled> = OnceLock::new();
    static WITH: OnceLock<Compiled> = OnceLock::new();
    if own_multiply {
        WITH.get_or_init(|| build(true))
    } else {
        WITHOUT.get_or_init(|| build(false))
    }
}

fn build(own_multiply: bool) -> Compiled {
    let toolchain = CrossToolchain::find().expect("cargo xtask setup");
    // In the image's target folder, so that core is compiled once for both.
    let name = if own_multiply {
        "own_multiply"
    } else {
        "foreign_multiply"
    };
    let package = target_dir().join("miscompiles").join(name);
    write_package(&package, name);
    let mut command = cargo(&toolchain, "build");
    command.current_dir(&package);
    if own_multiply {
        command.args(["--features", "own-multiply"]);
    }
    let listing = compile(name, &mut command, &package.join("listing.mir")).unwrap();
    let archive = target_dir()
        .join(TARGET)
        .join("firmware")
        .join(format!("lib{name}.a"));
    Compiled {
        listing,
        image: link(&toolchain, &archive),
    }
}

fn write_package(folder: &Path, name: &str) {
    let root: toml::Table = std::fs::read_to_string(workspace::root().join("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let mut manifest = toml::Table::new();
    manifest.insert("profile".into(), root["profile"].clone());
    let manifest = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"staticlib\"]\n\
         [features]\nown-multiply = []\n{manifest}"
    );
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/lib.rs"), SOURCE).unwrap();
}

/// Links every `wrong_` and `right_` function; the EABI helpers do not matter here and stay undefined.
fn link(toolchain: &CrossToolchain, archive: &Path) -> Image {
    let elf: PathBuf = archive.with_extension("elf");
    let mut linker = Command::new(toolchain.linker());
    linker.args([
        "--gc-sections",
        "--unresolved-symbols=ignore-all",
        "--image-base=0x8000",
        "--entry",
        "abort",
        "-o",
    ]);
    linker
        .arg(&elf)
        .args(names().flat_map(|name| ["-u", name]))
        .arg(archive);
    assert!(linker.status().unwrap().success());
    Image::read(&elf).unwrap()
}

fn names() -> impl Iterator<Item = &'static str> {
    let after = SOURCE.split("pub fn ").skip(1);
    after
        .filter_map(|rest| rest.split('(').next())
        .filter(|name| name.starts_with("wrong_") || name.starts_with("right_"))
}

fn findings(name: &str) -> Vec<Finding> {
    let listing = &compiled(false).listing;
    let function = listing
        .iter()
        .find(|function| function.name == name)
        .unwrap_or_else(|| panic!("{name} was not listed"));
    examine_function(function)
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn each_wrong_function_is_reported_as_its_case() {
    let letter = |name: &str| match name.as_bytes().get(6) {
        Some(b'a') => Case::A,
        Some(b'b') => Case::B,
        Some(b'c') => Case::C,
        _ => Case::D,
    };
    let mut cases = std::collections::BTreeSet::new();
    for name in names().filter(|name| name.starts_with("wrong_")) {
        let found = findings(name);
        assert!(
            found.iter().any(|finding| finding.case == letter(name)),
            "{name}: {found:?}"
        );
        assert!(
            found.iter().all(|finding| finding
                .places
                .iter()
                .any(|place| place.contains("src/lib.rs"))),
            "{found:?}"
        );
        cases.insert(letter(name));
    }
    assert_eq!(cases.len(), 4, "a case without an example: {cases:?}");
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn no_right_function_is_reported() {
    for name in names().filter(|name| name.starts_with("right_")) {
        assert_eq!(findings(name), [], "{name}");
    }
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn only_a_foreign_multiply_helper_is_case_c() {
    for (own, expected) in [(false, true), (true, false)] {
        let Compiled { listing, image } = compiled(own);
        assert!(
            image.symbol("__mulosi4").is_some(),
            "the helper was not linked"
        );
        let verdict = examine(image, listing, &Exceptions::default());
        let reported = verdict
            .findings
            .iter()
            .any(|finding| finding.case == Case::C);
        assert_eq!(
            reported, expected,
            "own helper: {own}, {:?}",
            verdict.findings
        );
    }
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn a_listing_that_lacks_a_function_does_not_pass() {
    let Compiled { listing, image } = compiled(false);
    let without: Vec<_> = listing
        .iter()
        .filter(|function| function.name != "right_d_branch")
        .cloned()
        .collect();
    let verdict = examine(image, &without, &Exceptions::default());
    assert_eq!(verdict.unseen, ["right_d_branch"]);
    assert_eq!(
        examine(image, listing, &Exceptions::default()).unseen,
        [""; 0]
    );
}

#[test]
#[ignore = "needs the cross toolchain: cargo xtask test"]
fn a_second_build_without_work_lists_the_same() {
    let first = compiled(false);
    let again = build(false);
    assert_eq!(first.listing.len(), again.listing.len());
    assert_eq!(first.image.symbols, again.image.symbols);
}
