//! Shell scripts: a word, or a part of one, gives way to `"${NAME}"`, with the quotes that it needs. The variable's own
//! assignment becomes `NAME="${NAME:?set NAME}"`: `export` keeps its line, and a missing value stops the script.

use crate::change::{LiteralSegments, ValueCopy, replaced};
use crate::code::{RedactTarget, Syntax, unescape};
use crate::tree::{NodePath, children};
use std::ops::Range;
use tree_sitter::{Language, Node};

pub struct Shell;

/// What double quotes would take for an expansion, an escape or a quote; inside single quotes it is only text.
const SPECIAL: [char; 5] = ['$', '`', '\\', '!', '"'];

/// What the shell fills in, by the grammar's names.
const EXPANSIONS: [&str; 5] =
    ["arithmetic_expansion", "command_substitution", "expansion", "process_substitution", "simple_expansion"];

impl Syntax for Shell {
    fn grammar(&self) -> Language {
        tree_sitter_bash::LANGUAGE.into()
    }

    fn target<'p, 't>(
        &self,
        innermost: NodePath<'p, 't>,
        text: &str,
    ) -> Result<RedactTarget<'p, 't>, String> {
        if let Some(expansion) = with_default(innermost) {
            return Ok(RedactTarget::Literal(above_all(expansion)));
        }
        let literal = match innermost.kind() {
            "comment" => return Ok(RedactTarget::Text(innermost)),
            "heredoc_body" => heredoc(innermost, text)?,
            "heredoc_content" => match innermost.up() {
                Some(body) if body.kind() == "heredoc_body" => heredoc(body, text)?,
                _ => return Err(NO_PLACE.into()),
            },
            "string_content" => innermost.up().filter(|parent| parent.kind() == "string").ok_or(NO_PLACE)?,
            "word" | "raw_string" => innermost,
            _ => return Err(NO_PLACE.into()),
        };
        match literal.parent_kind() {
            "function_definition" => Err(NO_PLACE.into()),
            _ => Ok(RedactTarget::Literal(above_all(literal))),
        }
    }

    fn rewrite(&self, place: NodePath<'_, '_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
        let node = place.node();
        let escaped = |copy: &&ValueCopy| {
            text[..copy.range.start].chars().rev().take_while(|&c| c == '\\').count() % 2 == 1
        };
        if let Some(assigned) = assigned_to(place, text) {
            // `set -u` apart, a shell takes a missing variable for an empty one.
            if copies.iter().any(|copy| copy.variable == assigned) {
                return own_assignment(node, copies, text);
            }
        }
        if node.kind() != "raw_string" && copies.iter().any(|copy| escaped(&copy)) {
            return Err("it is written with escapes: replace it by hand".into());
        }
        if node.kind() != "concatenation" {
            return part(node, copies, text);
        }
        let mut rewritten = String::new();
        for child in children(node) {
            let range = child.byte_range();
            let own: Vec<ValueCopy> = copies
                .iter()
                .filter(|copy| range.start <= copy.range.start && copy.range.end <= range.end)
                .cloned()
                .collect();
            match own.is_empty() {
                true => rewritten.push_str(&text[range]),
                false => rewritten.push_str(&part(child, &own, text)?),
            }
        }
        Ok(rewritten)
    }

    fn read_expression(&self, node: Node<'_>, text: &str) -> Option<LiteralSegments> {
        let range = node.byte_range();
        let mut pieces = LiteralSegments::default();
        match node.kind() {
            "comment" => pieces.push_text(&text[range]),
            "word" => pieces.push_text(&undo_backslashes(&text[range])),
            "raw_string" => pieces.push_text(&text[range.start + 1..range.end - 1]),
            "concatenation" => {
                for child in children(node) {
                    pieces.append(self.read_expression(child, text)?);
                }
            }
            kind if EXPANSIONS.contains(&kind) => {
                // The grammar counts white space before an expansion as a part of it.
                let code = text[range.clone()].trim_start();
                pieces.push_text(&text[range.start..range.end - code.len()]);
                match default_of(node) {
                    // It comes to the default's text, unless the variable has a value.
                    Some(default) => pieces.push_text(&text[inside_quotes(default, text)]),
                    None => pieces.push_code(&expression(code)),
                }
            }
            "string" | "heredoc_body" => {
                let quoted = node.kind() == "string";
                let edge = usize::from(quoted);
                let mut at = range.start + edge;
                let plain: &[char] = if quoted { &['"', '\\', '$', '`'] } else { &['\\', '$', '`'] };
                for child in children(node).into_iter().filter(|child| EXPANSIONS.contains(&child.kind())) {
                    pieces.push_text(&unescape(&text[at..child.start_byte()], plain));
                    pieces.append(self.read_expression(child, text)?);
                    at = child.end_byte();
                }
                pieces.push_text(&unescape(&text[at..range.end - edge], plain));
            }
            _ => return None,
        }
        Some(pieces)
    }

