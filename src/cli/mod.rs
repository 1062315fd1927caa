//! The command line.

pub mod left_out;
pub mod settings;

use crate::config::parse_time;
use crate::report::ReportFormat;
use clap::{ArgGroup, Args, Parser, ValueEnum};
use krea_scan_bounds::limits::Limits;
use krea_scan_bounds::work::WorkLimit;
use krea_scan_token::Confidence;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Find leaked Krea API tokens, and take them to proven dead.
///
/// Reads the working tree unless told otherwise. Prints where each token is, never its secret half. Sends nothing
/// anywhere without --url, which asks a site for its files, and --verify, --revoke, --resume or --tokens, which say
/// first to which host tokens go.
#[derive(Debug, Parser)]
#[command(
    name = "krea-scan",
    version,
    after_help = "Exit code: 0 nothing found, all read; 1 tokens found; 2 not done, or not all read. More: --help",
    after_long_help = "Exit code:\n  0  nothing found and everything read; with --verify, --revoke: every token is proven dead, and every\n     replacement that was asked for is stored and live at the end of the run\n  1  tokens found; with --verify, --revoke: one is not proven dead, or a replacement is not in its place\n  2  could not do the job, or something could not be read and nothing was found\n\nExamples:\n  krea-scan                          the working tree\n  krea-scan --staged                 what the next commit would bring in\n  krea-scan --history                every object of the repository\n  krea-scan --range origin/main..    what this branch brings in\n  krea-scan -f sarif -o out.sarif    for code scanning\n  kubectl get secrets -o yaml | krea-scan --stdin\n  krea-scan --url https://app.example.com\n                                     what a deployed site gives away\n\nA deployed site:\n  Pages are read from the site's own origin (scheme, host and port), and scripts, styles and preloads from any\n  host that its pages load them from, with the modules, styles, source maps and JSON that those name. Requests\n  are GET, a few at a time, without credentials and cookies, and none holds a token. robots.txt is not heeded.\n\nA token has leaked:\n  krea-scan --history --verify       where it is, since when, and whether it is live\n  krea-scan --history --revoke --store env-file:.env\n                                     revoke it, prove that, keep a replacement in .env\n  krea-scan --resume latest          go on where a run stopped\n  krea-scan --tokens                 what tokens the workspace has, and what to look at\n  krea-scan --redact                 take its text out of the files\n\n  A token is live when Krea takes it, and dead when Krea refuses it four times in 6 seconds, gives no other\n  answer between, and does more than refuse. All else is unknown, and so is a refused token whose text may be\n  another one: the report says why, and which row to look up.\n\n  Tokens are revoked and minted through Krea's MCP server, where you sign in, through a token API, or by hand\n  (--via). What the server's tools take is found out at run time; this was never run against Krea."
)]
#[command(group = ArgGroup::new("mode").args(["staged", "history", "range", "stdin", "url", "pre_commit", "check_rules", "explain"]))]
#[command(group = ArgGroup::new("incident").args(["revoke", "resume"]).multiple(true))]
#[command(group = ArgGroup::new("asks").args(["verify", "revoke", "resume", "tokens"]).multiple(true))]
#[command(group = ArgGroup::new("asks_krea_mcp").args(["revoke", "resume", "tokens"]).multiple(true))]
#[command(group = ArgGroup::new("network").args(["url", "verify", "revoke", "resume", "tokens"]).multiple(true))]
#[command(group = ArgGroup::new("acts").args(["redact", "revoke", "resume"]).multiple(true))]
pub struct Cli {
    /// Files, folders or, with --staged, --history and --range, the repository; - is stdin
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub input: InputOptions,
    #[command(flatten)]
    pub read: ReadOptions,
    #[command(flatten)]
    pub detection: DetectionOptions,
    #[command(flatten)]
    pub incident: IncidentOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// What to scan.
#[derive(Debug, Args)]
#[command(next_help_heading = "What to scan")]
pub struct InputOptions {
    /// Scan the index against HEAD: what `git commit` would commit
    #[arg(long)]
    pub staged: bool,

    /// Scan every object of the repository, reachable or not
    #[arg(long)]
    pub history: bool,

    /// Scan what the commits in A..B brought in
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,

    /// Scan standard input
    #[arg(long)]
    pub stdin: bool,

