//! The files that programmers and simulators take: a copy of the ELF and an Intel HEX of the same bytes.

use std::path::Path;

use anyhow::{Context, Result};
use ihex::Record;

use super::{Image, Segment};

/// Bytes in a data record; what every programmer accepts.
const RECORD_BYTES: usize = 16;

/// Writes an image as Intel HEX.
///
/// # Errors
/// When the file cannot be written.
pub fn write_hex(image: &Image, path: &Path) -> Result<()> {
    let text = hex(&image.segments)?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// The text of an Intel HEX file.
fn hex(segments: &[Segment]) -> Result<String> {
    let mut records = Vec::new();
    for segment in segments {
        let mut address = segment.address;
        for chunk in segment.bytes.chunks(RECORD_BYTES) {
            records.push(Record::Data {
                offset: address,
                value: chunk.to_vec(),
            });
            // Only the last chunk of the last segment may end at 64 KB, and nothing follows it.
            address = address.wrapping_add(chunk.len() as u16);
        }
    }
    records.push(Record::EndOfFile);
    let text = ihex::create_object_file_representation(&records)
        .context("the image does not fit Intel HEX")?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_bytes_with_addresses_and_sums() {
        let vectors = Segment {
            address: 0xFFFE,
            bytes: vec![0x00, 0xA0],
        };
        let code = Segment {
            address: 0xA000,
            bytes: (0..18).collect(),
        };
        assert_eq!(
            hex(&[code, vectors]).unwrap(),
            ":10A00000000102030405060708090A0B0C0D0E0FD8\n:02A0100010112D\n:02FFFE0000A061\n:00000001FF\n"
        );
    }
}
