//! The grid on all cores: each series of points on a meter of its own.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use anyhow::{Context, Result, anyhow};
use virtual_meter::board::Board;
use virtual_meter::elf::Image;
use virtual_meter::scene::Scene;
use virtual_meter::time::SECOND;

use super::errors::Found;
use super::grid::{self, Point, Wave};
use super::stand::{Stand, Window};
use crate::progress::Step;

/// Windows that are skipped after the source has changed: the one of the change, and two in which frequency and
/// fundamental follow.
const SETTLE: u32 = 3;
/// From power-up until the meter measures.
const START_S: u64 = 3;

/// Measures every point of the grid with calibrated meters on the default board.
///
/// # Errors
/// The first failure of a meter, with its point.
pub fn run(image: &Image, information: &[u8]) -> Result<Vec<Found>> {
    let series = grid::series();
    let total: usize = series.iter().map(Vec::len).sum();
    let mut step = Step::start(&format!("accuracy, {total} points"));
    let next = AtomicUsize::new(0);
    let all = Mutex::new(vec![Vec::new(); series.len()]);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (tell, told) = mpsc::channel();
    let result = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                let (tell, series, next, all) = (tell.clone(), &series, &next, &all);
                scope.spawn(move || -> Result<()> {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(points) = series.get(number) else {
                            return Ok(());
                        };
                        let found = measure(image, information, points, |point| {
                            // Nobody listens any more when another series has failed.
                            let _ = tell.send(in_words(point));
                        })
                        .inspect_err(|_| next.store(series.len(), Ordering::Relaxed))?;
                        let mut all = all
                            .lock()
                            .map_err(|_| anyhow!("another series has failed"))?;
                        all[number] = found;
                    }
                })
            })
            .collect();
        drop(tell);
        for (done, words) in told.into_iter().enumerate() {
            step.at(&format!("{} of {total} points, {words}", done + 1));
        }
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .map_err(|_| anyhow!("a thread of the grid has panicked"))?
        })
    });
    step.finish(if result.is_ok() { "measured" } else { "failed" });
    result?;
    let all = all
        .into_inner()
        .map_err(|_| anyhow!("a thread has panicked"))?;
    Ok(all.concat())
}

/// The point for a person.
fn in_words(point: &Point) -> String {
    let wave = match point.wave {
        Wave::Sine => String::new(),
        wave => format!(", {}", wave.name()),
    };
    format!(
        "{} V, {} Hz, {} A at {:.0}°{wave}",
        point.voltage_v, point.f_hz, point.current_a, point.lag_deg
    )
}

fn measure(
    image: &Image,
    information: &[u8],
    points: &[Point],
    done: impl Fn(&Point),
) -> Result<Vec<Found>> {
    let Some(first) = points.first() else {
        return Ok(Vec::new());
    };
    let board = Board::from_option(None)?;
    let scene = Scene::new(first.timeline(), board, Vec::new());
    let stand = Stand::new(image, scene, Some(information));
    stand.run(START_S * SECOND)?;
    let mut session = stand.log_on()?;
    let mut found = Vec::new();
    for point in points {
        if !point.wave.is_changing() {
            stand.switch_to(point.lines(), point.f_hz);
        }
        let measured = measure_point(&stand, &mut session, point);
        found.push(measured.with_context(|| in_words(point))?);
        done(point);
    }
    session.close();
    Ok(found)
}

fn measure_point(
    stand: &Stand,
    session: &mut reader::session::Session,
    point: &Point,
) -> Result<Found> {
    let mut before = Window::next(session, None)?;
    for _ in 0..SETTLE {
        before = Window::next(session, Some(before.sequence))?;
    }
    let mut windows: Vec<Window> = Vec::new();
    for _ in 0..point.windows {
        let last = windows.last().unwrap_or(&before).sequence;
        windows.push(Window::next(session, Some(last))?);
    }
    // Whole windows, so whole patterns of a burst too, wherever the stretch is cut.
    let truth = stand.truth(f64::from(point.windows) * point.window_s());
    Ok(Found::new(point, &before, &windows, &truth))
}
