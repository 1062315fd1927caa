//! What a scanned tree may say for itself. Without `--config` all of it counts; with it, only what that file names in
//! `heed`, so that a change cannot allow its own findings where a gate looks at it.

use serde::Deserialize;

/// Which of a tree's own directives count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeDirectives {
    /// `krea-scan:allow` in the files.
    pub comments: bool,
    /// Its `.krea-scan.toml`.
    pub config: bool,
    /// Its `.krea-scan-ignore`.
    pub ignore_files: bool,
    /// Git's ignore rules, for files that git does not track.
    pub gitignore: bool,
}

impl TreeDirectives {
    pub const ALL: TreeDirectives =
        TreeDirectives { comments: true, config: true, ignore_files: true, gitignore: true };

    /// What a configuration names.
    pub(super) fn of(named: &[TreeDirective]) -> Self {
        let has = |word| named.contains(&word);
        TreeDirectives {
            comments: has(TreeDirective::Comments),
            config: has(TreeDirective::Config),
            ignore_files: has(TreeDirective::IgnoreFiles),
            gitignore: has(TreeDirective::Gitignore),
        }
    }
}

impl Default for TreeDirectives {
    fn default() -> Self {
        TreeDirectives::ALL
    }
}

/// One of them, as `heed` in a configuration names it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) enum TreeDirective {
    #[serde(rename = "comments")]
    Comments,
    #[serde(rename = ".krea-scan.toml")]
    Config,
    #[serde(rename = ".krea-scan-ignore")]
    IgnoreFiles,
    #[serde(rename = ".gitignore")]
    Gitignore,
}
