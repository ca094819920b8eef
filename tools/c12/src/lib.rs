//! ANSI C12.18 link and PSEM services, ANSI C12.19 types: the language meter and readers speak.
//!
//! One port of a meter is a [`link::Link`] that the UART interrupts feed and drain, and a [`responder::Responder`]
//! that the main loop lets answer for a [`device::Device`]:
//!
//! ```
//! # use c12::{device::Device, frame::Frame, link::{Link, Turn}, responder::Responder, response::Response};
//! # struct Meter;
//! # impl Device for Meter {
//! #     fn begin_read(&mut self, _: u16) -> Result<u16, Response> { Err(Response::Iar) }
//! #     fn byte(&mut self, _: u16, _: u16) -> u16 { 0 }
//! #     fn security(&mut self, _: &[u8; 20]) -> Result<(), Response> { Err(Response::Err) }
//! #     fn session_ended(&mut self) {}
//! # }
//! # fn critical_section<T>(f: impl FnOnce() -> T) -> T { f() }
//! # let mut frame = Frame::new();
//! # let (mut link, mut responder, mut meter, now) = (Link::new(&mut frame), Responder::new(), Meter, 0);
//! // Receive interrupt: one byte in; the signal says whether to start the transmitter or to wake the main loop.
//! let _signal = link.receive(0xEE, now);
//! // Transmit interrupt: one byte out, or the transmitter is disabled.
//! let _byte = link.transmit(now);
//! // Main loop. Only `turn` and `send` need a critical section; the work between them does not.
//! match critical_section(|| link.turn(now)) {
//!     Turn::Idle => {}
//!     Turn::Transmit => { /* enable the transmit interrupt */ }
//!     Turn::Lost => { /* set the UART to link.bit_rate() */ responder.lost(&mut meter) }
//!     Turn::Serve(cause, frame) => {
//!         responder.serve(cause, frame, &mut meter);
//!         critical_section(|| link.send(frame)); /* enable the transmit interrupt */
//!     }
//! }
//! ```
//!
//! The meter describes its tables with [`table`]; MT0 is laid out in [`snapshot`], MT1 in [`calibration`], MT2 in
//! [`diagnostics`], MT3 in [`power_quality`], MT4 in [`tiers`], MT5 in [`clock_trim`].
#![no_std]
#![forbid(unsafe_code)]

pub mod access;
pub mod calibration;
pub mod client;
pub mod clock;
pub mod clock_trim;
pub mod crc;
pub mod device;
pub mod diagnostics;
pub mod event;
pub mod field;
pub mod frame;
pub mod layout;
pub mod link;
pub mod packet;
pub mod power_quality;
pub mod procedure;
pub mod responder;
pub mod response;
pub mod service;
pub mod snapshot;
pub mod table;
pub mod tiers;
pub mod uom;
