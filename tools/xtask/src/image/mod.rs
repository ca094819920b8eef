//! The linked image: what is at which address, and under which name.

pub mod artefacts;
pub mod checks;
pub mod code;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::elf::{SHF_ALLOC, SHF_EXECINSTR};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind};

/// ELF's number of the MSP430.
const EM_MSP430: u16 = 105;

/// A section that exists in the chip's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name, such as `.text`.
    pub name: String,
    /// First address.
    pub address: u16,
    /// Length in bytes.
    pub size: u32,
    /// Whether it holds instructions.
    pub executable: bool,
    /// Whether the image brings contents for it (`.bss` has none).
    pub loaded: bool,
}

/// A named address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The name in the image, as the linker knows it.
    pub name: String,
    /// Address.
    pub address: u16,
    /// Bytes that belong to it, 0 where the assembler did not say.
    pub size: u16,
    /// Whether it is a function.
    pub function: bool,
    /// The object file that a local symbol comes from; none for a global one.
    pub file: Option<String>,
}

impl Symbol {
    /// The name as written in the source, without hashes.
    pub fn readable(&self) -> String {
        readable(&self.name)
    }
}

/// A run of bytes that is programmed into the chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where the bytes are programmed to (load address).
    pub address: u16,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An ELF image of the MSP430, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Sections in memory, by address.
    pub sections: Vec<Section>,
    /// All named addresses, by address.
    pub symbols: Vec<Symbol>,
    /// What is programmed, by address.
    pub segments: Vec<Segment>,
    /// What start-up copies elsewhere, at the addresses where it runs.
    pub copies: Vec<Segment>,
}

impl Image {
    /// Reads an image file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a linked ELF for the MSP430.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the image {}", path.display()))?;
        Self::parse(&bytes)
            .with_context(|| format!("{} is not an image for the MSP430", path.display()))
    }

    /// Takes the bytes of an ELF file apart.
    ///
    /// # Errors
    /// When they are not a linked ELF for the MSP430 with addresses of 16 bits.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file = object::File::parse(bytes).context("not an ELF file")?;
        if bytes.get(18..20) != Some(&EM_MSP430.to_le_bytes()) {
            bail!("it is an ELF file for another machine");
        }
        let mut image = Self::default();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
                continue;
            };
            if !sh_flags.contains(SHF_ALLOC) || section.size() == 0 {
                continue;
            }
            image.sections.push(Section {
                name: section.name().unwrap_or("?").to_owned(),
                address: narrow(section.address())?,
                size: u32::try_from(section.size())?,
                executable: sh_flags.contains(SHF_EXECINSTR),
                loaded: section.kind() != SectionKind::UninitializedData,
            });
        }
        let mut file_name = None;
        for symbol in file.symbols() {
            if symbol.kind() == SymbolKind::File {
                file_name = Some(symbol.name().unwrap_or("?").to_owned());
                continue;
            }
            let Ok(name) = symbol.name() else { continue };
            if name.is_empty() || symbol.is_undefined() || symbol.address() > 0xFFFF {
                continue;
            }
            image.symbols.push(Symbol {
                name: name.to_owned(),
                address: narrow(symbol.address())?,
                size: u16::try_from(symbol.size())?,
                function: symbol.kind() == SymbolKind::Text,
                file: if symbol.is_local() {
                    file_name.clone()
                } else {
                    None
                },
            });
        }
        (image.segments, image.copies) = segments(bytes)?;
        image.sections.sort_by_key(|section| section.address);
        image
            .symbols
            .sort_by_key(|symbol| (symbol.address, std::cmp::Reverse(symbol.size)));
        image.segments.sort_by_key(|segment| segment.address);
        Ok(image)
    }

    /// The byte at an address, as programmed or as start-up copies it there.
    pub fn byte(&self, address: u16) -> Option<u8> {
        self.segments
            .iter()
            .chain(&self.copies)
            .find_map(|segment| {
                let offset = address.checked_sub(segment.address)?;
                segment.bytes.get(usize::from(offset)).copied()
            })
    }

    /// The programmed little-endian word at an even address.
    pub fn word(&self, address: u16) -> Option<u16> {
        Some(u16::from_le_bytes([
            self.byte(address)?,
            self.byte(address.checked_add(1)?)?,
        ]))
    }

    /// The symbol of that exact name.
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }

    /// The function that an address belongs to.
    pub fn function_at(&self, address: u16) -> Option<&Symbol> {
        let inside = |symbol: &&Symbol| {
            symbol.function
                && symbol.address <= address
                && u32::from(address) < u32::from(symbol.address) + u32::from(symbol.size.max(1))
        };
        self.symbols.iter().find(inside)
    }

    /// A readable name for an address: the function it is in, or the number.
    pub fn describe(&self, address: u16) -> String {
        match self.function_at(address) {
            Some(symbol) if symbol.address == address => symbol.readable(),
            Some(symbol) => format!("{}+{:#x}", symbol.readable(), address - symbol.address),
            None => format!("{address:#06x}"),
        }
    }

    /// Functions by their linker names; several names may stand for one address.
    pub fn functions(&self) -> HashMap<&str, &Symbol> {
        self.symbols
            .iter()
            .filter(|symbol| symbol.function)
            .map(|symbol| (symbol.name.as_str(), symbol))
            .collect()
    }
}

