//! What is wrong with something the user gave: file, line, what, and what to do, in one line.

use std::fmt;
use std::path::{Path, PathBuf};

/// A complaint about a file or an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    place: Place,
    what: String,
    remedy: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Option(String),
    File(PathBuf),
    Line(PathBuf, usize),
}

impl InputError {
    /// About a command-line option, named as the user typed it.
    pub fn option(
        option: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: Place::Option(option.into()),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// About a file as a whole.
    pub fn file(path: &Path, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            place: Place::File(path.into()),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// About one line of a file, counted from 1.
    pub fn line(
        path: &Path,
        line: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            place: Place::Line(path.into(), line),
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// About a file that cannot be read.
    pub fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        Self::file(
            path,
            format!("cannot be read: {error}"),
            "check the path and its permissions",
        )
    }

    /// About a TOML file that does not parse or does not fit.
    pub fn toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        // The parser's own text runs over several lines; its message and the place are enough.
        let what = error.message().lines().collect::<Vec<_>>().join(" ");
        match error.span() {
            Some(span) => {
                let before = &text.as_bytes()[..span.start.min(text.len())];
                let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
                Self::line(path, line, what, "correct the line")
            }
            None => Self::file(path, what, "correct the file"),
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Option(option) => write!(f, "{option}")?,
            Place::File(path) => write!(f, "{}", path.display())?,
            Place::Line(path, line) => write!(f, "{}:{line}", path.display())?,
        }
        write!(f, ": {}; {}", self.what, self.remedy)
    }
}

impl std::error::Error for InputError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_what_and_what_to_do_in_one_line() {
        let error = InputError::line(
            Path::new("day.csv"),
            12,
            "\"x\" is not a number",
            "write volts with a decimal point",
        );
        assert_eq!(
            error.to_string(),
            "day.csv:12: \"x\" is not a number; write volts with a decimal point"
        );
        let text = "a = 1\nb = \n";
        let parsed = toml::from_str::<toml::Table>(text).unwrap_err();
        let shown = InputError::toml(Path::new("b.toml"), text, &parsed).to_string();
        assert!(
            shown.starts_with("b.toml:2: ") && !shown.contains('\n'),
            "{shown}"
        );
    }
}
