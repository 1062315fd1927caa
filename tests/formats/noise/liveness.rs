//! What Krea's answers say of a token that was read with noise: its acceptance is one, its refusal proves nothing.

use super::Leaked;
use crate::support::Sandbox;
use crate::support::emulator::Emulator;
use crate::support::program::{self, Run};

/// Runs `krea-scan` against an emulator.
fn run(sandbox: &Sandbox, emulator: &Emulator, args: &[&str]) -> Run {
    let mut command = sandbox.scanner(sandbox.root());
    command
        .env("XDG_STATE_HOME", sandbox.beside("state"))
        .env("KREA_TOKEN_API_KEY", Emulator::CREDENTIAL)
        .stdin(std::process::Stdio::null())
        .args(["--api", &emulator.api()])
        .args(args);
    program::run(&mut command)
}

#[test]
fn a_refusal_does_not_prove_a_guess_dead() {
    let (leaked, emulator, sandbox) = (Leaked::new(51), Emulator::start(), Sandbox::empty());
    sandbox.write("shot.txt", leaked.fill("KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC\n"));
    let verified = run(&sandbox, &emulator, &["--verify", "-f", "jsonl", "."]);
    assert_eq!(verified.code, Some(1));
    let finding = verified.findings().remove(0);
    assert_eq!(finding["status"], "unknown");
    let reason = finding["status_reason"].as_str().expect("a reason");
    assert!(
        reason.contains("answered 401") && reason.contains(&format!("row {}", &leaked.id[..8])),
        "{reason}"
    );
    assert_eq!(verified.summary()["verified"]["unknown"], 1);

    emulator.issue(&leaked.text(), "leaked");
    let verified = run(&sandbox, &emulator, &["--verify", "-f", "jsonl", "."]);
    assert_eq!(verified.findings()[0]["status"], "live");
}

#[test]
fn where_it_reads_exactly_elsewhere_a_refusal_counts() {
    let (leaked, emulator, sandbox) = (Leaked::new(52), Emulator::start(), Sandbox::empty());
    sandbox.write("shot.txt", leaked.fill("KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC\n"));
    sandbox.write("app.env", leaked.fill("KREA_API_KEY=ID:SEC\n"));
    let verified = run(&sandbox, &emulator, &["--verify", "-f", "jsonl", "."]);
    assert_eq!(verified.code, Some(0));
    assert!(verified.findings().iter().all(|finding| finding["status"] == "dead"));
}

#[test]
fn an_incident_leaves_a_guess_to_a_person() {
    let (guess, leaked) = (Leaked::new(53), Leaked::new(54));
    let (emulator, sandbox) = (Emulator::start(), Sandbox::empty());
    emulator.issue(&leaked.text(), "leaked");
    sandbox.write("shot.txt", guess.fill("KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC\n"));
    sandbox.write("app.env", leaked.fill("KREA_API_KEY=ID:SEC\n"));
    let token_api = emulator.token_api();
    let revoked = run(&sandbox, &emulator, &["--revoke", "--yes", "--token-api", &token_api, "."]);
    assert_eq!(revoked.code, Some(1), "{}{}", revoked.stdout, revoked.stderr);
    assert!(revoked.stdout.contains("1 of 1 token proven dead"), "{}", revoked.stdout);
    let look_up = format!("the row whose id starts with {}", &guess.id[..8]);
    assert!(
        revoked.stdout.contains(&look_up) && revoked.stdout.contains("shot.txt:1:14"),
        "{}",
        revoked.stdout
    );
    assert!(!emulator.is_live(&leaked.text()));
}

#[test]
fn a_guess_that_krea_accepts_is_revoked_as_any_other() {
    let (leaked, emulator, sandbox) = (Leaked::new(55), Emulator::start(), Sandbox::empty());
    emulator.issue(&leaked.text(), "leaked");
    sandbox.write("shot.txt", leaked.fill("KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC\n"));
    let token_api = emulator.token_api();
    let revoked = run(&sandbox, &emulator, &["--revoke", "--yes", "--token-api", &token_api, "."]);
    assert_eq!(revoked.code, Some(0), "{}{}", revoked.stdout, revoked.stderr);
    assert!(!emulator.is_live(&leaked.text()));
}

#[test]
fn a_guess_alone_begins_no_incident() {
    let (leaked, emulator, sandbox) = (Leaked::new(56), Emulator::start(), Sandbox::empty());
    sandbox.write("shot.txt", leaked.fill("KREA_API_KEY=G1 -G2-G3-G4-G5 : SEC\n"));
    let revoked = run(&sandbox, &emulator, &["--revoke", "--yes", "."]);
    assert_eq!(revoked.code, Some(1));
    assert!(revoked.stdout.contains("What is left to do"), "{}", revoked.stdout);
    assert!(!sandbox.beside("state").join("krea-scan/incidents").exists());
    let asked_nothing = run(&sandbox, &emulator, &["--revoke", "--dry-run", "."]);
    assert!(
        asked_nothing.stdout.contains("is live, in each of its readings (1)"),
        "{}",
        asked_nothing.stdout
    );
    // Without anybody to ask nothing is sent.
    let before = emulator.requests().len();
    let nobody = run(&sandbox, &emulator, &["--revoke", "."]);
    assert!(nobody.stderr.contains("add --yes"), "{}", nobody.stderr);
    assert_eq!(emulator.requests().len(), before);
}

#[test]
fn what_may_be_cut_off_is_not_proven_dead() {
    let (leaked, emulator, sandbox) = (Leaked::new(57), Emulator::start(), Sandbox::empty());
    for (text, status) in [
        ("export KREA_API_KEY=ID:ONETWO\nTHREE\n", "unknown"),
        ("export KREA_API_KEY=ID:ONETWO THREE\n", "unknown"),
        ("export KREA_API_KEY=ID:SEC\nPORT=3000\n", "dead"),
        ("export KREA_API_KEY=ID:SEC\n# the key of the website\n", "dead"),
    ] {
        sandbox.write("notes.txt", leaked.fill(text));
        let verified = run(&sandbox, &emulator, &["--verify", "-f", "jsonl", "."]);
        assert_eq!(verified.findings()[0]["status"], status, "{text}");
    }
}
