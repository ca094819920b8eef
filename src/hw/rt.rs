//! From the reset vector to `main`: stack, watchdog, RAM.
//!
//! msp430-rt's prebuilt start-up is replaced by defining its `Reset` symbol here. Two reasons: its relocations are not
//! understood by lld, and its byte-wise loops (11 cycles a byte) run for longer than the watchdog's 31 ms when RAM is
//! full. This one works in words and leaves the watchdog stopped until `watchdog::start`.

use core::arch::global_asm;

global_asm!(
    ".section .Reset,\"ax\",@progbits",
    ".globl Reset",
    ".type Reset,@function",
    "Reset:",
    "mov #_stack_start, r1",
    // WDTPW | WDTHOLD: 32 ms after reset it would bite.
    "mov #0x5A80, &0x01CC",
    // The routines that run in RAM, and behind them the statics, all of which begin as zeros (memory.x says so).
    "mov #_shot, r12",
    "mov #_sihot, r14",
    "1:",
    "mov @r14+, r15",
    "mov r15, 0(r12)",
    "incd r12",
    "cmp #_ehot, r12",
    "jne 1b",
    "2:",
    "clr 0(r12)",
    "incd r12",
    "cmp #_ebss, r12",
    "jne 2b",
    "br #main",
    ".size Reset, . - Reset",
);
