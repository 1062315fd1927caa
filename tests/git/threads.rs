//! `--threads` governs all that a run does at the same time.

use crate::support::Sandbox;
use crate::support::program::{leak, run};
use needs::needs;
use std::fs;

/// The most threads that a run has at the same time, the first of the process among them.
fn most_threads(sandbox: &Sandbox, args: &[&str]) -> usize {
    let log = sandbox.beside("threads.log");
    let mut command = sandbox.command("strace", sandbox.root());
    command.args(["-f", "-q", "-e", "trace=clone,clone3", "-e", "signal=none", "-o"]).arg(&log);
    // Whatever takes as many threads as the machine has cores would be modest on a small one.
    command.arg(env!("CARGO_BIN_EXE_krea-scan")).args(args).env("RAYON_NUM_THREADS", "32");
    run(&mut command).code(1);
    let (mut now, mut most) = (1, 1);
    for line in fs::read_to_string(log).unwrap().lines() {
        let begun = line.rsplit_once(" = ").is_some_and(|(_, thread)| thread.parse::<u32>().is_ok());
        now += usize::from(begun);
        most = most.max(now);
        now -= usize::from(line.contains("+++ exited"));
    }
    most
}

#[needs("strace")]
#[test]
fn no_mode_takes_more_threads_than_it_may() {
    let sandbox = Sandbox::new();
    for n in 0..40 {
        sandbox.commit(&format!("{n}/settings.env"), leak(n % 20), "Add settings");
    }
    sandbox.git(&["repack", "-adq"]);
    sandbox.commit("more.env", leak(20), "Add more");
    sandbox.write("staged.env", leak(21));
    sandbox.git(&["add", "--all"]);
    for mode in [&["."][..], &["--staged"], &["--range", "HEAD~9..HEAD"], &["--history"]] {
        for threads in [1, 3] {
            let most = most_threads(&sandbox, &[mode, &["--threads", &threads.to_string()]].concat());
            // Those of the steps before may not all have ended when those of the next one begin.
            assert!(most <= 1 + 3 * threads, "{mode:?} had {most} threads at a time, {threads} were allowed");
        }
    }
}
