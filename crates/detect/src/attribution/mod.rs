//! Whose is this value? Gathers what speaks for it and decides by one written order.
//!
//! Takes a text, where a value stands in it, and what the path and the surroundings of an encoded text say; gives an
//! [`Attribution`]. The order is in [`evidence`]; the words are data, in `rules/names.toml` and `rules/services.toml`. Where the
//! value begins and ends, and whether it looks random, is not decided here.

mod assignment;
mod blocks;
mod evidence;
mod gather;
mod hosts;
mod label;
mod lines;
mod object_members;
mod parallel;
mod scope;
mod scopes;
mod statement;
mod table;
mod text_index;
mod unknown_owner;
mod uses;
mod value_context;

use super::boundary;
use super::names::{self, NameKind};
use super::vocabulary::vocabulary;
use krea_scan_text::label::bounded;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;
use text_index::TextIndex;

pub use evidence::{Attribution, Evidence, EvidencePlace, Strength};
pub use lines::line_range;
pub use value_context::ValueContext;

/// `krea` this near says something, in bytes and in lines.
const NEARBY_BYTES: usize = 8192;
const NEARBY_LINES: usize = 50;
/// No item of a list of logins and the like is longer, in bytes.
const ITEM: usize = 400;
/// So many mentions on either side of a value are asked whether they label what is another's.
const FEW_MENTIONS: usize = 2;

static KREA: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i-u)krea").expect("a constant pattern"));
/// A service whose keys have the shape of Krea's, by its names.
static LOOKALIKE: LazyLock<Regex> = LazyLock::new(|| {
    let names = vocabulary().lookalikes();
    Regex::new(&format!(r"(?-u)\b(?i:{names})(?:\b|[_.-]|Key|Api|AI|Client|Token|Secret|Cred)"))
        .expect("names are words")
});

/// A longer name is cut, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// No value that counts is longer, in bytes.
const MAX_VALUE_BYTES: usize = 1024;

/// What is known of a text before any of its values is looked at.
#[derive(Debug)]
pub struct Surroundings<'a> {
    text: &'a [u8],
    /// Where `krea` stands as a word.
    mentions: Vec<usize>,
    /// These but for the ones in names of what another service makes: `flux-krea`.
    own_mentions: Vec<usize>,
    /// The file's name says Krea; only a folder's name does.
    path: PathSays,
    /// For a decoded text: whose the encoded value was.
    outer: Option<&'a Attribution>,
    /// The header of the table that was last looked at.
    header: table::LastHeader,
    index: TextIndex,
}

/// What a path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathSays {
    /// Nothing.
    Nothing,
    /// A folder is Krea's.
    Folder,
    /// The file itself is.
    File,
}

impl PathSays {
    /// Reads the components of a path below the scan's root.
    pub fn of(path: &str) -> Self {
        let says = |part: &str| {
            KREA.find_iter(part.as_bytes()).any(|m| names::is_krea_mention(part.as_bytes(), m.start()))
        };
        let (folders, file) = path.rsplit_once('/').unwrap_or(("", path));
        if says(file) {
            PathSays::File
        } else if says(folders) {
            PathSays::Folder
        } else {
            PathSays::Nothing
        }
    }
}

impl<'a> Surroundings<'a> {
    /// Looks a text over.
    pub fn new(text: &'a [u8], path: PathSays, outer: Option<&'a Attribution>) -> Self {
        let mentions: Vec<usize> = KREA
            .find_iter(text)
            .map(|found| found.start())
            .filter(|&at| names::is_krea_mention(text, at) || boundary::is_string(text, &(at..at + 4)))
            .collect();
        let is_own = |at: &usize| !unknown_owner::is_in_another_name(text, *at);
        let own_mentions = mentions.iter().copied().filter(is_own).collect();
        let (header, index) = (table::LastHeader::default(), TextIndex::default());
        Surroundings { text, mentions, own_mentions, path, outer, header, index }
    }

    /// Whether anything at all ties this text to Krea.
    pub fn is_related(&self) -> bool {
        !self.mentions.is_empty() || self.path != PathSays::Nothing || self.outer.is_some()
    }

    /// Whether `krea` stands within `reach` bytes of `at`, or the file's name says it.
    pub fn mentioned_within(&self, at: usize, reach: usize) -> bool {
        self.path == PathSays::File
            || self.outer.is_some()
            || self
                .mentions
                .get(self.mentions.partition_point(|&mention| mention + reach < at))
                .is_some_and(|&mention| mention <= at + reach)
    }

