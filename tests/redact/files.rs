//! `--redact` with the real program: what was found is replaced, what cannot be proven is left alone, and nothing happens
//! unasked. The changed programs are run by what runs them.

use crate::support::program::{leak, token};
use crate::support::{Sandbox, corpus};
use needs::needs;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

/// The files of a sandbox, with their contents.
fn files(sandbox: &Sandbox) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for entry in ignore::WalkBuilder::new(sandbox.root()).standard_filters(false).build() {
        let entry = entry.unwrap();
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            let path = entry.path().strip_prefix(sandbox.root()).unwrap().to_str().unwrap().to_owned();
            found.push((path, String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned()));
        }
    }
    found.sort();
    found
}

/// What a program prints, given the variable; fails unless it succeeds.
#[track_caller]
fn printed(sandbox: &Sandbox, program: &str, args: &[&str], variable: Option<&str>) -> String {
    let mut command = sandbox.command(program, sandbox.root());
    command.args(args).env_remove("KREA_API_KEY").envs(variable.map(|value| ("KREA_API_KEY", value)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_file_of_the_corpus_is_clean_afterwards_or_untouched() {
    let sandbox = Sandbox::empty();
    let cases: Vec<_> = corpus::load().into_iter().filter(|case| !case.expected.is_empty()).collect();
    for case in &cases {
        sandbox.write(&case.path, &case.bytes);
    }
    let run = sandbox.scan(&["--redact", "--yes"]).code(1);
    let left: BTreeSet<String> = sandbox.jsonl::<&str>(&[]).code(1).places().into_iter().collect();
    let mut changed = 0;
    for case in &cases {
        let now = fs::read(sandbox.root().join(&case.path)).unwrap();
        let named = run.stdout.contains(&format!("left alone: {}:", case.path));
        assert_eq!(left.contains(&case.path), named, "{}: what is left is named", case.path);
        assert_eq!(now == case.bytes, named, "{}: changed whole or not at all", case.path);
        changed += usize::from(!named);
        for expected in case.expected.values() {
            let secret = expected.token.split_once(':').map_or(expected.token.as_str(), |(_, secret)| secret);
            // Shorter ones can be a part of something else.
            assert!(secret.len() < 16 || !run.stdout.contains(secret), "{}: a secret is shown", case.path);
            let text = String::from_utf8_lossy(&now);
            assert!(named || !text.contains(&expected.token), "{}: a copy is left", case.path);
        }
    }
    assert!(changed >= 200, "only {changed} of {} files were changed", cases.len());
}

#[needs("node", "python3")]
#[test]
fn changed_programs_do_what_they_did() {
    let sandbox = Sandbox::empty();
    let token = token(1);
    let python = format!(
        "\"\"\"Prints.\"\"\"\nfrom __future__ import annotations\n\nimport sys\n\nKREA_API_KEY = \"{token}\"\nname = \"x\"\n\
         print(KREA_API_KEY, 'Bearer {token}', f\"{{name}} {token} {{{{\", f'{{len(\"{token}\")}}', \"%s {token}\" % name)\n\
         print(\"\"\"{{\"key\": \"{token}\"}}\"\"\", r'\\d {token}', ('{token}' + ';').upper())\n"
    );
    let javascript = format!(
        "const KREA_API_KEY = \"{token}\";\nconst name = 'x';\nconsole.log(KREA_API_KEY, 'it\\'s `a` ${{b}}\\t{token}', `${{name}} {token}`);\n\
         const f = (key = '{token}') => {{return'{token}'}};\nconsole.log(f(), {{ key: \"{token}\" }}.key, ['{token}', \"a\\\"{token}$\"].join());\n"
    );
    let shell = format!(
        "#!/bin/bash\nset -euo pipefail\nexport KREA_API_KEY='{token}'\nname=x\nprintf '%s\\n' {token} \"Bearer {token} $name\" 'Bearer {token}' \
         '{{\"$key\": \"{token}\"}}' --key={token} pre\"$name\"{token}\ncat <<EOF\n{token} $name \"q\"\nEOF\n\
         echo \"${{KREA_API_KEY:-{token}}}\"\nMY_KEY={token}\necho \"$MY_KEY\"\n"
    );
    let programs = [("python3", "a.py", python), ("node", "b.mjs", javascript), ("bash", "c.sh", shell)];
    let mut before = Vec::new();
    for (program, path, text) in &programs {
        sandbox.write(path, text);
        before.push(printed(&sandbox, program, &[path], None));
    }
    sandbox.scan(&["--redact", "--yes"]).code(0).says(&["in 3 files."]);
    sandbox.scan::<&str>(&[]).code(0);
    for ((program, path, _), before) in programs.iter().zip(before) {
        assert!(before.contains(&token), "{path} prints it");
        // Any other text of its length: the program sees what the variable holds.
        let value = format!("{}:another", "v".repeat(token.len() - 8));
        let expected = before.replace(&token, &value).replace(&token.to_uppercase(), &value.to_uppercase());
        assert_eq!(printed(&sandbox, program, &[path], Some(&value)), expected, "{path}");
    }
}

#[test]
fn a_shell_script_stops_where_its_own_variable_is_missing() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.sh", format!("export {}echo went on\n", leak(1)));
    sandbox.scan(&["--redact", "--yes"]).code(0);
    let mut command = sandbox.command("bash", sandbox.root());
    let output = command.arg("a.sh").env_remove("KREA_API_KEY").output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("set KREA_API_KEY"));
}

#[needs("node")]
#[test]
fn a_dotenv_file_lets_the_environment_through() {
    let sandbox = Sandbox::empty();
    sandbox.write(".env", format!("A='x y' # z\n{}AUTH=\"Bearer {}\"\n", leak(1), token(1)));
    sandbox.scan(&["--redact", "--yes"]).code(0);
    assert_eq!(
        fs::read_to_string(sandbox.root().join(".env")).unwrap(),
        "A='x y' # z\nKREA_API_KEY=\nAUTH=\"Bearer ${KREA_API_KEY}\"\n"
    );
    sandbox.scan::<&str>(&[]).code(0);
    let script = "console.log(process.env.A, process.env.KREA_API_KEY)";
    let read = |value| printed(&sandbox, "node", &["--env-file=.env", "-e", script], value);
    assert_eq!(read(Some("from outside")), "x y from outside\n");
    assert_eq!(read(None), "x y \n");
}

/// What people have in a project, with a token in each file.
fn project(sandbox: &Sandbox) {
    let token = token(2);
    sandbox.write(".env.local", format!("NEXT_PUBLIC_KREA_API_KEY=\"{token}\"\nDEBUG=1\n"));
    sandbox.write(".envrc", format!("export KREA_API_KEY={token}\nPATH_add bin\n"));
    sandbox.write(
        "app/page.tsx",
        format!(
            "\"use client\";\nimport {{ Krea }} from \"@krea-ai/sdk\";\n\nconst krea = new Krea({{ apiKey: \"{token}\" }});\n\n\
             export default function Page({{ n = 1 }}: {{ n?: number }}) {{\n  return <KreaProvider auth=\"Bearer {token}\">{{n}}</KreaProvider>;\n}}\n"
        ),
    );
    sandbox.write(
        "api/settings.py",
        format!("from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    krea_api_key: str = \"{token}\"\n"),
    );
    sandbox.write(
        "main.go",
        format!("package main\n\nimport (\n\t\"fmt\"\n)\n\nfunc main() {{\n\tfmt.Println(\"krea\", \"Bearer {token}\")\n}}\n"),
    );
    sandbox.write(
        "docker-compose.yml",
        format!("services:\n  web:\n    environment:\n      KREA_API_KEY: {token}\n"),
    );
    sandbox.write(".github/workflows/ci.yml", format!("on: push\nenv:\n  KREA_API_KEY: {token}\n"));
    let server = |token: &str| {
        format!(
            "\"krea-ai\": {{\"url\": \"https://api.krea.ai/mcp\", \"headers\": {{\"Authorization\": \"Bearer {token}\"}}}}"
        )
    };
    sandbox.write("mcp.json", format!("{{\"mcpServers\": {{{}}}}}\n", server(&token)));
    sandbox.write(".vscode/mcp.json", format!("{{\n  // Krea\n  \"servers\": {{{},}}\n}}\n", server(&token)));
    sandbox.write("pyproject.toml", format!("[tool.krea]\napi_key = \"{token}\"\n"));
    sandbox.write("README.md", format!("Set `KREA_API_KEY={token}`.\n"));
}

#[test]
fn a_project_of_many_languages_is_clean_afterwards() {
    let sandbox = Sandbox::empty();
    project(&sandbox);
    let run = sandbox.scan(&["--redact", "--yes"]).code(0);
    let run =
        run.says(&["note: app/page.tsx: if this runs in a browser", "Removing the text revokes nothing"]);
    assert!(!run.stdout.contains("left alone"), "{}", run.stdout);
    sandbox.scan::<&str>(&[]).code(0);
    let text = |path: &str| fs::read_to_string(sandbox.root().join(path)).unwrap();
    for (path, holds) in [
        (".env.local", "NEXT_PUBLIC_KREA_API_KEY=\"\"\nDEBUG=1\n"),
        (".envrc", "export KREA_API_KEY=\"${KREA_API_KEY:?set KREA_API_KEY}\"\n"),
        ("app/page.tsx", "new Krea({ apiKey: process.env.KREA_API_KEY });"),
        ("app/page.tsx", "<KreaProvider auth={`Bearer ${process.env.KREA_API_KEY}`}>{n}<"),
        ("api/settings.py", "import os\nfrom pydantic_settings"),
        ("api/settings.py", "krea_api_key: str = os.environ[\"KREA_API_KEY\"]\n"),
        ("main.go", "(\n\t\"fmt\"\n\t\"os\"\n)"),
        ("main.go", "fmt.Println(\"krea\", \"Bearer \"+os.Getenv(\"KREA_API_KEY\"))"),
        ("docker-compose.yml", "KREA_API_KEY: ${KREA_API_KEY}\n"),
        (".github/workflows/ci.yml", "KREA_API_KEY: ${{ secrets.KREA_API_KEY }}\n"),
        ("mcp.json", "\"Bearer ${KREA_API_KEY}\""),
        (".vscode/mcp.json", "\"Bearer ${env:KREA_API_KEY}\""),
        ("pyproject.toml", "api_key = \"${KREA_API_KEY}\"\n"),
        ("README.md", "Set `KREA_API_KEY=${KREA_API_KEY}`.\n"),
    ] {
        assert!(text(path).contains(holds), "{path}: {}", text(path));
    }
    // Nothing is left to do, and nothing is changed a second time.
    let now = files(&sandbox);
    sandbox.scan(&["--redact", "--yes"]).code(0).says(&["No token to replace."]);
    assert_eq!(files(&sandbox), now);
}

#[test]
fn nothing_is_changed_unasked() {
    let sandbox = Sandbox::empty();
    project(&sandbox);
    let before = files(&sandbox);
    sandbox.scan(&["--redact", "--dry-run"]).code(1).says(&[
        "--- main.go\n",
        "+\t\"os\"\n",
        "Nothing was changed.",
    ]);
    assert_eq!(files(&sandbox), before);
    // Standard input is no terminal here.
    sandbox.scan(&["--redact"]).code(2).says(&["--- main.go\n", "no terminal", "--yes", "--dry-run"]);
    assert_eq!(files(&sandbox), before);
}

#[test]
fn one_file_that_is_left_alone_does_not_hold_up_the_others() {
    let sandbox = Sandbox::empty();
    sandbox.write("config.rb", format!("KREA_API_KEY = '{}'\n", token(3)));
    // Two copies; one of them cannot be replaced, so neither is.
    sandbox.write("half.py", format!("import os\nKREA_API_KEY = '{t}'\nx = b'{t}'\n", t = token(3)));
    sandbox.write("ok.py", format!("import os\nKREA_API_KEY = '{}'\n", token(3)));
    let before = fs::read_to_string(sandbox.root().join("half.py")).unwrap();
    sandbox.scan(&["--redact", "--yes"]).code(1).says(&[
        "left alone: config.rb:1: no parser for .rb files: replace it by hand, with ENV.fetch(\"KREA_API_KEY\")",
        "left alone: half.py:3: it is in a literal of bytes",
        "Replaced 1 copy of a token in 1 file. 3 places are left: see above.",
    ]);
    assert_eq!(fs::read_to_string(sandbox.root().join("half.py")).unwrap(), before);
    assert_eq!(sandbox.jsonl::<&str>(&[]).places(), ["config.rb", "half.py", "half.py"]);
}

#[test]
fn what_was_not_read_is_no_success() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.txt", leak(1));
    sandbox.scan(&["--redact", "--yes", ".", "missing"]).code(2).says(&["not read: missing", "in 1 file."]);
    sandbox.scan(&["--redact", "--yes"]).code(0);
}

