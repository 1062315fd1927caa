//! Where one is in an RTF document: in its text, in a note, in bytes written as hex digits.

use encoding_rs::Encoding;
use std::collections::HashMap;

/// Groups nest no deeper in practice. What is deeper belongs to the group around it.
const MAX_DEPTH: usize = 2_000;
/// Fonts that are remembered.
const MAX_FONTS: usize = 10_000;

/// What a variable of the document is called: its name and its value are groups in it.
pub const VARIABLE: &str = "document variable";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The text of the document.
    Text,
    /// Something beside the text, and what people call it.
    Aside(&'static str),
    /// Bytes, and what they are.
    Bytes(&'static str),
    /// Nothing that anybody wrote.
    Nothing,
    /// The list of fonts.
    Fonts,
}

/// What a group has of its own.
#[derive(Clone, Copy, Debug)]
pub struct RtfGroup {
    pub holds: Holds,
    /// How many characters stand for one of Unicode, for programs that do not know that.
    pub fallback: u32,
    /// How bytes are to be read.
    pub encoding: &'static Encoding,
    /// Whether the group says that programs that do not know it may pass it.
    is_optional: bool,
}

/// The groups that are open.
pub struct Groups {
    open: Vec<RtfGroup>,
    deeper: u64,
    /// What bytes are where no font says anything.
    default: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    /// The font that is being listed.
    font: i32,
    /// A number for each group that was opened, which tells one note from the next.
    pub count: u64,
}

impl Default for Groups {
    fn default() -> Self {
        Groups {
            open: vec![RtfGroup {
                holds: Holds::Text,
                fallback: 1,
                encoding: encoding_rs::WINDOWS_1252,
                is_optional: false,
            }],
            deeper: 0,
            default: encoding_rs::WINDOWS_1252,
            fonts: HashMap::new(),
            font: 0,
            count: 0,
        }
    }
}

impl Groups {
    /// The innermost one.
    pub fn now(&self) -> RtfGroup {
        self.open[self.open.len() - 1]
    }

    /// How many are open.
    pub fn depth(&self) -> u64 {
        self.open.len() as u64 - 1 + self.deeper
    }

    /// One more is opened.
    pub fn open(&mut self) {
        self.count += 1;
        if self.open.len() < MAX_DEPTH {
            self.open.push(RtfGroup { is_optional: false, ..self.now() });
        } else {
            self.deeper += 1;
        }
    }

    /// The innermost one is closed.
    pub fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// `\*`.
    pub fn optional(&mut self) {
        self.set(|group| group.is_optional = true);
    }

    fn set(&mut self, change: impl FnOnce(&mut RtfGroup)) {
        // Of what is too deep nothing is known any more.
        if self.deeper == 0 {
            let last = self.open.len() - 1;
            change(&mut self.open[last]);
        }
    }

    /// Takes in what a control word says of the group.
    pub fn word(&mut self, word: &str, number: Option<i32>) {
        let now = self.now();
        match word {
            "uc" => self.set(|group| group.fallback = number.unwrap_or(1).clamp(0, 16) as u32),
            "ansicpg" => {
                self.default = code_page(number.unwrap_or(0)).unwrap_or(self.default);
                let default = self.default;
                self.set(|group| group.encoding = default);
            }
            "mac" => {
                self.default = encoding_rs::MACINTOSH;
                self.set(|group| group.encoding = encoding_rs::MACINTOSH);
            }
            "f" if now.holds == Holds::Fonts => self.font = number.unwrap_or(0),
            "fcharset" if now.holds == Holds::Fonts => {
                if let Some(encoding) = charset(number.unwrap_or(0))
                    && self.fonts.len() < MAX_FONTS
                {
                    self.fonts.insert(self.font, encoding);
                }
            }
            "f" => {
                let encoding = self.fonts.get(&number.unwrap_or(0)).copied().unwrap_or(self.default);
                self.set(|group| group.encoding = encoding);
            }
            "plain" => {
                let default = self.default;
                self.set(|group| group.encoding = default);
            }
            _ => {
                let holds = destination(word).or(now.is_optional.then_some(Holds::Aside("other text")));
                let is_lost = matches!(now.holds, Holds::Nothing | Holds::Bytes(_) | Holds::Fonts);
                if let Some(holds) = holds.filter(|holds| !is_lost || matches!(holds, Holds::Bytes(_))) {
                    self.set(|group| group.holds = holds);
                }
                // What stands behind is no name of a destination.
                self.set(|group| group.is_optional = false);
            }
        }
    }
}

/// What a control word makes of its group, if it does.
fn destination(word: &str) -> Option<Holds> {
    Some(match word {
        "fonttbl" => Holds::Fonts,
        "colortbl" | "stylesheet" | "listtable" | "listoverridetable" | "rsidtbl" | "latentstyles"
        | "generator" | "xmlnstbl" | "mmathPr" | "revtbl" | "panose" | "falt" | "fname" | "listtext"
        | "blipuid" | "picprop" | "pgptbl" | "pntxtb" | "pntxta" | "colorschememapping" | "defchp"
        | "defpap" | "nonshppict" => Holds::Nothing,
        "pict" => Holds::Bytes("picture"),
        "objdata" => Holds::Bytes("object"),
        "datastore" => Holds::Bytes("data store"),
        "themedata" => Holds::Bytes("theme"),
        "fontemb" | "fontfile" => Holds::Bytes("font"),
        "fldinst" => Holds::Aside("field"),
        "annotation" => Holds::Aside("comment"),
        "atnauthor" | "atnid" | "atnref" | "atndate" | "atrfstart" | "atrfend" => Holds::Nothing,
        "footnote" => Holds::Aside("footnote"),
        "header" | "headerl" | "headerr" | "headerf" => Holds::Aside("header"),
        "footer" | "footerl" | "footerr" | "footerf" => Holds::Aside("footer"),
        "title" | "subject" | "author" | "manager" | "company" | "operator" | "category" | "keywords"
        | "comment" | "doccomm" | "hlinkbase" | "info" => Holds::Aside("property"),
        "userprops" => Holds::Aside("custom property"),
        "propname" => Holds::Aside("name of a property"),
        "staticval" | "linkval" => Holds::Aside("value of a property"),
        "docvar" => Holds::Aside(VARIABLE),
        "bkmkstart" | "bkmkend" => Holds::Aside("bookmark"),
        "shptxt" | "fldrslt" | "shprslt" | "result" | "ud" => Holds::Text,
        // What is in these is shown where it stands.
        "shpinst" | "shppict" | "upr" | "do" | "nesttableprops" | "field" => return None,
        _ => return None,
    })
}

fn code_page(number: i32) -> Option<&'static Encoding> {
    let label = match number {
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        866 => "ibm866",
        10000 => "macintosh",
        65001 => "utf-8",
        1250..=1258 => return Encoding::for_label(format!("windows-{number}").as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding of a font's character set.
fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        0 => 1252,
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}
