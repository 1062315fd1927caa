//! Which language a file is in, by its name or its first line, and what to write by hand where we have no parser.

/// The variable in the texts below.
const NAME: &str = "NAME";

/// A language that we can parse before and after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// JavaScript and TypeScript, with or without JSX.
    JavaScript,
    Python,
    Go,
    /// Bash, and what Bash can read of sh and zsh.
    Shell,
    /// JSON, one or several documents, with or without comments.
    Json,
    Toml,
    Yaml,
    /// A file of `NAME=value` lines that programs load into their environment.
    Dotenv,
    /// Text for people: it has no syntax to break.
    Prose,
}

use Language::*;

/// Endings that say it all.
const ENDINGS: &[(&[&str], Language)] = &[
    (&["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"], JavaScript),
    (&["py", "pyi"], Python),
    (&["go"], Go),
    (&["sh", "bash", "zsh"], Shell),
    (&["json", "jsonc", "jsonl", "ndjson", "har", "webmanifest", "code-workspace"], Json),
    (&["toml"], Toml),
    (&["yml", "yaml"], Yaml),
    (&["md", "markdown", "txt", "rst", "log", "csv", "tsv"], Prose),
];

/// Whole names.
const NAMES: &[(&[&str], Language)] = &[
    (
        &[
            ".envrc",
            ".bashrc",
            ".bash_profile",
            ".bash_aliases",
            ".profile",
            ".zshrc",
            ".zshenv",
            ".zprofile",
        ],
        Shell,
    ),
    (&[".env", ".dev.vars", ".flaskenv"], Dotenv),
    (&["README", "CHANGELOG", "NOTES", "TODO"], Prose),
];

/// What reads the variable, for files of languages that we do not parse.
const BY_HAND: &[(&[&str], &str)] = &[
    (&["rb", "rake", "gemspec"], "ENV.fetch(\"NAME\")"),
    (&["php"], "getenv('NAME')"),
    (&["java", "kt", "kts", "groovy", "gradle"], "System.getenv(\"NAME\")"),
    (&["scala"], "sys.env(\"NAME\")"),
    (&["clj"], "(System/getenv \"NAME\")"),
    (&["cs", "fs", "vb"], "Environment.GetEnvironmentVariable(\"NAME\")"),
    (&["rs"], "std::env::var(\"NAME\")"),
    (&["swift"], "ProcessInfo.processInfo.environment[\"NAME\"]"),
    (&["dart"], "Platform.environment['NAME']"),
    (&["ex", "exs"], "System.fetch_env!(\"NAME\")"),
    (&["erl"], "os:getenv(\"NAME\")"),
    (&["pl", "pm"], "$ENV{NAME}"),
    (&["lua"], "os.getenv(\"NAME\")"),
    (&["r", "R", "Rmd"], "Sys.getenv(\"NAME\")"),
    (&["jl"], "ENV[\"NAME\"]"),
    (&["hs"], "getEnv \"NAME\""),
    (&["c", "h", "cc", "cpp", "hpp"], "getenv(\"NAME\")"),
    (&["ps1", "psm1"], "$env:NAME"),
    (&["bat", "cmd"], "%NAME%"),
    (&["fish"], "$NAME"),
    (&["mk"], "$(NAME)"),
    (&["http", "rest"], "{{$processEnv NAME}}"),
    (&["properties", "xml"], "${NAME}"),
];

/// What to do about files in which no reference can stand, or in which it takes more than that.
const ADVICE: &[(&[&str], &str)] = &[
    (&["ipynb"], "a notebook: in its editor, write os.environ[\"NAME\"] in the cell and clear the outputs"),
    (
        &["tfvars"],
        "Terraform reads no environment in .tfvars files: remove the line, and set TF_VAR_… for its variable",
    ),
    (
        &["tf"],
        "Terraform reads its environment through variables: declare one with `sensitive = true`, use var.… here, and set TF_VAR_… for it",
    ),
    (
        &["html", "htm", "vue", "svelte", "astro", "mdx"],
        "what runs in a browser must not hold a token: call Krea from a server, and read NAME from its environment there",
    ),
    (&["map"], "a source map is built: take the token out of what it was built from, and build again"),
];

const DOCKERFILE: &str = "an image keeps what its Dockerfile says: remove the line, and pass NAME when it runs (`docker run --env NAME`), or to one build step (`RUN --mount=type=secret`)";

