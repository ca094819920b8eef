//! The picture: error of the active power against current, with the limits of the standards, as PNG and SVG.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontTransform, register_font};

use super::errors::Found;
use super::grid::{MAIN_RANGE_FROM_A, POWER_FACTORS, Part};
use super::limits::{self, Limit};

/// Size at scale 1, pixels.
const SIZE: (u32, u32) = (1000, 620);
/// The PNG has so many pixels for one.
const PNG_SCALE: u32 = 2;

/// Colours that people who see fewer colours tell apart too, and that print in grey.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0x00, 0x5A, 0x9C),
    RGBColor(0xC8, 0x4B, 0x00),
    RGBColor(0x00, 0x80, 0x5C),
    RGBColor(0x9A, 0x3F, 0x8F),
];
const INK: RGBColor = RGBColor(0x26, 0x26, 0x26);
const GRID: RGBColor = RGBColor(0xE3, 0xE3, 0xE3);
const IEC_COLOUR: RGBColor = RGBColor(0x6B, 0x6B, 0x6B);
const ANSI_COLOUR: RGBColor = RGBColor(0xB0, 0x1E, 0x2E);

/// Currents that the axis names.
const TICKS_A: [(f64, &str); 14] = [
    (0.005, "5 mA"),
    (0.01, "10 mA"),
    (0.02, "20 mA"),
    (0.05, "50 mA"),
    (0.1, "0.1 A"),
    (0.2, "0.2 A"),
    (0.5, "0.5 A"),
    (1.0, "1 A"),
    (2.0, "2 A"),
    (5.0, "5 A"),
    (10.0, "10 A"),
    (20.0, "20 A"),
    (50.0, "50 A"),
    (100.0, "100 A"),
];

/// Draws both files.
///
/// # Errors
/// When one cannot be written.
pub fn draw(found: &[Found], png: &Path, svg: &Path) -> Result<()> {
    register_font(
        "sans-serif",
        FontStyle::Normal,
        epaint_default_fonts::UBUNTU_LIGHT,
    )
    .map_err(|_| anyhow!("the built-in typeface cannot be read"))?;
    let wrong = |path: &Path, error: String| anyhow!("cannot draw {}: {error}", path.display());
    let size = (SIZE.0 * PNG_SCALE, SIZE.1 * PNG_SCALE);
    let bitmap = BitMapBackend::new(png, size).into_drawing_area();
    paint(&bitmap, found, PNG_SCALE).map_err(|error| wrong(png, error))?;
    let vector = SVGBackend::new(svg, SIZE).into_drawing_area();
    paint(&vector, found, 1).map_err(|error| wrong(svg, error))
}

/// What one size means on this backend.
#[derive(Clone, Copy)]
struct Scale(u32);

impl Scale {
    fn pixels(self, size: u32) -> u32 {
        size * self.0
    }

    fn font(self, size: u32) -> FontDesc<'static> {
        ("sans-serif", self.pixels(size)).into_font()
    }
}

/// Half of the error axis: the curves and the limits with some air, in steps of 0.1 %.
fn half_axis_pct(found: &[Found]) -> f64 {
    let most = found
        .iter()
        .filter(|one| one.part == Part::Current)
        .map(|one| one.p_error_pct.abs())
        .fold(0.25, f64::max);
    ((most + 0.04) * 10.0).ceil() / 10.0
}

fn paint<D: DrawingBackend>(
    area: &DrawingArea<D, Shift>,
    found: &[Found],
    scale: u32,
) -> Result<(), String> {
    try_paint(area, found, Scale(scale)).map_err(|error| error.to_string())
}

