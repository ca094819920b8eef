//! One load: set by the reference, averaged over the meter's windows.

use super::arithmetic::{Load, Shown, Truth};
use super::plan::Setting;
use super::progress::Progress;
use super::reference::Reference;
use crate::session::Session;
use anyhow::{Context, Result, bail, ensure};
use c12::snapshot::{self, FLAG_NAMES, flag, offset};

/// Remarks that no window of an average may carry.
const UNFIT: u32 = flag::SETTLING
    | flag::NO_ZERO_CROSSINGS
    | flag::VOLTAGE_CLIPPED
    | flag::LINE_CLIPPED
    | flag::NEUTRAL_CLIPPED
    | flag::CROSSING_MISSED
    | flag::CHANNEL_STUCK
    | flag::NEUTRAL_METERED
    | flag::FRAMES_LOST;

/// How often the meter is asked for a new window, and after how long without one it is given up.
const POLL_MS: u32 = 250;
const GIVE_UP_MS: u32 = 5_000;

/// Longest pause that a person gets before the meter ends the session.
const PATIENCE_S: u16 = 255;

/// One window of the meter.
#[derive(Clone, Copy, Debug)]
struct Window {
    sequence: u32,
    flags: u32,
    voltage_v: f64,
    line_a: f64,
    neutral_a: f64,
    p_w: f64,
    q_var: f64,
    f_hz: f64,
    temperature_c: f64,
}

impl Window {
    /// From MT0's bytes; an older meter has no fine powers.
    fn of(bytes: &[u8]) -> Result<Self> {
        ensure!(
            bytes.len() >= offset::P_UW,
            "MT0 has {} bytes, which is no snapshot",
            bytes.len()
        );
        let chunk = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
        let word = |at: usize| chunk(at).map_or(0, |word| u32::from_le_bytes(*word));
        let quantity = |at: usize, one: f64| match word(at) as i32 {
            snapshot::NOT_AVAILABLE => f64::NAN,
            value => f64::from(value) / one,
        };
        let fine = |at: usize, coarse_at: usize| match bytes
            .get(at..)
            .and_then(|rest| rest.first_chunk::<8>())
            .map(|wide| i64::from_le_bytes(*wide))
        {
            None | Some(i64::MIN) => quantity(coarse_at, 1e3),
            Some(micro) => micro as f64 / 1e6,
        };
        Ok(Window {
            sequence: word(offset::SEQUENCE),
            flags: word(offset::FLAGS),
            voltage_v: quantity(offset::VRMS_MV, 1e3),
            line_a: quantity(offset::IRMS_UA, 1e6),
            neutral_a: quantity(offset::NEUTRAL_UA, 1e6),
            p_w: fine(offset::P_UW, offset::P_MW),
            q_var: fine(offset::Q_UVAR, offset::Q_MVAR),
            f_hz: quantity(offset::F_UHZ, 1e6),
            temperature_c: quantity(offset::TEMPERATURE_MDEGC, 1e3),
        })
    }

    /// A channel that the meter does not measure reads zero.
    fn current_squares(&self) -> [f64; 2] {
        [self.line_a, self.neutral_a].map(|amperes| {
            if amperes.is_nan() {
                0.0
            } else {
                amperes * amperes
            }
        })
    }
}

/// Waits for a window that is not number `last`.
fn next_window(session: &mut Session, last: Option<u32>) -> Result<Window> {
    let began_ms = session.now_ms();
    loop {
        let window = Window::of(&session.read(snapshot::TABLE)?)?;
        if last != Some(window.sequence) {
            return Ok(window);
        }
        if session.now_ms().wrapping_sub(began_ms) > GIVE_UP_MS {
            bail!("the meter has not finished a window for {GIVE_UP_MS} ms: is it measuring?");
        }
        session.pause(POLL_MS)?;
    }
}

