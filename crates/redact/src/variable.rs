//! What the environment variable is called that takes a token's place.

/// Krea's own name for the variable.
const DEFAULT: &str = "KREA_API_KEY";
/// The names that Krea's documents and users give it.
const KNOWN: [&str; 5] = [DEFAULT, "KREA_API_TOKEN", "KREA_TOKEN", "KREA_KEY", "KREA_SECRET"];
/// With these in front, a build puts the variable's value into what it ships to browsers.
const CLIENT: [&str; 7] =
    ["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "EXPO_PUBLIC_", "NUXT_PUBLIC_", "PUBLIC_", "GATSBY_"];

/// The variable for a token: the first known one of the names under which it stands, without what would ship it to
/// browsers, otherwise `KREA_API_KEY`.
pub fn known_among<'a>(mut names: impl Iterator<Item = &'a str>) -> &'static str {
    names.find_map(known).unwrap_or(DEFAULT)
}

/// Whether a name is one whose value ends up in browsers.
pub fn is_client(name: &str) -> bool {
    CLIENT.iter().any(|prefix| name.starts_with(prefix))
}

fn known(context: &str) -> Option<&'static str> {
    let plain = CLIENT.iter().find_map(|prefix| context.strip_prefix(prefix)).unwrap_or(context);
    KNOWN.into_iter().find(|&name| name == plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_stays_and_never_ships_to_browsers() {
        for (name, variable) in [
            ("KREA_API_TOKEN", "KREA_API_TOKEN"),
            ("NEXT_PUBLIC_KREA_TOKEN", "KREA_TOKEN"),
            ("VITE_KREA_API_KEY", "KREA_API_KEY"),
            ("Authorization", "KREA_API_KEY"),
            ("MY_KREA_TOKEN", "KREA_API_KEY"),
            ("", "KREA_API_KEY"),
        ] {
            assert_eq!(known_among(["the same", name].into_iter()), variable, "{name}");
        }
        assert!(is_client("NUXT_PUBLIC_X") && !is_client("KREA_PUBLIC_X"));
    }
}
