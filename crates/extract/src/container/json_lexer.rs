//! JSON as it comes, token by token, without recursion and without holding more than short strings (RFC 8259).

use std::io::{self, BufRead};
use std::ops::Range;

/// So much of a string is kept, in bytes.
const KEPT: usize = 2048;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonToken {
    /// `{`, or `[` if it is no object.
    Open {
        /// `{`
        is_object: bool,
    },
    /// `}` or `]`.
    Close,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string: where it stands, without its quotes, and its start, with escapes as they are.
    Text(Range<u64>, Vec<u8>),
    /// A number, `true`, `false`, `null`, or what is no JSON.
    Other,
}

/// Gives the tokens of a JSON text.
pub struct JsonLexer<R> {
    input: R,
    at: u64,
}

impl<R: BufRead> JsonLexer<R> {
    /// Reads `input` from this place on.
    pub fn new(input: R, at: u64) -> Self {
        JsonLexer { input, at }
    }

    /// Where the next one is looked for.
    pub fn place(&self) -> u64 {
        self.at
    }

    /// What is read, for a reader of its own of a string that [`JsonLexer::open_text`] has opened. What that takes does not
    /// count for places.
    pub fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The next one; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<JsonToken>> {
        if self.open_text()? {
            return self.text().map(Some);
        }
        let Some(&byte) = self.input.fill_buf()?.first() else { return Ok(None) };
        self.consume(1);
        Ok(Some(match byte {
            b'{' | b'[' => JsonToken::Open { is_object: byte == b'{' },
            b'}' | b']' => JsonToken::Close,
            b',' => JsonToken::Comma,
            b':' => JsonToken::Colon,
            _ => {
                self.skip_word()?;
                JsonToken::Other
            }
        }))
    }

    /// Goes behind the quote of a string if one comes next. Says whether it does.
    pub fn open_text(&mut self) -> io::Result<bool> {
        loop {
            match self.input.fill_buf()?.first() {
                Some(b'"') => {
                    self.consume(1);
                    return Ok(true);
                }
                Some(byte) if byte.is_ascii_whitespace() => self.consume(1),
                _ => return Ok(false),
            }
        }
    }

    fn consume(&mut self, length: usize) {
        self.input.consume(length);
        self.at += length as u64;
    }

    /// What is left of a string that is open.
    pub fn text(&mut self) -> io::Result<JsonToken> {
        let (start, mut kept, mut is_escaped) = (self.at, Vec::new(), false);
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(JsonToken::Text(start..self.at, kept));
            }
            // What an escape stands before is part of the string.
            let from = usize::from(std::mem::take(&mut is_escaped));
            let found = memchr::memchr2(b'"', b'\\', &buffer[from..]).map(|found| from + found);
            let length = found.unwrap_or(buffer.len());
            let byte = found.map(|found| buffer[found]);
            let room = KEPT.saturating_sub(kept.len());
            kept.extend_from_slice(&buffer[..(length + usize::from(byte == Some(b'\\'))).min(room)]);
            self.consume(length);
            match byte {
                Some(b'"') => {
                    let range = start..self.at;
                    self.consume(1);
                    return Ok(JsonToken::Text(range, kept));
                }
                Some(_) => {
                    self.consume(1);
                    is_escaped = true;
                }
                None => {}
            }
        }
    }

    fn skip_word(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let ends = |byte: &u8| byte.is_ascii_whitespace() || b"{}[],:\"".contains(byte);
            let end = buffer.iter().position(ends);
            let length = end.unwrap_or(buffer.len());
            self.consume(length);
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn tokens_come_whatever_the_size_of_a_read() {
        let text = r#"{"a\"b" :[-1.5e3,"c\\"],"d":null}"#;
        for size in 1..20 {
            let mut lexer = JsonLexer::new(BufReader::with_capacity(size, text.as_bytes()), 0);
            let mut seen = String::new();
            while let Some(token) = lexer.next().unwrap() {
                seen.push_str(&match token {
                    JsonToken::Open { is_object: true } => "{".to_owned(),
                    JsonToken::Open { .. } => "(".to_owned(),
                    JsonToken::Close => ")".to_owned(),
                    JsonToken::Comma => ",".to_owned(),
                    JsonToken::Colon => ":".to_owned(),
                    JsonToken::Other => "0".to_owned(),
                    JsonToken::Text(range, kept) => {
                        let range = range.start as usize..range.end as usize;
                        assert_eq!(text[range].as_bytes(), kept);
                        format!("<{}>", String::from_utf8(kept).unwrap())
                    }
                });
            }
            assert_eq!(seen, r#"{<a\"b>:(0,<c\\>),<d>:0)"#, "{size}");
        }
    }
}