/// The language of a file, from its path and its text.
///
/// # Errors
/// A language that we do not parse: what to do about the file by hand.
pub fn of(path: &str, text: &str, variable: &str) -> Result<Language, String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let listed = |list: &[(&[&str], Language)], what: &str| {
        list.iter().find(|(names, _)| names.contains(&what)).map(|&(_, language)| language)
    };
    let lower = name.to_ascii_lowercase();
    if ["dockerfile", "containerfile"].iter().any(|file| {
        lower == *file || lower.starts_with(&format!("{file}.")) || ending.eq_ignore_ascii_case(file)
    }) {
        return Err(DOCKERFILE.replace(NAME, variable));
    }
    let known = listed(NAMES, name)
        .or_else(|| listed(ENDINGS, ending))
        .or_else(|| (name.starts_with(".env.") || ending == "env").then_some(Dotenv))
        .or_else(|| by_first_line(text));
    if let Some(language) = known {
        return Ok(language);
    }
    if name.ends_with("_history") {
        return Err("a record of commands: delete the lines that hold it".to_owned());
    }
    let told = |list: &[(&[&'static str], &'static str)]| {
        list.iter().find(|(names, _)| names.contains(&ending)).map(|&(_, text)| text.replace(NAME, variable))
    };
    if let Some(advice) = told(ADVICE) {
        return Err(advice);
    }
    let files = if ending.is_empty() || name == format!(".{ending}") {
        "files of this name".to_owned()
    } else {
        format!(".{ending} files")
    };
    Err(match told(BY_HAND) {
        Some(reference) => format!("no parser for {files}: replace it by hand, with {reference}"),
        None if name == "Makefile" => {
            format!("no parser for Makefiles: replace it by hand, with $({variable})")
        }
        None => format!("no parser for {files}: replace it by hand"),
    })
}

/// A script without an ending says what runs it.
fn by_first_line(text: &str) -> Option<Language> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace().filter_map(|word| word.rsplit('/').next());
    let program = words.find(|&word| word != "env" && !word.starts_with('-'))?;
    match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
        "sh" | "bash" | "zsh" | "dash" => Some(Shell),
        "python" => Some(Python),
        "node" | "bun" | "tsx" | "ts-node" => Some(JavaScript),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_lines_tell_the_language() {
        let cases = [
            ("src/app/page.tsx", JavaScript),
            ("vite.config.mts", JavaScript),
            (".env", Dotenv),
            ("a/.env.production", Dotenv),
            ("docker.env", Dotenv),
            (".env.js", JavaScript),
            (".envrc", Shell),
            ("pyproject.toml", Toml),
            (".mcp.json", Json),
            ("README", Prose),
            ("docs/run-log.txt", Prose),
        ];
        for (path, language) in cases {
            assert_eq!(of(path, "", "X"), Ok(language), "{path}");
        }
        assert_eq!(of("bin/deploy", "#!/usr/bin/env -S bash -e\n", "X"), Ok(Shell));
        assert_eq!(of("bin/tool", "#!/usr/bin/python3.12\n", "X"), Ok(Python));
        assert!(of("bin/tool", "#!/usr/bin/perl\n", "X").is_err());
    }

    #[test]
    fn what_cannot_be_parsed_gets_a_reference_to_write_by_hand() {
        let ruby = "no parser for .rb files: replace it by hand, with ENV.fetch(\"KREA_TOKEN\")";
        assert_eq!(of("config/krea.rb", "", "KREA_TOKEN"), Err(ruby.to_owned()));
        assert!(of("web/Dockerfile", "", "KREA_TOKEN").unwrap_err().contains("--env KREA_TOKEN"));
        for name in ["Dockerfile.prod", "prod.Dockerfile", "Containerfile", "Dockerfile.env"] {
            assert!(of(name, "", "X").unwrap_err().contains("--env X"), "{name}");
        }
        assert!(of(".bash_history", "", "X").unwrap_err().contains("delete the lines"));
        assert!(of("prod.tfvars", "", "KREA_TOKEN").unwrap_err().contains("TF_VAR_"));
        assert_eq!(of("x.weird", "", "X"), Err("no parser for .weird files: replace it by hand".to_owned()));
        assert_eq!(
            of(".netrc", "", "X"),
            Err("no parser for files of this name: replace it by hand".to_owned())
        );
    }
}
