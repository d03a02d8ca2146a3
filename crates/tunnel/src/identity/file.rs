//! The key's file: made whole or not at all, read only if it is private.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::Error;

/// The longest file that is read, in bytes. A key takes 119.
const MAX: u64 = 16 * 1024;

/// Reads the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, error)),
    };
    if is_exposed(&file).map_err(|error| failed(path, error))? {
        return Err(Error::KeyFileExposed(path.to_owned()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX).read_to_end(&mut bytes).map_err(|error| failed(path, error))?;
    Ok(Some(bytes))
}

/// Writes a new file. One that another process made meanwhile is left as it is.
pub(super) fn create(path: &Path, pem: &[u8]) -> Result<(), Error> {
    let draft = draft_of(path);
    let _ = fs::remove_file(&draft); // of a process that was killed
    let result = write_private(&draft, pem).and_then(|()| publish(&draft, path));
    let _ = fs::remove_file(&draft);
    result.map_err(|error| failed(path, error))
}

/// A name beside the file that no other process uses.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A hard link, unlike a rename, never replaces a file that is already there.
fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) if !path.exists() => fs::rename(draft, path),
        other => other,
    }
}

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::KeyFile { path: path.to_owned(), source }
}
