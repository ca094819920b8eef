//! libFuzzer's end of the target `text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::text::run(bytes));
