//! Go: a string gives way to `os.Getenv("NAME")`, a part of one is joined with `+`. The import of `os` comes in where it
//! is missing.

use crate::change::{LiteralSegments, Problem, ValueCopy};
use crate::code::{RedactTarget, Syntax, read_literal, unescape};
use crate::tree::{NodePath, children, each_named};
use tree_sitter::{Language, Node};

pub struct Go;

/// Where `"a" + b` needs no parentheses.
const FREE: [&str; 5] =
    ["argument_list", "expression_list", "literal_element", "parenthesized_expression", "return_statement"];

impl Syntax for Go {
    fn grammar(&self) -> Language {
        tree_sitter_go::LANGUAGE.into()
    }

    fn target<'p, 't>(
        &self,
        innermost: NodePath<'p, 't>,
        _text: &str,
    ) -> Result<RedactTarget<'p, 't>, String> {
        if innermost.kind() == "comment" {
            return Ok(RedactTarget::Text(innermost));
        }
        let content =
            matches!(innermost.kind(), "interpreted_string_literal_content" | "raw_string_literal_content");
        let literal = innermost.up().filter(|_| content);
        let literal = literal
            .ok_or("it is written with escapes, or where no reference can stand: replace it by hand")?;
        if literal.upwards().any(|node| node.kind() == "const_declaration") {
            return Err(
                "it is a constant, which cannot be read at run time: make it a variable, and run this again"
                    .into(),
            );
        }
        match (literal.parent_kind(), literal.field()) {
            ("import_spec", _) => Err("it stands in an import: replace it by hand".into()),
            (_, Some("tag")) => {
                Err("it stands in a tag, where no reference can stand: replace it by hand".into())
            }
            _ => Ok(RedactTarget::Literal(literal)),
        }
    }

    fn rewrite(&self, place: NodePath<'_, '_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
        let range = place.node().byte_range();
        let quote = &text[range.start..range.start + 1];
        let mut terms = Vec::new();
        let mut at = range.start + 1;
        let literal = |part: &str| (!part.is_empty()).then(|| format!("{quote}{part}{quote}"));
        for copy in copies {
            terms.extend(literal(&text[at..copy.range.start]));
            terms.push(self.reference(copy.variable));
            at = copy.range.end;
        }
        terms.extend(literal(&text[at..range.end - 1]));
        let free = FREE.contains(&place.parent_kind());
        // As gofmt has it.
        let several =
            |list: NodePath<'_, '_>| list.kind() == "argument_list" && list.node().named_child_count() > 1;
        let plus = if place.up().is_some_and(several) { "+" } else { " + " };
        let joined = terms.join(plus);
        Ok(if terms.len() > 1 && !free { format!("({joined})") } else { joined })
    }

    fn read_expression(&self, node: Node<'_>, text: &str) -> Option<LiteralSegments> {
        let range = node.byte_range();
        match node.kind() {
            "comment" => Some(LiteralSegments::text(&text[range])),
            "call_expression" => Some(LiteralSegments::code(&text[range])),
            "parenthesized_expression" if node.named_child_count() == 1 => {
                self.read_expression(node.named_child(0)?, text)
            }
            "binary_expression" if node.child(1)?.kind() == "+" => {
                let mut pieces = self.read_expression(node.child_by_field_name("left")?, text)?;
                pieces.append(self.read_expression(node.child_by_field_name("right")?, text)?);
                Some(pieces)
            }
            "interpreted_string_literal" | "raw_string_literal" => {
                let raw = node.kind().starts_with("raw");
                let cook = |text: &str| if raw { text.to_owned() } else { unescape(text, &['"']) };
                Some(read_literal(text, range.start + 1..range.end - 1, &[], cook))
            }
            _ => None,
        }
    }

    fn reference(&self, variable: &str) -> String {
        format!("os.Getenv(\"{variable}\")")
    }