    /// Scan a deployed site: its pages, scripts and source maps; can be repeated
    #[arg(long, value_name = "URL", conflicts_with = "paths")]
    pub url: Vec<String>,

    /// Go no more links than this away from a site's first page [default: 1]
    #[arg(long, value_name = "N", requires = "url", hide_short_help = true)]
    pub url_depth: Option<usize>,

    /// Read no more resources of a site than this [default: 500]
    #[arg(long, value_name = "N", requires = "url", hide_short_help = true)]
    pub url_limit: Option<usize>,

    /// Read no more than this of a site, decompressed [default: 1G, and 64M or --max-size of one file]
    #[arg(
        long,
        value_name = "SIZE",
        requires = "url",
        value_parser = parse_size,
        hide_short_help = true
    )]
    pub url_size: Option<u64>,

    /// Spend no more than this on reading a site [default: 10m]
    #[arg(
        long,
        value_name = "TIME",
        requires = "url",
        value_parser = parse_time,
        hide_short_help = true
    )]
    pub url_time: Option<Duration>,

    /// Read a site on this machine or in a private network too
    #[arg(long, requires = "url", hide_short_help = true)]
    pub allow_private: bool,

    /// Run as pre-commit's hook: scan the files that follow, or the commits of a push; options go before it
    #[arg(long, hide_short_help = true)]
    pub pre_commit: bool,
}

/// How to read it.
#[derive(Debug, Args)]
#[command(next_help_heading = "How to read")]
pub struct ReadOptions {
    /// Read everything: heed no ignore file, and read `.git`
    #[arg(long)]
    pub no_ignore: bool,

    /// Read the text in pictures too, with the program tesseract
    #[arg(long)]
    pub ocr: bool,

    /// Look at one picture for no longer than this [default: 30s]
    #[arg(
        long,
        value_name = "TIME",
        requires = "ocr",
        value_parser = parse_time,
        hide_short_help = true
    )]
    pub ocr_time: Option<Duration>,

    /// Do not read files above this size, such as 10M, and say so
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub max_size: Option<u64>,

    /// Do not go deeper than this many folders
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub max_depth: Option<usize>,

    /// Follow symbolic links
    #[arg(long, hide_short_help = true)]
    pub follow: bool,

    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub threads: Option<usize>,

    /// Unpack no more than this from one file [default: 16G]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, hide_short_help = true)]
    pub unpack_size: Option<u64>,

    /// Unpack no more members of one file than this [default: 1000000]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub unpack_members: Option<u64>,

    /// Unpack containers in containers this deep [default: 12]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub unpack_depth: Option<usize>,

    /// Unpack no more than this many times a file's size [default: 200]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub unpack_ratio: Option<u64>,

    /// Spend no more than this on one file [default: 10m, and of processor time 4 s, and 0.25 s for each MB of it (2 s behind the tenth)]
    #[arg(long, value_name = "TIME", value_parser = parse_time, hide_short_help = true)]
    pub unpack_time: Option<Duration>,
}

/// What counts as a token, and what of that is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "What counts")]
pub struct DetectionOptions {
    /// Add a team's own rules, in Gitleaks' format; can be repeated
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,

    /// Tell of each value of a token's shape in PATH, or in one line of it, what is decided of it, and from what
    #[arg(
        long,
        value_name = "PATH[:LINE]",
        conflicts_with_all = ["paths", "asks", "acts", "write_baseline", "output"],
        hide_short_help = true
    )]
    pub explain: Option<PathBuf>,

    /// Prove every rule on its own examples, and scan nothing
    #[arg(long, hide_short_help = true)]
    pub check_rules: bool,

    /// Least confidence: low, medium or high
    #[arg(long, value_name = "LEVEL", default_value = "medium")]
    pub min_confidence: Confidence,

    /// Use this file; what the tree allows counts only where it says so
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Do not report what this baseline knows
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Write a baseline of all that is found, and report none of it
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
}

/// What is done about tokens.
#[derive(Debug, Args)]
#[command(next_help_heading = "Incident")]
pub struct IncidentOptions {
    /// Ask Krea which of the found tokens are live; it alone is sent them
    #[arg(long, conflicts_with_all = ["check_rules", "write_baseline"])]
    pub verify: bool,

