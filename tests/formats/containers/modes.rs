//! What is in archives, wherever they come from: the tree, standard input, the index, a range, the history. And what is
//! said, allowed and refused of it.

use crate::pack::{gzip, sh, tar, zip};
use crate::support::Sandbox;
use crate::support::program::{leak, run, token};
use crate::ways::ways;
use ::zip::CompressionMethod::{Deflated, Stored};
use needs::needs;
use std::fs;
use std::fs::File;

/// Three containers deep.
fn nested() -> Vec<u8> {
    let inner = zip(&[("a.env", leak(1).as_bytes())], Deflated);
    zip(&[("dist/release.tgz", &gzip(&tar(&[("in.zip", &inner)])))], Deflated)
}

const WAY: &str = "a.zip → dist/release.tgz → in.zip → a.env";

#[test]
fn everywhere_that_files_come_from() {
    let sandbox = Sandbox::new();
    sandbox.commit("README.md", "text", "start");
    sandbox.write("a.zip", nested());
    assert_eq!(ways(&sandbox.jsonl(&["a.zip"]).code(1)), [WAY]);
    let stdin = File::open(sandbox.root().join("a.zip")).unwrap();
    let mut command = sandbox.scanner(sandbox.root());
    let piped = run(command.args(["-f", "jsonl", "--stdin"]).stdin(stdin)).code(1);
    assert_eq!(ways(&piped), [WAY.replace("a.zip", "<stdin>")]);
    sandbox.git(&["add", "a.zip"]);
    assert_eq!(ways(&sandbox.jsonl(&["--staged"]).code(1)), [WAY]);
    sandbox.git(&["commit", "--quiet", "--message", "bring it in"]);
    assert_eq!(ways(&sandbox.jsonl(&["--range", "HEAD~1..HEAD"]).code(1)), [WAY]);
    let commit = sandbox.head();
    sandbox.git(&["rm", "--quiet", "a.zip"]);
    sandbox.git(&["commit", "--quiet", "--message", "take it out"]);
    for packed in [false, true] {
        if packed {
            sandbox.git(&["gc", "--quiet"]);
        }
        let found = sandbox.jsonl(&["--history"]).code(1);
        assert_eq!(ways(&found), [WAY]);
        assert_eq!(found.only()["git"]["commit"], commit.as_str());
    }
}

#[test]
fn a_second_copy_is_found_without_context_and_once() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.zip", zip(&[("a.env", leak(1).as_bytes()), ("b/copy.txt", token(1).as_bytes())], Stored));
    sandbox.write("b.tgz", gzip(&tar(&[("copy.txt", token(1).as_bytes())])));
    let expected = ["a.zip → a.env", "a.zip → b/copy.txt", "b.tgz → copy.txt"];
    assert_eq!(ways(&sandbox.jsonl(&["a.zip", "b.tgz"]).code(1)), expected);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message", "all"]);
    assert_eq!(ways(&sandbox.jsonl(&["--history"]).code(1)), expected);
}

#[needs("brotli")]
#[test]
fn in_the_history_names_count_where_a_format_has_no_magic() {
    let sandbox = Sandbox::new();
    sandbox.write("app.env", leak(1));
    sandbox.write("copy.txt", token(1));
    sh(&sandbox, "brotli --rm app.env copy.txt");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message", "all"]);
    let found = sandbox.jsonl(&["--history"]).code(1);
    assert_eq!(
        (ways(&found), found.incomplete()),
        (vec!["app.env.br".into(), "copy.txt.br".into()], String::new())
    );
}

