//! The hardware edge: the only place with registers, volatile access and `unsafe`.
mod mspabi;
mod rt;

use panic_msp430 as _;

#[msp430_rt::entry]
fn entry() -> ! {
    loop {
        msp430::asm::nop();
    }
}