    /// What fails [default: a token that is not proven dead]
    #[arg(long, value_name = "found|live", requires_if("live", "asks"), hide_possible_values = true)]
    pub fail_on: Option<FailOn>,

    /// Where Krea's API is [default: api.krea.ai, over HTTPS]
    #[arg(long, value_name = "URL", requires = "asks", hide_short_help = true)]
    pub api: Option<String>,

    /// Send requests through this proxy; env is the one that HTTPS_PROXY names [default: none]
    #[arg(long, value_name = "URL|env", requires = "network", hide_short_help = true)]
    pub proxy: Option<String>,

    /// How long one request may take [default: 15s, and 30s with --url]
    #[arg(
        long,
        value_name = "TIME",
        requires = "network",
        value_parser = parse_time,
        hide_short_help = true
    )]
    pub timeout: Option<Duration>,

    /// Verify, revoke, prove dead, replace, store, prove all once more
    #[arg(
        long,
        conflicts_with_all = ["check_rules", "pre_commit", "write_baseline", "verify"]
    )]
    pub revoke: bool,

    /// Where to keep the replacement: env-file:PATH[#NAME], command:CMD
    #[arg(long, value_name = "SINK", requires = "incident")]
    pub store: Vec<String>,

    /// Call the replacement this [default: project, environment, what it replaces, date]
    #[arg(long, value_name = "NAME", requires = "revoke", hide_short_help = true)]
    pub name: Option<String>,

    /// Mint, store and prove the replacement before the old token is revoked
    #[arg(long, requires = "incident", hide_short_help = true)]
    pub replace_first: bool,

    /// Go on with an incident: its id, or latest
    #[arg(
        long,
        value_name = "ID|latest",
        conflicts_with_all = ["mode", "paths", "verify", "redact", "replacements", "dry_run", "write_baseline"]
    )]
    pub resume: Option<String>,

    /// List the incidents, and what is open, damaged or left over
    #[arg(long, exclusive = true)]
    pub incidents: bool,

    /// An API of your organisation that revokes and mints; its credential is in $KREA_TOKEN_API_KEY
    #[arg(long, value_name = "URL", requires = "incident", hide_short_help = true)]
    pub token_api: Option<String>,

    /// Who revokes and mints: krea (its MCP server, where you sign in), token-api or hand [default: the first that can]
    #[arg(
        long,
        value_name = "krea|token-api|hand",
        requires = "incident",
        value_enum,
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub via: Option<Way>,

    /// Send the API token in this variable to Krea's MCP server, instead of signing in
    #[arg(long, value_name = "NAME", requires = "asks_krea_mcp", hide_short_help = true)]
    pub krea_credential_env: Option<String>,

    /// List the workspace's API tokens, with what to look at; changes nothing
    #[arg(long, conflicts_with_all = ["mode", "paths", "incident", "verify", "redact", "replacements", "check_rules", "write_baseline", "baseline", "format", "output"], hide_short_help = true)]
    pub tokens: bool,

    /// How long to wait until a revoked token is dead
    #[arg(
        long,
        value_name = "TIME",
        default_value = "15m",
        requires = "incident",
        value_parser = parse_time,
        hide_short_help = true
    )]
    pub wait: Duration,

    /// Replace tokens in files by references to the environment
    #[arg(
        long,
        conflicts_with_all = ["mode", "incident", "follow", "write_baseline", "format", "output"]
    )]
    pub redact: bool,

    /// Write a file for `git filter-repo --replace-text`; it holds the found tokens
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["redact", "check_rules"],
        hide_short_help = true
    )]
    pub replacements: Option<PathBuf>,

    /// Go ahead without asking
    #[arg(long, requires = "acts", hide_short_help = true)]
    pub yes: bool,

    /// Show what would be done, and do nothing
    #[arg(long, requires = "acts", conflicts_with = "yes", hide_short_help = true)]
    pub dry_run: bool,
}

/// How it is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Write it as human, json, jsonl, sarif or github
    #[arg(short, long, value_name = "FORMAT", default_value = "human", hide_possible_values = true)]
    pub format: ReportFormat,

    /// Write the report to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print the report only when there is something to report
    #[arg(short, long)]
    pub quiet: bool,

    /// List what was not read, what is allowed and why, and unused allowances
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Colour the report: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_short_help = true
    )]
    pub color: When,

    /// Show no progress on standard error
    #[arg(long, hide_short_help = true)]
    pub no_progress: bool,
}

