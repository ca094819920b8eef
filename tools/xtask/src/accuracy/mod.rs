//! `cargo xtask accuracy`: the accuracy grid on the real image, as a table, a picture, JSON and figures of the README.
//!
//! | file | what |
//! |---|---|
//! | `grid` | the points: currents, power factors, frequencies, voltages, waveforms, quadrants, changing loads |
//! | `stand` | one meter, its source and a reader, in simulated time |
//! | `calibration` | the factory's command, before anything is measured |
//! | `limits` | what the standards allow |
//! | `run` | all points, on all cores |
//! | `errors` | readings against the truth; mean, rms and peak |
//! | `table`, `picture` | what a person looks at |
//! | `comparison` | the same samples through the crate `metrology_insight` |
//!
//! The board is the default one, with noise, offsets, gain and phase errors; the truth is that of the simulated mains in
//! double precision. Readings come from MT0 over the communications port.

mod calibration;
mod comparison;
mod errors;
mod grid;
mod limits;
mod picture;
mod run;
mod stand;
mod table;

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use virtual_meter::meter::load_image;

use crate::progress::Step;
use crate::{readme, workspace};

/// The README's copy of the picture.
const README_PICTURE: &str = "tools/xtask/accuracy.svg";

/// Everything that is written as JSON.
#[derive(Debug, Serialize)]
struct Figures {
    points: Vec<errors::Found>,
    statistics: Vec<errors::Row>,
    comparison: Vec<comparison::Case>,
}

/// Runs the grid, prints it, draws it; writes JSON when a file is given, and the README's figures when they are wanted.
///
/// # Errors
/// When a meter stops or does not answer, a file cannot be written, or a point is over the limits of the class.
pub fn task(json: Option<&Path>, write_readme: bool) -> Result<()> {
    let image = load_image(&workspace::image_elf())?;
    let step = Step::start("calibration");
    let (information, report) = calibration::calibrate(&image)?;
    step.finish("done");
    println!("\n{}", report.text());
    let points = run::run(&image, &information)?;
    let statistics = errors::statistics(&points);
    println!("\n{}", table::curves(&points));
    println!("{}", table::waveforms(&points));
    println!("{}", table::flows(&points));
    println!("{}", table::rate());
    println!("{}", table::statistics(&statistics));
    let comparison = comparison::run()?;
    println!("\n{}", comparison::table(&comparison));
    let [png, svg] = ["accuracy.png", "accuracy.svg"].map(|name| workspace::target().join(name));
    picture::draw(&points, &png, &svg)?;
    println!("picture: {} and {}", png.display(), svg.display());
    if write_readme {
        let to = workspace::root().join(README_PICTURE);
        std::fs::copy(&svg, &to).with_context(|| format!("cannot write {}", to.display()))?;
        readme::write(
            "accuracy",
            &table::readme(&points, &statistics, README_PICTURE),
        )?;
    }
    let over = points.iter().filter(|one| limits::is_over(one)).count();
    let figures = Figures {
        points,
        statistics,
        comparison,
    };
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&figures)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if over > 0 {
        bail!("{over} points are over the limits of IEC 62053-22 class 0.1 S, marked ! above");
    }
    Ok(())
}
