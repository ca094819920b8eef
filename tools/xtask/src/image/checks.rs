//! What must not be in an image: panics, floating point, foreign memory, instructions and sequences the chip gets wrong.

use super::Image;
use super::code::{Placed, sweep};

/// A stretch of the chip's memory, both ends included.
struct Region {
    name: &'static str,
    first: u16,
    last: u16,
    /// Whether contents may be programmed there.
    programmable: bool,
}

/// Memory of the MSP430FR2355 (SLASEC4, table 6-1), without the JTAG and BSL signatures 0xFF80–0xFFA3: a stray constant
/// there would lock the debug port.
const REGIONS: [Region; 4] = [
    Region {
        name: "information FRAM",
        first: 0x1800,
        last: 0x19FF,
        programmable: true,
    },
    Region {
        name: "RAM",
        first: 0x2000,
        last: 0x2FFF,
        programmable: false,
    },
    Region {
        name: "main FRAM",
        first: 0x8000,
        last: 0xFF7F,
        programmable: true,
    },
    Region {
        name: "vectors",
        first: 0xFFA4,
        last: 0xFFFF,
        programmable: true,
    },
];

/// The float half of the EABI's helpers (SLAA534A, table 8), without their prefix.
const FLOAT_HELPERS: [&str; 38] = [
    "addf", "subf", "mpyf", "divf", "cmpf", "negf", "fltif", "fltlif", "fltllif", "fltuf",
    "fltulf", "fltullf", "fixfi", "fixfli", "fixflli", "fixfu", "fixful", "fixfull", "cvtfd",
    "cvtdf", "addd", "subd", "mpyd", "divd", "cmpd", "negd", "fltid", "fltlid", "fltllid", "fltud",
    "fltuld", "fltulld", "fixdi", "fixdli", "fixdlli", "fixdu", "fixdul", "fixdull",
];

/// Everything wrong with the image, one line each; empty for a good one.
pub fn problems(image: &Image) -> Vec<String> {
    let mut found = Vec::new();
    for symbol in &image.symbols {
        if let Some(why) = forbidden_symbol(&symbol.name) {
            found.push(format!(
                "{why}: {} at {:#06x}",
                symbol.readable(),
                symbol.address
            ));
        }
    }
    outside_memory(image, &mut found);
    let code = sweep(image);
    for place in &code {
        if let Err(address) = place {
            found.push(format!(
                "no classic MSP430 instruction at {}",
                image.describe(*address)
            ));
        }
    }
    let code: Vec<Placed> = code.into_iter().flatten().collect();
    jump_before_pc_pattern(image, &code, &mut found);
    interrupt_switches(image, &code, &mut found);
    found
}

/// Why a symbol must not be in the image, if it must not.
fn forbidden_symbol(name: &str) -> Option<&'static str> {
    let readable = super::readable(name);
    if [
        "core::panicking",
        "rust_begin_unwind",
        "panic_path_left_in_image",
    ]
    .iter()
    .any(|part| readable.contains(part))
    {
        return Some("panic path");
    }
    if readable.contains("compiler_builtins::float") || is_float_helper(name) {
        return Some("floating point");
    }
    None
}

fn is_float_helper(name: &str) -> bool {
    let Some(bare) = name.strip_prefix("__") else {
        return false;
    };
    if let Some(helper) = bare.strip_prefix("mspabi_") {
        return FLOAT_HELPERS.contains(&helper);
    }
    // compiler-rt's names end in the operand type: hf, sf, df, tf, before a count of operands; or convert to or from it.
    let typed = ["hf2", "hf3", "sf2", "sf3", "df2", "df3", "tf2", "tf3"]
        .iter()
        .any(|end| bare.ends_with(end));
    let converts = [
        "fixsf",
        "fixdf",
        "fixunssf",
        "fixunsdf",
        "floatsi",
        "floatdi",
        "floatunsi",
        "floatundi",
        "powisf",
        "powidf",
    ];
    typed || converts.iter().any(|start| bare.starts_with(start))
}

fn outside_memory(image: &Image, found: &mut Vec<String>) {
    let mut check = |what: String, address: u16, size: u32, programmed: bool| {
        let last = u32::from(address) + size - 1;
        let inside = |region: &&Region| region.first <= address && last <= u32::from(region.last);
        match REGIONS.iter().find(inside) {
            None => found.push(format!(
                "{what} at {address:#06x}..={last:#06x} lies outside the memory map"
            )),
            Some(region) if programmed && !region.programmable => {
                found.push(format!(
                    "{what} at {address:#06x}..={last:#06x} would be programmed into {}",
                    region.name
                ));
            }
            Some(_) => {}
        }
    };
    for section in &image.sections {
        check(
            format!("section {}", section.name),
            section.address,
            section.size,
            false,
        );
    }
    for segment in image
        .segments
        .iter()
        .filter(|segment| !segment.bytes.is_empty())
    {
        check(
            "a programmed segment".to_owned(),
            segment.address,
            segment.bytes.len() as u32,
            true,
        );
    }
}

