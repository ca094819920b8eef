//! The arithmetic helpers that the MSP430 EABI lets the compiler call.
//!
//! TI's libgcc is not linked, so every `__mspabi_*` integer helper is ours (SLAA534A section 6). There are no
//! floating-point helpers on purpose: an image that needs one fails to link.
//!
//! Products run on the 32-bit multiplier (MPY32). It is one piece of hardware with state, used by interrupts and
//! by thread code, so each helper masks interrupts from the first operand write to the last result read and then
//! restores SR. The longest masked stretch is `__mspabi_mpyll`, 65 cycles in all: under 3 µs of the 125 µs between samples.
//!
//! Quotients are shift-and-subtract; leading zero words of the dividend are skipped. Measured over random operands,
//! mean and most: 16 bits 175 and 204 cycles, 32 bits 405 and 668, 64 bits 1 254 and 2 561.
//!
//! Each routine has a section of its own, so those that nobody calls cost nothing.
//! Conventions: arguments from R12 up, R11-R15 may be lost, R4-R10 are kept. The 64-bit helpers take the first
//! operand in R8-R11 and the second in R12-R15 (SLAA534A section 3.3.5); the result is in R12-R15.
//!
//! | file | what |
//! |---|---|
//! | `products` | products, and the overflow-checked one |
//! | `quotients` | quotients and remainders |
//! | `shifts` | shifts by a variable count |

mod products;
mod quotients;
mod shifts;
