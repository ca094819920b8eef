//! The mains and the load: numbers, spectra, recordings and what changes them with time.
//!
//! A [`timeline::Timeline`] is a row of [`segment::Segment`]s. Each is either periodic (a Fourier series per line, at a
//! frequency that may ramp) or a longer recording, so that every value, filtered value and true value has a closed form.

pub mod appliance;
pub mod dense;
pub mod numbers;
pub mod phase;
pub mod prepared;
pub mod recorded;
pub mod recording;
pub mod rhythm;
pub mod segment;
pub mod series;
pub mod shapes;
pub mod tally;
pub mod timeline;