/// A mangled name as written in the source, without hashes.
pub fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

fn narrow(address: u64) -> Result<u16> {
    u16::try_from(address).with_context(|| format!("address {address:#x} is beyond 64 KB"))
}

/// What the program headers bring, at the physical addresses that are programmed: for `.data` that is its copy in FRAM.
/// Second, what start-up copies to another address, at that address.
fn segments(bytes: &[u8]) -> Result<(Vec<Segment>, Vec<Segment>)> {
    use object::read::elf::{FileHeader, ProgramHeader};
    let header = object::elf::FileHeader32::<object::Endianness>::parse(bytes)
        .context("not an ELF file of 32 bits")?;
    let endian = header.endian()?;
    let mut segments = Vec::new();
    let mut copies = Vec::new();
    for program in header.program_headers(endian, bytes)? {
        if program.p_type(endian) != object::elf::PT_LOAD || program.p_filesz(endian) == 0 {
            continue;
        }
        let data = program
            .data(endian, bytes)
            .map_err(|()| anyhow::anyhow!("a segment lies outside the file"))?;
        let (programmed, runs) = (program.p_paddr(endian), program.p_vaddr(endian));
        segments.push(Segment {
            address: narrow(u64::from(programmed))?,
            bytes: data.to_vec(),
        });
        if runs != programmed {
            copies.push(Segment {
                address: narrow(u64::from(runs))?,
                bytes: data.to_vec(),
            });
        }
    }
    Ok((segments, copies))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_functions() -> Image {
        let symbol = |name: &str, address, size| Symbol {
            name: name.to_owned(),
            address,
            size,
            function: true,
            file: None,
        };
        Image {
            symbols: vec![symbol("first", 0xA000, 4), symbol("second", 0xA004, 2)],
            segments: vec![Segment {
                address: 0xA000,
                bytes: vec![0x30, 0x41, 3, 0x43, 0x30, 0x41],
            }],
            ..Image::default()
        }
    }

    #[test]
    fn words_are_little_endian_and_end_with_the_segment() {
        let image = two_functions();
        assert_eq!(image.word(0xA000), Some(0x4130));
        assert_eq!(image.word(0xA004), Some(0x4130));
        assert_eq!(image.word(0xA006), None);
    }

    #[test]
    fn addresses_are_described_by_the_function_they_are_in() {
        let image = two_functions();
        assert_eq!(image.describe(0xA000), "first");
        assert_eq!(image.describe(0xA002), "first+0x2");
        assert_eq!(image.describe(0xB000), "0xb000");
    }

    #[test]
    fn other_files_are_refused_in_words() {
        let error = Image::parse(b"just text").unwrap_err();
        assert!(format!("{error:#}").contains("not an ELF"), "{error:#}");
        let host = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let error = Image::parse(&host).unwrap_err();
        assert!(
            format!("{error:#}").contains("another machine"),
            "{error:#}"
        );
    }
}
