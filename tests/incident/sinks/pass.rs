//! The sink `command:` with the real `pass`, Debian's package, and a key that lives as long as the test.

use super::{Tokens, parse};
use crate::support::Sandbox;
use needs::needs;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// A password store and its key.
struct Store {
    sandbox: Sandbox,
}

impl Store {
    fn new() -> Self {
        let store = Store { sandbox: Sandbox::empty() };
        fs::create_dir(store.sandbox.root().join("keys")).unwrap();
        fs::set_permissions(store.sandbox.root().join("keys"), fs::Permissions::from_mode(0o700)).unwrap();
        let key = "krea-scan test <test@example.com>";
        store.run(
            "gpg",
            &["--batch", "--quiet", "--passphrase", "", "--quick-gen-key", key, "future-default"],
        );
        store.run("pass", &["init", "test@example.com"]);
        store
    }

    fn variables(&self) -> [(&'static str, String); 2] {
        [("GNUPGHOME", "keys"), ("PASSWORD_STORE_DIR", "store")]
            .map(|(name, folder)| (name, self.sandbox.root().join(folder).display().to_string()))
    }

    /// Runs a program with the store's environment; gives what it printed.
    fn run(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = Command::new(program).args(args).envs(self.variables()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Without the agent's end its folder cannot go.
        let _ = Command::new("gpgconf").args(["--kill", "all"]).envs(self.variables()).output();
    }
}

#[needs("gpg", "pass")]
#[test]
fn a_token_is_stored_in_pass() {
    let store = Store::new();
    let tokens = Tokens::new();
    let variables = store.variables().map(|(name, value)| format!("export {name}='{value}'; ")).concat();
    let sink = format!("command:{variables}pass insert --multiline --force krea/production");
    parse(&sink).check().unwrap();
    for token in [&tokens.old, &tokens.new] {
        let mut delivery = tokens.delivery();
        delivery.token = token;
        let stored = parse(&sink).store(&delivery).unwrap();
        assert_eq!(stored.notes, [""; 0]);
        let shown = store.run("pass", &["show", "krea/production"]);
        assert!(shown == token.expose(), "exactly the token, without a line break");
    }
    let file = store.sandbox.root().join("store/krea/production.gpg");
    tokens.assert_hidden(&String::from_utf8_lossy(&fs::read(file).unwrap()));

    // A store that cannot encrypt is an error, not a token lost in silence.
    let broken = sink.replace("store'", "nowhere'");
    assert!(tokens.refused(&broken).contains("You must run:"));
}
