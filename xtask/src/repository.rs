//! The files of this repository, as the rules see them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::command::{command, output};

/// A checkout.
pub(crate) struct Repository {
    /// Its top directory.
    pub(crate) root: PathBuf,
}

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Repository {
    /// The checkout that this program was built from.
    pub(crate) fn here() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        Ok(Self { root: root.context("xtask lies in no repository")?.to_owned() })
    }

    /// Every text file that is in git or would be added to it.
    pub(crate) fn files(&self) -> Result<Vec<File>> {
        let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
        let list = output(command(&self.root, "git", &arguments))?;
        Ok(list.lines().filter_map(|path| self.file(path)).collect())
    }

    /// One file; `None` when it is gone or no text.
    pub(crate) fn file(&self, path: &str) -> Option<File> {
        let text = fs::read_to_string(self.root.join(path)).ok()?;
        Some(File { path: path.to_owned(), text })
    }
}

impl File {
    /// Whether the file's name ends in `.extension`.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// The lines with their numbers, counted from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    #[cfg(test)]
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}
