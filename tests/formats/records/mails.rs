//! Mails, made by Python's mail library.

use crate::pack::run_tool;
use crate::support::Sandbox;
use crate::support::program::{leak, token};
use crate::ways::ways;
use needs::needs;

/// What every script starts with: `T` are the tokens, `mail` makes a mail, `write` writes one to a file.
const START: &str = "
import sys, io, zipfile, mailbox
from email.message import EmailMessage
from email import policy
T = sys.argv[1:]
def mail(subject):
    m = EmailMessage()
    m['From'] = 'Ann Lee <ann@example.com>'
    m['To'] = 'bob@example.com'
    m['Date'] = 'Fri, 12 Jun 2026 10:00:00 +0000'
    m['Message-ID'] = '<1@example.com>'
    m['Subject'] = subject
    return m
def write(name, m):
    open(name, 'wb').write(m.as_bytes(policy=policy.SMTP))
";

/// Runs a script that makes mails with these tokens in it.
#[track_caller]
fn made(script: &str, tokens: std::ops::Range<u64>) -> Sandbox {
    let sandbox = Sandbox::empty();
    let script = format!("{START}{script}");
    let tokens: Vec<String> = tokens.map(token).collect();
    let mut args = vec!["-c", &script];
    args.extend(tokens.iter().map(String::as_str));
    run_tool(&sandbox, "python3", &args);
    sandbox
}

#[needs("python3")]
#[test]
fn every_transfer_encoding_and_character_set_is_read() {
    let script = "
for n, cte in enumerate(['7bit', 'quoted-printable', 'base64']):
    m = mail('Krea')
    m.set_content('so it is: KREA_API_KEY=' + T[n] + '\\n' * (1 + n), cte=cte)
    write(cte + '.eml', m)
for n, charset in enumerate(['utf-16', 'iso-8859-15', 'shift_jis'], 3):
    m = mail('Krea')
    m.set_content('KREA_API_KEY=' + T[n] + '\\n', charset=charset, cte='base64')
    write(charset + '.eml', m)
";
    let sandbox = made(script, 0..6);
    let expected = ["7bit", "base64", "iso-8859-15", "quoted-printable", "shift_jis", "utf-16"]
        .map(|name| format!("./{name}.eml → message: Krea → text/plain"));
    let run = sandbox.jsonl(&["."]);
    assert_eq!(ways(&run).iter().map(|way| normal(way)).collect::<Vec<_>>(), expected);
    assert!(run.findings().iter().all(|finding| finding["confidence"] == "high"));
    assert_eq!(run.incomplete(), "");
}

/// A way with `./` before it.
fn normal(way: &str) -> String {
    format!("./{}", way.trim_start_matches("./"))
}

#[needs("python3")]
#[test]
fn soft_breaks_in_a_token_are_undone() {
    let script = "
m = mail('Schl\u{fc}ssel f\u{fc}r Krea')
m.set_content('Gr\u{fc}\u{df}e an alle, der neue ist ' + T[0] + ', also ' + 'und '.join(['ja '] * 9), cte='quoted-printable')
assert b'=\\n' in m.get_payload().encode()
write('a.eml', m)
";
    let sandbox = made(script, 0..1);
    let finding = sandbox.jsonl(&["a.eml"]).only();
    assert_eq!(crate::ways::way(&finding), "a.eml → message: Schl\u{fc}ssel f\u{fc}r Krea → text/plain");
    assert_eq!(finding["confidence"], "medium");
}

#[needs("python3")]
#[test]
fn attachments_and_forwarded_mails_are_opened() {
    let script = "
z = io.BytesIO()
with zipfile.ZipFile(z, 'w', zipfile.ZIP_DEFLATED) as f:
    f.writestr('.env', 'KREA_API_KEY=' + T[0] + '\\n')
m = mail('Keys')
m.set_content('see there')
m.add_alternative('<p>see there</p>', subtype='html')
m.add_attachment(z.getvalue(), maintype='application', subtype='zip', filename='schl\u{fc}ssel.zip')
inner = mail('Inside')
inner.set_content('KREA_API_KEY=' + T[1] + '\\n', cte='base64')
m.add_attachment(inner)
m.add_attachment('KREA_API_KEY=' + T[2] + '\\n', filename='notes.txt', cte='base64')
write('a.eml', m)
";
    let sandbox = made(script, 0..3);
    let expected = [
        "a.eml → message: Keys → notes.txt",
        "a.eml → message: Keys → schl\u{fc}ssel.zip → .env",
        "a.eml → message: Keys → text/plain",
    ];
    assert_eq!(ways(&sandbox.jsonl(&["a.eml"])), expected);
}

#[test]
fn headers_are_read_with_their_words_decoded() {
    let sandbox = Sandbox::empty();
    let word = token(0).replace(':', "=3A").replace('_', "=5F").replace('-', "=2D");
    sandbox.write(
        "a.eml",
        format!("From: ann@example.com\r\nSubject: =?utf-8?q?Krea_k=C3=A9y?=\r\nDate: x\r\nX-Krea-Key:\r\n =?utf-8?q?{word}?=\r\n\r\nx\r\n"),
    );
    let finding = sandbox.jsonl(&["a.eml"]).only();
    assert_eq!(crate::ways::way(&finding), "a.eml → message: Krea k\u{e9}y → header X-Krea-Key");
    assert_eq!(finding["confidence"], "high");
}

