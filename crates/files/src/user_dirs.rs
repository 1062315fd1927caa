//! Where a user's files are, by the XDG base directory specification
//! (<https://specifications.freedesktop.org/basedir-spec/latest/>): the configuration, and the state of incidents.

use std::path::PathBuf;

/// The program's folder in each of them.
const PROGRAM: &str = "krea-scan";

/// `$XDG_CONFIG_HOME/krea-scan`, by default `~/.config/krea-scan`; on Windows in `%APPDATA%`.
pub fn config() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", "APPDATA", ".config")
}

/// `$XDG_STATE_HOME/krea-scan`, by default `~/.local/state/krea-scan`; on Windows in `%LOCALAPPDATA%`.
pub fn state() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", "LOCALAPPDATA", ".local/state")
}

fn folder(xdg: &str, windows: &str, below_home: &str) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let system = if cfg!(windows) { named(windows) } else { None };
    let base = named(xdg).or(system).or_else(|| Some(std::env::home_dir()?.join(below_home)));
    base.filter(|path| path.is_absolute()).map(|path| path.join(PROGRAM))
}
