//! Git's configuration, as far as a scan heeds it: a repository's own files, bounded and without what they include, and what
//! the user says of folders that others own.

use super::regular_file;
use gix_config::file::{Metadata, includes, init};
use gix_config::{File, Source};
use std::env;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A configuration is not read beyond this.
const MAX_CONFIG_BYTES: u64 = 8 << 20;

/// Reads a repository's own configuration; a file that is not there says nothing. What it includes is not read: it is a
/// stranger's file, and git itself reads a repository's format without.
///
/// # Errors
/// When a file cannot be read or parsed.
pub(super) fn of_repository(git_dir: &Path, common_dir: &Path) -> io::Result<File> {
    let mut config = read_config(&common_dir.join("config"), Source::Local)?;
    if is_true(&config, "extensions.worktreeConfig") {
        let own = read_config(&git_dir.join("config.worktree"), Source::Worktree)?;
        config.append(own).map_err(io::Error::other)?;
    }
    Ok(config)
}

fn read_config(path: &Path, source: Source) -> io::Result<File> {
    let mut bytes = match regular_file::read(path, MAX_CONFIG_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let options = init::Options { lossy: true, ..init::Options::default() };
    File::from_bytes_owned(&mut bytes, Metadata::from(source), options).map_err(io::Error::other)
}

/// Whether a setting is there and true.
pub(super) fn is_true(config: &File, key: &str) -> bool {
    config.boolean(key).ok().flatten() == Some(true)
}

/// A setting's text.
pub(super) fn text(config: &File, key: &str) -> Option<String> {
    config.string(key).map(|value| value.to_string())
}

/// The values of `safe.directory` where git heeds it: in the system's and the user's configuration, with what these include,
/// and in the environment (`GIT_CONFIG_COUNT`, and `GIT_CONFIG_PARAMETERS`, which `git -c` sets). In order; an empty one takes
/// back those before it.
pub(super) fn safe_directories() -> Vec<String> {
    const KEY: &str = "safe.directory";
    let mut values: Vec<String> = Vec::new();
    let home = env::home_dir();
    let includes = includes::Options::follow_without_conditional(home.as_deref());
    let options = init::Options { includes, lossy: true, ignore_io_errors: true };
    let mut add = |config: &File| {
        values.extend(config.strings(KEY).into_iter().flatten().map(|value| value.to_string()));
    };
    let mut seen: Vec<PathBuf> = Vec::new();
    for source in [Source::System, Source::Git, Source::User] {
        let Some(path) = source.storage_location(&mut |name| env::var_os(name)) else { continue };
        if seen.contains(&path) {
            continue;
        }
        let metadata = Metadata { path: Some(path.clone()), ..Metadata::from(source) };
        let file = regular_file::read(&path, MAX_CONFIG_BYTES).ok();
        if let Some(config) =
            file.and_then(|mut bytes| File::from_bytes_owned(&mut bytes, metadata, options).ok())
        {
            add(&config);
        }
        seen.push(path);
    }
    if let Ok(Some(config)) = File::from_env(options) {
        add(&config);
    }
    let parameters = env::var("GIT_CONFIG_PARAMETERS").unwrap_or_default();
    // `'key'='value'`, or `'key=value'` of a git before 2.31.
    let parameters = shlex::split(&parameters).unwrap_or_default();
    values.extend(parameters.into_iter().filter_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.eq_ignore_ascii_case(KEY).then(|| value.to_owned())
    }));
    values
}
