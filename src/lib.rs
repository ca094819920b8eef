//! The meter without hardware: what it measures, stores and answers; tested on a PC.
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