    /// The stretches of the text that hold all that stands within `reach` bytes of a mention, in order: the text itself where
    /// its path or what it was decoded from says Krea. What starts at the very beginning of a stretch may be cut.
    pub fn zones(&self, reach: usize) -> Vec<Range<usize>> {
        // A value that starts in reach may reach further, and one that starts before it is not to be cut.
        let reach = reach + MAX_VALUE_BYTES;
        if self.path == PathSays::File || self.outer.is_some() {
            return std::iter::once(0..self.text.len()).collect();
        }
        let mut zones: Vec<Range<usize>> = Vec::new();
        for &at in &self.mentions {
            let zone = at.saturating_sub(reach)..(at + reach).min(self.text.len());
            match zones.last_mut() {
                Some(last) if zone.start <= last.end => last.end = zone.end,
                _ => zones.push(zone),
            }
        }
        zones
    }

    /// Looks at the value at `span`.
    pub fn value_context(&self, span: &Range<usize>) -> ValueContext<'_> {
        ValueContext::new(self, span.clone())
    }

    /// Whether the name of the value at `span` says Krea. It is asked of each value beside it.
    pub fn is_named_kreas(&self, span: &Range<usize>) -> bool {
        self.index.of_value(span.start, || {
            let value = self.value_context(span);
            value.has_name() && value.attribution().own_name.as_deref().is_some_and(names::says_krea)
        })
    }

    /// Whose the value at `span` is.
    pub fn attribute(&self, span: &Range<usize>) -> Attribution {
        self.value_context(span).attribution()
    }

    /// The mention of Krea that is nearest to a place.
    fn nearest_mention(&self, at: usize) -> Option<usize> {
        let mentions = &self.own_mentions;
        let next = mentions.partition_point(|&mention| mention < at);
        let before = next.checked_sub(1).map(|i| mentions[i]);
        let after = mentions.get(next).copied();
        [before, after].into_iter().flatten().min_by_key(|mention| mention.abs_diff(at))
    }

    /// The mentions of Krea next to a place that are near it, some on either side.
    fn mentions_around(&self, at: usize) -> impl Iterator<Item = usize> {
        let mentions = &self.own_mentions;
        let next = mentions.partition_point(|&mention| mention < at);
        let few = next.saturating_sub(FEW_MENTIONS)..mentions.len().min(next + FEW_MENTIONS);
        mentions[few].iter().copied().filter(move |mention| mention.abs_diff(at) <= NEARBY_BYTES)
    }

    /// Whether `krea` is nearby and no service whose keys look the same is nearer.
    fn is_near(&self, at: usize) -> bool {
        let Some(mention) = self.nearest_mention(at) else { return false };
        let distance = mention.abs_diff(at);
        let between = &self.text[mention.min(at)..mention.max(at)];
        // What only describes an item says less than the item's name, which may stand farther away: `Tags: krea`.
        let line = self.index.line(self.text, &line_range(self.text, mention));
        let is_content = line.is_some_and(|line| line.is_content() && line.at <= mention);
        let reach = if is_content { distance.max(ITEM) } else { distance };
        let rival_zone = &self.text[at.saturating_sub(reach)..(at + reach).min(self.text.len())];
        distance <= NEARBY_BYTES
            && memchr::memchr_iter(b'\n', between).take(NEARBY_LINES + 1).count() <= NEARBY_LINES
            && !LOOKALIKE.is_match(rival_zone)
    }
}

