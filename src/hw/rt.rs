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
    "mov #_sbss, r12",
    "mov #_ebss, r13",
    "1:",
    "cmp r13, r12",
    "jhs 2f",
    "clr 0(r12)",
    "incd r12",
    "jmp 1b",
    "2:",
    "mov #_sdata, r12",
    "mov #_edata, r13",
    "mov #_sidata, r14",
    "call #meter430_copy",
    // Then the routines that run in RAM.
    "mov #_shot, r12",
    "mov #_ehot, r13",
    "mov #_sihot, r14",
    "call #meter430_copy",
    "br #main",
    // Words from R14 on to R12 up to R13.
    "meter430_copy:",
    "cmp r13, r12",
    "jhs 4f",
    "mov @r14+, r15",
    "mov r15, 0(r12)",
    "incd r12",
    "jmp meter430_copy",
    "4:",
    "ret",
    ".size Reset, . - Reset",
);
