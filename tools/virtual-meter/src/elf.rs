//! Firmware images: what an ELF file puts into the chip's memory, and the names of its addresses.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile32, ProgramHeader as _};
use object::{LittleEndian, Object, ObjectSymbol, SymbolKind, elf};

use crate::cpu::RESET_VECTOR;

/// Where an image may put something (SLASEC4, table 6-4).
const MEMORIES: [(&str, RangeInclusive<u32>); 3] = [
    ("information FRAM", 0x1800..=0x19FF),
    ("RAM", 0x2000..=0x2FFF),
    ("FRAM", 0x8000..=0xFFFF),
];

/// A program for the chip.
#[derive(Clone, Debug)]
pub struct Image {
    /// What is loaded where, in the order of the file.
    pub segments: Vec<Segment>,
    /// Names of functions, statics and linker symbols.
    pub symbols: Symbols,
}

/// Bytes that are loaded to consecutive addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address to which the first byte is loaded.
    pub address: u16,
    /// Address at which the first byte is used: the start-up code copies there what is to be in RAM.
    pub runs_at: u16,
    /// The bytes; they end at 0xFFFF at the latest.
    pub bytes: Vec<u8>,
}

/// Why a file is not an image for the chip. One line that names the file.
#[derive(Debug)]
pub struct ImageError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for ImageError {}

impl Image {
    /// Reads the image in the ELF file at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, is no MSP430 executable or a damaged one, has no reset vector, or loads anything
    /// outside FRAM, information FRAM and RAM.
    pub fn load(path: &Path) -> Result<Self, ImageError> {
        let error = |reason| ImageError {
            path: path.to_owned(),
            reason,
        };
        let bytes =
            std::fs::read(path).map_err(|cause| error(format!("cannot be read: {cause}")))?;
        Self::parse(&bytes).map_err(error)
    }

    /// Reads the image in the ELF file that `bytes` are.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        check_header(bytes)?;
        let file = ElfFile32::<LittleEndian>::parse(bytes)
            .map_err(|cause| format!("damaged ELF file: {cause}"))?;
        let mut segments = Vec::new();
        for header in file.elf_program_headers() {
            if header.p_type(LittleEndian) != elf::PT_LOAD || header.p_memsz(LittleEndian) == 0 {
                continue;
            }
            let data = header.data(LittleEndian, bytes).map_err(|()| {
                "damaged ELF file: it ends within a segment; build it again".to_owned()
            })?;
            check_place(
                header.p_vaddr(LittleEndian),
                header.p_memsz(LittleEndian),
                "runs at",
            )?;
            if !data.is_empty() {
                let address = header.p_paddr(LittleEndian);
                check_place(address, data.len() as u32, "is loaded to")?;
                segments.push(Segment {
                    address: address as u16,
                    runs_at: header.p_vaddr(LittleEndian) as u16,
                    bytes: data.to_vec(),
                });
            }
        }
        let image = Self {
            segments,
            symbols: Symbols::new(&file)?,
        };
        match image.reset_vector() {
            None | Some(0xFFFF) => {
                Err("has no reset vector at 0xfffe: it is not a complete program".to_owned())
            }
            Some(_) => Ok(image),
        }
    }

    /// The address in the reset vector, if there is one.
    fn reset_vector(&self) -> Option<u16> {
        self.segments.iter().find_map(|segment| {
            let offset = usize::from(RESET_VECTOR.checked_sub(segment.address)?);
            Some(u16::from_le_bytes(
                segment.bytes.get(offset..)?.first_chunk().copied()?,
            ))
        })
    }
}

/// Says what the file is if it is not an MSP430 executable; the parser would only call it unsupported.
fn check_header(bytes: &[u8]) -> Result<(), String> {
    let word = |at: usize| {
        bytes
            .get(at..)?
            .first_chunk()
            .copied()
            .map(u16::from_le_bytes)
    };
    if !bytes.starts_with(b"\x7FELF") {
        return Err("is no ELF file; cargo xtask firmware builds one".to_owned());
    }
    let (Some(&endian), Some(kind), Some(machine)) = (bytes.get(5), word(16), word(18)) else {
        return Err("damaged ELF file: it ends within its header; build it again".to_owned());
    };
    let machine = if endian == elf::ELFDATA2MSB.0 {
        machine.swap_bytes()
    } else {
        machine
    };
    if machine != elf::EM_MSP430.0 {
        let name = match elf::Machine(machine) {
            elf::EM_386 => "x86".to_owned(),
            elf::EM_X86_64 => "x86-64".to_owned(),
            elf::EM_ARM => "Arm".to_owned(),
            elf::EM_AARCH64 => "AArch64".to_owned(),
            elf::EM_RISCV => "RISC-V".to_owned(),
            _ => format!("ELF machine {machine}"),
        };
        return Err(format!(
            "is for {name}, not for the MSP430; build it for msp430-none-elf"
        ));
    }
    if kind != elf::ET_EXEC.0 {
        return Err("is an object file or a library, not a linked program".to_owned());
    }
    Ok(())
}

