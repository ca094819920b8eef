//! Reads recordings: CSV with `time_s,voltage_v,current_a[,neutral_a]` at a constant rate (design page section 3).

use std::fs;
use std::path::Path;

use super::segment::LINES;
use crate::input_error::InputError;

const FORMAT: &str = "time_s,voltage_v,current_a[,neutral_a]";

/// Samples as they stand in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Samples per second.
    pub rate_hz: f64,
    /// Volts, amperes, neutral amperes; the neutral repeats the line where the file has no column for it.
    pub lines: [Vec<f64>; LINES],
    /// Whether the file has a neutral column.
    pub has_neutral: bool,
}

impl Recording {
    /// Reads a file.
    ///
    /// # Errors
    /// With file and line: unreadable, wrong header, a field that is missing or no finite number, time that does not run
    /// at a constant rate, fewer than 16 samples.
    pub fn read(path: &Path) -> Result<Self, InputError> {
        let bytes = fs::read(path).map_err(|error| InputError::unreadable(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            InputError::file(
                path,
                "is not text",
                format!("give a CSV file with the header {FORMAT}"),
            )
        })?;
        Self::parse(path, &text)
    }

    /// The same from text; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Path, text: &str) -> Result<Self, InputError> {
        let lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (header_line, header) = lines.next().ok_or_else(|| {
            InputError::file(path, "has no header", format!("begin with {FORMAT}"))
        })?;
        let columns = columns_of(header).ok_or_else(|| {
            InputError::line(
                path,
                header_line,
                format!("header \"{header}\" is not known"),
                format!("write {FORMAT}"),
            )
        })?;
        let mut rows = Rows::default();
        for (number, line) in lines {
            rows.push(path, number, line, columns)?;
        }
        let rate_hz = rows.rate_hz(path)?;
        let Rows {
            values: [voltage, current, mut neutral],
            ..
        } = rows;
        let has_neutral = columns == 4;
        if !has_neutral {
            neutral.clone_from(&current);
        }
        Ok(Self {
            rate_hz,
            lines: [voltage, current, neutral],
            has_neutral,
        })
    }

    /// Number of samples in each line.
    pub fn samples(&self) -> usize {
        self.lines[0].len()
    }

    /// Length of the recording when it is repeated end to end, seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples() as f64 / self.rate_hz
    }
}

fn columns_of(header: &str) -> Option<usize> {
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let known = ["time_s", "voltage_v", "current_a", "neutral_a"];
    (names.len() >= 3 && known.starts_with(&names)).then_some(names.len())
}

#[derive(Default)]
struct Rows {
    times_s: Vec<f64>,
    line_numbers: Vec<usize>,
    values: [Vec<f64>; LINES],
    /// Coarsest resolution in which the times are written, seconds.
    resolution_s: f64,
}

