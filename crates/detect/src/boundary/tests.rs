//! Tokens of every alphabet in every sort of border: the best reading is the token, the other one is told where there is
//! one, and there is doubt where nothing shows a border.

use super::*;
use crate::rules::RuleSet;
use krea_scan_token::TokenKind;
use tokens::Alphabet as Letters;

#[path = "../../../../fixtures/tokens.rs"]
mod tokens;

/// So many tokens of each alphabet are tried.
const EACH: u64 = 12;

/// What is read in a text by the rule with this number.
fn read(rule: usize, text: &[u8]) -> Vec<(Vec<String>, Option<Doubt>)> {
    let rules = RuleSet::built_in().expect("the built-in rules load").rules;
    let value = &rules[rule].context.as_ref().expect("a rule with context").value;
    let text = Text::plain(text);
    let found = find(value, Field::new(&text), 0..text.bytes().len());
    let texts = |bounds: &Bounds| {
        bounds
            .spans
            .iter()
            .map(|span| String::from_utf8_lossy(&text.bytes()[span.clone()]).into_owned())
            .collect()
    };
    found.into_iter().map(|bounds| (texts(&bounds), bounds.doubt)).collect()
}

/// Tokens of a kind with the number of the rule that finds them.
fn drawn(kind: TokenKind, plain_id: bool) -> (usize, Vec<String>) {
    let numbers = || Letters::ALL.into_iter().flat_map(|letters| (0..EACH).map(move |n| (letters, n)));
    match (kind, plain_id) {
        (TokenKind::Pair, false) => (0, numbers().map(|(letters, n)| tokens::pair(letters, n)).collect()),
        (TokenKind::Pair, true) => {
            let pair = |(letters, n)| format!("{}:{}", tokens::plain_id(n), tokens::secret(letters, n));
            (1, numbers().map(pair).collect())
        }
        _ => (2, numbers().map(|(letters, n)| tokens::legacy(letters, n)).collect()),
    }
}

fn all_kinds() -> Vec<(usize, Vec<String>)> {
    vec![drawn(TokenKind::Pair, false), drawn(TokenKind::Pair, true), drawn(TokenKind::Legacy, false)]
}

fn ends_with_a_letter(token: &str) -> bool {
    !token.ends_with(['-', '_', '+', '/', '=']) && !token.starts_with(['-', '_', '+', '/'])
}

#[test]
fn a_value_between_clear_borders_is_certain() {
    for (rule, tokens) in all_kinds() {
        for token in tokens.iter().filter(|token| ends_with_a_letter(token)) {
            for text in [
                "KREA_API_KEY=@\n",
                "\"@\"",
                "key: @",
                "`@`,",
                "see @.",
                "<b>@</b>",
                "(@)",
                "a='@';",
                "@",
                "é @ é",
            ] {
                let found = read(rule, text.replace('@', token).as_bytes());
                assert_eq!(found, [(vec![token.clone()], None)], "{text} {token}");
            }
        }
    }
}

#[test]
fn a_delimiter_that_is_a_letter_is_none_of_it() {
    let texts = [
        "Krea key: _@_",
        "*_@_*",
        "__@__ x",
        "=@=",
        "* Krea\n  =@=\n",
        "KEY=[-@-]",
        "KEY={+@+}",
        "KEY=[-@-]{+x+}",
        "x -@- x",
        "--@--",
        "~@~",
        "**@**",
        "|@|",
        "<!-- @-->",
        "K=${KREA_API_KEY:-@}",
        "K=\"${KREA_API_KEY:-@}\"",
        "K=${KREA_API_KEY-@}",
        "K=${KREA_API_KEY:=@}",
        "K=${KREA_API_KEY:+@}",
        "K=${A:-${B:-@}}",
        "K=${1:-@}",
        "@@ -1 +0,0 @@\n-@\n",
        "@@ -0,0 +1 @@\n+@\n",
        "sed -i 's/KREA_API_KEY=.*/KREA_API_KEY=@/' .env",
        "sed -i 's/^KREA_API_KEY=.*$/KREA_API_KEY=@/g' .env",
        "sed -e 's/a/b/;s/KEY=.*/KEY=@/;s/c/d/'",
        "sed 's|KEY=.*|KEY=@|'",
        "sed 's#KEY=.*#KEY=@#'",
        "sed 's~KEY=.*~KEY=@~'",
        "sed \"s+KEY=.*+KEY=@+g\" x",
        "perl -pi -e 's/@/gone/g' x",
        ":%s/KEY=.*/KEY=@/g",
        "@==>gone\n",
        "the key is\\N@\n",
    ];
    for (rule, tokens) in all_kinds() {
        // What an expression is delimited by is escaped in its parts, and padding is no arrow.
        for token in tokens.iter().filter(|token| ends_with_a_letter(token) && !token.contains(['/', '+'])) {
            for text in texts {
                let text = text.replacen("@@", "\u{1}", 2).replace('@', token).replace('\u{1}', "@@");
                let found = read(rule, text.as_bytes());
                assert_eq!(found.len(), 1, "{text}: {found:?}");
                assert_eq!((&found[0].0[0], found[0].1), (token, None), "{text}: {found:?}");
            }
        }
    }
}

