//! `reperform policy new`: a policy to start from.

use crate::cli::failure::Failure;
use crate::policy::{Catalogue, shipped, skeleton};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

/// Writes the files of a new policy; one that is there already is never written over.
pub(super) fn new(name: &str, folder: &Path) -> Result<(), Failure> {
    let Some(skeleton) = skeleton(name) else {
        let help = "use small letters, digits, `-` and `_`, beginning with a letter: `acme-returns`".to_owned();
        return Err(Failure::new(format!("`{name}` is no name for a policy"), Some(help)));
    };
    if is_taken(name) {
        let help = "choose another: the files of a folder take the place of shipped ones with the same name".to_owned();
        return Err(Failure::new(format!("`{name}` is the name of a shipped file"), Some(help)));
    }
    let [policy, examples, schema] = skeleton.files.map(|(file, text)| (folder.join(file), text));
    for (path, _) in [&policy, &examples] {
        if path.exists() {
            let help = "choose another name, or another folder with `--out`".to_owned();
            return Err(Failure::new(format!("`{}` is there already", path.display()), Some(help)));
        }
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    for (path, text) in [&policy, &examples] {
        write_new(path, text).map_err(|error| unwritable(path, &error))?;
    }
    // An earlier policy of the folder brought it.
    match write_new(&schema.0, &schema.1) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unwritable(&schema.0, &error)),
        _ => {}
    }
    crate::cli::show(|to| {
        writeln!(to, "{}: a policy to fill in; `reperform policy check {0}` checks it", policy.0.display())?;
        writeln!(to, "{}: its worked examples; `reperform policy test {0}` runs them", examples.0.display())?;
        writeln!(to, "{}: by which editors complete and check", schema.0.display())
    })
}

fn is_taken(name: &str) -> bool {
    let file = format!("{name}.toml");
    let files = shipped();
    let names = Catalogue::of(files.clone()).map(|catalogue| catalogue.policy(name).is_some());
    files.iter().any(|source| source.name == file) || names.unwrap_or(false)
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let help = "choose a folder that can be written to with `--out`".to_owned();
    Failure::new(format!("`{}` cannot be written: {error}", path.display()), Some(help))
}