/// The option behind which nothing is read as another one.
const PRE_COMMIT: &str = "--pre-commit";
/// What options end at.
const END: &str = "--";

/// The arguments as they are to be read: what follows `--pre-commit` is a path, whatever it is called, because it comes
/// from a tree that others write. A tool that hands over names need not know of `--`, and may give it all the same.
pub fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut given = given.peekable();
    let mut arguments: Vec<OsString> = Vec::new();
    while let Some(argument) = given.next() {
        let (ends, takes_paths) = (argument == END, argument == PRE_COMMIT);
        arguments.push(argument);
        if takes_paths {
            let end = given.next_if(|next| next == END);
            arguments.push(END.into());
            // It may also be the name of the first file. Read in vain it costs nothing.
            let is_file = given.peek().is_some() && Path::new(END).symlink_metadata().is_ok();
            arguments.extend(end.filter(|_| is_file));
        }
        if ends || takes_paths {
            break;
        }
    }
    arguments.extend(given);
    arguments
}

impl Cli {
    /// Whether Krea is asked about tokens.
    pub fn asks(&self) -> bool {
        self.incident.verify || self.incident.revoke || self.incident.resume.is_some()
    }

    /// How much may be unpacked from one file.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            bytes: self.read.unpack_size.unwrap_or(default.bytes),
            members: self.read.unpack_members.unwrap_or(default.members),
            depth: self.read.unpack_depth.unwrap_or(default.depth),
            ratio: self.read.unpack_ratio.unwrap_or(default.ratio),
            time: self.read.unpack_time.unwrap_or(default.time),
            work: WorkLimit { given: self.read.unpack_time, ..default.work },
        }
    }
}

/// Who revokes and mints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Krea's MCP server.
    Krea,
    /// The organisation's token API.
    TokenApi,
    /// A person.
    Hand,
}

/// What makes a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any token that is found.
    Found,
    /// A token that Krea accepts.
    Live,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// At a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl When {
    /// Whether to colour what goes to a place that is a terminal, or is none.
    pub fn is_on(self, is_terminal: bool) -> bool {
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                is_terminal && !refused && !dumb
            }
        }
    }
}

/// `10`, `10k`, `10M`, `1G`: bytes in powers of 1024.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        other => return Err(format!("{other:?} is not a unit; use k, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| "expected a number, such as 10M".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "that is more bytes than there are".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn read(given: &[&str]) -> Vec<String> {
        let read = arguments(given.iter().map(OsString::from));
        read.into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn behind_pre_commit_there_are_paths_only() {
        for (given, expected) in [
            (&["k", "--pre-commit"][..], &["k", "--pre-commit", "--"][..]),
            (&["k", "--pre-commit", "--"], &["k", "--pre-commit", "--"]),
            (&["k", "--pre-commit", "--help", "a"], &["k", "--pre-commit", "--", "--help", "a"]),
            (&["k", "--pre-commit", "--", "-V", "-"], &["k", "--pre-commit", "--", "-V", "-"]),
            (&["k", "--pre-commit", "a", "--", "-V"], &["k", "--pre-commit", "--", "a", "--", "-V"]),
            (&["k", "--verify", "--pre-commit", "@f"], &["k", "--verify", "--pre-commit", "--", "@f"]),
            (&["k", "-q", "--", "--pre-commit", "-V"], &["k", "-q", "--", "--pre-commit", "-V"]),
            (&["k", "a", "-q"], &["k", "a", "-q"]),
        ] {
            assert_eq!(read(given), expected, "{given:?}");
        }
        let cli = Cli::parse_from(arguments(
            ["k", "--verify", "--pre-commit", "--", "--api=http:/x", "--version", "-"]
                .iter()
                .map(OsString::from),
        ));
        assert!(cli.incident.verify && cli.input.pre_commit && cli.incident.api.is_none());
        assert_eq!(cli.paths, ["--api=http:/x", "--version", "-"].map(PathBuf::from));
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("10M"), Ok(10 << 20));
        assert_eq!(parse_size("7"), Ok(7));
        assert!(
            parse_size("x").is_err() && parse_size("10q").is_err() && parse_size("99999999999G").is_err()
        );
    }
}
