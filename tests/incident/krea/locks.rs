//! While one run waits for the browser, no other works on its incident or its token.

use super::person::{ALLOWS, sign_in_address};
use crate::revoke::scene::{Scene, report};
use crate::support::{browser, program};

#[test]
fn while_it_waits_for_the_browser_nobody_else_works_on_the_incident() {
    let scene = Scene::new(&[0]);
    let revoke = scene.via_krea();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel::<()>();
    let mut first = scene.command(&revoke);
    let watcher = move |line: &str| {
        if let Some(address) = sign_in_address(line) {
            begun.send(()).unwrap();
            // A test that failed lets go as well.
            let _ = may_go.recv();
            let _ = browser::try_sign_in(address, ALLOWS);
        }
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(move || program::run_watched(&mut first, watcher));
        has_begun.recv().unwrap();
        let id = scene.ids().remove(0);
        scene.run(&revoke).code(2).says(&[&format!("--resume {id}")]);
        scene.resume().code(2).says(&[&id, "another krea-scan"]);
        assert_eq!(scene.emulator.sign_ins(), 0);
        go.send(()).unwrap();
        scene.assert_done(&report(&scene.checked(first.join().unwrap()).code(0)));
    });
}
