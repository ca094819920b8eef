//! The `[[fault]]` tables of a scenario.

use serde::Deserialize;

use crate::converter::{Fault, TimedFault};
use crate::mains::segment::LINES;
use crate::time::{Time, from_seconds};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultEntry {
    at_s: f64,
    duration_s: Option<f64>,
    kind: FaultKind,
    one_in: Option<u32>,
    channel: Option<usize>,
    code: Option<i32>,
    register: Option<u8>,
    bits: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FaultKind {
    CorruptResponse,
    CorruptCommand,
    LostReady,
    StuckChannel,
    Reset,
    DisturbedRegister,
    Dead,
}

impl FaultEntry {
    /// The fault with its times.
    ///
    /// # Errors
    /// What is missing or makes no sense.
    pub fn timed(&self) -> Result<TimedFault, String> {
        let fault = match self.kind {
            FaultKind::CorruptResponse => Fault::CorruptResponse,
            FaultKind::CorruptCommand => Fault::CorruptCommand,
            FaultKind::LostReady => Fault::LostReady,
            FaultKind::Reset => Fault::Reset,
            FaultKind::Dead => Fault::Dead,
            FaultKind::StuckChannel => {
                let channel = self.channel.filter(|&channel| channel < LINES);
                Fault::StuckChannel {
                    channel: channel.ok_or("stuck-channel needs channel = 0, 1 or 2")?,
                    code: self.code,
                }
            }
            FaultKind::DisturbedRegister => {
                let (address, bits) = self
                    .register
                    .zip(self.bits)
                    .ok_or("disturbed-register needs register and bits")?;
                Fault::DisturbedRegister { address, bits }
            }
        };
        if self.one_in == Some(0) {
            return Err("one_in = 0 says nothing".into());
        }
        let from = from_seconds(self.at_s);
        let until = self.duration_s.map_or(Time::MAX, |duration_s| {
            from.saturating_add(from_seconds(duration_s))
        });
        Ok(TimedFault {
            fault,
            from,
            until,
            one_in: self.one_in.unwrap_or(1),
        })
    }
}
