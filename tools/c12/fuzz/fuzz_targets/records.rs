//! libFuzzer's end of the target `records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::records::run(bytes));
