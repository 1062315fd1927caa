//! Python: a string gives way to `os.environ["NAME"]`, which raises where the variable is missing; a part of one is
//! joined with `+`, a part of an f-string put into it. `import os` comes in where it is missing.

use crate::change::{LiteralSegments, Problem, ValueCopy, replaced};
use crate::code::{RedactTarget, Syntax, read_literal, unescape};
use crate::tree::{NodePath, children, each_named};
use tree_sitter::{Language, Node};

pub struct Python;

/// Where `"a" + b` needs no parentheses.
const FREE: [&str; 12] = [
    "argument_list",
    "assignment",
    "default_parameter",
    "expression_list",
    "keyword_argument",
    "list",
    "pair",
    "parenthesized_expression",
    "return_statement",
    "set",
    "tuple",
    "typed_default_parameter",
];

impl Syntax for Python {
    fn grammar(&self) -> Language {
        tree_sitter_python::LANGUAGE.into()
    }

    fn target<'p, 't>(
        &self,
        innermost: NodePath<'p, 't>,
        text: &str,
    ) -> Result<RedactTarget<'p, 't>, String> {
        if innermost.kind() == "comment" {
            return Ok(RedactTarget::Text(innermost));
        }
        let string = match innermost.kind() {
            "string_content" => innermost.up().filter(|parent| parent.kind() == "string"),
            _ => None,
        };
        let string = string.ok_or("it stands where no reference can stand: replace it by hand")?;
        let parent = string.up().ok_or("it stands alone: replace it by hand")?;
        let prefix = prefix(string.node(), text);
        if prefix.contains(['b', 't']) {
            return Err("it is in a literal of bytes or a template: replace it by hand".into());
        }
        if children(innermost.node())
            .iter()
            .any(|child| child.kind() != "escape_interpolation" && child.kind() != "escape_sequence")
        {
            return Err("its string has parts of other kinds: replace it by hand".into());
        }
        if string.upwards().any(|node| node.kind() == "type") {
            return Err("it stands in a type, where no reference can stand: replace it by hand".into());
        }
        match parent.kind() {
            "expression_statement" if parent.node().child_count() == 1 && !prefix.contains('f') => {
                Ok(RedactTarget::Text(string))
            }
            "concatenated_string" => Err("its string is joined with the next one: replace it by hand".into()),
            "case_pattern" | "keyword_pattern" | "dict_pattern" => {
                Err("it stands in a pattern, where no reference can stand: replace it by hand".into())
            }
            _ => Ok(RedactTarget::Literal(string)),
        }
    }

    fn rewrite(&self, place: NodePath<'_, '_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
        let node = place.node();
        let (start, end) = delimiters(node).ok_or("what stands here is no string: replace it by hand")?;
        let (opening, closing) = (&text[start.byte_range()], &text[end.byte_range()]);
        let inside = start.end_byte()..end.start_byte();
        let escaped =
            |at: usize| text[inside.start..at].chars().rev().take_while(|&c| c == '\\').count() % 2 == 1;
        if copies.iter().any(|copy| escaped(copy.range.start)) {
            return Err("it is written with escapes: replace it by hand".into());
        }
        // Before Python 3.12, an expression in an f-string must not use the quotes of the f-string.
        let around: Vec<NodePath> =
            place.upwards().skip(1).filter(|above| above.kind() == "string").collect();
        let is_format = prefix(node, text).contains('f');
        let quoted_by = match (is_format, around.as_slice()) {
            (false, []) => None,
            (true, []) => closing.chars().next(),
            (false, [one]) => {
                delimiters(one.node()).and_then(|(_, end)| text[end.byte_range()].chars().next())
            }
            _ => return Err("it is in an f-string inside an f-string: replace it by hand".into()),
        };
        let quote = if quoted_by == Some('"') { '\'' } else { '"' };
        let reference = |copy: &ValueCopy| format!("os.environ[{quote}{}{quote}]", copy.variable);
        if is_format {
            return Ok(replaced(text, node.byte_range(), copies, |copy| format!("{{{}}}", reference(copy))));
        }
        let mut terms = Vec::new();
        let mut at = inside.start;
        let literal = |part: &str| {
            (!part.is_empty()).then(|| format!("{opening}{}{closing}", fit(part, opening, closing)))
        };
        for copy in copies {
            terms.extend(literal(&text[at..copy.range.start]));
            terms.push(reference(copy));
            at = copy.range.end;
        }
        terms.extend(literal(&text[at..inside.end]));
        let joined = terms.join(" + ");
        let free = FREE.contains(&place.parent_kind());
        Ok(if terms.len() > 1 && !free { format!("({joined})") } else { joined })
    }

