//! The other readings of a text, and what was undone to make them.

use super::boundary::Field;
use krea_scan_text::literals::Joined;
use krea_scan_text::{Layer, LayerKind, Text};
use std::ops::Range;

/// A text as it is searched, and the text that it is another reading of.
pub struct DerivedText<'t> {
    pub field: Field<'t>,
    pub base: &'t Text<'t>,
    pub made: TextOrigin,
}

/// How a reading of a text was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOrigin {
    /// It is the text, without its escapes.
    AsItStands,
    /// Its literals are joined.
    Joined(Joined),
    /// It is what its markup shows.
    Markup,
    /// It is the lines that its strings are.
    Lines,
    /// What tables wrap is joined.
    Cells,
}

impl DerivedText<'_> {
    /// What was undone to read a range; nothing where it stands as it is.
    pub fn layer(&self, range: &Range<usize>) -> Option<Layer> {
        let kind = match self.made {
            TextOrigin::Markup if !self.field.text().is_one_piece(range) => LayerKind::Markup,
            TextOrigin::Cells if !self.field.text().is_one_piece(range) => LayerKind::Cells,
            TextOrigin::Joined(_) | TextOrigin::Lines if !self.field.text().is_one_piece(range) => {
                LayerKind::Literals
            }
            _ if self.field.text().is_verbatim(self.base, range) => return None,
            _ => LayerKind::Escapes,
        };
        Some(Layer::unnamed(kind))
    }
}
