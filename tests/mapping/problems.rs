//! Mapping files that are wrong: `problems/*.toml`, each with what is said of it beside it. All mistakes of a file are told
//! at once, each at its place.
//!
//! `REPERFORM_BLESS=1 cargo test --test mapping problems` writes the messages anew; read them in `git diff`.

use assert_cmd::Command;
use std::fs;
use std::path::Path;

#[test]
fn each_mistake_is_told_as_it_should_be() {
    let bless = std::env::var_os("REPERFORM_BLESS").is_some();
    assert!(!bless || std::env::var_os("CI").is_none(), "nothing is blessed in CI");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mapping/problems");
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let mut command = Command::cargo_bin("reperform").unwrap();
        let run = command.current_dir(&folder).args(["mapping", "check", &name]).assert().code(2);
        let said = String::from_utf8(run.get_output().stderr.clone()).unwrap();
        let golden = folder.join(name.replace(".toml", ".txt"));
        if bless {
            fs::write(&golden, &said).unwrap();
        }
        assert!(fs::read_to_string(&golden).unwrap_or_default() == said, "{name} differs:\n{said}");
    }
}
