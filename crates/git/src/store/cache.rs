//! What random access keeps: decoded objects that others are built on, and buffers. Bounded in bytes; what was not asked
//! for of late is forgotten first.

use gix_object::Kind;
use gix_zlib::Inflate;
use std::collections::HashMap;
use std::sync::Arc;

/// What a decoder needs again and again.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(super) inflate: Inflate,
    pub(super) delta: Vec<u8>,
    /// What the last delta added: see [`super::delta::apply`].
    pub fresh: Vec<std::ops::Range<usize>>,
}

/// Bytes in each of the two generations.
const GENERATION_BYTES: usize = 32 << 20;
/// Larger objects are not kept.
const MAX_OBJECT_BYTES: usize = 4 << 20;
/// What an entry costs beside its bytes.
const OVERHEAD: usize = 128;

/// A pack's number and an offset in it.
type PackPlace = (usize, u64);
/// An object's kind and bytes.
pub(crate) type Shared = (Kind, Arc<Vec<u8>>);

/// What a reader of single objects needs again and again.
#[derive(Default)]
pub(super) struct ObjectReader {
    /// The pack in which something was found last.
    pub last: usize,
    pub scratch: Scratch,
    pub bases: Bases,
}

/// Decoded objects by their place, in two generations: when the young one is full it becomes the old one.
#[derive(Default)]
pub(crate) struct Bases {
    young: HashMap<PackPlace, Shared>,
    old: HashMap<PackPlace, Shared>,
    bytes: usize,
}

impl Bases {
    /// An object that is kept.
    pub fn get(&mut self, place: PackPlace) -> Option<Shared> {
        if let Some(object) = self.young.get(&place) {
            return Some(object.clone());
        }
        let object = self.old.remove(&place)?;
        self.put(place, &object);
        Some(object)
    }

    pub fn put(&mut self, place: PackPlace, object: &Shared) {
        let size = object.1.len() + OVERHEAD;
        if size > MAX_OBJECT_BYTES {
            return;
        }
        if self.bytes + size > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += size;
        self.young.insert(place, object.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_forgotten() {
        let mut bases = Bases::default();
        let object: Shared = (Kind::Tree, Arc::new(vec![0; 1 << 20]));
        bases.put((0, 0), &object);
        for at in 1..200 {
            bases.put((0, at), &object);
            assert!(bases.get((0, 0)).is_some(), "after {at}");
        }
        assert!(bases.get((0, 50)).is_none());
        assert!(bases.young.len() + bases.old.len() <= 2 * (GENERATION_BYTES >> 20));
        bases.put((1, 0), &(Kind::Blob, Arc::new(vec![0; MAX_OBJECT_BYTES])));
        assert!(bases.get((1, 0)).is_none());
    }
}
