//! What RTF is written in (Rich Text Format specification 1.9.1, "Syntax"): groups, control words and bytes. Read as a
//! stream; nothing is held but the token.

use std::io::{self, BufRead, Read};

/// Control words are no longer, in bytes; the specification allows 32.
const MAX_WORD: usize = 64;

/// A piece of what is written.
#[derive(Debug, PartialEq)]
pub enum RtfToken {
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// `\word` or `\word12`: its number. [`RtfLexer::word`] is the word.
    Word(Option<i32>),
    /// `\*` and the like.
    Symbol(u8),
    Byte(u8),
    /// `\'e4`: a byte of text that is written in ASCII.
    Hex(u8),
}

pub struct RtfLexer<R> {
    input: R,
    word: String,
}

impl<R: BufRead> RtfLexer<R> {
    pub fn new(input: R) -> Self {
        RtfLexer { input, word: String::new() }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.input.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// The control word that was read last.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// Passes so many bytes, which follow `\bin`.
    ///
    /// # Errors
    /// What reading answers.
    pub fn skip(&mut self, length: u64) -> io::Result<()> {
        io::copy(&mut (&mut self.input).take(length), &mut io::sink()).map(drop)
    }

    /// Reads bytes that follow `\bin`.
    ///
    /// # Errors
    /// What reading answers.
    pub fn bytes(&mut self, length: u64, out: &mut Vec<u8>) -> io::Result<usize> {
        (&mut self.input).take(length).read_to_end(out)
    }

    /// The next token; `None` at the end.
    ///
    /// # Errors
    /// What reading answers.
    pub fn next(&mut self) -> io::Result<Option<RtfToken>> {
        loop {
            let Some(byte) = self.byte()? else { return Ok(None) };
            return Ok(Some(match byte {
                b'{' => RtfToken::Open,
                b'}' => RtfToken::Close,
                b'\r' | b'\n' | 0 => continue,
                b'\\' => match self.peek()? {
                    Some(b'a'..=b'z' | b'A'..=b'Z') => return self.read_word().map(Some),
                    Some(b'\'') => {
                        self.byte()?;
                        let mut digit =
                            || Ok::<_, io::Error>(self.byte()?.and_then(|byte| (byte as char).to_digit(16)));
                        let (high, low) = (digit()?, digit()?);
                        RtfToken::Hex((high.unwrap_or(0) * 16 + low.unwrap_or(0)) as u8)
                    }
                    Some(symbol) => {
                        self.byte()?;
                        RtfToken::Symbol(symbol)
                    }
                    None => return Ok(None),
                },
                byte => RtfToken::Byte(byte),
            }));
        }
    }

    fn read_word(&mut self) -> io::Result<RtfToken> {
        self.word.clear();
        while let Some(byte) = self.peek()?.filter(u8::is_ascii_alphabetic) {
            self.byte()?;
            if self.word.len() < MAX_WORD {
                self.word.push(byte as char);
            }
        }
        let mut number: Option<i64> = None;
        let is_negative = self.peek()? == Some(b'-');
        if is_negative {
            self.byte()?;
        }
        while let Some(byte) = self.peek()?.filter(u8::is_ascii_digit) {
            self.byte()?;
            number = Some((number.unwrap_or(0) * 10 + i64::from(byte - b'0')).min(i64::from(i32::MAX)));
        }
        if self.peek()? == Some(b' ') {
            self.byte()?;
        }
        let number = number.map(|number| if is_negative { -number } else { number } as i32);
        Ok(RtfToken::Word(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_it() {
        let mut lexer = RtfLexer::new(&b"{\\rtf1\\u-8212 ?\\'e4x\r\n\\*\\b0}\\bin3 }}}z"[..]);
        let mut all = Vec::new();
        while let Some(token) = lexer.next().unwrap() {
            all.push(format!("{} {token:?}", if let RtfToken::Word(_) = token { lexer.word() } else { "" }));
            if let (RtfToken::Word(Some(length)), "bin") = (token, lexer.word()) {
                lexer.skip(length as u64).unwrap();
            }
        }
        let expected = [
            " Open",
            "rtf Word(Some(1))",
            "u Word(Some(-8212))",
            " Byte(63)",
            " Hex(228)",
            " Byte(120)",
            " Symbol(42)",
            "b Word(Some(0))",
            " Close",
            "bin Word(Some(3))",
            " Byte(122)",
        ];
        assert_eq!(all, expected);
    }
}