    fn read_expression(&self, node: Node<'_>, text: &str) -> Option<LiteralSegments> {
        match node.kind() {
            "comment" => Some(LiteralSegments::text(&text[node.byte_range()])),
            "subscript" => Some(LiteralSegments::code(&same_quotes(&text[node.byte_range()]))),
            "parenthesized_expression" if node.named_child_count() == 1 => {
                self.read_expression(node.named_child(0)?, text)
            }
            "binary_operator" if node.child(1)?.kind() == "+" => {
                let mut pieces = self.read_expression(node.child_by_field_name("left")?, text)?;
                pieces.append(self.read_expression(node.child_by_field_name("right")?, text)?);
                Some(pieces)
            }
            "string" => {
                let (start, end) = delimiters(node)?;
                let codes: Vec<_> = children(node)
                    .into_iter()
                    .filter(|child| child.kind() == "interpolation")
                    .map(|child| {
                        let range = child.byte_range();
                        (range.clone(), same_quotes(&text[range.start + 1..range.end - 1]))
                    })
                    .collect();
                let raw = prefix(node, text).contains('r');
                let cook = |text: &str| if raw { text.to_owned() } else { unescape(text, &['"', '\'']) };
                Some(read_literal(text, start.end_byte()..end.start_byte(), &codes, cook))
            }
            _ => None,
        }
    }

    fn reference(&self, variable: &str) -> String {
        format!("os.environ[\"{variable}\"]")
    }

    fn needs(&self, root: Node<'_>, text: &str, first: usize) -> Result<Option<(usize, String)>, Problem> {
        let mut bound = None;
        each_named(root, "os", text, |name| {
            if binds(name) {
                bound.get_or_insert(name.node().start_byte());
            }
        });
        if let Some(at) = bound {
            return Err(Problem::new(at, "`os` is another name's here: replace it by hand"));
        }
        let statements: Vec<Node> =
            children(root).into_iter().filter(|node| node.kind() != "comment").collect();
        let imported = |node: &&Node| node.end_byte() <= first && imports_os(**node, text);
        if statements.iter().any(|node| imported(&node)) {
            return Ok(None);
        }
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let is_head = |number: usize, node: &Node| match node.kind() {
            "future_import_statement" => true,
            "expression_statement" => {
                number == 0 && node.named_child(0).is_some_and(|child| child.kind() == "string")
            }
            _ => false,
        };
        let next = statements.iter().enumerate().find(|(number, node)| !is_head(*number, node));
        let at = next.map_or(text.len(), |(_, node)| node.start_byte());
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if line != at {
            let reason = "there is no clear place for `import os`: put it in, and run this again";
            return Err(Problem::new(at, reason));
        }
        Ok(Some((at, format!("import os{newline}"))))
    }
}

/// The nodes that hold a string's quotes.
fn delimiters(string: Node<'_>) -> Option<(Node<'_>, Node<'_>)> {
    let parts = children(string);
    let (start, end) = (*parts.first()?, *parts.last()?);
    (start.kind() == "string_start" && end.kind() == "string_end").then_some((start, end))
}

/// What stands before a string's quotes, in lower case.
fn prefix(string: Node<'_>, text: &str) -> String {
    let start = delimiters(string).map_or("", |(start, _)| &text[start.byte_range()]);
    start.trim_end_matches(['"', '\'']).to_ascii_lowercase()
}

