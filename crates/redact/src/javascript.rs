//! JavaScript and TypeScript: a string gives way to `process.env.NAME`, a part of one to a template literal.
//!
//! One grammar reads them all, TypeScript's with JSX. What only TypeScript without JSX allows (`<T>value`) it does not
//! parse, and such a file is left alone. A variable whose name puts it into what browsers get is never used: client code
//! must not hold a token.

use crate::change::{LiteralSegments, ValueCopy, replaced};
use crate::code::{RedactTarget, Syntax, read_literal, unescape};
use crate::tree::{NodePath, children};
use crate::variable;
use tree_sitter::{Language, Node};

/// JavaScript's syntax, in a file.
pub struct JavaScript<'p> {
    /// The file's path: some configurations are read by what builds for browsers.
    pub path: &'p str,
}

/// Where a string stands as an expression, and another one can take its place: the kind of the parent, and the field.
const EXPRESSION_PLACES: &[(&str, Option<&str>)] = &[
    ("arguments", None),
    ("array", None),
    ("arrow_function", Some("body")),
    ("as_expression", None),
    ("assignment_expression", Some("right")),
    ("assignment_pattern", Some("right")),
    ("augmented_assignment_expression", Some("right")),
    ("await_expression", None),
    ("binary_expression", Some("left")),
    ("binary_expression", Some("right")),
    ("computed_property_name", None),
    ("export_statement", Some("value")),
    ("jsx_expression", None),
    ("member_expression", Some("object")),
    ("non_null_expression", None),
    ("object_assignment_pattern", Some("right")),
    ("optional_parameter", Some("value")),
    ("pair", Some("value")),
    ("parenthesized_expression", None),
    ("public_field_definition", Some("value")),
    ("required_parameter", Some("value")),
    ("return_statement", None),
    ("satisfies_expression", None),
    ("sequence_expression", None),
    ("spread_element", None),
    ("subscript_expression", Some("index")),
    ("subscript_expression", Some("object")),
    ("switch_case", Some("value")),
    ("template_substitution", None),
    ("ternary_expression", Some("alternative")),
    ("ternary_expression", Some("condition")),
    ("ternary_expression", Some("consequence")),
    ("throw_statement", None),
    ("unary_expression", Some("argument")),
    ("variable_declarator", Some("value")),
    ("yield_expression", None),
];

fn in_jsx_attribute(place: NodePath<'_, '_>) -> bool {
    place.parent_kind() == "jsx_attribute"
}

/// Says why no expression can stand in the place of a node.
fn refuse_place(place: NodePath<'_, '_>) -> Result<(), String> {
    let Some(parent) = place.up() else { return Err("it stands alone: replace it by hand".into()) };
    let allowed =
        EXPRESSION_PLACES.iter().any(|&(kind, wanted)| kind == parent.kind() && wanted == place.field());
    let constant = parent.kind() == "as_expression"
        && children(parent.node()).iter().any(|child| child.kind() == "const");
    let attribute = parent.kind() == "pair"
        && parent.up().is_some_and(|object| object.parent_kind() == "import_attribute");
    if (allowed && !constant && !attribute) || in_jsx_attribute(place) {
        return Ok(());
    }
    let place = match parent.kind() {
        "pair" | "public_field_definition" | "property_signature" | "method_definition" => "a name",
        "literal_type" => "a type",
        "enum_assignment" | "enum_body" => "an enum's value",
        "as_expression" => "a constant for the type checker",
        "import_statement" | "export_statement" | "import_attribute" => "what is imported",
        "call_expression" => "a tagged template",
        _ => "no place for an expression",
    };
    Err(format!("it stands in {place}, where no reference can stand: replace it by hand"))
}

