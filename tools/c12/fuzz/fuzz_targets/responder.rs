//! libFuzzer's end of the target `responder`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| c12_fuzz::responder::run(bytes));
