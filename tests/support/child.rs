//! Runs a test again in a process of its own, because it needs another environment, folder, user or limit than the
//! process has in which all tests of an area run.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};

/// Is set in the process that a test was given.
const MARK: &str = "KREA_SCAN_TEST_CHILD";

/// Whether this is the process that a test was given.
fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// A command that runs one test of this program again: `module` is what `module_path!()` gives beside it.
pub fn again(module: &str, test: &str) -> Command {
    again_with(&std::env::current_exe().unwrap(), module, test)
}

/// The same, when this program is to be started by another name.
pub fn again_with(program: &Path, module: &str, test: &str) -> Command {
    let mut command = Command::new(program);
    command.args(arguments(module, test)).env(MARK, "1");
    command
}

/// What makes the program of an area run this one test.
pub fn arguments(module: &str, test: &str) -> [OsString; 3] {
    // The program itself is the first part of a module's path, and no part of a test's name.
    let module = module.split_once("::").map_or("", |(_, module)| module);
    ["--exact".into(), format!("{module}::{test}").into(), "--nocapture".into()]
}

/// Fails unless the test was run, and passed.
#[track_caller]
pub fn assert_passed(output: &Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{failed}");
}

/// Runs the test of this name again, in a process of its own with these variables, and checks that it passes there.
/// Gives `true` in that process: the rest of the test is for it.
#[track_caller]
pub fn in_child(module: &str, test: &str, variables: &[(&str, &str)]) -> bool {
    if is_child() {
        return true;
    }
    assert_passed(&again(module, test).envs(variables.iter().copied()).output().unwrap());
    false
}