fn try_paint<D: DrawingBackend>(
    area: &DrawingArea<D, Shift>,
    found: &[Found],
    scale: Scale,
) -> Result<(), DrawingAreaErrorKind<D::ErrorType>> {
    let px = |size: u32| scale.pixels(size) as i32;
    area.fill(&WHITE)?;
    let text = |size: u32, h: HPos, v: VPos| scale.font(size).color(&INK).pos(Pos::new(h, v));
    area.draw(&Text::new(
        "Error of active power against current",
        (px(76), px(16)),
        text(20, HPos::Left, VPos::Top),
    ))?;
    area.draw(&Text::new(
        "220 V, 60 Hz; the firmware's image in the virtual meter, default board with noise, after factory calibration",
        (px(76), px(42)),
        text(13, HPos::Left, VPos::Top),
    ))?;
    let half = half_axis_pct(found);
    let (first, last) = limits::AXIS_A;
    let x = (first / 1.12).log10()..(last * 1.12).log10();
    let mut chart = ChartBuilder::on(area)
        .margin_top(px(68))
        .margin_left(px(76))
        .margin_right(px(22))
        .margin_bottom(px(128))
        .build_cartesian_2d(x.clone(), -half..half)?;

    // Grid and axes.
    let thin = GRID.stroke_width(scale.pixels(1));
    for (current_a, name) in TICKS_A {
        let at = current_a.log10();
        chart.draw_series([PathElement::new(vec![(at, -half), (at, half)], thin)])?;
        let (px_x, px_y) = chart.backend_coord(&(at, -half));
        area.draw(&Text::new(
            name,
            (px_x, px_y + px(8)),
            text(13, HPos::Center, VPos::Top),
        ))?;
    }
    let steps = (half / 0.1).round() as i32;
    for step in -steps..=steps {
        let percent = f64::from(step) * 0.1;
        let style = if step == 0 {
            INK.stroke_width(scale.pixels(1))
        } else {
            thin
        };
        chart.draw_series([PathElement::new(
            vec![(x.start, percent), (x.end, percent)],
            style,
        )])?;
        let (px_x, px_y) = chart.backend_coord(&(x.start, percent));
        let label = if step == 0 {
            "0".to_owned()
        } else {
            format!("{percent:+.1}")
        };
        area.draw(&Text::new(
            label,
            (px_x - px(8), px_y),
            text(13, HPos::Right, VPos::Center),
        ))?;
    }
    area.draw(&Text::new(
        "error, %",
        (px(18), px(68) + (px(SIZE.1) - px(68 + 128)) / 2),
        scale
            .font(14)
            .transform(FontTransform::Rotate270)
            .color(&INK)
            .pos(Pos::new(HPos::Center, VPos::Center)),
    ))?;

    // Limits.
    let lines: [(&Limit, RGBColor, Option<u32>); 3] = [
        (&limits::IEC_UNITY, IEC_COLOUR, None),
        (&limits::IEC_DISPLACED, IEC_COLOUR, Some(7)),
        (&limits::ANSI_UNITY, ANSI_COLOUR, Some(3)),
    ];
    for (limit, colour, dash) in lines {
        for sign in [1.0, -1.0] {
            let points = limit
                .corners()
                .map(|(current_a, percent)| (current_a.log10(), sign * percent));
            let style = colour.stroke_width(scale.pixels(2));
            match dash {
                None => {
                    chart.draw_series([PathElement::new(points.to_vec(), style)])?;
                }
                Some(dash) => {
                    chart.draw_series(DashedLineSeries::new(
                        points,
                        scale.pixels(dash),
                        scale.pixels(4),
                        style,
                    ))?;
                }
            }
        }
    }

    // Curves, with twice the deviation of 10 s where noise shows.
    for (index, (_, lag_deg)) in POWER_FACTORS.into_iter().enumerate() {
        let colour = COLOURS[index];
        let curve: Vec<&Found> = found
            .iter()
            .filter(|one| one.part == Part::Current && one.lag_deg == lag_deg)
            .collect();
        for one in curve.iter().filter(|one| one.current_a < MAIN_RANGE_FROM_A) {
            let ends = [-1.0, 1.0].map(|sign| {
                let end = one.p_error_pct + sign * one.p_scatter_10s_pct;
                let (x, y) = chart.backend_coord(&(one.current_a.log10(), end.clamp(-half, half)));
                // Side by side, so that no bar hides another.
                (x + px(4) * index as i32 - px(6), y)
            });
            area.draw(&PathElement::new(
                ends.to_vec(),
                colour.mix(0.6).stroke_width(scale.pixels(2)),
            ))?;
        }
        let points = curve
            .iter()
            .map(|one| (one.current_a.log10(), one.p_error_pct));
        chart.draw_series(LineSeries::new(
            points.clone(),
            colour.stroke_width(scale.pixels(2)),
        ))?;
        for (x, y) in points {
            let place = chart.backend_coord(&(x, y));
            mark(area, place, index, colour, scale)?;
        }
    }
    let corners = vec![
        (x.start, -half),
        (x.end, -half),
        (x.end, half),
        (x.start, half),
        (x.start, -half),
    ];
    chart.draw_series([PathElement::new(corners, INK.stroke_width(scale.pixels(1)))])?;

    legend(area, scale, &lines)?;
    area.present()
}