/// Says why a value must not come from the environment: what builds for browsers would put it into what they get, under
/// the name that the node stands under.
fn refuse_shipped(place: NodePath<'_, '_>, path: &str, text: &str) -> Result<(), String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let shipped = |key: &str| {
        let key = key.trim_matches(['"', '\'', '`', '[', ']']);
        variable::is_client(key)
            || key == "define"
            || key.contains("process.env")
            || key.contains("import.meta.env")
            || (key == "env" && name.starts_with("next.config."))
    };
    let field = |above: NodePath<'_, '_>, field: &str| {
        Some(&text[above.node().child_by_field_name(field)?.byte_range()])
    };
    let mut keys =
        place.upwards().filter(|above| above.kind() == "pair").filter_map(|pair| field(pair, "key"));
    let plugin = || {
        let called = |above| field(above, "constructor").or_else(|| field(above, "function"));
        place.upwards().filter_map(called).any(|name| name.ends_with("DefinePlugin"))
    };
    match keys.any(shipped) || plugin() {
        true => {
            Err("a build puts it into what browsers get: take it out by hand, and call Krea from a server"
                .into())
        }
        false => Ok(()),
    }
}

/// Node makes the text "undefined" of what is missing and assigned.
fn refuse_own_assignment(place: NodePath<'_, '_>, text: &str) -> Result<(), String> {
    let assignment = place.up().filter(|parent| parent.kind().ends_with("assignment_expression"));
    let left = assignment.and_then(|assignment| assignment.node().child_by_field_name("left"));
    match left.is_some_and(|left| text[left.byte_range()].starts_with("process.env")) {
        true => {
            Err("it sets the environment from within: delete the line, and set the variable outside".into())
        }
        false => Ok(()),
    }
}

impl Syntax for JavaScript<'_> {
    fn grammar(&self) -> Language {
        tree_sitter_typescript::LANGUAGE_TSX.into()
    }

    fn target<'p, 't>(
        &self,
        innermost: NodePath<'p, 't>,
        text: &str,
    ) -> Result<RedactTarget<'p, 't>, String> {
        match innermost.kind() {
            "comment" | "html_comment" => return Ok(RedactTarget::Text(innermost)),
            "jsx_text" => return Err("a page shows it as text: take it out by hand".into()),
            "string_fragment" => {}
            "string" | "template_string" => {
                return Err("it is written with escapes or around an expression: replace it by hand".into());
            }
            _ => return Err("it stands where no reference can stand: replace it by hand".into()),
        }
        match innermost.up() {
            Some(literal) if matches!(literal.kind(), "string" | "template_string") => {
                refuse_place(literal)?;
                refuse_shipped(literal, self.path, text)?;
                refuse_own_assignment(literal, text)?;
                Ok(RedactTarget::Literal(literal))
            }
            _ => Err("it stands in a type, where no reference can stand: replace it by hand".into()),
        }
    }

    fn rewrite(&self, place: NodePath<'_, '_>, copies: &[ValueCopy], text: &str) -> Result<String, String> {
        let node = place.node();
        let (start, end) = (node.start_byte() + 1, node.end_byte() - 1);
        let substitution = |copy: &ValueCopy| format!("${{{}}}", self.reference(copy.variable));
        if node.kind() == "template_string" {
            return Ok(replaced(text, node.byte_range(), copies, substitution));
        }
        let jsx = in_jsx_attribute(place);
        let parts = children(node);
        let escape = |part: &&Node<'_>| {
            part.kind() == "escape_sequence" && text[part.byte_range()].as_bytes()[1].is_ascii_digit()
        };
        if parts.iter().any(|part| escape(&part)) {
            return Err(
                "its string has octal escapes, which no template literal can have: replace it by hand".into(),
            );
        }
        if jsx
            && (text[start..end].contains(['\\', '\n', '\r'])
                || parts.iter().any(|part| part.kind() == "html_character_reference"))
        {
            return Err("its attribute has escapes or line breaks: replace it by hand".into());
        }
        let expression = match copies {
            [copy] if copy.range == (start..end) => self.reference(copy.variable),
            _ => {
                let mut template = String::from("`");
                let mut at = start;
                for copy in copies {
                    template.push_str(&for_template(&text[at..copy.range.start]));
                    template.push_str(&substitution(copy));
                    at = copy.range.end;
                }
                template + &for_template(&text[at..end]) + "`"
            }
        };
        Ok(if jsx { format!("{{{expression}}}") } else { expression })
    }

    fn read_expression(&self, node: Node<'_>, text: &str) -> Option<LiteralSegments> {
        let range = node.byte_range();
        match node.kind() {
            "comment" | "html_comment" => Some(LiteralSegments::text(&text[range])),
            "member_expression" => Some(LiteralSegments::code(&text[range])),
            "string" | "template_string" => {
                let codes: Vec<_> = children(node)
                    .into_iter()
                    .filter(|child| child.kind() == "template_substitution")
                    .map(|child| {
                        let range = child.byte_range();
                        (range.clone(), text[range.start + 2..range.end - 1].to_owned())
                    })
                    .collect();
                // In these literals, escapes mean the same; these characters need one in some literals only.
                let cook = |text: &str| unescape(text, &['"', '\'', '`', '$', '{']);
                Some(read_literal(text, range.start + 1..range.end - 1, &codes, cook))
            }
            "jsx_expression" if node.named_child_count() == 1 => {
                self.read_expression(node.named_child(0)?, text)
            }
            _ => None,
        }
    }

    fn reference(&self, variable: &str) -> String {
        format!("process.env.{variable}")
    }
}

