//! Image files: what loads, and the one line that refuses what does not.

#[path = "support/elf_file.rs"]
mod elf_file;

use std::path::Path;

use elf_file::File;
use virtual_meter::elf::Image;

/// Loads the image that `file` is.
fn load_file(file: &File) -> Result<Image, String> {
    load(&file.bytes())
}

/// Loads `bytes` from a file called `image.elf`, and cuts its folder out of the message.
fn load(bytes: &[u8]) -> Result<Image, String> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let folder = format!(
        "{}/elf-{}",
        env!("CARGO_TARGET_TMPDIR"),
        NEXT.fetch_add(1, Ordering::Relaxed)
    );
    std::fs::create_dir_all(&folder).expect("the target folder is writable");
    let path = format!("{folder}/image.elf");
    std::fs::write(&path, bytes).expect("the target folder is writable");
    let result = Image::load(Path::new(&path))
        .map_err(|error| error.to_string().replace(&format!("{folder}/"), ""));
    std::fs::remove_dir_all(&folder).expect("the target folder is writable");
    result
}

#[test]
fn an_image_loads_with_its_names() {
    let image = load_file(&File::default()).expect("the image is sound");
    assert_eq!(image.segments.len(), 2);
    assert_eq!(
        (image.segments[0].address, image.segments[0].bytes.len()),
        (0x8000, 6)
    );
    assert_eq!(
        (
            image.segments[1].address,
            image.segments[1].bytes.as_slice()
        ),
        (0xFFFE, &[0x00, 0x80][..])
    );
    let run = image
        .symbols
        .find("meter::run")
        .expect("the symbol is in the file");
    assert_eq!((run.address, run.size, run.is_code), (0x8002, 4, true));
    assert_eq!(
        image.symbols.find("_ZN5meter3run17h0123456789abcdefE"),
        Some(run)
    );
    assert_eq!(image.symbols.find("stop"), None);
    assert_eq!(image.symbols.describe(0x8000), "0x8000 in start");
    assert_eq!(image.symbols.describe(0x8004), "0x8004 in meter::run+0x2");
    assert_eq!(image.symbols.describe(0x8006), "0x8006");
    assert_eq!(image.symbols.describe(0x2000), "0x2000");
}

#[test]
fn what_is_no_image_is_refused_in_one_line() {
    let refused = |file: File, message: &str| {
        let error = load_file(&file).expect_err("the image is not sound");
        assert_eq!(error, format!("image.elf: {message}"));
    };
    refused(
        File {
            machine: 62,
            ..File::default()
        },
        "is for x86-64, not for the MSP430; build it for msp430-none-elf",
    );
    refused(
        File {
            machine: 94,
            ..File::default()
        },
        "is for ELF machine 94, not for the MSP430; build it for msp430-none-elf",
    );
    refused(
        File {
            kind: 1,
            ..File::default()
        },
        "is an object file or a library, not a linked program",
    );
    refused(
        File {
            code_address: 0x4000,
            ..File::default()
        },
        "a segment of 6 bytes runs at 0x4000, which is not within \
         information FRAM 0x1800-0x19ff, RAM 0x2000-0x2fff, FRAM 0x8000-0xffff",
    );
    refused(
        File {
            code_address: 0xFFFE,
            ..File::default()
        },
        "a segment of 6 bytes runs at 0xfffe, which is not within \
         information FRAM 0x1800-0x19ff, RAM 0x2000-0x2fff, FRAM 0x8000-0xffff",
    );
    refused(
        File {
            code_address: 0x2000,
            code_memory_bytes: 0x1001,
            ..File::default()
        },
        "a segment of 4097 bytes runs at 0x2000, which is not within \
         information FRAM 0x1800-0x19ff, RAM 0x2000-0x2fff, FRAM 0x8000-0xffff",
    );
    refused(
        File {
            vectors: vec![],
            ..File::default()
        },
        "has no reset vector at 0xfffe: it is not a complete program",
    );
    refused(
        File {
            vectors: vec![0xFF, 0xFF],
            ..File::default()
        },
        "has no reset vector at 0xfffe: it is not a complete program",
    );
}

#[test]
fn every_shortened_file_is_refused_in_one_line() {
    let whole = File::default().bytes();
    for length in 0..whole.len() {
        let error = load(&whole[..length]).expect_err("a part of the file is missing");
        assert!(
            error.starts_with("image.elf: ") && !error.contains('\n'),
            "{length}: {error}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Image::load(Path::new("no-such-image.elf"))
        .expect_err("there is no such file")
        .to_string();
    assert!(
        error.starts_with("no-such-image.elf: cannot be read: "),
        "{error}"
    );
}
