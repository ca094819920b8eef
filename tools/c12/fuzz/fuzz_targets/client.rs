//! libFuzzer's end of the target `client`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::client::run(bytes));
