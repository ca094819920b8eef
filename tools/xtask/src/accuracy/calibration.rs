//! The calibration that comes before the grid: the factory's own command, on the same stand.

use anyhow::{Result, bail};
use reader::calibrate::plan::Plan;
use reader::calibrate::progress::Progress;
use reader::calibrate::reference::Bench;
use reader::calibrate::{self, report::Report};
use virtual_meter::elf::Image;
use virtual_meter::scene::{Options, Scene};
use virtual_meter::time::SECOND;

use super::stand::Stand;

/// The plan that the project ships.
const PLAN: &str = include_str!("../../../reader/plans/single-phase-220v.toml");

/// Calibrates a meter on the default board; returns its information FRAM, which every meter of the grid is given, and
/// what the calibration found.
///
/// # Errors
/// The meter's refusal, with its reason.
pub fn calibrate(image: &Image) -> Result<(Vec<u8>, Report)> {
    let scene = Scene::from_options(&Options::default())?;
    let stand = Stand::new(image, scene, None);
    stand.set_jumper();
    stand.run(3 * SECOND)?;
    let plan = Plan::parse(PLAN)?;
    let mut session = stand.log_on()?;
    let mut silence = std::io::sink();
    let mut progress = Progress::new(&mut silence, false, calibrate::loads(&plan));
    let mut reference = Bench::over(stand.clone())?;
    let report = calibrate::run(&mut session, &plan, &mut reference, &mut progress);
    session.close();
    if let Some(reason) = &report.refusal {
        bail!("the calibration before the grid was refused: {reason}");
    }
    // The meter stores what it was given in its own time.
    stand.run(SECOND)?;
    Ok((stand.information(), report))
}
