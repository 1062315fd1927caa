//! What a scanned tree may say for itself. Without `--config` all of it counts; with it, only what that file names in
//! `heed`, so that a change cannot allow its own findings where a gate looks at it.

use serde::Deserialize;

/// What of a tree's own word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heed {
    /// `krea-scan:allow` in the files.
    pub comments: bool,
    /// Its `.krea-scan.toml`.
    pub config: bool,
    /// Its `.krea-scan-ignore`.
    pub ignore_files: bool,
    /// Git's ignore rules, for files that git does not track.
    pub gitignore: bool,
}

impl Heed {
    /// All of it.
    pub const ALL: Heed = Heed { comments: true, config: true, ignore_files: true, gitignore: true };

    /// What a configuration names.
    pub(super) fn of(named: &[HeedWord]) -> Self {
        let has = |word| named.contains(&word);
        Heed {
            comments: has(HeedWord::Comments),
            config: has(HeedWord::Config),
            ignore_files: has(HeedWord::IgnoreFiles),
            gitignore: has(HeedWord::Gitignore),
        }
    }
}

impl Default for Heed {
    fn default() -> Self {
        Heed::ALL
    }
}

/// One of them, as `heed` in a configuration names it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum HeedWord {
    #[serde(rename = "comments")]
    Comments,
    #[serde(rename = ".krea-scan.toml")]
    Config,
    #[serde(rename = ".krea-scan-ignore")]
    IgnoreFiles,
    #[serde(rename = ".gitignore")]
    Gitignore,
}
