//! Products, on the 32-bit multiplier with interrupts masked.

use core::arch::global_asm;

global_asm!(
    // i16/u16: R12 * R13 -> R12. The low half is the same for signed and unsigned.
    ".section .text.__mspabi_mpyi,\"ax\",@progbits",
    ".globl __mspabi_mpyi",
    ".type __mspabi_mpyi,@function",
    "__mspabi_mpyi:",
    "mov r2, r14",
    "dint",
    "nop",
    "mov r12, &{MPY}",
    "mov r13, &{OP2}",
    "mov &{RES0}, r12",
    "mov r14, r2",
    "ret",
    ".size __mspabi_mpyi, . - __mspabi_mpyi",
    // i32/u32: R12:13 * R14:15 -> R12:13.
    ".section .text.__mspabi_mpyl,\"ax\",@progbits",
    ".globl __mspabi_mpyl",
    ".type __mspabi_mpyl,@function",
    "__mspabi_mpyl:",
    "mov r2, r11",
    "dint",
    "nop",
    "mov r12, &{MPY32L}",
    "mov r13, &{MPY32H}",
    "mov r14, &{OP2L}",
    "mov r15, &{OP2H}",
    "mov &{RES0}, r12",
    "mov &{RES1}, r13",
    "mov r11, r2",
    "ret",
    ".size __mspabi_mpyl, . - __mspabi_mpyl",
    // i64/u64: a = R8-R11, b = R12-R15, low 64 bits of a*b -> R12-R15.
    // a*b = lo(a)*lo(b) + (hi(a)*lo(b) + lo(a)*hi(b)) << 32: the two cross products are summed by the multiplier
    // itself, then added to the upper half of the third.
    ".section .text.__mspabi_mpyll,\"ax\",@progbits",
    ".globl __mspabi_mpyll",
    ".type __mspabi_mpyll,@function",
    "__mspabi_mpyll:",
    "push r2",
    "dint",
    "nop",
    "mov r10, &{MPY32L}",
    "mov r11, &{MPY32H}",
    "mov r12, &{OP2L}",
    "mov r13, &{OP2H}",
    "mov r8, &{MAC32L}",
    "mov r9, &{MAC32H}",
    "mov r14, &{OP2L}",
    "mov r15, &{OP2H}",
    "mov &{RES0}, r14",
    "mov &{RES1}, r15",
    "mov r8, &{MPY32L}",
    "mov r9, &{MPY32H}",
    "mov r12, &{OP2L}",
    "mov r13, &{OP2H}",
    "mov &{RES0}, r12",
    "mov &{RES1}, r13",
    "add &{RES2}, r14",
    "addc &{RES3}, r15",
    "pop r2",
    "ret",
    ".size __mspabi_mpyll, . - __mspabi_mpyll",
    MPY = const 0x04C0,
    OP2 = const 0x04C8,
    MPY32L = const 0x04D0,
    MPY32H = const 0x04D2,
    MAC32L = const 0x04D8,
    MAC32H = const 0x04DA,
    OP2L = const 0x04E0,
    OP2H = const 0x04E2,
    RES0 = const 0x04E4,
    RES1 = const 0x04E6,
    RES2 = const 0x04E8,
    RES3 = const 0x04EA,
);

/// Overflow-checked signed 32-bit product, which LLVM may call for `checked_mul` and friends.
///
/// compiler_builtins has one too, but it writes a 32-bit overflow flag into the 16-bit slot that LLVM reserves and
/// so destroys two bytes of the caller's frame. A strong definition wins over that one. Our code avoids the call;
/// this is the safety net.
#[unsafe(no_mangle)]
extern "C" fn __mulosi4(a: i32, b: i32, overflow: &mut i16) -> i32 {
    let exact = (a as i64).wrapping_mul(b as i64);
    let low = exact as i32;
    *overflow = if exact == low as i64 { 0 } else { 1 };
    low
}