    fn reference(&self, variable: &str) -> String {
        expression(&braced(variable))
    }
}

/// The `${NAME:-…}` or `${NAME:=…}` whose default a node is in.
fn with_default<'p, 't>(place: NodePath<'p, 't>) -> Option<NodePath<'p, 't>> {
    let parts = ["concatenation", "raw_string", "string", "string_content", "variable_name", "word"];
    let above = place.upwards().find(|above| !parts.contains(&above.kind()))?;
    let (default, node) = (default_of(above.node())?, place.node());
    (default.start <= node.start_byte() && node.end_byte() <= default.end).then_some(above)
}

/// Where the default of an expansion stands.
fn default_of(expansion: Node<'_>) -> Option<Range<usize>> {
    let operator = expansion.child_by_field_name("operator")?;
    let known = expansion.kind() == "expansion" && matches!(operator.kind(), ":-" | "-" | ":=" | "=");
    known.then(|| operator.end_byte()..expansion.end_byte() - 1)
}

/// The range without the quotes at its ends.
fn inside_quotes(range: Range<usize>, text: &str) -> Range<usize> {
    let part = &text[range.clone()];
    let quoted = ['"', '\''].iter().any(|&q| part.len() > 1 && part.starts_with(q) && part.ends_with(q));
    if quoted { range.start + 1..range.end - 1 } else { range }
}

/// The whole of a word that is put together from parts.
fn above_all<'p, 't>(part: NodePath<'p, 't>) -> NodePath<'p, 't> {
    part.up().filter(|parent| parent.kind() == "concatenation").unwrap_or(part)
}

const NO_PLACE: &str = "it stands where no reference can stand: replace it by hand";

fn braced(variable: &str) -> String {
    crate::change::braced(variable)
}

/// `${NAME:?text}` is `${NAME}` with a message for when it is missing.
fn expression(code: &str) -> String {
    match code.strip_suffix('}').and_then(|code| code.split_once(":?")) {
        Some((start, _)) if start.starts_with("${") => format!("{start}}}"),
        _ => code.to_owned(),
    }
}

/// A here-document, unless its delimiter is quoted: then nothing in it is expanded.
fn heredoc<'p, 't>(body: NodePath<'p, 't>, text: &str) -> Result<NodePath<'p, 't>, String> {
    let redirect = children(body.up().ok_or(NO_PLACE)?.node());
    let start = redirect.into_iter().find(|node| node.kind() == "heredoc_start").ok_or(NO_PLACE)?;
    match text[start.byte_range()].contains(['\'', '"', '\\']) {
        true => {
            Err("its here-document has a quoted delimiter, so nothing in it is expanded: replace it by hand"
                .into())
        }
        false => Ok(body),
    }
}

/// The variable whose value a node is.
fn assigned_to<'s>(place: NodePath<'_, '_>, text: &'s str) -> Option<&'s str> {
    let assignment = place.up().filter(|parent| parent.kind() == "variable_assignment")?;
    let name = assignment.node().child_by_field_name("name").filter(|_| place.field() == Some("value"))?;
    Some(&text[name.byte_range()])
}

/// `NAME=token` becomes `NAME="${NAME:?set NAME}"`.
fn own_assignment(node: Node<'_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
    let range = node.byte_range();
    let inside = match node.kind() {
        "string" | "raw_string" => range.start + 1..range.end - 1,
        "word" => range,
        _ => return Err("its variable holds more than the token: replace it by hand".into()),
    };
    match copies {
        [copy] if copy.range == inside && !text[inside.clone()].is_empty() => {
            let name = copy.variable;
            Ok(format!("\"${{{name}:?set {name}}}\""))
        }
        _ => Err("its variable holds more than the token: replace it by hand".into()),
    }
}

/// One word, string or here-document, with expansions for the copies in it.
fn part(node: Node<'_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
    let range = node.byte_range();
    let plain = |copy: &ValueCopy| braced(copy.variable);
    let quoted = |copy: &ValueCopy| format!("\"{}\"", braced(copy.variable));
    Ok(match node.kind() {
        "string" | "heredoc_body" => replaced(text, range, copies, plain),
        "word" => replaced(text, range, copies, quoted),
        "expansion" => {
            let name =
                children(node).into_iter().find(|child| child.kind() == "variable_name").ok_or(NO_PLACE)?;
            let default = default_of(node).map(|range| inside_quotes(range, text)).ok_or(NO_PLACE)?;
            match copies {
                [copy] if copy.range == default && copy.variable == &text[name.byte_range()] => {
                    format!("{}:?set {}}}", &text[range.start..name.end_byte()], copy.variable)
                }
                _ => return Err("it is in the default of another variable: replace it by hand".into()),
            }
        }
        "raw_string" => {
            let inside = range.start + 1..range.end - 1;
            if replaced(text, inside.clone(), copies, |_| String::new()).contains(SPECIAL) {
                // The single quotes end before the expansion and start again after it.
                replaced(text, range, copies, |copy| format!("'{}'", quoted(copy))).replace("''", "")
            } else {
                format!("\"{}\"", replaced(text, inside, copies, plain))
            }
        }
        _ => return Err(NO_PLACE.into()),
    })
}

