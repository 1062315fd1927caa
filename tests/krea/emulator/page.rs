//! The page on which a person practises to revoke and create.

use super::client::exchange;
use crate::support::emulator::Emulator;
use crate::support::tokens::{self, Alphabet};

const PATH: &str = "/app/api/tokens";

fn ask(emulator: &Emulator, method: &str, form: &str) -> String {
    assert_eq!(emulator.page(), emulator.api() + PATH);
    let length = form.len();
    let request = format!("{method} {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{form}");
    String::from_utf8(exchange(emulator, request.as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_page_lists_live_rows_and_revokes_them() {
    let emulator = Emulator::start();
    let tokens = [0, 1].map(|n| tokens::pair(Alphabet::Hex, n));
    emulator.issue(&tokens[0], "<b>\"website\" & more</b>");
    emulator.issue(&tokens[1], "local");
    let page = ask(&emulator, "GET", "");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("text/html"), "{page}");
    assert!(page.contains("&lt;b&gt;&quot;website&quot; &amp; more&lt;/b&gt;"), "{page}");
    for number in 0..2 {
        assert!(page.contains(&tokens::id(Alphabet::Hex, number)), "{page}");
        assert!(!page.contains(&tokens::secret(Alphabet::Hex, number)), "a row shows its secret");
    }
    let page = ask(&emulator, "POST", &format!("revoke={}", tokens::id(Alphabet::Hex, 0)));
    assert!(!page.contains(&tokens::id(Alphabet::Hex, 0)) && page.contains(&tokens::id(Alphabet::Hex, 1)));
    assert!(!emulator.is_live(&tokens[0]) && emulator.is_live(&tokens[1]));
}

#[test]
fn a_created_token_is_shown_once() {
    let emulator = Emulator::start();
    let page = ask(&emulator, "POST", "create=shop+production%21");
    let issued = emulator.issued();
    let [new] = issued.as_slice() else { panic!("one token: {issued:?}") };
    assert!(new.live && !new.minted && new.name == "shop production!", "{new:?}");
    assert!(page.contains(&format!("id=\"token\">{}<", new.token)), "{page}");
    assert!(!ask(&emulator, "GET", "").contains(&new.token), "it is shown again");
}

#[test]
fn what_no_button_says_changes_nothing() {
    let emulator = Emulator::start();
    let token = tokens::pair(Alphabet::Hex, 0);
    emulator.issue(&token, "website");
    for (form, status) in [("", 400), ("create=", 400), ("x=y", 400), ("revoke=nobody", 404)] {
        assert!(ask(&emulator, "POST", form).starts_with(&format!("HTTP/1.1 {status} ")), "{form}");
    }
    assert!(ask(&emulator, "PUT", "create=x").starts_with("HTTP/1.1 405 "));
    assert!(emulator.is_live(&token) && emulator.issued().len() == 1);
}
