//! Journals and escrows that are damaged, foreign or left over: no file that may hold a live token is removed or written
//! over, and each is told, with what to do, wherever incidents are begun, gone on with or listed.

use super::scene::{Keep, Scene, files, report};
use super::tracer;
use crate::support::emulator::Issued;
use crate::support::program::{self, Run};
use needs::needs;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// An incident whose only sink failed: the replacement is in escrow and nowhere else.
struct Held {
    scene: Scene,
    id: String,
    folder: PathBuf,
    journal: PathBuf,
    /// The file of the replacement.
    escrow: PathBuf,
    new: Issued,
}

impl Held {
    fn new(number: u64) -> Held {
        let scene = Scene::new(&[number]);
        let mut revoke = scene.revoke_only();
        revoke.extend(["--store", "command:false"].map(str::to_owned));
        let run = scene.run(&revoke).code(1);
        let id = scene.ids().remove(0);
        let folder = scene.incidents().join(&id);
        let escrow = PathBuf::from(report(&run)["tokens"][0]["escrow"].as_str().unwrap());
        let new = scene.emulator.issued().into_iter().find(|issued| issued.minted).unwrap();
        assert!(fs::read_to_string(&escrow).unwrap().contains(&new.token));
        Held { journal: folder.join("journal.jsonl"), scene, id, folder, escrow, new }
    }

    /// Whether a file somewhere in the state still holds the replacement.
    fn is_kept(&self) -> bool {
        files(&self.scene.sandbox.beside("state"))
            .iter()
            .any(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(&self.new.token))
    }

    /// An incident for a token that has nothing to do with it.
    fn another_incident(&self) -> Run {
        let other = program::token(20);
        self.scene.emulator.issue(&other, "leaked");
        self.scene.sandbox.write("other.env", format!("KREA_API_KEY={other}\n"));
        self.scene.run(&[self.scene.revoke_only(), vec!["other.env".to_owned()]].concat())
    }
}

