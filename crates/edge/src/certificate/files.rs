//! The certificate folder: files that only their owner can read, and that are there whole or not
//! at all.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::Error;

/// How the names of certificate files begin. Nothing else in the folder is ever removed.
pub(super) const CERTIFICATE_PREFIX: &str = "certificate-";
/// A key is some 240 bytes. Nothing larger is read.
const MAX_KEY_BYTES: u64 = 64 * 1024;

/// Makes a folder, for its owner only, if it is not there.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(Error::file(folder))
}

/// Reads a secret, or `None` if there is no such file. Refuses one that others can read.
pub(super) fn read_private(path: &Path) -> Result<Option<String>, Error> {
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(Error::file(path))?,
    };
    if others_can_read(&metadata) {
        return Err(Error::KeyIsReadable(path.to_owned()));
    }
    if metadata.len() > MAX_KEY_BYTES {
        return Err(Error::NoKey(path.to_owned()));
    }
    fs::read_to_string(path).map(Some).map_err(Error::file(path))
}

/// Writes a file that only its owner can read; the old content stays until the new one is on the
/// disk.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let written = || {
        // A temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(Error::file(path))
}

/// The certificate files of a folder.
pub(super) fn certificates(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let is_certificate =
        |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(CERTIFICATE_PREFIX);
    entries.filter(is_certificate).map(|entry| entry.path()).collect()
}

#[cfg(unix)]
fn others_can_read(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0
}

#[cfg(not(unix))]
fn others_can_read(_: &fs::Metadata) -> bool {
    false
}
