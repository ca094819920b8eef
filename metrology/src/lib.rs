//! Fixed-point arithmetic of an electricity meter: converter codes in, quantities out.
#![no_std]
#![forbid(unsafe_code)]