/// A word without the backslashes that quote its characters.
fn undo_backslashes(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused};

    #[test]
    fn words_and_strings_get_the_quotes_that_they_need() {
        assert_becomes(
            "a.sh",
            &[
                (
                    "curl -u TOKEN --key=TOKEN x\n",
                    "curl -u \"${KREA_API_KEY}\" --key=\"${KREA_API_KEY}\" x\n",
                ),
                ("curl -H \"Bearer $x TOKEN\"\n", "curl -H \"Bearer $x ${KREA_API_KEY}\"\n"),
                (
                    "curl -H 'Authorization: Bearer TOKEN'\n",
                    "curl -H \"Authorization: Bearer ${KREA_API_KEY}\"\n",
                ),
                (
                    "curl -d '{\"k\":\"TOKEN\",\"$x\":1}'\n",
                    "curl -d '{\"k\":\"'\"${KREA_API_KEY}\"'\",\"$x\":1}'\n",
                ),
                ("echo 'TOKEN $x TOKEN'\n", "echo \"${KREA_API_KEY}\"' $x '\"${KREA_API_KEY}\"\n"),
                ("a=(x TOKEN 'TOKEN')\n", "a=(x \"${KREA_API_KEY}\" \"${KREA_API_KEY}\")\n"),
                (
                    "echo \"$(curl TOKEN)\" pre\"x\"TOKEN\n",
                    "echo \"$(curl \"${KREA_API_KEY}\")\" pre\"x\"\"${KREA_API_KEY}\"\n",
                ),
                ("b=$x:TOKEN\n", "b=$x:\"${KREA_API_KEY}\"\n"),
                ("cat <<EOF\nk: TOKEN\nl: $x\nEOF\n", "cat <<EOF\nk: ${KREA_API_KEY}\nl: $x\nEOF\n"),
                ("# TOKEN\n", "# ${KREA_API_KEY}\n"),
            ],
        );
    }

    #[test]
    fn the_variables_own_assignment_asks_for_a_value() {
        let own = "KREA_API_KEY=\"${KREA_API_KEY:?set KREA_API_KEY}\"";
        for quoted in ["TOKEN", "\"TOKEN\"", "'TOKEN'"] {
            assert_becomes(
                ".envrc",
                &[
                    (&format!("export KREA_API_KEY={quoted} A=1\n"), &format!("export {own} A=1\n")),
                    (&format!("KREA_API_KEY={quoted} npm start\n"), &format!("{own} npm start\n")),
                    (&format!("MY_KEY={quoted}\n"), "MY_KEY=\"${KREA_API_KEY}\"\n"),
                ],
            );
        }
    }

    #[test]
    fn a_default_gives_way_to_a_demand() {
        assert_becomes(
            "a.sh",
            &[
                (": \"${KREA_API_KEY:=TOKEN}\"\n", ": \"${KREA_API_KEY:?set KREA_API_KEY}\"\n"),
                ("a=${KREA_API_KEY:-'TOKEN'} b\n", "a=${KREA_API_KEY:?set KREA_API_KEY} b\n"),
                (
                    "a=\"$x ${KREA_API_KEY-TOKEN} ${y:-z}\"\n",
                    "a=\"$x ${KREA_API_KEY:?set KREA_API_KEY} ${y:-z}\"\n",
                ),
            ],
        );
        assert_refused(
            "a.sh",
            &[
                ("a=${OTHER:-TOKEN}\n", "another variable"),
                ("a=${KREA_API_KEY:-x TOKEN}\n", "another variable"),
                ("a=${x%TOKEN}\n", "no reference"),
            ],
        );
    }

    #[test]
    fn what_is_unclear_is_left_alone() {
        assert_refused(
            "a.sh",
            &[
                ("x=$'TOKEN'\n", "no reference"),
                ("cat <<'EOF'\nTOKEN\nEOF\n", "quoted delimiter"),
                ("KREA_API_KEY=\"a TOKEN\"\n", "more than the token"),
                ("echo \"\\TOKEN\"\n", "escapes"),
                ("if true; then echo TOKEN\n", "does not parse"),
            ],
        );
    }
}