impl Rows {
    fn push(
        &mut self,
        path: &Path,
        number: usize,
        line: &str,
        columns: usize,
    ) -> Result<(), InputError> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() != columns {
            let what = format!("{} fields where the header has {columns}", fields.len());
            return Err(InputError::line(
                path,
                number,
                what,
                "complete or remove the line",
            ));
        }
        for (index, field) in fields.iter().enumerate() {
            let value: Option<f64> = field.parse().ok().filter(|value: &f64| value.is_finite());
            let Some(value) = value else {
                let what = format!("\"{field}\" is not a number");
                return Err(InputError::line(
                    path,
                    number,
                    what,
                    "write numbers with a decimal point, fields apart by commas",
                ));
            };
            match index {
                0 => self.times_s.push(value),
                _ => self.values[index - 1].push(value),
            }
        }
        self.line_numbers.push(number);
        let written = fields[0]
            .split_once('.')
            .map_or("", |(_, decimals)| decimals);
        let decimals = written.chars().take_while(char::is_ascii_digit).count();
        // Exponents are as fine as a double goes, so they say nothing about rounding.
        if !fields[0].contains(['e', 'E']) {
            self.resolution_s = self.resolution_s.max(0.1f64.powi(decimals as i32));
        }
        Ok(())
    }

    /// The constant rate, which may be any; the roundest number that the rounding of the written times allows.
    fn rate_hz(&self, path: &Path) -> Result<f64, InputError> {
        const FEWEST: usize = 16;
        let count = self.times_s.len();
        if count < FEWEST {
            return Err(InputError::file(
                path,
                format!("has {count} samples"),
                format!("give at least {FEWEST}"),
            ));
        }
        let span_s = self.times_s[count - 1] - self.times_s[0];
        let step_s = span_s / (count - 1) as f64;
        let uneven = |index: usize| {
            let seconds = self.times_s[index];
            let what =
                format!("time {seconds} s does not follow at the constant step of {step_s:.9} s");
            InputError::line(
                path,
                self.line_numbers[index],
                what,
                "resample the recording to a constant rate",
            )
        };
        if let Some(back) = (1..count).find(|&index| self.times_s[index] <= self.times_s[index - 1])
        {
            return Err(uneven(back));
        }
        // The first step that differs from its neighbours tells the line better than the distance from the mean line does.
        let usual_s = median(
            self.times_s
                .windows(2)
                .map(|pair| pair[1] - pair[0])
                .collect(),
        );
        let tolerance_s = self.resolution_s.min(0.6 * usual_s).max(1e-3 * usual_s);
        if let Some(jump) = (1..count).find(|&index| {
            let step = self.times_s[index] - self.times_s[index - 1];
            (step - usual_s).abs() > 1.01 * tolerance_s
        }) {
            return Err(uneven(jump));
        }
        let worst =
            |index: usize| (self.times_s[index] - self.times_s[0] - index as f64 * step_s).abs();
        if let Some(drifted) = (0..count).find(|&index| worst(index) > 1.5 * tolerance_s) {
            return Err(uneven(drifted));
        }
        let intervals = (count - 1) as f64;
        let slack_s = self.resolution_s.min(tolerance_s);
        Ok(roundest(
            intervals / (span_s + slack_s),
            intervals / (span_s - slack_s),
        ))
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The number with the fewest significant digits between two positive limits.
fn roundest(low: f64, high: f64) -> f64 {
    let mut unit = 10f64.powi(high.log10().floor() as i32);
    let centre = (low + high) / 2.0;
    for _ in 0..12 {
        let candidate = (centre / unit).round() * unit;
        if (low..=high).contains(&candidate) {
            return candidate;
        }
        unit /= 10.0;
    }
    centre
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Recording, String> {
        Recording::parse(Path::new("r.csv"), text).map_err(|error| error.to_string())
    }

    fn rows(step_s: f64, decimals: usize, count: usize) -> String {
        let mut text = String::from("# note\n# another\ntime_s,voltage_v,current_a\n");
        for n in 0..count {
            text += &format!("{:.decimals$},{}.5,-1e-3\n", n as f64 * step_s, n);
        }
        text
    }

    #[test]
    fn reads_columns_notes_and_the_rate() {
        let recording = parse(&rows(1.0 / 30_000.0, 8, 500)).unwrap();
        assert_eq!((recording.rate_hz, recording.samples()), (30_000.0, 500));
        assert_eq!(
            (
                recording.lines[0][3],
                recording.lines[1][3],
                recording.has_neutral
            ),
            (3.5, -1e-3, false)
        );
        assert_eq!(recording.lines[2], recording.lines[1]);
        for (rate_hz, decimals) in [
            (8_000.0, 6),
            (44_100.0, 9),
            (12_800.0, 7),
            (1e6, 6),
            (4_000.0, 5),
            (6_000.0, 5),
        ] {
            let recording = parse(&rows(1.0 / rate_hz, decimals, 4_000)).unwrap();
            assert_eq!(recording.rate_hz, rate_hz);
        }
    }

    #[test]
    fn a_neutral_column_is_its_own() {
        let mut text = String::from("time_s,voltage_v,current_a,neutral_a\r\n");
        for n in 0..20 {
            text += &format!("{:.4},1,2,3\r\n", f64::from(n) * 1e-4);
        }
        let recording = parse(&text).unwrap();
        assert!(recording.has_neutral && recording.lines[2].iter().all(|&amperes| amperes == 3.0));
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let good = rows(1e-4, 6, 40);
        let spoil = |from: &str, to: &str| parse(&good.replace(from, to)).unwrap_err();
        assert!(
            spoil("0.000500,", "0.000550,").starts_with("r.csv:9: time 0.00055 s does not follow")
        );
        assert!(spoil("0.000500,", "0.000100,").starts_with("r.csv:9: time"));
        assert!(
            spoil("0.000600,6.5", "0.000600,volts")
                .starts_with("r.csv:10: \"volts\" is not a number")
        );
        assert!(
            spoil("0.000600,6.5", "0.000600,NaN").starts_with("r.csv:10: \"NaN\" is not a number")
        );
        assert!(
            spoil("0.000700,7.5,", "0.000700,")
                .starts_with("r.csv:11: 2 fields where the header has 3")
        );
        assert!(spoil("time_s,", "t,").starts_with("r.csv:3: header"));
        assert_eq!(
            parse("# only a note\n").unwrap_err(),
            format!("r.csv: has no header; begin with {FORMAT}")
        );
        assert_eq!(
            parse(&rows(1e-4, 6, 5)).unwrap_err(),
            "r.csv: has 5 samples; give at least 16"
        );
        let missing = Recording::read(Path::new("no such file.csv"))
            .unwrap_err()
            .to_string();
        assert!(
            missing.starts_with("no such file.csv: cannot be read"),
            "{missing}"
        );
    }

    #[test]
    fn a_missing_row_is_noticed_even_with_coarse_times() {
        let good = rows(1.0 / 30_000.0, 6, 600);
        let gap: Vec<&str> = good
            .lines()
            .enumerate()
            .filter(|(index, _)| *index != 300)
            .map(|(_, line)| line)
            .collect();
        let error = parse(&gap.join("\n")).unwrap_err();
        assert!(error.starts_with("r.csv:301: time"), "{error}");
    }
}
