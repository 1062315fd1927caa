//! Issues and their comments, in what trackers export as JSON: Jira, GitHub (its API, `gh` and migration archives),
//! GitLab, Linear and Trello.

use super::json::{JsonFields, JsonPlace};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;

/// How a tracker's issues look.
struct Tracker {
    /// An issue has all of these fields, and one of the others.
    has: &'static [&'static str],
    any: &'static [&'static str],
    /// What people call an issue: text before it, and the first of these that is there.
    prefix: &'static str,
    name: &'static [&'static str],
}

/// The most telling first.
const TRACKERS: &[Tracker] = &[
    // Jira: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>
    Tracker { has: &["key", "fields"], any: &["id", "self", "expand"], prefix: "", name: &["/key"] },
    // Linear: <https://linear.app/developers/graphql>
    Tracker {
        has: &["identifier", "title"],
        any: &["description", "comments", "id"],
        prefix: "",
        name: &["/identifier"],
    },
    // GitLab: <https://docs.gitlab.com/api/issues/>
    Tracker {
        has: &["iid", "title"],
        any: &["description", "notes", "author_id", "author"],
        prefix: "issue ",
        name: &["/iid"],
    },
    // GitHub: <https://docs.github.com/rest/issues>, `gh issue list --json`, `gh pr list --json`
    Tracker {
        has: &["number", "title"],
        any: &["body", "comments", "user", "author", "state"],
        prefix: "issue ",
        name: &["/number"],
    },
    // GitHub's migration archives.
    Tracker { has: &["type", "url", "title"], any: &["body", "user"], prefix: "issue ", name: &["/url"] },
    // Trello: <https://support.atlassian.com/trello/docs/exporting-data-from-trello/>
    Tracker {
        has: &["shortLink", "name", "desc"],
        any: &["idBoard", "idList"],
        prefix: "card ",
        name: &["/name"],
    },
];

/// Lists of comments, as trackers call them.
const LISTS: [&str; 5] = ["comments", "notes", "nodes", "histories", "worklogs"];
/// Who wrote a comment.
const AUTHORS: [&str; 8] = [
    "/author/displayName",
    "/author/login",
    "/author/name",
    "/author/username",
    "/user/login",
    "/user/displayName",
    "/user/name",
    "/memberCreator/fullName",
];

/// Names the issue that a place is in: `KREA-12, comment 3 of Ann`.
pub fn name(place: &JsonPlace<'_>) -> Option<Layer> {
    (0..place.depth()).rev().find_map(|step| {
        let fields = place.fields(step)?;
        let name = match TRACKERS.iter().find(|tracker| tracker.is(&fields)) {
            Some(tracker) => {
                let name = tracker.name.iter().find_map(|pointer| fields.text(pointer))?;
                format!("{}{}{}", tracker.prefix, one_line(last(&name)), below(place, step))
            }
            None => single_issue(&fields)?,
        };
        Some(Layer::named(LayerKind::Issue, &name))
    })
}

impl Tracker {
    fn is(&self, fields: &JsonFields<'_>) -> bool {
        self.has.iter().all(|name| fields.has(name)) && self.any.iter().any(|name| fields.has(name))
    }
}

/// The end of an address, or a name as it is.
fn last(name: &str) -> &str {
    if name.starts_with("https://") { name.rsplit('/').next().unwrap_or(name) } else { name }
}

/// A comment that is not in its issue: of GitHub's API and of its migration archives, or an action of Trello's.
fn single_issue(fields: &JsonFields<'_>) -> Option<String> {
    let of = ["/issue_url", "/issue", "/pull_request_url", "/pull_request"];
    if let Some(issue) = of.iter().find_map(|pointer| fields.text(pointer)).filter(|_| fields.has("body")) {
        return Some(format!("issue {}, a comment{}", one_line(last(&issue)), author(fields)));
    }
    let card = fields.text("/data/card/name").filter(|_| fields.has("idMemberCreator"))?;
    Some(format!("card {}, a comment{}", one_line(&card), author(fields)))
}

fn author(fields: &JsonFields<'_>) -> String {
    let author = AUTHORS
        .iter()
        .find_map(|pointer| fields.text(pointer))
        .or_else(|| fields.text("/user").map(|user| last(&user).to_owned()));
    author.map(|author| format!(" of {}", one_line(&author))).unwrap_or_default()
}

