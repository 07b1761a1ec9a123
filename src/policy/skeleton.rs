//! A policy to start from: a small one that works, with comments on what to write where.

use super::schema;

/// The files of a new policy.
#[derive(Clone, Debug)]
pub struct Skeleton {
    /// Names and texts, the policy first.
    pub files: [(String, String); 3],
}

/// The name of the file by which editors complete and check.
const SCHEMA: &str = "schema.json";

/// The files of a new policy. `None` if the name is not one that exports and file systems take: small letters, digits,
/// `-` and `_`, a letter first.
pub fn skeleton(name: &str) -> Option<Skeleton> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        return None;
    }
    let filled = |text: &str| text.replace("{name}", name).replace("{schema}", SCHEMA);
    Some(Skeleton {
        files: [
            (format!("{name}.toml"), filled(include_str!("skeleton/policy.toml"))),
            (format!("{name}.examples.toml"), filled(include_str!("skeleton/examples.toml"))),
            (SCHEMA.to_owned(), schema()),
        ],
    })
}
