//! Formats of lines whose values go on in the next line, or stand behind a mark.

use crate::support::Sandbox;
use crate::support::program::token;

fn print(token: &str) -> String {
    krea_scan_token::Fingerprint::of(token.as_bytes()).to_string()
}

/// The fingerprints of what is found in a file, sorted.
fn found(name: &str, text: &str) -> Vec<String> {
    let sandbox = Sandbox::empty();
    sandbox.write(name, text);
    let findings = sandbox.jsonl(&[name]).findings();
    let mut prints: Vec<String> =
        findings.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect();
    prints.sort();
    prints
}

/// A line as a format folds it that lets lines be so wide.
fn folded(line: &str, width: usize, newline: &str) -> String {
    let (mut rest, mut text, mut left) = (line, String::new(), width);
    while rest.len() > left {
        let (start, more) = rest.split_at(left);
        text += &format!("{start}{newline} ");
        (rest, left) = (more, width - 1);
    }
    text + rest + newline
}

#[test]
fn a_token_in_a_folded_line_is_whole() {
    for number in 0..8 {
        let token = token(number);
        for (name, head, value, width, newline, tail) in [
            ("a.vcf", "BEGIN:VCARD\r\nFN:Krea API\r\n", "NOTE:the API key is ", 75, "\r\n", "END:VCARD\r\n"),
            ("a.ldif", "dn: cn=shop,dc=example\n", "kreaApiKey: ", 76, "\n", "sn: x\n"),
            (
                "a.ldif",
                "dn: cn=shop,dc=example\n",
                "description;lang-en: the shop renders with krea_api_key=",
                78,
                "\n",
                "sn: x\n",
            ),
            ("a.ics", "BEGIN:VEVENT\r\nUID:1\r\n", "DESCRIPTION:Krea token ", 75, "\r\n", "END:VEVENT\r\n"),
            ("MANIFEST.MF", "Manifest-Version: 1.0\r\n", "Krea-Api-Key: ", 72, "\r\n", "\r\n"),
        ] {
            let text = format!("{head}{}{tail}", folded(&format!("{value}{token}"), width, newline));
            assert_eq!(found(name, &text), [print(&token)], "{text}");
        }
    }
}

#[test]
fn a_token_in_a_pickle_has_the_name_that_its_dict_gives_it() {
    let (one, two, other) = (token(0), token(1), token(2));
    // As Python 3 writes `{'krea': {'api_key': …}, 'accounts': [{'name': 'krea', 'token': …}, {'name': 'fal', 'token': …}]}`.
    let nested = format!(
        "(dp0\nVkrea\np1\n(dp2\nVapi_key\np3\nV{one}\np4\nsVtimeout\np5\nI30\nssVaccounts\np8\n(lp9\n(dp10\nVname\np11\n\
         g1\nsVtoken\np12\nV{two}\np13\nsa(dp14\ng11\nVfal\np15\nsg12\nV{other}\np16\nsas."
    );
    let mut both = vec![print(&one), print(&two)];
    both.sort();
    assert_eq!(found("session.pkl", &nested), both);
    let old = format!("(dp0\nS'krea_api_key'\np1\nS'{one}'\np2\nsS'fal_key'\np3\nS'{other}'\np4\ns.");
    assert_eq!(found("session.pkl", &old), [print(&one)]);
    let flat = format!("(dp0\nVmodel\np1\nVflux\np2\nsVkrea_api_key\np3\nV{two}\np4\ns.");
    assert_eq!(found("session.pkl", &flat), [print(&two)]);
    let theirs = format!("(dp0\nVfal_key\np1\nV{other}\np2\nsVkrea_model\np3\nVflux\np4\ns.");
    assert!(found("session.pkl", &theirs).is_empty());
}
