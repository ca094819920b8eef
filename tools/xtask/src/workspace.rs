//! Where things are in the work tree.

use std::path::{Path, PathBuf};

/// The folder with the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Build products of the host side, and of the tasks.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The image as `cargo xtask firmware` leaves it.
pub fn image_elf() -> PathBuf {
    target().join("meter430.elf")
}

/// The same image for programmers that want Intel HEX.
pub fn image_hex() -> PathBuf {
    target().join("meter430.hex")
}
