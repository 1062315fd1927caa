//! What is in a container, member by member: each is scanned as a file, and told with the way to it.

use super::sources::WholeMember;
use super::{FileScanner, View};
use crate::finding::trail;
use crate::scan::context::FileNames;
use crate::scan::known_tokens::Pass;
use crate::scan::names::is_built;
use crate::source::reader;
use krea_scan_extract::container::{ContainerKind, ContainerVisitor, Outside, SegmentNames};
use krea_scan_files::Incomplete;
use krea_scan_text::Layer;
use std::io::{self, Read};

/// Scans what is in a container.
pub struct Inside<'s, 'a> {
    /// What scans it.
    pub scanner: &'s mut FileScanner<'a>,
    /// The file on the outside.
    pub outer: FileNames<'s>,
}

impl Inside<'_, '_> {
    /// The path that a member has below the scan's root, as if what it is in were a folder.
    fn below(&self, name: &str) -> String {
        match name {
            "" => self.outer.below.to_owned(),
            name => [self.outer.below, name].join("/"),
        }
    }

    /// Scans a file that is all there is, or only its outside.
    fn scan(&mut self, layers: &[Layer], name: &str, input: &mut dyn Read) -> io::Result<()> {
        let below = self.below(name);
        let names = FileNames { shown: self.outer.shown, below: &below };
        let scanner = &mut *self.scanner;
        scanner.layers.clear();
        scanner.layers.extend_from_slice(layers);
        let mut reader = std::mem::take(&mut scanner.reader);
        let mut kept = WholeMember::default();
        let kept_for_later = match scanner.context.pass {
            Pass::Sweep(known) => known.members.start(trail(self.outer.shown, layers)),
            Pass::Detect => None,
        };
        let read = reader.read(input, |window| {
            scanner.window(names, window);
            kept_for_later.as_ref().inspect(|file| file.keep(window.new_bytes()));
            let whole = window.offset == 0 && window.to == usize::MAX;
            if !whole && (scanner.seen.map || is_built(name)) {
                kept.take(window);
            }
        });
        scanner.reader = reader;
        if let Ok(size) = read
            && scanner.seen.sources()
            && size > reader::WINDOW as u64
        {
            match kept.bytes() {
                Some(bytes) if bytes.len() as u64 == size => scanner.sources(names, bytes, scanner.start),
                _ => scanner.too_large(names),
            }
        }
        drop(kept);
        scanner.layers.clear();
        scanner.found.bytes += read?;
        Ok(())
    }
}

impl ContainerVisitor for Inside<'_, '_> {
    fn member(&mut self, layers: &[Layer], name: &str, input: &mut dyn Read) -> io::Result<()> {
        self.scan(layers, name, input)
    }

    fn text(
        &mut self,
        layers: &[Layer],
        name: &str,
        input: &mut dyn Read,
        parts: &SegmentNames,
    ) -> io::Result<()> {
        self.scanner.parts = Some(parts.clone());
        let read = self.scan(layers, name, input);
        self.scanner.parts = None;
        read
    }

    fn outside(
        &mut self,
        layers: &[Layer],
        kind: ContainerKind,
        name: &str,
        input: &mut dyn Read,
    ) -> io::Result<Outside> {
        let before = self.scanner.found.findings.len();
        self.scanner.view = View::of(Some(kind));
        let read = self.scan(layers, name, input);
        self.scanner.view = View::Alone;
        read.map(|()| Outside { before, inside: self.scanner.found.findings.len() })
    }

    fn inside(&mut self, kind: ContainerKind, outside: Outside) {
        self.scanner.keep_what_is_inside(View::of(Some(kind)), outside.before, outside.inside);
    }

    fn part(&mut self, layers: &[Layer], name: &str, input: &mut dyn Read) -> io::Result<Outside> {
        let before = self.scanner.found.findings.len();
        (self.scanner.view, self.scanner.is_part) = (View::Packed, true);
        let read = self.scan(layers, name, input);
        (self.scanner.view, self.scanner.is_part) = (View::Alone, false);
        read.map(|()| Outside { before, inside: self.scanner.found.findings.len() })
    }

    fn so_far(&self) -> usize {
        self.scanner.found.findings.len()
    }

    fn texts(&mut self, parts: &[Outside], from: usize) {
        self.scanner.keep_outer(parts, from, |_| false);
    }

    fn wants(&self, name: &str, part: &[u8]) -> bool {
        match self.scanner.context.pass {
            Pass::Detect => {
                let detector = self.scanner.context.detector;
                detector.wants(part) || detector.wants_path(&self.below(name))
            }
            Pass::Sweep(known) => known.is_in(part),
        }
    }

    fn unread(&mut self, layers: &[Layer], reason: String) {
        self.scanner.found.incomplete.push(Incomplete { path: trail(self.outer.shown, layers), reason });
    }
}