/// Names of flags.
fn names(flags: u32) -> String {
    let set = FLAG_NAMES.iter().enumerate();
    let set = set.filter(|(bit, _)| flags >> bit & 1 != 0);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// Sets a load, waits `settle` windows, averages.
///
/// # Errors
/// The line, the meter or the reference failed; a window of the average carried a remark; frequency outside 45 to 66 Hz.
pub fn measure(
    session: &mut Session,
    reference: &mut dyn Reference,
    setting: &Setting,
    settle: u32,
    progress: &mut Progress,
) -> Result<Load> {
    let words = setting.in_words();
    progress.begin(&words);
    if reference.is_slow() {
        session.wait(PATIENCE_S)?;
    }
    reference.apply(setting)?;
    let mut last = None;
    for _ in 0..=settle {
        last = Some(next_window(session, last)?.sequence);
    }
    let mut sum = Shown::default();
    let mut truth = Truth {
        f_hz: Some(0.0),
        ..Truth::default()
    };
    let mut samples = 0.0;
    for done in 0..setting.average_s {
        let window = next_window(session, last)?;
        last = Some(window.sequence);
        if window.flags & UNFIT != 0 {
            bail!(
                "at {words} a window is marked {}: find out why and begin again",
                names(window.flags & UNFIT)
            );
        }
        let [line_square_a2, neutral_square_a2] = window.current_squares();
        sum.voltage_v += window.voltage_v;
        sum.line_square_a2 += line_square_a2;
        sum.neutral_square_a2 += neutral_square_a2;
        sum.p_w += window.p_w;
        sum.q_var += window.q_var;
        sum.f_hz += window.f_hz;
        sum.temperature_c += window.temperature_c;
        // The fine powers are shown whether they count or not; exactly nothing is a meter that hides them all the same.
        sum.is_power_hidden |= window.flags & flag::NO_LOAD != 0 && window.p_w == 0.0;
        sum.is_current_seen[0] |= line_square_a2 > 0.0;
        sum.is_current_seen[1] |= neutral_square_a2 > 0.0;
        if let Some(sample) = reference.sample()? {
            truth.voltage_v += sample.voltage_v;
            truth.current_a += sample.current_a;
            truth.p_w += sample.p_w;
            truth.q_var += sample.q_var;
            // One without a frequency is no frequency.
            truth.f_hz = truth.f_hz.zip(sample.f_hz).map(|(sum, f_hz)| sum + f_hz);
            samples += 1.0;
        }
        progress.at(done + 1, setting.average_s);
    }
    let count = f64::from(setting.average_s);
    let shown = Shown {
        voltage_v: sum.voltage_v / count,
        line_square_a2: sum.line_square_a2 / count,
        neutral_square_a2: sum.neutral_square_a2 / count,
        p_w: sum.p_w / count,
        q_var: sum.q_var / count,
        f_hz: sum.f_hz / count,
        temperature_c: sum.temperature_c / count,
        is_current_seen: sum.is_current_seen,
        is_power_hidden: sum.is_power_hidden,
    };
    let truth = if samples > 0.0 {
        Truth {
            voltage_v: truth.voltage_v / samples,
            current_a: truth.current_a / samples,
            p_w: truth.p_w / samples,
            q_var: truth.q_var / samples,
            f_hz: truth.f_hz.map(|sum| sum / samples),
        }
    } else {
        if reference.is_slow() {
            session.wait(PATIENCE_S)?;
        }
        let truth = reference.finish(setting)?;
        truth.context("the reference says nothing about this load")?
    };
    progress.end();
    let frequencies = [
        ("the meter", Some(shown.f_hz)),
        ("the reference", truth.f_hz),
    ];
    for (whose, f_hz) in frequencies {
        let Some(f_hz) = f_hz else { continue };
        if !(45.0..=66.0).contains(&f_hz) {
            bail!("at {words} {whose} measures {f_hz} Hz: calibrate between 45 and 66 Hz");
        }
    }
    Ok(Load { shown, truth })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_with_fine_powers_where_there_are_any() {
        let mut bytes = [0; snapshot::SIZE];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(offset::SEQUENCE, &7u32.to_le_bytes());
        put(offset::VRMS_MV, &220_012i32.to_le_bytes());
        put(offset::IRMS_UA, &3_000i32.to_le_bytes());
        put(offset::NEUTRAL_UA, &snapshot::NOT_AVAILABLE.to_le_bytes());
        put(offset::P_MW, &(-12i32).to_le_bytes());
        put(offset::P_UW, &(-12_345i64).to_le_bytes());
        put(offset::Q_UVAR, &i64::MIN.to_le_bytes());
        put(offset::Q_MVAR, &5i32.to_le_bytes());
        let window = Window::of(&bytes).unwrap();
        assert_eq!((window.sequence, window.voltage_v), (7, 220.012));
        assert_eq!(window.current_squares(), [9e-6, 0.0]);
        assert_eq!((window.p_w, window.q_var), (-0.012345, 0.005));
        let older = Window::of(&bytes[..112]).unwrap();
        assert_eq!(older.p_w, -0.012);
        assert!(Window::of(&bytes[..50]).is_err());
        assert_eq!(
            names(flag::FRAMES_LOST | flag::SETTLING),
            "settling, frames_lost"
        );
    }
}