/// A Git LFS pointer, and where Git LFS keeps what it stands for.
fn pointer(content: &str) -> (String, String) {
    let id = {
        use sha2::Digest;
        sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let text =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{id}\nsize {}\n", content.len());
    (text, format!(".git/lfs/objects/{}/{}/{id}", &id[..2], &id[2..4]))
}

#[test]
fn files_that_git_lfs_keeps_are_read_where_they_are_here_and_told_where_not() {
    let sandbox = Sandbox::new();
    sandbox.commit("README.md", "text", "start");
    let (here, path) = pointer(&leak(1));
    sandbox.write(&path, leak(1));
    sandbox.write("here.env", here);
    for n in 0..30 {
        sandbox.write(&format!("gone/{n}.bin"), pointer(&format!("not here {n}")).0);
    }
    sandbox.git(&["add", "."]);
    let staged = sandbox.jsonl(&["--staged"]).code(1);
    assert_eq!(ways(&staged), ["here.env"]);
    assert_eq!(staged.incomplete().lines().count(), 30);
    sandbox.git(&["commit", "--quiet", "--message", "all"]);
    assert_eq!(ways(&sandbox.jsonl(&["--range", "HEAD~1..HEAD"]).code(1)), ["here.env"]);
    let history = sandbox.jsonl(&["--history"]).code(1);
    assert_eq!(ways(&history), ["here.env"]);
    assert_eq!(
        history.incomplete(),
        "the history: 30 Git LFS pointers, whose files are not here; run `git lfs fetch --all` and scan again\n"
    );
    // What is not of the size that the pointer says is something else.
    sandbox.write(&path, leak(1) + "more");
    assert!(sandbox.jsonl(&["--history"]).code(2).incomplete().contains("31 Git LFS pointers"));
}

#[test]
fn large_blobs_of_the_history_are_told_when_a_size_is_given() {
    let sandbox = Sandbox::new();
    sandbox.write("a.zip", nested());
    sandbox.write("b.env", leak(1).repeat(100));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "--quiet", "--message", "all"]);
    let told = sandbox.jsonl(&["--history", "--max-size", "200"]).code(2).incomplete();
    assert_eq!(told.matches("a blob in the history: is larger than --max-size").count(), 2, "{told}");
}

#[test]
fn an_allow_entry_can_name_a_member() {
    let sandbox = Sandbox::new();
    let (one, two) = (leak(1), leak(2));
    let members: [(&str, &[u8]); 2] =
        [("src/test/a.env", one.as_bytes()), ("src/main/b.env", two.as_bytes())];
    sandbox.write("dist.zip", zip(&members, Deflated));
    let allow = |pattern: &str| {
        sandbox
            .write(".krea-scan.toml", format!("[[allow]]\nreason = \"made up\"\npaths = [\"{pattern}\"]\n"));
        sandbox.jsonl::<&str>(&[])
    };
    assert_eq!(ways(&allow("dist.zip/src/test/**").code(1)), ["dist.zip → src/main/b.env"]);
    assert_eq!(ways(&allow("*.env").code(0)), [""; 0]);
    assert_eq!(ways(&allow("dist.zip").code(0)), [""; 0]);
    assert_eq!(ways(&allow("dist.zip/src/other/**").code(1)).len(), 2);
    // A name cannot climb out of its archive to where something is allowed.
    sandbox.write("dist.zip", zip(&[("../tests/a.env", leak(1).as_bytes())], Deflated));
    assert_eq!(ways(&allow("tests/**").code(1)), ["dist.zip → ../tests/a.env"]);
}

#[test]
fn a_baseline_tells_the_members_of_an_archive_apart() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.zip", zip(&[("a.env", leak(1).as_bytes())], Deflated));
    sandbox.scan(&["a.zip", "--write-baseline", "base.json"]).code(0);
    let baseline = fs::read_to_string(sandbox.root().join("base.json")).unwrap();
    assert!(baseline.contains("a.zip → a.env"), "{baseline}");
    sandbox.jsonl(&["a.zip", "--baseline", "base.json"]).code(0);
    sandbox.write("a.zip", zip(&[("a.env", leak(1).as_bytes()), ("b.env", leak(1).as_bytes())], Deflated));
    assert_eq!(ways(&sandbox.jsonl(&["a.zip", "--baseline", "base.json"]).code(1)), ["a.zip → b.env"]);
}

#[test]
fn redact_leaves_archives_alone_and_says_what_to_do() {
    let sandbox = Sandbox::empty();
    sandbox.write("a.zip", zip(&[("a.env", leak(1).as_bytes())], Stored));
    let before = fs::read(sandbox.root().join("a.zip")).unwrap();
    sandbox.scan(&["--redact", "--yes", "a.zip"]).code(1).says(&[
        "is a file with others in it (a.zip → a.env): take the token out of what it is made from, and make it anew",
    ]);
    assert_eq!(fs::read(sandbox.root().join("a.zip")).unwrap(), before);
}
