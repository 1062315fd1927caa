//! Texts that look a little like a token and are none: no finding, whatever stands near.

use super::{Leaked, found_in};
use crate::support::tokens::{self, Alphabet};

#[test]
fn ids_digests_and_times_near_krea_are_no_tokens() {
    let leaked = Leaked::new(31);
    let other = tokens::uuid(9);
    let sha = tokens::material(Alphabet::Hex, 40, 3);
    let md5 = tokens::material(Alphabet::Hex, 32, 4);
    for text in [
        format!("krea jobs\n{}: {other}\n", leaked.id),
        format!("krea jobs\n{} : {md5}\n{} : {sha}\n", leaked.id, tokens::uuid(10)),
        format!("krea\njobs:\n  {}:\n    {sha}\n", leaked.id),
        format!("[krea] job {} completed at 2026-06-12T10:00:00.000Z in 12345 ms\n", leaked.id),
        format!(
            "krea commit {sha}\nDate:   Fri Jun 12 10:00:00 2026 +0200\n\n    Fix {}; see below\n",
            leaked.id
        ),
        format!("image: krea/app@sha256:{}\n", tokens::material(Alphabet::Hex, 64, 5)),
        format!(
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:krea/{} : {}\n",
            leaked.id, leaked.secret
        ),
        format!("FAL_KEY={} : {} # krea\n", leaked.id, leaked.secret),
        format!("krea {}. {}\n", leaked.id, leaked.secret),
        format!("krea {} {}\n", leaked.id, leaked.secret),
        format!("krea {}, {}\n", leaked.id, leaked.secret),
        "krea: G00d-S0il-b0ll-g0al-0bl1g0l0g1es : something else that goes on for long\n".to_owned(),
        "KREA_API_KEY=00000000-0000-0000-0000-0000000000OO : your-secret-goes-here\n".to_owned(),
        "KREA_API_KEY=xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx : xxxxxxxxxxxxxxxxxxxxxxxx\n".to_owned(),
    ] {
        assert_eq!(found_in("notes.txt", &text), [], "{text}");
    }
}

#[test]
fn programs_and_pages_without_a_token_are_silent() {
    for (name, text) in [
        ("app.tsx", "import krea from 'krea';\nexport const A = () => <b>{krea.id}</b>:<i>{krea.key}</i>;\n"),
        (
            "page.html",
            "<html><title>Krea</title><p>Your <b>token</b>: <code>&lt;id&gt;</code>:<code>&lt;secret&gt;</code></p></html>",
        ),
        ("data.json", "{\"krea\":true,\"text\":\"a\",\"items\":[{\"text\":\"b\"},{\"text\":\"c\"}]}"),
    ] {
        assert_eq!(found_in(name, text), [], "{name}");
    }
}

#[test]
fn a_file_of_nothing_but_what_starts_tokens_ends() {
    // Each place could start one, and gaps lead on and on.
    let ids = "krea 0123456 7-".repeat(20_000);
    let breaks = format!("krea {}", "a-\n| ".repeat(100_000));
    let words = format!("krea {}:{}", Leaked::new(32).id, " a1B".repeat(100_000));
    let tags = format!("<p>krea{}", "<b>a<i ".repeat(100_000));
    let strings = format!("{{\"krea\":[{}", "\"text\\\\\":\"".repeat(100_000));
    for text in [ids, breaks, words, tags, strings] {
        let before = std::time::Instant::now();
        found_in("notes.txt", &text);
        let took = before.elapsed();
        assert!(took.as_secs() < 120, "{took:?} for {}", &text[..40]);
    }
}
