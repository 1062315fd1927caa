//! How words stand on a terminal: lines that end between words and go on indented, and a little colour. Takes finished
//! text, gives lines; decides nothing about what is said.

use anstyle::{AnsiColor, Style};

/// Narrower terminals get their lines as they are, in characters.
const NARROWEST: usize = 20;
/// How much further in a line of a list goes on, in characters.
const HANGING: usize = 2;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// The title of a part.
    Heading,
    /// A step done, a token proven dead.
    Good,
    /// A token that lives, a step not done.
    Bad,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Heading => Style::new().bold(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// The text in the style of its tone, line by line.
pub fn paint(text: &str, tone: Tone) -> String {
    let style = tone.style();
    let line = |line: &str| if line.is_empty() { String::new() } else { format!("{style}{line}{style:#}") };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Ends lines between words, so that none is wider than the terminal, in characters. A word that is wider by itself (a
/// path, a URL) and what stands in backticks stay whole, so that they can be copied.
pub fn wrap(text: &str, width: usize) -> String {
    if width < NARROWEST {
        return text.to_owned();
    }
    text.split('\n').map(|line| wrap_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    let indent = line.chars().take_while(|&c| c == ' ').count();
    let words = words(line);
    // `a7b81471  live: …` is a line of a list, and not of a paragraph.
    let hanging = if words.iter().skip(1).any(|&(gap, _)| gap > 1) { HANGING } else { 0 };
    let mut wrapped = String::with_capacity(line.len());
    let (mut column, mut is_first) = (0, true);
    for (gap, word) in words {
        let length = word.chars().count();
        if !is_first && column + gap + length > width {
            wrapped.push('\n');
            column = indent + hanging;
            wrapped.extend(std::iter::repeat_n(' ', column));
        } else {
            wrapped.extend(std::iter::repeat_n(' ', gap));
            column += gap;
        }
        wrapped.push_str(word);
        column += length;
        is_first = false;
    }
    wrapped
}

/// The words of a line, each with the number of spaces before it.
fn words(line: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let word = rest.trim_start_matches(' ');
        if word.is_empty() {
            return words;
        }
        let spaces = || word.match_indices(' ').map(|(at, _)| at);
        let is_closed = |text: &str| text.matches('`').count().is_multiple_of(2);
        let end = match is_closed(word) {
            true => spaces().find(|&at| is_closed(&word[..at])),
            // A backtick that is never closed quotes nothing.
            false => spaces().next(),
        };
        let (word, after) = word.split_at(end.unwrap_or(word.len()));
        words.push((rest.len() - word.len() - after.len(), word));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_and_go_on_indented() {
        let text = "  a7b81471  live: Krea answered 200\nshort";
        assert_eq!(wrap(text, 24), "  a7b81471  live: Krea\n    answered 200\nshort");
        assert_eq!(wrap(text, 80), text);
        assert_eq!(wrap(text, NARROWEST - 1), text);
    }

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        let path = format!("/{}", "x".repeat(40));
        assert_eq!(wrap(&format!("it is held in {path} now"), 20), format!("it is held in\n{path}\nnow"));
        let command = "`git -C /srv/shop rm --cached -- .env`";
        assert_eq!(
            wrap(&format!("take it out with {command} now"), 20),
            format!("take it out with\n{command}\nnow")
        );
        assert_eq!(wrap("an unclosed ` is a mere character", 20), "an unclosed ` is a\nmere character");
    }

    #[test]
    fn each_line_is_painted_by_itself() {
        assert_eq!(paint("a\n\nb", Tone::Plain), "a\n\nb");
        assert_eq!(paint("a\n\nb", Tone::Good), "\u{1b}[32ma\u{1b}[0m\n\n\u{1b}[32mb\u{1b}[0m");
    }
}
