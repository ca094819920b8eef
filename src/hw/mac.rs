//! The arithmetic's inner loops on the 32-bit multiplier, in assembly.
//!
//! Bit for bit what `metrology::kernel` defines, checked in the virtual meter against the portable version. LLVM would
//! call a helper and rebuild 64-bit carries for every product: 185 cycles instead of 17.

use core::arch::asm;
use metrology::kernel::Kernel;

/// The chip's multiplier. Only the block interrupt may use it this way: the running sum lives in the multiplier's
/// result registers across instructions, and nothing that can interrupt the block interrupt multiplies.
pub struct Multiplier;

impl Kernel for Multiplier {
    #[inline(never)]
    fn mac(&self, sum: &mut i64, a: &[i32], b: &[i32]) {
        let count = a.len().min(b.len());
        if count == 0 {
            return;
        }
        // SAFETY: reads `count` elements of both slices and the sum, writes the sum; the multiplier is ours here.
        //
        // `.word 0x4Cnn, address` is MOV @R12+, &address (0x4D.. for R13), which the CPU has and LLVM's assembler
        // lacks. Each turn: two operand words into MACS32, two into OP2, which starts the product. The next OP2 write
        // comes 12 cycles later, the product takes 11.
        unsafe {
            asm!(
                "mov @{sum}, &{RES0}",
                "mov 2({sum}), &{RES1}",
                "mov 4({sum}), &{RES2}",
                "mov 6({sum}), &{RES3}",
                "2:",
                ".word 0x4CB2, {MACS32L}",
                ".word 0x4CB2, {MACS32H}",
                ".word 0x4DB2, {OP2L}",
                ".word 0x4DB2, {OP2H}",
                "dec {count}",
                "jne 2b",
                // Six cycles from the last operand to RES3: these reads, in ascending order, are late enough.
                "mov &{RES0}, 0({sum})",
                "mov &{RES1}, 2({sum})",
                "mov &{RES2}, 4({sum})",
                "mov &{RES3}, 6({sum})",
                sum = in(reg) sum,
                count = inout(reg) count => _,
                inout("r12") a.as_ptr() => _,
                inout("r13") b.as_ptr() => _,
                RES0 = const 0x04E4,
                RES1 = const 0x04E6,
                RES2 = const 0x04E8,
                RES3 = const 0x04EA,
                MACS32L = const 0x04DC,
                MACS32H = const 0x04DE,
                OP2L = const 0x04E0,
                OP2H = const 0x04E2,
                options(nostack),
            );
        }
    }
}