#[test]
fn allowed_findings_stay() {
    let sandbox = Sandbox::empty();
    sandbox.write(
        "a.py",
        format!(
            "import os\nKREA_API_KEY = '{}'  # krea-scan:allow\n\n\nKREA_KEY = '{}'\n",
            token(4),
            token(5)
        ),
    );
    let run = sandbox.scan(&["--redact", "--yes"]).code(0);
    assert!(run.stdout.contains("krea-scan:allow"), "it is in the diff, masked: {}", run.stdout);
    let text = fs::read_to_string(sandbox.root().join("a.py")).unwrap();
    assert!(text.contains(&token(4)) && !text.contains(&token(5)));
}

#[test]
fn flags_that_do_not_go_together_are_errors() {
    let sandbox = Sandbox::empty();
    for args in [
        &["--redact", "--staged"][..],
        &["--redact", "--history"],
        &["--redact", "--follow"],
        &["--redact", "--stdin"],
        &["--redact", "-f", "json"],
        &["--redact", "-o", "x"],
        &["--redact", "--yes", "--dry-run"],
        &["--redact", "--replacements", "x"],
        &["--yes"],
        &["--dry-run"],
    ] {
        let run = sandbox.scan(args).code(2);
        assert!(
            run.stderr.contains("cannot be used with") || run.stderr.contains("required"),
            "{}",
            run.stderr
        );
    }
}

