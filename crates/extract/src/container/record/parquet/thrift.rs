//! Thrift's compact protocol, as far as Parquet's headers need it
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).

/// Structures in structures are followed so deep.
const MAX_DEPTH: usize = 32;

/// Reads values from a place on. Nothing is kept that the caller does not ask for.
#[derive(Clone, Copy)]
pub struct Thrift<'b> {
    bytes: &'b [u8],
    at: usize,
    depth: usize,
}

/// What a field of a structure holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    Bool(bool),
    /// A number of whatever width.
    Number,
    Byte,
    Double,
    Text,
    List,
    Map,
    Struct,
}

impl FieldType {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            1 => FieldType::Bool(true),
            2 => FieldType::Bool(false),
            3 => FieldType::Byte,
            4..=6 => FieldType::Number,
            7 => FieldType::Double,
            8 => FieldType::Text,
            9 | 10 => FieldType::List,
            11 => FieldType::Map,
            12 => FieldType::Struct,
            _ => return None,
        })
    }
}

impl<'b> Thrift<'b> {
    /// Reads from the start of some bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Thrift { bytes, at: 0, depth: 0 }
    }

    /// How many bytes were read.
    pub fn read(&self) -> usize {
        self.at
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number.
    pub fn number(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A text, or bytes.
    pub fn text(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let end = self.at.checked_add(length)?;
        let text = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(text)
    }

    /// The fields of a structure. `each` reads the value of a field that it wants and says so, of the others it reads nothing.
    /// `None` when the structure is damaged.
    pub fn fields(&mut self, each: &mut dyn FnMut(&mut Self, i16, FieldType) -> Option<bool>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut id = 0i16;
        loop {
            let header = self.byte()?;
            if header == 0 {
                self.depth -= 1;
                return Some(());
            }
            id = match header >> 4 {
                0 => i16::try_from(self.number()?).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            let field = FieldType::of(header & 15)?;
            if !each(self, id, field)? {
                self.skip(field)?;
            }
        }
    }

    /// The items of a list, one after the other; `each` reads one.
    pub fn list(&mut self, each: &mut dyn FnMut(&mut Self, FieldType) -> Option<()>) -> Option<()> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        let item = FieldType::of(header & 15)?;
        for _ in 0..count {
            // Items that take no room do not end.
            (self.at < self.bytes.len()).then_some(())?;
            each(self, item)?;
        }
        Some(())
    }

    fn skip(&mut self, field: FieldType) -> Option<()> {
        match field {
            FieldType::Bool(_) => Some(()),
            FieldType::Byte => self.byte().map(drop),
            FieldType::Number => self.varint().map(drop),
            FieldType::Double => {
                self.at += 8;
                Some(())
            }
            FieldType::Text => self.text().map(drop),
            FieldType::List => self.list(&mut |thrift, item| thrift.skip_item(item)),
            FieldType::Map => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                for _ in 0..count {
                    (self.at < self.bytes.len()).then_some(())?;
                    self.skip_item(FieldType::of(kinds >> 4)?)?;
                    self.skip_item(FieldType::of(kinds & 15)?)?;
                }
                Some(())
            }
            FieldType::Struct => self.fields(&mut |_, _, _| Some(false)),
        }
    }

    /// A truth in a list takes a byte.
    fn skip_item(&mut self, item: FieldType) -> Option<()> {
        match item {
            FieldType::Bool(_) => self.byte().map(drop),
            other => self.skip(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_not_wanted_are_passed_over() {
        // 1: a text, 2: a list of numbers, 3: a structure with a truth, 5: a number.
        let bytes = [0x18, 2, b'h', b'i', 0x19, 0x25, 2, 4, 0x1c, 0x11, 0, 0x26, 5, 0, 9];
        let (mut thrift, mut seen, mut number) = (Thrift::new(&bytes), Vec::new(), None);
        let read = thrift.fields(&mut |thrift, id, field| {
            seen.push((id, field));
            if id == 5 {
                number = thrift.number();
            }
            Some(id == 5)
        });
        let expected =
            [(1, FieldType::Text), (2, FieldType::List), (3, FieldType::Struct), (5, FieldType::Number)];
        assert_eq!((read, number, thrift.read()), (Some(()), Some(-3), 14));
        assert_eq!(seen, expected);
    }

    #[test]
    fn damage_and_depth_end_it() {
        let deep = [0x1c; 1000];
        assert_eq!(Thrift::new(&deep).fields(&mut |_, _, _| Some(false)), None);
        assert_eq!(
            Thrift::new(&[0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x0f]).fields(&mut |_, _, _| Some(false)),
            None
        );
    }
}