/// The inside of a string as the inside of a template literal.
fn for_template(inside: &str) -> String {
    let mut template = String::with_capacity(inside.len());
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '`' || (c == '$' && chars.peek() == Some(&'{')) {
            template.push('\\');
        }
        template.push(c);
        if c == '\\' {
            template.extend(chars.next());
        }
    }
    template
}

#[cfg(test)]
mod tests {
    use crate::testing::{assert_becomes, assert_refused, redact};

    #[test]
    fn a_whole_string_gives_way_to_the_variable() {
        assert_becomes(
            "a.ts",
            &[
                ("const key = \"TOKEN\";\n", "const key = process.env.KREA_API_KEY;\n"),
                (
                    "const key: string = 'TOKEN' as string;",
                    "const key: string = process.env.KREA_API_KEY as string;",
                ),
                ("new Krea({ apiKey: 'TOKEN' })", "new Krea({ apiKey: process.env.KREA_API_KEY })"),
                ("export default \"TOKEN\"", "export default process.env.KREA_API_KEY"),
                (
                    "f(x ? 'TOKEN' : a['TOKEN'], ['TOKEN'])",
                    "f(x ? process.env.KREA_API_KEY : a[process.env.KREA_API_KEY], [process.env.KREA_API_KEY])",
                ),
                (
                    "const { key = 'TOKEN' } = x; class A { readonly k = 'TOKEN'; }",
                    "const { key = process.env.KREA_API_KEY } = x; class A { readonly k = process.env.KREA_API_KEY; }",
                ),
                (
                    "function f(k: string = 'TOKEN') { return 'a' + 'TOKEN' }",
                    "function f(k: string = process.env.KREA_API_KEY) { return 'a' + process.env.KREA_API_KEY }",
                ),
                (
                    "const key = import.meta.env.VITE_KREA_API_KEY ?? 'TOKEN'",
                    "const key = import.meta.env.VITE_KREA_API_KEY ?? process.env.KREA_API_KEY",
                ),
            ],
        );
    }

    #[test]
    fn a_fallback_is_an_expression_like_another() {
        assert_becomes(
            "a.ts",
            &[(
                "k = process.env.KREA_KEY ?? 'TOKEN'",
                "k = process.env.KREA_KEY ?? process.env.KREA_API_KEY",
            )],
        );
    }

    #[test]
    fn minified_code_keeps_its_words_apart() {
        assert_becomes(
            "a.min.js",
            &[
                ("function f(){return\"TOKEN\"}", "function f(){return process.env.KREA_API_KEY}"),
                ("a=\"TOKEN\"in b", "a=process.env.KREA_API_KEY in b"),
            ],
        );
    }

    #[test]
    fn a_part_of_a_string_becomes_a_template_literal() {
        assert_becomes(
            "a.js",
            &[
                ("h = \"Bearer TOKEN\"", "h = `Bearer ${process.env.KREA_API_KEY}`"),
                (
                    "h = 'it\\'s `a` ${b} \\u00e9\\n TOKEN$'",
                    "h = `it\\'s \\`a\\` \\${b} \\u00e9\\n ${process.env.KREA_API_KEY}$`",
                ),
                ("h = 'a\\`\\\\`TOKEN'", "h = `a\\`\\\\\\`${process.env.KREA_API_KEY}`"),
                ("h = `Bearer ${x} TOKEN`", "h = `Bearer ${x} ${process.env.KREA_API_KEY}`"),
                ("h = 'TOKEN TOKEN'", "h = `${process.env.KREA_API_KEY} ${process.env.KREA_API_KEY}`"),
                (
                    "f({ h: { Authorization: 'Bearer TOKEN', 'x': 1 } })",
                    "f({ h: { Authorization: `Bearer ${process.env.KREA_API_KEY}`, 'x': 1 } })",
                ),
            ],
        );
    }