#[test]
fn what_is_quoted_by_an_operator_ends_where_its_character_comes_again() {
    let texts =
        ["my $krea_key = q=@=;", "key = (%q_@_)", "Krea's is \\verb_@_, see", "Krea's is \\verb*+@+."];
    for (rule, tokens) in all_kinds() {
        for token in tokens.iter().filter(|token| !token.contains(['_', '=', '+', '/'])) {
            for text in texts {
                let text = text.replace('@', token);
                let found = read(rule, text.as_bytes());
                assert_eq!(found.len(), 1, "{text}: {found:?}");
                assert_eq!((&found[0].0[0], found[0].1), (token, None), "{text}: {found:?}");
            }
        }
    }
}

#[test]
fn a_letter_may_delimit_the_expression_of_a_script() {
    for n in 0..EACH {
        let token = tokens::pair(Letters::Hex, n);
        let text = format!("ssh web \"sed -i 'sZ%KEY%Z{token}Z' /srv/.env\"");
        assert_eq!(read(0, text.as_bytes()), [(vec![token], None)], "{text}");
    }
}

#[test]
fn what_may_be_a_letter_is_another_reading() {
    let id = tokens::uuid(1);
    let secret = |length: usize| tokens::material(Letters::Base62, length, 7);
    for (text, best, other) in [
        // A base64url secret of 32 bytes that ends so, and one that a dash follows.
        (
            format!("K={id}:{}-\n", secret(42)),
            format!("{id}:{}-", secret(42)),
            format!("{id}:{}", secret(42)),
        ),
        (
            format!("K={id}:{}-\n", secret(43)),
            format!("{id}:{}", secret(43)),
            format!("{id}:{}-", secret(43)),
        ),
        (
            format!("x _{id}:{}_\n", secret(43)),
            format!("{id}:{}", secret(43)),
            format!("{id}:{}_", secret(43)),
        ),
        (
            format!("x _{id}:{}__\n", secret(42)),
            format!("{id}:{}_", secret(42)),
            format!("{id}:{}", secret(42)),
        ),
        (
            format!("K={id}:{}=\n", secret(43)),
            format!("{id}:{}=", secret(43)),
            format!("{id}:{}", secret(43)),
        ),
        (
            format!("x ={id}:{}=\n", secret(43)),
            format!("{id}:{}", secret(43)),
            format!("{id}:{}=", secret(43)),
        ),
    ] {
        let found = read(0, text.as_bytes());
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].0[0], best, "{text}");
        assert!(found[0].0.contains(&other) && found[0].1.is_none(), "{text}: {found:?}");
    }
    // Digits in base 16 go on with no other letter, and padding fills up groups of four.
    let hex = tokens::material(Letters::Hex, 64, 3);
    for text in [format!("K={id}:{hex}_\n"), format!("K={id}:{hex}_old\n"), format!("K={id}:{hex}=\n")] {
        assert_eq!(read(0, text.as_bytes()), [(vec![format!("{id}:{hex}")], None)], "{text}");
    }
}

#[test]
fn a_longer_id_in_a_text_may_be_one() {
    let (token, rule) = (tokens::pair(Letters::Hex, 5), 1);
    let found = read(rule, format!("KREA_API_KEY=svc_{token}\n").as_bytes());
    assert_eq!(found, [(vec![format!("svc_{token}"), token.clone()], None)]);
    for text in [format!("x{token}"), format!("job-{token}"), format!("https://example.com/jobs/{token}")] {
        assert_eq!(read(0, text.as_bytes()), [], "{text}");
    }
}

#[test]
fn dots_say_that_there_is_more() {
    for text in ["K=@…", "K=@...\n"] {
        let token = tokens::pair(Letters::Hex, 9);
        let found = read(0, text.replace('@', &token).as_bytes());
        assert_eq!(found, [(vec![token], Some(Doubt::Cut))], "{text}");
    }
}

