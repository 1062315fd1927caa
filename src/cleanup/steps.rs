//! What a person has left to do, exact and to copy: the files to edit, what the history holds and what that means, how
//! to rewrite it, and who must clone again.
//!
//! Takes findings and the repository's remotes; gives typed steps, which a report shows as text. Never shows a secret, nor
//! what a remote's URL has in front of its host.

use crate::finding::Finding;
use crate::report::count;
use krea_scan_git::repository::Repository;
use krea_scan_token::Status;
use krea_scan_token::escape::visible;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The file of replacements in the commands, when none has been written yet.
const REPLACEMENTS: &str = "\"$HOME/krea-replacements.txt\"";
/// The folder of the clone that is rewritten.
const CLONE: &str = "rewritten.git";
/// More refs or files than this are not listed.
const LISTED: usize = 20;

/// Where others get the repository from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// As in `git remote`.
    pub name: String,
    /// Without a password, a token or a query; the user stays where SSH needs one.
    pub url: String,
}

/// Something left to do, or to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CleanupStep {
    /// Files of the working tree or the index hold the text: `path:line:column`, sorted.
    Edit { places: Vec<String> },
    /// The history holds tokens.
    History {
        /// How many distinct ones.
        tokens: usize,
        /// Whether every one of them is proven dead.
        dead: bool,
        /// Refs that lead to them, sorted.
        refs: Vec<String>,
        /// Whether HEAD's files hold one.
        in_head: bool,
        /// Whether objects that no ref leads to hold one.
        unreachable: bool,
        /// How many of the places hold a token where replacing its text does not reach: in another form (base64), or in a file
        /// that a rewrite leaves alone.
        unreached: usize,
    },
    /// How the text gets out of the history, if it must.
    Rewrite {
        /// Shell commands, in order, from the repository's folder.
        commands: Vec<String>,
    },
    /// After a rewrite, these copies still hold the old history.
    Reclone {
        /// Where others have cloned from; empty when the repository has no remote.
        remotes: Vec<Remote>,
    },
}

/// What is left to do for some findings. `replacements` is the file that [`super::replacements`] has written.
pub fn of(findings: &[Finding], remotes: &[Remote], replacements: Option<&Path>) -> Vec<CleanupStep> {
    let findings: &[Finding] = &findings.iter().flat_map(Finding::places).collect::<Vec<_>>();
    let mut steps = Vec::new();
    let places: BTreeSet<_> = findings.iter().filter(|f| is_in_a_file(f)).map(place).collect();
    if !places.is_empty() {
        steps.push(CleanupStep::Edit {
            places: places
                .into_iter()
                .map(|(trail, line, column)| format!("{trail}:{line}:{column}"))
                .collect(),
        });
    }
    let past: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.git.as_ref().is_some_and(|git| git.commit.is_some() || git.path.is_empty()))
        .collect();
    if past.is_empty() {
        return steps;
    }
    let origins = || past.iter().filter_map(|finding| finding.git.as_ref());
    let tokens: BTreeSet<_> = past.iter().map(|finding| finding.token.fingerprint()).collect();
    let refs: BTreeSet<&String> = origins().flat_map(|git| &git.refs).collect();
    let reachable = origins().any(|git| git.reachable);
    steps.push(CleanupStep::History {
        tokens: tokens.len(),
        dead: past.iter().all(|finding| finding.status == Status::Dead),
        refs: refs.into_iter().cloned().collect(),
        in_head: origins().any(|git| git.in_head),
        unreachable: origins().any(|git| !git.reachable),
        unreached: past.iter().filter(|finding| is_unreached(finding)).count(),
    });
    steps.push(CleanupStep::Rewrite { commands: commands(reachable, remotes, replacements) });
    if reachable {
        steps.push(CleanupStep::Reclone { remotes: remotes.to_vec() });
    }
    steps
}

/// Whether a finding is in a file that can be edited, here or in what is staged.
fn is_in_a_file(finding: &Finding) -> bool {
    finding.git.as_ref().is_none_or(|git| git.in_head || (git.commit.is_none() && !git.path.is_empty()))
}

fn place(finding: &Finding) -> (String, u64, u64) {
    (finding.trail(), finding.location.line, finding.location.column)
}

/// Whether replacing texts misses a finding's token: it stands in its file in another form than its own, or the file is left
/// alone.
fn is_unreached(finding: &Finding) -> bool {
    let is_encoded = finding.layers.iter().any(|layer| !layer.is_name());
    is_encoded || finding.git.as_ref().is_some_and(|git| git.is_opaque)
}

