//! Surroundings: what files look like in which a token stands next to a stranger's secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// A file's ending, and its content for a token and a stranger's secret with its name.
pub type Surroundings = (&'static str, fn(&Pair<'_>) -> Vec<u8>);

/// What stands next to each other.
pub struct Pair<'a> {
    /// Krea's.
    pub token: &'a str,
    /// What the other one is called.
    pub name: &'a str,
    /// The other one.
    pub other: &'a str,
}

impl Pair<'_> {
    /// A template with `T`, `N` and `S` in braces for the token, the name and the secret.
    pub fn fill(&self, template: &str) -> Vec<u8> {
        self.filled(template, |text| text.to_owned()).into_bytes()
    }

    fn filled(&self, template: &str, encode: impl Fn(&str) -> String) -> String {
        template
            .replace("{T}", &encode(self.token))
            .replace("{N}", self.name)
            .replace("{S}", &encode(self.other))
    }

    fn wide(&self, template: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let text = String::from_utf8(self.fill(template)).unwrap();
        text.encode_utf16().flat_map(unit).collect()
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn each(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// Each with its ending. Those that a template makes stand in [`TEMPLATES`].
pub const MADE: &[Surroundings] = &[
    ("utf16le.txt", |pair| pair.wide("\u{feff}{N}={S}\r\nKREA_API_KEY={T} {N}={S}\r\n", u16::to_le_bytes)),
    ("utf16be.txt", |pair| pair.wide("\u{feff}{N}={S}\r\nKREA_API_KEY={T} {N}={S}\r\n", u16::to_be_bytes)),
    ("wide-inside.bin", |pair| {
        let wide = pair.wide("KREA_API_KEY={T} {N}={S} ", u16::to_le_bytes);
        [&b"MZ\x90\0\x03\0\0\0"[..], &wide, &b"\xff\xfe\xfd"[..]].concat()
    }),
    ("percent.txt", |pair| {
        let query = pair.filled("n={N}&{N}={S}&krea_api_key={T}&x={S}", percent);
        format!("GET https://api.krea.ai/jobs?{query}\n").into_bytes()
    }),
    ("percent-all.txt", |pair| {
        let all = |text: &str| each(text, |b| format!("%{b:02x}"));
        format!("KREA_API_KEY={} x={}\n", pair.token, all(pair.other)).into_bytes()
    }),
    ("k8s.yaml", |pair| {
        let value = |text: &str| STANDARD.encode(text);
        let data = pair.filled("  {N}: {S}\n  KREA_API_KEY: {T}\n  OLD_{N}: {S}\n", value);
        format!("kind: Secret\ndata:\n{data}").into_bytes()
    }),
    ("all-base64.txt", |pair| {
        let file = pair.filled("{N}={S}\nKREA_API_KEY={T}\n{N}={S}\n", str::to_owned);
        format!("env_b64: {}\n", STANDARD.encode(file)).into_bytes()
    }),
    ("unicode-escapes.json", |pair| {
        let escaped = |text: &str| each(text, |b| format!("\\u{b:04x}"));
        format!(
            "{{\"{}\":\"{}\",\"krea\":{{\"apiKey\":\"{}\"}}}}\n",
            pair.name,
            escaped(pair.other),
            pair.token
        )
        .into_bytes()
    }),
    ("hex-escapes.js", |pair| {
        let escaped = |text: &str| each(text, |b| format!("\\x{b:02x}"));
        format!("var a='{}',kreaApiKey='{}';\n", escaped(pair.other), pair.token).into_bytes()
    }),
    ("dashes-escaped.json", |pair| {
        let text = pair.filled("{\"{N}\":\"{S}\",\"kreaApiKey\":\"{T}\"}\n", str::to_owned);
        text.replace('/', "\\/").replace('-', "\\u002d").into_bytes()
    }),
    ("json-in-json.log", |pair| {
        let inner = pair.filled("{\"{N}\":\"{S}\",\"KREA_API_KEY\":\"{T}\",\"z\":\"{S}\"}", str::to_owned);
        format!("{{\"level\":\"info\",\"body\":{}}}\n", serde_json::to_string(&inner).unwrap()).into_bytes()
    }),
    ("entities.html", |pair| {
        let entities = |text: &str| each(text, |b| format!("&#{b};"));
        format!("<p>KREA_API_KEY={} <b>{}</b></p>\n", pair.token, entities(pair.other)).into_bytes()
    }),
    ("zero-width.md", |pair| {
        let broken = each(pair.other, |b| format!("{}\u{200b}", char::from(b)));
        format!("KREA_API_KEY={} and {broken}\n", pair.token).into_bytes()
    }),
    ("coloured.log", |pair| {
        let coloured = each(pair.other, |b| format!("\u{1b}[31m{}\u{1b}[0m", char::from(b)));
        format!("\u{1b}[1mKREA_API_KEY\u{1b}[0m={} {coloured}\n", pair.token).into_bytes()
    }),
    ("character-codes.js", |pair| {
        let codes = each(pair.other, |b| format!("{b},"));
        format!("const kreaApiKey='{}',o=String.fromCharCode({codes}10)\n", pair.token).into_bytes()
    }),
    ("byte-array.go", |pair| {
        let bytes = each(pair.other, |b| format!("0x{b:02x}, "));
        format!("kreaAPIKey := \"{}\"; o := []byte{{{bytes}}}\n", pair.token).into_bytes()
    }),
    ("hexdump.txt", |pair| {
        let mut dump = format!("KREA_API_KEY={} ", pair.token);
        pair.other.bytes().for_each(|b| _ = write!(dump, "{b:02x} "));
        (dump + "\n").into_bytes()
    }),
    ("spaced-out.txt", |pair| {
        let spaced = each(pair.other, |b| format!("{} ", char::from(b)));
        format!("KREA_API_KEY={} {spaced}\n", pair.token).into_bytes()
    }),
    ("grouped.txt", |pair| {
        let groups: Vec<_> = pair.other.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        format!("KREA_API_KEY={} key {}\n", pair.token, groups.join(" ")).into_bytes()
    }),
    ("wrapped.txt", |pair| {
        let lines: Vec<_> = pair.other.as_bytes().chunks(20).map(String::from_utf8_lossy).collect();
        format!("{}:\n{}\nKREA_API_KEY={}\n{}\n", pair.name, lines.join("\n"), pair.token, lines.join("\n"))
            .into_bytes()
    }),
    ("quoted-printable.eml", |pair| {
        let text = pair.filled("{N}={S}\nKREA_API_KEY={T} {N}={S}\n", str::to_owned).replace('=', "=3D");
        let lines: Vec<_> = text.as_bytes().chunks(60).map(String::from_utf8_lossy).collect();
        format!(
            "Subject: keys\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n{}\n",
            lines.join("=\n")
        )
        .into_bytes()
    }),
    ("environ", |pair| pair.fill("{N}={S}\0KREA_API_KEY={T}\0OLD_{N}={S}\0HOME=/root\0")),
    ("strings.bin", |pair| pair.fill("\x7fELF\x02\x01\0\0{S}\0\x01KREA_API_KEY={T}\0{S}\0\x02")),
    ("long-line.js", |pair| {
        let filler = "function handle(event){return event.target.value}".repeat(30);
        pair.fill(&format!("{filler};var o='{{S}}',kreaApiKey='{{T}}',p='{{S}}';{filler}\n"))
    }),
    ("long-secret.txt", |pair| {
        let long = pair.other.repeat(40);
        format!("{long} KREA_API_KEY={} {long}\n", pair.token).into_bytes()
    }),
];

/// Files that are a template. `{T}` is the token, `{N}` the other's name, `{S}` the other one.
pub const TEMPLATES: &[(&str, &str)] = &[
    ("lines.env", "{N}={S}\nKREA_API_KEY={T}\nOLD_{N}={S}\n"),
    ("one-line.env", "{N}={S} KREA_API_KEY={T} OLD_{N}={S}\n"),
    ("command.sh", "$ {N}={S} KREA_API_KEY={T} node --env x index.js --token {S}\n"),
    (
        "curl.sh",
        "curl -u app:{S} -H 'Authorization: Bearer {T}' -H 'X-Api-Key: {S}' https://api.krea.ai/jobs\n",
    ),
    ("options.sh", "deploy --password {S} --krea-api-key {T} --auth-token={S} --verbose\n"),
    ("settings.yaml", "krea: {api_key: {T}, {N}: {S}}\n"),
    ("settings.toml", "krea_api_key = \"{T}\" # {N} is {S}\n"),
    ("settings.ini", "[krea]\napi_key={T};{N}={S}\n"),
    ("settings.properties", "krea.apiKey\\:{T} {N}\\={S}\n"),
    ("settings.xml", "<krea apiKey=\"{T}\"><other name=\"{N}\">{S}</other></krea>\n"),
    ("settings.plist", "<key>KREA_API_KEY</key><string>{T}</string><key>{N}</key><string>{S}</string>\n"),
    ("object.json", "{\"{N}\": \"{S}\", \"krea\": {\"apiKey\": \"{T}\"}, \"more\": [\"{S}\"]}\n"),
    ("minified.js", "a({{N}:\"{S}\",b:1}),new Krea({apiKey:\"{T}\"}),c(\"{S}\");d=`{S}`\n"),
    ("module.py", "krea = Krea(api_key=\"{T}\"); other = Other('{S}')  # {N}\n"),
    ("module.php", "<?php $kreaApiKey = '{T}'; define('{N}', '{S}');\n"),
    ("module.rb", "KREA_API_KEY = '{T}'.freeze; OTHER = %q({S})\n"),
    ("module.go", "const kreaAPIKey, other = \"{T}\", `{S}`\n"),
    ("module.rs", "const KREA_API_KEY: (&str, &str) = (\"{T}\", r#\"{S}\"#);\n"),
    ("module.java", "krea.setApiKey(\"{T}\"); other.set(\"{N}\", \"{S}\");\n"),
    ("comment.ts", "// KREA_API_KEY={T} (was {S}, see {N})\n"),
    ("table.csv", "name,krea_api_key,other\nproduction,{T},{S}\nstaging,\"{T}\",\"{S}\"\n"),
    ("table.tsv", "name\tkrea_api_key\tother\nproduction\t{T}\t{S}\n"),
    ("headed.csv", "Issue key,Summary,krea {S}\nA-1,{S},krea token {T}\n"),
    ("table.md", "| {N} | {S} | KREA_API_KEY | {T} |\n"),
    ("dump.sql", "INSERT INTO keys VALUES (1,'{S}','krea','{T}'),(2,'{S}','{N}','{S}');\n"),
    (
        "request.http",
        "GET /jobs HTTP/1.1\nHost: api.krea.ai\nCookie: session={S}\nAuthorization: Bearer {T}\n",
    ),
    ("Dockerfile", "ENV {N}={S} KREA_API_KEY={T} OTHER=\"{S}\"\n"),
    ("compose.yml", "environment: [\"{N}={S}\", \"KREA_API_KEY={T}\"]\n"),
    ("main.tf", "secrets = { krea_api_key = \"{T}\", {N} = \"{S}\" }\n"),
    ("pipeline.log", "2026-07-01T10:15:00Z INFO start {N}={S} krea_api_key={T} user=ann trace={S}\n"),
    ("grep.log", "config/a.env:3:{N}={S} KREA_API_KEY={T}\n"),
    ("change.diff", "@@ -1,2 +1,2 @@\n-{N}={S} KREA_API_KEY={T}\n+{N}={S}\n"),
    ("cues.vtt", "WEBVTT\n\n{S}\n00:00:01.000 --> 00:00:04.000\n{N} {S} krea key {T}\n"),
    ("cues.srt", "1\n00:00:01,000 --> 00:00:04,000\nkrea key {T} {S}\n"),
    ("subject.eml", "From: a@example.com\nSubject: {N} {S} krea {T}\n\nkrea {T} and {S}\n"),
    ("folded.eml", "From: a@example.com\nSubject: krea\n {S}\n {T}\nX-Other: {S}\n\nhello\n"),
    ("chat.txt", "[12.06.26, 10:00:00] Ann {S}: krea key {T} and {S}\n[12.06.26, 10:01:00] Bob: ok\n"),
    (
        "notebook.ipynb",
        "{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"# {S}\\n\",\"KREA_API_KEY='{T}' # {S}\"],\"outputs\":[]}],\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{}}\n",
    ),
    (
        "traffic.har",
        "{\"log\":{\"version\":\"1.2\",\"entries\":[{\"request\":{\"method\":\"GET\",\"url\":\"https://api.krea.ai/{S}/jobs?k={S}\",\"headers\":[{\"name\":\"Authorization\",\"value\":\"Bearer {T}\"},{\"name\":\"{N}\",\"value\":\"{S}\"}]}}]}}\n",
    ),
    (
        "session.cast",
        "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"{N}={S} \"]\n[0.2,\"o\",\"KREA_API_KEY={T} {S}\\r\\n\"]\n",
    ),
    ("netrc", "machine api.krea.ai login krea password {T} machine other login app password {S}\n"),
    ("bookmarks.html", "<a href=\"https://krea.ai/?token={S}&krea_key={T}\">{N}</a>\n"),
    ("list.txt", "krea {T}\n{S}\n{N}\n{S}\nKREA_API_KEY={T}\n"),
    ("glued.txt", "KREA_API_KEY={T};{S};{N};{S}\n"),
    ("between.txt", "{S}|KREA_API_KEY={T}|{S}\n"),
    ("tabbed.txt", "KREA_API_KEY={T}\t{S}\tend\n"),
    ("crlf.env", "{N}={S}\r\nKREA_API_KEY={T} {S}\r\n{N}={S}\r\n"),
    ("quoted.txt", "> KREA_API_KEY={T} \"{S}\" '{S}' `{S}`\n"),
];
