//! What `--history` reads, with a search for one needle: every object of a repository, with all checks, but without
//! rules and reports. Compare it with `history-floor`.

use anyhow::{Context, Result};
use krea_scan_git::repository::open;
use krea_scan_git::store::{HintSearch, SweepQuery, WantedNames};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

fn main() -> Result<()> {
    let repository = std::env::args_os().nth(1).context("usage: history-sweep REPO")?;
    let repository = open(Path::new(&repository))?;
    let start = Instant::now();
    let hits = AtomicU64::new(0);
    let finder = memchr::memmem::Finder::new(b"krea");
    let hint = |data: &[u8]| finder.find(data).is_some();
    let swept = repository.objects()?.sweep(
        0,
        &SweepQuery {
            search: Some(HintSearch { hint: &hint, reach: 4 }),
            whole: &|_, _| false,
            inspect: &|_, _, data| {
                hits.fetch_add(u64::from(hint(data)), Ordering::Relaxed);
            },
            names: Some(WantedNames { hint: &hint, reach: 4, wanted: &hint }),
            stop: None,
        },
        &[],
    );
    let objects = swept.commits + swept.trees + swept.blobs + swept.tags;
    println!("{objects} objects, {} bytes, {hits:?} hits, {:.2?}", swept.bytes, start.elapsed());
    for incomplete in swept.incomplete {
        println!("{}: {}", incomplete.path, incomplete.reason);
    }
    Ok(())
}