fn commands(reachable: bool, remotes: &[Remote], replacements: Option<&Path>) -> Vec<String> {
    let expire = "git reflog expire --expire=now --all && git gc --prune=now".to_owned();
    if !reachable {
        return vec![expire];
    }
    let file = replacements.map_or_else(
        || REPLACEMENTS.to_owned(),
        |path| {
            let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
            quoted(&path.to_string_lossy())
        },
    );
    let mut commands = Vec::new();
    if replacements.is_none() {
        commands.push(format!("krea-scan --history --replacements {file}"));
    }
    let filter = format!("--replace-text {file} --replace-message {file}");
    let remote = remotes.iter().find(|remote| remote.name == "origin").or(remotes.first());
    match remote.map(|remote| quoted(&remote.url)) {
        Some(url) => commands.extend([
            format!("git clone --mirror {url} {CLONE}"),
            format!("git -C {CLONE} filter-repo {filter}"),
            format!("krea-scan --history {CLONE}"),
            format!("git -C {CLONE} push --force --mirror {url}"),
        ]),
        None => {
            commands.extend([format!("git filter-repo --force {filter}"), "krea-scan --history".to_owned()])
        }
    }
    commands.push(format!("rm {file}"));
    commands
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    // It has no words for a NUL, which no path or URL has either.
    shlex::try_quote(word).map_or_else(|_| String::new(), std::borrow::Cow::into_owned)
}

/// The remotes of a repository, sorted by name.
pub fn remotes(repo: &Repository) -> Vec<Remote> {
    let remote = |(name, url): (String, String)| Remote { name, url: plain_url(&url) };
    repo.remotes().into_iter().map(remote).collect()
}

/// A remote's URL without what may be a credential.
fn plain_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // `user@host:path`, or a path.
        return match url.split_once('@') {
            Some((user, host)) if !user.contains('/') => {
                format!("{}@{host}", user.split(':').next().unwrap_or_default())
            }
            _ => url.to_owned(),
        };
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if scheme.contains("ssh") => {
            format!("{}@{host}", user.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    };
    format!("{scheme}://{host}{path}")
}

/// The steps as a list for people, numbered, with a line break at the end; empty when nothing is left.
pub fn text(steps: &[CleanupStep]) -> String {
    let mut text = String::new();
    for (number, step) in steps.iter().enumerate() {
        let step = step.to_string().replace('\n', "\n     ");
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    // What was indented and is empty.
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

impl fmt::Display for CleanupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CleanupStep::Edit { places } => {
                f.write_str("Take the text out of these files (`krea-scan --redact` shows how, and asks):")?;
                list(f, places)
            }
            CleanupStep::History { tokens, dead, refs, in_head, unreachable, unreached } => {
                write!(f, "The history holds {}", count(*tokens as u64, "token", "tokens"))?;
                f.write_str(match dead {
                    true => ", all proven dead. A dead token in the history is harmless:\nnothing accepts it any more. Rewriting the history is optional.",
                    false => ", not all of it proven dead. That comes first:\na dead token in the history is harmless, and rewriting the history is optional then.",
                })?;
                if *in_head {
                    f.write_str(
                        "\nThe newest commit's files are among it: edit and commit them before a rewrite.",
                    )?;
                }
                if *unreached > 0 {
                    let places = count(*unreached as u64, "place holds", "places hold");
                    write!(
                        f,
                        "\n{places} one in another form (such as base64) or in a file that is taken for binary or that Git \
                         LFS keeps,\nwhich a rewrite by text does not reach."
                    )?;
                }
                if *unreachable {
                    f.write_str("\nSome of it no ref leads to any more: it is in this copy of the repository only, until git clears it away.")?;
                }
                if refs.is_empty() {
                    return Ok(());
                }
                f.write_str("\nThese refs lead to it:")?;
                list(f, refs)
            }
            CleanupStep::Rewrite { commands } => {
                f.write_str("If it must go all the same, copy the repository somewhere safe, and then:")?;
                commands.iter().try_for_each(|command| write!(f, "\n  {}", visible(command)))
            }
            CleanupStep::Reclone { remotes } => {
                match remotes.as_slice() {
                    [] => f.write_str("After a rewrite, everyone with a clone or a copy of this repository must clone it again")?,
                    remotes => {
                        let names: Vec<_> = remotes.iter().map(|remote| format!("{} ({})", visible(&remote.name), visible(&remote.url))).collect();
                        write!(f, "After a rewrite, everyone with a clone of {} must clone it again", names.join(" or "))?;
                    }
                }
                f.write_str(
                    ":\na push or a merge from an old clone brings the old history back. Forks keep it, and so do the host's\n\
                     pull requests and caches, until their owners and the host remove it.",
                )
            }
        }
    }
}

