//! Messages of chats, in the exports that people keep: Slack, Discord (by DiscordChatExporter), Microsoft Teams and Skype,
//! Telegram, Mattermost, and conversations with ChatGPT and Claude.
//!
//! A message is told by its fields, not by the file's name.

use super::json::{JsonFields, JsonPlace};
use krea_scan_text::Layer;
use krea_scan_text::LayerKind;
use krea_scan_text::label::one_line;

/// How a chat's messages look.
struct Chat {
    /// A message has all of these fields.
    has: &'static [&'static str],
    /// Where it says so: a pointer, and one of the texts that it leads to.
    says: Option<(&'static str, &'static str)>,
    /// Who wrote it: the first of these that is there.
    author: &'static [&'static str],
    /// The name of the conversation, in an object around the messages.
    title: &'static [&'static str],
}

/// The most telling first.
const CHATS: &[Chat] = &[
    // Slack: <https://slack.com/help/articles/220556107-How-to-read-Slack-data-exports>
    Chat {
        has: &["ts"],
        says: Some(("/type", "message")),
        author: &[
            "/user_profile/display_name",
            "/user_profile/real_name",
            "/user",
            "/username",
            "/bot_profile/name",
            "/bot_id",
        ],
        title: &[],
    },
    // Discord: <https://github.com/Tyrrrz/DiscordChatExporter>
    Chat {
        has: &["id", "timestamp", "content", "author"],
        says: None,
        author: &["/author/nickname", "/author/name", "/author/username"],
        title: &["/channel/name"],
    },
    // Microsoft Teams, as Graph gives it: <https://learn.microsoft.com/graph/api/resources/chatmessage>
    Chat {
        has: &["createdDateTime", "body"],
        says: Some(("/messageType", "message")),
        author: &["/from/user/displayName", "/from/application/displayName"],
        title: &["/displayName", "/topic"],
    },
    // What Teams and Skype let a person export.
    Chat {
        has: &["originalarrivaltime", "content"],
        says: None,
        author: &["/displayName", "/from"],
        title: &["/displayName"],
    },
    // Telegram: <https://telegram.org/blog/export-and-more>
    Chat { has: &["date_unixtime", "text"], says: None, author: &["/from", "/actor"], title: &["/name"] },
    // Mattermost: <https://docs.mattermost.com/administration-guide/onboard/bulk-loading-data.html>
    Chat { has: &["user", "message", "create_at"], says: None, author: &["/user"], title: &[] },
    // ChatGPT's conversations.json.
    Chat {
        has: &["author", "content", "create_time"],
        says: None,
        author: &["/author/name", "/author/role"],
        title: &["/title"],
    },
    // Claude's conversations.json.
    Chat { has: &["uuid", "sender", "text"], says: None, author: &["/sender"], title: &["/name"] },
];

/// Names the message that a place is in.
pub fn name(place: &JsonPlace<'_>) -> Option<Layer> {
    (0..place.depth()).rev().find_map(|step| {
        let fields = place.fields(step)?;
        let chat = CHATS.iter().find(|chat| chat.is(&fields))?;
        Some(Layer::named(LayerKind::Message, &message(place, step, &fields, chat)))
    })
}

impl Chat {
    fn is(&self, fields: &JsonFields<'_>) -> bool {
        self.has.iter().all(|name| fields.has(name))
            && self.says.is_none_or(|(pointer, text)| fields.text(pointer).as_deref() == Some(text))
    }
}

/// `message 14 of Ann in shop, file 1 notes.txt`.
fn message(place: &JsonPlace<'_>, step: usize, fields: &JsonFields<'_>, chat: &Chat) -> String {
    let mut name = "message".to_owned();
    if let Some(number) = place.number(step) {
        name.push_str(&format!(" {number}"));
    }
    if let Some(author) = chat.author.iter().find_map(|pointer| fields.text(pointer)) {
        name.push_str(&format!(" of {}", one_line(&author)));
    }
    let title = |step| {
        let title = |fields: &JsonFields<'_>| chat.title.iter().find_map(|pointer| fields.text(pointer));
        place.ask(step, "title", title)
    };
    if !chat.title.is_empty()
        && let Some(title) = (0..step).rev().find_map(title)
    {
        name.push_str(&format!(" in {}", one_line(&title)));
    }
    let more = (step + 1..place.depth()).find_map(|step| Some((step, thing(place.field(step)?)?)));
    if let Some((step, thing)) = more {
        name.push_str(&format!(", {thing}"));
        if let Some(number) = place.number(step + 1) {
            name.push_str(&format!(" {number}"));
        }
        let called = |fields: &JsonFields<'_>| {
            let names = ["/name", "/file_name", "/fileName", "/filename", "/title"];
            names.iter().find_map(|pointer| fields.text(pointer))
        };
        if let Some(file) = place.ask(step + 1, "name", called) {
            name.push_str(&format!(" ({})", one_line(&file)));
        }
    }
    name
}

