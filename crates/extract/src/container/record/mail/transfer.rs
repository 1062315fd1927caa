//! How a body is encoded for its way.

/// How a body is encoded for its way (RFC 2045, section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// Not at all.
    #[default]
    Identity,
    /// Letters that mail may not carry are `=` and two digits.
    QuotedPrintable,
    Base64,
    /// Files between `begin` and `end`.
    Uuencode,
}

pub fn transfer(text: &str) -> Transfer {
    match text.to_ascii_lowercase().as_str() {
        "quoted-printable" => Transfer::QuotedPrintable,
        "base64" => Transfer::Base64,
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => Transfer::Uuencode,
        _ => Transfer::Identity,
    }
}
