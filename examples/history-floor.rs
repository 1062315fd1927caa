//! The floor under `--history`: a bare `gix-pack` delta-tree traversal of a repository's packs with a search for
//! one needle, and nothing else. No ids, no loose objects, no checks, no report.
//!
//! Run it beside the real thing, on a warm cache, several times in turn:
//!
//! ```text
//! cargo build --release --examples
//! target/release/examples/history-floor REPO
//! target/release/examples/history-sweep REPO
//! ```

use anyhow::{Context, Result};
use gix_features::progress::Discard;
use gix_pack::cache::delta::{Tree, traverse};
use gix_pack::{data, index};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

fn main() -> Result<()> {
    let repository = std::env::args_os().nth(1).context("usage: history-floor REPO")?;
    let repository = git2::Repository::open(repository)?;
    let start = Instant::now();
    let (objects, bytes, hits) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    for entry in std::fs::read_dir(repository.commondir().join("objects/pack"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "idx") {
            search(&path, &objects, &bytes, &hits)?;
        }
    }
    println!("{objects:?} objects, {bytes:?} bytes, {hits:?} hits, {:.2?}", start.elapsed());
    Ok(())
}

/// Looks at every object of one pack.
fn search(index: &Path, objects: &AtomicU64, bytes: &AtomicU64, hits: &AtomicU64) -> Result<()> {
    let hash = gix_hash::Kind::Sha1;
    let index = index::File::at(index, hash)?;
    let pack = data::File::at(index.path().with_extension("pack"), hash)?;
    let never = AtomicBool::new(false);
    let tree = Tree::from_offsets_in_pack(
        pack.path(),
        index.sorted_offsets().into_iter(),
        &|offset| *offset,
        &|id| Ok(index.lookup(id).map(|position| index.pack_offset_at_index(position))),
        &mut Discard,
        &never,
        hash,
    )?;
    let finder = memchr::memmem::Finder::new(b"krea");
    tree.traverse(
        |slice, pack: &data::File| pack.entry_slice(slice),
        &pack,
        pack.pack_end() as u64,
        |_, _, object| {
            objects.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(object.decompressed.len() as u64, Ordering::Relaxed);
            if finder.find(object.decompressed).is_some() {
                hits.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        },
        traverse::Options {
            object_progress: Box::new(Discard),
            size_progress: &mut Discard,
            thread_limit: None,
            should_interrupt: &never,
            object_hash: hash,
            alloc_limit_bytes: None,
        },
    )?;
    Ok(())
}