/// A string with its length before it, in one of the ways that serialisers have, and what comes next.
fn serialised(way: &str, text: &str) -> Vec<u8> {
    let length = text.len();
    let (byte, wide) = (length as u8, length as u32);
    let varint = |number: usize| match number {
        ..0x80 => vec![number as u8],
        _ => vec![number as u8 & 0x7f | 0x80, (number >> 7) as u8],
    };
    let (head, tail): (Vec<u8>, &[u8]) = match way {
        "msgpack" => (vec![0xd9, byte], b"\xa5theme"),
        "cbor" => (vec![0x78, byte], b"\x03"),
        "pickle" => (vec![0x8c, byte], b"\x94s."),
        "java" => ([&[1], &(length as u16).to_be_bytes()[..]].concat(), b"\x01\0\x04Code"),
        "protobuf" => ([vec![0x12], varint(length)].concat(), b"\x18\x05"),
        "dex" => ([vec![0], varint(length)].concat(), b"\0\x06append\0"),
        "avro" => (varint(2 * length), b"\x02x"),
        "bson" => ([&b"\x02key\0"[..], &(wide + 1).to_le_bytes()].concat(), b"\0\0"),
        "thrift" => ([&b"\x0b\0\x02"[..], &wide.to_be_bytes()].concat(), b"\0"),
        "bincode" => ((length as u64).to_le_bytes().to_vec(), b"\x05\0\0\0\0\0\0\0theme"),
        "v8" => ([vec![b'"'], varint(length)].concat(), b"\"\x05theme{\x01"),
        "matroska" => (vec![0x44, 0x87, 0x80 | byte], b"g\xc8\x9aE"),
        "bplist" => (vec![0x5f, 0x10, byte], b"Tdark\x08"),
        "c" => (b"\0\0".to_vec(), b"\0Content-Type\0"),
        _ => unreachable!("{way}"),
    };
    [b"\0\x01\x04krea".as_slice(), &head, text.as_bytes(), tail].concat()
}

#[test]
fn a_length_says_where_a_string_in_a_binary_begins_and_ends() {
    let ways = [
        "msgpack", "cbor", "pickle", "java", "protobuf", "dex", "avro", "bson", "thrift", "bincode", "v8",
        "matroska", "bplist", "c",
    ];
    for token in drawn(TokenKind::Pair, false).1 {
        for way in ways {
            let found = read(0, &serialised(way, &token));
            assert_eq!(found.len(), 1, "{way} {token}: {found:?}");
            assert_eq!(found[0].0[0], token, "{way}: {found:?}");
        }
    }
    // In more than a letter it is certain, and so is a string between zeros.
    let token = format!("{}:{}", tokens::uuid(3), tokens::material(Letters::Base62, 43, 3));
    for way in ["msgpack", "pickle", "java", "protobuf", "dex", "avro", "bson", "thrift", "bincode", "c"] {
        assert_eq!(read(0, &serialised(way, &token))[0].1, None, "{way}");
    }
}

#[test]
fn the_length_of_a_line_or_a_frame_counts_as_well() {
    let token = tokens::pair(Letters::Base62, 4);
    let line = format!("KREA_API_KEY={token}");
    let undo = [b"\0\0\0", &[line.len() as u8][..], line.as_bytes(), b"5\x81\xe7\xaa"].concat();
    assert_eq!(read(0, &undo)[0].0[0], token);
    let comment = format!("DESCRIPTION=krea token {token}");
    let length = (comment.len() as u32).to_le_bytes();
    let opus =
        [b"OpusTags\0\0\0\0\x01\0\0\0", &length[..], comment.as_bytes(), b"OggS\0\x04\x38\x01\0\0"].concat();
    assert_eq!(read(0, &opus), [(vec![token], None)]);
}

#[test]
fn a_neighbour_without_a_border_is_told_and_leaves_doubt() {
    for (before, after) in [
        ("https://api.krea.ai/jobs", "/rustc/59807616e1fa2540724b\0"),
        ("reads; runtime corrupted", "runtime.Pinner: found leaking\0"),
        ("src/main.rs", "https://api.krea.ai/jobs\0"),
        ("\u{1}krea_api_key", "2026-06-02 11:00\0"),
        ("DESCRIPTION=krea ", "OggS\0\u{4}\u{1}\0\0\0"),
        ("\u{1}x=", "application/json\0"),
    ] {
        for (letters, length) in [(Letters::Hex, 64), (Letters::Base62, 43), (Letters::Base62, 32)] {
            let token = format!("{}:{}", tokens::uuid(8), tokens::material(letters, length, 8));
            let text = format!("\0{before}{token}{after}");
            let found = read(0, text.as_bytes());
            assert_eq!(found.len(), 1, "{text:?}");
            assert_eq!((&found[0].0[0], found[0].1), (&token, Some(Doubt::NoBorder)), "{text:?}: {found:?}");
        }
    }
}

#[test]
fn tokens_end_to_end_are_two() {
    let (one, two) = (tokens::pair(Letters::Hex, 1), tokens::pair(Letters::Base62, 2));
    let found = read(0, format!("\0\u{1}{one}{two}\0").as_bytes());
    let best: Vec<&String> = found.iter().map(|(texts, _)| &texts[0]).collect();
    assert_eq!(best, [&one, &two]);
}

#[test]
fn strings_with_letters_beside_them_are_known_by_their_lengths() {
    let is = |text: &[u8]| {
        let at = memchr::memmem::find(text, b"krea").expect("a mention");
        is_string(text, &(at..at + 4))
    };
    assert!(is(b"\xa2gserviceDkreafapiKey\x03"));
    assert!(is(b"(dp0\nVkrea\np1\n"));
    for text in [&b"servicedkreafapiKey"[..], b"\x01pankreas", b"skrea\n", b"krea"] {
        assert!(!is(text), "{text:?}");
    }
}
