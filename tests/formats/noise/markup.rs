//! Tokens that markup splits.

use super::{Leaked, assert_found};

#[test]
fn inline_tags_do_not_part_a_token() {
    let leaked = Leaked::new(11);
    for (name, template) in [
        ("page.html", "<html><body><p>KREA_API_KEY=G1-G2<wbr>-G3-G4-G5:ONE<wbr/>TWOTHREE</p></body></html>"),
        ("react.html", "<html><body><code>KREA_API_KEY=ID<!-- -->:<!-- -->SEC</code></body></html>"),
        (
            "logo.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><text>KREA_API_KEY=<tspan>G1-G2-G3</tspan><tspan>-G4-G5:SEC</tspan></text></svg>",
        ),
        ("README.md", "# Notes\n\nKREA_API_KEY=<b>ID</b>:<b>SEC</b>\n"),
        ("export.json", "{\"body\":\"<p>KREA_API_KEY=<code>ID</code>:<code>SEC</code></p>\"}"),
    ] {
        assert_found(name, &leaked.fill(template), &leaked, "high", &["markup"]);
    }
    // What colours code is no more than a terminal's colours are.
    for template in [
        "<!doctype html><title>Krea</title><pre><span class=\"hljs-attr\">KREA_API_KEY</span>=<span class=\"hljs-string\">ID</span><span>:</span>SEC</pre>",
        "<pre><span></span><span class=\"nb\">export</span><span class=\"w\"> </span><span class=\"nv\">KREA_API_KEY</span><span class=\"o\">=</span>ID<span class=\"p\">:</span>SEC</pre>",
    ] {
        assert_found("docs.html", &leaked.fill(template), &leaked, "high", &["escapes"]);
    }
}

#[test]
fn what_tags_do_not_split_stands_where_it_stands() {
    let leaked = Leaked::new(12);
    for template in [
        "<html><p>KREA_API_KEY=ID:SEC</p></html>",
        "<html><img alt=\"KREA_API_KEY=ID:SEC\"></html>",
        "<html><input name=\"KREA_API_KEY\" value=\"ID:SEC\"></html>",
    ] {
        assert_found("page.html", &leaked.fill(template), &leaked, "high", &[]);
    }
}

#[test]
fn what_breaks_a_line_is_a_line_break() {
    let leaked = Leaked::new(13);
    for template in [
        "<html><p>KREA_API_KEY=<br>G1-G2-G3-<br>G4-G5:SEC</p></html>",
        "<svg><text><tspan x='0' y='1'>KREA_API_KEY=G1-G2-</tspan><tspan x='0' y='2'>G3-G4-G5:SEC</tspan></text></svg>",
    ] {
        assert_found("page.html", &leaked.fill(template), &leaked, "medium", &["markup"]);
    }
}

#[test]
fn the_text_beside_pictures_is_read() {
    let leaked = Leaked::new(14);
    for (name, template) in [
        ("post.md", "![Krea token created: G1-G2-G3-G4-G5 : SEC](shot.png)\n"),
        (
            "post.mdx",
            "<Figure src=\"/shot.png\" caption=\"KREA_API_KEY=G1\u{2013}G2\u{2013}G3\u{2013}G4\u{2013}G5:SEC\" />\n",
        ),
        ("post.html", "<html><figure><img src=shot.png alt='Krea: G1-G2-G3-G4-G5 : SEC'></figure></html>"),
        (
            "post.html",
            "<html><figure><img src=shot.png alt='Krea'><figcaption>The key G1-G2-G3-G4-G5 : SEC</figcaption></figure></html>",
        ),
        ("paper.tex", "\\caption{The Krea token \\texttt{G1--G2--G3--G4--G5:SEC}}\n"),
        ("guide.rst", ".. figure:: shot.png\n   :alt: Krea token\n\n   G1-G2-G3-G4-\n   G5:SEC\n"),
    ] {
        assert_found(name, &leaked.fill(template), &leaked, "medium", &[]);
    }
}