/// Refuses a segment that is not within one of the memories.
fn check_place(address: u32, length: u32, does: &str) -> Result<(), String> {
    let last = address.checked_add(length - 1);
    let fits = |memory: &RangeInclusive<u32>| {
        memory.contains(&address) && last.is_some_and(|last| memory.contains(&last))
    };
    if MEMORIES.iter().any(|(_, memory)| fits(memory)) {
        return Ok(());
    }
    let places: Vec<_> = MEMORIES
        .iter()
        .map(|(name, range)| format!("{name} {:#06x}-{:#06x}", range.start(), range.end()))
        .collect();
    Err(format!(
        "a segment of {length} bytes {does} {address:#06x}, which is not within {}",
        places.join(", ")
    ))
}

/// A name and the addresses that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name as in the source, with its path: `meter430::hw::clock::start`.
    pub name: String,
    /// The name as in the file.
    pub mangled: String,
    /// First address.
    pub address: u16,
    /// Length in bytes, 0 if the file does not say.
    pub size: u16,
    /// Whether it is code.
    pub is_code: bool,
    /// Where the section with the code ends.
    section_end: u32,
}

/// The names in an image.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// By address; where several share one, the longest comes last.
    by_address: Vec<Symbol>,
}

impl Symbols {
    fn new(file: &ElfFile32<'_, LittleEndian>) -> Result<Self, String> {
        let mut by_address = Vec::new();
        for symbol in file
            .symbols()
            .filter(|symbol| symbol.is_definition() || symbol.kind() == SymbolKind::Unknown)
        {
            let mangled = symbol
                .name()
                .map_err(|cause| format!("damaged ELF file: {cause}"))?;
            let Ok(address) = u16::try_from(symbol.address()) else {
                continue;
            };
            if mangled.is_empty() || symbol.is_undefined() {
                continue;
            }
            let section_end = symbol
                .section_index()
                .and_then(|index| code_end(file, index));
            by_address.push(Symbol {
                name: format!("{:#}", rustc_demangle::demangle(mangled)),
                mangled: mangled.to_owned(),
                address,
                size: symbol.size().try_into().unwrap_or(0),
                // A linker's label at the end of a section is not in it.
                is_code: section_end.is_some_and(|end| u32::from(address) < end),
                section_end: section_end.unwrap_or(0),
            });
        }
        by_address.sort_by_key(|symbol| (symbol.address, symbol.size));
        Ok(Self { by_address })
    }

    /// The symbol called `name`, in the source or in the file.
    pub fn find(&self, name: &str) -> Option<&Symbol> {
        self.by_address
            .iter()
            .find(|symbol| symbol.mangled == name || symbol.name == name)
    }

    /// The function that `address` belongs to, and how many bytes into it.
    pub fn function_at(&self, address: u16) -> Option<(&Symbol, u16)> {
        let before = self
            .by_address
            .partition_point(|symbol| symbol.address <= address);
        let symbol = self.by_address[..before]
            .iter()
            .rev()
            .find(|symbol| symbol.is_code)?;
        let offset = address - symbol.address;
        // A label of the start-up code has no length; everything up to the next one belongs to it.
        let end = match symbol.size {
            0 => symbol.section_end,
            size => u32::from(symbol.address) + u32::from(size),
        };
        (u32::from(address) < end).then_some((symbol, offset))
    }

    /// `address` for a message: `0x8a12 in meter430::main+0x6`, or just the number.
    pub fn describe(&self, address: u16) -> String {
        match self.function_at(address) {
            Some((symbol, 0)) => format!("{address:#06x} in {}", symbol.name),
            Some((symbol, offset)) => format!("{address:#06x} in {}+{offset:#x}", symbol.name),
            None => format!("{address:#06x}"),
        }
    }

    /// All symbols, by address.
    pub fn iter(&self) -> impl Iterator<Item = &Symbol> {
        self.by_address.iter()
    }
}

/// The address after a section, if it holds code.
fn code_end(file: &ElfFile32<'_, LittleEndian>, index: object::SectionIndex) -> Option<u32> {
    use object::read::elf::SectionHeader as _;
    let section = file.elf_section_table().section(index).ok()?;
    let is_code = section.sh_flags(LittleEndian).0 & elf::SHF_EXECINSTR.0 != 0;
    is_code.then(|| {
        section
            .sh_addr(LittleEndian)
            .saturating_add(section.sh_size(LittleEndian))
    })
}
