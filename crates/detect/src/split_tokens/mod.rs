//! Tokens in two pieces: the halves under two names (`KREA_KEY_ID`, `KREA_KEY_SECRET`), or put together by an expression from
//! two strings. Takes a text and what is around its values; gives the places of both halves. A half alone is no token.

mod joined;
mod named;

use super::attribution::{Attribution, Surroundings};
use krea_scan_token::Readings;
use std::ops::Range;

pub use named::is_half_alone;

/// How far apart the two halves may stand, in bytes.
const REACH: usize = 4096;
/// Longest secret half.
const MAX_SECRET: usize = 256;

/// A token whose halves stand apart.
#[derive(Clone, Debug)]
pub struct SplitToken {
    /// Where the id half stands.
    pub id: Range<usize>,
    /// Where the secret half stands.
    pub secret: Range<usize>,
    pub attribution: Attribution,
    /// What else its text may be.
    pub readings: Readings,
}

/// Finds the tokens in two pieces in a text.
pub fn find(text: &[u8], around: &Surroundings<'_>) -> Vec<SplitToken> {
    if !around.is_related() {
        return Vec::new();
    }
    let mut found = named::find(text, around);
    for split in joined::find(text, around) {
        if found.iter().all(|other| other.secret != split.secret) {
            found.push(split);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::PathSays;

    const ID: &str = "0d39c392-6dc9-4d71-aa42-fcd790990ab4";

    /// Looks random; made here so that no file holds it.
    fn secret() -> String {
        let set: Vec<u8> = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z').collect();
        (1..=24).map(|i| char::from(set[(i * i * 17 + i * 23) % set.len()])).collect()
    }

    fn tokens(template: &str) -> Vec<String> {
        let text = template.replace("ID", ID).replace("SEC", &secret());
        let around = Surroundings::new(text.as_bytes(), PathSays::Nothing, None);
        find(text.as_bytes(), &around)
            .iter()
            .map(|h| format!("{}:{}", &text[h.id.clone()], &text[h.secret.clone()]))
            .collect()
    }

    #[test]
    fn halves_in_two_variables_are_one_token() {
        for text in [
            "krea_key_id=ID\nkrea_key_secret=SEC\n",
            "krea:\n  keyId: ID\n  keySecret: SEC\n",
            "{\"kreaKeyId\": \"ID\", \"kreaKeySecret\": \"SEC\"}",
            "const id = \"ID\";\nconst secret = \"SEC\";\nnew Krea({ apiKey: `${id}:${secret}` });",
            "a = 'ID'\nb = 'SEC'\nkrea = Krea(api_key=f\"{a}:{b}\")",
            "a := \"ID\"\nb := \"SEC\"\nkreaToken := fmt.Sprintf(\"%s:%s\", a, b)",
            "$id = 'ID'; $s = 'SEC'; $kreaKey = $id . ':' . $s;",
            "kid, sec = \"ID\", \"SEC\"\nkrea_api_key = f\"{kid}:{sec}\"",
            "export krea_api_key=\"$(printf '%s:%s' ID SEC)\"",
            "$env:KREA_API_KEY = '{0}:{1}' -f 'ID', 'SEC'",
            "let client = KreaClient::new(\"ID\", \"SEC\");",
            "Krea krea = Krea.builder().keyId(\"ID\").keySecret(\"SEC\").build();",
            "config :studio, :krea, key_id: \"ID\", secret: \"SEC\"",
            "krea_api_key=ID\nkrea_api_secret=SEC\n",
            "krea_id=ID\nkrea_token=SEC\n",
            "Krea token created\nid      ID\nsecret  SEC\n",
            "A=ID\nB=SEC\nexport krea_token=\"$A:$B\"\n",
            "const kreaKey = ['ID', 'SEC'].join(':');",
            "var e=\"ID\",t=\"SEC\";x({kreaKey:\"\".concat(e,\":\").concat(t)})",
            "var e=\"ID\",$t=\"SEC\";x({kreaKey:e.concat(\":\",$t)})",
            "const e=\"ID\",t=\"SEC\";x({kreaKey:`${e}:${t}`})",
            "krea_token = \"%s:%s\" % (\"ID\", \"SEC\")",
            "const KREA_KEY: &str = concat!(\"ID\", \":\", \"SEC\");",
            "string kreaSecret = $\"{\"ID\"}:{\"SEC\"}\";",
            "machine api.krea.ai login ID password SEC",
            "req.URL.Host = \"api.krea.ai\"\nreq.SetBasicAuth(\"ID\", \"SEC\")",
            "name,id,secret\nkrea,ID,SEC\n",
            "krea_id, krea_secret = 'ID', 'SEC'",
            "<krea><id>ID</id><secret>SEC</secret></krea>",
        ] {
            assert_eq!(tokens(text), [format!("{ID}:{}", secret())], "{text}");
        }
    }

    #[test]
    fn what_does_not_belong_together_stays_apart() {
        for text in [
            "krea_job_id=ID\nother_secret=SEC\n",
            "krea_prod_key_id=ID\nkrea_dev_key_secret=SEC\n",
            "krea = 1\na = 'ID'\nb = 'word-after-word-after'\nx = f\"{a}:{b}\"",
        ] {
            assert!(tokens(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_goes_on_behind_a_value_is_no_half() {
        for behind in [":", "(", ".", "@"] {
            for text in [
                format!("krea_key_id=ID\nkrea_key_secret=SEC{behind}\n"),
                format!("krea_key_id=ID{behind}\nkrea_key_secret=SEC\n"),
                format!("krea:\n  keyId: ID\n  keySecret: SEC{behind}rest\n"),
            ] {
                assert!(tokens(&text).is_empty(), "{text}");
            }
        }
        for behind in [",", ";", ")", "'", "#", "<"] {
            let text = format!("krea_key_id=ID{behind}\nkrea_key_secret=SEC{behind}\n");
            assert_eq!(tokens(&text).len(), 1, "{text}");
        }
    }
}
