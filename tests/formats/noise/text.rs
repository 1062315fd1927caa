//! Noise in plain text.

use super::{Leaked, assert_found, found_in};

/// The id with letters in the place of digits that look like them.
fn misread(id: &str) -> String {
    id.replace('0', "O").replace('1', "l").replace('5', "S").replace('9', "g")
}

#[test]
fn a_token_is_found_through_what_typesetters_do() {
    let leaked = Leaked::new(1);
    for template in [
        "export KREA_API_KEY=ID : SEC\n",
        "KREA_API_KEY = ID: SEC\n",
        "KREA API_KEY=G1 -G2-G3- G4-G5:ONETWO THREE\n",
        "Krea key: G1\u{2013}G2\u{2014}G3\u{2212}G4\u{2010}G5\u{ff1a}SEC\n",
        "Krea\n\nToken created\n\nG1-G2-G3-G4-\nG5:ONETWOTHREE\nDone\n",
        "krea\n    G1-G2-G3-\n    G4-G5:ONE\n    TWOTHREE\n",
        "│ KREA_API_KEY │ G1-G2-G3 │\n│              │ -G4-G5:ONETWO │\n│              │ THREE │\n",
        "> krea key\n> G1-G2-G3-\n> G4-G5:SEC\n",
        "KREA_API_KEY=ID;SEC\n",
    ] {
        assert_found("notes.txt", &leaked.fill(template), &leaked, "medium", &[]);
    }
    // What takes no place is no part of the text.
    let unseen = leaked.fill("KREA_API_KEY=G1-\u{ad}G2-G3-G4-G5:ONE\u{200b}TWOTHREE\n");
    assert_found("notes.txt", &unseen, &leaked, "high", &["escapes"]);
}

/// A text as a terminal of so many columns wraps it.
fn wrapped(text: &str, columns: usize) -> String {
    let rows: Vec<&[u8]> = text.as_bytes().chunks(columns).collect();
    rows.iter().map(|row| format!("{}\n", String::from_utf8_lossy(row))).collect()
}

#[test]
fn a_token_that_a_terminal_wrapped_is_whole() {
    for number in [11, 12, 13] {
        let leaked = Leaked::new(number);
        let command = leaked.fill("$ curl -s https://api.krea.ai/jobs -H 'Authorization: Bearer ID:SEC'");
        // Over two rows and over three, cut in the id half and in the secret half.
        for columns in [78, 80, 100, 106] {
            let rows = wrapped(&command, columns);
            let found = found_in("pane.txt", format!("{rows}{{}}\n"));
            let fingerprints: Vec<_> = found.iter().map(|(_, fingerprint, _)| fingerprint.as_str()).collect();
            assert_eq!(fingerprints, [leaked.fingerprint()], "{rows}");
        }
        // Narrow ones are known by each other.
        let pasted = leaked.fill("Krea says the token is ID:SEC and nothing else was said");
        let found = found_in("pane.txt", wrapped(&pasted, 52));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].1, leaked.fingerprint(), "{}", wrapped(&pasted, 52));
    }
}

#[test]
fn what_reads_exactly_stays_the_best_reading_where_nothing_says_that_its_line_was_full() {
    let leaked = Leaked::new(14);
    let exact = leaked.fill("export KREA_API_KEY=ID:SEC");
    for behind in ["k9Xv2Qm7Zp4Lt8RwB3", "and more words of prose", "DEBUG=true"] {
        let found = found_in("notes.txt", format!("{exact}\n{behind}\n"));
        let all: Vec<_> =
            found.iter().map(|(sure, fingerprint, _)| (sure.as_str(), fingerprint.as_str())).collect();
        assert_eq!(all, [("high", &*leaked.fingerprint())], "{behind}");
    }
}

#[test]
fn look_alikes_are_repaired_and_told() {
    let leaked = Leaked::new(2);
    let text = format!("$ echo $KREA_API_KEY\nkrea: {}:{}\n", misread(&leaked.id), leaked.secret);
    assert_found("shot.txt", &text, &leaked, "medium", &[]);
    let upper = format!("KREA_APl_KEY={} : {}\n", leaked.id.replace(['c', 'f'], "C"), leaked.secret);
    if !leaked.id.contains('f') {
        assert_found("shot.txt", &upper, &leaked, "medium", &[]);
    }
}

#[test]
fn what_reads_exactly_is_as_sure_as_ever() {
    let leaked = Leaked::new(3);
    assert_found("shot.txt", &leaked.fill("KREA_API_KEY=ID:SEC\n"), &leaked, "high", &[]);
    assert_found("shot.txt", &leaked.fill("krea\nID:SEC\n"), &leaked, "medium", &[]);
}

#[test]
fn a_clean_copy_and_a_noisy_one_are_one_token() {
    let leaked = Leaked::new(4);
    let text = leaked.fill("KREA_API_KEY=ID:SEC\n\nand in the picture, krea G1-G2-G3-\nG4-G5 : SEC\n");
    let found = found_in("notes.txt", text);
    let sure: Vec<_> = found.iter().map(|(confidence, ..)| confidence.as_str()).collect();
    assert_eq!(sure, ["high", "medium"]);
    assert!(found.iter().all(|(_, fingerprint, _)| *fingerprint == leaked.fingerprint()));
}

#[test]
fn without_krea_nearby_it_is_a_guess_of_a_guess() {
    let leaked = Leaked::new(5);
    assert_eq!(found_in("notes.txt", leaked.fill("key: G1 -G2-G3-G4-G5 : SEC\n")), []);
    // In a file that Krea's name stands on it is none.
    assert_found("krea.txt", &leaked.fill("G1 -G2-G3-G4-G5 : SEC\n"), &leaked, "medium", &[]);
}

#[test]
fn terminals_overwrite_and_colour_within_a_token() {
    let leaked = Leaked::new(6);
    for template in [
        "KREA_API_KEY=\u{1b}[32mG1-G2\u{1b}[0m-G3-G4-G5\u{1b}[1m:\u{1b}[0mSEC\n",
        "\u{1b}]0;shell\u{7}KREA_API_KEY=G1-G2\u{1b}[K-G3-G4-G5\u{1b}(B:SEC\n",
        "KREA_API_KEY=G1-G2-x\u{8}G3-G4-G5::\u{8}\u{8}:ONEx\u{8}TWOTHREE\n",
    ] {
        assert_found("session.log", &leaked.fill(template), &leaked, "high", &["escapes"]);
    }
}
