//! Runs the program over the detection corpus: every token of `tests/corpus/find` is reported, exactly and
//! in its place; nothing else is, there or in `tests/corpus/ignore`. `KREA_CORPUS=k8s` runs a part.

use crate::support::corpus;

/// The tree as a whole; the failure lists all wrong files at once.
#[test]
fn the_corpus_is_found_and_nothing_else() {
    let cases = corpus::load();
    corpus::assert_none(&corpus::check_tree(&cases), cases.len());
}

/// A tree without a token ends with exit code 0.
#[test]
fn files_without_a_token_are_silent() {
    let cases: Vec<_> = corpus::load().into_iter().filter(|case| case.expected.is_empty()).collect();
    if !cases.is_empty() {
        corpus::assert_none(&corpus::check_tree(&cases), cases.len());
    }
}

/// Standard input has no name, so files that only their name ties to Krea are left out.
#[test]
fn standard_input_is_judged_like_a_file() {
    let cases: Vec<_> =
        corpus::load().into_iter().filter(|case| !case.path.contains("/file-name/")).step_by(12).collect();
    let failures: Vec<_> = cases.iter().flat_map(corpus::check_stdin).collect();
    corpus::assert_none(&failures, cases.len());
}

/// A token that one file ties to Krea is reported in every other file, also where nothing says whose it is.
#[test]
fn a_confirmed_token_is_found_wherever_else_it_stands() {
    let named = corpus::expand("find/sweep/a/.env", "KREA_API_KEY={{pair-hex}}\nFAL_KEY={{other-hex}}\n");
    // The same name makes the same token.
    let bare = corpus::expand(&named.path, "todo\n\nsee {{pair-hex}} (asked Tom)\n");
    let hidden =
        corpus::expand(&named.path, "{\"auth\":{\"value\":\"{{pair-hex}}\"},\"x\":\"{{other-hex}}\"}\n");
    let cases = [
        corpus::Case { path: "find/sweep/0/notes.txt".into(), ..bare },
        corpus::Case { path: "find/sweep/z/export.json".into(), ..hidden },
        named,
    ];
    corpus::assert_none(&corpus::check_tree(&cases), cases.len());
}

/// The corpus covers what it claims to.
#[test]
fn the_corpus_is_large_enough() {
    if std::env::var_os("KREA_CORPUS").is_some() {
        return;
    }
    let (find, ignore): (Vec<_>, Vec<_>) =
        corpus::load().into_iter().partition(|case| case.path.starts_with("find/"));
    assert!(find.len() >= 200, "{} files in find/", find.len());
    assert!(ignore.len() >= 150, "{} files in ignore/", ignore.len());
}
