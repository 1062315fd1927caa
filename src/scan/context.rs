//! How files are looked at, and what they are called.

use super::known_tokens::Pass;
use krea_scan_bounds::limits::Limits;
use krea_scan_bounds::work::{self, WorkLimit};
use krea_scan_detect::Detector;
use krea_scan_extract::ocr::Ocr;
use krea_scan_token::Confidence;

/// The names that a file goes by.
#[derive(Clone, Copy, Debug)]
pub struct FileNames<'a> {
    /// In reports.
    pub shown: &'a str,
    /// Below the scan's root, for rules and context.
    pub below: &'a str,
}

/// How files are looked at.
#[derive(Clone, Copy, Debug)]
pub struct ScanContext<'a> {
    /// The rules.
    pub detector: &'a Detector,
    /// What is looked for.
    pub pass: Pass<'a>,
    /// Less sure findings are not reported.
    pub least: Confidence,
    /// How much may be unpacked from one file.
    pub limits: Limits,
    /// What reads the text in pictures.
    pub ocr: Option<&'a Ocr>,
    /// Comments in the files allow what is beside them.
    pub heeds_comments: bool,
}

impl ScanContext<'_> {
    /// Whether a name deserves a look.
    #[inline]
    pub fn wants_name(&self, name: &[u8]) -> bool {
        match self.pass {
            Pass::Detect => self.wants(name),
            Pass::Sweep(known) => known.is_in(name),
        }
    }

    /// Whether some bytes deserve to be looked at: as [`Detector::wants`], and all do where nothing needs to say whose a value
    /// is.
    #[inline]
    pub fn wants(&self, bytes: &[u8]) -> bool {
        self.least == Confidence::Low || self.detector.wants(bytes)
    }

    /// The same for the objects of a store, which is so many bytes: those are what all of them may cost together.
    pub fn in_store(self, bytes: u64) -> Self {
        work::of_store(bytes, matches!(self.pass, Pass::Sweep(_)));
        let work = WorkLimit { in_store: true, ..self.limits.work };
        ScanContext { limits: Limits { work, ..self.limits }, ..self }
    }
}