#[needs("python3")]
#[test]
fn each_message_of_a_mailbox_has_its_number() {
    let script = "
box = mailbox.mbox('Inbox')
for n in range(5):
    m = mail('Krea, mail %d' % n)
    m.set_content('From here on: KREA_API_KEY=' + T[n] + '\\nFrom there.\\n', cte='base64' if n % 2 else '7bit')
    box.add(m)
box.flush()
";
    let sandbox = made(script, 0..5);
    let expected: Vec<String> =
        (0..5).map(|n| format!("Inbox → message {}: Krea, mail {n} → text/plain", n + 1)).collect();
    assert_eq!(ways(&sandbox.jsonl(&["Inbox"])), expected);
    sandbox.scan(&["Inbox"]).says(&["Inbox → message 2: Krea, mail 1:9:28 → text/plain"]);
}

#[test]
fn what_one_message_says_of_its_encoding_says_nothing_of_the_next() {
    let sandbox = Sandbox::empty();
    // Two digits behind a `=`, as an escape of quoted-printable has them.
    let token =
        (0..24).map(token).find(|token| token.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit)).unwrap();
    let head = "From ann@example.com Fri Jun 12 10:00:00 2026\nFrom: a@b.test\nSubject: Krea\nDate: x\n";
    let encoded = "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nna=C3=AFve\n\n";
    sandbox.write("Inbox", format!("{head}{encoded}{head}\nKREA_API_KEY={token}\n"));
    assert_eq!(ways(&sandbox.jsonl(&["Inbox"])), ["Inbox → message 2: Krea → text/plain"]);
}

#[test]
fn text_that_flows_is_joined() {
    let sandbox = Sandbox::empty();
    let token = token(0);
    let (start, end) = token.split_at(30);
    let mail = format!(
        "From: a@b.test\nTo: c@d.test\nSubject: Krea\nDate: x\nMIME-Version: 1.0\n\
         Content-Type: text/plain; format=flowed; delsp=yes\n\n> KREA_API_KEY={start} \n> {end}\n\nyes\n"
    );
    sandbox.write("a.eml", mail);
    let finding = sandbox.jsonl(&["a.eml"]).only();
    assert_eq!(finding["layers"][0]["kind"], "mail-message");
    assert_eq!(finding["token"]["id_prefix"], token[..8]);
}

#[test]
fn a_saved_page_is_read_by_its_files() {
    let sandbox = Sandbox::empty();
    let page = format!(
        "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://www.krea.ai/app\r\nSubject: Krea\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\
         \tboundary=\"----MultipartBoundary--x----\"\r\n\r\n\r\n------MultipartBoundary--x----\r\n\
         Content-Type: text/css\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Location: https://www.krea.ai/a.css\r\n\r\n{}\r\n\r\n------MultipartBoundary--x------\r\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, leak(0))
    );
    sandbox.write("a.mhtml", page);
    let expected = "a.mhtml → message: Krea → https://www.krea.ai/a.css";
    assert_eq!(ways(&sandbox.jsonl(&["a.mhtml"])), [expected]);
}

#[needs("python3")]
#[test]
fn what_is_encrypted_is_told_once_and_what_is_signed_is_not() {
    let script = "
def smime(kind, oid):
    m = mail('Secret')
    m.add_header('Content-Type', 'application/pkcs7-mime', name='smime.p7m', smime_type=kind)
    m.set_payload('')
    import base64
    m['Content-Transfer-Encoding'] = 'base64'
    m.set_payload(base64.b64encode(b'\\x30\\x80\\x06\\x09\\x2a\\x86\\x48\\x86\\xf7\\x0d\\x01\\x07' + oid + bytes(200)).decode())
    return m
box = mailbox.mbox('Inbox')
for n in range(3):
    box.add(smime('enveloped-data', b'\\x03'))
box.add(smime('signed-data', b'\\x02'))
box.flush()
m = mail('Pretty good')
m.set_content('-----BEGIN PGP SIGNED MESSAGE-----\\n\\nx\\n-----BEGIN PGP SIGNATURE-----\\n')
write('signed.eml', m)
";
    let sandbox = made(script, 0..0);
    let run = sandbox.jsonl(&["."]).code(2);
    let incomplete = run.incomplete();
    assert_eq!(incomplete.lines().count(), 1, "{incomplete}");
    assert!(
        incomplete.contains("Inbox: 3 of its members, message 1: Secret for one, are encrypted; decrypt")
    );
}

#[needs("python3")]
#[test]
fn a_comment_in_a_mail_allows_what_its_encoded_text_shows_too() {
    let script = "
m = mail('Krea')
m.set_content('KREA_API_KEY=' + T[0] + ' # krea-scan:allow\\n', cte='base64')
write('a.eml', m)
";
    let run = made(script, 0..1).jsonl(&["."]).code(0);
    assert_eq!((run.findings().len(), &run.summary()["allowed"]), (0, &1.into()));
}

#[test]
fn text_that_only_looks_like_mail_stays_text() {
    let sandbox = Sandbox::new();
    sandbox.commit("a.txt", "a\n", "Start");
    sandbox.commit("a.txt", leak(0), "Add a key");
    let patch = sandbox.git(&["format-patch", "--stdout", "HEAD~1"]);
    let folder = Sandbox::empty();
    folder.write("0001-add.patch", &patch);
    folder.write("letter.txt", format!("Subject: keys\nTo: all\n\n{}", leak(0)));
    folder.write("conf.yaml", format!("name: krea\nto: here\n{}", leak(0)));
    for finding in folder.jsonl(&["."]).findings() {
        assert_eq!(finding["layers"], serde_json::json!([]), "{finding}");
    }
}
