//! Small ELF files, sound ones and others.

/// Start of main FRAM, where the test images have their code.
pub const CODE: u32 = 0x8000;

/// An ELF file with two segments, code at [`CODE`] and the vectors, and two symbols: `start` and `meter::run`.
pub struct File {
    /// The architecture, 105 for the MSP430.
    pub machine: u16,
    /// 2 for a program.
    pub kind: u16,
    /// The first segment.
    pub code: Vec<u8>,
    /// Where it goes.
    pub code_address: u32,
    /// How much memory it takes, its bytes and zeros.
    pub code_memory_bytes: u32,
    /// The second segment, at 0xFFFE.
    pub vectors: Vec<u8>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            machine: 105,
            kind: 2,
            code: vec![0x03, 0x43, 0x03, 0x43, 0xFF, 0x3F],
            code_address: CODE,
            code_memory_bytes: 6,
            vectors: vec![0x00, 0x80],
        }
    }
}

impl File {
    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        let (code_at, code_len) = (116, self.code.len() as u32);
        let vectors_at = code_at + code_len;
        let strings = b"\0start\0_ZN5meter3run17h0123456789abcdefE\0";
        let strings_at = vectors_at + self.vectors.len() as u32;
        let symbols_at = strings_at + strings.len() as u32;
        let sections_at = symbols_at + 3 * 16;
        let mut file = Vec::new();
        file.extend(b"\x7FELF\x01\x01\x01\0\0\0\0\0\0\0\0\0");
        halves(&mut file, &[self.kind, self.machine]);
        words(&mut file, &[1, CODE, 52, sections_at, 0]);
        halves(&mut file, &[52, 32, 2, 40, 5, 3]);
        let addresses = |address| [address, address];
        words(&mut file, &[1, code_at]);
        words(&mut file, &addresses(self.code_address));
        words(&mut file, &[code_len, self.code_memory_bytes, 5, 1]);
        words(&mut file, &[1, vectors_at]);
        words(&mut file, &addresses(0xFFFE));
        words(
            &mut file,
            &[self.vectors.len() as u32, self.vectors.len() as u32, 4, 1],
        );
        file.extend(&self.code);
        file.extend(&self.vectors);
        file.extend(strings);
        words(&mut file, &[0; 4]);
        for (name, address, size) in [(1, CODE, 0), (7, CODE + 2, 4)] {
            words(&mut file, &[name, address, size]);
            file.extend([2, 0]);
            halves(&mut file, &[1]);
        }
        words(&mut file, &[0; 10]);
        words(
            &mut file,
            &[0, 1, 6, self.code_address, code_at, code_len, 0, 0, 1, 0],
        );
        words(&mut file, &[0, 2, 0, 0, symbols_at, 48, 3, 1, 4, 16]);
        words(
            &mut file,
            &[0, 3, 0, 0, strings_at, strings.len() as u32, 0, 0, 1, 0],
        );
        words(
            &mut file,
            &[
                0,
                1,
                2,
                0xFFFE,
                vectors_at,
                self.vectors.len() as u32,
                0,
                0,
                1,
                0,
            ],
        );
        file
    }
}

fn halves(file: &mut Vec<u8>, values: &[u16]) {
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn words(file: &mut Vec<u8>, values: &[u32]) {
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}