type Damage = (&'static str, fn(&Held));

fn lines(held: &Held) -> Vec<String> {
    fs::read_to_string(&held.journal).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

/// The second line, which names the token, with another one.
fn another_found(held: &Held) -> String {
    let found: Value = serde_json::from_str(&lines(held)[1]).unwrap();
    lines(held)[1].replace(found["token"].as_str().unwrap(), &"0".repeat(32))
}

/// Whatever may have become of a journal.
const DAMAGES: [Damage; 15] = [
    ("emptied", |held| fs::write(&held.journal, "").unwrap()),
    ("missing", |held| fs::remove_file(&held.journal).unwrap()),
    ("zeros", |held| fs::write(&held.journal, vec![0; 4000]).unwrap()),
    ("cut after its first line", |held| fs::write(&held.journal, &lines(held)[0]).unwrap()),
    ("cut within its first line", |held| fs::write(&held.journal, &lines(held)[0][..40]).unwrap()),
    ("one token too many", |held| {
        let all = lines(held);
        fs::write(&held.journal, [&all[..2], &[another_found(held)], &all[2..]].concat().concat()).unwrap();
    }),
    ("one token too few", |held| {
        let all = lines(held);
        fs::write(&held.journal, [&all[..1], &all[2..]].concat().concat()).unwrap();
    }),
    ("a token twice", |held| {
        let all = lines(held);
        fs::write(&held.journal, [&all[..2], &all[1..]].concat().concat()).unwrap();
    }),
    ("the opening gone", |held| fs::write(&held.journal, lines(held)[1..].concat()).unwrap()),
    ("a line in the middle", |held| {
        let mut all = lines(held);
        all[4] = "nothing\n".to_owned();
        fs::write(&held.journal, all.concat()).unwrap();
    }),
    ("the last line", |held| {
        let mut all = lines(held);
        *all.last_mut().unwrap() = "{}\n".to_owned();
        fs::write(&held.journal, all.concat()).unwrap();
    }),
    ("a later version", |held| {
        let all = lines(held).concat();
        let later = all.replacen("\"version\":3", "\"version\":7", 1);
        assert_ne!(later, all, "the version is another one");
        fs::write(&held.journal, later).unwrap();
    }),
    ("an event of a later version", |held| {
        let mut all = lines(held);
        all.push("{\"at\":\"2030-01-01T00:00:00Z\",\"event\":\"sealed\"}\n".to_owned());
        fs::write(&held.journal, all.concat()).unwrap();
    }),
    ("a folder", |held| {
        fs::remove_file(&held.journal).unwrap();
        fs::create_dir(&held.journal).unwrap();
    }),
    ("a second name", |held| fs::hard_link(&held.journal, held.folder.join("copy")).unwrap()),
];

#[test]
fn whatever_became_of_a_journal_the_escrow_stays_and_is_told() {
    for (name, damage) in DAMAGES {
        println!("{name}");
        let held = Held::new(0);
        damage(&held);
        let before = fs::read(&held.escrow).unwrap();
        let (escrow, journal) = (held.escrow.to_str().unwrap(), held.journal.to_str().unwrap());
        let what_to_do = [escrow, journal, "krea-scan --verify", "https://www.krea.ai/app/api/tokens"];
        let listed = held.scene.run(&["--incidents"]).code(0).says(&what_to_do);
        assert!(listed.stdout.contains("damaged"), "{}", listed.stdout);
        held.another_incident().code(0).says(&["warning: incident "]).says(&what_to_do);
        // Not even the leaked token's own new incident touches it.
        let again = held.scene.run(&held.scene.revoke(Keep::EnvFile));
        again.says(&["warning: incident "]).says(&what_to_do);
        held.scene.run(&["--resume", &held.id, "--yes"]).code(2).says(&what_to_do);
        held.scene.run(&["--resume", "latest", "--yes"]).code(2).says(&what_to_do);
        assert_eq!(fs::read(&held.escrow).unwrap(), before, "{name}");
        assert!(held.scene.emulator.is_live(&held.new.token));
    }
}

/// What the words say can be done.
#[test]
fn what_is_left_in_escrow_can_be_asked_about_and_taken_out() {
    let held = Held::new(1);
    fs::remove_file(&held.journal).unwrap();
    let verified = held.scene.run(
        &["--verify", "-f", "json", "--api", &held.scene.emulator.api()]
            .map(str::to_owned)
            .into_iter()
            .chain([held.escrow.display().to_string()])
            .collect::<Vec<_>>(),
    );
    let document: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(document["findings"][0]["status"], "live", "{}", verified.stdout);
    let text = fs::read_to_string(&held.escrow).unwrap();
    assert_eq!(text.split_whitespace().nth(3), Some(held.new.token.as_str()));
}

/// One that tells of another incident: another token, another state.
#[test]
fn a_journal_of_another_incident_loses_nothing() {
    for is_closed in [true, false] {
        let held = Held::new(2);
        let other = Held::new(3);
        if is_closed {
            other
                .scene
                .run(&["--resume", "latest", "--yes", "--store", &other.scene.store(Keep::EnvFile)])
                .code(0);
        }
        fs::copy(&other.journal, &held.journal).unwrap();
        let before = fs::read(&held.escrow).unwrap();
        let told = ["nobody deals with", held.escrow.to_str().unwrap()];
        held.scene.run(&["--incidents"]).code(0).says(&told);
        held.another_incident().code(0).says(&told);
        held.scene.run(&["--resume", &held.id, "--yes", "--token-api", &held.scene.emulator.token_api()]);
        assert_eq!(fs::read(&held.escrow).unwrap(), before, "closed: {is_closed}");
    }
}

#[test]
fn a_journal_that_lost_its_end_goes_on_with_what_is_in_escrow() {
    let count = lines(&Held::new(4)).len();
    for kept in 2..count {
        let held = Held::new(4);
        fs::write(&held.journal, lines(&held)[..kept].concat()).unwrap();
        let store = held.scene.store(Keep::EnvFile);
        let args = ["--resume", "latest", "--yes", "-q", "-f", "json", "--store", &store];
        let incident = report(&held.scene.run(&args).code(0));
        assert_eq!((&incident["tokens"][0]["state"], &incident["resume"]), (&"done".into(), &Value::Null));
        assert!(held.scene.emulator.is_live(&held.new.token));
        held.scene.assert_no_escrow();
        assert_eq!(held.scene.kept(), [held.new.token.as_str()], "and nothing else was minted: {kept}");
    }
}

/// Says that the end came, and even that all was proven, while the escrow still holds what is stored nowhere.
#[test]
fn a_journal_that_says_too_much_deletes_nothing() {
    let held = Held::new(5);
    let token = lines(&held)[1].clone();
    let token = serde_json::from_str::<Value>(&token).unwrap()["token"].as_str().unwrap().to_owned();
    let proven = format!("{{\"at\":\"\",\"event\":\"proven\",\"token\":\"{token}\"}}\n");
    for more in [proven.clone(), proven + "{\"at\":\"\",\"event\":\"closed\"}\n"] {
        let mut all = lines(&held);
        all.push(more);
        fs::write(&held.journal, all.concat()).unwrap();
        held.another_incident();
        held.scene.run(&["--resume", &held.id, "--yes", "-q"]);
        assert!(held.is_kept());
    }
    held.scene.run(&["--incidents"]).code(0).says(&[held.escrow.to_str().unwrap(), "nobody deals with"]);
}

#[test]
fn an_escrow_that_cannot_be_read_is_put_aside_and_told() {
    type Spoil = fn(&Path);
    let spoils: [Spoil; 4] = [
        |path| fs::write(path, "krea-scan escrow").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[70] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |path| fs::write(path, vec![0; 4096]).unwrap(),
        |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, [b"x", &bytes[..]].concat()).unwrap();
        },
    ];
    for spoil in spoils {
        let held = Held::new(6);
        spoil(&held.escrow);
        let before = fs::read(&held.escrow).unwrap();
        held.scene.run(&["--incidents"]).code(0).says(&[held.escrow.to_str().unwrap(), "cannot be read"]);
        let store = held.scene.store(Keep::EnvFile);
        let run = held.scene.run(&["--resume", "latest", "--yes", "-f", "json", "--store", &store]).code(0);
        let incident = report(&run);
        // What it held is named, and may be live.
        assert_eq!(incident["tokens"][0]["orphans"], Value::from(vec![held.new.name.as_str()]));
        assert_eq!(incident["tokens"][0]["state"], "done");
        let aside: Vec<_> = files(&held.folder)
            .into_iter()
            .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("set-aside-"))
            .collect();
        assert_eq!(aside.len(), 1);
        assert_eq!(fs::read(&aside[0]).unwrap(), before);
        run.says(&[aside[0].to_str().unwrap()]);
        held.scene.run(&["--incidents"]).code(0).says(&[aside[0].to_str().unwrap()]);
    }
}

