//! `#[needs("chromium", "tesseract")]` on a test that cannot run everywhere.
//!
//! Where something is missing, cargo lists the test as `ignored, needs chromium: apt-get install chromium`; with the
//! variable `CI` set it fails instead, with the same words. It is decided when the tests are built, and anew when something
//! was installed. `list` has the names. `#[needs(root)]` and `#[needs(mount)]` ask for a right, which nobody can install:
//! without it the test is left out in CI too.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

const LIST: &str = include_str!("../list");

/// The rights, and what a person calls them.
const RIGHTS: [(&str, &str); 2] =
    [("root", "root, who may give files away"), ("mount", "the right to mount a file system")];

/// Leaves the test out, or fails it in CI, where one of these is missing.
#[proc_macro_attribute]
pub fn needs(attribute: TokenStream, test: TokenStream) -> TokenStream {
    let mut left_out = Vec::new();
    let mut missing = Vec::new();
    for token in attribute {
        let word = token.to_string();
        match &token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {}
            TokenTree::Ident(_) => match RIGHTS.iter().find(|(name, _)| *name == word) {
                Some((_, words)) if !is_among(env!("NEEDS_RIGHTS"), &word) => {
                    left_out.push((*words).to_owned())
                }
                Some(_) => {}
                None => return error(&format!("no test can ask for the right `{word}`")),
            },
            _ => {
                let name = word.trim_matches('"');
                let Some(command) = LIST.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                else {
                    return error(&format!("{word} is not in tests/needs/list"));
                };
                if is_among(env!("NEEDS_MISSING"), name) {
                    missing.push(format!("{name}: {command}"));
                }
            }
        }
    }
    if env!("NEEDS_CI") == "true" && !missing.is_empty() {
        return failing(&format!("it needs {}", missing.join("; ")), test);
    }
    left_out.extend(missing);
    if left_out.is_empty() {
        return test;
    }
    let reason = TokenStream::from_iter([
        word("ignore"),
        Punct::new('=', Spacing::Alone).into(),
        Literal::string(&format!("needs {}", left_out.join("; "))).into(),
    ]);
    [outer(reason), test].into_iter().collect()
}

fn is_among(list: &str, name: &str) -> bool {
    list.split(':').any(|one| one == name)
}

fn word(text: &str) -> TokenTree {
    Ident::new(text, Span::call_site()).into()
}

/// An attribute of what follows.
fn outer(content: TokenStream) -> TokenStream {
    let group = Group::new(Delimiter::Bracket, content);
    TokenStream::from_iter([TokenTree::from(Punct::new('#', Spacing::Alone)), group.into()])
}

/// A call of a macro with one text.
fn call(name: &str, text: &str) -> TokenStream {
    let argument = TokenStream::from(TokenTree::from(Literal::string(text)));
    TokenStream::from_iter([
        word(name),
        Punct::new('!', Spacing::Alone).into(),
        Group::new(Delimiter::Parenthesis, argument).into(),
        Punct::new(';', Spacing::Alone).into(),
    ])
}

/// The test, which fails with these words before it does anything.
fn failing(words: &str, test: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = test.into_iter().collect();
    let Some(TokenTree::Group(body)) = tokens.pop() else { return error("only a test can need something") };
    let body = [call("panic", words), body.stream()].into_iter().collect();
    tokens.push(Group::new(Delimiter::Brace, body).into());
    let unreachable = TokenStream::from(TokenTree::from(Group::new(
        Delimiter::Parenthesis,
        TokenStream::from(word("unreachable_code")),
    )));
    [outer([TokenStream::from(word("allow")), unreachable].into_iter().collect())]
        .into_iter()
        .chain([tokens.into_iter().collect()])
        .collect()
}

fn error(words: &str) -> TokenStream {
    call("compile_error", words)
}
