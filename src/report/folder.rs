//! The folder of results: written beside its place and put there when it is whole.
//!
//! Nothing is left behind by a run that fails: the unfinished folder lies in a temporary one that removes itself, and
//! what the target held before is moved away only when the new one is ready.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file by which a folder of results is known, and which lists the others.
pub const RUN: &str = "run.json";

/// Why a folder of results cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct FolderError {
    /// What is wrong: lower case, no full stop.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

impl FolderError {
    fn new(what: String, help: &str) -> FolderError {
        FolderError { what, help: help.to_owned() }
    }

    /// For rows that a writer of their format refuses.
    pub fn unformatted(error: io::Error) -> FolderError {
        let help = "this is an error of the program, please report it";
        FolderError::new(format!("a row cannot be written: {error}"), help)
    }

    /// The error of a file or folder that cannot be written.
    pub fn unwritable(what: &str, error: &io::Error) -> FolderError {
        let what = format!("{what} cannot be written: {error}");
        FolderError::new(what, "check the permission and the free space, or name another folder with `--out`")
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
}

/// A folder of results in the making.
pub struct Folder {
    target: PathBuf,
    force: bool,
    // The fields are dropped in this order: the temporary folder before the parents made for it.
    temporary: TempDir,
    parents: Parents,
    written: Vec<Written>,
}

/// The unfinished folder, inside the temporary one.
const UNFINISHED: &str = "new";
/// What is needed only until the folder is finished.
const SPARE: &str = "spare";
/// What the target held before, on its way out.
const REPLACED: &str = "old";

impl Folder {
    /// Begins a folder that will lie at `target`. With `force` it takes the place of an empty folder or of results
    /// written before.
    ///
    /// # Errors
    /// When something lies at the target that may not be replaced, or nothing can be written beside it.
    pub fn begin(target: &Path, force: bool) -> Result<Folder, FolderError> {
        may_replace(target, force)?;
        // A link is followed, so that what it names is replaced and not the link.
        let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_path_buf());
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let named = |error: io::Error| FolderError::unwritable(&format!("the folder `{}`", target.display()), &error);
        let parents = Parents::make(parent).map_err(named)?;
        let temporary = tempfile::Builder::new().prefix(".reperform-").tempdir_in(parent).map_err(named)?;
        fs::create_dir(temporary.path().join(UNFINISHED)).map_err(named)?;
        Ok(Folder { target, force, temporary, parents, written: Vec::new() })
    }

    /// Writes a file of the folder.
    ///
    /// # Errors
    /// When it cannot be written to its end.
    pub fn write(
        &mut self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        let mut output = self.create(name)?;
        let mut to = BufWriter::with_capacity(1 << 16, &mut output);
        content(&mut to).and_then(|()| to.flush()).map_err(|e| FolderError::unwritable(&format!("`{name}`"), &e))?;
        drop(to);
        self.close(output);
        Ok(())
    }

    /// Creates a file of the folder, to be written piece by piece beside others.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn create(&self, name: &str) -> Result<Output, FolderError> {
        let path = self.temporary.path().join(UNFINISHED).join(name);
        let file = File::create_new(path).map_err(|e| FolderError::unwritable(&format!("`{name}`"), &e))?;
        Ok(Output { name: name.to_owned(), file, hash: Sha256::new(), bytes: 0 })
    }

    /// Takes a file in that is written to its end.
    pub fn close(&mut self, output: Output) {
        let sha256 = output.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.written.push(Written { name: output.name, bytes: output.bytes, sha256 });
    }

    /// The folder for what is needed only until this one is finished. It goes away with it, however that ends.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn spare(&self) -> Result<PathBuf, FolderError> {
        let path = self.temporary.path().join(SPARE);
        fs::create_dir_all(&path).map_err(|e| FolderError::unwritable("a temporary folder beside the results", &e))?;
        Ok(path)
    }

    /// The files written so far.
    pub fn written(&self) -> &[Written] {
        &self.written
    }

    /// Puts the finished folder in its place, and says where that is.
    ///
    /// # Errors
    /// When something came to lie there meanwhile, or it cannot be moved there. Then the target is as it was.
    pub fn finish(self) -> Result<PathBuf, FolderError> {
        may_replace(&self.target, self.force)?;
        let unfinished = self.temporary.path().join(UNFINISHED);
        let replaced = self.temporary.path().join(REPLACED);
        let named = |e| FolderError::unwritable(&format!("the folder `{}`", self.target.display()), &e);
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &replaced).map_err(named)?;
        }
        if let Err(error) = fs::rename(&unfinished, &self.target) {
            if replaces {
                fs::rename(&replaced, &self.target).map_err(named)?;
            }
            return Err(named(error));
        }
        self.parents.keep();
        Ok(self.target)
    }
}

/// Whether a folder of results may come to lie at `target`.
fn may_replace(target: &Path, force: bool) -> Result<(), FolderError> {
    let shown = target.display();
    if !target.exists() {
        return Ok(());
    }
    if !target.is_dir() {
        let help = "name a folder with `--out`";
        return Err(FolderError::new(format!("`{shown}` is a file"), help));
    }
    if !force {
        let help = "name another folder with `--out`, or replace this one with `--force`";
        return Err(FolderError::new(format!("the folder `{shown}` exists already"), help));
    }
    match foreign_entry(target) {
        Ok(None) => Ok(()),
        Ok(Some(entry)) => {
            let what = format!("the folder `{shown}` holds `{entry}`, which is not one of the results of a run");
            Err(FolderError::new(what, "`--force` replaces only such results: move it away, or name another folder"))
        }
        Err(error) => Err(FolderError::new(
            format!("the folder `{shown}` cannot be read: {error}"),
            "name another folder with `--out`",
        )),
    }
}

/// The part of a run's record that lists its files.
#[derive(Deserialize)]
struct RunFiles {
    written: Vec<Written>,
}

/// An entry of a folder that no run of this program wrote; `None` also for an empty folder.
fn foreign_entry(folder: &Path) -> io::Result<Option<String>> {
    let run = fs::read(folder.join(RUN)).ok().and_then(|text| serde_json::from_slice::<RunFiles>(&text).ok());
    let ours =
        |name: &str| run.as_ref().is_some_and(|run| name == RUN || run.written.iter().any(|file| file.name == name));
    let mut foreign = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if (entry.file_type()?.is_dir() || !ours(&name)) && foreign.as_ref().is_none_or(|first| name < *first) {
            foreign = Some(name);
        }
    }
    Ok(foreign)
}

/// The folders above the target that had to be made; they are removed again unless they are kept.
struct Parents {
    made: Vec<PathBuf>,
}

impl Parents {
    fn make(parent: &Path) -> io::Result<Parents> {
        let missing = parent.ancestors().take_while(|p| !p.as_os_str().is_empty() && !p.exists());
        let parents = Parents { made: missing.map(Path::to_path_buf).collect() };
        fs::create_dir_all(parent)?;
        Ok(parents)
    }

    fn keep(mut self) {
        self.made.clear();
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        // From the innermost outwards; one that is not empty belongs to someone else by now and stays.
        for folder in &self.made {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A file in the making, hashed while it is written.
pub struct Output {
    name: String,
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Output {
    /// Writes a large piece.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&mut self, piece: &[u8]) -> Result<(), FolderError> {
        self.write_all(piece).map_err(|error| FolderError::unwritable(&format!("`{}`", self.name), &error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
