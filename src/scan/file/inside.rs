//! What is in a container: each text is scanned as a file, and told with the way to it.

use super::FileScanner;
use super::name::scan_name;
use super::sources::WholeMember;
use super::text::{Text, TextScan};
use super::views::Role;
use crate::finding::trail;
use crate::scan::context::FileNames;
use crate::scan::known_tokens::Pass;
use crate::scan::reconcile::names::is_built;
use crate::source::reader;
use krea_scan_extract::container::{ContainedText, ContainerVisitor, Scope};
use krea_scan_files::Incomplete;
use krea_scan_text::Layer;
use std::io;

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
}

impl ContainerVisitor for Inside<'_, '_> {
    fn text(&mut self, contained: ContainedText<'_>) -> io::Result<()> {
        let below = self.below(contained.name);
        let FileScanner { context, found, reader, views } = &mut *self.scanner;
        let ContainedText { layers, name, input, relation, segments } = contained;
        if layers.last().is_some_and(|layer| !layer.name.is_empty() && layer.name == name) {
            let member = FileNames { shown: self.outer.shown, below: name };
            scan_name(*context, member, layers, found, views);
        }
        let names = FileNames { shown: self.outer.shown, below: &below };
        let text = Text { names, layers, relation, segments, is_source: false };
        let mut kept = WholeMember::default();
        let kept_for_later = match context.pass {
            Pass::Sweep(known) => known.members.start(trail(self.outer.shown, layers)),
            Pass::Detect => None,
        };
        let mut scan = TextScan::new(*context, text, found, views);
        let read = reader.read(input, |window| {
            scan.window(window);
            kept_for_later.as_ref().inspect(|file| file.keep(window.new_bytes()));
            let whole = window.offset == 0 && window.to == usize::MAX;
            if !whole && (scan.is_map() || is_built(name)) {
                kept.take(window);
            }
        });
        if let Ok(size) = read
            && scan.has_sources()
            && size > reader::WINDOW as u64
        {
            match kept.bytes() {
                Some(bytes) if bytes.len() as u64 == size => scan.sources(bytes),
                _ => scan.too_large(),
            }
        }
        scan.close();
        found.bytes += read?;
        Ok(())
    }

    fn enter(&mut self, scope: Scope) {
        self.scanner.views.open(Role::Scope(scope));
    }

    fn leave(&mut self) {
        self.scanner.views.close();
    }

    fn wants(&self, name: &str, part: &[u8]) -> bool {
        match self.scanner.context.pass {
            Pass::Detect => {
                let context = &self.scanner.context;
                context.wants(part) || context.detector.wants_path(&self.below(name))
            }
            Pass::Sweep(known) => known.is_in(part),
        }
    }

    fn unread(&mut self, layers: &[Layer], reason: String) {
        self.scanner.found.incomplete.push(Incomplete { path: trail(self.outer.shown, layers), reason });
    }
}
