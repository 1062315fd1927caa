//! Reflogs: what a ref held before (gitrevisions(7), `@{…}`). A log that cannot be read tells nothing.

use super::refs::is_safe;
use super::regular_file;
use super::repository::Repository;
use gix_hash::ObjectId;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A log is not read beyond this.
const MAX_LOG_BYTES: u64 = 256 << 20;

struct RefChange<'l> {
    old: ObjectId,
    new: ObjectId,
    /// Seconds since 1970.
    time: i64,
    message: &'l str,
}

/// What a ref held `number` changes ago.
pub fn nth(repo: &Repository, name: &str, number: usize) -> Option<ObjectId> {
    let log = log(repo, name)?;
    let mut changes = changes(&log);
    let last = changes.nth(number.checked_sub(1)?)?;
    // Beyond the first change, what was before it.
    changes.next().map_or(Some(last.old), |change| Some(change.new)).filter(|id| !id.is_null())
}

/// What a ref held at a time, as git writes times; before the first change, what was before that.
pub fn at(repo: &Repository, name: &str, time: &str) -> Option<ObjectId> {
    let now = Timestamp::now().to_zoned(TimeZone::UTC);
    let time = gix_date::parse(time, Some(now)).ok()?.seconds;
    let log = log(repo, name)?;
    let first = changes(&log).last()?;
    let found = changes(&log).find(|change| change.time <= time).map_or(first.old, |change| change.new);
    Some(found).filter(|id| !id.is_null())
}

/// The name of the branch that HEAD left `back` checkouts ago.
pub fn branch_left(repo: &Repository, back: usize) -> Option<String> {
    let log = log(repo, "HEAD")?;
    let mut left = changes(&log).filter_map(|change| {
        change
            .message
            .strip_prefix("checkout: moving from ")?
            .split_once(" to ")
            .map(|(from, _)| from.to_owned())
    });
    left.nth(back.checked_sub(1)?)
}

fn log(repo: &Repository, name: &str) -> Option<String> {
    let folder = if name.starts_with("refs/") { repo.common_dir() } else { repo.path() };
    let bytes = regular_file::read(
        &folder.join("logs").join(Some(name).filter(|name| is_safe(name))?),
        MAX_LOG_BYTES,
    )
    .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The changes, the last one first.
fn changes(log: &str) -> impl Iterator<Item = RefChange<'_>> {
    log.lines().rev().filter_map(|line| {
        let (about, message) = line.split_once('\t').unwrap_or((line, ""));
        let mut words = about.split(' ');
        let id = |word: Option<&str>| ObjectId::from_hex(word?.as_bytes()).ok();
        let (old, new) = (id(words.next())?, id(words.next())?);
        let time = about.rsplit(' ').nth(1)?.parse().ok()?;
        Some(RefChange { old, new, time, message })
    })
}
