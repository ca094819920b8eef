//! From reset to the main loop; on a PC it only says how to run the image.
#![cfg_attr(target_arch = "msp430", no_std, no_main)]
#![cfg_attr(
    target_arch = "msp430",
    feature(abi_msp430_interrupt, asm_experimental_arch)
)]

#[cfg(target_arch = "msp430")]
mod hw;

#[cfg(target_arch = "msp430")]
mod app;

#[cfg(not(target_arch = "msp430"))]
fn main() {
    println!(
        "this is firmware for an MSP430FR2355: `cargo xtask demo` runs it in the virtual meter"
    );
}
