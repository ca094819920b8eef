//! libFuzzer's end of the target `meter`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::meter::run(bytes));
