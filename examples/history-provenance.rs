//! Who brought an object in: prints the origins of the ids given. To see what that costs.

use anyhow::{Context, Result};
use krea_scan_git::provenance::find_origins;
use krea_scan_git::repository::open;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let repository = arguments.next().context("usage: history-provenance REPO ID...")?;
    let ids = arguments.map(|id| gix_hash::ObjectId::from_hex(id.as_bytes())).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|error| anyhow::anyhow!("{error}"))?;
    let repository = open(Path::new(&repository))?;
    let start = Instant::now();
    let store = repository.objects()?;
    for origin in find_origins(store, &repository, &ids, 0).into_values().flatten() {
        println!("{origin:?}");
    }
    println!("{:.2?}", start.elapsed());
    Ok(())
}