/// The part of a string so that the quotes behind it still end it.
fn fit(part: &str, opening: &str, closing: &str) -> String {
    let raw = opening.to_ascii_lowercase().contains('r');
    match part.chars().next_back() {
        Some(last) if closing.len() == 3 && closing.starts_with(last) && !raw => {
            let escaped = part[..part.len() - 1].chars().rev().take_while(|&c| c == '\\').count() % 2 == 1;
            let backslash = if escaped { "" } else { "\\" };
            format!("{}{backslash}{last}", &part[..part.len() - 1])
        }
        _ => part.to_owned(),
    }
}

/// Python's two kinds of quotes mean the same.
fn same_quotes(code: &str) -> String {
    code.replace('\'', "\"")
}

/// Whether a statement makes the module known as `os`.
fn imports_os(statement: Node<'_>, text: &str) -> bool {
    statement.kind() == "import_statement"
        && children(statement).into_iter().any(|name| {
            name.kind() == "dotted_name"
                && name.child(0).is_some_and(|first| &text[first.byte_range()] == "os")
        })
}

/// Whether an identifier gives its name to something, other than by `import os`.
fn binds(name: NodePath<'_, '_>) -> bool {
    if name.kind() != "identifier" {
        return false;
    }
    let Some(parent) = name.up() else { return false };
    match (parent.kind(), name.field()) {
        ("assignment" | "augmented_assignment" | "for_statement" | "for_in_clause", Some("left"))
        | ("named_expression" | "function_definition" | "class_definition", Some("name"))
        | ("default_parameter" | "typed_default_parameter", Some("name"))
        | ("aliased_import", Some("alias")) => true,
        (
            "parameters"
            | "lambda_parameters"
            | "typed_parameter"
            | "as_pattern_target"
            | "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "dictionary_splat_pattern"
            | "global_statement"
            | "delete_statement",
            _,
        ) => true,
        // `from x import os`
        ("dotted_name", _) => {
            parent.node().child_count() == 1
                && parent.parent_kind() == "import_from_statement"
                && parent.field() == Some("name")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_becomes, assert_refused};

    #[test]
    fn a_part_ends_where_its_quotes_end() {
        assert_eq!(fit("say \"", "\"\"\"", "\"\"\""), "say \\\"");
        assert_eq!(fit("say \\\"", "\"\"\"", "\"\"\""), "say \\\"");
        assert_eq!(fit("it's ", "\"", "\""), "it's ");
    }

    #[test]
    fn a_whole_string_gives_way_to_the_variable() {
        assert_becomes(
            "a.py",
            &[
                ("import os\nkey = \"TOKEN\"\n", "import os\nkey = os.environ[\"KREA_API_KEY\"]\n"),
                (
                    "import sys, os.path\nf(a, key=r'TOKEN')",
                    "import sys, os.path\nf(a, key=os.environ[\"KREA_API_KEY\"])",
                ),
                (
                    "import os\ndef f(k='TOKEN'):\n    return'TOKEN'\n",
                    "import os\ndef f(k=os.environ[\"KREA_API_KEY\"]):\n    return os.environ[\"KREA_API_KEY\"]\n",
                ),
                (
                    "import os\nid, s = 'TOKEN'.split(':')",
                    "import os\nid, s = os.environ[\"KREA_API_KEY\"].split(':')",
                ),
                ("import os\nx = '''TOKEN'''", "import os\nx = os.environ[\"KREA_API_KEY\"]"),
            ],
        );
    }

    #[test]
    fn a_part_of_a_string_is_joined() {
        assert_becomes(
            "a.py",
            &[
                ("import os\nh = 'Bearer TOKEN'", "import os\nh = 'Bearer ' + os.environ[\"KREA_API_KEY\"]"),
                (
                    "import os\nh = {'A': u\"a\\n TOKEN b\"}",
                    "import os\nh = {'A': u\"a\\n \" + os.environ[\"KREA_API_KEY\"] + u\" b\"}",
                ),
                (
                    "import os\nh = 'TOKEN %s' % x",
                    "import os\nh = (os.environ[\"KREA_API_KEY\"] + ' %s') % x",
                ),
                (
                    "import os\nh = 'a TOKEN'.encode()",
                    "import os\nh = ('a ' + os.environ[\"KREA_API_KEY\"]).encode()",
                ),
                (
                    "import os\nd = \"\"\"{\"k\": \"TOKEN\"}\"\"\"",
                    "import os\nd = \"\"\"{\"k\": \\\"\"\"\" + os.environ[\"KREA_API_KEY\"] + \"\"\"\"}\"\"\"",
                ),
            ],
        );
    }

    #[test]
    fn an_f_string_takes_it_in() {
        assert_becomes(
            "a.py",
            &[
                (
                    "import os\nh = f\"Bearer {x!r:>{w}} TOKEN {{\"",
                    "import os\nh = f\"Bearer {x!r:>{w}} {os.environ['KREA_API_KEY']} {{\"",
                ),
                ("import os\nh = f'TOKEN'", "import os\nh = f'{os.environ[\"KREA_API_KEY\"]}'"),
                ("import os\nh = f\"{g('TOKEN')}\"", "import os\nh = f\"{g(os.environ['KREA_API_KEY'])}\""),
            ],
        );
    }

    #[test]
    fn the_import_comes_in_where_it_is_missing() {
        assert_becomes(
            "a.py",
            &[
                ("key = 'TOKEN'\n", "import os\nkey = os.environ[\"KREA_API_KEY\"]\n"),
                (
                    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nimport sys\n\nkey = 'TOKEN'\n",
                    "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\nimport os\nimport sys\n\nkey = os.environ[\"KREA_API_KEY\"]\n",
                ),
                (
                    "key = 'TOKEN'\r\nimport os\r\n",
                    "import os\r\nkey = os.environ[\"KREA_API_KEY\"]\r\nimport os\r\n",
                ),
                (
                    "import os as o\nkey = 'TOKEN'",
                    "import os\nimport os as o\nkey = os.environ[\"KREA_API_KEY\"]",
                ),
                // What nobody evaluates needs none.
                ("x = 1  # TOKEN\n", "x = 1  # ${KREA_API_KEY}\n"),
                (
                    "def f():\n    \"\"\"Calls with TOKEN.\"\"\"\n",
                    "def f():\n    \"\"\"Calls with ${KREA_API_KEY}.\"\"\"\n",
                ),
            ],
        );
        assert_refused(
            "a.py",
            &[
                ("def f(os):\n    return 'TOKEN'", "another name's"),
                ("from x import os\na = 'TOKEN'", "another name's"),
                ("os = 1\na = 'TOKEN'", "another name's"),
                ("for os in x:\n    a = 'TOKEN'", "another name's"),
                ("with x as os:\n    a = 'TOKEN'", "another name's"),
                ("'''doc'''; a = 'TOKEN'", "no clear place"),
            ],
        );
    }

    #[test]
    fn what_is_unclear_is_left_alone() {
        assert_refused(
            "a.py",
            &[
                ("import os\na = b'TOKEN'", "bytes"),
                ("import os\na = 'a' 'TOKEN'", "joined with the next"),
                ("import os\ndef f(a: Literal['TOKEN']): pass", "a type"),
                ("import os\nmatch x:\n    case 'TOKEN': pass", "a pattern"),
                ("import os\na = f'{f\"TOKEN\"}'", "inside an f-string"),
                ("import os\na = f'{x:TOKEN}'", "no reference"),
                ("import os\na = '\\TOKEN'", "escapes"),
                ("'''Doc \\xTOKEN'''\n", "escapes"),
                ("import os\nif a = 'TOKEN'", "does not parse"),
            ],
        );
    }
}
