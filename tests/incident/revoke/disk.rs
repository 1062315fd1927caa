//! Whatever fails for want of room, nothing is lost: the run ends by itself, says so, and goes on when there is room.

use super::scene::{Keep, Scene, report};
use super::tracer::{self, CALLS};
use crate::support::program::Run;
use needs::needs;
use std::path::PathBuf;
use std::process::Command;

/// More calls of one kind than any of these runs makes.
const ENDLESS: usize = 400;

/// Looks at a run that met a full disk, then finishes what it began.
fn finish(scene: &Scene, revoke: &[String], full: Run) {
    scene.assert_private();
    match full.code {
        Some(0) => scene.assert_done(&report(&full)),
        Some(1) => {
            assert!(report(&full)["resume"].is_string(), "{}", full.stdout);
            assert!(full.stdout.contains("No space left on device"), "{}", full.stdout);
        }
        Some(2) => assert!(full.stderr.contains("No space left on device"), "{}", full.stderr),
        code => panic!("{code:?}: {}", full.stderr),
    }
    let report = scene.finish(revoke);
    scene.assert_done(&report);
}

/// Lets each call of each kind fail once, in a run of its own. Gives how many failed.
fn at_every(calls: &[&str], numbers: &[u64], keep: Keep, more: &[&str]) -> usize {
    let mut failed = 0;
    for call in calls {
        for nth in 1..ENDLESS {
            let scene = Scene::new(numbers);
            let mut revoke = scene.revoke(keep);
            revoke.extend(more.iter().map(ToString::to_string));
            let full = tracer::run(&scene, &revoke, call, nth, "error=ENOSPC");
            if !tracer::injected(&scene) {
                full.code(0);
                break;
            }
            failed += 1;
            println!("no room for {call} {nth}: {:?} {}", full.code, full.stderr);
            finish(&scene, &revoke, full);
        }
    }
    failed
}

#[needs("strace")]
#[test]
fn what_the_journal_goes_by_is_on_the_disk_before_it_goes_on() {
    for keep in [Keep::EnvFile, Keep::Command] {
        let scene = Scene::new(&[0, 1]);
        let run = tracer::watched(&scene, &scene.revoke(keep));
        scene.assert_done(&report(&run.code(0)));
        // A folder and a journal; and for each token two files, which come and go.
        assert_eq!(tracer::assert_flushed(&scene), 2 + 2 * 4);
    }
}

fn calls() -> Vec<&'static str> {
    // Removing and cutting need no room.
    CALLS.into_iter().filter(|call| !["unlink", "ftruncate"].contains(call)).collect()
}

#[needs("strace")]
#[test]
fn without_room_for_any_one_call_nothing_is_lost() {
    let calls: Vec<&str> = calls().into_iter().filter(|call| *call != "write").collect();
    assert!(at_every(&calls, &[0], Keep::EnvFile, &[]) >= 40);
}

#[needs("strace")]
#[test]
fn without_room_for_any_one_write_nothing_is_lost() {
    assert!(at_every(&["write"], &[0, 1], Keep::EnvFile, &[]) >= 40);
}

#[needs("strace")]
#[test]
fn without_room_for_any_one_call_a_run_that_replaces_first_loses_nothing() {
    assert!(at_every(&["write", "fsync"], &[1], Keep::Command, &["--replace-first"]) >= 25);
}

/// A file system in memory, as large as it is said to be.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, options: &str) -> Small {
        std::fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("mode=0700,{options}"), "krea-scan-test"]).arg(&at);
        let output = mount.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Small(at)
    }

    fn grow(&self) {
        let mut mount = Command::new("mount");
        let status = mount.args(["-o", "remount,size=4m,nr_inodes=1000"]).arg(&self.0).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // A panic in a drop would abort.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// A real disk that is full from some point on, for good.
#[needs(mount)]
#[test]
fn on_a_disk_that_is_too_small_nothing_is_lost() {
    let sizes = (1..=8).map(|blocks| format!("size={}k,nr_inodes=1000", 4 * blocks));
    let numbers = (2..=9).map(|inodes| format!("size=4m,nr_inodes={inodes}"));
    let mut full_disks = 0;
    for options in sizes.chain(numbers) {
        let scene = Scene::new(&[0]);
        let disk = Small::mount(scene.sandbox.beside("state"), &options);
        let revoke = scene.revoke(Keep::EnvFile);
        let full = scene.run(&revoke);
        full_disks += usize::from(full.code != Some(0));
        println!("{options}: {:?} {}", full.code, full.stderr);
        disk.grow();
        finish(&scene, &revoke, full);
    }
    assert!(full_disks >= 6, "{full_disks}");
}
