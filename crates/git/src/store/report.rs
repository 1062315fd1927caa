//! What a sweep could not read, in words: which object, where, why, and what to do about it.

use super::fault::Fault;
use super::loose;
use super::plan::SweepPlan;
use gix_hash::ObjectId;
use krea_scan_files::Incomplete;
use std::collections::BTreeMap;

/// An object that could not be read.
pub(crate) struct Damage {
    /// The pack it is in; `None` for a loose object.
    pub pack: Option<usize>,
    pub id: ObjectId,
    pub fault: Fault,
}

/// So many objects are named one by one; of the rest only the count is told.
const NAMED: usize = 20;

/// Everything that a sweep could not read, sorted.
pub(super) fn incomplete(plan: &SweepPlan, damaged: Vec<Damage>, absent: Vec<ObjectId>) -> Vec<Incomplete> {
    let store = plan.store;
    let mut list = store.unread.clone();
    list.extend(plan.unread.iter().cloned());
    if !store.shallow.is_empty() {
        list.push(Incomplete {
            path: store.name.clone(),
            reason: format!(
                "shallow clone: history before these {} is not here; fetch it with `git fetch --unshallow`",
                count(store.shallow.len(), "commit")
            ),
        });
    }
    missing(plan, absent, &mut list);
    let mut by_place: BTreeMap<Option<usize>, Vec<Damage>> = BTreeMap::new();
    for damage in damaged {
        by_place.entry(damage.pack).or_default().push(damage);
    }
    for (pack, mut damaged) in by_place {
        damaged.sort_by_key(|damage| damage.id);
        let place = match pack {
            Some(pack) => store.packs[pack].path().display().to_string(),
            None => store.folders[0].display().to_string(),
        };
        for damage in damaged.iter().take(NAMED) {
            let (id, fault) = (damage.id, &damage.fault);
            let file = store.folders.iter().map(|folder| loose::path(folder, &id)).find(|file| file.exists());
            list.push(match file.filter(|_| pack.is_none()) {
                Some(file) => Incomplete {
                    path: file.display().to_string(),
                    reason: format!("object {id} cannot be read: {fault}"),
                },
                None => Incomplete {
                    path: place.clone(),
                    reason: format!("object {id} in it cannot be read: {fault}"),
                },
            });
        }
        if let Some(more) = damaged.len().checked_sub(NAMED).filter(|&more| more > 0) {
            let reason =
                format!("{} more in it cannot be read; `git fsck` names them", count(more, "object"));
            list.push(Incomplete { path: place, reason });
        }
    }
    list.sort();
    list.dedup();
    list
}

/// What is named and the store does not have.
fn missing(plan: &SweepPlan, mut absent: Vec<ObjectId>, list: &mut Vec<Incomplete>) {
    let store = plan.store;
    absent.sort_unstable();
    absent.dedup();
    absent.retain(|id| !store.contains(id));
    if absent.is_empty() {
        return;
    }
    let mut tell = |reason| list.push(Incomplete { path: store.name.clone(), reason });
    let number = count(absent.len(), "object");
    if store.partial {
        let verb = if absent.len() == 1 { "is" } else { "are" };
        tell(format!(
            "partial clone: {number} {verb} not here; run `git fetch --refetch` with no filter, or clone without \
             --filter"
        ));
        return;
    }
    for id in absent.iter().take(NAMED) {
        tell(format!(
            "object {id} is missing: it is named by what is here, and it is nowhere; see `git fsck`"
        ));
    }
    if absent.len() > NAMED {
        tell(format!("{} more are missing; `git fsck` names them", count(absent.len() - NAMED, "object")));
    }
}

/// A number and its noun.
fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
