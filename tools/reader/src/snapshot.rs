//! The present values and energies in engineering units, from MT0.

use crate::decode::{self, Dimensions, Record};
use crate::session::Session;
use anyhow::{Context, Result};
use c12::layout;
use serde_json::Value;

/// Reads MT0 and gives it the form that programs rely on: quantities at the top, energies in `energy`.
/// What the meter does not measure is null.
pub fn read(session: &mut Session) -> Result<Record> {
    let bytes = session.read(c12::snapshot::TABLE)?;
    arrange(&bytes)
}

/// The snapshot in MT0's bytes.
pub fn arrange(bytes: &[u8]) -> Result<Record> {
    let layout = layout::find(c12::snapshot::TABLE).context("MT0 has a layout")?;
    let fields = decode::table(layout, bytes, &Dimensions::default())?;
    let mut snapshot = Record::new();
    let mut energy = Record::new();
    for (name, value) in fields {
        // Names end in their unit, so that energies are told by it.
        let is_energy = ["_wh", "_varh", "_vah"]
            .iter()
            .any(|unit| name.ends_with(unit));
        if is_energy {
            energy.insert(name, value)
        } else {
            snapshot.insert(name, value)
        };
    }
    snapshot.insert("dpf".into(), displacement(&snapshot));
    for (name, peak, rms) in [
        ("v_crest", "v_peak_v", "vrms_v"),
        ("i_crest", "i_peak_a", "irms_a"),
    ] {
        snapshot.insert(name.into(), crest(&snapshot, peak, rms));
    }
    snapshot.insert("energy".into(), Value::Object(energy));
    Ok(snapshot)
}

/// Crest factor: the largest magnitude in a window over the rms value. Null without either.
fn crest(snapshot: &Record, peak: &str, rms: &str) -> Value {
    let number = |name: &str| snapshot.get(name).and_then(Value::as_f64);
    match (number(peak), number(rms)) {
        (Some(peak), Some(rms)) if rms != 0.0 => Value::from(peak / rms),
        _ => Value::Null,
    }
}

/// Displacement power factor, cos φ₁, with the sign of the fundamental active power; from that and the reactive power,
/// which is the fundamental's. Null without either.
fn displacement(snapshot: &Record) -> Value {
    let number = |name: &str| snapshot.get(name).and_then(Value::as_f64);
    let (Some(active), Some(reactive)) = (number("p1_w"), number("q_var")) else {
        return Value::Null;
    };
    let apparent = active.hypot(reactive);
    if apparent == 0.0 {
        return Value::Null;
    }
    Value::from(active / apparent)
}