/// A marker of its own for each curve: circle, triangle, square, diamond.
fn mark<D: DrawingBackend>(
    area: &DrawingArea<D, Shift>,
    (x, y): (i32, i32),
    index: usize,
    colour: RGBColor,
    scale: Scale,
) -> Result<(), DrawingAreaErrorKind<D::ErrorType>> {
    let r = scale.pixels(4) as i32;
    let filled = colour.filled();
    match index {
        0 => area.draw(&Circle::new((x, y), r, filled)),
        1 => area.draw(&Polygon::new(
            vec![(x, y - r - 1), (x - r, y + r - 1), (x + r, y + r - 1)],
            filled,
        )),
        2 => area.draw(&Rectangle::new([(x - r, y - r), (x + r, y + r)], filled)),
        _ => area.draw(&Polygon::new(
            vec![
                (x, y - r - 1),
                (x + r + 1, y),
                (x, y + r + 1),
                (x - r - 1, y),
            ],
            filled,
        )),
    }
}

fn legend<D: DrawingBackend>(
    area: &DrawingArea<D, Shift>,
    scale: Scale,
    lines: &[(&Limit, RGBColor, Option<u32>); 3],
) -> Result<(), DrawingAreaErrorKind<D::ErrorType>> {
    let px = |size: u32| scale.pixels(size) as i32;
    let style = scale
        .font(13)
        .color(&INK)
        .pos(Pos::new(HPos::Left, VPos::Center));
    let top = px(SIZE.1 - 84);
    let row = px(22);
    for (index, (name, _)) in POWER_FACTORS.into_iter().enumerate() {
        let x = px(76) + px(118) * index as i32;
        let colour = COLOURS[index];
        area.draw(&PathElement::new(
            vec![(x, top), (x + px(34), top)],
            colour.stroke_width(scale.pixels(2)),
        ))?;
        mark(area, (x + px(17), top), index, colour, scale)?;
        area.draw(&Text::new(
            format!("PF {name}"),
            (x + px(42), top),
            style.clone(),
        ))?;
    }
    for (index, (limit, colour, dash)) in lines.iter().enumerate() {
        let (x, y) = if index == 2 {
            (px(560), top)
        } else {
            (px([76, 560][index]), top + row)
        };
        let stroke = colour.stroke_width(scale.pixels(2));
        // The same dashes as in the chart, drawn by hand: a legend has no coordinates.
        let (dash, gap) = dash.map_or((px(34), 0), |dash| (px(dash), px(4)));
        let mut at = x;
        while at < x + px(34) {
            let end = (at + dash).min(x + px(34));
            area.draw(&PathElement::new(vec![(at, y), (end, y)], stroke))?;
            at += dash + gap;
        }
        area.draw(&Text::new(limit.name, (x + px(42), y), style.clone()))?;
    }
    area.draw(&Text::new(
        "In = 5 A, class 100 A. Bars below 0.1 A: twice the standard deviation of a mean over 10 s.",
        (px(76), top + 2 * row),
        style,
    ))
}
