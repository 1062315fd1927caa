//! What tesseract says of a picture: lines of words, and how high they are.

use std::collections::HashSet;

/// What was made out in one look.
#[derive(Debug, Default)]
pub struct OcrPage {
    lines: Vec<OcrLine>,
}

#[derive(Debug, Default)]
struct OcrLine {
    text: String,
    height: f32,
}

impl OcrPage {
    /// Reads tesseract's table: a row for each page, block, paragraph, line (level 4) and word (level 5), with its place,
    /// its size, and for words how sure it is and the text.
    pub fn parse(table: &str) -> OcrPage {
        let mut page = OcrPage::default();
        for row in table.lines() {
            let mut cells = row.split('\t');
            let mut cell = |n| cells.nth(n).unwrap_or_default();
            let level = cell(0);
            let height = cell(8).parse().unwrap_or(0.0);
            let word = cell(1);
            match level {
                "4" => page.lines.push(OcrLine { text: String::new(), height }),
                "5" if !word.trim().is_empty() => {
                    let Some(line) = page.lines.last_mut() else { continue };
                    if !line.text.is_empty() {
                        line.text.push(' ');
                    }
                    line.text.push_str(word);
                }
                _ => {}
            }
        }
        page.lines.retain(|line| !line.text.is_empty());
        page
    }

    /// How high the lines are that hold the middle one of all letters, in pixels; `None` without any.
    pub fn height(&self) -> Option<f32> {
        let mut lines: Vec<(f32, usize)> = self
            .lines
            .iter()
            .map(|line| (line.height, line.text.len()))
            .filter(|line| line.0 > 0.0)
            .collect();
        lines.sort_by(|a, b| a.0.total_cmp(&b.0));
        let letters: usize = lines.iter().map(|line| line.1).sum();
        let mut seen = 0;
        let middle = lines.iter().find(|line| {
            seen += line.1;
            2 * seen >= letters
        });
        middle.map(|line| line.0)
    }

    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// What this page says that `known` does not: its other lines, each with the line before and the line behind it.
    pub fn news(&self, known: &str) -> String {
        let letters = |line: &str| line.split_whitespace().collect::<String>();
        let known: HashSet<String> = known.lines().map(letters).collect();
        let is_new: Vec<bool> = self.lines.iter().map(|line| !known.contains(&letters(&line.text))).collect();
        let near = |at: usize| is_new[at.saturating_sub(1)..(at + 2).min(is_new.len())].contains(&true);
        let mut text = String::new();
        let mut is_near_last = true;
        for (at, line) in self.lines.iter().enumerate() {
            let is_near = near(at);
            if is_near {
                if !is_near_last {
                    text.push('\n');
                }
                text.push_str(&line.text);
                text.push('\n');
            }
            is_near_last = is_near;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t900\t300\t-1\t\n\
        4\t1\t1\t1\t1\t0\t10\t10\t200\t40\t-1\t\n\
        5\t1\t1\t1\t1\t1\t10\t10\t90\t40\t96.5\tToken\n\
        5\t1\t1\t1\t1\t2\t110\t10\t90\t40\t91\tcreated\n\
        4\t1\t1\t1\t2\t0\t10\t60\t200\t20\t-1\t\n\
        5\t1\t1\t1\t2\t1\t10\t60\t200\t20\t95\t \n\
        4\t1\t1\t1\t3\t0\t10\t90\t200\t22\t-1\t\n\
        5\t1\t1\t1\t3\t1\t10\t90\t200\t22\t80\ta-rather-long-word\n";

    #[test]
    fn a_table_is_lines_of_words_and_their_height() {
        let page = OcrPage::parse(TABLE);
        assert_eq!(page.text(), "Token created\na-rather-long-word");
        assert_eq!(page.height(), Some(22.0));
        assert_eq!(OcrPage::parse("").height(), None);
    }

    #[test]
    fn only_lines_that_are_new_are_said_again_with_those_around_them() {
        let page = |text: &str| OcrPage {
            lines: text.lines().map(|line| OcrLine { text: line.to_owned(), height: 1.0 }).collect(),
        };
        let second = page("one\ntwo\nthree\nfour\nfive\nsix\nse ven");
        assert_eq!(second.news("one\nt wo\nthree\nfour\nfive\nsix\nseven"), "");
        assert_eq!(second.news("0ne\ntwo\nthree\nfour\nfive\nsix\nseven"), "one\ntwo\n");
        assert_eq!(second.news("0ne\ntwo\nthree\nfour\nf1ve\nsix\nseven"), "one\ntwo\n\nfour\nfive\nsix\n");
    }
}