    fn needs(&self, root: Node<'_>, text: &str, _first: usize) -> Result<Option<(usize, String)>, Problem> {
        let unclear = |at| Problem::new(at, "`os` is another name's here: replace it by hand");
        let mut bound = None;
        each_named(root, "os", text, |name| {
            if is_declared(name) {
                bound.get_or_insert(name.node().start_byte());
            }
        });
        if let Some(at) = bound {
            return Err(unclear(at));
        }
        let imports: Vec<Node> =
            children(root).into_iter().filter(|node| node.kind() == "import_declaration").collect();
        let lists: Vec<Node> = imports
            .iter()
            .flat_map(|import| children(*import))
            .filter(|node| node.kind() == "import_spec_list")
            .collect();
        let specs = imports
            .iter()
            .chain(&lists)
            .flat_map(|node| children(*node))
            .filter(|node| node.kind() == "import_spec");
        for spec in specs {
            let path = spec.child_by_field_name("path").map_or("", |path| &text[path.byte_range()]);
            let name = spec.child_by_field_name("name").map(|name| &text[name.byte_range()]);
            match (path.trim_matches(['"', '`']), name) {
                ("os", None | Some("os")) => return Ok(None),
                // Imported under another name, or something else imported as `os`.
                ("os", Some(_)) | (_, Some("os")) => return Err(unclear(spec.start_byte())),
                (path, None) if path.rsplit('/').next() == Some("os") => {
                    return Err(unclear(spec.start_byte()));
                }
                _ => {}
            }
        }
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        if let Some(list) = lists.first() {
            return Ok(Some(into_list(*list, text, newline)));
        }
        let clause = children(root).into_iter().find(|node| node.kind() == "package_clause");
        let (after, blank) = match (imports.last(), clause) {
            (Some(import), _) => (*import, ""),
            (None, Some(clause)) => (clause, newline),
            (None, None) => {
                return Err(Problem::new(0, "the file has no package clause: replace it by hand"));
            }
        };
        Ok(Some((after.end_byte(), format!("{newline}{blank}import \"os\""))))
    }
}

/// Where in a list of imports `"os"` goes, and its line: sorted, among the lines of the first group.
fn into_list(list: Node<'_>, text: &str, newline: &str) -> (usize, String) {
    let mut last = None;
    let mut group = Vec::new();
    for spec in children(list).into_iter().filter(|node| node.kind() == "import_spec") {
        let row = spec.start_position().row;
        if last.is_some_and(|last| row > last + 1) {
            break;
        }
        last = Some(spec.end_position().row);
        group.push(spec);
    }
    let path = |spec: &Node| spec.child_by_field_name("path").map_or("", |path| &text[path.byte_range()]);
    let own_line = |spec: &&Node| {
        let start = text[..spec.start_byte()].rfind('\n').map_or(0, |newline| newline + 1);
        text[start..spec.start_byte()].trim().is_empty()
    };
    let next = group.iter().find(|spec| path(spec) > "\"os\"").filter(own_line);
    match (next, group.last()) {
        (Some(next), _) => (next.start_byte(), format!("\"os\"{newline}\t")),
        (None, Some(last)) if own_line(&last) => (last.end_byte(), format!("{newline}\t\"os\"")),
        _ => (list.start_byte() + 1, format!("{newline}\t\"os\"{newline}")),
    }
}

