//! ANSI C12.18 link and PSEM services, ANSI C12.19 types: the language meter and readers speak.
#![no_std]
#![forbid(unsafe_code)]
