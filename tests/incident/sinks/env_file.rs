//! `env-file:`: the variable is set, everything else stays, and nothing is half done.

use super::{Tokens, parse, str};
use crate::support::Sandbox;
use crate::support::tokens::Alphabet;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder without a repository, and tokens.
struct Case {
    sandbox: Sandbox,
    tokens: Tokens,
}

impl Case {
    fn new() -> Self {
        Case { sandbox: Sandbox::empty(), tokens: Tokens::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.root().join(name)
    }

    fn sink(&self, name: &str) -> String {
        format!("env-file:{}", self.path(name).display())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn old(&self) -> &str {
        str(self.tokens.old.expose())
    }

    fn new_line(&self) -> String {
        format!("KREA_API_KEY={}\n", str(self.tokens.new.expose()))
    }

    /// Stores in the file; gives the notes.
    #[track_caller]
    fn store(&self, name: &str) -> Vec<String> {
        let notes = self.tokens.store(&self.sink(name)).unwrap().notes;
        self.tokens.assert_hidden(&notes.join("\n"));
        notes
    }

    /// The error of `check`, which `store` answers as well.
    #[track_caller]
    fn refused(&self, name: &str) -> String {
        let sink = self.sink(name);
        let checked = self.tokens.words(&parse(&sink).check().unwrap_err());
        assert_eq!(self.tokens.refused(&sink), checked);
        checked
    }

    /// The names in the folder.
    fn names(&self) -> Vec<String> {
        names(self.sandbox.root())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_leaked_value_is_replaced_and_the_rest_stays_to_the_byte() {
    let case = Case::new();
    let (old, new) = (case.old(), str(case.tokens.new.expose()));
    let text = |token: &str| {
        format!(
            "\u{feff}# Settings\r\nA='one\r\nKREA_API_KEY=no\r\n'\r\nexport VITE_KREA = \"{token}\" # ours\r\n\
             KREA_API_KEY=other\r\nVITE_KREA={token}"
        )
    };
    fs::write(case.path(".env"), text(old)).unwrap();
    let stored = case.tokens.store(&case.sink(".env")).unwrap();
    assert_eq!(case.read(".env"), text(new));
    assert_eq!(stored.place, format!("{}, VITE_KREA", case.path(".env").display()));
    assert_eq!(case.names(), [".env"], "nothing else is left behind");
    // Once more is no harm.
    case.store(".env#VITE_KREA");
    assert_eq!(case.read(".env"), text(new));
}

#[test]
fn the_variable_is_the_callers_the_sinks_the_leaked_one_or_the_usual_one() {
    let case = Case::new();
    let new = str(case.tokens.new.expose());
    let leaked = format!("LEAKED={}\n", case.old());
    let mut delivery = case.tokens.delivery();
    delivery.variable = Some("CALLERS");
    for (sink, delivery, expected) in [
        // A second replacement for one file gets a variable of its own.
        (".env#SINKS", delivery, format!("{leaked}CALLERS={new}\n")),
        (".env#SINKS", case.tokens.delivery(), format!("{leaked}SINKS={new}\n")),
        // What holds the leaked token comes before any name that nobody wrote down.
        (".env", delivery, format!("LEAKED={new}\n")),
        (".env", case.tokens.delivery(), format!("LEAKED={new}\n")),
    ] {
        fs::write(case.path(".env"), &leaked).unwrap();
        parse(&case.sink(sink)).store(&delivery).unwrap();
        assert_eq!(case.read(".env"), expected);
    }
    fs::write(case.path(".env"), "A=1").unwrap();
    case.store(".env");
    assert_eq!(case.read(".env"), format!("A=1\n{}", case.new_line()));
}

#[test]
fn an_old_token_that_is_left_is_told_by_its_line() {
    let case = Case::new();
    fs::write(case.path(".env"), format!("A=1\nAUTH=\"Bearer {}\"\n", case.old())).unwrap();
    let notes = case.store(".env");
    assert!(notes.iter().any(|note| note.contains("the old token still stands in line 2")), "{notes:?}");
    fs::write(case.path(".env"), format!("A=1\nB={}\n", case.old())).unwrap();
    let notes = case.store(".env");
    assert!(!notes.iter().any(|note| note.contains("the old token")), "{notes:?}");
}

/// What a shell reads from the file is the token.
#[cfg(unix)]
#[test]
fn a_shell_reads_the_token_whatever_its_alphabet() {
    let case = Case::new();
    for alphabet in Alphabet::ALL {
        let tokens = Tokens::of(alphabet);
        for quote in ["", "'", "\""] {
            let old = format!("export B=2\nKREA_API_KEY={quote}{}{quote}\n", str(tokens.old.expose()));
            fs::write(case.path(".env"), old).unwrap();
            tokens.store(&case.sink(".env")).unwrap();
            let script = ". ./.env && printf %s \"$KREA_API_KEY\"";
            let output =
                case.sandbox.command("sh", case.sandbox.root()).args(["-c", script]).output().unwrap();
            assert!(output.stdout == tokens.new.expose(), "{alphabet:?} {quote:?}");
        }
    }
}

#[test]
fn what_cannot_be_a_file_of_variables_is_refused_before_anything_is_minted() {
    let case = Case::new();
    assert!(case.refused("missing/.env").contains("there is no folder"));
    fs::create_dir(case.path("folder")).unwrap();
    assert!(case.refused("folder").contains("it is no ordinary file"));
    assert!(case.refused("new/").contains("it is no ordinary file"));
    fs::write(case.path("plain"), "").unwrap();
    case.refused("plain/.env");
    assert_eq!(case.names(), ["folder", "plain"]);

    let size = 1 << 20;
    let large = format!("A={}\n", "x".repeat(size - 3));
    fs::write(case.path("large"), &large).unwrap();
    parse(&case.sink("large")).check().unwrap();
    fs::write(case.path("large"), format!("{large}\n")).unwrap();
    assert!(case.refused("large").contains("larger than 1 MiB"));

    let utf16: Vec<u8> = "\u{feff}A=1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16.as_slice(), b"A=\0\n"] {
        fs::write(case.path("wide"), bytes).unwrap();
        assert!(case.refused("wide").contains("UTF-16 or no text"));
        assert_eq!(fs::read(case.path("wide")).unwrap(), bytes);
    }
}

#[test]
fn a_token_that_no_quotes_protect_is_refused() {
    use krea_scan_token::{Token, TokenKind};
    let mut case = Case::new();
    fs::write(case.path(".env"), "A=1\n").unwrap();
    case.tokens.new = Token::new(TokenKind::Custom, b"back\\slash-and-more");
    assert!(case.tokens.refused(&case.sink(".env")).contains("store it with command:"));
    assert_eq!(case.read(".env"), "A=1\n");
}

/// Leftovers of a run that was killed while it wrote hold a token; the next run takes them away.
#[test]
fn what_a_killed_run_left_is_removed() {
    let case = Case::new();
    fs::write(case.path(".env.krea-scan-unfinished"), case.new_line()).unwrap();
    case.store(".env");
    assert_eq!(case.names(), [".env"]);
    assert_eq!(case.read(".env"), case.new_line());
}

mod in_git {
    use super::*;

    fn case() -> Case {
        Case { sandbox: Sandbox::new(), tokens: Tokens::new() }
    }

    #[track_caller]
    fn warnings(case: &Case, name: &str) -> String {
        let about_git = |mut notes: Vec<String>| {
            notes.retain(|note| note.contains("git"));
            notes.join("\n")
        };
        let checked = about_git(parse(&case.sink(name)).check().unwrap());
        assert_eq!(about_git(case.store(name)), checked);
        checked
    }

    #[test]
    fn a_tracked_file_is_warned_of_with_the_command_that_helps() {
        let case = case();
        case.sandbox.commit(".gitignore", ".env\n", "Ignore");
        case.sandbox.commit_file("it's mine/.env", "A=1\n");
        let warned = warnings(&case, "it's mine/.env");
        assert!(warned.contains("is tracked by git: the next commit would leak the replacement"), "{warned}");
        let command = warned.split('`').nth(1).unwrap();
        let outside = case.sandbox.beside(".");
        let run = case.sandbox.command("sh", &outside).args(["-c", command]).output().unwrap();
        assert!(run.status.success(), "{command}: {}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(warnings(&case, "it's mine/.env"), "");
    }

    #[test]
    fn a_file_that_is_not_ignored_is_warned_of() {
        let case = case();
        let warned = warnings(&case, ".env");
        assert!(warned.contains("not ignored"), "{warned}");
        fs::write(case.path(".gitignore"), ".env\n").unwrap();
        fs::remove_file(case.path(".env")).unwrap();
        assert_eq!(warnings(&case, ".env"), "");
        assert_eq!(warnings(&case, ".env"), "", "nor when it is there");
    }

    #[test]
    fn a_repository_that_cannot_be_read_is_told() {
        let case = case();
        fs::write(case.path(".git/index"), "no index").unwrap();
        let warned = warnings(&case, ".env");
        assert!(warned.contains("cannot tell whether git tracks it"), "{warned}");
    }
}

#[cfg(unix)]
mod on_unix {
    use super::super::{FOLDER, again};
    use super::*;
    use crate::support::child::{again_with, assert_passed};
    use crate::support::unix::{NOBODY, is_root, mode, pipe};
    use needs::needs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The folder of the inner half.
    fn inner() -> Option<Case> {
        let folder = std::env::var_os(FOLDER)?;
        Some(Case { sandbox: Sandbox::at(Path::new(&folder)), tokens: Tokens::new() })
    }

    #[test]
    fn mode_and_owner_are_kept_and_a_new_file_is_the_owners_alone() {
        let case = Case::new();
        case.store("new");
        assert_eq!(mode(&case.path("new")), 0o600);
        for wanted in [0o640, 0o600, 0o644, 0o700] {
            fs::write(case.path(".env"), "A=1\n").unwrap();
            chmod(&case.path(".env"), wanted);
            if is_root() {
                chown(case.path(".env"), Some(1234), Some(2345)).unwrap();
            }
            case.store(".env");
            assert_eq!(mode(&case.path(".env")), wanted);
            let metadata = fs::metadata(case.path(".env")).unwrap();
            if is_root() {
                assert_eq!((metadata.uid(), metadata.gid()), (1234, 2345));
            }
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_warned_of_with_the_command_that_helps() {
        let case = Case::new();
        fs::write(case.path("my env"), "A=1\n").unwrap();
        chmod(&case.path("my env"), 0o644);
        for warnings in [parse(&case.sink("my env")).check().unwrap(), case.store("my env")] {
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("who may read it (mode 644)"), "{warnings:?}");
            let command = warnings[0].split('`').nth(1).unwrap();
            assert_eq!(command, format!("chmod 600 '{}'", case.path("my env").display()));
        }
        chmod(&case.path("my env"), 0o640);
        assert_eq!(case.store("my env"), [""; 0]);
    }

    #[test]
    fn a_link_stays_and_the_file_behind_it_is_replaced() {
        let case = Case::new();
        fs::create_dir(case.path("shared")).unwrap();
        fs::write(case.path("shared/settings"), "A=1\n").unwrap();
        symlink("shared/settings", case.path("link")).unwrap();
        symlink(case.path("link"), case.path(".env")).unwrap();
        case.store(".env");
        assert_eq!(case.read("shared/settings"), format!("A=1\n{}", case.new_line()));
        assert_eq!(fs::read_link(case.path(".env")).unwrap(), case.path("link"));
        assert_eq!(fs::read_link(case.path("link")).unwrap(), Path::new("shared/settings"));
        assert_eq!(names(&case.path("shared")), ["settings"]);

        symlink("nowhere", case.path("dangling")).unwrap();
        assert!(case.refused("dangling").contains("something that does not exist"));
        symlink("round", case.path("round")).unwrap();
        case.refused("round");
        symlink("/dev/full", case.path("device")).unwrap();
        assert!(case.refused("device").contains("it is no ordinary file"));
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let case = Case::new();
        pipe(&case.path("pipe"));
        assert!(case.refused("pipe").contains("it is no ordinary file"));
    }

    #[test]
    fn another_name_of_the_file_is_told() {
        let case = Case::new();
        fs::write(case.path(".env"), "A=1\n").unwrap();
        chmod(&case.path(".env"), 0o600);
        fs::hard_link(case.path(".env"), case.path("other")).unwrap();
        let notes = case.store(".env");
        assert!(notes.iter().any(|note| note.contains("other names")), "{notes:?}");
        assert_eq!(case.read("other"), "A=1\n");
    }

    /// The inner half runs without root's rights, which know no refusal: root can be somebody else.
    #[needs(root)]
    #[test]
    fn without_the_right_to_it_a_file_stays_as_it_was() {
        const NAME: &str = "without_the_right_to_it_a_file_stays_as_it_was";
        if let Some(case) = inner() {
            for (name, said) in [
                ("closed/.env", "write to this folder"),
                ("closed/new", "write to this folder"),
                ("unreadable", "cannot read it"),
                ("open/read-only", "cannot write to it"),
                ("barred/.env", "cannot look at it"),
            ] {
                let words = case.refused(name);
                assert!(words.contains(said) && words.contains("Permission denied"), "{name}: {words}");
            }
            let notes = case.store("open/foreign");
            assert_eq!(
                notes.iter().filter(|note| note.contains("could not be kept")).count(),
                2,
                "{notes:?}"
            );
            return;
        }
        let case = Case::new();
        let files = ["closed/.env", "unreadable", "open/read-only", "barred/.env", "open/foreign"];
        for name in files {
            case.sandbox.write(name, "A=1\n");
        }
        let modes = [("unreadable", 0o000), ("open/read-only", 0o444), ("closed", 0o555), ("barred", 0o600)];
        for (name, mode) in modes {
            chmod(&case.path(name), mode);
        }
        chmod(&case.sandbox.beside("."), 0o755);
        chmod(&case.path("open"), 0o777);
        chmod(&case.path("open/foreign"), 0o666);
        for name in ["unreadable", "open/read-only", "barred"] {
            chown(case.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        // The program itself may lie where only root can go.
        let program = Path::new("/proc/self/exe");
        let mut command = again_with(program, module_path!(), NAME);
        command.env(FOLDER, case.sandbox.root()).uid(NOBODY).gid(NOBODY);
        assert_passed(&command.output().unwrap());
        for name in &files[..4] {
            assert_eq!(case.read(name), "A=1\n", "{name}");
        }
        // Its group's rights were meant for root's group.
        assert_eq!(mode(&case.path("open/foreign")), 0o606);
        assert_eq!(names(&case.path("closed")), [".env"]);
    }

    /// The inner half may not write a byte to any file, as if the disk were full.
    #[test]
    fn on_a_full_disk_a_file_stays_as_it_was() {
        const NAME: &str = "on_a_full_disk_a_file_stays_as_it_was";
        if let Some(case) = inner() {
            let words = case.tokens.refused(&case.sink(".env"));
            assert!(words.contains("cannot write its new content"), "{words}");
            return;
        }
        let case = Case::new();
        fs::write(case.path(".env"), "A=1\n").unwrap();
        let program = again(module_path!(), NAME, case.sandbox.root());
        let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(program.get_program()).args(program.get_args());
        program.get_envs().for_each(|(name, value)| _ = command.env(name, value.unwrap_or_default()));
        assert_passed(&command.output().unwrap());
        assert_eq!(case.read(".env"), "A=1\n");
        assert_eq!(case.names(), [".env"]);
    }
}
