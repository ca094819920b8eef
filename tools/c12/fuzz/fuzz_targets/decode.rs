//! libFuzzer's end of the target `decode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::decode::run(bytes));
