//! Mails that mail programs write seldom, or wrote long ago.

use crate::container::ContainerKind;
use crate::container::testing::collect;

const HEAD: &str = "From: a@b.test\nSubject: x\nDate: y\n";

/// What is in a message, without its first three headers.
#[track_caller]
fn read(name: &str, mail: &str) -> Vec<(String, String)> {
    let collected = collect(name, mail.as_bytes());
    assert!(collected.unread.is_empty(), "{:?}", collected.unread);
    let without_head = |text: String| text.replacen(HEAD, "", 1);
    collected.members.into_iter().map(|(way, text)| (way, without_head(text))).collect()
}

/// The text of a message that has nothing else.
#[track_caller]
fn text(mail: &str) -> String {
    let mut members = read("a.eml", &format!("{HEAD}{mail}"));
    assert_eq!(members.len(), 1, "{members:?}");
    members.remove(0).1
}

#[test]
fn encodings_are_undone_as_far_as_they_go() {
    let qp = "Content-Transfer-Encoding: quoted-printable\n\n";
    assert_eq!(text(&format!("{qp}a=3Db=\nc=\r\nd = = =zz =C3=BC\n")), "\na=bcd = = =zz \u{fc}\n\n");
    let base64 = "Content-Transfer-Encoding: base64\n\n";
    assert_eq!(
        text(&format!("{base64}a3Jl\r\nYQ==\n-- \nlist footer")),
        text(&format!("{base64}a3JlYQ==\n--listfooter"))
    );
    let uuencode = "Content-Transfer-Encoding: x-uuencode\n\n";
    assert_eq!(
        text(&format!("{uuencode}see:\nbegin 644 a\n$:W)E80``\n`\nend\nbye\n")),
        "\nsee:\nbegin 644 a\nkreabye\n\n"
    );
}

#[test]
fn character_sets_are_undone() {
    let latin = [HEAD.as_bytes(), b"Content-Type: text/plain; charset=\"iso-8859-1\"\n\ngr\xfcn"].concat();
    let collected = collect("a.eml", &latin);
    assert!(collected.members[0].1.ends_with("\ngr\u{fc}n\n"));
    assert!(text("Content-Type: text/plain; charset=nonsense\n\nkrea").ends_with("\n\nkrea\n"));
}

#[test]
fn a_boundary_is_not_the_start_of_another() {
    let mail = "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bb\none\n--b--x\n--b \n\ntwo\n--b--\nepilogue\n";
    assert!(text(mail).ends_with("\n\n--bb\none\n--b--x\ntwo\n"), "{}", text(mail));
}

#[test]
fn parts_end_where_an_outer_part_ends() {
    let mail = "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\n\
        one\n--o\n\ntwo\n--o--\n";
    assert!(text(mail).ends_with("\none\ntwo\n"));
    let cut = "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Transfer-Encoding: base64\n\na3JlY";
    assert!(text(cut).ends_with("\nkre\n"), "{}", text(cut));
}

#[test]
fn apples_mails_are_read() {
    let mail = format!("120       \n{HEAD}Content-Transfer-Encoding: base64\n\na3JlYQ==\n");
    assert_eq!(read("1.emlx", &mail), [("mail-message message: x".to_owned(), "\nkrea\n".to_owned())]);
}

#[test]
fn a_forwarded_mail_is_part_of_the_text() {
    let mail = "Content-Type: message/rfc822\n\nFrom: c@d.test\nSubject: =?utf-8?b?a3JlYQ==?=\n\nhello\n";
    assert_eq!(text(mail), "Content-Type: message/rfc822\n\nFrom: c@d.test\nSubject: krea\n\nhello\n\n");
}

#[test]
fn what_is_no_mail_is_told() {
    let of = |text: &str, name: &str| ContainerKind::of(text.as_bytes(), name).is_some();
    for text in [
        "From: Ann\nTo: Bob\n\nDear Bob",
        "Date: 2026\nTitle: x\nLicense: MIT\n",
        "title: a\nreceived: true\nmime-version: 1\n",
        "From ann to bob, 10:00\u{e9}",
        "Received by: nobody\n",
        "use std::io;\n",
    ] {
        assert!(!of(text, "a.txt"), "{text}");
    }
    for text in [
        "Return-Path: <a@b.test>\nReceived: from x\n by y\n",
        "X-Mozilla-Status: 0001\nFrom: a\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\n",
        "From - Fri Jun 12 10:00:00 2026\nX-Mozilla-Status: 0001\n",
        "From 17@xxx Fri Jun 12 10:00:00 +0000 2026\n",
        "From: a\nDate: b\nSubject: c\nX-Cut: of",
    ] {
        assert!(of(text, "a"), "{text}");
    }
    assert!(of("Subject: x\n\n", "a.eml") && !of("Subject: x\n\n", "a.txt"));
}