/// Erratum CPU40 (SLAZ695): a jump directly before a word 0x0X40 or 0x0X50, instruction or not, may add 2 to PC.
fn jump_before_pc_pattern(image: &Image, code: &[Placed], found: &mut Vec<String>) {
    for placed in code.iter().filter(|placed| placed.is_jump()) {
        if image
            .word(placed.next)
            .is_some_and(|word| matches!(word & 0xF0FF, 0x0040 | 0x0050))
        {
            found.push(format!(
                "erratum CPU40: jump at {} before a word like 0x0X40",
                image.describe(placed.address)
            ));
        }
    }
}

/// DINT protects only from the second instruction after it on; EINT directly before DINT is not defined (SLAU445, 1.3.4.1).
fn interrupt_switches(image: &Image, code: &[Placed], found: &mut Vec<String>) {
    for pair in code.windows(2) {
        let [first, second] = pair else { continue };
        if second.address != first.next {
            continue;
        }
        if first.disables_interrupts() && !second.is_nop() {
            found.push(format!(
                "DINT without NOP after it at {}",
                image.describe(first.address)
            ));
        }
        if first.enables_interrupts() && second.disables_interrupts() {
            found.push(format!(
                "EINT directly before DINT at {}",
                image.describe(first.address)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Section, Segment, Symbol};

    /// An image of nothing but these instruction words.
    fn image(words: &[u16]) -> Image {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let size = bytes.len() as u32;
        Image {
            sections: vec![Section {
                name: ".text".into(),
                address: 0xA000,
                size,
                executable: true,
                loaded: true,
            }],
            symbols: Vec::new(),
            copies: Vec::new(),
            segments: vec![Segment {
                address: 0xA000,
                bytes,
            }],
        }
    }

    fn only_problem(image: &Image) -> String {
        let found = problems(image);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    }

    #[test]
    fn a_good_image_has_no_problems() {
        assert_eq!(
            problems(&image(&[0x430C, 0xC232, 0x4303, 0xD232, 0x4303, 0x4130])),
            [""; 0]
        );
    }

    #[test]
    fn panics_and_floats_are_found_by_name() {
        for (name, why) in [
            ("_ZN4core9panicking5panic17h0123456789abcdefE", "panic path"),
            ("_RNvCsabc_7___rustc17rust_begin_unwind", "panic path"),
            ("__mspabi_addf", "floating point"),
            ("__mspabi_fixdlli", "floating point"),
            ("__addsf3", "floating point"),
            ("__floatsisf", "floating point"),
        ] {
            let mut image = image(&[0x4130]);
            image.symbols.push(Symbol {
                name: name.into(),
                address: 0xA000,
                size: 2,
                function: true,
                file: None,
            });
            assert!(only_problem(&image).starts_with(why), "{name}");
        }
        for name in [
            "__mspabi_mpyl",
            "__mspabi_divull",
            "__mulosi4",
            "memset",
            "main",
            "__udivdi3",
        ] {
            assert_eq!(forbidden_symbol(name), None, "{name}");
        }
    }

    #[test]
    fn signatures_and_ram_are_not_programmed() {
        let mut low = image(&[0x4130]);
        low.segments.push(Segment {
            address: 0xFF80,
            bytes: vec![0; 2],
        });
        assert!(only_problem(&low).contains("outside the memory map"));
        let mut ram = image(&[0x4130]);
        ram.segments.push(Segment {
            address: 0x2000,
            bytes: vec![0; 2],
        });
        assert!(only_problem(&ram).contains("programmed into RAM"));
    }

    #[test]
    fn extended_instructions_are_refused() {
        assert!(only_problem(&image(&[0x1800, 0x4130])).contains("no classic MSP430 instruction"));
    }

    #[test]
    fn cpu40_is_found_behind_jumps_only() {
        let mut jump = image(&[0x3C01]);
        jump.segments[0].bytes.extend([0x40, 0x01]);
        assert!(only_problem(&jump).contains("CPU40"));
        // The same word as an immediate of another instruction does no harm.
        assert_eq!(problems(&image(&[0x403C, 0x0140, 0x4130])), [""; 0]);
    }

    #[test]
    fn interrupt_switches_keep_their_distance() {
        assert!(only_problem(&image(&[0xC232, 0x430C])).contains("DINT without NOP"));
        let both = problems(&image(&[0xD232, 0xC232, 0x4303]));
        assert!(both[0].contains("EINT directly before DINT"), "{both:?}");
    }
}
