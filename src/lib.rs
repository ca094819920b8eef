//! The meter without hardware: what it measures, stores and answers; tested on a PC.
#![no_std]
#![forbid(unsafe_code)]
