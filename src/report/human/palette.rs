//! The colours of the human report, by what they mark. Whether there is colour at all is decided elsewhere.

use crate::finding::Finding;
use anstyle::{AnsiColor, Style};
use krea_scan_token::Confidence;
use std::fmt::Display;

/// Styles by what they mark; all plain without colour.
#[derive(Default)]
pub struct Palette {
    /// A title of high confidence, and bad news.
    pub high: Style,
    /// A title of medium confidence, and doubtful news.
    pub medium: Style,
    /// A title of low confidence.
    pub low: Style,
    /// A dead token, and good news.
    pub good: Style,
    pub heading: Style,
    pub path: Style,
    /// A line and a column.
    pub number: Style,
    /// What stands for a secret.
    pub secret: Style,
}

impl Palette {
    /// Colours, or none.
    pub fn new(color: bool) -> Self {
        if !color {
            return Palette::default();
        }
        Palette {
            high: AnsiColor::Red.on_default().bold(),
            medium: AnsiColor::Yellow.on_default().bold(),
            low: AnsiColor::Cyan.on_default().bold(),
            good: AnsiColor::Green.on_default().bold(),
            heading: Style::new().bold(),
            path: AnsiColor::Magenta.on_default(),
            number: AnsiColor::Green.on_default(),
            secret: AnsiColor::Red.on_default().bold(),
        }
    }

    /// Whether nothing is coloured.
    pub fn is_plain(&self) -> bool {
        self.secret.is_plain()
    }

    /// The style of a finding's title.
    pub fn of(&self, finding: &Finding) -> Style {
        match finding.confidence {
            Confidence::High => self.high,
            Confidence::Medium => self.medium,
            Confidence::Low => self.low,
        }
    }
}

/// Text in a style.
pub fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
