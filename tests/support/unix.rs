//! Files, rights and users as Unix has them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The user and the group `nobody` of Debian, and every other system's numbers for them.
pub const NOBODY: u32 = 65534;

/// Whether the tests run as root, to whom nothing is closed.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The permission bits of a file, or of a link itself.
pub fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Makes a pipe with a name.
pub fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Writes a script that can be run. Another process writes it: one of ours that begins meanwhile would keep it open for
/// writing, and what is open for writing cannot be run.
pub fn write_program(path: &Path, script: &str) {
    let mut shell = Command::new("sh");
    shell.args(["-ec", "mkdir -p \"${1%/*}\"; printf %s \"$2\" > \"$1\"; chmod 755 \"$1\"", "sh"]);
    assert!(shell.arg(path).arg(script).status().unwrap().success());
}
