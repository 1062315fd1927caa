//! Looks which of the listed things are missing. Looks again when `PATH` changes, or a folder on it, as when a program is
//! installed, and when one of the project's scripts has made something.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LIST: &str = include_str!("list");

fn main() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let made = project.join("target/made");
    // A folder that is not there would count as changed each time.
    fs::create_dir_all(&made).expect("the project's target folder can be written to");
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    for folder in folders.iter().chain([&made]).filter(|folder| folder.is_dir()) {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    for file in ["build.rs", "list"] {
        println!("cargo:rerun-if-changed={file}");
    }
    for variable in ["PATH", "CI"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let listed = LIST.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    let missing: Vec<&str> = listed
        .map(|(name, _)| name)
        .filter(|name| match name.contains('/') {
            true => !project.join(name).exists(),
            false => !folders.iter().any(|folder| folder.join(name).is_file()) || !works(name),
        })
        .collect();
    println!("cargo:rustc-env=NEEDS_MISSING={}", missing.join(":"));
    println!("cargo:rustc-env=NEEDS_CI={}", env::var_os("CI").is_some());
    println!("cargo:rustc-env=NEEDS_RIGHTS={}", rights().join(":"));
}

/// Whether a program that is there is the one that is meant, and may do its work here.
fn works(program: &str) -> bool {
    let says = |args: &[&str], text: &str| {
        let output = Command::new(program).args(args).stdin(Stdio::null()).output();
        output.is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains(text)
        })
    };
    match program {
        // Other programs go by this name.
        "convert" => says(&["-version"], "ImageMagick"),
        // Tracing is a right that not every container gives.
        "strace" => says(&["-f", "-qq", "-o", "/dev/null", "true"], ""),
        _ => true,
    }
}

/// The rights that tests ask for by name and this user has, by the numbers that Linux gives them.
fn rights() -> Vec<&'static str> {
    const CHOWN: u32 = 0;
    const SYS_ADMIN: u32 = 21;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let held = line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0);
    [("root", CHOWN), ("mount", SYS_ADMIN)]
        .into_iter()
        .filter(|(_, number)| held >> number & 1 == 1)
        .map(|(name, _)| name)
        .collect()
}
