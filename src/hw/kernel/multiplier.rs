//! Names of the 32-bit multiplier's registers for the assembler (SLAU445 table 5-4).
//!
//! Once for all of the kernel: as operands of `asm!` every function would have to list the ones that it uses.

core::arch::global_asm!(
    // First operand: of an unsigned product, a signed one, a signed one to be added to the sum.
    ".set MPY32L, 0x04D0",
    ".set MPY32H, 0x04D2",
    ".set MPYS32L, 0x04D4",
    ".set MPYS32H, 0x04D6",
    ".set MACS32L, 0x04DC",
    ".set MACS32H, 0x04DE",
    // Second operand: its upper word starts the product.
    ".set OP2L, 0x04E0",
    ".set OP2H, 0x04E2",
    // Result or sum, lowest word first.
    ".set RES0, 0x04E4",
    ".set RES1, 0x04E6",
    ".set RES2, 0x04E8",
    ".set RES3, 0x04EA",
);
