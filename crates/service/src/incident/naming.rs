//! What a replacement is called. Krea's guide wants names that say where a token is used; a team's runbook, that old and
//! new can be told apart. So: project, environment, what it replaces, and the date.

/// A name such as `shop production (replaces a7b81471, 2026-07-01)`.
pub fn suggest(project: &str, environment: Option<&str>, replaces: Option<&str>, date: &str) -> String {
    let environment = environment.map(|name| format!(" {name}")).unwrap_or_default();
    let replaces = replaces.unwrap_or("a legacy key");
    format!("{project}{environment} (replaces {replaces}, {date})")
}

/// The environment that paths and variables speak of, if they speak of one.
pub fn environment<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    const NAMES: [(&str, &[&str]); 6] = [
        ("production", &["production", "prod", "live"]),
        ("staging", &["staging", "stage", "preprod", "uat"]),
        ("preview", &["preview"]),
        ("development", &["development", "develop", "dev", "local"]),
        ("test", &["test", "testing"]),
        ("CI", &["workflows", "circleci", "jenkinsfile", "pipelines", "ci"]),
    ];
    let mut found = Vec::new();
    for text in texts {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        for word in words {
            found.extend(NAMES.iter().position(|(_, words)| words.contains(&word.as_str())));
        }
    }
    found.into_iter().min().map(|at| NAMES[at].0)
}

/// The name that a person gave, told apart where several tokens are replaced.
pub fn given(name: &str, replaces: Option<&str>, several: bool) -> String {
    match (several, replaces) {
        (true, Some(id)) => format!("{name} (replaces {id})"),
        (true, None) => format!("{name} (replaces a legacy key)"),
        (false, _) => name.to_owned(),
    }
}

/// The name for another try, after a replacement that may exist and that nobody holds.
pub fn again(name: &str, tries: usize) -> String {
    format!("{name} #{}", tries + 1)
}

/// Labels in a sentence: all of them when they are few.
pub fn list(labels: &[String]) -> String {
    const FEW: usize = 5;
    match labels.len() {
        0..=FEW => labels.join(", "),
        many => format!("{many} tokens"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_it_is_used_and_what_it_replaces() {
        let name =
            suggest("shop", environment([".env.production", "src/dev.ts"]), Some("a7b81471"), "2026-07-01");
        assert_eq!(name, "shop production (replaces a7b81471, 2026-07-01)");
        let name = suggest("shop", environment(["README.md"]), None, "2026-07-01");
        assert_eq!(name, "shop (replaces a legacy key, 2026-07-01)");
    }

    #[test]
    fn environments_are_words_and_not_parts_of_words() {
        assert_eq!(environment([".github/workflows/deploy.yml"]), Some("CI"));
        assert_eq!(environment(["products/device.ts"]), None);
    }

    #[test]
    fn given_names_are_told_apart() {
        assert_eq!(given("x", Some("a7b81471"), false), "x");
        assert_eq!(given("x", Some("a7b81471"), true), "x (replaces a7b81471)");
        assert_eq!(again("x", 1), "x #2");
    }
}