/// Where in an issue a place is.
fn below(place: &JsonPlace<'_>, step: usize) -> String {
    let lists = (step + 1..place.depth()).rev().find(|&at| {
        place.number(at + 1).is_some() && place.field(at).is_some_and(|field| LISTS.contains(&field))
    });
    if let Some(number) = lists.and_then(|at| place.number(at + 1)) {
        let list = lists.unwrap_or_default();
        let what = match place.field(list) {
            Some("histories") => "change",
            Some("worklogs") => "work log",
            _ => "comment",
        };
        let by = place.ask(list + 1, "author", |fields| Some(author(fields))).unwrap_or_default();
        return format!(", {what} {number}{by}");
    }
    // Jira keeps the fields of an issue in an object of their own.
    let fields =
        (step + 1..place.depth()).find_map(|at| place.field_text(at).filter(|field| field != "fields"));
    fields.map(|field| format!(", {}", one_line(&field))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::parts::testing;
    use krea_scan_text::LayerKind;

    #[track_caller]
    fn name(text: &str) -> String {
        testing::name(text, LayerKind::Issue)
    }

    #[test]
    fn jira() {
        let issue = |fields: &str| {
            format!(r#"{{"expand":"x","issues":[{{"id":"1","key":"KREA-12","fields":{{{fields}}}}}]}}"#)
        };
        assert_eq!(name(&issue(r#""description":"HERE""#)), "KREA-12, description");
        let document =
            r#""description":{"type":"doc","content":[{"content":[{"type":"text","text":"HERE"}]}]}"#;
        assert_eq!(name(&issue(document)), "KREA-12, description");
        let comments = r#""comment":{"comments":[{},{"author":{"displayName":"Ann"},"body":"HERE"}]}"#;
        assert_eq!(name(&issue(comments)), "KREA-12, comment 2 of Ann");
        assert_eq!(name(&issue(r#""customfield_10010":"HERE""#)), "KREA-12, customfield_10010");
    }

    #[test]
    fn github() {
        let listed = r#"[{"number":12,"title":"x","comments":[{"author":{"login":"ann"},"body":"HERE"}]}]"#;
        assert_eq!(name(listed), "issue 12, comment 1 of ann");
        assert_eq!(name(r#"[{"number":12,"title":"x","state":"open","body":"HERE"}]"#), "issue 12, body");
        let comment = r#"[{"issue_url":"https://api.github.com/repos/o/r/issues/12","user":{"login":"ann"},
            "body":"HERE"}]"#;
        assert_eq!(name(comment), "issue 12, a comment of ann");
        let archived =
            r#"[{"type":"issue","url":"https://github.com/o/r/issues/12","title":"x","body":"HERE"}]"#;
        assert_eq!(name(archived), "issue 12, body");
        let archived = r#"[{"type":"issue_comment","issue":"https://github.com/o/r/issues/12",
            "user":"https://github.com/ann","body":"HERE"}]"#;
        assert_eq!(name(archived), "issue 12, a comment of ann");
    }

    #[test]
    fn other_trackers() {
        let gitlab =
            r#"{"iid":12,"title":"x","description":"","notes":[{"author":{"name":"Ann"},"note":"HERE"}]}"#;
        assert_eq!(name(gitlab), "issue 12, comment 1 of Ann");
        let linear = r#"{"data":{"issues":{"nodes":[{"identifier":"ENG-12","title":"x","description":"",
            "comments":{"nodes":[{"user":{"name":"Ann"},"body":"HERE"}]}}]}}}"#;
        assert_eq!(name(linear), "ENG-12, comment 1 of Ann");
        let trello = r#"{"cards":[{"shortLink":"a","idBoard":"b","name":"Key","desc":"HERE"}]}"#;
        assert_eq!(name(trello), "card Key, desc");
        let action = r#"{"actions":[{"idMemberCreator":"1","data":{"text":"HERE","card":{"name":"Key"}},
            "memberCreator":{"fullName":"Ann"}}]}"#;
        assert_eq!(name(action), "card Key, a comment of Ann");
    }

    #[test]
    fn other_json_has_no_issues() {
        for text in [r#"{"key":"HERE","value":1}"#, r#"{"title":"HERE","type":"object"}"#] {
            assert_eq!(name(text), "", "{text}");
        }
    }
}
