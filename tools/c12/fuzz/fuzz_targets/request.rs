//! Whatever parses is written again as the same bytes.
#![no_main]

use c12::service::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::parse(bytes) {
        let mut out = vec![0; bytes.len()];
        assert_eq!(request.emit(&mut out), Some(bytes.len()));
        assert_eq!(out, bytes);
    }
});
