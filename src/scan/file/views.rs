//! The texts of one file, in the order in which they were looked at, and how they belong together: which of them show the
//! same place in another way is a matter of [`crate::scan::reconcile`].

use crate::config::Allowed;
use crate::finding::Finding;
use crate::scan::listing::{Listing, MAX_PLACES_IN_FILE, MAX_PLACES_IN_SLOW_FILE};
use krea_scan_bounds::work;
use krea_scan_extract::container::{Relation, Scope};
use krea_scan_token::Token;
use std::ops::Range;

/// A token in one text of a file.
#[derive(Debug)]
pub struct Sighting {
    /// What it is when no other text shows it better.
    pub finding: Finding,
    /// The comment that allows it, if one does.
    pub allowed: Option<Allowed>,
}

/// What a view is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Several that belong together.
    Scope(Scope),
    Text(Relation),
    /// A source in a source map in the text around it. A map in a `data:` URL has its place there.
    Source(Option<Range<u64>>),
}

/// One text or several, and where what was seen in it is among the file's sightings, that of the views in it included.
#[derive(Debug)]
pub struct View {
    pub role: Role,
    pub sightings: Range<usize>,
    /// The number of the first view behind it that is not in it.
    pub end: usize,
}

/// Everything seen in one file.
#[derive(Debug, Default)]
pub struct FileViews {
    /// In the order in which it was seen.
    pub sightings: Vec<Sighting>,
    /// Views come before those in them. One in which nothing was seen is left out.
    views: Vec<View>,
    /// The numbers of those that are not closed yet.
    open: Vec<usize>,
    listing: Listing,
}

impl FileViews {
    /// Opens a view: what is seen and opened up to [`FileViews::close`] is in it.
    pub fn open(&mut self, role: Role) {
        let at = self.sightings.len();
        self.open.push(self.views.len());
        self.views.push(View { role, sightings: at..at, end: 0 });
    }

    /// Forgets all of them, for the next file.
    pub fn clear(&mut self) {
        self.sightings.clear();
        self.views.clear();
        self.open.clear();
        self.listing = Listing::default();
    }

    /// Whether one more place of a token is to be noted. To note many takes time.
    pub fn takes(&mut self, token: &Token) -> bool {
        let most = if work::is_over() { MAX_PLACES_IN_SLOW_FILE } else { MAX_PLACES_IN_FILE };
        self.listing.takes(token, most)
    }

    /// Notes what was seen in another text of the file, as far as there is room.
    pub fn take(&mut self, others: FileViews) {
        self.listing.merge(others.listing);
        for seen in others.sightings {
            if self.takes(&seen.finding.token) {
                self.sightings.push(seen);
            }
        }
    }

    /// What is said of places that were not noted.
    pub fn unlisted(&self) -> Vec<String> {
        self.listing.reasons()
    }

    /// Closes the view that was opened last.
    pub fn close(&mut self) {
        let Some(number) = self.open.pop() else { return };
        let (at, end) = (self.sightings.len(), self.views.len());
        let view = &mut self.views[number];
        (view.sightings.end, view.end) = (at, end);
        if view.sightings.is_empty() {
            self.views.truncate(number);
        }
    }

    /// Says anew how the text that is open relates to others.
    pub fn relates(&mut self, relation: Relation) {
        if let Some(&number) = self.open.last() {
            self.views[number].role = Role::Text(relation);
        }
    }

    /// The views, each with its number, the last first: those that are in a view come before it.
    pub fn inmost_first(&self) -> impl Iterator<Item = (usize, &View)> {
        self.views.iter().enumerate().rev()
    }

    /// The views that are in one, and in no other one in it.
    pub fn inside(&self, number: usize) -> impl Iterator<Item = &View> {
        let end = self.views[number].end;
        let first = Some(number + 1).filter(|&first| first < end);
        let next = move |&at: &usize| Some(self.views[at].end).filter(|&next| next < end);
        std::iter::successors(first, next).map(|at| &self.views[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_in_which_nothing_was_seen_are_left_out() {
        let mut views = FileViews::default();
        views.open(Role::Scope(Scope::File));
        views.open(Role::Text(Relation::Packed));
        views.close();
        views.close();
        assert_eq!(views.inmost_first().count(), 0);
    }
}
