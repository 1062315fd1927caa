//! `command:`: the token is on the command's standard input and nowhere else, and its exit status decides.

use super::{FOLDER, Tokens, again, parse, str};
use crate::support::Sandbox;
use crate::support::child::assert_passed;
use crate::support::tokens::Alphabet;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use krea_scan_service::incident::sink::{CommandError, Delivery, SinkError, Stored};
use krea_scan_service::krea::CREDENTIAL_ENV;
use krea_scan_token::{Token, TokenKind};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing here takes nearly as long.
const HANGS: Duration = Duration::from_secs(20);

/// A folder that commands work in, and tokens.
struct Case {
    sandbox: Sandbox,
    tokens: Tokens,
}

impl Case {
    fn new() -> Self {
        Case { sandbox: Sandbox::empty(), tokens: Tokens::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.root().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A command that works in the folder.
    fn sink(&self, command: &str) -> String {
        format!("command:cd '{}' && {{ {command}\n}}", self.sandbox.root().display())
    }

    fn store(&self, command: &str) -> Result<Stored, SinkError> {
        self.tokens.store(&self.sink(command))
    }

    #[track_caller]
    fn refused(&self, command: &str) -> String {
        let words = self.tokens.refused(&self.sink(command));
        assert!(!words.contains(|c: char| c.is_control() && c != '\n'), "{words}");
        words
    }

    /// Waits until a command has written a whole line.
    fn line(&self, name: &str) -> String {
        let started = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(self.path(name))
                && text.ends_with('\n')
            {
                return text.trim().to_owned();
            }
            assert!(started.elapsed() < HANGS, "{name} is never written");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a process runs; one that is dead and not waited for does not.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn the_token_arrives_as_it_is_and_without_a_line_break() {
    let mut case = Case::new();
    for alphabet in Alphabet::ALL {
        case.tokens = Tokens::of(alphabet);
        let stored = case.store("cat > got").unwrap();
        assert!(case.read("got") == case.tokens.new.expose(), "{alphabet:?}");
        assert_eq!(stored.notes, [""; 0]);
    }
    let stored = case.tokens.store("command:cat >/dev/null\t# \u{1b}[2J").unwrap();
    assert_eq!(stored.place, "command cat >/dev/null\\t# \\u{1b}[2J");
}

#[test]
fn names_and_ids_are_variables_and_the_text_is_left_alone() {
    let mut case = Case::new();
    let name = "it's \"$(touch oops)\" `x` \u{e9}";
    let show =
        "cat >/dev/null; printf '%s\\n' \"$KREA_SCAN_NAME\" \"$KREA_SCAN_REPLACES\" '{name} {id}' > got";
    let stored = |tokens: &Tokens| {
        parse(&case.sink(show)).store(&Delivery::new(&tokens.new, Some(&tokens.old), name)).unwrap();
        String::from_utf8(case.read("got")).unwrap()
    };
    let id = case.tokens.old.id_prefix().unwrap();
    assert_eq!(stored(&case.tokens), format!("{name}\n{id}\n{{name}} {{id}}\n"));
    let legacy = Tokens { old: Token::new(TokenKind::Legacy, b"a-legacy-key-of-nobody"), ..Tokens::new() };
    assert_eq!(stored(&legacy), format!("{name}\n\n{{name}} {{id}}\n"));
    assert!(!case.path("oops").exists());
    case.tokens = legacy;
    case.tokens.assert_hidden(&String::from_utf8(case.read("got")).unwrap());
}

/// Looks at every process that the command consists of, while it runs.
#[cfg(target_os = "linux")]
#[test]
fn no_argument_and_no_environment_holds_the_token() {
    const NAME: &str = "no_argument_and_no_environment_holds_the_token";
    let Some(folder) = std::env::var_os(FOLDER) else {
        let case = Case::new();
        let mut command = again(module_path!(), NAME, case.sandbox.root());
        command.env(CREDENTIAL_ENV, "usual credential").env("OTHER_CREDENTIAL", "other credential");
        assert_passed(&command.env("INHERITED", "yes").output().unwrap());
        return;
    };
    let case = Case { sandbox: Sandbox::at(Path::new(&folder)), tokens: Tokens::new() };
    let script = "sh -c 'echo $$ > inner; while [ ! -e go ]; do sleep 0.02; done; cat > got' & wait_for=$!; \
                  echo $$ > outer; wait $wait_for";
    // A shell gives background processes no standard input, so it is handed on by hand.
    let script = format!("exec 3<&0; {}", script.replace("cat > got'", "cat <&3 > got'"));
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let mut delivery = case.tokens.delivery();
            let others = ["OTHER_CREDENTIAL".to_owned()];
            delivery.credentials = &others;
            parse(&case.sink(&script)).store(&delivery)
        });
        for pid in [case.line("outer"), case.line("inner"), std::process::id().to_string()] {
            let ours = pid == std::process::id().to_string();
            for file in ["cmdline", "environ"] {
                let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap();
                let text = String::from_utf8_lossy(&bytes);
                case.tokens.assert_hidden(&text);
                if file == "environ" {
                    assert!(text.contains("INHERITED=yes"), "the rest is inherited");
                    assert_eq!(text.contains("usual credential"), ours);
                    assert_eq!(text.contains("other credential"), ours);
                    assert_eq!(text.contains("KREA_SCAN_NAME=shop production 2026-07-01\0"), !ours);
                }
            }
        }
        fs::write(case.path("go"), "").unwrap();
        running.join().unwrap().unwrap();
    });
    assert!(case.read("got") == case.tokens.new.expose());
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_has_no_terminal_to_read_and_a_process_group_of_its_own() {
    let case = Case::new();
    case.store(
        "test -p /dev/stdin && cat >/dev/null && echo $$ > pid && cut -d' ' -f5 /proc/$$/stat > group",
    )
    .unwrap();
    assert_eq!(case.line("group"), case.line("pid"));
}

#[test]
fn a_failure_is_told_with_the_status_and_the_words_that_were_printed() {
    let case = Case::new();
    let print = "cat >/dev/null; echo 'HTTP 401: \u{1b}[31mBad credentials' >&2; printf 'permission denied\\r\\n\\nb'; exit 7";
    let words = case.refused(print);
    assert!(words.contains("exit status: 7"), "{words}");
    let expected = "    standard error:\n      | HTTP •••• credentials\n    standard output:\n      | permission denied\n      1 \
                    line is not shown";
    assert!(words.contains(expected), "{words}");
    // What is kept of an error holds none of it.
    let kept = case.store(print).unwrap_err().to_string();
    assert!(kept.ends_with(": it failed (exit status: 7)") && !kept.contains("standard"), "{kept}");
    assert!(case.refused("kill -9 $$").contains("signal: 9"));
    let error = case.store("exit 7").unwrap_err();
    assert!(error.said().is_none());
    assert!(matches!(error, SinkError::Command(CommandError::Failed { .. })));
}

/// The letters and digits of a text, whatever stands between them, and whatever their case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

#[test]
fn what_a_command_prints_is_not_shown_with_the_token_in_any_form() {
    let mut case = Case::new();
    let prints = [
        "cat",
        "cat; echo",
        "t=$(cat); echo \"whole $t\" >&2; echo \"half ${t#*:}\"; echo \"part ${t%????}\" | fold -w 30",
        "t=$(cat); printf %s \"$t\" | base64 -w 0; echo; printf %s \"${t#*:}\" | base64 -w 19",
        "printf 'user:' >&2; base64 -w 40 >&2",
        "od -An -tx1",
        "od -An -tx1 | tr -d ' \\n'",
        "od -An -c -w16",
        "od -An -to1 -v -w1",
        "od -An -tu1 -v -w4",
        "fold -w 7",
        "fold -w 3",
        "fold -w 1",
        "sed 's/./& /g'",
        "sed 's/./&-/g'",
        "rev 2>/dev/null",
        "tr a-z A-Z",
        "tr a-zA-Z n-za-mN-ZA-M",
        "tr : '\\n'",
        "sed 's/^/error: not stored: /'",
        "t=$(cat); echo \"request for $t failed\"; cat old",
        "t=$(cat); for c in $(echo \"$t\" | fold -w 2); do echo \"error: the value $c is wrong\"; done",
    ];
    for alphabet in [Alphabet::Hex, Alphabet::Base62, Alphabet::Base64Url] {
        case.tokens = Tokens::of(alphabet);
        fs::write(case.path("old"), case.tokens.old.expose()).unwrap();
        for print in prints {
            let words = case.refused(&format!("{print}; exit 1"));
            let error = case.store(&format!("{print}; exit 1")).unwrap_err();
            let said = error.said().map(ToString::to_string).unwrap_or_default();
            // What is left without the words of the message itself.
            let shown: String = said.lines().filter(|line| line.contains('|')).collect();
            let shown = letters(&shown);
            for token in [&case.tokens.new, &case.tokens.old] {
                let secret = token.secret();
                let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
                let reversed: Vec<u8> = secret.iter().rev().copied().collect();
                for form in
                    [secret.to_vec(), reversed, hex.into_bytes(), STANDARD.encode(secret).into_bytes()]
                {
                    let form = letters(str(&form));
                    let parts = form.as_bytes().windows(6);
                    assert!(parts.clone().count() > 0);
                    assert!(parts.into_iter().all(|part| !shown.contains(str(part))), "{print}: {words}");
                }
            }
        }
    }
    let words = case.refused("t=$(cat); echo \"request for $t failed\"; exit 1");
    assert!(words.contains("| request for •••• failed"), "{words}");
}

#[test]
fn much_output_does_not_block_and_its_end_is_shown() {
    let case = Case::new();
    let words = case.refused(
        "yes 'request failed' | head -c 3000000 >&2; yes 'no output' | head -c 3000000; cat >/dev/null; echo; \
         echo 'the end'; exit 1",
    );
    let expected = format!("    standard error:{}\n", "\n      | request failed".repeat(20));
    assert!(words.contains(&expected) && words.contains("| the end\n"), "{words}");
    assert!(words.contains("lines are not shown"), "{words}");
    let words = case.refused("cat >/dev/null; head -c 1000000 /dev/zero | tr '\\0' x; exit 1");
    // In words and in `Debug`.
    assert!(words.len() < 10_000, "{}", words.len());
    for more in (4040..4096).step_by(5) {
        case.refused(&format!("cat; head -c {more} /dev/zero | tr '\\0' x; exit 1"));
    }
}

#[test]
fn a_command_that_does_not_read_the_token_has_not_stored_it() {
    let mut case = Case::new();
    let is_unread = |case: &Case, command: &str| {
        let error = case.store(command).unwrap_err();
        let words = error.to_string();
        assert!(words.contains("without reading the token") && words.contains("stored nothing"), "{words}");
        matches!(error, SinkError::Command(CommandError::Unread { .. }))
    };
    for command in
        ["true", ":", "exec 0<&-; sleep 0.05", "exec true", "head -c 10 >/dev/null", "cat </dev/null"]
    {
        assert!(is_unread(&case, command), "{command}");
    }
    // What happens behind its back may read the token or not.
    assert!(is_unread(&case, "exec 3<&0; (sleep 0.3; cat <&3 > later) & exit 0"));
    assert!(case.refused("exit 3").contains("exit status: 3"));
    // More than a pipe holds.
    case.tokens.new = Token::new(TokenKind::Custom, "0123456789abcdef".repeat(100_000).as_bytes());
    assert!(is_unread(&case, "true"));
    assert!(is_unread(&case, "head -c 100000 >/dev/null"));
    let started = Instant::now();
    let error = case.store("exit 3").unwrap_err().to_string();
    assert!(error.contains("exit status: 3") && !error.contains("ipe"), "{error}");
    assert!(started.elapsed() < HANGS);
    case.store("cat > got").unwrap();
    assert!(case.read("got") == case.tokens.new.expose());
    case.store("dd bs=1 count=2000000 of=got status=none").unwrap();
    assert!(case.read("got") == case.tokens.new.expose());
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_all_it_started() {
    let case = Case::new();
    let script = "trap '' TERM INT HUP; sh -c 'trap \"\" TERM; echo $$ > inner; sleep 60' & echo $$ > outer; \
                  echo waiting; sleep 60";
    let sink = parse(&case.sink(script));
    let mut delivery = case.tokens.delivery();
    assert_eq!(delivery.time_out, Duration::from_secs(120));
    delivery.time_out = Duration::from_secs(1);
    let started = Instant::now();
    let words = case.tokens.words(&sink.store(&delivery).unwrap_err());
    assert!(started.elapsed() < HANGS);
    assert!(words.contains("it was killed after 1 s") && words.contains("| waiting"), "{words}");
    let (inner, outer) = (case.line("inner"), case.line("outer"));
    while runs(&inner) || runs(&outer) {
        assert!(started.elapsed() < HANGS, "it still runs");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_command_can_be_interrupted() {
    let case = Case::new();
    let interrupted = AtomicBool::new(false);
    let started = Instant::now();
    let words = thread::scope(|scope| {
        let running = scope.spawn(|| {
            let mut delivery = case.tokens.delivery();
            delivery.interrupted = Some(&interrupted);
            parse(&case.sink("echo $$ > pid; sleep 60")).store(&delivery).unwrap_err()
        });
        case.line("pid");
        interrupted.store(true, Ordering::Relaxed);
        case.tokens.words(&running.join().unwrap())
    });
    assert!(words.contains("it was interrupted"), "{words}");
    assert!(started.elapsed() < HANGS && !runs(&case.line("pid")));
}

#[test]
fn what_goes_on_in_the_background_holds_nobody_up() {
    let case = Case::new();
    for end in ["exit 0", "exit 1"] {
        let started = Instant::now();
        let stored = case.store(&format!("cat >/dev/null; sleep 10 & {end}"));
        assert_eq!(stored.is_ok(), end == "exit 0");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}

#[test]
fn a_command_that_cannot_work_is_refused_before_anything_is_minted() {
    let case = Case::new();
    for (command, said) in [
        ("if true", "the shell does not understand it"),
        ("echo 'open", "the shell does not understand it"),
        ("krea-scan-no-such-client set KEY", "krea-scan-no-such-client is not installed"),
        ("./no-such-script", "./no-such-script is not installed"),
    ] {
        let words = case.tokens.words(&parse(&format!("command:{command}")).check().unwrap_err());
        assert!(words.contains(said), "{command}: {words}");
    }
    for command in
        ["cat", "if true; then cat; fi", "KREA=1 no-such", "$TOOL", "(cat)", "/bin/cat", "cd x && y"]
    {
        assert_eq!(parse(&format!("command:{command}")).check().unwrap(), [""; 0], "{command}");
    }
    let ran = case.path("ran");
    parse(&format!("command:touch {0}; : > {0}", ran.display())).check().unwrap();
    assert!(!ran.exists(), "nothing is run");
}