/// A name as a report shows it: the last part of a dotted path when that part says it all.
pub fn shorten(name: &str) -> String {
    let name = name.trim_matches(|c: char| matches!(c, '.' | '-' | '$') || c.is_whitespace());
    let last = name.rsplit('.').next().unwrap_or(name);
    let kept = if names::classify(last) == NameKind::Krea && names::ends_like_credential(last) {
        last
    } else {
        name
    };
    bounded(kept, MAX_NAME_BYTES).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use krea_scan_token::Confidence;

    fn attribute(text: &str) -> Attribution {
        let at = text.find("@@@@").expect("a marked value");
        Surroundings::new(text.as_bytes(), PathSays::Nothing, None).attribute(&(at..at + 4))
    }

    #[test]
    fn requests_say_whose_a_header_is() {
        for text in [
            "curl https://api.krea.ai/jobs -H 'Authorization: Bearer @@@@'",
            "fetch('https://api.krea.ai/jobs', { headers: { Authorization: 'Bearer @@@@' } })",
            "h = {'Authorization': 'Bearer @@@@'}\nrequests.get('https://api.krea.ai/jobs', headers=h)",
            "{\"url\": \"https://api.krea.ai/mcp\", \"headers\": {\"Authorization\": \"Bearer @@@@\"}}",
            "GET https://api.krea.ai/jobs?api_key=@@@@",
            "curl -u @@@@ https://api.krea.ai/jobs",
            "krea auth login --api-key @@@@",
            "GET /jobs HTTP/1.1\nHost: api.krea.ai\nAuthorization: Bearer @@@@\n",
        ] {
            assert_eq!(attribute(text).strength, Strength::Stated, "{text}");
        }
    }

    #[test]
    fn another_service_takes_its_value_away() {
        for text in [
            "KREA_API_KEY=$K\nFAL_KEY=@@@@",
            "krea: 1\ncurl https://fal.run/x -H 'Authorization: Key @@@@'",
            "import krea\nfal.config({ credentials: '@@@@' })",
            "# krea uses redis\nurl = 'https://cache.example.com/x?y=1 redis://@@@@@cache.example.com'",
        ] {
            assert!(attribute(text).other_service, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn krea_nearby_is_weaker_than_a_name() {
        assert_eq!(attribute("# for krea\nx = '@@@@'").strength, Strength::Nearby);
        assert_eq!(attribute("# for krea and fal\nx = '@@@@'").strength, Strength::None);
        assert_eq!(attribute("# kreativ\nx = '@@@@'").strength, Strength::None);
        assert_eq!(attribute("# for krea\nETag: '@@@@'").pair_confidence(), Some(Confidence::Low));
        assert_eq!(attribute("# for krea\n# more\nACME_TOKEN = '@@@@'").strength, Strength::Nearby);
    }

    #[test]
    fn levels_members_and_columns_say_whose_it_is() {
        for text in [
            "krea:\n  url: x\n  api_key: @@@@\n",
            "services:\n  krea:\n    auth:\n      token: @@@@",
            "[krea]\nmodel = 1\napi_key = \"@@@@\"",
            "[tool.krea]\nkey = @@@@",
            "new Krea({ model: x({a: 1}), apiKey: \"@@@@\" })",
            "{\"krea\": {\"x\": [1, {}], \"apiKey\": \"@@@@\"}}",
            "- name: KREA_API_KEY\n  value: @@@@\n",
            "- value: @@@@\n  name: KREA_API_KEY\n",
            "VALUES ('fal', 'x'), ('@@@@', 'krea')",
            "<krea><id>x</id><token>@@@@</token></krea>",
            "<entry><id>krea-api-key</id><secret>@@@@</secret></entry>",
            "{\"value\": \"@@@@\", \"type\": \"secret\", \"key\": \"kreaApiKey\"}",
            "class KreaClient:\n    def __init__(self):\n        self.key = \"@@@@",
            "[{\"secret\":\"x\",\"vendor\":\"fal\"},{\"secret\":\"@@@@\",\"vendor\":\"krea\"}]",
            "{\"items\": [{\"login\": {\"uri\": \"https://fal.ai\"}}, {\"name\": \"Krea API\", \"login\": {\"password\": \"@@@@\"}}]}",
            "env,FAL_KEY,KREA_API_KEY\nprod,x,@@@@\n",
            "INSERT INTO cfg (fal_key, krea_key) VALUES ('x', '@@@@');",
            "const [falKey, kreaKey] = ['x', '@@@@'];",
            "dict(zip([\"fal\", \"krea\"], [\"x\", \"@@@@\"]))",
            "| Service | Key |\n|---|---|\n| fal | x |\n| krea | @@@@ |\n",
            "|===\n|fal.ai\n|x\n\n|Krea\n|@@@@\n|===",
            "<table><tr><th>Fal key</th><th>Krea key</th></tr>\n<tr><td>x</td><td>@@@@</td></tr></table>",
            "COPY s (fal_key, krea_key) FROM stdin;\nx\t@@@@\n",
            "const TOKEN = '@@@@';\nky.create({ prefixUrl: 'https://api.krea.ai', headers: { A: `Bearer ${TOKEN}` } });",
            "krea-proxy --listen :8080 --token @@@@",
            "label = x\nsecret = @@@@\nattribute.service = krea",
            "~ \"KREA_API_KEY\" = \"5d1b8c3e-7f20-4a96:6e1d9c4b7a2f80\" -> \"@@@@\"",
            "java -Dkrea.api.key=@@@@ -jar app.jar",
            "KreaのAPIキー: @@@@",
            "1|krea|@@@@|2024-01-01\n",
            "createKrea(\n  \"https://api.krea.ai\",\n  \"@@@@\",\n);",
            "src := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: \"@@@@\"})\nhttp.NewClient(src).Get(\"https://api.krea.ai/jobs\")",
            ">       assert cfg.krea_token == os.environ[\"X\"]\nE       AssertionError: assert '@@@@' == 'x'",
            "HGETALL settings\n1) \"fal\"\n2) \"x\"\n3) \"krea\"\n4) \"@@@@\"\n",
            "<tr><td>Krea API key</td><td><code>@@@@</code></td></tr><tr><td>Nebula</td><td>x</td></tr>",
            "E   AssertionError: assert '@@@@' == os.environ['KREA_API_KEY']",
            "if (\"@@@@\" === settings.kreaApiKey) {",
            "perl -pe 's/(KREA_API_KEY=).*/${1}@@@@/' .env",
            "{\"request\": {\"url\": \"https://api.krea.ai/x\"}, \"response\": {\"text\": \"{token:@@@@}\"}}",
        ] {
            assert_eq!(attribute(text).strength, Strength::Stated, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn a_line_beside_a_value_says_that_it_is_a_credential() {
        assert!(attribute("# Krea\n\nType: API token\nValue: @@@@").credential);
        assert!(!attribute("# Krea\n\nType: picture\nValue: @@@@").credential);
    }

    #[test]
    fn what_describes_a_block_speaks_for_its_values() {
        for text in [
            "metadata:\n  name: krea-api\nstringData:\n  api-key: @@@@",
            "stringData:\n  api-key: @@@@\nmetadata: {name: krea}\n",
        ] {
            assert_eq!(attribute(text).strength, Strength::Stated, "{text}: {:?}", attribute(text));
        }
        for text in [
            "metadata:\n  name: krea-postgres\nstringData:\n  password: @@@@",
            "---\nmetadata:\n  name: krea\n---\ndata:\n  key: @@@@",
        ] {
            assert_ne!(attribute(text).strength, Strength::Stated, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn the_nearer_evidence_wins() {
        for text in [
            "krea:\n  x: 1\nfal:\n  key: @@@@",
            "{\"krea\": {\"a\": 1}, \"fal\": {\"key\": \"@@@@\"}}",
            "[krea]\nx=1\n[fal]\nkey=@@@@",
            "('krea', 'x'), ('@@@@', 'fal')",
            "<krea><token>x</token></krea><fal><token>@@@@</token></fal>",
            "function kreaOrFal() {\n  const key = '@@@@';\n  fal.config({ credentials: key });\n}",
            "flux_krea:\n  url: https://fal.run/fal-ai/flux/krea\n  key: @@@@\n",
            "async function krea(p) {\n  await fetch('https://fal.run/x', { headers: { Authorization: 'Key @@@@' } });\n}",
            "GET /v1/me HTTP/1.1\nHost: api.example.com\nOrigin: https://www.krea.ai\nAuthorization: Bearer @@@@\n",
            "KREA_FAL_KEY=@@@@",
            "[{\"request\": {\"url\": \"https://api.example.com/x\"}, \"response\": {\"text\": \"{token:@@@@}\"}}, {\"request\": {\"url\": \"https://api.krea.ai/x\"}}]",
            "{\"inputs\": {\"api_key\": \"@@@@\", \"prompt\": \"a krea style fox\"}, \"class_type\": \"FalKontext\"}",
            "env,KREA_API_KEY,FAL_KEY\nprod,x,@@@@\n",
            "const [falKey, kreaKey] = ['@@@@', 'x'];",
            "krea-demo:\n  speech:\n    host: api.nebula.example\n    token: @@@@\n",
            "{\"headers\": [{\"name\": \"x-api-key\", \"value\": \"@@@@\"},\n{\"name\": \"referer\", \"value\": \"https://www.krea.ai/\"}], \"url\": \"https://api.example.com/e\"}",
            "{\"krea_upscale\": {\"api_key\": \"@@@@\", \"provider\": \"fal\"}}",
        ] {
            assert!(attribute(text).other_service, "{text}: {:?}", attribute(text));
        }
        for text in [
            "- name: KREA_API_KEY\n  valueFrom: x\n- name: OTHER\n  value: @@@@",
            "# --- krea (images)\nKREA_API_KEY=x\n\n# --- nebula (video)\nAPI_KEY_2=@@@@",
            "---\nservice: nebula\ntoken: @@@@\n---\nservice: krea\ntoken: x\n",
            "krea -> ask Ann\nnebula -> @@@@\n",
            "krea|ask Ann\nnebula|@@@@\n",
            "<tr><td>Krea</td><td><em>vault</em></td></tr><tr><td>Nebula</td><td><code>@@@@</code></td></tr>",
            "Title: fal.ai production\nTags: krea, images\nFields:\n  credential: @@@@\n",
            "1) \"krea\"\n2) \"ask Ann\"\n3) \"nebula\"\n4) \"@@@@\"\n",
            "<tr><td>Krea key</td><td>ask Ann</td></tr><tr><td>nebula</td><td>@@@@</td></tr>",
            ":Krea: ask Ann\n:Nebula token: @@@@\n",
            "<keys><krea/><nebula>@@@@</nebula></keys>",
            "$krea = Get-Secret krea\n$nebulaToken = '@@@@'\n",
            "from krea import Krea\nkrea = Krea()\nnebula = Nebula(api_key=\"@@@@\")\n",
            "[{\"key\": \"x\", \"vendor\": \"krea\"},\n{\"key\": \"@@@@\", \"vendor\": \"nebula\"}]",
            "upstreams = [{ key: env.KREA_API_KEY, url: 'https://api.krea.ai' }, { key: '@@@@', url: 'https://api.nebula.dev' }]",
            "export default {\n  krea: { url: 'https://api.krea.ai' },\n  cookie: { password: '@@@@' },\n}",
            "~ \"NEBULA_TOKEN\" = \"4fK9wq2LmZx81TbVnR5s\" -> \"@@@@\"\n\"KREA_API_KEY\" = (sensitive)\n",
        ] {
            assert_eq!(attribute(text).strength, Strength::None, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn what_is_no_credential_is_told() {
        for text in [
            "krea: 1\nGET cache key=@@@@ hit",
            "{\"krea\": {\"correlation\": \"@@@@\"}}",
            "sha256(KREA_API_KEY) = @@@@",
            "krea_cache_key: @@@@",
            "krea = {\"@@@@\": 0}",
            "kreaQueryKey = [\"krea\", \"job\", \"@@@@\"]",
        ] {
            assert!(attribute(text).no_credential, "{text}: {:?}", attribute(text));
        }
    }

    #[test]
    fn paths_speak() {
        assert_eq!(PathSays::of("credentials/krea.json"), PathSays::File);
        assert_eq!(PathSays::of("krea/config.json"), PathSays::Folder);
        assert_eq!(PathSays::of("kreativ/config.json"), PathSays::Nothing);
    }

    #[test]
    fn nearby_has_an_end_in_bytes_and_in_lines() {
        let behind = |gap: String| attribute(&format!("use krea;{gap}x = '@@@@'")).strength;
        let before = |gap: String| attribute(&format!("x = '@@@@'{gap}use krea;")).strength;
        let bytes = |length: usize| format!("\n\n{}\n\n", "-".repeat(length));
        let lines = |count: usize| "\n".repeat(count);
        assert_eq!(behind(bytes(NEARBY_BYTES - 20)), Strength::Nearby);
        assert_eq!(behind(bytes(NEARBY_BYTES)), Strength::None);
        assert_eq!(before(bytes(NEARBY_BYTES - 20)), Strength::Nearby);
        assert_eq!(before(bytes(NEARBY_BYTES)), Strength::None);
        assert_eq!((NEARBY_BYTES, NEARBY_LINES), (8192, 50), "what the documentation and the corpus go by");
        assert_eq!(behind(lines(NEARBY_LINES)), Strength::Nearby);
        assert_eq!(behind(lines(NEARBY_LINES + 1)), Strength::None);
        assert_eq!(before(lines(NEARBY_LINES)), Strength::Nearby);
        assert_eq!(before(lines(NEARBY_LINES + 1)), Strength::None);
    }
}
