//! Noise in plain text.

use crate::{Leaked, assert_found, found_in};

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