/// What hangs on a message under this field.
fn thing(field: &str) -> Option<&'static str> {
    match field {
        "files" => Some("file"),
        "attachments" => Some("attachment"),
        "embeds" => Some("embed"),
        "replies" => Some("reply"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::parts::testing;
    use krea_scan_text::LayerKind;

    #[track_caller]
    fn name(text: &str) -> String {
        testing::name(text, LayerKind::Message)
    }

    #[test]
    fn slack() {
        let message = |more: &str| format!(r#"[{{"type":"x"}},{{"type":"message","ts":"1.2",{more}}}]"#);
        assert_eq!(name(&message(r#""user":"U02ABC","text":"HERE""#)), "message 2 of U02ABC");
        let profile = r#""user":"U02","user_profile":{"display_name":"","real_name":"Ann  Lee"}"#;
        assert_eq!(name(&message(&format!(r#"{profile},"text":"HERE""#))), "message 2 of Ann Lee");
        let file = r#""user":"U02","files":[{},{"name":"keys.txt","preview":"HERE"}]"#;
        assert_eq!(name(&message(file)), "message 2 of U02, file 2 (keys.txt)");
        let attached = r#""username":"bot","attachments":[{"fields":[{"value":"HERE"}]}]"#;
        assert_eq!(name(&message(attached)), "message 2 of bot, attachment 1");
        assert_eq!(
            name(&format!(r#"{{"ok":true,"messages":{}}}"#, message(r#""text":"HERE""#))),
            "message 2"
        );
    }

    #[test]
    fn other_chats() {
        let discord = r#"{"guild":{"name":"Shop"},"channel":{"name":"dev"},"messages":[{"id":"1",
            "timestamp":"2026-06-12","content":"HERE","author":{"id":"2","name":"ann","nickname":"Ann"}}]}"#;
        assert_eq!(name(discord), "message 1 of Ann in dev");
        let teams = r#"{"value":[{"id":"1","messageType":"message","createdDateTime":"2026-06-12T09:00:00Z",
            "from":{"user":{"displayName":"Ann Lee"}},"body":{"contentType":"html","content":"HERE"}}]}"#;
        assert_eq!(name(teams), "message 1 of Ann Lee");
        let skype = r#"{"userId":"8:ann","conversations":[{"displayName":"Shop","MessageList":[{"id":"1",
            "displayName":null,"originalarrivaltime":"2026-06-12","from":"8:bob","content":"HERE"}]}]}"#;
        assert_eq!(name(skype), "message 1 of 8:bob in Shop");
        let telegram = r#"{"chats":{"list":[{"name":"Shop","messages":[{"id":7,"type":"message",
            "date_unixtime":"1","from":"Ann","text":["the key: ",{"type":"code","text":"HERE"}]}]}]}}"#;
        assert_eq!(name(telegram), "message 1 of Ann in Shop");
        let mattermost = "{\"type\":\"version\",\"version\":1}\n{\"type\":\"post\",\"post\":{\"user\":\"ann\",\
            \"channel\":\"dev\",\"message\":\"HERE\",\"create_at\":1}}\n";
        assert_eq!(name(mattermost), "message of ann");
        let chatgpt = r#"[{"title":"Key fails","mapping":{"a-b":{"message":{"id":"a-b","author":{"role":"user"},
            "create_time":1.5,"content":{"content_type":"text","parts":["HERE"]}}}}}]"#;
        assert_eq!(name(chatgpt), "message of user in Key fails");
        let claude = r#"[{"uuid":"1","name":"Key fails","chat_messages":[{"uuid":"2","text":"HERE",
            "sender":"human","content":[]}]}]"#;
        assert_eq!(name(claude), "message 1 of human in Key fails");
    }

    #[test]
    fn other_json_has_no_messages() {
        for text in [
            r#"{"type":"message","text":"HERE"}"#,
            r#"{"name":"shop","scripts":{"start":"HERE"}}"#,
            r#"{"mcpServers":{"krea":{"env":{"KREA_API_KEY":"HERE"}}}}"#,
            r#"{"ts":1,"type":"event","user":"HERE"}"#,
            "[\"HERE",
        ] {
            assert_eq!(name(text), "", "{text}");
        }
    }
}
