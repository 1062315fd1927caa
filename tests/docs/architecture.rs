//! The map holds: no circle of files inside a crate (cargo sees to it between crates), and documents that name files
//! name those that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders of source code of all crates.
fn sources() -> Vec<PathBuf> {
    let crates = fs::read_dir(project().join("crates")).unwrap();
    let mut folders: Vec<PathBuf> = crates.map(|entry| entry.unwrap().path().join("src")).collect();
    folders.push(project().join("src"));
    folders.sort();
    folders
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files_below(&path, found),
            false => found.push(path),
        }
    }
}

/// A module: the steps that lead to it from its crate.
type Module = Vec<String>;

/// What a file is as a module.
fn module(folder: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(folder).unwrap().with_extension("");
    let mut steps: Module = path.iter().map(|step| step.to_str().unwrap().to_owned()).collect();
    if matches!(steps.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        steps.pop();
    }
    steps
}

/// The modules that a text names, but for its tests: as far as its paths lead to one that is there.
fn imports(text: &str, own: &Module, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: String = text.lines().map(|line| line.split("//").next().unwrap().to_owned() + "\n").collect();
    let paths = regex::Regex::new(r"\b(crate|self|super)((?:::\w+)*)(?:::\{([^}]*)\})?").unwrap();
    let mut named = BTreeSet::new();
    for path in paths.captures_iter(&code) {
        let mut base: Module = if &path[1] == "crate" { Vec::new() } else { own.clone() };
        if &path[1] == "super" {
            base.pop();
        }
        let mut steps: Vec<&str> = path[2].split("::").filter(|step| !step.is_empty()).collect();
        while steps.first() == Some(&"super") {
            base.pop();
            steps.remove(0);
        }
        let ends: Vec<&str> = path.get(3).map_or(vec![""], |list| list.as_str().split(',').collect());
        for end in ends {
            let end = end.trim().split([':', ' ']).next().unwrap();
            let steps = steps.iter().copied().chain([end]).filter(|step| !step.is_empty());
            let mut target: Module = base.iter().cloned().chain(steps.map(str::to_owned)).collect();
            while !modules.contains(&target) && target.pop().is_some() {}
            // A module and what is in it are one.
            if !own.starts_with(&target) && !target.starts_with(own) {
                named.insert(target);
            }
        }
    }
    named
}

/// Takes away what imports nothing that is left, again and again; circles stay.
fn circles(mut graph: BTreeMap<Module, BTreeSet<Module>>) -> Vec<Module> {
    loop {
        let left: BTreeSet<Module> = graph.keys().cloned().collect();
        graph.retain(|_, imports| imports.iter().any(|import| left.contains(import)));
        if graph.len() == left.len() {
            return graph.into_keys().collect();
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut seen = 0;
    for folder in sources() {
        let mut files = Vec::new();
        files_below(&folder, &mut files);
        files.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
        let modules: BTreeSet<Module> = files.iter().map(|file| module(&folder, file)).collect();
        let graph: BTreeMap<Module, BTreeSet<Module>> = files
            .iter()
            .map(|file| {
                let own = module(&folder, file);
                let imports = imports(&fs::read_to_string(file).unwrap(), &own, &modules);
                (own, imports)
            })
            .collect();
        seen += graph.values().map(BTreeSet::len).sum::<usize>();
        let circles: Vec<String> = circles(graph).iter().map(|module| module.join("/")).collect();
        assert!(circles.is_empty(), "{}: in a circle, or above one: {circles:?}", folder.display());
    }
    assert!(seen > 200, "{seen} imports between files were seen");
}

#[test]
fn a_circle_is_seen() {
    let modules: BTreeSet<Module> = [vec!["a".to_owned()], vec!["b".to_owned()], vec!["c".to_owned()]].into();
    let of =
        |name: &str, text: &str| (vec![name.to_owned()], imports(text, &vec![name.to_owned()], &modules));
    let graph = [of("a", "use super::b::X;"), of("b", "use crate::{a, c};"), of("c", "// use crate::a;")];
    assert_eq!(circles(graph.into_iter().collect()).len(), 2);
}

#[test]
fn documents_name_files_that_are_there() {
    let mut documents = Vec::new();
    files_below(&project().join("docs"), &mut documents);
    let crates = sources().into_iter().filter(|folder| folder != &project().join("src"));
    documents.extend(crates.map(|folder| folder.with_file_name("README.md")));
    let path = regex::Regex::new(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:rs|toml))`").unwrap();
    let mut named = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for found in path.captures_iter(&text).filter(|found| !found[0].contains("://")) {
            let bases = [project().to_owned(), document.with_file_name("src")];
            let is_there = bases.iter().any(|base| base.join(&found[1]).exists());
            assert!(is_there, "{}: {} is not there", document.display(), &found[1]);
            named += 1;
        }
    }
    assert!(named > 60, "{named} files are named");
}