    #[test]
    fn jsx_gets_an_expression() {
        assert_becomes(
            "a.tsx",
            &[
                (
                    "const a = <Krea token=\"TOKEN\" b='1' />;",
                    "const a = <Krea token={process.env.KREA_API_KEY} b='1' />;",
                ),
                (
                    "const a = <K auth='Bearer TOKEN'>x</K>;",
                    "const a = <K auth={`Bearer ${process.env.KREA_API_KEY}`}>x</K>;",
                ),
                ("const a = <K auth={'TOKEN'}/>;", "const a = <K auth={process.env.KREA_API_KEY}/>;"),
            ],
        );
    }

    #[test]
    fn in_a_comment_a_reference_is_text() {
        assert_becomes(
            "a.js",
            &[(
                "// old: TOKEN\nf(); /* TOKEN\n TOKEN */",
                "// old: ${KREA_API_KEY}\nf(); /* ${KREA_API_KEY}\n ${KREA_API_KEY} */",
            )],
        );
    }

    #[test]
    fn no_expression_comes_where_none_can_stand() {
        assert_refused(
            "a.tsx",
            &[
                ("const a = { 'TOKEN': 1 }", "a name"),
                ("import a from 'TOKEN'", "what is imported"),
                ("export * from 'TOKEN'", "what is imported"),
                ("import a from './a.json' with { type: 'TOKEN' }", "a name"),
                ("type A = 'TOKEN'", "a type"),
                ("type A = `a-TOKEN`", "a type"),
                ("enum A { B = 'TOKEN' }", "an enum"),
                ("const a = 'TOKEN' as const", "a constant"),
                ("String.raw`TOKEN`", "a tagged template"),
                ("'TOKEN'", "no place"),
                ("class A { 'TOKEN' = 1 }", "a name"),
                ("const a = <p>TOKEN</p>", "a page"),
                ("const a = <p t='TOKEN &amp;'/>", "escapes or line breaks"),
                ("const a = <p t='TOKEN\n'/>", "escapes or line breaks"),
                ("process.env.KREA_API_KEY = 'TOKEN'", "from within"),
                ("process.env.KREA_API_KEY ||= 'TOKEN'", "from within"),
                ("a = /TOKEN/", "no reference"),
                ("a = '\\1 TOKEN'", "octal"),
                ("a = `${f('TOKEN')} TOKEN`", "inside another's text"),
                ("const = 'TOKEN'", "does not parse"),
            ],
        );
    }

    #[test]
    fn what_a_build_ships_to_browsers_gets_no_value() {
        let reason = "what browsers get";
        assert_refused(
            "vite.config.ts",
            &[
                ("export default { define: { A: JSON.stringify('TOKEN') } }", reason),
                ("f({ 'process.env.A': 'TOKEN' })", reason),
                ("f({ env: { NEXT_PUBLIC_KREA_API_KEY: 'TOKEN' } })", reason),
                ("x = new webpack.DefinePlugin({ A: 'TOKEN' })", reason),
            ],
        );
        assert_refused("next.config.mjs", &[("export default { env: { A: 'TOKEN' } }", reason)]);
        let server = (
            "module.exports = { env: { A: 'TOKEN' } }",
            "module.exports = { env: { A: process.env.KREA_API_KEY } }",
        );
        assert_becomes("ecosystem.config.js", &[server]);
    }

    #[test]
    fn a_letter_that_an_escape_takes_is_no_copy() {
        let text = krea_scan_token::testing::Tokens::new().text();
        // The first character of the token belongs to the escape before it.
        assert!(redact("a.js", "a = '\\TOKEN'").unwrap_err()[0].1.contains("escapes"), "{}", &text[..1]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        assert_eq!(redact("a.js", "f();\n\nconst ;\nx = 'TOKEN';\n").unwrap_err()[0].0, 3);
    }
}
