//! A token goes to the configured host and to nowhere else, and what is kept of it is for its owner alone.

use super::scene::{Keep, Scene, files, report, secret};
use crate::support::emulator::{Emulator, Fault, Route};
use crate::support::program;
use crate::support::unix::mode;
use needs::needs;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A server that nobody may talk to.
struct Trap(TcpListener);

impl Trap {
    fn new() -> Trap {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        Trap(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    #[track_caller]
    fn assert_untouched(&self) {
        assert_eq!(self.0.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody connected");
    }
}

#[test]
fn a_proxy_that_only_the_environment_names_gets_nothing() {
    let (scene, trap) = (Scene::new(&[0]), Trap::new());
    let mut command = scene.command(&scene.revoke(Keep::EnvFile));
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        command.env(name, trap.url());
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let run = scene.checked(program::run(&mut command)).code(0);
    scene.assert_done(&report(&run));
    trap.assert_untouched();
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        for route in [Route::Jobs, Route::Revoke, Route::Mint] {
            let (scene, trap) = (Scene::new(&[1]), Trap::new());
            scene.emulator.fault(route, Fault::Redirect(status, format!("{}/jobs", trap.url())), usize::MAX);
            let revoke =
                [scene.revoke(Keep::EnvFile), vec!["--wait".to_owned(), "200ms".to_owned()]].concat();
            let run = scene.run(&revoke).code(1);
            let case = report(&run)["tokens"][0].clone();
            assert_eq!(case["dead_at"].is_string(), route == Route::Mint, "{status} {route:?}");
            trap.assert_untouched();
            scene.emulator.clear_faults();
            scene.assert_done(&scene.finish(&revoke));
            trap.assert_untouched();
        }
    }
}

/// What a process shows to every other one of its user: its arguments and its environment.
fn shown(pid: u32) -> Vec<u8> {
    let read = |name| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    [read("cmdline"), read("environ"), read("comm")].concat()
}

/// The processes that this one started, and theirs.
fn descendants(of: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut found = vec![of];
    let mut at = 0;
    while let Some(&pid) = found.get(at) {
        found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        at += 1;
    }
    found
}

#[cfg(target_os = "linux")]
#[test]
fn no_process_shows_a_token_in_its_arguments_or_environment() {
    let scene = Scene::new(&[2, 3]);
    let slow = format!(
        "command:sleep 0.3; cat > {}/$KREA_SCAN_REPLACES; sleep 0.3",
        scene.sandbox.beside("kept").display()
    );
    let revoke = [scene.revoke(Keep::EnvFile), vec!["--store".to_owned(), slow]].concat();
    let mut command = scene.command(&revoke);
    let over = AtomicBool::new(false);
    let (run, seen) = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen: BTreeSet<Vec<u8>> = BTreeSet::new();
            while !over.load(Ordering::SeqCst) {
                for pid in descendants(std::process::id()).into_iter().skip(1) {
                    seen.insert(shown(pid));
                }
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        let run = scope.spawn(move || program::run(&mut command)).join();
        over.store(true, Ordering::SeqCst);
        (scene.checked(run.unwrap()), watch.join().unwrap())
    });
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let has = |text: &[u8], needle: &str| memchr::memmem::find(text, needle.as_bytes()).is_some();
    let of_sinks: Vec<_> = seen.iter().filter(|text| has(text, "KREA_SCAN_REPLACES=")).collect();
    assert!(!of_sinks.is_empty(), "the command was not seen");
    assert!(of_sinks.iter().all(|text| !has(text, Emulator::CREDENTIAL)), "a command gets the credential");
    for issued in scene.emulator.issued() {
        let shown = seen.iter().any(|text| has(text, secret(&issued.token)));
        assert!(!shown, "a token is shown to every process of its user");
    }
}

/// `scene.run` looks through both streams for every secret there is, minted ones too.
#[test]
fn no_format_and_no_list_shows_a_token() {
    for format in ["human", "json", "jsonl", "sarif", "github"] {
        let scene = Scene::new(&[4]);
        // Everything that is shown of a finding may hold its token: the path of the file, for one.
        scene
            .sandbox
            .write(&format!("{}.env", scene.leaked[0]), format!("KREA_API_KEY={}\n", scene.leaked[0]));
        let (api, token_api) = (scene.emulator.api(), scene.emulator.token_api());
        let store = scene.store(Keep::EnvFile);
        let mut args =
            vec!["--revoke", "--yes", "-v", "-f", format, "--api", &api, "--token-api", &token_api];
        args.extend(["--store", &store, "--store", "command:cat; cat >&2; false"]);
        scene.run(&args).code(1);
        scene.assert_private();
        scene.run(&["--incidents"]).code(0);
        let id = scene.ids().remove(0);
        let run = scene.run(&["--resume", &id, "--yes", "--store", &store, "-f", format]).code(0);
        assert!(!run.stdout.is_empty());
        scene.assert_private();
        scene.assert_no_escrow();
        scene.run(&["--incidents"]).code(0);
    }
}

/// Spoils each folder of the state, and fails unless no incident begins there.
#[track_caller]
fn assert_refused_when(spoil: fn(&Path)) {
    for place in ["krea-scan", "krea-scan/incidents"] {
        let scene = Scene::new(&[5]);
        let state = scene.sandbox.beside("state");
        fs::create_dir_all(state.join("krea-scan/incidents")).unwrap();
        for folder in ["krea-scan", "krea-scan/incidents"] {
            fs::set_permissions(state.join(folder), fs::Permissions::from_mode(0o700)).unwrap();
        }
        spoil(&state.join(place));
        scene.run(&scene.revoke(Keep::EnvFile)).code(2).says(&["not safe to keep an incident in"]);
        assert!(scene.emulator.requests().is_empty(), "nothing is sent");
        assert!(scene.emulator.is_live(&scene.leaked[0]));
    }
}

#[test]
fn a_state_folder_that_others_may_write_to_or_that_is_a_link_is_refused() {
    type Spoil = fn(&Path);
    let link: Spoil = |path| {
        let real = path.with_extension("elsewhere");
        fs::rename(path, &real).unwrap();
        symlink(&real, path).unwrap();
    };
    let by_group: Spoil = |path| fs::set_permissions(path, fs::Permissions::from_mode(0o770)).unwrap();
    let by_all: Spoil = |path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    for spoil in [link, by_group, by_all] {
        assert_refused_when(spoil);
    }
}

#[needs(root)]
#[test]
fn a_state_folder_of_another_user_is_refused() {
    assert_refused_when(|path| std::os::unix::fs::chown(path, Some(12345), None).unwrap());
}

#[test]
fn an_incident_whose_files_others_may_write_to_is_not_gone_on_with() {
    type Spoil = fn(&Path);
    let link: Spoil = |path| {
        let real = path.with_extension("elsewhere");
        fs::rename(path, &real).unwrap();
        symlink(&real, path).unwrap();
    };
    let by_all: Spoil = |path| {
        let more = if path.is_dir() { 0o777 } else { 0o666 };
        fs::set_permissions(path, fs::Permissions::from_mode(more)).unwrap();
    };
    for spoil in [link, by_all] {
        for name in ["", "journal.jsonl", "lock", "leaked", "replacement"] {
            let scene = Scene::new(&[6]);
            let mut revoke = scene.revoke_only();
            revoke.extend(["--store", "command:false"].map(str::to_owned));
            scene.run(&revoke).code(1);
            let id = scene.ids().remove(0);
            let folder = scene.incidents().join(&id);
            let is_it = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with(name);
            let path = if name.is_empty() {
                folder
            } else {
                files(&folder).into_iter().find(|path| is_it(path)).unwrap()
            };
            let before = scene.emulator.requests().len();
            spoil(&path);
            scene.run(&["--resume", &id, "--yes"]).code(2).says(&[path.to_str().unwrap()]);
            assert_eq!(scene.emulator.requests().len(), before, "nothing is sent");
        }
    }
}

#[test]
fn a_loose_umask_loosens_nothing() {
    let scene = Scene::new(&[7]);
    let mut revoke = scene.revoke_only();
    let new = scene.sandbox.beside("new.env");
    revoke.extend(
        ["--store", "command:false", "--store", &format!("env-file:{}", new.display())].map(str::to_owned),
    );
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_krea-scan")]).args(&revoke);
    command.current_dir(scene.sandbox.root()).env("HOME", scene.sandbox.beside("home"));
    let run = scene.checked(program::run(scene.dress(&mut command))).code(1);
    let escrow = report(&run)["tokens"][0]["escrow"].as_str().unwrap().to_owned();
    assert_eq!(mode(Path::new(&escrow)), 0o600);
    assert_eq!(mode(&new), 0o600);
    scene.assert_private();
}
