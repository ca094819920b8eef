//! FRAM in a file, so that a meter can be switched off and on again between two runs.
//!
//! Layout: 8 bytes `M430NVM1`, 8 bytes fingerprint of the image (little-endian), 512 bytes information FRAM, 32 768 bytes
//! main FRAM, 1 byte which is 1 when the service switch stands open (the relay latches; a file without it is of a meter that had
//! none). With the same image the file is the whole truth. With another one the image is programmed over it, as a
//! programmer does to a real chip: what the image does not contain stays.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::chip::memory::{FRAM_START, INFO};
use crate::elf::Image;
use crate::machine::Machine;

const MAGIC: &[u8; 8] = b"M430NVM1";
const MAIN_LENGTH: u32 = 0x8000;
/// Without the service switch.
const LENGTH: usize = 16 + INFO.1 as usize + MAIN_LENGTH as usize;

/// Why FRAM cannot be kept: one line with the file's name.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct NvmError {
    path: PathBuf,
    reason: String,
}

/// A file that holds the contents of FRAM.
#[derive(Debug)]
pub struct NvmFile {
    path: PathBuf,
    fingerprint: u64,
}

impl NvmFile {
    /// Restores FRAM from the file at `path` into a machine that holds `image`; a file that does not exist yet is made
    /// when FRAM is [saved](Self::save).
    ///
    /// # Errors
    /// When the file cannot be read or is something else.
    pub fn restore(path: &Path, image: &Image, machine: &mut Machine) -> Result<Self, NvmError> {
        let file = Self {
            path: path.to_owned(),
            fingerprint: fingerprint(image),
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(file),
            Err(error) => return Err(file.error(error)),
        };
        if !(LENGTH..=LENGTH + 1).contains(&bytes.len()) || !bytes.starts_with(MAGIC) {
            return Err(file
                .error("is not an FRAM file of the virtual meter; name another one or remove it"));
        }
        let (head, memory) = bytes.split_at(16);
        let (info, memory) = memory.split_at(usize::from(INFO.1));
        let (main, switch) = memory.split_at(MAIN_LENGTH as usize);
        machine.chip.wiring.service_switch.put(switch != [1]);
        machine.chip.memory.copy_in(INFO.0, info);
        machine.chip.memory.copy_in(FRAM_START, main);
        if head[8..] != file.fingerprint.to_le_bytes() {
            machine.program(image);
        }
        // The first instruction is fetched from what the file says.
        machine.restart();
        Ok(file)
    }

    /// Writes FRAM as it is now, completely or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, machine: &Machine) -> Result<(), NvmError> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        bytes.extend(self.fingerprint.to_le_bytes());
        bytes.extend(machine.read_memory(INFO.0, u32::from(INFO.1)));
        bytes.extend(machine.read_memory(FRAM_START, MAIN_LENGTH));
        let is_open = !machine.chip.wiring.service_switch.is_closed();
        bytes.push(is_open.into());
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        fs::write(&beside, &bytes)
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|error| self.error(error))
    }

    fn error(&self, reason: impl ToString) -> NvmError {
        NvmError {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }
}

/// FNV-1a over everything that the image loads.
fn fingerprint(image: &Image) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for segment in &image.segments {
        for byte in segment.address.to_le_bytes().iter().chain(&segment.bytes) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chip::ChipOptions;
    use crate::chip::wiring::Wiring;
    use crate::converter::Ads131m03;
    use crate::elf::{Segment, Symbols};
    use crate::machine::tests::Silence;

    fn image(byte: u8) -> Image {
        let segment = |address, bytes: &[u8]| Segment {
            address,
            runs_at: address,
            bytes: bytes.to_vec(),
        };
        Image {
            segments: vec![segment(0xA000, &[byte]), segment(0xFFFE, &[0, 0xA0])],
            symbols: Symbols::default(),
        }
    }

    fn machine(image: &Image) -> Machine {
        Machine::new(
            ChipOptions::default(),
            Wiring::new(Ads131m03::new(Box::new(Silence), 1)),
            image,
        )
    }

    #[test]
    fn what_was_stored_comes_back_and_a_new_image_goes_over_it() {
        let path = std::env::temp_dir().join(format!("virtual-meter-nvm-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let mut first = machine(&image(1));
        let file = NvmFile::restore(&path, &image(1), &mut first).unwrap();
        first.write_memory(0x8000, &[0xAA]);
        first.write_memory(0x1800, &[0xBB]);
        first.write_memory(0xA000, &[7]);
        first.chip.wiring.service_switch.put(false);
        file.save(&first).unwrap();
        let mut second = machine(&image(1));
        NvmFile::restore(&path, &image(1), &mut second).unwrap();
        let at = |machine: &Machine| {
            [0x8000, 0x1800, 0xA000].map(|address| machine.read_memory(address, 1)[0])
        };
        assert_eq!(at(&second), [0xAA, 0xBB, 7]);
        assert!(!second.chip.wiring.service_switch.is_closed());
        let mut third = machine(&image(2));
        NvmFile::restore(&path, &image(2), &mut third).unwrap();
        assert_eq!(at(&third), [0xAA, 0xBB, 2]);
        fs::write(&path, b"something else").unwrap();
        let error = NvmFile::restore(&path, &image(1), &mut machine(&image(1)))
            .unwrap_err()
            .to_string();
        assert!(error.contains("not an FRAM file"), "{error}");
        fs::remove_file(&path).unwrap();
    }
}
