//! How much of what screenshots show is found.

use super::{manifest, screenshots};
use crate::support::program::token;
use krea_scan::config::{ScanSource, Settings};
use krea_scan::finding::Outcome;
use krea_scan::scan;
use krea_scan_detect::Detector;
use krea_scan_detect::rules::RuleSet;
use krea_scan_extract::ocr::Ocr;
use krea_scan_token::Confidence;
use needs::needs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Scans a folder as the program does with `--ocr`.
fn scan(folder: &Path) -> Outcome {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let ocr = Ocr::find(cores, Duration::from_secs(60)).unwrap();
    let settings = Settings {
        source: ScanSource::Tree,
        paths: vec![folder.to_owned()],
        no_ignore: true,
        threads: cores,
        ocr: Some(Arc::new(ocr)),
        ..Settings::default()
    };
    let least = Confidence::Medium;
    scan::run(&settings, &Detector::new(RuleSet::built_in().unwrap(), least), least).unwrap()
}

#[needs("tesseract", "target/made/screenshots")]
#[test]
fn tokens_on_screenshots_are_found_and_nothing_else() {
    let folder = screenshots();
    let started = Instant::now();
    let leaky = manifest(&folder, "leaky");
    assert!(leaky.len() >= 60);
    let outcome = scan(&folder.join("leaky"));
    assert!(outcome.summary.incomplete.is_empty(), "{:?}", outcome.summary.incomplete);
    let (mut flagged, mut exact) = (0, 0);
    for (name, number) in &leaky {
        let path = folder.join(name);
        let here = |path_of: &str| Path::new(path_of) == path;
        let found: Vec<_> = outcome.findings.iter().filter(|finding| here(&finding.location.path)).collect();
        let token = token(number.unwrap());
        let id = token.split(':').next().unwrap();
        let is_exact = found.iter().any(|finding| finding.token.id() == Some(id.as_bytes()));
        flagged += usize::from(!found.is_empty());
        exact += usize::from(is_exact);
        if !is_exact || found.len() != 1 {
            println!(
                "{name}: {} findings, the id half is read {}",
                found.len(),
                if is_exact { "right" } else { "wrong" }
            );
        }
        assert!(found.iter().all(|finding| finding.is_guess()), "{name}: what is read is a guess");
    }
    let share = |count: usize| 100.0 * count as f64 / leaky.len() as f64;
    println!(
        "{} pictures with a token: {:.1}% flagged, {:.1}% of the id halves exact, {} findings",
        leaky.len(),
        share(flagged),
        share(exact),
        outcome.findings.len()
    );
    let clean = manifest(&folder, "clean");
    assert!(clean.len() >= 60);
    let outcome = scan(&folder.join("clean"));
    let wrong: Vec<PathBuf> =
        outcome.findings.iter().map(|finding| PathBuf::from(&finding.location.path)).collect();
    println!("{} pictures without one: {} flagged", clean.len(), wrong.len());
    println!("it took {} s", started.elapsed().as_secs());
    assert!(share(flagged) >= 95.0 && share(exact) >= 90.0);
    assert!(wrong.is_empty(), "{wrong:?}");
}
