//! The meter without hardware: what it measures, stores and answers; tested on a PC.
//!
//! | what | where |
//! |---|---|
//! | measuring: from a window to what readers see | `readings`, `snapshot`, `status_line` |
//! | answering: the C12 responder's device, and what each table contains | `service`, `tables` |
//! | what goes by the clock | `calendar`, `demand`, `profile`, `self_reads`, `tiers`; `list` is what the standard says of lists |
//! | what outlives a supply failure | `store` (two copies of each record), `settings`, `pending`, `events`, `calibration_store` |
//! | words on the wire | `ads131m03` (converter), `baud` (UART) |
//!
//! The main loop (`app`) and registers (`hw`) belong to the image alone.
#![no_std]
#![forbid(unsafe_code)]

pub mod ads131m03;
pub mod baud;
pub mod calendar;
#[cfg(test)]
mod calendar_tests;
pub mod calibration_store;
pub mod demand;
pub mod events;
pub mod list;
pub mod pending;
pub mod profile;
#[cfg(test)]
mod profile_tests;
pub mod readings;
pub mod self_reads;
pub mod service;
pub mod settings;
pub mod snapshot;
pub mod status_line;
pub mod store;
pub mod tables;
pub mod tiers;