/// Whether an identifier gives its name to something.
fn is_declared(name: NodePath<'_, '_>) -> bool {
    if name.kind() != "identifier" {
        return false;
    }
    let Some(parent) = name.up() else { return false };
    match (parent.kind(), name.field()) {
        (
            "parameter_declaration"
            | "variadic_parameter_declaration"
            | "var_spec"
            | "const_spec"
            | "function_declaration",
            Some("name"),
        ) => true,
        ("expression_list", _) => parent.up().is_some_and(|above| {
            matches!(above.kind(), "short_var_declaration" | "range_clause" | "receive_statement")
                && parent.field() == Some("left")
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused};

    #[test]
    fn a_string_gives_way_to_a_call() {
        assert_becomes(
            "a.go",
            &[
                (
                    "package m\n\nimport \"os\"\n\nvar a, b = \"TOKEN\", `x`\n",
                    "package m\n\nimport \"os\"\n\nvar a, b = os.Getenv(\"KREA_API_KEY\"), `x`\n",
                ),
                (
                    "package m\n\nimport \"os\"\n\nfunc f() string {\n\treturn \"Bearer \\t TOKEN\"\n}\n",
                    "package m\n\nimport \"os\"\n\nfunc f() string {\n\treturn \"Bearer \\t \" + os.Getenv(\"KREA_API_KEY\")\n}\n",
                ),
                (
                    "package m\n\nimport \"os\"\n\nvar a = len(`{\"k\": \"TOKEN\"}` + x)\n",
                    "package m\n\nimport \"os\"\n\nvar a = len((`{\"k\": \"` + os.Getenv(\"KREA_API_KEY\") + `\"}`) + x)\n",
                ),
                (
                    "package m\n\nimport \"os\"\n\nvar a = f(\"a TOKEN\", x)\n",
                    "package m\n\nimport \"os\"\n\nvar a = f(\"a \"+os.Getenv(\"KREA_API_KEY\"), x)\n",
                ),
                (
                    "package m\n\nimport \"os\"\n\nvar a = T{\"k\": \"TOKEN\"} // TOKEN\n",
                    "package m\n\nimport \"os\"\n\nvar a = T{\"k\": os.Getenv(\"KREA_API_KEY\")} // ${KREA_API_KEY}\n",
                ),
            ],
        );
    }

    #[test]
    fn the_import_comes_in_where_it_is_missing() {
        assert_becomes(
            "a.go",
            &[
                (
                    "package m\n\nvar a = \"TOKEN\"\n",
                    "package m\n\nimport \"os\"\n\nvar a = os.Getenv(\"KREA_API_KEY\")\n",
                ),
                (
                    "package m\n\nimport \"fmt\"\n\nvar a = \"TOKEN\"\n",
                    "package m\n\nimport \"fmt\"\nimport \"os\"\n\nvar a = os.Getenv(\"KREA_API_KEY\")\n",
                ),
                (
                    "package m\n\nimport (\n\t\"fmt\"\n\t\"strings\"\n\n\t\"example.com/x\"\n)\n\nvar a = \"TOKEN\"\n",
                    "package m\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"strings\"\n\n\t\"example.com/x\"\n)\n\nvar a = os.Getenv(\"KREA_API_KEY\")\n",
                ),
                (
                    "package m\n\nimport (\n\t\"context\"\n\t\"fmt\"\n)\n\nvar a = \"TOKEN\"\n",
                    "package m\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\t\"os\"\n)\n\nvar a = os.Getenv(\"KREA_API_KEY\")\n",
                ),
            ],
        );
    }

    #[test]
    fn what_is_unclear_is_left_alone() {
        let file = |body: &str| format!("package m\n\nimport \"os\"\n\n{body}\n");
        let cases = [
            ("const a = \"TOKEN\"", "constant"),
            ("const (\n\ta = \"x\"\n\tb = \"TOKEN\"\n)", "constant"),
            ("type T struct {\n\tA string `json:\"TOKEN\"`\n}", "a tag"),
            ("func f(os string) { g(\"TOKEN\") }", "another name's"),
            ("func f() { os := 1; g(\"TOKEN\") }", "another name's"),
            ("var a = \"\\TOKEN\"", "escapes"),
            ("func f( { g(\"TOKEN\") }", "does not parse"),
        ];
        for (body, reason) in cases {
            assert_refused("a.go", &[(&file(body), reason)]);
        }
        assert_refused(
            "a.go",
            &[
                ("package m\n\nimport o \"os\"\n\nvar a = \"TOKEN\"\n", "another name's"),
                ("package m\n\nimport \"TOKEN\"\n", "an import"),
            ],
        );
    }
}