#[cfg(unix)]
#[needs("script")]
#[test]
fn at_a_terminal_it_asks() {
    // `script` gives a program a terminal.
    let sandbox = Sandbox::empty();
    sandbox.write("a.txt", leak(1));
    let answer = |text: &str| {
        let command = format!("'{}' --redact --no-progress", env!("CARGO_BIN_EXE_krea-scan"));
        let mut script = sandbox.command("script", sandbox.root());
        script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("Change 1 file? [y/N]"), "{said}");
        crate::support::program::assert_no_secret(&said);
        output.status.code()
    };
    let text = || fs::read_to_string(sandbox.root().join("a.txt")).unwrap();
    assert_eq!(answer("n\n"), Some(1));
    assert_eq!(text(), leak(1));
    assert_eq!(answer("\n"), Some(1));
    assert_eq!(text(), leak(1));
    assert_eq!(answer("y\n"), Some(0));
    assert_eq!(text(), "KREA_API_KEY=${KREA_API_KEY}\n");
}

#[needs("gofmt")]
#[test]
fn go_finds_nothing_to_format() {
    let sandbox = Sandbox::empty();
    let token = token(6);
    for (path, imports) in [
        ("a.go", ""),
        ("b.go", "import \"fmt\"\n\n"),
        ("c.go", "import (\n\t\"fmt\"\n\t\"strings\"\n\n\t\"example.com/x\"\n)\n\n"),
    ] {
        sandbox.write(
            path,
            format!(
                "// Package krea calls Krea.\npackage krea\n\n{imports}var key = \"{token}\"\nvar auth, b = \"Bearer {token}\", 1\n\n\
                 func f() string {{\n\treturn g(\"Bearer {token}\", `{{\"key\": \"{token}\"}}`) + (\"a {token}\")\n}}\n"
            ),
        );
    }
    let unformatted = |when: &str| {
        let output = Command::new("gofmt").args(["-d", "."]).current_dir(sandbox.root()).output().unwrap();
        assert!(output.stdout.is_empty(), "{when}: {}", String::from_utf8_lossy(&output.stdout));
    };
    unformatted("before");
    sandbox.scan(&["--redact", "--yes"]).code(0);
    unformatted("after");
}
