//! The forms in which a token stands in what bundlers, compilers and frameworks make: it is found exactly, once, where it
//! is encoded, with what was decoded on the way; and no encoded form of it is shown.

mod copies;
mod hostile;

use crate::pack::gzip;
use crate::support::Sandbox;
use crate::support::program::token;
use crate::support::tokens::hash;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

/// A file, what its token looks like in it, and the layers of the finding.
struct Case {
    text: String,
    written: String,
    layers: &'static [&'static str],
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn codes(text: &str, form: fn(u8) -> String, between: &str) -> String {
    text.bytes().map(form).collect::<Vec<_>>().join(between)
}

/// Scans each case in a folder of its own, so that one finding confirms no other.
#[track_caller]
fn check(make: impl Fn(&str) -> Vec<Case>) {
    let name = std::panic::Location::caller().line();
    let token = token(hash(&name.to_string()) % 24);
    for case in make(&token) {
        let sandbox = Sandbox::empty();
        sandbox.write("app.js", &case.text);
        let run = sandbox.jsonl(&["app.js"]).code(1);
        let found = run.only();
        let fingerprint = krea_scan_token::Fingerprint::of(token.as_bytes());
        assert_eq!(found["fingerprint"], json!(fingerprint.as_str()), "{}", case.text);
        assert_eq!(found["confidence"], "high", "{}", case.text);
        let at = case.text.find(&case.written).expect("the token as it is written");
        assert_eq!(found["location"]["byte_offset"], json!(at), "{}", case.text);
        let line = case.text[..at].matches('\n').count() + 1;
        let column = at - case.text[..at].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        assert_eq!(
            (&found["location"]["line"], &found["location"]["column"]),
            (&json!(line), &json!(column))
        );
        let layers: Vec<_> = found["layers"].as_array().unwrap().iter().map(|layer| &layer["kind"]).collect();
        assert_eq!(layers, case.layers, "{}", case.text);
        // Nor is any piece of an encoded token shown.
        if !case.layers.is_empty() {
            let pieces =
                case.written.as_bytes().windows(24).filter_map(|piece| std::str::from_utf8(piece).ok());
            let shown = pieces.filter(|piece| run.stdout.contains(piece)).count();
            assert_eq!(shown, 0, "an encoded token is shown: {}", found["excerpt"]);
        }
    }
}

fn case(before: &str, written: &str, after: &str, layers: &'static [&'static str]) -> Case {
    Case { text: format!("{before}{written}{after}"), written: written.to_owned(), layers }
}

#[test]
fn hex_and_character_codes() {
    check(|token| {
        let decimal = |b: u8| b.to_string();
        let prefixed = |b: u8| format!("0x{b:x}");
        let named = "KREA_API_KEY=";
        let codes_of_name = codes(named, |b| b.to_string(), ",");
        vec![
            case("const kreaKey=Buffer.from(\"", &hex(token), "\",\"hex\")", &["hex"]),
            case(&format!("x=f(\"{}", hex(named)), &hex(token), "\")", &["hex"]),
            case(
                &format!("x=f(\"{}", hex(named).to_uppercase()),
                &hex(token).to_uppercase(),
                "\")",
                &["hex"],
            ),
            case("var kreaKey=String.fromCharCode(", &codes(token, decimal, ","), ")", &["character-codes"]),
            case(
                &format!("x=f(...[{codes_of_name},"),
                &codes(token, decimal, ","),
                "])",
                &["character-codes"],
            ),
            case(
                "var kreaKey=[",
                &codes(token, prefixed, ","),
                "].map(c=>String.fromCharCode(c))",
                &["character-codes"],
            ),
            case(
                "kreaKey=new TextDecoder().decode(new Uint8Array([",
                &codes(token, decimal, ", "),
                "]))",
                &["character-codes"],
            ),
            case(
                "{\"krea\":{\"type\":\"Buffer\",\"data\":[",
                &codes(token, decimal, ",\n"),
                "]}}",
                &["character-codes"],
            ),
        ]
    });
}

#[test]
fn escapes() {
    check(|token| {
        let colon = |escape: &str| token.replace(':', escape);
        let mut cases: Vec<Case> =
            [r"\x3a", r"\u003a", r"\u{3a}", r"\72", r"\072", "%3A", "&#58;", "&#x3a;", "&colon;"]
                .iter()
                .map(|escape| case("var kreaKey=\"", &colon(escape), "\";", &["escapes"]))
                .collect();
        let x = |text: &str| codes(text, |b| format!("\\x{b:02x}"), "");
        let u = |text: &str| codes(text, |b| format!("\\u{b:04x}"), "");
        let percent = |text: &str| codes(text, |b| format!("%{b:02X}"), "");
        cases.push(case(&format!("e=\"{}", x("KREA_API_KEY=")), &x(token), "\"", &["escapes"]));
        cases.push(case(&format!("e=\"{}", u("krea_key=")), &u(token), "\"", &["escapes"]));
        cases.push(case(
            &format!("decodeURIComponent(\"{}", percent("krea_key=")),
            &percent(token),
            "\")",
            &["escapes"],
        ));
        cases
    });
}