#[needs("strace")]
#[test]
fn what_is_put_aside_is_on_the_disk_before_another_takes_its_place() {
    let held = Held::new(7);
    fs::write(&held.escrow, "krea-scan escrow").unwrap();
    let store = held.scene.store(Keep::EnvFile);
    let args = ["--resume", "latest", "--yes", "-f", "json", "--store", &store].map(str::to_owned);
    tracer::watched(&held.scene, &args).code(0);
    // It gets another name, and room is made; what is settled then goes.
    assert!(tracer::assert_flushed(&held.scene) >= 4);
}

/// A run that was ended at its very beginning, elsewhere: its copies of leaked tokens stay, and are told.
#[test]
fn what_was_never_begun_goes_only_with_the_tokens_that_are_at_hand() {
    for same in [true, false] {
        let held = Held::new(7);
        let leaked = files(&held.folder)
            .into_iter()
            .find(|path| path.file_name().unwrap().to_string_lossy().starts_with("leaked-"))
            .unwrap();
        let store = held.scene.store(Keep::EnvFile);
        fs::remove_file(&held.escrow).unwrap();
        fs::remove_file(&held.journal).unwrap();
        let run = match same {
            true => held.scene.run(&[held.scene.revoke_only(), vec!["--store".to_owned(), store]].concat()),
            false => held.another_incident(),
        };
        let run = run.code(0);
        assert_eq!(held.folder.exists(), !same);
        assert_eq!(run.stderr.contains(leaked.to_str().unwrap()), !same, "{}", run.stderr);
    }
}

#[test]
fn a_closed_incident_is_not_gone_on_with() {
    let held = Held::new(8);
    let store = held.scene.store(Keep::EnvFile);
    held.scene.run(&["--resume", &held.id, "--yes", "--store", &store]).code(0);
    let before = held.scene.emulator.requests().len();
    held.scene.run(&["--resume", &held.id, "--yes"]).code(2).says(&["is closed: nothing is left to do"]);
    assert_eq!(held.scene.emulator.requests().len(), before);
}
