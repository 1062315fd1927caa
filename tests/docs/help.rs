//! `-h`, `--help` and `--version`.

use clap::CommandFactory;
use krea_scan::cli::Cli;
use std::process::Command;

fn print(argument: &str) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_krea-scan")).arg(argument).env_remove("COLUMNS").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{argument}");
    assert!(output.stderr.is_empty(), "{argument}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_short_help_fits_one_screen() {
    let help = print("-h");
    assert!(help.lines().count() <= 45, "{} lines:\n{help}", help.lines().count());
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(help.contains("--help"), "it says where there is more");
}

#[test]
fn the_long_help_names_every_flag_and_exit_code() {
    let help = print("--help");
    for argument in Cli::command().get_arguments() {
        if let Some(long) = argument.get_long() {
            assert!(help.contains(&format!("--{long}")), "--{long}");
            assert!(argument.get_help().is_some(), "--{long} says nothing of itself");
        }
        if let Some(short) = argument.get_short() {
            assert!(help.contains(&format!("-{short}, ")), "-{short}");
        }
    }
    for code in ["0  nothing found", "1  tokens found", "2  could not do the job"] {
        assert!(help.contains(code), "{code}");
    }
}

#[test]
fn what_the_short_help_leaves_out_is_in_the_long_one() {
    let (short, long) = (print("-h"), print("--help"));
    let flags =
        ["--pre-commit", "--threads", "--max-depth", "--no-progress", "--replacements", "--api", "--dry-run"];
    for flag in flags {
        assert!(!short.contains(flag) && long.contains(flag), "{flag}");
    }
}

#[test]
fn the_values_that_the_help_names_are_those_there_are() {
    for name in ["format", "color", "min_confidence"] {
        let command = Cli::command();
        let argument = command.get_arguments().find(|argument| argument.get_id() == name).unwrap();
        let help = argument.get_help().unwrap().to_string();
        for value in argument.get_possible_values() {
            assert!(help.contains(value.get_name()), "{name}: {}", value.get_name());
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    assert_eq!(print("--version"), format!("krea-scan {}\n", env!("CARGO_PKG_VERSION")));
}