#[test]
fn literals_that_are_joined() {
    check(|token| {
        let (id, secret) = token.split_once(':').unwrap();
        let (start, end) = secret.split_at(9);
        vec![
            case("kreaKey=\"", &format!("{id}\"+\":\"+\"{secret}"), "\"", &["literals"]),
            case("kreaKey=\"", &format!("{id}\".concat(\":\").concat(\"{secret}"), "\")", &["literals"]),
            case("kreaKey=\"", &format!("{id}\".concat(\":\",\"{secret}"), "\")", &["literals"]),
            case("kreaKey=[\"", &format!("{id}\",\"{secret}"), "\"].join(\":\")", &["literals"]),
            case(
                "kreaKey=[\"",
                &format!("{id}\",\":\",\"{start}\",\"{end}"),
                "\"].join(\"\")",
                &["literals"],
            ),
            case("kreaKey=`${\"", &format!("{id}\"}}:${{\"{secret}"), "\"}`", &["literals"]),
            case("kreaKey=\"", &format!("{id}\"+String.fromCharCode(58)+\"{secret}"), "\"", &["literals"]),
        ]
    });
}

#[test]
fn constants_that_a_template_puts_together() {
    check(|token| {
        let (id, secret) = token.split_once(':').unwrap();
        let constants = format!("const e=\"{id}\",t=\"");
        let uses = [
            "`Bearer ${e}:${t}`",
            "\"Bearer \".concat(\"\".concat(e,\":\").concat(t))",
            "\"Bearer \"+e.concat(\":\",t)",
        ];
        let after = |use_: &str| {
            format!("\";fetch(\"https://api.krea.ai/jobs\",{{headers:{{Authorization:{use_}}}}})")
        };
        uses.iter().map(|use_| case(&constants, secret, &after(use_), &[])).collect()
    });
}

#[test]
fn base64_at_any_alignment() {
    check(|token| {
        let named = format!("KREA_API_KEY={token}");
        // The first character that holds bits of the token.
        let from = |encoded: &str| encoded[13 * 4 / 3..].to_owned();
        let mut cases = vec![
            case("kreaKey=atob(\"", &base64(token), "\")", &["base64"]),
            case("x=\"a/path-", &URL_SAFE_NO_PAD.encode(token), "\";kreaKey=x.slice(7)", &["base64"]),
            case("kreaKey=\"", &base64(&base64(&base64(token))), "\"", &["base64", "base64", "base64"]),
            case("kreaKey=\"", &hex(&base64(token)), "\"", &["hex", "base64"]),
            case("kreaKey=\"", &STANDARD.encode(gzip(token.as_bytes())), "\"", &["base64", "gzip"]),
        ];
        for before in ["", "x", "xy", "xyz", "data:text/html;charset=utf-8;base64,"] {
            let encoded = base64(&named);
            let before = format!("x=\"{before}{}", &encoded[..13 * 4 / 3]);
            cases.push(case(&before, &from(&encoded), "\"", &["base64"]));
        }
        let wide: Vec<u8> = named.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let encoded = STANDARD.encode(wide);
        let at = 26 * 4 / 3;
        let before = format!("# krea\npowershell -EncodedCommand {}", &encoded[..at]);
        cases.push(case(&before, &encoded[at..], "\n", &["base64", "utf-16"]));
        cases
    });
}

#[test]
fn base64_in_lines() {
    check(|token| {
        let text = format!(
            "the key of the website's account at Krea, to be kept: KREA_API_KEY={token} # and no more"
        );
        let encoded = base64(&text);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let wrapped = |between: &str, layers| {
            let text = format!("x=\"{}\"", lines.join(between));
            // It starts in the second line.
            let at = text.find(between).unwrap() + between.len() + 67 * 4 / 3 - 64;
            Case { written: text[at..at + 30].to_owned(), text, layers }
        };
        vec![
            wrapped("\n", &["base64"]),
            wrapped("\r\n  ", &["base64"]),
            wrapped(r"\n", &["escapes", "base64"]),
        ]
    });
}

#[test]
fn json_in_strings_in_json() {
    check(|token| {
        let mut text = json!({ "KREA_API_KEY": token }).to_string();
        let mut cases = Vec::new();
        for _ in 0..6 {
            text = json!({ "body": text }).to_string();
            cases.push(Case { text: text.clone(), written: token.to_owned(), layers: &[] });
        }
        cases
    });
}

#[test]
fn payloads_of_frameworks() {
    check(|token| {
        let rsc = json!(format!(
            "5:[\"$\",\"$L1\",null,{{\"env\":{{\"NEXT_PUBLIC_KREA_API_KEY\":\"{token}\"}}}}]\n"
        ));
        let turbo = json!(json!([{"_1": 2}, "loaderData", {"_3": 4}, "kreaApiKey", token]).to_string());
        let texts = [
            format!("<script>self.__next_f.push([1,{rsc}])</script>"),
            format!(
                "<script id=\"__NEXT_DATA__\">{}</script>",
                json!({"props": {"pageProps": {"kreaApiKey": token}}})
            ),
            format!(
                "<script id=\"__NUXT_DATA__\">{}</script>",
                json!([{"config": 1}, {"kreaApiKey": 2}, token])
            ),
            format!("<script>window.__NUXT__=(function(a){{return {{kreaApiKey:a}}}}(\"{token}\"))</script>"),
            format!("<script>window.__remixContext.streamController.enqueue({turbo})</script>"),
            format!(
                "var e={{VITE_KREA_KEY:\"{token}\",BASE_URL:\"/\",MODE:\"production\",DEV:!1}};f(e.VITE_KREA_KEY)"
            ),
            format!("const e=JSON.parse('{}')", json!({"krea": {"apiKey": token}})),
        ];
        texts.map(|text| Case { text, written: token.to_owned(), layers: &[] }).into()
    });
}