/// A list, a line each, within bounds.
fn list(f: &mut fmt::Formatter<'_>, items: &[String]) -> fmt::Result {
    items.iter().take(LISTED).try_for_each(|item| write!(f, "\n  {}", visible(item)))?;
    match items.len().saturating_sub(LISTED) {
        0 => Ok(()),
        more => write!(f, "\n  and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_text::Layer;
    use krea_scan_text::LayerKind;

    use crate::report::testing::{Tokens, finding, origin, three_places};

    fn remote(name: &str, url: &str) -> Remote {
        Remote { name: name.into(), url: url.into() }
    }

    #[test]
    fn each_place_gets_its_steps() {
        let mut findings = three_places().findings;
        findings.iter_mut().for_each(|finding| finding.status = Status::Dead);
        let steps = of(&findings, &[remote("up", "https://example.com/it's.git")], None);
        let expected = concat!(
            "  1. Take the text out of these files (`krea-scan --redact` shows how, and asks):\n",
            "       .env:3:14\n",
            "       dist/app.js.map:3:14\n",
            "  2. The history holds 1 token, all proven dead. A dead token in the history is harmless:\n",
            "     nothing accepts it any more. Rewriting the history is optional.\n",
            "     These refs lead to it:\n",
            "       refs/heads/main\n",
            "  3. If it must go all the same, copy the repository somewhere safe, and then:\n",
            "       krea-scan --history --replacements \"$HOME/krea-replacements.txt\"\n",
            "       git clone --mirror \"https://example.com/it's.git\" rewritten.git\n",
            "       git -C rewritten.git filter-repo --replace-text \"$HOME/krea-replacements.txt\" --replace-message \"$HOME/krea-replacements.txt\"\n",
            "       krea-scan --history rewritten.git\n",
            "       git -C rewritten.git push --force --mirror \"https://example.com/it's.git\"\n",
            "       rm \"$HOME/krea-replacements.txt\"\n",
            "  4. After a rewrite, everyone with a clone of up (https://example.com/it's.git) must clone it again:\n",
            "     a push or a merge from an old clone brings the old history back. Forks keep it, and so do the host's\n",
            "     pull requests and caches, until their owners and the host remove it.\n",
        );
        assert_eq!(text(&steps), expected);
    }

    #[test]
    fn a_token_that_is_not_proven_dead_comes_first() {
        let mut past = finding(Tokens::new().pair(), "old/.env");
        past.git = Some(origin());
        let text = text(&of(&[past], &[], None));
        assert!(text.contains("not all of it proven dead. That comes first"), "{text}");
        assert!(text.contains("git filter-repo --force --replace-text"), "{text}");
        assert!(text.contains("a copy of this repository must clone it again"), "{text}");
    }

    #[test]
    fn what_no_ref_leads_to_needs_no_rewrite() {
        let mut lost = finding(Tokens::new().pair(), "blob/b10b");
        lost.git = Some(krea_scan_git::GitOrigin {
            commit: None,
            path: String::new(),
            refs: Vec::new(),
            reachable: false,
            ..origin()
        });
        let steps = of(&[lost], &[remote("origin", "x")], None);
        assert!(matches!(steps[0], CleanupStep::History { unreachable: true, .. }));
        let commands = vec!["git reflog expire --expire=now --all && git gc --prune=now".to_owned()];
        assert_eq!(steps[1..], [CleanupStep::Rewrite { commands }]);
    }

    #[test]
    fn the_newest_commit_and_what_is_staged_are_files_to_edit() {
        let token = Tokens::new().pair();
        let mut head = finding(token.clone(), "head");
        head.git = Some(krea_scan_git::GitOrigin { in_head: true, ..origin() });
        head.layers = vec![Layer::unnamed(LayerKind::Base64)];
        let mut staged = finding(token, "staged");
        staged.git = Some(krea_scan_git::GitOrigin { commit: None, reachable: false, ..origin() });
        let steps = of(&[head, staged], &[], None);
        assert_eq!(steps[0], CleanupStep::Edit { places: vec!["head:3:14".into(), "staged:3:14".into()] });
        assert!(
            matches!(steps[1], CleanupStep::History { in_head: true, unreached: 1, unreachable: false, .. }),
            "{steps:?}"
        );
    }

    #[test]
    fn nothing_found_leaves_nothing_to_do() {
        assert_eq!(text(&of(&[], &[], None)), "");
    }

    #[test]
    fn a_url_is_shown_without_credentials() {
        for (url, plain) in [
            (
                "https://user:secret@example.com:8443/a/b.git?token=secret#x",
                "https://example.com:8443/a/b.git",
            ),
            ("https://secret@example.com", "https://example.com"),
            ("https://example.com/@scope/a.git", "https://example.com/@scope/a.git"),
            ("ssh://git:secret@example.com/a.git", "ssh://git@example.com/a.git"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("git:secret@example.com:a.git", "git@example.com:a.git"),
            ("/srv/git/a@b.git", "/srv/git/a@b.git"),
            ("../a.git", "../a.git"),
        ] {
            assert_eq!(plain_url(url), plain);
        }
    }

    #[test]
    fn long_lists_are_cut_and_names_are_made_safe() {
        let places = (0..25).map(|at| format!("{at:02}\u{1b}:1:1")).collect();
        let shown = text(&[CleanupStep::Edit { places }]);
        assert!(shown.contains("19\\u{1b}:1:1\n       and 5 more\n"), "{shown}");
        assert!(!shown.contains('\u{1b}'));
    }
}
